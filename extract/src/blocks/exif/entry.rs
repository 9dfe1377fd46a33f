//! The value of one directory entry: its TIFF type, its bytes, and the numbers and text in them.

use std::{borrow::Cow, fmt::Write as _};

use crate::{
    Value,
    bytes::{Bytes, Order, until_nul, utf8},
    print,
};

/// Field types of TIFF 6.0, its supplements, BigTIFF and Exif 3.0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Type {
    Byte,
    Ascii,
    Short,
    Long,
    Rational,
    SignedByte,
    Undefined,
    SignedShort,
    SignedLong,
    SignedRational,
    Float,
    Double,
    Ifd,
    Unicode,
    Complex,
    Long8,
    SignedLong8,
    Ifd8,
    Utf8,
}

impl Type {
    /// The type of this code; those of BigTIFF only where they are allowed.
    pub(super) fn of(code: u16, big: bool) -> Option<Self> {
        const BY_CODE: [Type; 18] = [
            Type::Byte,
            Type::Ascii,
            Type::Short,
            Type::Long,
            Type::Rational,
            Type::SignedByte,
            Type::Undefined,
            Type::SignedShort,
            Type::SignedLong,
            Type::SignedRational,
            Type::Float,
            Type::Double,
            Type::Ifd,
            Type::Unicode,
            Type::Complex,
            Type::Long8,
            Type::SignedLong8,
            Type::Ifd8,
        ];
        match code {
            129 => Some(Self::Utf8),
            14.. if !big => None,
            _ => BY_CODE.get(usize::from(code).checked_sub(1)?).copied(),
        }
    }

    /// Bytes of one item.
    pub(super) fn size(self) -> usize {
        match self {
            Self::Byte | Self::Ascii | Self::SignedByte | Self::Undefined | Self::Utf8 => 1,
            Self::Short | Self::SignedShort | Self::Unicode => 2,
            Self::Long | Self::SignedLong | Self::Float | Self::Ifd => 4,
            Self::Rational
            | Self::SignedRational
            | Self::Double
            | Self::Complex
            | Self::Long8
            | Self::SignedLong8
            | Self::Ifd8 => 8,
        }
    }

    /// ExifTool's name, which stands in its text for arrays that are not decoded.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Byte => "int8u",
            Self::Ascii => "string",
            Self::Short => "int16u",
            Self::Long => "int32u",
            Self::Rational => "rational64u",
            Self::SignedByte => "int8s",
            Self::Undefined => "undef",
            Self::SignedShort => "int16s",
            Self::SignedLong => "int32s",
            Self::SignedRational => "rational64s",
            Self::Float => "float",
            Self::Double => "double",
            Self::Ifd => "ifd",
            Self::Unicode => "unicode",
            Self::Complex => "complex",
            Self::Long8 => "int64u",
            Self::SignedLong8 => "int64s",
            Self::Ifd8 => "ifd64",
            Self::Utf8 => "utf8",
        }
    }

    /// Whether the items are characters or bytes without meaning of their own.
    pub(super) fn is_bytes(self) -> bool {
        matches!(self, Self::Ascii | Self::Undefined | Self::Utf8 | Self::Unicode | Self::Complex)
    }

    /// Whether the items are whole numbers.
    pub(super) fn is_whole(self) -> bool {
        !self.is_bytes() && !matches!(self, Self::Rational | Self::SignedRational | Self::Float | Self::Double)
    }
}

/// A recorded value.
#[derive(Debug, Clone, Copy)]
pub(super) struct Raw<'a> {
    pub(super) kind: Type,
    pub(super) bytes: &'a [u8],
    pub(super) order: Order,
}

impl<'a> Raw<'a> {
    /// Whole items in the value.
    pub(super) fn len(&self) -> usize {
        self.bytes.len() / self.kind.size()
    }

