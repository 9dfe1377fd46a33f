//! Pending files that nobody queued, as the store has them.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use tokio::time::Instant;

use super::{Event, core::Core, reading::Target};
use crate::{
    model::{DirId, EntryRow, FileState},
    store,
};

/// Files that one search of the store gives.
const SWEEP: usize = 4_096;
/// How long pending files that nobody queued are left before they are searched for.
const SEARCH: Duration = Duration::from_millis(300);

impl Core {
    /// Files can be pending without being queued: a directory moved while they were, or a look found nothing new.
    /// They are searched for once all else is done, a while after the last time.
    pub(super) fn search_for_pending(&mut self) {
        let pending = store::Rows::counts(&*self.store).pending;
        // What was left then is less now: what comes to be pending from here on is something else.
        self.reading.left_pending = self.reading.left_pending.min(pending);
        let crawling = self.roots.iter().any(|root| root.is_busy() && !root.stuck);
        if pending == 0 || pending == self.reading.left_pending || !self.reading.rests() || crawling {
            self.search_due = None;
            return;
        }
        match self.search_due {
            None => self.search_due = Some(Instant::now() + SEARCH),
            Some(due) if due <= Instant::now() => {
                self.search_due = None;
                self.reading.search();
            }
            Some(_) => {}
        }
    }

    /// The roots that are there and answer.
    pub(super) fn there(&self) -> Vec<Box<[u8]>> {
        let there = self.roots.iter().filter(|root| root.offline.is_empty() && root.silent.is_none());
        there.map(|root| root.spec.path.clone()).collect()
    }

    /// Searches the store for pending files, on a thread that may block.
    pub(super) fn sweep(&mut self) {
        let Some(from) = self.reading.begin_sweep() else { return };
        let (store, events) = (Arc::clone(&self.store), self.events.clone());
        let roots = self.there();
        (self.threads)(Box::new(move || {
            let (found, next) = sweep(&*store, &roots, from).unwrap_or_default();
            _ = events.blocking_send(Event::Swept { found, next });
        }));
    }
}

/// Pending files from a directory on, and where to go on.
fn sweep(
    rows: &dyn store::Rows,
    roots: &[Box<[u8]>],
    from: DirId,
) -> Result<(Vec<Target>, Option<DirId>), store::StoreError> {
    let (found, next) = rows.scan(from, SWEEP, &|state| state == FileState::Pending)?;
    Ok((targets(rows, roots, &found)?, next))
}

/// Rows as targets; those whose directory is gone or below no root are left out.
pub(crate) fn targets(
    rows: &dyn store::Rows,
    roots: &[Box<[u8]>],
    entries: &[(DirId, EntryRow)],
) -> Result<Vec<Target>, store::StoreError> {
    let mut paths: BTreeMap<DirId, Option<Vec<u8>>> = BTreeMap::new();
    let mut targets = Vec::with_capacity(entries.len());
    for (dir, entry) in entries {
        let path = match paths.get(dir) {
            Some(path) => path.clone(),
            None => {
                let path = rows.path(*dir)?;
                paths.insert(*dir, path.clone());
                path
            }
        };
        let Some(path) = path.map(|path| crate::model::join(&path, &entry.name)) else { continue };
        let owner = roots.iter().find_map(|root| Some((root, below(root, &path)?)));
        targets.extend(owner.and_then(|(root, relative)| Target::new(*dir, entry, root, relative.to_vec())));
    }
    Ok(targets)
}

/// The part of a path below a root.
fn below<'a>(root: &[u8], path: &'a [u8]) -> Option<&'a [u8]> {
    let rest = path.strip_prefix(root)?;
    if root == b"/" { Some(rest) } else { rest.strip_prefix(b"/") }
}
