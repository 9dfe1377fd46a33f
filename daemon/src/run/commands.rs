//! What follows when somebody asks something: one method a verb.

use std::collections::HashSet;
use std::sync::Arc;

use super::{
    Event,
    answers::{self, Answers, count, entry_at, not_a_directory},
    core::{Core, targets},
    events::pending,
    jobs::About,
    reading::Target,
    roots::{self, Root, RootId, bytes},
};
use crate::{
    config::{self, Settings},
    control::{
        AbsPath, Command, Error, Hold, JobKind, JobNumber, MemoryReport, MountReport, MountState, Pause, QueueReport,
        Reply, Resume, RootInfo, RootOptions, RootOrigin, StartedJob, StatusReport, StoreReport, WhyReport,
        WorkersReport,
    },
    governor::pss,
    model::{self, DirId, EntryRow, FileState, Mutation, Node, Priority},
    plan::Scope,
    store::{Rows, StoreError},
};

type Load<'a> = &'a dyn Fn() -> anyhow::Result<Settings>;

impl Core {
    /// Does what was asked. Whoever asked may have gone: a failed answer means nothing.
    pub(crate) fn command(&mut self, command: Command, load: Load<'_>) {
        match command {
            Command::Status(reply) => self.status(reply),
            Command::AddRoot { path, options, reply } => _ = reply.send(self.watch_root(path, options)),
            Command::RemoveRoot { path, reply } => _ = reply.send(self.unwatch_root(&path)),
            Command::ListRoots(reply) => self.list_roots(reply),
            Command::Show { paths, options, reply } => _ = reply.send(Ok(self.answers().show(paths, options))),
            Command::Failed(reply) => _ = reply.send(Ok(self.answers().failed())),
            Command::Formats(reply) => _ = reply.send(Ok(answers::formats())),
            Command::Why { path, reply } => self.why(path, reply),
            Command::Rescan { paths, reply } => _ = reply.send(self.rescan(&paths)),
            Command::Index { paths, reply } => _ = reply.send(self.index(paths)),
            Command::Retry { paths, reply } => _ = reply.send(self.retry(paths)),
            Command::Wait(reply) => {
                let standing = self.standing();
                let walks = self.busy_roots();
                _ = reply.send(Ok(self.jobs.start_walk(JobKind::Wait, walks, &standing)));
            }
            Command::Pause { pause, reply } => _ = reply.send(self.pause(pause)),
            Command::Resume { which, reply } => _ = reply.send(self.resume(which)),
            Command::Reload(reply) => _ = reply.send(self.try_reload(load)),
            Command::CancelJob { job, reply } => {
                self.jobs.cancel(job);
                _ = reply.send(Ok(()));
            }
        }
    }

    fn answers(&self) -> Answers {
        Answers::new(self.store.clone(), &self.roots)
    }

    /// The figures that cost reading are gathered on a thread that may block.
    fn status(&mut self, reply: Reply<StatusReport>) {
        let standing = self.standing();
        let workers = self.reading.engine.workers();
        let mut report = StatusReport {
            state: self.state(),
            started: self.started,
            degraded: self.degraded_list(),
            pauses: self.pauses.list(),
            roots: self.root_infos(),
            files: answers::file_counts(&standing.counts),
            queue: QueueReport {
                waiting: self.reading.queue.len() as u64,
                in_hand: self.reading.in_hand() as u64,
                delayed: self.reading.delayed() as u64,
                crawling: standing.crawling,
                rate: standing.rate,
                left: standing.left,
            },
            workers: WorkersReport {
                running: u32::try_from(workers.len()).unwrap_or(u32::MAX),
                wanted: u32::try_from(self.decision.size.workers).unwrap_or(u32::MAX),
                why: self.decision.why.clone(),
                isolation: self.isolation(),
                lost: self.reading.totals.strikes,
            },
            memory: MemoryReport::default(),
            store: StoreReport { path: bytes(&self.settings.store.path), size: 0, commit: self.committed.0 },
            mount: self.mount_report(),
        };
        let (store, ceiling) = (Arc::clone(&self.store), self.settings.workers.memory_ceiling);
        let path = self.settings.store.path.join("rows").join("db");
        tokio::task::spawn_blocking(move || {
            let workers = workers.iter().map(|worker| pss(worker.pid)).sum();
            report.memory = MemoryReport { daemon: pss(std::process::id()), workers, ceiling };
            report.store.size = std::fs::metadata(path).map_or(0, |file| file.len());
            count(&*store, &mut report.roots);
            _ = reply.send(Ok(report));
        });
    }

