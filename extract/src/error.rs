//! Why reading a file stopped. Every variant is about the file, none about us.

use std::{fmt, io};

/// What a reader returns when it cannot go on. What was read before stays in the record.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The bytes contradict the format.
    #[error("malformed at byte {at}: {what}")]
    Malformed { at: u64, what: &'static str },
    /// The file ends before what it announces.
    #[error("truncated: {wanted} bytes wanted at byte {at}")]
    Truncated { at: u64, wanted: u64 },
    /// A feature of the format that no reader here understands.
    #[error("unsupported: {what}")]
    Unsupported { what: &'static str },
    /// A bound of [`crate::Limits`] was reached.
    #[error("over the limit: {what}")]
    Limit { what: &'static str },
    /// The kernel could not read the file.
    #[error("read failed at byte {at}")]
    Read { at: u64, source: io::Error },
}

/// The class of a [`Reason`]; stored, sent over D-Bus and shown by these names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReasonKind {
    Malformed,
    Truncated,
    Unsupported,
    Limit,
    Read,
}

impl ReasonKind {
    /// All kinds, in the order of their stored number.
    pub const ALL: [Self; 5] = [Self::Malformed, Self::Truncated, Self::Unsupported, Self::Limit, Self::Read];

    /// The stable lower-case name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::Truncated => "truncated",
            Self::Unsupported => "unsupported",
            Self::Limit => "limit",
            Self::Read => "read-error",
        }
    }
}

/// Why a record is partial: the stored form of an [`Error`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    pub kind: ReasonKind,
    /// A sentence for people, without full stop.
    pub text: String,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl From<&Error> for Reason {
    fn from(error: &Error) -> Self {
        let kind = match error {
            Error::Malformed { .. } => ReasonKind::Malformed,
            Error::Truncated { .. } => ReasonKind::Truncated,
            Error::Unsupported { .. } => ReasonKind::Unsupported,
            Error::Limit { .. } => ReasonKind::Limit,
            Error::Read { .. } => ReasonKind::Read,
        };
        let text = match error {
            Error::Read { source, .. } => format!("{error}: {source}"),
            _ => error.to_string(),
        };
        Self { kind, text }
    }
}
