//! Bytes of the file to raw and printed values.

use super::{tags::What, text};
use crate::{Value, print};

/// A string as text. ExifTool's rule: only what has bytes outside ASCII is in an encoding of PDF.
pub(super) fn text(bytes: &[u8]) -> String {
    match bytes.iter().any(|b| matches!(b, 0x18..=0x1f | 0x80..)) {
        true => text::decode(bytes),
        false => text::raw(bytes),
    }
}

/// The raw value of a scalar and its printed form where it has one.
pub(super) fn convert(what: What, bytes: &[u8]) -> (Value, Option<Value>) {
    match what {
        What::Date(_) => (Value::DateTime(text(&text::date(bytes))), None),
        What::YesNo(_) => match bytes {
            b"true" => (Value::from(true), Some("Yes".into())),
            b"false" => (Value::from(false), Some("No".into())),
            _ => (Value::from(text(bytes)), None),
        },
        What::Code(_, codes) => {
            let raw = text(bytes);
            let printed = codes.iter().find(|(code, _)| *code == raw).map(|(_, printed)| Value::from(*printed));
            let printed = printed.unwrap_or_else(|| format!("Unknown ({raw})").into());
            (scalar(raw), Some(printed))
        }
        What::Ago(_) => {
            let raw = text(bytes);
            let printed = format!("{} ago", time_span(&raw));
            (scalar(raw), Some(printed.into()))
        }
        _ => (scalar(text(bytes)), None),
    }
}

/// Whole numbers as numbers, all else as text.
fn scalar(text: String) -> Value {
    match text.parse::<u64>() {
        Ok(number) if number.to_string() == text => Value::from(number),
        _ => Value::from(text),
    }
}

/// The items of a list that is one string: between commas or semicolons, whichever are more, else between spaces.
pub(super) fn split(text: &str) -> Vec<String> {
    let count = |separator: char| text.matches(separator).count();
    let (commas, semicolons) = (count(','), count(';'));
    if commas == 0 && semicolons == 0 {
        return text.split_ascii_whitespace().map(str::to_owned).collect();
    }
    let separator = if commas > semicolons { ',' } else { ';' };
    let mut items: Vec<String> = Vec::new();
    let mut rest = text;
    while let Some((item, after)) = rest.split_once(separator) {
        items.push(item.to_owned());
        rest = after.trim_start_matches(separator).trim_ascii_start();
    }
    items.push(rest.to_owned());
    while items.last().is_some_and(String::is_empty) {
        items.pop();
    }
    items
}

/// Seconds in the largest unit that fits.
fn time_span(text: &str) -> String {
    let Ok(seconds) = text.parse::<f64>() else { return text.to_owned() };
    match seconds {
        0.0 => text.to_owned(),
        s if s < 60.0 => format!("{} seconds", print::float(s)),
        s if s < 3600.0 => format!("{:.1} minutes", s / 60.0),
        s if s < 86400.0 => format!("{:.1} hours", s / 3600.0),
        s => format!("{:.1} days", s / 86400.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keywords_are_split_by_their_commonest_separator() {
        for (text, items) in [
            ("a, b,c", vec!["a", "b", "c"]),
            ("a; b, c; d", vec!["a", "b, c", "d"]),
            ("one two  three", vec!["one", "two", "three"]),
            ("a,, b,", vec!["a", "b"]),
            ("", vec![]),
            ("none", vec!["none"]),
        ] {
            assert_eq!(split(text), items);
        }
    }
}
