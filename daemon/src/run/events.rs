//! What follows when a stage tells something.

mod engine;
mod walks;

use std::collections::BTreeSet;

use tokio::time::Instant;

use super::{
    Event, GATHER,
    alerts::{self, Kind},
    commands::Load,
    core::{Committing, Core, unsettled_due},
    roots::{self, RootId, bytes},
    search::targets,
};
use crate::{
    config,
    crawl::{Hindrance, Problem},
    governor::signals::disk::DiskKind,
    model::{self, DirId, EntryRow, FileRow, FileState, Mutation, Node, Place},
    plan::Scope,
    store::{Changed, CommitId, StoreEvent},
    watch::coalesce::Dirty,
};

impl Core {
    /// Routes one event.
    pub(crate) fn event(&mut self, event: Event, load: Load<'_>) {
        match event {
            Event::Looked(asked, looked) => self.answer(*asked, &looked, load),
            Event::Walk(root, progress) => self.walk_tells(root, progress),
            Event::Disk(root, disk) => self.lies_on(root, disk),
            Event::Pressed => self.governing.pressed(),
            Event::Said(said) => self.governing.heard(said),
            Event::WalkEnded(root, path, end) => self.walk_ended(root, &path, end),
            Event::Engine(event) => self.engine_tells(event),
            Event::Store(event) => self.store_tells(event),
            Event::Swept { found, next } => {
                let now = self.now();
                let pending = self.store.counts().pending;
                self.reading.swept(found, next, pending, now);
            }
            Event::Known(files) => self.known(files),
            Event::Noticed { dir, found } => {
                let now = self.now();
                self.reading.seen_in(dir, found, now);
            }
            Event::Namesakes(places) => places.into_iter().for_each(|place| self.look_at_place(place)),
            Event::Found { job, targets, missing, current } => self.found(job, targets, (missing, current)),
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
            self.events_lost += 1;
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

    fn lies_on(&mut self, id: RootId, disk: Option<DiskKind>) {
        let Some(root) = self.root(id) else { return };
        root.lies_on(disk);
        let path = root.spec.path.clone();
        self.reading.queue.turns(&path, disk == Some(DiskKind::Rotational));
    }

    fn root(&mut self, id: RootId) -> Option<&mut roots::Root> {
        self.roots.iter_mut().find(|root| root.id == id)
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
            StoreEvent::Weighed { size, live } => self.judge(Kind::StoreGrowth, alerts::store_growth(size, live)),
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
            if !self.reading.has_room(priority) {
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
pub(crate) fn pending_row(mutation: &Mutation) -> Option<(DirId, EntryRow)> {
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
