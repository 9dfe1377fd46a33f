//! A record that stays bytes on its way from a worker into the store.

use metaextract::{Name, Reason, Record, Tag, Value};

use super::{DEPTH, DecodeError, Inline, Input, VERSION, WriteName, decode, encode, kind, kind_of};

/// The bytes of a record with its names in place, known to be one. Taking a record apart and putting it together again
/// costs more than reading a small file, and most are only kept.
#[derive(Debug, Clone, PartialEq)]
pub struct Encoded {
    bytes: Vec<u8>,
    stopped: Option<Reason>,
    has_tags: bool,
}

impl Encoded {
    /// Takes bytes as if an enemy wrote them: exactly those that [`decode`] takes.
    pub fn new(bytes: Vec<u8>) -> Result<Self, DecodeError> {
        let mut walk = Walk { input: Input::new(&bytes), seen: |_: Seen<'_>| () };
        let (stopped, has_tags) = walk.record()?;
        Ok(Self { bytes, stopped, has_tags })
    }

    /// The format's name.
    pub fn format(&self) -> Result<&str, DecodeError> {
        let mut input = Input::new(&self.bytes);
        input.byte()?;
        input.text()
    }

    /// The reason of a partial record.
    pub fn stopped(&self) -> Option<&Reason> {
        self.stopped.as_ref()
    }

    /// Whether it holds any tag.
    pub fn has_tags(&self) -> bool {
        self.has_tags
    }

    /// The record itself.
    pub fn decode(&self) -> Result<Record, DecodeError> {
        decode(&self.bytes, &mut Inline)
    }

    /// Appends the same record to `out`, its names written by `names`.
    pub(crate) fn write(&self, names: &mut impl WriteName, out: &mut Vec<u8>) -> Result<(), DecodeError> {
        // What is between two names is the same in both.
        let len = self.bytes.len();
        let mut copied = 0;
        let seen = |seen: Seen<'_>| {
            out.extend_from_slice(self.bytes.get(copied..len - seen.before).unwrap_or_default());
            names.write_name(seen.name, out);
            copied = len - seen.after;
        };
        Walk { input: Input::new(&self.bytes), seen }.record()?;
        out.extend_from_slice(self.bytes.get(copied..).unwrap_or_default());
        Ok(())
    }
}

impl From<&Record> for Encoded {
    fn from(record: &Record) -> Self {
        let mut bytes = Vec::new();
        encode(record, &mut Inline, &mut bytes);
        Self { bytes, stopped: record.stopped.clone(), has_tags: !record.tags.is_empty() }
    }
}

/// A name, and how many bytes are left before and after it.
struct Seen<'a> {
    before: usize,
    name: &'a str,
    after: usize,
}

/// Goes through a record as [`decode`] does, with the same bounds, and makes nothing of it; each name is shown.
struct Walk<'a, F> {
    input: Input<'a>,
    seen: F,
}

impl<'a, F: FnMut(Seen<'a>)> Walk<'a, F> {
    /// Why the record stopped, and whether it has tags.
    fn record(&mut self) -> Result<(Option<Reason>, bool), DecodeError> {
        match self.input.byte()? {
            VERSION => {}
            other => return Err(DecodeError::Version(other)),
        }
        self.name()?;
        self.name()?;
        let stopped = match self.input.byte()? {
            0 => None,
            number => Some(Reason { kind: kind_of(number)?, text: self.input.text()?.to_owned() }),
        };
        self.each::<String>(|walk| walk.input.text().map(drop))?;
        let tags = self.each::<Tag>(Self::tag)?;
        match self.input.rest {
            [] => Ok((stopped, tags > 0)),
            _ => Err(DecodeError::Bad("bytes after its end")),
        }
    }

    fn tag(&mut self) -> Result<(), DecodeError> {
        let flags = self.input.byte()?;
        if flags > 3 {
            return Err(DecodeError::Bad("an unknown mark on a tag"));
        }
        self.name()?;
        self.name()?;
        self.value(DEPTH)?;
        if flags & 1 != 0 { self.value(DEPTH) } else { Ok(()) }
    }

    fn value(&mut self, depth: u32) -> Result<(), DecodeError> {
        let deeper = || depth.checked_sub(1).ok_or(DecodeError::Bad("values nested too deep"));
        match self.input.byte()? {
            kind::TEXT | kind::DATE_TIME => self.input.text().map(drop),
            kind::UNSIGNED | kind::SIGNED => self.input.varint().map(drop),
            kind::FLOAT => self.input.array::<8>().map(drop),
            kind::RATIONAL => self.input.varint().and_then(|_| self.input.varint()).map(drop),
            kind::FALSE | kind::TRUE => Ok(()),
            kind::BYTES => self.input.varint().and_then(|_| self.input.array::<16>()).map(drop),
            kind::LIST => {
                let depth = deeper()?;
                self.each::<Value>(|walk| walk.value(depth)).map(drop)
            }
            kind::STRUCT => {
                let depth = deeper()?;
                self.each::<(Name, Value)>(|walk| walk.name().and_then(|()| walk.value(depth))).map(drop)
            }
            _ => Err(DecodeError::Bad("a value of unknown kind")),
        }
    }

    fn name(&mut self) -> Result<(), DecodeError> {
        let before = self.input.rest.len();
        let name = self.input.text()?;
        (self.seen)(Seen { before, name, after: self.input.rest.len() });
        Ok(())
    }

    /// Items that would be as many `T`; gives how many.
    fn each<T>(&mut self, item: impl Fn(&mut Self) -> Result<(), DecodeError>) -> Result<u64, DecodeError> {
        let count = self.input.count()?;
        for _ in 0..count {
            self.input.take_room::<T>()?;
            item(self)?;
        }
        Ok(count)
    }
}
