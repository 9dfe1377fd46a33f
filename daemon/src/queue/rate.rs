//! How much may be read: a bucket of bytes that fills with time. Pure: the time is an argument.
//!
//! What a file is likely to take is taken out when it is handed over, and put right when it has been read. The bucket may go
//! below empty, by what was handed over last and by what was foreseen too low; then nothing more is handed over until it has
//! filled again. So over any time no more is read than that time's share, what one second gives, and what is in hand.

use std::time::Duration;

/// What gathers while nothing is read.
const SAVED: Duration = Duration::from_secs(1);
/// Once empty, so much time's share is gathered before the next file: each wake-up costs something too.
const STEP: Duration = Duration::from_millis(50);

/// See the module.
#[derive(Debug, Clone, Default)]
pub struct Bucket {
    /// Bytes a second; `None` is without bound.
    rate: Option<u64>,
    /// Bytes that may be read.
    level: i128,
    /// When that was so.
    at: Duration,
    /// It was empty and has not gathered a step since.
    is_dry: bool,
}

impl Bucket {
    /// Sets the bytes a second, above 0; `None` is without bound.
    pub fn set(&mut self, rate: Option<u64>, now: Duration) {
        if self.rate != rate {
            *self = Self { rate, level: share(rate.unwrap_or(0), SAVED), at: now, is_dry: false };
        }
    }

    /// The bytes a second, if they are bounded.
    pub fn rate(&self) -> Option<u64> {
        self.rate
    }

    /// Whether something may be read now.
    pub fn flows(&mut self, now: Duration) -> bool {
        let Some(rate) = self.rate else { return true };
        self.fill(rate, now);
        if self.is_dry {
            self.is_dry = self.level < share(rate, STEP).max(1);
        } else {
            self.is_dry = self.level <= 0;
        }
        !self.is_dry
    }

    /// When something may be read again; `None` if it may be now.
    pub fn due(&self) -> Option<Duration> {
        let rate = self.rate.filter(|_| self.is_dry)?;
        let missing = u128::try_from(share(rate, STEP).max(1) - self.level).unwrap_or(0);
        let nanos = (missing * 1_000_000_000).div_ceil(u128::from(rate.max(1)));
        Some(self.at + Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX)))
    }

    /// So many bytes are going to be read.
    pub fn take(&mut self, bytes: u64) {
        self.level -= i128::from(bytes);
    }

    /// Of `taken` bytes so many were read.
    pub fn put_right(&mut self, taken: u64, read: u64) {
        self.level += i128::from(taken) - i128::from(read);
    }

    fn fill(&mut self, rate: u64, now: Duration) {
        let gained = share(rate, now.saturating_sub(self.at));
        // Too short a time gives nothing: it counts with the next.
        if gained > 0 {
            (self.level, self.at) = ((self.level + gained).min(share(rate, SAVED)), now);
        }
    }
}

/// The bytes that come in so much time.
fn share(rate: u64, time: Duration) -> i128 {
    (u128::from(rate) * time.as_nanos() / 1_000_000_000) as i128
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bucket(rate: u64) -> Bucket {
        let mut bucket = Bucket::default();
        bucket.set(Some(rate), Duration::ZERO);
        bucket
    }

    #[test]
    fn without_a_rate_all_flows() {
        let mut bucket = Bucket::default();
        bucket.take(u64::MAX);
        assert!(bucket.flows(Duration::ZERO) && bucket.due().is_none());
    }

    #[test]
    fn what_was_foreseen_wrong_is_put_right() {
        let mut bucket = bucket(1000);
        bucket.take(1500);
        assert!(!bucket.flows(Duration::ZERO));
        assert_eq!(bucket.due(), Some(Duration::from_millis(550)));
        bucket.put_right(1500, 100);
        assert!(bucket.flows(Duration::ZERO), "less was read");
        bucket.put_right(0, 3_900);
        assert!(!bucket.flows(Duration::from_secs(2)), "more was read");
        assert!(bucket.flows(Duration::from_millis(4_050)));
        bucket.set(None, Duration::ZERO);
        assert!(bucket.flows(Duration::ZERO));
    }

    proptest! {
        /// However files come, no more flows than the time's share, a second's, one file and one that was foreseen wrong.
        #[test]
        fn no_more_flows_than_the_rate(
            rate in 1_000..1_000_000_u64,
            files in prop::collection::vec((0..50_000_u64, 0..50_000_u64, 0..400_u64), 1..200),
        ) {
            let mut bucket = bucket(rate);
            let (mut now, mut read) = (Duration::ZERO, 0);
            for (foreseen, really, wait) in files {
                now += Duration::from_millis(wait);
                if !bucket.flows(now) {
                    let due = bucket.due().unwrap();
                    prop_assert!(due > now, "it is worth waiting");
                    now = due;
                    prop_assert!(bucket.flows(now), "and then it flows");
                }
                bucket.take(foreseen);
                bucket.put_right(foreseen, really);
                read += really;
                let most = now.as_secs_f64() * rate as f64 + rate as f64 + 50_000.0;
                prop_assert!(read as f64 <= most, "{read} of {most}");
            }
        }
    }
}
