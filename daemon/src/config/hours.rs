//! Hours of the day in which files may be read, as the setting `schedule.hours` writes them: `22:00-06:00, 12:30-13:00`.

use std::fmt;

/// Minutes of a day.
const DAY: u16 = 24 * 60;

/// Spans of a day by the clock on the wall; none is always.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Hours {
    /// First minute, and the first after it. A span that ends before it begins goes over midnight.
    spans: Vec<(u16, u16)>,
}

impl Hours {
    /// From text; `always` is no bound.
    ///
    /// Errors: what is wrong with it and what is wanted, a sentence.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.trim() == "always" {
            return Ok(Self::default());
        }
        let span = |part: &str| {
            let (from, to) = part.split_once('-')?;
            Some((minute(from)?, minute(to)?)).filter(|(from, to)| from % DAY != to % DAY && *from < DAY)
        };
        let spans = text.split(',').map(|part| {
            span(part).ok_or_else(|| format!("{:?} is no span of hours: one as \"22:00-06:00\" is wanted", part.trim()))
        });
        spans.collect::<Result<_, _>>().map(|spans| Self { spans })
    }

    /// Whether a minute of the day, 0 to 1439, is within.
    pub fn contains(&self, minute: u16) -> bool {
        let within = |&(from, to): &(u16, u16)| match from < to {
            true => (from..to).contains(&minute),
            false => minute >= from || minute < to,
        };
        self.spans.is_empty() || self.spans.iter().any(within)
    }

    /// Minutes from this one until that changes; `None` is never.
    pub fn until_change(&self, minute: u16) -> Option<u16> {
        let now = self.contains(minute);
        (1..=DAY).find(|later| self.contains((minute + later) % DAY) != now)
    }
}

/// `06:00` or `6:00`, up to `24:00`.
fn minute(text: &str) -> Option<u16> {
    let (hour, minute) = text.trim().split_once(':')?;
    let digits = |text: &str, most: usize| (1..=most).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    let is_time = digits(hour, 2) && digits(minute, 2) && minute.len() == 2;
    let (hour, minute): (u16, u16) = is_time.then(|| Some((hour.parse().ok()?, minute.parse().ok()?)))??;
    let at = hour * 60 + minute;
    (minute < 60 && at <= DAY).then_some(at)
}

impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.spans.is_empty() {
            return f.write_str("always");
        }
        for (number, (from, to)) in self.spans.iter().enumerate() {
            let comma = if number > 0 { ", " } else { "" };
            write!(f, "{comma}{:02}:{:02}-{:02}:{:02}", from / 60, from % 60, to / 60, to % 60)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_may_go_over_midnight() {
        let hours = Hours::parse("22:00-6:00, 12:30-13:00").unwrap();
        assert_eq!(hours.to_string(), "22:00-06:00, 12:30-13:00");
        let table =
            [("21:59", false, 1), ("22:00", true, 480), ("0:00", true, 360), ("6:00", false, 390), ("12:59", true, 1)];
        for (time, within, change) in table {
            let at = minute(time).unwrap();
            assert_eq!((hours.contains(at), hours.until_change(at)), (within, Some(change)), "{time}");
        }
        let until_midnight = Hours::parse("18:00-24:00").unwrap();
        assert!(until_midnight.contains(DAY - 1) && !until_midnight.contains(0));
        assert_eq!(until_midnight.to_string(), "18:00-24:00");
    }

    #[test]
    fn always_is_always() {
        let always = Hours::parse(" always ").unwrap();
        assert_eq!((always.contains(0), always.until_change(0), always.to_string()), (true, None, "always".to_owned()));
        assert_eq!(Hours::parse("00:00-12:00,12:00-24:00").unwrap().until_change(7), None);
    }

    #[test]
    fn what_is_no_span_is_refused() {
        for text in [
            "",
            "22:00",
            "22-6",
            "22:00-22:00",
            "0:00-24:00",
            "24:00-6:00",
            "22:60-6:00",
            "+2:00-6:00",
            "022:00-6:00",
            "2:0-3:00",
            "1:00-2:00,",
        ] {
            let error = Hours::parse(text).unwrap_err();
            assert!(error.contains("22:00-06:00"), "{text}: {error}");
        }
    }
}
