//! Text files: cards, JSON and plain text.

use super::{Look, Named, TESTED, trim_start};

/// vCard, iCalendar and vNote.
pub(super) fn card(look: &mut Look<'_, '_>) -> Option<Named> {
    let start = look.head.get(..24.min(look.head.len()))?.to_ascii_uppercase();
    let rest = start.strip_prefix(b"BEGIN:")?;
    let (file_type, extension) = match rest {
        _ if rest.starts_with(b"VCARD\r\n") => ("VCard", "VCF"),
        _ if rest.starts_with(b"VCALENDAR\r\n") => ("ICS", "ICS"),
        _ if rest.starts_with(b"VNOTE\r\n") => {
            return Some(look.name("VNote").with_mime("text/v-note").with_extension("VNT"));
        }
        _ => return None,
    };
    Some(look.name(file_type).with_extension(extension))
}

/// JSON whose top is an object, or a list that begins with one.
pub(super) fn json(look: &mut Look<'_, '_>) -> Option<Named> {
    let start = look.head.get(..TESTED.min(look.head.len()))?;
    let rest = trim_start(start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start));
    let rest = rest.strip_prefix(b"[").map_or(rest, trim_start);
    let rest = trim_start(rest.strip_prefix(b"{")?).strip_prefix(b"\"")?;
    let end = rest.iter().position(|b| *b == b'"')?;
    look.plain(trim_start(&rest[end + 1..]).starts_with(b":"))
}

/// Plain text: a mark of UTF-16 or UTF-32, or no bytes that text does not have.
pub(super) fn text(look: &mut Look<'_, '_>) -> Option<Named> {
    let start = look.head.get(..TESTED.min(look.head.len()))?;
    let is_marked =
        start.starts_with(b"\xff\xfe") || start.starts_with(b"\xfe\xff") || start.starts_with(b"\0\0\xfe\xff");
    let is_text = |b: &u8| matches!(b, 7..=13 | 0x20..=0x7e | 0x80..=0xfe);
    if !is_marked && !start.iter().all(is_text) {
        return None;
    }
    let is_short = start.len() < TESTED;
    let start = if is_short { start } else { look.read(0, 65536) };
    // UTF-16 and UTF-32 are known by their mark only.
    let has_control = start.iter().any(|b| matches!(b, 0..=6 | 0x0e..=0x1a | 0x1c..=0x1f | 0x7f));
    look.plain(!has_control || is_marked)
}
