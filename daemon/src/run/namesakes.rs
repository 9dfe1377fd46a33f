//! Other names of files with several, where the index may still take them for the only one: the kernel tells of a new
//! name, and not that the first one's file has changed with it. No index of inodes is kept; the rows are searched, seldom.

use std::{
    collections::{BTreeSet, HashSet},
    time::Duration,
};

use tokio::time::Instant;

use super::{Event, core::Core};
use crate::{
    model::{DirId, Identity, Node, Place},
    plan,
    store::{Rows, StoreError},
};

/// How long inodes are gathered before the rows are searched.
const GATHER: Duration = Duration::from_secs(5);
/// Inodes that are gathered; with more of them everything is looked at.
const MOST: usize = 10_000;
/// Rows taken from the store at once.
const STEP: usize = 4_096;

/// Inodes some of whose names the index may not have as they are.
#[derive(Debug, Default)]
pub(crate) struct Namesakes {
    inodes: BTreeSet<Identity>,
    /// When they are searched for.
    pub due: Option<Instant>,
}

impl Core {
    /// A walk found these, with names that the index does not know to be theirs.
    pub(super) fn has_namesakes(&mut self, inodes: Vec<Identity>) {
        self.namesakes.due.get_or_insert_with(|| Instant::now() + GATHER);
        self.namesakes.inodes.extend(inodes);
        if self.namesakes.inodes.len() > MOST {
            self.namesakes = Namesakes::default();
            self.roots.iter_mut().for_each(|root| root.wanted.subtree(Vec::new()));
        }
    }

    /// Searches, if it is time, on a thread that may block.
    pub(super) fn search_for_namesakes(&mut self) {
        if self.namesakes.due.is_none_or(|due| due > Instant::now()) || self.is_crawling() {
            return;
        }
        let Namesakes { inodes, .. } = std::mem::take(&mut self.namesakes);
        let (store, events) = (self.store.clone(), self.events.clone());
        (self.threads)(Box::new(move || {
            // What a store that cannot answer leaves out is found when everything is looked at after it.
            let places = find(&*store, inodes).unwrap_or_default();
            // Fails only when the daemon is stopping.
            _ = events.blocking_send(Event::Namesakes(places));
        }));
    }
}

/// The places of these inodes that do not stand together with the others.
fn find(rows: &dyn Rows, inodes: BTreeSet<Identity>) -> Result<Vec<Place>, StoreError> {
    let mut wanted = HashSet::new();
    for inode in inodes {
        let known = rows.links(&inode)?;
        let Some(first) = known.first() else { continue };
        let links = match rows.entry(first.dir, &first.name)?.map(|entry| entry.node) {
            Some(Node::File(file)) => file.links as usize,
            _ => 0,
        };
        if known.len() < links {
            wanted.insert(plan::key(&inode));
        }
    }
    let mut places = Vec::new();
    let mut next = Some(DirId::TOP).filter(|_| !wanted.is_empty());
    while let Some(from) = next {
        let (found, on) = rows.scan(from, STEP, &|_| true)?;
        let alone = found.into_iter().filter(|(_, entry)| matches!(entry.node, Node::File(file) if file.links == 1));
        let theirs = alone.filter(|(_, entry)| wanted.contains(&plan::key(&entry.identity)));
        places.extend(theirs.map(|(dir, entry)| Place { dir, name: entry.name }));
        next = on;
    }
    Ok(places)
}
