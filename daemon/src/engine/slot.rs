//! A place for one worker, with a thread that keeps it busy, watches it, buries it and starts the next.

use std::{
    io,
    sync::Arc,
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use super::{
    Config,
    clocks::Clocks,
    death::{Cause, Death, Verdict, judge},
    desk::{Batch, Desk, NewOpener, Next},
    open,
    policy::Wish,
    process::{self, Heard, Process, Sent, Waited},
};
use crate::{
    codec::Encoded,
    model::{FileId, Job, Outcome, Task},
    proto::{Isolation, PACKET, Replies, Reply, Ticket, exit},
    readers,
};

/// How often a worker with one file in hand is looked at.
const TICK: Duration = Duration::from_millis(200);
/// How long answers are gathered of a worker that has so many files: each taken by itself would cost the worker its core.
const GATHER: Duration = Duration::from_millis(2);
const MANY: usize = 8;
/// How long a worker may take to start, or to be gone once it has begun to end: idle scheduling on a busy machine is slow.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long a worker that is not needed any more may take to end by itself.
const PARTING: Duration = Duration::from_secs(1);
/// How often a busy worker's memory is looked at, between two batches.
const WEIGH: Duration = Duration::from_millis(50);
/// Memory by which a worker may grow in its life.
const GROWTH: u64 = 48 << 20;
/// Waits between failed starts: doubled each time.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(30));

/// How long a worker may wait for a disk that answers nobody.
const GIVE_UP: Duration = Duration::from_secs(10);
/// Workers killed at once by somebody else, after which starting further ones waits.
const KILLED: u32 = 3;

/// Starts the thread of a slot.
pub(super) fn run(desk: &Arc<Desk>, index: usize) -> io::Result<JoinHandle<()>> {
    let desk = Arc::clone(desk);
    desk.slot_is(true);
    let slot = thread::Builder::new().name(format!("slot-{index}")).spawn({
        let desk = Arc::clone(&desk);
        move || {
            let alive = Alive(Arc::clone(&desk));
            let mut slot = Slot { desk, index, worker: None, buffer: vec![0; PACKET], backoff: BACKOFF.0, killed: 0 };
            slot.run();
            drop(alive);
        }
    });
    if slot.is_err() {
        desk.slot_is(false);
    }
    slot
}

/// Counts a slot's thread until it ends, however it does.
struct Alive(Arc<Desk>);

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.slot_is(false);
    }
}

struct Slot {
    desk: Arc<Desk>,
    index: usize,
    worker: Option<Worker>,
    /// For one packet.
    buffer: Vec<u8>,
    /// Before the next attempt to start a worker.
    backoff: Duration,
    /// Workers in a row that somebody ended before they had read a file.
    killed: u32,
}

/// A worker that is ready.
struct Worker {
    process: Process,
    replies: Replies,
    /// Tickets given out in its life.
    sent: u64,
    /// Files it has given a result for: the next result must be for the ticket of this number.
    life: Vec<FileId>,
    /// Memory it had when it was new.
    newborn: u64,
    /// Whether it had grown by much when that was last looked at, and when that was.
    had_grown: bool,
    weighed: Instant,
    /// What the kernel had ended for want of memory when it was new.
    kills: u64,
    /// The clocks over the file in hand, once it has been in hand for a tick.
    clocks: Option<Clocks>,
    /// When it took the file in hand, or was last looked at.
    looked: Instant,
    /// It has said something since it was last waited for.
    talks: bool,
    last_words: Option<String>,
    /// It has a file that is suspected, and gets no other.
    alone: bool,
    /// What it said of that, not yet believed.
    answer: Option<Outcome>,
}

impl Slot {
    fn run(&mut self) {
        loop {
            match self.desk.next(self.index, self.worker.is_some()) {
                Next::Work => self.work(),
                Next::Open(fs) if open::run(&self.desk, fs) => {}
                Next::Open(_) => {
                    // Its process leaves room for the thread.
                    self.bury(Some(Cause::Surplus));
                    self.back_off(limited("no thread can be started to open files"));
                }
                Next::Release => self.bury(Some(Cause::Surplus)),
                Next::Stop => return self.bury(Some(Cause::Surplus)),
            }
        }
    }

