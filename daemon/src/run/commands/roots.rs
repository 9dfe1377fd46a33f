//! Which directories are watched: adding and removing them.

use std::collections::HashSet;

use super::{Looked, kept_error};
use crate::{
    control::{AbsPath, Error, JobKind, RootOptions, RootOrigin, StartedJob, Viewer},
    model::{self, DirId, Mutation},
    run::{
        core::Core,
        jobs::Walked,
        roots::{self, Askers},
    },
    store::{Rows, StoreError},
};

impl Core {
    pub(super) fn watch_root(
        &mut self,
        by: &Viewer,
        looked: &Looked,
        options: RootOptions,
    ) -> Result<StartedJob, Error> {
        if let Some(error) = &looked.refusal {
            return Err(error.clone());
        }
        let (path, about) = (looked.path.clone(), looked.path.clone());
        self.refuse_own(&path)?;
        let id = match self.roots.iter().find(|root| root.path == path) {
            Some(root) if root.options == options => root.id,
            Some(root) if root.origin == RootOrigin::Config => return Err(from_config(&path)),
            Some(_) => {
                self.drop_root(&path);
                self.add_root(path, options, RootOrigin::Bus)?
            }
            None => {
                self.refuse_overlap(by, &path)?;
                self.add_root(path, options, RootOrigin::Bus)?
            }
        };
        self.keep_roots()?;
        // The root is looked at by the daemon's own wish: who watches it may lose interest, the index may not.
        let job = self.jobs.start_walk(JobKind::Crawl, HashSet::from([id]), Walked::Below(vec![about]));
        if let Some(root) = self.roots.iter_mut().find(|root| root.id == id) {
            root.offline.clear();
            root.wanted.subtree_for(Vec::new(), Askers { jobs: [job.number].into(), ours: true });
        }
        Ok(job)
    }

    pub(crate) fn refuse_own(&self, path: &AbsPath) -> Result<(), Error> {
        let own = [&self.settings.mount.path, &self.settings.store.path];
        if own.into_iter().any(|own| path.as_path().starts_with(own)) {
            return Err(Error::NotAllowed {
                what: format!("{path} belongs to the daemon itself"),
                hint: "watch the directories that hold your own files".into(),
            });
        }
        Ok(())
    }

    fn refuse_overlap(&self, by: &Viewer, path: &AbsPath) -> Result<(), Error> {
        if let Some((root, _)) = roots::owner(&self.roots, path.as_bytes()) {
            return Err(Error::InvalidArgument {
                what: format!("{path} is below {}, which is watched already", root.path),
                hint: "nothing is left to do; metactl roots lists what is watched".into(),
            });
        }
        if let Some(root) = self.roots.iter().find(|root| root.path.as_path().starts_with(path.as_path())) {
            if !self.sees_root(root, by) {
                return Err(Error::InvalidArgument {
                    what: format!("a directory below {path} is watched already"),
                    hint: "ask as root: metactl roots lists what is watched".into(),
                });
            }
            return Err(Error::InvalidArgument {
                what: format!("{} below {path} is watched already", root.path),
                hint: format!("use metactl unwatch {} first", root.path),
            });
        }
        Ok(())
    }

    /// Removes a root that this user sees.
    pub(super) fn end_root(&mut self, by: &Viewer, path: &AbsPath) -> Result<(), Error> {
        match self.roots.iter().any(|root| root.path == *path && self.sees_root(root, by)) {
            true => self.unwatch_root(path),
            false => Err(not_watched(path)),
        }
    }

    pub(super) fn unwatch_root(&mut self, path: &AbsPath) -> Result<(), Error> {
        let found = self.roots.iter().position(|root| root.path == *path);
        let Some(index) = found else { return Err(not_watched(path)) };
        if self.roots[index].origin == RootOrigin::Config {
            return Err(from_config(path));
        }
        let path = self.roots[index].path.clone();
        let others = self.roots.iter().filter(|root| root.path != path && root.origin == RootOrigin::Bus);
        self.kept.put_roots(others.map(|root| (&root.path, root.options))).map_err(|error| kept_error(&error))?;
        self.drop_root(&path);
        tracing::info!(path = ?path.as_path(), "no longer watching a directory");
        // What its walk has found may not be committed yet.
        self.forgotten.push_back((self.last_commit, path));
        self.forget_rows();
        self.tell_roots();
        Ok(())
    }

    /// Ends everything that goes on for a root, but its rows.
    fn drop_root(&mut self, path: &AbsPath) {
        let Some(index) = self.roots.iter().position(|root| root.path == *path) else { return };
        let root = self.roots.remove(index);
        if let Some(running) = &root.running {
            running.seen.cancel.store(true, std::sync::atomic::Ordering::Relaxed);
        }
        if let Some(watcher) = &self.watcher {
            watcher.forget(root.path.as_path());
        }
        self.jobs.walked(root.id);
        self.reading.forget(root.path.as_bytes());
    }

    /// Removes the rows of roots that are no longer watched, as far as all of them are committed.
    pub(crate) fn forget_rows(&mut self) {
        while self.forgotten.front().is_some_and(|(commit, _)| *commit <= self.committed) {
            let Some((_, path)) = self.forgotten.pop_front() else { return };
            let again = self.roots.iter().any(|root| root.path.as_path().starts_with(path.as_path()));
            if again || roots::owner(&self.roots, path.as_bytes()).is_some() {
                continue;
            }
            let leads_to_root =
                |dir: &[u8]| self.roots.iter().any(|root| root.path.as_path().starts_with(model::path(dir)));
            match topmost(&*self.store, path.as_bytes(), &leads_to_root) {
                Ok(Some(dir)) => {
                    let commit = self.commit(vec![Mutation::RemoveDir(dir)]);
                    // What the next one leaves shows when this one is gone.
                    self.forgotten.iter_mut().for_each(|(after, _)| *after = commit);
                }
                Ok(None) => {}
                Err(error) => tracing::warn!(%error, "rows of a root stay until the next start"),
            }
        }
    }

    fn keep_roots(&self) -> Result<(), Error> {
        let roots = self.roots.iter().filter(|root| root.origin == RootOrigin::Bus);
        self.kept.put_roots(roots.map(|root| (&root.path, root.options))).map_err(|error| kept_error(&error))
    }
}

/// The highest directory that only exists in the index because of this root, which may itself have no rows yet.
/// `leads_to_root` says whether a root is a directory or below it; its rows may be on their way.
fn topmost(rows: &dyn Rows, root: &[u8], leads_to_root: &dyn Fn(&[u8]) -> bool) -> Result<Option<DirId>, StoreError> {
    let (mut at, mut removed) = (root, None);
    while at.len() > 1 && !leads_to_root(at) {
        if let Some(dir) = rows.dir_at(at)? {
            let entries = rows.dir(dir)?.map_or(0, |rows| rows.entries.len());
            if at != root && entries > usize::from(removed.is_some()) {
                break;
            }
            removed = Some(dir);
        }
        let slash = at.iter().rposition(|&byte| byte == b'/').unwrap_or(0);
        at = &at[..slash];
    }
    Ok(removed)
}

fn not_watched(path: &AbsPath) -> Error {
    Error::NotWatched { what: format!("{path} is not a watched directory"), hint: "metactl roots lists them".into() }
}

fn from_config(path: &AbsPath) -> Error {
    Error::NotAllowed {
        what: format!("{path} is a root of the configuration"),
        hint: "change it there, then reload".into(),
    }
}
