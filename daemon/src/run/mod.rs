//! Joins the stages: takes what they tell, gives them what they ask for, ends them in order.
//!
//! One loop owns all that changes; it never blocks, so stages may block on telling it. Each file beside this one owns
//! one part of the state; the loop only routes.

mod alerts;
mod answers;
mod attention;
mod board;
mod commands;
mod copies;
mod core;
mod estimate;
mod events;
mod governing;
mod jobs;
mod kept;
mod lift;
mod metrics;
mod namesakes;
mod open;
mod outside;
mod pace;
mod pauses;
mod performance;
mod reading;
mod roots;
mod search;
mod sight;
mod slate;
mod stuck;
mod tallies;
mod telling;
mod trends;
mod waiting;
mod walks;
mod watchdog;

use std::{
    collections::BTreeMap,
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::Context;
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::{Notify, mpsc, watch},
    task::JoinSet,
    time::Instant,
};

#[cfg(test)]
pub(crate) use self::outside::Clocks;
#[cfg(test)]
pub(crate) use self::outside::Senses;
#[cfg(test)]
pub(crate) use self::slate::Stone;
use self::{
    commands::{Load, Looked},
    copies::Known,
    reading::Target,
    roots::RootId,
    waiting::Waiting,
    watchdog::Feed,
};
pub(crate) use self::{core::Core, outside::Outside};
use crate::{
    bus::{self, neighbours::Said},
    config::{self, Settings},
    control::{Asked, Changed, Control, Facts, JobNumber, Published},
    crawl::{End, Progress},
    engine::EngineEvent,
    governor::signals::disk::DiskKind,
    model::{DirId, Place},
    store::{SledStore, StoreEvent},
    watch::{Hint, coalesce::Pending},
};

pub use kept::KeptError;

/// Things told that may wait to be taken up; who tells more waits.
const WAITING: usize = 1_024;
/// Things taken up before time is given to the other stages.
const TURN: usize = 256;
/// How long things told are gathered while much is in hand: taken up one by one, each would cost a turn of the loop.
const BREATH: Duration = Duration::from_millis(5);
/// How long hints are gathered: the two halves of a rename come as two.
const GATHER: Duration = Duration::from_millis(3);
/// Waits for a bus that has gone: doubled each time. The longest is two wake-ups a minute.
const BACK: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));
/// How long a name that was just made may wait for its close.
const UNSETTLED: Duration = Duration::from_millis(100);

/// What a daemon is started with.
pub struct Start {
    pub settings: Settings,
    /// Where to look for commands.
    pub bus: bus::Place,
    /// Reads the settings again.
    pub reload: Box<dyn Fn() -> anyhow::Result<Settings>>,
    /// Told once, when the daemon answers and its roots are being looked at.
    pub ready: Box<dyn FnOnce()>,
    /// Told again and again while the daemon moves.
    pub alive: Option<Alive>,
}

impl std::fmt::Debug for Start {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Start").field("settings", &self.settings).field("bus", &self.bus).finish_non_exhaustive()
    }
}

/// Who wants to hear that the daemon is alive.
pub struct Alive {
    /// How long a silence may last.
    pub within: Duration,
    pub tell: Box<dyn Fn()>,
}

impl std::fmt::Debug for Alive {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Alive").field("within", &self.within).finish_non_exhaustive()
    }
}

/// Everything a stage can tell.
#[derive(Debug)]
pub(crate) enum Event {
    Walk(RootId, Progress),
    /// With the root's path: the root may have been removed meanwhile.
    WalkEnded(RootId, Box<[u8]>, End),
    /// On what kind of disk a root lies, as far as anything says so.
    Disk(RootId, Option<DiskKind>),
    /// Something is waited for, the kernel says.
    Pressed,
    /// Another service on the machine's bus says something of it.
    Said(Said),
    Engine(EngineEvent),
    Store(StoreEvent),
    /// A command's paths were looked at.
    Looked(Box<Asked>, Vec<Looked>),
    /// The store was searched for pending files.
    Swept {
        found: Vec<Target>,
        next: Option<DirId>,
    },
    /// Files that have records, and that others may be copies of.
    Known(Vec<Known>),
    /// Pending files of a directory that somebody looks into.
    Noticed {
        dir: DirId,
        found: Vec<Target>,
    },
    /// Names whose files have got further ones; they are to be looked at.
    Namesakes(Vec<Place>),
    /// The files a job is about.
    Found {
        job: JobNumber,
        targets: Vec<Target>,
        missing: u64,
        current: u64,
    },
    /// Readers of the mount see everything up to this commit.
    Drained(u64),
    ViewEnded(String),
}

