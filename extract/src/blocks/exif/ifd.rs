//! The layout of TIFF and BigTIFF: the head of a structure, its directories and their entries (TIFF 6.0, section 2).

use std::borrow::Cow;

use super::entry::Type;
use crate::{
    Error, Source,
    bytes::{Bytes, Order},
};

/// The head of a TIFF structure.
pub(super) struct Head {
    pub(super) order: Order,
    /// BigTIFF: counts and places of eight bytes.
    pub(super) big: bool,
    /// Where the first directory is.
    pub(super) first: u64,
}

impl Head {
    /// Reads it from the beginning of the source.
    pub(super) fn read(source: &mut Source<'_>) -> Result<Self, Error> {
        let bytes = source.head(16)?;
        let order = match bytes.get(..2) {
            Some(b"II") => Order::Little,
            Some(b"MM") => Order::Big,
            _ => return Err(Error::Malformed { at: 0, what: "no TIFF byte order" }),
        };
        let data = Bytes { data: bytes, order };
        let big = data.u16(2) == Some(43) && data.u16(4) == Some(8);
        let first = if big { data.u64(8) } else { data.u32(4).map(u64::from) };
        match first {
            Some(first) if first >= 8 => Ok(Self { order, big, first }),
            _ => Err(Error::Malformed { at: 4, what: "no first TIFF directory" }),
        }
    }

    /// Bytes of an entry.
    pub(super) fn entry_size(&self) -> usize {
        if self.big { 20 } else { 12 }
    }

    /// The directory at `at`; none when its entries are not all there.
    pub(super) fn load(&self, source: &mut Source<'_>, at: u64) -> Result<Option<Loaded>, Error> {
        let (head, pointer) = if self.big { (8, 8) } else { (2, 4) };
        let data = Bytes { data: source.read_up_to(at, head)?, order: self.order };
        let count = if self.big { data.u64(0) } else { data.u16(0).map(u64::from) };
        // More than fit into one piece are in no real file.
        let most = if self.big { 0xc000 } else { 0xffff };
        let Some(count) = count.filter(|&count| count <= most) else { return Ok(None) };
        let len = count as usize * self.entry_size();
        let first = at.saturating_add(head as u64);
        let bytes = source.read_up_to(first, len + pointer)?;
        let Some((entries, rest)) = bytes.split_at_checked(len) else { return Ok(None) };
        let next = self.place(rest, 0).filter(|&next| next != 0);
        let odd = !self.big && matches!(rest.len(), 1 | 3);
        Ok(Some(Loaded { entries: entries.to_vec(), first, end: first + len as u64, next, odd }))
    }

    /// An entry from its bytes, which stand at `at`. An unknown type is an error, by its code.
    pub(super) fn entry(&self, bytes: &[u8], at: u64) -> Result<Entry, u16> {
        let data = Bytes { data: bytes, order: self.order };
        let (id, code) = (data.u16(0).unwrap_or(0), data.u16(2).unwrap_or(0));
        let kind = Type::of(code, self.big).ok_or(code)?;
        let count = self.place(bytes, 4).unwrap_or(0);
        let size = count.saturating_mul(kind.size() as u64);
        let (room, value_at) = if self.big { (8, 12) } else { (4, 8) };
        let inline = size <= room;
        let at = if inline { at + value_at as u64 } else { self.place(bytes, value_at).unwrap_or(0) };
        // A single byte without meaning is shown as a number.
        let kind = if kind == Type::Undefined && count == 1 { Type::Byte } else { kind };
        Ok(Entry { id, kind, size, at, inline })
    }

    /// A count or a place, of four or eight bytes.
    fn place(&self, bytes: &[u8], at: usize) -> Option<u64> {
        let data = Bytes { data: bytes, order: self.order };
        if self.big { data.u64(at) } else { data.u32(at).map(u64::from) }
    }
}

/// A directory's bytes.
pub(super) struct Loaded {
    pub(super) entries: Vec<u8>,
    /// Where the entries begin and end.
    pub(super) first: u64,
    pub(super) end: u64,
    /// The next directory of the chain.
    pub(super) next: Option<u64>,
    /// The structure ends in the middle of the pointer to the next directory.
    pub(super) odd: bool,
}

/// An entry of a directory.
pub(super) struct Entry {
    pub(super) id: u16,
    pub(super) kind: Type,
    /// Bytes of the value.
    pub(super) size: u64,
    /// Where the value is.
    pub(super) at: u64,
    /// The value stands in the entry itself.
    pub(super) inline: bool,
}

impl Entry {
    /// The value's bytes: borrowed where they fit into one piece.
    pub(super) fn value<'s>(&self, source: &'s mut Source<'_>) -> Result<Cow<'s, [u8]>, Error> {
        match usize::try_from(self.size) {
            Ok(len) if len <= 1 << 20 => source.read(self.at, len).map(Cow::Borrowed),
            _ => source.block(self.at, self.size).map(Cow::Owned),
        }
    }
}
