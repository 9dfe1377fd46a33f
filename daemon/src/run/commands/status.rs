//! Questions about how things are: the status, the roots, why a file is as it is.

use std::sync::Arc;

use super::store_error;
use crate::{
    config,
    control::{
        AbsPath, ConfigLine, Degraded, FileCounts, MemoryReport, MountReport, MountState, Origin, QueueReport, Reply,
        RootInfo, RootOrigin, SettingOrRoot, StatusReport, StoreReport, Stream, Viewer, WhyReport, WhyState,
        WorkerReport, WorkersReport,
    },
    engine,
    governor::{Machine, pss},
    model,
    run::{
        core::Core,
        roots::{Root, bytes},
        sight,
        tallies::file_counts,
    },
    store::Rows,
};

impl Core {
    /// The figures that cost reading are gathered on a thread that may block.
    pub(super) fn status(&mut self, by: Viewer, reply: Reply<StatusReport>) {
        self.measure();
        let standing = self.standing();
        let workers = self.reading.engine.workers();
        let mut report = StatusReport {
            state: self.state(),
            started: self.started,
            degraded: self.degraded_list(),
            alerts: self.performance.alerts.list(),
            pauses: self.pauses.list(),
            roots: self.root_infos(&by),
            files: file_counts(&standing.counts),
            queue: QueueReport {
                waiting: self.reading.due() as u64,
                in_hand: self.reading.in_hand() as u64,
                delayed: self.reading.delayed() as u64,
                crawling: standing.crawling,
                rate: standing.rate,
                left: standing.left,
            },
            workers: WorkersReport {
                running: u32::try_from(workers.len()).unwrap_or(u32::MAX),
                wanted: u32::try_from(self.governing.decision.size.workers).unwrap_or(u32::MAX),
                why: self.why_workers(),
                isolation: self.isolation(),
                lost: self.reading.totals.strikes.all(),
            },
            memory: MemoryReport::default(),
            score: self.performance.score.clone(),
            trends: self.performance.trends.list((self.wall_clock)().wall),
            store: StoreReport {
                path: bytes(&self.settings.store.path),
                size: 0,
                commit: self.committed.0,
                rest: self.store.rest().as_str(),
            },
            mount: self.mount_report(),
        };
        let (store, ceiling) = (Arc::clone(&self.store), self.settings.workers.memory_ceiling);
        let (tallies, index) = (Arc::clone(&self.tallies), (self.committed, self.forgotten.is_empty()));
        tokio::task::spawn_blocking(move || {
            let workers = workers.iter().map(|worker| pss(worker.pid).unwrap_or(0)).sum();
            report.memory = MemoryReport { daemon: pss(std::process::id()).unwrap_or(0), workers, ceiling };
            report.store.size = store.size();
            tallies.add(&*store, index, &mut report.roots, &by);
            restrict(&mut report, &by);
            _ = reply.send(Ok(report));
        });
    }

    /// What the kernel says of them is read on a thread that may block.
    pub(super) fn workers(&self, by: Viewer, reply: Reply<Vec<WorkerReport>>) {
        let store = Arc::clone(&self.store);
        let (workers, now) = (self.reading.engine.workers(), (self.wall_clock)().wall);
        tokio::task::spawn_blocking(move || {
            let mut machine = Machine::new();
            let report = |worker: engine::WorkerInfo| WorkerReport {
                pid: worker.pid,
                file: worker.in_hand.map(|file| file.path).filter(|file| is_seen(&*store, file, &by)),
                since: now.saturating_sub(u64::try_from(worker.since.as_micros()).unwrap_or(u64::MAX)),
                files: worker.files,
                memory: pss(worker.pid).unwrap_or(0),
                cpu: machine.process(worker.pid).cpu_ms * 1000,
            };
            _ = reply.send(Ok(workers.into_iter().map(report).collect()));
        });
    }

    /// The settings, and the roots with where they were added.
    pub(super) fn config(&self, by: &Viewer) -> Stream<ConfigLine> {
        let root = |root: &Root| {
            let written = |setting: &&config::RootSetting| setting.path == root.path.as_path();
            let origin = match root.origin {
                RootOrigin::Config => self.settings.roots.iter().find(written).map(|setting| setting.origin.clone()),
                RootOrigin::Bus => Some(Origin::Bus(self.kept.roots_file().to_string_lossy().into_owned())),
            };
            ConfigLine {
                key: "roots",
                value: SettingOrRoot::Root { path: root.path.clone(), options: root.options },
                origin: origin.unwrap_or(Origin::Default),
            }
        };
        let mut lines = self.settings.lines();
        lines.extend(self.roots.iter().filter(|root| self.sees_root(root, by)).map(root));
        Stream(Box::new(lines.into_iter()))
    }

