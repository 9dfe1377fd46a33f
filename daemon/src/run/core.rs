//! All that the loop owns, and how it is moved on and closed.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use tokio::{
    sync::{mpsc, watch},
    time::Instant,
};

use super::{
    Event, Hints, UNSETTLED,
    board::{Board, Figures},
    jobs::{Jobs, Rate, Standing, Visible},
    kept::Kept,
    namesakes::Namesakes,
    outside::{Threads, WallClock},
    pauses::Pauses,
    reading::{Reading, Target},
    roots::Root,
    sight,
    tallies::Tallies,
    walks::Walks,
    watchdog::{Stage, Stages},
};
use crate::{
    config::{self, Settings},
    control::{AbsPath, Changed, Degraded, Facts, JobNumber, State, Viewer},
    governor::{self, Decision, Inputs, Memory},
    logging, malloc,
    model::{DirId, EntryRow, FileId, FileState, Mutation, Priority, ReaderId},
    mount::View,
    store::{self, CommitId, Store},
    watch::{Watcher, mounts::Mounts},
};

/// The degraded state of a log that takes no lines.
const LOG_STUCK: &str = "log-stuck";
/// The degraded state of a store that was set aside.
pub(super) const STORE_DAMAGED: &str = "store-damaged";
/// Files that one search of the store gives.
const SWEEP: usize = 4_096;
/// Commits under way beyond which nothing further is read.
const UNCOMMITTED: u64 = 64;
/// How long pending files that nobody queued are left before they are searched for.
const SEARCH: Duration = Duration::from_millis(300);
/// Results committed together, and how long the first of them waits for others that are in hand: few, or many.
const TOGETHER: usize = 128;
const GATHER: (Duration, Duration) = (Duration::from_millis(10), Duration::from_millis(30));
/// Files in hand that are many.
const MUCH: usize = 32;
/// Results after which memory is given back when nothing is left to do.
const BURST: u64 = 256;
/// Between two decisions on workers, while there is work.
const DECIDE: Duration = Duration::from_millis(250);
/// Between two updates of the figures in the view, unless the state changes.
const BOARD: Duration = Duration::from_millis(100);

/// Rows that become jobs once their commit is there.
#[derive(Debug)]
pub(crate) struct Committing {
    pub commit: CommitId,
    pub rows: Vec<(DirId, EntryRow)>,
    pub priority: Priority,
}

/// The state of the daemon.
pub(crate) struct Core {
    pub settings: Settings,
    pub store: Arc<dyn Store>,
    pub readers: Vec<ReaderId>,
    pub watcher: Option<Arc<dyn Watcher>>,
    pub(super) _mounts: Option<Mounts>,
    pub hints: Arc<Hints>,
    /// When the hints that have come are taken.
    pub settled_due: Option<Instant>,
    /// Until then what somebody did just before asking may still be on its way from the kernel.
    pub heard_by: Instant,
    /// When hints that are not settled are taken all the same.
    pub unsettled_due: Option<Instant>,
    pub roots: Vec<Root>,
    pub next_root: u32,
    /// Results by the last time memory was given back.
    pub finished_at_trim: u64,
    /// Files whose results, up to this commit, came from a worker that broke out of its rules.
    pub distrusted: VecDeque<(CommitId, Vec<FileId>)>,
    /// Roots whose rows are to go once everything up to this commit is there.
    pub forgotten: VecDeque<(CommitId, AbsPath)>,
    /// When pending files are searched for that nobody queued.
    pub search_due: Option<Instant>,
    pub walks: Walks,
    pub reading: Reading,
    pub namesakes: Namesakes,
    pub jobs: Jobs,
    pub pauses: Pauses,
    pub kept: Kept,
    pub degraded: BTreeMap<&'static str, String>,
    /// Only a new start, which sets it aside, goes on.
    pub store_is_lost: bool,
    pub view: Option<View>,
    pub board: Arc<Board>,
    pub(super) tallies: Arc<Tallies>,
    pub events: mpsc::Sender<Event>,
    pub threads: Threads,
    pub wall_clock: WallClock,
    pub(super) facts: watch::Sender<Facts>,
    pub(super) changed: mpsc::UnboundedSender<Changed>,
    /// Results that are gathered for the next commit.
    pub results: Vec<Mutation>,
    /// When that is, at the latest.
    pub results_due: Option<Instant>,
    /// Rows that become jobs once they are committed, oldest first.
    pub after_commit: VecDeque<Committing>,
    /// Commits that hold a walk's batch.
    pub walk_commits: VecDeque<CommitId>,
    pub visible: Visible,
    pub committed: CommitId,
    /// Readers of the mount see everything up to here.
    pub drained: CommitId,
    pub last_commit: CommitId,
    pub rate: Rate,
    pub born: Instant,
    pub started: u64,
    /// When what is not watched is looked at again.
    pub poll_due: Instant,
    /// When roots that do not answer are looked for.
    pub stuck_look: Option<Instant>,
    pub stopping: bool,
    pub decision: Decision,
    pub(super) governor: governor::State,
    pub(super) memory: Box<dyn FnMut() -> Memory + Send>,
    pub(super) cores: usize,
    /// Whether the last decision was one of a pause, and when it was made.
    pub(super) decided: (bool, Instant),
    /// What the board says, and since when.
    pub(super) told: (State, Instant),
    /// When the board is to say what it does not say yet.
    pub(super) board_due: Option<Instant>,
}

