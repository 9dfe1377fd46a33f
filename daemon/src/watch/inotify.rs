//! The kernel's inotify: one watch per directory, our own recursion, one thread that hears.
//!
//! A watch is added on the caller's thread and under no lock: finding the path can hang in a file system that does not
//! answer, and then only that caller waits.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    ffi::OsStr,
    mem::MaybeUninit,
    ops::Bound,
    os::{fd::OwnedFd, unix::ffi::OsStrExt},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    thread::JoinHandle,
};

use rustix::{
    event::{EventfdFlags, PollFd, PollFlags, eventfd, poll},
    fs::inotify::{CreateFlags, ReadFlags, Reader, WatchFlags, add_watch, init, remove_watch},
    io::{self, Errno},
};

use super::{Change, Coverage, Hint, Watcher, coalesce};
use crate::model;

/// Room for events taken from the kernel at once.
const EVENTS: usize = 64 << 10;
/// How often adding a watch is tried again that was ended while it was added.
const TRIES: usize = 8;

/// Called on the thread that drains the kernel's queue: only remembers the hint.
pub type Sink = Arc<dyn Fn(Hint) + Send + Sync>;

/// The largest number of watches we may hold. Asked again when it is reached, as people change it.
pub type Limit = Box<dyn Fn() -> usize + Send + Sync>;

/// All watches of this process. Dropping it ends them and the thread.
pub struct Inotify {
    shared: Arc<Shared>,
    /// Ready when the thread is to end.
    end: Arc<OwnedFd>,
    ear: Option<JoinHandle<()>>,
    limit: Limit,
    /// What it was when it was last asked.
    most: AtomicUsize,
}

impl std::fmt::Debug for Inotify {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inotify").field("shared", &self.shared).field("most", &self.most).finish_non_exhaustive()
    }
}

#[derive(Debug)]
struct Shared {
    queue: OwnedFd,
    // A lock, not an owner thread: adding has to be finished before the caller lists the directory. Never held over a path.
    table: Mutex<Table>,
}

/// What is watched, by path and by the kernel's number. The kernel never gives a number twice.
#[derive(Debug, Default)]
struct Table {
    // Paths as bytes: compared at once and not component by component.
    by_path: BTreeMap<Arc<[u8]>, i32>,
    by_number: HashMap<i32, Arc<[u8]>>,
    /// Watches being added now.
    adding: usize,
    /// Numbers that ended while some were being added: one of those may turn out to be it.
    ended: HashSet<i32>,
}

impl Table {
    fn insert(&mut self, path: &Path, number: i32) {
        let path: Arc<[u8]> = bytes(path).into();
        if let Some(before) = self.by_number.insert(number, Arc::clone(&path)) {
            // The directory may have moved: its number stays.
            self.by_path.remove(&before);
        }
        if let Some(before) = self.by_path.insert(path, number) {
            self.by_number.remove(&before);
        }
    }

    /// The watch is no more.
    fn remove(&mut self, number: i32) {
        if let Some(path) = self.by_number.remove(&number) {
            self.by_path.remove(&path);
        }
        if self.adding > 0 {
            self.ended.insert(number);
        }
    }

    fn added(&mut self) {
        self.adding -= 1;
        if self.adding == 0 {
            self.ended = HashSet::new();
        }
    }
}

/// What came of adding a watch.
enum Added {
    Yes,
    /// The directory is gone, or cannot be opened: the look at it says so.
    No,
    LimitReached,
}

impl Inotify {
    /// Makes the queue and its thread.
    ///
    /// Errors: no inotify instance left for this user, or no descriptor, or no thread.
    pub fn new(limit: Limit, sink: Sink) -> std::io::Result<Self> {
        let queue = init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?;
        let shared = Arc::new(Shared { queue, table: Mutex::default() });
        let end = Arc::new(eventfd(0, EventfdFlags::CLOEXEC)?);
        let ear = std::thread::Builder::new().name("inotify".into()).spawn({
            let (shared, end) = (Arc::clone(&shared), Arc::clone(&end));
            move || shared.hear(&end, &*sink)
        })?;
        let most = AtomicUsize::new(limit());
        Ok(Self { shared, end, ear: Some(ear), limit, most })
    }

