//! What the store does for itself: written anew, walked over, mended. Against a directory of its own.

use std::{
    collections::BTreeSet,
    fs,
    sync::{
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, channel},
    },
    time::Instant,
};

use super::{
    dictionary::SAMPLES,
    group::Work,
    lease::Place as Rows_,
    rebuild::Rebuild,
    schema::{meta, page_key, record_key},
    tables::{Changes, Table},
    tests::{config, file_entry, open, place, put_dir, result},
    *,
};

/// A smaller file is left as it is.
const FLOOR: u64 = 2 << 20;

/// A store that is quick to look after itself.
fn eager(dir: &Path) -> (SledStore, Receiver<StoreEvent>) {
    let config = StoreConfig { quiet: Duration::from_millis(20), rebuild_above: FLOOR, ..config(dir) };
    let (sender, events) = channel();
    let (store, _) = SledStore::open(config, Box::new(move |event| _ = sender.send(event))).unwrap();
    (store, events)
}

/// Waits for an event; trouble is none of them, unless it is wanted.
fn until(events: &Receiver<StoreEvent>, wanted: impl Fn(&StoreEvent) -> bool) -> StoreEvent {
    loop {
        match events.recv_timeout(Duration::from_secs(120)).unwrap() {
            event if wanted(&event) => return event,
            StoreEvent::Trouble { text, .. } => panic!("{text}"),
            _ => {}
        }
    }
}

fn durable(store: &SledStore, events: &Receiver<StoreEvent>, batch: Vec<Mutation>) {
    let wanted = store.commit(batch);
    until(events, |event| matches!(event, StoreEvent::Durable { commit } if *commit >= wanted));
}

/// A text of this number that does not compress.
fn noise(n: u64, len: usize) -> String {
    (0..)
        .map(|part: u64| blake3::hash(&[n, part].map(u64::to_le_bytes).concat()).to_hex().to_string())
        .take(len)
        .collect()
}

/// Directories of 40 files each with their records, one of them large.
fn fill(store: &SledStore, dirs: u64) -> (Vec<Mutation>, Vec<(DirId, FileId, String)>) {
    let (mut batch, mut files) = (Vec::new(), Vec::new());
    for n in 0..dirs {
        let dir = store.new_dir();
        batch.push(put_dir(dir, DirId::TOP, &format!("dir{n}")));
        for m in 0..40 {
            let (file, name) = (store.new_file(), format!("{m}.jpg"));
            batch.push(Mutation::PutFile { dir, entry: file_entry(&name, file, file.0, 1) });
            let text = if files.is_empty() { noise(0, 3_000) } else { format!("{n} {m}") };
            batch.push(result(file, place(dir, &name), &text));
            files.push((dir, file, name));
        }
    }
    (batch, files)
}

/// All that can be read.
fn dump(store: &SledStore, files: &[(DirId, FileId, String)]) -> Vec<String> {
    let dirs: BTreeSet<DirId> = files.iter().map(|file| file.0).collect();
    let dirs = dirs.into_iter().map(|dir| format!("{:?}", store.dir(dir).unwrap()));
    let rows = files.iter().map(|file| format!("{:?}", store.file(file.1).unwrap()));
    dirs.chain(rows).chain([format!("{:?}", store.counts())]).collect()
}

#[test]
fn rebuilding_loses_nothing_wherever_it_stops() {
    let dir = tempfile::tempdir().unwrap();
    let opened = open(dir.path());
    let (batch, files) = fill(&opened.store, 20);
    opened.commit(batch);
    let expected = dump(&opened.store, &files);
    drop(opened);
    let store = dir.path().join("store");
    for stop in 0..7 {
        let opened = open(dir.path());
        let mut touched = BTreeSet::new();
        let shared = &opened.store.shared;
        let mut rebuild = Rebuild::begin(&store, 1 << 20, &shared.unpacker).unwrap();
        let mut steps = if stop == 0 {
            0
        } else if stop == 1 {
            2
        } else {
            usize::MAX
        };
        while steps > 0 && !rebuild.step(&shared.lease.tables().unwrap(), &mut touched, &shared.unpacker).unwrap() {
            steps -= 1;
        }
        if stop < 3 {
            drop(rebuild);
            drop(opened);
        } else {
            let complete = rebuild.complete().unwrap();
            drop(opened);
            match stop {
                3 => {}
                4 => fs::rename(store.join("rows"), store.join("rows.old")).unwrap(),
                5 => complete.swap().unwrap(),
                // A swap that broke off and left the one before, too.
                _ => {
                    complete.swap().unwrap();
                    fs::create_dir(store.join("rows.new")).unwrap();
                }
            }
        }
        let opened = open(dir.path());
        assert_eq!(dump(&opened.store, &files), expected, "stopped at {stop}");
        let left: BTreeSet<_> = fs::read_dir(&store).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["lock", "rows"].map(Into::into).into(), "stopped at {stop}");
        assert!(
            store.join("rows/made").exists(),
            "stopped at {stop}: one that is emptied is to be told from a new one"
        );
    }
}