    /// Reads files until none is left for this worker, or the worker has ended.
    fn work(&mut self) {
        if self.desk.is_suspect_next() && self.worker.as_ref().is_some_and(|worker| worker.sent > 0) {
            self.bury(Some(Cause::Surplus));
        }
        if !self.ensure_worker() {
            return;
        }
        let batch = self.desk.take(self.index);
        self.send(&batch);
        while self.desk.load(self.index).0 > 0 && self.worker.is_some() {
            self.listen();
            if self.desk.is_overdue(self.index) {
                return self.bury(Some(Cause::Surplus));
            }
        }
        self.worker.iter_mut().for_each(Worker::weigh);
        if self.worker.as_ref().is_some_and(|worker| worker.is_used_up(&self.desk.config)) {
            self.bury(Some(Cause::Surplus));
        }
    }

    fn ensure_worker(&mut self) -> bool {
        if self.worker.is_some() {
            return true;
        }
        match Worker::start(&self.desk, self.index, &mut self.buffer) {
            Ok(worker) => {
                self.desk.seat(self.index, worker.process.pid);
                self.worker = Some(worker);
                if self.killed < KILLED {
                    self.backoff = BACKOFF.0;
                }
                true
            }
            Err(error) => {
                self.back_off(error.to_string());
                false
            }
        }
    }

    fn back_off(&mut self, why: String) {
        tracing::debug!(slot = self.index, why, wait = ?self.backoff, "no worker, trying again later");
        self.desk.no_worker(why, self.backoff);
        self.backoff = (self.backoff * 2).min(BACKOFF.1);
    }

    fn send(&mut self, batch: &Batch) {
        let Some(worker) = &mut self.worker else { return };
        if batch.files.is_empty() {
            return;
        }
        let numbered = (worker.sent..).zip(&batch.about);
        let tickets: Vec<Ticket> = numbered.map(|(number, about)| about.ticket(number)).collect();
        match worker.process.send(&tickets, &batch.files) {
            // Nobody there: its end is heard next, and says why.
            Ok(Sent::Yes | Sent::Gone) => {
                worker.sent += batch.files.len() as u64;
                worker.alone = batch.alone;
            }
            Ok(Sent::Later) => {
                let jobs = self.desk.untake(self.index, batch.files.len());
                jobs.into_iter().for_each(|job| self.put_back(job));
                // Descriptors under way to other workers are too many; nothing tells when they have arrived.
                thread::sleep(Duration::from_millis(20));
            }
            Err(error) => {
                self.bury(Some(Cause::Surplus));
                self.back_off(error.to_string());
            }
        }
    }

    /// Takes a message, or waits for one; looks at the clocks when there is none for long.
    fn listen(&mut self) {
        let Some(worker) = &mut self.worker else { return };
        match worker.process.hear(&mut self.buffer) {
            Ok(Heard::Packet(len)) => {
                worker.talks = true;
                match worker.replies.take(&self.buffer[..len]) {
                    Ok(Some(reply)) => self.take_reply(reply),
                    Ok(None) => {}
                    Err(error) => self.bury(Some(Cause::Broken(error.to_string()))),
                }
            }
            Ok(Heard::Nothing) => {
                let talks = std::mem::take(&mut worker.talks);
                self.top_up();
                if talks && self.desk.load(self.index).0 >= MANY {
                    thread::sleep(GATHER);
                } else if self.worker.as_ref().is_some_and(|worker| worker.process.await_word(TICK) == Waited::Ended) {
                    self.bury(None);
                }
            }
            Ok(Heard::End) => self.bury(None),
            Err(error) => self.bury(Some(Cause::Broken(error.to_string()))),
        }
        // Not only in silence: a worker that talks without end uses up its time too.
        if self.worker.as_ref().is_some_and(|worker| worker.looked.elapsed() >= TICK) {
            self.look_at_clocks();
        }
    }

    fn take_reply(&mut self, reply: Reply) {
        let Some(worker) = &mut self.worker else { return };
        match reply {
            Reply::Panicked(text) if worker.last_words.is_none() => worker.last_words = Some(text),
            Reply::Panicked(_) => self.bury(Some(Cause::Broken("the worker speaks after its last words".into()))),
            Reply::Result { ticket, cost, record } if ticket == worker.life.len() as u64 => {
                let read = Encoded::new(record).and_then(|record| Ok((readers::id(record.format()?), record)));
                match read {
                    Ok((reader, record)) => self.take_answer(Outcome::Read { record, reader, cost }),
                    Err(error) => self.bury(Some(Cause::Broken(error.to_string()))),
                }
            }
            Reply::Digest { ticket, digest } if ticket == worker.life.len() as u64 => {
                self.take_answer(Outcome::Digest(digest));
            }
            Reply::Result { .. } | Reply::Digest { .. } => {
                self.bury(Some(Cause::Broken("a result for a file that is not in hand".into())));
            }
            Reply::Ready(_) => self.bury(Some(Cause::Broken("the worker began anew".into()))),
        }
    }

