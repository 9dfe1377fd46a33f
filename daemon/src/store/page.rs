//! A page of a directory as bytes and back: up to [`FULL`] entries sorted by name. Pure.
//!
//! An entry says only what differs from the entry before it: neighbours share file system, owner and reader.

use crate::{
    codec::{DecodeError, Input, write_signed, write_varint},
    model::{
        Access, DirId, DirRow, EntryRef, EntryRow, FileId, FileName, FileRow, FileState, Fingerprint, FsId, Identity,
        Node, PolicyId, ReaderId, Stamp,
    },
    store::schema::{read_dir, read_u32, state_number, state_of, write_bytes},
};

/// A page of more entries is split.
pub(super) const FULL: usize = 128;
const VERSION: u8 = 1;

mod flag {
    pub(super) const DIR: u8 = 1;
    pub(super) const SAME_FS: u8 = 2;
    pub(super) const SAME_ACCESS: u8 = 4;
    pub(super) const SAME_READER: u8 = 8;
    pub(super) const BORN: u8 = 16;
    pub(super) const LINKS: u8 = 32;
}

/// Some entries of a directory, decoded.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Page {
    /// The directory itself, on its first page.
    pub head: Option<Head>,
    pub entries: Vec<EntryRow>,
}

/// A directory's own row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Head {
    pub row: DirRow,
    /// When the first page was written, microseconds since 1970.
    pub changed: u64,
}

impl Page {
    fn find(&self, name: &[u8]) -> Result<usize, usize> {
        self.entries.binary_search_by(|entry| (*entry.name).cmp(name))
    }

    pub(super) fn get(&self, name: &[u8]) -> Option<&EntryRow> {
        self.find(name).ok().and_then(|at| self.entries.get(at))
    }

    /// Puts an entry in its place. What is too much then is given back as a page of its own, with its fence.
    pub(super) fn put(&mut self, entry: EntryRow) -> Option<(FileName, Self)> {
        let at = match self.find(&entry.name) {
            Ok(at) => {
                self.entries[at] = entry;
                return None;
            }
            Err(at) => at,
        };
        self.entries.insert(at, entry);
        if self.entries.len() <= FULL {
            return None;
        }
        // Names often come in order: then full pages stay full.
        let keep = if at == FULL { FULL } else { FULL / 2 };
        let rest = Self { head: None, entries: self.entries.split_off(keep) };
        Some((rest.entries.first()?.name.clone(), rest))
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(32 + 96 * self.entries.len());
        out.push(VERSION);
        let states = self.entries.iter().filter_map(|entry| match &entry.node {
            Node::File(file) => Some(1_u16 << state_number(file.state)),
            Node::Dir(_) => None,
        });
        out.extend_from_slice(&states.fold(0, |all, state| all | state).to_le_bytes());
        match &self.head {
            None => out.push(0),
            Some(Head { row, changed }) => {
                out.push(1);
                write_varint(u64::from(row.parent.0), &mut out);
                write_bytes(&row.name, &mut out);
                write_access(&row.access, &mut out);
                write_varint(*changed, &mut out);
            }
        }
        write_varint(self.entries.len() as u64, &mut out);
        let mut before = Before::default();
        for entry in &self.entries {
            write_entry(entry, &mut before, &mut out);
        }
        out
    }

    pub(super) fn decode(dir: DirId, bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(dir, bytes)?;
        let mut entries = Vec::with_capacity(reader.left().min(FULL));
        while let Some(entry) = reader.next()? {
            entries.push(entry.to_row());
        }
        Ok(Self { head: reader.head, entries })
    }
}

/// Reads a page entry by entry, without copying names.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    pub head: Option<Head>,
    states: u16,
    input: Input<'a>,
    left: u64,
    before: Before,
}

impl<'a> Reader<'a> {
    pub(super) fn new(dir: DirId, bytes: &'a [u8]) -> Result<Self, DecodeError> {
        let mut input = Input::new(bytes);
        match input.byte()? {
            VERSION => {}
            other => return Err(DecodeError::Version(other)),
        }
        let states = u16::from_le_bytes(input.array()?);
        let head = match input.byte()? {
            0 => None,
            _ => {
                let (parent, name) = (read_dir(&mut input)?, input.bytes()?.into());
                let row = DirRow { id: dir, parent, name, access: read_access(&mut input)? };
                Some(Head { row, changed: input.varint()? })
            }
        };
        let left = input.varint()?;
        Ok(Self { head, states, input, left, before: Before::default() })
    }

    /// How many entries are still to come.
    pub(super) fn left(&self) -> usize {
        self.left as usize
    }

    /// Whether a file in a wanted state is among them.
    pub(super) fn has(&self, wanted: &dyn Fn(FileState) -> bool) -> bool {
        (0..16).filter(|number| self.states & 1 << number != 0).any(|number| state_of(number).is_ok_and(wanted))
    }

    pub(super) fn next(&mut self) -> Result<Option<EntryRef<'a>>, DecodeError> {
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        read_entry(&mut self.input, &mut self.before).map(Some)
    }

    /// The entry of this name.
    pub(super) fn find(&mut self, name: &[u8]) -> Result<Option<EntryRef<'a>>, DecodeError> {
        while let Some(entry) = self.next()? {
            if entry.name >= name {
                return Ok(Some(entry).filter(|entry| entry.name == name));
            }
        }
        Ok(None)
    }
}

