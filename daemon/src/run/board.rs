//! What `status/` in the mounted view shows: figures the loop leaves here, rendered when somebody reads.

use std::{
    fmt::Write,
    sync::{Arc, Mutex, PoisonError},
};

use super::{
    metrics::{Seen, all},
    tallies::file_counts,
};
use crate::{
    control::{Alert, Degraded, RootState, ScoreReport, State},
    governor::pss,
    metrics::{self, Sample},
    store::{Counts, Store},
};

/// The files in `status/`.
pub(crate) const NAMES: &[&str] = &["state", "queue", "workers", "memory", "store", "score", "metrics"];

/// Figures of one moment.
#[derive(Debug, Clone, Default)]
pub(crate) struct Figures {
    pub state: State,
    pub degraded: Vec<Degraded>,
    pub counts: Counts,
    pub waiting: u64,
    pub in_hand: u64,
    pub delayed: u64,
    pub crawling: bool,
    pub rate: f64,
    pub workers: Vec<u32>,
    pub commit: u64,
    pub roots: Vec<RootState>,
    /// The loop's own.
    pub samples: Vec<Sample>,
    pub score: ScoreReport,
    pub alerts: Vec<Alert>,
}

/// The figures of the latest moment.
pub(crate) struct Board {
    // A lock, held for a copy: the loop writes, the mount's threads read.
    latest: Mutex<Figures>,
    store: Arc<dyn Store>,
    /// Whether everybody may read it.
    shared: bool,
}

impl Board {
    pub fn new(store: Arc<dyn Store>, shared: bool) -> Self {
        Self { latest: Mutex::default(), store, shared }
    }

    /// Leaves the figures of now.
    pub fn put(&self, figures: Figures) {
        *self.latest.lock().unwrap_or_else(PoisonError::into_inner) = figures;
    }

    /// The text of a file of [`NAMES`].
    pub fn render(&self, name: &str) -> String {
        let figures = self.latest.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match name {
            "state" => state(&figures),
            "queue" => queue(&figures),
            "workers" => workers(&figures),
            "memory" => memory(&figures),
            "store" => store(&figures),
            "score" => score(&figures),
            "metrics" => self.metrics(figures),
            _ => String::new(),
        }
    }

    fn metrics(&self, figures: Figures) -> String {
        let Figures { samples, counts, roots, workers, .. } = figures;
        let seen = Seen {
            files: file_counts(&counts),
            directories: counts.directories,
            roots,
            workers,
            store: Arc::clone(&self.store),
            all: !self.shared,
        };
        metrics::text(&all(samples, &seen))
    }
}

fn state(figures: &Figures) -> String {
    let mut text = format!("{}\n", figures.state.as_str());
    for Degraded { id, text: sentence } in &figures.degraded {
        _ = writeln!(text, "degraded {id}: {sentence}");
    }
    for Alert { id, text: sentence, .. } in &figures.alerts {
        _ = writeln!(text, "alert {id}: {sentence}");
    }
    text
}

fn queue(figures: &Figures) -> String {
    let Figures { waiting, in_hand, delayed, crawling, rate, counts, .. } = figures;
    format!(
        "waiting {waiting}\nin_hand {in_hand}\ndelayed {delayed}\npending {}\ncrawling {crawling}\nrate {rate:.1}\n",
        counts.pending
    )
}

fn workers(figures: &Figures) -> String {
    let lines: Vec<_> = figures.workers.iter().map(|pid| format!("{pid}\t{}\n", pss(*pid).unwrap_or(0))).collect();
    format!("pid\tpss\n{}", lines.concat())
}

fn memory(figures: &Figures) -> String {
    let workers: u64 = figures.workers.iter().map(|pid| pss(*pid).unwrap_or(0)).sum();
    format!("daemon {}\nworkers {workers}\n", pss(std::process::id()).unwrap_or(0))
}

fn store(figures: &Figures) -> String {
    let Counts { directories, files, pending, indexed, partial, failed } = figures.counts;
    format!(
        "commit {}\ndirectories {directories}\nfiles {files}\npending {pending}\nindexed {indexed}\npartial {partial}\n\
         failed {failed}\n",
        figures.commit
    )
}

fn score(figures: &Figures) -> String {
    let ScoreReport { value, slowness, pressure, failures, why, at } = &figures.score;
    format!("score {value}\nslowness {slowness}\npressure {pressure}\nfailures {failures}\nat {at}\nwhy {why}\n")
}