/// Hints from the kernel, gathered until the loop takes them.
#[derive(Debug, Default)]
pub(crate) struct Hints {
    // A lock: the kernel's queue is drained on threads that must only remember.
    pending: Mutex<Pending>,
    come: Notify,
    /// How many have come since the start.
    heard: AtomicU64,
}

impl Hints {
    /// Remembers; called on the threads that drain the kernel's queues.
    pub(crate) fn add(&self, hint: Hint) {
        self.heard.fetch_add(1, Ordering::Relaxed);
        self.lock().add(hint);
        self.come.notify_one();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why the daemon ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// It was told to.
    Told,
    /// The store is damaged: a new start sets it aside and reads everything again.
    StoreLost,
}

/// Runs until told to stop. Everything is closed in order when it returns.
///
/// Errors: what keeps the daemon from doing anything at all: the store, or another daemon on the bus.
pub async fn run(start: Start) -> anyhow::Result<Ended> {
    let Start { settings, bus: place, reload, ready, alive } = start;
    let (events, mut told) = mpsc::channel(WAITING);
    let hints = Arc::new(Hints::default());
    let (control, mut commands) = Control::channel();
    let (facts, facts_seen) = watch::channel(Facts::default());
    let (changed, changed_seen) = mpsc::unbounded_channel();
    let (mut ready, mut stop) = (Some(ready), Stop::listen()?);
    let mut hangup = signal(SignalKind::hangup()).context("cannot wait for SIGHUP")?;
    let published = Published { facts: facts_seen.clone(), changed: changed_seen };
    let (mut bus, no_bus) = join(&place, control.clone(), published).await?;
    let waiting =
        Waiting { settings: &settings, commands: &mut commands, facts: &facts, stop: &mut stop, ready: &mut ready };
    let store = match waiting.store(events.clone(), alive.as_ref()).await? {
        Ok(store) => store,
        Err(ended) => return Ok(ended),
    };
    let mut degraded = damage(&store);
    let (view, store) = (store.view(), Arc::new(store));
    let outside = Outside::of_this_machine(&settings, store, events.clone(), &hints, &mut degraded)?;
    let mut core = Core::open(settings, outside, degraded, (events, Arc::clone(&hints)), (facts, changed))?;
    no_bus.iter().for_each(|error| core.no_bus(error));
    core.mount(view);
    let attention = Arc::clone(&core.attention);
    let _neighbours = listen(core.events.clone());
    ready.into_iter().for_each(|ready| ready());
    let back = || Box::pin(come_back(place.clone(), control.clone(), facts_seen.clone()));
    let mut coming = bus.is_none().then(back);
    let mut feed = Feed::new(alive, Instant::now());
    let ended = loop {
        core.pump();
        feed.look(Instant::now(), core.stages());
        if core.has_much_in_hand() {
            tokio::time::sleep(BREATH).await;
        }
        let due = core.due().into_iter().chain(feed.due()).min();
        tokio::select! {
            Some(asked) = commands.recv() => core.command(asked, &*reload),
            Some(event) = told.recv() => take_up(&mut core, event, &mut told, &*reload),
            () = hints.come.notified() => core.hints_came(),
            () = attention.told() => core.noticed(),
            () = until(due) => {}
            () = lost(bus.as_ref()), if bus.is_some() => {
                (bus, coming) = (None, Some(back()));
                core.bus_lost();
            }
            Some((found, changed)) = come(&mut coming), if coming.is_some() => {
                (bus, coming) = (Some(found), None);
                core.bus_is_back(changed);
            }
            _ = hangup.recv() => core.reload(&*reload),
            () = stop.told() => break Ended::Told,
        }
        if core.store_is_lost {
            break Ended::StoreLost;
        }
    };
    end(core, bus, told).await;
    Ok(ended)
}

/// Hears what other services say of this machine, until this is dropped.
fn listen(events: mpsc::Sender<Event>) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        let tell = |said| {
            let events = events.clone();
            // Fails only when the daemon is stopping.
            async move { _ = events.send(Event::Said(said)).await }
        };
        if let Err(error) = bus::neighbours::listen(&bus::Place::System, tell).await {
            tracing::debug!(%error, "nobody tells of battery, user and low memory; the kernel is asked");
        }
    });
    tasks
}

