//! The store as a whole, against a directory of its own.

use std::sync::mpsc::{Receiver, channel};

use metaextract::{Limits, Record};

use super::{
    memory::{MemoryDisk, MemoryStore},
    tables::{Changes, Table},
    *,
};
use crate::model::{Access, Cost, DirRow, FileResult, FileRow, Fingerprint, FsId, Node, PolicyId, ReaderId, Stamp};

pub(super) const ACCESS: Access = Access { uid: 1000, gid: 1000, mode: 0o644 };

pub(super) struct Opened {
    pub(super) store: SledStore,
    report: OpenReport,
    events: Receiver<StoreEvent>,
}

pub(super) fn config(dir: &Path) -> StoreConfig {
    StoreConfig { min_free_bytes: 0, ..StoreConfig::new(dir.join("store")) }
}

pub(super) fn open(dir: &Path) -> Opened {
    let (sender, events) = channel();
    let sink = Box::new(move |event| _ = sender.send(event));
    let (store, report) = SledStore::open(config(dir), sink).unwrap();
    Opened { store, report, events }
}

impl Opened {
    /// Commits, and waits until readers see it.
    pub(super) fn commit(&self, batch: Vec<Mutation>) -> Vec<Changed> {
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

pub(super) fn identity(inode: u64) -> Identity {
    Identity { fs: FsId(7), inode, born: Some(inode as i64) }
}

pub(super) fn stamp(n: u64) -> Stamp {
    Stamp { size: n, mtime: n as i64, ctime: n as i64 }
}

fn fingerprint(n: u64) -> Fingerprint {
    Fingerprint { stamp: stamp(n), reader: ReaderId(1), policy: PolicyId(1) }
}

pub(super) fn put_dir(id: DirId, parent: DirId, name: &str) -> Mutation {
    let row = DirRow { id, parent, name: name.as_bytes().into(), access: ACCESS };
    Mutation::PutDir { row, identity: identity(u64::from(id.0)) }
}

pub(super) fn file_entry(name: &str, id: FileId, inode: u64, links: u32) -> EntryRow {
    let row = FileRow { id, fingerprint: fingerprint(1), state: FileState::Pending, links };
    EntryRow { name: name.as_bytes().into(), identity: identity(inode), access: ACCESS, node: Node::File(row) }
}

pub(super) fn record(title: &str) -> Record {
    let mut record = Record::new(&Limits::default());
    record.put("XMP-dc", "Title", title);
    record.finish();
    record
}

pub(super) fn place(dir: DirId, name: &str) -> Place {
    Place { dir, name: name.as_bytes().into() }
}

pub(super) fn result(file: FileId, place: Place, title: &str) -> Mutation {
    Mutation::PutResult {
        file,
        place,
        fingerprint: fingerprint(1),
        result: Box::new(FileResult::Record((&record(title)).into())),
        cost: Cost { cpu_us: 1, wall_us: 2, read: 3, ..Cost::default() },
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
    assert!(opened.commit(vec![put_dir(home, DirId::TOP, "home")]).is_empty(), "it stands there already");
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

#[test]
fn a_removed_directory_is_gone_at_once_and_cleared_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let opened = open(dir.path());
    let (home, below) = (opened.store.new_dir(), opened.store.new_dir());
    let mut batch = vec![put_dir(home, DirId::TOP, "home"), put_dir(below, home, "below")];
    for n in 0..2_000 {
        let file = opened.store.new_file();
        let name = format!("{n}.jpg");
        batch.push(Mutation::PutFile { dir: below, entry: file_entry(&name, file, n, 2) });
        batch.push(result(file, place(below, &name), "Dawn"));
    }
    opened.commit(batch);
    assert_eq!(opened.store.counts().indexed, 2_000);
    let file = opened.store.entry(below, b"7.jpg").unwrap();
    assert!(file.is_some());
    // Closing does not wait for the clearing.
    opened.store.commit(vec![Mutation::RemoveDir(home)]);
    opened.store.close().unwrap();
    drop(opened);

    let opened = open(dir.path());
    assert_eq!(opened.store.dir(below).unwrap(), None);
    assert_eq!(opened.store.path(below).unwrap(), None);
    assert_eq!(opened.store.links(&identity(7)).unwrap(), []);
    assert_eq!(opened.store.dir_at(b"/home").unwrap(), None);
    // Cleared directory by directory; the last commit leaves nothing to count and nothing hidden.
    while opened.store.counts() != Counts::default() || !opened.store.shared.hidden.is_empty() {
        std::thread::yield_now();
    }
    let tables = opened.store.shared.lease.tables().unwrap();
    let rows = |table| tables.prefix(table, b"").count();
    assert_eq!([Table::Dirs, Table::Records, Table::Links].map(rows), [1, 0, 0]);
}

#[test]
fn durable_follows_committed() {
    let dir = tempfile::tempdir().unwrap();
    let opened = open(dir.path());
    let home = opened.store.new_dir();
    let first = opened.store.commit(vec![put_dir(home, DirId::TOP, "home")]);
    let second = opened.store.commit(vec![Mutation::RemoveDir(home)]);
    let mut told = Vec::new();
    while !matches!(told.last(), Some(StoreEvent::Durable { commit }) if *commit == second) {
        told.push(opened.events.recv().unwrap());
    }
    let committed: Vec<_> = told
        .iter()
        .filter_map(|event| match event {
            StoreEvent::Committed { commit, .. } => Some(*commit),
            _ => None,
        })
        .collect();
    assert_eq!(committed, [first, second]);
}

#[test]
fn a_large_record_lies_beside_the_rows_as_long_as_it_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let opened = open(dir.path());
    let (one, two) = (opened.store.new_file(), opened.store.new_file());
    // Text that does not compress.
    let seed = |n: u32| blake3::hash(&n.to_le_bytes()).to_hex().to_string();
    let text = |from: u32| (from..from + 4_000).map(seed).collect::<String>();
    let (large, other) = (text(0), text(9_000));
    opened.commit(vec![
        Mutation::PutFile { dir: DirId::TOP, entry: file_entry("1", one, 1, 1) },
        Mutation::PutFile { dir: DirId::TOP, entry: file_entry("2", two, 2, 1) },
        result(one, place(DirId::TOP, "1"), &large),
        result(two, place(DirId::TOP, "2"), &large),
    ]);
    let sides = || std::fs::read_dir(dir.path().join("store/rows/side")).unwrap().count();
    assert_eq!(sides(), 1);
    opened.commit(vec![result(two, place(DirId::TOP, "2"), &other)]);
    assert_eq!(sides(), 2);
    let found = opened.store.file(one).unwrap().unwrap();
    assert_eq!(found.result, FileResult::Record(record(&large).into()));
    opened.commit(vec![Mutation::RemoveFile(place(DirId::TOP, "1"))]);
    while sides() > 1 {
        // Removed once the commit is durable.
        opened.events.recv().unwrap();
    }
    let found = opened.store.file(two).unwrap().unwrap();
    assert_eq!(found.result, FileResult::Record(record(&other).into()));
    drop(opened);
    std::fs::write(dir.path().join("store/rows/side/left"), "by a crash").unwrap();
    open(dir.path());
    assert_eq!(sides(), 1);
}

#[test]
fn damage_is_set_aside_and_told() {
    let dir = tempfile::tempdir().unwrap();
    let rows = dir.path().join("store/rows");
    let home = DirId(2);
    {
        let opened = open(dir.path());
        assert_eq!(opened.store.new_dir(), home);
        opened.commit(vec![put_dir(home, DirId::TOP, "home")]);
    }
    // The snapshot that the next opening writes.
    drop(open(dir.path()));
    let snapshots = || {
        let names = std::fs::read_dir(&rows).unwrap().map(|entry| entry.unwrap().path());
        names.filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with("snap.")).collect::<Vec<_>>()
    };
    for snapshot in snapshots() {
        let len = std::fs::metadata(&snapshot).unwrap().len();
        std::fs::OpenOptions::new().write(true).open(snapshot).unwrap().set_len(len / 2).unwrap();
    }
    let opened = open(dir.path());
    assert!(opened.report.repaired.is_some() && opened.report.set_aside.is_none());
    assert_eq!(opened.store.path(home).unwrap().unwrap(), b"/home");
    drop(opened);

    for n in 1..3 {
        // Sled opens this as an empty database.
        std::fs::write(rows.join("db"), "not a database".repeat(1_000)).unwrap();
        snapshots().into_iter().for_each(|path| std::fs::remove_file(path).unwrap());
        let opened = open(dir.path());
        let (aside, _) = opened.report.set_aside.clone().unwrap();
        assert_eq!(aside, dir.path().join(format!("store/rows.damaged-{n}")));
        assert!(aside.join("db").exists() && opened.report.created);
        assert_eq!(opened.store.counts(), Counts::default());
    }
    assert_eq!(std::fs::read_dir(dir.path().join("store")).unwrap().count(), 3);
}

#[test]
fn rows_of_a_newer_program_are_refused_and_kept() {
    let dir = tempfile::tempdir().unwrap();
    let opened = open(dir.path());
    let tables = opened.store.shared.lease.tables().unwrap();
    let mut newer = Changes::default();
    newer.put(Table::Meta, b"schema", Some(99_u32.to_be_bytes().to_vec()));
    tables.commit(&newer).unwrap();
    drop(tables);
    drop(opened);
    let error = SledStore::open(config(dir.path()), Box::new(|_| {})).unwrap_err();
    assert!(matches!(error, StoreError::Newer { found: 99, known: 1, .. }), "{error}");
    assert!(dir.path().join("store/rows/db").exists());
}

#[test]
fn nothing_is_written_where_there_is_no_room() {
    let dir = tempfile::tempdir().unwrap();
    let (sender, events) = channel();
    let config = StoreConfig { min_free_bytes: u64::MAX, ..config(dir.path()) };
    let (store, _) = SledStore::open(config, Box::new(move |event| _ = sender.send(event))).unwrap();
    let home = store.new_dir();
    store.commit(vec![put_dir(home, DirId::TOP, "home")]);
    assert!(matches!(events.recv().unwrap(), StoreEvent::Trouble { fatal: false, .. }));
    assert_eq!(store.dir(home).unwrap(), None);
    assert!(matches!(store.close(), Err(StoreError::Full { .. })));
}

#[test]
fn a_tag_that_stays_keeps_its_number_in_the_view() {
    use metafs::View;

    let dir = tempfile::tempdir().unwrap();
    let opened = open(dir.path());
    let file = opened.store.new_file();
    let at = place(DirId::TOP, "a.jpg");
    let read = |tags: &[&'static str]| {
        let mut record = Record::new(&Limits::default());
        tags.iter().for_each(|&tag| record.put("A", tag, 1_u8));
        record.finish();
        let Mutation::PutResult { fingerprint, cost, .. } = result(file, at.clone(), "") else { unreachable!() };
        let result = Box::new(FileResult::Record((&record).into()));
        let put = Mutation::PutResult { file, place: at.clone(), fingerprint, result, cost, attempts: 0 };
        (put, Arc::new(record))
    };
    let view = opened.store.view();
    let id = metafs::FileId(file.0);
    opened.commit(vec![Mutation::PutFile { dir: DirId::TOP, entry: file_entry("a.jpg", file, 9, 1) }]);
    assert!(view.child(metafs::DirId::TOP, b"a.jpg").unwrap().is_none());

    let (put, first) = read(&["x", "y"]);
    opened.commit(vec![put]);
    let numbers = metafs::Numbers::first(&first);
    assert_eq!(view.entry(id).unwrap().unwrap().numbers, numbers);
    let (put, second) = read(&["y", "z"]);
    opened.commit(vec![put]);
    let numbers = metafs::Numbers::carried(&first, &numbers, &second);
    assert_eq!(view.entry(id).unwrap().unwrap().numbers, numbers);

    let child = view.child(metafs::DirId::TOP, b"a.jpg").unwrap().unwrap();
    assert_eq!(child.id, metafs::ChildId::File(id));
    assert_eq!(view.access(child.id).unwrap().unwrap(), child.access);
    assert_eq!(view.path(child.id).unwrap().unwrap(), b"/a.jpg");
    assert_eq!(view.children(metafs::DirId::TOP, b"", 9).unwrap(), [(Box::from(*b"a.jpg"), child)]);
    assert_eq!(view.children(metafs::DirId::TOP, b"a.jpg", 9).unwrap(), []);
}

/// So many directories below the top, each with this many files, which have records.
fn shoots(opened: &Opened, dirs: usize, files: usize) -> Vec<(DirId, Vec<FileId>)> {
    let shoot = |number: usize| {
        let dir = opened.store.new_dir();
        let ids: Vec<_> = (0..files).map(|_| opened.store.new_file()).collect();
        let mut batch = vec![put_dir(dir, DirId::TOP, &format!("shoot-{number:03}"))];
        for (&file, frame) in ids.iter().zip(0_u64..) {
            let name = format!("{frame}.jpg");
            batch.push(Mutation::PutFile { dir, entry: file_entry(&name, file, file.0, 1) });
            batch.push(result(file, place(dir, &name), "Sea"));
        }
        opened.commit(batch);
        (dir, ids)
    };
    (0..dirs).map(shoot).collect()
}

/// Lists a directory as the mounted view does, reads these files of it, and waits until all that follows is fetched.
fn visit(store: &SledStore, dir: DirId, files: &[FileId]) {
    use metafs::View;

    let view = store.view();
    view.children(metafs::DirId(dir.0), b"", 64).unwrap();
    files.iter().for_each(|file| assert!(view.entry(metafs::FileId(file.0)).unwrap().is_some()));
    while !store.shared.ahead.is_idle() {
        std::thread::yield_now();
    }
}

#[test]
fn who_walks_through_directories_finds_the_next_ones_decoded() {
    let dir = tempfile::tempdir().unwrap();
    let opened = open(dir.path());
    let shoots = shoots(&opened, 100, 3);
    let store = &opened.store;
    for (dir, files) in &shoots[..50] {
        visit(store, *dir, files);
    }
    let Caches { records, listings, prefetch } = store.caches();
    assert!(listings.misses <= 4 && listings.hits >= 46, "{listings:?}");
    assert!(records.misses <= 20 && records.hits >= 130, "{records:?}");
    assert!(prefetch.hits >= 46 + 130 && prefetch.wasted == 0, "{prefetch:?}");
    assert!(prefetch.fetched > prefetch.hits && prefetch.fetched <= 100 + 300, "{prefetch:?}");

    // A change takes what was fetched; the next one who comes reads it anew.
    let (last, files) = &shoots[50];
    opened.commit(vec![Mutation::RemoveFile(place(*last, "0.jpg"))]);
    let children = store.view().named(*last, b"", 64).unwrap();
    let ids: Vec<_> = children.iter().map(|(_, child)| child.id).collect();
    assert_eq!(ids, files[1..].iter().map(|file| metafs::ChildId::File(metafs::FileId(file.0))).collect::<Vec<_>>());
    let wasted = store.caches().prefetch.wasted;
    assert!((1..=5).contains(&wasted), "{wasted}");

    // Where others want memory it goes, and for a while no more is fetched.
    store.trim();
    let Prefetch { fetched, hits, wasted } = store.caches().prefetch;
    assert_eq!(fetched, hits + wasted);
    for (dir, files) in &shoots[51..] {
        visit(store, *dir, files);
    }
    assert_eq!(store.caches().prefetch.fetched, fetched);
}

#[test]
fn what_is_fetched_ahead_keeps_to_its_room_and_can_be_switched_off() {
    let dir = tempfile::tempdir().unwrap();
    let opened = open(dir.path());
    let shoots = shoots(&opened, 60, 20);
    drop(opened);
    for (records, expected) in [(Some(0), 0..=0), (Some(30), 31..=60 * 21)] {
        let config = StoreConfig { prefetch_records: records, ..config(dir.path()) };
        let (store, _) = SledStore::open(config, Box::new(|_| ())).unwrap();
        for (dir, files) in &shoots {
            // What has no room waits until something is used.
            let view = store.view();
            view.named(*dir, b"", 64).unwrap();
            for file in files {
                assert!(metafs::View::entry(&view, metafs::FileId(file.0)).unwrap().is_some());
                let (_, ahead) = store.shared.cache.usage();
                // Each thread may have been at one when the room was full.
                assert!(ahead.fetched - ahead.hits - ahead.wasted <= 30 + 32, "{ahead:?}");
            }
        }
        assert!(expected.contains(&store.caches().prefetch.fetched), "{records:?} {:?}", store.caches());
    }
}

#[test]
fn a_run_of_records_in_the_order_of_their_numbers_is_decoded_ahead() {
    let dir = tempfile::tempdir().unwrap();
    let opened = open(dir.path());
    let series = opened.store.new_dir();
    let mut batch = vec![put_dir(series, DirId::TOP, "series")];
    let slices: Vec<_> = (1..=120).map(|n| (opened.store.new_file(), format!("slice_{n}"))).collect();
    for (file, name) in &slices {
        batch.push(Mutation::PutFile { dir: series, entry: file_entry(name, *file, file.0, 1) });
        batch.push(result(*file, place(series, name), "Sea"));
    }
    opened.commit(batch);
    for (file, _) in &slices {
        assert!(opened.store.file(*file).unwrap().is_some());
        while !opened.store.shared.ahead.is_idle() {
            std::thread::yield_now();
        }
    }
    let Caches { records, prefetch, .. } = opened.store.caches();
    assert!(records.misses <= 8, "{records:?}");
    assert!(prefetch.hits >= 112 && prefetch.fetched <= prefetch.hits + 8, "{prefetch:?}");
}

#[test]
fn a_look_into_a_directory_and_at_a_name_that_is_missing_is_told() {
    use std::sync::{Mutex, PoisonError};

    use metafs::View;

    let dir = tempfile::tempdir().unwrap();
    let opened = open(dir.path());
    let home = opened.store.new_dir();
    opened.commit(vec![put_dir(home, DirId::TOP, "home")]);
    let looks = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&looks);
    let tell = move |dir| told.lock().unwrap_or_else(PoisonError::into_inner).push(dir);
    let view = opened.store.view().telling(Box::new(tell));
    view.child(metafs::DirId::TOP, b"home").unwrap().unwrap();
    view.children(metafs::DirId(home.0), b"a", 9).unwrap();
    assert_eq!(*looks.lock().unwrap(), [], "neither who passes through nor who goes on looks into it");
    view.children(metafs::DirId(home.0), b"", 9).unwrap();
    view.child(metafs::DirId::TOP, b"a.jpg").unwrap();
    assert_eq!(*looks.lock().unwrap(), [home, DirId::TOP]);
}

