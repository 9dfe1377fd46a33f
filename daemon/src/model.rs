//! The nouns that all stages share. Plain values: no I/O, no channels, no logic beyond their own invariants.

use std::{ffi::OsStr, io, os::unix::ffi::OsStrExt, path::Path, sync::Arc};

use metaextract::{Ahead, Reason, Record, Wanted};
use rustix::io::Errno;

pub use crate::codec::Encoded;

/// A file's number, given once and never used again. From 1, below 2^43.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub u64);

/// A directory's number, given once and never used again. [`DirId::TOP`] is `/`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DirId(pub u32);

impl DirId {
    /// The directory `/`, above all roots.
    pub const TOP: Self = Self(1);
}

/// A file system, by `statfs`'s `f_fsid`: stable over mounts where `st_dev` is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FsId(pub u64);

/// One component of a path: any bytes but `/` and NUL, never empty.
pub type FileName = Box<[u8]>;

/// What a file or directory is recognised by when its place changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identity {
    pub fs: FsId,
    pub inode: u64,
    /// Birth time in ns since 1970; `None` where the file system keeps none.
    pub born: Option<i64>,
}

/// What `statx` says of a file's content; all equal means unchanged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Stamp {
    /// Bytes.
    pub size: u64,
    /// ns since 1970.
    pub mtime: i64,
    /// ns since 1970.
    pub ctime: i64,
}

/// Stands for a reader at its version: equal numbers, equal output for equal bytes. Zero is "never read".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReaderId(pub u32);

/// Stands for the settings that shape a record (limits, privacy, content).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PolicyId(pub u32);

/// Everything that must be equal for a file not to be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint {
    pub stamp: Stamp,
    pub reader: ReaderId,
    pub policy: PolicyId,
}

/// Who may read it, for the system-wide view.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Access {
    pub uid: u32,
    pub gid: u32,
    /// Permission bits, without the type; above them [`Access::ACL`].
    pub mode: u16,
}

impl Access {
    /// Set in `mode` where an access control list says more than the bits do. Only looked for where several users are
    /// served.
    pub const ACL: u16 = 0o10_000;

    /// Whether an access control list says more than the bits do.
    pub fn has_acl(&self) -> bool {
        self.mode & Self::ACL != 0
    }
}

/// How far a file has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FileState {
    /// Known, to be read.
    Pending,
    /// Read to its end.
    Indexed,
    /// Read as far as it goes: the reason is about the file and stands in the record.
    Partial,
    /// No record: the reason stands in the record's row; tried again only on request or when the stamp changes.
    Failed(FailureKind),
}

/// Why a file has no record at all. The names are shown, stored and sent as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FailureKind {
    /// The daemon may not open it.
    PermissionDenied,
    /// The kernel could not read it.
    ReadError,
    /// The worker died on it each time.
    Crashed,
    /// It used up its CPU or wall time, or made no progress, each time.
    TimedOut,
    /// It needed more memory than one file may.
    OverMemory,
    /// It made the worker ask for a forbidden system call.
    Refused,
    /// It made the worker break the protocol.
    Garbage,
    /// The daemon itself ended while it was read, each time.
    EndedDaemon,
}

impl FailureKind {
    /// All kinds in the order of their stored number.
    pub const ALL: [Self; 8] = [
        Self::PermissionDenied,
        Self::ReadError,
        Self::Crashed,
        Self::TimedOut,
        Self::OverMemory,
        Self::Refused,
        Self::Garbage,
        Self::EndedDaemon,
    ];

    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PermissionDenied => "permission-denied",
            Self::ReadError => "read-error",
            Self::Crashed => "crashed",
            Self::TimedOut => "timed-out",
            Self::OverMemory => "over-memory",
            Self::Refused => "refused-system-call",
            Self::Garbage => "broken-protocol",
            Self::EndedDaemon => "ended-daemon",
        }
    }

    /// Whether it is what became of a worker.
    pub fn is_a_workers(self) -> bool {
        matches!(self, Self::Crashed | Self::TimedOut | Self::OverMemory | Self::Refused | Self::Garbage)
    }

    /// Whether the file itself explains it (`false`: a worker or this machine failed on it).
    pub fn is_about_the_file(self) -> bool {
        matches!(self, Self::PermissionDenied | Self::ReadError)
    }
}

/// What stands at one name in a directory, as the store keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryRow {
    pub name: FileName,
    pub identity: Identity,
    pub access: Access,
    pub node: Node,
}

/// An [`EntryRow`] whose name lies elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EntryRef<'a> {
    pub name: &'a [u8],
    pub identity: Identity,
    pub access: Access,
    pub node: Node,
}

