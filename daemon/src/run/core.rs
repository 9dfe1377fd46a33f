//! All that the loop owns, and how it is opened, moved on and closed.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    path::PathBuf,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use anyhow::Context;
use tokio::{
    sync::{mpsc, watch},
    time::Instant,
};

use super::{
    Event, Hints, UNSETTLED,
    board::{Board, Figures, NAMES},
    jobs::{Jobs, Rate, Standing, Visible},
    kept::Kept,
    pauses::Pauses,
    reading::{Reading, Target},
    roots::{self, Root, RootId, bytes},
    walks::Walks,
};
use crate::{
    bus,
    config::{self, Settings},
    control::{AbsPath, Changed, Degraded, Facts, Pause, RootOptions, RootOrigin, State},
    crawl::Crawl,
    engine::{self, EngineEvent, LocalEngine, Size},
    governor::{self, Decision, Inputs, Machine},
    model::{DirId, EntryRow, FileState, Mutation, Priority, ReaderId},
    mount::View,
    queue::Settle,
    readers,
    store::{self, CommitId, SledStore, Store},
    watch::{
        Watcher,
        inotify::{self, Inotify},
    },
};

/// Files that one search of the store gives.
const SWEEP: usize = 4_096;
/// Between two decisions on workers, while there is work.
const DECIDE: Duration = Duration::from_millis(250);
/// Between two updates of the figures in the view, unless the state changes.
const BOARD: Duration = Duration::from_millis(100);

/// The state of the daemon.
pub(crate) struct Core {
    pub settings: Settings,
    pub store: Arc<SledStore>,
    pub readers: Vec<ReaderId>,
    pub watcher: Option<Arc<dyn Watcher>>,
    pub hints: Arc<Hints>,
    /// When the hints that have come are taken.
    pub settled_due: Option<Instant>,
    /// When hints that are not settled are taken all the same.
    pub unsettled_due: Option<Instant>,
    pub roots: Vec<Root>,
    pub next_root: u32,
    pub walks: Walks,
    pub reading: Reading,
    pub jobs: Jobs,
    pub pauses: Pauses,
    pub kept: Kept,
    pub degraded: BTreeMap<&'static str, String>,
    pub view: Option<View>,
    pub board: Arc<Board>,
    pub events: mpsc::Sender<Event>,
    facts: watch::Sender<Facts>,
    changed: mpsc::UnboundedSender<Changed>,
    /// Results to be committed with the next turn.
    pub results: Vec<Mutation>,
    /// Rows that become jobs once they are committed, oldest first.
    pub after_commit: VecDeque<(CommitId, Vec<(DirId, EntryRow)>, Priority)>,
    /// Commits that hold a walk's batch.
    pub walk_commits: VecDeque<CommitId>,
    pub visible: Visible,
    pub committed: CommitId,
    pub durable: CommitId,
    /// Readers of the mount see everything up to here.
    pub drained: CommitId,
    pub last_commit: CommitId,
    pub rate: Rate,
    pub born: Instant,
    pub started: u64,
    /// When what is not watched is looked at again.
    pub poll_due: Instant,
    pub stopping: bool,
    pub decision: Decision,
    governor: governor::State,
    machine: Machine,
    /// Whether the last decision was one of a pause, and when it was made.
    decided: (bool, Instant),
    /// What the board says, and since when.
    told: (State, Instant),
}

