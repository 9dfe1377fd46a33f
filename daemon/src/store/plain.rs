//! A store of plain maps, for tests: what every change means, written down a second time and as simply as possible.
//!
//! Commits are visible and durable at once. Nothing survives it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::{
    codec::Encoded,
    model::{
        DirId, DirRow, DirRows, EntryRow, FailureKind, FileId, FileName, FileRecord, FileResult, FileRow, FileState,
        Fingerprint, Identity, Mutation, Node, Note, Place, join,
    },
    store::{
        Changed, ChangedKind, CommitId, Counts, Rows, Scanned, Sink, Store, StoreError, StoreEvent, links::file_row,
    },
};

/// Rows in memory.
pub(crate) struct PlainStore {
    rows: Mutex<Plain>,
    sink: Mutex<(u64, Sink)>,
}

impl std::fmt::Debug for PlainStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PlainStore").field("rows", &self.rows).finish_non_exhaustive()
    }
}

#[derive(Debug)]
struct Plain {
    dirs: BTreeMap<DirId, DirRow>,
    entries: BTreeMap<(DirId, FileName), EntryRow>,
    records: BTreeMap<FileId, Arc<FileRecord>>,
    suspects: BTreeMap<FileId, (u8, FailureKind)>,
    notes: BTreeMap<Note, Vec<u8>>,
    next_file: u64,
    next_dir: u32,
}

impl PlainStore {
    pub(crate) fn new(sink: Sink) -> Self {
        let access = crate::model::Access { uid: 0, gid: 0, mode: 0o755 };
        let top = DirRow { id: DirId::TOP, parent: DirId::TOP, name: FileName::default(), access };
        let rows = Plain {
            dirs: BTreeMap::from([(DirId::TOP, top)]),
            entries: BTreeMap::new(),
            records: BTreeMap::new(),
            suspects: BTreeMap::new(),
            notes: BTreeMap::new(),
            next_file: 1,
            next_dir: 2,
        };
        Self { rows: Mutex::new(rows), sink: Mutex::new((0, sink)) }
    }

    fn rows(&self) -> MutexGuard<'_, Plain> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for PlainStore {
    fn commit(&self, batch: Vec<Mutation>) -> CommitId {
        let mut changed = Vec::new();
        let mut rows = self.rows();
        batch.iter().for_each(|mutation| rows.apply(mutation, &mut changed));
        drop(rows);
        let mut sink = self.sink.lock().unwrap_or_else(PoisonError::into_inner);
        sink.0 += 1;
        let commit = CommitId(sink.0);
        (sink.1)(StoreEvent::Committed { commit, changed });
        (sink.1)(StoreEvent::Durable { commit });
        commit
    }

    fn close(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

impl Rows for PlainStore {
    fn dir(&self, dir: DirId) -> Result<Option<DirRows>, StoreError> {
        let rows = self.rows();
        let row = rows.dirs.get(&dir).cloned();
        Ok(row.map(|row| DirRows { entries: rows.below(dir).cloned().collect(), dir: row }))
    }

    fn entry(&self, dir: DirId, name: &[u8]) -> Result<Option<EntryRow>, StoreError> {
        Ok(self.rows().get(&Place { dir, name: name.into() }).cloned())
    }

    fn path(&self, dir: DirId) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.rows().path(dir))
    }

    fn dir_at(&self, path: &[u8]) -> Result<Option<DirId>, StoreError> {
        let rows = self.rows();
        let found = rows.dirs.keys().find(|&&dir| rows.path(dir).as_deref() == Some(path)).copied();
        Ok(found)
    }

    fn file(&self, file: FileId) -> Result<Option<Arc<FileRecord>>, StoreError> {
        Ok(self.rows().records.get(&file).cloned())
    }

    fn links(&self, identity: &Identity) -> Result<Vec<Place>, StoreError> {
        Ok(self.rows().links(identity))
    }

