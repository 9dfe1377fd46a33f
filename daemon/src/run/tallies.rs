//! How many files each root has, for the status: counted when somebody asks, and kept until the index changes, so that
//! asking again costs nothing and wakes no store that sleeps.
//!
//! Asked on threads that may block, never in the loop.

use std::{
    collections::BTreeSet,
    os::unix::ffi::OsStrExt,
    sync::{Mutex, PoisonError},
};

use super::sight;
use crate::{
    control::{AbsPath, FileCounts, RootInfo, Viewer},
    model::{DirId, FileState, Node},
    store::{CommitId, Counts, Rows, StoreError},
};

/// Users whose figures are kept.
const VIEWERS: usize = 16;

/// Files by state, and directories.
type Tally = (FileCounts, u64);

/// What was counted last, for each user who asked.
#[derive(Debug, Default)]
pub(crate) struct Tallies {
    // A lock, held for a look-up only: counting several times at once is only slow.
    counted: Mutex<Vec<Counted>>,
}

/// The figures of all roots that a user sees.
#[derive(Debug)]
struct Counted {
    by: Viewer,
    /// What the index was: rows change with a commit, or, where damage is mended, with the totals.
    index: (CommitId, Counts),
    roots: Vec<(AbsPath, Tally)>,
}

impl Tallies {
    /// Adds the totals of each root, as far as this user sees what is counted. `commit` is one that this index has;
    /// `only_roots` says that it has nothing but these roots and what is above them.
    pub fn add(&self, rows: &dyn Rows, (commit, only_roots): (CommitId, bool), roots: &mut [RootInfo], by: &Viewer) {
        let index = (commit, rows.counts());
        if self.put_kept(index, roots, by) {
            return;
        }
        let total = (*by == Viewer::All && only_roots).then_some(&index.1);
        // A store that cannot be read shows in the status by itself.
        let Ok(tallies) = count(rows, roots, by, total) else { return };
        for (root, tally) in roots.iter_mut().zip(&tallies) {
            (root.files, root.directories) = *tally;
        }
        let paths = roots.iter().map(|root| root.path.clone());
        self.keep(Counted { by: by.clone(), index, roots: paths.zip(tallies).collect() });
    }

    /// Whether all that is wanted was counted in this very index.
    fn put_kept(&self, index: (CommitId, Counts), roots: &mut [RootInfo], by: &Viewer) -> bool {
        let counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(kept) = counted.iter().find(|kept| kept.by == *by && kept.index == index) else { return false };
        roots.iter_mut().all(|root| {
            let found = kept.roots.iter().find(|(path, _)| *path == root.path);
            found.map(|(_, tally)| (root.files, root.directories) = *tally).is_some()
        })
    }

    fn keep(&self, new: Counted) {
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        counted.retain(|kept| kept.by != new.by);
        if counted.len() == VIEWERS {
            counted.remove(0);
        }
        counted.push(new);
    }
}

/// Counts the roots. Where the total is known the largest need not be looked at: they are counted in turn, a directory
/// at a time, and the last one has what is left.
fn count(rows: &dyn Rows, roots: &[RootInfo], by: &Viewer, total: Option<&Counts>) -> Result<Vec<Tally>, StoreError> {
    let begun = |root: &RootInfo| {
        Ok(Count { left: rows.dir_at(root.path.as_bytes())?.into_iter().collect(), ..Count::default() })
    };
    let mut counts = roots.iter().map(begun).collect::<Result<Vec<_>, StoreError>>()?;
    let spared = usize::from(total.is_some());
    while counts.iter().filter(|count| !count.left.is_empty()).count() > spared {
        counts.iter_mut().try_for_each(|count| count.step(rows, by))?;
    }
    if let (Some(total), Some(last)) = (total, counts.iter().position(|count| !count.left.is_empty())) {
        let others = counts.iter().enumerate().filter(|(at, _)| *at != last);
        let rest = |all: u64, of: &dyn Fn(&Count) -> u64| {
            others.clone().fold(all, |rest, (_, count)| rest.saturating_sub(of(count)))
        };
        let Counts { directories, files, pending, indexed, partial, failed } = *total;
        let files = FileCounts {
            known: rest(files, &|count| count.files.known),
            indexed: rest(indexed, &|count| count.files.indexed),
            partial: rest(partial, &|count| count.files.partial),
            pending: rest(pending, &|count| count.files.pending),
            failed: rest(failed, &|count| count.files.failed),
        };
        let directories = rest((directories + 1).saturating_sub(above(rows, roots)?), &|count| count.directories);
        counts[last] = Count { files, directories, left: Vec::new() };
    }
    Ok(counts.into_iter().map(|count| (count.files, count.directories)).collect())
}

/// Directories of the index that only lead to roots, with `/`, which the total does not count.
fn above(rows: &dyn Rows, roots: &[RootInfo]) -> Result<u64, StoreError> {
    let ancestors = roots.iter().flat_map(|root| root.path.as_path().ancestors().skip(1));
    let ancestors: BTreeSet<_> = ancestors.map(|path| path.as_os_str().as_bytes()).collect();
    let known = ancestors.into_iter().map(|path| Ok(u64::from(rows.dir_at(path)?.is_some())));
    known.sum()
}

/// What was counted of a root so far.
#[derive(Default)]
struct Count {
    files: FileCounts,
    directories: u64,
    /// Directories still to be looked at.
    left: Vec<DirId>,
}

impl Count {
    /// Counts what lies in the next directory.
    fn step(&mut self, rows: &dyn Rows, by: &Viewer) -> Result<(), StoreError> {
        let Some(dir) = self.left.pop() else { return Ok(()) };
        let Self { files, directories, left } = self;
        *directories += 1;
        rows.each(dir, &mut |entry| match entry.node {
            _ if !sight::sees(&entry, by) => {}
            Node::Dir(id) => left.push(id),
            Node::File(file) => {
                files.known += 1;
                *match file.state {
                    FileState::Pending => &mut files.pending,
                    FileState::Indexed => &mut files.indexed,
                    FileState::Partial => &mut files.partial,
                    FileState::Failed(_) => &mut files.failed,
                } += 1;
            }
        })?;
        Ok(())
    }
}

/// The store's totals as the status has them.
pub(crate) fn file_counts(counts: &Counts) -> FileCounts {
    let Counts { files, pending, indexed, partial, failed, .. } = *counts;
    FileCounts { known: files, indexed, partial, pending, failed }
}