impl Core {
    /// Opens the store, starts the engine, takes up the roots.
    pub fn open(
        settings: Settings,
        events: mpsc::Sender<Event>,
        hints: Arc<Hints>,
        facts: watch::Sender<Facts>,
        changed: mpsc::UnboundedSender<Changed>,
    ) -> anyhow::Result<Self> {
        let store = Arc::new(open_store(&settings, events.clone())?);
        let mut degraded = BTreeMap::new();
        let watcher = open_watcher(&settings, &hints, &mut degraded);
        let readers = readers::current();
        let crawl = Crawl {
            rows: store.clone(),
            watcher: watcher.clone(),
            pool: rayon::ThreadPoolBuilder::new()
                .thread_name(|n| format!("crawl-{n}"))
                .build()
                .context("cannot start the crawl's threads")?,
            readers: readers.clone(),
        };
        let mut reading = open_reading(&settings, events.clone());
        reading.remember_suspects(store::Rows::suspects(&*store)?);
        let state_dir = settings.store.path.parent().map_or_else(|| PathBuf::from("/"), PathBuf::from);
        let now = Instant::now();
        let mut core = Self {
            poll_due: now + settings.watch.poll,
            settings,
            store,
            readers,
            watcher,
            hints,
            settled_due: None,
            unsettled_due: None,
            roots: Vec::new(),
            next_root: 0,
            walks: Walks::new(crawl, events.clone()),
            reading,
            jobs: Jobs::default(),
            pauses: Pauses::default(),
            kept: Kept::beside(&state_dir),
            degraded,
            view: None,
            board: Arc::new(Board::default()),
            events,
            facts,
            changed,
            results: Vec::new(),
            after_commit: VecDeque::new(),
            walk_commits: VecDeque::new(),
            visible: Visible::default(),
            committed: CommitId(0),
            durable: CommitId(0),
            drained: CommitId(0),
            last_commit: CommitId(0),
            rate: Rate::default(),
            born: now,
            started: wall_clock(),
            stopping: false,
            decision: Decision { size: Size { workers: 0, batch_files: 0 }, why: "starting".into() },
            governor: governor::State::default(),
            machine: Machine::new(),
            decided: (true, now),
            told: (State::Starting, now),
        };
        core.take_up_roots()?;
        core.take_up_pauses()?;
        Ok(core)
    }

    fn take_up_roots(&mut self) -> anyhow::Result<()> {
        for setting in self.settings.roots.clone() {
            let path = AbsPath::parse(&bytes(&setting.path)).context("a root of the configuration")?;
            self.add_root(path, setting.options, RootOrigin::Config).context("a root of the configuration")?;
        }
        for (path, options) in self.kept.roots()? {
            if roots::owner(&self.roots, path.as_bytes()).is_none() {
                self.add_root(path, options, RootOrigin::Bus)?;
            }
        }
        Ok(())
    }

    fn take_up_pauses(&mut self) -> anyhow::Result<()> {
        let now = wall_clock();
        let pauses: Vec<Pause> = self.kept.pauses()?;
        pauses.into_iter().for_each(|pause| _ = self.pauses.add(pause));
        self.pauses.expire(now);
        Ok(())
    }

    /// Takes up a root and plans its first walk. Its parent is watched, so that it is noticed when it comes back.
    pub fn add_root(
        &mut self,
        path: AbsPath,
        options: RootOptions,
        origin: RootOrigin,
    ) -> Result<RootId, crate::control::Error> {
        self.next_root += 1;
        let id = RootId(self.next_root);
        let mut root = Root::new(id, path, options, origin, &self.settings)?;
        if let Some(watcher) = self.watcher.as_ref().filter(|_| root.spec.watch) {
            let own = root.path.as_path().to_owned();
            let parent = own.parent().map(PathBuf::from);
            watcher.watch(&parent.into_iter().chain([own]).collect::<Vec<_>>());
        }
        root.wanted.subtree(Vec::new());
        tracing::info!(path = ?root.path.as_path(), "watching a directory");
        self.roots.push(root);
        Ok(id)
    }

    /// Mounts the view. Without it the rest works.
    pub fn mount(&mut self) {
        if !self.settings.mount.enabled {
            return;
        }
        let board = Arc::clone(&self.board);
        let events = self.events.clone();
        let tell = move |event: metafs::Event| {
            let event = match event {
                metafs::Event::Drained(commit) => Event::Drained(commit),
                metafs::Event::Ended(why) => Event::ViewEnded(why),
            };
            // Fails only when the daemon is stopping.
            _ = events.blocking_send(event);
        };
        let status = metafs::Status { names: NAMES, render: Box::new(move |name| board.render(name)) };
        match View::mount(Arc::new(self.store.view()), status, &self.settings.mount.path, Box::new(tell)) {
            Ok(view) => self.view = Some(view),
            Err(error) => {
                let text = format!("{error:#}; the metadata can be read with metactl show meanwhile");
                tracing::warn!(error = %text, "cannot mount the view, going on without");
                self.degraded.insert("no-fuse", text);
            }
        }
    }

