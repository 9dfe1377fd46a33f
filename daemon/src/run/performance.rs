//! How well it goes: the score of the work in hand, its trend over the day, and what goes badly.
//!
//! Measured only while there is something to read: a daemon at rest keeps the score of its last work, writes nothing and is not
//! woken for this. The figures are made in `governor::score`, `trends` and `alerts`, which are pure.

use std::{collections::VecDeque, time::Duration};

use super::{
    alerts::{self, Alerts, Kind, Verdict},
    core::Core,
    trends::{Sums, Trends},
};
use crate::{
    control::{FormatInfo, ScoreReport, Stream},
    governor::score::{self, Score, Speeds, Stretch, Work},
    model::{Mutation, Note},
    readers,
    store::StoreError,
};

/// Between two samples, and how far back the score looks, in microseconds of work.
const SAMPLE: f64 = 250_000.0;
const WINDOW: f64 = 10_000_000.0;

/// How things are at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct Moment {
    at: Duration,
    /// Whether there is something to read, and nothing keeps us from it.
    busy: bool,
    workers: f64,
    strain: f64,
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Performance {
    pub score: ScoreReport,
    pub alerts: Alerts,
    pub trends: Trends,
    speeds: Speeds,
    sums: Sums,
    last: Moment,
    /// The last seconds of work, the oldest first.
    window: VecDeque<Sums>,
    /// What the trends have.
    noted: Sums,
    /// What was measured where others wanted most, lately.
    strain: String,
}

impl Performance {
    /// Goes on to this moment. Whether it is time to say how well it went.
    fn go_on(&mut self, now: Moment, why: &str) -> bool {
        let last = std::mem::replace(&mut self.last, now);
        if last.busy {
            let us = now.at.saturating_sub(last.at).as_micros() as f64;
            self.sums.busy += us;
            self.sums.workers += us * last.workers;
            self.sums.strained += us * last.strain;
        }
        if now.busy && now.strain > 0.0 && !why.is_empty() {
            self.strain.clear();
            self.strain.push_str(why);
        }
        let due = self.window.back().is_none_or(|last| self.sums.busy >= last.busy + SAMPLE);
        if now.busy && due {
            self.window.push_back(self.sums);
            while self.window.front().is_some_and(|oldest| oldest.busy + WINDOW < self.sums.busy) {
                self.window.pop_front();
            }
        }
        (now.busy && due) || (last.busy && !now.busy)
    }

    /// The score of the last seconds of work; `failing` is the share of the newest readings that failed by a worker's fault.
    fn score(&mut self, failing: f64) -> Score {
        let done = self.sums.since(self.window.front().unwrap_or(&self.sums));
        let stretch = Stretch {
            busy: Duration::from_micros(done.busy as u64),
            workers_us: done.workers,
            files: done.files,
            worth_us: done.worth_us,
            unknown_us: done.unknown_us,
        };
        let pressure = if done.busy > 0.0 { done.strained / done.busy } else { 0.0 };
        let speed = self.speeds.share(&stretch);
        score::of(&Work { speed, pressure, strain: &self.strain, failures: failing })
    }
}

impl Core {
    /// What was noted by earlier runs.
    pub(super) fn take_up_performance(&mut self) -> Result<(), StoreError> {
        if let Some(bytes) = self.store.note(Note::Trends)? {
            self.performance.trends = Trends::decode(&bytes);
        }
        if let Some(bytes) = self.store.note(Note::Readers)? {
            self.reading.health.take_up(&bytes);
        }
        Ok(())
    }

    /// Looks how well it goes.
    pub(super) fn measure(&mut self) {
        let (now, in_hand) = (self.now(), self.reading.in_hand());
        let decision = &self.governing.decision;
        let kept = self.pauses.in_force() || self.governing.is_quiet() || self.stopping;
        let moment = Moment {
            at: now,
            busy: in_hand > 0 || (!kept && self.reading.due() > 0),
            workers: decision.size.workers.min(in_hand) as f64,
            strain: decision.strain.level(),
        };
        let totals = &self.reading.totals;
        let sums = &mut self.performance.sums;
        (sums.files, sums.failures) = (totals.finished, totals.failed.all());
        (sums.worth_us, sums.unknown_us) = (totals.worth_us, totals.unknown_us);
        let is_due = self.performance.go_on(moment, decision.strain.why());
        if !is_due && !self.performance.alerts.is_on(Kind::FailureRate) {
            return;
        }
        let (failing, verdict) = self.reading.health.failing(now);
        self.judge(Kind::FailureRate, verdict);
        if is_due {
            self.judge(Kind::SlowFormat, self.slow_formats());
            self.tell_score(failing);
        }
    }

