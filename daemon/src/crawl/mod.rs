//! Walks: looks at directories, compares them with the index, says what to change. One walk at a time.
//!
//! Runs on a thread of its own with a rayon pool; `run` gives it one request, and the next only when the changes of the
//! last are committed, so that a walk always compares with what is there. Never writes the store itself.
//!
//! A walk first looks at every directory the index knows, so that what vanished is known before what appeared is
//! settled: a moved file or directory keeps its number wherever the walk meets it first.

mod begin;
#[cfg(test)]
mod exchanged;
mod look;
mod survey;
#[cfg(test)]
mod tests;
mod threads;

pub use look::{can_be_looked_at, excluded_by};
pub use survey::{SurveyError, Surveyed, survey};

use std::{
    collections::{HashMap, HashSet},
    io,
    os::unix::ffi::OsStringExt,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use rayon::ThreadPool;

use self::{look::below, threads::split_last};
use crate::{
    model::{self, DirId, Identity, Mutation, Node, Place, PolicyId, ReaderId},
    plan::{self, Current, Delta, FoundKind, Kept, MovedDir, Moves, Scope},
    store::{Rows, StoreError},
    watch::{
        Coverage, Watcher,
        files::Files,
        rules::Chain,
        scan::{RootDir, Within},
    },
};

/// Directories looked at between two rounds of settling and committing.
const CHUNK: usize = 256;
/// Inodes with several names that a walk remembers to have told of.
const TOLD_OF: usize = 10_000;
/// Changes handed over at once.
const BATCH: usize = 256;

/// A watched directory, as far as a walk has to know it.
#[derive(Debug, Clone)]
pub struct Root {
    /// Absolute, without symlinks.
    pub path: Box<[u8]>,
    pub within: Within,
    /// Whether its directories are watched by the kernel.
    pub watch: bool,
    pub rules: Chain,
    pub policy: PolicyId,
}

/// What a walk covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    /// These directories, given relative to the root; what is new in them is walked whole.
    Dirs(Vec<(Vec<u8>, Scope)>),
    /// This directory and all below; empty is the root.
    Below(Vec<u8>),
}

/// What a walk tells while it goes on.
#[derive(Debug)]
pub enum Progress {
    /// Changes, to be committed in order.
    Batch(Vec<Mutation>),
    /// A directory that could not be looked at; its rows stay unless the daemon may not read it at all.
    Problem { path: Vec<u8>, problem: Problem },
    /// A directory, relative to the root, that could not be looked at earlier and now can, or is gone.
    Readable(Vec<u8>),
    /// Directories the kernel does not watch for us.
    Unwatched,
    /// Other names of inodes that changed; they are to be looked at too.
    AlsoAt(Vec<Place>),
    /// Inodes with more names than the index knows to be theirs; it may have those as files of one name.
    Namesakes(Vec<Identity>),
}

/// Why a directory could not be looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub kind: Hindrance,
    pub text: String,
}

/// Whose fault that is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Hindrance {
    /// The daemon's user may not. The kernel tells when that changes.
    Denied,
    /// The disk, or who serves it. Nothing tells when that is over.
    Disk,
}

impl Problem {
    fn of(error: &io::Error) -> Self {
        let denied = error.kind() == io::ErrorKind::PermissionDenied;
        Self { kind: if denied { Hindrance::Denied } else { Hindrance::Disk }, text: error.to_string() }
    }
}

/// How a walk ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    Done {
        dirs: u64,
        files: u64,
    },
    /// The root could not be opened.
    RootGone(String),
    Cancelled,
    Store(String),
    /// This process lacks what every look needs, and what to do; nothing of it is about a directory.
    Short(String),
}

