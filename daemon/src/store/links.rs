//! Files at their places, of which an inode may have several: totals, the places of one inode, the number of each.
//!
//! All names of an inode share one file number and one record. The view shows each name as a directory, which can
//! stand in one place only, so the names after the first get a number of their own: an [`Row::Alias`].

use crate::{
    model::{Cost, EntryRow, FileId, FileRow, FileState, Node, Place},
    store::{
        Counts, StoreError,
        draft::Draft,
        row::{Body, Kept, Numbers, Row},
        schema::{link_key, link_prefix},
    },
};

/// Places looked at in one go.
const SOME: usize = 64;

/// The part of an entry that only files have.
pub(super) fn file_row(entry: &EntryRow) -> Option<&FileRow> {
    match &entry.node {
        Node::File(row) => Some(row),
        Node::Dir(_) => None,
    }
}

/// Whether its inode has several names.
pub(super) fn linked(entry: &EntryRow) -> bool {
    file_row(entry).is_some_and(|row| row.links > 1)
}

fn id(entry: &EntryRow) -> FileId {
    file_row(entry).map_or(FileId(0), |row| row.id)
}

impl Counts {
    pub(super) fn of_state(&mut self, state: FileState) -> &mut u64 {
        match state {
            FileState::Pending => &mut self.pending,
            FileState::Indexed => &mut self.indexed,
            FileState::Partial => &mut self.partial,
            FileState::Failed(_) => &mut self.failed,
        }
    }

    pub(super) fn replace(&mut self, old: FileState, new: FileState) {
        *self.of_state(old) -= 1;
        *self.of_state(new) += 1;
    }
}

impl Draft<'_, '_> {
    fn count(&mut self, entry: &EntryRow) {
        if let Some(row) = file_row(entry) {
            self.counts.files += 1;
            *self.counts.of_state(row.state) += 1;
        }
    }

    fn uncount(&mut self, entry: &EntryRow) {
        if let Some(row) = file_row(entry) {
            self.counts.files -= 1;
            *self.counts.of_state(row.state) -= 1;
        }
    }

    /// The number under which the view shows this entry.
    pub(super) fn number_at(&mut self, place: &Place, entry: &EntryRow) -> Result<FileId, StoreError> {
        let number = if linked(entry) { self.link(&link_key(&entry.identity, place))? } else { None };
        Ok(number.unwrap_or(id(entry)))
    }

    /// Puts a file where nothing is.
    pub(super) fn add_file(&mut self, place: &Place, entry: EntryRow) -> Result<FileId, StoreError> {
        self.count(&entry);
        let number = self.attach(place, &entry)?;
        self.set_entry(place.dir, entry)?;
        Ok(number)
    }

    /// Puts another row of the same file where it is; gives its number.
    pub(super) fn replace_file(&mut self, place: &Place, old: &EntryRow, new: EntryRow) -> Result<FileId, StoreError> {
        self.uncount(old);
        self.count(&new);
        let number = self.relink((place, old), (place, &new))?;
        self.set_entry(place.dir, new)?;
        Ok(number)
    }

    /// Carries a file to a place where nothing is; gives its numbers before and after.
    pub(super) fn carry_file(
        &mut self,
        from: &Place,
        source: &EntryRow,
        to: &Place,
        entry: EntryRow,
    ) -> Result<(FileId, FileId), StoreError> {
        let before = self.number_at(from, source)?;
        self.uncount(source);
        self.unset_entry(from.dir, &from.name)?;
        self.count(&entry);
        let after = self.relink((from, source), (to, &entry))?;
        self.set_entry(to.dir, entry)?;
        Ok((before, after))
    }

