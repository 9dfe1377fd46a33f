//! Looking and reading on request: rescan, index, retry, and the files such a job is about.

use std::{collections::HashSet, sync::Arc};

use super::Looked;
use crate::{
    control::{Error, JobKind, JobNumber, StartedJob, Viewer},
    model::{DirId, EntryRow, FileState, Node, Place, Priority},
    plan::Scope,
    run::{
        Event, answers,
        core::{Committing, Core},
        events::{pending, pending_row},
        jobs::{About, Walked, Which},
        reading::Target,
        roots::{self, Askers, Root, RootId},
        search::targets,
        sight::{self, entry_at},
    },
    store::Store,
};

impl Core {
    pub(super) fn busy_roots(&self) -> HashSet<RootId> {
        self.roots.iter().filter(|root| root.is_busy()).map(|root| root.id).collect()
    }

    pub(super) fn rescan(&mut self, by: &Viewer, paths: &[Looked]) -> Result<StartedJob, Error> {
        let mut places = Vec::new();
        for looked in paths {
            let (id, relative) = self.owner(by, looked)?;
            places.push((id, relative, looked.is_dir));
        }
        let mut about: Vec<_> = paths.iter().map(|looked| looked.path.clone()).collect();
        if paths.is_empty() {
            places.extend(self.roots.iter().map(|root| (root.id, Vec::new(), true)));
            about.extend(self.roots.iter().map(|root| root.path.clone()));
        }
        let walks = places.iter().map(|(id, ..)| *id).collect();
        let job = self.jobs.start_walk(JobKind::Rescan, walks, Walked::Below(about));
        for (id, relative, is_dir) in places {
            let Some(root) = self.roots.iter_mut().find(|root| root.id == id) else { continue };
            root.offline.clear();
            match is_dir {
                true => root.wanted.subtree_for(relative, Askers::job(job.number)),
                false => want_name(root, &relative, job.number),
            }
        }
        Ok(job)
    }

    /// What the caller does not see is not looked at, and counts as what is not there.
    pub(super) fn index(&mut self, by: &Viewer, looked: &[Looked], again: bool) -> Result<StartedJob, Error> {
        let mut wanted = Vec::new();
        for looked in looked {
            let owner = self.owner(by, looked)?;
            wanted.extend(looked.is_seen.then_some(owner));
        }
        let paths = looked.iter().map(|looked| looked.path.clone()).collect();
        let walks = wanted.iter().map(|(id, _)| *id).collect();
        let which = if again { Which::Again } else { Which::Unread };
        let about = About { by: by.clone(), paths, which };
        let job = self.jobs.start_files(JobKind::Index, walks, about);
        for (id, relative) in wanted {
            if let Some(root) = self.roots.iter_mut().find(|root| root.id == id) {
                want_name(root, &relative, job.number);
            }
        }
        Ok(job)
    }

    pub(super) fn retry(&mut self, by: &Viewer, looked: &[Looked]) -> Result<StartedJob, Error> {
        for looked in looked {
            self.owner(by, looked)?;
        }
        let paths = looked.iter().map(|looked| looked.path.clone()).collect();
        let about = About { by: by.clone(), paths, which: Which::Failed };
        Ok(self.jobs.start_files(JobKind::Retry, HashSet::new(), about))
    }

    /// Ends a job, and the looks that it alone wanted. Files that are found to be read are read.
    pub(super) fn cancel(&mut self, job: JobNumber) {
        self.jobs.cancel(job);
        for root in &mut self.roots {
            root.wanted.forget(job);
            root.running.iter_mut().for_each(|running| running.forget(job));
            if !root.is_busy() {
                // Others may have waited for what is not looked at now.
                self.jobs.walked(root.id);
            }
        }
    }

    /// The root of a path, where the path or the root is seen.
    fn owner(&self, by: &Viewer, Looked { path, is_seen, .. }: &Looked) -> Result<(RootId, Vec<u8>), Error> {
        let owner = roots::owner(&self.roots, path.as_bytes()).filter(|(root, _)| *is_seen || self.sees_root(root, by));
        owner.map(|(root, relative)| (root.id, relative)).ok_or_else(|| Error::NotWatched {
            what: format!("{path} is below no watched directory"),
            hint: "metactl watch adds one".into(),
        })
    }

