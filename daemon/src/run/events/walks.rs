//! What follows when a walk tells something.

use std::{sync::atomic::Ordering, time::Duration};

use tokio::time::Instant;

use super::pending_row;
use crate::{
    crawl::{End, Hindrance, Problem, Progress, Reach},
    model::{self, DirId, EntryRow, Mutation, Priority},
    run::{
        core::{Committing, Core},
        roots::{self, RootId, Running},
    },
};

/// How long a root is left alone after the store could not answer.
const BLOCKED: Duration = Duration::from_secs(5);
/// The same after no more could be opened.
const SHORTAGE: Duration = Duration::from_secs(1);
/// The degraded state of directories that cannot be watched.
const WATCH_LIMIT: &str = "watch-limit";
/// The degraded state of directories that cannot be looked at.
const UNREADABLE: &str = "unreadable-directory";
/// Directories remembered of one root that cannot be looked at.
const UNREADABLE_MAX: usize = 1_000;

impl Core {
    /// The walk that goes on now met directories that cannot be watched.
    pub(super) fn unwatched(&mut self, id: RootId) {
        let watches = self.watcher.as_ref().map_or(0, |watcher| watcher.watched());
        if let Some(root) = self.root(id) {
            root.running.iter_mut().for_each(|running| running.unwatched = true);
            if !std::mem::replace(&mut root.unwatched, true) {
                tracing::warn!(path = ?root.path.as_path(), watches, "the watch limit is reached, polling the rest");
            }
        }
        self.tell_unwatched();
    }

    /// Roots of which not all can be watched, as a degraded state. Each whole look tries again.
    pub(super) fn tell_unwatched(&mut self) {
        let partly = self.roots.iter().filter(|root| root.unwatched && self.watcher.is_some());
        let partly: Vec<_> = partly.map(|root| root.path.to_string()).collect();
        if partly.is_empty() {
            self.degraded.remove(WATCH_LIMIT);
            return;
        }
        let text = format!(
            "not all directories below {} can be watched: the rest is looked at every {:?}; raise \
             fs.inotify.max_user_watches (sysctl), or user.max_inotify_watches in a container, or the setting watch.share",
            partly.join(", "),
            self.settings.watch.poll,
        );
        self.degraded.insert(WATCH_LIMIT, text);
    }

    pub(super) fn walk_tells(&mut self, id: RootId, progress: Progress) {
        match progress {
            Progress::Batch(mutations) => self.walk_batch(id, mutations),
            Progress::Problem { path, problem } => self.unreadable(id, &path, problem),
            Progress::Readable(relative) => {
                if let Some(root) = self.root(id) {
                    root.unreadable.remove(&relative);
                    root.wanted.subtree(relative);
                }
                self.tell_unreadable();
            }
            Progress::Unwatched => self.unwatched(id),
            Progress::Namesakes(inodes) => self.has_namesakes(inodes),
            Progress::AlsoAt(places) => places.into_iter().for_each(|place| self.look_at_place(place)),
        }
    }

    fn walk_batch(&mut self, id: RootId, mutations: Vec<Mutation>) {
        let Some(root) = self.root(id) else {
            // The root was removed meanwhile; its rows are gone.
            self.walks.batch_committed();
            return;
        };
        let fresh = matches!(root.running.as_ref().map(|running| &running.reach), Some(Reach::Dirs(_)));
        let priority = if fresh { Priority::Fresh } else { Priority::Crawl };
        let pending: Vec<(DirId, EntryRow)> = mutations.iter().filter_map(pending_row).collect();
        let commit = self.commit(mutations);
        if let Some(root) = self.root(id) {
            root.last_commit = commit;
        }
        self.walk_commits.push_back(commit);
        if !pending.is_empty() {
            if self.reading.is_careful {
                self.reading.accused(commit);
            }
            self.after_commit.push_back(Committing { commit, rows: pending, priority });
        }
    }