    /// Why there are so many, and what holds them back.
    fn why_workers(&self) -> String {
        let why = &self.governing.decision.why;
        match self.settings.schedule.read_rate.filter(|_| self.reading.refilled().is_some()) {
            Some(rate) => {
                format!("{why}; reads at most {:.4} MiB/s by schedule.read_rate", rate as f64 / f64::from(1 << 20))
            }
            None => why.clone(),
        }
    }

    fn isolation(&self) -> String {
        let wanted = match self.settings.isolation {
            config::Isolation::Require => "required",
            config::Isolation::BestEffort => "as far as the kernel has it",
            config::Isolation::None => return "none, by the setting isolation".into(),
        };
        match self.reading.achieved {
            None => format!("{wanted}; no worker has measured it yet"),
            Some(achieved) if achieved.is_complete() => {
                let by = if achieved.landlock > 0 { "Landlock and seccomp" } else { "seccomp alone" };
                format!("full, {wanted}: no path, no network, no other process, by {by}")
            }
            Some(achieved) => {
                format!("partial, {wanted}: a worker could {}", achieved.missing().collect::<Vec<_>>().join(", "))
            }
        }
    }

    fn mount_report(&self) -> MountReport {
        let state = match (&self.view, self.settings.mount.enabled) {
            (Some(_), _) => MountState::Mounted,
            (None, true) => MountState::Failed,
            (None, false) => MountState::Off,
        };
        MountReport { path: bytes(&self.settings.mount.path), state }
    }

    pub(super) fn root_infos(&self, by: &Viewer) -> Vec<RootInfo> {
        let info = |root: &Root| {
            let (state, why) = root.state();
            RootInfo {
                path: root.path.clone(),
                state,
                why,
                options: root.options,
                origin: root.origin,
                files: FileCounts::default(),
                directories: 0,
                crawled: root.crawled,
            }
        };
        self.roots.iter().filter(|root| self.sees_root(root, by)).map(info).collect()
    }

    pub(super) fn list_roots(&self, by: Viewer, reply: Reply<Vec<RootInfo>>) {
        let (mut infos, store) = (self.root_infos(&by), Arc::clone(&self.store));
        let (tallies, index) = (Arc::clone(&self.tallies), (self.committed, self.forgotten.is_empty()));
        tokio::task::spawn_blocking(move || {
            tallies.add(&*store, index, &mut infos, &by);
            _ = reply.send(Ok(infos));
        });
    }

    pub(super) fn why(&self, by: &Viewer, path: AbsPath, reply: Reply<Box<WhyReport>>) {
        let (answers, readers, policy) = (self.answers(by), self.readers.clone(), self.settings.policy());
        let (waits, now) = (self.reading.waits(self.now()), (self.wall_clock)().wall);
        tokio::task::spawn_blocking(move || {
            let current =
                |row: &model::FileRow| row.fingerprint.policy == policy && readers.contains(&row.fingerprint.reader);
            let mut report = answers.why(&path, current);
            if let Ok(WhyReport { state: WhyState::Pending, held: Some(held), next_at, .. }) = &mut report {
                let wait = waits.get(&model::FileId(held.id));
                *next_at = wait.map(|wait| now.saturating_add(u64::try_from(wait.as_micros()).unwrap_or(u64::MAX)));
            }
            _ = reply.send(report.map(Box::new).map_err(|error| store_error(&error)));
        });
    }
}

/// Whether this user sees a file. What cannot be told is not shown.
fn is_seen(rows: &dyn Rows, file: &[u8], by: &Viewer) -> bool {
    *by == Viewer::All || matches!(sight::entry_at(rows, file, by), Ok(Some(_)))
}

/// Takes out of a status what names files of others, and counts only what this user sees.
fn restrict(report: &mut StatusReport, by: &Viewer) {
    let Viewer::User { uid, .. } = by else { return };
    report.files = report.roots.iter().map(|root| root.files).fold(FileCounts::default(), FileCounts::and);
    for part in &mut report.degraded {
        part.text = Degraded::ASK_ROOT.into();
    }
    for info in report.pauses.iter_mut().filter(|info| info.pause.uid != *uid) {
        info.pause.reason.clear();
    }
}
