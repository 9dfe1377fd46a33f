//! Measures the store: `cargo run --release --example store_load -- DIR [FILES [CYCLES [SLEEPS]]]`. DIR must be new or
//! empty.
//! CYCLES is how often a tenth of all records is changed, with the time the store needs to look after itself.

use std::{
    sync::mpsc::channel,
    time::{Duration, Instant},
};

use metaextract::{Limits, Record};
use metaextractd::{
    codec::Encoded,
    model::{
        Access, Cost, DirId, DirRow, EntryRow, FileId, FileResult, FileRow, FileState, Fingerprint, FsId, Identity,
        Mutation, Node, Place, PolicyId, ReaderId, Stamp,
    },
    store::{CommitId, Rest, Rows, SledStore, Store, StoreConfig, StoreEvent},
};

const ACCESS: Access = Access { uid: 1000, gid: 1000, mode: 0o644 };
/// Files in a directory.
const EACH: u64 = 12;

fn fingerprint(n: u64) -> Fingerprint {
    let time = 1_700_000_000_000_000_000 + n as i64 * 1_000_003;
    let stamp = Stamp { size: 100_000 + n, mtime: time, ctime: time + 5 };
    Fingerprint { stamp, reader: ReaderId(7), policy: PolicyId(9) }
}

fn identity(n: u64) -> Identity {
    Identity { fs: FsId(0x1234_5678_9abc), inode: 1_000_000 + n, born: Some(1_690_000_000_000_000_000 + n as i64) }
}

fn name(n: u64) -> Box<[u8]> {
    format!("IMG_{n:06}.jpg").into_bytes().into()
}

/// As a photograph has them: many tags, few of them its own.
fn record(n: u64) -> Encoded {
    let mut record = Record::new(&Limits::default());
    record.set_file_type("JPEG", "JPG", "image/jpeg");
    record.put("IFD0", "Make", "Canon");
    record.put("IFD0", "Model", "Canon EOS 5D Mark III");
    for tag in ["ISO", "FNumber", "FocalLength", "ExposureProgram", "MeteringMode", "Flash", "ColorSpace"] {
        record.put_printed("ExifIFD", tag, n % 17, format!("{tag} {}", n % 17));
    }
    record.put("ExifIFD", "DateTimeOriginal", format!("2024:05:17 10:{:02}:{:02}", n / 60 % 60, n % 60));
    record.put("ExifIFD", "ImageUniqueID", blake3::hash(&n.to_le_bytes()).to_hex()[..32].to_owned());
    record.finish();
    Encoded::from(&record)
}

fn put_dir(id: DirId, parent: DirId, name: &str) -> Mutation {
    let row = DirRow { id, parent, name: name.as_bytes().into(), access: ACCESS };
    Mutation::PutDir { row, identity: identity(u64::from(id.0) << 32) }
}

fn put_file(dir: DirId, id: FileId, n: u64) -> Mutation {
    let node = Node::File(FileRow { id, fingerprint: fingerprint(n), state: FileState::Pending, links: 1 });
    Mutation::PutFile { dir, entry: EntryRow { name: name(n), identity: identity(n), access: ACCESS, node } }
}

fn result(dir: DirId, file: FileId, n: u64) -> Mutation {
    Mutation::PutResult {
        file,
        place: Place { dir, name: name(n) },
        fingerprint: fingerprint(n),
        result: Box::new(FileResult::Record(record(n))),
        cost: Cost { cpu_us: 300, wall_us: 400, read: 65_536, ..Cost::default() },
        attempts: 0,
    }
}

