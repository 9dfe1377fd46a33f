//! From a recorded value to what is shown, by the tag's table row.

use super::{
    entry::{Raw, Shown},
    tags::How,
    values,
};
use crate::{Value, bytes::utf8};

/// The raw and printed value of a tag; `None` leaves it out.
pub(super) fn show(how: &How, raw: &Raw<'_>) -> Option<Shown> {
    Some(match how {
        How::Plain | How::Place => Shown::plain(raw.value()),
        How::Trimmed => Shown::plain(trimmed(raw)),
        How::Date => Shown::plain(match raw.kind.is_bytes() {
            true => Value::DateTime(raw.text()),
            false => raw.value(),
        }),
        How::Binary => Shown::plain(binary(raw)),
        How::LongOver(most) => {
            let long = raw.len() > 1 && raw.octets().len() > *most;
            Shown::plain(if long { binary(raw) } else { raw.value() })
        }
        How::Named(table) => named(table, raw, |text, _| format!("Unknown ({text})")),
        How::Hex(table) => named(table, raw, |text, number| match number {
            Some(number) => format!("Unknown (0x{number:x})"),
            None => format!("Unknown ({text})"),
        }),
        How::Worded(table) => {
            let text = raw.text();
            let printed = values::meaning(table, &text).map_or_else(|| format!("Unknown ({text})"), Into::into);
            Shown::both(raw.value(), printed)
        }
        How::Bits(bits, names) => {
            let value = raw.value();
            let text = value.plain();
            let whole = text.parse().ok().and_then(|number| values::name(names, number));
            Shown::both(value, whole.map_or_else(|| values::bits(bits, &text), str::to_owned))
        }
        How::Unit(unit) => Shown::both(raw.value(), format!("{} {unit}", raw.text())),
        How::Convert(convert) => convert(raw)?,
        How::Directory(_) | How::Embedded(_) | How::Skip => return None,
    })
}

fn named(table: values::Numbered, raw: &Raw<'_>, unknown: fn(&str, Option<i64>) -> String) -> Shown {
    let value = raw.value();
    let text = value.plain();
    // Text that is not in a number's own form ("01") has no name.
    let number = text.parse::<i64>().ok().filter(|number| number.to_string() == text);
    let printed = number.and_then(|number| values::name(table, number));
    let printed = printed.map_or_else(|| unknown(&text, number), Into::into);
    Shown::both(value, printed)
}

fn trimmed(raw: &Raw<'_>) -> Value {
    let bytes = raw.chars();
    match raw.kind.is_bytes() {
        true => Value::Text(utf8(bytes.trim_ascii_end())),
        false => raw.value(),
    }
}

/// A value shown by its length: that of its text, as ExifTool counts.
fn binary(raw: &Raw<'_>) -> Value {
    Value::bytes(&raw.octets())
}

/// Places in the TIFF structure, which begins at `base`, as places in the file.
pub(super) fn moved(raw: &Raw<'_>, base: u64) -> Option<Shown> {
    let places: Vec<String> = (0..raw.len())
        .filter_map(|index| raw.whole(index))
        .map(|place| (i128::from(place) + i128::from(base)).to_string())
        .collect();
    match places.as_slice() {
        [] => None,
        [one] => Some(Shown::plain(one.parse::<u64>().ok()?)),
        _ => {
            let text = places.join(" ");
            Some(Shown::plain(if text.len() > 32 { Value::bytes(text.as_bytes()) } else { Value::Text(text) }))
        }
    }
}
