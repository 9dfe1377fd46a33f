//! How well reading goes, from 0 to 100, and what is lost to what.
//!
//! Pure. The points that can be lost to slowness, to pressure and to failures are 100 together, so the parts always add up. `run`
//! measures and shows it; nothing is decided by it.

use std::{collections::BTreeMap, time::Duration};

/// Points that can be lost: to slowness, to others who want what we use, to workers that fail.
const POINTS: [f64; 3] = [50.0, 20.0, 30.0];
/// So much slower than the best is no loss: no two seconds are alike.
const TOLERANCE: f64 = 0.1;
/// The share of readings that fail by a worker's fault at which all points for that are lost.
const FAILING: f64 = 0.3;
/// Work that says nothing of speed: less time, or fewer files.
const LITTLE: (Duration, u64) = (Duration::from_secs(2), 64);
/// The share of work of which little is known, above which nothing is known of its speed.
const UNKNOWN: f64 = 0.2;
/// What remains of the best speed with each further measure: it is forgotten in some ten minutes of work.
const REMAINS: f64 = 1.0 - 1.0 / 2400.0;
/// Workers from which on their number makes no difference.
const MANY: u8 = 16;

/// A stretch of work.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Stretch {
    /// Time with something to read.
    pub busy: Duration,
    /// That time, once for each worker that read, in microseconds.
    pub workers_us: f64,
    /// Files read.
    pub files: u64,
    /// What they count as work, in microseconds of a worker's time, and of that those of a kind of which little is known.
    pub worth_us: f64,
    pub unknown_us: f64,
}

/// The best speeds seen: by how heavy the files were, in steps of four times, and by how many workers read.
#[derive(Debug, Clone, Default)]
pub struct Speeds(BTreeMap<(u8, u8), f64>);

impl Speeds {
    /// The speed of a stretch as a share of the best that was seen for work like it, 0 to 1; `None` where that says nothing.
    pub fn share(&mut self, stretch: &Stretch) -> Option<f64> {
        let Stretch { busy, workers_us, files, worth_us, unknown_us } = *stretch;
        if busy < LITTLE.0 || files < LITTLE.1 || workers_us <= 0.0 || unknown_us > UNKNOWN * worth_us {
            return None;
        }
        let speed = worth_us / workers_us;
        let heavy = (worth_us / files as f64).max(1.0).log(4.0) as u8;
        let workers = (workers_us / busy.as_micros() as f64).round() as u8;
        let best = self.0.entry((heavy, workers.min(MANY))).or_default();
        *best = (*best * REMAINS).max(speed);
        Some(if *best > 0.0 { speed / *best } else { 1.0 })
    }
}

/// What a score is made from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Work<'a> {
    /// What [`Speeds::share`] gives.
    pub speed: Option<f64>,
    /// The mean of [`super::Strain::level`] over the work, 0 to 1.
    pub pressure: f64,
    /// What was measured where it was greatest; may be empty.
    pub strain: &'a str,
    /// The share of the newest readings that failed by a worker's fault, 0 to 1.
    pub failures: f64,
}

/// A score with its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Score {
    /// 100 less the parts.
    pub value: u8,
    /// Points lost, at most 50, 20 and 30.
    pub slowness: u8,
    pub pressure: u8,
    pub failures: u8,
    /// One line for people.
    pub why: String,
}

