//! Ordered tables of bytes with one transaction over all of them: what the rows stand on.
//!
//! The store's tables are sled's (`disk`); the simulator puts maps in memory in their place (`memory`), under the same
//! schema, rows and code. Nothing above knows which.

use std::ops::Bound::{self, Excluded, Included, Unbounded};

#[cfg(test)]
use crate::store::memory::{self, MemoryDisk};
use crate::store::{StoreError, disk};

/// A key or a value; cloning shares it.
pub(super) type Bytes = sled::IVec;

/// One of the tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Table {
    /// Pages of directories.
    Dirs,
    /// Rows of files.
    Records,
    /// Small rows about the store itself.
    Meta,
    /// Files under suspicion.
    Suspects,
    /// Places of inodes with several names.
    Links,
}

impl Table {
    pub(super) const ALL: [Self; 5] = [Self::Dirs, Self::Records, Self::Meta, Self::Suspects, Self::Links];

    /// Its name on disk.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Dirs => "dirs",
            Self::Records => "records",
            Self::Meta => "meta",
            Self::Suspects => "suspects",
            Self::Links => "links",
        }
    }

    /// Its place in [`Self::ALL`].
    pub(super) fn index(self) -> usize {
        self as usize
    }
}

/// Puts (`Some`) and removals (`None`) by table, for one transaction.
#[derive(Debug, Clone, Default)]
pub(super) struct Changes(pub [Vec<(Bytes, Option<Bytes>)>; 5]);

impl Changes {
    pub(super) fn put(&mut self, table: Table, key: &[u8], value: Option<Vec<u8>>) {
        self.0[table.index()].push((key.into(), value.map(Bytes::from)));
    }
}

/// All tables of an open store.
#[derive(Debug)]
pub(super) enum Tables {
    Disk(disk::DiskTables),
    #[cfg(test)]
    Memory(MemoryDisk),
}

impl Tables {
    pub(super) fn get(&self, table: Table, key: impl AsRef<[u8]>) -> Result<Option<Bytes>, StoreError> {
        match self {
            Self::Disk(tables) => tables.get(table, key.as_ref()),
            #[cfg(test)]
            Self::Memory(disk) => disk.get(table, key.as_ref()),
        }
    }

    /// The rows between two keys, in order; from the end by `rev`.
    pub(super) fn range(&self, table: Table, low: Bound<&[u8]>, high: Bound<&[u8]>) -> Range {
        match self {
            Self::Disk(tables) => Range::Disk(tables.range(table, low, high)),
            #[cfg(test)]
            Self::Memory(disk) => Range::Memory(disk.range(table, low, high)),
        }
    }

    /// The rows whose keys begin with `prefix`.
    pub(super) fn prefix(&self, table: Table, prefix: &[u8]) -> Range {
        let mut end = prefix.to_vec();
        while end.pop_if(|last| *last == 0xff).is_some() {}
        let high = match end.last_mut() {
            Some(last) => {
                *last += 1;
                Excluded(&*end)
            }
            None => Unbounded,
        };
        self.range(table, Included(prefix), high)
    }

    /// Makes all changes at once, or on error none.
    pub(super) fn commit(&self, changes: &Changes) -> Result<(), StoreError> {
        match self {
            Self::Disk(tables) => tables.commit(changes),
            #[cfg(test)]
            Self::Memory(disk) => disk.commit(changes),
        }
    }

    /// Makes all that is committed survive a power cut.
    pub(super) fn sync(&self) -> Result<(), StoreError> {
        match self {
            Self::Disk(tables) => tables.sync(),
            #[cfg(test)]
            Self::Memory(disk) => disk.sync(),
        }
    }
}

/// Rows in order, from either end.
pub(super) enum Range {
    Disk(sled::Iter),
    #[cfg(test)]
    Memory(memory::Range),
}

/// A key and its value.
type Pair = Result<(Bytes, Bytes), StoreError>;

impl Iterator for Range {
    type Item = Pair;

    fn next(&mut self) -> Option<Pair> {
        match self {
            Self::Disk(rows) => rows.next().map(|row| row.map_err(disk::reading)),
            #[cfg(test)]
            Self::Memory(rows) => rows.next().map(Ok),
        }
    }
}

impl DoubleEndedIterator for Range {
    fn next_back(&mut self) -> Option<Pair> {
        match self {
            Self::Disk(rows) => rows.next_back().map(|row| row.map_err(disk::reading)),
            #[cfg(test)]
            Self::Memory(rows) => rows.next_back().map(Ok),
        }
    }
}
