//! What a reader gives: tags in file order with ExifTool's groups, names, raw and printed values.

use std::{borrow::Cow, collections::HashMap};

use crate::{Error, Limits, Reason, print};

/// A group or tag name: static where a table has it, owned where a file does.
pub type Name = Cow<'static, str>;

/// A typed value. Its plain text ([`Value::plain`]) agrees with `exiftool -n`.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Text(String),
    Unsigned(u64),
    Signed(i64),
    Float(f64),
    /// Kept as recorded; a zero denominator reads `inf`, 0/0 `undef`.
    Rational {
        numerator: i64,
        denominator: i64,
    },
    /// A date, a time or both, in ExifTool's form (`2024:05:17 10:00:00.5+02:00`), the zone only where recorded.
    DateTime(String),
    Boolean(bool),
    /// A binary value by its length in bytes and its digest (BLAKE3, first 128 bits).
    Bytes {
        len: u64,
        digest: [u8; 16],
    },
    List(Vec<Value>),
    Struct(Vec<(Name, Value)>),
}

impl Value {
    /// A binary value, of which only length and digest are kept.
    pub fn bytes(data: &[u8]) -> Self {
        let mut digest = [0; 16];
        digest.copy_from_slice(&blake3::hash(data).as_bytes()[..16]);
        Self::Bytes { len: data.len() as u64, digest }
    }

    /// A binary value that is not read, only known by its length; the digest is zero.
    pub fn bytes_unread(len: u64) -> Self {
        Self::Bytes { len, digest: [0; 16] }
    }

    /// The text of a scalar as `exiftool -n` prints it; lists joined by `, `; structures as `{name=value,…}`.
    pub fn plain(&self) -> String {
        match self {
            Self::Text(text) | Self::DateTime(text) => text.clone(),
            Self::Unsigned(n) => n.to_string(),
            Self::Signed(n) => n.to_string(),
            Self::Float(n) => print::float(*n),
            Self::Rational { numerator, denominator } => print::rational(*numerator, *denominator),
            Self::Boolean(b) => b.to_string(),
            Self::Bytes { len, .. } => format!("(Binary data {len} bytes, use -b option to extract)"),
            Self::List(items) => items.iter().map(Self::plain).collect::<Vec<_>>().join(", "),
            Self::Struct(fields) => {
                let fields: Vec<_> = fields.iter().map(|(name, value)| format!("{name}={}", value.plain())).collect();
                format!("{{{}}}", fields.join(","))
            }
        }
    }

    /// Bytes this value weighs against [`Limits::record`].
    fn weight(&self) -> u64 {
        match self {
            Self::Text(text) | Self::DateTime(text) => text.len() as u64 + 8,
            Self::List(items) => items.iter().map(Self::weight).sum::<u64>() + 8,
            Self::Struct(fields) => {
                fields.iter().map(|(name, value)| name.len() as u64 + value.weight()).sum::<u64>() + 8
            }
            _ => 24,
        }
    }
}

macro_rules! value_from {
    ($($from:ty => $variant:ident as $as:ty),* $(,)?) => {$(
        impl From<$from> for Value {
            fn from(value: $from) -> Self {
                Self::$variant(<$as>::from(value))
            }
        }
    )*};
}
value_from!(u8 => Unsigned as u64, u16 => Unsigned as u64, u32 => Unsigned as u64, u64 => Unsigned as u64,
    i8 => Signed as i64, i16 => Signed as i64, i32 => Signed as i64, i64 => Signed as i64,
    f64 => Float as f64, bool => Boolean as bool, String => Text as String, &str => Text as String);

/// Which of several tags of one group and name is meant when only one is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rank {
    /// The one ExifTool shows without `-a`.
    First,
    /// Another value of the same group and name.
    Duplicate,
}

/// One metadata item.
#[derive(Debug, Clone, PartialEq)]
pub struct Tag {
    /// ExifTool's family 1 group, such as `ExifIFD`.
    pub group: Name,
    /// ExifTool's tag name, such as `ExposureTime`.
    pub name: Name,
    pub raw: Value,
    /// ExifTool's default output, only where it differs from the plain form of `raw`. Leaves are `Text`; lists and
    /// structures have the shape of `raw`.
    pub printed: Option<Value>,
    pub rank: Rank,
}

