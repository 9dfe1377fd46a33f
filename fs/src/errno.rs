//! What an error becomes for the program that asked. Every kind stands here, none is guessed.

use fuser::Errno;

use crate::view;

/// Why a request fails.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("no such name")]
    NotFound,
    /// The kernel still knows a node whose file or tag is gone.
    #[error("gone from the view")]
    Stale,
    #[error("not a directory")]
    NotADirectory,
    #[error("a directory")]
    IsADirectory,
    #[error("not a symbolic link")]
    NotALink,
    #[error("no such attribute")]
    NoAttribute,
    #[error("the caller's buffer is too small")]
    TooSmall,
    #[error("larger than an attribute may be")]
    TooLarge,
    #[error("a fault of ours")]
    Panicked,
    #[error(transparent)]
    View(#[from] view::Error),
}

impl From<&Failure> for Errno {
    fn from(failure: &Failure) -> Self {
        match failure {
            Failure::NotFound => Self::ENOENT,
            Failure::Stale => Self::ESTALE,
            Failure::NotADirectory => Self::ENOTDIR,
            Failure::IsADirectory => Self::EISDIR,
            Failure::NotALink => Self::EINVAL,
            Failure::NoAttribute => Self::ENODATA,
            Failure::TooSmall => Self::ERANGE,
            Failure::TooLarge => Self::E2BIG,
            Failure::Panicked => Self::EIO,
            // Not EAGAIN: programs would spin on it until the disk works again.
            Failure::View(view::Error::Unavailable) => Self::EIO,
            Failure::View(view::Error::Damaged) => Self::EIO,
        }
    }
}