    fn isolation(&self) -> String {
        match self.settings.isolation {
            config::Isolation::Require => "full, required: no path, no network, no other process",
            config::Isolation::BestEffort => "as far as the kernel has it",
            config::Isolation::None => "none, by the setting isolation",
        }
        .into()
    }

    fn mount_report(&self) -> MountReport {
        let state = match (&self.view, self.settings.mount.enabled) {
            (Some(_), _) => MountState::Mounted,
            (None, true) => MountState::Failed,
            (None, false) => MountState::Off,
        };
        MountReport { path: bytes(&self.settings.mount.path), state }
    }

    fn root_infos(&self) -> Vec<RootInfo> {
        let info = |root: &Root| {
            let (state, why) = root.state();
            RootInfo {
                path: root.path.clone(),
                state,
                why,
                options: root.options,
                origin: root.origin,
                files: crate::control::FileCounts::default(),
                directories: 0,
                crawled: root.crawled,
            }
        };
        self.roots.iter().map(info).collect()
    }

    fn list_roots(&self, reply: Reply<Vec<RootInfo>>) {
        let (mut infos, store) = (self.root_infos(), Arc::clone(&self.store));
        tokio::task::spawn_blocking(move || {
            count(&*store, &mut infos);
            _ = reply.send(Ok(infos));
        });
    }

    fn why(&self, path: AbsPath, reply: Reply<Box<WhyReport>>) {
        let (answers, readers, policy) = (self.answers(), self.readers.clone(), self.settings.policy());
        tokio::task::spawn_blocking(move || {
            let current =
                |row: &model::FileRow| row.fingerprint.policy == policy && readers.contains(&row.fingerprint.reader);
            _ = reply.send(answers.why(&path, current).map(Box::new).map_err(|error| store_error(&error)));
        });
    }

    fn watch_root(&mut self, path: AbsPath, options: RootOptions) -> Result<StartedJob, Error> {
        let path = canonical(&path)?;
        if let Some(error) = not_a_directory(&path) {
            return Err(error);
        }
        self.refuse_own(&path)?;
        let id = match self.roots.iter().find(|root| root.path == path) {
            Some(root) if root.options == options => root.id,
            Some(root) if root.origin == RootOrigin::Config => return Err(from_config(&path)),
            Some(_) => {
                self.roots.retain(|root| root.path != path);
                self.add_root(path, options, RootOrigin::Bus)?
            }
            None => {
                self.refuse_overlap(&path)?;
                self.add_root(path, options, RootOrigin::Bus)?
            }
        };
        self.keep_roots()?;
        if let Some(root) = self.roots.iter_mut().find(|root| root.id == id) {
            root.offline.clear();
            root.wanted.subtree(Vec::new());
        }
        let standing = self.standing();
        Ok(self.jobs.start_walk(JobKind::Crawl, HashSet::from([id]), &standing))
    }

    fn refuse_own(&self, path: &AbsPath) -> Result<(), Error> {
        let own = [&self.settings.mount.path, &self.settings.store.path];
        if own.into_iter().any(|own| path.as_path().starts_with(own)) {
            return Err(Error::NotAllowed {
                what: format!("{path} belongs to the daemon itself"),
                hint: "watch the directories that hold your own files".into(),
            });
        }
        Ok(())
    }

    fn refuse_overlap(&self, path: &AbsPath) -> Result<(), Error> {
        if let Some((root, _)) = roots::owner(&self.roots, path.as_bytes()) {
            return Err(Error::InvalidArgument {
                what: format!("{path} is below {}, which is watched already", root.path),
                hint: "nothing is left to do; metactl roots lists what is watched".into(),
            });
        }
        if let Some(root) = self.roots.iter().find(|root| root.path.as_path().starts_with(path.as_path())) {
            return Err(Error::InvalidArgument {
                what: format!("{} below {path} is watched already", root.path),
                hint: format!("use metactl unwatch {} first", root.path),
            });
        }
        Ok(())
    }

