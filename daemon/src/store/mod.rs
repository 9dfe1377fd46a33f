//! The only user of sled: rows in, rows out. Knows nobody who reads it.
//!
//! A change goes `writer` (groups, commit points, trouble) → `apply` and `links` (what it means) → `draft` (rows as
//! they will be, one transaction) → `page`, `row`, `names`, `side`, `schema` (rows as bytes). Readers come through
//! `read` and, for the view, `listing`, with `cache` in front; `ahead` fills it before they come. `open` makes and repairs within a `bound`, `lease` holds the handle.

mod ahead;
mod apply;
mod bound;
mod cache;
mod dictionary;
mod disk;
mod draft;
mod group;
mod handle;
mod lease;
mod links;
mod listing;
mod names;
mod open;
mod page;
mod read;
mod rebuild;
mod row;
mod schema;
mod shared;
mod side;
mod tables;
mod upkeep;
mod view;
mod walk;
mod writer;

#[cfg(test)]
mod care;
#[cfg(test)]
pub(crate) mod memory;
#[cfg(test)]
mod plain;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

use std::{io, path::Path, path::PathBuf, sync::Arc, time::Duration};

use crate::{
    codec::DecodeError,
    model::{
        DirId, DirRows, EntryRef, EntryRow, FailureKind, FileId, FileRecord, FileState, Identity, Mutation, Note, Place,
    },
};

pub use handle::SledStore;
use shared::Shared;
pub use view::{StoreView, change};

/// Reads of the index. Never waits for a writer; cheap to clone behind an `Arc`.
pub trait Rows: Send + Sync {
    /// A directory with all its entries; `None` if the index has none of that number.
    fn dir(&self, dir: DirId) -> Result<Option<DirRows>, StoreError>;
    /// Hands over the entries of a directory in the order of their names; `false` if the index has none of that number,
    /// and then what was handed over counts for nothing. For those who copy few of them.
    fn each(&self, dir: DirId, take: &mut dyn FnMut(EntryRef<'_>)) -> Result<bool, StoreError> {
        let Some(rows) = self.dir(dir)? else { return Ok(false) };
        rows.entries.iter().for_each(|row| take(row.as_ref()));
        Ok(true)
    }
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
    fn scan(&self, from: DirId, limit: usize, wanted: &dyn Fn(FileState) -> bool) -> Result<Scanned, StoreError>;
    /// Files under suspicion, with their failed tries.
    fn suspects(&self) -> Result<Vec<(FileId, u8, FailureKind)>, StoreError>;
    /// What was noted, if anything was.
    fn note(&self, note: Note) -> Result<Option<Vec<u8>>, StoreError>;
    /// Totals, kept with the rows.
    fn counts(&self) -> Counts;
    /// A new number for a file or a directory; it is durable with the first commit that uses it.
    fn new_file(&self) -> FileId;
    fn new_dir(&self) -> DirId;
}

/// Files, each with its directory, and the directory to go on from; `None` at the end.
pub type Scanned = (Vec<(DirId, EntryRow)>, Option<DirId>);

/// Writes of the index.
pub trait Store: Rows {
    /// Applies a batch in order in one transaction (larger ones in several, each consistent) and returns at once;
    /// the commit is announced through the sink given at opening.
    fn commit(&self, batch: Vec<Mutation>) -> CommitId;
    /// Commits what is waiting, syncs, closes. Idempotent.
    fn close(&self) -> Result<(), StoreError>;
    /// Gives up what it keeps in memory only to be faster; where nobody has wanted anything for a moment, it sleeps.
    fn trim(&self) {}
    /// Others want what it uses: for some seconds nothing is read ahead.
    fn hold(&self) {}
    /// How its caches serve. Wakes nothing.
    fn caches(&self) -> Caches {
        Caches::default()
    }
    /// What it does when nobody wants anything of it.
    fn rest(&self) -> Rest {
        Rest::Awake
    }
    /// Bytes of its rows on disk; asks the file system.
    fn size(&self) -> u64 {
        0
    }
}

/// What a store does when nobody wants anything of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Rest {
    #[default]
    Awake,
    /// Closed until somebody wants it.
    Asleep,
    /// Awake, and written anew into a smaller file.
    Rebuilding,
}

