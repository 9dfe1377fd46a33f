//! What the loop stands on: everything whose behaviour it cannot decide. One set is the machine; tests have another, under
//! a seed.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use anyhow::Context;
use jiff::Zoned;
use rustix::time::{ClockId, clock_gettime};
use tokio::sync::mpsc;

use super::{
    Event, Hints,
    slate::{InHand, Stone},
};
use crate::{
    config::Settings,
    engine::{self, Engine, EngineEvent, LocalEngine},
    governor::{
        pss,
        signals::{
            Signals, Snapshot,
            disk::{self, DiskKind},
            pressure::Trigger,
        },
    },
    store::Store,
    watch::{
        Watcher,
        files::{Files, Kernel},
        inotify::{self, Inotify},
        mounts::Mounts,
    },
};

/// What two clocks say at one moment, in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Clocks {
    /// Since 1970, by one that people set.
    pub wall: u64,
    /// Since the machine started, asleep or not, by one that nobody sets.
    pub uptime: u64,
}
pub(crate) type WallClock = Arc<dyn Fn() -> Clocks + Send + Sync>;
/// The kind of disk below a directory, as far as anything says so; may block.
pub(crate) type Disks = Arc<dyn Fn(&Path) -> Option<DiskKind> + Send + Sync>;
/// Does something on a thread that may block.
pub(crate) type Threads = Arc<dyn Fn(Box<dyn FnOnce() + Send>) + Send + Sync>;

/// See the module.
pub(crate) struct Outside {
    pub store: Arc<dyn Store>,
    pub engine: Box<dyn Engine>,
    pub files: Arc<dyn Files>,
    /// Where the files in hand are noted.
    pub slate: Box<dyn Stone>,
    /// `None`: everything is polled.
    pub watcher: Option<Arc<dyn Watcher>>,
    /// `None`: mounts are found when they are looked at.
    pub mounts: Option<Mounts>,
    /// Of one walk; see [`crate::crawl::Crawl::threads`].
    pub walkers: usize,
    pub threads: Threads,
    pub wall_clock: WallClock,
    pub disks: Disks,
    pub senses: Senses,
}

/// What the governor asks of the machine.
pub(crate) struct Senses {
    pub signals: Box<dyn Fn() -> Snapshot + Send>,
    /// Bytes of a process, and its share of what it has in common with others.
    pub pss: Box<dyn Fn(u32) -> Option<u64> + Send>,
    /// Wake the loop when it rests and others want memory; those that the kernel grants.
    pub _triggers: Vec<Trigger>,
    /// The minute of the day by the clock on the wall, 0 to 1439.
    pub local_minute: Box<dyn Fn() -> u16 + Send>,
    pub cores: usize,
}

impl Outside {
    /// The machine's own. What it lacks and the daemon goes on without is added to `degraded`.
    ///
    /// Errors: nothing can be written beside the store's rows.
    pub fn of_this_machine(
        settings: &Settings,
        store: Arc<dyn Store>,
        events: mpsc::Sender<Event>,
        hints: &Arc<Hints>,
        degraded: &mut BTreeMap<&'static str, String>,
    ) -> anyhow::Result<Self> {
        let place = &settings.store.path;
        let slate =
            InHand::open(place).with_context(|| format!("cannot note in {} what is in hand", place.display()))?;
        let pressed = events.clone();
        let sink = move |event: EngineEvent| _ = events.blocking_send(Event::Engine(event));
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let signals = Signals::new(Path::new("/"));
        Ok(Self {
            store,
            engine: Box::new(LocalEngine::new(engine::Config::from(settings), Arc::new(sink))),
            slate: Box::new(slate),
            files: Arc::new(Kernel),
            watcher: open_watcher(settings, hints, degraded),
            walkers: cores,
            mounts: open_mounts(hints),
            threads: Arc::new(|work| _ = tokio::task::spawn_blocking(work)),
            wall_clock: Arc::new(|| Clocks { wall: wall_clock(), uptime: uptime() }),
            disks: Arc::new(disk_below),
            senses: Senses {
                _triggers: set_triggers(&signals, &pressed),
                signals: Box::new(move || signals.read()),
                pss: Box::new(pss),
                local_minute: Box::new(local_minute),
                cores,
            },
        })
    }
}

fn open_watcher(
    settings: &Settings,
    hints: &Arc<Hints>,
    degraded: &mut BTreeMap<&'static str, String>,
) -> Option<Arc<dyn Watcher>> {
    let share = settings.watch.share;
    let limit = move || (inotify::user_limit() as f64 * share) as usize;
    let hints = Arc::clone(hints);
    match Inotify::new(Box::new(limit), Arc::new(move |hint| hints.add(hint))) {
        Ok(watcher) => Some(Arc::new(watcher)),
        Err(error) => {
            let text = format!("{error}; raise fs.inotify.max_user_instances; everything is polled meanwhile");
            tracing::warn!(error = %text, "cannot watch directories, polling");
            degraded.insert("no-watcher", text);
            None
        }
    }
}

fn open_mounts(hints: &Arc<Hints>) -> Option<Mounts> {
    let hints = Arc::clone(hints);
    match Mounts::watch(Arc::new(move |hint| hints.add(hint))) {
        Ok(mounts) => Some(mounts),
        Err(error) => {
            tracing::warn!(%error, "cannot hear of mounts; a root that comes back is found by polling");
            None
        }
    }
}

/// Wakes the loop when memory is waited for. Where the kernel grants none, that is seen when there is work.
fn set_triggers(signals: &Signals, events: &mpsc::Sender<Event>) -> Vec<Trigger> {
    let set = |file: PathBuf| {
        let events = events.clone();
        // Fails only when the daemon is stopping.
        match Trigger::new(&file, move || _ = events.blocking_send(Event::Pressed)) {
            Ok(trigger) => Some(trigger),
            Err(error) => {
                tracing::debug!(?file, %error, "the kernel does not tell of pressure here");
                None
            }
        }
    };
    signals.memory_pressure().into_iter().filter_map(set).collect()
}

fn disk_below(dir: &Path) -> Option<DiskKind> {
    let metadata = std::fs::metadata(dir).ok()?;
    disk::kind(Path::new("/"), dir, disk::device(&metadata))
}

/// By the time zone of this process, of this machine, or else of the clock.
fn local_minute() -> u16 {
    let now = Zoned::now();
    u16::try_from(i32::from(now.hour()) * 60 + i32::from(now.minute())).unwrap_or(0)
}

/// Microseconds since 1970.
pub(crate) fn wall_clock() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros() as u64)
}

fn uptime() -> u64 {
    let time = clock_gettime(ClockId::Boottime);
    (time.tv_sec as u64).saturating_mul(1_000_000).saturating_add(time.tv_nsec as u64 / 1000)
}