    /// Forgets a file whose entry is gone, with its record if it was the last name.
    pub(super) fn forget_file(&mut self, place: &Place, entry: &EntryRow) -> Result<(), StoreError> {
        self.uncount(entry);
        let file = id(entry);
        let row = self.row(file)?;
        if linked(entry) {
            let key = link_key(&entry.identity, place);
            if let Some(number) = self.link(&key)?.filter(|&number| number != file) {
                self.set_row(number, None)?;
            }
            self.set_link(key, None);
            if let Some(other) = self.other_name(file, entry)? {
                return match row {
                    Some(Row::File(kept)) if kept.place == *place => {
                        self.set_row(file, Some(Row::File(Kept { place: other, ..kept })))
                    }
                    _ => Ok(()),
                };
            }
        } else if let Some(row) = row.as_ref().filter(|row| row.place() != place) {
            let Place { dir, name } = row.place().clone();
            if self.entry(dir, &name)?.is_some_and(|other| id(&other) == file) {
                return Ok(());
            }
        }
        self.set_row(file, None)?;
        self.set_suspect(file, None)
    }

    /// Another name of the file, one that is visible if there is.
    fn other_name(&mut self, file: FileId, entry: &EntryRow) -> Result<Option<Place>, StoreError> {
        let prefix = link_prefix(&entry.identity);
        let (mut after, mut hidden) = (None, None);
        loop {
            let some = self.places(&prefix, after.as_deref(), SOME)?;
            for (_, place) in &some {
                if self.entry(place.dir, &place.name)?.is_some_and(|other| id(&other) == file) {
                    if self.is_visible(place.dir)? {
                        return Ok(Some(place.clone()));
                    }
                    hidden = Some(place.clone());
                }
            }
            match some.into_iter().last() {
                Some((last, _)) => after = Some(last),
                None => return Ok(hidden),
            }
        }
    }

    /// Keeps the place of a file that is new there; gives its number.
    fn attach(&mut self, place: &Place, entry: &EntryRow) -> Result<FileId, StoreError> {
        let file = id(entry);
        if !linked(entry) {
            return Ok(file);
        }
        let number = match self.row(file)? {
            Some(Row::File(kept)) if kept.place == *place => file,
            Some(Row::File(kept)) => {
                let other = self.entry(kept.place.dir, &kept.place.name)?;
                if other.is_some_and(|other| id(&other) == file) {
                    let number = self.shared.new_file();
                    self.set_row(number, Some(Row::Alias { of: file, place: place.clone() }))?;
                    number
                } else {
                    self.set_row(file, Some(Row::File(Kept { place: place.clone(), ..kept })))?;
                    file
                }
            }
            _ => {
                self.set_row(file, Some(Row::File(Kept::waiting(place.clone()))))?;
                file
            }
        };
        self.set_link(link_key(&entry.identity, place), Some(number));
        Ok(number)
    }

    /// Changes place, identity or number of names of a file; gives its number after.
    fn relink(&mut self, old: (&Place, &EntryRow), new: (&Place, &EntryRow)) -> Result<FileId, StoreError> {
        let ((from, before), (to, after)) = (old, new);
        let file = id(after);
        let number = self.number_at(from, before)?;
        if linked(before) {
            self.set_link(link_key(&before.identity, from), None);
        }
        let alias = number != file;
        if alias {
            let kept = linked(after).then(|| Row::Alias { of: file, place: to.clone() });
            self.set_row(number, kept)?;
        }
        // A file of one name stands where its row says; of several, the row goes along only with the name it stands at.
        match self.row(file)? {
            Some(Row::File(kept)) if kept.place != *to && (kept.place == *from || !linked(after)) => {
                self.set_row(file, Some(Row::File(Kept { place: to.clone(), ..kept })))?;
            }
            _ => {}
        }
        match (linked(before), linked(after)) {
            (_, false) => Ok(file),
            (true, true) => {
                self.set_link(link_key(&after.identity, to), Some(number));
                Ok(number)
            }
            (false, true) => self.attach(to, after),
        }
    }
}

impl Kept {
    /// What is kept of a file of several names before it was read.
    fn waiting(place: Place) -> Self {
        Self {
            place,
            committed: 0,
            cost: Cost::default(),
            attempts: 0,
            numbers: Numbers::default(),
            body: Body::Waiting,
        }
    }
}