#[test]
fn cycles_of_change_do_not_grow_the_file_without_bound() {
    let dir = tempfile::tempdir().unwrap();
    let (store, events) = eager(dir.path());
    let (batch, files) = fill(&store, 15);
    durable(&store, &events, batch);
    let store = Arc::new(store);
    let stop = Arc::new(AtomicBool::new(false));
    // Somebody reads all the time, and waits only moments.
    let reader = std::thread::spawn({
        let (store, stop, files) = (store.clone(), stop.clone(), files.clone());
        move || {
            let mut longest = Duration::ZERO;
            for (dir, file, name) in files.iter().cycle() {
                let start = Instant::now();
                assert!(store.file(*file).unwrap().is_some());
                assert!(store.entry(*dir, name.as_bytes()).unwrap().is_some());
                longest = longest.max(start.elapsed());
                if stop.load(Ordering::Relaxed) {
                    return longest;
                }
            }
            longest
        }
    });
    let size = || fs::metadata(dir.path().join("store/rows/db")).map_or(0, |file| file.len());
    let (mut last, mut shrunk) = (0, 0);
    for cycle in 0..20_u64 {
        let change = |(dir, file, name): &(DirId, FileId, String)| {
            result(*file, place(*dir, name), &format!("{cycle} {}", noise(file.0 + cycle, 3)))
        };
        durable(&store, &events, files.iter().map(change).collect());
        // Left alone it comes back to its bound.
        let began = Instant::now();
        loop {
            let live = walked(&store);
            let bound = (live * 5 / 2).max(FLOOR);
            if live > 0 && size() <= bound + bound / 4 && store.rest() == Rest::Awake {
                break;
            }
            assert!(began.elapsed() < Duration::from_secs(60), "{} bytes for {live}", size());
            std::thread::yield_now();
        }
        shrunk += u32::from(size() < last);
        last = size();
    }
    stop.store(true, Ordering::Relaxed);
    let longest = reader.join().unwrap();
    assert!(longest < Duration::from_secs(5), "a reader waited {longest:?}");
    assert!(shrunk > 0, "{last} bytes after 20 cycles");
    let expected = dump(&store, &files);
    drop(store);
    assert_eq!(dump(&open(dir.path()).store, &files), expected);
}

#[test]
fn a_store_says_what_it_weighs_while_that_is_much_and_once_when_it_is_not() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _events) = eager(dir.path());
    let mut upkeep = upkeep::Upkeep::open(&store.shared).unwrap();
    let told = std::cell::RefCell::new(Vec::new());
    for (size, live) in [(100, 90), (300, 100), (310, 100), (150, 100), (120, 100), (201, 100)] {
        upkeep.weigh(size, live, &|event| match event {
            StoreEvent::Weighed { size, .. } => told.borrow_mut().push(size),
            other => panic!("{other:?}"),
        });
    }
    assert_eq!(told.into_inner(), [300, 310, 150, 201]);
}

/// Bytes of all rows.
fn walked(store: &SledStore) -> u64 {
    let tables = store.shared.lease.tables().unwrap();
    let bytes = |row: Result<(tables::Bytes, tables::Bytes), StoreError>| row.map(|row| row.0.len() + row.1.len());
    Table::ALL.iter().flat_map(|&table| tables.prefix(table, b"").map(bytes)).map(|len| len.unwrap() as u64).sum()
}

#[test]
fn records_get_a_dictionary_once_there_are_enough() {
    let dir = tempfile::tempdir().unwrap();
    let opened = open(dir.path());
    let (batch, files) = fill(&opened.store, SAMPLES / 20 + 5);
    opened.commit(batch);
    let number = |opened: &tests::Opened| opened.store.shared.unpacker.latest().map(|(number, _)| number);
    // Those that come now are packed with it.
    let (dir_of, file, name) = files.last().unwrap();
    opened.commit(vec![result(*file, place(*dir_of, name), "the last")]);
    assert_eq!(number(&opened), Some(1));
    let row = |opened: &tests::Opened| opened.store.shared.lease.tables().unwrap().row(*file).unwrap().unwrap();
    assert!(matches!(row(&opened).body, row::Body::Packed(row::Packed { dictionary: 1, .. })));
    let expected = dump(&opened.store, &files);
    drop(opened);
    let opened = open(dir.path());
    assert_eq!(number(&opened), Some(1));
    assert_eq!(dump(&opened.store, &files), expected);
}

