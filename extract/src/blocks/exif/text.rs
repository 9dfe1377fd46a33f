//! Conversions of single tags: text in its various encodings, versions, digests and dates.

use super::entry::{Raw, Shown};
use crate::{
    Value,
    bytes::{Order, until_nul, utf8, utf16},
    print,
};

/// Longest printed text made from a list of the file.
const LONGEST: usize = 4096;

/// Bounds a text that a file can make as long as it likes.
pub(super) fn cut(mut text: String) -> String {
    if text.len() > LONGEST {
        let border = (0..=LONGEST).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
        text.truncate(border);
    }
    text
}

/// Characters of a version number, without NULs at the end.
pub(super) fn version(value: &Raw<'_>) -> Option<Shown> {
    Some(Shown::plain(value.value()))
}

/// Maker notes that are plain text of nobody known: shown by their length where long. Others belong to their makers.
pub(super) fn maker_text(value: &Raw<'_>) -> Option<Shown> {
    const OTHERS: [&[u8]; 12] = [
        b"[ae_dbg_info:",
        b"FUJIFILM",
        b"GENERALE",
        b"HDRP",
        b"Hewlett-Packard",
        b"Vivitar",
        b"610",
        b"JVC ",
        b"VER:",
        b"Panasonic",
        b"STMN",
        b"SONY",
    ];
    let end = value.bytes.iter().rposition(|&b| b != 0).map_or(0, |last| last + 1);
    let text = &value.bytes[..end];
    let plain = !text.is_empty() && text.iter().all(|b| matches!(b, b'\t' | b'\r' | b'\n' | b' '..=b'~'));
    if !plain || OTHERS.iter().any(|other| text.starts_with(other)) {
        return None;
    }
    Some(Shown::plain(match value.bytes.len() {
        ..=64 => Value::Text(utf8(text)),
        _ => Value::bytes(value.bytes),
    }))
}

/// Copyright of photographer and editor, separated by a NUL (Exif 3.0, 4.6.5.4.6), as two lines.
pub(super) fn copyright(value: &Raw<'_>) -> Option<Shown> {
    let mut parts = value.bytes.splitn(3, |&b| b == 0);
    let first = parts.next().unwrap_or_default();
    let Some(second) = parts.next() else { return Some(Shown::plain(utf8(first))) };
    let mut both = utf8(trim_blanks(first));
    both.push('\n');
    match parts.next() {
        Some(_) => both += &utf8(trim_blanks(second)),
        None => both += &utf8(second),
    }
    if both.ends_with('\n') {
        both.pop();
    }
    Some(Shown::plain(both))
}

/// Without blanks at the end; other white space stays.
fn trim_blanks(bytes: &[u8]) -> &[u8] {
    let len = bytes.iter().rposition(|&b| b != b' ').map_or(0, |last| last + 1);
    &bytes[..len]
}

/// Text after an eight-byte name of its encoding (Exif 3.0, 4.6.6.4.2).
pub(super) fn charset_text(value: &Raw<'_>) -> Option<Shown> {
    let bytes = value.octets();
    let Some((code, rest)) = bytes.split_at_checked(8) else { return Some(Shown::plain(value.value())) };
    let padded = |name: &[u8]| code.strip_prefix(name).is_some_and(|pad| pad.iter().all(|&b| b == 0 || b == b' '));
    let mut decoded = if code[0] == 0 || padded(b"ASCII") || code.starts_with(b"ASCII\0") || padded(b"") {
        utf8(until_nul(rest))
    } else if padded(b"UNICODE") {
        utf16_guessed(rest, value.order)
    } else if padded(b"JIS") {
        encoding_rs::ISO_2022_JP.decode_without_bom_handling(rest).0.replace('\0', "")
    } else {
        utf8(&bytes)
    };
    decoded.truncate(decoded.trim_end_matches(' ').len());
    Some(Shown::plain(decoded))
}