fn pss() -> u64 {
    let text = std::fs::read_to_string("/proc/self/smaps_rollup").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("Pss:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

#[expect(clippy::print_stdout, clippy::unwrap_used, clippy::too_many_lines, reason = "a program for people")]
fn main() {
    metaextractd::malloc::set_up();
    let mut args = std::env::args().skip(1);
    let dir = args.next().unwrap();
    let files: u64 = args.next().map_or(100_000, |n| n.parse().unwrap());
    let cycles: u64 = args.next().map_or(0, |n| n.parse().unwrap());
    let sleeps: u64 = args.next().map_or(10, |n| n.parse().unwrap());
    println!("PSS before: {} KiB", pss());
    let open = || {
        let (sender, events) = channel();
        let start = Instant::now();
        let config = StoreConfig { sleep_after: Duration::from_secs(1), ..StoreConfig::new(&dir) };
        let store = SledStore::open(config, Box::new(move |event| _ = sender.send(event))).unwrap().0;
        println!("open: {:?}, PSS {} KiB", start.elapsed(), pss());
        (store, events)
    };
    let (store, events) = open();
    let until = |wanted: CommitId, durable: bool| {
        loop {
            match events.recv().unwrap() {
                StoreEvent::Committed { commit, .. } if commit == wanted && !durable => return,
                StoreEvent::Durable { commit } if commit == wanted && durable => return,
                StoreEvent::Trouble { text, .. } => panic!("{text}"),
                _ => {}
            }
        }
    };

    let start = Instant::now();
    // Kept by no list, which would count as memory of the store: a new one gives its numbers in order.
    let id_of = |n: u64| (DirId(DirId::TOP.0 + 1 + (n / EACH) as u32), FileId(1 + n), n);
    let mut last = CommitId(0);
    for first in (0..files).step_by(EACH as usize) {
        let parent = store.new_dir();
        let mut batch = vec![put_dir(parent, DirId::TOP, &format!("dir{first}"))];
        for n in first..files.min(first + EACH) {
            let id = store.new_file();
            assert_eq!((parent, id), (id_of(n).0, id_of(n).1));
            batch.push(put_file(parent, id, n));
        }
        last = store.commit(batch);
        if last.0.is_multiple_of(64) {
            until(last, false);
        }
    }
    until(last, false);
    let took = start.elapsed();
    let entries = files as f64 / took.as_secs_f64();
    println!("entries: {took:?}, {entries:.0} files/s, PSS {} KiB", pss());

    let start = Instant::now();
    for first in (0..files).step_by(64) {
        let some = (first..files.min(first + 64)).map(id_of);
        last = store.commit(some.map(|(dir, file, n)| result(dir, file, n)).collect());
        if last.0.is_multiple_of(64) {
            until(last, false);
        }
    }
    until(last, false);
    let took = start.elapsed();
    let results = files as f64 / took.as_secs_f64();
    println!("results: {took:?}, {results:.0} files/s, PSS {} KiB", pss());
    let start = Instant::now();
    until(last, true);
    println!("durable after {:?}", start.elapsed());

    let mut times: Vec<Duration> = (0..500_u64)
        .map(|n| {
            let (dir, file, n) = id_of((n * 7_919) % files);
            let batch = vec![result(dir, file, n)];
            let start = Instant::now();
            let commit = store.commit(batch);
            until(commit, false);
            start.elapsed()
        })
        .collect();
    times.sort();
    println!("one result, idle: median {:?}, p99 {:?}", times[250], times[495]);
    let start = Instant::now();
    for n in 0..20_000_u64 {
        assert!(store.file(id_of((n * 7_919) % files).1).unwrap().is_some());
    }
    let (get, awake) = (start.elapsed() / 20_000, pss());
    println!("get: {get:?}");
    let start = Instant::now();
    let mut from = Some(DirId::TOP);
    while let Some(dir) = from {
        let (found, next) = store.scan(dir, 1_000, &|state| state == FileState::Pending).unwrap();
        assert!(found.is_empty());
        from = next;
    }
    let scan = start.elapsed();
    println!("scan for pending: {scan:?}");

    let large = files.min(100_000);
    let many = store.new_dir();
    let mut batch = vec![put_dir(many, DirId::TOP, "many")];
    batch.extend((0..large).map(|n| put_file(many, store.new_file(), n)));
    let start = Instant::now();
    until(store.commit(batch), false);
    println!("one directory of {large}: {:?}", start.elapsed());
    let start = Instant::now();
    until(store.commit(vec![put_dir(many, DirId::TOP, "renamed")]), false);
    let renamed = start.elapsed();
    println!("renamed: {renamed:?}");
    let start = Instant::now();
    assert_eq!(store.dir(many).unwrap().unwrap().entries.len() as u64, large);
    println!("read whole: {:?}", start.elapsed());
    let start = Instant::now();
    until(store.commit(vec![Mutation::RemoveDir(many)]), false);
    println!("removed: {:?}", start.elapsed());
    while store.counts().files > files {
        std::thread::yield_now();
    }
    println!("cleared: {:?}, PSS {} KiB", start.elapsed(), pss());
    let size = || std::fs::metadata(format!("{dir}/rows/db")).map_or(0, |file| file.len()) >> 20;
    let asleep = || {
        while store.rest() != Rest::Asleep {
            std::thread::sleep(Duration::from_millis(20));
        }
    };

    let (first, mut most) = (size(), size());
    for cycle in 0..cycles {
        let start = Instant::now();
        for first in (cycle % 10..files).step_by(640) {
            let some = (first..files.min(first + 640)).step_by(10).map(id_of);
            last = store.commit(some.map(|(dir, file, n)| result(dir, file, n + cycle + 1)).collect());
            if last.0.is_multiple_of(64) {
                until(last, false);
            }
        }
        until(last, true);
        let (took, grown) = (start.elapsed(), size());
        most = most.max(grown);
        // It sleeps when it has nothing left to do.
        asleep();
        println!("a tenth changed: {took:?}, {grown} MiB, {} MiB once it sleeps, PSS {} KiB", size(), pss());
    }
    asleep();
    let rest = pss();
    println!("asleep: PSS {rest} KiB, {} MiB", size());
    let mut wakes = Vec::new();
    let before = pss();
    for n in 0..sleeps {
        let start = Instant::now();
        assert!(store.file(id_of((n * 7_919) % files).1).unwrap().is_some());
        wakes.push(start.elapsed());
        asleep();
    }
    wakes.sort();
    if let (Some(median), Some(worst)) = (wakes.get(wakes.len() / 2), wakes.last()) {
        println!("woken {sleeps} times: median {median:?}, at most {worst:?}, PSS {before} then {} KiB", pss());
    }
    store.close().unwrap();
    drop(store);
    println!("closed: PSS {} KiB, {} MiB", pss(), size());
    drop(open());
    let start = Instant::now();
    drop(open());
    println!(
        "{files} files: {entries:.0} entries/s, {results:.0} results/s, {first} MiB, at most {most} MiB over {cycles} cycles of \
         a tenth changed, PSS {awake} KiB awake and {rest} KiB asleep, get {get:?}, scan {scan:?}, {large} files renamed \
         {renamed:?}, woken {:?}, opened and closed {:?}",
        wakes.get(wakes.len() / 2).copied().unwrap_or_default(),
        start.elapsed(),
    );
}
