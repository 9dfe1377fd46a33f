//! Roots whose file system does not answer: noticed, said, left alone until they answer again.
//!
//! What hangs is always a thread or a worker of that root alone; here it is only found out and said.

use std::{sync::atomic::Ordering, time::Duration};

use tokio::time::Instant;

use super::core::Core;

/// Silence after which no more is asked of a root than shows when it answers again.
const SILENT: Duration = Duration::from_secs(1);
/// Silence that is said: disks that sleep take some seconds to wake.
const STUCK: Duration = Duration::from_secs(8);
/// Between two looks while something waits for a file system.
const LOOK: Duration = Duration::from_millis(500);

impl Core {
    /// Looks whether every root answers, if it is time to. Gives nothing to do where nothing is under way.
    pub(super) fn look_for_stuck(&mut self) {
        let now = Instant::now();
        if self.stuck_look.is_some_and(|due| due > now) {
            return;
        }
        let under_way =
            self.reading.in_hand() > 0 || self.roots.iter().any(|r| r.running.is_some() || r.silent.is_some());
        self.stuck_look = under_way.then(|| now + LOOK);
        if !under_way {
            return;
        }
        let readers = self.reading.engine.silent();
        let mut differs = false;
        let mut back = false;
        for root in &mut self.roots {
            let walk = root.running.as_mut().map_or(Duration::ZERO, |running| running.silence(now));
            let reading = readers.iter().find(|(path, _)| **path == *root.path.as_bytes()).map(|(_, silence)| *silence);
            let silence = walk.max(reading.unwrap_or_default());
            let was_silent = root.silent.is_some();
            root.silent = (silence >= SILENT).then(|| now - silence);
            back |= was_silent && root.silent.is_none();
            if let Some(running) = root.running.as_ref().filter(|_| root.silent.is_some() && !root.founded) {
                running.seen.cancel.store(true, Ordering::Relaxed);
            }
            let stuck = silence >= STUCK || (root.stuck && root.silent.is_some());
            if stuck != root.stuck {
                root.stuck = stuck;
                differs = true;
                match stuck {
                    true => tracing::warn!(path = ?root.path.as_path(), "a root does not answer, going on without it"),
                    false => tracing::info!(path = ?root.path.as_path(), "a root answers again"),
                }
            }
        }
        self.reading.hold(self.roots.iter().filter(|root| root.silent.is_some()).map(|root| root.path.as_bytes()));
        if back {
            // What was not asked for meanwhile is pending in the store.
            self.reading.search();
        }
        if differs {
            self.tell_stuck();
        }
    }

    /// Roots that do not answer, as a degraded state.
    pub(crate) fn tell_stuck(&mut self) {
        let stuck: Vec<_> = self.roots.iter().filter(|root| root.stuck).map(|root| root.path.to_string()).collect();
        match stuck.is_empty() {
            true => _ = self.degraded.remove("root-stuck"),
            false => {
                let text = format!(
                    "{} does not answer: its files wait until it does; check the disk or the connection, or use metactl \
                     unwatch",
                    stuck.join(", ")
                );
                self.degraded.insert("root-stuck", text);
            }
        }
    }
}
