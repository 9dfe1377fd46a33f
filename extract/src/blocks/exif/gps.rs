//! Conversions of the GPS directory: coordinates, time and date (Exif 3.0, section 4.6.7).

use super::entry::{Raw, Shown};
use crate::{Value, bytes::utf8, print};

/// Degrees, minutes and seconds as degrees without sign; nothing where one of them is no number.
pub(super) fn coordinate(value: &Raw<'_>) -> Option<Shown> {
    let text = value.text();
    if text.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| word == "inf" || word == "undef") {
        return Some(Shown::plain(""));
    }
    let numbers = print::numbers(&text, 3);
    let Some([degrees, rest @ ..]) = Some(numbers.as_slice()).filter(|numbers| !numbers.is_empty()) else {
        return Some(Shown::plain(""));
    };
    let minutes = rest.first().copied().unwrap_or(0.0) + rest.get(1).copied().unwrap_or(0.0) / 60.0;
    let degrees = (degrees + minutes / 60.0).abs();
    Some(Shown::both(degrees, print::degrees(degrees, None)))
}

/// Hours, minutes and seconds; what exceeds its unit is carried over.
pub(super) fn time_stamp(value: &Raw<'_>) -> Option<Shown> {
    let words = value.words();
    let part = |index: usize| words.get(index).map_or(0.0, |word| print::number_prefix(word));
    let total = (part(0) * 60.0 + part(1)) * 60.0 + part(2);
    let mut hours = (total / 3600.0).trunc();
    let mut minutes = ((total - hours * 3600.0) / 60.0).trunc();
    let mut seconds = format!("{:012.9}", total - hours * 3600.0 - minutes * 60.0);
    if print::number(&seconds).is_some_and(|seconds| seconds >= 60.0) {
        seconds = "00".into();
        minutes += 1.0;
        if minutes >= 60.0 {
            minutes -= 60.0;
            hours += 1.0;
        }
    } else {
        seconds.truncate(seconds.trim_end_matches('0').trim_end_matches('.').len().max(2));
    }
    let raw = format!("{hours:02.0}:{minutes:02.0}:{seconds}");
    let printed = match print::number(&seconds).filter(|_| seconds.contains('.')) {
        Some(number) => {
            let rounded = (number * 1e6 + 0.5).trunc() / 1e6;
            let pad = if rounded < 10.0 { "0" } else { "" };
            format!("{hours:02.0}:{minutes:02.0}:{pad}{}", print::float(rounded))
        }
        None => raw.clone(),
    };
    Some(Shown { raw: Value::DateTime(raw), printed: Some(Value::Text(printed)) })
}

/// A date with colons; other separators, which some writers use, are replaced.
pub(super) fn date_stamp(value: &Raw<'_>) -> Option<Shown> {
    let end = value.bytes.iter().rposition(|&b| b != 0).map_or(0, |last| last + 1);
    let bytes = &value.bytes[..end];
    Some(Shown::plain(Value::DateTime(colons(bytes).unwrap_or_else(|| utf8(bytes)))))
}

/// Four, two and two digits at the end, with anything but digits between them.
fn colons(bytes: &[u8]) -> Option<String> {
    let digits: Vec<(usize, u8)> = bytes.iter().copied().enumerate().filter(|(_, b)| b.is_ascii_digit()).collect();
    let last = digits.last()?.0;
    let used = digits.get(digits.len().checked_sub(8)?..)?;
    let adjacent = |range: std::ops::Range<usize>| used[range].windows(2).all(|pair| pair[0].0 + 1 == pair[1].0);
    if last + 1 != bytes.len() || !adjacent(0..4) || !adjacent(4..6) || !adjacent(6..8) {
        return None;
    }
    let part = |range: std::ops::Range<usize>| used[range].iter().map(|&(_, b)| char::from(b)).collect::<String>();
    Some(format!("{}{}:{}:{}", utf8(&bytes[..used[0].0]), part(0..4), part(4..6), part(6..8)))
}