    fn scan(&self, from: DirId, limit: usize, wanted: &dyn Fn(FileState) -> bool) -> Result<Scanned, StoreError> {
        let rows = self.rows();
        let mut found = Vec::new();
        for &dir in rows.dirs.range(from..).map(|(dir, _)| dir) {
            if found.len() >= limit {
                return Ok((found, Some(dir)));
            }
            let files = rows.below(dir).filter(|entry| file_row(entry).is_some_and(|row| wanted(row.state)));
            found.extend(files.map(|entry| (dir, entry.clone())));
        }
        Ok((found, None))
    }

    fn suspects(&self) -> Result<Vec<(FileId, u8, FailureKind)>, StoreError> {
        Ok(self.rows().suspects.iter().map(|(&file, &(attempts, kind))| (file, attempts, kind)).collect())
    }

    fn note(&self, note: Note) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.rows().notes.get(&note).cloned())
    }

    fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for entry in self.rows().entries.values() {
            let Some(row) = file_row(entry) else {
                counts.directories += 1;
                continue;
            };
            counts.files += 1;
            *match row.state {
                FileState::Pending => &mut counts.pending,
                FileState::Indexed => &mut counts.indexed,
                FileState::Partial => &mut counts.partial,
                FileState::Failed(_) => &mut counts.failed,
            } += 1;
        }
        counts
    }

    fn new_file(&self) -> FileId {
        let mut rows = self.rows();
        rows.next_file += 1;
        FileId(rows.next_file - 1)
    }

    fn new_dir(&self) -> DirId {
        let mut rows = self.rows();
        rows.next_dir += 1;
        DirId(rows.next_dir - 1)
    }
}

impl Plain {
    fn get(&self, place: &Place) -> Option<&EntryRow> {
        self.entries.get(&(place.dir, place.name.clone()))
    }

    fn set(&mut self, dir: DirId, entry: EntryRow) {
        self.entries.insert((dir, entry.name.clone()), entry);
    }

    fn below(&self, dir: DirId) -> impl Iterator<Item = &EntryRow> {
        self.entries.range((dir, FileName::default())..).take_while(move |(key, _)| key.0 == dir).map(|(_, row)| row)
    }

    fn path(&self, dir: DirId) -> Option<Vec<u8>> {
        let row = self.dirs.get(&dir)?;
        match dir {
            DirId::TOP => Some(b"/".to_vec()),
            _ => Some(join(&self.path(row.parent)?, &row.name)),
        }
    }

    fn is_within(&self, dir: DirId, above: DirId) -> bool {
        dir == above || dir != DirId::TOP && self.is_within(self.dirs[&dir].parent, above)
    }

    fn links(&self, identity: &Identity) -> Vec<Place> {
        let is_it = |other: &Identity| {
            (other.inode, other.born) == (identity.inode, identity.born)
                && (identity.born.is_some() || other.fs == identity.fs)
        };
        let linked = |entry: &EntryRow| is_it(&entry.identity) && file_row(entry).is_some_and(|row| row.links > 1);
        let entries = self.entries.iter().filter(|(_, entry)| linked(entry));
        entries.map(|((dir, name), _)| Place { dir: *dir, name: name.clone() }).collect()
    }

