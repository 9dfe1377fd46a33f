//! One look at one directory: names, kinds and stamps, without following links or leaving the root.
//!
//! Called by the crawl in its own threads. Opens directories only, changes no access time where it may not.

use std::{io, os::fd::OwnedFd};

use rustix::{
    fs::{AtFlags, FileType, Mode, OFlags, RawDir, ResolveFlags, Statx, StatxFlags},
    io::Errno,
};

use super::rules::Chain;
use crate::{
    model::{Access, FileName, FsId, Identity, Stamp},
    plan::{Found, FoundKind},
};

/// How much space one `getdents64` call gets.
const LISTING: usize = 64 << 10;

/// A root, opened for one look or one crawl. Not kept, so that its file system can be unmounted.
#[derive(Debug)]
pub struct RootFd {
    fd: OwnedFd,
    /// `st_dev` of the root, as `(major, minor)`.
    device: (u32, u32),
    cross: bool,
}

/// What a look at a directory needs to know of it.
#[derive(Debug)]
pub struct Opened {
    fd: OwnedFd,
    fs: FsId,
    pub identity: Identity,
    pub access: Access,
}

impl RootFd {
    /// Opens the root. `cross` says whether other file systems below it belong to it.
    ///
    /// Errors: those of `open(2)`; `ENOTDIR` when the root is a symlink or a file.
    pub fn open(path: &[u8], cross: bool) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let fd = rustix::fs::open(path, flags, Mode::empty())?;
        let stat = statx(&fd, b"", AtFlags::EMPTY_PATH)?;
        Ok(Self { fd, device: (stat.stx_dev_major, stat.stx_dev_minor), cross })
    }

    /// Opens a directory below the root; `relative` is empty for the root itself.
    ///
    /// Errors: those of `openat2(2)`: `ELOOP` at a symlink, `ENOENT` when it is gone, `EXDEV` beyond a mount point
    /// that does not belong to the root.
    pub fn open_dir(&self, relative: &[u8]) -> io::Result<Opened> {
        let path = if relative.is_empty() { b".".as_slice() } else { relative };
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
        let resolve = if self.cross { resolve } else { resolve | ResolveFlags::NO_XDEV };
        let open = |flags| rustix::fs::openat2(&self.fd, path, flags, Mode::empty(), resolve);
        // Listing changes the access time of a directory; only its owner may ask for it not to.
        let fd = open(flags | OFlags::NOATIME).or_else(|error| match error {
            Errno::PERM => open(flags),
            other => Err(other),
        })?;
        let fs = fs_id(&fd)?;
        let stat = statx(&fd, b"", AtFlags::EMPTY_PATH)?;
        Ok(Opened { fs, identity: identity(&stat, fs), access: access(&stat), fd })
    }

    fn admits(&self, stat: &Statx) -> bool {
        self.cross || (stat.stx_dev_major, stat.stx_dev_minor) == self.device
    }
}

impl Opened {
    /// The names in the directory with the kind the directory gives them (often, not always, known).
    ///
    /// Errors: an unreadable directory.
    pub fn names(&self) -> io::Result<Vec<(FileName, FileType)>> {
        let mut names = Vec::new();
        let mut space = Vec::with_capacity(LISTING);
        let mut listing = RawDir::new(&self.fd, space.spare_capacity_mut());
        while let Some(entry) = listing.next() {
            let entry = entry?;
            let name = entry.file_name().to_bytes();
            if name != b"." && name != b".." {
                names.push((FileName::from(name), entry.file_type()));
            }
        }
        Ok(names)
    }

    /// Looks at each name. What the rules exclude, what is neither a regular file nor a directory, what is gone, and
    /// mount points that do not belong to the root are left out.
    ///
    /// Errors: a directory that may be listed but not entered.
    pub fn look(&self, root: &RootFd, rules: &Chain, names: &[(FileName, FileType)]) -> io::Result<Vec<Found>> {
        let mut found = Vec::with_capacity(names.len());
        for (name, hint) in names {
            found.extend(self.look_at(root, rules, name, *hint)?);
        }
        found.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        Ok(found)
    }

    /// Whether a name stands in the directory; serves marker files.
    pub fn has(&self, name: &str) -> bool {
        rustix::fs::statat(&self.fd, name, AtFlags::SYMLINK_NOFOLLOW).is_ok()
    }

