//! Workers on this machine: an [`Engine`] of opener threads, slots and worker processes.

use std::{sync::Arc, thread::JoinHandle};

use super::{
    Config, Engine, Sink, Size, WorkerInfo,
    desk::{Desk, NewOpener},
    open, slot,
};
use crate::model::Job;

/// The local engine. Dropping it stops it.
#[derive(Debug)]
pub struct LocalEngine {
    desk: Arc<Desk>,
    slots: Vec<JoinHandle<()>>,
}

impl LocalEngine {
    /// An engine without workers; [`Engine::resize`] gives it some.
    pub fn new(config: Config, sink: Sink) -> Self {
        Self { desk: Arc::new(Desk::new(config, sink)), slots: Vec::new() }
    }
}

impl Engine for LocalEngine {
    fn credit(&self) -> usize {
        self.desk.credit()
    }

    fn submit(&mut self, job: Job) {
        let fs = job.fs;
        if self.desk.submit(job) == NewOpener::Wanted {
            open::run(&self.desk, fs);
        }
    }

    fn resize(&mut self, size: Size) {
        for fs in self.desk.resize(size) {
            open::run(&self.desk, fs);
        }
        while self.slots.len() < size.workers {
            match slot::run(&self.desk, self.slots.len()) {
                Ok(slot) => self.slots.push(slot),
                Err(error) => {
                    tracing::warn!(%error, slots = self.slots.len(), "no further thread, going on with fewer workers");
                    break;
                }
            }
        }
    }

    fn stop(&mut self) {
        self.desk.stop();
        for slot in self.slots.drain(..) {
            _ = slot.join(); // A slot that panicked has ended too.
        }
        self.desk.give_back_all();
    }

    fn workers(&self) -> Vec<WorkerInfo> {
        self.desk.workers()
    }
}

impl Drop for LocalEngine {
    fn drop(&mut self) {
        self.stop();
    }
}
