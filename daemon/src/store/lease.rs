//! The open database, lent to readers and the writer; the only place that holds it.
//!
//! Whoever works with rows takes the tables for that moment only, so that the handle can be dropped (after a storage
//! error, or to sleep) and opened again without anybody's help.

use std::{
    path::Path,
    sync::{Arc, PoisonError, RwLock},
    thread,
    time::{Duration, Instant},
};

use crate::store::{StoreError, disk::DiskTables, tables::Tables};

/// How long an earlier handle may take to let go of its lock.
const PATIENCE: Duration = Duration::from_secs(5);

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
        let tables = Tables::Disk(open_patiently(dir, cache_bytes)?);
        *self.open.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(tables));
        Ok(())
    }
}

/// Runs work that sled has deferred to a later epoch, as far as this thread can: part of it frees the files.
pub(super) fn settle() {
    for _ in 0..4 {
        crossbeam_epoch::pin().flush();
    }
}

/// Our own lock is held already, so whoever has sled's is what is left of an earlier handle in this process: sled frees
/// it a moment after the drop, when its last deferred work has run.
pub(super) fn open_patiently(dir: &Path, cache_bytes: u64) -> Result<DiskTables, StoreError> {
    let began = Instant::now();
    loop {
        match DiskTables::open(dir, cache_bytes) {
            Err(StoreError::Open { source, .. })
                if source.to_string().contains("could not acquire lock") && began.elapsed() < PATIENCE =>
            {
                settle();
                thread::sleep(Duration::from_millis(5));
            }
            result => return result,
        }
    }
}
