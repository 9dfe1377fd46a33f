//! What goes badly though everything works: each alert comes at one level and goes at a lower one. Pure.
//!
//! `run` measures and tells. No text names a file: on the machine's bus everybody hears it.

use std::{collections::BTreeMap, time::Duration};

use crate::control::Alert;

/// Readings looked at, of the newest.
const NEWEST: usize = 256;
/// Shares of them that failed by a worker's fault at which it comes and goes, and failures below which it never comes.
const FAILING: (f64, f64) = (0.10, 0.05);
const FEW: usize = 8;
/// After so long without a further failure those before count no more.
const LONG_AGO: Duration = Duration::from_secs(3600);
/// Times the usual at which a format that has become slower is no longer that.
const SLOWER: f32 = 1.5;
/// Times the live bytes that the store takes on disk, after it was written anew where that can be.
const GROWN: (u64, u64) = (30, 25);
/// Shares of the watches we may have that are in use.
const WATCHED: (f64, f64) = (0.90, 0.80);

/// All alerts there can be, as they are documented.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    FailureRate,
    SlowFormat,
    StoreGrowth,
    WatchesShort,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::FailureRate, Self::SlowFormat, Self::StoreGrowth, Self::WatchesShort];

    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::FailureRate => "failure-rate",
            Self::SlowFormat => "slow-format",
            Self::StoreGrowth => "store-growth",
            Self::WatchesShort => "watches-short",
        }
    }
}

/// What a measure says of one alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is on, for this reason.
    On(String),
    /// It stays as it is; with this reason if it is on.
    Stays(String),
    Off,
}

/// The alerts that are on.
#[derive(Debug, Clone, Default)]
pub(crate) struct Alerts(BTreeMap<Kind, Alert>);

impl Alerts {
    /// Takes a verdict; `wall` is microseconds since 1970. Gives the alert, and whether it is on now, where that has changed.
    pub fn judge(&mut self, kind: Kind, verdict: Verdict, wall: u64) -> Option<(Alert, bool)> {
        match (verdict, self.0.get_mut(&kind)) {
            (Verdict::On(text) | Verdict::Stays(text), Some(alert)) => {
                alert.text = text;
                None
            }
            (Verdict::On(text), None) => {
                let alert = Alert { id: kind.as_str(), text, since: wall };
                self.0.insert(kind, alert.clone());
                Some((alert, true))
            }
            (Verdict::Off, Some(_)) => self.0.remove(&kind).map(|alert| (alert, false)),
            (Verdict::Off | Verdict::Stays(_), None) => None,
        }
    }

    pub fn is_on(&self, kind: Kind) -> bool {
        self.0.contains_key(&kind)
    }

    pub fn list(&self) -> Vec<Alert> {
        self.0.values().cloned().collect()
    }
}

/// Where between two levels: on at the upper one, off below the lower one.
fn between(value: f64, (on, off): (f64, f64), text: impl FnOnce() -> String) -> Verdict {
    match () {
        () if value >= on => Verdict::On(text()),
        () if value >= off => Verdict::Stays(text()),
        () => Verdict::Off,
    }
}

/// How the newest readings ended.
#[derive(Debug, Default)]
pub(crate) struct Outcomes {
    /// Whether each failed by a worker's fault, the oldest first.
    newest: std::collections::VecDeque<bool>,
    failed: usize,
    /// When the last one failed.
    last: Duration,
}

impl Outcomes {
    /// `now` is in any clock that does not go back.
    pub fn note(&mut self, failed: bool, now: Duration) {
        if self.newest.len() == NEWEST {
            self.failed -= usize::from(self.newest.pop_front().unwrap_or_default());
        }
        self.newest.push_back(failed);
        self.failed += usize::from(failed);
        if failed {
            self.last = now;
        }
    }

    /// Forgets failures of long ago.
    pub fn forget(&mut self, now: Duration) {
        if self.failed > 0 && now.saturating_sub(self.last) >= LONG_AGO {
            *self = Self::default();
        }
    }

    /// The share that failed, 0 to 1; few readings count as some more.
    pub fn failing(&self) -> f64 {
        self.failed as f64 / self.newest.len().max(NEWEST / 8) as f64
    }

    pub fn verdict(&self) -> Verdict {
        let all = self.newest.len();
        let share =
            if self.failed < FEW { self.failing().min(FAILING.0 / 2.0) } else { self.failed as f64 / all as f64 };
        between(share, FAILING, || {
            format!(
                "{} of the last {all} readings ended a worker: metactl failed lists the files; they are left alone until \
                 they change",
                self.failed
            )
        })
    }
}

/// Formats that take longer than they did, by name, with how many times as long.
pub(crate) fn slow_formats<'a>(slow: impl Iterator<Item = (&'a str, f32)>) -> Verdict {
    let slow: Vec<String> = slow.map(|(name, times)| format!("{name} ({times:.1} times)")).collect();
    match slow.is_empty() {
        true => Verdict::Off,
        false => Verdict::On(format!(
            "files take longer than they did: {}; see whether the disk or the machine is slower, or a version of the reader",
            slow.join(", ")
        )),
    }
}

