//! The journal. A thread of its own hands it the lines, as sending waits while the journal does not read.

use std::{
    io,
    sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, channel, sync_channel},
    thread,
    time::{Duration, Instant},
};

use systemd_journal_logger::JournalLog;
use tracing::Level;

use super::{Entry, text};

/// Lines that wait.
pub(super) const ROOM: usize = 1000;
/// How long a journal may take to be there; one that takes longer is believed to be stuck.
const PATIENCE: Duration = Duration::from_millis(100);

/// The thread and what waits for it.
#[derive(Debug)]
pub(super) struct Journal {
    queue: SyncSender<Entry>,
    /// Hears how the journal was opened, and closes when the thread ends.
    heard: Receiver<io::Result<()>>,
}

impl Journal {
    /// Starts the thread; in it, `open` gives what takes each line.
    ///
    /// Errors: that of `open`, if it comes soon; no thread can be started.
    pub(super) fn start<S, O>(open: O) -> io::Result<Self>
    where
        S: FnMut(Entry),
        O: FnOnce() -> io::Result<S> + Send + 'static,
    {
        let (queue, entries) = sync_channel(ROOM);
        let (tell, heard) = channel();
        thread::Builder::new().name("journal".into()).spawn(move || {
            // Whoever did not wait for it does not hear it.
            match open() {
                Ok(send) => {
                    _ = tell.send(Ok(()));
                    entries.into_iter().for_each(send);
                }
                Err(error) => _ = tell.send(Err(error)),
            }
        })?;
        match heard.recv_timeout(PATIENCE) {
            Ok(opened) => opened?,
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return Err(io::ErrorKind::BrokenPipe.into()),
        }
        Ok(Self { queue, heard })
    }

    /// Hands over a line without waiting.
    ///
    /// Errors: the journal does not read; the thread is gone.
    pub(super) fn send(&self, entry: Entry) -> Result<(), TrySendError<Entry>> {
        self.queue.try_send(entry)
    }

    /// Waits until the journal has what is queued, but no longer than that.
    pub(super) fn finish(self, within: Duration) {
        drop(self.queue);
        let until = Instant::now() + within;
        while self.heard.recv_timeout(until.saturating_duration_since(Instant::now())).is_ok() {}
    }
}

/// Opens the journal of this machine. Errors: there is none.
pub(super) fn open() -> io::Result<impl FnMut(Entry)> {
    let journal = JournalLog::empty()?.with_syslog_identifier(super::IDENTIFIER.to_owned());
    Ok(move |entry| send(&journal, &entry))
}

/// Each field of the event is one of the journal's. A journal that does not take it has nowhere to say so.
fn send(journal: &JournalLog, entry: &Entry) {
    let texts: Vec<_> = entry.fields.others.iter().map(|(name, value)| (*name, value.to_string())).collect();
    let keys: Vec<(&str, &str)> = texts.iter().map(|(name, text)| (*name, text.as_str())).collect();
    _ = journal.journal_send(
        &log::Record::builder()
            .level(level(entry.level))
            .target(entry.target)
            .module_path(entry.module)
            .file(entry.file)
            .line(entry.line)
            .args(format_args!("{}", text::one_line(&entry.fields.message)))
            .key_values(&keys.as_slice())
            .build(),
    );
}

/// The journal stores `log`'s info as notice and its debug as info; one step down gives what was meant.
fn level(level: Level) -> log::Level {
    match level {
        Level::ERROR => log::Level::Error,
        Level::WARN => log::Level::Warn,
        Level::INFO => log::Level::Debug,
        Level::DEBUG | Level::TRACE => log::Level::Trace,
    }
}
