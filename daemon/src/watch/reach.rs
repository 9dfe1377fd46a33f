//! Resolves a path as the kernel would for another user: each directory on the way has to let that user pass, and each
//! symbolic link is followed from where it stands, step by step on descriptors.
//!
//! The daemon may read what its callers may not, so a path of a caller is never handed to the kernel whole. Opens
//! nothing but places (`O_PATH`): no device, no FIFO, no mount trigger is touched.

use std::{collections::VecDeque, io, os::fd::OwnedFd};

use rustix::{
    fs::{CWD, FileType, Mode, OFlags, openat, readlinkat},
    io::Errno,
};

use super::{
    files::{Stat, listed, statx},
    scan,
};
use crate::model::{self, Access};

/// Symbolic links followed in one path, as the kernel does.
const LINKS: usize = 40;
/// Components looked at in one path with its links.
const STEPS: usize = 4_096;

/// What stands at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reached {
    /// Absolute, without symbolic links but for the last component, where that was not to be followed.
    pub path: Vec<u8>,
    pub access: Access,
    pub is_dir: bool,
    pub is_file: bool,
    /// Bytes.
    pub size: u64,
    /// ns since 1970.
    pub mtime: i64,
}

/// What is done with a link at the end of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Last {
    Follow,
    Keep,
}

/// Resolves an absolute path; `may_pass` says of each directory on the way whether it may be passed.
///
/// Errors: those of `openat(2)`; `EACCES` at a directory that may not be passed.
pub fn reach(path: &[u8], last: Last, may_pass: &dyn Fn(&Access) -> bool) -> io::Result<Reached> {
    let mut rest: VecDeque<Vec<u8>> = components(path).collect();
    let mut here = Here::top()?;
    let (mut links, mut steps) = (0, 0);
    while let Some(name) = rest.pop_front() {
        steps += 1;
        if steps > STEPS {
            return Err(Errno::NAMETOOLONG.into());
        }
        if !may_pass(&here.access()) {
            return Err(Errno::ACCESS.into());
        }
        let next = here.enter(&name)?;
        let follow = !rest.is_empty() || last == Last::Follow;
        match next.kind() {
            FileType::Symlink if follow => {
                links += 1;
                if links > LINKS {
                    return Err(Errno::LOOP.into());
                }
                let target = readlinkat(&next.fd, c"", Vec::new())?.into_bytes();
                components(&target).rev().for_each(|name| rest.push_front(name));
                if target.starts_with(b"/") {
                    here = Here::top()?;
                }
            }
            FileType::Directory => here = next,
            _ if rest.is_empty() => return Ok(next.reached()),
            _ => return Err(Errno::NOTDIR.into()),
        }
    }
    Ok(here.reached())
}

fn components(path: &[u8]) -> impl DoubleEndedIterator<Item = Vec<u8>> {
    path.split(|&b| b == b'/').filter(|name| !matches!(*name, b"" | b".")).map(<[u8]>::to_vec)
}

/// A place on the way.
struct Here {
    fd: OwnedFd,
    stat: Stat,
    path: Vec<u8>,
}

impl Here {
    fn top() -> io::Result<Self> {
        let fd = openat(CWD, "/", OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
        Ok(Self { stat: statx(&fd, b"")?, fd, path: b"/".to_vec() })
    }

    fn enter(&self, name: &[u8]) -> io::Result<Self> {
        let fd = openat(&self.fd, name, OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty())?;
        let path = match (name, self.path.iter().rposition(|&b| b == b'/')) {
            (b"..", Some(slash)) => self.path[..slash.max(1)].to_vec(),
            _ => model::join(&self.path, name),
        };
        Ok(Self { stat: statx(&fd, b"")?, fd, path })
    }

    fn kind(&self) -> FileType {
        FileType::from_raw_mode(u32::from(self.stat.mode))
    }

    fn access(&self) -> Access {
        scan::marked(scan::access(&self.stat), || listed(&self.fd))
    }

    fn reached(self) -> Reached {
        let kind = self.kind();
        Reached {
            access: self.access(),
            is_dir: kind == FileType::Directory,
            is_file: kind == FileType::RegularFile,
            size: self.stat.size,
            mtime: self.stat.mtime,
            path: self.path,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        fs,
        os::unix::fs::{PermissionsExt, symlink},
        path::Path,
    };

    use super::*;

    /// Directories with the mode 0700 are closed to the test's caller.
    fn reached(path: &Path, last: Last) -> Result<String, String> {
        let open = |access: &Access| access.mode & 0o777 != 0o700;
        match reach(path.as_os_str().as_encoded_bytes(), last, &open) {
            Ok(reached) => Ok(String::from_utf8(reached.path).unwrap()),
            Err(error) => Err(error.kind().to_string()),
        }
    }

    #[test]
    fn links_lead_only_where_their_follower_may_go() {
        let dir = tempfile::tempdir().unwrap();
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let base = dir.path().canonicalize().unwrap();
        let at = |name: &str| base.join(name);
        let told = |name: &str| Ok(at(name).to_str().unwrap().to_owned());
        for name in ["open/deep", "closed/deep"] {
            fs::create_dir_all(at(name)).unwrap();
            fs::write(at(name).join("file"), "x").unwrap();
        }
        fs::set_permissions(at("closed"), fs::Permissions::from_mode(0o700)).unwrap();
        symlink("closed/deep", at("in")).unwrap();
        symlink(at("open/deep"), at("absolute")).unwrap();
        symlink("../../absolute/file", at("open/deep/link")).unwrap();
        symlink("loop", at("loop")).unwrap();
        let denied = Err("permission denied".to_owned());
        assert_eq!(reached(&at("open/deep/file"), Last::Keep), told("open/deep/file"));
        assert_eq!(reached(&at("absolute/file"), Last::Keep), told("open/deep/file"));
        assert_eq!(reached(&at("open/deep/link"), Last::Keep), told("open/deep/link"));
        assert_eq!(reached(&at("open/deep/link"), Last::Follow), told("open/deep/file"));
        assert_eq!(reached(&at("absolute"), Last::Follow), told("open/deep"));
        assert_eq!(reached(&at("open/deep/.."), Last::Follow), told("open"));
        assert_eq!(reached(&at("in/file"), Last::Keep), denied);
        assert_eq!(reached(&at("closed/deep/file"), Last::Keep), denied);
        assert_eq!(reached(&at("closed/deep/../../open/deep/file"), Last::Keep), denied);
        assert_eq!(reached(&at("closed"), Last::Keep), told("closed"));
        assert_eq!(reached(Path::new("/"), Last::Keep), Ok("/".to_owned()));
        for odd in ["loop", "open/deep/file/x", "none"] {
            assert!(reached(&at(odd), Last::Follow).is_err(), "{odd}");
        }
    }
}