impl EntryRef<'_> {
    pub fn to_row(self) -> EntryRow {
        EntryRow { name: FileName::from(self.name), identity: self.identity, access: self.access, node: self.node }
    }
}

impl EntryRow {
    pub fn as_ref(&self) -> EntryRef<'_> {
        EntryRef { name: &self.name, identity: self.identity, access: self.access, node: self.node }
    }
}

/// A file or a directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Node {
    File(FileRow),
    Dir(DirId),
}

/// The part of an entry that only files have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileRow {
    pub id: FileId,
    pub fingerprint: Fingerprint,
    pub state: FileState,
    /// Names this inode has; above 1 the store keeps all places of the inode together.
    pub links: u32,
}

/// A directory's own row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirRow {
    pub id: DirId,
    /// Itself for [`DirId::TOP`].
    pub parent: DirId,
    /// Empty for [`DirId::TOP`] alone.
    pub name: FileName,
    pub access: Access,
}

/// All the store knows of one directory, entries sorted by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirRows {
    pub dir: DirRow,
    pub entries: Vec<EntryRow>,
}

/// Where a file stands.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Place {
    pub dir: DirId,
    pub name: FileName,
}

/// What reading a file cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cost {
    /// CPU time of the worker in microseconds.
    pub cpu_us: u64,
    /// Wall time in the worker in microseconds.
    pub wall_us: u64,
    /// Bytes asked of the kernel.
    pub read: u64,
    /// How often it was asked. From here on nothing is kept with the record, only learned from.
    pub calls: u64,
    /// Bytes the worker held for this file at most at once.
    pub memory: u64,
    /// Which parts of the file the reader wanted.
    pub wanted: Wanted,
}

/// What the store keeps of a file beside its entry.
#[derive(Debug, Clone, PartialEq)]
pub struct FileRecord {
    pub place: Place,
    /// When it was committed, microseconds since 1970.
    pub committed: u64,
    pub cost: Cost,
    /// Failed tries in a row by worker's fault.
    pub attempts: u8,
    pub result: FileResult,
}

/// What may have stopped before its end.
pub trait Stopped {
    /// The reason of a partial record.
    fn stopped(&self) -> Option<&Reason>;
}

impl Stopped for Arc<Record> {
    fn stopped(&self) -> Option<&Reason> {
        self.stopped.as_ref()
    }
}

impl Stopped for Encoded {
    fn stopped(&self) -> Option<&Reason> {
        self.stopped()
    }
}

/// A record, or why there is none.
#[derive(Debug, Clone, PartialEq)]
pub enum FileResult<R = Arc<Record>> {
    Record(R),
    Failed { kind: FailureKind, text: String },
}

impl<R: Stopped> FileResult<R> {
    /// The state an entry with this result has.
    pub fn state(&self) -> FileState {
        match self {
            Self::Record(record) if record.stopped().is_none() => FileState::Indexed,
            Self::Record(_) => FileState::Partial,
            Self::Failed { kind, .. } => FileState::Failed(*kind),
        }
    }

    /// The reason of a partial record.
    pub fn stopped(&self) -> Option<&Reason> {
        match self {
            Self::Record(record) => record.stopped(),
            Self::Failed { .. } => None,
        }
    }
}

/// One change of rows. A batch is applied in order, in one transaction.
#[derive(Debug, Clone, PartialEq)]
pub enum Mutation {
    /// A directory is new, or its row changed (moved, renamed, access). The entry in its parent is put by the store.
    PutDir { row: DirRow, identity: Identity },
    /// A directory and all below is gone from the index: invisible at once, cleared in steps.
    RemoveDir(DirId),
    /// An entry of a file is new or changed; a changed stamp comes with [`FileState::Pending`].
    PutFile { dir: DirId, entry: EntryRow },
    /// A file went to another place and keeps its id, state and record.
    MoveFile { from: Place, to: DirId, entry: EntryRow },
    /// The file is gone, its record with it.
    RemoveFile(Place),
    /// A result. Applied only if `place` still holds `file` with this stamp: else it is stale and dropped.
    PutResult {
        file: FileId,
        place: Place,
        fingerprint: Fingerprint,
        result: Box<FileResult<Encoded>>,
        cost: Cost,
        attempts: u8,
    },
    /// A failure on this file, durable before the file is tried again. Applied only if `place` still holds `file`.
    PutSuspect { file: FileId, place: Place, attempts: u8, kind: FailureKind },
    /// The file is no longer suspected.
    ClearSuspect(FileId),
    /// Takes the place of the earlier note of its kind.
    PutNote(Note, Vec<u8>),
}

