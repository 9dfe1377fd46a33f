//! How fast files are read, and how long what is left will take. Pure.

use std::{collections::VecDeque, time::Duration};

/// Between two samples.
const SAMPLE: Duration = Duration::from_millis(250);
/// How far back the pace is looked at.
const WINDOW: Duration = Duration::from_secs(10);
/// What is left may take so many times less or more than it looks like: reading from a disk or from memory, alone or not.
const SURE: f64 = 1.6;

/// What had been done at a time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Done {
    pub at: Duration,
    /// Results.
    pub files: u64,
    /// How long they were expected to keep a worker, in microseconds.
    pub us: f64,
}

/// What was done in the last seconds, and what follows for what is left.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    /// Oldest first.
    samples: VecDeque<Done>,
    left: (u64, u64),
}

impl Pace {
    /// Notes what is done by now; `left` gives how long what is not is expected to keep workers, in microseconds.
    pub fn note(&mut self, done: Done, left: impl FnOnce() -> f64) {
        if self.samples.back().is_some_and(|last| done.at < last.at + SAMPLE) {
            return;
        }
        self.samples.push_back(done);
        while self.samples.front().is_some_and(|oldest| oldest.at + WINDOW < done.at) {
            self.samples.pop_front();
        }
        self.left = self.seconds(left());
    }

    /// Results a second.
    pub fn per_second(&self) -> f64 {
        self.over(|from, to| (to.files - from.files) as f64)
    }

    /// Seconds until nothing is left, at least and at most, at most three times as much; 0 and 0 when unknown.
    pub fn left(&self) -> (u64, u64) {
        self.left
    }

    fn seconds(&self, us: f64) -> (u64, u64) {
        let pace = self.over(|from, to| to.us - from.us);
        if pace <= 0.0 || us <= 0.0 {
            return (0, 0);
        }
        range(us / pace)
    }

    /// A difference over the window, for each second of it.
    fn over(&self, difference: impl Fn(&Done, &Done) -> f64) -> f64 {
        match (self.samples.front(), self.samples.back()) {
            (Some(from), Some(to)) if to.at > from.at => difference(from, to) / (to.at - from.at).as_secs_f64(),
            _ => 0.0,
        }
    }
}

/// What is expected to take so many seconds takes so many at least and at most; 0 and 0 where there is nothing to do.
pub(crate) fn range(seconds: f64) -> (u64, u64) {
    if seconds <= 0.0 {
        return (0, 0);
    }
    let low = ((seconds / SURE) as u64).max(1);
    (low, ((seconds * SURE).ceil() as u64).clamp(low + 1, low.saturating_mul(3)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn done(ms: u64, files: u64, us: f64) -> Done {
        Done { at: Duration::from_millis(ms), files, us }
    }

    #[test]
    fn the_pace_is_that_of_the_last_ten_seconds() {
        let mut pace = Pace::default();
        assert_eq!((pace.per_second(), pace.left()), (0.0, (0, 0)));
        pace.note(done(0, 0, 0.0), || 1e6);
        assert_eq!(pace.left(), (0, 0), "not known from one");
        pace.note(done(100, 50, 0.0), || panic!("too soon"));
        pace.note(done(2000, 200, 1e6), || 1e8);
        assert_eq!((pace.per_second(), pace.left()), (100.0, (125, 320)));
        for second in 1..=100 {
            pace.note(done(20_000 + second * 1000, 200 + second, 1e6 + second as f64 * 1e5), || 1e5);
        }
        assert_eq!((pace.per_second(), pace.left()), (1.0, (1, 2)));
        assert!(pace.samples.len() <= 41);
    }

    #[test]
    fn the_range_is_never_wide() {
        for left in [1.0, 1e3, 1e5, 1e6, 2e6, 3.3e6, 1e7, 1e9, 1e12] {
            let mut pace = Pace::default();
            pace.note(done(0, 0, 0.0), || left);
            pace.note(done(1000, 1, 1e6), || left);
            let (low, high) = pace.left();
            assert!(low < high && high <= low * 3, "{low} {high}");
            let seconds = left / 1e6;
            assert!(seconds < 1.0 || (low as f64 <= seconds && seconds <= high as f64), "{seconds}: {low} {high}");
        }
    }
}
