//! What the threads do: names that follow, directories and records into the caches.

use std::ops::Bound::{Included, Unbounded};

use metafs::ChildId;

use super::{
    Item,
    runs::{Ask, Fetch, Order},
};
use crate::{
    model::{DirId, FileId, FileName, Node},
    store::{
        Shared, StoreError,
        cache::For,
        page::Reader,
        schema::{page_key, page_of},
        tables::{Table, Tables},
    },
};

/// The names that follow, in their order.
pub(super) fn names(shared: &Shared, ask: &Ask) -> Result<Vec<(FileName, Item)>, StoreError> {
    let Some(tables) = shared.lease.awake() else { return Ok(Vec::new()) };
    match &ask.order {
        Order::Bytes => listed(&tables, ask),
        Order::Number(counter) => {
            let mut names = Vec::new();
            for name in (1..=ask.most as u64).filter_map(|further| counter.name(further)) {
                if let Some(entry) = tables.entry(ask.like.parent, &name)? {
                    names.extend(is_like(ask, &name, &entry.node).map(|item| (name, item)));
                }
            }
            Ok(names)
        }
    }
}

fn listed(tables: &Tables, ask: &Ask) -> Result<Vec<(FileName, Item)>, StoreError> {
    let dir = ask.like.parent;
    let first = tables.page_for(dir, &ask.after)?.map_or_else(|| page_key(dir, b""), |(key, _)| key.to_vec());
    let mut names = Vec::new();
    for page in tables.range(Table::Dirs, Included(&first), Unbounded) {
        let (key, bytes) = page?;
        if page_of(&key)?.0 != dir {
            break;
        }
        let mut reader = Reader::new(dir, &bytes)?;
        while let Some(entry) = reader.next()? {
            if *entry.name > *ask.after
                && let Some(item) = is_like(ask, entry.name, &entry.node)
            {
                names.push((entry.name.into(), item));
                if names.len() == ask.most {
                    return Ok(names);
                }
            }
        }
    }
    Ok(names)
}

fn is_like(ask: &Ask, name: &[u8], node: &Node) -> Option<Item> {
    let item = match node {
        Node::Dir(dir) => Item::Dir(*dir),
        Node::File(file) => Item::File(file.id),
    };
    ask.like.has(name, matches!(item, Item::Dir(_))).then_some(item)
}

/// Decodes a directory or a record into the caches, and with a directory its records, as long as there is room for so
/// many and `go_on` says so.
pub(super) fn fetch(shared: &Shared, fetch: Fetch, records: usize, go_on: &dyn Fn() -> bool) -> Result<(), StoreError> {
    let dir: DirId = match fetch.item {
        Item::Dir(dir) => dir,
        Item::File(file) => return shared.load_ahead(file),
    };
    let Some(listing) = shared.listing(dir, For::Later, go_on)?.filter(|_| fetch.records) else { return Ok(()) };
    for (_, child) in &listing.children {
        if !go_on() || shared.cache.is_ahead(records) {
            break;
        }
        if let ChildId::File(file) = child.id {
            shared.load_ahead(FileId(file.0))?;
        }
    }
    Ok(())
}
