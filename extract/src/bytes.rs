//! Checked reads of numbers and text from a slice. Nothing here panics on any input.

use std::io::Read as _;

use crate::Error;

/// Byte order of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    Little,
    Big,
}

/// A slice with a byte order; every access is checked and gives `None` outside.
#[derive(Debug, Clone, Copy)]
pub struct Bytes<'a> {
    pub data: &'a [u8],
    pub order: Order,
}

macro_rules! number {
    ($name:ident, $type:ty, $len:literal) => {
        #[doc = concat!("The `", stringify!($type), "` at `at`.")]
        pub fn $name(&self, at: usize) -> Option<$type> {
            let bytes: [u8; $len] = self.slice(at, $len)?.try_into().ok()?;
            Some(match self.order {
                Order::Little => <$type>::from_le_bytes(bytes),
                Order::Big => <$type>::from_be_bytes(bytes),
            })
        }
    };
}

impl<'a> Bytes<'a> {
    /// A little-endian view.
    pub fn little(data: &'a [u8]) -> Self {
        Self { data, order: Order::Little }
    }

    /// A big-endian view.
    pub fn big(data: &'a [u8]) -> Self {
        Self { data, order: Order::Big }
    }

    /// `len` bytes at `at`.
    pub fn slice(&self, at: usize, len: usize) -> Option<&'a [u8]> {
        self.data.get(at..at.checked_add(len)?)
    }

    number!(u8, u8, 1);
    number!(i8, i8, 1);
    number!(u16, u16, 2);
    number!(i16, i16, 2);
    number!(u32, u32, 4);
    number!(i32, i32, 4);
    number!(u64, u64, 8);
    number!(i64, i64, 8);
    number!(f32, f32, 4);
    number!(f64, f64, 8);
}

/// Text as ExifTool's JSON has it: UTF-8, each byte that is not replaced by `?`, without NULs.
pub fn utf8(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(std::iter::repeat_n('?', chunk.invalid().len()));
    }
    if text.contains('\0') {
        text.retain(|c| c != '\0');
    }
    text
}

/// Windows-1252 to UTF-8, which is what ExifTool reads where a format says Latin-1.
///
/// As there, a NUL ends the text only where it has signs beyond ASCII, and is left out elsewhere.
pub fn windows_1252(bytes: &[u8]) -> String {
    match bytes.is_ascii() {
        true => utf8(bytes),
        false => encoding_rs::WINDOWS_1252.decode_without_bom_handling(until_nul(bytes)).0.into_owned(),
    }
}

/// UTF-16 to UTF-8 up to a NUL; a lone surrogate reads `???`.
pub fn utf16(bytes: &[u8], order: Order) -> String {
    let units = bytes.chunks_exact(2).map(|pair| match order {
        Order::Little => u16::from_le_bytes([pair[0], pair[1]]),
        Order::Big => u16::from_be_bytes([pair[0], pair[1]]),
    });
    let mut text = String::with_capacity(bytes.len() / 2);
    for decoded in char::decode_utf16(units.take_while(|&unit| unit != 0)) {
        match decoded {
            Ok(c) => text.push(c),
            Err(_) => text.push_str("???"),
        }
    }
    text
}

/// The data of a complete zlib stream; `None` when it is damaged, cut or holds more than `limit` bytes.
pub fn inflate(data: &[u8], limit: u64) -> Option<Vec<u8>> {
    let mut inflated = Vec::new();
    let mut reader = flate2::read::ZlibDecoder::new(data).take(limit.saturating_add(1));
    reader.read_to_end(&mut inflated).ok()?;
    (inflated.len() as u64 <= limit).then_some(inflated)
}

/// Latin-1 to UTF-8.
pub fn latin1(bytes: &[u8]) -> String {
    bytes.iter().map(|&b| char::from(b)).collect()
}

/// What stands before the first NUL.
pub fn until_nul(bytes: &[u8]) -> &[u8] {
    &bytes[..bytes.iter().position(|&b| b == 0).unwrap_or(bytes.len())]
}

/// Turns a missing piece of a block at file offset `at` into the error for it.
pub fn need<T>(value: Option<T>, at: u64, what: &'static str) -> Result<T, Error> {
    value.ok_or(Error::Malformed { at, what })
}
