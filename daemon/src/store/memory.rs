//! The store on maps in memory, for the simulator: the shipped schema, rows and code, without a thread or a disk.
//!
//! Nothing happens but by a call: a batch waits until it is written, a transaction a call, and is durable when it is
//! synced. A [`MemoryDisk`] is what lies beneath and outlives the store, as a disk does.

use std::{
    collections::BTreeMap,
    mem,
    ops::Bound::{self, Excluded},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::{
    model::{DirId, DirRows, EntryRow, FailureKind, FileId, FileRecord, FileState, Identity, Mutation, Note, Place},
    store::{
        CommitId, Counts, OpenReport, Rows, Scanned, Shared, Store, StoreConfig, StoreError, StoreEvent,
        group::Work,
        open,
        side::SideFiles,
        tables::{Bytes, Changes, Table, Tables},
    },
};

type Maps = [BTreeMap<Bytes, Bytes>; 5];

/// Tables and side files in memory. Cloning shares them.
#[derive(Debug, Clone, Default)]
pub(crate) struct MemoryDisk(Arc<Mutex<Disk>>);

#[derive(Debug, Default)]
struct Disk {
    rows: Maps,
    /// As of the last sync.
    synced: Maps,
    /// What came since, a transaction each.
    unsynced: Vec<Changes>,
    sides: BTreeMap<[u8; 32], Vec<u8>>,
    full: bool,
    /// Transactions until everything fails.
    left: Option<usize>,
}

fn apply(rows: &mut Maps, changes: &Changes) {
    for (rows, changes) in rows.iter_mut().zip(&changes.0) {
        for (key, value) in changes {
            match value {
                Some(value) => rows.insert(key.clone(), value.clone()),
                None => rows.remove(key),
            };
        }
    }
}

impl MemoryDisk {
    fn disk(&self) -> MutexGuard<'_, Disk> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether there is no room: nothing can be written meanwhile.
    pub(crate) fn set_full(&self, full: bool) {
        self.disk().full = full;
    }

    /// After so many more transactions none succeeds: the process is about to be killed there.
    pub(crate) fn stop_after(&self, transactions: usize) {
        self.disk().left = Some(transactions);
    }

    /// Transactions that a power cut may take away.
    pub(crate) fn unsynced(&self) -> usize {
        self.disk().unsynced.len()
    }

    /// What is found after a power cut: all that was synced, and the first `kept` of the transactions since. A process
    /// that is killed loses none of them.
    pub(crate) fn survivor(&self, kept: usize) -> Self {
        let disk = self.disk();
        let mut rows = disk.synced.clone();
        disk.unsynced.iter().take(kept).for_each(|changes| apply(&mut rows, changes));
        Self(Arc::new(Mutex::new(Disk { synced: rows.clone(), rows, sides: disk.sides.clone(), ..Disk::default() })))
    }

    pub(super) fn get(&self, table: Table, key: &[u8]) -> Result<Option<Bytes>, StoreError> {
        Ok(self.disk().rows[table.index()].get(key).cloned())
    }

    pub(super) fn range(&self, table: Table, low: Bound<&[u8]>, high: Bound<&[u8]>) -> Range {
        Range { disk: self.clone(), table, low: low.map(Bytes::from), high: high.map(Bytes::from) }
    }

    pub(super) fn commit(&self, changes: &Changes) -> Result<(), StoreError> {
        let mut disk = self.disk();
        if disk.full {
            return Err(StoreError::Write { what: "no space left on device".into() });
        }
        if let Some(left) = &mut disk.left {
            *left = left.checked_sub(1).ok_or(StoreError::Closed)?;
        }
        apply(&mut disk.rows, changes);
        disk.unsynced.push(changes.clone());
        Ok(())
    }

    pub(super) fn sync(&self) -> Result<(), StoreError> {
        let mut disk = self.disk();
        if disk.left == Some(0) {
            return Err(StoreError::Closed);
        }
        let unsynced = mem::take(&mut disk.unsynced);
        unsynced.iter().for_each(|changes| apply(&mut disk.synced, changes));
        Ok(())
    }

    pub(super) fn put_side(&self, digest: [u8; 32], bytes: &[u8]) {
        self.disk().sides.insert(digest, bytes.to_vec());
    }

    pub(super) fn side(&self, digest: &[u8; 32]) -> Option<Vec<u8>> {
        self.disk().sides.get(digest).cloned()
    }

    pub(super) fn keep_sides(&self, wanted: impl Fn(&[u8; 32]) -> bool) {
        // The question reads the tables.
        let mut sides = mem::take(&mut self.disk().sides);
        sides.retain(|digest, _| wanted(digest));
        self.disk().sides = sides;
    }
}

/// Rows in order. Rows that change meanwhile are seen or not, as sled's.
pub(super) struct Range {
    disk: MemoryDisk,
    table: Table,
    low: Bound<Bytes>,
    high: Bound<Bytes>,
}

impl Range {
    fn step(&mut self, pick: impl Fn(&BTreeMap<Bytes, Bytes>, (Bound<&Bytes>, Bound<&Bytes>)) -> Found) -> Found {
        let bounds = (self.low.as_ref(), self.high.as_ref());
        let is_empty = match bounds {
            (Bound::Included(low), Bound::Included(high)) => low > high,
            (Bound::Included(low) | Excluded(low), Bound::Included(high) | Excluded(high)) => low >= high,
            _ => false,
        };
        if is_empty {
            return None;
        }
        pick(&self.disk.disk().rows[self.table.index()], bounds)
    }
}

type Found = Option<(Bytes, Bytes)>;

fn owned((key, value): (&Bytes, &Bytes)) -> (Bytes, Bytes) {
    (key.clone(), value.clone())
}

impl Iterator for Range {
    type Item = (Bytes, Bytes);

    fn next(&mut self) -> Found {
        let found = self.step(|rows, bounds| rows.range::<Bytes, _>(bounds).next().map(owned))?;
        self.low = Excluded(found.0.clone());
        Some(found)
    }
}

impl DoubleEndedIterator for Range {
    fn next_back(&mut self) -> Found {
        let found = self.step(|rows, bounds| rows.range::<Bytes, _>(bounds).next_back().map(owned))?;
        self.high = Excluded(found.0.clone());
        Some(found)
    }
}

/// An open store over a [`MemoryDisk`]. What is committed waits for [`Self::write`].
#[derive(Debug)]
pub(crate) struct MemoryStore {
    shared: Arc<Shared>,
    work: Mutex<(u64, Work)>,
}

impl MemoryStore {
    /// Opens what lies on the disk, or makes it.
    pub(crate) fn open(disk: &MemoryDisk) -> Result<(Self, OpenReport), StoreError> {
        let config = StoreConfig { min_free_bytes: 0, ..StoreConfig::new("/memory") };
        let opened = open::load(Tables::Memory(disk.clone()), SideFiles::Memory(disk.clone()), &config, false)?;
        let report = opened.report.clone();
        let shared = Arc::new(Shared::new(config, opened, Arc::new(|_| {})));
        let work = Work::new(&shared).map_err(|error| StoreError::Write { what: error.to_string() })?;
        Ok((Self { shared, work: Mutex::new((0, work)) }, report))
    }

    fn work(&self) -> MutexGuard<'_, (u64, Work)> {
        self.work.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a call of [`Self::write`] would do something.
    pub(crate) fn is_busy(&self) -> bool {
        !self.work().1.is_empty() || !self.shared.hidden.is_empty()
    }

    /// One transaction: the next group of what waits, or else some clearing of removed directories; and the batches
    /// that are committed by it. On error everything waits as before.
    pub(crate) fn write(&self) -> Result<Vec<StoreEvent>, StoreError> {
        let told = Mutex::new(Vec::new());
        let work = &mut self.work().1;
        if work.is_empty() {
            work.clear(&self.shared)?;
        } else {
            work.write(&self.shared, &|event| told.lock().unwrap_or_else(PoisonError::into_inner).push(event))?;
        }
        Ok(told.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    /// Makes what is committed durable, and says up to which batch that is.
    pub(crate) fn sync(&self) -> Result<StoreEvent, StoreError> {
        let commit = self.work().1.committed;
        self.shared.lease.tables()?.sync()?;
        Ok(StoreEvent::Durable { commit })
    }
}

impl Store for MemoryStore {
    fn commit(&self, batch: Vec<Mutation>) -> CommitId {
        let mut work = self.work();
        work.0 += 1;
        let commit = CommitId(work.0);
        work.1.push(commit, batch);
        commit
    }

    fn close(&self) -> Result<(), StoreError> {
        while self.is_busy() {
            self.write()?;
        }
        self.sync().map(drop)
    }
}

impl Rows for MemoryStore {
    fn dir(&self, dir: DirId) -> Result<Option<DirRows>, StoreError> {
        self.shared.dir(dir)
    }

    fn entry(&self, dir: DirId, name: &[u8]) -> Result<Option<EntryRow>, StoreError> {
        self.shared.entry(dir, name)
    }

    fn path(&self, dir: DirId) -> Result<Option<Vec<u8>>, StoreError> {
        self.shared.path(dir)
    }

    fn dir_at(&self, path: &[u8]) -> Result<Option<DirId>, StoreError> {
        self.shared.dir_at(path)
    }

    fn file(&self, file: FileId) -> Result<Option<Arc<FileRecord>>, StoreError> {
        self.shared.file(file)
    }

    fn links(&self, identity: &Identity) -> Result<Vec<Place>, StoreError> {
        self.shared.links(identity)
    }

    fn scan(&self, from: DirId, limit: usize, wanted: &dyn Fn(FileState) -> bool) -> Result<Scanned, StoreError> {
        self.shared.scan(from, limit, wanted)
    }

    fn suspects(&self) -> Result<Vec<(FileId, u8, FailureKind)>, StoreError> {
        self.shared.suspects()
    }

    fn note(&self, note: Note) -> Result<Option<Vec<u8>>, StoreError> {
        self.shared.note(note)
    }

    fn counts(&self) -> Counts {
        self.shared.counts()
    }

    fn new_file(&self) -> FileId {
        self.shared.new_file()
    }

    fn new_dir(&self) -> DirId {
        self.shared.new_dir()
    }
}