    /// Finds the files a job is about, on a thread that may block.
    pub(crate) fn find(&self, job: JobNumber, about: About) {
        let (store, events) = (Arc::clone(&self.store), self.events.clone());
        let roots: Vec<_> = self.roots.iter().map(|root| root.spec.path.clone()).collect();
        (self.threads)(Box::new(move || {
            let Found { rows, missing, current } = find(&store, &about);
            let targets = targets(&*store, &roots, &rows).unwrap_or_default();
            _ = events.blocking_send(Event::Found { job, targets, missing, current });
        }));
    }

    /// Reads the files a job is about; `missing` are none that are indexed, `current` have their record.
    pub(crate) fn found(&mut self, job: JobNumber, targets: Vec<Target>, (missing, mut current): (u64, u64)) {
        let (mut files, mut mutations, mut rows) = (HashSet::new(), Vec::new(), Vec::new());
        let now = self.now();
        for target in targets {
            let file = target.id();
            let forgiven = self.reading.forgive(file);
            match target.state() {
                // It waits already, or has just been read.
                FileState::Pending if forgiven.is_none() => match self.is_pending(&target) {
                    true => self.reading.raise(target, now),
                    false => {
                        current += 1;
                        continue;
                    }
                },
                _ => {
                    mutations.extend(forgiven);
                    let (dir, entry) = target.into_row();
                    let mutation = pending(dir, entry);
                    rows.extend(mutation.as_ref().and_then(pending_row));
                    mutations.extend(mutation);
                }
            }
            files.insert(file);
        }
        self.jobs.set_files(job, files, (missing, current));
        if !mutations.is_empty() {
            let commit = self.commit(mutations);
            self.after_commit.push_back(Committing { commit, rows, priority: Priority::Asked });
        }
    }

    /// Whether a file that was pending is so still.
    fn is_pending(&self, target: &Target) -> bool {
        let Place { dir, name } = target.place();
        let entry = self.store.entry(*dir, name).ok().flatten();
        let file = entry.and_then(|entry| if let Node::File(file) = entry.node { Some(file) } else { None });
        file.is_some_and(|file| file.id == target.id() && file.state == FileState::Pending)
    }
}

/// Marks the last component of a path below the root to be looked at.
fn want_name(root: &mut Root, relative: &[u8], job: JobNumber) {
    root.wanted.dirs_for(job);
    match relative.iter().rposition(|&b| b == b'/') {
        Some(slash) => {
            root.wanted.dir(relative[..slash].to_vec(), Scope::Names(vec![relative[slash + 1..].into()]));
        }
        None if relative.is_empty() => root.wanted.subtree_for(Vec::new(), Askers::job(job)),
        None => root.wanted.dir(Vec::new(), Scope::Names(vec![relative.into()])),
    }
}

/// What a job is about.
#[derive(Default)]
struct Found {
    /// To be read.
    rows: Vec<(DirId, EntryRow)>,
    /// Paths of no indexed files.
    missing: u64,
    /// Files that have their record.
    current: u64,
}

fn find(rows: &Arc<dyn Store>, About { by, paths, which }: &About) -> Found {
    let failed = |state| matches!(state, FileState::Failed(_) | FileState::Partial);
    let mut found = Found::default();
    if paths.is_empty() {
        found.rows = sight::scan(answers::Scan::new(rows.clone(), failed), rows.clone(), by.clone()).collect();
        return found;
    }
    for path in paths {
        let entry = entry_at(&**rows, path.as_bytes(), by).ok().flatten();
        let state = entry.as_ref().and_then(|(_, entry)| match entry.node {
            Node::File(file) if *which != Which::Failed || failed(file.state) => Some(file.state),
            _ => None,
        });
        match (state, entry) {
            (Some(state), Some(entry)) if !sight::is_closed(path.as_bytes(), by) => {
                match *which == Which::Unread && matches!(state, FileState::Indexed | FileState::Partial) {
                    true => found.current += 1,
                    false => found.rows.push(entry),
                }
            }
            _ => found.missing += 1,
        }
    }
    found
}
