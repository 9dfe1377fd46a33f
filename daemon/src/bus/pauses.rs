//! Pauses that end when their caller leaves the bus.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use futures_util::StreamExt;
use tokio::task::AbortHandle;
use zbus::{Connection, MatchRule, MessageStream, message::Type};

use super::people::Caller;
use crate::control::{Command, Control, Error, Resume};

/// Who watches over which cookie. A lock, as callers come from many tasks; it is held for a look-up only.
#[derive(Clone, Default)]
pub(super) struct Pauses(Arc<Mutex<HashMap<u64, AbortHandle>>>);

impl Pauses {
    /// Binds the pause to its caller. If that has left already, or cannot be watched, the pause ends at once.
    pub(super) async fn hold(
        &self,
        connection: &Connection,
        control: &Control,
        cookie: u64,
        caller: Caller,
    ) -> Result<(), Error> {
        let resume = {
            let (control, viewer) = (control.clone(), caller.viewer.clone());
            let which = Resume::Cookie { cookie, uid: caller.uid };
            // It may have been resumed otherwise in between; that is as good.
            async move { _ = control.ask(&viewer, |reply| Command::Resume { which, reply }).await }
        };
        match leaves(connection, &caller.name).await {
            Err(error) => {
                resume.await;
                Err(Error::Failed {
                    what: format!("cannot watch the caller of a pause: {error}"),
                    hint: "pause with the option persistent or until".into(),
                })
            }
            Ok(leaves) => {
                let pauses = self.clone();
                // Held until the task stands in the map: it may end at once, and then takes itself out.
                let mut held = self.locked();
                let task = tokio::spawn(async move {
                    leaves.await;
                    pauses.forget(cookie);
                    resume.await;
                });
                held.insert(cookie, task.abort_handle());
                Ok(())
            }
        }
    }

    /// Watches over a cookie no longer.
    pub(super) fn release(&self, cookie: u64) {
        if let Some(task) = self.forget(cookie) {
            task.abort();
        }
    }

    fn forget(&self, cookie: u64) -> Option<AbortHandle> {
        self.locked().remove(&cookie)
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, HashMap<u64, AbortHandle>> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// A future that ends when `name` has left the bus, or the bus itself has gone.
async fn leaves(connection: &Connection, name: &str) -> zbus::Result<impl Future<Output = ()> + use<>> {
    let rule = MatchRule::builder()
        .msg_type(Type::Signal)
        .sender("org.freedesktop.DBus")
        .interface("org.freedesktop.DBus")
        .member("NameOwnerChanged")
        .arg(0, name)
        .arg(2, "")
        .build()?;
    let mut signals = MessageStream::for_match_rule(rule, connection, None).await?;
    // It may have left before the bus knew that we want to hear of it.
    let gone = super::ask_bus(connection, "GetConnectionUnixUser", name).await.is_err();
    Ok(async move {
        if !gone {
            signals.next().await;
        }
    })
}
