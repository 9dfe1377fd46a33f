//! What follows when a stage tells something.

use std::{collections::BTreeSet, time::Duration};

use tokio::time::Instant;

use super::{
    Event, GATHER,
    commands::Load,
    core::{Committing, Core, targets, unsettled_due},
    reading::Next,
    roots::{self, RootId, Running, bytes},
};
use crate::{
    config,
    crawl::{End, Hindrance, Problem, Progress, Reach},
    engine::EngineEvent,
    model::{self, DirId, EntryRow, FileId, FileResult, FileRow, FileState, Mutation, Node, Place, Priority},
    plan::Scope,
    proto::Achieved,
    store::{Changed, CommitId, StoreEvent},
    watch::coalesce::Dirty,
};

/// How long a root is left alone after the store could not answer.
const BLOCKED: Duration = Duration::from_secs(5);
/// The same after no more could be opened.
const SHORTAGE: Duration = Duration::from_secs(1);

/// The degraded state of directories that cannot be watched.
const WATCH_LIMIT: &str = "watch-limit";
/// The degraded state of directories that cannot be looked at.
const UNREADABLE: &str = "unreadable-directory";
/// The degraded state of a process that may open no more.
const SHORT: &str = "out-of-resources";
/// Directories remembered of one root that cannot be looked at.
const UNREADABLE_MAX: usize = 1_000;

impl Core {
    /// Routes one event.
    pub(crate) fn event(&mut self, event: Event, load: Load<'_>) {
        match event {
            Event::Looked(asked, looked) => self.answer(*asked, &looked, load),
            Event::Walk(root, progress) => self.walk_tells(root, progress),
            Event::WalkEnded(root, path, end) => self.walk_ended(root, &path, end),
            Event::Engine(event) => self.engine_tells(event),
            Event::Store(event) => self.store_tells(event),
            Event::Swept { found, next } => {
                let now = self.now();
                let pending = self.store.counts().pending;
                self.reading.swept(found, next, pending, now);
            }
            Event::Namesakes(places) => places.into_iter().for_each(|place| self.look_at_place(place)),
            Event::Found { job, targets, missing } => self.found(job, targets, missing),
            Event::Drained(commit) => self.drained_up_to(CommitId(commit)),
            Event::ViewEnded(why) => {
                tracing::warn!(%why, "the mounted view is gone, going on without");
                self.view = None;
                self.degraded
                    .insert("no-fuse", format!("the mounted view is gone: {why}; restart the daemon to mount it"));
                self.drained_up_to(self.committed);
            }
        }
    }

    /// Hints have come; those that belong together are a moment apart.
    pub(crate) fn hints_came(&mut self) {
        self.settled_due.get_or_insert_with(|| Instant::now() + GATHER);
    }

    /// Takes the kernel's hints: what is settled now, the rest a little later.
    pub(crate) fn hinted(&mut self) {
        self.settled_due = None;
        let now = Instant::now();
        let dirty = {
            let mut pending = self.hints.lock();
            let ripe = self.unsettled_due.is_some_and(|due| due <= now);
            let dirty = if ripe { pending.take_all() } else { pending.take_settled() };
            self.unsettled_due = match (pending.has_unsettled(), self.unsettled_due) {
                (true, Some(due)) if !ripe => Some(due),
                (true, _) => Some(unsettled_due()),
                (false, _) => None,
            };
            dirty
        };
        self.look_at(dirty);
    }

    fn look_at(&mut self, Dirty { dirs, everything }: Dirty) {
        if everything {
            tracing::warn!("events were lost, looking at every directory again");
            self.roots.iter_mut().for_each(|root| root.wanted.subtree(Vec::new()));
        }
        for (dir, scope) in dirs {
            self.look_at_dir(&bytes(&dir), scope);
        }
    }

