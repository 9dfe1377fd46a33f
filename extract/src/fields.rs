//! Blocks of fixed layout as tables: a number at a place, its name and how it prints.
//!
//! Called by readers whose headers are plain structures (PNG chunks, ID3v1, LAME).

use crate::{Name, Priority, Record, Value, bytes::Bytes};

/// What stands at a field's place.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    U8,
    U16,
    U32,
    U64,
    I8,
    I16,
    I32,
    F32,
    F64,
    /// Kelvin, shown in degrees Celsius.
    Kelvin,
    /// Several numbers, shown with a space between.
    U8s(usize),
    U16s(usize),
    U32s(usize),
    F32s(usize),
    /// UTF-8 up to a NUL or the end of the block.
    Text,
    /// UTF-8 up to a NUL in a place of so many bytes.
    TextIn(usize),
}

/// How a number prints; the raw value stays the number.
#[derive(Debug, Clone, Copy)]
pub enum Print {
    Plain,
    /// A name for each known number, `Unknown (N)` for others.
    Names(&'static [(u64, &'static str)]),
    With(fn(u64) -> String),
    /// So many decimals, and a unit with the space before it.
    Decimals(usize, &'static str),
    /// A share of one, shown in percent with one decimal.
    Percent,
    /// A whole number with its sign.
    Signed,
    /// So many significant digits.
    Digits(usize),
    /// A meaning for each known text.
    Words(&'static [(&'static str, &'static str)]),
}

/// One field of a block.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    pub at: usize,
    pub name: &'static str,
    pub kind: Kind,
    pub print: Print,
}

impl Field {
    pub const fn new(at: usize, name: &'static str, kind: Kind) -> Self {
        Self { at, name, kind, print: Print::Plain }
    }

    pub const fn named(at: usize, name: &'static str, kind: Kind, names: &'static [(u64, &'static str)]) -> Self {
        Self { at, name, kind, print: Print::Names(names) }
    }

    pub const fn decimals(at: usize, name: &'static str, kind: Kind, decimals: usize, unit: &'static str) -> Self {
        Self { at, name, kind, print: Print::Decimals(decimals, unit) }
    }

    pub const fn printed(at: usize, name: &'static str, kind: Kind, print: fn(u64) -> String) -> Self {
        Self { at, name, kind, print: Print::With(print) }
    }
}

/// Puts every field that `block` is long enough for.
pub fn put(record: &mut Record, group: &Name, fields: &[Field], block: Bytes<'_>) {
    for field in fields {
        if let Some(value) = value(field, block) {
            one(record, group.clone(), field.name, value, field.print);
        }
    }
}

/// Puts a whole number with its printed form.
pub fn number(record: &mut Record, group: impl Into<Name>, name: &'static str, n: u64, print: Print) {
    one(record, group.into(), name, Value::Unsigned(n), print);
}

fn one(record: &mut Record, group: Name, name: &'static str, value: Value, print: Print) {
    let printed = match (&value, print) {
        (Value::Unsigned(n), Print::Names(names)) => Some(lookup(names, *n)),
        (Value::Unsigned(n), Print::With(print)) => Some(print(*n)),
        (Value::Float(n), Print::Decimals(decimals, unit)) => Some(format!("{n:.decimals$}{unit}")),
        (Value::Signed(n), Print::Signed) => Some(format!("{n:+}")),
        (Value::Float(n), Print::Percent) => Some(format!("{:.1} %", n * 100.0)),
        (Value::Float(n), Print::Digits(digits)) => Some(crate::print::general(*n, digits)),
        (Value::Text(text), Print::Words(words)) => {
            let meaning = words.iter().find(|(word, _)| word == text);
            Some(meaning.map_or_else(|| format!("Unknown ({text})"), |(_, meaning)| (*meaning).to_owned()))
        }
        _ => None,
    };
    record.put_tag(group, name.into(), value, printed.map(Value::Text), Priority::NORMAL);
}

/// The name of a number, or `Unknown (N)`.
pub fn lookup(names: &[(u64, &str)], n: u64) -> String {
    match names.iter().find(|(number, _)| *number == n) {
        Some((_, name)) => (*name).to_owned(),
        None => format!("Unknown ({n})"),
    }
}

fn value(field: &Field, block: Bytes<'_>) -> Option<Value> {
    Some(match field.kind {
        Kind::U8 => Value::from(block.u8(field.at)?),
        Kind::U16 => Value::from(block.u16(field.at)?),
        Kind::U32 => Value::from(block.u32(field.at)?),
        Kind::U64 => Value::from(block.u64(field.at)?),
        Kind::I8 => Value::from(block.i8(field.at)?),
        Kind::I16 => Value::from(block.i16(field.at)?),
        Kind::I32 => Value::from(block.i32(field.at)?),
        Kind::F32 => Value::from(f64::from(block.f32(field.at)?)),
        Kind::F64 => Value::from(block.f64(field.at)?),
        Kind::Kelvin => Value::from(f64::from(block.f32(field.at)?) - 273.15),
        Kind::U8s(count) => joined((0..count).map_while(|i| block.u8(field.at + i)))?,
        Kind::F32s(count) => {
            joined((0..count).map_while(|i| Some(crate::print::float(block.f32(field.at + 4 * i)?.into()))))?
        }
        Kind::TextIn(most) => {
            let rest = block.data.get(field.at..).filter(|rest| !rest.is_empty())?;
            Value::from(crate::bytes::utf8(crate::bytes::until_nul(&rest[..most.min(rest.len())])))
        }
        Kind::U16s(count) => joined((0..count).map_while(|i| block.u16(field.at + 2 * i)))?,
        Kind::U32s(count) => joined((0..count).map_while(|i| block.u32(field.at + 4 * i)))?,
        Kind::Text => Value::from(crate::bytes::utf8(crate::bytes::until_nul(block.data.get(field.at..)?))),
    })
}

/// Numbers with a space between, as ExifTool shows several in one value; `None` when there are none.
pub fn joined<T: ToString>(numbers: impl Iterator<Item = T>) -> Option<Value> {
    let texts: Vec<String> = numbers.map(|n| n.to_string()).collect();
    (!texts.is_empty()).then(|| Value::Text(texts.join(" ")))
}
