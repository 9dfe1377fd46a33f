//! What goes wrong, in the two lines a user sees, and the exit status it ends with.

use std::{io, process::ExitCode};

use zbus::fdo;

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    Done,
    /// Not found, or some failed.
    Failed,
    Usage,
    /// The daemon is not reachable.
    Unreachable,
    Refused,
    /// As a command that was run for the user ended.
    Of(u8),
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Done => Self::SUCCESS,
            Exit::Failed => Self::from(1),
            Exit::Usage => Self::from(2),
            Exit::Unreachable => Self::from(3),
            Exit::Refused => Self::from(4),
            Exit::Of(code) => Self::from(code),
        }
    }
}

/// One line of what went wrong, one of what to do.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Error {
    /// Empty where nothing is to be said.
    pub(crate) what: String,
    pub(crate) hint: String,
    pub(crate) exit: Exit,
}

impl Error {
    pub(crate) fn new(exit: Exit, what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { what: what.into(), hint: hint.into(), exit }
    }

    /// Something of this machine failed.
    pub(crate) fn system(act: &str, error: &io::Error) -> Self {
        Self::new(Exit::Failed, format!("{act}: {error}"), "")
    }

    /// Writing to standard output failed. A reader that has seen enough is no error worth a word.
    pub(crate) fn output(error: &io::Error) -> Self {
        match error.kind() {
            // What a program that SIGPIPE ends has in the shell.
            io::ErrorKind::BrokenPipe => Self::new(Exit::Of(141), "", ""),
            _ => Self::system("cannot write to standard output", error),
        }
    }

    /// The daemon went away while it was needed.
    pub(crate) fn gone() -> Self {
        Self::new(
            Exit::Unreachable,
            "the daemon has stopped",
            "see why with: journalctl --user -u metaextractd, and start it again",
        )
    }

    /// Nobody has the daemon's name.
    pub(crate) fn not_running(detail: &str) -> Self {
        Self::new(
            Exit::Unreachable,
            format!("metaextractd is not running{detail}"),
            "start it with: systemctl --user start metaextractd, or: metaextractd",
        )
    }

    /// The same where the machine's daemon was asked: its unit and its log are the system's.
    pub(crate) fn of_system(mut self) -> Self {
        self.hint = self.hint.replace("systemctl --user", "sudo systemctl").replace("journalctl --user", "journalctl");
        self
    }

    fn other_version(text: &str) -> Self {
        Self::new(
            Exit::Unreachable,
            format!("the daemon does not understand: {text}"),
            "it may be of another version: compare metactl --version and metactl status",
        )
    }

    /// No connection to the bus could be made.
    pub(crate) fn no_bus(error: &zbus::Error, system: bool) -> Self {
        let (bus, hint) = match system {
            true => ("system", "is dbus running? Without --system the user's own daemon is asked"),
            false => ("session", "set DBUS_SESSION_BUS_ADDRESS or log in properly; --system asks the machine's daemon"),
        };
        Self::new(Exit::Unreachable, format!("cannot connect to the {bus} bus: {}", one_line(error)), hint)
    }
}

impl From<zbus::Error> for Error {
    fn from(error: zbus::Error) -> Self {
        match error {
            zbus::Error::MethodError(name, text, _) => of_daemon(name.as_str(), text.as_deref().unwrap_or_default()),
            zbus::Error::FDO(error) => of_bus(&error),
            zbus::Error::InputOutput(error) if error.kind() == io::ErrorKind::TimedOut => Self::new(
                Exit::Unreachable,
                "the daemon does not answer",
                "it may be overloaded or stuck: see journalctl --user -u metaextractd",
            ),
            zbus::Error::InputOutput(_) => Self::gone(),
            other => Self::other_version(&one_line(&other)),
        }
    }
}

/// An error of the daemon's own: two lines, the exit status by its kind.
fn of_daemon(name: &str, text: &str) -> Error {
    let exit = match name.strip_prefix("org.metaextract.Error.") {
        Some("NotIndexed" | "NotWatched" | "NoSuchFile" | "Failed" | "Cancelled") => Exit::Failed,
        Some("InvalidArgument" | "InvalidQuery") => Exit::Usage,
        // The daemon is there and will not: nothing was looked for, nothing failed.
        Some("NotAllowed" | "Busy" | "StoreUnavailable") => Exit::Refused,
        Some(_) => Exit::Failed,
        // The bus starts the daemon on demand; these are its words when that fails.
        None if name.contains(".Spawn.") || name.starts_with("org.freedesktop.systemd1.") => {
            return Error::not_running(&format!(" and does not start: {text}"));
        }
        None => return Error::other_version(&format!("{name}: {text}")),
    };
    let (what, hint) = text.split_once('\n').unwrap_or((text, ""));
    Error::new(exit, what, hint)
}

/// An error of the message bus, or of the D-Bus library within the daemon.
fn of_bus(error: &fdo::Error) -> Error {
    use fdo::Error as Bus;
    match error {
        Bus::ServiceUnknown(_) | Bus::NameHasNoOwner(_) => Error::not_running(""),
        Bus::NoReply(_) | Bus::Disconnected(_) => Error::gone(),
        Bus::Timeout(_) | Bus::TimedOut(_) => Error::new(
            Exit::Unreachable,
            "the daemon does not answer or start",
            "see journalctl --user -u metaextractd",
        ),
        Bus::AccessDenied(text) | Bus::AuthFailed(text) => Error::new(
            Exit::Refused,
            format!("the message bus does not allow it: {text}"),
            "ask as the user whose daemon it is, or as root with --system",
        ),
        Bus::LimitsExceeded(text) => Error::new(Exit::Refused, text.clone(), "ask for less at a time"),
        other => Error::other_version(&one_line(other)),
    }
}

fn one_line(error: &dyn std::fmt::Display) -> String {
    error.to_string().replace('\n', " ")
}
