//! Errors of commands as D-Bus errors: one name a kind, two lines of text.

use crate::control;

/// What a method of ours fails with.
#[derive(Debug, zbus::DBusError)]
#[zbus(prefix = "org.metaextract.Error")]
pub(super) enum Error {
    /// Unused: wanted by the derive for errors of the transport.
    #[zbus(error)]
    Transport(zbus::Error),
    NotIndexed(String),
    NotWatched(String),
    NoSuchFile(String),
    NotAllowed(String),
    InvalidArgument(String),
    Busy(String),
    StoreUnavailable(String),
    Cancelled(String),
    Failed(String),
}

impl From<control::Error> for Error {
    fn from(error: control::Error) -> Self {
        use control::Error as From;
        let text = |what: String, hint: String| format!("{}\n{}", one_line(&what), one_line(&hint));
        match error {
            From::NotIndexed { what, hint } => Self::NotIndexed(text(what, hint)),
            From::NotWatched { what, hint } => Self::NotWatched(text(what, hint)),
            From::NoSuchFile { what, hint } => Self::NoSuchFile(text(what, hint)),
            From::NotAllowed { what, hint } => Self::NotAllowed(text(what, hint)),
            From::InvalidArgument { what, hint } => Self::InvalidArgument(text(what, hint)),
            From::Busy { what, hint } => Self::Busy(text(what, hint)),
            From::StoreUnavailable { what, hint } => Self::StoreUnavailable(text(what, hint)),
            From::Cancelled { what, hint } => Self::Cancelled(text(what, hint)),
            From::Failed { what, hint } => Self::Failed(text(what, hint)),
        }
    }
}

fn one_line(text: &str) -> String {
    text.replace(['\n', '\r'], " ")
}
