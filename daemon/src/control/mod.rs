//! What can be asked of the running daemon: one `Command` a verb, with the channel its answer goes to.
//!
//! The bus sends commands through [`Control`], with the user for whom each is; `run` alone receives and answers them. The answers' shapes are in [`report`],
//! [`performance`] and [`job`]. Nothing here decides, waits for a file or knows D-Bus.

pub mod job;
pub mod performance;
pub mod report;
mod viewer;

use std::fmt;

use tokio::sync::{mpsc, oneshot};

use crate::{metrics::Sample, model};
pub use job::*;
pub use performance::*;
pub use report::*;
pub use viewer::{Audience, Viewer, Want};

/// Commands that may wait to be taken up; more callers wait for their turn.
const WAITING: usize = 64;

/// An absolute path in its one spelling: no empty, `.` or `..` component, no NUL, no slash at its end but for `/`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AbsPath(Box<[u8]>);

impl AbsPath {
    /// The path in its one spelling, or what is wrong with it.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let wrong = |what: &str| Error::InvalidArgument {
            what: format!("the path {} {what}", shown(bytes)),
            hint: "give an absolute path without . and .. components".into(),
        };
        if !bytes.starts_with(b"/") {
            return Err(wrong("is not absolute"));
        }
        if bytes.contains(&0) {
            return Err(wrong("holds a NUL byte"));
        }
        let mut path = Vec::with_capacity(bytes.len());
        for component in bytes.split(|&b| b == b'/').filter(|component| !component.is_empty()) {
            if matches!(component, b"." | b"..") {
                return Err(wrong("is not in its shortest form"));
            }
            path.push(b'/');
            path.extend_from_slice(component);
        }
        if path.is_empty() {
            path.push(b'/');
        }
        Ok(Self(path.into()))
    }

    /// Its bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// As a path of the standard library.
    pub fn as_path(&self) -> &std::path::Path {
        model::path(&self.0)
    }
}

impl fmt::Display for AbsPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&shown(&self.0))
    }
}

/// A path as it stands in sentences: replacement characters for what is not UTF-8, control characters escaped.
pub fn shown(path: &[u8]) -> String {
    let mut text = String::with_capacity(path.len());
    for c in String::from_utf8_lossy(path).chars() {
        match c.is_control() {
            true => text.extend(c.escape_default()),
            false => text.push(c),
        }
    }
    text
}

/// Why a command was not done. `what` says what went wrong, `hint` what to do: one sentence each, without full stop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// Nothing is known of the file.
    NotIndexed {
        what: String,
        hint: String,
    },
    /// The path is below no root, or is not itself a root where one is wanted.
    NotWatched {
        what: String,
        hint: String,
    },
    NoSuchFile {
        what: String,
        hint: String,
    },
    /// The caller or the daemon may not do it.
    NotAllowed {
        what: String,
        hint: String,
    },
    InvalidArgument {
        what: String,
        hint: String,
    },
    /// Too much of it at once, or something else has to end first.
    Busy {
        what: String,
        hint: String,
    },
    StoreUnavailable {
        what: String,
        hint: String,
    },
    /// Someone cancelled it, or the daemon is stopping.
    Cancelled {
        what: String,
        hint: String,
    },
    /// A fault of ours.
    Failed {
        what: String,
        hint: String,
    },
}

impl Error {
    /// The daemon takes no commands any more.
    pub fn stopping() -> Self {
        Self::Cancelled { what: "the daemon is stopping".into(), hint: "try again once it has been started".into() }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::NotIndexed { what, .. }
        | Self::NotWatched { what, .. }
        | Self::NoSuchFile { what, .. }
        | Self::NotAllowed { what, .. }
        | Self::InvalidArgument { what, .. }
        | Self::Busy { what, .. }
        | Self::StoreUnavailable { what, .. }
        | Self::Cancelled { what, .. }
        | Self::Failed { what, .. }) = self;
        f.write_str(what)
    }
}

impl std::error::Error for Error {}

/// Where the one answer to a command goes. Whoever asked may have gone: a failed send means nothing.
pub type Reply<T> = oneshot::Sender<Result<T, Error>>;

/// A long answer, pulled item by item on a thread that may block (the store reads), never all in memory.
pub struct Stream<T>(pub Box<dyn Iterator<Item = T> + Send>);

impl<T> fmt::Debug for Stream<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Stream")
    }
}

/// A request to `run`, one variant a verb.
#[derive(Debug)]
pub enum Command {
    Status(Reply<StatusReport>),
    /// Answered once the root is durable and its own directory watched; its job is of kind [`JobKind::Crawl`].
    AddRoot {
        path: AbsPath,
        options: RootOptions,
        reply: Reply<StartedJob>,
    },
    RemoveRoot {
        path: AbsPath,
        reply: Reply<()>,
    },
    ListRoots(Reply<Vec<RootInfo>>),
    /// One JSON object a path, in order, as `metaextract::json` writes it; for a file without a record its error
    /// object. `paths` is not empty.
    Show {
        paths: Vec<AbsPath>,
        options: ShowOptions,
        reply: Reply<Stream<String>>,
    },
    Failed(Reply<Stream<FailedFile>>),
    Formats(Reply<Stream<FormatInfo>>),
    /// All figures as of now, in the order of the table; as far as the user may know them.
    Stats(Reply<Vec<Sample>>),
    /// The worker processes alive now, by their number.
    Workers(Reply<Vec<WorkerReport>>),
    /// Every setting in force, then the roots.
    Config(Reply<Stream<ConfigLine>>),
    Why {
        path: AbsPath,
        reply: Reply<Box<WhyReport>>,
    },
    /// What reading a directory would take; nothing is read for it.
    Estimate {
        path: AbsPath,
        reply: Reply<EstimateReport>,
    },
    /// No path means all roots.
    Rescan {
        paths: Vec<AbsPath>,
        reply: Reply<StartedJob>,
    },
    /// Reads those of the files now that are not up to date, or `again` all; `paths` is not empty.
    Index {
        paths: Vec<AbsPath>,
        again: bool,
        reply: Reply<StartedJob>,
    },
    /// No path means every failed file.
    Retry {
        paths: Vec<AbsPath>,
        reply: Reply<StartedJob>,
    },
    /// Its job ends when queue and crawl are empty.
    Wait(Reply<StartedJob>),
    /// Answers a cookie that is never 0.
    Pause {
        pause: Pause,
        reply: Reply<u64>,
    },
    Resume {
        which: Resume,
        reply: Reply<()>,
    },
    /// Reads the configuration again; on an error the old one stays in force.
    Reload(Reply<()>),
    /// Ends a job early, with result [`JobResult::Cancelled`]. One that has ended is no error.
    CancelJob {
        job: JobNumber,
        reply: Reply<()>,
    },
}

