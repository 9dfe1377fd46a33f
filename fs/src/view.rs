//! What the mounted view asks of whoever keeps the records. The daemon's store implements it; tests have one in memory.

use std::{fmt, sync::Arc, time::SystemTime};

use crate::Entry;

/// A directory's number: [`DirId::TOP`] is `/`, others from 2. Given once, never used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DirId(pub u32);

impl DirId {
    /// The directory `/`, shown as `files`.
    pub const TOP: Self = Self(1);
}

/// A file's number, from 1 and below 2^43. Given once, never used again.
///
/// It stands for one place: each name of a file with several hard links has a number of its own (the record may be
/// shared), because the kernel lets a directory stand in one place only, and each file is a directory here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub u64);

/// What stands at a name of a real directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChildId {
    Dir(DirId),
    File(FileId),
}

/// Who may read a real file or directory, and since when it stands in the view as it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Access {
    pub uid: u32,
    pub gid: u32,
    /// The real permission bits; the view takes the write bits away.
    pub mode: u16,
    /// A file: when its record was committed. A directory: when its row was, or any time that only grows.
    pub changed: SystemTime,
}

/// A name's meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Child {
    pub id: ChildId,
    pub access: Access,
}

/// A child with its name.
pub type Named = (Box<[u8]>, Child);

/// Where a file or directory stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub dir: DirId,
    /// One path component, any bytes but `/` and NUL.
    pub name: Box<[u8]>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The store is closed, or its disk fails; it may work again later.
    #[error("the store cannot answer now")]
    Unavailable,
    /// What is stored under this number cannot be read.
    #[error("the stored row is damaged")]
    Damaged,
}

/// Directories, files and their records, as last committed.
///
/// Every method is called by the kernel's request threads and answers from what is stored, at once: it never waits
/// for an extraction, nor for whoever hands changes to the [`Notifier`](crate::Notifier).
///
/// Shown are the roots, the directories above them up to [`DirId::TOP`], and below them all directories and those
/// files that have a record. What is not shown is `None`, also while it is still being cleared away.
pub trait View: Send + Sync + 'static {
    /// The child of this name.
    fn child(&self, dir: DirId, name: &[u8]) -> Result<Option<Child>, Error>;

    /// Up to `limit` children in the byte order of their names, from the first name greater than `after` on (from the
    /// first at all for an empty `after`). Less than `limit` means the end. An unknown directory has none.
    fn children(&self, dir: DirId, after: &[u8], limit: usize) -> Result<Vec<Named>, Error>;

    /// Where it stands now; [`DirId::TOP`] stands nowhere.
    fn place(&self, id: ChildId) -> Result<Option<Place>, Error>;

    /// Its access alone, without its record.
    fn access(&self, id: ChildId) -> Result<Option<Access>, Error>;

    /// A file's record with the numbers of its nodes. Asked again and again while a file is looked at: keep the last
    /// ones decoded.
    fn entry(&self, file: FileId) -> Result<Option<Arc<Entry>>, Error>;

    /// The real absolute path, put together from the places up to [`DirId::TOP`].
    fn path(&self, id: ChildId) -> Result<Option<Vec<u8>>, Error> {
        let mut names = Vec::new();
        let mut id = id;
        while id != ChildId::Dir(DirId::TOP) {
            let Some(place) = self.place(id)? else { return Ok(None) };
            // A path has 4,096 bytes at most, so deeper rows are a ring.
            if names.len() == 2_048 {
                return Err(Error::Damaged);
            }
            names.push(place.name);
            id = ChildId::Dir(place.dir);
        }
        let mut path = Vec::with_capacity(names.iter().map(|name| name.len() + 1).sum::<usize>().max(1));
        for name in names.iter().rev() {
            path.push(b'/');
            path.extend_from_slice(name);
        }
        if path.is_empty() {
            path.push(b'/');
        }
        Ok(Some(path))
    }
}

/// What `status/` shows. It comes from elsewhere than the records do.
pub struct Status {
    /// The files, in the order of their listing.
    pub names: &'static [&'static str],
    /// The text of one of them as of now. Called by the kernel's request threads, it answers at once.
    pub render: Box<dyn Fn(&str) -> String + Send + Sync>,
}

impl fmt::Debug for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Status").field("names", &self.names).finish_non_exhaustive()
    }
}
