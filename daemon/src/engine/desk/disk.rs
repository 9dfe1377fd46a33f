//! What the desk knows of one file system: its jobs, its openers, and whether it answers.

use std::{
    collections::{BTreeSet, VecDeque},
    os::fd::OwnedFd,
    time::{Duration, Instant},
};

use super::State;
use crate::{
    engine::batch::{self, Opened, Share},
    model::{FsId, Job},
};

/// Silence of a file system, while something waits for it, after which nobody else is to wait for it.
const SILENT: Duration = Duration::from_secs(1);
/// Waits between two files given to a file system that does not answer: doubled each time.
const PROBE: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(60));

/// One file system.
#[derive(Debug)]
pub(super) struct Disk {
    pub(super) jobs: VecDeque<Job>,
    pub(super) openers: usize,
    /// No thread could be started to open its jobs.
    pub(super) is_stranded: bool,
    pub(super) idle: usize,
    /// Jobs taken and not finished.
    pub(super) held: usize,
    /// Descriptors held or about to be.
    pub(super) open: usize,
    /// Roots of the jobs held.
    roots: BTreeSet<Box<[u8]>>,
    /// The last sign of life that an opener saw, and a reader: where files can be opened, reading them may still hang.
    opens: Instant,
    reads: Instant,
    /// Workers that were ended while they waited for it, since the last sign of life.
    given_up: bool,
    /// Of them, those that the kernel does not let go yet.
    pub(super) lingering: usize,
    /// When a file may be given to it though it does not answer, and how long after that the next.
    probe: (Instant, Duration),
}

impl Default for Disk {
    fn default() -> Self {
        let now = Instant::now();
        Self {
            jobs: VecDeque::new(),
            openers: 0,
            is_stranded: false,
            idle: 0,
            held: 0,
            open: 0,
            roots: BTreeSet::new(),
            opens: now,
            reads: now,
            given_up: false,
            lingering: 0,
            probe: (now, PROBE.0),
        }
    }
}

impl Disk {
    pub(super) fn hold(&mut self, job: &Job) {
        self.held += 1;
        if !self.roots.contains(&job.root) {
            self.roots.insert(job.root.clone());
        }
    }

    pub(super) fn finished(&mut self) {
        self.held = self.held.saturating_sub(1);
        if self.held == 0 {
            self.roots.clear();
            self.given_up = false;
        }
    }

    /// An opener has come back.
    pub(super) fn opens(&mut self) {
        self.opens = Instant::now();
    }

    /// A reader has got something; says whether there was silence before.
    pub(super) fn reads(&mut self) -> bool {
        let now = Instant::now();
        let was_silent = self.given_up || now.duration_since(self.reads) >= SILENT;
        (self.reads, self.given_up, self.probe) = (now, false, (now, PROBE.0));
        was_silent
    }

    /// A file is given to it though it does not answer: how many, and no other before long.
    pub(super) fn probes(&mut self, now: Instant) -> usize {
        self.probe.0 = now + PROBE.1;
        1
    }

    /// A worker is ended that waits for it.
    pub(super) fn give_up(&mut self) {
        self.given_up = true;
        let wait = self.probe.1;
        self.probe = (Instant::now() + wait, (wait * 2).min(PROBE.1));
    }
}

impl State {
    /// A file system whose jobs nobody opens, counted as having an opener from now on.
    pub(super) fn take_stranded(&mut self) -> Option<FsId> {
        let (fs, disk) = self.disks.iter_mut().find(|(_, disk)| disk.is_stranded)?;
        disk.is_stranded = false;
        disk.openers += 1;
        Some(*fs)
    }

    /// For how long readers of a file system have got nothing though some wait for it; `None` where it answers.
    fn silence(&self, fs: FsId, now: Instant) -> Option<Duration> {
        let disk = self.disks.get(&fs)?;
        let given_up = (disk.given_up || disk.lingering > 0).then_some(disk.reads);
        // A file that was open for long before its turn says nothing.
        let since = given_up.into_iter().chain(self.reader_waits(fs)).min()?;
        Some(now.duration_since(since.max(disk.reads))).filter(|silence| *silence >= SILENT)
    }

