//! What opener threads ask of the desk.

use std::{
    num::NonZeroU64,
    os::fd::OwnedFd,
    sync::MutexGuard,
    time::{Duration, Instant},
};

use rustix::fs::{Advice, fadvise};

use super::{Among, Desk, IDLE, NewOpener, OPENED_AT_ONCE, State};
use crate::{
    engine::{
        EngineEvent,
        batch::{Opened, turn},
    },
    model::{FsId, Job, Outcome},
};

/// How long files can be opened before it counts as lasting.
const SHORT: Duration = Duration::from_secs(1);
/// Bytes asked for ahead: where nearly all readers find what they read first.
const AHEAD: Option<NonZeroU64> = NonZeroU64::new(64 << 10);

impl Desk {
    /// Jobs to open, when there are some and there is room for them; `None` ends the opener.
    pub(in crate::engine) fn to_open(&self, fs: FsId) -> Option<Vec<Job>> {
        let mut state = self.lock();
        let mut rested = false;
        loop {
            let room = self.room_for(&mut state, fs);
            let stopping = state.stopping.is_some();
            let unopened = state.disk(fs);
            unopened.opens();
            if stopping || (rested && unopened.jobs.is_empty()) {
                unopened.openers -= 1;
                return None;
            }
            let count = unopened.jobs.len().min(room).min(OPENED_AT_ONCE);
            if count > 0 {
                let jobs: Vec<Job> = unopened.jobs.drain(..count).collect();
                unopened.open += count;
                state.open += count;
                state.opening.extend(jobs.iter().map(|job| job.id));
                return Some(jobs);
            }
            unopened.idle += 1;
            let time = unopened.jobs.is_empty().then_some(IDLE);
            (state, rested) = self.wait(&self.room, state, time);
            state.disk(fs).idle -= 1;
        }
    }

    /// How many more files of this file system may be open: some room is always left for the others.
    fn room_for(&self, state: &mut State, fs: FsId) -> usize {
        let most = self.config.descriptors;
        let own = (most - most / 4).saturating_sub(state.disk(fs).open);
        if state.paused { 0 } else { most.saturating_sub(state.open).min(own) }
    }

    pub(in crate::engine) fn opener_failed(&self, fs: FsId) {
        let mut state = self.lock();
        let disk = state.disk(fs);
        disk.openers -= 1;
        disk.is_stranded = disk.openers == 0;
        self.call(&state);
    }

    /// This process lacks something to open files.
    pub(in crate::engine) fn is_short(&self, why: String) {
        if self.lock().short.replace(Instant::now()).is_none() {
            (self.sink)(EngineEvent::Short { why: Some(why) });
        }
    }

    /// Says that it is over, once it has been for a while or nothing waits to be opened.
    fn is_short_no_more(&self, mut state: MutexGuard<'_, State>) {
        let waits = !state.opening.is_empty() || state.disks.values().any(|disk| !disk.jobs.is_empty());
        if state.short.is_some_and(|last| !waits || last.elapsed() > SHORT) {
            state.short = None;
            drop(state);
            (self.sink)(EngineEvent::Short { why: None });
        }
    }

    /// Asks the kernel for a file's first bytes, if it is to wait and only few others have been asked for.
    pub(in crate::engine) fn read_ahead(&self, file: &OwnedFd) {
        let wanted = {
            let state = self.lock();
            state.idle == 0 && state.opened.len() < state.read_ahead
        };
        if wanted {
            // Without it the worker waits a little longer.
            _ = fadvise(file, 0, AHEAD, Advice::WillNeed);
        }
    }

    pub(in crate::engine) fn opened(&self, opened: Opened<OwnedFd>) -> NewOpener {
        let mut state = self.lock();
        state.disk(opened.job.fs).opens();
        if state.paused {
            drop(state);
            drop(opened.file);
            return self.reopen(opened.job);
        }
        if state.opening.remove(&opened.job.id) {
            let at = state.opened.partition_point(|other| turn(&other.job) <= turn(&opened.job));
            state.opened.insert(at, opened);
            self.call(&state);
        }
        self.is_short_no_more(state);
        NewOpener::Enough
    }

    pub(in crate::engine) fn finished_unopened(&self, job: &Job, outcome: Outcome) {
        let known = {
            let mut state = self.lock();
            state.disk(job.fs).opens();
            state.opening.remove(&job.id)
        };
        if known {
            self.finish(job, outcome);
        }
    }

    /// It cannot be open now, through no fault of its own.
    pub(in crate::engine) fn reopen(&self, job: Job) -> NewOpener {
        let mut state = self.lock();
        if !state.opening.remove(&job.id) {
            return NewOpener::Enough;
        }
        state.open -= 1;
        state.disk(job.fs).open -= 1;
        self.enqueue(&mut state, job, Among::First)
    }
}
