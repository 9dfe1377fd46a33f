//! The watched directories and what has to be looked at in each. Pure but for the rules' construction.
//!
//! Each root has one walk at a time; what comes up meanwhile waits here, joined with what waits already.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use tokio::time::Instant;

use crate::{
    config::Settings,
    control::{AbsPath, Error, JobNumber, RootOptions, RootOrigin, RootState},
    crawl::{self, Hindrance, Problem, Reach, Seen},
    governor::signals::disk::DiskKind,
    plan::Scope,
    store::CommitId,
    watch::{rules::Chain, scan::Within},
};

/// A root's number, for one run of the daemon.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct RootId(pub u32);

/// A watched directory.
#[derive(Debug)]
pub(crate) struct Root {
    pub id: RootId,
    pub path: AbsPath,
    pub options: RootOptions,
    pub origin: RootOrigin,
    /// What a walk needs of it.
    pub spec: crawl::Root,
    /// Why it is offline; empty while it is there.
    pub offline: String,
    /// Whether some of it is not watched by the kernel.
    pub unwatched: bool,
    /// Since when its file system has given no sign of life, though something waits for it.
    pub silent: Option<Instant>,
    /// Whether that has been said.
    pub stuck: bool,
    /// The disk it lies on, as far as anything says so.
    pub disk: Option<DiskKind>,
    /// Directories below it that could not be looked at, and why; a bounded number.
    pub unreadable: BTreeMap<Vec<u8>, Problem>,
    /// What this process lacked when it last looked at it, and what to do; empty if nothing.
    pub short: String,
    /// Whether the index has a row for it; walks that make such rows run one at a time.
    pub founded: bool,
    /// When its last whole walk ended, microseconds since 1970.
    pub crawled: u64,
    /// What waits to be looked at.
    pub wanted: Wanted,
    pub running: Option<Running>,
    /// Not walked before, because the store could not answer.
    pub blocked_until: Option<Instant>,
    /// The last change of its walks; the next walk starts when it is committed.
    pub last_commit: CommitId,
}

/// Looks that wait.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// Directories by path below the root.
    dirs: BTreeMap<Vec<u8>, Scope>,
    /// Jobs that wait for any of them.
    dirs_for: BTreeSet<JobNumber>,
    /// Subtrees by path below the root; empty is all of it.
    below: Vec<(Vec<u8>, Askers)>,
    /// Whether directories had the last turn.
    dirs_had: bool,
}

/// For whom something is looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Askers {
    pub jobs: BTreeSet<JobNumber>,
    /// Whether the daemon itself has a reason: then it is looked at whoever loses interest.
    pub ours: bool,
}

impl Askers {
    /// The daemon itself.
    pub fn ours() -> Self {
        Self { jobs: BTreeSet::new(), ours: true }
    }

    /// One job alone.
    pub fn job(job: JobNumber) -> Self {
        Self { jobs: BTreeSet::from([job]), ours: false }
    }

    fn join(&mut self, more: Self) {
        self.jobs.extend(more.jobs);
        self.ours |= more.ours;
    }

    fn is_nobody(&self) -> bool {
        !self.ours && self.jobs.is_empty()
    }

    /// Whether a job was the only one, which it no longer is.
    fn was_only(&mut self, job: JobNumber) -> bool {
        self.jobs.remove(&job) && self.is_nobody()
    }
}

/// A walk under way.
#[derive(Debug)]
pub(crate) struct Running {
    pub reach: Reach,
    pub askers: Askers,
    /// Of a walk through everything, what could not be looked at before it.
    pub unreadable_before: BTreeMap<Vec<u8>, Problem>,
    pub seen: Arc<Seen>,
    /// Its signs of life when they were last looked at, and since when they are so many.
    pub beats: (u64, Instant),
    /// Whether it met directories that cannot be watched.
    pub unwatched: bool,
}

impl Running {
    /// A job wants it no longer. If nobody else does, it comes to its end.
    pub fn forget(&mut self, job: JobNumber) {
        if self.askers.was_only(job) {
            self.seen.enough.store(true, Ordering::Relaxed);
        }
    }

    /// Whether it ends before it has looked at everything.
    pub fn is_given_up(&self) -> bool {
        self.seen.enough.load(Ordering::Relaxed)
    }

    /// How long it has waited for its file system.
    pub fn silence(&mut self, now: Instant) -> Duration {
        let beats = self.seen.beats.load(Ordering::Relaxed);
        if beats != self.beats.0 || self.seen.telling.load(Ordering::Relaxed) {
            self.beats = (beats, now);
        }
        now.duration_since(self.beats.1)
    }
}