    /// The item at `index`, for numeric types.
    pub(super) fn item(&self, index: usize) -> Option<Value> {
        let data = Bytes { data: self.bytes, order: self.order };
        let at = index.checked_mul(self.kind.size())?;
        Some(match self.kind {
            Type::Byte | Type::Ascii | Type::Undefined | Type::Utf8 => data.u8(at)?.into(),
            Type::SignedByte => data.i8(at)?.into(),
            Type::Short | Type::Unicode => data.u16(at)?.into(),
            Type::SignedShort => data.i16(at)?.into(),
            Type::Long | Type::Ifd => data.u32(at)?.into(),
            Type::SignedLong => data.i32(at)?.into(),
            Type::Float => f64::from(data.f32(at)?).into(),
            Type::Double => data.f64(at)?.into(),
            Type::Long8 | Type::Ifd8 | Type::Complex => data.u64(at)?.into(),
            Type::SignedLong8 => data.i64(at)?.into(),
            Type::Rational => {
                Value::Rational { numerator: data.u32(at)?.into(), denominator: data.u32(at + 4)?.into() }
            }
            Type::SignedRational => {
                Value::Rational { numerator: data.i32(at)?.into(), denominator: data.i32(at + 4)?.into() }
            }
        })
    }

    /// The whole number at `index`, for types of whole numbers.
    pub(super) fn whole(&self, index: usize) -> Option<i64> {
        match self.item(index).filter(|_| self.kind.is_whole())? {
            Value::Unsigned(n) => i64::try_from(n).ok(),
            Value::Signed(n) => Some(n),
            _ => None,
        }
    }

    /// The bytes that count: text ends at its first NUL.
    pub(super) fn chars(&self) -> &'a [u8] {
        match self.kind {
            Type::Ascii => until_nul(self.bytes),
            _ => self.bytes,
        }
    }

    /// The value's bytes as ExifTool holds them: those recorded, or the text of numbers.
    pub(super) fn octets(&self) -> Cow<'a, [u8]> {
        match self.kind.is_bytes() {
            true => self.chars().into(),
            false => self.text().into_bytes().into(),
        }
    }

    /// The value as a number, as Perl takes any text; `inf` is infinite.
    pub(super) fn as_number(&self) -> f64 {
        match self.text().as_str() {
            "inf" => f64::INFINITY,
            text => print::number_prefix(text),
        }
    }

    /// The value as ExifTool holds it: text, or numbers joined by spaces.
    pub(super) fn text(&self) -> String {
        if self.kind.is_bytes() {
            return utf8(self.chars());
        }
        let mut out = String::with_capacity(self.len() * 4);
        for index in 0..self.len() {
            if index > 0 {
                out.push(' ');
            }
            match self.item(index) {
                Some(Value::Unsigned(n)) => _ = write!(out, "{n}"), // Writing to a String cannot fail.
                Some(item) => out.push_str(&item.plain()),
                None => {}
            }
        }
        out
    }

    /// The value, typed where it is one item.
    pub(super) fn value(&self) -> Value {
        match self.len() {
            1 if !self.kind.is_bytes() => self.item(0).unwrap_or_else(|| Value::Text(String::new())),
            _ => Value::Text(self.text()),
        }
    }

    /// All items as numbers, quotients by zero as text, as ExifTool splits them.
    pub(super) fn words(&self) -> Vec<String> {
        match self.kind.is_bytes() {
            true => self.text().split_ascii_whitespace().map(str::to_owned).collect(),
            false => (0..self.len()).filter_map(|index| self.item(index)).map(|item| item.plain()).collect(),
        }
    }
}

/// What is shown for one tag.
#[derive(Debug)]
pub(super) struct Shown {
    pub(super) raw: Value,
    pub(super) printed: Option<Value>,
}

impl Shown {
    /// A value that prints as it is.
    pub(super) fn plain(raw: impl Into<Value>) -> Self {
        Self { raw: raw.into(), printed: None }
    }

    /// A value and its printed form.
    pub(super) fn both(raw: impl Into<Value>, printed: impl Into<String>) -> Self {
        Self { raw: raw.into(), printed: Some(Value::Text(printed.into())) }
    }
}