    /// Takes what the worker says of the file in hand.
    fn take_answer(&mut self, answer: Outcome) {
        let Some(worker) = &mut self.worker else { return };
        let Some((file, task)) = self.desk.in_hand(self.index) else { return };
        if (task == Task::Record) != matches!(answer, Outcome::Read { .. }) {
            return self.bury(Some(Cause::Broken("an answer to what was not asked".into())));
        }
        if worker.alone {
            worker.answer = Some(answer);
            return self.part();
        }
        worker.life.push(file);
        (worker.clocks, worker.looked) = (None, Instant::now());
        self.desk.done(self.index, answer);
        if self.desk.is_over(self.index) {
            self.bury(Some(Cause::Surplus));
        }
    }

    /// Ends a worker that had one suspect and has given its answer. What it does now can only be that file's doing, so
    /// the answer counts if it ends as a worker does: else a file could break every worker right after its own answer.
    fn part(&mut self) {
        let Some(worker) = &self.worker else { return };
        worker.process.dismiss();
        worker.process.has_ended(PARTING);
        let cause = match worker.process.hear(&mut self.buffer) {
            Ok(Heard::Nothing | Heard::End) => Cause::Surplus,
            Ok(Heard::Packet(_)) | Err(_) => Cause::Broken("the worker speaks after its answer".into()),
        };
        self.bury(Some(cause));
    }

    /// Gives the worker more before it has nothing left to do.
    fn top_up(&mut self) {
        let (load, batch_files) = self.desk.load(self.index);
        let Some(worker) = self.worker.as_mut().filter(|_| load <= batch_files / 2) else { return };
        if worker.weighed.elapsed() >= WEIGH {
            worker.weigh();
        }
        if !worker.is_used_up(&self.desk.config) {
            let batch = self.desk.take(self.index);
            self.send(&batch);
        }
    }

    fn look_at_clocks(&mut self) {
        let Some(worker) = &mut self.worker else { return };
        // Without a pulse it has ended, which is heard next.
        let Some(pulse) = worker.process.pulse() else { return };
        let now = Instant::now();
        worker.looked = now;
        worker.weigh();
        match &mut worker.clocks {
            None => worker.clocks = Some(Clocks::start(pulse, now)),
            Some(clocks) => {
                let look = clocks.look(pulse, now, &self.desk.config);
                self.desk.look(self.index, look.disk, look.read);
                match (self.desk.waits_for_disk(self.index), look.out) {
                    (Some(waited), _) if waited >= GIVE_UP => self.bury(Some(Cause::Disk)),
                    (None, Some(text)) => self.bury(Some(Cause::Clock(text))),
                    // While nobody gets an answer from the disk it is not the file's fault.
                    (Some(_), _) | (None, None) => {}
                }
            }
        }
    }

    /// Ends the worker, or learns how it ended, and decides about the jobs it had. Without a `cause` it ended by itself.
    fn bury(&mut self, cause: Option<Cause>) {
        let Some(worker) = self.worker.take() else { return };
        let cause = match cause {
            None if !worker.process.has_ended(PATIENCE) => Some(Cause::Broken("the worker closed its socket".into())),
            cause => cause,
        };
        let wish = match cause {
            Some(Cause::Surplus) => Wish::Ours,
            Some(Cause::Disk) => Wish::Disk,
            _ if worker.had_grown || process::kills_for_memory() != worker.kills => Wish::NotOurs,
            _ => Wish::Others,
        };
        let death = self.end(worker.process);
        let verdict = judge(death, cause, worker.last_words);
        tracing::debug!(slot = self.index, files = worker.life.len(), ?death, ?verdict, "a worker has ended");
        if let (Verdict::Nobody, Some(answer)) = (&verdict, worker.answer) {
            self.desk.done(self.index, answer);
        }
        let killed = verdict == Verdict::Nobody && matches!(wish, Wish::Others | Wish::NotOurs);
        let killed_early = killed && worker.life.is_empty();
        let after = self.desk.aftermath(self.index, verdict, wish, worker.life);
        self.desk.distrust(after.distrusted);
        after.finished.into_iter().for_each(|(job, outcome)| self.desk.finish(&job, outcome));
        if let Some(job) = after.last {
            let fs = job.fs;
            if self.desk.give_up(job) == NewOpener::Wanted {
                open::run(&self.desk, fs);
            }
        }
        if killed {
            self.killed = if killed_early { self.killed + 1 } else { 0 };
            if self.killed >= KILLED {
                self.back_off("workers are killed as soon as they start".into());
            }
        }
        after.back.into_iter().rev().for_each(|job| self.put_back(job));
    }

