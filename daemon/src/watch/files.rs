//! What a look asks of the file system, and the kernel's answers. Follows no symbolic link, opens directories and rule
//! files only, changes no access time where it may not.
//!
//! Called by `scan`, which decides what the answers mean; tests put a file system of their own in the kernel's place.

use std::{fmt, io, mem::MaybeUninit, os::fd::OwnedFd};

use rustix::{
    fs::{AtFlags, CWD, FileType, Mode, OFlags, RawDir, ResolveFlags, Statx, StatxFlags, openat},
    io::Errno,
    path::DecInt,
};

use super::names::Names;
use crate::model::FsId;

/// How much space one `getdents64` call gets, on the stack: most directories need two calls whatever it is.
const LISTING: usize = 32 << 10;
/// How every directory is opened.
const DIRECTORY: OFlags = OFlags::DIRECTORY.union(OFlags::CLOEXEC);

/// All file systems of a machine.
pub trait Files: fmt::Debug + Send + Sync {
    /// Opens a directory for reading by its absolute path; its last component may not be a symbolic link.
    ///
    /// Errors: those of `open(2)`; `ENOTDIR` at a symbolic link or a file.
    fn open(&self, path: &[u8]) -> io::Result<Box<dyn Directory>>;
    /// Says what the directory at an absolute path is, which nobody has to be allowed to read.
    ///
    /// Errors: those of `open(2)`.
    fn stat_dir(&self, path: &[u8]) -> io::Result<(Stat, FsId)>;
    /// Opens a directory as [`open`](Self::open) does, with all directories on the way to it, `/` first and itself last.
    /// Each is found in the one before and none by a symbolic link: others may exchange what stands there meanwhile.
    ///
    /// Errors: those of `open(2)`; `ENOTDIR` at a symbolic link or a file.
    fn open_by_steps(&self, path: &[u8]) -> io::Result<(Vec<Step>, Box<dyn Directory>)>;
}

/// A directory on the way to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    pub stat: Stat,
    pub fs: FsId,
    /// Whether an access control list says more of it than its bits do.
    pub has_acl: bool,
}

/// An open directory.
pub trait Directory: fmt::Debug + Send + Sync {
    /// Opens a directory below this one, for reading. `relative` is empty for itself; `cross` says whether mount points
    /// may be passed.
    ///
    /// Errors: those of `openat2(2)`: `ELOOP` at a symlink, `ENOENT` when it is gone, `EXDEV` at a mount point.
    fn open(&self, relative: &[u8], cross: bool) -> io::Result<Box<dyn Directory>>;
    /// The number of the file system it stands on.
    fn fs(&self) -> io::Result<FsId>;
    /// The names in it, with the kind the directory gives them (often, not always, known).
    fn names(&self) -> io::Result<Names>;
    /// What stands at a name in it; empty is itself.
    fn stat(&self, name: &[u8]) -> io::Result<Stat>;
    /// Whether an access control list says more of what stands at a name than its bits do, if that is still this inode;
    /// an empty name is itself. Where it cannot be told, it does.
    fn has_acl(&self, _name: &[u8], _inode: u64) -> bool {
        false
    }
    /// The first `at_most` bytes of a regular file in it; `None` where there is none, or none that may be read.
    ///
    /// Errors: those of a disk that fails, or of this process, if it may open no more.
    fn text(&self, name: &str, at_most: usize) -> io::Result<Option<Vec<u8>>>;
}

/// What the kernel says of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stat {
    /// `st_dev` as `(major, minor)`.
    pub device: (u32, u32),
    pub inode: u64,
    /// Birth time in ns since 1970; `None` where the file system keeps none.
    pub born: Option<i64>,
    /// Kind and permission bits.
    pub mode: u16,
    pub uid: u32,
    pub gid: u32,
    pub links: u32,
    pub size: u64,
    /// ns since 1970.
    pub mtime: i64,
    /// ns since 1970.
    pub ctime: i64,
}

/// The running kernel's.
#[derive(Debug, Clone, Copy)]
pub struct Kernel;

impl Files for Kernel {
    fn open(&self, path: &[u8]) -> io::Result<Box<dyn Directory>> {
        Ok(Box::new(openat(CWD, path, DIRECTORY | OFlags::RDONLY | OFlags::NOFOLLOW, Mode::empty())?))
    }

    fn stat_dir(&self, path: &[u8]) -> io::Result<(Stat, FsId)> {
        let fd = openat(CWD, path, DIRECTORY | OFlags::PATH, Mode::empty())?;
        Ok((statx(&fd, b"")?, fd.fs()?))
    }

    fn open_by_steps(&self, path: &[u8]) -> io::Result<(Vec<Step>, Box<dyn Directory>)> {
        let step = |fd: &OwnedFd| io::Result::Ok(Step { stat: statx(fd, b"")?, fs: fd.fs()?, has_acl: listed(fd) });
        let mut here = openat(CWD, "/", DIRECTORY | OFlags::PATH, Mode::empty())?;
        let mut way = vec![step(&here)?];
        for name in path.split(|&b| b == b'/').filter(|name| !name.is_empty()) {
            here = openat(&here, name, DIRECTORY | OFlags::PATH | OFlags::NOFOLLOW, Mode::empty())?;
            way.push(step(&here)?);
        }
        Ok((way, Box::new(openat(&here, ".", DIRECTORY | OFlags::RDONLY, Mode::empty())?)))
    }
}