/// A pause and what it is bound to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pause {
    /// Shown in the status; may be empty.
    pub reason: String,
    pub hold: Hold,
    /// The user who asked.
    pub uid: u32,
}

/// When a pause ends by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hold {
    /// When its caller leaves the bus; the bus sends the resume then.
    Caller,
    /// At this time, microseconds since 1970.
    Until(u64),
    /// Never; kept over restarts.
    Persistent,
}

/// Which pauses end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resume {
    /// The one with this cookie, if it belongs to the user; an unknown cookie is [`Error::InvalidArgument`].
    Cookie { cookie: u64, uid: u32 },
    /// All pauses of this user that no caller holds (`persistent` and `until`).
    AllOf { uid: u32 },
}

/// How `Show` shows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ShowOptions {
    /// Raw values instead of printed ones.
    pub raw: bool,
    /// Only these tags; empty means all.
    pub tags: TagFilter,
}

/// Names of wanted tags: `Make` or `IFD0:Make`, in any case, `*` standing for any text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TagFilter(Vec<String>);

impl TagFilter {
    /// Keeps what any of `patterns` matches.
    pub fn new(patterns: Vec<String>) -> Self {
        Self(patterns.into_iter().map(|pattern| pattern.to_ascii_lowercase()).collect())
    }

    /// Whether the tag is wanted.
    pub fn keeps(&self, group: &str, name: &str) -> bool {
        self.0.is_empty()
            || self.0.iter().any(|pattern| match pattern.split_once(':') {
                Some((wanted, rest)) => matches(wanted, group) && matches(rest, name),
                None => matches(pattern, name),
            })
    }
}

/// Whether `text` in lower case is what `pattern` (lower case, `*` for any text) describes.
fn matches(pattern: &str, text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    let mut parts = pattern.split('*');
    let Some(mut rest) = text.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// A command and whose it is: what the answer names, that user may read.
#[derive(Debug)]
pub struct Asked {
    pub by: Viewer,
    pub command: Command,
}

/// The way to ask; cheap to clone.
#[derive(Debug, Clone)]
pub struct Control(mpsc::Sender<Asked>);

impl Control {
    /// A way to ask and the end where `run` takes up what was asked.
    pub fn channel() -> (Self, mpsc::Receiver<Asked>) {
        let (sender, receiver) = mpsc::channel(WAITING);
        (Self(sender), receiver)
    }

    /// Sends a command of this user and waits for its answer.
    pub async fn ask<T>(&self, by: &Viewer, command: impl FnOnce(Reply<T>) -> Command) -> Result<T, Error> {
        let (reply, answer) = oneshot::channel();
        let asked = Asked { by: by.clone(), command: command(reply) };
        self.0.send(asked).await.map_err(|_| Error::stopping())?;
        answer.await.unwrap_or_else(|_| Err(Error::stopping()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_have_one_spelling() {
        for (given, path) in [("/", "/"), ("//", "/"), ("/a//b/", "/a/b"), ("/a/.b", "/a/.b"), ("/...", "/...")] {
            assert_eq!(AbsPath::parse(given.as_bytes()).unwrap().as_bytes(), path.as_bytes());
        }
        for given in ["", "a", "./a", "/a/../b", "/a/.", "/a\0b"] {
            assert!(AbsPath::parse(given.as_bytes()).is_err(), "{given:?}");
        }
    }

    #[test]
    fn sentences_show_a_path_on_one_line() {
        assert_eq!(shown(b"/a\nb\xff\xc3\xa9"), "/a\\nb\u{fffd}é");
    }

    #[test]
    fn tags_are_picked_by_name_group_and_star() {
        let cases: &[(&[&str], &str, &str, bool)] = &[
            (&[], "IFD0", "Make", true),
            (&["make"], "IFD0", "Make", true),
            (&["make"], "IFD0", "Maker", false),
            (&["ifd0:*"], "IFD0", "Make", true),
            (&["ifd0:*"], "IFD1", "Make", false),
            (&["xmp-*:title", "Model"], "XMP-dc", "Title", true),
            (&["*date*"], "ExifIFD", "CreateDate", true),
            (&["d*e*e"], "ExifIFD", "De", false),
            (&["GPS*"], "GPS", "GPSLatitude", true),
        ];
        for (patterns, group, name, kept) in cases {
            let filter = TagFilter::new(patterns.iter().map(ToString::to_string).collect());
            assert_eq!(filter.keeps(group, name), *kept, "{patterns:?} {group}:{name}");
        }
    }
}
