//! The open database, lent to readers and the writer; the only place that holds it.
//!
//! Whoever works with rows takes the tables for that moment only, so that the handle can be dropped (after a storage
//! error, or to sleep) and opened again without anybody's help.

use std::{
    fs::File,
    path::Path,
    sync::{Arc, PoisonError, RwLock},
    thread,
    time::{Duration, Instant},
};

use crate::store::{StoreError, failed};

/// How long an earlier handle may take to let go of its lock.
const PATIENCE: Duration = Duration::from_secs(5);

/// All trees of an open database.
#[derive(Debug)]
pub(super) struct Tables {
    db: sled::Db,
    /// The file `db`, to be synced: sled's own flush commits neither its size nor its extents.
    file: File,
    pub dirs: sled::Tree,
    pub records: sled::Tree,
    pub meta: sled::Tree,
    pub suspects: sled::Tree,
    pub links: sled::Tree,
}

impl Tables {
    pub(super) fn open(dir: &Path, cache_bytes: u64) -> sled::Result<Self> {
        // Nothing flushes behind our back: an idle store must not wake up.
        let config = sled::Config::new().path(dir).cache_capacity(cache_bytes).flush_every_ms(None);
        let db = open_patiently(&config)?;
        Ok(Self {
            file: File::open(dir.join("db"))?,
            dirs: db.open_tree("dirs")?,
            records: db.open_tree("records")?,
            meta: db.open_tree("meta")?,
            suspects: db.open_tree("suspects")?,
            links: db.open_tree("links")?,
            db,
        })
    }

    /// Makes all that is committed survive a power cut.
    pub(super) fn sync(&self) -> Result<(), StoreError> {
        self.db.flush().map_err(writing)?;
        self.file.sync_all().map_err(|error| StoreError::Write { what: error.to_string() })
    }
}

/// Lends the tables while they are open.
#[derive(Debug)]
pub(super) struct Lease {
    // Held for the moment of cloning, and while the handle is changed.
    open: RwLock<Option<Arc<Tables>>>,
}

impl Lease {
    pub(super) fn new(tables: Tables) -> Self {
        Self { open: RwLock::new(Some(Arc::new(tables))) }
    }

    pub(super) fn tables(&self) -> Result<Arc<Tables>, StoreError> {
        self.open.read().unwrap_or_else(PoisonError::into_inner).clone().ok_or(StoreError::Closed)
    }

    /// Drops the handle, once the last reader has let go of it.
    pub(super) fn close(&self) {
        *self.open.write().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Opens what [`Self::close`] closed.
    pub(super) fn reopen(&self, dir: &Path, cache_bytes: u64) -> Result<(), StoreError> {
        let tables = Tables::open(dir, cache_bytes).map_err(writing)?;
        *self.open.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(tables));
        Ok(())
    }
}

/// An error of reading.
/// Runs work that sled has deferred to a later epoch, as far as this thread can: part of it frees the files.
pub(super) fn settle() {
    for _ in 0..4 {
        crossbeam_epoch::pin().flush();
    }
}

/// Our own lock is held already, so whoever has sled's is what is left of an earlier handle in this process: sled frees
/// it a moment after the drop, when its last deferred work has run.
fn open_patiently(config: &sled::Config) -> sled::Result<sled::Db> {
    let began = Instant::now();
    loop {
        match config.open() {
            Err(sled::Error::Io(error))
                if error.to_string().contains("could not acquire lock") && began.elapsed() < PATIENCE =>
            {
                settle();
                thread::sleep(Duration::from_millis(5));
            }
            result => return result,
        }
    }
}

pub(super) fn reading(error: sled::Error) -> StoreError {
    match error {
        sled::Error::Io(source) => failed("read", Path::new("the store"))(source),
        other => StoreError::Damaged { what: other.to_string() },
    }
}

/// An error of writing.
pub(super) fn writing(error: sled::Error) -> StoreError {
    match error {
        sled::Error::Io(source) => StoreError::Write { what: source.to_string() },
        other => StoreError::Damaged { what: other.to_string() },
    }
}
