//! Whatever is done to it, the store on sled holds what the store of plain maps holds, also when it is opened again.

use std::{collections::BTreeSet, sync::mpsc::channel};

use proptest::prelude::*;

use super::{
    plain::{self, PlainStore},
    tests::{ACCESS, Opened, identity, open, place, record, stamp},
    *,
};
use crate::model::{Access, Cost, DirRow, FileResult, FileRow, Fingerprint, Node, PolicyId, ReaderId};

/// A step, its numbers still to be understood as one of what there is then.
#[derive(Debug, Clone)]
enum Step {
    PutDir {
        which: usize,
        parent: usize,
        name: u8,
        mode: u8,
    },
    /// Where it is, with other rights.
    ChangeDir {
        which: usize,
        mode: u8,
    },
    RemoveDir(usize),
    PutFile {
        which: usize,
        dir: usize,
        name: u8,
        row: Row,
    },
    /// More than one page.
    Fill {
        dir: usize,
        count: u8,
    },
    MoveFile {
        which: usize,
        dir: usize,
        name: u8,
        row: Row,
    },
    RemoveFile(usize),
    PutResult {
        which: usize,
        stamp: u8,
        failed: bool,
    },
    PutSuspect(usize),
    ClearSuspect(usize),
    PutNote(u8),
    Commit,
    Reopen,
}

#[derive(Debug, Clone)]
struct Row {
    stamp: u8,
    reader: u8,
    indexed: bool,
    links: u32,
    inode: u8,
}

fn row() -> impl Strategy<Value = Row> {
    (0..2_u8, 0..2_u8, any::<bool>(), 1..3_u32, 0..3_u8).prop_map(|(stamp, reader, indexed, links, inode)| Row {
        stamp,
        reader,
        indexed,
        links,
        inode,
    })
}

fn step() -> impl Strategy<Value = Step> {
    let n = 0..24_usize;
    prop_oneof![
        4 => (n.clone(), n.clone(), 0..4_u8, 0..2_u8)
            .prop_map(|(which, parent, name, mode)| Step::PutDir { which, parent, name, mode }),
        2 => (n.clone(), 0..2_u8).prop_map(|(which, mode)| Step::ChangeDir { which, mode }),
        1 => n.clone().prop_map(Step::RemoveDir),
        8 => (n.clone(), n.clone(), 0..6_u8, row())
            .prop_map(|(which, dir, name, row)| Step::PutFile { which, dir, name, row }),
        1 => (n.clone(), any::<u8>()).prop_map(|(dir, count)| Step::Fill { dir, count }),
        4 => (n.clone(), n.clone(), 0..6_u8, row())
            .prop_map(|(which, dir, name, row)| Step::MoveFile { which, dir, name, row }),
        3 => n.clone().prop_map(Step::RemoveFile),
        6 => (n.clone(), 0..2_u8, any::<bool>())
            .prop_map(|(which, stamp, failed)| Step::PutResult { which, stamp, failed }),
        1 => n.clone().prop_map(Step::PutSuspect),
        1 => n.prop_map(Step::ClearSuspect),
        1 => any::<u8>().prop_map(Step::PutNote),
        3 => Just(Step::Commit),
        1 => Just(Step::Reopen),
    ]
}

fn name(n: u8) -> Box<[u8]> {
    [b'a' + n].into()
}

/// Both stores, and all numbers ever given.
struct Pair {
    dir: tempfile::TempDir,
    sled: Option<Opened>,
    plain: PlainStore,
    told: std::sync::mpsc::Receiver<StoreEvent>,
    batch: Vec<Mutation>,
    changed: Vec<Changed>,
    dirs: BTreeSet<DirId>,
    files: BTreeSet<FileId>,
}

