//! Long answers through a pipe: one JSON object a line, and a last line that says it was all.
//!
//! The lines are pulled on a blocking thread, the writing waits on the loop: a client that does not read holds one of
//! a fixed number of places for a while, and nothing else.

use std::{os::fd::OwnedFd, sync::Arc, time::Duration};

use tokio::{
    io::AsyncWriteExt,
    net::unix::pipe,
    sync::{OwnedSemaphorePermit, Semaphore},
    task::spawn_blocking,
    time::timeout,
};

use crate::control::Error;

/// Streams at a time.
const PLACES: usize = 16;
/// How long a client may take for one piece.
const PATIENCE: Duration = Duration::from_secs(30);
/// Bytes pulled before they are written: what a pipe holds.
const PIECE: usize = 64 << 10;

/// An answer's lines.
pub(super) type Lines = Box<dyn Iterator<Item = String> + Send>;

/// Who streams now.
pub(super) struct Streams(Arc<Semaphore>);

/// A place among them, freed when its stream has ended.
pub(super) struct Place {
    _permit: OwnedSemaphorePermit,
}

impl Streams {
    pub(super) fn new() -> Self {
        Self(Arc::new(Semaphore::new(PLACES)))
    }

    /// A place, if one is free.
    pub(super) fn place(&self) -> Result<Place, Error> {
        Arc::clone(&self.0).try_acquire_owned().map(|_permit| Place { _permit }).map_err(|_| Error::Busy {
            what: format!("{PLACES} answers are being read already"),
            hint: "read one to its end or close it, then try again".into(),
        })
    }
}

impl Place {
    /// Starts to write; the reading end is for the client.
    pub(super) fn start(self, lines: Lines) -> Result<OwnedFd, Error> {
        let (sender, receiver) = pipe::pipe().map_err(no_pipe)?;
        let receiver = receiver.into_blocking_fd().map_err(no_pipe)?;
        tokio::spawn(async move {
            let _place = self;
            write(lines, sender).await;
        });
        Ok(receiver)
    }
}

fn no_pipe(error: std::io::Error) -> Error {
    Error::Failed { what: format!("cannot make a pipe: {error}"), hint: "try again later".into() }
}

/// Writes until the end, or until the client has gone or lost interest. A panic in `lines` ends the stream early,
/// which its client sees by the missing last line.
async fn write(mut lines: Lines, mut pipe: pipe::Sender) {
    let mut count = 0;
    loop {
        let pulled = spawn_blocking(move || {
            let piece = pull(&mut lines, count);
            (lines, piece)
        });
        let Ok((rest, piece)) = pulled.await else { return };
        lines = rest;
        count = piece.count;
        match timeout(PATIENCE, pipe.write_all(piece.text.as_bytes())).await {
            Ok(Ok(())) if !piece.last => {}
            Ok(Ok(())) => return,
            Ok(Err(_)) | Err(_) => return tracing::debug!(lines = count, "client does not read, ending its stream"),
        }
    }
}

/// Some lines of a stream.
struct Piece {
    text: String,
    /// Lines so far, with these.
    count: u64,
    last: bool,
}

fn pull(lines: &mut Lines, mut count: u64) -> Piece {
    let mut text = String::new();
    while text.len() < PIECE {
        let Some(line) = lines.next() else {
            text.push_str(&format!("{{\"End\":true,\"Count\":{count}}}\n"));
            return Piece { text, count, last: true };
        };
        text.push_str(&line);
        text.push('\n');
        count += 1;
    }
    Piece { text, count, last: false }
}
