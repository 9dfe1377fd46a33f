//! Values as they are written, checked and turned into what they mean. Durations, sizes and shares bear their unit.

use std::time::Duration;

use crate::control::Setting;

/// A value from a file, the environment or the command line.
#[derive(Debug, Clone, PartialEq)]
pub enum Given {
    Text(String),
    Integer(i64),
    Boolean(bool),
    List(Vec<Given>),
    /// Of a kind no key has.
    Other(&'static str),
}

impl Given {
    /// A value from where everything is text: the environment and the command line.
    pub fn from_text(text: &str) -> Self {
        match text {
            "true" => Self::Boolean(true),
            "false" => Self::Boolean(false),
            _ => text.parse().map_or_else(|_| Self::Text(text.to_owned()), Self::Integer),
        }
    }
}

pub(super) fn text(given: &Given) -> Result<&str, String> {
    match given {
        Given::Text(text) => Ok(text),
        _ => Err("text in quotes is wanted".into()),
    }
}

pub(super) fn texts(given: &Given) -> Result<Vec<String>, String> {
    match given {
        Given::List(items) => items.iter().map(|item| text(item).map(str::to_owned)).collect(),
        _ => Err("a list of texts is wanted, such as [\"*.iso\", \"Trash/\"]; it can only be set in a file".into()),
    }
}

pub(super) fn switch(given: &Given) -> Result<bool, String> {
    match given {
        Given::Boolean(value) => Ok(*value),
        _ => Err("true or false is wanted".into()),
    }
}

pub(super) fn integer(given: &Given, least: i64, most: i64) -> Result<i64, String> {
    match given {
        Given::Integer(value) if (least..=most).contains(value) => Ok(*value),
        _ => Err(format!("a whole number from {least} to {most} is wanted")),
    }
}

pub(super) fn count(given: &Given, least: i64, most: i64) -> Result<usize, String> {
    usize::try_from(integer(given, least, most)?).map_err(|error| error.to_string())
}

/// One of a few words.
pub(super) fn word<T: Copy>(given: &Given, words: &[(&str, T)]) -> Result<T, String> {
    let text = text(given)?;
    let found = words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
    found.ok_or_else(|| {
        let words: Vec<_> = words.iter().map(|(word, _)| *word).collect();
        format!("one of {} is wanted", words.join(", "))
    })
}

/// The word for a value.
pub(super) fn said<T: PartialEq>(value: T, words: &[(&str, T)]) -> Setting {
    let word = words.iter().find(|(_, meant)| *meant == value).map_or("", |(word, _)| *word);
    Setting::Text(word.to_owned())
}

pub(super) fn number(count: usize) -> Setting {
    Setting::Number(i64::try_from(count).unwrap_or(i64::MAX))
}

/// A count from 0 to `most`, or `auto`, which is `None`.
pub(super) fn auto_or(given: &Given, most: i64) -> Result<Option<usize>, String> {
    match given {
        Given::Text(text) if text == "auto" => Ok(None),
        _ => count(given, 0, most).map(Some).map_err(|wanted| format!("{wanted}, or auto")),
    }
}

pub(super) fn or_auto(count: Option<usize>) -> Setting {
    count.map_or_else(|| Setting::Text("auto".into()), number)
}

/// From small to large.
const TIMES: [(&str, u64); 4] = [("ms", 1), ("s", 1_000), ("min", 60_000), ("h", 3_600_000)];
const SIZES: [(&str, u64); 4] = [("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("TiB", 1 << 40)];

pub(super) fn in_time(time: Duration) -> Setting {
    in_units(u64::try_from(time.as_millis()).unwrap_or(u64::MAX), &TIMES)
}

/// To the KiB.
pub(super) fn in_bytes(bytes: u64) -> Setting {
    in_units(bytes & !0x3ff, &SIZES)
}

pub(super) fn in_percent(share: f64) -> Setting {
    Setting::Text(format!("{:.0}%", share * 100.0))
}

/// In the largest unit in which it is a whole number.
fn in_units(number: u64, units: &[(&str, u64)]) -> Setting {
    let whole = units.iter().rfind(|(_, factor)| number > 0 && number.is_multiple_of(*factor)).or(units.first());
    Setting::Text(whole.map_or_else(String::new, |(unit, factor)| format!("{}{unit}", number / factor)))
}

/// `100ms`, `2s`, `5min`, `1h`.
pub(super) fn duration(given: &Given) -> Result<Duration, String> {
    const WANTED: &str = "a duration with its unit is wanted, such as \"100ms\", \"2s\", \"5min\" or \"1h\"";
    let Given::Text(text) = given else { return Err(WANTED.into()) };
    with_unit(text, &TIMES).map(Duration::from_millis).ok_or_else(|| WANTED.into())
}

/// The same, not shorter than `least`.
pub(super) fn duration_from(given: &Given, least: Duration) -> Result<Duration, String> {
    Some(duration(given)?).filter(|found| *found >= least).ok_or_else(|| format!("at least {least:?} are wanted"))
}

/// `512KiB`, `256MiB`, `1GiB`, at least `least` bytes.
pub(super) fn size(given: &Given, least: u64) -> Result<u64, String> {
    const WANTED: &str = "a size with its unit is wanted, such as \"512KiB\", \"256MiB\" or \"1GiB\"";
    let Given::Text(text) = given else { return Err(WANTED.into()) };
    let bytes = with_unit(text, &SIZES).ok_or(WANTED)?;
    if bytes < least {
        return Err(format!("at least {} KiB are wanted", least >> 10));
    }
    Ok(bytes)
}

/// `10%`, as 0.1; at least `least` percent.
pub(super) fn share(given: &Given, least: u64) -> Result<f64, String> {
    let wanted = || format!("a share is wanted, from \"{least}%\" to \"100%\"");
    let Given::Text(text) = given else { return Err(wanted()) };
    let percent = with_unit(text, &[("%", 1)]).filter(|percent| (least..=100).contains(percent)).ok_or_else(wanted)?;
    Ok(percent as f64 / 100.0)
}

fn with_unit(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let text = text.trim();
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let (_, factor) = units.iter().find(|(known, _)| *known == unit.trim())?;
    number.parse::<u64>().ok()?.checked_mul(*factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(text: &str) -> Given {
        Given::Text(text.into())
    }

    #[test]
    fn units_are_needed() {
        assert_eq!(duration(&given("100ms")), Ok(Duration::from_millis(100)));
        assert_eq!(duration(&given("5 min")), Ok(Duration::from_secs(300)));
        assert_eq!(size(&given("256MiB"), 0), Ok(256 << 20));
        assert_eq!(share(&given("10%"), 1), Ok(0.1));
        for wrong in ["5", "min", "-1s", "1.5s", "99999999999999999999h", "18446744073709551615h"] {
            assert!(duration(&given(wrong)).is_err(), "{wrong}");
        }
        assert!(duration(&Given::Integer(5)).is_err());
        assert_eq!(duration_from(&given("0s"), Duration::from_millis(100)), Err("at least 100ms are wanted".into()));
        assert!(size(&given("1KiB"), 4096).is_err());
        assert!(share(&given("0%"), 1).is_err() && share(&given("101%"), 0).is_err());
        assert_eq!(share(&given("0%"), 0), Ok(0.0));
    }
}
