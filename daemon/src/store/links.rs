//! Files at their places: totals, and the places of inodes that have several names.
//!
//! Each name is a file of its own, with a number and a row of its own; one reading serves all names of an inode.

use crate::{
    model::{EntryRow, FileId, FileRow, FileState, Node, Place},
    store::{
        Counts, StoreError,
        draft::Draft,
        row::Row,
        schema::{link_key, link_prefix},
    },
};

/// The part of an entry that only files have.
pub(super) fn file_row(entry: &EntryRow) -> Option<&FileRow> {
    match &entry.node {
        Node::File(row) => Some(row),
        Node::Dir(_) => None,
    }
}

/// What all links of its inode begin with, if that has several names.
pub(super) fn links_of(entry: &EntryRow) -> Option<Vec<u8>> {
    file_row(entry).filter(|row| row.links > 1).map(|_| link_prefix(&entry.identity))
}

fn key(place: &Place, entry: &EntryRow) -> Option<Vec<u8>> {
    file_row(entry).filter(|row| row.links > 1).map(|_| link_key(&entry.identity, place))
}

pub(super) fn holds(entry: Option<&EntryRow>, file: FileId) -> bool {
    entry.and_then(file_row).is_some_and(|row| row.id == file)
}

impl Counts {
    fn of_state(&mut self, state: FileState) -> &mut u64 {
        match state {
            FileState::Pending => &mut self.pending,
            FileState::Indexed => &mut self.indexed,
            FileState::Partial => &mut self.partial,
            FileState::Failed(_) => &mut self.failed,
        }
    }

    fn add(&mut self, row: &FileRow) {
        self.files += 1;
        *self.of_state(row.state) += 1;
    }

    fn remove(&mut self, row: &FileRow) {
        self.files -= 1;
        *self.of_state(row.state) -= 1;
    }
}

impl Draft<'_> {
    /// Puts a file where none is, or another row of the same file where it stands.
    pub(super) fn set_file(&mut self, place: &Place, old: Option<&EntryRow>, new: EntryRow) -> Result<(), StoreError> {
        self.relink(old.map(|old| (place, old)), Some((place, &new)));
        self.set_entry(place.dir, new)
    }

    /// Carries a file and its row to a place where nothing is.
    pub(super) fn carry_file(
        &mut self,
        from: (&Place, &EntryRow),
        to: &Place,
        entry: EntryRow,
    ) -> Result<(), StoreError> {
        self.unset_entry(from.0.dir, &from.0.name)?;
        self.relink(Some(from), Some((to, &entry)));
        let file = file_row(&entry).map_or(FileId(0), |row| row.id);
        if let Some(row) = self.row(file)? {
            self.set_row(file, Some(Row { place: to.clone(), ..row }))?;
        }
        self.set_entry(to.dir, entry)
    }

    /// Forgets a file whose entry is gone, and its record.
    pub(super) fn forget_file(&mut self, place: &Place, entry: &EntryRow) -> Result<(), StoreError> {
        let Some(file) = file_row(entry).map(|row| row.id) else { return Ok(()) };
        self.relink(Some((place, entry)), None);
        if let Some(Row { place: other, .. }) = self.row(file)?.filter(|row| row.place != *place)
            && holds(self.entry(other.dir, &other.name)?.as_ref(), file)
        {
            return Ok(());
        }
        self.set_row(file, None)?;
        self.set_suspect(file, None)
    }

    /// Totals and links follow an entry.
    fn relink(&mut self, old: Option<(&Place, &EntryRow)>, new: Option<(&Place, &EntryRow)>) {
        old.and_then(|(_, entry)| file_row(entry)).into_iter().for_each(|row| self.counts.remove(row));
        new.and_then(|(_, entry)| file_row(entry)).into_iter().for_each(|row| self.counts.add(row));
        let [old, new] = [old, new].map(|at| at.and_then(|(place, entry)| key(place, entry)));
        if old != new {
            old.into_iter().for_each(|key| self.set_link(key, false));
            new.into_iter().for_each(|key| self.set_link(key, true));
        }
    }
}