    fn add(&self, dir: &Path) -> Added {
        {
            let mut table = self.shared.lock();
            if table.by_path.contains_key(bytes(dir)) {
                return Added::Yes;
            }
            if table.by_path.len() + table.adding >= self.most.load(Relaxed) {
                return Added::LimitReached;
            }
            table.adding += 1;
        }
        let mut added = Added::No;
        for _ in 0..TRIES {
            let number = add_watch(&self.shared.queue, dir, what());
            let mut table = self.shared.lock();
            match number {
                Ok(number) if table.ended.contains(&number) => continue,
                Ok(number) => {
                    table.insert(dir, number);
                    added = Added::Yes;
                }
                Err(Errno::NOSPC | Errno::NOMEM) => added = Added::LimitReached,
                Err(_) => {}
            }
            break;
        }
        self.shared.lock().added();
        added
    }
}

impl Drop for Inotify {
    fn drop(&mut self) {
        _ = io::write(&*self.end, &1_u64.to_ne_bytes()); // Fails only when it is ready already.
        self.ear.take().map(JoinHandle::join);
    }
}

impl Watcher for Inotify {
    fn watch(&self, dirs: &[PathBuf]) -> Coverage {
        let beyond = |dir: &&PathBuf| matches!(self.add(dir), Added::LimitReached);
        let Some(first) = dirs.iter().position(|dir| beyond(&dir)) else { return Coverage::All };
        let most = (self.limit)();
        let raised = most > self.most.swap(most, Relaxed);
        if raised && !dirs[first..].iter().any(|dir| beyond(&dir)) { Coverage::All } else { Coverage::LimitReached }
    }

    fn forget(&self, dir: &Path) {
        let mut table = self.shared.lock();
        let within = model::join(bytes(dir), b"");
        let below = table.by_path.range::<[u8], _>((Bound::Included(&*within), Bound::Unbounded));
        let below = below.take_while(|(path, _)| path.starts_with(&within));
        let below: Vec<i32> = table.by_path.get(bytes(dir)).into_iter().chain(below.map(|at| at.1)).copied().collect();
        for number in below {
            table.remove(number);
            _ = remove_watch(&self.shared.queue, number); // The kernel has ended that of a directory that is gone.
        }
    }

    fn watched(&self) -> usize {
        self.shared.lock().by_path.len()
    }

    fn most(&self) -> usize {
        self.most.load(Relaxed)
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Drains the queue until told to end.
    fn hear(&self, end: &OwnedFd, sink: &dyn Fn(Hint)) {
        let mut space = vec![MaybeUninit::uninit(); EVENTS];
        loop {
            let mut ready = [PollFd::new(&self.queue, PollFlags::IN), PollFd::new(end, PollFlags::IN)];
            if poll(&mut ready, None).is_ok() && !ready[1].revents().is_empty() {
                return;
            }
            let mut events = Reader::new(&self.queue, &mut space);
            let mut half = None;
            while let Ok(event) = events.next() {
                let name = event.file_name().map(|name| OsStr::from_bytes(name.to_bytes()));
                let heard = Heard { flags: event.events(), cookie: event.cookie(), name };
                self.take(event.wd(), heard, &mut half, sink);
            }
            half.take().into_iter().for_each(|half: Half| tell(&half.path, Change::Unsettled, sink));
        }
    }

    fn take(&self, number: i32, heard: Heard<'_>, half: &mut Option<Half>, sink: &dyn Fn(Hint)) {
        if heard.flags.contains(ReadFlags::QUEUE_OVERFLOW) {
            return sink(Hint::Overflow);
        }
        let dir = {
            let mut table = self.lock();
            if heard.flags.contains(ReadFlags::IGNORED) {
                return table.remove(number);
            }
            // Unknown: its watch is being added, and the directory is listed after that; or it is forgotten.
            let Some(dir) = table.by_number.get(&number) else { return };
            Arc::clone(dir)
        };
        let dir = model::path(&dir);
        let path = heard.name.map_or_else(|| dir.to_path_buf(), |name| dir.join(name));
        // A rename whole is complete. Half a one waits for its other half: looked at together, what moved keeps its record.
        let other = half.take();
        if heard.flags.contains(ReadFlags::MOVED_FROM) {
            *half = Some(Half { path, cookie: heard.cookie });
        } else if heard.flags.contains(ReadFlags::MOVED_TO)
            && other.as_ref().is_some_and(|from| from.cookie == heard.cookie)
        {
            other.iter().for_each(|from| tell(&from.path, Change::Settled, sink));
            return tell(&path, Change::Settled, sink);
        } else {
            tell(&path, change(heard.flags), sink);
        }
        other.iter().for_each(|from| tell(&from.path, Change::Unsettled, sink));
    }
}

/// An event as the kernel tells it.
struct Heard<'a> {
    flags: ReadFlags,
    /// The same in the two halves of a rename.
    cookie: u32,
    name: Option<&'a OsStr>,
}

