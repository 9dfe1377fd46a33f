//! What the daemon tells of itself: its state, how far it is, what is degraded.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::atomic::Ordering,
    time::Duration,
};

use tokio::time::Instant;

use super::{
    board::Figures,
    core::Core,
    jobs::Standing,
    metrics,
    pace::Done,
    reading::Totals,
    roots::Root,
    sight,
    watchdog::{Stage, Stages},
};
use crate::{
    control::{Changed, Degraded, Facts, JobNumber, State, Viewer},
    logging, malloc,
    model::DirId,
    store::{self, CommitId},
};

/// The degraded state of a log that takes no lines.
const LOG_STUCK: &str = "log-stuck";
/// The degraded state of a store that was set aside.
pub(super) const STORE_DAMAGED: &str = "store-damaged";
/// Results after which memory is given back when nothing is left to do.
const BURST: u64 = 256;
/// Readings after which what they cost is noted: each note is some tens of KiB.
const LEARNED: u64 = 1_000;
/// Between two updates of the figures in the view, unless the state changes.
const BOARD: Duration = Duration::from_millis(100);

impl Core {
    /// What the daemon as a whole is doing.
    pub fn state(&self) -> State {
        match () {
            () if self.stopping => State::Stopping,
            () if self.pauses.in_force() => State::Paused,
            () if self.governing.is_quiet() && !self.reading.is_idle() => State::Paused,
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
            paused: self.pauses.in_force() || self.governing.is_quiet(),
            rate: self.pace.per_second(),
            left: if counts.pending == 0 { (0, 0) } else { self.pace.left() },
            last_commit: self.last_commit,
            committed: self.committed,
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

    pub(super) fn tell(&mut self) {
        let &Totals { finished: files, us, .. } = &self.reading.totals;
        let (store, reading) = (&self.store, &self.reading);
        self.pace.note(Done { at: self.born.elapsed(), files, us }, || {
            reading.us_left(store::Rows::counts(&**store).pending)
        });
        self.measure();
        let standing = self.standing();
        for (job, about) in self.jobs.update(&standing, &self.walking()) {
            self.find(job, about);
        }
        self.say_log();
        let facts = Facts {
            state: self.state(),
            degraded: self.degraded.keys().copied().collect(),
            alerts: self.performance.alerts.list(),
        };
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
        self.note_costs(if state == State::Idle { LEARNED } else { LEARNED * 20 });
        let finished = self.reading.totals.finished;
        if state == State::Idle && finished - self.finished_at_trim >= BURST {
            self.finished_at_trim = finished;
            malloc::trim();
        }
    }

    /// What the view shows of now.
    pub fn figures(&self, standing: &Standing) -> Figures {
        Figures {
            state: self.state(),
            degraded: self.degraded_on_board(),
            counts: standing.counts,
            waiting: self.reading.due() as u64,
            in_hand: self.reading.in_hand() as u64,
            delayed: self.reading.delayed() as u64,
            crawling: standing.crawling,
            rate: standing.rate,
            workers: self.reading.engine.workers().iter().map(|worker| worker.pid).collect(),
            commit: self.committed.0,
            roots: self.roots.iter().map(|root| root.state().0).collect(),
            samples: metrics::of_the_loop(self),
            score: self.performance.score.clone(),
            alerts: self.performance.alerts.list(),
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
}