    fn apply(&mut self, mutation: &Mutation, changed: &mut Vec<Changed>) {
        match mutation {
            Mutation::PutDir { row, identity } => self.put_dir(row, *identity, changed),
            Mutation::RemoveDir(dir) => self.remove_dir(*dir, changed),
            Mutation::PutFile { dir, entry } => self.put_file(*dir, entry, changed),
            Mutation::MoveFile { from, to, entry } => self.move_file(from, *to, entry, changed),
            Mutation::RemoveFile(place) => {
                if self.get(place).is_some_and(|entry| file_row(entry).is_some()) {
                    self.remove(place, changed);
                }
            }
            Mutation::PutResult { file, place, fingerprint, result, cost, attempts } => {
                let stamp = fingerprint.stamp;
                let Some(entry) = self.get(place).cloned() else { return };
                let fits = |row: &&FileRow| row.id == *file && row.fingerprint.stamp == stamp;
                let Some(row) = file_row(&entry).filter(fits) else { return };
                let waits = |row: &FileRow| row.state == FileState::Pending && row.fingerprint.stamp == stamp;
                let mut places = vec![place.clone()];
                if row.links > 1 {
                    let others = self.links(&entry.identity).into_iter().filter(|other| other != place);
                    places.extend(others.filter(|other| self.get(other).and_then(file_row).is_some_and(waits)));
                }
                for place in places {
                    let Some(entry) = self.get(&place).cloned() else { continue };
                    let Some(row) = file_row(&entry) else { continue };
                    let record = FileRecord {
                        place: place.clone(),
                        committed: 0,
                        cost: *cost,
                        attempts: *attempts,
                        result: decoded(result),
                    };
                    self.records.insert(row.id, Arc::new(record));
                    let row = FileRow { fingerprint: *fingerprint, state: result.state(), ..*row };
                    self.set(place.dir, EntryRow { node: Node::File(row), ..entry });
                    changed.push(Changed { place, file: Some(row.id), kind: ChangedKind::Updated });
                }
            }
            Mutation::PutSuspect { file, place, attempts, kind } => {
                if self.get(place).and_then(file_row).is_some_and(|row| row.id == *file) {
                    self.suspects.insert(*file, (*attempts, *kind));
                }
            }
            Mutation::ClearSuspect(file) => drop(self.suspects.remove(file)),
            Mutation::PutNote(note, bytes) => drop(self.notes.insert(*note, bytes.clone())),
        }
    }

    fn put_dir(&mut self, row: &DirRow, identity: Identity, changed: &mut Vec<Changed>) {
        if row.id == DirId::TOP {
            let top = self.dirs.get_mut(&DirId::TOP);
            top.into_iter().for_each(|top| top.access = row.access);
            return;
        }
        if !self.dirs.contains_key(&row.parent) || self.is_within(row.parent, row.id) {
            return;
        }
        let place = Place { dir: row.parent, name: row.name.clone() };
        let entry = EntryRow { name: row.name.clone(), identity, access: row.access, node: Node::Dir(row.id) };
        if self.get(&place) == Some(&entry) && self.dirs.get(&row.id) == Some(row) {
            return;
        }
        if let Some(old) = self.dirs.get(&row.id).cloned() {
            let old = Place { dir: old.parent, name: old.name };
            if old != place {
                self.entries.remove(&(old.dir, old.name.clone()));
                changed.push(Changed { place: old, file: None, kind: ChangedKind::Vanished });
            }
        }
        let same = self.get(&place).is_some_and(|there| there.node == entry.node);
        if !same && self.get(&place).is_some() {
            self.remove(&place, changed);
        }
        self.dirs.insert(row.id, row.clone());
        self.set(place.dir, entry);
        let kind = if same { ChangedKind::Updated } else { ChangedKind::Appeared };
        changed.push(Changed { place, file: None, kind });
    }

    fn remove_dir(&mut self, dir: DirId, changed: &mut Vec<Changed>) {
        if let Some(row) = self.dirs.get(&dir).filter(|_| dir != DirId::TOP) {
            self.remove(&Place { dir: row.parent, name: row.name.clone() }, changed);
        }
    }

    /// Removes what stands there with all below.
    fn remove(&mut self, place: &Place, changed: &mut Vec<Changed>) {
        let Some(entry) = self.entries.remove(&(place.dir, place.name.clone())) else { return };
        let file = file_row(&entry).map(|row| row.id);
        changed.push(Changed { place: place.clone(), file, kind: ChangedKind::Vanished });
        self.forget(&entry);
    }

    fn forget(&mut self, entry: &EntryRow) {
        match entry.node {
            Node::File(row) => {
                self.records.remove(&row.id);
                self.suspects.remove(&row.id);
            }
            Node::Dir(dir) => {
                self.dirs.remove(&dir);
                let below: Vec<EntryRow> = self.below(dir).cloned().collect();
                for entry in below {
                    self.entries.remove(&(dir, entry.name.clone()));
                    self.forget(&entry);
                }
            }
        }
    }

