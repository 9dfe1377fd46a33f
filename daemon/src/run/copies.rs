//! What the store knows of files that others may be copies of.

use std::sync::Arc;

use super::{
    Event, answers,
    core::Core,
    reading::{Alike, Next, Target},
    search::targets,
};
use crate::{
    config::Settings,
    model::{DirId, Encoded, EntryRow, FileId, FileName, FileResult, FileState, Node, ReaderId, Stamp},
};

/// Of the memory that all processes together may have, what finding copies may take.
const SHARE: u64 = 8;
/// Files told at once.
const PIECE: usize = 4_096;

/// A file with a record, as the store has it.
pub(crate) type Known = (FileId, FileName, Stamp);

impl Core {
    /// Takes over whether copies are looked for. What is indexed already is told to the loop piece by piece.
    pub(crate) fn look_for_copies(&mut self) {
        let Settings { dedupe, workers, limits, .. } = &self.settings;
        let most = if *dedupe { workers.memory_ceiling / SHARE } else { 0 };
        self.reading.look_for_copies(usize::try_from(most).unwrap_or(usize::MAX), limits.extract.read);
        if !dedupe {
            return;
        }
        let (store, events) = (Arc::clone(&self.store), self.events.clone());
        (self.threads)(Box::new(move || {
            let mut rows = answers::Scan::new(store, |state| matches!(state, FileState::Indexed | FileState::Partial));
            loop {
                let known = |(_, entry): (DirId, EntryRow)| match entry.node {
                    Node::File(file) => Some((file.id, entry.name, file.fingerprint.stamp)),
                    Node::Dir(_) => None,
                };
                let piece: Vec<Known> = rows.by_ref().take(PIECE).filter_map(known).collect();
                // Fails only when the daemon is stopping.
                if piece.is_empty() || events.blocking_send(Event::Known(piece)).is_err() {
                    return;
                }
            }
        }));
    }

    /// What these files may be copies of.
    pub(super) fn known(&mut self, files: Vec<Known>) {
        files.into_iter().for_each(|(file, name, stamp)| self.reading.knows(file, &name, stamp));
    }

    /// Answers what was asked of the store for copies' sake. Says whether anything was.
    pub(super) fn compare(&mut self) -> bool {
        let asked = self.reading.alike();
        let any = !asked.is_empty();
        for alike in asked {
            match alike {
                Alike::Ask { file, stamp, task, priority } => match self.alike(file, stamp) {
                    Some(target) => self.reading.lend(target, task, priority),
                    None => self.reading.lost(file),
                },
                Alike::Take { job, file, stamp } => match self.record(file, stamp) {
                    Some((record, reader)) => {
                        if let Next::Commit(mutations) = self.reading.copy(&job, file, record, reader) {
                            self.results.extend(mutations);
                        }
                    }
                    None => {
                        self.reading.lost(file);
                        self.reading.parse(*job);
                    }
                },
            }
        }
        any
    }

    /// The row of a file that has this stamp still.
    fn row(&self, file: FileId, stamp: Stamp) -> Option<(DirId, EntryRow)> {
        let place = self.store.file(file).ok()??.place.clone();
        let entry = self.store.entry(place.dir, &place.name).ok()??;
        match entry.node {
            Node::File(row) if row.id == file && row.fingerprint.stamp == stamp => Some((place.dir, entry)),
            Node::File(_) | Node::Dir(_) => None,
        }
    }

    fn alike(&self, file: FileId, stamp: Stamp) -> Option<Target> {
        let roots: Vec<_> = self.roots.iter().map(|root| root.spec.path.clone()).collect();
        targets(&*self.store, &roots, &[self.row(file, stamp)?]).ok()?.pop()
    }

    /// The record of a file that has this stamp still, if it is what would be read today.
    fn record(&self, file: FileId, stamp: Stamp) -> Option<(Encoded, ReaderId)> {
        let (_, EntryRow { node: Node::File(row), .. }) = self.row(file, stamp)? else { return None };
        let fingerprint = row.fingerprint;
        let is_read = matches!(row.state, FileState::Indexed | FileState::Partial);
        let is_current = fingerprint.policy == self.settings.policy() && self.readers.contains(&fingerprint.reader);
        match &self.store.file(file).ok()??.result {
            FileResult::Record(record) if is_read && is_current => Some((Encoded::from(&**record), fingerprint.reader)),
            FileResult::Record(_) | FileResult::Failed { .. } => None,
        }
    }
}
