//! What each change means for the rows. Called by the writer; decides nothing about when rows are committed.

use metaextract::Record;

use crate::{
    model::{
        Cost, DirId, DirRow, EntryRow, FailureKind, FileId, FileResult, FileRow, FileState, Fingerprint, Identity,
        Mutation, Node, Place,
    },
    store::{
        Changed, ChangedKind, StoreError,
        draft::Draft,
        links::{file_row, linked},
        page::{Head, Page},
        row::{Body, INLINE, Kept, Numbers, Packed, Row},
        schema::link_prefix,
    },
};

/// Places of one inode that are changed before it is looked whether the transaction is full.
const SOME: usize = 128;
/// Bytes kept of a reason.
const REASON: usize = 4 << 10;

impl Draft<'_, '_> {
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
            Mutation::PutSuspect { file, attempts, kind } => self.set_suspect(*file, Some((*attempts, *kind))),
            Mutation::ClearSuspect(file) => self.set_suspect(*file, None),
        }
    }

    fn put_dir(&mut self, row: &DirRow, identity: Identity, changed: &mut Vec<Changed>) -> Result<(), StoreError> {
        if row.id == DirId::TOP {
            let head = self.change_first_page(DirId::TOP)?.head.as_mut();
            head.into_iter().for_each(|head| head.row.access = row.access);
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
        if row.state != FileState::Pending && !self.has_result(row.id)? {
            row.state = FileState::Pending;
        }
        let entry = EntryRow { node: Node::File(row), ..entry.clone() };
        let place = Place { dir, name: entry.name.clone() };
        let there = self.entry(dir, &entry.name)?;
        match &there {
            Some(there) if *there == entry => Ok(()),
            Some(there) if file_row(there).is_some_and(|old| old.id == row.id) => {
                let before = self.number_at(&place, there)?;
                let after = self.replace_file(&place, there, entry)?;
                if before == after {
                    changed.push(Changed { place, file: Some(after), kind: ChangedKind::Updated });
                } else {
                    let vanished = Changed { place: place.clone(), file: Some(before), kind: ChangedKind::Vanished };
                    let appeared = Changed { place, file: Some(after), kind: ChangedKind::Appeared };
                    changed.extend([vanished, appeared]);
                }
                Ok(())
            }
            other => {
                if let Some(other) = other {
                    self.make_room(&place, other, changed)?;
                }
                let number = self.add_file(&place, entry)?;
                changed.push(Changed { place, file: Some(number), kind: ChangedKind::Appeared });
                Ok(())
            }
        }
    }

    fn has_result(&mut self, file: FileId) -> Result<bool, StoreError> {
        Ok(matches!(self.row(file)?, Some(Row::File(kept)) if kept.body != Body::Waiting))
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
        let source = self.entry(from.dir, &from.name)?;
        let source =
            source.and_then(|source| file_row(&source).filter(|old| old.id == row.id).copied().zip(Some(source)));
        let Some((old, source)) = source else { return self.put_file(to.dir, entry, changed) };
        let entry = EntryRow { node: Node::File(carried(&old, row)), ..entry.clone() };
        let there = self.entry(to.dir, &to.name)?;
        let same = |there: &EntryRow| file_row(there).is_some_and(|there| there.id == row.id);
        if *from == to {
            return self.put_file(to.dir, &entry, changed);
        }
        if !self.is_visible(to.dir)? || there.as_ref().is_some_and(same) {
            self.remove_file(from, &source, changed)?;
            return self.put_file(to.dir, &entry, changed);
        }
        if let Some(there) = &there {
            self.make_room(&to, there, changed)?;
        }
        let (before, after) = self.carry_file(from, &source, &to, entry)?;
        changed.push(Changed { place: from.clone(), file: Some(before), kind: ChangedKind::Vanished });
        changed.push(Changed { place: to, file: Some(after), kind: ChangedKind::Appeared });
        Ok(())
    }

    fn remove_file(&mut self, place: &Place, entry: &EntryRow, changed: &mut Vec<Changed>) -> Result<(), StoreError> {
        let number = self.number_at(place, entry)?;
        self.unset_entry(place.dir, &place.name)?;
        self.forget_file(place, entry)?;
        if self.is_visible(place.dir)? {
            changed.push(Changed { place: place.clone(), file: Some(number), kind: ChangedKind::Vanished });
        }
        Ok(())
    }

    fn put_result(&mut self, place: &Place, read: &Read<'_>, changed: &mut Vec<Changed>) -> Result<(), StoreError> {
        let Some(entry) = self.entry(place.dir, &place.name)? else { return Ok(()) };
        let fits = |row: &&FileRow| row.id == read.file && row.fingerprint.stamp == read.fingerprint.stamp;
        if file_row(&entry).filter(fits).is_none() || !self.is_visible(place.dir)? {
            return Ok(());
        }
        let (kept_at, numbers) = match self.row(read.file)? {
            Some(Row::File(kept)) => (kept.place.clone(), self.numbers(&kept, read.result)?),
            _ => (place.clone(), Numbers::default()),
        };
        let kept = Kept {
            place: kept_at,
            committed: self.now,
            cost: read.cost,
            attempts: read.attempts,
            numbers,
            body: self.body(read.result)?,
        };
        self.set_row(read.file, Some(Row::File(kept)))?;
        self.set_state(place, &entry, read, changed)?;
        if !linked(&entry) {
            return Ok(());
        }
        let prefix = link_prefix(&entry.identity);
        let mut after = None;
        loop {
            let some = self.places(&prefix, after.as_deref(), SOME)?;
            for (_, other) in some.iter().filter(|(_, other)| other != place) {
                if let Some(entry) = self.entry(other.dir, &other.name)? {
                    self.set_state(other, &entry, read, changed)?;
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

    /// The entry says what became of its file.
    fn set_state(
        &mut self,
        place: &Place,
        entry: &EntryRow,
        read: &Read<'_>,
        changed: &mut Vec<Changed>,
    ) -> Result<(), StoreError> {
        let Some(row) = file_row(entry).filter(|row| row.id == read.file) else { return Ok(()) };
        let state = read.result.state();
        let new = FileRow { fingerprint: read.fingerprint, state, ..*row };
        self.counts.replace(row.state, state);
        self.set_entry(place.dir, EntryRow { node: Node::File(new), ..entry.clone() })?;
        let number = self.number_at(place, entry)?;
        if self.is_visible(place.dir)? {
            changed.push(Changed { place: place.clone(), file: Some(number), kind: ChangedKind::Updated });
        }
        Ok(())
    }

    fn numbers(&mut self, old: &Kept, new: &FileResult) -> Result<Numbers, StoreError> {
        _ = new;
        Ok(old.numbers.clone())
    }

    fn body(&mut self, result: &FileResult) -> Result<Body, StoreError> {
        match result {
            FileResult::Record(record) => self.packed(record),
            FileResult::Failed { kind, text } => Ok(failed(*kind, text)),
        }
    }

    fn packed(&mut self, record: &Record) -> Result<Body, StoreError> {
        let broken = |error: std::io::Error| StoreError::Write { what: error.to_string() };
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
    result: &'a FileResult,
    cost: Cost,
    attempts: u8,
}

/// The row of a file that moved: with equal content it keeps what the store knows, which may be newer than what the
/// plan saw.
fn carried(old: &FileRow, new: &FileRow) -> FileRow {
    let (before, after) = (old.fingerprint.stamp, new.fingerprint.stamp);
    if (before.size, before.mtime) != (after.size, after.mtime) {
        return *new;
    }
    FileRow { state: old.state, fingerprint: Fingerprint { stamp: after, ..old.fingerprint }, ..*new }
}

fn failed(kind: FailureKind, text: &str) -> Body {
    let end = text.floor_char_boundary(REASON);
    Body::Failed { kind, text: text.get(..end).unwrap_or_default().to_owned() }
}
