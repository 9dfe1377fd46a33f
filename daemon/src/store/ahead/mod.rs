//! Reads ahead: whoever walks through directories or records in order finds the next ones decoded.
//!
//! Readers say what they want (`want`), which costs them a look at a few runs and never a wait. What follows is fetched by
//! threads that are there only while there is something to fetch, one where the disk is fast and more the longer it takes.
//! They wake no store, keep none awake, and tell of no damage: whoever asks for it will.

mod fetch;
mod order;
mod runs;

use std::{
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError, Weak},
    thread,
    time::{Duration, Instant},
};

use crate::{
    model::{FileId, Place},
    store::{Shared, StoreConfig},
};
use runs::{Ask, Fetch, Runs, Todo};
pub(super) use runs::{Item, Wanted};

/// Threads that fetch at once at most: so many answers of a slow disk are waited for together.
const THREADS: usize = 32;
/// A fetch that takes longer waits for a disk.
const SLOW: Duration = Duration::from_millis(1);
/// How long a thread waits for more before it ends.
const IDLE: Duration = Duration::from_secs(10);
/// How long nothing is read ahead after others have wanted what we use.
const HELD: Duration = Duration::from_secs(5);
/// What is fetched later at most; more is not fetched.
const JOBS: usize = 1_024;
/// Files fetched ahead in one run at most.
const FILES: usize = 256;
/// Its calls are those of a look-up in sled and of decoding.
const STACK: usize = 512 << 10;

/// Fetches what is going to be asked for.
#[derive(Debug)]
pub(super) struct Ahead {
    inner: Arc<Inner>,
    shared: OnceLock<Weak<Shared>>,
}

#[derive(Debug)]
struct Inner {
    // Held for a look at the runs, never while anything is read.
    state: Mutex<State>,
    come: Condvar,
    /// Records that wait for somebody to ask, at most.
    records: usize,
}

#[derive(Debug)]
struct State {
    runs: Runs,
    jobs: VecDeque<Job>,
    threads: usize,
    /// Of these, how many fetch.
    busy: usize,
    /// … and how many may.
    wanted: usize,
    held: Option<Instant>,
    closed: bool,
}

#[derive(Debug)]
enum Job {
    Ask(Ask),
    Fetch(Fetch),
}

impl Ahead {
    pub(super) fn new(config: &StoreConfig) -> Self {
        let records = if config.records_bytes == 0 { 0 } else { config.prefetch_records.unwrap_or(usize::MAX) };
        let state = State {
            runs: Runs::new(records.min(FILES)),
            jobs: VecDeque::new(),
            threads: 0,
            busy: 0,
            wanted: 1,
            held: None,
            closed: records == 0,
        };
        let inner = Inner { state: Mutex::new(state), come: Condvar::new(), records };
        Self { inner: Arc::new(inner), shared: OnceLock::new() }
    }

    /// From now on something is fetched.
    pub(super) fn begin(&self, shared: &Arc<Shared>) {
        // Called once.
        _ = self.shared.set(Arc::downgrade(shared));
    }

    /// Somebody wants this now.
    pub(super) fn want(&self, wanted: Wanted<'_>) {
        let Some(shared) = self.shared.get() else { return };
        let mut state = self.inner.state();
        if state.closed || state.is_held() {
            return;
        }
        let todo = state.runs.want(wanted);
        state.take(todo);
        // What was used makes room for what waits.
        if !state.jobs.is_empty() {
            self.inner.call(state, shared);
        }
    }

    /// Somebody wants this file now.
    pub(super) fn want_file(&self, file: FileId, place: &Place) {
        self.want(Wanted { parent: place.dir, name: &place.name, item: Item::File(file), files: 0 });
    }

    /// Others want what we use: for a while nothing is read ahead.
    pub(super) fn hold(&self) {
        let mut state = self.inner.state();
        state.held = Some(Instant::now());
        state.give_up();
    }

    /// Whether all that is to be fetched was.
    #[cfg(test)]
    pub(super) fn is_idle(&self) -> bool {
        let state = self.inner.state();
        state.jobs.is_empty() && state.busy == 0
    }

