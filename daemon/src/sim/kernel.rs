//! The simulated kernel: a tree behind the daemon's own traits, watches on its directories, events on their way.
//!
//! Every question may be the moment in which the asking thread is held up and others go on.

use std::{
    collections::BTreeMap,
    fmt, io,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use rustix::{fs::FileType, io::Errno};

use super::{
    rng::Rng,
    threads::Threads,
    tree::{Happened, Inode, Key, Kind, Tree, What},
};
use crate::{
    governor::signals::{Snapshot, memory::Memory},
    model::{FileName, FsId},
    watch::{
        Change, Coverage, Hint, Watcher, coalesce,
        files::{Directory, Files, Stat, Step},
        names::Names,
    },
};

/// Events on their way beyond which the kernel's queue is full.
const QUEUE: usize = 200;

/// Everything outside the daemon.
pub(super) struct World {
    pub state: Mutex<State>,
    pub threads: Threads,
}

pub(super) struct State {
    pub tree: Tree,
    pub rng: Rng,
    /// By path as it was last watched, the inode that the kernel reports on; each inode once.
    watches: BTreeMap<PathBuf, Key>,
    pub watch_limit: usize,
    /// ns since the beginning, by a clock that nobody sets.
    pub elapsed: i64,
    /// Events on their way, each with the time before which it does not come.
    pub under_way: Vec<(i64, Hint)>,
    /// How late events come at most, in ns.
    pub lateness: i64,
    /// Events in a thousand that are doubled, and that fill the queue.
    pub doubled: usize,
    pub overflowing: usize,
    /// Questions in a thousand that hold the asking thread up.
    pub holding: usize,
    /// Whether there are files with which the daemon ends.
    pub fatal: bool,
    /// What happened, for people.
    pub log: Vec<String>,
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("World").finish_non_exhaustive()
    }
}

impl World {
    pub(super) fn new(seed: u64, now: i64) -> Arc<Self> {
        let state = State {
            tree: Tree::new(now),
            rng: Rng::new(seed),
            watches: BTreeMap::new(),
            watch_limit: usize::MAX,
            elapsed: 0,
            under_way: Vec::new(),
            lateness: 0,
            doubled: 0,
            overflowing: 0,
            holding: 0,
            fatal: false,
            log: Vec::new(),
        };
        Arc::new(Self { state: Mutex::new(state), threads: Threads::default() })
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The asking thread is held up, if chance wants it.
    fn breathe(&self) {
        let hold = {
            let mut state = self.lock();
            let holding = state.holding;
            state.rng.chance(holding)
        };
        if hold {
            self.threads.hold_up();
        }
    }
}

impl State {
    /// Another process's watches are to be had; gives those of this one.
    pub(super) fn take_watches(&mut self) -> (BTreeMap<PathBuf, Key>, usize) {
        (std::mem::take(&mut self.watches), std::mem::replace(&mut self.watch_limit, usize::MAX))
    }

    /// This process's watches, where there have been another's.
    pub(super) fn restore_watches(&mut self, (watches, limit): (BTreeMap<PathBuf, Key>, usize)) {
        (self.watches, self.watch_limit) = (watches, limit);
    }

    /// The process is gone, and its watches with it.
    pub(super) fn forget_watches(&mut self) {
        self.watches.clear();
        self.under_way.clear();
    }

    /// What the governor is told: now and then somebody else wants nearly all memory.
    pub(super) fn snapshot(&mut self) -> Snapshot {
        let available = if self.rng.chance(50) { 2 } else { 80 };
        Snapshot { memory: Some(Memory { total: 100, available, ..Memory::default() }), ..Snapshot::default() }
    }

    /// Changes the tree; the kernel tells those who watch.
    pub(super) fn change<T>(&mut self, change: impl FnOnce(&mut Tree) -> T) -> T {
        let result = change(&mut self.tree);
        for happened in std::mem::take(&mut self.tree.happened) {
            self.report(&happened);
        }
        result
    }

    /// The table of mounts has changed at a path.
    pub(super) fn mounts_changed(&mut self, at: &str) {
        coalesce::at(Path::new(at), Change::Settled).into_iter().for_each(|hint| self.send(hint));
    }

    /// A file system is unmounted: the kernel says so, and ends its watches.
    pub(super) fn unmounted(&mut self, volume: usize) {
        let of_it = |key: &Key| self.tree.inode(*key).is_none_or(|inode| inode.volume == volume);
        let gone: Vec<PathBuf> =
            self.watches.iter().filter(|(_, key)| of_it(key)).map(|(path, _)| path.clone()).collect();
        for path in gone {
            self.watches.remove(&path);
            coalesce::at(&path, Change::Settled).into_iter().for_each(|hint| self.send(hint));
        }
    }