impl Tag {
    /// What default output shows.
    pub fn printed(&self) -> &Value {
        self.printed.as_ref().unwrap_or(&self.raw)
    }

    /// `Group:Name`.
    pub fn key(&self) -> String {
        format!("{}:{}", self.group, self.name)
    }
}

/// ExifTool's priority of a tag: among equal names the last of the highest priority ranks first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Priority(pub u8);

impl Priority {
    /// Never replaces a tag found earlier (thumbnail directories, for instance).
    pub const LOW: Self = Self(0);
    pub const NORMAL: Self = Self(1);
}

/// The metadata of one file.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// The reader's name ([`crate::Format::name`]); empty when no reader knows the file.
    pub format: Name,
    /// The media type by shared-mime-info's name.
    pub mime: Name,
    /// In file order.
    pub tags: Vec<Tag>,
    /// What was odd but did not stop the reader; ExifTool's wording where it has one.
    pub warnings: Vec<String>,
    /// Why the record is partial; `None` when the file was read to its end.
    pub stopped: Option<Reason>,
    /// By tag, until [`Record::finish`].
    priorities: Vec<Priority>,
    /// While reading: weight still free. Not compared, not stored.
    room: u64,
    /// While reading: blocks inside blocks that may still be entered.
    depth_left: u32,
    /// While reading: there are maker notes, which no reader here understands yet. Tags that would depend on them are
    /// left out.
    pub(crate) has_maker_notes: bool,
}

impl Record {
    /// An empty record that may grow to `limits.record` bytes.
    pub fn new(limits: &Limits) -> Self {
        Self {
            format: Name::default(),
            mime: Name::default(),
            tags: Vec::new(),
            warnings: Vec::new(),
            stopped: None,
            priorities: Vec::new(),
            room: limits.record,
            depth_left: limits.depth.min(16),
            has_maker_notes: false,
        }
    }

    /// A finished record from stored parts.
    pub fn from_parts(
        format: Name,
        mime: Name,
        tags: Vec<Tag>,
        warnings: Vec<String>,
        stopped: Option<Reason>,
    ) -> Self {
        Self {
            format,
            mime,
            tags,
            warnings,
            stopped,
            priorities: Vec::new(),
            room: 0,
            depth_left: 0,
            has_maker_notes: false,
        }
    }

    /// Adds a tag whose printed form is the plain form of `raw`.
    pub fn put(&mut self, group: impl Into<Name>, name: impl Into<Name>, raw: impl Into<Value>) {
        self.put_tag(group.into(), name.into(), raw.into(), None, Priority::NORMAL);
    }

    /// Adds a tag with ExifTool's printed form beside its raw value.
    pub fn put_printed(
        &mut self,
        group: impl Into<Name>,
        name: impl Into<Name>,
        raw: impl Into<Value>,
        printed: impl Into<Value>,
    ) {
        self.put_tag(group.into(), name.into(), raw.into(), Some(printed.into()), Priority::NORMAL);
    }

    /// The general form. A `printed` that says the same as `raw` is dropped. Beyond the record's limit tags are left
    /// out and `stopped` says so.
    pub fn put_tag(&mut self, group: Name, name: Name, raw: Value, printed: Option<Value>, priority: Priority) {
        let printed = printed.filter(|printed| !says_the_same(printed, &raw));
        let weight = raw.weight() + printed.as_ref().map_or(0, Value::weight) + (group.len() + name.len()) as u64;
        if weight > self.room {
            self.room = 0;
            self.stop(&Error::Limit { what: "the size of one record" });
            return;
        }
        self.room -= weight;
        self.tags.push(Tag { group, name, raw, printed, rank: Rank::First });
        self.priorities.push(priority);
    }