    /// The daemon cannot be reached; it goes on with the roots it has.
    pub fn no_bus(&mut self, error: &bus::Error) {
        let text = format!("{}; metactl cannot reach the daemon", config::chain(error));
        tracing::warn!(error = %text, "no message bus, going on without");
        self.degraded.insert("no-bus", text);
    }

    /// The bus has gone away while running.
    pub fn bus_lost(&mut self) {
        tracing::warn!("the message bus is gone, going on without");
        self.degraded.insert("no-bus", "the message bus is gone; restart the daemon once it is back".into());
    }

    /// Time since the start, in a clock that does not go back.
    pub fn now(&self) -> Duration {
        self.born.elapsed()
    }

    /// When something is to be done though nothing happens; `None` is never.
    pub fn due(&self) -> Option<Instant> {
        let queue = self.reading.queue.next_due().filter(|_| !self.pauses.in_force()).map(|due| self.born + due);
        let pause = self.pauses.next_end().map(|end| {
            let left = Duration::from_micros(end.saturating_sub(wall_clock()));
            Instant::now() + left + Duration::from_millis(1)
        });
        let polls = self.roots.iter().any(|root| !root.spec.watch || root.unwatched || !root.offline.is_empty());
        let poll = polls.then_some(self.poll_due);
        // Rates and time left are told while somebody follows.
        let tell = (!self.jobs.is_empty()).then(|| Instant::now() + Duration::from_millis(500));
        let blocked = self.roots.iter().filter_map(|root| root.blocked_until).min();
        [queue, pause, poll, self.settled_due, self.unsettled_due, tell, blocked].into_iter().flatten().min()
    }

    /// Moves every stage on as far as it goes.
    pub fn pump(&mut self) {
        self.pauses.expire(wall_clock());
        if [self.settled_due, self.unsettled_due].into_iter().flatten().any(|due| due <= Instant::now()) {
            self.hinted();
        }
        self.poll();
        self.commit_results();
        let paused = self.pauses.in_force() || self.stopping;
        if !paused {
            self.start_walks();
            self.sweep();
            let now = self.now();
            self.reading.feed(now);
        }
        self.resize(paused);
        self.tell();
    }

    fn poll(&mut self) {
        if self.poll_due > Instant::now() {
            return;
        }
        self.poll_due = Instant::now() + self.settings.watch.poll;
        for root in &mut self.roots {
            if !root.spec.watch || root.unwatched || !root.offline.is_empty() {
                root.offline.clear();
                root.wanted.subtree(Vec::new());
            }
        }
    }

    fn commit_results(&mut self) {
        if self.results.is_empty() {
            return;
        }
        let mutations = std::mem::take(&mut self.results);
        self.commit(mutations);
    }

    /// Commits, and remembers whose results become visible with it.
    pub fn commit(&mut self, mutations: Vec<Mutation>) -> CommitId {
        let files = mutations.iter().filter_map(|mutation| match mutation {
            Mutation::PutResult { file, .. } => Some(*file),
            _ => None,
        });
        let files: Vec<_> = files.collect();
        let commit = self.store.commit(mutations);
        self.visible.expect(commit, files);
        self.last_commit = commit;
        commit
    }

    fn start_walks(&mut self) {
        let now = Instant::now();
        for root in &mut self.roots {
            if root.blocked_until.is_none_or(|until| until <= now) {
                root.blocked_until = None;
                self.walks.start(root, self.committed);
            }
        }
    }

    /// Searches the store for pending files, on a thread that may block.
    fn sweep(&mut self) {
        let Some(from) = self.reading.sweep_from() else { return };
        self.reading.sweep = super::reading::Sweep::Running { again: false };
        let (store, events) = (Arc::clone(&self.store), self.events.clone());
        let roots: Vec<_> =
            self.roots.iter().filter(|root| root.offline.is_empty()).map(|r| r.spec.path.clone()).collect();
        tokio::task::spawn_blocking(move || {
            let (found, next) = sweep(&*store, &roots, from).unwrap_or_default();
            _ = events.blocking_send(Event::Swept { found, next });
        });
    }