impl Pair {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (sender, told) = channel();
        Self {
            sled: Some(open(dir.path())),
            plain: PlainStore::new(Box::new(move |event| _ = sender.send(event))),
            dir,
            told,
            batch: Vec::new(),
            changed: Vec::new(),
            dirs: BTreeSet::from([DirId::TOP]),
            files: BTreeSet::new(),
        }
    }

    fn sled(&self) -> &Opened {
        self.sled.as_ref().unwrap()
    }

    /// One of the directories there are, or a new one.
    fn dir(&self, which: usize) -> Option<DirId> {
        let dirs = plain::dirs(&self.plain);
        dirs.iter().nth(which % (dirs.len() + 1)).copied()
    }

    fn some_dir(&self, which: usize) -> DirId {
        self.dir(which).unwrap_or(DirId::TOP)
    }

    fn file(&self, which: usize) -> Option<(FileId, Place, EntryRow)> {
        let files = plain::files(&self.plain);
        let (file, (place, entry)) = files.into_iter().nth(which)?;
        Some((file, place, entry))
    }

    fn mutate(&mut self, mutation: Mutation) {
        self.plain.commit(vec![mutation.clone()]);
        self.batch.push(mutation);
        for event in self.told.try_iter() {
            if let StoreEvent::Committed { changed, .. } = event {
                self.changed.extend(changed);
            }
        }
    }

    fn new_file(&mut self) -> FileId {
        let file = self.sled().store.new_file();
        self.files.insert(file);
        file
    }

    fn entry(&self, id: FileId, name: Box<[u8]>, row: &Row) -> EntryRow {
        let fingerprint = Fingerprint {
            stamp: stamp(u64::from(row.stamp)),
            reader: ReaderId(u32::from(row.reader)),
            policy: PolicyId(0),
        };
        let state = if row.indexed { FileState::Indexed } else { FileState::Pending };
        let node = Node::File(FileRow { id, fingerprint, state, links: row.links });
        EntryRow { name, identity: identity(u64::from(row.inode)), access: ACCESS, node }
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::PutDir { which, parent, name: n, mode } => {
                let id = self.dir(*which).unwrap_or_else(|| self.sled().store.new_dir());
                self.dirs.insert(id);
                let access = Access { mode: u16::from(*mode), ..ACCESS };
                let row = DirRow { id, parent: self.some_dir(*parent), name: name(*n), access };
                self.mutate(Mutation::PutDir { row, identity: identity(u64::from(id.0)) });
            }
            Step::ChangeDir { which, mode } => {
                let Some(known) = self.plain.dir(self.some_dir(*which)).unwrap() else { return };
                let access = Access { mode: u16::from(*mode), ..ACCESS };
                let row = DirRow { access, ..known.dir };
                let identity = identity(u64::from(row.id.0));
                self.mutate(Mutation::PutDir { row, identity });
            }
            Step::RemoveDir(which) => self.mutate(Mutation::RemoveDir(self.some_dir(*which))),
            Step::RemoveFile(which) => {
                let Some((_, place, _)) = self.file(*which) else { return };
                self.mutate(Mutation::RemoveFile(place));
            }
            Step::PutSuspect(which) => {
                let Some((file, place, _)) = self.file(*which) else { return };
                self.mutate(Mutation::PutSuspect { file, place, attempts: 2, kind: FailureKind::TimedOut });
            }
            Step::ClearSuspect(which) => {
                let Some((file, ..)) = self.file(*which) else { return };
                self.mutate(Mutation::ClearSuspect(file));
            }
            Step::PutNote(byte) => self.mutate(Mutation::PutNote(Note::Costs, vec![*byte; 3])),
            Step::Commit => self.commit(),
            Step::Reopen => {
                self.commit();
                drop(self.sled.take());
                self.sled = Some(open(self.dir.path()));
                self.compare();
            }
            Step::PutFile { .. } | Step::Fill { .. } | Step::MoveFile { .. } | Step::PutResult { .. } => {
                self.file_step(step);
            }
        }
    }

    fn file_step(&mut self, step: &Step) {
        match step {
            Step::PutFile { which, dir, name: n, row } => {
                let known = self.file(*which);
                let dir = self.some_dir(*dir);
                let entry = match known {
                    // The same file at the same place.
                    Some((id, place, _)) if place.dir == dir => self.entry(id, place.name, row),
                    _ => {
                        let id = self.new_file();
                        self.entry(id, name(*n), row)
                    }
                };
                self.mutate(Mutation::PutFile { dir, entry });
            }
            Step::Fill { dir, count } => {
                let dir = self.some_dir(*dir);
                for n in 0..*count {
                    let id = self.new_file();
                    let row = Row { stamp: 0, reader: 0, indexed: false, links: 1, inode: n };
                    let name = format!("{:02x}", n.wrapping_mul(37)).into_bytes().into();
                    let entry = self.entry(id, name, &row);
                    self.mutate(Mutation::PutFile { dir, entry });
                }
            }
            Step::MoveFile { which, dir, name: n, row } => {
                let Some((id, from, _)) = self.file(*which) else { return };
                let (to, entry) = (self.some_dir(*dir), self.entry(id, name(*n), row));
                self.mutate(Mutation::MoveFile { from, to, entry });
            }
            Step::PutResult { which, stamp: n, failed } => {
                let Some((file, place, _)) = self.file(*which) else { return };
                let result = match failed {
                    true => FileResult::Failed { kind: FailureKind::Crashed, text: "it crashed".into() },
                    false => FileResult::Record((&record(&format!("Title {n}"))).into()),
                };
                let fingerprint = Fingerprint { stamp: stamp(u64::from(*n)), reader: ReaderId(7), policy: PolicyId(7) };
                let cost = Cost { cpu_us: 1, wall_us: 2, read: 3, ..Cost::default() };
                let result = Box::new(result);
                self.mutate(Mutation::PutResult { file, place, fingerprint, result, cost, attempts: 1 });
            }
            _ => {}
        }
    }

    fn commit(&mut self) {
        let batch = std::mem::take(&mut self.batch);
        let changed = self.sled().commit(batch);
        assert_eq!(changed, std::mem::take(&mut self.changed));
        self.compare();
    }

    fn compare(&self) {
        let (sled, plain) = (&self.sled().store, &self.plain);
        for &dir in &self.dirs {
            let rows = sled.dir(dir).unwrap();
            let mut entries = Vec::new();
            assert_eq!(sled.each(dir, &mut |entry| entries.push(entry.to_row())).unwrap(), rows.is_some());
            assert_eq!(entries, rows.as_ref().map_or(Vec::new(), |rows| rows.entries.clone()));
            assert_eq!(rows, plain.dir(dir).unwrap());
            assert_eq!(sled.path(dir).unwrap(), plain.path(dir).unwrap());
        }
        for inode in 0..3 {
            assert_eq!(sled.links(&identity(inode)).unwrap(), plain.links(&identity(inode)).unwrap());
        }
        // What was removed is cleared in steps, and counted until then.
        while !sled.shared.hidden.is_empty() {
            std::thread::yield_now();
        }
        // What the view keeps of listings is what it would read now.
        let view = sled.view();
        for &dir in &self.dirs {
            let listed = view.named(dir, b"", 1_000).unwrap();
            assert_eq!(listed, view.part(dir, b"", 1_000).unwrap());
            for (name, child) in listed {
                assert_eq!(view.one(dir, &name).unwrap(), Some(child));
                assert_eq!(view.access_of(child.id).unwrap(), Some(child.access));
            }
        }
        for &file in &self.files {
            let record = sled.file(file).unwrap().map(|record| FileRecord { committed: 0, ..(*record).clone() });
            assert_eq!(record, plain.file(file).unwrap().map(|record| (*record).clone()));
        }
        assert_eq!(sled.counts(), plain.counts());
        assert_eq!(sled.suspects().unwrap(), plain.suspects().unwrap());
        assert_eq!(sled.note(Note::Costs).unwrap(), plain.note(Note::Costs).unwrap());
        for wanted in [|state| state == FileState::Pending, |state| matches!(state, FileState::Failed(_))] {
            assert_eq!(scan(sled, &wanted), scan(plain, &wanted));
        }
    }
}

