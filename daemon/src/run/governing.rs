//! What the governor is told, and what follows from what it decides.

use std::{sync::Arc, time::Duration};

use tokio::time::Instant;

use super::{core::Core, outside::Senses, roots::Root};
use crate::{
    bus::neighbours::Said,
    config::{Schedule, WorkerSettings},
    engine::Size,
    governor::{
        self, Bounds, Decision, Inputs, Quiet, Strain, Work,
        signals::{Snapshot, disk::DiskKind},
    },
    malloc,
    store::Rest,
};

/// Between two decisions, while there is work.
const DECIDE: Duration = Duration::from_millis(250);
/// Between two times that caches are given up.
const TRIM: Duration = Duration::from_secs(1);
/// How long a warning of low memory counts: nobody says when it is over.
const ALARMED: Duration = Duration::from_secs(10);

/// The governor's memory, and what it hears.
pub(crate) struct Governing {
    /// The last decision.
    pub decision: Decision,
    /// Decisions to have more workers, and fewer, since the start.
    pub changes: (u64, u64),
    /// PSS of all processes together when it was made, in bytes; 0 is unknown.
    pub measured: u64,
    /// Why nothing is read just now, if there is a reason.
    quiet: Option<Quiet>,
    pub state: governor::State,
    senses: Senses,
    /// What neighbours on the machine's bus have said.
    on_battery: Option<bool>,
    user_idle: Option<bool>,
    alarm: Option<(u8, Instant)>,
    /// Whether the last decision was one of a pause, and when it was made; `None` to decide now.
    decided: Option<(bool, Instant)>,
    /// Whether there was work when it was too early to decide again.
    owed: bool,
    /// Whether the kernel has said since then that memory is waited for.
    pressed: bool,
    /// When caches were given up last.
    trimmed: Option<Instant>,
}

impl Governing {
    pub fn new(senses: Senses) -> Self {
        let decision = Decision {
            size: Size::calm(0, 0),
            trim: false,
            hold: false,
            again: None,
            strain: Strain::None,
            why: "starting".into(),
        };
        Self {
            decision,
            changes: (0, 0),
            measured: 0,
            quiet: None,
            state: governor::State::default(),
            senses,
            on_battery: None,
            user_idle: None,
            alarm: None,
            decided: None,
            owed: false,
            pressed: false,
            trimmed: None,
        }
    }

    /// When it is to be decided again, though nothing happens.
    pub fn due(&self) -> Option<Instant> {
        let (_, at) = self.decided?;
        let owed = self.owed.then_some(DECIDE);
        [owed, self.decision.again].into_iter().flatten().min().map(|wait| at + wait)
    }

    /// Whether nothing is read just now, by a pause or by the settings.
    pub fn is_quiet(&self) -> bool {
        self.quiet.is_some()
    }

    /// Workers there are at most where nobody else wants anything.
    pub fn most(&self, settings: &WorkerSettings) -> usize {
        self.senses.cores.min(settings.max)
    }

    /// The kernel says that something is waited for: it is decided now.
    pub fn pressed(&mut self) {
        self.pressed = true;
        self.decided = None;
    }

    /// What a decision is made from has changed.
    pub fn decide_now(&mut self) {
        self.decided = None;
    }

    /// A neighbour says something.
    pub fn heard(&mut self, said: Said) {
        match said {
            Said::OnBattery(on_battery) => self.on_battery = on_battery,
            Said::UserIdle(idle) => self.user_idle = idle,
            Said::LowMemory(level) => self.alarm = Some((level, Instant::now())),
        }
        self.decided = None;
    }

    /// What the kernel says, and what neighbours know better.
    fn snapshot(&self) -> Snapshot {
        let mut snapshot = (self.senses.signals)();
        snapshot.power.on_battery = self.on_battery.or(snapshot.power.on_battery);
        snapshot
    }

