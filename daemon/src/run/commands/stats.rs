//! All figures, for whoever asks over the bus: what the status counts for that user, and nothing that it would not tell.

use std::sync::Arc;

use crate::{
    control::{FileCounts, Reply, Viewer},
    metrics::Sample,
    run::{
        core::Core,
        metrics::{self, Seen},
        tallies::file_counts,
    },
    store::Rows,
};

impl Core {
    /// The figures that cost reading are gathered on a thread that may block.
    pub(super) fn stats(&self, by: Viewer, reply: Reply<Vec<Sample>>) {
        let (samples, mut roots) = (metrics::of_the_loop(self), self.root_infos(&by));
        let workers = self.reading.engine.workers().iter().map(|worker| worker.pid).collect();
        let (tallies, index) = (Arc::clone(&self.tallies), (self.committed, self.forgotten.is_empty()));
        let (store, counts) = (Arc::clone(&self.store), Rows::counts(&*self.store));
        tokio::task::spawn_blocking(move || {
            let all = by == Viewer::All;
            let (files, directories) = match all {
                true => (file_counts(&counts), counts.directories),
                false => {
                    tallies.add(&*store, index, &mut roots, &by);
                    let files = roots.iter().map(|root| root.files).fold(FileCounts::default(), FileCounts::and);
                    (files, roots.iter().map(|root| root.directories).sum())
                }
            };
            let roots = roots.iter().map(|root| root.state).collect();
            let seen = Seen { files, directories, roots, workers, store, all };
            _ = reply.send(Ok(metrics::all(samples, &seen)));
        });
    }
}
