//! A log line for programs: one JSON object.

use std::{
    fmt::Write,
    time::{SystemTime, UNIX_EPOCH},
};

use metaextract::json;

use super::{Entry, Fields, Value};

/// `{"timestamp":…,"level":…,"target":…,"message":…,"fields":{…}}` and a newline.
pub(super) fn line(entry: &Entry, now: SystemTime) -> String {
    object(&entry.level.as_str().to_ascii_lowercase(), entry.target, &entry.fields, now)
}

fn object(level: &str, target: &str, fields: &Fields, now: SystemTime) -> String {
    let mut out = format!("{{\"timestamp\":\"{}\",\"level\":\"{level}\",\"target\":", timestamp(now));
    json::string(&mut out, target);
    out.push_str(",\"message\":");
    json::string(&mut out, &fields.message);
    out.push_str(",\"fields\":{");
    for (index, (name, value)) in fields.others.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        field(&mut out, name, value);
    }
    out.push_str("}}\n");
    out
}

/// A path is what it is, with its base 64 beside it where it is not UTF-8.
fn field(out: &mut String, name: &str, value: &Value) {
    json::string(out, name);
    out.push(':');
    match value {
        Value::Debug(text) => match unquoted(text) {
            Some(bytes) => {
                json::string(out, &String::from_utf8_lossy(&bytes));
                if std::str::from_utf8(&bytes).is_err() {
                    out.push(',');
                    json::string(out, &format!("{name}Base64"));
                    out.push(':');
                    json::string(out, &json::base64(&bytes));
                }
            }
            None => json::string(out, text),
        },
        Value::Text(text) => json::string(out, text),
        // There is no infinity in JSON.
        Value::Float(number) if !number.is_finite() => json::string(out, &number.to_string()),
        Value::Float(_) | Value::Signed(_) | Value::Unsigned(_) | Value::Switch(_) => _ = write!(out, "{value}"),
    }
}

/// What text or path stands in quotes, as Rust writes them to debug; `None` if that is not what it is.
fn unquoted(text: &str) -> Option<Vec<u8>> {
    let inner = text.strip_prefix('"')?.strip_suffix('"')?;
    let mut bytes = Vec::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => return None,
            '\\' => match chars.next()? {
                'n' => put(&mut bytes, '\n'),
                'r' => put(&mut bytes, '\r'),
                't' => put(&mut bytes, '\t'),
                '0' => put(&mut bytes, '\0'),
                'x' => {
                    let digits: String = chars.by_ref().take(2).collect();
                    bytes.push(u8::from_str_radix(&digits, 16).ok()?);
                }
                'u' => {
                    let digits: String = chars.by_ref().skip(1).take_while(|c| *c != '}').collect();
                    put(&mut bytes, char::from_u32(u32::from_str_radix(&digits, 16).ok()?)?);
                }
                escaped @ ('\\' | '"' | '\'') => put(&mut bytes, escaped),
                _ => return None,
            },
            c => put(&mut bytes, c),
        }
    }
    Some(bytes)
}

fn put(bytes: &mut Vec<u8>, c: char) {
    bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
}

/// As RFC 3339 has it, in UTC, to the microsecond.
fn timestamp(time: SystemTime) -> String {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let (seconds, micros) = (since.as_secs(), since.subsec_micros());
    let (hour, minute, second) = (seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60);
    let (year, month, day) = date(seconds / 86_400);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{micros:06}Z")
}

/// Year, month and day of a number of days since 1970. Years begin in March here, so that a leap day is the last of one;
/// 400 of them have 146,097 days.
fn date(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    (era * 400 + year + next, month, day)
}

#[cfg(test)]
mod tests {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt, time::Duration};

    use super::*;

    #[test]
    fn a_line_is_one_object_whatever_names_say() {
        let path = |bytes: &[u8]| Value::Debug(format!("{:?}", OsStr::from_bytes(bytes)));
        let fields = Fields {
            message: "a\n{\"level\":\"error\"}".into(),
            others: vec![
                ("path", path(b"/a\n\"b\\ \x1b[31m\x00\xe2\x80\xae")),
                ("other", path(b"/k\xe4\xffse'")),
                ("error", Value::Text("no\r\n".into())),
                ("took", Value::Debug("1.5ms".into())),
                ("count", Value::Unsigned(3)),
                ("share", Value::Float(f64::INFINITY)),
                ("paused", Value::Switch(true)),
            ],
        };
        let line =
            object("warn", "metaextractd::run", &fields, UNIX_EPOCH + Duration::from_micros(1_715_922_367_000_042));
        assert_eq!(line.matches('\n').count(), 1);
        let value: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(value["timestamp"], "2024-05-17T05:06:07.000042Z");
        assert_eq!(value["message"], "a\n{\"level\":\"error\"}");
        let fields = &value["fields"];
        assert_eq!(fields["path"], "/a\n\"b\\ \x1b[31m\0\u{202e}");
        assert_eq!(
            (fields["other"].as_str(), fields["otherBase64"].as_str()),
            (Some("/k\u{fffd}\u{fffd}se'"), Some("L2vk/3NlJw=="))
        );
        assert_eq!((fields["error"].as_str(), fields["took"].as_str()), (Some("no\r\n"), Some("1.5ms")));
        assert_eq!((fields["count"].as_u64(), fields["paused"].as_bool()), (Some(3), Some(true)));
    }

    #[test]
    fn dates_are_those_of_the_calendar() {
        for (days, wanted) in [(0, (1970, 1, 1)), (59, (1970, 3, 1)), (11_016, (2000, 2, 29)), (47_541, (2100, 3, 1))] {
            assert_eq!(date(days), wanted);
        }
    }
}