    /// Ends a process. One that hangs in the kernel, for a dying disk perhaps, is left to a thread that waits for it.
    fn end(&self, process: Process) -> Death {
        let process = match process.end() {
            Ok(death) => return death.unwrap_or(Death::Signaled(libc::SIGKILL)),
            Err(process) => process,
        };
        if let Some(fs) = self.desk.disk_in_hand(self.index) {
            self.desk.lingers(fs, true);
            let desk = Arc::clone(&self.desk);
            // Without a thread for it, it is not waited for, and its disk counts as one that does not answer.
            _ = thread::Builder::new().name("mourner".into()).spawn(move || {
                process.wait();
                desk.lingers(fs, false);
            });
        }
        Death::Signaled(libc::SIGKILL)
    }

    fn put_back(&self, job: Job) {
        let fs = job.fs;
        if self.desk.put_back(job) == NewOpener::Wanted {
            open::run(&self.desk, fs);
        }
    }
}

impl Worker {
    /// Starts a worker and waits until its sandbox stands.
    fn start(desk: &Desk, slot: usize, buffer: &mut [u8]) -> io::Result<Self> {
        let config = &desk.config;
        let process = Process::start(config)
            .map_err(|error| io::Error::other(limited(&format!("no process can be started: {error}"))))?;
        let mut replies = Replies::new(config.limits.record.saturating_mul(4).saturating_add(1 << 20));
        let until = Instant::now() + PATIENCE;
        let achieved = loop {
            match process.hear(buffer)? {
                Heard::Packet(len) => match replies.take(&buffer[..len]) {
                    Ok(Some(Reply::Ready(achieved))) => break achieved,
                    Ok(Some(Reply::Panicked(what))) => return Err(io::Error::other(no_sandbox(&what))),
                    _ => return Err(io::Error::other("a new worker says what no worker says")),
                },
                Heard::Nothing if Instant::now() > until || desk.is_overdue(slot) => {
                    return Err(io::ErrorKind::TimedOut.into());
                }
                Heard::Nothing if process.await_word(TICK) != Waited::Ended => {}
                Heard::Nothing | Heard::End => {
                    return Err(io::Error::other(match process.end() {
                        Ok(Some(Death::Exited(exit::NO_SANDBOX))) => no_sandbox("it does not say why"),
                        death => format!("a new worker ended at once: {death:?}"),
                    }));
                }
            }
        };
        desk.measured(achieved);
        if config.isolation == Isolation::Require && !achieved.is_complete() {
            let missing: Vec<_> = achieved.missing().collect();
            let text = format!(
                "the sandbox does not hold here: a worker could {}; use a kernel with Landlock and seccomp, or set \
                 isolation = \"best-effort\" to read files all the same",
                missing.join(", ")
            );
            return Err(io::Error::other(text));
        }
        tracing::debug!(pid = process.pid, ?achieved, "a worker is ready");
        let newborn = process.resident();
        Ok(Self {
            process,
            replies,
            sent: 0,
            life: Vec::new(),
            newborn,
            had_grown: false,
            weighed: Instant::now(),
            kills: process::kills_for_memory(),
            clocks: None,
            looked: Instant::now(),
            talks: false,
            last_words: None,
            alone: false,
            answer: None,
        })
    }

    /// Looks whether it has grown.
    fn weigh(&mut self) {
        (self.had_grown, self.weighed) = (self.process.resident() > self.newborn + GROWTH, Instant::now());
    }

    fn is_used_up(&self, config: &Config) -> bool {
        self.alone || self.sent >= config.life || self.had_grown
    }
}

/// Why a worker ended before its sandbox stood, and where to look.
fn no_sandbox(what: &str) -> String {
    limited(&format!("a new worker cannot put up its sandbox: {what}"))
}

/// What a limit may have stopped, and where to look.
fn limited(what: &str) -> String {
    format!("{what}; see what `ulimit -a`, or the unit of the service, allows")
}
