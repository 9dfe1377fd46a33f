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
    fs::{CWD, FileType, Mode, OFlags, ResolveFlags, Stat, fstat, open, openat2},
    io::Errno,
    path::DecInt,
    time::{ClockId, clock_gettime},
};

use super::{
    batch::Opened,
    desk::{Desk, NewOpener},
};
use crate::model::{self, FailureKind, FsId, Job, Outcome, Stamp};

/// Nanoseconds that the kernel's clock of stamps may stand still: it ticks a hundred times a second or more often.
const TICK: i64 = 20_000_000;

/// Why there is no descriptor.
#[derive(Debug)]
pub(super) enum Closed {
    /// It is about the file.
    Outcome(Box<Outcome>),
    /// It is about us, or a moment's matter: later. With what we lack, if so, and what to do.
    Later(Option<String>),
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
                let mut root = None;
                for job in jobs {
                    open_one(&desk, &mut root, job);
                }
            }
        }
    });
    if opener.is_err() {
        desk.opener_failed(fs);
    }
    opener.is_ok()
}

fn open_one(desk: &Arc<Desk>, root: &mut Option<Root>, job: Job) {
    let fs = job.fs;
    let opener = match open_job(&job, root, desk.config.shared) {
        Ok(file) => {
            desk.read_ahead(&file);
            desk.opened(Opened::new(job, file))
        }
        Err(Closed::Outcome(outcome)) => {
            desk.finished_unopened(&job, *outcome);
            NewOpener::Enough
        }
        Err(Closed::Later(short)) => {
            short.into_iter().for_each(|why| desk.is_short(why));
            // Others have to close something first; asking faster would not help.
            thread::sleep(Duration::from_millis(100));
            desk.reopen(job)
        }
    };
    if opener == NewOpener::Wanted {
        run(desk, fs);
    }
}

/// A root that is open, for the jobs of one go.
struct Root {
    path: Box<[u8]>,
    place: OwnedFd,
}

impl Root {
    fn open(path: &[u8], shared: bool) -> Result<Self, Closed> {
        let resolve = if shared { ResolveFlags::NO_SYMLINKS } else { ResolveFlags::empty() };
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let place = retrying(|| openat2(CWD, path, flags, Mode::empty(), resolve)).map_err(on_the_way)?;
        Ok(Self { path: path.into(), place })
    }
}

/// Opens the job's file beneath its root, following no symlink, if it is the regular file with the stamp that was seen.
/// The root stays open for the next job.
fn open_job(job: &Job, root: &mut Option<Root>, shared: bool) -> Result<OwnedFd, Closed> {
    let root = match root.take().filter(|root| root.path == job.root) {
        Some(open) => root.insert(open),
        None => root.insert(Root::open(&job.root, shared)?),
    };
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
    let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let place = retrying(|| openat2(&root.place, &*job.path, flags, Mode::empty(), resolve)).map_err(on_the_way)?;
    let stat = fstat(&place).map_err(closed)?;
    if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
        return Err(Closed::Outcome(Box::new(Outcome::Gone)));
    }
    if stat.st_ino != job.inode || stamp(&stat) != job.stamp {
        return Err(Closed::Outcome(Box::new(Outcome::Changed)));
    }
    let file = reopen(&place).map_err(closed)?;
    outlast(job.stamp.ctime);
    Ok(file)
}

/// Waits until a further change would give the file another time of change: the clock of stamps stands still for some
/// milliseconds, and what is written in the same tick, after reading, shows in no stamp. A stamp far from now, as after a
/// clock was set, is not met again.
fn outlast(ctime: i64) {
    loop {
        let now = clock_gettime(ClockId::RealtimeCoarse);
        // Newer kernels hand out stamps that are ahead of this clock, by less than a tick.
        if !(0..TICK).contains(&ctime.saturating_sub(nanoseconds(now.tv_sec, now.tv_nsec))) {
            return;
        }
        thread::sleep(Duration::from_millis(1));
    }
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
    Stamp {
        size: stat.st_size as u64,
        mtime: nanoseconds(stat.st_mtime, stat.st_mtime_nsec as i64),
        ctime: nanoseconds(stat.st_ctime, stat.st_ctime_nsec as i64),
    }
}

fn nanoseconds(seconds: i64, ns: i64) -> i64 {
    seconds.saturating_mul(1_000_000_000).saturating_add(ns)
}

/// A directory that may not be entered says nothing of the file, whose stamp would not tell when it may be again: the look
/// at its place decides.
fn on_the_way(error: Errno) -> Closed {
    match error {
        Errno::ACCESS | Errno::PERM => Closed::Outcome(Box::new(Outcome::Changed)),
        other => closed(other),
    }
}

fn closed(error: Errno) -> Closed {
    let unreadable = |kind| {
        let text = format!("cannot be opened: {}", std::io::Error::from(error));
        Closed::Outcome(Box::new(Outcome::Unreadable { kind, text }))
    };
    match error {
        Errno::NOENT | Errno::NOTDIR | Errno::LOOP | Errno::XDEV | Errno::NXIO => {
            Closed::Outcome(Box::new(Outcome::Gone))
        }
        Errno::ACCESS | Errno::PERM => unreadable(FailureKind::PermissionDenied),
        Errno::AGAIN => Closed::Later(None),
        other if let short @ Some(_) = model::shortage(&other.into()) => Closed::Later(short),
        _ => unreadable(FailureKind::ReadError),
    }
}
