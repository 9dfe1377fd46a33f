//! The store as the rest of the daemon holds it.

use std::{
    fs::File,
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Sender, channel},
    },
    thread::{self, JoinHandle},
};

use crate::{
    model::{
        DirId, DirRows, EntryRef, EntryRow, FailureKind, FileId, FileRecord, FileState, Identity, Mutation, Note, Place,
    },
    store::{
        Caches, CommitId, Counts, OpenReport, Rest, Rows, Scanned, Shared, Sink, Store, StoreConfig, StoreError,
        StoreView, open,
        writer::{Message, write},
    },
};

/// The store on sled.
#[derive(Debug)]
pub struct SledStore {
    pub(super) shared: Arc<Shared>,
    // Held while a batch gets its number and its place in the queue.
    batches: Mutex<(u64, Sender<Message>)>,
    writer: Mutex<Option<JoinHandle<Result<(), StoreError>>>>,
    report: OpenReport,
    /// Released when the store is dropped.
    _lock: File,
}

impl SledStore {
    /// Opens the store or makes it, repairing what can be repaired. `sink` is called by the writer's thread.
    pub fn open(config: StoreConfig, sink: Sink) -> Result<(Self, OpenReport), StoreError> {
        let path = config.path.display().to_string();
        let mut opened = open::open(&config)?;
        let report = opened.report.clone();
        let lock = opened.lock.take().ok_or(StoreError::Closed)?;
        let (sender, receiver) = channel();
        let told = sender.clone();
        // Without a writer nobody can follow.
        let tell = Arc::new(move |message| _ = told.send(message));
        let shared = Arc::new(Shared::new(config, opened, tell));
        shared.ahead.begin(&shared);
        let messages = (sender.clone(), receiver);
        let writer = thread::Builder::new().name("store".into());
        let writer = writer.spawn({
            let shared = shared.clone();
            move || write(&shared, messages, &sink)
        });
        let writer = writer.map_err(|source| StoreError::Open { path, source })?;
        let batches = Mutex::new((0, sender));
        Ok((Self { shared, batches, writer: Mutex::new(Some(writer)), report: report.clone(), _lock: lock }, report))
    }

    /// How its opening went.
    pub fn report(&self) -> &OpenReport {
        &self.report
    }

    /// The same rows for the mounted view.
    pub fn view(&self) -> StoreView {
        StoreView::new(self.shared.clone())
    }

    fn send(&self, message: impl FnOnce(CommitId) -> Message) -> CommitId {
        let mut batches = self.batches.lock().unwrap_or_else(PoisonError::into_inner);
        batches.0 += 1;
        let commit = CommitId(batches.0);
        // A writer that has ended has said so through the sink.
        _ = batches.1.send(message(commit));
        commit
    }
}

impl Drop for SledStore {
    fn drop(&mut self) {
        // Nobody is left to be told; what was not committed is crawled again.
        _ = self.close();
    }
}

impl Store for SledStore {
    fn commit(&self, batch: Vec<Mutation>) -> CommitId {
        self.send(|commit| Message::Batch(commit, batch))
    }

    fn trim(&self) {
        self.shared.trim();
    }

    fn hold(&self) {
        self.shared.ahead.hold();
    }

    fn caches(&self) -> Caches {
        self.shared.caches()
    }

    fn rest(&self) -> Rest {
        match () {
            () if self.shared.is_rebuilding() => Rest::Rebuilding,
            () if self.shared.lease.is_asleep() => Rest::Asleep,
            () => Rest::Awake,
        }
    }

    fn size(&self) -> u64 {
        // The place is the open store's own; no file there is an empty one.
        std::fs::metadata(self.shared.config.path.join("rows").join("db")).map_or(0, |file| file.len())
    }

    fn close(&self) -> Result<(), StoreError> {
        let Some(writer) = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take() else { return Ok(()) };
        self.send(|_| Message::Close);
        writer.join().unwrap_or(Err(StoreError::Closed))
    }
}

impl Rows for SledStore {
    fn dir(&self, dir: DirId) -> Result<Option<DirRows>, StoreError> {
        self.shared.noticed(self.shared.dir(dir))
    }

    fn each(&self, dir: DirId, take: &mut dyn FnMut(EntryRef<'_>)) -> Result<bool, StoreError> {
        self.shared.each(dir, take)
    }

    fn entry(&self, dir: DirId, name: &[u8]) -> Result<Option<EntryRow>, StoreError> {
        self.shared.noticed(self.shared.entry(dir, name))
    }

    fn path(&self, dir: DirId) -> Result<Option<Vec<u8>>, StoreError> {
        self.shared.noticed(self.shared.path(dir))
    }

    fn dir_at(&self, path: &[u8]) -> Result<Option<DirId>, StoreError> {
        self.shared.noticed(self.shared.dir_at(path))
    }

    fn file(&self, file: FileId) -> Result<Option<Arc<FileRecord>>, StoreError> {
        self.shared.file(file)
    }

    fn links(&self, identity: &Identity) -> Result<Vec<Place>, StoreError> {
        self.shared.noticed(self.shared.links(identity))
    }

    fn scan(&self, from: DirId, limit: usize, wanted: &dyn Fn(FileState) -> bool) -> Result<Scanned, StoreError> {
        self.shared.noticed(self.shared.scan(from, limit, wanted))
    }

    fn suspects(&self) -> Result<Vec<(FileId, u8, FailureKind)>, StoreError> {
        self.shared.noticed(self.shared.suspects())
    }

    fn note(&self, note: Note) -> Result<Option<Vec<u8>>, StoreError> {
        self.shared.noticed(self.shared.note(note))
    }

    fn counts(&self) -> Counts {
        self.shared.counts()
    }

    fn new_file(&self) -> FileId {
        self.shared.new_file()
    }

    fn new_dir(&self) -> DirId {
        self.shared.new_dir()
    }
}