    fn tell_score(&mut self, failing: f64) {
        let (wall, memory) = ((self.wall_clock)().wall, self.governing.measured);
        let performance = &mut self.performance;
        let Score { value, slowness, pressure, failures, why } = performance.score(failing);
        performance.score = ScoreReport { value, slowness, pressure, failures, why, at: wall };
        let more = performance.sums.since(&performance.noted);
        performance.noted = performance.sums;
        if performance.trends.note(wall, &more, value, memory) {
            self.note_performance();
        }
    }

    fn slow_formats(&self) -> Verdict {
        let slower = |format: &&metaextract::Format| {
            let times = self.reading.health.slower(readers::id(format.name))?;
            Some((format.name, times))
        };
        alerts::slow_formats(metaextract::formats::ALL.iter().filter_map(slower))
    }

    /// Takes what a measure says of an alert. Each has a line when it comes and one when it goes; the bus is told of both.
    pub(super) fn judge(&mut self, kind: Kind, verdict: Verdict) {
        let wall = (self.wall_clock)().wall;
        match self.performance.alerts.judge(kind, verdict, wall) {
            None => {}
            Some((alert, true)) => tracing::warn!(alert = alert.id, why = alert.text, "something goes badly"),
            Some((alert, false)) => tracing::warn!(alert = alert.id, "it goes well again"),
        }
    }

    /// Looks whether there are enough watches.
    pub(super) fn judge_watches(&mut self) {
        let Some(watcher) = &self.watcher else { return };
        let is_short = self.roots.iter().any(|root| root.unwatched);
        let verdict = alerts::watches_short(watcher.watched(), watcher.limit().unwrap_or(usize::MAX), is_short);
        self.judge(Kind::WatchesShort, verdict);
    }

    /// Keeps for later runs how things went.
    pub(super) fn note_performance(&mut self) {
        // It is worth no trouble of its own.
        if !self.degraded.contains_key("store") {
            let notes =
                [(Note::Trends, self.performance.trends.encode()), (Note::Readers, self.reading.health.encode())];
            self.commit(notes.into_iter().map(|(note, bytes)| Mutation::PutNote(note, bytes)).collect());
        }
    }

    /// All readers, and how each has done.
    pub(super) fn formats(&self) -> Stream<FormatInfo> {
        let (health, costs) = (&self.reading.health, &self.reading.costs);
        super::answers::formats(|name| health.report(readers::id(name), costs))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goes on in steps of 10 ms for so many seconds; gives how often it is time to say how well it went.
    fn seconds(performance: &mut Performance, seconds: u64, moment: Moment, files: u64) -> usize {
        let begin = performance.last.at;
        let steps = (1..=seconds * 100).map(|step| {
            performance.sums.files += files / 100;
            performance.sums.worth_us += files as f64 / 100.0 * 100.0;
            let moment = Moment { at: begin + Duration::from_millis(step * 10), ..moment };
            performance.go_on(moment, if moment.strain > 0.0 { "memory is waited for" } else { "" })
        });
        steps.filter(|due| *due).count()
    }

    const WORK: Moment = Moment { at: Duration::ZERO, busy: true, workers: 2.0, strain: 0.0 };
    const REST: Moment = Moment { at: Duration::ZERO, busy: false, workers: 0.0, strain: 0.0 };

    #[test]
    fn only_time_with_work_counts() {
        let mut performance = Performance::default();
        assert_eq!(seconds(&mut performance, 10, REST, 0), 0, "nothing is said at rest");
        let said = seconds(&mut performance, 10, WORK, 10_000);
        assert!((38..=42).contains(&said), "{said}");
        assert_eq!(performance.score(0.0).value, 100);
        assert_eq!(seconds(&mut performance, 3600, REST, 0), 1, "once when it ends");
        assert!((performance.sums.busy - 10e6).abs() < 0.1e6, "{:?}", performance.sums);
        assert!((performance.sums.workers - 20e6).abs() < 0.2e6, "{:?}", performance.sums);
        assert!(performance.window.len() <= 42);
        assert_eq!(performance.score(0.0).value, 100, "an hour of rest is no slowness");
    }

    #[test]
    fn the_score_is_that_of_the_last_seconds_of_work() {
        let mut performance = Performance::default();
        seconds(&mut performance, 20, WORK, 10_000);
        assert_eq!(performance.score(0.0).value, 100);
        seconds(&mut performance, 11, WORK, 5_000);
        let slow = performance.score(0.0);
        assert!((75..=80).contains(&slow.value), "half as fast: {slow:?}");
        seconds(&mut performance, 11, Moment { strain: 0.5, ..WORK }, 10_000);
        let pressed = performance.score(0.02);
        assert_eq!((pressed.slowness, pressed.pressure, pressed.failures), (0, 10, 2), "{pressed:?}");
        assert!(pressed.why.contains("memory is waited for"), "{pressed:?}");
        seconds(&mut performance, 11, WORK, 10_000);
        assert_eq!(performance.score(0.0).value, 100, "what is over is no loss");
    }
}
