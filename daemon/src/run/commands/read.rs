//! Looking and reading on request: rescan, index, retry, and the files such a job is about.

use std::{collections::HashSet, sync::Arc};

use super::Looked;
use crate::{
    control::{AbsPath, Error, JobKind, JobNumber, StartedJob},
    model::{DirId, EntryRow, FileState, Mutation, Node, Priority},
    plan::Scope,
    run::{
        Event,
        answers::{self, entry_at},
        core::{Committing, Core, targets},
        events::pending,
        jobs::About,
        reading::Target,
        roots::{self, Root, RootId},
    },
    store::Store,
};

impl Core {
    pub(super) fn busy_roots(&self) -> HashSet<RootId> {
        self.roots.iter().filter(|root| root.is_busy()).map(|root| root.id).collect()
    }

    pub(super) fn rescan(&mut self, paths: &[Looked]) -> Result<StartedJob, Error> {
        let mut walks = HashSet::new();
        for Looked { path, is_dir, .. } in paths {
            let (id, relative) = self.owner(path)?;
            walks.insert(id);
            if let Some(root) = self.roots.iter_mut().find(|root| root.id == id) {
                match is_dir {
                    true => root.wanted.subtree(relative),
                    false => want_name(root, &relative),
                }
                root.offline.clear();
            }
        }
        if paths.is_empty() {
            for root in &mut self.roots {
                root.offline.clear();
                root.wanted.subtree(Vec::new());
                walks.insert(root.id);
            }
        }
        let standing = self.standing();
        Ok(self.jobs.start_walk(JobKind::Rescan, walks, &standing))
    }

    pub(super) fn index(&mut self, paths: &[Looked]) -> Result<StartedJob, Error> {
        let paths: Vec<_> = paths.iter().map(|looked| looked.path.clone()).collect();
        let mut wanted = Vec::new();
        for path in &paths {
            wanted.push(self.owner(path)?);
        }
        let mut walks = HashSet::new();
        for (id, relative) in wanted {
            if let Some(root) = self.roots.iter_mut().find(|root| root.id == id) {
                want_name(root, &relative);
                walks.insert(id);
            }
        }
        let standing = self.standing();
        Ok(self.jobs.start_files(JobKind::Index, walks, About::Paths(paths), &standing))
    }

    pub(super) fn retry(&mut self, paths: &[Looked]) -> Result<StartedJob, Error> {
        let paths: Vec<_> = paths.iter().map(|looked| looked.path.clone()).collect();
        for path in &paths {
            self.owner(path)?;
        }
        let standing = self.standing();
        Ok(self.jobs.start_files(JobKind::Retry, HashSet::new(), About::Failed(paths), &standing))
    }

    fn owner(&self, path: &AbsPath) -> Result<(RootId, Vec<u8>), Error> {
        roots::owner(&self.roots, path.as_bytes()).map(|(root, relative)| (root.id, relative)).ok_or_else(|| {
            Error::NotWatched {
                what: format!("{path} is below no watched directory"),
                hint: "metactl watch adds one".into(),
            }
        })
    }

    /// Finds the files a job is about, on a thread that may block.
    pub(crate) fn find(&self, job: JobNumber, about: About) {
        let (store, events) = (Arc::clone(&self.store), self.events.clone());
        let roots: Vec<_> = self.roots.iter().map(|root| root.spec.path.clone()).collect();
        (self.threads)(Box::new(move || {
            let (rows, missing) = find(&store, &about);
            let targets = targets(&*store, &roots, &rows).unwrap_or_default();
            _ = events.blocking_send(Event::Found { job, targets, missing });
        }));
    }

    /// Reads the files a job is about, changed or not.
    pub(crate) fn found(&mut self, job: JobNumber, targets: Vec<Target>, missing: u64) {
        let files = targets.iter().map(Target::id).collect();
        self.jobs.set_files(job, files, missing);
        let mut mutations = Vec::new();
        let mut rows = Vec::new();
        for target in targets {
            mutations.extend(self.reading.forgive(target.id()));
            let (dir, entry) = target.into_row();
            if let Some(mutation) = pending(dir, entry) {
                if let Mutation::PutFile { dir, entry } = &mutation {
                    rows.push((*dir, entry.clone()));
                }
                mutations.push(mutation);
            }
        }
        if !mutations.is_empty() {
            let commit = self.commit(mutations);
            self.after_commit.push_back(Committing { commit, rows, priority: Priority::Asked });
        }
    }
}

/// Marks the last component of a path below the root to be looked at.
fn want_name(root: &mut Root, relative: &[u8]) {
    match relative.iter().rposition(|&b| b == b'/') {
        Some(slash) => {
            root.wanted.dir(relative[..slash].to_vec(), Scope::Names(vec![relative[slash + 1..].into()]));
        }
        None if relative.is_empty() => root.wanted.subtree(Vec::new()),
        None => root.wanted.dir(Vec::new(), Scope::Names(vec![relative.into()])),
    }
}

/// The rows a job is about, and how many of its paths are no indexed files.
fn find(rows: &Arc<dyn Store>, about: &About) -> (Vec<(DirId, EntryRow)>, u64) {
    let failed = |state| matches!(state, FileState::Failed(_) | FileState::Partial);
    let (paths, only_failed) = match about {
        About::Failed(paths) if paths.is_empty() => {
            return (answers::Scan::new(rows.clone(), failed).collect(), 0);
        }
        About::Failed(paths) => (paths, true),
        About::Paths(paths) => (paths, false),
    };
    let mut found = Vec::with_capacity(paths.len());
    let mut missing = 0;
    for path in paths {
        match entry_at(&**rows, path.as_bytes()) {
            Ok(Some((dir, entry))) if matches!(entry.node, Node::File(file) if !only_failed || failed(file.state)) => {
                found.push((dir, entry));
            }
            _ => missing += 1,
        }
    }
    (found, missing)
}