    /// Why nothing is to be read now, though nobody has asked for a pause.
    fn scheduled(&self, schedule: &Schedule, snapshot: &Snapshot) -> Option<Quiet> {
        let minute = (self.senses.local_minute)();
        if !schedule.hours.contains(minute) {
            let left = schedule.hours.until_change(minute).unwrap_or(1);
            return Some(Quiet::OutOfHours(Duration::from_secs(u64::from(left) * 60)));
        }
        let power = &snapshot.power;
        let is_low = power.charge.is_some_and(|charge| f64::from(charge) < schedule.battery * 100.0);
        (power.on_battery == Some(true) && is_low).then_some(Quiet::LowBattery)
    }
}

impl Core {
    /// Decides how many workers there are to be, if it is time to.
    pub(super) fn govern(&mut self, paused: bool) {
        if self.governing.decided.is_some_and(|(was, at)| was == paused && at.elapsed() < DECIDE) {
            self.governing.owed = self.has_work();
            return;
        }
        self.governing.decided = Some((paused, Instant::now()));
        let inputs = self.inputs(paused);
        let governing = &mut self.governing;
        (governing.owed, governing.pressed) = (false, false);
        governing.quiet = inputs.quiet;
        governing.measured = inputs.daemon.iter().chain(inputs.workers.iter().flatten()).sum();
        let decision = governor::decide(&inputs, &mut governing.state);
        let before = std::mem::replace(&mut governing.decision, decision);
        governing.changes.0 += u64::from(governing.decision.size.workers > before.size.workers);
        governing.changes.1 += u64::from(governing.decision.size.workers < before.size.workers);
        let Decision { size, trim, hold, ref why, .. } = governing.decision;
        let is_news = trim != before.trim || (size.workers == 0) != (before.size.workers == 0);
        match is_news {
            _ if size.workers == before.size.workers => {}
            true => tracing::info!(workers = size.workers, why, "the number of workers changes"),
            false => tracing::debug!(workers = size.workers, why, "the number of workers changes"),
        }
        if size != before.size {
            self.reading.engine.resize(size);
        }
        if hold {
            self.store.hold();
        }
        if trim {
            self.trim();
        }
    }

    fn inputs(&self, paused: bool) -> Inputs {
        let (governing, settings) = (&self.governing, &self.settings);
        let snapshot = governing.snapshot();
        let quiet = if paused { Some(Quiet::Paused) } else { governing.scheduled(&settings.schedule, &snapshot) };
        Inputs {
            now: self.now(),
            bounds: Bounds {
                least: settings.workers.min,
                most: settings.workers.max,
                cores: governing.senses.cores,
                ceiling: settings.workers.memory_ceiling,
                batch_files: settings.workers.batch_files,
            },
            work: Work { files: (self.reading.queue.len() + self.reading.in_hand()) as u64, disk: self.disk() },
            snapshot,
            daemon: (governing.senses.pss)(std::process::id()),
            workers: self.reading.engine.workers().iter().map(|worker| (governing.senses.pss)(worker.pid)).collect(),
            quiet,
            alarm: governing.alarm.filter(|(_, at)| at.elapsed() < ALARMED).map(|(level, _)| level),
            user_idle: governing.user_idle,
            pressed: governing.pressed,
        }
    }

    fn has_work(&self) -> bool {
        !self.reading.queue.is_empty() || self.reading.in_hand() > 0
    }

    /// The slowest disk of those that are read now; before the first file is, of all.
    fn disk(&self) -> Option<DiskKind> {
        let none_yet = self.reading.in_hand() == 0;
        let is_read = |root: &&Root| root.offline.is_empty() && (none_yet || self.reading.reads(&root.spec.path));
        self.roots.iter().filter(is_read).filter_map(|root| root.disk).max()
    }

    /// Gives up what is only kept to be faster, on a thread that may block.
    fn trim(&mut self) {
        let now = Instant::now();
        self.reading.forget_copies();
        // A store that sleeps has given up everything.
        let awake = self.store.rest() != Rest::Asleep;
        if awake && self.governing.trimmed.is_none_or(|at| at + TRIM <= now) {
            self.governing.trimmed = Some(now);
            let store = Arc::clone(&self.store);
            (self.threads)(Box::new(move || {
                store.trim();
                malloc::trim();
            }));
        }
    }
}
