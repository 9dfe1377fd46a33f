//! One life of the daemon: the shipped loop's state, moved on a step at a time, from its start to its end or its crash.

use std::{
    io,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use anyhow::Context;
use tokio::{
    sync::{mpsc, watch},
    time::Instant,
};

use super::{
    doings::ROOTS,
    engine::{Bench, Faults},
    kernel::{Disks, World},
};
use crate::{
    config::{Places, RootSetting, Settings},
    control::{Asked, Audience, Command, Facts, Hold, Origin, Pause, Resume, RootOptions, Viewer},
    run::{Clocks, Core, Event, Hints, Outside, Senses, Stone},
    store::{
        Store, StoreEvent,
        memory::{MemoryDisk, MemoryStore},
    },
    watch::Watcher,
};

/// What may be told before it is taken up. More than ever is, so that no thread waits for good.
const WAITING: usize = 1 << 20;

/// What outlives the daemon. Cloning shares it.
#[derive(Debug, Clone, Default)]
pub(super) struct Remains {
    pub rows: MemoryDisk,
    slate: Tablet,
}

/// The file of what is in hand, which nothing holds up and which is never synced.
#[derive(Debug, Clone, Default)]
struct Tablet(Arc<Mutex<Vec<u8>>>);

impl Tablet {
    fn bytes(&self) -> MutexGuard<'_, Vec<u8>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Stone for Tablet {
    fn read(&self) -> io::Result<Vec<u8>> {
        Ok(self.bytes().clone())
    }

    fn write(&mut self, at: usize, bytes: &[u8]) -> io::Result<()> {
        let mut all = self.bytes();
        let end = all.len().max(at + bytes.len());
        all.resize(end, 0);
        all[at..at + bytes.len()].copy_from_slice(bytes);
        Ok(())
    }
}

/// How the daemon ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    Killed,
    /// Of what was written and not synced so many transactions remain, and what is in hand or not.
    PowerCut {
        kept: usize,
        slate: bool,
    },
}

impl Remains {
    fn after(&self, ending: Ending) -> Self {
        let (kept, slate) = match ending {
            Ending::Killed => (self.rows.unsynced(), true),
            Ending::PowerCut { kept, slate } => (kept, slate),
        };
        let slate = if slate { self.slate.bytes().clone() } else { Vec::new() };
        Self { rows: self.rows.survivor(kept), slate: Tablet(Arc::new(Mutex::new(slate))) }
    }
}

/// A running daemon.
pub(super) struct Life {
    pub core: Core,
    pub store: Arc<MemoryStore>,
    pub bench: Bench,
    pub remains: Remains,
    /// A file has taken it down.
    pub is_down: bool,
    settings: Settings,
    faults: Faults,
    world: Arc<World>,
    told: mpsc::Receiver<Event>,
    events: mpsc::Sender<Event>,
    hints: Arc<Hints>,
    /// Hints have come that the loop has not been woken for.
    woken: bool,
    /// Something is committed and not synced.
    unsynced: bool,
    in_trouble: bool,
}

/// Something that can happen next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Act {
    TakeUp,
    Hear,
    Wake,
    Thread(usize),
    Read,
    ToldByEngine,
    Write,
    Sync,
}

/// The settings of a daemon with all roots.
pub(super) fn settings(state: &Path) -> Settings {
    let places = Places {
        audience: Audience::Owner,
        config: state.into(),
        state: state.into(),
        mount: state.join("metaextract"),
        memory: None,
    };
    let mut settings = Settings::defaults(&places);
    settings.roots = ROOTS.into_iter().map(root).collect();
    settings.mount.enabled = false;
    settings.workers.max = 3;
    settings.workers.batch_files = 8;
    settings
}

/// A root of the configuration.
pub(super) fn root(path: &str) -> RootSetting {
    RootSetting { path: path.into(), options: RootOptions::default(), origin: Origin::Default }
}