/// What is remembered beside the index, as bytes that only its owner reads. Losing one loses nothing of the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Note {
    /// What reading files has cost.
    Costs,
    /// How things went over the last day.
    Trends,
    /// How each reader has done.
    Readers,
}

impl Note {
    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Costs => "costs",
            Self::Trends => "trends",
            Self::Readers => "readers",
        }
    }
}

/// How urgent a job is; the lowest comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Priority {
    /// A person waits for it.
    Asked,
    /// It changed just now.
    Fresh,
    /// A crawl found it.
    Crawl,
    /// Its reader or policy changed.
    Stale,
}

/// A job's number, for one run of the daemon.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobId(pub u64);

/// The first 128 bits of a BLAKE3 digest.
pub type Digest = [u8; 16];

/// What a worker is to do with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Task {
    /// Read its metadata.
    #[default]
    Record,
    /// Give the digest of some of its bytes, at its beginning, middle and end.
    Sample,
    /// Give the digest of all its bytes.
    Digest,
}

/// What reading a file is likely to take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Expected {
    /// Microseconds of a worker.
    pub us: u32,
    /// Bytes asked of the kernel.
    pub read: u64,
}

/// A file to read. Carries no descriptor: an engine elsewhere could do it too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    pub id: JobId,
    pub file: FileId,
    pub place: Place,
    /// The root's absolute path; the file is opened beneath it without following symlinks.
    pub root: Box<[u8]>,
    /// The file's path relative to `root`.
    pub path: Box<[u8]>,
    /// The file system, for opener threads: a stuck one holds up only itself.
    pub fs: FsId,
    /// What the plan saw; another inode or stamp at opening is [`Outcome::Changed`].
    pub inode: u64,
    pub stamp: Stamp,
    /// Who is likely to read it: a hint, by which its cost is predicted. Zero is nobody in particular.
    pub reader: ReaderId,
    /// What reading it is likely to take; nothing until it is handed over.
    pub expected: Expected,
    /// Files of its disk are read in the order they are handed over: the head of one that turns moves one way then.
    pub in_order: bool,
    /// How much of it is read at once.
    pub ahead: Ahead,
    pub priority: Priority,
    /// Failed tries before this one; above 0 it runs alone in a fresh worker.
    pub attempts: u8,
    pub task: Task,
}

impl Job {
    /// The absolute path.
    pub fn absolute(&self) -> Vec<u8> {
        let mut path = self.root.to_vec();
        if !path.ends_with(b"/") {
            path.push(b'/');
        }
        path.extend_from_slice(&self.path);
        path
    }
}

/// What became of a job.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// Read, to its end or partially. `reader` is the reader that made the record.
    Read { record: Encoded, reader: ReaderId, cost: Cost },
    /// What [`Task::Sample`] and [`Task::Digest`] ask for; `None` where the file could not be read whole.
    Digest(Option<Digest>),
    /// There is no regular file of that name any more.
    Gone,
    /// It is not the file or the content that the plan saw: look again.
    Changed,
    /// It could not be opened or read: permission or an I/O error, as a sentence.
    Unreadable { kind: FailureKind, text: String },
    /// A worker failed on it.
    Strike { kind: FailureKind, text: String },
    /// A worker ended with it in hand, by nobody's fault (ended by us, by a person, by the kernel): queue it again.
    Returned,
}

/// What to do about an error of the kernel's that says what this process lacks, and nothing of what it asked about; `None`
/// for all others.
pub fn shortage(error: &io::Error) -> Option<String> {
    let next = match error.raw_os_error().map(Errno::from_raw_os_error)? {
        Errno::MFILE => "raise LimitNOFILE= of the service, or ulimit -n",
        Errno::NFILE => "raise fs.file-max (sysctl), or end what holds so many files open",
        Errno::NOMEM => "free memory, or raise MemoryMax= of the service",
        _ => return None,
    };
    Some(format!("{error}; {next}"))
}

/// A path's bytes as a `Path`.
pub fn path(bytes: &[u8]) -> &Path {
    Path::new(OsStr::from_bytes(bytes))
}

/// `dir` and `name` joined.
pub fn join(dir: &[u8], name: &[u8]) -> Vec<u8> {
    let mut joined = Vec::with_capacity(dir.len() + name.len() + 1);
    joined.extend_from_slice(dir);
    if !joined.ends_with(b"/") {
        joined.push(b'/');
    }
    joined.extend_from_slice(name);
    joined
}