    fn report(&mut self, happened: &Happened) {
        let (dir, what) = match happened {
            Happened::At { dir, what, .. } | Happened::Own { dir, what } => (*dir, *what),
        };
        let paths: Vec<PathBuf> =
            self.watches.iter().filter(|(_, key)| **key == dir).map(|(path, _)| path.clone()).collect();
        let change = match what {
            What::Created | What::Attributes | What::MovedFrom | What::MovedTo => Change::Unsettled,
            What::CreatedDir | What::Closed | What::Deleted => Change::Settled,
        };
        for path in paths {
            match happened {
                Happened::At { name, .. } => self.send(Hint::Name { dir: path, name: name.to_vec(), change }),
                Happened::Own { .. } => {
                    coalesce::at(&path, change).into_iter().for_each(|hint| self.send(hint));
                    if what == What::Deleted {
                        self.watches.remove(&path);
                    }
                }
            }
        }
    }

    fn send(&mut self, hint: Hint) {
        if self.rng.chance(self.overflowing) || self.under_way.len() > QUEUE {
            self.under_way.clear();
            self.log.push("the queue of events overflows".into());
            self.under_way.push((self.elapsed, Hint::Overflow));
            return;
        }
        let times = if self.rng.chance(self.doubled) { 2 } else { 1 };
        for _ in 0..times {
            let late = match self.lateness {
                0 => 0,
                most if self.rng.chance(300) => (self.rng.next() % most as u64) as i64,
                _ => 0,
            };
            self.under_way.push((self.elapsed + late, hint.clone()));
        }
    }

    /// Whether an event has come.
    pub(super) fn has_event(&self) -> bool {
        self.under_way.iter().any(|(at, _)| *at <= self.elapsed)
    }

    /// How long until one comes.
    pub(super) fn next_event_in(&self) -> Option<Duration> {
        let first = self.under_way.iter().map(|(at, _)| *at).min()?;
        Some(Duration::from_nanos(u64::try_from(first - self.elapsed).unwrap_or(0)))
    }

    /// The next event that has come by now.
    pub(super) fn next_event(&mut self) -> Option<Hint> {
        let now = self.elapsed;
        let come: Vec<usize> = (0..self.under_way.len()).filter(|&at| self.under_way[at].0 <= now).collect();
        let at = match self.lateness {
            0 => *come.first()?,
            _ => *self.rng.pick(&come)?,
        };
        Some(self.under_way.remove(at).1)
    }
}

impl Watcher for World {
    fn watch(&self, dirs: &[PathBuf]) -> Coverage {
        self.breathe();
        let mut state = self.lock();
        let mut coverage = Coverage::All;
        for dir in dirs {
            if state.watches.contains_key(dir) {
                continue;
            }
            let Some(key) = state.tree.at(dir.as_os_str().as_bytes()).filter(|&key| state.tree.is_dir(key)) else {
                continue;
            };
            if state.watches.len() >= state.watch_limit {
                coverage = Coverage::LimitReached;
                continue;
            }
            state.watches.retain(|_, watched| *watched != key);
            state.watches.insert(dir.clone(), key);
        }
        coverage
    }

    fn forget(&self, dir: &Path) {
        let mut state = self.lock();
        state.watches.retain(|path, _| !path.starts_with(dir));
    }

    fn watched(&self) -> usize {
        self.lock().watches.len()
    }

    fn limit(&self) -> Option<usize> {
        Some(self.lock().watch_limit)
    }
}

/// The world's file systems, as the daemon asks for them.
#[derive(Debug, Clone)]
pub(super) struct Disks(pub Arc<World>);

#[derive(Debug)]
struct Dir {
    world: Arc<World>,
    key: Key,
}

fn error<T>(errno: Errno) -> io::Result<T> {
    Err(io::Error::from_raw_os_error(errno.raw_os_error()))
}

impl Disks {
    fn find(&self, path: &[u8]) -> io::Result<Key> {
        self.0.breathe();
        let state = self.0.lock();
        match state.tree.at(path) {
            Some(key) if state.tree.is_dir(key) => Ok(key),
            Some(_) => error(Errno::NOTDIR),
            None => error(Errno::NOENT),
        }
    }
}

impl Files for Disks {
    fn open(&self, path: &[u8]) -> io::Result<Box<dyn Directory>> {
        let dir = Dir { key: self.find(path)?, world: Arc::clone(&self.0) };
        dir.may(0o400)?;
        Ok(Box::new(dir))
    }

    fn stat_dir(&self, path: &[u8]) -> io::Result<(Stat, FsId)> {
        let dir = Dir { key: self.find(path)?, world: Arc::clone(&self.0) };
        Ok((dir.stat(b"")?, dir.fs()?))
    }