impl Rest {
    /// All there are.
    pub const ALL: [Self; 3] = [Self::Awake, Self::Asleep, Self::Rebuilding];

    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Awake => "awake",
            Self::Asleep => "asleep",
            Self::Rebuilding => "rebuilding",
        }
    }
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
    /// It is being written anew: `size` bytes on disk for `live` bytes of rows.
    Rebuilding { size: u64, live: u64 },
    /// It was, and takes less room.
    Rebuilt { before: u64, after: u64 },
    /// It has looked at itself: `size` bytes on disk for `live` bytes of rows, and it is not written anew for that.
    Weighed { size: u64, live: u64 },
    /// Records of so many files were damaged: the files are pending again.
    Mended { files: usize },
    /// Writing failed; the batch is kept and tried again (disk full), or lost with the store (`fatal`), which the next opening
    /// sets aside.
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

/// Where and how the store keeps its rows.
#[derive(Debug, Clone)]
pub struct StoreConfig {
    /// The store's own directory; made if it is missing.
    pub path: PathBuf,
    /// Bytes of decoded records and listings kept for readers.
    pub records_bytes: usize,
    /// Records decoded before anybody asks for them at most, 0 for none; `None` is as many as fit a quarter of the room.
    pub prefetch_records: Option<usize>,
    /// Bytes sled's own cache aims at.
    pub cache_bytes: u64,
    /// Nothing is written while the file system has less room.
    pub min_free_bytes: u64,
    /// Without work or reads for so long, the tables are closed until somebody wants them.
    pub sleep_after: Duration,
    /// A smaller file is never written anew.
    pub rebuild_above: u64,
    /// A database that takes longer to be opened, and a second longer for each 4 MiB of it, is damaged.
    pub open_within: Duration,
    /// So long nobody must have wanted anything before it looks after itself.
    pub quiet: Duration,
}

impl StoreConfig {
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            records_bytes: 16 << 20,
            prefetch_records: None,
            cache_bytes: 16 << 20,
            min_free_bytes: 200 << 20,
            sleep_after: Duration::from_secs(30),
            rebuild_above: 16 << 20,
            open_within: Duration::from_secs(60),
            quiet: Duration::from_secs(1),
        }
    }
}

/// How the opening went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenReport {
    /// It is new and empty: everything has to be crawled.
    pub created: bool,
    /// What was wrong with its snapshot, which was left out; nothing is lost.
    pub repaired: Option<String>,
    /// Where the damaged rows lie now, and what was wrong with them.
    pub set_aside: Option<(PathBuf, String)>,
}

/// How the caches serve.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Caches {
    /// Decoded records.
    pub records: Tier,
    /// Directories as the view lists them.
    pub listings: Tier,
    /// What gets into either before anybody asks for it.
    pub prefetch: Prefetch,
}

/// How one cache serves. Totals since the store was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tier {
    /// Taken now, about.
    pub bytes: u64,
    pub most: u64,
    pub hits: u64,
    pub misses: u64,
    /// Gone to make room. What a change or want of memory takes is none.
    pub evictions: u64,
}

/// How reading ahead serves, in records and directories. What is neither used nor wasted still waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Prefetch {
    pub fetched: u64,
    /// Asked for afterwards.
    pub hits: u64,
    /// Gone before anybody asked.
    pub wasted: u64,
}

impl std::ops::Add for Prefetch {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { fetched: self.fetched + other.fetched, hits: self.hits + other.hits, wasted: self.wasted + other.wasted }
    }
}

/// Takes what the store announces; called by the writer's thread, so it must not wait.
pub type Sink = Box<dyn Fn(StoreEvent) + Send>;

/// Why the store could not answer or write.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("the store at {path} is in use by {holder}")]
    Locked { path: String, holder: String },
    #[error("the store at {path} is of a newer version ({found}, known is {known})")]
    Newer { path: String, found: u32, known: u32 },
    #[error("the store at {path} cannot be opened")]
    Open { path: String, source: io::Error },
    #[error("the store is damaged: {what}")]
    Damaged { what: String },
    /// Only a new process gets rid of it; there the rows are set aside.
    #[error("the store is damaged: opening it does not come to an end")]
    Endless,
    #[error("cannot {act} {path}")]
    Failed { act: &'static str, path: String, source: io::Error },
    #[error("{free} bytes are free on the store's disk, {wanted} are wanted")]
    Full { free: u64, wanted: u64 },
    #[error("the store cannot be written: {what}")]
    Write { what: String },
    #[error("the store is closed")]
    Closed,
}

impl From<DecodeError> for StoreError {
    fn from(error: DecodeError) -> Self {
        Self::Damaged { what: error.to_string() }
    }
}

/// For `map_err` where a file could not be read or written.
fn failed(act: &'static str, path: &Path) -> impl FnOnce(io::Error) -> StoreError {
    let path = path.display().to_string();
    move |source| StoreError::Failed { act, path, source }
}