impl Core {
    /// Time since the start, in a clock that does not go back.
    pub fn now(&self) -> Duration {
        self.born.elapsed()
    }

    /// When something is to be done though nothing happens; `None` is never.
    pub fn due(&self) -> Option<Instant> {
        let queue = self.reading.queue.next_due().filter(|_| !self.pauses.in_force()).map(|due| self.born + due);
        let pause = self.pauses.next_end().map(|end| {
            let left = Duration::from_micros(end.saturating_sub((self.wall_clock)().wall));
            Instant::now() + left + Duration::from_millis(1)
        });
        let polls = self.roots.iter().any(|root| root.polled().next().is_some());
        let poll = polls.then_some(self.poll_due);
        // Rates and time left are told while somebody follows.
        let tell = (!self.jobs.is_empty()).then(|| {
            let now = Instant::now();
            if self.heard_by > now { self.heard_by } else { now + Duration::from_millis(500) }
        });
        let blocked = self.roots.iter().filter_map(|root| root.blocked_until).min();
        let blocked = blocked.filter(|_| !self.pauses.in_force() || self.looks_on());
        let search = self.search_due.filter(|_| !self.pauses.in_force());
        let namesakes = self.namesakes.due.filter(|_| !self.pauses.in_force());
        [
            queue,
            pause,
            poll,
            self.results_due,
            self.settled_due,
            self.unsettled_due,
            tell,
            blocked,
            search,
            namesakes,
            self.board_due,
            self.stuck_look,
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// Moves every stage on as far as it goes.
    pub fn pump(&mut self) {
        self.expire_pauses();
        if [self.settled_due, self.unsettled_due].into_iter().flatten().any(|due| due <= Instant::now()) {
            self.hinted();
        }
        self.poll();
        self.look_for_stuck();
        if self.are_gathered() {
            self.commit_results();
        }
        let paused = self.pauses.in_force() || self.stopping;
        if !paused || self.looks_on() {
            self.start_walks();
        }
        if !paused {
            self.search_for_pending();
            self.search_for_namesakes();
            self.sweep();
            // What is read is held until the store takes it.
            if !self.degraded.contains_key("store") && self.last_commit.0 - self.committed.0 < UNCOMMITTED {
                let now = self.now();
                self.reading.feed(now);
            }
        }
        self.reading.note();
        self.resize(paused);
        self.tell();
    }

    fn poll(&mut self) {
        if self.poll_due > Instant::now() {
            return;
        }
        self.poll_due = Instant::now() + self.settings.watch.poll;
        for root in &mut self.roots {
            let polled: Vec<_> = root.polled().map(<[u8]>::to_vec).collect();
            root.offline.clear();
            polled.into_iter().for_each(|dir| root.wanted.subtree(dir));
        }
    }

    /// Whether results are to wait no longer. One that comes alone never waits; of many that come one by one, each commit
    /// would cost more than the reading, so they are gathered while others are in hand.
    fn are_gathered(&mut self) -> bool {
        if self.results.is_empty() {
            return false;
        }
        let now = Instant::now();
        let gather = if self.has_much_in_hand() { GATHER.1 } else { GATHER.0 };
        let due = *self.results_due.get_or_insert(now + gather);
        self.reading.in_hand() == 0 || self.results.len() >= TOGETHER || now >= due || self.stopping
    }

    /// Whether so much is being read that nobody waits for a single file.
    pub(super) fn has_much_in_hand(&self) -> bool {
        self.reading.in_hand() >= MUCH
    }

    pub(super) fn commit_results(&mut self) {
        self.results_due = None;
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

    /// Whether a pause, which opens no file, does not stop looks: where several users are served, who may read what has to
    /// stay true all the time.
    pub(super) fn looks_on(&self) -> bool {
        self.settings.is_shared() && !self.stopping
    }

    fn start_walks(&mut self) {
        let now = Instant::now();
        for root in self.roots.iter_mut().filter(|root| !root.founded) {
            let row = store::Rows::dir_at(&*self.store, root.path.as_bytes());
            root.founded = matches!(row, Ok(Some(_)));
        }
        let found_now = |root: &Root| root.running.is_some() || root.last_commit > self.committed;
        // One that does not answer is told to begin anew, and holds up nobody.
        let founds = |root: &Root| !root.founded && root.silent.is_none() && found_now(root);
        let mut founding = self.roots.iter().any(founds);
        for root in &mut self.roots {
            if root.blocked_until.is_none_or(|until| until <= now) && (root.founded || !founding) {
                root.blocked_until = None;
                self.walks.start(root, self.committed);
                founding |= root.running.is_some() && !root.founded;
            }
        }
    }

    /// Files can be pending without being queued: a directory moved while they were, or a look found nothing new.
    /// They are searched for once all else is done, a while after the last time.
    fn search_for_pending(&mut self) {
        let pending = store::Rows::counts(&*self.store).pending;
        // What was left then is less now: what comes to be pending from here on is something else.
        self.reading.left_pending = self.reading.left_pending.min(pending);
        let crawling = self.roots.iter().any(|root| root.is_busy() && !root.stuck);
        if pending == 0 || pending == self.reading.left_pending || !self.reading.rests() || crawling {
            self.search_due = None;
            return;
        }
        match self.search_due {
            None => self.search_due = Some(Instant::now() + SEARCH),
            Some(due) if due <= Instant::now() => {
                self.search_due = None;
                self.reading.search();
            }
            Some(_) => {}
        }
    }

    /// Searches the store for pending files, on a thread that may block.
    fn sweep(&mut self) {
        let Some(from) = self.reading.begin_sweep() else { return };
        let (store, events) = (Arc::clone(&self.store), self.events.clone());
        let roots: Vec<_> = self
            .roots
            .iter()
            .filter(|root| root.offline.is_empty() && root.silent.is_none())
            .map(|root| root.spec.path.clone())
            .collect();
        (self.threads)(Box::new(move || {
            let (found, next) = sweep(&*store, &roots, from).unwrap_or_default();
            _ = events.blocking_send(Event::Swept { found, next });
        }));
    }

    fn resize(&mut self, paused: bool) {
        let (was_paused, at) = self.decided;
        if was_paused == paused && at.elapsed() < DECIDE {
            return;
        }
        self.decided = (paused, Instant::now());
        let inputs = Inputs {
            most: self.settings.workers.max,
            cores: self.cores,
            batch_files: self.settings.workers.batch_files,
            memory: (self.memory)(),
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
            crawling,
            idle: !crawling
                && self.search_due.is_none()
                && self.heard_all()
                && self.reading.is_idle()
                && self.after_commit.is_empty()
                && visible,
            paused: self.pauses.in_force(),
            rate: self.rate.per_second(),
            left: self.rate.left(counts.pending),
        }
    }

    /// Nothing the kernel told waits to be looked at.
    fn heard_all(&self) -> bool {
        let pending = self.hints.lock();
        self.heard_by <= Instant::now() && !pending.has_settled() && !pending.has_unsettled()
    }

    /// Everybody sees everything up to here.
    pub fn visible_up_to(&self) -> CommitId {
        if self.view.is_some() { self.drained.min(self.committed) } else { self.committed }
    }

    /// How far those stages are that nothing outside of the daemon may hold up.
    pub(super) fn stages(&self) -> Stages {
        let (asked, done) = (self.last_commit.0, self.committed.0);
        let writer = Stage { asked, done, excused: self.degraded.contains_key("store") };
        [writer, Stage { asked: done, done: self.visible_up_to().0, excused: false }]
    }

    fn tell(&mut self) {
        let now = self.now().as_secs();
        self.rate.note(now, self.reading.totals.finished);
        let standing = self.standing();
        for (job, about) in self.jobs.update(&standing, &self.walking()) {
            self.find(job, about);
        }
        self.say_log();
        let facts = Facts { state: self.state(), degraded: self.degraded.keys().copied().collect() };
        self.say_degraded(&self.facts.borrow().degraded, &facts.degraded);
        self.facts.send_if_modified(|before| {
            let differs = *before != facts;
            if differs {
                before.clone_from(&facts);
            }
            differs
        });
        let state = self.state();
        if state != self.told.0 || self.told.1.elapsed() >= BOARD {
            self.told = (state, Instant::now());
            self.board_due = None;
            self.give_back(state);
            self.board.put(self.figures(&standing));
        } else {
            self.board_due = Some(self.told.1 + BOARD);
        }
    }

    /// The files that walks under way have looked at so far, by the jobs that want them.
    fn walking(&self) -> BTreeMap<JobNumber, u64> {
        let mut walking = BTreeMap::new();
        for running in self.roots.iter().filter_map(|root| root.running.as_ref()) {
            let files = running.seen.files.load(Ordering::Relaxed);
            running.askers.jobs.iter().for_each(|job| *walking.entry(*job).or_default() += files);
        }
        walking
    }

    /// A log that nobody reads, as a degraded state.
    fn say_log(&mut self) {
        match logging::lost() {
            0 => _ = self.degraded.remove(LOG_STUCK),
            lines => {
                let text = format!(
                    "{lines} lines of the log are lost, as whoever is to take them does not: look at \
                     systemctl status systemd-journald, or at what reads the daemon's standard error"
                );
                self.degraded.insert(LOG_STUCK, text);
            }
        }
    }

    /// Each degraded state has a line when it comes and one when it goes, with its id.
    fn say_degraded(&self, before: &[&'static str], now: &[&'static str]) {
        for id in now.iter().filter(|id| !before.contains(id)) {
            let why = self.degraded.get(id).map(String::as_str).unwrap_or_default();
            tracing::warn!(state = id, why, "degraded");
        }
        for id in before.iter().filter(|id| !now.contains(id)) {
            tracing::info!(state = id, "no longer degraded");
        }
    }

    /// Gives memory back after a burst.
    fn give_back(&mut self, state: State) {
        if state == State::Idle && self.degraded.remove(STORE_DAMAGED).is_some() {
            tracing::info!("everything is read again, the damaged store is no longer needed");
        }
        self.reading.is_careful &= state != State::Idle;
        let finished = self.reading.totals.finished;
        if state == State::Idle && finished - self.finished_at_trim >= BURST {
            self.finished_at_trim = finished;
            malloc::trim();
        }
    }

    fn figures(&self, standing: &Standing) -> Figures {
        Figures {
            state: self.state(),
            degraded: self.degraded_on_board(),
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

    /// The same for `status/` in the view, which everybody may read where several users are served: no names then.
    fn degraded_on_board(&self) -> Vec<Degraded> {
        let mut list = self.degraded_list();
        if self.settings.is_shared() {
            list.iter_mut().for_each(|state| state.text = Degraded::ASK_ROOT.into());
        }
        list
    }

    /// Tells the bus in which directories something changed.
    pub fn tell_changed(&self, commit: CommitId, directories: BTreeSet<DirId>) {
        let shared = self.settings.is_shared();
        // Everybody hears it: where not everybody may know which, none is named.
        let private = |dir: &DirId| !sight::passes(&*self.store, *dir, &Viewer::Anyone).unwrap_or(false);
        let named = if shared && directories.iter().any(private) { BTreeSet::new() } else { directories };
        let paths = named.into_iter().filter_map(|dir| store::Rows::path(&*self.store, dir).ok()?).collect();
        // Nobody listens where there is no bus.
        _ = self.changed.send(Changed { directories: paths, commit: commit.0 });
    }

    /// Takes nothing more up.
    pub fn stopping(&mut self) {
        self.stopping = true;
        self.walks.close();
        for root in &self.roots {
            if let Some(running) = &root.running {
                running.seen.cancel.store(true, Ordering::Relaxed);
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
            let closed = store.close();
            reading.slate.wipe();
            closed
        });
        match ended.await {
            Ok(Ok(())) => tracing::info!("stopped"),
            Ok(Err(error)) => tracing::error!(error = %config::chain(&error), "the store did not close well"),
            Err(error) => tracing::error!(%error, "a stage panicked while stopping"),
        }
    }
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

/// When hints that are not settled are to be taken.
pub(crate) fn unsettled_due() -> Instant {
    Instant::now() + UNSETTLED
}
