//! Mounting, unmounting, and what a killed predecessor left behind. Called by the daemon.

use std::{
    ffi::OsString,
    fs, io,
    os::unix::{ffi::OsStringExt, fs::MetadataExt},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{self, Receiver},
    },
    thread,
    time::Duration,
};

use fuser::{Config, MountOption, Session, SessionACL, SessionUnmounter};
use nix::{errno::Errno, mount::MntFlags, unistd};

use crate::{
    adapter::Adapter,
    notify::{self, Notifier},
    tree::Tree,
    view::{Status, View},
};

/// What a mount is called in the system's table.
const NAME: &str = "metaextract";
/// How long a mount that stands in the way may take to show that it lives.
const PROBE: Duration = Duration::from_secs(2);

/// How to mount.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// Only the user who mounts.
    Owner,
    /// All users; the kernel keeps them apart by the owner, group and mode of each node.
    Everyone,
}

/// What a mount tells its owner, from threads of its own.
#[derive(Debug)]
pub enum Event {
    /// Whoever reads through the mount sees everything up to this commit.
    Drained(u64),
    /// The mount is gone without having been asked to; a sentence that says how.
    Ended(String),
}

/// Why there is no mount.
#[derive(Debug, thiserror::Error)]
pub enum MountError {
    #[error("/dev/fuse cannot be used")]
    NoFuse { source: io::Error },
    #[error("{} is not a directory that can be mounted on", .path.display())]
    Point { path: PathBuf, source: io::Error },
    #[error("{} is not empty", .path.display())]
    NotEmpty { path: PathBuf },
    #[error("something else is mounted on {}", .path.display())]
    Occupied { path: PathBuf },
    #[error("{} cannot be mounted", .path.display())]
    Refused { path: PathBuf, source: io::Error },
}

/// A mount that lives. Dropping it unmounts.
#[derive(Debug)]
pub struct Mounted {
    point: PathBuf,
    device: u64,
    notifier: Notifier,
    /// Taken when unmounting begins.
    unmounter: Option<SessionUnmounter>,
    stopping: Arc<AtomicBool>,
    /// Ends when the session does.
    ended: Receiver<()>,
}

/// Mounts the view on an empty directory, after detaching what a killed daemon has left there.
pub fn mount<V: View>(
    view: Arc<V>,
    status: Status,
    point: &Path,
    audience: Audience,
    events: impl Fn(Event) + Send + Sync + 'static,
) -> Result<Mounted, MountError> {
    let point = clear(point)?;
    fs::File::open("/dev/fuse").map_err(|source| MountError::NoFuse { source })?;
    let tree = Tree::new(view.clone(), status, unistd::getuid().as_raw(), unistd::getgid().as_raw());
    let (notifier, work) = notify::channel(tree.seen.clone());
    let refused = |source| MountError::Refused { path: point.clone(), source };
    let mut session = Session::new(Adapter(tree), &point, &config(audience)).map_err(refused)?;
    let unmounter = session.unmount_callable();
    let kernel = session.notifier();
    let events = Arc::new(events);
    let stopping = Arc::new(AtomicBool::new(false));
    let (end, ended) = mpsc::channel();

    let (told, asked) = (events.clone(), stopping.clone());
    let serve = move || {
        let result = session.run();
        if !asked.load(Ordering::SeqCst) {
            told(Event::Ended(match result {
                Ok(()) => "someone has unmounted the view".into(),
                Err(error) => format!("the kernel's connection with the view failed: {error}"),
            }));
        }
        drop(end);
    };
    thread::Builder::new().name("view".into()).spawn(serve).map_err(refused)?;
    let tell = move || work.run(&kernel, &*view, &|commit| events(Event::Drained(commit)));
    thread::Builder::new().name("view-notify".into()).spawn(tell).map_err(refused)?;

    let mut mounted = Mounted { point, device: 0, notifier, unmounter: Some(unmounter), stopping, ended };
    let at = fs::metadata(&mounted.point);
    mounted.device = at.map_err(|source| MountError::Refused { path: mounted.point.clone(), source })?.dev();
    Ok(mounted)
}

impl Mounted {
    /// Where it is mounted, as the system's table has it.
    pub fn point(&self) -> &Path {
        &self.point
    }

    /// Its device number, by which a crawl knows not to enter.
    pub fn device(&self) -> u64 {
        self.device
    }

    /// Where commits are told.
    pub fn notifier(&self) -> Notifier {
        self.notifier.clone()
    }

    /// Takes the mount away at once. Files that are open in other programs are served for up to `limit`; returns
    /// whether the last was closed by then.
    pub fn unmount(mut self, limit: Duration) -> bool {
        self.detach(limit)
    }

    fn detach(&mut self, limit: Duration) -> bool {
        let Some(mut unmounter) = self.unmounter.take() else { return true };
        self.stopping.store(true, Ordering::SeqCst);
        let point = self.point.clone();
        // Elsewhere, since the mount helper may hang, and so may the last request.
        let unmount = move || {
            if unmounter.unmount().is_err() {
                detach(&point);
            }
        };
        if let Err(error) = thread::Builder::new().name("view-unmount".into()).spawn(unmount) {
            tracing::warn!(%error, "no thread to unmount with, the next start detaches the mount");
            return false;
        }
        // Nothing is ever sent: the sender is dropped when the session has ended.
        self.ended.recv_timeout(limit) == Err(mpsc::RecvTimeoutError::Disconnected)
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        self.detach(Duration::from_secs(1));
    }
}

fn config(audience: Audience) -> Config {
    let mut config = Config::default();
    config.mount_options = vec![
        // Refused by the adapter instead, so that queries can be made as directories.
        MountOption::RW,
        MountOption::NoExec,
        MountOption::NoAtime,
        MountOption::FSName(NAME.into()),
        MountOption::Subtype(NAME.into()),
    ];
    if audience == Audience::Everyone {
        config.acl = SessionACL::All;
        config.mount_options.push(MountOption::DefaultPermissions);
    }
    config.n_threads = Some(2);
    config
}

/// The mount point's one spelling, with nothing mounted on it and nothing in it.
fn clear(point: &Path) -> Result<PathBuf, MountError> {
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
fn spelled(point: &Path) -> io::Result<PathBuf> {
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
fn detach(path: &Path) {
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
