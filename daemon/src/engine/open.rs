//! From a job to a descriptor of exactly the file that was planned, without side effects on anything else.
//!
//! Opening can hang (a dead server, a dying disk), so each file system has threads of its own for it.

use std::{
    hash::{BuildHasher, BuildHasherDefault, DefaultHasher},
    os::fd::OwnedFd,
    sync::Arc,
    thread,
    time::Duration,
};

use rustix::{
    fs::{FileType, Mode, OFlags, ResolveFlags, Stat, fstat, open, openat2},
    io::Errno,
    path::DecInt,
};

use super::desk::{Desk, NewOpener};
use crate::model::{FailureKind, FsId, Job, Outcome, Stamp};

/// A job whose file is open.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) job: Job,
    pub(super) file: OwnedFd,
}

/// Why there is no descriptor.
#[derive(Debug)]
pub(super) enum Closed {
    /// It is about the file.
    Outcome(Outcome),
    /// It is about us (no descriptors, no memory): later.
    Later,
}

/// The file system of a job, for telling those apart that do not answer. FUSE gives all of them the number 0: then each root
/// counts as one.
pub(super) fn disk(job: &Job) -> FsId {
    match job.fs {
        FsId(0) => FsId(BuildHasherDefault::<DefaultHasher>::default().hash_one(&job.root)),
        fs => fs,
    }
}

/// Starts a thread that opens the jobs of one file system, as long as there are any now and then. Where none can be
/// started, a slot tries again later; `false` says so.
pub(super) fn run(desk: &Arc<Desk>, fs: FsId) -> bool {
    let desk = Arc::clone(desk);
    let opener = thread::Builder::new().name("opener".into()).spawn({
        let desk = Arc::clone(&desk);
        move || {
            while let Some(jobs) = desk.to_open(fs) {
                for job in jobs {
                    open_one(&desk, job);
                }
            }
        }
    });
    if opener.is_err() {
        desk.opener_failed(fs);
    }
    opener.is_ok()
}

fn open_one(desk: &Arc<Desk>, job: Job) {
    let fs = job.fs;
    let opener = match open_job(&job) {
        Ok(file) => desk.opened(Opened { job, file }),
        Err(Closed::Outcome(outcome)) => {
            desk.finished_unopened(&job, outcome);
            NewOpener::Enough
        }
        Err(Closed::Later) => {
            // Others have to close something first; asking faster would not help.
            thread::sleep(Duration::from_millis(100));
            desk.reopen(job)
        }
    };
    if opener == NewOpener::Wanted {
        run(desk, fs);
    }
}

/// Opens the job's file beneath its root, following no symlink, if it is the regular file with the stamp that was seen.
fn open_job(job: &Job) -> Result<OwnedFd, Closed> {
    let root =
        open(&*job.root, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty()).map_err(on_the_way)?;
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
    let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let place = retrying(|| openat2(&root, &*job.path, flags, Mode::empty(), resolve)).map_err(on_the_way)?;
    let stat = fstat(&place).map_err(closed)?;
    if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
        return Err(Closed::Outcome(Outcome::Gone));
    }
    if stat.st_ino != job.inode || stamp(&stat) != job.stamp {
        return Err(Closed::Outcome(Outcome::Changed));
    }
    reopen(&place).map_err(closed)
}

/// From a place to its content. Access times stay as they are where the kernel lets us.
fn reopen(place: &OwnedFd) -> rustix::io::Result<OwnedFd> {
    use std::os::fd::AsFd;
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let path = [b"/proc/self/fd/", DecInt::from_fd(place.as_fd()).as_bytes()].concat();
    match open(&*path, flags | OFlags::NOATIME, Mode::empty()) {
        Err(Errno::PERM) => open(&*path, flags, Mode::empty()),
        result => result,
    }
}

/// The kernel may ask to try again when something is renamed at the same moment.
fn retrying<T>(mut call: impl FnMut() -> rustix::io::Result<T>) -> rustix::io::Result<T> {
    for _ in 0..16 {
        match call() {
            Err(Errno::AGAIN | Errno::INTR) => {}
            result => return result,
        }
    }
    call()
}

/// What a stamp says of this file.
pub(super) fn stamp(stat: &Stat) -> Stamp {
    let ns = |seconds: i64, ns: u64| seconds.saturating_mul(1_000_000_000).saturating_add(ns as i64);
    Stamp {
        size: stat.st_size as u64,
        mtime: ns(stat.st_mtime, stat.st_mtime_nsec),
        ctime: ns(stat.st_ctime, stat.st_ctime_nsec),
    }
}

/// A directory that may not be entered says nothing of the file, whose stamp would not tell when it may be again: the look
/// at its place decides.
fn on_the_way(error: Errno) -> Closed {
    match error {
        Errno::ACCESS | Errno::PERM => Closed::Outcome(Outcome::Changed),
        other => closed(other),
    }
}

fn closed(error: Errno) -> Closed {
    let unreadable = |kind| {
        let text = format!("cannot be opened: {}", std::io::Error::from(error));
        Closed::Outcome(Outcome::Unreadable { kind, text })
    };
    match error {
        Errno::NOENT | Errno::NOTDIR | Errno::LOOP | Errno::XDEV | Errno::NXIO => Closed::Outcome(Outcome::Gone),
        Errno::ACCESS | Errno::PERM => unreadable(FailureKind::PermissionDenied),
        Errno::MFILE | Errno::NFILE | Errno::NOMEM | Errno::AGAIN => Closed::Later,
        _ => unreadable(FailureKind::ReadError),
    }
}
