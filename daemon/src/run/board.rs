//! What `status/` in the mounted view shows: figures the loop leaves here, rendered when somebody reads.

use std::{
    fmt::Write,
    sync::{Mutex, PoisonError},
};

use crate::{
    control::{Alert, Degraded, ScoreReport, State},
    governor::pss,
    store::Counts,
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
    pub finished: u64,
    pub strikes: u64,
    pub watches: u64,
    pub commit: u64,
    pub roots: u64,
    pub score: ScoreReport,
    pub alerts: Vec<Alert>,
}

/// The figures of the latest moment.
#[derive(Debug, Default)]
pub(crate) struct Board {
    // A lock, held for a copy: the loop writes, the mount's threads read.
    latest: Mutex<Figures>,
}

impl Board {
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
            "metrics" => metrics(&figures),
            _ => String::new(),
        }
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

/// Prometheus text, exposition format 0.0.4.
fn metrics(figures: &Figures) -> String {
    let Counts { directories, pending, indexed, partial, failed, .. } = figures.counts;
    let mut text = String::new();
    let mut family = |name: &str, kind: &str, help: &str, samples: &[(&str, f64)]| {
        _ = writeln!(text, "# HELP metaextract_{name} {help}\n# TYPE metaextract_{name} {kind}");
        for (labels, value) in samples {
            _ = writeln!(text, "metaextract_{name}{labels} {value}");
        }
    };
    let by_state = [
        ("{state=\"pending\"}", pending as f64),
        ("{state=\"indexed\"}", indexed as f64),
        ("{state=\"partial\"}", partial as f64),
        ("{state=\"failed\"}", failed as f64),
    ];
    family("files", "gauge", "Files by state.", &by_state);
    family("directories", "gauge", "Directories in the index.", &[("", directories as f64)]);
    family("roots", "gauge", "Watched roots.", &[("", figures.roots as f64)]);
    family("queue_waiting", "gauge", "Files in the queue.", &[("", figures.waiting as f64)]);
    family("queue_in_hand", "gauge", "Files with the workers.", &[("", figures.in_hand as f64)]);
    family("results_total", "counter", "Results since the start.", &[("", figures.finished as f64)]);
    family("worker_strikes_total", "counter", "Workers that failed on a file.", &[("", figures.strikes as f64)]);
    family("workers", "gauge", "Worker processes.", &[("", figures.workers.len() as f64)]);
    family("watches", "gauge", "Directories watched by the kernel.", &[("", figures.watches as f64)]);
    family("degraded", "gauge", "Degraded states.", &[("", figures.degraded.len() as f64)]);
    text
}
