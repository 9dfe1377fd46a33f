//! How many workers, how much at once, and why: a pure function of what is measured and what was decided before.
//!
//! Readings of the kernel become shares of time (`strain`), settings and measures become a bound (`bound`); [`decide`] moves
//! the number of workers between nothing and that bound: down by half at once, up one by one. It starts and stops nothing
//! itself; `run` hands its decision to the engine.

mod bound;
pub mod score;
pub mod signals;
mod strain;

use std::time::Duration;

use self::bound::Bound;
use self::signals::{Snapshot, disk::DiskKind};
pub use self::{
    signals::{Machine, processes::pss},
    strain::{Share, Strain},
};
use crate::engine::Size;

/// Calm that has to last before a worker is added.
const CALM: Duration = Duration::from_secs(1);
/// Strain that is that long ago is forgotten: as many workers as the bound allows start at once.
const FORGOTTEN: Duration = Duration::from_secs(30);
/// How often it is decided while there is work.
const TICK: Duration = Duration::from_millis(250);
/// How often the battery is looked at while it is low.
const CHARGING: Duration = Duration::from_secs(60);
/// Two readings that are compared are at least and at most so long apart.
const SHORTEST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(5);
/// The end of the hours is waited for no longer at once: clocks are set, and machines sleep.
const HOURS: Duration = Duration::from_secs(600);
/// What a halving needs to have an effect.
const EFFECT: Duration = Duration::from_millis(500);

/// What a decision is made from.
#[derive(Debug, Clone, PartialEq)]
pub struct Inputs {
    /// By a clock that nobody sets.
    pub now: Duration,
    pub bounds: Bounds,
    pub work: Work,
    pub snapshot: Snapshot,
    /// Measured bytes of the daemon, and of each worker; `None` where the kernel does not say.
    pub daemon: Option<u64>,
    pub workers: Vec<Option<u64>>,
    /// Why there is to be quiet, if there is.
    pub quiet: Option<Quiet>,
    /// What a monitor of low memory says, 0 to 255; `None` without one.
    pub alarm: Option<u8>,
    /// Whether the user does nothing; `None` where nobody knows.
    pub user_idle: Option<bool>,
    /// The kernel has just said that some task waited for memory for a tenth of two seconds.
    pub pressed: bool,
}

/// What the settings and the machine allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Settings `workers.min` and `workers.max`.
    pub least: usize,
    pub most: usize,
    pub cores: usize,
    /// Setting `memory.ceiling`, bytes of all processes together.
    pub ceiling: u64,
    /// Setting `batch.files`.
    pub batch_files: usize,
}

/// What there is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Work {
    /// Files that wait or are in hand.
    pub files: u64,
    /// The slowest disk they lie on; `None` where nobody knows.
    pub disk: Option<DiskKind>,
}

/// Why there is to be quiet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quiet {
    /// Somebody has asked for a pause.
    Paused,
    /// Setting `schedule.hours`; it ends in so long.
    OutOfHours(Duration),
    /// Setting `schedule.battery`.
    LowBattery,
}

/// What was decided and seen before.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct State {
    pub workers: usize,
    /// The name of the last strain, one of [`Strain::NAMES`]; empty before the first.
    pub strain: &'static str,
    /// What was waited for before the last decision that had something to compare with, where the kernel says so.
    pub shares: Vec<Share>,
    before: Option<(Duration, Snapshot)>,
    /// Since when there is work.
    busy: Option<Duration>,
    /// When workers were given up last, and added.
    given_up: Option<Duration>,
    added: Option<Duration>,
    /// When there was any strain last.
    strained: Option<Duration>,
    /// When others last wanted so much that the last worker went too.
    hurt: Option<Duration>,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    pub size: Size,
    /// Caches are to be given up.
    pub trim: bool,
    /// Nothing is to be read before somebody asks for it.
    pub hold: bool,
    /// When to decide again though nothing happens; `None` is not at all.
    pub again: Option<Duration>,
    /// How much others would like to have what we use.
    pub strain: Strain,
    /// One line for people.
    pub why: String,
}

