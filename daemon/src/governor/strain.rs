//! How much others would like to have what we use.

use std::time::Duration;

use super::{
    Inputs,
    signals::{Snapshot, pressure::Stall},
};

/// From which share of the time on in which something stood still for want of memory no worker is added, and half of them go.
const MEMORY: (f64, f64) = (0.02, 0.10);
/// The share in which everything stood still for want of memory, from which on all workers go.
const MEMORY_FULL: f64 = 0.20;
/// The share of the time in which others waited for processors, or for disks, from which on no worker is added. Our own workers wait
/// for both on purpose: where nobody tells their waiting apart, as no group is theirs alone, this says nothing.
const CPU: f64 = 0.60;
const IO: f64 = 0.50;
/// Shares of the machine's memory in use from which on no worker is added, and half of them go.
const USED: (f64, f64) = (0.80, 0.95);
/// The same of what our control group may use.
const GROUP: (f64, f64) = (0.80, 0.90);
/// A group that has reached its limit with a smaller share in use than this is full of caches.
const CACHES: f64 = 0.50;
/// Levels of the low-memory monitor (`org.freedesktop.LowMemoryMonitor`, `LowMemoryWarning`): 50, 100 and 255.
const ALARM: (u8, u8, u8) = (50, 100, 255);

/// What follows for the number of workers; the text says what was measured.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Strain {
    None,
    /// Nothing is added.
    Hold(String),
    /// Half goes at once, but the last: what is full may stay so for good.
    Full(String),
    /// Half goes at once.
    Half(String),
    /// Everything goes at once.
    Hard(String),
}

/// The share of the time, 0 to 1, in which tasks waited for a resource.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Share {
    /// Whose tasks: of the machine, or of our control group (`group`).
    pub of: &'static str,
    /// memory, cpu or io.
    pub resource: &'static str,
    /// Whether some waited, or all (`full`).
    pub tasks: &'static str,
    pub share: f64,
}

/// What was waited for since `before`, the last snapshot with its time.
pub(super) fn shares(inputs: &Inputs, (at, before): &(Duration, Snapshot)) -> Vec<Share> {
    let elapsed = inputs.now.saturating_sub(*at);
    let ours = |snapshot: &Snapshot| [snapshot.group.memory, snapshot.group.cpu, snapshot.group.io];
    let mut shares = Vec::new();
    let sides = [("machine", inputs.snapshot.stalls, before.stalls), ("group", ours(&inputs.snapshot), ours(before))];
    for (of, now, earlier) in sides {
        for (resource, (now, earlier)) in ["memory", "cpu", "io"].into_iter().zip(now.into_iter().zip(earlier)) {
            let Some((now, earlier)) = now.zip(earlier) else { continue };
            let some = now.share_since(&earlier, elapsed);
            let full = full(now).zip(full(earlier)).and_then(|(now, earlier)| now.share_since(&earlier, elapsed));
            let share = |(tasks, share)| Some(Share { of, resource, tasks, share: share? });
            shares.extend([("some", some), ("full", full)].into_iter().filter_map(share));
        }
    }
    shares
}

/// The time in which all tasks waited, in the place of some.
fn full(stall: Stall) -> Option<Stall> {
    stall.full.map(|some| Stall { some, full: None })
}

impl Strain {
    /// The names of all degrees, the least first.
    pub const NAMES: [&str; 5] = ["none", "hold", "full", "half", "hard"];

    /// The stable name.
    pub fn as_str(&self) -> &'static str {
        Self::NAMES[usize::from(rank(self))]
    }

    /// From 0, nobody wants anything, to 1, nothing is to run.
    pub fn level(&self) -> f64 {
        f64::from(rank(self)) / 4.0
    }

    /// What was measured; empty where nothing is wanted.
    pub fn why(&self) -> &str {
        match self {
            Self::None => "",
            Self::Hold(why) | Self::Full(why) | Self::Half(why) | Self::Hard(why) => why,
        }
    }

    /// Whether others need what we have, and at once.
    pub(super) fn is_great(&self) -> bool {
        matches!(self, Self::Full(_) | Self::Half(_) | Self::Hard(_))
    }
}

