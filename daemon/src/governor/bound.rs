//! How many workers there may be where nobody else wants anything.

use std::time::Duration;

use super::{Inputs, signals::disk::DiskKind};

/// Bytes a worker is taken to need until one is measured.
const NEWBORN: u64 = 8 << 20;
/// Files that are worth a worker of their own: it costs about as much to start as these to read …
const WORTH: u64 = 8;
/// … where that has not lasted so long: then each is.
const LONG: Duration = Duration::from_secs(1);
/// Readers of a disk that turns.
const TURNING: usize = 2;
/// Readers for each processor on a disk behind a network: most of them wait for it.
const FAR: usize = 2;

/// How many there may be.
pub(super) struct Bound {
    pub workers: usize,
    /// What decides it, for people.
    pub why: String,
    /// As many there may be soon, however few files there are.
    pub spread: usize,
}

/// The bound where there has been work for so long.
pub(super) fn of(inputs: &Inputs, busy: Duration) -> Bound {
    let bounds = &inputs.bounds;
    let cores = bounds.cores.max(1);
    let worth = if busy < LONG { WORTH } else { 1 };
    let own = [
        (bounds.most.max(1), format!("at most {} workers by the settings", bounds.most.max(1))),
        match inputs.work.disk {
            Some(DiskKind::Rotational) => (TURNING, "a disk that turns".to_owned()),
            Some(DiskKind::Network) => (cores * FAR, "a disk behind a network".to_owned()),
            Some(DiskKind::Solid) | None => (cores, format!("{cores} cores")),
        },
        match inputs.snapshot.power.on_battery == Some(true) && inputs.user_idle == Some(false) {
            true => (cores.div_ceil(2), "on battery, and somebody is at work".to_owned()),
            false => (usize::MAX, String::new()),
        },
        // With none nothing would ever be read on a machine with little.
        (room(inputs).max(1), "the memory ceiling (memory.ceiling)".to_owned()),
    ];
    let (spread, why) = own.into_iter().min_by_key(|(bound, _)| *bound).unwrap_or_default();
    // One even for none: what comes next is not to wait for a decision. Without a file no process runs.
    let few = usize::try_from(inputs.work.files.div_ceil(worth)).unwrap_or(usize::MAX).max(1);
    match few < spread {
        true => Bound { workers: few, why: format!("{} files", inputs.work.files), spread },
        false => Bound { workers: spread, why, spread },
    }
}

/// Workers for which measured memory has room below the ceiling.
fn room(inputs: &Inputs) -> usize {
    let group = &inputs.snapshot.group;
    let ceiling = [Some(inputs.bounds.ceiling), group.limit.map(|limit| limit / 10 * 8), group.high];
    let ceiling = ceiling.into_iter().flatten().min().unwrap_or(u64::MAX);
    let workers: u64 = inputs.workers.iter().flatten().sum();
    let used = inputs.daemon.unwrap_or(0) + workers;
    let there = inputs.workers.len();
    let each = (workers / there.max(1) as u64).max(NEWBORN);
    match ceiling.checked_sub(used) {
        Some(left) => there.saturating_add(usize::try_from(left / each).unwrap_or(usize::MAX)),
        None => there.saturating_sub(usize::try_from((used - ceiling).div_ceil(each)).unwrap_or(usize::MAX)),
    }
}

/// How many files of a batch are asked for ahead: none where the disk is memory as good as, or turns, as each file would cost
/// a movement of its head.
pub(super) fn read_ahead(inputs: &Inputs) -> usize {
    match inputs.work.disk {
        Some(DiskKind::Network) => 16,
        Some(DiskKind::Solid) => 4,
        Some(DiskKind::Rotational) | None => 0,
    }
}
