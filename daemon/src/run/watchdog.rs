//! When the service manager is told that the daemon is alive: twice in the time it allows, while every stage moves that
//! has work in hand. A loop that stands still tells nothing either.
//!
//! Only stages count that nothing outside of the daemon may hold up for long: a walk or an opener hanging in a dead file
//! system, or a worker that somebody has stopped, is no reason to end the daemon. Called by the loop; reads no clock.

use std::time::Duration;

use tokio::time::Instant;

use super::Alive;

/// How far a stage is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Stage {
    /// What it was asked to do, up to this number.
    pub asked: u64,
    /// What it has done.
    pub done: u64,
    /// It has said why it cannot go on, and tries again.
    pub excused: bool,
}

impl Stage {
    /// Whether it had work and has done none of it since.
    fn stands_still(self, before: Self) -> bool {
        before.asked > before.done && self.done <= before.done && !self.excused && !before.excused
    }
}

/// The stages that count: the store's writer, and the view's notifier.
pub(super) type Stages = [Stage; 2];

/// The service manager that wants to hear of the daemon, where there is one.
#[derive(Debug)]
pub(super) struct Feed(Option<(Watchdog, Alive)>);

impl Feed {
    pub fn new(alive: Option<Alive>, now: Instant) -> Self {
        Self(alive.map(|alive| (Watchdog::new(alive.within, now), alive)))
    }

    /// When to look next; `None` is never.
    pub fn due(&self) -> Option<Instant> {
        self.0.as_ref().map(|(watchdog, _)| watchdog.due)
    }

    /// Tells the service manager, if it is time and nothing stands still.
    pub fn look(&mut self, now: Instant, stages: Stages) {
        if let Some((watchdog, alive)) = &mut self.0
            && watchdog.look(now, stages)
        {
            (alive.tell)();
        }
    }
}

/// Remembers how far the stages were at the last look.
#[derive(Debug)]
struct Watchdog {
    every: Duration,
    due: Instant,
    before: Stages,
}

impl Watchdog {
    /// For a service manager that wants to hear of the daemon within this time.
    fn new(within: Duration, now: Instant) -> Self {
        Self { every: within / 2, due: now, before: Stages::default() }
    }

    /// Whether to tell the service manager now.
    fn look(&mut self, now: Instant, stages: Stages) -> bool {
        if now < self.due {
            return false;
        }
        self.due = now + self.every;
        let before = std::mem::replace(&mut self.before, stages);
        !stages.iter().zip(before).any(|(stage, before)| stage.stands_still(before))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stage(asked: u64, done: u64) -> Stage {
        Stage { asked, done, excused: false }
    }

    /// What is told at each of these moments, 150 s apart.
    fn told(moments: &[Stages]) -> Vec<bool> {
        let start = Instant::now();
        let mut watchdog = Watchdog::new(Duration::from_secs(300), start);
        let at = |turn: usize| start + Duration::from_secs(150) * turn as u32;
        moments.iter().enumerate().map(|(turn, stages)| watchdog.look(at(turn), *stages)).collect()
    }

    #[test]
    fn the_service_manager_hears_of_a_daemon_that_moves() {
        let idle = [stage(5, 5), stage(5, 5)];
        assert_eq!(told(&[idle, idle, idle]), [true; 3]);
        // Behind, and always further.
        let behind = |done| [stage(done + 100, done), stage(done, done)];
        assert_eq!(told(&[behind(5), behind(6), behind(7)]), [true; 3]);
        // Work that came just before a look is not late yet.
        assert_eq!(told(&[idle, [stage(6, 5), stage(5, 5)], [stage(9, 6), stage(6, 6)]]), [true; 3]);
    }

    #[test]
    fn a_stage_that_stands_still_with_work_in_hand_is_not_covered_up() {
        let writer = |asked| [stage(asked, 5), stage(5, 5)];
        assert_eq!(told(&[writer(6), writer(7), writer(8)]), [true, false, false]);
        let notifier = [stage(9, 9), stage(9, 5)];
        assert_eq!(told(&[notifier, notifier]), [true, false]);
        // It goes on: nothing is held against it.
        assert_eq!(told(&[writer(6), writer(6), [stage(7, 6), stage(6, 6)]]), [true, false, true]);
    }

    #[test]
    fn trouble_that_is_told_is_no_reason_to_end_the_daemon() {
        let full = [Stage { excused: true, ..stage(9, 5) }, stage(5, 5)];
        assert_eq!(told(&[full, full, full]), [true; 3]);
    }

    #[test]
    fn it_is_quiet_between_two_looks() {
        let now = Instant::now();
        let mut watchdog = Watchdog::new(Duration::from_secs(300), now);
        assert!(watchdog.look(now, Stages::default()));
        assert_eq!(watchdog.due, now + Duration::from_secs(150));
        assert!(!watchdog.look(now + Duration::from_secs(149), Stages::default()));
        assert!(watchdog.look(now + Duration::from_secs(150), Stages::default()));
    }
}