    fn open_by_steps(&self, path: &[u8]) -> io::Result<(Vec<Step>, Box<dyn Directory>)> {
        let step = |path: &[u8]| {
            let (stat, fs) = self.stat_dir(path)?;
            io::Result::Ok(Step { stat, fs, has_acl: false })
        };
        let mut way = vec![step(b"/")?];
        let ends = path.iter().enumerate().skip(1).filter(|(_, b)| **b == b'/').map(|(end, _)| end);
        for end in ends.chain([path.len()]).filter(|end| *end > 1) {
            way.push(step(&path[..end])?);
        }
        Ok((way, self.open(path)?))
    }
}

impl Dir {
    fn may(&self, bits: u16) -> io::Result<()> {
        match self.world.lock().tree.inode(self.key) {
            Some(inode) if inode.mode & bits == bits => Ok(()),
            Some(_) => error(Errno::ACCESS),
            None => error(Errno::NOENT),
        }
    }
}

impl Directory for Dir {
    fn open(&self, relative: &[u8], cross: bool) -> io::Result<Box<dyn Directory>> {
        self.world.breathe();
        let mut key = self.key;
        for name in relative.split(|&b| b == b'/').filter(|name| !name.is_empty()) {
            Dir { world: Arc::clone(&self.world), key }.may(0o100)?;
            let state = self.world.lock();
            let Some(next) = state.tree.child(key, name) else { return error(Errno::NOENT) };
            let volume = |key| state.tree.inode(key).map(|inode| inode.volume);
            match state.tree.inode(next).map(|inode| &inode.kind) {
                Some(Kind::Dir { .. }) if cross || volume(next) == volume(key) => key = next,
                Some(Kind::Dir { .. }) => return error(Errno::XDEV),
                Some(Kind::Link) => return error(Errno::LOOP),
                _ => return error(Errno::NOTDIR),
            }
        }
        let dir = Dir { world: Arc::clone(&self.world), key };
        dir.may(0o400)?;
        Ok(Box::new(dir))
    }

    fn fs(&self) -> io::Result<FsId> {
        let state = self.world.lock();
        match state.tree.inode(self.key) {
            Some(inode) => Ok(FsId(state.tree.volumes[inode.volume].fs)),
            None => error(Errno::NOENT),
        }
    }

    fn names(&self) -> io::Result<Names> {
        self.world.breathe();
        let mut state = self.world.lock();
        // A directory that was removed while it was open is empty.
        let entries: Vec<(FileName, Key)> =
            state.tree.entries(self.key).into_iter().flatten().map(|(name, &key)| (name.clone(), key)).collect();
        let mut names = Names::default();
        for (name, key) in entries {
            let kind =
                state.tree.inode(key).map_or(FileType::Unknown, |inode| FileType::from_raw_mode(u32::from(inode.mode)));
            names.push(&name, if state.rng.chance(100) { FileType::Unknown } else { kind });
        }
        Ok(names)
    }

    fn stat(&self, name: &[u8]) -> io::Result<Stat> {
        if name.is_empty() {
            let state = self.world.lock();
            return match state.tree.inode(self.key) {
                Some(inode) => Ok(stat(&state.tree, inode)),
                None => error(Errno::STALE),
            };
        }
        self.world.breathe();
        self.may(0o100)?;
        let state = self.world.lock();
        let key = if name == b"." { Some(self.key) } else { state.tree.child(self.key, name) };
        match key.and_then(|key| state.tree.inode(key)) {
            Some(inode) => Ok(stat(&state.tree, inode)),
            None => error(Errno::NOENT),
        }
    }

    fn text(&self, name: &str, at_most: usize) -> io::Result<Option<Vec<u8>>> {
        self.world.breathe();
        if self.may(0o100).is_err() {
            return Ok(None);
        }
        let state = self.world.lock();
        let inode = state.tree.child(self.key, name.as_bytes()).and_then(|key| state.tree.inode(key));
        Ok(match inode.map(|inode| &inode.kind) {
            Some(Kind::File { text, .. }) => Some(text[..text.len().min(at_most)].to_vec()),
            _ => None,
        })
    }
}

fn stat(tree: &Tree, inode: &Inode) -> Stat {
    Stat {
        device: tree.volumes[inode.volume].device,
        inode: inode.number,
        born: inode.born,
        mode: inode.mode,
        uid: 1000,
        gid: 1000,
        links: inode.links,
        size: if let Kind::File { size, .. } = inode.kind { size } else { 0 },
        mtime: inode.mtime,
        ctime: inode.ctime,
    }
}
