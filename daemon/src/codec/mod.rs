//! A record as bytes and back: one layout for the worker's replies and for the store.
//!
//! The two differ only in how names are written: [`Inline`] text on the wire, interned numbers in the store.
//! Decoding takes the bytes as if an enemy wrote them: depth, counts and lengths are checked against what is there, and
//! memory grows with the bytes that came, never by what they claim.

mod encoded;

use metaextract::{Name, Reason, ReasonKind, Record, Tag, Value, record::Rank};

pub use encoded::Encoded;

/// First byte of every encoded record; another layout gets another number.
const VERSION: u8 = 1;
/// Values nested deeper are written as their plain text, and refused when read.
const DEPTH: u32 = 128;

/// Items of a list for which memory is reserved before they are read.
const RESERVED: u64 = 64;

/// How a name (of a format, media type, group, tag or structure's field) is written.
pub trait WriteName {
    fn write_name(&mut self, name: &str, out: &mut Vec<u8>);
}

/// How a name is read; the inverse of [`WriteName`].
pub trait ReadName {
    fn read_name(&mut self, input: &mut Input<'_>) -> Result<Name, DecodeError>;
}

/// Names as text in place.
#[derive(Debug, Clone, Copy)]
pub struct Inline;

impl WriteName for Inline {
    fn write_name(&mut self, name: &str, out: &mut Vec<u8>) {
        write_text(name, out);
    }
}

impl ReadName for Inline {
    fn read_name(&mut self, input: &mut Input<'_>) -> Result<Name, DecodeError> {
        Ok(input.text()?.to_owned().into())
    }
}

/// Why bytes are not a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    #[error("the record's layout {0} is unknown")]
    Version(u8),
    #[error("the record ends too early")]
    Short,
    #[error("the record holds {0}")]
    Bad(&'static str),
}

/// Appends `record` to `out`.
pub fn encode(record: &Record, names: &mut impl WriteName, out: &mut Vec<u8>) {
    out.push(VERSION);
    names.write_name(&record.format, out);
    names.write_name(&record.mime, out);
    match &record.stopped {
        None => out.push(0),
        Some(reason) => {
            out.push(number_of(reason.kind));
            write_text(&reason.text, out);
        }
    }
    write_varint(record.warnings.len() as u64, out);
    record.warnings.iter().for_each(|warning| write_text(warning, out));
    write_varint(record.tags.len() as u64, out);
    for tag in &record.tags {
        out.push(u8::from(tag.printed.is_some()) | u8::from(tag.rank == Rank::Duplicate) << 1);
        names.write_name(&tag.group, out);
        names.write_name(&tag.name, out);
        write_value(&tag.raw, DEPTH, names, out);
        tag.printed.iter().for_each(|printed| write_value(printed, DEPTH, names, out));
    }
}

/// Reads a record that fills `bytes` to its end.
pub fn decode(bytes: &[u8], names: &mut impl ReadName) -> Result<Record, DecodeError> {
    let mut input = Input::new(bytes);
    let record = read_record(&mut input, names)?;
    match input.rest {
        [] => Ok(record),
        _ => Err(DecodeError::Bad("bytes after its end")),
    }
}

fn read_record(input: &mut Input<'_>, names: &mut impl ReadName) -> Result<Record, DecodeError> {
    match input.byte()? {
        VERSION => {}
        other => return Err(DecodeError::Version(other)),
    }
    let format = names.read_name(input)?;
    let mime = names.read_name(input)?;
    let stopped = match input.byte()? {
        0 => None,
        number => Some(Reason { kind: kind_of(number)?, text: input.text()?.to_owned() }),
    };
    let warnings = input.many(|input| Ok(input.text()?.to_owned()))?;
    let tags = input.many(|input| read_tag(input, names))?;
    Ok(Record::from_parts(format, mime, tags, warnings, stopped))
}

fn read_tag(input: &mut Input<'_>, names: &mut impl ReadName) -> Result<Tag, DecodeError> {
    let flags = input.byte()?;
    if flags > 3 {
        return Err(DecodeError::Bad("an unknown mark on a tag"));
    }
    let group = names.read_name(input)?;
    let name = names.read_name(input)?;
    let raw = read_value(input, DEPTH, names)?;
    let printed = if flags & 1 != 0 { Some(read_value(input, DEPTH, names)?) } else { None };
    let rank = if flags & 2 != 0 { Rank::Duplicate } else { Rank::First };
    Ok(Tag { group, name, raw, printed, rank })
}

mod kind {
    pub(super) const TEXT: u8 = 0;
    pub(super) const UNSIGNED: u8 = 1;
    pub(super) const SIGNED: u8 = 2;
    pub(super) const FLOAT: u8 = 3;
    pub(super) const RATIONAL: u8 = 4;
    pub(super) const DATE_TIME: u8 = 5;
    pub(super) const FALSE: u8 = 6;
    pub(super) const TRUE: u8 = 7;
    pub(super) const BYTES: u8 = 8;
    pub(super) const LIST: u8 = 9;
    pub(super) const STRUCT: u8 = 10;
}

fn write_value(value: &Value, depth: u32, names: &mut impl WriteName, out: &mut Vec<u8>) {
    match value {
        Value::Text(text) => {
            out.push(kind::TEXT);
            write_text(text, out);
        }
        Value::DateTime(text) => {
            out.push(kind::DATE_TIME);
            write_text(text, out);
        }
        Value::Unsigned(n) => {
            out.push(kind::UNSIGNED);
            write_varint(*n, out);
        }
        Value::Signed(n) => {
            out.push(kind::SIGNED);
            write_signed(*n, out);
        }
        Value::Float(n) => {
            out.push(kind::FLOAT);
            out.extend_from_slice(&n.to_bits().to_le_bytes());
        }
        Value::Rational { numerator, denominator } => {
            out.push(kind::RATIONAL);
            write_signed(*numerator, out);
            write_signed(*denominator, out);
        }
        Value::Boolean(b) => out.push(if *b { kind::TRUE } else { kind::FALSE }),
        Value::Bytes { len, digest } => {
            out.push(kind::BYTES);
            write_varint(*len, out);
            out.extend_from_slice(digest);
        }
        Value::List(_) | Value::Struct(_) if depth == 0 => {
            out.push(kind::TEXT);
            write_text(&value.plain(), out);
        }
        Value::List(items) => {
            out.push(kind::LIST);
            write_varint(items.len() as u64, out);
            items.iter().for_each(|item| write_value(item, depth - 1, names, out));
        }
        Value::Struct(fields) => {
            out.push(kind::STRUCT);
            write_varint(fields.len() as u64, out);
            for (name, field) in fields {
                names.write_name(name, out);
                write_value(field, depth - 1, names, out);
            }
        }
    }
}

fn read_value(input: &mut Input<'_>, depth: u32, names: &mut impl ReadName) -> Result<Value, DecodeError> {
    let deeper = || depth.checked_sub(1).ok_or(DecodeError::Bad("values nested too deep"));
    Ok(match input.byte()? {
        kind::TEXT => Value::Text(input.text()?.to_owned()),
        kind::DATE_TIME => Value::DateTime(input.text()?.to_owned()),
        kind::UNSIGNED => Value::Unsigned(input.varint()?),
        kind::SIGNED => Value::Signed(input.signed()?),
        kind::FLOAT => Value::Float(f64::from_bits(u64::from_le_bytes(input.array()?))),
        kind::RATIONAL => Value::Rational { numerator: input.signed()?, denominator: input.signed()? },
        kind::FALSE => Value::Boolean(false),
        kind::TRUE => Value::Boolean(true),
        kind::BYTES => Value::Bytes { len: input.varint()?, digest: input.array()? },
        kind::LIST => {
            let depth = deeper()?;
            Value::List(input.many(|input| read_value(input, depth, names))?)
        }
        kind::STRUCT => {
            let depth = deeper()?;
            Value::Struct(input.many(|input| Ok((names.read_name(input)?, read_value(input, depth, names)?)))?)
        }
        _ => return Err(DecodeError::Bad("a value of unknown kind")),
    })
}

fn number_of(kind: ReasonKind) -> u8 {
    ReasonKind::ALL.iter().position(|&k| k == kind).map_or(1, |index| index as u8 + 1)
}

fn kind_of(number: u8) -> Result<ReasonKind, DecodeError> {
    let index = usize::from(number).wrapping_sub(1);
    ReasonKind::ALL.get(index).copied().ok_or(DecodeError::Bad("an unknown reason"))
}

/// LEB128.
pub fn write_varint(mut n: u64, out: &mut Vec<u8>) {
    while n >= 0x80 {
        out.push(n as u8 | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
}

/// Zigzag, so that small negative numbers are short too.
pub fn write_signed(n: i64, out: &mut Vec<u8>) {
    write_varint((n << 1 ^ n >> 63) as u64, out);
}

/// Length and bytes.
pub fn write_text(text: &str, out: &mut Vec<u8>) {
    write_varint(text.len() as u64, out);
    out.extend_from_slice(text.as_bytes());
}

/// Bytes to be decoded, from the front.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    rest: &'a [u8],
    /// Bytes that decoded lists may still take: small items are larger in memory than here.
    room: usize,
}

impl<'a> Input<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, room: bytes.len().saturating_mul(16).saturating_add(16 << 20) }
    }

