//! `org.freedesktop.LogControl1` (`org.freedesktop.LogControl1(5)`): how much is logged, and where to, while running.
//! `systemctl service-log-level` and `service-log-target` use it.

use tracing::Level;
use zbus::{Connection, fdo, interface, message::Header};

use super::ask_bus;
use crate::{config::LogFormat, logging};

/// Where the specification has it.
pub(super) const PATH: &str = "/org/freedesktop/LogControl1";

pub(super) struct LogControl;

/// syslog's names for our levels; the first of each is the one we say.
const LEVELS: &[(&str, Level)] = &[
    ("err", Level::ERROR),
    ("warning", Level::WARN),
    ("info", Level::INFO),
    ("debug", Level::DEBUG),
    ("debug", Level::TRACE),
    ("emerg", Level::ERROR),
    ("alert", Level::ERROR),
    ("crit", Level::ERROR),
    ("notice", Level::INFO),
];

/// The specification's names for our formats; JSON is ours alone.
const TARGETS: &[(&str, LogFormat)] = &[
    ("journal", LogFormat::Journal),
    ("console", LogFormat::Text),
    ("json", LogFormat::Json),
    ("auto", LogFormat::Auto),
];

#[interface(name = "org.freedesktop.LogControl1", introspection_docs = false)]
impl LogControl {
    #[zbus(property(emits_changed_signal = "false"))]
    fn log_level(&self) -> String {
        said(LEVELS, logging::level())
    }

    #[zbus(property)]
    async fn set_log_level(
        &self,
        #[zbus(connection)] connection: &Connection,
        #[zbus(header)] header: Option<Header<'_>>,
        level: String,
    ) -> fdo::Result<()> {
        may_change(connection, header).await?;
        logging::set_level(meant(LEVELS, &level)?);
        Ok(())
    }

    #[zbus(property(emits_changed_signal = "false"))]
    fn log_target(&self) -> String {
        said(TARGETS, logging::format())
    }

    #[zbus(property)]
    async fn set_log_target(
        &self,
        #[zbus(connection)] connection: &Connection,
        #[zbus(header)] header: Option<Header<'_>>,
        target: String,
    ) -> fdo::Result<()> {
        may_change(connection, header).await?;
        logging::set_format(meant(TARGETS, &target)?);
        Ok(())
    }

    #[zbus(property(emits_changed_signal = "false"))]
    fn syslog_identifier(&self) -> &str {
        logging::IDENTIFIER
    }
}

/// Root, and the user whose daemon it is.
async fn may_change(connection: &Connection, header: Option<Header<'_>>) -> fdo::Result<()> {
    let denied = |why: String| fdo::Error::AccessDenied(why);
    let header = header.ok_or_else(|| denied("the caller has no name".into()))?;
    let name = header.sender().ok_or_else(|| denied("the caller has no name".into()))?;
    let uid = ask_bus(connection, "GetConnectionUnixUser", name).await.map_err(|error| denied(error.to_string()))?;
    match uid == 0 || uid == rustix::process::getuid().as_raw() {
        true => Ok(()),
        false => Err(denied("only root and the daemon's own user change its log".into())),
    }
}

fn said<T: PartialEq>(names: &[(&str, T)], value: T) -> String {
    names.iter().find(|(_, named)| *named == value).map_or_else(String::new, |(name, _)| (*name).to_owned())
}

fn meant<T: Copy>(names: &[(&str, T)], wanted: &str) -> fdo::Result<T> {
    names.iter().find(|(name, _)| *name == wanted).map(|(_, value)| *value).ok_or_else(|| {
        let mut known: Vec<_> = names.iter().map(|(name, _)| *name).collect();
        known.dedup();
        fdo::Error::InvalidArgs(format!("one of {} is wanted", known.join(", ")))
    })
}
