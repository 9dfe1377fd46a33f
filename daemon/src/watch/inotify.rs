//! The kernel's inotify through the crate `notify`: one watch per directory, our own recursion.
//!
//! Several watcher objects share the load: removing a watched directory makes one of them search its whole table.

use std::{
    collections::BTreeSet,
    hash::{BuildHasher, BuildHasherDefault, DefaultHasher},
    ops::Bound,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use notify::{
    Config, ErrorKind, Event, EventKind, EventKindMask, PathOp, RecommendedWatcher, RecursiveMode, WatchPathConfig,
    Watcher as _,
    event::{CreateKind, ModifyKind, RenameMode},
};

use super::{Change, Coverage, Hint, Watcher, coalesce};
use crate::model;

/// Watcher objects, where the user has as many inotify instances left; each is a thread.
const SHARDS: usize = 8;

/// Called on the thread that drains the kernel's queue: only remembers the hint.
pub type Sink = Arc<dyn Fn(Hint) + Send + Sync>;

/// All watches of this process.
pub struct Inotify {
    // A lock, not an owner thread: adding has to be finished before the caller lists the directory.
    state: Mutex<State>,
    sink: Sink,
    limit: usize,
}

struct State {
    shards: Vec<RecommendedWatcher>,
    /// Paths as bytes: compared at once and not component by component, and nothing is kept beside them.
    watched: BTreeSet<Box<[u8]>>,
}

impl std::fmt::Debug for Inotify {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inotify").field("watched", &self.watched()).field("limit", &self.limit).finish()
    }
}

impl Inotify {
    /// Makes the watcher objects. `limit` is the largest number of watches it may hold.
    ///
    /// Errors: no inotify instance left for this user, or no descriptor.
    pub fn new(limit: usize, sink: Sink) -> Result<Self, notify::Error> {
        let mut shards = vec![shard(&sink)?];
        shards.extend((1..SHARDS).map_while(|_| shard(&sink).ok()));
        Ok(Self { state: Mutex::new(State { shards, watched: BTreeSet::new() }), sink, limit })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watcher for Inotify {
    fn watch(&self, dirs: &[PathBuf]) -> Coverage {
        let mut state = self.lock();
        let room = self.limit.saturating_sub(state.watched.len());
        let new: Vec<_> = dirs.iter().filter(|dir| !state.watched.contains(bytes(dir))).collect();
        let mut coverage = if new.len() > room { Coverage::LimitReached } else { Coverage::All };
        let shards = state.shards.len();
        let mut batches: Vec<Vec<PathOp>> = (0..shards).map(|_| Vec::new()).collect();
        for dir in new.iter().take(room) {
            batches[shard_of(dir, shards)].push(watch_op(dir));
            state.watched.insert(bytes(dir).into());
        }
        for (shard, batch) in batches.into_iter().enumerate() {
            if apply(&mut state, shard, batch, &self.sink) == Coverage::LimitReached {
                coverage = Coverage::LimitReached;
            }
        }
        coverage
    }

    fn forget(&self, dir: &Path) {
        let mut state = self.lock();
        let within = model::join(bytes(dir), b"");
        let from = (Bound::Included(&*within), Bound::Unbounded);
        let below = state.watched.range::<[u8], _>(from).take_while(|path| path.starts_with(&within));
        let below: Vec<Box<[u8]>> = std::iter::once(bytes(dir).into()).chain(below.cloned()).collect();
        for path in below {
            if state.watched.remove(&*path) {
                let path = model::path(&path);
                // The kernel has already ended the watch of a directory that is gone.
                let shard = shard_of(path, state.shards.len());
                _ = state.shards[shard].unwatch(path);
            }
        }
    }

    fn watched(&self) -> usize {
        self.lock().watched.len()
    }
}

/// The number of watches one user may have, from the kernel; our share of it is a setting.
pub fn user_limit() -> usize {
    let text = std::fs::read_to_string("/proc/sys/fs/inotify/max_user_watches").unwrap_or_default();
    text.trim().parse().unwrap_or(8192)
}

fn shard(sink: &Sink) -> Result<RecommendedWatcher, notify::Error> {
    let kinds = EventKindMask::CREATE
        | EventKindMask::REMOVE
        | EventKindMask::MODIFY_NAME
        | EventKindMask::MODIFY_META
        | EventKindMask::ACCESS_CLOSE;
    let config = Config::default().with_follow_symlinks(false).with_event_kinds(kinds);
    let sink = Arc::clone(sink);
    RecommendedWatcher::new(move |event| hear(&sink, event), config)
}

fn hear(sink: &Sink, event: Result<Event, notify::Error>) {
    match event {
        Ok(event) if event.need_rescan() => sink(Hint::Overflow),
        Ok(event) => {
            let change = change(event.kind);
            event.paths.iter().filter_map(|path| coalesce::at(path, change)).for_each(|hint| sink(hint));
        }
        Err(error) if error.paths.is_empty() => sink(Hint::Overflow),
        Err(error) => error.paths.into_iter().for_each(|path| sink(Hint::Unwatched(path))),
    }
}

/// A file just made is about to be written; a close, a removal or a whole rename is complete. Half a rename waits for
/// its other half, which may come from another watcher: looked at together, what moved keeps its record.
fn change(kind: EventKind) -> Change {
    match kind {
        EventKind::Create(CreateKind::Folder) => Change::Settled,
        EventKind::Modify(ModifyKind::Name(RenameMode::From | RenameMode::To)) => Change::Unsettled,
        EventKind::Create(_) | EventKind::Modify(ModifyKind::Metadata(_)) => Change::Unsettled,
        _ => Change::Settled,
    }
}

fn apply(state: &mut State, shard: usize, mut batch: Vec<PathOp>, sink: &Sink) -> Coverage {
    while !batch.is_empty() {
        let Err(error) = state.shards[shard].update_paths(batch) else { break };
        let full = matches!(error.source.kind, ErrorKind::MaxFilesWatch);
        if let Some(origin) = error.origin {
            let path = origin.into_path();
            state.watched.remove(bytes(&path));
            if full {
                sink(Hint::Unwatched(path));
            }
        }
        batch = error.remaining;
        if full {
            for op in batch {
                let path = op.into_path();
                state.watched.remove(bytes(&path));
                sink(Hint::Unwatched(path));
            }
            return Coverage::LimitReached;
        }
    }
    Coverage::All
}

fn watch_op(dir: &Path) -> PathOp {
    let config = WatchPathConfig::new(RecursiveMode::NonRecursive).with_dereference_symlinks(false);
    PathOp::Watch(dir.to_owned(), config)
}

fn bytes(path: &Path) -> &[u8] {
    path.as_os_str().as_bytes()
}

fn shard_of(dir: &Path, shards: usize) -> usize {
    // A hasher without a random seed: the same directory always belongs to the same watcher.
    (BuildHasherDefault::<DefaultHasher>::default().hash_one(dir) % shards as u64) as usize
}
