//! The owner of all writing: one thread that groups changes into transactions, and announces them.
//!
//! A change that comes alone is committed at once; what comes meanwhile forms the next group. Syncing takes long on
//! slow disks and has a thread of its own, so that it delays no commit.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use crate::{
    model::{FileId, Mutation},
    store::{CommitId, Shared, Sink, StoreError, StoreEvent, draft::side_count, group::Work, open, upkeep::Upkeep},
};

/// Commits are synced so long after the last one, and while they go on so long after the first.
const QUIET: Duration = Duration::from_millis(50);
const AT_MOST: Duration = Duration::from_secs(1);
/// How long nobody has wanted the tables when they are closed for want of memory.
const DOZE: Duration = Duration::from_secs(1);
/// After trouble it is tried again, the first time and at most after so long.
const RETRY: Duration = Duration::from_secs(1);
const RETRY_MOST: Duration = Duration::from_secs(30);

#[derive(Debug)]
pub(super) enum Message {
    Batch(CommitId, Vec<Mutation>),
    /// All up to this commit is on disk, or why not.
    Synced(CommitId, Result<(), StoreError>),
    /// The tables were opened: there is sleep to wait for.
    Woken,
    /// Others want memory: the tables are closed as soon as nobody has wanted them for [`DOZE`].
    Trim,
    /// A reader met damage that no single record has.
    Damaged(String),
    /// A reader could not read this file's record.
    Unreadable(FileId),
    Close,
}

/// The writer's thread.
pub(super) fn write(
    shared: &Arc<Shared>,
    messages: (Sender<Message>, Receiver<Message>),
    sink: &Sink,
) -> Result<(), StoreError> {
    let (sender, messages) = messages;
    let (sync, points) = channel();
    let syncer = thread::Builder::new().name("store-sync".into()).spawn({
        let shared = shared.clone();
        move || keep_syncing(&shared, &points, &sender)
    });
    let result = catch_unwind(AssertUnwindSafe(|| {
        let cannot = |error: std::io::Error| StoreError::Write { what: error.to_string() };
        let syncer = syncer.map_err(cannot)?;
        Writer {
            shared,
            work: Work::new(shared).map_err(cannot)?,
            sink,
            messages,
            sync: Some(sync),
            durable: CommitId(0),
            unsynced: None,
            syncing: None,
            trouble: None,
            upkeep: Upkeep::open(shared)?,
            doze: false,
            damage: None,
            unreadable: Vec::new(),
            closing: false,
        }
        .run(syncer)
    }));
    let result = result.unwrap_or_else(|_| Err(StoreError::Damaged { what: "writing it panicked".into() }));
    if let Err(error) = &result {
        if let StoreError::Damaged { what } = error {
            open::condemn(&shared.config.path, what);
        }
        sink(StoreEvent::Trouble { text: with_reason(error), fatal: true });
    }
    shared.ahead.close();
    shared.lease.close();
    result
}

fn keep_syncing(shared: &Shared, points: &Receiver<CommitId>, done: &Sender<Message>) {
    for commit in points {
        let result = shared.lease.tables().and_then(|tables| tables.sync());
        if done.send(Message::Synced(commit, result)).is_err() {
            return;
        }
    }
}

fn with_reason(error: &StoreError) -> String {
    match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

struct Writer<'s> {
    shared: &'s Shared,
    work: Work,
    sink: &'s Sink,
    messages: Receiver<Message>,
    /// To the syncing thread, until the end.
    sync: Option<Sender<CommitId>>,
    durable: CommitId,
    /// When the first and the last commit came that are not synced.
    unsynced: Option<(Instant, Instant)>,
    /// What is being synced, and the side files that nothing names once it is.
    syncing: Option<Vec<[u8; 32]>>,
    trouble: Option<Trouble>,
    upkeep: Upkeep,
    /// It is not to stay awake for long this time.
    doze: bool,
    /// What readers met.
    damage: Option<String>,
    unreadable: Vec<FileId>,
    closing: bool,
}

/// Writing failed; all is kept and tried again.
struct Trouble {
    again: Instant,
    wait: Duration,
    /// Sled keeps failing until it is opened anew.
    reopen: bool,
}