    fn unwatch_root(&mut self, path: &AbsPath) -> Result<(), Error> {
        let resolved = canonical(path).unwrap_or_else(|_| path.clone());
        let found = self.roots.iter().position(|root| root.path == *path || root.path == resolved);
        let Some(index) = found else {
            return Err(Error::NotWatched {
                what: format!("{path} is not a watched directory"),
                hint: "metactl roots lists them".into(),
            });
        };
        if self.roots[index].origin == RootOrigin::Config {
            return Err(from_config(path));
        }
        let root = self.roots.remove(index);
        if let Err(error) = self.keep_roots() {
            self.roots.push(root);
            return Err(error);
        }
        tracing::info!(path = ?root.path.as_path(), "no longer watching a directory");
        if let Some(running) = &root.running {
            running.seen.cancel.store(true, std::sync::atomic::Ordering::Relaxed);
        }
        if let Some(watcher) = &self.watcher {
            watcher.forget(root.path.as_path());
        }
        self.jobs.walked(root.id);
        let path = root.path.as_bytes().to_vec();
        self.reading.queue.retain(|job| *job.root != *path);
        let top = topmost(&*self.store, &path).map_err(|error| store_error(&error))?;
        if let Some(dir) = top {
            self.commit(vec![Mutation::RemoveDir(dir)]);
        }
        self.tell_roots();
        Ok(())
    }

    fn keep_roots(&self) -> Result<(), Error> {
        let roots = self.roots.iter().filter(|root| root.origin == RootOrigin::Bus);
        self.kept.put_roots(roots.map(|root| (&root.path, root.options))).map_err(|error| kept_error(&error))
    }

    fn busy_roots(&self) -> HashSet<RootId> {
        self.roots.iter().filter(|root| root.is_busy()).map(|root| root.id).collect()
    }