/// The first half of a rename.
struct Half {
    path: PathBuf,
    cookie: u32,
}

fn tell(path: &Path, change: Change, sink: &dyn Fn(Hint)) {
    coalesce::at(path, change).into_iter().for_each(sink);
}

/// A file just made is about to be written; what was closed or removed is complete.
fn change(flags: ReadFlags) -> Change {
    let more_follows = ReadFlags::CREATE | ReadFlags::ATTRIB | ReadFlags::MOVED_TO;
    let new_dir = flags.contains(ReadFlags::CREATE | ReadFlags::ISDIR);
    if flags.intersects(more_follows) && !new_dir { Change::Unsettled } else { Change::Settled }
}

/// What is asked of the kernel: nothing that reading causes, or reading would fill the queue.
fn what() -> WatchFlags {
    WatchFlags::CREATE
        | WatchFlags::DELETE
        | WatchFlags::DELETE_SELF
        | WatchFlags::MOVE_SELF
        | WatchFlags::MOVED_FROM
        | WatchFlags::MOVED_TO
        | WatchFlags::ATTRIB
        | WatchFlags::CLOSE_WRITE
        | WatchFlags::ONLYDIR
        | WatchFlags::DONT_FOLLOW
        | WatchFlags::EXCL_UNLINK
}

fn bytes(path: &Path) -> &[u8] {
    path.as_os_str().as_bytes()
}

/// The number of watches one user may have here, from the kernel; our share of it is a setting.
pub fn user_limit() -> usize {
    // The second one is that of the user namespace.
    let limits = ["/proc/sys/fs/inotify/max_user_watches", "/proc/sys/user/max_inotify_watches"];
    let told = limits.iter().filter_map(|limit| std::fs::read_to_string(limit).ok()?.trim().parse().ok());
    told.min().unwrap_or(8192)
}

#[cfg(test)]
mod tests {
    use std::{fs, sync::mpsc::sync_channel};

    use super::*;

    #[test]
    fn only_the_two_halves_of_one_rename_are_complete() {
        let home = tempfile::tempdir().unwrap();
        let (inside, outside) = (home.path().join("in"), home.path().join("out"));
        for (dir, names) in [(&inside, ["a", "c"]), (&outside, ["b", "e"])] {
            fs::create_dir(dir).unwrap();
            names.iter().for_each(|name| fs::write(dir.join(name), "").unwrap());
        }
        // Nothing further is heard until the test takes what was heard: the renames come together.
        let (sender, receiver) = sync_channel(0);
        let sink: Sink = Arc::new(move |hint| _ = sender.send(hint));
        let watcher = Inotify::new(Box::new(|| 8), sink).unwrap();
        // Gone before the watcher: its thread ends only when it need not wait to be heard.
        let hints = receiver;
        assert_eq!(watcher.watch(std::slice::from_ref(&inside)), Coverage::All);
        fs::create_dir(inside.join("first")).unwrap();
        fs::rename(inside.join("a"), outside.join("a")).unwrap();
        fs::rename(outside.join("b"), inside.join("b")).unwrap();
        fs::rename(inside.join("c"), inside.join("d")).unwrap();
        fs::create_dir(inside.join("last")).unwrap();

        let mut told = BTreeMap::new();
        while !told.contains_key("last") {
            let Hint::Name { dir, name, change } = hints.recv().unwrap() else { panic!("events were lost") };
            assert_eq!(dir, inside);
            told.insert(String::from_utf8(name).unwrap(), change);
        }
        drop(hints);
        use Change::{Settled, Unsettled};
        let expected =
            [("first", Settled), ("a", Unsettled), ("b", Unsettled), ("c", Settled), ("d", Settled), ("last", Settled)];
        assert_eq!(told, expected.map(|(name, change)| (name.to_owned(), change)).into());
    }
}