#[test]
fn a_store_in_memory_keeps_what_a_disk_would() {
    let disk = MemoryDisk::default();
    let (store, report) = MemoryStore::open(&disk).unwrap();
    assert!(report.created);
    let home = store.new_dir();
    let file = store.new_file();
    let first = store.commit(vec![
        put_dir(home, DirId::TOP, "home"),
        Mutation::PutFile { dir: home, entry: file_entry("a.jpg", file, 9, 1) },
        result(file, place(home, "a.jpg"), "Sea"),
    ]);
    assert_eq!(store.dir(home).unwrap(), None);
    disk.set_full(true);
    assert!(matches!(store.write(), Err(StoreError::Write { .. })));
    disk.set_full(false);
    let told = store.write().unwrap();
    assert!(matches!(&told[..], [StoreEvent::Committed { commit, changed }] if *commit == first && changed.len() == 3));
    let counts = store.counts();

    let second = store.commit(vec![Mutation::RemoveDir(home)]);
    assert!(matches!(store.sync(), Ok(StoreEvent::Durable { commit }) if commit == first));
    assert!(matches!(&store.write().unwrap()[..], [StoreEvent::Committed { commit, .. }] if *commit == second));
    assert_eq!((store.path(home).unwrap(), disk.unsynced()), (None, 1));

    // A power cut takes the removal away; a process that is killed does not.
    let (cut, report) = MemoryStore::open(&disk.survivor(0)).unwrap();
    assert!(!report.created);
    assert_eq!((cut.path(home).unwrap().unwrap(), cut.counts()), (b"/home".to_vec(), counts));
    assert_eq!(cut.file(file).unwrap().unwrap().place, place(home, "a.jpg"));
    let (killed, _) = MemoryStore::open(&disk.survivor(1)).unwrap();
    assert_eq!(killed.path(home).unwrap(), None);
    while killed.is_busy() {
        assert!(killed.write().unwrap().is_empty());
    }
    assert_eq!((killed.counts(), killed.file(file).unwrap()), (Counts::default(), None));

    disk.stop_after(0);
    assert!(store.is_busy() && store.write().is_err() && store.sync().is_err());
}