/// What ends a walk before its time.
#[derive(Debug)]
enum Stop {
    Store(StoreError),
    Short(String),
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// An error that is about a directory; one that is about us ends the walk.
fn of_directory(error: io::Error) -> Result<io::Error, Stop> {
    model::shortage(&error).map_or(Ok(error), |short| Err(Stop::Short(short)))
}

/// What walks have looked at since the start, of which some may still go on.
#[derive(Debug, Default)]
pub struct Looks {
    pub dirs: AtomicU64,
    pub files: AtomicU64,
    /// Of these, those that stand as the index has them: none is opened.
    pub unchanged: AtomicU64,
}

/// Counters that others read while a walk goes on.
#[derive(Debug, Default)]
pub struct Seen {
    pub dirs: AtomicU64,
    pub files: AtomicU64,
    /// The same of all walks together.
    pub all: Arc<Looks>,
    pub cancel: AtomicBool,
    /// Nobody wants it any more: what it has begun it ends, and looks at nothing that stands as the index has it.
    pub enough: AtomicBool,
    /// Signs of life: grows as long as the file system answers.
    pub beats: AtomicU64,
    /// Whether it waits for who listens, and for no disk.
    pub telling: AtomicBool,
}

impl Seen {
    fn beat(&self) {
        self.beats.fetch_add(1, Ordering::Relaxed);
    }

    /// So many files of it stand as the index has them.
    fn unchanged(&self, files: usize) {
        self.all.unchanged.fetch_add(files as u64, Ordering::Relaxed);
    }

    /// A directory with so many files was looked at.
    fn looked(&self, files: usize) {
        for (dirs, of_files) in [(&self.dirs, &self.files), (&self.all.dirs, &self.all.files)] {
            dirs.fetch_add(1, Ordering::Relaxed);
            of_files.fetch_add(files as u64, Ordering::Relaxed);
        }
    }
}

/// What every walk needs.
pub struct Crawl {
    pub rows: Arc<dyn Rows>,
    pub files: Arc<dyn Files>,
    pub watcher: Option<Arc<dyn Watcher>>,
    /// Threads of one walk. Each walk has its own, so that one in a file system that does not answer holds up no other. With
    /// one, directories are looked at one after the other on the walk's own thread.
    pub threads: usize,
    pub readers: Vec<ReaderId>,
}

impl std::fmt::Debug for Crawl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Crawl").finish_non_exhaustive()
    }
}

/// A directory still to be looked at.
struct Visit {
    id: DirId,
    /// What it is; `None` for the root, which is open already.
    identity: Option<Identity>,
    /// Below the root; empty for the root.
    relative: Vec<u8>,
    /// The rules of its parent; of itself for the root.
    rules: Chain,
    scope: Scope,
    /// Whether the index has rows for it.
    known: bool,
    /// Whether known directories in it are visited too.
    deep: bool,
    /// Whether the index is wrong, or something not watched, until it is looked at.
    needed: bool,
}

/// What one look gave.
struct Visited {
    visit: Visit,
    delta: Delta,
    /// The rules of the directory itself.
    rules: Chain,
    /// Why it could not be looked at.
    problem: Option<Problem>,
}

struct Walk<'a> {
    crawl: &'a Crawl,
    root: &'a Root,
    root_dir: &'a RootDir,
    seen: &'a Seen,
    tell: &'a mut dyn FnMut(Progress),
    moves: Moves,
    known: Vec<Visit>,
    new: Vec<Visit>,
    batch: Vec<Mutation>,
    /// Made when there is enough to look at.
    pool: Option<Arc<ThreadPool>>,
    /// Rules and relative path of directories in which something new may be settled.
    places: HashMap<DirId, (Vec<u8>, Chain)>,
    /// Inodes whose other names are looked at after this walk.
    told_of: HashSet<Identity>,
    /// Whether another directory stands at the root's path than the index has.
    is_other: bool,
}

