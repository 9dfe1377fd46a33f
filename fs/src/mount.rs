//! Mounting, unmounting, and what a killed predecessor left behind. Called by the daemon.

use std::{
    fs, io,
    os::{fd::OwnedFd, unix::fs::MetadataExt},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{self, Receiver},
    },
    thread,
    time::Duration,
};

use fuser::{Config, MountOption, Session, SessionACL, SessionUnmounter};
use nix::unistd;

use crate::{
    adapter::Adapter,
    helper::{self, Held},
    notify::{self, Notifier},
    point,
    tree::Tree,
    view::{Status, View},
};

/// What a mount is called in the system's table.
const NAME: &str = "metaextract";

/// Who may look at the mount.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// Only the user who mounts.
    Owner,
    /// All users; the kernel keeps them apart by the owner, group and mode of each node.
    Everyone,
}

/// Who asks the kernel for the mount.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By<'a> {
    /// This process, through `fusermount3` unless it is root.
    Ourselves,
    /// The helper that listens at this socket, for a process that may not gain privileges.
    Helper(&'a Path),
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
    #[error("the mount helper at {} does not answer", .socket.display())]
    NoHelper { socket: PathBuf, source: io::Error },
}

/// A mount that lives. Dropping it unmounts.
#[derive(Debug)]
pub struct Mounted {
    point: PathBuf,
    /// Whether the mount point is ours to take away again.
    made: bool,
    device: u64,
    notifier: Notifier,
    /// Taken when unmounting begins.
    unmount: Option<Unmount>,
    stopping: Arc<AtomicBool>,
    /// Ends when the session does.
    ended: Receiver<()>,
}

/// How a mount is taken away.
#[derive(Debug)]
enum Unmount {
    Ourselves(SessionUnmounter),
    /// By closing the connection with the helper that holds the mount.
    Helper(OwnedFd),
}

/// Mounts the view on an empty directory, which is made if it is missing, after detaching what a killed daemon has left
/// there.
pub fn mount<V: View>(
    view: Arc<V>,
    status: Status,
    point: &Path,
    audience: Audience,
    by: By<'_>,
    events: impl Fn(Event) + Send + Sync + 'static,
) -> Result<Mounted, MountError> {
    let tree = Tree::new(view.clone(), status, unistd::getuid().as_raw(), unistd::getgid().as_raw());
    let (notifier, work) = notify::channel(tree.seen.clone());
    let Begun { session, unmount, point, made } = begin(Adapter(tree), point, audience, by)?;
    let refused = |source| MountError::Refused { path: point.clone(), source };
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

    let mut mounted = Mounted { point, made, device: 0, notifier, unmount: Some(unmount), stopping, ended };
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
        let Some(unmount) = self.unmount.take() else { return true };
        self.stopping.store(true, Ordering::SeqCst);
        let (point, made) = (self.point.clone(), self.made);
        // Elsewhere, since fusermount3 may hang, and so may the last request.
        let unmount = move || unmount.run(&point, made);
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

impl Unmount {
    fn run(self, point: &Path, made: bool) {
        match self {
            Self::Helper(hold) => drop(hold),
            Self::Ourselves(mut unmounter) => {
                if unmounter.unmount().is_err() {
                    point::detach(point);
                }
            }
        }
        if made {
            _ = fs::remove_dir(point); // Someone may have put something there: then it stays.
        }
    }
}

/// A connection with the kernel that nobody serves yet.
struct Begun<V: View> {
    session: Session<Adapter<V>>,
    unmount: Unmount,
    /// The mount point's one spelling.
    point: PathBuf,
    /// Whether it was missing and made by this process.
    made: bool,
}

fn begin<V: View>(adapter: Adapter<V>, point: &Path, audience: Audience, by: By<'_>) -> Result<Begun<V>, MountError> {
    let refused = |source| MountError::Refused { path: point.to_owned(), source };
    match by {
        By::Ourselves => {
            let made = point::make(point, audience)?;
            let point = point::clear(point)?;
            fuse_is_there().map_err(|source| MountError::NoFuse { source })?;
            let mut session = Session::new(adapter, &point, &config(audience)).map_err(refused)?;
            let unmount = Unmount::Ourselves(session.unmount_callable());
            Ok(Begun { session, unmount, point, made })
        }
        By::Helper(socket) => {
            // Before it is mounted, since nobody answers there yet; what is missing is made by the helper as it is named.
            let spelled = point::spelled(point).unwrap_or_else(|_| point.to_owned());
            let Held { device, hold } = helper::ask(socket, point)?;
            let config = config(audience);
            let session = Session::from_fd(adapter, device, config.acl, config).map_err(refused)?;
            Ok(Begun { session, unmount: Unmount::Helper(hold), point: spelled, made: false })
        }
    }
}

/// Whether the kernel has FUSE and lets this process use it.
pub(crate) fn fuse_is_there() -> io::Result<()> {
    fs::File::open("/dev/fuse").map(drop)
}

/// The options of [`config`] as `fusermount3` takes them.
pub(crate) fn options(audience: Audience) -> String {
    let everyone = match audience {
        Audience::Owner => "",
        Audience::Everyone => ",allow_other,default_permissions",
    };
    format!("rw,nosuid,nodev,noexec,noatime,fsname={NAME},subtype={NAME}{everyone}")
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