/// Decides, and remembers it.
pub fn decide(inputs: &Inputs, state: &mut State) -> Decision {
    let before = state.before;
    let compared = state.comparable(inputs);
    let strain = strain::of(inputs, compared.as_ref());
    if let Some(before) = &compared {
        state.shares = strain::shares(inputs, before);
    }
    let since = |at: Option<Duration>| at.map(|at| inputs.now.saturating_sub(at));
    state.busy = (inputs.work.files > 0).then(|| state.busy.unwrap_or(inputs.now));
    let Bound { workers: bound, why: bound_why, spread } = bound::of(inputs, since(state.busy).unwrap_or_default());
    let now = state.workers;
    // With none for ever the index would never be current on a machine that is always full.
    let alone = usize::from(now > 0 || since(state.hurt).is_none_or(|since| since >= CALM));
    let (workers, why) = match (inputs.quiet, &strain) {
        (Some(quiet), _) => (0, quiet.why().to_owned()),
        (None, Strain::Hard(why)) => (0, format!("{why}: no workers")),
        (None, Strain::Full(why) | Strain::Half(why)) if since(state.given_up).is_some_and(|since| since < EFFECT) => {
            (now.min(bound), format!("{why}: waiting for what was given up"))
        }
        (None, Strain::Full(why)) => (bound.min((now / 2).max(alone)), format!("{why}: half as many workers")),
        (None, Strain::Half(why)) if now < 2 => (0, format!("{why}: no workers")),
        (None, Strain::Half(why)) => (bound.min(now / 2), format!("{why}: half as many workers")),
        (None, Strain::Hold(why)) if now < alone => (bound.min(alone), format!("{why}: one worker alone")),
        (None, Strain::Hold(why)) => (bound.min(now), format!("{why}: no worker is added")),
        (None, Strain::None) if now >= bound => (bound, bound_why),
        (None, Strain::None) if since(state.strained).is_none_or(|since| since >= FORGOTTEN) => (bound, bound_why),
        (None, Strain::None)
            if [state.strained, state.added].iter().all(|at| since(*at).is_none_or(|at| at >= CALM)) =>
        {
            (now + 1, format!("calm again: one more of {bound}"))
        }
        (None, Strain::None) if now < alone => (alone, format!("calm again: one of {bound}")),
        (None, Strain::None) => (now, format!("calm again: {now} of {bound} workers")),
    };
    let floor = if inputs.quiet.is_none() && strain == Strain::None { inputs.bounds.least.min(bound) } else { 0 };
    let workers = workers.max(floor);
    state.remember(inputs.now, workers, &strain);
    let is_calm = strain == Strain::None;
    Decision {
        // The first snapshot has none to compare with: nobody hurries for it.
        size: Size {
            workers,
            batch_files: inputs.bounds.batch_files,
            spread: spread.max(workers),
            read_ahead: if is_calm { bound::read_ahead(inputs) } else { 0 },
            hurry: before.is_some() && strain.is_great(),
        },
        again: again(inputs),
        trim: strain.is_great(),
        strain,
        hold: !is_calm || inputs.quiet == Some(Quiet::LowBattery),
        why,
    }
}

/// When to decide again.
fn again(inputs: &Inputs) -> Option<Duration> {
    match inputs.quiet {
        _ if inputs.work.files == 0 => None,
        None => Some(TICK),
        Some(Quiet::Paused) => None,
        Some(Quiet::OutOfHours(left)) => Some(left.min(HOURS)),
        Some(Quiet::LowBattery) => Some(CHARGING),
    }
}

impl State {
    /// Remembers a decision, and when it was made.
    fn remember(&mut self, now: Duration, workers: usize, strain: &Strain) {
        let at = |is_so: bool, before: Option<Duration>| if is_so { Some(now) } else { before };
        self.given_up = at(workers < self.workers, self.given_up);
        self.added = at(workers > self.workers, self.added);
        self.strained = at(*strain != Strain::None, self.strained);
        self.hurt = at(matches!(strain, Strain::Half(_) | Strain::Hard(_)), self.hurt);
        (self.workers, self.strain) = (workers, strain.as_str());
    }

    /// The readings to compare these with, if there are some; these are compared with next time.
    fn comparable(&mut self, inputs: &Inputs) -> Option<(Duration, Snapshot)> {
        let before = self.before;
        let age = before.map(|(at, _)| inputs.now.saturating_sub(at));
        if age.is_none_or(|age| age >= SHORTEST) {
            self.before = Some((inputs.now, inputs.snapshot));
        }
        // Over less time a single moment counts for too much, over more what was is taken for what is.
        before.filter(|_| age.is_some_and(|age| (SHORTEST..=LONGEST).contains(&age)))
    }
}

impl Quiet {
    fn why(self) -> &'static str {
        match self {
            Self::Paused => "paused",
            Self::OutOfHours(_) => "not within the hours of the settings (schedule.hours)",
            Self::LowBattery => "the battery is low (schedule.battery)",
        }
    }
}

#[cfg(test)]
mod tests;