/// Puts other bytes where a row was, as rot would.
fn damage(store: &SledStore, table: Table, key: &[u8]) {
    let mut changes = Changes::default();
    changes.put(table, key, Some(b"rot".to_vec()));
    store.shared.lease.tables().unwrap().commit(&changes).unwrap();
    store.shared.clear_caches();
}

#[test]
fn a_damaged_record_is_found_by_a_reader_and_by_the_walk_and_read_again() {
    let dir = tempfile::tempdir().unwrap();
    let (store, events) = eager(dir.path());
    let (batch, files) = fill(&store, 2);
    durable(&store, &events, batch);
    let state = |at: usize| {
        let (dir, _, name) = &files[at];
        match store.entry(*dir, name.as_bytes()).unwrap().unwrap().node {
            crate::model::Node::File(row) => row.state,
            crate::model::Node::Dir(_) => unreachable!(),
        }
    };
    damage(&store, Table::Records, &record_key(files[5].1));
    assert!(matches!(store.file(files[5].1), Err(StoreError::Damaged { .. })));
    until(&events, |event| matches!(event, StoreEvent::Mended { files: 1 }));
    assert_eq!((state(5), state(6)), (FileState::Pending, FileState::Indexed));
    // The large one lies beside the rows.
    let sides = fs::read_dir(dir.path().join("store/rows/side")).unwrap();
    sides.for_each(|side| fs::remove_file(side.unwrap().path()).unwrap());
    store.shared.clear_caches();
    assert!(store.file(files[0].1).is_err());
    until(&events, |event| matches!(event, StoreEvent::Mended { files: 1 }));
    assert_eq!(state(0), FileState::Pending);
    assert_eq!(store.counts().pending, 2);
    let put = |at: usize| result(files[at].1, place(files[at].0, &files[at].2), "anew");
    durable(&store, &events, vec![put(0), put(5)]);
    assert_eq!(store.counts().pending, 0);

    // Nobody reads it; all rows are looked at when they have not been for long.
    damage(&store, Table::Records, &record_key(files[7].1));
    let mut long_ago = Changes::default();
    long_ago.put(Table::Meta, meta::LIVE, None);
    store.shared.lease.tables().unwrap().commit(&long_ago).unwrap();
    store.close().unwrap();
    drop(store);
    let (store, events) = eager(dir.path());
    until(&events, |event| matches!(event, StoreEvent::Mended { files: 1 }));
    assert_eq!(store.counts().pending, 1);
}

#[test]
fn damage_that_a_reader_meets_has_the_store_set_aside() {
    let dir = tempfile::tempdir().unwrap();
    let (store, events) = eager(dir.path());
    let (batch, files) = fill(&store, 2);
    durable(&store, &events, batch);
    damage(&store, Table::Dirs, &page_key(files[0].0, b""));
    assert!(matches!(store.dir(files[0].0), Err(StoreError::Damaged { .. })));
    until(&events, |event| matches!(event, StoreEvent::Trouble { fatal: true, .. }));
    drop(store);
    let opened = open(dir.path());
    let (aside, _) = opened.store.report().set_aside.clone().unwrap();
    assert!(aside.join("db").exists());
    assert_eq!(opened.store.counts(), Counts::default());
}

#[test]
fn totals_follow_the_rows_when_commits_were_lost() {
    let dir = tempfile::tempdir().unwrap();
    let opened = open(dir.path());
    let home = opened.store.new_dir();
    opened.commit(vec![put_dir(home, DirId::TOP, "home")]);
    let shared = &opened.store.shared;
    let before = shared.lease.tables().unwrap().get(Table::Meta, meta::STATE).unwrap();
    let away = opened.store.new_dir();
    opened.commit(vec![put_dir(away, DirId::TOP, "away"), Mutation::RemoveDir(home)]);
    // As a disk that failed and came back has it.
    let mut lost = Changes::default();
    lost.put(Table::Meta, meta::STATE, before.map(|bytes| bytes.to_vec()));
    lost.put(Table::Meta, &meta::key(meta::HIDDEN, &away.0.to_be_bytes()), Some(Vec::new()));
    shared.lease.tables().unwrap().commit(&lost).unwrap();
    shared.reload().unwrap();
    assert_eq!(opened.store.counts().directories, 1);
    assert_eq!(opened.store.path(away).unwrap(), None);
    // No number is given twice.
    assert!(opened.store.new_dir() > away);
}

