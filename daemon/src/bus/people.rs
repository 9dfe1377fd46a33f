//! Who calls, as the bus vouches for it; and whether that user may change anything.
//!
//! A user's own daemon answers that user alone. The machine's daemon answers everybody, and changes something for root,
//! or for whom polkit says so. Where there is no polkit, nobody can say so.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use zbus::{
    Connection, OwnedVariant, Variant,
    message::{Flags, Header},
};

use crate::control::{Audience, Error, Viewer};

/// What polkit is asked about.
const ACTION: &str = "org.metaextract.manage";
/// Callers remembered. A bus gives no unique name twice, and what it says of one never changes: forgetting is only for
/// room, and nothing has to be heard about who leaves.
const REMEMBERED: usize = 256;

/// Who may call.
pub(super) struct People {
    audience: Audience,
    /// The user whose daemon it is.
    own: u32,
    // A lock, as callers come from many tasks; it is held for a look-up only.
    known: Mutex<HashMap<String, Known>>,
}

/// What the bus says of a caller.
#[derive(Debug, Clone)]
struct Known {
    uid: u32,
    viewer: Viewer,
}

/// Who calls.
#[derive(Debug)]
pub(super) struct Caller {
    /// Its unique name on the bus.
    pub(super) name: String,
    pub(super) uid: u32,
    /// For whom answers are made.
    pub(super) viewer: Viewer,
    /// Whether it lets a person be asked.
    interactive: bool,
}

impl People {
    pub(super) fn new(audience: Audience) -> Self {
        Self { audience, own: rustix::process::getuid().as_raw(), known: Mutex::default() }
    }

    /// The sender of a call.
    ///
    /// Errors: `NotAllowed` for another user than the one whose daemon it is.
    pub(super) async fn caller(&self, connection: &Connection, header: &Header<'_>) -> Result<Caller, Error> {
        let unknown = |what: String| Error::NotAllowed { what, hint: "call through the message bus".into() };
        let name = header.sender().ok_or_else(|| unknown("the caller has no name".into()))?.to_string();
        let known = match self.remembered(&name) {
            Some(known) => known,
            None => {
                let asked = self.ask(connection, &name).await;
                let known = asked.map_err(|error| unknown(format!("the bus does not know the caller: {error}")))?;
                self.remember(&name, &known);
                known
            }
        };
        if self.audience == Audience::Owner && known.uid != self.own {
            return Err(Error::NotAllowed {
                what: "this daemon serves the user whose session it is, and nobody else".into(),
                hint: "ask your own daemon, or with --system that of the machine".into(),
            });
        }
        let interactive = header.primary().flags().contains(Flags::ALLOW_INTERACTIVE_AUTH);
        Ok(Caller { name, uid: known.uid, viewer: known.viewer, interactive })
    }

    /// The sender of a call that changes something.
    ///
    /// Errors: `NotAllowed` also for who is neither root nor let by polkit.
    pub(super) async fn manager(&self, connection: &Connection, header: &Header<'_>) -> Result<Caller, Error> {
        let caller = self.caller(connection, header).await?;
        caller.authorize(connection).await?;
        Ok(caller)
    }

    async fn ask(&self, connection: &Connection, name: &str) -> zbus::Result<Known> {
        let bus = "org.freedesktop.DBus";
        let reply =
            connection.call_method(Some(bus), "/org/freedesktop/DBus", Some(bus), "GetConnectionCredentials", &name);
        let mut said: HashMap<String, OwnedVariant> = reply.await?.body().deserialize()?;
        let uid = said.remove("UnixUserID").and_then(|uid| u32::try_from(uid).ok());
        let uid = uid.ok_or_else(|| zbus::Error::Failure("it does not tell the user".into()))?;
        let groups = said.remove("UnixGroupIDs").and_then(|groups| Vec::<u32>::try_from(groups).ok());
        let viewer = match uid {
            0 => Viewer::All,
            uid if uid == self.own => Viewer::All,
            uid => Viewer::User { uid, groups: groups.map(Arc::from) },
        };
        Ok(Known { uid, viewer })
    }

    fn remembered(&self, name: &str) -> Option<Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    fn remember(&self, name: &str, known: &Known) {
        let mut all = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() == REMEMBERED {
            all.clear();
        }
        all.insert(name.to_owned(), known.clone());
    }
}

impl Caller {
    /// Whether this caller may change what is everybody's: asks polkit, which may ask a person.
    pub(super) async fn authorize(&self, connection: &Connection) -> Result<(), Error> {
        if self.viewer == Viewer::All {
            return Ok(());
        }
        let refused = |what: String| Error::NotAllowed { what, hint: "ask as root, with sudo".into() };
        match self.is_authorized(connection).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(refused("you are not allowed to change what serves all users".into())),
            Err(error) => {
                Err(refused(format!("only root may change what serves all users, as polkit does not answer: {error}")))
            }
        }
    }

    async fn is_authorized(&self, connection: &Connection) -> zbus::Result<bool> {
        let subject = ("system-bus-name", HashMap::from([("name", Variant::from(self.name.as_str()))]));
        let details: HashMap<&str, &str> = HashMap::new();
        let (name, path) = ("org.freedesktop.PolicyKit1", "/org/freedesktop/PolicyKit1/Authority");
        let interface = Some("org.freedesktop.PolicyKit1.Authority");
        let body = (subject, ACTION, details, u32::from(self.interactive), "");
        let reply = connection.call_method(Some(name), path, interface, "CheckAuthorization", &body).await?;
        let (authorized, _, _): (bool, bool, HashMap<String, String>) = reply.body().deserialize()?;
        Ok(authorized)
    }
}