/// How well that work went.
pub fn of(work: &Work<'_>) -> Score {
    let slow = (1.0 - work.speed.unwrap_or(1.0) - TOLERANCE) / (1.0 - TOLERANCE);
    let [slowness, pressure, failures] = [(slow, 0), (work.pressure, 1), (work.failures / FAILING, 2)]
        .map(|(share, part)| (share.clamp(0.0, 1.0) * POINTS[part]).round() as u8);
    let mut parts = Vec::new();
    if slowness > 0 {
        let speed = work.speed.unwrap_or(1.0) * 100.0;
        parts.push(format!("{slowness} lost to slowness ({speed:.0} % of the best speed)"));
    }
    if pressure > 0 {
        let strain = if work.strain.is_empty() { String::new() } else { format!(" ({})", work.strain) };
        parts.push(format!("{pressure} lost to pressure{strain}"));
    }
    if failures > 0 {
        parts.push(format!("{failures} lost to failures ({:.0} % ended a worker)", work.failures * 100.0));
    }
    let why = if parts.is_empty() { "nothing is lost".to_owned() } else { parts.join(", ") };
    Score { value: 100 - slowness - pressure - failures, slowness, pressure, failures, why }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const FINE: Work<'_> = Work { speed: None, pressure: 0.0, strain: "", failures: 0.0 };

    #[test]
    fn a_score_says_what_is_lost_to_what() {
        let told = |work: Work<'_>| {
            let score = of(&work);
            assert_eq!(score.value, 100 - score.slowness - score.pressure - score.failures);
            format!("{}: {}", score.value, score.why)
        };
        assert_eq!(told(FINE), "100: nothing is lost");
        assert_eq!(told(Work { speed: Some(0.92), ..FINE }), "100: nothing is lost");
        let strained = Work { pressure: 0.25, strain: "memory is waited for 3 % of the time", failures: 0.02, ..FINE };
        assert_eq!(
            told(strained),
            "93: 5 lost to pressure (memory is waited for 3 % of the time), 2 lost to failures (2 % ended a worker)"
        );
        assert_eq!(told(Work { speed: Some(0.45), ..FINE }), "75: 25 lost to slowness (45 % of the best speed)");
        assert!(told(Work { speed: Some(0.0), pressure: 1.0, failures: 1.0, ..FINE }).starts_with("0: "));
    }

    #[test]
    fn speed_is_measured_against_the_best_of_work_like_it() {
        let mut speeds = Speeds::default();
        let mut share = |workers: f64, files: u64, us: f64, seconds: f64| {
            let busy = Duration::from_secs_f64(seconds);
            speeds.share(&Stretch {
                busy,
                workers_us: workers * seconds * 1e6,
                files,
                worth_us: files as f64 * us,
                unknown_us: 0.0,
            })
        };
        assert_eq!(share(2.0, 10, 100.0, 5.0), None, "too few files");
        assert_eq!(share(2.0, 1000, 100.0, 1.5), None, "too little time");
        assert_eq!(share(0.0, 1000, 100.0, 5.0), None, "nobody read");
        assert_eq!(share(2.0, 20_000, 100.0, 2.0), Some(1.0), "the first is the best");
        assert!((share(2.0, 10_000, 100.0, 2.0).unwrap() - 0.5).abs() < 0.01);
        assert_eq!(share(1.0, 4_000, 100.0, 2.0), Some(1.0), "one worker is another matter");
        assert_eq!(share(2.0, 200, 5_000.0, 2.0), Some(1.0), "and so are heavy files");
        let slow = (0..20_000).map(|_| share(2.0, 10_000, 100.0, 2.0).unwrap()).last();
        assert_eq!(slow, Some(1.0), "what was once is forgotten");
        let new =
            Stretch { busy: Duration::from_secs(5), workers_us: 5e6, files: 999, worth_us: 1e6, unknown_us: 0.3e6 };
        assert_eq!(speeds.share(&new), None, "files like these have hardly been read");
    }

    proptest! {
        #[test]
        fn more_pressure_or_more_failures_never_give_a_higher_score(
            speed in proptest::option::of(-1.0..2.0_f64),
            pressure in 0.0..1.0_f64,
            failures in 0.0..1.0_f64,
            more in (0.0..1.0_f64, 0.0..1.0_f64, 0.0..1.0_f64),
        ) {
            let work = Work { speed, pressure, strain: "", failures };
            let (slower, pressed, failing) = more;
            let worse = [
                Work { speed: Some(speed.unwrap_or(1.0) - slower), ..work },
                Work { pressure: pressure + pressed, ..work },
                Work { failures: failures + failing, ..work },
            ];
            for worse in worse {
                prop_assert!(of(&worse).value <= of(&work).value, "{worse:?} {work:?}");
            }
        }
    }
}
