//! The mounted view in the daemon: its place, its start and end, and what to say when there is none. Called by `run`;
//! speaks with the store only through [`metafs::View`].

use std::{io, os::fd::AsFd, path::Path, sync::Arc, time::Duration};

pub use metafs::{Audience, Event, Status};
use metafs::{By, MountError, Mounted};

use crate::store::{self, Changed, CommitId};

/// How long programs that have files of the view open are waited for at the end.
const PATIENCE: Duration = Duration::from_millis(500);

/// Takes what the mount tells, on threads of its own.
pub type Events = Box<dyn Fn(Event) + Send + Sync>;

/// The view while it is mounted. Dropping it unmounts.
#[derive(Debug)]
pub struct View {
    mounted: Mounted,
}

impl View {
    /// Mounts the view for its audience, on a directory that is made if it is missing; through the mount helper that
    /// listens at `helper`, where there is one.
    pub fn mount<V: metafs::View>(
        store: Arc<V>,
        status: Status,
        point: &Path,
        audience: Audience,
        helper: Option<&Path>,
        events: Events,
    ) -> Result<Self, NoView> {
        let by = helper.map_or(By::Ourselves, By::Helper);
        let mounted = metafs::mount(store, status, point, audience, by, events).map_err(NoView::of)?;
        tracing::info!(path = %mounted.point().display(), "the view is mounted");
        Ok(Self { mounted })
    }

    /// Where it is, as the system's table of mounts has it.
    pub fn point(&self) -> &Path {
        self.mounted.point()
    }

    /// Its device number: never crawled.
    pub fn device(&self) -> u64 {
        self.mounted.device()
    }

    /// A commit that readers of the store see. [`Event::Drained`] answers once the kernel shows nothing older.
    pub fn commit(&self, commit: CommitId, changed: &[Changed]) {
        self.mounted.notifier().commit(commit.0, changed.iter().map(store::change));
    }

    /// Ends it, also where programs still look at it.
    pub fn unmount(self) {
        if !self.mounted.unmount(PATIENCE) {
            tracing::debug!("programs still have files of the view open, leaving them behind");
        }
    }
}

/// Why there is no view, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}; {hint}")]
pub struct NoView {
    pub what: String,
    pub hint: String,
}

impl NoView {
    fn of(error: MountError) -> Self {
        let elsewhere = "name another directory as mount.path in the configuration";
        let hint = match &error {
            MountError::NoFuse { source } if source.kind() != io::ErrorKind::PermissionDenied => {
                "load the kernel's module with modprobe fuse, or switch the view off with mount.enabled = false".into()
            }
            MountError::NoFuse { .. } => {
                "let this user open /dev/fuse, or switch the view off with mount.enabled = false".into()
            }
            MountError::Point { .. } | MountError::NotEmpty { .. } => elsewhere.into(),
            MountError::Occupied { path } => {
                format!("unmount it with fusermount3 -u {}, or {elsewhere}", path.display())
            }
            MountError::NoHelper { .. } => {
                "start it with systemctl start metaextract-mount.socket (with --user in a session)".into()
            }
            MountError::Refused { .. } => {
                "install fuse3, whose fusermount3 mounts for users, and see its message".into()
            }
        };
        let mut what = error.to_string();
        let mut cause = std::error::Error::source(&error);
        while let Some(error) = cause {
            what.push_str(": ");
            what.push_str(error.to_string().trim_end());
            cause = error.source();
        }
        Self { what, hint }
    }
}

/// Mounts once for a daemon that may not gain privileges, and returns when that mount is gone: the mount helper. The
/// listening socket is standard input.
pub fn help(point: &Path, audience: Audience) -> io::Result<()> {
    metafs::helper::serve(io::stdin().as_fd(), point, audience)
}