/// What the entry before said, where the next may say "the same".
#[derive(Debug, Clone, Copy)]
struct Before {
    fs: FsId,
    access: Access,
    reader: ReaderId,
    policy: PolicyId,
}

impl Default for Before {
    fn default() -> Self {
        Self { fs: FsId(0), access: Access { uid: 0, gid: 0, mode: 0 }, reader: ReaderId(0), policy: PolicyId(0) }
    }
}

fn write_entry(entry: &EntryRow, before: &mut Before, out: &mut Vec<u8>) {
    let EntryRow { name, identity, access, node } = entry;
    let mut flags = 0;
    let mut set = |flag, on: bool| flags |= if on { flag } else { 0 };
    set(flag::SAME_FS, identity.fs == before.fs);
    set(flag::SAME_ACCESS, *access == before.access);
    set(flag::BORN, identity.born.is_some());
    match node {
        Node::Dir(_) => set(flag::DIR, true),
        Node::File(file) => {
            let Fingerprint { reader, policy, .. } = file.fingerprint;
            set(flag::SAME_READER, (reader, policy) == (before.reader, before.policy));
            set(flag::LINKS, file.links != 1);
        }
    }
    out.push(flags);
    write_bytes(name, out);
    write_varint(identity.inode, out);
    if identity.fs != before.fs {
        out.extend_from_slice(&identity.fs.0.to_le_bytes());
    }
    if *access != before.access {
        write_access(access, out);
    }
    (before.fs, before.access) = (identity.fs, *access);
    match node {
        Node::Dir(dir) => {
            write_varint(u64::from(dir.0), out);
            identity.born.iter().for_each(|&born| write_signed(born, out));
        }
        Node::File(file) => write_file(file, identity.born, before, out),
    }
}

/// Times lie close together: the later ones are written by their distance from `mtime`.
fn write_file(file: &FileRow, born: Option<i64>, before: &mut Before, out: &mut Vec<u8>) {
    let Fingerprint { stamp: Stamp { size, mtime, ctime }, reader, policy } = file.fingerprint;
    write_varint(file.id.0, out);
    out.push(state_number(file.state));
    write_varint(size, out);
    write_signed(mtime, out);
    write_signed(ctime.wrapping_sub(mtime), out);
    born.iter().for_each(|&born| write_signed(born.wrapping_sub(mtime), out));
    if (reader, policy) != (before.reader, before.policy) {
        out.extend_from_slice(&reader.0.to_le_bytes());
        out.extend_from_slice(&policy.0.to_le_bytes());
        (before.reader, before.policy) = (reader, policy);
    }
    if file.links != 1 {
        write_varint(u64::from(file.links), out);
    }
}

fn read_entry<'a>(input: &mut Input<'a>, before: &mut Before) -> Result<EntryRef<'a>, DecodeError> {
    let flags = input.byte()?;
    let (name, inode) = (input.bytes()?, input.varint()?);
    if flags & flag::SAME_FS == 0 {
        before.fs = FsId(u64::from_le_bytes(input.array()?));
    }
    if flags & flag::SAME_ACCESS == 0 {
        before.access = read_access(input)?;
    }
    let (node, born) = if flags & flag::DIR != 0 {
        let dir = read_dir(input)?;
        (Node::Dir(dir), if flags & flag::BORN != 0 { Some(input.signed()?) } else { None })
    } else {
        let (file, born) = read_file(flags, input, before)?;
        (Node::File(file), born)
    };
    Ok(EntryRef { name, identity: Identity { fs: before.fs, inode, born }, access: before.access, node })
}

fn read_file(flags: u8, input: &mut Input<'_>, before: &mut Before) -> Result<(FileRow, Option<i64>), DecodeError> {
    let id = FileId(input.varint()?);
    let state = state_of(input.byte()?)?;
    let (size, mtime) = (input.varint()?, input.signed()?);
    let ctime = mtime.wrapping_add(input.signed()?);
    let born = if flags & flag::BORN != 0 { Some(mtime.wrapping_add(input.signed()?)) } else { None };
    if flags & flag::SAME_READER == 0 {
        before.reader = ReaderId(u32::from_le_bytes(input.array()?));
        before.policy = PolicyId(u32::from_le_bytes(input.array()?));
    }
    let links = if flags & flag::LINKS != 0 { read_u32(input)? } else { 1 };
    let fingerprint = Fingerprint { stamp: Stamp { size, mtime, ctime }, reader: before.reader, policy: before.policy };
    Ok((FileRow { id, fingerprint, state, links }, born))
}

fn write_access(access: &Access, out: &mut Vec<u8>) {
    for n in [access.uid, access.gid, u32::from(access.mode)] {
        write_varint(u64::from(n), out);
    }
}

fn read_access(input: &mut Input<'_>) -> Result<Access, DecodeError> {
    let (uid, gid, mode) = (read_u32(input)?, read_u32(input)?, read_u32(input)?);
    Ok(Access { uid, gid, mode: u16::try_from(mode).map_err(|_| DecodeError::Bad("a mode above 16 bits"))? })
}
