//! The values of all figures in `packaging/metrics.toml`, one line each: those of the loop, and those that are looked at only
//! when somebody reads, on that one's thread.

use std::sync::{Arc, atomic::Ordering::Relaxed};

use metaextract::{ReasonKind, formats};

use super::{alerts::Kind, core::Core};
use crate::{
    control::{FileCounts, RootState, ScoreReport, State},
    governor::{Strain, pss},
    metrics::{Measure, Sample, join, measure},
    model::{FailureKind, ReaderId},
    readers,
    store::{Caches, Prefetch, Rest, Store, Tier},
};

/// What the loop knows; none of it may take long.
static OF_THE_LOOP: &[Measure<Core>] = &[
    ("metaextract_state", |core, to| to.one_of(State::ALL.map(State::as_str), core.state().as_str())),
    ("metaextract_degraded", |core, to| core.degraded.keys().for_each(|id| to.of([id], true))),
    ("metaextract_build_info", |_, to| to.of([env!("CARGO_PKG_VERSION")], true)),
    ("metaextract_start_time_seconds", |core, to| to.is(seconds(core.started))),
    ("metaextract_jobs", |core, to| to.is(core.jobs.len())),
    ("metaextract_queue_files", |core, to| {
        to.of(["waiting"], core.reading.queue.len());
        to.of(["in_hand"], core.reading.in_hand());
        to.of(["delayed"], core.reading.delayed());
    }),
    ("metaextract_results_total", |core, to| {
        let totals = &core.reading.totals;
        let (partial, failed) = (totals.partial.all(), totals.failed.all());
        to.of(["record"], totals.finished.saturating_sub(partial + failed));
        to.of(["partial"], partial);
        to.of(["failed"], failed);
    }),
    ("metaextract_partial_total", |core, to| {
        ReasonKind::ALL.iter().for_each(|kind| to.of([kind.as_str()], core.reading.totals.partial.of(*kind)));
    }),
    ("metaextract_failures_total", |core, to| {
        FailureKind::ALL.iter().for_each(|kind| to.of([kind.as_str()], core.reading.totals.failed.of(*kind)));
    }),
    ("metaextract_read_files_total", |core, to| {
        let read = |reader: ReaderId| core.reading.totals.read.of(reader);
        formats::ALL.iter().for_each(|format| to.of([format.name], read(readers::id(format.name))));
        to.of(["other"], read(readers::id("")));
    }),
    ("metaextract_read_bytes_total", |core, to| to.is(core.reading.totals.cost.read)),
    ("metaextract_read_calls_total", |core, to| to.is(core.reading.totals.cost.calls)),
    ("metaextract_read_cpu_seconds_total", |core, to| to.is(seconds(core.reading.totals.cost.cpu_us))),
    ("metaextract_workers", |core, to| to.is(core.reading.engine.workers().len())),
    ("metaextract_workers_wanted", |core, to| to.is(core.governing.decision.size.workers)),
    ("metaextract_worker_starts_total", |core, to| to.is(core.reading.engine.started())),
    ("metaextract_worker_deaths_total", |core, to| {
        let classes = FailureKind::ALL.iter().filter(|kind| kind.is_a_workers());
        classes.for_each(|kind| to.of([kind.as_str()], core.reading.totals.strikes.of(*kind)));
    }),
    ("metaextract_decisions_total", |core, to| {
        to.of(["grow"], core.governing.changes.0);
        to.of(["shrink"], core.governing.changes.1);
    }),
    ("metaextract_strain", |core, to| to.one_of(Strain::NAMES, core.governing.state.strain)),
    ("metaextract_pressure_ratio", |core, to| {
        let shares = core.governing.state.shares.iter();
        shares.for_each(|share| to.of([share.of, share.resource, share.tasks], share.share));
    }),
    ("metaextract_memory_ceiling_bytes", |core, to| to.is(core.settings.workers.memory_ceiling)),
    ("metaextract_watches", |core, to| to.is(core.watcher.as_ref().map_or(0, |watcher| watcher.watched()))),
    ("metaextract_watches_limit", |core, to| to.is(core.watcher.as_ref().and_then(|watcher| watcher.limit()))),
    ("metaextract_events_total", |core, to| to.is(core.hints.heard.load(Relaxed))),
    ("metaextract_events_lost_total", |core, to| to.is(core.events_lost)),
    ("metaextract_crawl_directories_total", |core, to| to.is(core.walks.looks.dirs.load(Relaxed))),
    ("metaextract_crawl_files_total", |core, to| to.is(core.walks.looks.files.load(Relaxed))),
    ("metaextract_commits_total", |core, to| to.is(core.committed.0)),
    ("metaextract_cache_hits_total", |core, to| caches(core).iter().for_each(|(name, tier)| to.of([name], tier.hits))),
    ("metaextract_cache_misses_total", |core, to| {
        caches(core).iter().for_each(|(name, tier)| to.of([name], tier.misses))
    }),
    ("metaextract_cache_evictions_total", |core, to| {
        caches(core).iter().filter(|(_, tier)| tier.most > 0).for_each(|(name, tier)| to.of([name], tier.evictions));
    }),
    ("metaextract_cache_bytes", |core, to| {
        caches(core).iter().filter(|(_, tier)| tier.most > 0).for_each(|(name, tier)| to.of([name], tier.bytes));
    }),
    ("metaextract_cache_limit_bytes", |core, to| {
        caches(core).iter().filter(|(_, tier)| tier.most > 0).for_each(|(name, tier)| to.of([name], tier.most));
    }),
    ("metaextract_prefetch_total", |core, to| {
        let Prefetch { fetched, hits, wasted } = core.store.caches().prefetch;
        to.of(["fetched"], fetched);
        to.of(["used"], hits);
        to.of(["wasted"], wasted);
    }),
    ("metaextract_score", |core, to| to.is(u64::from(core.performance.score.value))),
    ("metaextract_score_lost", |core, to| {
        let ScoreReport { slowness, pressure, failures, .. } = core.performance.score;
        to.of(["slowness"], u64::from(slowness));
        to.of(["pressure"], u64::from(pressure));
        to.of(["failures"], u64::from(failures));
    }),
    ("metaextract_alert", |core, to| {
        Kind::ALL.iter().for_each(|kind| to.of([kind.as_str()], core.performance.alerts.is_on(*kind)));
    }),
];

