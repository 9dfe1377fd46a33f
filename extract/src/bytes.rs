//! Checked reads of numbers and text from a slice. Nothing here panics on any input.

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

/// Text as ExifTool's JSON has it: UTF-8, each byte that is not replaced by `?`.
pub fn utf8(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(std::iter::repeat_n('?', chunk.invalid().len()));
    }
    text
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