/// Closes everything in order.
async fn end(mut core: Core, bus: Option<bus::Bus>, mut told: mpsc::Receiver<Event>) {
    core.stopping();
    if let Some(bus) = bus {
        bus.close().await;
    }
    let draining = tokio::spawn(async move { while told.recv().await.is_some() {} });
    core.stop().await;
    draining.abort();
}

/// A store that was set aside is a degraded state until everything is read again.
fn damage(store: &SledStore) -> BTreeMap<&'static str, String> {
    let told = store.report().set_aside.as_ref().map(|(place, what)| {
        let place = place.display();
        let text = format!(
            "it was damaged ({what}); everything is read again; the old one lies in {place}, remove it at will"
        );
        (telling::STORE_DAMAGED, text)
    });
    told.into_iter().collect()
}

/// The bus, or why the daemon goes on without.
///
/// Errors: another daemon is there already.
async fn join(
    place: &bus::Place,
    control: Control,
    published: Published,
) -> anyhow::Result<(Option<bus::Bus>, Option<bus::Error>)> {
    match bus::serve(place, control, published).await {
        Ok(bus) => Ok((Some(bus), None)),
        Err(error @ bus::Error::NameTaken { .. }) => Err(error).context("another daemon is in charge"),
        Err(error) => Ok((None, Some(error))),
    }
}

/// Takes up what was told, and what has been told since, for a turn.
fn take_up(core: &mut Core, first: Event, told: &mut mpsc::Receiver<Event>, reload: Load<'_>) {
    core.event(first, reload);
    for _ in 0..TURN {
        let Ok(event) = told.try_recv() else { break };
        core.event(event, reload);
    }
}

/// The signals by which people and service managers end the daemon.
struct Stop {
    terminate: Signal,
    interrupt: Signal,
}

impl Stop {
    fn listen() -> anyhow::Result<Self> {
        let terminate = signal(SignalKind::terminate()).context("cannot wait for SIGTERM")?;
        let interrupt = signal(SignalKind::interrupt()).context("cannot wait for SIGINT")?;
        Ok(Self { terminate, interrupt })
    }

    /// Returns when one has come.
    async fn told(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Serves the bus as soon as there is one again, trying ever more slowly.
async fn come_back(
    place: bus::Place,
    control: Control,
    facts: watch::Receiver<Facts>,
) -> (bus::Bus, mpsc::UnboundedSender<Changed>) {
    let mut wait = BACK.0;
    loop {
        tokio::time::sleep(wait).await;
        let (changed, seen) = mpsc::unbounded_channel();
        match bus::serve(&place, control.clone(), Published { facts: facts.clone(), changed: seen }).await {
            Ok(bus) => return (bus, changed),
            Err(error) => tracing::debug!(error = %config::chain(&error), "no message bus yet, trying again later"),
        }
        wait = (wait * 2).min(BACK.1);
    }
}

async fn come<T>(coming: &mut Option<Pin<Box<impl Future<Output = T>>>>) -> Option<T> {
    Some(coming.as_mut()?.await)
}

async fn lost(bus: Option<&bus::Bus>) {
    match bus {
        Some(bus) => bus.lost().await,
        None => std::future::pending().await,
    }
}

async fn until(due: Option<Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due).await,
        None => std::future::pending().await,
    }
}