/// The strain of now; `before` is the last snapshot and its time.
pub(super) fn of(inputs: &Inputs, before: Option<&(Duration, Snapshot)>) -> Strain {
    let snapshot = &inputs.snapshot;
    let share = |now: Option<Stall>, earlier: Option<Stall>, at: Duration| {
        now?.share_since(&earlier?, inputs.now.saturating_sub(at))
    };
    let mut all = Vec::new();
    if let Some((at, before)) = before {
        let (mine, earlier) = (&snapshot.group, &before.group);
        for (now, before) in [(snapshot.stalls[0], before.stalls[0]), (mine.memory, earlier.memory)] {
            if let Some(some) = share(now, before, *at) {
                all.push(level(some, MEMORY, || format!("memory is waited for {}", percent(some))));
            }
            let full = share(now.and_then(full), before.and_then(full), *at).filter(|full| *full >= MEMORY_FULL);
            all.extend(full.map(|full| Strain::Hard(format!("everything waits for memory {}", percent(full)))));
        }
        let others = |which: usize, own: Option<Stall>, own_before: Option<Stall>| {
            let whole = share(snapshot.stalls[which], before.stalls[which], *at)?;
            Some((whole - share(own, own_before, *at)?).max(0.0))
        };
        if let Some(some) = others(1, mine.cpu, earlier.cpu) {
            all.push(level(some, (CPU, f64::INFINITY), || format!("others wait for processors {}", percent(some))));
        }
        if let Some(some) = others(2, mine.io, earlier.io) {
            all.push(level(some, (IO, f64::INFINITY), || format!("others wait for disks {}", percent(some))));
        }
        let rose =
            |now: Option<u64>, earlier: Option<u64>| now.zip(earlier).is_some_and(|(now, earlier)| now > earlier);
        if rose(mine.killed, earlier.killed) {
            all.push(Strain::Hard("the kernel has ended a process of our control group".into()));
        }
        // Caches fill a group to its limit, and give way at once.
        if rose(mine.limited, earlier.limited) && mine.used_share().is_some_and(|used| used >= CACHES) {
            all.push(Strain::Half("our control group has reached its limit of memory".into()));
        }
    }
    if inputs.pressed {
        all.push(Strain::Half("memory was waited for just now".into()));
    }
    if let Some(memory) = snapshot.memory {
        let used = memory.used_share();
        all.push(fill(used, USED, || format!("{:.0} % of memory is in use", used * 100.0)));
    }
    if let Some(used) = snapshot.group.used_share() {
        all.push(fill(used, GROUP, || format!("{:.0} % of our control group's memory is in use", used * 100.0)));
    }
    if let Some(alarm) = inputs.alarm {
        let why = || format!("memory is low (level {alarm})");
        all.push(match alarm {
            alarm if alarm >= ALARM.2 => Strain::Hard(why()),
            alarm if alarm >= ALARM.1 => Strain::Half(why()),
            alarm if alarm >= ALARM.0 => Strain::Hold(why()),
            _ => Strain::None,
        });
    }
    all.into_iter().max_by_key(rank).unwrap_or(Strain::None)
}

fn rank(strain: &Strain) -> u8 {
    match strain {
        Strain::None => 0,
        Strain::Hold(_) => 1,
        Strain::Full(_) => 2,
        Strain::Half(_) => 3,
        Strain::Hard(_) => 4,
    }
}

fn level(share: f64, (hold, half): (f64, f64), why: impl FnOnce() -> String) -> Strain {
    match share {
        share if share >= half => Strain::Half(why()),
        share if share >= hold => Strain::Hold(why()),
        _ => Strain::None,
    }
}

fn fill(share: f64, levels: (f64, f64), why: impl FnOnce() -> String) -> Strain {
    match level(share, levels, why) {
        Strain::Half(why) => Strain::Full(why),
        other => other,
    }
}

fn percent(share: f64) -> String {
    format!("{:.0} % of the time", share * 100.0)
}
