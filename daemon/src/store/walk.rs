//! A walk over all rows: it counts their bytes, and finds what rot has made of them. Some rows at a time, and where it
//! was interrupted it goes on.

use std::{
    collections::BTreeSet,
    ops::Bound::{Excluded, Unbounded},
};

use crate::{
    codec::{DecodeError, Input, write_varint},
    model::{FileId, Mutation, Node},
    store::{
        StoreError,
        page::Page,
        row::Row,
        schema::{file_of, page_of},
        tables::{Bytes, Table, Tables},
    },
};

/// Rows looked at in a step.
const ROWS: usize = 2_048;
/// Damaged records taken up in one walk; the next one finds the others.
const MOST: usize = 10_000;

/// Records first: whoever has a damaged one is found among the entries.
const ORDER: [Table; 5] = [Table::Records, Table::Dirs, Table::Meta, Table::Suspects, Table::Links];

/// Where a walk is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Walk {
    /// Bytes of keys and values so far.
    pub bytes: u64,
    /// Into [`ORDER`].
    table: usize,
    at: Vec<u8>,
    damaged: BTreeSet<FileId>,
}

/// What a step came to.
#[derive(Debug)]
pub(super) struct Step {
    /// Nothing is left to look at.
    pub done: bool,
    /// Files whose records are damaged, to be read again.
    pub mend: Vec<Mutation>,
}

impl Walk {
    /// Looks at the next rows. Damage that touches more than a record is an error.
    pub(super) fn step(&mut self, tables: &Tables) -> Result<Step, StoreError> {
        let mut mend = Vec::new();
        let Some(&table) = ORDER.get(self.table) else { return Ok(Step { done: true, mend }) };
        let low = if self.at.is_empty() { Unbounded } else { Excluded(&*self.at) };
        let mut last = None;
        for (count, row) in tables.range(table, low, Unbounded).enumerate() {
            let (key, value) = row?;
            self.bytes += (key.len() + value.len()) as u64;
            match table {
                Table::Records if Row::decode(&value).is_err() && self.damaged.len() < MOST => {
                    self.damaged.insert(file_of(&key)?);
                }
                Table::Dirs => self.look(&key, &value, &mut mend)?,
                _ => {}
            }
            if count + 1 == ROWS {
                last = Some(key);
                break;
            }
        }
        match last {
            Some(key) => self.at = key.to_vec(),
            None => (self.table, self.at) = (self.table + 1, Vec::new()),
        }
        Ok(Step { done: self.table == ORDER.len(), mend })
    }

    fn look(&self, key: &Bytes, value: &Bytes, mend: &mut Vec<Mutation>) -> Result<(), StoreError> {
        let dir = page_of(key)?.0;
        let page = Page::decode(dir, value)?;
        if self.damaged.is_empty() {
            return Ok(());
        }
        let damaged = |entry: &&_| matches!(unread(entry), Some(file) if self.damaged.contains(&file));
        mend.extend(page.entries.iter().filter(damaged).map(|entry| mending(dir, entry)));
        Ok(())
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        write_varint(self.bytes, &mut out);
        write_varint(self.table as u64, &mut out);
        out.extend_from_slice(&self.at);
        out
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut input = Input::new(bytes);
        let (bytes, table) = (input.varint()?, input.varint()? as usize);
        Ok(Self { bytes, table, at: input.rest().to_vec(), damaged: BTreeSet::new() })
    }
}

fn unread(entry: &crate::model::EntryRow) -> Option<FileId> {
    match &entry.node {
        Node::File(row) => Some(row.id),
        Node::Dir(_) => None,
    }
}

/// The change that has a file read again: its entry as it is, but pending.
pub(super) fn mending(dir: crate::model::DirId, entry: &crate::model::EntryRow) -> Mutation {
    let mut entry = entry.clone();
    if let Node::File(row) = &mut entry.node {
        row.state = crate::model::FileState::Pending;
    }
    Mutation::PutFile { dir, entry }
}

/// What the last walk found, and what became of the file since.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Live {
    /// Bytes of keys and values.
    pub bytes: u64,
    /// Bytes of the file `db` then.
    pub size: u64,
    /// Files then.
    pub files: u64,
    /// When, microseconds since 1970.
    pub at: u64,
    /// Bytes of the file after the last rebuilding; 0 if there was none.
    pub rebuilt: u64,
}

impl Live {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        [self.bytes, self.size, self.files, self.at, self.rebuilt].iter().for_each(|&n| write_varint(n, &mut out));
        out
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let input = &mut Input::new(bytes);
        let mut next = || input.varint();
        Ok(Self { bytes: next()?, size: next()?, files: next()?, at: next()?, rebuilt: next()? })
    }
}