/// UTF-16 in the order of its mark, of the file, or, where that makes less sense, the other one.
fn utf16_guessed(bytes: &[u8], order: Order) -> String {
    let (bytes, order) = match bytes {
        [0xfe, 0xff, rest @ ..] => (rest, Order::Big),
        [0xff, 0xfe, rest @ ..] => (rest, Order::Little),
        _ => (bytes, if other_order_fits(bytes, order) { other(order) } else { order }),
    };
    utf16(bytes, order)
}

fn other(order: Order) -> Order {
    match order {
        Order::Little => Order::Big,
        Order::Big => Order::Little,
    }
}

/// The byte with more different values, or less often zero, is the low one.
fn other_order_fits(bytes: &[u8], order: Order) -> bool {
    let (mut high, mut low) = ([false; 256], [false; 256]);
    let (mut high_zero, mut low_zero) = (0, 0);
    for pair in bytes.chunks_exact(2) {
        let (h, l) = match order {
            Order::Big => (pair[0], pair[1]),
            Order::Little => (pair[1], pair[0]),
        };
        high[usize::from(h)] = true;
        low[usize::from(l)] = true;
        high_zero += usize::from(h == 0);
        low_zero += usize::from(l == 0);
    }
    let count = |seen: &[bool; 256]| seen.iter().filter(|&&seen| seen).count();
    let (high, low) = (count(&high), count(&low));
    high > low || (high == low && low_zero > high_zero)
}

/// Windows' text tags: UTF-16, always little-endian, up to the first NUL.
pub(super) fn utf16_little(value: &Raw<'_>) -> Option<Shown> {
    let bytes = match value.bytes {
        [0xfe, 0xff, rest @ ..] => return Some(Shown::plain(utf16(rest, Order::Big))),
        [0xff, 0xfe, rest @ ..] => rest,
        bytes => bytes,
    };
    Some(Shown::plain(utf16(bytes, Order::Little)))
}

pub(super) fn sub_seconds(value: &Raw<'_>) -> Option<Shown> {
    let text = value.text();
    Some(Shown::plain(text.trim_end_matches(' ')))
}

/// Photoshop's raw converter writes `Name: value`.
pub(super) fn after_colon(value: &Raw<'_>) -> Option<Shown> {
    let text = value.text();
    Some(Shown::plain(text.rsplit_once(": ").map_or(text.as_str(), |(_, value)| value)))
}

pub(super) fn unless_empty(value: &Raw<'_>) -> Option<Shown> {
    Some(value.text()).filter(|text| !text.is_empty()).map(Shown::plain)
}

pub(super) fn hex(value: &Raw<'_>) -> Option<Shown> {
    Some(Shown::plain(value.bytes.iter().map(|b| format!("{b:02x}")).collect::<String>()))
}

pub(super) fn hex_upper(value: &Raw<'_>) -> Option<Shown> {
    Some(Shown::plain(value.bytes.iter().map(|b| format!("{b:02X}")).collect::<String>()))
}

pub(super) fn comma_separated(value: &Raw<'_>) -> Option<Shown> {
    let raw = value.value();
    let text = raw.plain();
    // Each run of white space, also one at the end.
    let mut printed = text.split_ascii_whitespace().collect::<Vec<_>>().join(", ");
    if text.ends_with(|c: char| c.is_ascii_whitespace()) {
        printed += ", ";
    }
    Some(Shown::both(raw, printed))
}

/// Text in which other than printable ASCII is shown as dots.
pub(super) fn printable(value: &Raw<'_>) -> Option<Shown> {
    let printed: String = (value.chars().iter().filter(|&&b| b != 0))
        .map(|&b| if (0x20..0x7f).contains(&b) { char::from(b) } else { '.' })
        .collect();
    Some(Shown::both(value.text(), printed))
}

/// A date in the form of ISO 8601, which XMP has too.
pub(super) fn xmp_date(value: &Raw<'_>) -> Option<Shown> {
    Some(Shown::plain(Value::DateTime(print::xmp_date(&value.text()))))
}
