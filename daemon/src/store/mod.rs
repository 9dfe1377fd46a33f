//! The only user of sled: rows in, rows out. Knows nobody who reads it.

use std::sync::Arc;

use crate::model::{DirId, DirRows, EntryRow, FailureKind, FileId, FileRecord, FileState, Identity, Mutation, Place};

/// Reads of the index. Never waits for a writer; cheap to clone behind an `Arc`.
pub trait Rows: Send + Sync {
    /// A directory with all its entries; `None` if the index has none of that number.
    fn dir(&self, dir: DirId) -> Result<Option<DirRows>, StoreError>;
    /// One entry by place.
    fn entry(&self, dir: DirId, name: &[u8]) -> Result<Option<EntryRow>, StoreError>;
    /// The directory's absolute path; `None` if it is not in the index.
    fn path(&self, dir: DirId) -> Result<Option<Vec<u8>>, StoreError>;
    /// The directory at an absolute path, found from [`DirId::TOP`] by name.
    fn dir_at(&self, path: &[u8]) -> Result<Option<DirId>, StoreError>;
    /// What is kept of a file.
    fn file(&self, file: FileId) -> Result<Option<Arc<FileRecord>>, StoreError>;
    /// All places of an inode with several names.
    fn links(&self, identity: &Identity) -> Result<Vec<Place>, StoreError>;
    /// Up to `limit` files in a wanted state from directory `from` on (whole directories), and where to go on.
    fn scan(
        &self,
        from: DirId,
        limit: usize,
        wanted: &dyn Fn(FileState) -> bool,
    ) -> Result<(Vec<(DirId, EntryRow)>, Option<DirId>), StoreError>;
    /// Files under suspicion, with their failed tries.
    fn suspects(&self) -> Result<Vec<(FileId, u8, FailureKind)>, StoreError>;
    /// Totals, kept with the rows.
    fn counts(&self) -> Counts;
    /// A new number for a file or a directory; it is durable with the first commit that uses it.
    fn new_file(&self) -> FileId;
    fn new_dir(&self) -> DirId;
}

/// Writes of the index.
pub trait Store: Rows {
    /// Applies a batch in order in one transaction (larger ones in several, each consistent) and returns at once;
    /// the commit is announced through the sink given at opening.
    fn commit(&self, batch: Vec<Mutation>) -> CommitId;
    /// Commits what is waiting, syncs, closes. Idempotent.
    fn close(&self) -> Result<(), StoreError>;
}

/// Numbers commits from 1, growing over one run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CommitId(pub u64);

/// What the store announces, in order.
#[derive(Debug, Clone)]
pub enum StoreEvent {
    /// Readers see it. `changed` names what a view has to forget.
    Committed { commit: CommitId, changed: Vec<Changed> },
    /// It survives a power cut.
    Durable { commit: CommitId },
    /// Writing failed; the batch is kept and tried again (disk full), or lost with the store (`fatal`).
    Trouble { text: String, fatal: bool },
}

/// One name that a commit touched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    pub place: Place,
    /// The file there before or after; `None` for a directory.
    pub file: Option<FileId>,
    pub kind: ChangedKind,
}

/// What happened at the name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangedKind {
    Appeared,
    Vanished,
    /// The record or the attributes differ.
    Updated,
}

/// Totals over the whole index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    pub directories: u64,
    pub files: u64,
    pub pending: u64,
    pub indexed: u64,
    pub partial: u64,
    pub failed: u64,
}

/// Why the store could not answer or write.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("the store at {path} is in use by another process")]
    Locked { path: String },
    #[error("the store at {path} cannot be opened")]
    Open { path: String, source: std::io::Error },
    #[error("the store is damaged: {what}")]
    Damaged { what: String },
    #[error("the store cannot be written: {what}")]
    Write { what: String },
    #[error("the store is closed")]
    Closed,
}
