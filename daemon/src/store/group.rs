//! Batches on their way into rows, a transaction at a time. Says what is committed; decides nothing about when.

use std::{collections::VecDeque, io};

use crate::{
    model::Mutation,
    store::{
        Changed, CommitId, Shared, StoreError, StoreEvent,
        draft::{Draft, Tools},
        schema::meta,
        tables::{Changes, Table},
    },
};

/// Changes in one transaction.
const GROUP: usize = 256;

/// What waits to be committed.
#[derive(Debug)]
pub(super) struct Work {
    pub tools: Tools,
    /// Batches that are not committed to their end.
    waiting: VecDeque<Batch>,
    /// The last batch that is.
    pub committed: CommitId,
}

#[derive(Debug)]
struct Batch {
    commit: CommitId,
    mutations: Vec<Mutation>,
    /// The first one that is not committed.
    next: usize,
    changed: Vec<Changed>,
}

impl Work {
    pub(super) fn new(shared: &Shared) -> io::Result<Self> {
        Ok(Self { tools: Tools::new(shared)?, waiting: VecDeque::new(), committed: CommitId(0) })
    }

    pub(super) fn push(&mut self, commit: CommitId, mutations: Vec<Mutation>) {
        self.waiting.push_back(Batch { commit, mutations, next: 0, changed: Vec::new() });
    }

    /// Whether no batch waits.
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Commits the next changes, at most [`GROUP`], in one transaction, and tells the batches that are done. On error
    /// they wait as before.
    pub(super) fn write(&mut self, shared: &Shared, tell: &dyn Fn(StoreEvent)) -> Result<(), StoreError> {
        let mut draft = Draft::new(shared, &mut self.tools)?;
        let mut left = GROUP;
        let mut reached = Vec::new();
        for batch in &self.waiting {
            let (mut next, mut changed) = (batch.next, Vec::new());
            while let Some(mutation) = batch.mutations.get(next).filter(|_| left > 0 && !draft.is_full()) {
                draft.apply(mutation, &mut changed)?;
                next += 1;
                left -= 1;
            }
            reached.push((next, changed));
            if next < batch.mutations.len() {
                break;
            }
        }
        draft.commit()?;
        for (batch, (next, changed)) in self.waiting.iter_mut().zip(reached) {
            batch.next = next;
            batch.changed.extend(changed);
        }
        while let Some(batch) = self.waiting.pop_front_if(|batch| batch.next == batch.mutations.len()) {
            self.committed = batch.commit;
            tell(StoreEvent::Committed { commit: batch.commit, changed: batch.changed });
        }
        Ok(())
    }

    /// Changes one of the rows about the store itself.
    pub(super) fn put_meta(&mut self, shared: &Shared, key: &[u8], value: Option<Vec<u8>>) -> Result<(), StoreError> {
        let mut changes = Changes::default();
        changes.put(Table::Meta, key, value);
        shared.lease.tables()?.commit(&changes)?;
        self.tools.note(&changes);
        Ok(())
    }

    /// Commits may have been lost with the disk: what is kept in memory beside the rows is written again.
    pub(super) fn store_again(&mut self, shared: &Shared) -> Result<(), StoreError> {
        self.tools.names.store_again();
        shared.unpacker.all().into_iter().try_for_each(|(number, bytes)| {
            self.put_meta(shared, &meta::key(meta::DICTIONARY, &number.to_be_bytes()), Some(bytes.to_vec()))
        })
    }

    /// Clears some of a removed directory; nothing to do if there is none.
    pub(super) fn clear(&mut self, shared: &Shared) -> Result<(), StoreError> {
        let Some(dir) = shared.hidden.first() else { return Ok(()) };
        let mut draft = Draft::new(shared, &mut self.tools)?;
        draft.clear(dir)?;
        draft.commit()
    }
}