impl Life {
    /// Starts a daemon on what lies on the disk.
    pub(super) fn begin(
        world: &Arc<World>,
        remains: Remains,
        settings: Settings,
        faults: Faults,
    ) -> anyhow::Result<Self> {
        world.lock().forget_watches();
        let (store, _) = MemoryStore::open(&remains.rows)?;
        let store = Arc::new(store);
        let bench = Bench::new(world, faults);
        bench.watch(&settings);
        let (events, told) = mpsc::channel(WAITING);
        let hints = Arc::new(Hints::default());
        let (threads, clock, machine) = (world.threads.clone(), Arc::clone(world), Arc::clone(world));
        let outside = Outside {
            store: Arc::clone(&store) as Arc<dyn Store>,
            engine: Box::new(bench.clone()),
            slate: Box::new(remains.slate.clone()),
            files: Arc::new(Disks(Arc::clone(world))),
            watcher: Some(Arc::clone(world) as Arc<dyn Watcher>),
            mounts: None,
            walkers: 1,
            threads: Arc::new(move |work| threads.spawn(work)),
            wall_clock: Arc::new(move || {
                let state = clock.lock();
                let [wall, uptime] = [state.tree.now, state.elapsed].map(|ns| ns.max(0) as u64 / 1000);
                Clocks { wall, uptime }
            }),
            disks: Arc::new(|_| None),
            senses: Senses {
                signals: Box::new(move || machine.lock().snapshot()),
                pss: Box::new(|_| None),
                _triggers: Vec::new(),
                local_minute: Box::new(|| 0),
                cores: 4,
            },
        };
        let (facts, _) = watch::channel(Facts::default());
        let (changed, _) = mpsc::unbounded_channel();
        let told_with = (events.clone(), Arc::clone(&hints));
        let core =
            Core::open(settings.clone(), outside, std::collections::BTreeMap::new(), told_with, (facts, changed))?;
        let mut life = Self {
            core,
            store,
            bench,
            remains,
            is_down: false,
            settings,
            faults,
            world: Arc::clone(world),
            told,
            events,
            hints,
            woken: false,
            unsynced: false,
            in_trouble: false,
        };
        life.core.pump();
        Ok(life)
    }

    fn acts(&self) -> Vec<Act> {
        let mut acts = Vec::new();
        let mut may = |act, possible| acts.extend(Some(act).filter(|_| possible));
        may(Act::TakeUp, !self.told.is_empty());
        may(Act::Wake, self.woken);
        may(Act::Read, self.bench.is_busy());
        may(Act::ToldByEngine, self.bench.has_told());
        may(Act::Write, self.store.is_busy());
        may(Act::Sync, self.unsynced);
        may(Act::Hear, self.world.lock().has_event());
        acts.extend((0..self.world.threads.count()).map(Act::Thread));
        acts
    }

    /// Something happens, chosen by chance; `false` when there is nothing but to wait.
    pub(super) fn step(&mut self) -> bool {
        let acts = self.acts();
        let Some(act) = self.world.lock().rng.pick(&acts).copied() else { return false };
        match act {
            Act::TakeUp => {
                if let Ok(event) = self.told.try_recv() {
                    if matches!(&event, Event::Engine(event) if self.bench.is_fatal(event)) {
                        self.is_down = true;
                        return true;
                    }
                    self.core.event(event, &|| anyhow::bail!("there is nothing to load"));
                }
                self.core.pump();
            }
            Act::Hear => {
                let hint = self.world.lock().next_event();
                hint.into_iter().for_each(|hint| self.hints.add(hint));
                self.woken = true;
            }
            Act::Wake => {
                self.woken = false;
                self.core.hints_came();
                self.core.pump();
            }
            Act::Thread(at) => self.world.threads.step(at),
            Act::Read => self.bench.step(),
            Act::ToldByEngine => self.bench.told().into_iter().for_each(|event| self.tell(Event::Engine(event))),
            Act::Write => self.write(),
            Act::Sync => self.sync(),
        }
        true
    }

    fn tell(&self, event: Event) {
        // There is room for more than is ever told.
        _ = self.events.try_send(event);
    }