impl Writer<'_> {
    fn run(mut self, syncer: JoinHandle<()>) -> Result<(), StoreError> {
        while !self.closing {
            self.receive();
            if let Some(what) = self.damage.take() {
                return Err(StoreError::Damaged { what });
            }
            if self.may_write() {
                self.step()?;
            }
            self.sync_if_due();
            self.keep_up()?;
            self.sleep_if_due();
        }
        while !self.work.is_empty() {
            self.room()?;
            self.work.write(self.shared, self.sink)?;
        }
        drop(self.sync.take());
        _ = syncer.join();
        self.shared.lease.tables()?.sync()?;
        self.set_durable(self.work.committed);
        Ok(())
    }

    /// Takes all messages that are there; waits for one where there is nothing to do.
    fn receive(&mut self) {
        let first = match self.next_act() {
            None => self.messages.recv().ok(),
            Some(at) => match self.messages.recv_timeout(at.saturating_duration_since(Instant::now())) {
                Ok(message) => Some(message),
                Err(RecvTimeoutError::Timeout) => return,
                Err(RecvTimeoutError::Disconnected) => None,
            },
        };
        let Some(first) = first else {
            self.closing = true;
            return;
        };
        self.take(first);
        while let Ok(message) = self.messages.try_recv() {
            self.take(message);
        }
    }

    /// When something is to be done without a message.
    fn next_act(&self) -> Option<Instant> {
        let busy = !self.work.is_empty() || !self.shared.hidden.is_empty();
        match (&self.trouble, self.unsynced) {
            (Some(_), _) if !busy && self.syncing.is_some() => None,
            (Some(trouble), _) => Some(trouble.again),
            (None, _) if busy => Some(Instant::now()),
            (None, Some((first, last))) if self.syncing.is_none() => Some((last + QUIET).min(first + AT_MOST)),
            _ if !self.unreadable.is_empty() => Some(Instant::now()),
            _ => [self.sleep_due(), self.upkeep_due()].into_iter().flatten().min(),
        }
    }

    /// When the tables may be closed, if they are open and nothing is to be done.
    fn sleep_due(&self) -> Option<Instant> {
        let used = self.shared.lease.used().filter(|_| self.is_calm() && !self.upkeep.is_rebuilding())?;
        let after = self.shared.config.sleep_after;
        used.checked_add(if self.doze { after.min(DOZE) } else { after })
    }

    /// Whether all that came is done and durable.
    fn is_calm(&self) -> bool {
        let synced = self.unsynced.is_none() && self.syncing.is_none();
        synced && self.work.is_empty() && self.trouble.is_none() && self.shared.hidden.is_empty()
    }

    /// When the store may look after itself: only while it is awake anyway.
    fn upkeep_due(&self) -> Option<Instant> {
        self.upkeep.due().filter(|_| self.is_calm() && !self.shared.lease.is_asleep())
    }

    fn keep_up(&mut self) -> Result<(), StoreError> {
        if self.trouble.is_some() {
            return Ok(());
        }
        match self.upkeep_step() {
            Ok(false) => Ok(()),
            Ok(true) => {
                self.set_unsynced();
                Ok(())
            }
            Err(error @ StoreError::Damaged { .. }) => Err(error),
            Err(error) => {
                self.set_trouble(&error);
                Ok(())
            }
        }
    }

    /// Whether rows were changed.
    fn upkeep_step(&mut self) -> Result<bool, StoreError> {
        if let Some(file) = self.unreadable.pop() {
            return self.upkeep.mend(file, self.shared, &mut self.work, self.sink);
        }
        match self.upkeep_due() {
            Some(due) if due <= Instant::now() => self.upkeep.step(self.shared, &mut self.work, self.sink),
            _ => Ok(false),
        }
    }

    fn sleep_if_due(&self) {
        if self.sleep_due().is_some_and(|due| due <= Instant::now()) {
            self.shared.unpacker.rest();
            // Nobody has read for so long either.
            self.shared.lease.sleep(|| self.shared.clear_caches());
        }
    }

    fn take(&mut self, message: Message) {
        match message {
            Message::Batch(commit, mutations) => {
                self.upkeep.stand_back(self.shared);
                self.work.push(commit, mutations);
            }
            Message::Synced(commit, result) => {
                let unnamed = self.syncing.take().unwrap_or_default();
                match result {
                    Ok(()) => {
                        self.trouble = None;
                        self.remove_sides(unnamed);
                        self.upkeep.look();
                        self.set_durable(commit);
                    }
                    Err(error) => {
                        unnamed.into_iter().for_each(|digest| self.shared.unnamed_side(digest));
                        let now = Instant::now();
                        self.unsynced.get_or_insert((now, now));
                        self.set_trouble(&error);
                    }
                }
            }
            Message::Woken => {
                self.doze = false;
                self.upkeep.look();
            }
            Message::Trim => {
                self.doze = true;
                self.upkeep.give_up(self.shared, &mut self.work);
                self.upkeep.stand_back(self.shared);
            }
            Message::Damaged(what) => self.damage = Some(what),
            Message::Unreadable(file) => self.unreadable.push(file),
            Message::Close => self.closing = true,
        }
    }

    fn set_durable(&mut self, commit: CommitId) {
        if commit > self.durable {
            self.durable = commit;
            (self.sink)(StoreEvent::Durable { commit });
        }
    }

    /// Nothing names these files any more, and no power cut can bring back a row that did.
    fn remove_sides(&self, digests: Vec<[u8; 32]>) {
        let Ok(tables) = self.shared.lease.tables() else { return };
        for digest in digests {
            if side_count(&tables, &digest).is_ok_and(|count| count == 0) {
                self.shared.side.remove(&digest);
            }
        }
    }

    /// Whether trouble is over, or it is time to try.
    fn may_write(&mut self) -> bool {
        let Some(trouble) = &mut self.trouble else { return true };
        if Instant::now() < trouble.again {
            return false;
        }
        if trouble.reopen {
            self.upkeep.give_up(self.shared, &mut self.work);
            self.shared.lease.let_go();
            match self.shared.reload() {
                Ok(()) => {}
                Err(StoreError::Damaged { what }) => {
                    self.damage = Some(what);
                    return false;
                }
                Err(_) => {
                    self.put_off();
                    return false;
                }
            }
            if self.work.store_again(self.shared).is_err() {
                self.put_off();
                return false;
            }
            self.trouble = Some(Trouble { reopen: false, again: Instant::now(), wait: self.wait() });
        }
        true
    }

    /// One group of changes, or some clearing where there is none.
    fn step(&mut self) -> Result<(), StoreError> {
        let busy = !self.work.is_empty();
        if !busy && self.shared.hidden.is_empty() {
            return Ok(());
        }
        let written = self.room().and_then(|()| match busy {
            true => self.work.write(self.shared, self.sink),
            false => self.work.clear(self.shared),
        });
        let written = written.and_then(|()| match self.upkeep.wants_dictionary(self.shared) {
            // Once, and worth a moment: a first crawl has no idle time before its end.
            true => self.upkeep.train(self.shared, &mut self.work).map(drop),
            false => Ok(()),
        });
        match written {
            Ok(()) => {
                self.trouble = None;
                self.set_unsynced();
            }
            Err(error @ StoreError::Damaged { .. }) => return Err(error),
            Err(error) => self.set_trouble(&error),
        }
        Ok(())
    }

    fn room(&self) -> Result<(), StoreError> {
        let (free, wanted) = (self.shared.free(), self.shared.config.min_free_bytes);
        match free >= wanted {
            true => Ok(()),
            false => Err(StoreError::Full { free, wanted }),
        }
    }

    fn set_trouble(&mut self, error: &StoreError) {
        if self.trouble.is_none() {
            (self.sink)(StoreEvent::Trouble { text: with_reason(error), fatal: false });
        }
        let reopen = !matches!(error, StoreError::Full { .. });
        self.put_off();
        self.trouble.iter_mut().for_each(|trouble| trouble.reopen |= reopen);
    }

    fn put_off(&mut self) {
        let wait = self.wait();
        let reopen = self.trouble.as_ref().is_some_and(|trouble| trouble.reopen);
        self.trouble = Some(Trouble { again: Instant::now() + wait, wait: (wait * 2).min(RETRY_MOST), reopen });
    }

    fn wait(&self) -> Duration {
        self.trouble.as_ref().map_or(RETRY, |trouble| trouble.wait)
    }

    fn set_unsynced(&mut self) {
        let now = Instant::now();
        self.unsynced = Some((self.unsynced.map_or(now, |(first, _)| first), now));
    }

    fn sync_if_due(&mut self) {
        let Some((first, last)) = self.unsynced else { return };
        let due = (last + QUIET).min(first + AT_MOST) <= Instant::now();
        let calm = self.trouble.as_ref().is_none_or(|trouble| trouble.again <= Instant::now());
        if due && calm && self.syncing.is_none() {
            self.unsynced = None;
            self.syncing = Some(self.shared.take_unnamed());
            // The syncing thread lives as long as this sender.
            _ = self.sync.as_ref().map(|sync| sync.send(self.work.committed));
        }
    }
}