impl Wanted {
    /// Adds a look at a directory.
    pub fn dir(&mut self, relative: Vec<u8>, scope: Scope) {
        match (self.dirs.get_mut(&relative), scope) {
            (Some(Scope::Whole), _) => {}
            (Some(Scope::Names(names)), Scope::Names(more)) => {
                names.extend(more);
                names.sort_unstable();
                names.dedup();
            }
            (_, scope) => _ = self.dirs.insert(relative, scope),
        }
    }

    /// A job waits for the directories that wait here.
    pub fn dirs_for(&mut self, job: JobNumber) {
        self.dirs_for.insert(job);
    }

    /// Adds a look at a subtree that the daemon itself wants.
    pub fn subtree(&mut self, relative: Vec<u8>) {
        self.subtree_for(relative, Askers::ours());
    }

    /// Adds a look at a subtree.
    pub fn subtree_for(&mut self, relative: Vec<u8>, mut askers: Askers) {
        if let Some((_, have)) = self.below.iter_mut().find(|(have, _)| is_below(&relative, have)) {
            return have.join(askers);
        }
        for (_, within) in self.below.extract_if(.., |(have, _)| is_below(have, &relative)) {
            askers.join(within);
        }
        self.below.push((relative, askers));
    }

    /// What to walk next, and for whom: what changed just now before what is merely checked, in turn where neither ends.
    pub fn take(&mut self) -> Option<(Reach, Askers)> {
        let again = std::mem::take(&mut self.dirs_had) && !self.below.is_empty();
        if !self.dirs.is_empty() && !again {
            self.dirs_had = true;
            let askers = Askers { jobs: std::mem::take(&mut self.dirs_for), ours: true };
            return Some((Reach::Dirs(std::mem::take(&mut self.dirs).into_iter().collect()), askers));
        }
        self.below.pop().map(|(relative, askers)| (Reach::Below(relative), askers))
    }

    /// Gives back what a walk that broke off had taken: it is made again, as it has begun what it did not end.
    pub fn put_back(&mut self, Running { reach, mut askers, .. }: Running) {
        askers.ours = true;
        match reach {
            // What was new in them may be in the index by now, and not yet looked at.
            Reach::Dirs(dirs) => {
                dirs.into_iter().for_each(|(relative, _)| self.subtree_for(relative, askers.clone()));
            }
            Reach::Below(relative) => self.subtree_for(relative, askers),
        }
    }

    /// A job waits for nothing any more, and what it alone wanted is not looked at.
    pub fn forget(&mut self, job: JobNumber) {
        self.dirs_for.remove(&job);
        self.below.retain_mut(|(_, askers)| !askers.was_only(job));
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.dirs.is_empty() && self.below.is_empty()
    }
}

/// Whether `path` is `dir` or below it; both relative to one root.
fn is_below(path: &[u8], dir: &[u8]) -> bool {
    dir.is_empty() || path.strip_prefix(dir).is_some_and(|rest| rest.is_empty() || rest[0] == b'/')
}

impl Root {
    /// A root that has not been looked at. `own` are the daemon's own directories, never indexed.
    pub fn new(
        id: RootId,
        path: AbsPath,
        options: RootOptions,
        origin: RootOrigin,
        settings: &Settings,
    ) -> Result<Self, Error> {
        let own = [&settings.store.path, &settings.mount.path].map(|path| bytes(path)).to_vec();
        let hidden = options.hidden.unwrap_or(false);
        let rules =
            Chain::at_root(path.as_bytes(), hidden, &settings.ignore, own).map_err(|error| Error::InvalidArgument {
                what: format!("a pattern of the setting ignore is not valid: {error}"),
                hint: "correct it in the configuration; the syntax is that of gitignore".into(),
            })?;
        let spec = crawl::Root {
            path: path.as_bytes().into(),
            within: Within { cross: options.cross_filesystems.unwrap_or(false), shared: settings.is_shared() },
            watch: !options.poll.unwrap_or(false),
            rules,
            policy: settings.policy(),
        };
        Ok(Self {
            id,
            path,
            options,
            origin,
            spec,
            offline: String::new(),
            unwatched: false,
            silent: None,
            stuck: false,
            disk: None,
            unreadable: BTreeMap::new(),
            short: String::new(),
            founded: false,
            crawled: 0,
            wanted: Wanted::default(),
            running: None,
            blocked_until: None,
            last_commit: CommitId(0),
        })
    }

    /// What is changed on other machines the kernel does not tell of.
    pub fn lies_on(&mut self, disk: Option<DiskKind>) {
        self.disk = disk;
        if self.options.poll.is_none() {
            self.spec.watch = disk != Some(DiskKind::Network);
        }
    }

    /// The path below the root; `None` if it is not below it.
    pub fn relative(&self, path: &[u8]) -> Option<Vec<u8>> {
        let root = self.path.as_bytes();
        let rest = path.strip_prefix(root)?;
        match rest.first() {
            None => Some(Vec::new()),
            Some(b'/') => Some(rest[1..].to_vec()),
            Some(_) if root == b"/" => Some(rest.to_vec()),
            Some(_) => None,
        }
    }

