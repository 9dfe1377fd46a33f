//! Where lines go, and what happens when nobody takes them: they are dropped and counted, and that is said when there is
//! room again. Nobody ever waits for longer than a moment, whoever reads the log.

use std::{
    io::{self, IsTerminal},
    sync::mpsc::TrySendError,
    time::{Duration, Instant, SystemTime},
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::Errno,
};
use tracing::Level;

use super::{
    Entry, Value,
    journal::{self, Journal},
    json, text,
};

/// How long one who logs waits for room, as a reader may only be busy.
const PATIENCE: Duration = Duration::from_millis(100);
/// How long none waits after that was in vain.
const IMPATIENCE: Duration = Duration::from_secs(10);
/// What a pipe that says it has room takes without blocking.
const PIECE: usize = 4096;

/// Where lines go now.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Sink {
    Journal,
    Text,
    Json,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Outlet {
    pub(super) sink: Sink,
    /// Kept when lines go elsewhere: some may still wait in it.
    pub(super) journal: Option<Journal>,
    /// Lines dropped since that was last said.
    pub(super) lost: u64,
    /// When one last waited in vain.
    stuck: Option<Instant>,
    /// Whether the last line broke off.
    is_cut: bool,
}

impl Outlet {
    pub(super) const fn new(sink: Sink) -> Self {
        Self { sink, journal: None, lost: 0, stuck: None, is_cut: false }
    }

    /// Changes where lines go. Without a journal it is text.
    pub(super) fn lead_to(&mut self, sink: Sink) {
        if sink == Sink::Journal && self.journal.is_none() {
            self.journal = Journal::start(journal::open).ok();
        }
        self.sink = if sink == Sink::Journal && self.journal.is_none() { Sink::Text } else { sink };
    }

    /// Writes a line, or counts it as lost.
    pub(super) fn say(&mut self, entry: Entry) {
        let patience = match self.stuck {
            Some(since) if since.elapsed() < IMPATIENCE => Duration::ZERO,
            _ => PATIENCE,
        };
        if !(self.say_lost(patience) && self.put(entry, patience)) {
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
        let mut entry = Entry::ours(Level::WARN, "lines of the log were dropped");
        entry.fields.others.push(("lines", Value::Unsigned(self.lost)));
        let said = self.put(entry, patience);
        if said {
            self.lost = 0;
        }
        said
    }

    /// Writes a line; `false` when there is no room for all of it.
    fn put(&mut self, mut entry: Entry, patience: Duration) -> bool {
        if let (Sink::Journal, Some(journal)) = (self.sink, &self.journal) {
            entry = match journal.send(entry) {
                Ok(()) => return true,
                Err(TrySendError::Full(_)) => return false,
                Err(TrySendError::Disconnected(entry)) => entry,
            };
        }
        let line = match self.sink {
            Sink::Json => json::line(&entry, SystemTime::now()),
            Sink::Text | Sink::Journal => text::line(entry.level, &entry.fields, io::stderr().is_terminal()),
        };
        let begin = if std::mem::take(&mut self.is_cut) { "\n" } else { "" };
        let line = [begin, &line].concat();
        for (nth, piece) in line.as_bytes().chunks(PIECE).enumerate() {
            if !has_room(patience) {
                self.is_cut = nth > 0 || !begin.is_empty();
                return false;
            }
            // Whoever closed standard error has nobody to tell.
            while rustix::io::write(io::stderr(), piece) == Err(Errno::INTR) {}
        }
        true
    }
}

/// Whether something can be written to standard error without waiting, now or after a while.
fn has_room(patience: Duration) -> bool {
    let stderr = io::stderr();
    let mut ready = [PollFd::new(&stderr, PollFlags::OUT)];
    let patience = Timespec { tv_sec: 0, tv_nsec: i64::from(patience.subsec_nanos()) };
    // What cannot be asked is tried.
    poll(&mut ready, Some(&patience)).map_or(true, |ready| ready > 0)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::*;

    /// An outlet into a journal that takes as many lines as `Sender` lets it, any number when that is dropped. It has the
    /// first line in hand.
    fn gated() -> (Outlet, Sender<()>, Receiver<Entry>) {
        let ((open, gate), (tell, heard)) = (channel(), channel());
        let (begin, begun) = channel();
        let journal = Journal::start(move || {
            Ok(move |entry| {
                _ = begin.send(());
                _ = gate.recv();
                _ = tell.send(entry);
            })
        });
        let mut outlet = Outlet::new(Sink::Journal);
        outlet.journal = Some(journal.unwrap());
        outlet.say(Entry::ours(Level::INFO, "first"));
        begun.recv().unwrap();
        (outlet, open, heard)
    }

    fn say(outlet: &mut Outlet, lines: usize) {
        (0..lines).for_each(|n| outlet.say(Entry::ours(Level::INFO, &format!("line {n}"))));
    }

    fn messages(heard: &Receiver<Entry>, lines: usize) -> Vec<String> {
        heard.iter().take(lines).map(|entry| entry.fields.message).collect()
    }

    #[test]
    fn a_journal_that_does_not_read_holds_up_nobody_and_hears_later_what_was_lost() {
        let (mut outlet, open, heard) = gated();
        say(&mut outlet, 3 * journal::ROOM);
        let lost = 2 * journal::ROOM;
        assert_eq!(outlet.lost, lost as u64);
        let kept = journal::ROOM;
        (0..=kept).for_each(|_| open.send(()).unwrap());
        let expected: Vec<_> = (0..kept).map(|n| format!("line {n}")).collect();
        assert_eq!(messages(&heard, 1), ["first"]);
        assert_eq!(messages(&heard, kept), expected);
        drop(open);
        say(&mut outlet, 1);
        let said = heard.recv().unwrap();
        assert_eq!(said.fields.message, "lines of the log were dropped");
        assert_eq!(said.fields.others, [("lines", Value::Unsigned(lost as u64))]);
        assert_eq!(messages(&heard, 1), ["line 0"]);
        assert_eq!(outlet.lost, 0);
    }

    #[test]
    fn what_is_queued_reaches_the_journal_at_the_end_and_when_lines_go_elsewhere() {
        let (mut outlet, open, heard) = gated();
        say(&mut outlet, 500);
        outlet.lead_to(Sink::Text);
        outlet.lead_to(Sink::Journal);
        say(&mut outlet, 10);
        drop(open);
        outlet.journal.take().unwrap().finish(Duration::from_secs(60));
        assert_eq!(heard.try_iter().count(), 511);
        // One that does not read does not hold up the end.
        let (mut outlet, _open, heard) = gated();
        say(&mut outlet, 10);
        outlet.journal.take().unwrap().finish(Duration::from_millis(10));
        assert_eq!(heard.try_iter().count(), 0);
    }

    #[test]
    fn a_journal_that_cannot_be_opened_is_none_and_one_that_is_stuck_is_waited_for_by_its_thread_alone() {
        let none = || Err::<fn(Entry), _>(io::ErrorKind::NotFound.into());
        assert_eq!(Journal::start(none).unwrap_err().kind(), io::ErrorKind::NotFound);
        let ((open, gate), (tell, heard)) = (channel::<()>(), channel());
        let journal = Journal::start(move || {
            _ = gate.recv();
            Ok(move |entry| _ = tell.send(entry))
        });
        let mut outlet = Outlet::new(Sink::Journal);
        outlet.journal = Some(journal.unwrap());
        say(&mut outlet, 2);
        drop(open);
        assert_eq!(messages(&heard, 2), ["line 0", "line 1"]);
    }
}
