//! The D-Bus side of the daemon: decodes calls, hands them to `run` as commands, encodes the answers.
//!
//! Decides nothing. `run` calls [`serve`] once; what it serves is `packaging/dbus/org.metaextract.Daemon1.xml`.

mod decode;
mod encode;
mod error;
mod job;
mod lines;
mod log_control;
mod manager;
pub mod neighbours;
mod options;
mod pauses;
mod people;
mod stream;

use std::{collections::BTreeSet, time::Duration};

use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
};
use zbus::{
    Connection,
    connection::Builder,
    fdo::{ObjectManager, RequestNameFlags, RequestNameReply},
};

use self::{log_control::LogControl, manager::Manager, people::People};
use crate::control::{Alert, Audience, Changed, Control, Facts, Published};

/// The name by which clients find the daemon.
pub const NAME: &str = "org.metaextract.Daemon1";
/// The one fixed object.
pub const PATH: &str = "/org/metaextract/Daemon1";

/// Between two signals of one kind.
const CALM: Duration = Duration::from_secs(1);
/// Directories that one `Changed` names at most.
const DIRECTORIES: usize = 1_000;
/// How long each step of leaving the bus may take.
const CLOSING: Duration = Duration::from_secs(1);

/// Which bus to be on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// The user's.
    Session,
    /// The machine's.
    System,
    /// One at this address.
    Address(String),
}

/// Why there is no service on the bus.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no bus, or it does not let us in.
    #[error("cannot connect to the message bus")]
    NoBus { source: zbus::Error },
    /// Another daemon is there already.
    #[error("the name {NAME} is held by process {pid}: a daemon is running already; stop it first, or use it")]
    NameTaken { pid: u32 },
    /// The bus does not let us have the name.
    #[error("the message bus refuses the name {NAME}; is its policy file installed?")]
    NameRefused { source: zbus::Error },
}

/// The running service. Dropping it ends it at once; [`Bus::close`] lets the answers given so far go out first.
#[derive(Debug)]
pub struct Bus {
    connection: Connection,
    /// Ended with the service.
    tasks: JoinSet<()>,
}

/// Connects, serves the objects and takes the name, in this order: whoever sees the name finds the objects. On the
/// machine's bus everybody may ask, elsewhere only the user whose daemon it is.
pub async fn serve(place: &Place, control: Control, published: Published) -> Result<Bus, Error> {
    let no_bus = |source| Error::NoBus { source };
    let audience = if *place == Place::System { Audience::Everyone } else { Audience::Owner };
    let manager = Manager::new(People::new(audience), control, published.facts.clone());
    let connection = builder(place)
        .serve_at(PATH, ObjectManager)
        .serve_at(PATH, manager)
        .serve_at(log_control::PATH, LogControl)
        .build()
        .await
        .map_err(no_bus)?;
    take_name(&connection).await?;
    let mut tasks = JoinSet::new();
    tasks.spawn(manager::tell_facts(connection.clone(), published.facts.clone()));
    tasks.spawn(tell_alerts(connection.clone(), published.facts));
    tasks.spawn(tell_changes(connection.clone(), published.changed));
    Ok(Bus { connection, tasks })
}

impl Bus {
    /// Returns when the bus has gone.
    pub async fn lost(&self) {
        self.connection.closed().await;
    }

    /// Gives the name back, by which all sent before is out too, and leaves the bus; for two seconds at most.
    pub async fn close(mut self) {
        self.tasks.shutdown().await;
        // Without an answer of the bus the name is free as soon as the connection ends.
        _ = tokio::time::timeout(CLOSING, self.connection.release_name(NAME)).await;
        _ = tokio::time::timeout(CLOSING, self.connection.close()).await;
    }
}

fn builder(place: &Place) -> Builder<'_> {
    match place {
        Place::Session => Builder::session(),
        Place::System => Builder::system(),
        Place::Address(address) => Builder::address(address.as_str()),
    }
}

/// Takes the name for good: nobody is replaced by us, nor we by anybody, and we do not queue.
async fn take_name(connection: &Connection) -> Result<(), Error> {
    match connection.request_name_with_flags(NAME, RequestNameFlags::DO_NOT_QUEUE).await {
        Ok(RequestNameReply::PrimaryOwner | RequestNameReply::AlreadyOwner) => Ok(()),
        Ok(RequestNameReply::InQueue | RequestNameReply::Exists) | Err(zbus::Error::NameTaken) => {
            let pid = ask_bus(connection, "GetConnectionUnixProcessID", NAME).await;
            Err(Error::NameTaken { pid: pid.map_err(|source| Error::NoBus { source })? })
        }
        Err(source) => Err(Error::NameRefused { source }),
    }
}

/// A question to the bus itself about a name, answered by a number.
async fn ask_bus(connection: &Connection, method: &str, name: &str) -> zbus::Result<u32> {
    let bus = "org.freedesktop.DBus";
    let reply = connection.call_method(Some(bus), "/org/freedesktop/DBus", Some(bus), method, &name).await?;
    reply.body().deserialize()
}

/// Sends `Alert` for what comes and goes, each at most once a second. What is on already stands in the status.
async fn tell_alerts(connection: Connection, mut facts: watch::Receiver<Facts>) {
    let Ok(manager) = connection.object_server().interface::<_, Manager>(PATH).await else { return };
    let mut told = facts.borrow_and_update().alerts.clone();
    while facts.changed().await.is_ok() {
        let latest = facts.borrow_and_update().alerts.clone();
        let lacks = |alerts: &[Alert], id| alerts.iter().all(|alert| alert.id != id);
        let gone = told.iter().filter(|alert| lacks(&latest, alert.id)).map(|alert| (alert, false));
        let come = latest.iter().filter(|alert| lacks(&told, alert.id)).map(|alert| (alert, true));
        let news: Vec<_> = gone.chain(come).collect();
        for (alert, active) in &news {
            // Fails only when the bus has gone, which `lost` tells.
            _ = Manager::alert(manager.signal_emitter(), alert.id, *active, &alert.text).await;
        }
        if !news.is_empty() {
            tokio::time::sleep(CALM).await;
        }
        told = latest;
    }
}

/// Sends `Changed` at most once a second, several commits joined in one.
async fn tell_changes(connection: Connection, mut changes: mpsc::UnboundedReceiver<Changed>) {
    let Ok(manager) = connection.object_server().interface::<_, Manager>(PATH).await else { return };
    while let Some(first) = changes.recv().await {
        let mut commit = first.commit;
        let mut unnamed = first.directories.is_empty();
        let mut directories: BTreeSet<Vec<u8>> = first.directories.into_iter().collect();
        while let Ok(next) = changes.try_recv() {
            commit = next.commit;
            unnamed |= next.directories.is_empty();
            directories.extend(next.directories);
        }
        if unnamed || directories.len() > DIRECTORIES {
            directories.clear();
        }
        let directories: Vec<Vec<u8>> = directories.into_iter().collect();
        // Fails only when the bus has gone, which `lost` tells.
        _ = Manager::changed(manager.signal_emitter(), &directories, commit).await;
        tokio::time::sleep(CALM).await;
    }
}