    fn resize(&mut self, paused: bool) {
        let (was_paused, at) = self.decided;
        if was_paused == paused && at.elapsed() < DECIDE {
            return;
        }
        self.decided = (paused, Instant::now());
        let inputs = Inputs {
            most: self.settings.workers.max,
            cores: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            batch_files: self.settings.workers.batch_files,
            memory: self.machine.memory(),
            paused,
        };
        let decision = governor::decide(&inputs, &mut self.governor);
        if decision.size != self.decision.size {
            tracing::info!(workers = decision.size.workers, why = %decision.why, "the number of workers changes");
            self.reading.engine.resize(decision.size);
        }
        self.decision = decision;
    }

    /// What the daemon as a whole is doing.
    pub fn state(&self) -> State {
        match () {
            () if self.stopping => State::Stopping,
            () if self.pauses.in_force() => State::Paused,
            () if self.is_crawling() || !self.reading.is_idle() => State::Indexing,
            () => State::Idle,
        }
    }

    /// Whether any root is being looked at, or about to be.
    pub fn is_crawling(&self) -> bool {
        self.roots.iter().any(Root::is_busy)
    }

    /// How far everything is.
    pub fn standing(&self) -> Standing {
        let counts = store::Rows::counts(&*self.store);
        let crawling = self.is_crawling();
        let visible = self.committed >= self.last_commit && self.visible_up_to() >= self.last_commit;
        Standing {
            counts,
            failed: self.reading.totals.failed,
            crawling,
            idle: !crawling && self.reading.is_idle() && self.after_commit.is_empty() && visible,
            paused: self.pauses.in_force(),
            rate: self.rate.per_second(),
            left: self.rate.left(counts.pending),
        }
    }

    /// Everybody sees everything up to here.
    pub fn visible_up_to(&self) -> CommitId {
        if self.view.is_some() { self.drained.min(self.committed) } else { self.committed }
    }

    fn tell(&mut self) {
        let now = self.now().as_secs();
        self.rate.note(now, self.reading.totals.finished);
        let standing = self.standing();
        for (job, about) in self.jobs.update(&standing) {
            self.find(job, about);
        }
        let facts = Facts { state: self.state(), degraded: self.degraded.keys().copied().collect() };
        self.facts.send_if_modified(|before| {
            let differs = *before != facts;
            if differs {
                before.clone_from(&facts);
            }
            differs
        });
        let state = self.state();
        if state != self.told.0 || self.told.1.elapsed() > BOARD {
            self.told = (state, Instant::now());
            self.board.put(self.figures(&standing));
        }
    }

    fn figures(&self, standing: &Standing) -> Figures {
        Figures {
            state: self.state(),
            degraded: self.degraded_list(),
            counts: standing.counts,
            waiting: self.reading.queue.len() as u64,
            in_hand: self.reading.in_hand() as u64,
            delayed: self.reading.delayed() as u64,
            crawling: standing.crawling,
            rate: standing.rate,
            workers: self.reading.engine.workers().iter().map(|worker| worker.pid).collect(),
            finished: self.reading.totals.finished,
            strikes: self.reading.totals.strikes,
            watches: self.watcher.as_ref().map_or(0, |watcher| watcher.watched() as u64),
            commit: self.committed.0,
            roots: self.roots.len() as u64,
        }
    }

    /// Degraded states with their sentences.
    pub fn degraded_list(&self) -> Vec<Degraded> {
        self.degraded.iter().map(|(id, text)| Degraded { id, text: text.clone() }).collect()
    }

    /// Tells the bus in which directories something changed.
    pub fn tell_changed(&self, commit: CommitId, directories: BTreeSet<DirId>) {
        let paths = directories.into_iter().filter_map(|dir| store::Rows::path(&*self.store, dir).ok()?).collect();
        // Nobody listens where there is no bus.
        _ = self.changed.send(Changed { directories: paths, commit: commit.0 });
    }

    /// Takes nothing more up.
    pub fn stopping(&mut self) {
        self.stopping = true;
        self.walks.close();
        for root in &self.roots {
            if let Some(running) = &root.running {
                running.seen.cancel.store(true, std::sync::atomic::Ordering::Relaxed);
            }
        }
        self.tell();
    }

    /// Ends all stages, the store last. Waits for them on a thread that may block.
    pub async fn stop(mut self) {
        self.commit_results();
        let Self { mut reading, view, store, .. } = self;
        let ended = tokio::task::spawn_blocking(move || {
            reading.engine.stop();
            if let Some(view) = view {
                view.unmount();
            }
            store.close()
        });
        match ended.await {
            Ok(Ok(())) => tracing::info!("stopped"),
            Ok(Err(error)) => tracing::error!(error = %config::chain(&error), "the store did not close well"),
            Err(error) => tracing::error!(%error, "a stage panicked while stopping"),
        }
    }
}