impl Crawl {
    /// Walks; `tell` is called on this thread and may block it.
    pub fn walk(&self, root: &Root, reach: &Reach, seen: &Seen, tell: &mut dyn FnMut(Progress)) -> End {
        let root_dir = match RootDir::open(&*self.files, &root.path, root.within) {
            Ok(dir) => dir,
            Err(error) => return model::shortage(&error).map_or(End::RootGone(error.to_string()), End::Short),
        };
        let mut walk = Walk {
            crawl: self,
            root,
            root_dir: &root_dir,
            seen,
            tell,
            moves: Moves::default(),
            known: Vec::new(),
            new: Vec::new(),
            batch: Vec::new(),
            pool: None,
            places: HashMap::new(),
            told_of: HashSet::new(),
            is_other: false,
        };
        if let Some(why) = walk.is_a_stranger() {
            return End::RootGone(why);
        }
        match walk.start(reach).and_then(|begun| Ok(begun && walk.go()?)) {
            Ok(true) => {
                End::Done { dirs: seen.dirs.load(Ordering::Relaxed), files: seen.files.load(Ordering::Relaxed) }
            }
            Ok(false) => End::Cancelled,
            Err(Stop::Store(error)) => End::Store(error.to_string()),
            Err(Stop::Short(short)) => End::Short(short),
        }
    }
}

impl<'a> Walk<'a> {
    /// `false` when cancelled.
    fn go(&mut self) -> Result<bool, Stop> {
        loop {
            while !self.known.is_empty() {
                match self.pool_for(self.known.len()) {
                    Some(pool) => self.look_ahead(&pool)?,
                    None => {
                        let chunk = split_last(&mut self.known, CHUNK);
                        self.look(chunk)?;
                    }
                }
                if self.is_cancelled() {
                    return Ok(false);
                }
            }
            self.settle_dirs();
            if self.known.is_empty() {
                self.settle_files();
                if self.new.is_empty() {
                    break;
                }
                let chunk = split_last(&mut self.new, CHUNK);
                self.look(chunk)?;
                if self.is_cancelled() {
                    return Ok(false);
                }
            }
        }
        let current = self.current();
        let last = std::mem::take(&mut self.moves).finish(current);
        self.put(last);
        self.flush();
        Ok(true)
    }

    fn is_cancelled(&mut self) -> bool {
        let cancelled = self.seen.cancel.load(Ordering::Relaxed);
        if cancelled {
            self.flush();
        }
        cancelled
    }

    /// Leaves out what nobody waits for any more.
    fn leave_out(&mut self) {
        if self.seen.enough.load(Ordering::Relaxed) {
            self.known.retain(|visit| visit.needed);
        }
    }

    fn watch(&mut self, chunk: &[Visit]) {
        let Some(watcher) = self.crawl.watcher.as_ref().filter(|_| self.root.watch) else { return };
        let dirs: Vec<PathBuf> = chunk
            .iter()
            .filter(|visit| visit.scope == Scope::Whole)
            .map(|visit| self.absolute(&visit.relative))
            .collect();
        if !dirs.is_empty() && watcher.watch(&dirs) == Coverage::LimitReached {
            (self.tell)(Progress::Unwatched);
        }
    }

    fn take(&mut self, Visited { visit, delta, rules, problem }: Visited) {
        if let Some(problem) = problem {
            self.tell_problem(&visit.relative, problem);
        }
        for Kept { id, name, identity, access_changed } in &delta.kept_dirs {
            if visit.deep || *access_changed {
                let (id, identity, scope) = (*id, Some(*identity), Scope::Whole);
                let (relative, rules) = (below(&visit.relative, name), rules.enter(name));
                let needed = visit.needed || *access_changed;
                self.known.push(Visit { id, identity, relative, rules, scope, known: true, deep: true, needed });
            }
        }
        // Before whatever stands at such a path now is watched: the kernel has ended these watches, or they bear a
        // path that is no longer theirs.
        for gone in delta.vanished.iter().filter(|row| matches!(row.node, Node::Dir(_))) {
            self.forget_watches(&self.absolute(&below(&visit.relative, &gone.name)));
        }
        self.look_at_other_names(visit.id, &delta);
        if !delta.appeared.is_empty() || !delta.replaced.is_empty() {
            self.places.insert(visit.id, (visit.relative, rules));
        }
        let changes = self.moves.take(visit.id, delta);
        self.put(changes);
    }

