//! How keys and small rows are written: the schema of the store. Pure; called by everything else in here.

use crate::{
    codec::{DecodeError, Input, write_varint},
    model::{DirId, FailureKind, FileId, FileState, Identity, Place},
    store::Counts,
};

/// The layout of all rows. A store of a higher number belongs to a newer program and is refused.
pub(super) const SCHEMA: u32 = 1;

/// Keys of the tree `meta`.
pub(super) mod meta {
    /// [`super::SCHEMA`], u32 BE.
    pub(in crate::store) const SCHEMA: &[u8] = b"schema";
    /// Totals and the next numbers: [`super::State`].
    pub(in crate::store) const STATE: &[u8] = b"state";
    /// When the store was opened last, microseconds since 1970, u64 BE.
    pub(in crate::store) const OPENED: &[u8] = b"opened";
    /// And a chunk's number, u32 BE: interned names.
    pub(in crate::store) const NAMES: &[u8] = b"names/";
    /// And a directory's number: removed, and not yet cleared.
    pub(in crate::store) const HIDDEN: &[u8] = b"hidden/";
    /// And a digest: how many records lie in this side file, u32 BE.
    pub(in crate::store) const SIDE: &[u8] = b"side/";

    /// And a number, u32 BE: a dictionary of records.
    pub(in crate::store) const DICTIONARY: &[u8] = b"dictionary/";
    /// And the name of a [`crate::model::Note`].
    pub(in crate::store) const NOTE: &[u8] = b"note/";
    /// What the last walk over all rows found: [`super::super::walk::Live`].
    pub(in crate::store) const LIVE: &[u8] = b"live";
    /// Where the walk on its way is.
    pub(in crate::store) const WALK: &[u8] = b"walk";

    /// A key with a prefix.
    pub(in crate::store) fn key(prefix: &[u8], rest: &[u8]) -> Vec<u8> {
        [prefix, rest].concat()
    }
}

/// Key of the page of `dir` whose names begin at `fence`; empty for the first page, which carries the directory's row.
pub(super) fn page_key(dir: DirId, fence: &[u8]) -> Vec<u8> {
    [&dir.0.to_be_bytes(), fence].concat()
}

/// The directory and the fence of a page's key.
pub(super) fn page_of(key: &[u8]) -> Result<(DirId, &[u8]), DecodeError> {
    let (dir, fence) = key.split_first_chunk().ok_or(DecodeError::Short)?;
    Ok((DirId(u32::from_be_bytes(*dir)), fence))
}

pub(super) fn record_key(file: FileId) -> [u8; 8] {
    file.0.to_be_bytes()
}

/// A file's number, from a record's or suspect's key.
pub(super) fn file_of(bytes: &[u8]) -> Result<FileId, DecodeError> {
    Ok(FileId(u64::from_be_bytes(bytes.try_into().map_err(|_| DecodeError::Bad("a file number of odd length"))?)))
}

/// What all links of one inode begin with. With a birth time the file system's number is not in it: some file systems
/// change theirs from mount to mount.
pub(super) fn link_prefix(identity: &Identity) -> Vec<u8> {
    let mut key = Vec::with_capacity(64);
    let fs = if identity.born.is_some() { 0 } else { identity.fs.0 };
    key.extend_from_slice(&fs.to_be_bytes());
    key.extend_from_slice(&identity.inode.to_be_bytes());
    key.push(u8::from(identity.born.is_some()));
    key.extend_from_slice(&identity.born.unwrap_or(0).to_be_bytes());
    key
}

/// Key of one place of an inode.
pub(super) fn link_key(identity: &Identity, place: &Place) -> Vec<u8> {
    let mut key = link_prefix(identity);
    key.extend_from_slice(&place.dir.0.to_be_bytes());
    key.extend_from_slice(&place.name);
    key
}

/// The place in a link's key.
pub(super) fn link_place(key: &[u8]) -> Result<Place, DecodeError> {
    let (dir, name) = key.get(25..).and_then(|rest| rest.split_first_chunk()).ok_or(DecodeError::Short)?;
    Ok(Place { dir: DirId(u32::from_be_bytes(*dir)), name: name.into() })
}

/// The number a state has in pages.
pub(super) fn state_number(state: FileState) -> u8 {
    match state {
        FileState::Pending => 0,
        FileState::Indexed => 1,
        FileState::Partial => 2,
        FileState::Failed(kind) => 3 + failure_number(kind),
    }
}

pub(super) fn state_of(number: u8) -> Result<FileState, DecodeError> {
    Ok(match number {
        0 => FileState::Pending,
        1 => FileState::Indexed,
        2 => FileState::Partial,
        other => FileState::Failed(failure_of(other - 3)?),
    })
}

pub(super) fn failure_number(kind: FailureKind) -> u8 {
    // All kinds stand in the table, and it is short.
    FailureKind::ALL.iter().position(|&k| k == kind).unwrap_or(0) as u8
}

pub(super) fn failure_of(number: u8) -> Result<FailureKind, DecodeError> {
    FailureKind::ALL.get(usize::from(number)).copied().ok_or(DecodeError::Bad("an unknown failure"))
}

pub(super) fn write_place(place: &Place, out: &mut Vec<u8>) {
    write_varint(u64::from(place.dir.0), out);
    write_bytes(&place.name, out);
}

pub(super) fn read_place(input: &mut Input<'_>) -> Result<Place, DecodeError> {
    Ok(Place { dir: read_dir(input)?, name: input.bytes()?.into() })
}

pub(super) fn read_dir(input: &mut Input<'_>) -> Result<DirId, DecodeError> {
    Ok(DirId(read_u32(input)?))
}

pub(super) fn read_u32(input: &mut Input<'_>) -> Result<u32, DecodeError> {
    u32::try_from(input.varint()?).map_err(|_| DecodeError::Bad("a number above 32 bits"))
}

/// Length and bytes.
pub(super) fn write_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    write_varint(bytes.len() as u64, out);
    out.extend_from_slice(bytes);
}

/// What changes with every commit, in one row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct State {
    pub counts: Counts,
    /// The lowest numbers never given.
    pub next_file: u64,
    pub next_dir: u32,
}

impl State {
    pub(super) fn encode(&self) -> Vec<u8> {
        let Counts { directories, files, pending, indexed, partial, failed } = self.counts;
        let mut out = Vec::with_capacity(48);
        for n in [directories, files, pending, indexed, partial, failed, self.next_file, u64::from(self.next_dir)] {
            write_varint(n, &mut out);
        }
        out
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let input = &mut Input::new(bytes);
        let counts = Counts {
            directories: input.varint()?,
            files: input.varint()?,
            pending: input.varint()?,
            indexed: input.varint()?,
            partial: input.varint()?,
            failed: input.varint()?,
        };
        Ok(Self { counts, next_file: input.varint()?, next_dir: read_u32(input)? })
    }
}
