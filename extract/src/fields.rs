//! Blocks of fixed layout as tables: a number at a place, its name and how it prints.
//!
//! Called by readers whose headers are plain structures (PNG chunks, ID3v1, LAME).

use crate::{Name, Record, Value, bytes::Bytes};

/// What stands at a field's place.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    U8,
    U16,
    U32,
    /// Several numbers, shown with a space between.
    U16s(usize),
    U32s(usize),
    /// UTF-8 up to a NUL or the end of the block.
    Text,
}

/// How a number prints; the raw value stays the number.
#[derive(Debug, Clone, Copy)]
pub enum Print {
    Plain,
    /// A name for each known number, `Unknown (N)` for others.
    Names(&'static [(u64, &'static str)]),
    With(fn(u64) -> String),
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

    pub const fn printed(at: usize, name: &'static str, kind: Kind, print: fn(u64) -> String) -> Self {
        Self { at, name, kind, print: Print::With(print) }
    }
}

/// Puts every field that `block` is long enough for.
pub fn put(record: &mut Record, group: &Name, fields: &'static [Field], block: Bytes<'_>) {
    for field in fields {
        match value(field, block) {
            Some(Value::Unsigned(n)) => number(record, group.clone(), field.name, n, field.print),
            Some(value) => record.put(group.clone(), field.name, value),
            None => {}
        }
    }
}

/// Puts a number with its printed form.
pub fn number(record: &mut Record, group: impl Into<Name>, name: &'static str, n: u64, print: Print) {
    match print {
        Print::Plain => record.put(group, name, n),
        Print::Names(names) => record.put_printed(group, name, n, lookup(names, n)),
        Print::With(print) => record.put_printed(group, name, n, print(n)),
    }
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