    fn write(&mut self) {
        match self.store.write() {
            Ok(told) => {
                self.in_trouble = false;
                self.unsynced = true;
                told.into_iter().for_each(|event| self.tell(Event::Store(event)));
            }
            Err(error) => {
                if !std::mem::replace(&mut self.in_trouble, true) {
                    self.tell(Event::Store(StoreEvent::Trouble { text: error.to_string(), fatal: false }));
                }
            }
        }
    }

    fn sync(&mut self) {
        if let Ok(event) = self.store.sync() {
            self.unsynced = false;
            self.tell(Event::Store(event));
        }
    }

    /// How long until something is due, if anything is.
    pub(super) fn due(&self) -> Option<Duration> {
        let event = self.world.lock().next_event_in();
        let core = self.core.due().map(|due| due.saturating_duration_since(Instant::now()));
        [event, core].into_iter().flatten().min()
    }

    /// Somebody asks for a look at everything.
    pub(super) fn rescan(&mut self) {
        let (reply, _) = tokio::sync::oneshot::channel();
        self.ask(Command::Rescan { paths: Vec::new(), reply });
    }

    /// The configuration is read again, and is another one.
    pub(super) fn reload(&mut self, settings: &Settings) {
        self.settings = settings.clone();
        let (reply, _) = tokio::sync::oneshot::channel();
        let asked = Asked { by: Viewer::All, command: Command::Reload(reply) };
        self.core.command(asked, &|| Ok(settings.clone()));
        self.bench.watch(settings);
        self.core.pump();
    }

    /// Somebody wants what has failed to be tried again.
    pub(super) fn retry(&mut self) {
        let (reply, _) = tokio::sync::oneshot::channel();
        self.ask(Command::Retry { paths: Vec::new(), reply });
    }

    /// Somebody wants quiet for some time; for none, work again.
    pub(super) fn pause(&mut self, seconds: u64) {
        if seconds == 0 {
            return self.resume();
        }
        let now = self.world.lock().tree.now.max(0) as u64 / 1000;
        let pause = Pause { reason: "quiet".into(), hold: Hold::Until(now + seconds * 1_000_000), uid: 0 };
        let (reply, _) = tokio::sync::oneshot::channel();
        self.ask(Command::Pause { pause, reply });
    }

    pub(super) fn resume(&mut self) {
        let (reply, _) = tokio::sync::oneshot::channel();
        self.ask(Command::Resume { which: Resume::AllOf { uid: 0 }, reply });
    }

    fn ask(&mut self, command: Command) {
        let asked = Asked { by: Viewer::All, command };
        self.core.command(asked, &|| anyhow::bail!("there is nothing to load"));
        self.core.pump();
    }

    /// Time has passed.
    pub(super) fn woken_by_time(&mut self) {
        self.core.pump();
    }

    /// Whether a power cut would take nothing away.
    pub(super) fn is_synced(&self) -> bool {
        !self.unsynced && !self.store.is_busy()
    }

    /// Whether everything is done and seen.
    pub(super) fn is_at_rest(&self) -> bool {
        self.acts().is_empty() && self.world.lock().under_way.is_empty() && self.core.standing().idle
    }

    /// No worker comes to harm any more but by its files, and nothing is left out.
    pub(super) fn calm(&mut self) {
        self.remains.rows.set_full(false);
        self.faults = Faults { is_old: self.faults.is_old, ..Faults::default() };
        self.bench.calm();
        self.resume();
    }

    /// The process ends here and now; nothing of it remains but what is written.
    pub(super) fn end(&mut self) {
        self.told.close();
        self.world.threads.finish();
    }

    /// Whether it is of an earlier version.
    pub(super) fn is_old(&self) -> bool {
        self.faults.is_old
    }

    /// The process ends, and the next one begins on what it has written. It is of today's version.
    pub(super) fn begin_again(&mut self, ending: Ending) -> anyhow::Result<()> {
        self.end();
        let remains = self.remains.after(ending);
        let faults = Faults { is_old: false, ..self.faults };
        *self = Self::begin(&self.world, remains, self.settings.clone(), faults).context("after a crash")?;
        Ok(())
    }
}