    fn look_at_dir(&mut self, dir: &[u8], scope: Scope) {
        for root in &mut self.roots {
            if let Some(relative) = root.relative(dir) {
                root.wanted.dir(relative, scope);
                return;
            }
            // The root itself came, went or changed, or what is mounted there or above.
            let is_above = |path: &[u8]| root.path.as_path().starts_with(model::path(path));
            let concerned = match &scope {
                Scope::Whole => is_above(dir),
                Scope::Names(names) => names.iter().any(|name| is_above(&model::join(dir, name))),
            };
            if concerned {
                root.offline.clear();
                root.wanted.subtree(Vec::new());
            }
        }
    }

    fn root(&mut self, id: RootId) -> Option<&mut roots::Root> {
        self.roots.iter_mut().find(|root| root.id == id)
    }

    /// The walk that goes on now met directories that cannot be watched.
    fn unwatched(&mut self, id: RootId) {
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
    fn tell_unwatched(&mut self) {
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

    fn walk_tells(&mut self, id: RootId, progress: Progress) {
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

    fn walk_ended(&mut self, id: RootId, path: &[u8], end: End) {
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
    fn forget_removed(&self, path: &[u8]) {
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

    fn engine_tells(&mut self, event: EngineEvent) {
        match event {
            EngineEvent::Finished(job, outcome) => {
                let now = self.now();
                match self.reading.finished(job, outcome, now) {
                    Next::Commit(mutations) => {
                        mutations.iter().for_each(|mutation| self.count_failure(mutation));
                        self.results.extend(mutations);
                    }
                    Next::Suspect(mutation, job) => {
                        let commit = self.commit(vec![mutation]);
                        self.reading.retry_when_durable(commit, job);
                    }
                    Next::LookAt(place) => self.look_at_place(place),
                    Next::Nothing => {}
                }
            }
            EngineEvent::Distrusted(files) => self.distrust(files),
            EngineEvent::NoWorkers { why } => {
                tracing::error!(error = %why, "no worker can be started, trying again ever more slowly");
                self.degraded.insert("no-workers", format!("no file can be read: {why}"));
            }
            EngineEvent::Short { why } => {
                self.reading.short = why;
                self.tell_shortage();
            }
            EngineEvent::Measured(achieved) => self.measured(achieved),
            EngineEvent::WorkersBack => {
                tracing::info!("workers run again");
                self.degraded.remove("no-workers");
            }
        }
    }

    /// Whoever waits for a file that has failed is told so.
    fn count_failure(&mut self, mutation: &Mutation) {
        let Mutation::PutResult { file, place, result, .. } = mutation else { return };
        if matches!(**result, FileResult::Failed { .. })
            && !self.jobs.is_empty()
            && let Ok(Some(dir)) = self.store.path(place.dir)
        {
            self.jobs.failed(*file, &model::join(&dir, &place.name));
        }
    }

    /// The walls around workers are as good as measured, whatever the settings want.
    fn measured(&mut self, achieved: Achieved) {
        self.reading.achieved = Some(achieved);
        let missing: Vec<_> = achieved.missing().collect();
        let text = match (missing.is_empty() && achieved.seccomp, achieved.landlock) {
            _ if self.settings.isolation == config::Isolation::None => None,
            (true, 0) => Some(
                "this kernel has no Landlock: workers are confined by the filter of system calls alone; start one with \
                 Landlock, 5.13 or newer, with landlock among its lsm="
                    .into(),
            ),
            (true, _) => None,
            (false, _) => Some(format!(
                "a worker that a file has captured could {}; use a kernel with Landlock and seccomp, or set isolation = \
                 \"require\" to read nothing instead",
                missing.join(", ")
            )),
        };
        match text {
            None => _ = self.degraded.remove("isolation"),
            Some(text) => {
                tracing::warn!(?achieved, "workers are confined less than they could be");
                self.degraded.insert("isolation", text);
            }
        }
    }

    /// A captured worker may have falsified these records.
    fn distrust(&mut self, files: Vec<FileId>) {
        tracing::warn!(files = files.len(), "a worker broke out of its rules, reading again what it had read");
        self.reading.doubt(&files);
        // Its last results may be on their way into the store.
        self.commit_results();
        self.distrusted.push_back((self.last_commit, files));
        self.read_distrusted();
    }

    /// Makes files pending whose records are all committed now.
    fn read_distrusted(&mut self) {
        while self.distrusted.front().is_some_and(|(commit, _)| *commit <= self.committed) {
            let Some((_, files)) = self.distrusted.pop_front() else { return };
            self.read_again(&files);
        }
    }

    fn read_again(&mut self, files: &[FileId]) {
        let entry = |place: &Place| Some((place.dir, self.store.entry(place.dir, &place.name).ok()??));
        let mut mutations = Vec::new();
        for file in files {
            let place = self.store.file(*file).ok().flatten().map(|file| file.place.clone());
            let Some((dir, found)) = place.and_then(|place| entry(&place)) else { continue };
            // One reading has served all names of an inode.
            let is_linked = matches!(found.node, Node::File(file) if file.links > 1);
            let others = if is_linked { self.store.links(&found.identity).unwrap_or_default() } else { Vec::new() };
            let others = others.iter().filter_map(entry).filter(|other| *other != (dir, found.clone()));
            mutations.extend(others.chain([(dir, found.clone())]).filter_map(|(dir, entry)| pending(dir, entry)));
        }
        if !mutations.is_empty() {
            let commit = self.commit(mutations.clone());
            let rows = mutations.iter().filter_map(pending_row).collect();
            self.after_commit.push_back(Committing { commit, rows, priority: Priority::Crawl });
        }
    }

    /// Looks at one name again.
    fn look_at_place(&mut self, place: Place) {
        if let Ok(Some(dir)) = self.store.path(place.dir) {
            self.look_at_dir(&dir, Scope::Names(vec![place.name]));
        }
    }

    fn store_tells(&mut self, event: StoreEvent) {
        match event {
            StoreEvent::Committed { commit, changed } => self.committed_up_to(commit, changed),
            StoreEvent::Durable { commit } => {
                if self.degraded.remove("store").is_some() {
                    tracing::info!("the store can be written again, looking at every directory");
                    // What was committed and not durable may be lost.
                    self.roots.iter_mut().for_each(|root| root.wanted.subtree(Vec::new()));
                    self.reading.search();
                }
                let now = self.now();
                self.reading.durable(commit, now);
            }
            StoreEvent::Rebuilding { size, live } => {
                tracing::info!(size, live, "the store is written anew, to take less room");
            }
            StoreEvent::Rebuilt { before, after } => tracing::info!(before, after, "the store takes less room"),
            StoreEvent::Mended { files } => {
                tracing::warn!(files, "records in the store were damaged, reading their files again");
                self.reading.search();
            }
            StoreEvent::Trouble { text, fatal } => {
                if fatal {
                    tracing::error!(error = %text, "the store cannot be used, starting again without it");
                    self.store_is_lost = true;
                } else {
                    tracing::warn!(error = %text, "the store cannot be written, trying again");
                }
                self.store_trouble(text);
            }
        }
    }

    fn store_trouble(&mut self, text: String) {
        let path = self.settings.store.path.display();
        let text = format!(
            "{text}; make room at {path} or see why it cannot be written; nothing is lost, and it goes on by itself"
        );
        self.degraded.insert("store", text);
    }

    fn committed_up_to(&mut self, commit: CommitId, changed: Vec<Changed>) {
        self.committed = commit;
        while self.walk_commits.front().is_some_and(|at| *at <= commit) {
            self.walk_commits.pop_front();
            self.walks.batch_committed();
        }
        let directories: BTreeSet<DirId> = changed.iter().map(|changed| changed.place.dir).collect();
        self.visible.expect_changes(commit, directories);
        if let Some(view) = &self.view {
            view.commit(commit, &changed);
        } else {
            self.show(commit);
        }
        self.queue_committed(commit);
        self.forget_rows();
        self.read_distrusted();
    }

    /// Rows that are committed now become jobs, as far as the queue has room; the store keeps the others.
    fn queue_committed(&mut self, commit: CommitId) {
        let roots: Vec<_> = self.roots.iter().map(|root| root.spec.path.clone()).collect();
        let now = self.now();
        while self.after_commit.front().is_some_and(|waiting| waiting.commit <= commit) {
            let Some(Committing { rows, priority, .. }) = self.after_commit.pop_front() else { return };
            if !self.reading.has_room() {
                self.reading.search();
                continue;
            }
            match targets(&*self.store, &roots, &rows) {
                Ok(targets) => targets.into_iter().for_each(|target| self.reading.want(target, priority, now)),
                Err(error) => {
                    self.store_trouble(config::chain(&error));
                    self.reading.search();
                }
            }
        }
    }

    fn drained_up_to(&mut self, commit: CommitId) {
        self.drained = self.drained.max(commit);
        self.show(self.visible_up_to());
    }

    /// Readers see the results up to here: whoever waits for them is told.
    fn show(&mut self, commit: CommitId) {
        let (files, directories) = self.visible.reached(commit);
        for file in files {
            self.jobs.file_done(file);
            self.reading.shown(file);
        }
        if !directories.is_empty() {
            self.tell_changed(commit, directories);
        }
    }

    /// What this process lacks to open files and directories, as a degraded state. Whatever needs it waits.
    fn tell_shortage(&mut self) {
        let of_walks = self.roots.iter().map(|root| &root.short).find(|short| !short.is_empty());
        match self.reading.short.as_ref().or(of_walks) {
            None => _ = self.degraded.remove(SHORT),
            Some(why) => {
                let text = format!("files and directories cannot be opened, and wait until they can be: {why}");
                self.degraded.insert(SHORT, text);
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
    fn tell_unreadable(&mut self) {
        let text: Vec<_> =
            [Hindrance::Denied, Hindrance::Disk].map(|kind| self.hindered(kind)).into_iter().flatten().collect();
        match text.is_empty() {
            true => _ = self.degraded.remove(UNREADABLE),
            false => {
                _ = self.degraded.insert(UNREADABLE, format!("a directory cannot be looked at: {}", text.join("; ")))
            }
        }
    }

    /// The first of the directories that something keeps us from, how many they are, and what to do.
    fn hindered(&self, kind: Hindrance) -> Option<String> {
        let all = self.roots.iter().flat_map(|root| root.unreadable.iter().map(move |at| (root, at)));
        let mut these = all.filter(|(_, (_, problem))| problem.kind == kind);
        let (root, (relative, Problem { text, .. })) = these.next()?;
        let path = crate::control::shown(&model::join(root.path.as_bytes(), relative));
        let others = match these.count() {
            0 => String::new(),
            count => format!(" (and {count} more)"),
        };
        let next = match kind {
            Hindrance::Denied => "give the daemon's user the right".to_owned(),
            Hindrance::Disk => {
                format!("look at the disk (dmesg); it is tried again every {:?}", self.settings.watch.poll)
            }
        };
        Some(format!("{path}: {text}{others}; {next}"))
    }
}

/// The row that a mutation leaves to be read.
fn pending_row(mutation: &Mutation) -> Option<(DirId, EntryRow)> {
    let (dir, entry) = match mutation {
        Mutation::PutFile { dir, entry } => (dir, entry),
        Mutation::MoveFile { to, entry, .. } => (to, entry),
        _ => return None,
    };
    matches!(entry.node, Node::File(FileRow { state: FileState::Pending, .. })).then(|| (*dir, entry.clone()))
}

/// The mutation that makes a file be read again.
pub(crate) fn pending(dir: DirId, entry: EntryRow) -> Option<Mutation> {
    let Node::File(file) = entry.node else { return None };
    let node = Node::File(FileRow { state: FileState::Pending, ..file });
    Some(Mutation::PutFile { dir, entry: EntryRow { node, ..entry } })
}
