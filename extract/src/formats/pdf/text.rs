//! Strings as text and dates (ISO 32000-1, 7.9.2 and 7.9.4), with ExifTool's tolerance.

use crate::bytes;

/// PDFDocEncoding where it is not Latin-1.
static FROM_18: [char; 8] = ['˘', 'ˇ', 'ˆ', '˙', '˝', '˛', '˚', '˜'];
static FROM_80: [char; 31] = [
    '•', '†', '‡', '…', '—', '–', 'ƒ', '⁄', '‹', '›', '−', '‰', '„', '“', '”', '‘', '’', '‚', '™', 'ﬁ', 'ﬂ', 'Ł', 'Œ',
    'Š', 'Ÿ', 'Ž', 'ı', 'ł', 'œ', 'š', 'ž',
];

/// A text string: UTF-16 with its mark, else PDFDocEncoding.
pub(super) fn decode(text: &[u8]) -> String {
    if let Some(utf16) = text.strip_prefix(b"\xfe\xff") {
        let units = utf16.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
        return char::decode_utf16(units).map(|c| c.unwrap_or('?')).collect();
    }
    text.iter().map(|&byte| pdf_doc(byte)).collect()
}

fn pdf_doc(byte: u8) -> char {
    match byte {
        0x18..=0x1f => FROM_18[usize::from(byte - 0x18)],
        0x80..=0x9e => FROM_80[usize::from(byte - 0x80)],
        0xa0 => '€',
        _ => char::from(byte),
    }
}

/// A value outside text strings: UTF-8 where it is.
pub(super) fn raw(text: &[u8]) -> String {
    bytes::utf8(text)
}

/// A name with its escapes resolved; they came with PDF 1.2.
pub(super) fn name(name: &[u8], has_escapes: bool) -> Vec<u8> {
    if !has_escapes || !name.contains(&b'#') {
        return name.to_vec();
    }
    let mut out = Vec::with_capacity(name.len());
    let mut rest = name;
    while let Some((&byte, after)) = rest.split_first() {
        let digit = |index: usize| after.get(index).and_then(|b| char::from(*b).to_digit(16));
        rest = match (byte, digit(0), digit(1)) {
            (b'#', Some(high), Some(low)) => {
                out.push((high << 4 | low) as u8);
                &after[2..]
            }
            _ => {
                out.push(byte);
                after
            }
        };
    }
    out
}

/// `D:20240517100000+02'00'` as `2024:05:17 10:00:00+02:00`; what is missing is filled in, what is no date stays.
pub(super) fn date(text: &[u8]) -> Vec<u8> {
    const MISSING: &[u8] = b"00000101000000";
    let mut digits = text.strip_prefix(b"D:").unwrap_or(text).to_vec();
    if digits.len() < MISSING.len() {
        digits.extend_from_slice(&MISSING[digits.len()..]);
    }
    let (fields, zone) = digits.split_at(MISSING.len());
    if !fields.iter().all(u8::is_ascii_digit) {
        return digits;
    }
    let mut out = Vec::with_capacity(32);
    let parts = [(0, 4, ""), (4, 6, ":"), (6, 8, ":"), (8, 10, " "), (10, 12, ":"), (12, 14, ":")];
    for (from, to, before) in parts {
        out.extend_from_slice(before.as_bytes());
        out.extend_from_slice(&fields[from..to]);
    }
    out.extend(time_zone(zone).unwrap_or_default());
    out
}

/// The zone behind a date: `Z`, or sign, hours, a separator and perhaps minutes.
fn time_zone(zone: &[u8]) -> Option<Vec<u8>> {
    let (&sign, rest) = zone.trim_ascii_start().split_first()?;
    match sign {
        b'Z' | b'z' => Some(b"Z".to_vec()),
        b'+' | b'-' => {
            let rest = rest.trim_ascii_start();
            let count = |data: &[u8]| data.iter().take_while(|b| b.is_ascii_digit()).count();
            let hours = count(rest);
            let after = &rest[hours..];
            let separator = after.iter().take_while(|b| matches!(b, b'\'' | b':' | b' ')).count();
            let minutes = &after[separator..][..count(&after[separator..])];
            if hours == 0 || separator == 0 {
                return None;
            }
            let minutes = if minutes.is_empty() || minutes == b"0" { b"00" } else { minutes };
            Some([&[sign], &rest[..hours], b":", minutes].concat())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates() {
        for (from, to) in [
            ("D:20240517100000+02'00'", "2024:05:17 10:00:00+02:00"),
            ("D:20240517100000Z00'00'", "2024:05:17 10:00:00Z"),
            ("D:20240517100000", "2024:05:17 10:00:00"),
            ("20240517", "2024:05:17 00:00:00"),
            ("", "0000:01:01 00:00:00"),
            ("D:20240517100000-05'", "2024:05:17 10:00:00-05:00"),
            ("17 May 2024, in the morning", "17 May 2024, in the morning"),
        ] {
            assert_eq!(String::from_utf8_lossy(&date(from.as_bytes())), to);
        }
    }

    #[test]
    fn text_strings() {
        assert_eq!(decode(b"\xfe\xff\x00A\x20\xac"), "A€");
        assert_eq!(decode(b"caf\xe9 \x80 \xa0 \x9e \x18"), "café • € ž ˘");
        assert_eq!(name(b"A#20B#4", true), b"A B#4");
    }
}
