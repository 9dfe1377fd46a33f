//! What follows when the engine tells something.

use super::{pending, pending_row};
use crate::{
    config,
    engine::EngineEvent,
    model::{self, FileId, FileResult, Mutation, Node, Place, Priority},
    proto::Achieved,
    run::{
        core::{Committing, Core},
        reading::Next,
    },
};

/// The degraded state of a process that may open no more.
const SHORT: &str = "out-of-resources";

impl Core {
    pub(super) fn engine_tells(&mut self, event: EngineEvent) {
        match event {
            EngineEvent::Finished(job, outcome) => {
                let now = self.now();
                match self.reading.finished(job, outcome, now) {
                    Next::Commit(mutations) => {
                        mutations.iter().for_each(|mutation| self.count_failure(mutation));
                        self.results.extend(mutations);
                    }
                    Next::Suspect(mutation, job) => {
                        let commit = self.commit(vec![mutation]);
                        self.reading.retry_when_durable(commit, job);
                    }
                    Next::LookAt(place) => self.look_at_place(place),
                    Next::Nothing => {}
                }
            }
            EngineEvent::Distrusted(files) => self.distrust(files),
            EngineEvent::NoWorkers { why } => {
                tracing::error!(error = %why, "no worker can be started, trying again ever more slowly");
                self.degraded.insert("no-workers", format!("no file can be read: {why}"));
            }
            EngineEvent::Short { why } => {
                self.reading.short = why;
                self.tell_shortage();
            }
            EngineEvent::Measured(achieved) => self.measured(achieved),
            EngineEvent::WorkersBack => {
                tracing::info!("workers run again");
                self.degraded.remove("no-workers");
            }
        }
    }

    /// Whoever waits for a file that has failed is told so.
    fn count_failure(&mut self, mutation: &Mutation) {
        let Mutation::PutResult { file, place, result, .. } = mutation else { return };
        if matches!(**result, FileResult::Failed { .. })
            && !self.jobs.is_empty()
            && let Ok(Some(dir)) = self.store.path(place.dir)
        {
            self.jobs.failed(*file, &model::join(&dir, &place.name));
        }
    }

    /// The walls around workers are as good as measured, whatever the settings want.
    fn measured(&mut self, achieved: Achieved) {
        self.reading.achieved = Some(achieved);
        let missing: Vec<_> = achieved.missing().collect();
        let text = match (missing.is_empty() && achieved.seccomp, achieved.landlock) {
            _ if self.settings.isolation == config::Isolation::None => None,
            (true, 0) => Some(
                "this kernel has no Landlock: workers are confined by the filter of system calls alone; start one with \
                 Landlock, 5.13 or newer, with landlock among its lsm="
                    .into(),
            ),
            (true, _) => None,
            (false, _) => Some(format!(
                "a worker that a file has captured could {}; use a kernel with Landlock and seccomp, or set isolation = \
                 \"require\" to read nothing instead",
                missing.join(", ")
            )),
        };
        match text {
            None => _ = self.degraded.remove("isolation"),
            Some(text) => {
                tracing::warn!(?achieved, "workers are confined less than they could be");
                self.degraded.insert("isolation", text);
            }
        }
    }

    /// A captured worker may have falsified these records.
    fn distrust(&mut self, files: Vec<FileId>) {
        tracing::warn!(files = files.len(), "a worker broke out of its rules, reading again what it had read");
        self.reading.doubt(&files);
        let takers = self.reading.distrusted(&files);
        let files = [files, takers].concat();
        // Its last results may be on their way into the store.
        self.commit_results();
        self.distrusted.push_back((self.last_commit, files));
        self.read_distrusted();
    }

    /// Makes files pending whose records are all committed now.
    pub(super) fn read_distrusted(&mut self) {
        while self.distrusted.front().is_some_and(|(commit, _)| *commit <= self.committed) {
            let Some((_, files)) = self.distrusted.pop_front() else { return };
            self.read_again(&files);
        }
    }

    fn read_again(&mut self, files: &[FileId]) {
        let entry = |place: &Place| Some((place.dir, self.store.entry(place.dir, &place.name).ok()??));
        let mut mutations = Vec::new();
        for file in files {
            let place = self.store.file(*file).ok().flatten().map(|file| file.place.clone());
            let Some((dir, found)) = place.and_then(|place| entry(&place)) else { continue };
            // One reading has served all names of an inode.
            let is_linked = matches!(found.node, Node::File(file) if file.links > 1);
            let others = if is_linked { self.store.links(&found.identity).unwrap_or_default() } else { Vec::new() };
            let others = others.iter().filter_map(entry).filter(|other| *other != (dir, found.clone()));
            mutations.extend(others.chain([(dir, found.clone())]).filter_map(|(dir, entry)| pending(dir, entry)));
        }
        if !mutations.is_empty() {
            let commit = self.commit(mutations.clone());
            let rows = mutations.iter().filter_map(pending_row).collect();
            self.after_commit.push_back(Committing { commit, rows, priority: Priority::Crawl });
        }
    }

    /// What this process lacks to open files and directories, as a degraded state. Whatever needs it waits.
    pub(super) fn tell_shortage(&mut self) {
        let of_walks = self.roots.iter().map(|root| &root.short).find(|short| !short.is_empty());
        match self.reading.short.as_ref().or(of_walks) {
            None => _ = self.degraded.remove(SHORT),
            Some(why) => {
                let text = format!("files and directories cannot be opened, and wait until they can be: {why}");
                self.degraded.insert(SHORT, text);
            }
        }
    }
}
