//! APP12 "Picture Info": lines of names and values that old cameras wrote.

use crate::{Priority, Record, Value, print};

/// Most values taken.
const MOST: usize = 200;

/// Puts what looks like `name=value`; white space, a further name or a section header ends a value.
pub(super) fn read(data: &[u8], record: &mut Record) {
    let mut rest = data;
    for _ in 0..MOST {
        let Some((name, value, tail)) = next(rest) else { return };
        put(name, value, record);
        rest = tail;
    }
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'#' | b'-')
}

/// The next name, its value, and what follows.
fn next(data: &[u8]) -> Option<(&str, &str, &[u8])> {
    let mut at = 0;
    loop {
        let equals = at + data.get(at..)?.iter().position(|&b| b == b'=')?;
        let start = data[..equals].iter().rposition(|&b| !is_name(b)).map_or(0, |last| last + 1).max(at);
        let printable = data[equals + 1..].iter().take_while(|b| (0x20..0x7f).contains(*b)).count();
        at = equals + 1;
        if start == equals || printable == 0 {
            continue;
        }
        let mut value = &data[at..at + printable];
        // A following `name=` or `[section]` on the same line ends the value.
        if let Some(bracket) = value.iter().skip(1).position(|&b| b == b'[') {
            value = &value[..=bracket];
        }
        if let Some(next_equals) = value.iter().skip(1).position(|&b| b == b'=').map(|at| at + 1) {
            let name = value[..next_equals].iter().rposition(|&b| !is_name(b)).map_or(0, |last| last + 1);
            if name > 0 && name < next_equals {
                value = &value[..name];
            }
        }
        let tail = &data[at + value.len()..];
        let name = std::str::from_utf8(&data[start..equals]).ok()?;
        let value = std::str::from_utf8(value.trim_ascii_end()).ok()?;
        return Some((name, value, tail));
    }
}

fn put(name: &str, value: &str, record: &mut Record) {
    let number = || print::number(value.split(' ').next().unwrap_or_default()).unwrap_or(0.0);
    let switch = || match value {
        "0" => "Off".to_owned(),
        "1" => "On".to_owned(),
        other => format!("Unknown ({other})"),
    };
    let text = || Value::from(value);
    let (name, raw, printed) = match name {
        "FNumber" => {
            let digits = value.trim_start_matches(|c: char| c.is_ascii_alphabetic() || c == ' ');
            ("FNumber".to_owned(), digits.into(), Some(format!("{:.1}", print::number(digits).unwrap_or(0.0))))
        }
        "Aperture" => ("Aperture".to_owned(), text(), Some(format!("{:.1}", number()))),
        "TimeDate" => ("DateTimeOriginal".to_owned(), time(value), None),
        "Shutter" | "shtr" => {
            let seconds = number() * 1e-6;
            ("ExposureTime".to_owned(), seconds.into(), Some(print::exposure_time(seconds)))
        }
        "Serial#" => ("SerialNumber".to_owned(), text(), None),
        "Flash" | "Macro" => (name.to_owned(), text(), Some(switch())),
        "Ytarget" => ("YTarget".to_owned(), text(), None),
        "ylevel" => ("YLevel".to_owned(), text(), None),
        "ExpBias" => ("ExposureCompensation".to_owned(), text(), None),
        "FWare" => ("FirmwareVersion".to_owned(), text(), None),
        "ImageSize" => ("ImageSize".to_owned(), text(), Some(value.replace('-', "x"))),
        "Type" => ("CameraType".to_owned(), text(), None),
        other => (print::tag_name(other), text(), None),
    };
    let printed = printed.map(Value::Text);
    record.put_tag("PictureInfo".into(), name.into(), raw, printed, Priority::LOW);
}

/// Seconds since 1970, or a date.
fn time(value: &str) -> Value {
    match value.parse::<i64>() {
        Ok(seconds) => Value::DateTime(print::unix_time(seconds)),
        Err(_) => Value::DateTime(value.to_owned()),
    }
}