    fn rescan(&mut self, paths: &[AbsPath]) -> Result<StartedJob, Error> {
        let mut walks = HashSet::new();
        for path in paths {
            let path = &canonical(path).unwrap_or_else(|_| path.clone());
            let (id, relative) = self.owner(path)?;
            walks.insert(id);
            let is_dir = path.as_path().is_dir();
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

    fn index(&mut self, paths: Vec<AbsPath>) -> Result<StartedJob, Error> {
        let paths: Vec<_> = paths.into_iter().map(|path| parent_resolved(&path)).collect();
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

    fn retry(&mut self, paths: Vec<AbsPath>) -> Result<StartedJob, Error> {
        let paths: Vec<_> = paths.into_iter().map(|path| parent_resolved(&path)).collect();
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
        tokio::task::spawn_blocking(move || {
            let (rows, missing) = find(&store, &about);
            let targets = targets(&*store, &roots, &rows).unwrap_or_default();
            _ = events.blocking_send(Event::Found { job, targets, missing });
        });
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
            self.after_commit.push_back((commit, rows, Priority::Asked));
        }
    }

    fn pause(&mut self, pause: Pause) -> Result<u64, Error> {
        let lasts = pause.hold != Hold::Caller;
        let cookie = self.pauses.add(pause);
        for root in &self.roots {
            if let Some(running) = &root.running {
                running.seen.cancel.store(true, std::sync::atomic::Ordering::Relaxed);
            }
        }
        if lasts && let Err(error) = self.kept.put_pauses(self.pauses.lasting()) {
            _ = self.pauses.resume(Resume::Cookie { cookie, uid: 0 });
            return Err(kept_error(&error));
        }
        tracing::info!("paused");
        Ok(cookie)
    }

    fn resume(&mut self, which: Resume) -> Result<(), Error> {
        self.pauses.resume(which)?;
        self.kept.put_pauses(self.pauses.lasting()).map_err(|error| kept_error(&error))?;
        if !self.pauses.in_force() {
            tracing::info!("resumed");
        }
        Ok(())
    }

    /// On SIGHUP: an error is logged, and the old settings stay in force.
    pub(crate) fn reload(&mut self, load: Load<'_>) {
        if let Err(error) = self.try_reload(load) {
            tracing::error!(%error, "the configuration was not taken over, the old one stays in force");
        }
    }

    fn try_reload(&mut self, load: Load<'_>) -> Result<(), Error> {
        let settings = load().map_err(|error| Error::InvalidArgument {
            what: format!("{error:#}"),
            hint: "correct it; the old settings stay in force".into(),
        })?;
        let gone: Vec<_> = self
            .roots
            .iter()
            .filter(|root| root.origin == RootOrigin::Config)
            .filter(|root| !settings.roots.iter().any(|setting| setting.path == root.path.as_path()))
            .map(|root| root.path.clone())
            .collect();
        for path in gone {
            if let Some(root) = self.roots.iter_mut().find(|root| root.path == path) {
                root.origin = RootOrigin::Bus;
            }
            self.unwatch_root(&path)?;
        }
        for setting in &settings.roots {
            let path = AbsPath::parse(&bytes(&setting.path))?;
            if !self.roots.iter().any(|root| root.path == path) {
                self.add_root(path, setting.options, RootOrigin::Config)?;
            }
        }
        crate::logging::set_level(settings.log.level);
        self.take_over(settings)?;
        tracing::info!("the configuration was read again");
        Ok(())
    }
}

impl Core {
    /// Takes over what can change while running: what a worker is started with, the store and the mount cannot.
    fn take_over(&mut self, settings: Settings) -> Result<(), Error> {
        let before = self.settings.clone();
        let lasting = (&settings.limits, &settings.isolation, &settings.store, &settings.mount);
        if lasting != (&before.limits, &before.isolation, &before.store, &before.mount) {
            tracing::warn!("limits, isolation, store and mount change with the next start of the daemon");
        }
        let rules_differ = settings.ignore != before.ignore;
        let (limits, isolation) = (before.limits, before.isolation);
        self.settings = Settings { limits, isolation, store: before.store, mount: before.mount, ..settings };
        if rules_differ {
            for root in &mut self.roots {
                let (path, options, origin) = (root.path.clone(), root.options, root.origin);
                root.spec = Root::new(root.id, path, options, origin, &self.settings)?.spec;
                root.wanted.subtree(Vec::new());
            }
        }
        Ok(())
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
fn find(rows: &Arc<crate::store::SledStore>, about: &About) -> (Vec<(DirId, EntryRow)>, u64) {
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

/// The highest directory that only exists in the index because of this root.
fn topmost(rows: &dyn Rows, root: &[u8]) -> Result<Option<DirId>, StoreError> {
    let Some(mut dir) = rows.dir_at(root)? else { return Ok(None) };
    while dir != DirId::TOP {
        let Some(row) = rows.dir(dir)? else { break };
        let parent = row.dir.parent;
        let only_child = rows.dir(parent)?.is_some_and(|parent| parent.entries.len() == 1);
        if parent == DirId::TOP || !only_child {
            break;
        }
        dir = parent;
    }
    Ok(Some(dir))
}

/// A directory's path without symlinks.
fn canonical(path: &AbsPath) -> Result<AbsPath, Error> {
    match std::fs::canonicalize(path.as_path()) {
        Ok(resolved) => AbsPath::parse(&bytes(&resolved)),
        Err(_) => match not_a_directory(path) {
            Some(error) => Err(error),
            None => Ok(path.clone()),
        },
    }
}

/// The path with the symlinks in its directory resolved, not the file itself.
fn parent_resolved(path: &AbsPath) -> AbsPath {
    let resolved = || {
        let dir = std::fs::canonicalize(path.as_path().parent()?).ok()?;
        AbsPath::parse(&bytes(&dir.join(path.as_path().file_name()?))).ok()
    };
    resolved().unwrap_or_else(|| path.clone())
}

fn from_config(path: &AbsPath) -> Error {
    Error::NotAllowed {
        what: format!("{path} is a root of the configuration"),
        hint: "change it there, then reload".into(),
    }
}

fn store_error(error: &StoreError) -> Error {
    Error::StoreUnavailable { what: config::chain(error), hint: "look at metactl status and the log".into() }
}

fn kept_error(error: &super::KeptError) -> Error {
    Error::Failed { what: config::chain(error), hint: "make room or set the rights, then try again".into() }
}
