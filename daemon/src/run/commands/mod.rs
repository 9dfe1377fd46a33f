//! What follows when somebody asks something: one method a verb.

mod read;
mod roots;
mod stats;
mod status;

use std::{sync::Arc, time::Duration};

use tokio::time::Instant;

use super::{
    Event,
    answers::{Answers, no_directory, not_a_directory},
    core::Core,
    jobs::Walked,
    roots::{Root, bytes},
    sight,
};
use crate::{
    config::{self, Settings},
    control::{AbsPath, Asked, Command, Error, Hold, JobKind, Pause, Resume, RootOptions, RootOrigin, Viewer},
    store::StoreError,
    watch::reach::Last,
};

/// How long events take at most from the kernel to us.
const HEARD: Duration = Duration::from_millis(20);

/// A path that somebody gave, after a look at the disk.
#[derive(Debug)]
pub(crate) struct Looked {
    /// Without symlinks in its directory, or (of a directory) at all; as given where it cannot be resolved.
    pub(super) path: AbsPath,
    is_dir: bool,
    /// Whether whoever gave it sees what is there.
    is_seen: bool,
    /// Why it cannot be watched.
    pub(super) refusal: Option<Error>,
}

impl Looked {
    /// A path as this user reaches it. One that is not seen stays as it was given.
    fn by(by: &Viewer, given: &AbsPath, whole: bool) -> Self {
        match (by, whole) {
            (Viewer::All, true) => Self::whole(given),
            (Viewer::All, false) => Self::parent(given),
            (_, true) => {
                let seen = sight::on_disk(given.as_bytes(), Last::Follow, by);
                let path = seen.as_ref().and_then(|seen| AbsPath::parse(&seen.path).ok());
                let path = path.unwrap_or_else(|| given.clone());
                let refusal = match &seen {
                    Some(_) => not_a_directory(&path),
                    None => Some(no_directory(&path)),
                };
                Self { is_dir: refusal.is_none(), is_seen: seen.is_some(), path, refusal }
            }
            (_, false) => {
                let seen = sight::on_disk(given.as_bytes(), Last::Keep, by);
                let path = seen.as_ref().and_then(|seen| AbsPath::parse(&seen.path).ok());
                Self { is_seen: seen.is_some(), ..Self::unseen(path.unwrap_or_else(|| given.clone())) }
            }
        }
    }

    fn unseen(path: AbsPath) -> Self {
        Self { path, is_dir: false, is_seen: false, refusal: None }
    }

    /// The path of a directory, or of anything that may be one.
    fn whole(given: &AbsPath) -> Self {
        let resolved = std::fs::canonicalize(given.as_path()).ok();
        let path = resolved.and_then(|path| AbsPath::parse(&bytes(&path)).ok()).unwrap_or_else(|| given.clone());
        let refusal = not_a_directory(&path);
        Self { is_dir: refusal.is_none(), is_seen: true, path, refusal }
    }

    /// The path of a file, which may itself be a symlink.
    fn parent(given: &AbsPath) -> Self {
        let resolved = || {
            let dir = std::fs::canonicalize(given.as_path().parent()?).ok()?;
            AbsPath::parse(&bytes(&dir.join(given.as_path().file_name()?))).ok()
        };
        Self { is_seen: true, ..Self::unseen(resolved().unwrap_or_else(|| given.clone())) }
    }
}

pub(crate) type Load<'a> = &'a dyn Fn() -> anyhow::Result<Settings>;

impl Core {
    /// Does what was asked. Whoever asked may have gone: a failed answer means nothing.
    ///
    /// Paths are looked at first, on a thread that may block: one in a dead file system must not hold up the loop.
    pub(crate) fn command(&mut self, asked: Asked, load: Load<'_>) {
        let Asked { by, command } = &asked;
        let paths = match command {
            Command::AddRoot { path, .. } | Command::Estimate { path, .. } => vec![path.clone()],
            Command::RemoveRoot { path, .. } if !self.roots.iter().any(|root| root.path == *path) => vec![path.clone()],
            Command::Rescan { paths, .. } | Command::Index { paths, .. } | Command::Retry { paths, .. } => {
                paths.clone()
            }
            _ => Vec::new(),
        };
        if paths.is_empty() {
            return self.answer(asked, &[], load);
        }
        let by = by.clone();
        let whole = matches!(
            command,
            Command::AddRoot { .. } | Command::RemoveRoot { .. } | Command::Rescan { .. } | Command::Estimate { .. }
        );
        let events = self.events.clone();
        // Who asked for a root is answered when it is watched.
        let polled = |options: &RootOptions| options.poll.unwrap_or(false);
        let watched = matches!(&command, Command::AddRoot { options, .. } if !polled(options));
        let watcher = self.watcher.clone().filter(|_| watched);
        (self.threads)(Box::new(move || {
            let looked: Vec<_> = paths.iter().map(|path| Looked::by(&by, path, whole)).collect();
            if let (Some(watcher), Some(Looked { path, refusal: None, .. })) = (&watcher, looked.first()) {
                watcher.watch(&[path.as_path().to_owned()]);
            }
            // Fails only when the daemon is stopping.
            _ = events.blocking_send(Event::Looked(Box::new(asked), looked));
        }));
    }