    /// What is not decoded yet.
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    pub fn byte(&mut self) -> Result<u8, DecodeError> {
        Ok(self.array::<1>()?[0])
    }

    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let (array, rest) = self.rest.split_first_chunk().ok_or(DecodeError::Short)?;
        self.rest = rest;
        Ok(*array)
    }

    pub fn varint(&mut self) -> Result<u64, DecodeError> {
        let mut n = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if bits << shift >> shift != bits {
                break;
            }
            n |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(n);
            }
        }
        Err(DecodeError::Bad("a number above 64 bits"))
    }

    pub fn signed(&mut self) -> Result<i64, DecodeError> {
        let n = self.varint()?;
        Ok((n >> 1) as i64 ^ -((n & 1) as i64))
    }

    /// Bytes preceded by their length.
    pub fn bytes(&mut self) -> Result<&'a [u8], DecodeError> {
        let len = usize::try_from(self.varint()?).map_err(|_| DecodeError::Short)?;
        let (bytes, rest) = self.rest.split_at_checked(len).ok_or(DecodeError::Short)?;
        self.rest = rest;
        Ok(bytes)
    }

    pub fn text(&mut self) -> Result<&'a str, DecodeError> {
        std::str::from_utf8(self.bytes()?).map_err(|_| DecodeError::Bad("text that is not UTF-8"))
    }

    /// Items preceded by their count.
    fn many<T>(&mut self, mut item: impl FnMut(&mut Self) -> Result<T, DecodeError>) -> Result<Vec<T>, DecodeError> {
        let count = self.count()?;
        // Of what is only claimed, memory is reserved for a few.
        let mut items = Vec::with_capacity(count.min(RESERVED) as usize);
        for _ in 0..count {
            self.take_room::<T>()?;
            items.push(item(self)?);
        }
        Ok(items)
    }

    /// How many items follow. Each takes a byte or more, so the count cannot exceed the bytes that are left.
    fn count(&mut self) -> Result<u64, DecodeError> {
        let count = self.varint()?;
        if count > self.rest.len() as u64 { Err(DecodeError::Short) } else { Ok(count) }
    }

    /// Takes room for a decoded item of a list.
    fn take_room<T>(&mut self) -> Result<(), DecodeError> {
        self.room = self.room.checked_sub(size_of::<T>()).ok_or(DecodeError::Bad("too many items"))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, option, prelude::*};

    use super::*;

    fn name() -> impl Strategy<Value = Name> {
        "\\PC{0,8}".prop_map(Name::from)
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            ".{0,12}".prop_map(Value::Text),
            ".{0,12}".prop_map(Value::DateTime),
            any::<u64>().prop_map(Value::Unsigned),
            any::<i64>().prop_map(Value::Signed),
            any::<f64>().prop_map(Value::Float),
            any::<(i64, i64)>().prop_map(|(numerator, denominator)| Value::Rational { numerator, denominator }),
            any::<bool>().prop_map(Value::Boolean),
            any::<(u64, [u8; 16])>().prop_map(|(len, digest)| Value::Bytes { len, digest }),
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                vec(inner.clone(), 0..4).prop_map(Value::List),
                vec((name(), inner), 0..4).prop_map(Value::Struct)
            ]
        })
    }

    fn tag() -> impl Strategy<Value = Tag> {
        (name(), name(), value(), option::of(value()), any::<bool>()).prop_map(|(group, name, raw, printed, first)| {
            let rank = if first { Rank::First } else { Rank::Duplicate };
            Tag { group, name, raw, printed, rank }
        })
    }

    fn record() -> impl Strategy<Value = Record> {
        let reason =
            (proptest::sample::select(&ReasonKind::ALL), ".{0,12}").prop_map(|(kind, text)| Reason { kind, text });
        (name(), name(), vec(tag(), 0..6), vec(".{0,12}", 0..3), option::of(reason)).prop_map(
            |(format, mime, tags, warnings, stopped)| Record::from_parts(format, mime, tags, warnings, stopped),
        )
    }

    fn bytes_of(record: &Record) -> Vec<u8> {
        let mut bytes = Vec::new();
        encode(record, &mut Inline, &mut bytes);
        bytes
    }

    /// What takes bytes without decoding them says the same of them as what decodes them.
    fn decoded(bytes: &[u8]) -> Result<Record, DecodeError> {
        let decoded = decode(bytes, &mut Inline);
        match (Encoded::new(bytes.to_vec()), &decoded) {
            (Ok(encoded), Ok(record)) => {
                let again = Encoded::from(record);
                assert_eq!(bytes_of(&encoded.decode().unwrap()), bytes_of(record));
                assert_eq!((encoded.stopped(), encoded.has_tags()), (again.stopped(), again.has_tags()));
                assert_eq!(encoded.format().unwrap(), &*record.format);
            }
            (encoded, decoded) => assert_eq!(encoded.err(), decoded.clone().err()),
        }
        decoded
    }

    /// Names as text with a mark before it.
    struct Marked;

    impl WriteName for Marked {
        fn write_name(&mut self, name: &str, out: &mut Vec<u8>) {
            write_text(&format!("!{name}"), out);
        }
    }

    proptest! {
        #[test]
        fn what_is_written_reads_the_same(record in record()) {
            let bytes = bytes_of(&record);
            let read = decoded(&bytes).unwrap();
            prop_assert_eq!(bytes_of(&read), bytes);
        }

        #[test]
        fn other_names_are_written_as_if_it_were_decoded(record in record()) {
            let (mut direct, mut copied) = (Vec::new(), Vec::new());
            encode(&record, &mut Marked, &mut direct);
            Encoded::new(bytes_of(&record)).unwrap().write(&mut Marked, &mut copied).unwrap();
            prop_assert_eq!(direct, copied);
        }

        #[test]
        fn every_cut_is_refused(record in record()) {
            let bytes = bytes_of(&record);
            for len in 0..bytes.len() {
                prop_assert!(decoded(&bytes[..len]).is_err());
            }
        }

        #[test]
        fn a_changed_byte_never_panics(record in record(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
            let mut bytes = bytes_of(&record);
            let at = at.index(bytes.len());
            bytes[at] = byte;
            _ = decoded(&bytes);
        }

        #[test]
        fn garbage_never_panics(mut bytes in vec(any::<u8>(), 1..200)) {
            bytes[0] = VERSION;
            _ = decoded(&bytes);
        }
    }

    #[test]
    fn nesting_is_bounded_on_both_sides() {
        let deep = (0..500).fold(Value::from(1_u8), |inner, _| Value::List(vec![inner]));
        let tag = Tag { group: "G".into(), name: "N".into(), raw: deep, printed: None, rank: Rank::First };
        let record = Record::from_parts("".into(), "".into(), vec![tag], vec![], None);
        assert!(decoded(&bytes_of(&record)).is_ok());

        let mut bytes = vec![VERSION, 0, 0, 0, 0, 1, 0, 0, 0];
        bytes.extend([kind::LIST, 1].repeat(100_000));
        assert_eq!(decoded(&bytes), Err(DecodeError::Bad("values nested too deep")));
    }

    #[test]
    fn claimed_counts_reserve_nothing() {
        let mut bytes = vec![VERSION, 0, 0, 0, 0];
        write_varint(u64::MAX, &mut bytes);
        assert_eq!(decoded(&bytes), Err(DecodeError::Short));
    }

    #[test]
    fn many_small_items_are_bounded() {
        let mut bytes = vec![VERSION, 0, 0, 0, 0, 1, 0, 0, 0, kind::LIST];
        write_varint(2 << 20, &mut bytes);
        bytes.resize(bytes.len() + (2 << 20), kind::TRUE);
        assert_eq!(decoded(&bytes), Err(DecodeError::Bad("too many items")));
    }
}