/// How often a store is put to sleep and woken: a few times, or as often as a long test says.
fn rounds(variable: &str, few: usize) -> usize {
    std::env::var(variable).map_or(few, |rounds| rounds.parse().unwrap())
}

#[test]
fn where_others_want_memory_records_go_and_the_store_sleeps_soon() {
    let dir = tempfile::tempdir().unwrap();
    let config = StoreConfig { sleep_after: Duration::from_secs(3600), ..config(dir.path()) };
    let (store, report) = SledStore::open(config, Box::new(|_| ())).unwrap();
    assert!(report.created);
    let (home, file) = (store.new_dir(), store.new_file());
    let put = Mutation::PutFile { dir: home, entry: file_entry("a", file, 9, 1) };
    store.commit(vec![put_dir(home, DirId::TOP, "home"), put, result(file, place(home, "a"), "a name")]);
    while store.file(file).unwrap().is_none() {
        std::thread::yield_now();
    }
    assert!(store.file(file).unwrap().is_some() && store.caches().records.bytes > 0);
    store.trim();
    assert_eq!(store.caches().records.bytes, 0);
    while store.rest() != Rest::Asleep {
        std::thread::yield_now();
    }
    assert!(store.file(file).unwrap().is_some(), "and wakes for whoever comes");
    assert_eq!(store.rest(), Rest::Awake);
}