    pub(super) fn walk_ended(&mut self, id: RootId, path: &[u8], end: End) {
        let Some(root) = self.roots.iter_mut().find(|root| root.id == id) else {
            self.forget_removed(path);
            return;
        };
        let running = root.running.take();
        root.short.clear();
        match end {
            End::Done { dirs, files } => {
                running.into_iter().for_each(|running| self.walk_done(id, running, (dirs, files)));
            }
            End::Cancelled => running.into_iter().for_each(|running| root.wanted.put_back(running)),
            End::RootGone(why) => {
                tracing::warn!(path = ?root.path.as_path(), error = %why, "a root is gone, keeping its rows");
                if let Some(watcher) = &self.watcher {
                    watcher.forget(root.path.as_path());
                }
                root.offline = format!("it cannot be opened: {why}; it is looked at again when it comes back");
                let forget = root.options.forget_when_unmounted.unwrap_or(false);
                let path = root.path.as_bytes().to_vec();
                root.founded &= !forget;
                if forget && let Ok(Some(dir)) = self.store.dir_at(&path) {
                    self.commit(vec![Mutation::RemoveDir(dir)]);
                }
            }
            End::Short(why) => {
                running.into_iter().for_each(|running| root.wanted.put_back(running));
                root.blocked_until = Some(Instant::now() + SHORTAGE);
                root.short = why;
            }
            End::Store(why) => {
                running.into_iter().for_each(|running| root.wanted.put_back(running));
                root.blocked_until = Some(Instant::now() + BLOCKED);
                self.store_trouble(why);
            }
        }
        self.tell_roots();
        if let Some(root) = self.root(id).filter(|root| !root.is_busy()) {
            let id = root.id;
            self.jobs.walked(id);
        }
    }

    /// A walk has looked at all that it was to look at, or as far as anybody waited for it.
    fn walk_done(&mut self, id: RootId, running: Running, (dirs, files): (u64, u64)) {
        self.jobs.looked(&running.askers.jobs, files);
        self.walks.looks.add(files, running.seen.unchanged.load(Ordering::Relaxed));
        let (now, pending) = ((self.wall_clock)().wall, self.store.counts().pending);
        let unwatched = self.watcher.is_none() || running.unwatched;
        let Some(root) = self.root(id) else { return };
        let path = root.path.as_path();
        if running.is_given_up() {
            tracing::info!(?path, dirs, files, "nobody waits for a look any more, ending it");
            let met = std::mem::replace(&mut root.unreadable, running.unreadable_before);
            root.unreadable.extend(met);
        } else if running.reach == Reach::Below(Vec::new()) {
            tracing::info!(?path, dirs, files, "looked at a root");
            root.unwatched = unwatched;
            root.crawled = now;
            // Files may have been pending since before the root went away.
            if pending > 0 {
                self.reading.search();
            }
        }
    }

    /// The walk of a root that was removed meanwhile may have watched more of it.
    pub(super) fn forget_removed(&self, path: &[u8]) {
        if let Some(watcher) = self.watcher.as_ref().filter(|_| roots::owner(&self.roots, path).is_none()) {
            watcher.forget(model::path(path));
        }
    }

    /// Roots that are not there, or could not be looked at whole, or not watched, as degraded states.
    pub(crate) fn tell_roots(&mut self) {
        let gone: Vec<_> = self.roots.iter().filter(|r| !r.offline.is_empty()).map(|r| r.path.to_string()).collect();
        self.tell_unreadable();
        self.tell_unwatched();
        self.tell_shortage();
        match gone.is_empty() {
            true => _ = self.degraded.remove("root-offline"),
            false => {
                let text = format!(
                    "{} cannot be opened; mount it, give the daemon's user the right, or use metactl unwatch",
                    gone.join(", ")
                );
                self.degraded.insert("root-offline", text);
            }
        }
    }

    /// Keeps what could not be looked at, for the status.
    fn unreadable(&mut self, id: RootId, path: &[u8], problem: Problem) {
        let text = &problem.text;
        if !self.degraded.contains_key(UNREADABLE) {
            tracing::warn!(path = ?model::path(path), error = %text, "cannot look at a directory, skipping it");
        } else {
            tracing::debug!(path = ?model::path(path), error = %text, "cannot look at a directory, skipping it");
        }
        if let Some(root) = self.root(id).filter(|root| root.unreadable.len() < UNREADABLE_MAX)
            && let Some(relative) = root.relative(path)
        {
            root.unreadable.insert(relative, problem);
        }
        self.tell_unreadable();
    }

    /// Directories that cannot be looked at, as a degraded state.
    pub(super) fn tell_unreadable(&mut self) {
        let text: Vec<_> =
            [Hindrance::Denied, Hindrance::Disk].map(|kind| self.hindered(kind)).into_iter().flatten().collect();
        match text.is_empty() {
            true => _ = self.degraded.remove(UNREADABLE),
            false => {
                _ = self.degraded.insert(UNREADABLE, format!("a directory cannot be looked at: {}", text.join("; ")))
            }
        }
    }
}