/// The caches, the quickest first. What the index as such keeps has its size elsewhere.
fn caches(core: &Core) -> [(&'static str, Tier); 4] {
    let Caches { records, listings, .. } = core.store.caches();
    let looks = &core.walks.looks;
    let unchanged = looks.unchanged.load(Relaxed);
    let changed = looks.files.load(Relaxed).saturating_sub(unchanged);
    let index = Tier { hits: unchanged, misses: changed, ..Tier::default() };
    [("records", records), ("listings", listings), ("index", index), ("copies", core.reading.copy_use())]
}

/// What is looked at when somebody reads.
static WHEN_READ: &[Measure<Seen>] = &[
    ("metaextract_files", |seen, to| {
        let FileCounts { indexed, partial, pending, failed, .. } = seen.files;
        to.of(["indexed"], indexed);
        to.of(["partial"], partial);
        to.of(["pending"], pending);
        to.of(["failed"], failed);
    }),
    ("metaextract_directories", |seen, to| to.is(seen.directories)),
    ("metaextract_roots", |seen, to| {
        let are = |state| seen.roots.iter().filter(|root| **root == state).count();
        RootState::ALL.into_iter().for_each(|state| to.of([state.as_str()], are(state)));
    }),
    ("metaextract_memory_bytes", |seen, to| {
        to.of(["daemon"], pss(std::process::id()));
        to.of(["workers"], seen.workers.iter().map(|worker| pss(*worker).unwrap_or(0)).sum::<u64>());
    }),
    ("metaextract_store_bytes", |seen, to| to.is(seen.store.size())),
    ("metaextract_store_rest", |seen, to| to.one_of(Rest::ALL.map(Rest::as_str), seen.store.rest().as_str())),
];

/// What is seen by whoever reads: of roots and files as much as may be.
pub(super) struct Seen {
    pub files: FileCounts,
    pub directories: u64,
    pub roots: Vec<RootState>,
    /// Processes.
    pub workers: Vec<u32>,
    pub store: Arc<dyn Store>,
    /// Whether everything is; else what is private is left out.
    pub all: bool,
}

/// What the loop knows now.
pub(super) fn of_the_loop(core: &Core) -> Vec<Sample> {
    measure(OF_THE_LOOP, core)
}

/// All figures, of which the loop's were taken at some moment before. Asks the kernel about each worker.
pub(super) fn all(of_the_loop: Vec<Sample>, seen: &Seen) -> Vec<Sample> {
    let mut samples = join(of_the_loop, measure(WHEN_READ, seen));
    samples.retain(|sample| seen.all || !sample.row().private);
    samples
}

fn seconds(us: u64) -> f64 {
    us as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::metrics::table;

    #[test]
    fn every_row_has_a_value_and_every_value_a_row() {
        let measured: Vec<&str> =
            OF_THE_LOOP.iter().map(|(name, _)| *name).chain(WHEN_READ.iter().map(|(name, _)| *name)).collect();
        let rows: BTreeSet<&str> = table().iter().map(|row| row.name.as_str()).collect();
        assert_eq!(measured.iter().copied().collect::<BTreeSet<_>>(), rows);
        assert_eq!(measured.len(), rows.len(), "a row has two values");
    }
}