fn open_store(settings: &Settings, events: mpsc::Sender<Event>) -> anyhow::Result<SledStore> {
    let sink = move |event| _ = events.blocking_send(Event::Store(event));
    let config = store::StoreConfig {
        records_bytes: settings.store.cache as usize,
        min_free_bytes: settings.store.min_free,
        ..store::StoreConfig::new(&settings.store.path)
    };
    let (store, report) = SledStore::open(config, Box::new(sink))
        .with_context(|| format!("cannot open the store at {}", settings.store.path.display()))?;
    if let Some(what) = &report.repaired {
        tracing::warn!(error = %what, "the store's snapshot was damaged, going on without it; nothing is lost");
    }
    if let Some((place, what)) = &report.set_aside {
        tracing::error!(?place, error = %what, "the store was damaged and is set aside, reading everything again");
    }
    Ok(store)
}

fn open_watcher(
    settings: &Settings,
    hints: &Arc<Hints>,
    degraded: &mut BTreeMap<&'static str, String>,
) -> Option<Arc<dyn Watcher>> {
    let limit = (inotify::user_limit() as f64 * settings.watch.share) as usize;
    let hints = Arc::clone(hints);
    match Inotify::new(limit, Arc::new(move |hint| hints.add(hint))) {
        Ok(watcher) => Some(Arc::new(watcher)),
        Err(error) => {
            let text = format!("{error}; raise fs.inotify.max_user_instances; everything is polled meanwhile");
            tracing::warn!(error = %text, "cannot watch directories, polling");
            degraded.insert("no-watcher", text);
            None
        }
    }
}

fn open_reading(settings: &Settings, events: mpsc::Sender<Event>) -> Reading {
    let sink = move |event: EngineEvent| _ = events.blocking_send(Event::Engine(event));
    let engine = LocalEngine::new(engine::Config::from(settings), Arc::new(sink));
    let settle = Settle { quiet: settings.watch.settle, at_most: settings.watch.settle_max };
    Reading::new(Box::new(engine), settle, settings.retry, settings.policy())
}

/// Pending files from a directory on, and where to go on.
fn sweep(
    rows: &dyn store::Rows,
    roots: &[Box<[u8]>],
    from: DirId,
) -> Result<(Vec<Target>, Option<DirId>), store::StoreError> {
    let (found, next) = rows.scan(from, SWEEP, &|state| state == FileState::Pending)?;
    Ok((targets(rows, roots, &found)?, next))
}

/// Rows as targets; those whose directory is gone or below no root are left out.
pub(crate) fn targets(
    rows: &dyn store::Rows,
    roots: &[Box<[u8]>],
    entries: &[(DirId, EntryRow)],
) -> Result<Vec<Target>, store::StoreError> {
    let mut paths: BTreeMap<DirId, Option<Vec<u8>>> = BTreeMap::new();
    let mut targets = Vec::with_capacity(entries.len());
    for (dir, entry) in entries {
        let path = match paths.get(dir) {
            Some(path) => path.clone(),
            None => {
                let path = rows.path(*dir)?;
                paths.insert(*dir, path.clone());
                path
            }
        };
        let Some(path) = path.map(|path| crate::model::join(&path, &entry.name)) else { continue };
        let owner = roots.iter().find_map(|root| Some((root, below(root, &path)?)));
        targets.extend(owner.and_then(|(root, relative)| Target::new(*dir, entry, root, relative.to_vec())));
    }
    Ok(targets)
}

/// The part of a path below a root.
fn below<'a>(root: &[u8], path: &'a [u8]) -> Option<&'a [u8]> {
    let rest = path.strip_prefix(root)?;
    if root == b"/" { Some(rest) } else { rest.strip_prefix(b"/") }
}

/// Microseconds since 1970.
pub(crate) fn wall_clock() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros() as u64)
}

/// When hints that are not settled are to be taken.
pub(crate) fn unsettled_due() -> Instant {
    Instant::now() + UNSETTLED
}
