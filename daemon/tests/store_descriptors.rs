//! A store in a process that may open no further file. A program of its own, as the limit is the process's.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    fs,
    path::Path,
    sync::mpsc::{Receiver, channel},
    time::Duration,
};

use metaextract::{Limits, Record};
use metaextractd::{
    model::{
        Access, Cost, DirId, DirRow, EntryRow, FileId, FileResult, FileRow, FileState, Fingerprint, FsId, Identity,
        Mutation, Node, Place, PolicyId, ReaderId, Stamp,
    },
    store::{Rest, Rows, SledStore, Store, StoreConfig, StoreError, StoreEvent},
};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

const ACCESS: Access = Access { uid: 1, gid: 1, mode: 0o644 };

/// A file with a record so large that it lies beside the rows.
fn put(store: &SledStore, dir: DirId) -> (FileId, Vec<Mutation>) {
    let id = store.new_file();
    let name: Box<[u8]> = id.0.to_string().into_bytes().into();
    let identity = Identity { fs: FsId(1), inode: id.0, born: None };
    let stamp = Stamp { size: 1, mtime: 1, ctime: 1 };
    let fingerprint = Fingerprint { stamp, reader: ReaderId(1), policy: PolicyId(1) };
    let node = Node::File(FileRow { id, fingerprint, state: FileState::Pending, links: 1 });
    let entry = EntryRow { name: name.clone(), identity, access: ACCESS, node };
    let noise =
        (0..3_000_u64).map(|part| blake3::hash(&[id.0, part].map(u64::to_le_bytes).concat()).to_hex().to_string());
    let mut record = Record::new(&Limits::default());
    record.put("XMP-dc", "Title", noise.collect::<String>());
    record.finish();
    let result = Box::new(FileResult::Record((&record).into()));
    let (place, cost) = (Place { dir, name }, Cost::default());
    let result = Mutation::PutResult { file: id, place, fingerprint, result, cost, attempts: 0 };
    (id, vec![Mutation::PutFile { dir, entry }, result])
}

/// Leaves so many numbers free for further descriptors of this process.
fn leave(free: u64) {
    let is_open = |number: u64| Path::new("/proc/self/fd").join(number.to_string()).is_symlink();
    let last = (0..).filter(|&number| !is_open(number)).nth(free as usize).unwrap();
    limit(last);
}

fn limit(descriptors: u64) {
    let maximum = getrlimit(Resource::Nofile).maximum;
    setrlimit(Resource::Nofile, Rlimit { current: Some(descriptors), maximum }).unwrap();
}

/// The next thing that counts: trouble (and whether it ends the store), or all is durable.
fn next(events: &Receiver<StoreEvent>) -> Result<u64, String> {
    loop {
        match events.recv_timeout(Duration::from_secs(120)).unwrap() {
            StoreEvent::Durable { commit } => return Ok(commit.0),
            StoreEvent::Trouble { text, fatal } => {
                assert!(!fatal, "{text}");
                return Err(text);
            }
            _ => {}
        }
    }
}

#[test]
fn without_descriptors_the_store_waits_and_goes_on_when_there_are_some() {
    let home = tempfile::tempdir().unwrap();
    let many = getrlimit(Resource::Nofile).current.unwrap();
    let config = StoreConfig {
        min_free_bytes: 0,
        sleep_after: Duration::ZERO,
        quiet: Duration::from_secs(600),
        ..StoreConfig::new(home.path().join("store"))
    };
    let (sender, events) = channel();
    let (store, _) = SledStore::open(config, Box::new(move |event| _ = sender.send(event))).unwrap();
    let asleep = || {
        while store.rest() != Rest::Asleep {
            std::thread::yield_now();
        }
    };
    let dir = store.new_dir();
    let row = DirRow { id: dir, parent: DirId::TOP, name: b"home".as_slice().into(), access: ACCESS };
    let identity = Identity { fs: FsId(1), inode: 1, born: None };
    store.commit(vec![Mutation::PutDir { row, identity }]);
    next(&events).unwrap();
    let mut files = Vec::new();
    let mut refused = 0;
    for free in 0..8 {
        asleep();
        leave(free);
        // A reader.
        let read = store.dir(dir).map(|rows| rows.unwrap().entries.len());
        match &read {
            Ok(entries) => assert_eq!(*entries, files.len()),
            Err(error) => assert!(!matches!(error, StoreError::Damaged { .. }), "{free} free: {error}"),
        }
        limit(many);
        asleep();
        leave(free);
        // The writer.
        let (file, batch) = put(&store, dir);
        let commit = store.commit(batch);
        files.push(file);
        let mut told = next(&events);
        limit(many);
        refused += u32::from(read.is_err()) + u32::from(told.is_err());
        while told != Ok(commit.0) {
            told = next(&events);
        }
        for file in &files {
            assert!(store.file(*file).unwrap().is_some(), "{free} free");
        }
        assert_eq!(store.counts().indexed, files.len() as u64);
    }
    // With none left nobody can wake it, nor write beside it.
    assert!(refused >= 2, "{refused}");
    let sides = fs::read_dir(home.path().join("store/rows/side")).unwrap();
    assert_eq!(sides.count(), files.len());
    store.close().unwrap();
}
