//! Workers on this machine: an [`Engine`] of opener threads, slots and worker processes.

use std::{sync::Arc, thread::JoinHandle, time::Duration};

use super::{Config, Engine, Sink, Size, WorkerInfo, desk::Desk, open, slot};
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
        self.submit_all(vec![job]);
    }

    fn submit_all(&mut self, mut jobs: Vec<Job>) {
        jobs.iter_mut().for_each(|job| job.fs = open::disk(job));
        for fs in self.desk.submit(jobs) {
            open::run(&self.desk, fs);
        }
    }

    fn resize(&mut self, size: Size) {
        for fs in self.desk.resize(size) {
            open::run(&self.desk, fs);
        }
        // Each may have another work in its stead while its disk does not answer.
        while self.slots.len() < size.workers * 2 {
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
        // One that hangs in the kernel, for a dying disk perhaps, must not hold this up.
        self.desk.await_slots();
        self.slots.clear();
        self.desk.give_back_all();
    }

    fn workers(&self) -> Vec<WorkerInfo> {
        self.desk.workers()
    }

    fn started(&self) -> u64 {
        self.desk.started()
    }

    fn silent(&self) -> Vec<(Box<[u8]>, Duration)> {
        self.desk.silent()
    }
}

impl Drop for LocalEngine {
    fn drop(&mut self) {
        self.stop();
    }
}
