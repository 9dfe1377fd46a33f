//! Opens the store, and answers meanwhile where that cannot be yet: another process holds it, or its place cannot be
//! written. Called once by `run`, before there is anything else.

use std::time::Duration;

use anyhow::Context;
use tokio::sync::{mpsc, watch};

use super::{Alive, Ended, Event, Stop, answers, open::open_store, outside::wall_clock, roots::bytes};
use crate::{
    config::{self, Settings},
    control::{
        Asked, Command, Degraded, Error, Facts, MountReport, MountState, ReaderReport, State, StatusReport,
        StoreReport, Stream,
    },
    store::{SledStore, StoreError},
};

/// Between two tries.
const AGAIN: Duration = Duration::from_secs(2);

/// What is needed to answer without a store.
pub(super) struct Waiting<'a> {
    pub settings: &'a Settings,
    pub commands: &'a mut mpsc::Receiver<Asked>,
    pub facts: &'a watch::Sender<Facts>,
    pub stop: &'a mut Stop,
    /// Told when the daemon answers, unless it has been told.
    pub ready: &'a mut Option<Box<dyn FnOnce()>>,
}

impl Waiting<'_> {
    /// The store, as soon as it can be opened, or why the daemon ends before. `alive` hears of each try.
    ///
    /// Errors: a store that waiting does not make better.
    pub async fn store(
        mut self,
        events: mpsc::Sender<Event>,
        alive: Option<&Alive>,
    ) -> anyhow::Result<Result<SledStore, Ended>> {
        let started = wall_clock();
        let mut said = String::new();
        loop {
            let text = match open_store(self.settings, events.clone()) {
                Ok(store) => return Ok(Ok(store)),
                Err(error @ StoreError::Endless) => {
                    tracing::error!(%error, "the store cannot be used, starting again without it");
                    return Ok(Err(Ended::StoreLost));
                }
                Err(error) => told(error).context("cannot go on without the store")?,
            };
            if text != said {
                tracing::warn!(error = %text, "the store cannot be opened, trying again");
                self.facts.send_replace(Facts { state: State::Starting, degraded: vec!["store"], alerts: Vec::new() });
                said = text;
            }
            if let Some(ready) = self.ready.take() {
                ready();
            }
            if let Some(alive) = alive {
                (alive.tell)();
            }
            if !self.answer_for_a_while(started, &said).await {
                return Ok(Err(Ended::Told));
            }
        }
    }

    /// `false` when told to stop.
    async fn answer_for_a_while(&mut self, started: u64, trouble: &str) -> bool {
        let again = tokio::time::sleep(AGAIN);
        tokio::pin!(again);
        loop {
            tokio::select! {
                Some(asked) = self.commands.recv() => {
                    answer(asked.command, self.settings, || self.report(started, trouble));
                }
                () = &mut again => return true,
                () = self.stop.told() => return false,
            }
        }
    }

    fn report(&self, started: u64, trouble: &str) -> StatusReport {
        let Settings { store, mount, .. } = self.settings;
        let state = if mount.enabled { MountState::Failed } else { MountState::Off };
        StatusReport {
            started,
            degraded: vec![Degraded { id: "store", text: trouble.to_owned() }],
            store: StoreReport { path: bytes(&store.path), ..StoreReport::default() },
            mount: MountReport { path: bytes(&mount.path), state },
            ..StatusReport::default()
        }
    }
}

/// What to say of an error that may pass.
///
/// Errors: one that does not.
fn told(error: StoreError) -> Result<String, StoreError> {
    let hint = match &error {
        StoreError::Locked { .. } => "stop it, or set store.path to another place",
        StoreError::Open { .. } | StoreError::Failed { .. } | StoreError::Write { .. } => {
            "give the daemon's user the right to write there, or set store.path to another place"
        }
        StoreError::Full { .. } => "make room, or set store.path to another place",
        StoreError::Newer { .. } | StoreError::Damaged { .. } | StoreError::Endless | StoreError::Closed => {
            return Err(error);
        }
    };
    Ok(format!("{}; {hint}", config::chain(&error)))
}

/// Whoever asked may have gone: a failed answer means nothing.
fn answer(command: Command, settings: &Settings, report: impl FnOnce() -> StatusReport) {
    let refusal = || Error::StoreUnavailable {
        what: "the store cannot be opened yet".into(),
        hint: "metactl status says why and what to do".into(),
    };
    match command {
        Command::Status(reply) => _ = reply.send(Ok(report())),
        Command::Stats(reply) => _ = reply.send(Err(refusal())),
        Command::Formats(reply) => _ = reply.send(Ok(answers::formats(|_| ReaderReport::default()))),
        Command::Workers(reply) => _ = reply.send(Ok(Vec::new())),
        Command::Config(reply) => _ = reply.send(Ok(Stream(Box::new(settings.lines().into_iter())))),
        Command::AddRoot { reply, .. }
        | Command::Rescan { reply, .. }
        | Command::Index { reply, .. }
        | Command::Retry { reply, .. }
        | Command::Wait(reply) => _ = reply.send(Err(refusal())),
        Command::RemoveRoot { reply, .. }
        | Command::Resume { reply, .. }
        | Command::Reload(reply)
        | Command::CancelJob { reply, .. } => _ = reply.send(Err(refusal())),
        Command::ListRoots(reply) => _ = reply.send(Err(refusal())),
        Command::Show { reply, .. } => _ = reply.send(Err(refusal())),
        Command::Failed(reply) => _ = reply.send(Err(refusal())),
        Command::Why { reply, .. } => _ = reply.send(Err(refusal())),
        Command::Estimate { reply, .. } => _ = reply.send(Err(refusal())),
        Command::Pause { reply, .. } => _ = reply.send(Err(refusal())),
    }
}