    /// For good.
    pub(super) fn close(&self) {
        let mut state = self.inner.state();
        state.closed = true;
        state.give_up();
        drop(state);
        self.inner.come.notify_all();
    }
}

impl State {
    fn is_held(&mut self) -> bool {
        self.held = self.held.filter(|at| at.elapsed() < HELD);
        self.held.is_some()
    }

    fn give_up(&mut self) {
        self.jobs.clear();
        self.runs.forget();
    }

    fn take(&mut self, todo: Todo) {
        // Without the names there is nothing to fetch later.
        todo.ask.into_iter().for_each(|ask| self.jobs.push_front(Job::Ask(ask)));
        self.jobs.extend(todo.fetch.into_iter().map(Job::Fetch));
        self.jobs.truncate(JOBS);
    }

    /// The next thing to do. Where there is no room left, what is fetched waits until somebody has used something, and
    /// what another run wanted is given up.
    fn pop(&mut self, is_full: impl Fn() -> bool) -> Option<Job> {
        if self.busy >= self.wanted {
            return None;
        }
        if matches!(self.jobs.front(), Some(Job::Fetch(_))) && is_full() {
            let last = self.runs.last_used();
            self.jobs.retain(|job| !matches!(job, Job::Fetch(fetch) if Some(fetch.run) != last));
            return None;
        }
        self.jobs.pop_front()
    }
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gets threads for what is to be done, as many as may be.
    fn call(self: &Arc<Self>, mut state: MutexGuard<'_, State>, shared: &Weak<Shared>) {
        let due = state.wanted.min(state.busy + state.jobs.len());
        let missing = due.saturating_sub(state.threads);
        let waiting = state.threads - state.busy;
        let woken = due.saturating_sub(state.busy).min(waiting);
        state.threads += missing;
        drop(state);
        (0..woken).for_each(|_| self.come.notify_one());
        for _ in 0..missing {
            let (inner, shared) = (self.clone(), shared.clone());
            let thread = thread::Builder::new().name("store-ahead".into()).stack_size(STACK);
            if thread.spawn(move || inner.work(&shared)).is_err() {
                // Whoever asks reads it himself.
                self.state().threads -= 1;
            }
        }
    }

    /// A thread's life.
    fn work(self: Arc<Self>, shared: &Weak<Shared>) {
        while let Some(job) = self.next(shared) {
            let began = Instant::now();
            let todo = shared.upgrade().map(|shared| {
                // What readers meet there they are told.
                catch_unwind(AssertUnwindSafe(|| self.act(&shared, job))).unwrap_or_default()
            });
            let mut state = self.state();
            state.busy -= 1;
            state.wanted = match began.elapsed() > SLOW {
                true => (state.wanted * 2).min(THREADS),
                false => (state.wanted - 1).max(1),
            };
            if !state.closed && !state.is_held() {
                state.take(todo.unwrap_or_default());
            }
            self.call(state, shared);
        }
    }

    /// The next thing to do, which is begun; `None` when nothing has come for long.
    fn next(&self, shared: &Weak<Shared>) -> Option<Job> {
        let mut state = self.state();
        let end = Instant::now() + IDLE;
        let is_full = || shared.upgrade().is_none_or(|shared| self.is_full(&shared));
        loop {
            if let Some(job) = state.pop(is_full) {
                state.busy += 1;
                return Some(job);
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() || state.closed {
                state.threads -= 1;
                return None;
            }
            state = self.come.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn is_full(&self, shared: &Shared) -> bool {
        shared.cache.is_ahead(self.records) || shared.listings.is_ahead(usize::MAX)
    }

    fn act(&self, shared: &Shared, job: Job) -> Todo {
        match job {
            Job::Ask(ask) => match fetch::names(shared, &ask) {
                Ok(names) => self.state().runs.follow(&ask, names),
                Err(_) => Todo::default(),
            },
            Job::Fetch(fetch) => {
                let go_on = || {
                    let mut state = self.state();
                    !state.closed && !state.is_held()
                };
                // Whoever asks for it meets the same, and is told.
                _ = fetch::fetch(shared, fetch, self.records, &go_on);
                Todo::default()
            }
        }
    }
}