/// Whether a format that was slower is so no longer, given how many times the usual its files take now.
pub(crate) fn is_usual_again(times: f32) -> bool {
    times < SLOWER
}

/// The store as it has just looked at itself, in bytes: on disk, and what its rows need.
pub(crate) fn store_growth(size: u64, live: u64) -> Verdict {
    let levels = (GROWN.0 as f64 / 10.0, GROWN.1 as f64 / 10.0);
    between(size as f64 / live.max(1) as f64, levels, || {
        let (size, live) = (size >> 20, live >> 20);
        format!(
            "the store takes {size} MiB for {live} MiB of rows: to be written anew it needs as much room on its disk as its \
             rows take, or that has not helped"
        )
    })
}

/// Watches in use, and how many we may have; whether some directories could not be watched.
pub(crate) fn watches_short(watched: usize, most: usize, is_short: bool) -> Verdict {
    let text = || {
        format!(
            "{watched} of {most} watches are in use; beyond them directories are only looked at now and then: raise \
             fs.inotify.max_user_watches (sysctl), or user.max_inotify_watches in a container, or the setting watch.share"
        )
    };
    match is_short {
        true => Verdict::On(text()),
        false => between(watched as f64 / most.max(1) as f64, WATCHED, text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is told of a row of verdicts, `+` for one that has come, `-` for one that has gone.
    fn told(verdicts: impl IntoIterator<Item = Verdict>) -> String {
        let mut alerts = Alerts::default();
        let told = verdicts.into_iter().map(|verdict| match alerts.judge(Kind::FailureRate, verdict, 7) {
            None => '.',
            Some((Alert { id: "failure-rate", since: 7, .. }, is_on)) => {
                if is_on {
                    '+'
                } else {
                    '-'
                }
            }
            Some(_) => '?',
        });
        told.collect()
    }

    #[test]
    fn an_alert_comes_and_goes_once_and_its_text_follows() {
        let (on, stays) = (|| Verdict::On("a".into()), || Verdict::Stays("b".into()));
        assert_eq!(told([Verdict::Off, stays(), on(), on(), stays(), on(), Verdict::Off, Verdict::Off]), "..+...-.");
        let mut alerts = Alerts::default();
        assert!(alerts.judge(Kind::StoreGrowth, on(), 1).is_some());
        assert!(alerts.judge(Kind::StoreGrowth, stays(), 2).is_none());
        assert_eq!(alerts.list(), [Alert { id: "store-growth", text: "b".into(), since: 1 }]);
    }

    #[test]
    fn failures_come_and_go_by_their_share_of_the_newest() {
        let (mut outcomes, mut alerts) = (Outcomes::default(), Alerts::default());
        let mut after = |failed: bool, times: usize| {
            let changes = (0..times).filter_map(|_| {
                outcomes.note(failed, Duration::ZERO);
                alerts.judge(Kind::FailureRate, outcomes.verdict(), 7).map(|(_, is_on)| if is_on { '+' } else { '-' })
            });
            changes.collect::<String>()
        };
        assert_eq!(after(true, 7), "", "a few files say nothing");
        assert_eq!(after(true, 1), "+");
        assert_eq!(after(false, 152), "", "8 of 160 are a twentieth");
        assert_eq!(after(false, 1), "-");
        assert_eq!(after(true, 8), "", "16 of 169 are not a tenth");
        assert_eq!(after(true, 1), "+");
        assert!((outcomes.failing() - 0.1).abs() < 0.001);
        (0..1000).for_each(|_| outcomes.note(true, Duration::from_secs(9)));
        assert_eq!((outcomes.newest.len(), outcomes.failed), (NEWEST, NEWEST));
        outcomes.forget(LONG_AGO);
        assert!(matches!(outcomes.verdict(), Verdict::On(_)));
        outcomes.forget(LONG_AGO + Duration::from_secs(9));
        assert_eq!(outcomes.verdict(), Verdict::Off);
    }

    #[test]
    fn each_measure_has_a_level_to_come_and_one_to_go() {
        let mib = |mib: u64| mib << 20;
        let sizes = [20, 24, 29, 30, 26, 29, 25, 24, 29].map(|size| store_growth(mib(size), mib(10)));
        assert_eq!(told(sizes), "...+...-.");
        let watched = [0, 80, 89, 90, 85, 80, 79, 89].map(|watched| watches_short(watched, 100, false));
        assert_eq!(told(watched), "...+..-.");
        assert_eq!(told([watches_short(0, 0, true), watches_short(0, 0, false)]), "+-");
        let slow = [&[][..], &[("JPEG", 2.5)], &[("JPEG", 1.7), ("PDF", 3.0)], &[]];
        assert_eq!(told(slow.map(|slow| slow_formats(slow.iter().copied()))), ".+.-");
        assert!(is_usual_again(1.4) && !is_usual_again(1.6));
    }
}
