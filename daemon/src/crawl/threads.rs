//! The looks of one walk, on several threads where there are many. What each gave is taken in by the walk's own thread.

use std::{
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::{Arc, mpsc},
};

use rayon::{ThreadPool, ThreadPoolBuilder, prelude::*};

use super::{Stop, Visit, Visited, Walk, look::look_at};

/// Names kept waiting for a match before new ones are settled without.
const WAITING_MAX: usize = 200_000;
/// Directories that a walk looks at without further threads.
const ALONE: usize = 4;
/// Directories looked at by one thread between two hand-overs, and how many such parts are under way for each thread.
const PART: usize = 64;
const AHEAD: usize = 2;

impl<'a> Walk<'a> {
    /// Threads for so many looks, kept until the walk ends; a directory or two, after an event, are not worth them.
    pub(super) fn pool_for(&mut self, looks: usize) -> Option<Arc<ThreadPool>> {
        if looks < ALONE || self.crawl.threads < 2 {
            return None;
        }
        if self.pool.is_none() {
            let pool = ThreadPoolBuilder::new().num_threads(self.crawl.threads).thread_name(|n| format!("walk-{n}"));
            self.pool = pool.build().ok().map(Arc::new);
        }
        self.pool.clone()
    }

    /// Watches first and lists second, so that nothing falls between.
    pub(super) fn look(&mut self, chunk: Vec<Visit>) -> Result<(), Stop> {
        self.watch(&chunk);
        let look = self.looker();
        let visited: Vec<Option<Visited>> = match self.pool_for(chunk.len()) {
            None => chunk.into_iter().map(look).collect::<Result<_, _>>()?,
            Some(pool) => pool.install(|| chunk.into_par_iter().map(look).collect::<Result<_, _>>())?,
        };
        self.take_all(visited);
        Ok(())
    }

    /// Looks at the known directories and at those that come up in them. What a few looks gave is taken in while the
    /// threads go on with others, so that they never wait for each other.
    pub(super) fn look_ahead(&mut self, pool: &ThreadPool) -> Result<(), Stop> {
        let look = self.looker();
        let (sender, looked) = mpsc::channel();
        pool.in_place_scope(|scope| {
            let mut under_way = 0;
            loop {
                let ahead = if self.is_cancelled() { 0 } else { AHEAD * self.crawl.threads };
                while under_way < ahead && !self.known.is_empty() {
                    let part = split_last(&mut self.known, PART);
                    self.watch(&part);
                    let sender = sender.clone();
                    scope.spawn(move |_| {
                        let looks = || part.into_iter().map(look).collect::<Result<Vec<_>, _>>();
                        // Nobody listens any more after an error.
                        _ = sender.send(catch_unwind(AssertUnwindSafe(looks)));
                    });
                    under_way += 1;
                }
                if under_way == 0 {
                    return Ok(());
                }
                under_way -= 1;
                match looked.recv() {
                    Ok(Ok(visited)) => self.take_all(visited?),
                    Ok(Err(panic)) => resume_unwind(panic),
                    Err(mpsc::RecvError) => return Ok(()),
                }
            }
        })
    }

    /// One look, for any thread.
    fn looker(&self) -> impl Fn(Visit) -> Result<Option<Visited>, Stop> + Copy + Send + Sync + use<'a> {
        let (crawl, root_dir, seen, current) = (self.crawl, self.root_dir, self.seen, self.current());
        move |visit| look_at(&*crawl.rows, root_dir, current, seen, visit)
    }

    fn take_all(&mut self, visited: Vec<Option<Visited>>) {
        visited.into_iter().flatten().for_each(|visited| self.take(visited));
        self.leave_out();
        if self.moves.waiting() > WAITING_MAX {
            self.settle_files();
        }
    }
}

/// The last of a list, `most` at most.
pub(super) fn split_last<T>(list: &mut Vec<T>, most: usize) -> Vec<T> {
    list.split_off(list.len().saturating_sub(most))
}