    /// The same of its openers.
    fn silence_of_openers(&self, fs: FsId, now: Instant) -> Option<Duration> {
        let waiting = self.disks.get(&fs).filter(|disk| disk.openers > 0 && disk.idle == 0)?;
        Some(now.duration_since(waiting.opens)).filter(|silence| *silence >= SILENT)
    }

    /// Since when a worker waits for it.
    fn reader_waits(&self, fs: FsId) -> Option<Instant> {
        self.seats.values().filter(|seat| seat.fs() == Some(fs)).filter_map(|seat| seat.waits).min()
    }

    /// The file systems of open files that are to be given to workers now, in the order of the files.
    pub(super) fn ready(&self, now: Instant) -> Vec<FsId> {
        let mut seen: Vec<(FsId, bool)> = Vec::new();
        for opened in &self.opened {
            if !seen.iter().any(|(fs, _)| *fs == opened.job.fs) {
                seen.push((opened.job.fs, self.is_ready(opened.job.fs, now)));
            }
        }
        seen.into_iter().filter_map(|(fs, ready)| ready.then_some(fs)).collect()
    }

    /// Takes the next files of one file system for a worker; see [`batch::batch`]. Those of others are then before the rest
    /// of it, so that file systems take turns.
    pub(super) fn batch(&mut self, fs: FsId, is_fresh: bool, share: Share) -> (Vec<Opened<OwnedFd>>, bool) {
        let (mut own, mut others): (VecDeque<_>, VecDeque<_>) =
            std::mem::take(&mut self.opened).into_iter().partition(|opened| opened.job.fs == fs);
        let taken = batch::batch(&mut own, is_fresh, share);
        if others.is_empty() {
            others = own;
        } else {
            others.extend(own);
            others.make_contiguous().sort_by_key(|opened| batch::turn(&opened.job));
        }
        self.opened = others;
        taken
    }

    /// Whether files of it are to be given to workers now: as a probe, if it does not answer.
    fn is_ready(&self, fs: FsId, now: Instant) -> bool {
        let probe = || {
            self.disks.get(&fs).is_none_or(|disk| disk.lingering == 0 && disk.given_up && disk.probe.0 <= now)
                && self.reader_waits(fs).is_none()
        };
        self.silence(fs, now).is_none() || probe()
    }

    pub(super) fn is_silent(&self, fs: FsId, now: Instant) -> bool {
        self.silence(fs, now).is_some()
    }

    /// When the next probe is due of those that hold open files.
    pub(super) fn next_probe(&self) -> Option<Instant> {
        let waiting = self.opened.iter().filter_map(|opened| self.disks.get(&opened.job.fs));
        waiting.filter(|disk| disk.given_up && disk.lingering == 0).map(|disk| disk.probe.0).min()
    }

    /// Jobs that wait for file systems that do not answer.
    pub(super) fn held_up(&self, now: Instant) -> usize {
        let silent = |fs| self.is_silent(fs, now) || self.silence_of_openers(fs, now).is_some();
        self.disks.iter().filter(|(fs, _)| silent(**fs)).map(|(_, disk)| disk.held).sum()
    }

    /// The roots that wait, and for how long.
    pub(super) fn silent(&self, now: Instant) -> Vec<(Box<[u8]>, Duration)> {
        let of = |(fs, disk): (&FsId, &Disk)| {
            let silence = self.silence(*fs, now).max(self.silence_of_openers(*fs, now))?;
            Some(disk.roots.iter().map(|root| (root.clone(), silence)).collect::<Vec<_>>())
        };
        self.disks.iter().filter_map(of).flatten().collect()
    }

    /// Whether this file system has answered somebody since then.
    pub(super) fn answered_since(&self, fs: FsId, since: Instant) -> bool {
        self.disks.get(&fs).is_some_and(|disk| disk.reads > since)
    }
}
