//! How long tasks stood still for want of something (pressure stall information; Linux, `Documentation/accounting/psi.rst`).

use std::{
    fs::OpenOptions,
    io::{self, Write},
    os::fd::OwnedFd,
    path::Path,
    sync::Arc,
    thread::{self, JoinHandle},
    time::Duration,
};

use rustix::event::{EventfdFlags, PollFd, PollFlags, eventfd, poll};
use serde::{Deserialize, Serialize};

/// Some task waits for a tenth of two seconds, the shortest time that everybody may ask for.
const TRIGGER: &[u8] = b"some 200000 2000000\n";

/// For how long in all some task, and all tasks at once, have waited since the machine or the control group started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stall {
    pub some: Duration,
    /// `None` where the kernel does not say, as for the processor before 5.13.
    pub full: Option<Duration>,
}

impl Stall {
    /// From the text of a file as `/proc/pressure/memory`; `None` if it is not one.
    pub fn parse(text: &str) -> Option<Self> {
        let total = |kind: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(kind)?.strip_prefix(' '))?;
            let total = line.split_whitespace().find_map(|word| word.strip_prefix("total="))?;
            total.parse().ok().map(Duration::from_micros)
        };
        Some(Self { some: total("some")?, full: total("full") })
    }

    /// The share of `elapsed` in which some task waited, 0 to 1, since an `earlier` reading; `None` without any time between.
    pub fn share_since(&self, earlier: &Self, elapsed: Duration) -> Option<f64> {
        let share = self.some.saturating_sub(earlier.some).as_secs_f64() / elapsed.as_secs_f64();
        share.is_finite().then(|| share.clamp(0.0, 1.0))
    }
}

/// Tells when something is waited for; the kernel wakes its thread then, and at no other time. Dropping it ends the thread.
#[derive(Debug)]
pub struct Trigger {
    end: Arc<OwnedFd>,
    ear: Option<JoinHandle<()>>,
}

impl Trigger {
    /// Calls `tell` whenever the file, as `/proc/pressure/memory`, says that some task has waited for a tenth of the last two
    /// seconds; at most once in that time.
    ///
    /// Errors: there is no such file, this process may not ask, or no thread can be started.
    pub fn new(file: &Path, tell: impl Fn() + Send + 'static) -> io::Result<Self> {
        let mut file = OpenOptions::new().read(true).write(true).open(file)?;
        file.write_all(TRIGGER)?;
        let end = Arc::new(eventfd(0, EventfdFlags::CLOEXEC)?);
        let told = Arc::clone(&end);
        let ear = thread::Builder::new().name("pressure".into()).spawn(move || {
            loop {
                let mut fds = [PollFd::new(&file, PollFlags::PRI), PollFd::new(&told, PollFlags::IN)];
                match poll(&mut fds, None) {
                    Ok(_) if !fds[1].revents().is_empty() => return,
                    Ok(_) if fds[0].revents().contains(PollFlags::ERR) => return, // The control group is gone.
                    Ok(_) if fds[0].revents().contains(PollFlags::PRI) => tell(),
                    Ok(_) | Err(rustix::io::Errno::INTR) => {}
                    Err(_) => return,
                }
            }
        })?;
        Ok(Self { end, ear: Some(ear) })
    }
}

impl Drop for Trigger {
    fn drop(&mut self) {
        // Cannot fail: the counter is far from full.
        _ = rustix::io::write(&*self.end, &1_u64.to_ne_bytes());
        // A thread that panicked has ended too.
        _ = self.ear.take().map(JoinHandle::join);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_are_read_and_shares_are_of_the_time_between() {
        let text =
            "some avg10=0.12 avg60=0.00 avg300=0.00 total=1500000\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=20\n";
        let before = Stall::parse(text).unwrap();
        assert_eq!(before, Stall { some: Duration::from_millis(1500), full: Some(Duration::from_micros(20)) });
        let after = Stall::parse("some avg10=0.00 avg60=0.00 avg300=0.00 total=1600000\n").unwrap();
        assert_eq!(after.full, None);
        assert_eq!(after.share_since(&before, Duration::from_millis(250)), Some(0.4));
        assert_eq!(after.share_since(&before, Duration::from_millis(50)), Some(1.0), "the two clocks differ a little");
        assert_eq!(before.share_since(&after, Duration::from_millis(50)), Some(0.0), "a group that was made anew");
        assert_eq!(after.share_since(&before, Duration::ZERO), None);
        for text in ["", "some", "some avg10=0.00", "some total=", "some total=-1", "full total=3"] {
            assert_eq!(Stall::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn the_kernel_takes_the_trigger_or_says_why_not() {
        match Trigger::new(Path::new("/proc/pressure/memory"), || ()) {
            Ok(trigger) => drop(trigger),
            Err(error) => assert_ne!(error.kind(), io::ErrorKind::InvalidInput, "the trigger itself is right"),
        }
        assert!(Trigger::new(Path::new("/nonexistent"), || ()).is_err());
    }
}
