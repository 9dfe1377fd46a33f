//! A real engine with real workers, for tests that plant files before it.
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::{
    collections::HashMap,
    fs,
    os::unix::fs::MetadataExt,
    path::Path,
    sync::{
        Arc,
        mpsc::{Receiver, channel},
    },
    time::Duration,
};

use metaextractd::{
    engine::{Config, Engine, EngineEvent, LocalEngine, Size, WorkerInfo},
    model::{DirId, Expected, FileId, FsId, Job, JobId, Outcome, Place, Priority, ReaderId, Stamp},
};

/// An engine, what it said, and the files it reads.
#[derive(Debug)]
pub struct Bench {
    pub engine: LocalEngine,
    pub events: Receiver<EngineEvent>,
    dir: tempfile::TempDir,
    /// Jobs made so far.
    jobs: u64,
    /// Files of which the engine took its results back.
    pub distrusted: Vec<FileId>,
}

impl Bench {
    /// An engine with this many workers and batches of 32 files. With none it opens files already, as many as fit.
    pub fn new(workers: usize, config: Config) -> Self {
        let (sender, events) = channel();
        let mut engine = LocalEngine::new(config, Arc::new(move |event| _ = sender.send(event)));
        if workers > 0 {
            engine.resize(Size::calm(workers, 32));
        }
        Self { engine, events, dir: tempfile::tempdir().unwrap(), jobs: 0, distrusted: Vec::new() }
    }

    /// The root of all jobs.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// Makes a file and gives the job for it, numbered from 1.
    pub fn job(&mut self, content: &str) -> Job {
        self.jobs += 1;
        let name = format!("{}.txt", self.jobs);
        fs::write(self.dir.path().join(&name), content).unwrap();
        job(self.jobs, self.dir.path(), &name)
    }

    /// Makes a file and submits the job for it.
    pub fn submit(&mut self, content: &str) {
        let job = self.job(content);
        self.engine.submit(job);
    }

    /// Waits until this many files are open and wait for a worker: they are one batch for the one that comes next.
    pub fn all_open(&self, count: usize) {
        // The engine tells nobody but who debugs it.
        while format!("{:?}", self.engine).matches("Opened {").count() < count {
            std::thread::yield_now();
        }
    }

    /// Waits for the outcomes of this many jobs.
    pub fn outcomes(&mut self, count: usize) -> HashMap<u64, Outcome> {
        let mut outcomes = HashMap::new();
        while outcomes.len() < count {
            match self.events.recv_timeout(Duration::from_secs(30)).expect("an outcome is due") {
                EngineEvent::Finished(JobId(id), outcome) => {
                    assert!(outcomes.insert(id, outcome).is_none(), "two outcomes of job {id}");
                }
                EngineEvent::Distrusted(files) => self.distrusted.extend(files),
                EngineEvent::Measured(_) | EngineEvent::Short { .. } => {}
                event => panic!("{event:?}"),
            }
        }
        outcomes
    }

    /// Waits until a worker has this job in hand.
    pub fn in_hand(&self, job: u64) -> WorkerInfo {
        loop {
            let has_it = |worker: &WorkerInfo| worker.in_hand.as_ref().is_some_and(|file| file.job == JobId(job));
            match self.engine.workers().into_iter().find(has_it) {
                Some(worker) => return worker,
                None => std::thread::yield_now(),
            }
        }
    }
}

/// The job for a file as it is now.
pub fn job(number: u64, dir: &Path, name: &str) -> Job {
    let stat = fs::symlink_metadata(dir.join(name)).unwrap();
    Job {
        id: JobId(number),
        file: FileId(number),
        place: Place { dir: DirId::TOP, name: name.as_bytes().into() },
        root: dir.as_os_str().as_encoded_bytes().into(),
        path: name.as_bytes().into(),
        fs: FsId(stat.dev()),
        inode: stat.ino(),
        stamp: Stamp {
            size: stat.len(),
            mtime: stat.mtime() * 1_000_000_000 + stat.mtime_nsec(),
            ctime: stat.ctime() * 1_000_000_000 + stat.ctime_nsec(),
        },
        reader: ReaderId(0),
        expected: Expected::default(),
        in_order: false,
        ahead: metaextract::Ahead::default(),
        priority: Priority::Crawl,
        attempts: 0,
        task: metaextractd::model::Task::Record,
    }
}
