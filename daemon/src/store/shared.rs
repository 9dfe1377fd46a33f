//! What the writer and the readers of an open store share.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering},
    },
};

use crate::{
    model::{DirId, FileId},
    store::{
        Caches, Counts, StoreConfig, StoreError,
        ahead::Ahead,
        cache::Cache,
        dictionary::Unpacker,
        lease::Lease,
        listing::Listing,
        names::Names,
        open::{Memory, Opened},
        read::Loaded,
        side::SideFiles,
        writer::Message,
    },
};

pub(super) struct Shared {
    pub config: StoreConfig,
    pub lease: Lease,
    pub names: Arc<Names>,
    pub unpacker: Unpacker,
    pub side: SideFiles,
    pub cache: Cache<FileId, Loaded>,
    pub listings: Cache<DirId, Listing>,
    pub ahead: Ahead,
    pub hidden: Hidden,
    /// Taken by the writer for the moment of a transaction and by readers of several pages, which must see all of them
    /// before it or all after. Sled itself makes single reads wait as long.
    pub applying: RwLock<()>,
    // Read and written as a whole; held for the copy only.
    counts: Mutex<Counts>,
    next_file: AtomicU64,
    next_dir: AtomicU32,
    /// To the writer.
    tell: Arc<dyn Fn(Message) + Send + Sync>,
    rebuilding: AtomicBool,
    /// Side files that no row names any more, to be removed once that is durable.
    unnamed: Mutex<Vec<[u8; 32]>>,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("config", &self.config).field("lease", &self.lease).finish_non_exhaustive()
    }
}

impl Shared {
    /// `tell` is called with what readers meet: tables that slept, and damage.
    pub(super) fn new(config: StoreConfig, opened: Opened, tell: Arc<dyn Fn(Message) + Send + Sync>) -> Self {
        let Opened { tables, place, side, names, dictionaries, state, hidden, .. } = opened;
        let woken = tell.clone();
        Self {
            lease: Lease::new(tables, place, config.open_within, Box::new(move || woken(Message::Woken))),
            names: Arc::new(names),
            unpacker: dictionaries,
            tell,
            rebuilding: AtomicBool::new(false),
            side,
            cache: Cache::new(config.records_bytes - config.records_bytes / 4),
            listings: Cache::new(config.records_bytes / 4),
            ahead: Ahead::new(&config),
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

    /// The tables were opened anew and may lack what was committed last: what is kept in memory follows them. Numbers
    /// and names that were given stay given.
    pub(super) fn reload(&self) -> Result<(), StoreError> {
        let Memory { state, hidden, .. } = Memory::read(&*self.lease.tables()?)?;
        *self.counts.lock().unwrap_or_else(PoisonError::into_inner) = state.counts;
        self.hidden.replace(hidden);
        self.clear_caches();
        Ok(())
    }

    /// The answer to a reader. Where it is damage, the writer is told.
    pub(super) fn noticed<T>(&self, answer: Result<T, StoreError>) -> Result<T, StoreError> {
        if let Err(StoreError::Damaged { what }) = &answer {
            (self.tell)(Message::Damaged(what.clone()));
        }
        answer
    }

    /// A file's record cannot be read.
    pub(super) fn unreadable(&self, file: FileId) {
        (self.tell)(Message::Unreadable(file));
    }

    /// Memory is wanted by others.
    pub(super) fn trim(&self) {
        self.ahead.hold();
        self.clear_caches();
        (self.tell)(Message::Trim);
    }

    pub(super) fn clear_caches(&self) {
        self.cache.clear();
        self.listings.clear();
    }

    pub(super) fn caches(&self) -> Caches {
        let ((records, prefetch), (listings, dirs)) = (self.cache.usage(), self.listings.usage());
        Caches { records, listings, prefetch: prefetch + dirs }
    }

    pub(super) fn is_rebuilding(&self) -> bool {
        self.rebuilding.load(Ordering::Relaxed)
    }

    pub(super) fn set_rebuilding(&self, rebuilding: bool) {
        self.rebuilding.store(rebuilding, Ordering::Relaxed);
    }

    /// Bytes free on the store's disk.
    pub(super) fn free(&self) -> u64 {
        let stat = rustix::fs::statvfs(&self.config.path);
        stat.map_or(u64::MAX, |stat| stat.f_bavail.saturating_mul(stat.f_frsize))
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

    fn replace(&self, hidden: Vec<DirId>) {
        let mut dirs = self.dirs.write().unwrap_or_else(PoisonError::into_inner);
        *dirs = hidden.into_iter().collect();
        self.count.store(dirs.len(), Ordering::Release);
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
