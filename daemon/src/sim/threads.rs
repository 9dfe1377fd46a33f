//! Threads of which one runs at a time, and which one is decided outside: what may block in the daemon runs on them.

use std::{
    cell::Cell,
    collections::VecDeque,
    fmt,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
};

type Work = Box<dyn FnOnce() + Send>;

/// Shared by those that run and the one that decides.
#[derive(Default, Clone)]
pub(super) struct Threads(Arc<(Mutex<State>, Condvar)>);

#[derive(Default)]
struct State {
    next: u64,
    waiting: VecDeque<(u64, Work)>,
    held_up: Vec<u64>,
    /// Whose turn it is; `None` is the decider's.
    turn: Option<u64>,
    /// Nobody is held up any more.
    finishing: bool,
}

thread_local! {
    static ME: Cell<Option<u64>> = const { Cell::new(None) };
}

impl fmt::Debug for Threads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Threads").finish_non_exhaustive()
    }
}

impl Threads {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does something later, on a thread of its own.
    pub(super) fn spawn(&self, work: Work) {
        let mut state = self.lock();
        state.next += 1;
        let number = state.next;
        state.waiting.push_back((number, work));
    }

    /// How many could go on.
    pub(super) fn count(&self) -> usize {
        let state = self.lock();
        state.waiting.len() + state.held_up.len()
    }

    /// Lets one go on until it ends or is held up again; `at` is below [`Self::count`].
    pub(super) fn step(&self, at: usize) {
        let mut state = self.lock();
        let number = match at.checked_sub(state.held_up.len()) {
            None => state.held_up.remove(at),
            Some(at) => {
                let Some((number, work)) = state.waiting.remove(at) else { return };
                self.start(number, work);
                number
            }
        };
        state.turn = Some(number);
        self.0.1.notify_all();
        while state.turn.is_some() {
            state = self.0.1.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn start(&self, number: u64, work: Work) {
        let threads = self.clone();
        // It takes its first step when it has the turn.
        thread::spawn(move || {
            let _end = End(threads.clone());
            ME.set(Some(number));
            threads.await_turn(number, threads.lock());
            work();
        });
    }

    fn await_turn(&self, number: u64, mut state: MutexGuard<'_, State>) {
        while state.turn != Some(number) {
            state = self.0.1.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Called on one of the threads: others go on first. Elsewhere nothing happens.
    pub(super) fn hold_up(&self) {
        let Some(number) = ME.get() else { return };
        let mut state = self.lock();
        if state.finishing {
            return;
        }
        state.held_up.push(number);
        state.turn = None;
        self.0.1.notify_all();
        self.await_turn(number, state);
    }

    /// Ends all threads; what has not begun is dropped.
    pub(super) fn finish(&self) {
        self.lock().finishing = true;
        self.lock().waiting.clear();
        while !self.lock().held_up.is_empty() {
            self.step(0);
        }
        self.lock().finishing = false;
    }
}

/// Gives the turn back, also after a panic.
struct End(Threads);

impl Drop for End {
    fn drop(&mut self) {
        self.0.lock().turn = None;
        self.0.0.1.notify_all();
    }
}
