//! Pauses in force: who asked, and until when. Persistent ones are kept in a file beside the store.

use std::collections::BTreeMap;

use super::outside::Clocks;
use crate::control::{Error, Hold, Pause, PauseInfo, Resume};

/// All pauses by cookie.
#[derive(Debug, Default)]
pub(crate) struct Pauses {
    held: BTreeMap<u64, Pause>,
    last: u64,
    /// What the clock that people set is ahead of the other, in microseconds, as it last was.
    ahead: Option<i64>,
}

/// Microseconds by which a clock has to differ to count as set, and not as corrected.
const SET: u64 = 500_000;

impl Pauses {
    /// Adds one; its cookie is never 0 and never given twice in one run.
    pub fn add(&mut self, pause: Pause) -> u64 {
        self.last += 1;
        self.held.insert(self.last, pause);
        self.last
    }

    /// Ends one or several.
    pub fn resume(&mut self, which: Resume) -> Result<(), Error> {
        match which {
            Resume::AllOf { uid } => {
                self.held.retain(|_, pause| pause.hold == Hold::Caller || !may_end(pause, uid));
                Ok(())
            }
            Resume::Cookie { cookie, uid } => match self.held.get(&cookie) {
                Some(pause) if may_end(pause, uid) => {
                    self.held.remove(&cookie);
                    Ok(())
                }
                Some(_) => Err(Error::NotAllowed {
                    what: format!("the pause {cookie} belongs to another user"),
                    hint: "let that user, or root, resume".into(),
                }),
                None => Err(Error::InvalidArgument {
                    what: format!("there is no pause {cookie}"),
                    hint: "it may have ended; look at the status".into(),
                }),
            },
        }
    }

    /// Ends those whose time has come. When people set the clock, the ends move with it: each lasts as long as it was to.
    /// Says whether any has ended or moved.
    pub fn expire(&mut self, now: Clocks) -> bool {
        let ahead = now.wall.cast_signed().wrapping_sub(now.uptime.cast_signed());
        let step = self.ahead.map_or(0, |before| ahead.wrapping_sub(before));
        let mut changed = false;
        if self.ahead.is_none() || step.unsigned_abs() > SET {
            self.ahead = Some(ahead);
            for pause in self.held.values_mut() {
                if let Hold::Until(until) = &mut pause.hold {
                    *until = until.saturating_add_signed(step);
                    changed |= step != 0;
                }
            }
        }
        let before = self.held.len();
        self.held.retain(|_, pause| !matches!(pause.hold, Hold::Until(until) if until <= now.wall));
        changed || self.held.len() < before
    }

    /// When the next one ends by itself, in microseconds since 1970.
    pub fn next_end(&self) -> Option<u64> {
        self.held
            .values()
            .filter_map(|pause| if let Hold::Until(until) = pause.hold { Some(until) } else { None })
            .min()
    }

    /// Whether work is held up.
    pub fn in_force(&self) -> bool {
        !self.held.is_empty()
    }

    /// For the status.
    pub fn list(&self) -> Vec<PauseInfo> {
        self.held.iter().map(|(cookie, pause)| PauseInfo { cookie: *cookie, pause: pause.clone() }).collect()
    }

    /// Those to be kept over a restart.
    pub fn lasting(&self) -> Vec<Pause> {
        self.held.values().filter(|pause| pause.hold != Hold::Caller).cloned().collect()
    }
}

fn may_end(pause: &Pause, uid: u32) -> bool {
    uid == 0 || pause.uid == uid
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pause(hold: Hold, uid: u32) -> Pause {
        Pause { reason: String::new(), hold, uid }
    }

    #[test]
    fn a_pause_ends_by_cookie_time_or_owner() {
        let mut pauses = Pauses::default();
        let mine = pauses.add(pause(Hold::Caller, 5));
        let lasting = pauses.add(pause(Hold::Persistent, 5));
        let timed = pauses.add(pause(Hold::Until(100), 6));
        assert!(mine > 0 && pauses.in_force());
        assert!(matches!(pauses.resume(Resume::Cookie { cookie: timed, uid: 5 }), Err(Error::NotAllowed { .. })));
        assert!(!pauses.expire(Clocks { wall: 99, uptime: 0 }));
        assert!(pauses.expire(Clocks { wall: 100, uptime: 1 }));
        assert!(pauses.resume(Resume::Cookie { cookie: timed, uid: 6 }).is_err());
        assert_eq!(pauses.resume(Resume::AllOf { uid: 5 }), Ok(()));
        assert_eq!(pauses.list().iter().map(|info| info.cookie).collect::<Vec<_>>(), [mine]);
        assert!(pauses.resume(Resume::Cookie { cookie: lasting, uid: 5 }).is_err());
        assert_eq!(pauses.resume(Resume::Cookie { cookie: mine, uid: 0 }), Ok(()));
        assert!(!pauses.in_force());
    }

    #[test]
    fn a_pause_lasts_as_long_as_it_was_to_though_the_clock_is_set() {
        const HOUR: u64 = 3_600_000_000;
        let mut pauses = Pauses::default();
        pauses.expire(Clocks { wall: 100 * HOUR, uptime: 0 });
        pauses.add(pause(Hold::Until(101 * HOUR), 5));
        // Forward by ten hours, then back by thirty.
        assert!(pauses.expire(Clocks { wall: 110 * HOUR + 1, uptime: 1 }));
        assert!(!pauses.expire(Clocks { wall: 110 * HOUR + 2, uptime: 2 }));
        assert_eq!(pauses.next_end(), Some(111 * HOUR));
        pauses.expire(Clocks { wall: 80 * HOUR + HOUR / 2, uptime: HOUR / 2 });
        assert_eq!(pauses.next_end(), Some(81 * HOUR));
        assert!(pauses.in_force());
        pauses.expire(Clocks { wall: 81 * HOUR, uptime: HOUR });
        assert!(!pauses.in_force());
    }
}
