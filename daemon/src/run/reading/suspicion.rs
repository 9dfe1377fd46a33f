//! Which files are suspected of what, and how that outlives the daemon.

use super::{Next, Reading, Target};
use crate::{
    model::{FailureKind, FileId, FileRow, Job, Mutation, Priority, path},
    run::slate::Left,
    store::CommitId,
};

/// Why a file has no record with which the daemon ended again and again.
const ENDED_DAEMON: &str = "the daemon ended while it was read";

impl Reading {
    /// Failed tries of an earlier run.
    pub fn remember_suspects(&mut self, suspects: Vec<(FileId, u8, FailureKind)>) {
        let lone = suspects.iter().filter(|(_, _, kind)| *kind == FailureKind::EndedDaemon);
        self.lone = lone.map(|(file, ..)| *file).collect();
        self.suspects = suspects.into_iter().map(|(file, attempts, _)| (file, attempts)).collect();
    }

    /// The daemon ended suddenly while it had this pending file in hand. The first time, and with others in hand, that only
    /// makes it a suspect: the last try is one with nothing beside it.
    pub fn accuse(&mut self, target: Target, alone: bool) -> Vec<Mutation> {
        let mut job = self.job(target, Priority::Crawl);
        job.attempts = job.attempts.saturating_add(1);
        if alone && self.lone.contains(&job.file) && job.attempts >= self.rules.retry.attempts {
            tracing::warn!(path = ?path(&job.absolute()), "the daemon ended again and again with a file, leaving it until it changes");
            return match self.give_up(&job, FailureKind::EndedDaemon, ENDED_DAEMON.into()) {
                Next::Commit(mutations) => mutations,
                _ => Vec::new(),
            };
        }
        let attempts = job.attempts.min(self.rules.retry.attempts.saturating_sub(1)).max(1);
        self.suspects.insert(job.file, attempts);
        self.lone.insert(job.file);
        let Job { file, place, .. } = job;
        vec![Mutation::PutSuspect { file, place, attempts, kind: FailureKind::EndedDaemon }]
    }

    /// Another name of an accused file: as suspect as that one is now.
    pub fn accuse_like(&mut self, target: Target, accused: FileId) -> Option<Mutation> {
        let attempts = *self.suspects.get(&accused)?;
        let Target { place, file: FileRow { id: file, .. }, .. } = target;
        self.suspects.insert(file, attempts);
        self.lone.insert(file);
        Some(Mutation::PutSuspect { file, place, attempts, kind: FailureKind::EndedDaemon })
    }

    /// Which accusation of this file its being left makes; the same each time that is asked, though an earlier start may have
    /// written it down.
    pub fn accusation(&mut self, left: &Left) -> u8 {
        let known = self.suspects.get(&left.file).copied().unwrap_or(0);
        let before = left.accused.checked_sub(1).unwrap_or(known);
        self.suspects.insert(left.file, before);
        before.saturating_add(1)
    }

    /// With this commit all is written down that the last end of the daemon tells. One that is waited for already comes first:
    /// where there is always another, reading goes on between them.
    pub fn accused(&mut self, commit: CommitId) {
        _ = self.accused.get_or_insert(commit);
    }

    /// A worker that gave results for these files broke out of its rules: which of them made it do so shows only when
    /// each is read by a worker of its own.
    pub fn doubt(&mut self, files: &[FileId]) {
        self.doubted.extend(files);
    }

    /// Forgets the failed tries of a file that a person wants read again.
    pub fn forgive(&mut self, file: FileId) -> Option<Mutation> {
        self.lone.remove(&file);
        self.suspects.remove(&file).map(|_| Mutation::ClearSuspect(file))
    }
}