impl Directory for OwnedFd {
    fn open(&self, relative: &[u8], cross: bool) -> io::Result<Box<dyn Directory>> {
        let path = if relative.is_empty() { b".".as_slice() } else { relative };
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
        let resolve = if cross { resolve } else { resolve | ResolveFlags::NO_XDEV };
        let open = |flags| rustix::fs::openat2(self, path, flags, Mode::empty(), resolve);
        // Listing changes the access time of a directory; only its owner may ask for it not to.
        let fd = open(flags | OFlags::NOATIME).or_else(|error| match error {
            Errno::PERM => open(flags),
            other => Err(other),
        })?;
        Ok(Box::new(fd))
    }

    fn fs(&self) -> io::Result<FsId> {
        Ok(FsId(rustix::fs::fstatvfs(self)?.f_fsid))
    }

    fn names(&self) -> io::Result<Names> {
        let mut names = Names::with_room();
        let mut space = [MaybeUninit::uninit(); LISTING];
        let mut listing = RawDir::new(self, &mut space);
        while let Some(entry) = listing.next() {
            let entry = entry?;
            let name = entry.file_name().to_bytes();
            if name != b"." && name != b".." {
                names.push(name, entry.file_type());
            }
        }
        Ok(names)
    }

    fn stat(&self, name: &[u8]) -> io::Result<Stat> {
        statx(self, name)
    }

    fn has_acl(&self, name: &[u8], inode: u64) -> bool {
        if name.is_empty() {
            return listed(self);
        }
        let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let place = openat(self, name, flags, Mode::empty());
        // Another may stand there now, or nothing: the next look tells.
        place.map_or(true, |fd| !statx(&fd, b"").is_ok_and(|stat| stat.inode == inode) || listed(&fd))
    }

    fn text(&self, name: &str, at_most: usize) -> io::Result<Option<Vec<u8>>> {
        use std::io::Read;
        // First its place only: opening what is no file may block, or wake a device.
        let place = match openat(self, name, OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty()) {
            Err(Errno::NOENT | Errno::NOTDIR | Errno::ACCESS) => return Ok(None),
            place => place?,
        };
        if FileType::from_raw_mode(rustix::fs::fstat(&place)?.st_mode) != FileType::RegularFile {
            return Ok(None);
        }
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let fd = match rustix::fs::open(&*through(&place), flags, Mode::empty()) {
            Err(Errno::ACCESS | Errno::PERM) => return Ok(None),
            fd => fd?,
        };
        let mut text = Vec::new();
        std::fs::File::from(fd).take(at_most as u64).read_to_end(&mut text)?;
        Ok(Some(text))
    }
}

/// The path by which a descriptor of a place leads to what stands there.
fn through(place: &OwnedFd) -> Vec<u8> {
    [b"/proc/self/fd/", DecInt::from_fd(place).as_bytes()].concat()
}

/// Whether there is a POSIX access control list that the bits do not say alone.
pub(super) fn listed(fd: &OwnedFd) -> bool {
    // The descriptor of a place has no attributes of its own; through /proc it has.
    !matches!(
        rustix::fs::getxattr_query(&*through(fd), "system.posix_acl_access"),
        Err(Errno::NODATA | Errno::OPNOTSUPP)
    )
}

pub(super) fn statx(fd: &OwnedFd, name: &[u8]) -> io::Result<Stat> {
    let at = if name.is_empty() { AtFlags::EMPTY_PATH } else { AtFlags::SYMLINK_NOFOLLOW };
    let flags = at | AtFlags::NO_AUTOMOUNT | AtFlags::STATX_DONT_SYNC;
    let stat = rustix::fs::statx(fd, name, flags, StatxFlags::BASIC_STATS | StatxFlags::BTIME)?;
    Ok(said(&stat))
}

fn said(stat: &Statx) -> Stat {
    let has_birth = stat.stx_mask & StatxFlags::BTIME.bits() != 0;
    Stat {
        device: (stat.stx_dev_major, stat.stx_dev_minor),
        inode: stat.stx_ino,
        born: has_birth.then(|| nanoseconds(&stat.stx_btime)),
        mode: stat.stx_mode,
        uid: stat.stx_uid,
        gid: stat.stx_gid,
        links: stat.stx_nlink,
        size: stat.stx_size,
        mtime: nanoseconds(&stat.stx_mtime),
        ctime: nanoseconds(&stat.stx_ctime),
    }
}

fn nanoseconds(time: &rustix::fs::StatxTimestamp) -> i64 {
    time.tv_sec.saturating_mul(1_000_000_000).saturating_add(i64::from(time.tv_nsec))
}
