//! A process that writes a store until it is ended, and what must be true of what it leaves.

use std::{
    collections::BTreeMap,
    ffi::OsStr,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, Command, Stdio},
    sync::{Mutex, PoisonError, mpsc},
    thread,
};

use metaextract::{Limits, Record};
use metaextractd::{
    model::{
        Access, Cost, DirId, DirRow, EntryRow, FileId, FileResult, FileRow, FileState, Fingerprint, FsId, Identity,
        Mutation, Node, Place, PolicyId, ReaderId, Stamp,
    },
    store::{Rows, SledStore, Store, StoreConfig, StoreEvent},
};
use rustix::process::{Pid, Signal, kill_process};

const ACCESS: Access = Access { uid: 1, gid: 1, mode: 0o644 };
/// Set for the process that writes.
const CHILD: &str = "STORE_KILL_DIR";

fn config(dir: &Path) -> StoreConfig {
    StoreConfig { min_free_bytes: 0, ..StoreConfig::new(dir.join("store")) }
}

fn identity(inode: u64) -> Identity {
    Identity { fs: FsId(1), inode, born: None }
}

/// More than a row holds: it becomes a file beside the rows.
fn noise(file: FileId) -> String {
    let words = (0..3_000_u64).map(|part| blake3::hash(&[file.0, part].map(u64::to_le_bytes).concat()).to_hex());
    words.map(|word| word.to_string()).collect()
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
        if n == 0 {
            record.put("XMP-dc", "Description", noise(id));
        }
        record.finish();
        let result = Box::new(FileResult::Record((&record).into()));
        let place = Place { dir, name };
        batch.push(Mutation::PutResult { file: id, place, fingerprint, result, cost: Cost::default(), attempts: 0 });
    }
    if let Some(old) = dir.0.checked_sub(5).map(DirId).filter(|&old| old > DirId::TOP) {
        batch.push(Mutation::RemoveDir(old));
    }
    batch
}

/// Writes until it is ended; says on standard output what is durable.
fn write_for_ever(dir: &Path) -> ! {
    let (sender, events) = mpsc::channel();
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

/// To be called first by a test that starts a [`Writer`]: does not return in that process.
pub fn write_if_child() {
    if let Some(dir) = std::env::var_os(CHILD) {
        write_for_ever(Path::new(&dir));
    }
}

/// Held while a process is started and while a store is closed: until it is another program, a new process has what this one
/// has open, a store's lock among it.
static STARTING: Mutex<()> = Mutex::new(());

/// A process that writes the store below a directory.
pub struct Writer {
    child: Child,
    durable: mpsc::Receiver<u32>,
}

impl Writer {
    /// Runs the test of this name again, `under` a program that runs others.
    pub fn start<S: AsRef<OsStr>>(test: &str, dir: &Path, under: &[S]) -> Self {
        let this = std::env::current_exe().unwrap();
        let program: Vec<&OsStr> = under.iter().map(AsRef::as_ref).chain([this.as_os_str()]).collect();
        let mut command = Command::new(program[0]);
        command.args(&program[1..]).args(["--exact", test, "--nocapture"]).env(CHILD, dir);
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        let starting = STARTING.lock().unwrap_or_else(PoisonError::into_inner);
        let mut child = command.spawn().unwrap();
        drop(starting);
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let (sender, durable) = mpsc::channel();
        thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                if let Some(dir) = line.split_once("durable ").and_then(|(_, dir)| dir.parse().ok()) {
                    _ = sender.send(dir);
                }
            }
        });
        Self { child, durable }
    }

    /// The last directory that is durable by now, once another one is; `None` if it has ended.
    pub fn next(&self) -> Option<u32> {
        let next = self.durable.recv().ok()?;
        Some(self.durable.try_iter().last().unwrap_or(next))
    }

    /// Kills it, and gives what was durable last.
    pub fn kill(mut self) -> Option<u32> {
        let id = self.child.id();
        // What runs it would let it live.
        let below = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap_or_default();
        let below = below.split_whitespace().next().and_then(|pid| Pid::from_raw(pid.parse().ok()?));
        // It may have ended meanwhile.
        match below {
            Some(below) => _ = kill_process(below, Signal::KILL),
            None => _ = self.child.kill(),
        }
        self.child.wait().unwrap();
        self.durable.iter().last()
    }
}

/// Opens the store below `dir`: what was promised is there, entries and records agree, no number is given twice.
pub fn check(dir: &Path, promised: Option<u32>) {
    let (store, report) = SledStore::open(config(dir), Box::new(|_| {})).unwrap();
    assert_eq!((&report.repaired, &report.set_aside), (&None, &None));
    let top = store.dir(DirId::TOP).unwrap().unwrap();
    let mut last = (DirId::TOP, FileId(0));
    let mut files = 0;
    for entry in &top.entries {
        let Node::Dir(id) = entry.node else { panic!("{entry:?}") };
        let rows = store.dir(id).unwrap().unwrap();
        last.0 = last.0.max(id);
        files += rows.entries.len() as u64;
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
                if title.starts_with("0 ") {
                    assert_eq!(record.find("XMP-dc", "Description").unwrap().raw.plain(), noise(row.id));
                }
            }
        }
    }
    if let Some(promised) = promised {
        assert!(last.0 >= DirId(promised), "{promised} was durable, the last is {}", last.0.0);
        assert!(files >= 150, "{files}");
    }
    // Removed directories are counted until they are cleared.
    assert!(store.counts().files >= files);
    assert!(store.new_dir() > last.0 && store.new_file() > last.1);
    let _starting = STARTING.lock().unwrap_or_else(PoisonError::into_inner);
    store.close().unwrap();
}

/// How often: a few times, or as often as a long test says.
pub fn rounds(variable: &str, few: u32) -> u32 {
    std::env::var(variable).map_or(few, |rounds| rounds.parse().unwrap())
}
