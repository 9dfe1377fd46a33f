//! The journal's own protocol: a datagram for each entry, never waiting for who reads them.
//! See <https://systemd.io/JOURNAL_NATIVE_PROTOCOL/>.

use std::{
    io::{self, ErrorKind},
    os::{
        fd::{AsFd, BorrowedFd},
        unix::net::UnixDatagram,
    },
    path::{Path, PathBuf},
};

use tracing::Level;

use super::{Fields, Origin, text};

/// Where it listens.
pub(super) const SOCKET: &str = "/run/systemd/journal/socket";
/// Bytes of one value: an entry has to fit into a datagram.
const VALUE: usize = 16 << 10;

/// A connection to it.
#[derive(Debug)]
pub(super) struct Journal {
    socket: UnixDatagram,
    path: PathBuf,
}

impl Journal {
    /// Connects; errors: nobody listens there.
    pub(super) fn connect(path: &Path) -> io::Result<Self> {
        let socket = UnixDatagram::unbound()?;
        socket.set_nonblocking(true)?;
        socket.connect(path)?;
        Ok(Self { socket, path: path.to_owned() })
    }

    /// Sends an entry, to one that came anew if need be.
    ///
    /// Errors: `WouldBlock` while it has no room; those of `send(2)`.
    pub(super) fn send(&mut self, entry: &[u8]) -> io::Result<()> {
        match self.socket.send(entry) {
            Err(error) if matches!(error.kind(), ErrorKind::ConnectionRefused | ErrorKind::NotConnected) => {
                *self = Self::connect(&self.path)?;
                self.socket.send(entry)
            }
            sent => sent,
        }?;
        Ok(())
    }

    /// What tells when it has room.
    pub(super) fn outlet(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// Whether standard error leads into the journal: see `systemd.exec(5)`.
pub(super) fn is_stderr() -> bool {
    let Ok(stat) = rustix::fs::fstat(io::stderr()) else { return false };
    std::env::var("JOURNAL_STREAM").is_ok_and(|stream| stream == format!("{}:{}", stat.st_dev, stat.st_ino))
}

/// An event as the journal takes it, each field one of its own.
pub(super) fn entry(origin: &Origin<'_>, fields: &Fields) -> Vec<u8> {
    let priority = match origin.level {
        Level::ERROR => "3",
        Level::WARN => "4",
        Level::INFO => "6",
        Level::DEBUG | Level::TRACE => "7",
    };
    let mut out = Vec::with_capacity(512);
    put(&mut out, "MESSAGE", &text::one_line(&fields.message));
    put(&mut out, "PRIORITY", priority);
    put(&mut out, "SYSLOG_IDENTIFIER", super::IDENTIFIER);
    put(&mut out, "SYSLOG_PID", &std::process::id().to_string());
    put(&mut out, "TARGET", origin.target);
    for (name, value) in
        [("CODE_FILE", origin.file.map(str::to_owned)), ("CODE_LINE", origin.line.map(|line| line.to_string()))]
    {
        value.into_iter().for_each(|value| put(&mut out, name, &value));
    }
    fields.others.iter().for_each(|(name, value)| put(&mut out, &key(name), &value.to_string()));
    out
}

/// With its length before it, so that nothing in a value begins another field.
fn put(out: &mut Vec<u8>, name: &str, value: &str) {
    let value = &value.as_bytes()[..value.floor_char_boundary(VALUE)];
    out.extend_from_slice(name.as_bytes());
    out.push(b'\n');
    out.extend_from_slice(&(value.len() as u64).to_le_bytes());
    out.extend_from_slice(value);
    out.push(b'\n');
}

/// Upper case, digits and `_`; the journal keeps names that begin with `_` for itself.
fn key(name: &str) -> String {
    let upper = name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' });
    upper.skip_while(|c| !c.is_ascii_alphabetic()).take(64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logging::Value;

    #[test]
    fn an_entry_is_as_the_protocol_wants() {
        let origin = Origin { level: Level::INFO, target: "metaextractd::run", file: Some("run.rs"), line: Some(7) };
        let path = Value::Debug("\"/a\\nPRIORITY=0\"".into());
        let fields =
            Fields { message: "two\nlines".into(), others: vec![("took.ms", Value::Unsigned(3)), ("path", path)] };
        let mut rest = &entry(&origin, &fields)[..];
        let mut read = Vec::new();
        while !rest.is_empty() {
            let end = rest.iter().position(|&b| b == b'\n').unwrap();
            let (name, after) = (String::from_utf8_lossy(&rest[..end]).into_owned(), &rest[end + 1..]);
            let len = u64::from_le_bytes(after[..8].try_into().unwrap()) as usize;
            read.push((name, String::from_utf8_lossy(&after[8..8 + len]).into_owned()));
            assert_eq!(after[8 + len], b'\n');
            rest = &after[9 + len..];
        }
        let pid = std::process::id().to_string();
        let wanted = [
            ("MESSAGE", "two\\nlines"),
            ("PRIORITY", "6"),
            ("SYSLOG_IDENTIFIER", "metaextractd"),
            ("SYSLOG_PID", &pid),
            ("TARGET", "metaextractd::run"),
            ("CODE_FILE", "run.rs"),
            ("CODE_LINE", "7"),
            ("TOOK_MS", "3"),
            ("PATH", "\"/a\\nPRIORITY=0\""),
        ];
        assert_eq!(read, wanted.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }
}