#[test]
fn a_store_that_nobody_uses_sleeps_and_the_next_one_wakes_it() {
    let dir = tempfile::tempdir().unwrap();
    let config = StoreConfig { sleep_after: Duration::ZERO, ..config(dir.path()) };
    let (sender, events) = channel();
    let (store, _) = SledStore::open(config, Box::new(move |event| _ = sender.send(event))).unwrap();
    let opened = Opened { store, report: OpenReport { created: true, repaired: None, set_aside: None }, events };
    let home = opened.store.new_dir();
    opened.commit(vec![put_dir(home, DirId::TOP, "home")]);
    let store = Arc::new(opened.store);
    let asleep = || {
        while store.rest() != Rest::Asleep {
            std::thread::yield_now();
        }
    };
    // Threads that live on keep what they deferred: it must not keep the files.
    let (ask, asked) = (0..4)
        .map(|_| {
            let (ask, asked) = channel::<FileId>();
            let (answer, answered) = channel();
            let store = store.clone();
            std::thread::spawn(move || {
                for file in asked {
                    answer.send((store.file(file), store.dir(DirId::TOP))).unwrap();
                }
            });
            (ask, answered)
        })
        .collect::<(Vec<_>, Vec<_>)>();
    let mut files = Vec::new();
    for round in 0..rounds("STORE_SLEEPS", 30) {
        asleep();
        let file = store.new_file();
        let name = format!("{round}");
        let put = Mutation::PutFile { dir: home, entry: file_entry(&name, file, 9, 1) };
        let commit = store.commit(vec![put, result(file, place(home, &name), &format!("a name of {round}"))]);
        files.push(file);
        loop {
            match opened.events.recv().unwrap() {
                StoreEvent::Durable { commit: durable } if durable == commit => break,
                StoreEvent::Trouble { text, .. } => panic!("{text}"),
                _ => {}
            }
        }
        asleep();
        assert_eq!(store.counts().indexed, round as u64 + 1);
        // Asking for totals wakes nobody.
        assert_eq!(store.rest(), Rest::Asleep);
        assert_eq!(store.caches().records.bytes, 0);
        let some = files[round * 7 % files.len()];
        ask.iter().for_each(|ask| ask.send(some).unwrap());
        for answer in &asked {
            let (found, top) = answer.recv().unwrap();
            assert_eq!(found.unwrap().unwrap().place.dir, home);
            assert_eq!(top.unwrap().unwrap().entries.len(), 1);
        }
    }
    asleep();
    store.commit(vec![Mutation::RemoveDir(home)]);
    while store.counts() != Counts::default() {
        std::thread::yield_now();
    }
    asleep();
    assert_eq!(store.path(home).unwrap(), None);
}
