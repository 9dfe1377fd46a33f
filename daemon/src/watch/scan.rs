//! One look at one directory: names, kinds and stamps, without following links or leaving the root.
//!
//! Called by the crawl in its own threads. What it asks goes to `files`.

use std::io;

use rustix::{fs::FileType, io::Errno};

use super::{
    files::{Directory, Files, Stat},
    names::Names,
    rules::Chain,
};
use crate::{
    model::{Access, FsId, Identity, Stamp},
    plan::{Found, FoundKind},
};

/// Names looked at between two signs of life.
const BEAT: usize = 256;

/// A root, opened for one look or one crawl. Not kept, so that its file system can be unmounted.
#[derive(Debug)]
pub struct RootDir {
    dir: Box<dyn Directory>,
    /// `st_dev` of the root, as `(major, minor)`, and the number of its file system.
    device: (u32, u32),
    fs: FsId,
    within: Within,
    /// Where several users are served: the directories on the way to it, `/` first and itself last.
    way: Vec<(Identity, Access)>,
}

/// What a look below a root may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Within {
    /// Other file systems mounted below the root belong to it.
    pub cross: bool,
    /// Several users are served, and who may read what depends on it: access control lists are looked for, and what
    /// others exchange between two looks is told apart.
    pub shared: bool,
}

/// What a look at a directory needs to know of it.
#[derive(Debug)]
pub struct Opened {
    dir: Box<dyn Directory>,
    fs: FsId,
}

impl RootDir {
    /// Opens the root.
    ///
    /// Errors: those of `open(2)`; `ENOTDIR` when the root is a symlink or a file.
    pub fn open(files: &dyn Files, path: &[u8], within: Within) -> io::Result<Self> {
        let (steps, dir) = match within.shared {
            true => files.open_by_steps(path)?,
            false => (Vec::new(), files.open(path)?),
        };
        let way = steps.iter().map(|step| (identity(&step.stat, step.fs), marked(access(&step.stat), || step.has_acl)));
        Ok(Self { device: dir.stat(b"")?.device, fs: dir.fs()?, way: way.collect(), dir, within })
    }

    /// The directory so many steps below `/` on the way to the root, as it was when the root was opened by it. `None`
    /// unless several users are served.
    pub fn step(&self, depth: usize) -> Option<(Identity, Access)> {
        self.way.get(depth).copied()
    }

    /// Opens a directory below the root; `relative` is empty for the root itself.
    ///
    /// Errors: those of [`Directory::open`]; `EXDEV` beyond a mount point that does not belong to the root.
    pub fn open_dir(&self, relative: &[u8]) -> io::Result<Opened> {
        let dir = self.dir.open(relative, self.within.cross)?;
        // Unless other file systems belong to the root, only what stands on its own is ever admitted.
        let fs = if self.within.cross { dir.fs()? } else { self.fs };
        Ok(Opened { fs, dir })
    }

    /// What it was opened for.
    pub fn within(&self) -> Within {
        self.within
    }

    fn admits(&self, stat: &Stat) -> bool {
        self.within.cross || stat.device == self.device
    }
}

impl Opened {
    /// Of the directory itself.
    ///
    /// Errors: those of `statx(2)`.
    pub fn identity(&self) -> io::Result<Identity> {
        Ok(identity(&self.dir.stat(b"")?, self.fs))
    }

    /// The names in the directory, sorted, with the kind the directory gives them (often, not always, known).
    ///
    /// Errors: an unreadable directory.
    pub fn names(&self) -> io::Result<Names> {
        let mut names = self.dir.names()?;
        names.sort();
        Ok(names)
    }