    /// How it is, and a sentence why where it is not simply watched.
    pub fn state(&self) -> (RootState, String) {
        if !self.offline.is_empty() {
            return (RootState::Offline, self.offline.clone());
        }
        if matches!(&self.running, Some(Running { reach: Reach::Below(at), .. }) if at.is_empty()) {
            return (RootState::Crawling, String::new());
        }
        if !self.spec.watch {
            let why = match self.options.poll {
                Some(_) => "its option poll is set",
                None => "it lies behind a network, which does not tell of all changes; with poll = false it is watched",
            };
            return (RootState::Polling, why.into());
        }
        match self.unwatched {
            true => (RootState::Polling, "no more directories can be watched; see the degraded states".into()),
            false => (RootState::Watching, String::new()),
        }
    }

    /// Directories below it that are to be looked at now and then, since no event tells of changes in them: none, or the
    /// root itself, or those that the disk did not let us look at.
    pub fn polled(&self) -> impl Iterator<Item = &[u8]> {
        let whole = !self.spec.watch || self.unwatched || !self.offline.is_empty();
        let disk = self.unreadable.iter().filter(|(_, problem)| problem.kind == Hindrance::Disk);
        whole.then_some(&[][..]).into_iter().chain(disk.map(|(path, _)| &**path))
    }

    /// Whether looks wait or are under way.
    pub fn is_busy(&self) -> bool {
        self.running.is_some() || (self.offline.is_empty() && !self.wanted.is_empty())
    }
}

/// The bytes of a path.
pub(crate) fn bytes(path: &std::path::Path) -> Vec<u8> {
    use std::os::unix::ffi::OsStringExt;
    PathBuf::from(path).into_os_string().into_vec()
}

/// The root that a path is below (there is at most one) and the path below it.
pub(crate) fn owner<'a>(roots: &'a [Root], path: &[u8]) -> Option<(&'a Root, Vec<u8>)> {
    roots.iter().find_map(|root| root.relative(path).map(|relative| (root, relative)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(list: &[&str]) -> Scope {
        Scope::Names(list.iter().map(|name| name.as_bytes().into()).collect())
    }

    #[test]
    fn looks_at_one_directory_are_joined() {
        let mut wanted = Wanted::default();
        wanted.dir(b"d".to_vec(), names(&["b"]));
        wanted.dir(b"d".to_vec(), names(&["a", "b"]));
        wanted.dir(b"e".to_vec(), Scope::Whole);
        wanted.dir(b"e".to_vec(), names(&["x"]));
        let Some((Reach::Dirs(dirs), _)) = wanted.take() else { panic!("directories first") };
        assert_eq!(dirs, [(b"d".to_vec(), names(&["a", "b"])), (b"e".to_vec(), Scope::Whole)]);
        assert!(wanted.is_empty());
    }

    #[test]
    fn a_subtree_takes_in_those_below_it() {
        let mut wanted = Wanted::default();
        for path in ["a/b", "ab", "a", "a/c"] {
            wanted.subtree(path.as_bytes().to_vec());
        }
        let ours =
            |paths: &[&str]| paths.iter().map(|path| (path.as_bytes().to_vec(), Askers::ours())).collect::<Vec<_>>();
        assert_eq!(wanted.below, ours(&["ab", "a"]));
        wanted.subtree(Vec::new());
        assert_eq!(wanted.below, ours(&[""]));
    }

    #[test]
    fn a_look_is_made_as_long_as_anybody_wants_it() {
        let [one, two] = [1, 2].map(JobNumber);
        let mut wanted = Wanted::default();
        wanted.subtree_for(b"a/b".to_vec(), Askers::job(one));
        wanted.subtree_for(b"a".to_vec(), Askers::job(two));
        wanted.forget(two);
        wanted.forget(two);
        let both = Askers { jobs: BTreeSet::from([one]), ours: false };
        assert_eq!(wanted.below, [(b"a".to_vec(), both)]);
        wanted.forget(one);
        assert!(wanted.is_empty());
        wanted.subtree_for(b"a".to_vec(), Askers::job(one));
        wanted.subtree(b"a/b".to_vec());
        wanted.forget(one);
        assert_eq!(wanted.take(), Some((Reach::Below(b"a".to_vec()), Askers::ours())));
    }

    #[test]
    fn changes_without_end_do_not_keep_a_root_from_being_looked_at() {
        let mut wanted = Wanted::default();
        wanted.subtree(Vec::new());
        let turns = std::iter::from_fn(|| {
            wanted.dir(b"d".to_vec(), Scope::Whole);
            wanted.take().map(|(reach, _)| reach == Reach::Below(Vec::new()))
        });
        let turns: Vec<_> = turns.take(3).collect();
        assert_eq!(turns, [false, true, false]);
    }
}
