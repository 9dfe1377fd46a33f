//! The store as a whole, against a directory of its own.

use std::sync::mpsc::{Receiver, channel};

use metaextract::{Limits, Record};

use super::*;
use crate::model::{Access, Cost, DirRow, FileResult, FileRow, Fingerprint, FsId, Node, PolicyId, ReaderId, Stamp};

const ACCESS: Access = Access { uid: 1000, gid: 1000, mode: 0o644 };

struct Opened {
    store: SledStore,
    report: OpenReport,
    events: Receiver<StoreEvent>,
}

fn config(dir: &Path) -> StoreConfig {
    StoreConfig { min_free_bytes: 0, ..StoreConfig::new(dir.join("store")) }
}

fn open(dir: &Path) -> Opened {
    let (sender, events) = channel();
    let sink = Box::new(move |event| _ = sender.send(event));
    let (store, report) = SledStore::open(config(dir), sink).unwrap();
    Opened { store, report, events }
}

impl Opened {
    /// Commits, and waits until readers see it.
    fn commit(&self, batch: Vec<Mutation>) -> Vec<Changed> {
        let wanted = self.store.commit(batch);
        loop {
            match self.events.recv().unwrap() {
                StoreEvent::Committed { commit, changed } if commit == wanted => return changed,
                StoreEvent::Trouble { text, .. } => panic!("{text}"),
                _ => {}
            }
        }
    }
}

fn identity(inode: u64) -> Identity {
    Identity { fs: FsId(7), inode, born: Some(inode as i64) }
}

fn stamp(n: u64) -> Stamp {
    Stamp { size: n, mtime: n as i64, ctime: n as i64 }
}

fn fingerprint(n: u64) -> Fingerprint {
    Fingerprint { stamp: stamp(n), reader: ReaderId(1), policy: PolicyId(1) }
}

fn put_dir(id: DirId, parent: DirId, name: &str) -> Mutation {
    let row = DirRow { id, parent, name: name.as_bytes().into(), access: ACCESS };
    Mutation::PutDir { row, identity: identity(u64::from(id.0)) }
}

fn file_entry(name: &str, id: FileId, inode: u64, links: u32) -> EntryRow {
    let row = FileRow { id, fingerprint: fingerprint(1), state: FileState::Pending, links };
    EntryRow { name: name.as_bytes().into(), identity: identity(inode), access: ACCESS, node: Node::File(row) }
}

fn record(title: &str) -> Record {
    let mut record = Record::new(&Limits::default());
    record.put("XMP-dc", "Title", title);
    record.finish();
    record
}

fn place(dir: DirId, name: &str) -> Place {
    Place { dir, name: name.as_bytes().into() }
}

fn result(file: FileId, place: Place, title: &str) -> Mutation {
    Mutation::PutResult {
        file,
        place,
        fingerprint: fingerprint(1),
        result: Box::new(FileResult::Record(record(title).into())),
        cost: Cost { cpu_us: 1, wall_us: 2, read: 3 },
        attempts: 0,
    }
}

#[test]
fn a_file_is_put_read_and_found_again() {
    let dir = tempfile::tempdir().unwrap();
    let opened = open(dir.path());
    assert!(opened.report.created);
    let (home, file) = (opened.store.new_dir(), opened.store.new_file());
    let changed = opened.commit(vec![
        put_dir(home, DirId::TOP, "home"),
        Mutation::PutFile { dir: home, entry: file_entry("a.jpg", file, 9, 1) },
        result(file, place(home, "a.jpg"), "Dawn"),
    ]);
    assert_eq!(changed.len(), 3);
    let counts = Counts { directories: 1, files: 1, indexed: 1, ..Counts::default() };
    assert_eq!(opened.store.counts(), counts);
    drop(opened);

    let opened = open(dir.path());
    assert_eq!(opened.report, OpenReport { created: false, repaired: None, set_aside: None });
    assert_eq!(opened.store.counts(), counts);
    assert_eq!(opened.store.path(home).unwrap().unwrap(), b"/home");
    assert_eq!(opened.store.dir_at(b"/home").unwrap(), Some(home));
    let found = opened.store.file(file).unwrap().unwrap();
    assert_eq!(found.result, FileResult::Record(record("Dawn").into()));
    assert!(opened.store.new_file() > file && opened.store.new_dir() > home);
    assert_eq!(opened.store.dir(home).unwrap().unwrap().entries.len(), 1);
}

#[test]
fn a_second_process_is_told_who_has_it() {
    let dir = tempfile::tempdir().unwrap();
    let first = open(dir.path());
    let error = SledStore::open(config(dir.path()), Box::new(|_| {})).unwrap_err();
    let StoreError::Locked { holder, .. } = error else { panic!("{error}") };
    assert_eq!(holder, format!("process {}", std::process::id()));
    drop(first);
    open(dir.path());
}
