//! Text in ID3v2 frames: four encodings, NUL-separated parts.

use crate::bytes::{Order, utf8, utf16, windows_1252};

/// The encodings by their byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Latin,
    /// With a byte order mark; big-endian without.
    Utf16,
    Utf8,
    Unknown(u8),
}

impl Encoding {
    pub(super) fn of(byte: u8) -> Self {
        match byte {
            0 => Self::Latin,
            1 | 2 => Self::Utf16,
            3 => Self::Utf8,
            other => Self::Unknown(other),
        }
    }

    /// Splits behind the first terminator of this encoding.
    pub(super) fn split(self, data: &[u8]) -> Option<(&[u8], &[u8])> {
        match self {
            Self::Utf16 => {
                let nul = data.chunks_exact(2).position(|pair| pair == [0, 0])? * 2;
                Some((&data[..nul], &data[nul + 2..]))
            }
            _ => {
                let nul = data.iter().position(|&b| b == 0)?;
                Some((&data[..nul], &data[nul + 1..]))
            }
        }
    }

    /// The parts between the NULs, without empty ones at the end where the encoding is of single bytes.
    pub(super) fn decode_all(self, data: &[u8]) -> Vec<String> {
        match self {
            Self::Utf16 => utf16_parts(data),
            Self::Latin => byte_parts(data).map(windows_1252).collect(),
            Self::Utf8 => byte_parts(data).map(utf8).collect(),
            Self::Unknown(number) => vec![format!("<Unknown encoding {number}> {}", utf8(data))],
        }
    }

    /// All parts joined with `/`.
    pub(super) fn decode(self, data: &[u8]) -> String {
        self.decode_all(data).join("/")
    }
}

/// Text that begins with its encoding.
pub(super) fn decode(data: &[u8]) -> String {
    decode_all(data).join("/")
}

/// Parts of text that begins with its encoding.
pub(super) fn decode_all(data: &[u8]) -> Vec<String> {
    match data.split_first() {
        Some((&encoding, data)) => Encoding::of(encoding).decode_all(data),
        None => Vec::new(),
    }
}

fn byte_parts(data: &[u8]) -> impl Iterator<Item = &[u8]> {
    let end = data.iter().rposition(|&b| b != 0).map_or(0, |last| last + 1);
    let parts = (end > 0).then(|| data[..end].split(|&b| b == 0));
    parts.into_iter().flatten()
}

fn utf16_parts(mut data: &[u8]) -> Vec<String> {
    let mut order = Order::Big;
    let mut parts = Vec::new();
    while data.len() > 1 {
        let (mut part, rest) = Encoding::Utf16.split(data).unwrap_or((data, &[]));
        if let Some(marked) = part.strip_prefix(b"\xfe\xff") {
            (order, part) = (Order::Big, marked);
        } else if let Some(marked) = part.strip_prefix(b"\xff\xfe") {
            (order, part) = (Order::Little, marked);
        }
        parts.push(utf16(part, order));
        data = rest;
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_split_in_each_encoding() {
        for (data, parts) in [
            (&b"\0a\0b\0\0"[..], &["a", "b"][..]),
            (b"\0\xe4", &["\u{e4}"]),
            (b"\x03\xc3\xa4\0x", &["\u{e4}", "x"]),
            (b"\x01\xff\xfea\0\0\0\xff\xfeb\0", &["a", "b"]),
            (b"\x02\0a\0\0\0b", &["a", "b"]),
            (b"\x01\xff\xfe\0\0", &[""]),
            (b"\0", &[]),
            (b"", &[]),
        ] {
            assert_eq!(decode_all(data), parts);
        }
    }
}
