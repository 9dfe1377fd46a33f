//! All that the loop owns, and how it is moved on and closed.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, atomic::Ordering},
    time::Duration,
};

use tokio::{
    sync::{mpsc, watch},
    time::Instant,
};

use super::{
    Event, Hints, UNSETTLED,
    attention::{Attending, Attention},
    board::Board,
    governing::Governing,
    jobs::{Jobs, Visible},
    kept::Kept,
    namesakes::Namesakes,
    outside::{Threads, WallClock},
    pace::Pace,
    pauses::Pauses,
    performance::Performance,
    reading::Reading,
    roots::Root,
    tallies::Tallies,
    walks::Walks,
};
use crate::{
    config::{self, Settings},
    control::{AbsPath, Changed, Facts, State},
    model::{DirId, EntryRow, FileId, Mutation, Note, Priority, ReaderId},
    mount::View,
    store::{self, Caches, CommitId, Store},
    watch::{Watcher, mounts::Mounts},
};

/// Commits under way beyond which nothing further is read.
const UNCOMMITTED: u64 = 64;
/// Results committed together, and how long the first of them waits for others that are in hand: few, or many.
const TOGETHER: usize = 128;
const GATHER: (Duration, Duration) = (Duration::from_millis(10), Duration::from_millis(30));
/// Files in hand that are many.
const MUCH: usize = 32;

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
    /// Times that everything was looked at again because events were lost.
    pub events_lost: u64,
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
    /// What people look at, as their threads tell it.
    pub attention: Arc<Attention>,
    pub(super) attending: Attending,
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
    /// Held while an estimate is made: one at a time, as each may look at everything there is.
    pub(super) estimating: Arc<Mutex<()>>,
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
    pub pace: Pace,
    pub performance: Performance,
    /// Readings that costs were learned from, when they were noted last.
    pub noted: u64,
    pub born: Instant,
    pub started: u64,
    /// When what is not watched is looked at again.
    pub poll_due: Instant,
    /// When roots that do not answer are looked for.
    pub stuck_look: Option<Instant>,
    pub stopping: bool,
    pub governing: Governing,
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
        let refilled = self.reading.refilled().filter(|_| !self.pauses.in_force()).map(|due| self.born + due);
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
            refilled,
            self.attending.due,
            pause,
            poll,
            self.results_due,
            self.settled_due,
            self.unsettled_due,
            tell,
            blocked,
            search,
            namesakes,
            self.governing.due(),
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
        let now = self.now();
        // Also where nothing is handed over for another reason: what is due has to be over then.
        self.reading.rate.flows(now);
        self.attend();
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
                let roots = &self.roots;
                self.reading.feed(now, |path| roots.iter().any(|root| *root.spec.path == *path));
                if self.compare() {
                    let roots = &self.roots;
                    self.reading.feed(now, |path| roots.iter().any(|root| *root.spec.path == *path));
                }
            }
        }
        self.reading.note();
        self.govern(paused);
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

    /// Keeps for later runs what reading costs, where that is known from so many readings more than before.
    pub(super) fn note_costs(&mut self, more: u64) {
        // It is worth no trouble of its own.
        if self.reading.totals.learned >= self.noted + more && !self.degraded.contains_key("store") {
            self.noted = self.reading.totals.learned;
            self.commit(vec![Mutation::PutNote(Note::Costs, self.reading.costs.encode())]);
            self.note_performance();
        }
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
        self.note_costs(1);
        let Self { mut reading, view, store, .. } = self;
        let ended = tokio::task::spawn_blocking(move || {
            reading.engine.stop();
            if let Some(view) = view {
                view.unmount();
            }
            let Caches { records, listings, prefetch } = store.caches();
            tracing::debug!(
                record_hits = records.hits,
                record_misses = records.misses,
                listing_hits = listings.hits,
                listing_misses = listings.misses,
                prefetch_fetched = prefetch.fetched,
                prefetch_hits = prefetch.hits,
                prefetch_wasted = prefetch.wasted,
                "how the caches served"
            );
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

/// When hints that are not settled are to be taken.
pub(crate) fn unsettled_due() -> Instant {
    Instant::now() + UNSETTLED
}
