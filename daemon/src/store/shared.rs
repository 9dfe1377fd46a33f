//! What the writer and the readers of an open store share.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering},
    },
};

use crate::{
    model::{DirId, FileId},
    store::{
        Counts, StoreConfig, cache::Cache, lease::Lease, names::Names, open::Opened, read::Loaded, row::Unpacker,
        side::SideFiles,
    },
};

#[derive(Debug)]
pub(super) struct Shared {
    pub config: StoreConfig,
    pub lease: Lease,
    pub names: Arc<Names>,
    pub unpacker: Unpacker,
    pub side: SideFiles,
    pub cache: Cache<Loaded>,
    pub hidden: Hidden,
    /// Taken by the writer for the moment of a transaction and by readers of several pages, which must see all of them
    /// before it or all after. Sled itself makes single reads wait as long.
    pub applying: RwLock<()>,
    // Read and written as a whole; held for the copy only.
    counts: Mutex<Counts>,
    next_file: AtomicU64,
    next_dir: AtomicU32,
    /// Side files that no row names any more, to be removed once that is durable.
    unnamed: Mutex<Vec<[u8; 32]>>,
}

impl Shared {
    pub(super) fn new(config: StoreConfig, opened: Opened) -> Self {
        let Opened { tables, side, names, state, hidden, .. } = opened;
        Self {
            lease: Lease::new(tables),
            names: Arc::new(names),
            unpacker: Unpacker::default(),
            side,
            cache: Cache::new(config.records_bytes),
            hidden: Hidden::new(hidden),
            applying: RwLock::new(()),
            counts: Mutex::new(state.counts),
            next_file: AtomicU64::new(state.next_file),
            next_dir: AtomicU32::new(state.next_dir),
            unnamed: Mutex::default(),
            config,
        }
    }

    pub(super) fn counts(&self) -> Counts {
        *self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn new_file(&self) -> FileId {
        FileId(self.next_file.fetch_add(1, Ordering::Relaxed))
    }

    pub(super) fn new_dir(&self) -> DirId {
        DirId(self.next_dir.fetch_add(1, Ordering::Relaxed))
    }

    /// The lowest numbers not given yet.
    pub(super) fn next_numbers(&self) -> (u64, u32) {
        (self.next_file.load(Ordering::Relaxed), self.next_dir.load(Ordering::Relaxed))
    }

    /// A transaction is in.
    pub(super) fn committed(&self, counts: Counts, hidden: &BTreeMap<DirId, bool>) {
        *self.counts.lock().unwrap_or_else(PoisonError::into_inner) = counts;
        self.hidden.set(hidden);
    }

    pub(super) fn unnamed_side(&self, digest: [u8; 32]) {
        self.unnamed.lock().unwrap_or_else(PoisonError::into_inner).push(digest);
    }

    pub(super) fn take_unnamed(&self) -> Vec<[u8; 32]> {
        std::mem::take(&mut *self.unnamed.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Directories that are removed and not cleared yet: what lies below is not there for readers.
#[derive(Debug)]
pub(super) struct Hidden {
    /// So that readers need no lock in the common case.
    count: AtomicUsize,
    dirs: RwLock<BTreeSet<DirId>>,
}

impl Hidden {
    fn new(dirs: Vec<DirId>) -> Self {
        Self { count: AtomicUsize::new(dirs.len()), dirs: RwLock::new(dirs.into_iter().collect()) }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.count.load(Ordering::Acquire) == 0
    }

    pub(super) fn contains(&self, dir: DirId) -> bool {
        !self.is_empty() && self.dirs.read().unwrap_or_else(PoisonError::into_inner).contains(&dir)
    }

    pub(super) fn first(&self) -> Option<DirId> {
        self.dirs.read().unwrap_or_else(PoisonError::into_inner).first().copied()
    }

    /// All at once: a directory is never visible between its parent's clearing and its own.
    fn set(&self, changes: &BTreeMap<DirId, bool>) {
        if changes.is_empty() {
            return;
        }
        let mut dirs = self.dirs.write().unwrap_or_else(PoisonError::into_inner);
        for (&dir, &hidden) in changes {
            match hidden {
                true => dirs.insert(dir),
                false => dirs.remove(&dir),
            };
        }
        self.count.store(dirs.len(), Ordering::Release);
    }
}
