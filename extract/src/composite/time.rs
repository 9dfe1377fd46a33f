//! Dates put together from their parts.

use super::{Inputs, Made};
use crate::Value;

fn date(text: impl Into<String>) -> Option<Made> {
    Some(Made::plain(Value::DateTime(text.into())))
}

/// Date and time as they are, with a blank.
pub(super) fn joined(inputs: &Inputs<'_>) -> Option<Made> {
    date(format!("{} {}", inputs.raw(0)?, inputs.raw(1)?))
}

/// The date and time of satellites is universal.
pub(super) fn gps(inputs: &Inputs<'_>) -> Option<Made> {
    date(format!("{} {}Z", inputs.raw(0)?, inputs.raw(1)?))
}

/// A date of Exif with its fraction of a second and its zone, where one of them is there.
pub(super) fn sub_seconds(inputs: &Inputs<'_>) -> Option<Made> {
    let recorded = inputs.raw(0)?;
    let mut text = recorded.clone();
    let fraction: String = inputs.raw(1).unwrap_or_default().chars().take_while(char::is_ascii_digit).collect();
    let mut changed = false;
    if !fraction.is_empty()
        && let Some(at) = seconds_end(&recorded)
    {
        text.insert_str(at, &format!(".{fraction}"));
        changed = true;
    }
    if !recorded.contains(['-', '+'])
        && let Some(zone) = inputs.raw(2).as_deref().and_then(zone)
    {
        text += &zone;
        changed = true;
    }
    if changed { date(text) } else { None }
}

/// Where the seconds of a time end that has no fraction.
fn seconds_end(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let is_time = |at: usize| {
        let part = bytes.get(at..at + 9)?;
        let fits = part.iter().zip(b" 00:00:00").all(|(b, p)| if *p == b'0' { b.is_ascii_digit() } else { b == p });
        let fraction = bytes.get(at + 9) == Some(&b'.') && bytes.get(at + 10).is_some_and(u8::is_ascii_digit);
        (fits && !fraction).then_some(at + 9)
    };
    (0..bytes.len()).find_map(is_time)
}

/// A zone as sign, two digits and two digits.
fn zone(text: &str) -> Option<String> {
    let rest = text.strip_prefix(['+', '-'])?;
    let (hours, minutes) = rest.split_once(':')?;
    let minutes = minutes.get(..2)?;
    let numeric = |digits: &str| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    (hours.len() <= 2 && numeric(hours) && numeric(minutes)).then(|| format!("{}{hours:0>2}:{minutes}", &text[..1]))
}

/// From the date and time of creation, where no other is recorded.
pub(super) fn original(inputs: &Inputs<'_>) -> Option<Made> {
    if inputs.tag(3).is_some() {
        return None;
    }
    let (day, time) = (inputs.raw(1)?, inputs.raw(2)?);
    match inputs.raw(0).filter(|both| both.contains(' ')) {
        Some(both) => date(both),
        None => date(format!("{day} {time}")),
    }
}

/// The time of recording, or the year with day and hour as older tags have them.
pub(super) fn recorded(inputs: &Inputs<'_>) -> Option<Made> {
    let some = |index: usize| inputs.raw(index).filter(|text| !text.is_empty() && text != "0");
    if let Some(time) = some(0) {
        return date(time);
    }
    let mut text = some(1)?;
    let pair = |index: usize| {
        let digits = inputs.raw(index)?;
        let four = digits.len() == 4 && digits.bytes().all(|b| b.is_ascii_digit());
        four.then(|| (digits[..2].to_owned(), digits[2..].to_owned()))
    };
    if let Some((first, second)) = pair(2) {
        text += &format!(":{first}:{second}");
        if let Some((hours, minutes)) = pair(3) {
            text += &format!(" {hours}:{minutes}");
        }
    }
    date(text)
}
