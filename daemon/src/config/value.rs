//! Values as they are written, checked and turned into what they mean. Durations, sizes and shares bear their unit.

use std::time::Duration;

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

/// `100ms`, `2s`, `5min`, `1h`.
pub(super) fn duration(given: &Given) -> Result<Duration, String> {
    const WANTED: &str = "a duration with its unit is wanted, such as \"100ms\", \"2s\", \"5min\" or \"1h\"";
    const UNITS: [(&str, u64); 4] = [("ms", 1), ("min", 60_000), ("s", 1_000), ("h", 3_600_000)];
    let Given::Text(text) = given else { return Err(WANTED.into()) };
    with_unit(text, &UNITS).map(Duration::from_millis).ok_or_else(|| WANTED.into())
}

/// The same, not shorter than `least`.
pub(super) fn duration_from(given: &Given, least: Duration) -> Result<Duration, String> {
    Some(duration(given)?).filter(|found| *found >= least).ok_or_else(|| format!("at least {least:?} are wanted"))
}

/// `512KiB`, `256MiB`, `1GiB`, at least `least` bytes.
pub(super) fn size(given: &Given, least: u64) -> Result<u64, String> {
    const WANTED: &str = "a size with its unit is wanted, such as \"512KiB\", \"256MiB\" or \"1GiB\"";
    const UNITS: [(&str, u64); 4] = [("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("TiB", 1 << 40)];
    let Given::Text(text) = given else { return Err(WANTED.into()) };
    let bytes = with_unit(text, &UNITS).ok_or(WANTED)?;
    if bytes < least {
        return Err(format!("at least {} KiB are wanted", least >> 10));
    }
    Ok(bytes)
}

/// `10%`, as 0.1.
pub(super) fn share(given: &Given) -> Result<f64, String> {
    const WANTED: &str = "a share is wanted, from \"1%\" to \"100%\"";
    let Given::Text(text) = given else { return Err(WANTED.into()) };
    let percent = with_unit(text, &[("%", 1)]).filter(|percent| (1..=100).contains(percent)).ok_or(WANTED)?;
    Ok(percent as f64 / 100.0)
}

fn with_unit(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let (number, factor) = units.iter().find_map(|(unit, factor)| Some((text.trim().strip_suffix(unit)?, *factor)))?;
    number.trim().parse::<u64>().ok()?.checked_mul(factor)
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
        assert_eq!(share(&given("10%")), Ok(0.1));
        for wrong in ["5", "min", "-1s", "1.5s", "99999999999999999999h", "18446744073709551615h"] {
            assert!(duration(&given(wrong)).is_err(), "{wrong}");
        }
        assert!(duration(&Given::Integer(5)).is_err());
        assert_eq!(duration_from(&given("0s"), Duration::from_millis(100)), Err("at least 100ms are wanted".into()));
        assert!(size(&given("1KiB"), 4096).is_err());
        assert!(share(&given("0%")).is_err() && share(&given("101%")).is_err());
    }
}