/// All files in a wanted state, a few at a time.
fn scan(rows: &dyn Rows, wanted: &dyn Fn(FileState) -> bool) -> Vec<(DirId, EntryRow)> {
    let (mut all, mut from) = (Vec::new(), Some(DirId::TOP));
    while let Some(dir) = from {
        let (found, next) = rows.scan(dir, 2, wanted).unwrap();
        all.extend(found);
        from = next;
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 32, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn the_store_holds_what_plain_maps_hold(steps in prop::collection::vec(step(), 1..80)) {
        let mut pair = Pair::new();
        for step in &steps {
            pair.step(step);
        }
        pair.step(&Step::Reopen);
    }
}

#[test]
fn a_large_directory_moves_and_goes_as_one() {
    let mut pair = Pair::new();
    let at = |which, parent, name| Step::PutDir { which, parent, name, mode: 0 };
    for step in
        [at(1, 0, 0), at(2, 1, 1), at(3, 2, 2), Step::Fill { dir: 3, count: 255 }, Step::Fill { dir: 2, count: 200 }]
    {
        pair.step(&step);
    }
    pair.step(&Step::Commit);
    // Into itself: refused.
    pair.step(&at(1, 3, 0));
    pair.step(&Step::Commit);
    pair.step(&at(2, 0, 3));
    pair.step(&Step::Reopen);
    pair.step(&Step::RemoveDir(2));
    pair.step(&Step::Reopen);
    let home = place(DirId::TOP, "a");
    assert_eq!(pair.sled().store.dir(DirId::TOP).unwrap().unwrap().entries[0].name, home.name);
}