    /// Reads a block that may hold itself again, unless too many are nested already.
    pub(crate) fn nested(&mut self, read: impl FnOnce(&mut Self)) {
        let Some(left) = self.depth_left.checked_sub(1) else {
            self.warn("blocks inside blocks are nested too deep");
            return;
        };
        self.depth_left = left;
        read(self);
        self.depth_left = left + 1;
    }

    /// Whether the record's limit is used up; loops over many small items end here.
    pub fn is_full(&self) -> bool {
        self.room == 0
    }

    /// The first tag of this group and name so far.
    pub fn find(&self, group: &str, name: &str) -> Option<&Tag> {
        self.tags.iter().find(|tag| tag.group == group && tag.name == name)
    }

    /// The tag of this group and name so far, to be replaced in place.
    pub fn find_mut(&mut self, group: &str, name: &str) -> Option<&mut Tag> {
        self.tags.iter_mut().find(|tag| tag.group == group && tag.name == name)
    }

    /// Sets `File:FileType`, `File:FileTypeExtension` and `File:MIMEType` as ExifTool names them: at detection, and
    /// again by a reader that learns better.
    pub fn set_file_type(&mut self, file_type: &str, extension: &str, mime: &str) {
        self.replace("FileType", Value::from(file_type), None);
        let lower = Value::from(extension.to_ascii_lowercase());
        self.replace("FileTypeExtension", Value::from(extension.to_ascii_uppercase()), Some(lower));
        self.replace("MIMEType", Value::from(mime), None);
    }

    fn replace(&mut self, name: &'static str, raw: Value, printed: Option<Value>) {
        match self.find_mut("File", name) {
            Some(tag) => {
                tag.printed = printed.filter(|printed| !says_the_same(printed, &raw));
                tag.raw = raw;
            }
            None => self.put_tag("File".into(), name.into(), raw, printed, Priority::NORMAL),
        }
    }

    /// Notes something odd that does not stop the reader. At most 64 are kept.
    pub fn warn(&mut self, text: impl Into<String>) {
        if self.warnings.len() < 64 {
            self.warnings.push(text.into());
        }
    }

    /// Records why reading ends here; the first reason stays.
    pub fn stop(&mut self, error: &Error) {
        if self.stopped.is_none() {
            self.stopped = Some(Reason::from(error));
        }
    }

    /// By name, the place in `tags` of the one that ranks first whatever its group. Only before [`Record::finish`].
    pub(crate) fn winners(&self) -> HashMap<&str, usize> {
        let mut winners: HashMap<&str, usize> = HashMap::with_capacity(self.tags.len());
        for (index, tag) in self.tags.iter().enumerate() {
            let best = winners.entry(&tag.name).or_insert(index);
            if self.priorities[index] >= self.priorities[*best] && self.priorities[index] > Priority::LOW {
                *best = index;
            }
        }
        winners
    }

    /// Marks duplicates by ExifTool's ranking; called once, after the last tag.
    ///
    /// Among all tags of one name the last of the highest priority wins; a group without the winner shows its first.
    pub fn finish(&mut self) {
        let winners = self.winners();
        let mut first: HashMap<(&str, &str), usize> = HashMap::with_capacity(self.tags.len());
        for (index, tag) in self.tags.iter().enumerate() {
            let winner = winners[&*tag.name];
            let shown = if self.tags[winner].group == tag.group { winner } else { index };
            first.entry((&tag.group, &tag.name)).or_insert(shown);
        }
        let ranks: Vec<Rank> = (self.tags.iter().enumerate())
            .map(|(index, tag)| match first[&(&*tag.group, &*tag.name)] == index {
                true => Rank::First,
                false => Rank::Duplicate,
            })
            .collect();
        self.tags.iter_mut().zip(ranks).for_each(|(tag, rank)| tag.rank = rank);
        self.priorities = Vec::new();
        self.room = 0;
        self.depth_left = 0;
        self.has_maker_notes = false;
    }
}

fn says_the_same(printed: &Value, raw: &Value) -> bool {
    match (printed, raw) {
        (Value::List(_) | Value::Struct(_), _) => printed == raw,
        (_, Value::List(_) | Value::Struct(_)) => false,
        _ => printed.plain() == raw.plain(),
    }
}