#[test]
fn rows_are_found_under_their_place_only() {
    let dir = tempfile::tempdir().unwrap();
    let place = Rows_ { rows: dir.path().join("rows"), cache_bytes: 1 << 20 };
    let tables = place.open().unwrap();
    for key in [&b"a"[..], b"a\xff", b"a\xff\xff", b"b", b"\xff", b"\xff\xff"] {
        let mut changes = Changes::default();
        changes.put(Table::Links, key, Some(Vec::new()));
        tables.commit(&changes).unwrap();
    }
    let found = |prefix: &[u8]| tables.prefix(Table::Links, prefix).count();
    assert_eq!([&b""[..], b"a", b"a\xff", b"\xff", b"c"].map(found), [6, 3, 2, 2, 0]);
}

/// Reading it waits for a writer, who never comes.
fn put_a_snapshot_without_end(rows: &Path) {
    let snapshots = fs::read_dir(rows).unwrap().map(|entry| entry.unwrap().path());
    let snapshots = snapshots.filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with("snap."));
    let last = snapshots.max().unwrap_or_else(|| rows.join("snap.0000000000000001"));
    _ = fs::remove_file(&last);
    rustix::fs::mkfifoat(rustix::fs::CWD, &last, 0o600.into()).unwrap();
}

#[test]
fn a_store_whose_opening_does_not_end_is_set_aside() {
    let dir = tempfile::tempdir().unwrap();
    let config =
        StoreConfig { open_within: Duration::from_millis(300), sleep_after: Duration::ZERO, ..config(dir.path()) };
    let open = || {
        let (sender, events) = channel();
        SledStore::open(config.clone(), Box::new(move |event| _ = sender.send(event))).map(|opened| (opened.0, events))
    };
    let rows = dir.path().join("store/rows");
    // When it wakes.
    let (store, events) = open().unwrap();
    let (batch, files) = fill(&store, 2);
    durable(&store, &events, batch);
    while store.rest() != Rest::Asleep {
        std::thread::yield_now();
    }
    put_a_snapshot_without_end(&rows);
    let error = store.dir(files[0].0).unwrap_err();
    assert!(matches!(&error, StoreError::Damaged { what } if what.contains("does not come to an end")), "{error}");
    until(&events, |event| matches!(event, StoreEvent::Trouble { fatal: true, .. }));
    drop(store);
    let (store, events) = open().unwrap();
    let (aside, what) = store.report().set_aside.clone().unwrap();
    assert!(aside.join("db").exists() && what.contains("does not come to an end"), "{what}");
    let (batch, _) = fill(&store, 2);
    durable(&store, &events, batch);
    drop(store);
    // At a start; the next one, which is another process, has it set aside.
    put_a_snapshot_without_end(&rows);
    assert!(matches!(open(), Err(StoreError::Endless)));
    let (store, _) = open().unwrap();
    assert!(store.report().set_aside.is_some());
    assert_eq!(store.counts(), Counts::default());
}

#[test]
fn rot_in_a_sleeping_store_is_told_or_harmless() {
    for round in 0..12_usize {
        let dir = tempfile::tempdir().unwrap();
        let config = StoreConfig { sleep_after: Duration::ZERO, quiet: Duration::from_secs(600), ..config(dir.path()) };
        let (sender, events) = channel();
        let (store, _) = SledStore::open(config, Box::new(move |event| _ = sender.send(event))).unwrap();
        let (batch, files) = fill(&store, 5);
        durable(&store, &events, batch);
        while store.rest() != Rest::Asleep {
            std::thread::yield_now();
        }
        let rows = dir.path().join("store/rows");
        for file in fs::read_dir(&rows).unwrap().map(|file| file.unwrap().path()) {
            let name = file.file_name().unwrap().to_str().unwrap().to_owned();
            if name == "db" || name.starts_with("snap.") {
                let mut bytes = fs::read(&file).unwrap();
                bytes.iter_mut().skip(100).step_by(97 + 300 * round).for_each(|byte| *byte ^= 0x10);
                fs::write(&file, bytes).unwrap();
            }
        }
        // Whoever asks meets it, or it is in nothing he asks for.
        let answers: Vec<_> = files.iter().map(|file| store.dir(file.0).map(|rows| assert!(rows.is_some()))).collect();
        let failed: Vec<_> = answers.into_iter().filter_map(Result::err).collect();
        if !failed.is_empty() {
            assert!(matches!(failed[0], StoreError::Damaged { .. }), "{failed:?}");
            until(&events, |event| matches!(event, StoreEvent::Trouble { fatal: true, .. }));
        }
    }
}

impl SledStore {
    /// Commits changes as the writer does, which must have nothing to do, and gives how many rows were written.
    pub(crate) fn rows_written(&self, batch: Vec<Mutation>) -> usize {
        let mut work = Work::new(&self.shared).unwrap();
        work.tools.touched = Some(BTreeSet::new());
        work.push(CommitId(u64::MAX), batch);
        while !work.is_empty() {
            work.write(&self.shared, &|_| {}).unwrap();
        }
        work.tools.touched.unwrap().len()
    }
}
