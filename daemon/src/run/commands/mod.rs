//! What follows when somebody asks something: one method a verb.

mod read;
mod roots;
mod status;

use std::time::Duration;

use tokio::time::Instant;

use super::{
    answers::{self, Answers, not_a_directory},
    core::Core,
    roots::{Root, bytes},
};
use crate::{
    config::{self, Settings},
    control::{AbsPath, Command, Error, Hold, JobKind, Pause, Resume, RootOrigin},
    store::StoreError,
};

/// How long events take at most from the kernel to us.
const HEARD: Duration = Duration::from_millis(20);

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
                self.heard_by = Instant::now() + HEARD;
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

fn store_error(error: &StoreError) -> Error {
    Error::StoreUnavailable { what: config::chain(error), hint: "look at metactl status and the log".into() }
}

fn kept_error(error: &super::KeptError) -> Error {
    Error::Failed { what: config::chain(error), hint: "make room or set the rights, then try again".into() }
}