    fn put_file(&mut self, dir: DirId, entry: &EntryRow, changed: &mut Vec<Changed>) {
        let Some(row) = file_row(entry).filter(|_| self.dirs.contains_key(&dir)) else { return };
        let place = Place { dir, name: entry.name.clone() };
        let there = self.get(&place).cloned();
        let old = there.as_ref().and_then(file_row).filter(|old| old.id == row.id);
        let row = self.truth(old.filter(|old| old.fingerprint.stamp == row.fingerprint.stamp), row);
        let entry = EntryRow { node: Node::File(row), ..entry.clone() };
        if there.as_ref() == Some(&entry) {
            return;
        }
        if old.is_none() {
            self.remove(&place, changed);
        }
        let kind = if old.is_some() { ChangedKind::Updated } else { ChangedKind::Appeared };
        self.set(dir, entry);
        changed.push(Changed { place, file: Some(row.id), kind });
    }

    fn move_file(&mut self, from: &Place, to: DirId, entry: &EntryRow, changed: &mut Vec<Changed>) {
        let Some(row) = file_row(entry) else { return };
        let to = Place { dir: to, name: entry.name.clone() };
        let old = self.get(from).and_then(file_row).filter(|old| old.id == row.id).copied();
        let Some(old) = old.filter(|_| *from != to) else { return self.put_file(to.dir, entry, changed) };
        let (before, after) = (old.fingerprint.stamp, row.fingerprint.stamp);
        let same = (before.size, before.mtime) == (after.size, after.mtime);
        let row = self.truth(Some(&old).filter(|_| same), row);
        if !self.dirs.contains_key(&to.dir) {
            return self.remove(from, changed);
        }
        // First: it may stand below what it replaces.
        self.entries.remove(&(from.dir, from.name.clone()));
        self.remove(&to, changed);
        if let Some(record) = self.records.get_mut(&row.id) {
            *record = Arc::new(FileRecord { place: to.clone(), ..(**record).clone() });
        }
        self.set(to.dir, EntryRow { node: Node::File(row), ..entry.clone() });
        let file = Some(row.id);
        changed.push(Changed { place: from.clone(), file, kind: ChangedKind::Vanished });
        changed.push(Changed { place: to, file, kind: ChangedKind::Appeared });
    }

    /// A result that came meanwhile stays; nothing counts as read without one.
    fn truth(&self, same: Option<&FileRow>, new: &FileRow) -> FileRow {
        let reader = |row: &FileRow| (row.fingerprint.reader, row.fingerprint.policy);
        let mut row = *new;
        if let Some(old) = same.filter(|old| reader(old) != reader(new)) {
            row.state = old.state;
            row.fingerprint = Fingerprint { stamp: new.fingerprint.stamp, ..old.fingerprint };
        }
        if !self.records.contains_key(&row.id) {
            row.state = FileState::Pending;
        }
        row
    }
}

/// All directories there are, for comparisons.
pub(crate) fn dirs(store: &PlainStore) -> BTreeSet<DirId> {
    store.rows().dirs.keys().copied().collect()
}

/// All files there are with their places.
pub(crate) fn files(store: &PlainStore) -> BTreeMap<FileId, (Place, EntryRow)> {
    let rows = store.rows();
    let files = rows.entries.iter().filter_map(|((dir, name), entry)| {
        let row = file_row(entry)?;
        Some((row.id, (Place { dir: *dir, name: name.clone() }, entry.clone())))
    });
    files.collect()
}

fn decoded(result: &FileResult<Encoded>) -> FileResult {
    match result {
        FileResult::Record(record) => FileResult::Record(Arc::new(record.decode().expect("it is a record"))),
        FileResult::Failed { kind, text } => FileResult::Failed { kind: *kind, text: text.clone() },
    }
}
