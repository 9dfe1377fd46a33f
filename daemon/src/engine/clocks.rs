//! The three clocks over a file in hand: CPU time, waiting without progress, waiting in all. Pure.
//!
//! Only time in which the worker waits for something counts against the last two: being stopped by a person or
//! outrun by busier processes is not the file's fault.

use std::time::{Duration, Instant};

use super::Config;

/// What the kernel says of a worker at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pulse {
    pub(super) cpu: Duration,
    /// Bytes it has been given by the kernel in its life.
    pub(super) read: u64,
    /// Whether it sleeps, for a disk or anything else.
    pub(super) waits: bool,
    /// Whether it sleeps for a file, that is, for a disk.
    pub(super) disk: bool,
}

/// What a look at the clocks gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Look {
    /// It waits for its disk and has got nothing since the last look.
    pub(super) disk: bool,
    /// Bytes have come since.
    pub(super) read: bool,
    /// The sentence for the clock that has run out.
    pub(super) out: Option<&'static str>,
}

/// The clocks of one file.
#[derive(Debug)]
pub(super) struct Clocks {
    /// The first look; what came before it is forgiven.
    first: Pulse,
    last: Pulse,
    looked: Instant,
    /// Waited since the last progress.
    stalled: Duration,
    /// Waited in all.
    waited: Duration,
}

impl Clocks {
    pub(super) fn start(pulse: Pulse, now: Instant) -> Self {
        Self { first: pulse, last: pulse, looked: now, stalled: Duration::ZERO, waited: Duration::ZERO }
    }

    /// Looks again.
    pub(super) fn look(&mut self, pulse: Pulse, now: Instant, config: &Config) -> Look {
        let passed = if pulse.waits { now.duration_since(self.looked) } else { Duration::ZERO };
        let read = pulse.read > self.last.read;
        let progress = pulse.cpu > self.last.cpu || read;
        self.waited += passed;
        self.stalled = if progress { Duration::ZERO } else { self.stalled + passed };
        (self.last, self.looked) = (pulse, now);
        let slow_disk = Duration::from_secs(pulse.read.saturating_sub(self.first.read) >> 20);
        let out = if pulse.cpu.saturating_sub(self.first.cpu) > config.cpu {
            Some("the file takes more CPU time than one file may")
        } else if self.stalled > config.stall {
            Some("reading the file makes no progress")
        } else if self.waited > config.wall + slow_disk {
            Some("reading the file takes longer than one file may")
        } else {
            None
        };
        Look { disk: pulse.disk && !progress, read, out }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Looks once a second at (CPU seconds, MiB read, waits); gives the second in which a clock ran out.
    fn ends(pulse: impl Fn(u64) -> (u64, u64, bool)) -> Option<(u64, &'static str)> {
        let start = Instant::now();
        let at = |second| {
            let (cpu, read, waits) = pulse(second);
            Pulse { cpu: Duration::from_secs(cpu), read: read << 20, waits, disk: waits }
        };
        let mut clocks = Clocks::start(at(0), start);
        let config = Config::default();
        (1..1000).find_map(|second| {
            clocks.look(at(second), start + Duration::from_secs(second), &config).out.map(|text| (second, text))
        })
    }

    #[test]
    fn each_clock_runs_out_by_its_own_measure() {
        let cpu = "the file takes more CPU time than one file may";
        let stall = "reading the file makes no progress";
        let wall = "reading the file takes longer than one file may";
        assert_eq!(ends(|second| (100 + second, 0, false)), Some((6, cpu)));
        assert_eq!(ends(|_| (0, 0, true)), Some((31, stall)));
        assert_eq!(ends(|second| (0, second / 20, true)), Some((64, wall)), "a trickle");
        assert_eq!(ends(|second| (0, second * 2, true)), None, "a slow disk");
        assert_eq!(ends(|_| (0, 0, false)), None, "stopped, or never given the CPU");
    }
}