    fn tell_problem(&mut self, relative: &[u8], problem: Problem) {
        let path = self.absolute(relative).into_os_string().into_vec();
        (self.tell)(Progress::Problem { path, problem });
    }

    /// What happens through one name of an inode is not reported for its other names: a write, a further name, one less.
    fn look_at_other_names(&mut self, dir: DirId, delta: &Delta) {
        let rows = delta.changed.iter().chain(&delta.vanished).chain(delta.replaced.iter().map(|(row, _)| row));
        let known = rows.filter_map(|row| match row.node {
            Node::File(file) => Some((row.identity, file.links, &row.name)),
            Node::Dir(_) => None,
        });
        let found = delta.appeared.iter().chain(delta.replaced.iter().map(|(_, found)| found));
        let found = found.filter_map(|found| match found.kind {
            FoundKind::File { links, .. } => Some((found.identity, links, &found.name)),
            FoundKind::Dir => None,
        });
        let (mut places, mut more) = (Vec::new(), Vec::new());
        for (identity, links, name) in known.chain(found).filter(|(_, links, _)| *links > 1) {
            if self.told_of.len() >= TOLD_OF {
                self.told_of.clear();
            }
            if self.told_of.insert(identity) {
                let others = self.crawl.rows.links(&identity).unwrap_or_default();
                let before = places.len();
                places.extend(others.into_iter().filter(|place| place.dir != dir || place.name != *name));
                if places.len() - before + 1 < links as usize {
                    more.push(identity);
                }
            }
        }
        if !places.is_empty() {
            (self.tell)(Progress::AlsoAt(places));
        }
        if !more.is_empty() {
            (self.tell)(Progress::Namesakes(more));
        }
    }

    fn settle_dirs(&mut self) {
        let settled = self.moves.settle_dirs();
        for MovedDir { id, to, found, .. } in settled.moved_dirs {
            let Some((relative, rules)) =
                self.places.get(&to).map(|(at, rules)| (below(at, &found.name), rules.enter(&found.name)))
            else {
                continue;
            };
            self.put(vec![plan::put_dir(id, to, found.name.clone(), &found.identity, found.access)]);
            let (identity, scope) = (Some(found.identity), Scope::Whole);
            self.known.push(Visit { id, identity, relative, rules, scope, known: true, deep: true, needed: true });
        }
        if !self.known.is_empty() {
            // Seen at its new place before all that is in it is looked at.
            self.flush();
        }
        for (parent, found) in settled.new_dirs {
            let Some((relative, rules)) =
                self.places.get(&parent).map(|(at, rules)| (below(at, &found.name), rules.enter(&found.name)))
            else {
                continue;
            };
            let id = self.crawl.rows.new_dir();
            self.put(vec![plan::put_dir(id, parent, found.name.clone(), &found.identity, found.access)]);
            let (identity, scope) = (Some(found.identity), Scope::Whole);
            self.new.push(Visit { id, identity, relative, rules, scope, known: false, deep: true, needed: true });
        }
        self.places.clear();
    }

    fn settle_files(&mut self) {
        let rows = &self.crawl.rows;
        let mutations = self.moves.settle_files(self.current(), &|| rows.new_file());
        self.put(mutations);
    }

    fn forget_watches(&self, dir: &Path) {
        if let Some(watcher) = &self.crawl.watcher {
            watcher.forget(dir);
        }
    }

    fn put(&mut self, mutations: Vec<Mutation>) {
        self.batch.extend(mutations);
        if self.batch.len() >= BATCH {
            self.flush();
        }
    }

    fn flush(&mut self) {
        if !self.batch.is_empty() {
            (self.tell)(Progress::Batch(std::mem::take(&mut self.batch)));
        }
    }

    fn current(&self) -> Current<'a> {
        Current { policy: self.root.policy, readers: &self.crawl.readers }
    }

    fn absolute(&self, relative: &[u8]) -> PathBuf {
        model::path(&self.root.path).join(model::path(relative))
    }
}
