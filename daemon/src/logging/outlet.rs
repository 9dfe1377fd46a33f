//! Where lines go, and what happens when nobody takes them: they are dropped and counted, and that is said when there is
//! room again. Nobody ever waits for longer than a moment, whoever reads the log.

use std::{
    io::{self, ErrorKind, IsTerminal},
    os::fd::AsFd,
    time::{Duration, Instant, SystemTime},
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::Errno,
};
use tracing::Level;

use super::{Fields, Origin, Value, journal, journal::Journal, json, text};

/// How long one who logs waits for room, as a reader may only be busy.
const PATIENCE: Duration = Duration::from_millis(100);
/// How long none waits after that was in vain.
const IMPATIENCE: Duration = Duration::from_secs(10);
/// What a pipe that says it has room takes without blocking.
const PIECE: usize = 4096;

/// Where lines go now.
#[derive(Debug)]
pub(super) enum Sink {
    Journal(Journal),
    Text,
    Json,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Outlet {
    pub(super) sink: Sink,
    /// Lines dropped since that was last said.
    pub(super) lost: u64,
    /// When one last waited in vain.
    stuck: Option<Instant>,
    /// Whether the last line broke off.
    is_cut: bool,
}

impl Outlet {
    pub(super) const fn new(sink: Sink) -> Self {
        Self { sink, lost: 0, stuck: None, is_cut: false }
    }

    /// Writes a line, or counts it as lost.
    pub(super) fn say(&mut self, origin: &Origin<'_>, fields: &Fields) {
        let patience = match self.stuck {
            Some(since) if since.elapsed() < IMPATIENCE => Duration::ZERO,
            _ => PATIENCE,
        };
        if !(self.say_lost(patience) && self.put(origin, fields, patience)) {
            self.lost += 1;
            if !patience.is_zero() {
                self.stuck = Some(Instant::now());
            }
        }
    }

    /// Says how many lines were lost, if any; `false` when that is lost, too.
    pub(super) fn say_lost(&mut self, patience: Duration) -> bool {
        if self.lost == 0 {
            return true;
        }
        let origin = Origin { level: Level::WARN, target: module_path!(), file: None, line: None };
        let others = vec![("lines", Value::Unsigned(self.lost))];
        let said = self.put(&origin, &Fields { message: "lines of the log were dropped".into(), others }, patience);
        if said {
            self.lost = 0;
        }
        said
    }

    /// Writes a line; `false` when there is no room for all of it.
    fn put(&mut self, origin: &Origin<'_>, fields: &Fields, patience: Duration) -> bool {
        let line = match &mut self.sink {
            Sink::Journal(journal) => {
                let entry = journal::entry(origin, fields);
                return loop {
                    match journal.send(&entry) {
                        Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                        // Whoever is not there cannot be told.
                        _ => break true,
                    }
                    if !has_room(journal.outlet(), patience) {
                        break false;
                    }
                };
            }
            Sink::Text => text::line(origin.level, fields, io::stderr().is_terminal()),
            Sink::Json => json::line(origin, fields, SystemTime::now()),
        };
        let begin = if std::mem::take(&mut self.is_cut) { "\n" } else { "" };
        let line = [begin, &line].concat();
        for (nth, piece) in line.as_bytes().chunks(PIECE).enumerate() {
            if !has_room(io::stderr(), patience) {
                self.is_cut = nth > 0 || !begin.is_empty();
                return false;
            }
            // Whoever closed standard error has nobody to tell.
            while rustix::io::write(io::stderr(), piece) == Err(Errno::INTR) {}
        }
        true
    }
}

/// Whether something can be written without waiting, now or after a while.
fn has_room(to: impl AsFd, patience: Duration) -> bool {
    let mut ready = [PollFd::new(&to, PollFlags::OUT)];
    let patience = Timespec { tv_sec: 0, tv_nsec: i64::from(patience.subsec_nanos()) };
    // What cannot be asked is tried.
    poll(&mut ready, Some(&patience)).map_or(true, |ready| ready > 0)
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixDatagram;

    use super::*;

    fn message(text: &str) -> Fields {
        Fields { message: text.into(), ..Fields::default() }
    }

    #[test]
    fn a_journal_that_does_not_read_holds_up_nobody_and_hears_later_what_was_lost() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("socket");
        let journald = UnixDatagram::bind(&path).unwrap();
        journald.set_nonblocking(true).unwrap();
        let mut outlet = Outlet::new(Sink::Journal(Journal::connect(&path).unwrap()));
        let origin = Origin { level: Level::INFO, target: "test", file: None, line: None };
        let begun = Instant::now();
        (0..20_000).for_each(|n| outlet.say(&origin, &message(&format!("line {n}"))));
        // One waited for a moment; had each, it would have been half an hour.
        assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", begun.elapsed());
        let lost = outlet.lost;
        assert!(lost > 0 && lost < 20_000, "{lost}");
        let heard = || {
            let mut packet = [0; 4096];
            let len = journald.recv(&mut packet).ok()?;
            Some(String::from_utf8_lossy(&packet[..len]).into_owned())
        };
        let before: Vec<String> = std::iter::from_fn(heard).collect();
        assert_eq!(before.len() as u64 + lost, 20_000);
        outlet.say(&origin, &message("again"));
        let after: Vec<String> = std::iter::from_fn(heard).collect();
        assert!(
            after[0].contains("lines of the log were dropped") && after[0].contains(&lost.to_string()),
            "{after:?}"
        );
        assert!(after[1].contains("again"), "{after:?}");
        // It comes anew.
        drop(journald);
        std::fs::remove_file(&path).unwrap();
        let journald = UnixDatagram::bind(&path).unwrap();
        outlet.say(&origin, &message("to the next"));
        let mut packet = [0; 4096];
        assert!(journald.recv(&mut packet).is_ok_and(|len| len > 0));
    }
}
