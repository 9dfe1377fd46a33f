//! The tables on sled: the only file that speaks with it.

use std::{fs::File, io, num::NonZeroU64, ops::Bound, path::Path};

use sled::{Batch, Transactional, transaction::TransactionError};

use crate::store::{
    StoreError, failed,
    tables::{Bytes, Changes, Table},
};

/// An open database.
#[derive(Debug)]
pub(super) struct DiskTables {
    db: sled::Db,
    /// The file `db`, to be synced: sled's own flush commits neither its size nor its extents.
    file: File,
    /// In the order of [`Table::ALL`].
    trees: [sled::Tree; 5],
}

impl DiskTables {
    pub(super) fn open(dir: &Path, cache_bytes: u64) -> Result<Self, StoreError> {
        let _slack = Slack::long();
        // Nothing flushes behind our back: an idle store must not wake up.
        let config = sled::Config::new().path(dir).cache_capacity(cache_bytes).flush_every_ms(None);
        let cannot = |error| match error {
            sled::Error::Io(source) if !is_damage(&source) => {
                StoreError::Open { path: dir.display().to_string(), source }
            }
            other => StoreError::Damaged { what: other.to_string() },
        };
        let db = config.open().map_err(cannot)?;
        let [dirs, records, meta, suspects, links] = Table::ALL.map(|table| db.open_tree(table.name()).map_err(cannot));
        let file = File::open(dir.join("db")).map_err(|error| cannot(error.into()))?;
        Ok(Self { file, trees: [dirs?, records?, meta?, suspects?, links?], db })
    }

    fn tree(&self, table: Table) -> &sled::Tree {
        &self.trees[table.index()]
    }

    pub(super) fn get(&self, table: Table, key: &[u8]) -> Result<Option<Bytes>, StoreError> {
        self.tree(table).get(key).map_err(reading)
    }

    pub(super) fn range(&self, table: Table, low: Bound<&[u8]>, high: Bound<&[u8]>) -> sled::Iter {
        self.tree(table).range::<&[u8], _>((low, high))
    }

    pub(super) fn commit(&self, changes: &Changes) -> Result<(), StoreError> {
        let _slack = Slack::long();
        let batches = changes.0.each_ref().map(|rows| {
            let mut batch = Batch::default();
            for (key, value) in rows {
                match value {
                    Some(value) => batch.insert(key, value),
                    None => batch.remove(key),
                }
            }
            batch
        });
        let [dirs, records, meta, suspects, links] = &self.trees;
        (dirs, records, meta, suspects, links)
            .transaction(|(dirs, records, meta, suspects, links)| {
                for (tree, batch) in [dirs, records, meta, suspects, links].into_iter().zip(&batches) {
                    tree.apply_batch(batch)?;
                }
                Ok(())
            })
            .map_err(|error: TransactionError<()>| match error {
                TransactionError::Storage(error) => writing(error),
                TransactionError::Abort(()) => StoreError::Closed,
            })
    }

    pub(super) fn sync(&self) -> Result<(), StoreError> {
        let _slack = Slack::long();
        self.db.flush().map_err(writing)?;
        self.file.sync_all().map_err(|error| StoreError::Write { what: error.to_string() })
    }
}

/// Sled's pool wakes each second, open or closed, and grows whenever it likes; its threads inherit the slack of the one
/// that starts them. So whoever may start one has a long slack as long as it is in sled, where nobody sleeps.
struct Slack;

impl Slack {
    fn long() -> Self {
        // Where the kernel refuses, they just wake.
        _ = rustix::thread::set_current_timer_slack(NonZeroU64::new(3_600_000_000_000));
        Self
    }
}

impl Drop for Slack {
    fn drop(&mut self) {
        _ = rustix::thread::set_current_timer_slack(None);
    }
}

/// Whether an I/O error means bytes that are not what sled wrote.
fn is_damage(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidData)
}

/// An error of reading.
pub(super) fn reading(error: sled::Error) -> StoreError {
    match error {
        sled::Error::Io(source) => failed("read", Path::new("the store"))(source),
        other => StoreError::Damaged { what: other.to_string() },
    }
}

/// An error of writing.
fn writing(error: sled::Error) -> StoreError {
    match error {
        sled::Error::Io(source) => StoreError::Write { what: source.to_string() },
        other => StoreError::Damaged { what: other.to_string() },
    }
}
