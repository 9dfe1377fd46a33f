//! A store that is killed while it writes opens whole: what was announced durable is there, entries and records agree.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Command, Stdio},
    sync::Arc,
};

use metaextract::{Limits, Record};
use metaextractd::{
    model::{
        Access, Cost, DirId, DirRow, EntryRow, FileId, FileResult, FileRow, FileState, Fingerprint, FsId, Identity,
        Mutation, Node, Place, PolicyId, ReaderId, Stamp,
    },
    store::{Rows, SledStore, Store, StoreConfig, StoreEvent},
};

const ACCESS: Access = Access { uid: 1, gid: 1, mode: 0o644 };
/// Set for the process that writes and is killed.
const CHILD: &str = "STORE_KILL_DIR";
const ROUNDS: u32 = 10;

fn config(dir: &Path) -> StoreConfig {
    StoreConfig { min_free_bytes: 0, ..StoreConfig::new(dir.join("store")) }
}

fn identity(inode: u64) -> Identity {
    Identity { fs: FsId(1), inode, born: None }
}

/// A directory with some files and their results: each batch must be seen as a whole or, where it spans several
/// transactions, with files that are still pending.
fn batch(store: &SledStore, round: u64) -> Vec<Mutation> {
    let dir = store.new_dir();
    let name = format!("{:08}", dir.0).into_bytes().into();
    let row = DirRow { id: dir, parent: DirId::TOP, name, access: ACCESS };
    let mut batch = vec![Mutation::PutDir { row, identity: identity(u64::from(dir.0)) }];
    let stamp = Stamp { size: round, mtime: 1, ctime: 1 };
    let fingerprint = Fingerprint { stamp, reader: ReaderId(1), policy: PolicyId(1) };
    for n in 0..150 {
        let id = store.new_file();
        let name: Box<[u8]> = format!("{n}.jpg").into_bytes().into();
        let node = Node::File(FileRow { id, fingerprint, state: FileState::Pending, links: 1 });
        let entry = EntryRow { name: name.clone(), identity: identity(id.0), access: ACCESS, node };
        batch.push(Mutation::PutFile { dir, entry });
        let mut record = Record::new(&Limits::default());
        record.put("XMP-dc", "Title", format!("{} of {}", n, id.0));
        record.finish();
        let result = Box::new(FileResult::Record(Arc::new(record)));
        let place = Place { dir, name };
        batch.push(Mutation::PutResult { file: id, place, fingerprint, result, cost: Cost::default(), attempts: 0 });
    }
    if let Some(old) = dir.0.checked_sub(5).map(DirId).filter(|&old| old > DirId::TOP) {
        batch.push(Mutation::RemoveDir(old));
    }
    batch
}

/// Writes until it is killed; says on standard output what is durable.
fn write_for_ever(dir: &Path) -> ! {
    let (sender, events) = std::sync::mpsc::channel();
    let (store, _) = SledStore::open(config(dir), Box::new(move |event| _ = sender.send(event))).unwrap();
    let mut names = BTreeMap::new();
    for round in 0.. {
        let batch = batch(&store, round);
        let Some(Mutation::PutDir { row, .. }) = batch.first() else { unreachable!() };
        let name = row.id.0;
        names.insert(store.commit(batch), name);
        for event in std::iter::once(events.recv().unwrap()).chain(events.try_iter()) {
            if let StoreEvent::Durable { commit } = event {
                let (_, dir) = names.range(..=commit).next_back().unwrap();
                let mut out = std::io::stdout();
                writeln!(out, "durable {dir}").and_then(|()| out.flush()).unwrap();
            }
        }
    }
    unreachable!()
}

#[test]
fn a_killed_store_is_whole() {
    if let Some(dir) = std::env::var_os(CHILD) {
        write_for_ever(Path::new(&dir));
    }
    let dir = tempfile::tempdir().unwrap();
    for round in 0..ROUNDS {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "a_killed_store_is_whole", "--nocapture"])
            .env(CHILD, dir.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let mut durable = lines.filter_map(|line| line.split_once("durable ")?.1.parse::<u32>().ok());
        // Killed at another point each time: after the first sync, and at once.
        let promised = if round % 3 == 2 { None } else { durable.next() };
        child.kill().unwrap();
        child.wait().unwrap();
        let promised = durable.last().or(promised);
        check(dir.path(), promised);
    }
}

fn check(dir: &Path, promised: Option<u32>) {
    let (store, report) = SledStore::open(config(dir), Box::new(|_| {})).unwrap();
    assert_eq!((&report.repaired, &report.set_aside), (&None, &None));
    let top = store.dir(DirId::TOP).unwrap().unwrap();
    let mut last = (DirId::TOP, FileId(0));
    for entry in &top.entries {
        let Node::Dir(id) = entry.node else { panic!("{entry:?}") };
        let rows = store.dir(id).unwrap().unwrap();
        last.0 = last.0.max(id);
        for entry in &rows.entries {
            let Node::File(row) = entry.node else { panic!("{entry:?}") };
            last.1 = last.1.max(row.id);
            let record = store.file(row.id).unwrap();
            assert_eq!(record.is_some(), row.state == FileState::Indexed, "{entry:?}");
            if let Some(record) = record {
                assert_eq!(record.place, Place { dir: id, name: entry.name.clone() });
                let FileResult::Record(record) = &record.result else { panic!("{record:?}") };
                let title = record.find("XMP-dc", "Title").unwrap().raw.plain();
                assert!(title.ends_with(&format!(" of {}", row.id.0)), "{title}");
            }
        }
    }
    if let Some(promised) = promised {
        assert!(last.0 >= DirId(promised), "{promised} was durable, the last is {}", last.0.0);
    }
    // No number is given twice.
    assert!(store.new_dir() > last.0 && store.new_file() > last.1);
    store.close().unwrap();
}