    /// The text of a small rule file in this directory; `None` where there is none.
    pub fn read_rules(&self, name: &str, at_most: usize) -> Option<Vec<u8>> {
        use std::io::Read;
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let fd = rustix::fs::openat(&self.fd, name, flags, Mode::empty()).ok()?;
        let stat = rustix::fs::fstat(&fd).ok()?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
            return None;
        }
        let mut text = Vec::new();
        std::fs::File::from(fd).take(at_most as u64).read_to_end(&mut text).ok()?;
        Some(text)
    }

    fn look_at(&self, root: &RootFd, rules: &Chain, name: &[u8], hint: FileType) -> io::Result<Option<Found>> {
        if !matches!(hint, FileType::RegularFile | FileType::Directory | FileType::Unknown) {
            return Ok(None);
        }
        if hint != FileType::Unknown && rules.excludes(name, hint == FileType::Directory).is_some() {
            return Ok(None);
        }
        let stat = match statx(&self.fd, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => stat,
            Err(error) if error.raw_os_error() == Some(Errno::ACCESS.raw_os_error()) => return Err(error),
            // Gone meanwhile, or a name too odd to look at: no reason to lose the others.
            Err(_) => return Ok(None),
        };
        let is_dir = match FileType::from_raw_mode(u32::from(stat.stx_mode)) {
            FileType::RegularFile => false,
            FileType::Directory => true,
            _ => return Ok(None),
        };
        let excluded = hint == FileType::Unknown && rules.excludes(name, is_dir).is_some();
        Ok((root.admits(&stat) && !excluded).then(|| self.found(name, &stat, is_dir)))
    }

    fn found(&self, name: &[u8], stat: &Statx, is_dir: bool) -> Found {
        let kind = match is_dir {
            true => FoundKind::Dir,
            false => FoundKind::File { stamp: stamp(stat), links: stat.stx_nlink },
        };
        Found { name: FileName::from(name), identity: identity(stat, self.fs), access: access(stat), kind }
    }
}

/// Whether an error says that the name is not there any more.
pub fn is_gone(error: &io::Error) -> bool {
    [Errno::NOENT, Errno::NOTDIR, Errno::LOOP, Errno::XDEV, Errno::STALE]
        .iter()
        .any(|errno| error.raw_os_error() == Some(errno.raw_os_error()))
}

/// The number of the file system a descriptor stands on.
pub fn fs_id(fd: &OwnedFd) -> io::Result<FsId> {
    let stat = rustix::fs::fstatvfs(fd)?;
    Ok(FsId(stat.f_fsid))
}

/// The identity, access and kind of an absolute path's last component; used for the directories above a root.
pub fn stat_dir(path: &[u8]) -> io::Result<(Identity, Access)> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let fd = rustix::fs::open(path, flags, Mode::empty())?;
    let stat = statx(&fd, b"", AtFlags::EMPTY_PATH)?;
    Ok((identity(&stat, fs_id(&fd)?), access(&stat)))
}

fn statx(fd: &OwnedFd, name: &[u8], flags: AtFlags) -> io::Result<Statx> {
    let flags = flags | AtFlags::NO_AUTOMOUNT | AtFlags::STATX_DONT_SYNC;
    Ok(rustix::fs::statx(fd, name, flags, StatxFlags::BASIC_STATS | StatxFlags::BTIME)?)
}

fn identity(stat: &Statx, fs: FsId) -> Identity {
    let has_birth = stat.stx_mask & StatxFlags::BTIME.bits() != 0;
    Identity { fs, inode: stat.stx_ino, born: has_birth.then(|| nanoseconds(&stat.stx_btime)) }
}

fn access(stat: &Statx) -> Access {
    Access { uid: stat.stx_uid, gid: stat.stx_gid, mode: stat.stx_mode & 0o7777 }
}

fn stamp(stat: &Statx) -> Stamp {
    Stamp { size: stat.stx_size, mtime: nanoseconds(&stat.stx_mtime), ctime: nanoseconds(&stat.stx_ctime) }
}

fn nanoseconds(time: &rustix::fs::StatxTimestamp) -> i64 {
    time.tv_sec.saturating_mul(1_000_000_000).saturating_add(i64::from(time.tv_nsec))
}