    /// Looks at each name, in the order they have. What the rules exclude, what is neither a regular file nor a directory,
    /// what is gone, and mount points that do not belong to the root are left out. `beat` is called now and then while
    /// there are answers.
    ///
    /// Errors: a directory that may be listed but not entered; no memory.
    pub fn look<'n>(
        &self,
        root: &RootDir,
        rules: &Chain,
        names: &'n Names,
        beat: &dyn Fn(),
    ) -> io::Result<Vec<Found<&'n [u8]>>> {
        let mut found = Vec::with_capacity(names.len());
        for (n, (name, hint)) in names.iter().enumerate() {
            if n % BEAT == 0 {
                beat();
            }
            found.extend(self.look_at(root, rules, name, hint)?);
        }
        Ok(found)
    }

    /// The access of a name that was found, marked where a list says more.
    pub fn with_acl(&self, name: &[u8], inode: u64, access: Access) -> Access {
        marked(access, || self.dir.has_acl(name, inode))
    }

    /// Whether a name stands in the directory; serves marker files.
    pub fn has(&self, name: &str) -> bool {
        self.dir.stat(name.as_bytes()).is_ok()
    }

    /// The text of a small rule file in this directory; `None` where there is none.
    ///
    /// Errors: those of [`Directory::text`].
    pub fn read_rules(&self, name: &str, at_most: usize) -> io::Result<Option<Vec<u8>>> {
        self.dir.text(name, at_most)
    }

    fn look_at<'n>(
        &self,
        root: &RootDir,
        rules: &Chain,
        name: &'n [u8],
        hint: FileType,
    ) -> io::Result<Option<Found<&'n [u8]>>> {
        if !matches!(hint, FileType::RegularFile | FileType::Directory | FileType::Unknown) {
            return Ok(None);
        }
        if hint != FileType::Unknown && rules.excludes(name, hint == FileType::Directory).is_some() {
            return Ok(None);
        }
        let stat = match self.dir.stat(name) {
            Ok(stat) => stat,
            Err(error) if is(&error, Errno::ACCESS) || is(&error, Errno::NOMEM) => return Err(error),
            // Gone meanwhile, or a name too odd to look at: no reason to lose the others.
            Err(_) => return Ok(None),
        };
        let is_dir = match FileType::from_raw_mode(u32::from(stat.mode)) {
            FileType::RegularFile => false,
            FileType::Directory => true,
            _ => return Ok(None),
        };
        let excluded = hint == FileType::Unknown && rules.excludes(name, is_dir).is_some();
        Ok((root.admits(&stat) && !excluded).then(|| self.found(name, &stat, is_dir)))
    }

    fn found<'n>(&self, name: &'n [u8], stat: &Stat, is_dir: bool) -> Found<&'n [u8]> {
        let kind = match is_dir {
            true => FoundKind::Dir,
            false => FoundKind::File { stamp: stamp(stat), links: stat.links },
        };
        Found { name, identity: identity(stat, self.fs), access: access(stat), kind }
    }
}

/// Whether an error says that the name is not there any more.
pub fn is_gone(error: &io::Error) -> bool {
    [Errno::NOENT, Errno::NOTDIR, Errno::LOOP, Errno::XDEV, Errno::STALE].iter().any(|errno| is(error, *errno))
}

fn is(error: &io::Error, errno: Errno) -> bool {
    error.raw_os_error() == Some(errno.raw_os_error())
}

/// The identity and access of the directory at an absolute path; used for the directories above a root.
///
/// Errors: those of [`Files::stat_dir`].
pub fn stat_dir(files: &dyn Files, path: &[u8]) -> io::Result<(Identity, Access)> {
    let (stat, fs) = files.stat_dir(path)?;
    Ok((identity(&stat, fs), access(&stat)))
}

/// Marks an access where a list says more than the bits do. That is not asked where the bits give nobody but the owner
/// anything: a list can only give less then.
pub(super) fn marked(access: Access, listed: impl FnOnce() -> bool) -> Access {
    match access.mode & 0o077 != 0 && listed() {
        true => Access { mode: access.mode | Access::ACL, ..access },
        false => access,
    }
}

fn identity(stat: &Stat, fs: FsId) -> Identity {
    Identity { fs, inode: stat.inode, born: stat.born }
}

pub(super) fn access(stat: &Stat) -> Access {
    Access { uid: stat.uid, gid: stat.gid, mode: stat.mode & 0o7777 }
}

fn stamp(stat: &Stat) -> Stamp {
    Stamp { size: stat.size, mtime: stat.mtime, ctime: stat.ctime }
}
