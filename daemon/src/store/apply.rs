//! What each change means for the rows. Called by the writer; decides nothing about when rows are committed.

use std::sync::Arc;

use metaextract::{Limits, Record};
use metafs::Numbers;

use crate::{
    codec::Encoded,
    model::{
        Cost, DirId, DirRow, EntryRow, FailureKind, FileId, FileResult, FileRow, FileState, Fingerprint, Identity,
        Mutation, Node, Place,
    },
    store::{
        Changed, ChangedKind, StoreError,
        draft::Draft,
        links::{file_row, holds, links_of},
        page::{Head, Page},
        row::{Body, INLINE, Packed, Row},
    },
};

/// Places of one inode that are changed before it is looked whether the transaction is full.
const SOME: usize = 128;
/// Bytes kept of a reason.
const REASON: usize = 4 << 10;

impl Draft<'_> {
    /// Applies one change; the names it touches are added to `changed`.
    pub(super) fn apply(&mut self, mutation: &Mutation, changed: &mut Vec<Changed>) -> Result<(), StoreError> {
        match mutation {
            Mutation::PutDir { row, identity } => self.put_dir(row, *identity, changed),
            Mutation::RemoveDir(dir) => self.remove_dir(*dir, changed),
            Mutation::PutFile { dir, entry } => self.put_file(*dir, entry, changed),
            Mutation::MoveFile { from, to, entry } => self.move_file(from, *to, entry, changed),
            Mutation::RemoveFile(place) => match self.entry(place.dir, &place.name)? {
                Some(entry) if file_row(&entry).is_some() => self.remove_file(place, &entry, changed),
                _ => Ok(()),
            },
            Mutation::PutResult { file, place, fingerprint, result, cost, attempts } => {
                let read = Read { file: *file, fingerprint: *fingerprint, result, cost: *cost, attempts: *attempts };
                self.put_result(place, &read, changed)
            }
            Mutation::PutSuspect { file, place, attempts, kind } => {
                match holds(self.entry(place.dir, &place.name)?.as_ref(), *file) {
                    true => self.set_suspect(*file, Some((*attempts, *kind))),
                    false => Ok(()),
                }
            }
            Mutation::ClearSuspect(file) => self.set_suspect(*file, None),
            Mutation::PutNote(note, bytes) => {
                self.set_note(*note, bytes);
                Ok(())
            }
        }
    }

    fn put_dir(&mut self, row: &DirRow, identity: Identity, changed: &mut Vec<Changed>) -> Result<(), StoreError> {
        if row.id == DirId::TOP {
            if self.dir_row(DirId::TOP)?.is_some_and(|top| top.access != row.access) {
                let head = self.change_first_page(DirId::TOP)?.head.as_mut();
                head.into_iter().for_each(|head| head.row.access = row.access);
            }
            return Ok(());
        }
        if !self.is_visible(row.parent)? || self.is_within(row.parent, row.id)? {
            return Ok(());
        }
        let place = Place { dir: row.parent, name: row.name.clone() };
        let known = self.dir_row(row.id)?;
        if let Some(old) = known.as_ref().filter(|old| (old.parent, &old.name) != (row.parent, &row.name)) {
            self.detach(old, changed)?;
        }
        let entry = EntryRow { name: row.name.clone(), identity, access: row.access, node: Node::Dir(row.id) };
        let there = self.entry(place.dir, &place.name)?;
        let kind = match &there {
            Some(there) if *there == entry && known.as_ref() == Some(row) => return Ok(()),
            Some(there) if there.node == entry.node => ChangedKind::Updated,
            Some(other) => {
                self.make_room(&place, other, changed)?;
                ChangedKind::Appeared
            }
            None => ChangedKind::Appeared,
        };
        match known {
            Some(_) => {
                let head = self.change_first_page(row.id)?.head.as_mut();
                head.into_iter().for_each(|head| head.row = row.clone());
            }
            None => {
                let head = Head { row: row.clone(), changed: self.now };
                self.add_dir(row.id, Page { head: Some(head), entries: Vec::new() });
            }
        }
        self.set_entry(place.dir, entry)?;
        if kind == ChangedKind::Appeared {
            self.counts.directories += 1;
            // It was removed with all below, and is found again before it was cleared: what is left of it counts.
            self.unhide(row.id);
        }
        changed.push(Changed { place, file: None, kind });
        Ok(())
    }

    fn dir_row(&mut self, dir: DirId) -> Result<Option<DirRow>, StoreError> {
        Ok(self.first_page(dir)?.and_then(|page| page.head.as_ref()).map(|head| head.row.clone()))
    }

    /// Whether `dir` is `above` or lies below it.
    fn is_within(&mut self, dir: DirId, above: DirId) -> Result<bool, StoreError> {
        let mut dir = dir;
        while dir != above {
            match self.dir_row(dir)? {
                Some(row) if row.id != DirId::TOP => dir = row.parent,
                _ => return Ok(false),
            }
        }
        Ok(true)
    }

    /// Takes a directory's entry out of its parent, if it stands there.
    fn detach(&mut self, row: &DirRow, changed: &mut Vec<Changed>) -> Result<(), StoreError> {
        let entry = self.entry(row.parent, &row.name)?;
        if entry.is_some_and(|entry| entry.node == Node::Dir(row.id)) {
            self.unset_entry(row.parent, &row.name)?;
            self.counts.directories -= 1;
            if self.is_visible(row.parent)? {
                let place = Place { dir: row.parent, name: row.name.clone() };
                changed.push(Changed { place, file: None, kind: ChangedKind::Vanished });
            }
        }
        Ok(())
    }

    fn remove_dir(&mut self, dir: DirId, changed: &mut Vec<Changed>) -> Result<(), StoreError> {
        if dir == DirId::TOP || self.is_hidden(dir) {
            return Ok(());
        }
        if let Some(row) = self.dir_row(dir)? {
            self.detach(&row, changed)?;
            self.set_hidden(dir, true);
        }
        Ok(())
    }

    /// Removes what stands where something else comes.
    fn make_room(&mut self, place: &Place, other: &EntryRow, changed: &mut Vec<Changed>) -> Result<(), StoreError> {
        match other.node {
            Node::File(_) => self.remove_file(place, other, changed),
            Node::Dir(dir) => self.remove_dir(dir, changed),
        }
    }

    fn put_file(&mut self, dir: DirId, entry: &EntryRow, changed: &mut Vec<Changed>) -> Result<(), StoreError> {
        let Some(mut row) = file_row(entry).copied() else { return Ok(()) };
        if !self.is_visible(dir)? {
            return Ok(());
        }
        let place = Place { dir, name: entry.name.clone() };
        let there = self.entry(dir, &entry.name)?;
        let same = there.as_ref().filter(|there| file_row(there).is_some_and(|old| old.id == row.id));
        if let Some(old) = same.and_then(file_row).filter(|old| old.fingerprint.stamp == row.fingerprint.stamp) {
            row = newer(old, &row);
        }
        if row.state != FileState::Pending && self.row(row.id)?.is_none() {
            row.state = FileState::Pending;
        }
        let entry = EntryRow { node: Node::File(row), ..entry.clone() };
        if there.as_ref() == Some(&entry) {
            return Ok(());
        }
        let kind = if same.is_some() { ChangedKind::Updated } else { ChangedKind::Appeared };
        if let Some(other) = there.as_ref().filter(|_| same.is_none()) {
            self.make_room(&place, other, changed)?;
        }
        self.set_file(&place, same, entry)?;
        changed.push(Changed { place, file: Some(row.id), kind });
        Ok(())
    }

    fn move_file(
        &mut self,
        from: &Place,
        to: DirId,
        entry: &EntryRow,
        changed: &mut Vec<Changed>,
    ) -> Result<(), StoreError> {
        let Some(row) = file_row(entry) else { return Ok(()) };
        let to = Place { dir: to, name: entry.name.clone() };
        let source = self.entry(from.dir, &from.name)?.filter(|source| is_file(source, row.id));
        let Some(source) = source.filter(|_| *from != to) else { return self.put_file(to.dir, entry, changed) };
        let mut row = *row;
        // The move itself explains a new time of change.
        let content = |row: &FileRow| (row.fingerprint.stamp.size, row.fingerprint.stamp.mtime);
        if let Some(old) = file_row(&source).filter(|old| content(old) == content(&row)) {
            row = newer(old, &row);
        }
        if row.state != FileState::Pending && self.row(row.id)?.is_none() {
            row.state = FileState::Pending;
        }
        let entry = EntryRow { node: Node::File(row), ..entry.clone() };
        let there = self.entry(to.dir, &to.name)?;
        if !self.is_visible(to.dir)? || there.as_ref().is_some_and(|there| is_file(there, row.id)) {
            self.remove_file(from, &source, changed)?;
            return self.put_file(to.dir, &entry, changed);
        }
        let was_visible = self.is_visible(from.dir)?;
        if let Some(there) = &there {
            self.make_room(&to, there, changed)?;
        }
        self.carry_file((from, &source), &to, entry)?;
        if was_visible {
            changed.push(Changed { place: from.clone(), file: Some(row.id), kind: ChangedKind::Vanished });
        }
        changed.push(Changed { place: to, file: Some(row.id), kind: ChangedKind::Appeared });
        Ok(())
    }

    fn remove_file(&mut self, place: &Place, entry: &EntryRow, changed: &mut Vec<Changed>) -> Result<(), StoreError> {
        self.unset_entry(place.dir, &place.name)?;
        self.forget_file(place, entry)?;
        if self.is_visible(place.dir)? {
            let file = file_row(entry).map(|row| row.id);
            changed.push(Changed { place: place.clone(), file, kind: ChangedKind::Vanished });
        }
        Ok(())
    }

    fn put_result(&mut self, place: &Place, read: &Read<'_>, changed: &mut Vec<Changed>) -> Result<(), StoreError> {
        let Some(entry) = self.entry(place.dir, &place.name)? else { return Ok(()) };
        let stamp = read.fingerprint.stamp;
        let fits = |row: &&FileRow| row.id == read.file && row.fingerprint.stamp == stamp;
        if file_row(&entry).filter(fits).is_none() || !self.is_visible(place.dir)? {
            return Ok(());
        }
        let body = self.body(read.result)?;
        self.set_result(place, entry.clone(), read, &body, changed)?;
        let Some(prefix) = links_of(&entry) else { return Ok(()) };
        let mut after = None;
        loop {
            let some = self.places(&prefix, after.as_deref(), SOME)?;
            for (_, other) in &some {
                // The same content under another name. Where it was read already, nothing is to be said.
                let waits = |row: &FileRow| row.state == FileState::Pending && row.fingerprint.stamp == stamp;
                let entry = self.entry(other.dir, &other.name)?;
                if let Some(entry) = entry.filter(|entry| file_row(entry).is_some_and(waits)) {
                    self.set_result(other, entry, read, &body, changed)?;
                }
            }
            let Some((last, _)) = some.into_iter().last() else { return Ok(()) };
            after = Some(last);
            // An inode may have thousands of names; those not reached before a crash are still pending.
            if self.is_full() {
                self.commit()?;
            }
        }
    }

    /// Row and entry of one name say what became of it.
    fn set_result(
        &mut self,
        place: &Place,
        entry: EntryRow,
        read: &Read<'_>,
        body: &Body,
        changed: &mut Vec<Changed>,
    ) -> Result<(), StoreError> {
        let Some(row) = file_row(&entry).copied() else { return Ok(()) };
        let numbers = match self.row(row.id)? {
            Some(old) => Some(self.numbers(old, read.result)?),
            None => None,
        };
        let kept = Row {
            place: place.clone(),
            committed: self.now,
            cost: read.cost,
            attempts: read.attempts,
            numbers,
            body: body.clone(),
        };
        self.set_row(row.id, Some(kept))?;
        let new = FileRow { fingerprint: read.fingerprint, state: read.result.state(), ..row };
        self.set_file(place, Some(&entry), EntryRow { node: Node::File(new), ..entry.clone() })?;
        if self.is_visible(place.dir)? {
            changed.push(Changed { place: place.clone(), file: Some(row.id), kind: ChangedKind::Updated });
        }
        Ok(())
    }

    /// The node numbers of a record that replaces another: no tag gets the number of one that is gone.
    fn numbers(&self, old: Row, new: &FileResult<Encoded>) -> Result<Numbers, StoreError> {
        let before = match self.shared.result(old.body) {
            Ok(FileResult::Record(before)) => before,
            // Without a record, there or readable, only what is next counts.
            Ok(FileResult::Failed { .. }) | Err(_) => Arc::new(Record::new(&Limits::default())),
        };
        let numbers = old.numbers.unwrap_or_else(|| Numbers::first(&before));
        Ok(match new {
            FileResult::Record(record) => Numbers::carried(&before, &numbers, &record.decode().map_err(broken)?),
            FileResult::Failed { .. } => Numbers { given: Box::default(), ..numbers },
        })
    }

    fn body(&mut self, result: &FileResult<Encoded>) -> Result<Body, StoreError> {
        match result {
            FileResult::Record(record) => self.packed(record),
            FileResult::Failed { kind, text } => Ok(failed(*kind, text)),
        }
    }

    fn packed(&mut self, record: &Encoded) -> Result<Body, StoreError> {
        let packed = self.tools.packer.pack(record, &mut self.tools.names).map_err(broken)?;
        if packed.data.len() <= INLINE {
            return Ok(Body::Packed(packed));
        }
        let Packed { dictionary, len, data } = packed;
        let digest = self.shared.side.put(&data).map_err(broken)?;
        Ok(Body::Side { digest, dictionary, len })
    }

    /// Clears some of what is left of a removed directory: pages from the last to the first, at the end the directory.
    pub(super) fn clear(&mut self, dir: DirId) -> Result<(), StoreError> {
        while !self.is_full() {
            let Some(page) = self.take_page(dir)? else {
                self.set_hidden(dir, false);
                return Ok(());
            };
            for entry in page.entries {
                match entry.node {
                    Node::Dir(below) => {
                        self.counts.directories -= 1;
                        self.set_hidden(below, true);
                    }
                    Node::File(_) => self.forget_file(&Place { dir, name: entry.name.clone() }, &entry)?,
                }
            }
        }
        Ok(())
    }
}

/// A result, less its place.
struct Read<'a> {
    file: FileId,
    fingerprint: Fingerprint,
    result: &'a FileResult<Encoded>,
    cost: Cost,
    attempts: u8,
}

/// A row of the same content. Where the store has another reader or policy, a result came after the plan had looked,
/// and stays.
fn newer(old: &FileRow, new: &FileRow) -> FileRow {
    let Fingerprint { reader, policy, .. } = old.fingerprint;
    if (reader, policy) == (new.fingerprint.reader, new.fingerprint.policy) {
        return *new;
    }
    FileRow { state: old.state, fingerprint: Fingerprint { reader, policy, ..new.fingerprint }, ..*new }
}

fn is_file(entry: &EntryRow, file: FileId) -> bool {
    file_row(entry).is_some_and(|row| row.id == file)
}

fn broken(error: impl std::fmt::Display) -> StoreError {
    StoreError::Write { what: error.to_string() }
}

fn failed(kind: FailureKind, text: &str) -> Body {
    let end = text.floor_char_boundary(REASON);
    Body::Failed { kind, text: text.get(..end).unwrap_or_default().to_owned() }
}
