//! The place of a mount: made, cleared of what a killed predecessor left, detached, taken away. Called by `mount` and by
//! the mount helper; mounts nothing itself.

use std::{
    ffi::OsString,
    fs::{self, DirBuilder},
    io,
    os::unix::{
        ffi::OsStringExt,
        fs::{DirBuilderExt, MetadataExt},
    },
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

use nix::{errno::Errno, mount::MntFlags};

use crate::mount::{Audience, MountError};

/// How long a mount that stands in the way may take to show that it lives.
const PROBE: Duration = Duration::from_secs(2);

/// Makes the mount point, and gives whether it was missing. It is not looked at if it is there: it may be a dead mount.
pub(crate) fn make(point: &Path, audience: Audience) -> Result<bool, MountError> {
    let mode = match audience {
        Audience::Owner => 0o700,
        Audience::Everyone => 0o755,
    };
    let create = |path: &Path, all: bool| DirBuilder::new().mode(mode).recursive(all).create(path);
    let made = match create(point, false) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let above = point.parent().map(PathBuf::from).unwrap_or_default();
            create(&above, true).and_then(|()| create(point, false)).map(|()| true)
        }
        result => result.map(|()| true),
    };
    made.map_err(|source| MountError::Point { path: point.to_owned(), source })
}

/// The mount point's one spelling, with nothing mounted on it and nothing in it.
pub(crate) fn clear(point: &Path) -> Result<PathBuf, MountError> {
    let bad = |source| MountError::Point { path: point.to_owned(), source };
    let path = spelled(point).map_err(bad)?;
    // A killed daemon may have been started several times over.
    for _ in 0..8 {
        match probe(&path).map_err(bad)? {
            Found::Nothing => break,
            Found::Dead => {
                tracing::info!(path = %path.display(), "detaching the mount of a daemon that is gone");
                detach(&path);
            }
            Found::Alive => return Err(MountError::Occupied { path }),
        }
    }
    match fs::read_dir(&path).map_err(bad)?.next() {
        None => Ok(path),
        Some(_) => Err(MountError::NotEmpty { path }),
    }
}

/// The path without symbolic links, found without touching its last component, which may be a dead mount.
pub(crate) fn spelled(point: &Path) -> io::Result<PathBuf> {
    match (point.parent(), point.file_name()) {
        (Some(parent), Some(name)) => {
            let path = parent.canonicalize()?.join(name);
            match path.symlink_metadata() {
                Ok(at) if at.is_symlink() => path.canonicalize(),
                _ => Ok(path),
            }
        }
        _ => Err(io::ErrorKind::InvalidInput.into()),
    }
}

/// Whether only root can change what the path leads to: else somebody could put another directory in its place between the
/// look and the mount, which root makes wherever it is told.
pub(crate) fn is_roots(point: &Path) -> io::Result<()> {
    for above in spelled(point)?.ancestors().skip(1) {
        let at = above.symlink_metadata()?;
        if at.uid() != 0 || at.mode() & 0o022 != 0 {
            let text = format!("users other than root can change {}", above.display());
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, text));
        }
    }
    Ok(())
}

#[derive(Debug, PartialEq, Eq)]
enum Found {
    Nothing,
    /// A mount whose server is gone.
    Dead,
    Alive,
}

fn probe(path: &Path) -> io::Result<Found> {
    if !mount_points(&fs::read("/proc/self/mountinfo")?).any(|mounted| mounted == path) {
        return Ok(Found::Nothing);
    }
    // Attributes may come from the kernel's cache for ever; this asks the server. It may also never answer.
    let (answer, answered) = mpsc::channel();
    let asked = path.to_owned();
    thread::spawn(move || answer.send(nix::sys::statvfs::statvfs(&asked).map(|_| ())));
    match answered.recv_timeout(PROBE) {
        Ok(Err(Errno::ENOTCONN | Errno::ECONNABORTED)) => Ok(Found::Dead),
        _ => Ok(Found::Alive),
    }
}

/// The mount points of a mountinfo table (proc(5)): the fifth field, with space, tab, newline and backslash in octal.
fn mount_points(table: &[u8]) -> impl Iterator<Item = PathBuf> {
    table.split(|&b| b == b'\n').filter_map(|line| line.split(|&b| b == b' ').nth(4)).map(|field| {
        let mut path = Vec::with_capacity(field.len());
        let mut rest = field;
        while let [first, tail @ ..] = rest {
            let octal = tail.get(..3).filter(|_| *first == b'\\').and_then(|digits| std::str::from_utf8(digits).ok());
            match octal.and_then(|digits| u8::from_str_radix(digits, 8).ok()) {
                Some(byte) => {
                    path.push(byte);
                    rest = &tail[3..];
                }
                None => {
                    path.push(*first);
                    rest = tail;
                }
            }
        }
        PathBuf::from(OsString::from_vec(path))
    })
}

/// Takes a mount out of sight though it may be in use: as root directly, else by the helper that mounted it.
pub(crate) fn detach(path: &Path) {
    if nix::mount::umount2(path, MntFlags::MNT_DETACH).is_ok() {
        return;
    }
    let mut helper = Command::new("fusermount3");
    helper.args(["-u", "-z", "-q", "--"]).arg(path).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    if let Err(error) = helper.status() {
        tracing::warn!(path = %path.display(), %error, "fusermount3 cannot be run, the old mount stays");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mount_points_are_read_from_the_table() {
        let table =
            b"22 1 0:21 / / rw - ext4 /dev/a rw\n30 22 0:4 /x /run/a\\040b\\134\\011c rw,nosuid - fuse x rw\n\n";
        let points: Vec<_> = mount_points(table).collect();
        assert_eq!(points, [PathBuf::from("/"), PathBuf::from("/run/a b\\\tc")]);
    }
}