    /// Does what was asked with its paths looked at.
    pub(crate) fn answer(&mut self, Asked { by, command }: Asked, looked: &[Looked], load: Load<'_>) {
        match command {
            Command::Status(reply) => self.status(by, reply),
            Command::AddRoot { options, reply, .. } => {
                let Some(looked) = looked.first() else { return };
                _ = reply.send(self.watch_root(&by, looked, options));
            }
            Command::RemoveRoot { path, reply } => {
                let path = looked.first().map_or(&path, |looked| &looked.path);
                _ = reply.send(self.end_root(&by, path));
            }
            Command::ListRoots(reply) => self.list_roots(by, reply),
            Command::Show { paths, options, reply } => {
                _ = reply.send(Ok(self.answers(&by).show(paths, options, Arc::clone(&self.attention))))
            }
            Command::Failed(reply) => _ = reply.send(Ok(self.answers(&by).failed())),
            Command::Stats(reply) => self.stats(by, reply),
            Command::Formats(reply) => _ = reply.send(Ok(self.formats())),
            Command::Workers(reply) => self.workers(by, reply),
            Command::Config(reply) => _ = reply.send(Ok(self.config(&by))),
            Command::Why { path, reply } => self.why(&by, path, reply),
            Command::Estimate { reply, .. } => {
                let Some(looked) = looked.first() else { return };
                self.estimate(&by, looked, reply);
            }
            Command::Rescan { reply, .. } => _ = reply.send(self.rescan(&by, looked)),
            Command::Index { again, reply, .. } => _ = reply.send(self.index(&by, looked, again)),
            Command::Retry { reply, .. } => _ = reply.send(self.retry(&by, looked)),
            Command::Wait(reply) => {
                self.heard_by = Instant::now() + HEARD;
                let walks = self.busy_roots();
                _ = reply.send(Ok(self.jobs.start_walk(JobKind::Wait, walks, Walked::Everything)));
            }
            Command::Pause { pause, reply } => _ = reply.send(self.pause(pause)),
            Command::Resume { which, reply } => _ = reply.send(self.resume(which)),
            Command::Reload(reply) => _ = reply.send(self.try_reload(load)),
            Command::CancelJob { job, reply } => {
                self.cancel(job);
                _ = reply.send(Ok(()));
            }
        }
    }

    fn answers(&self, by: &Viewer) -> Answers {
        Answers::new(self.store.clone(), &self.roots, by)
    }

    /// Whether this user sees that the root is one.
    fn sees_root(&self, root: &Root, by: &Viewer) -> bool {
        let seen = || sight::entry_at(&*self.store, root.path.as_bytes(), by);
        // A store that cannot be read shows in the status by itself.
        *by == Viewer::All || matches!(seen(), Ok(Some(_)))
    }

    fn pause(&mut self, pause: Pause) -> Result<u64, Error> {
        let lasts = pause.hold != Hold::Caller;
        self.expire_pauses();
        let cookie = self.pauses.add(pause);
        for root in self.roots.iter().filter(|_| !self.looks_on()) {
            if let Some(running) = &root.running {
                running.seen.cancel.store(true, std::sync::atomic::Ordering::Relaxed);
            }
        }
        if lasts && let Err(error) = self.keep_pauses() {
            _ = self.pauses.resume(Resume::Cookie { cookie, uid: 0 });
            return Err(kept_error(&error));
        }
        tracing::info!("paused");
        Ok(cookie)
    }

    fn resume(&mut self, which: Resume) -> Result<(), Error> {
        self.pauses.resume(which)?;
        self.keep_pauses().map_err(|error| kept_error(&error))?;
        if !self.pauses.in_force() {
            tracing::info!("resumed");
        }
        Ok(())
    }

    /// Ends the pauses whose time has come, for later starts too.
    pub(crate) fn expire_pauses(&mut self) {
        if self.pauses.expire((self.wall_clock)())
            && let Err(error) = self.keep_pauses()
        {
            tracing::warn!(%error, "a pause that has ended may be in force again after the next start");
        }
    }

    fn keep_pauses(&self) -> Result<(), super::KeptError> {
        self.kept.put_pauses(self.pauses.lasting(), (self.wall_clock)().wall)
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
        crate::logging::set_format(settings.log.format);
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
        let (limits, isolation, read) = (before.limits, before.isolation, settings.clone());
        let mut in_force = Settings { limits, isolation, store: before.store, mount: before.mount, ..settings };
        in_force.keep_origins(&read, &self.settings);
        self.settings = in_force;
        self.governing.decide_now();
        if self.settings.dedupe != before.dedupe {
            self.look_for_copies();
        }
        let now = self.now();
        self.reading.rate.set(self.settings.schedule.read_rate, now);
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

pub(super) fn store_error(error: &StoreError) -> Error {
    Error::StoreUnavailable { what: config::chain(error), hint: "look at metactl status and the log".into() }
}

fn kept_error(error: &super::KeptError) -> Error {
    Error::Failed { what: config::chain(error), hint: "make room or set the rights, then try again".into() }
}
