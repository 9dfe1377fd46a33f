//! What an index says, for comparison: every path with all that does not depend on how it came about.

use std::collections::{BTreeMap, BTreeSet};

use super::kernel::World;
use crate::{
    model::{DirId, EntryRow, FileId, FileResult, FileState, Identity, Node, join},
    store::{Counts, Rows, StoreError},
};

/// A line of text for each path, and the inode of a file some of whose names the index does not know: no event tells of what
/// happens through those, but a look at the ones it knows.
pub(super) type Index = BTreeMap<String, (String, Option<u64>)>;

/// Everything an index holds, but below `without`; and what its counts must be, of all.
pub(super) fn read(rows: &dyn Rows, without: &[Vec<u8>]) -> Result<(Index, Counts), StoreError> {
    let (mut index, mut counts) = (Index::new(), Counts::default());
    let mut dirs = vec![(DirId::TOP, b"/".to_vec())];
    while let Some((dir, path)) = dirs.pop() {
        let Some(held) = rows.dir(dir)? else {
            index.insert(String::from_utf8_lossy(&path).into_owned(), ("an entry without a row".into(), None));
            continue;
        };
        if rows.path(dir)?.as_deref() != Some(&*path) {
            index
                .insert(format!("{} ", String::from_utf8_lossy(&path)), (format!("is at {:?}", rows.path(dir)?), None));
        }
        for entry in held.entries {
            let at = join(&path, &entry.name);
            count(&mut counts, &entry);
            if !without.iter().any(|root| at.starts_with(root)) {
                index.insert(String::from_utf8_lossy(&at).into_owned(), line(rows, dir, &entry)?);
            }
            if let Node::Dir(id) = entry.node {
                dirs.push((id, at));
            }
        }
    }
    Ok((index, counts))
}

fn count(counts: &mut Counts, entry: &EntryRow) {
    let Node::File(file) = entry.node else {
        counts.directories += 1;
        return;
    };
    counts.files += 1;
    *match file.state {
        FileState::Pending => &mut counts.pending,
        FileState::Indexed => &mut counts.indexed,
        FileState::Partial => &mut counts.partial,
        FileState::Failed(_) => &mut counts.failed,
    } += 1;
}

fn line(rows: &dyn Rows, dir: DirId, entry: &EntryRow) -> Result<(String, Option<u64>), StoreError> {
    // A file system's number counts only where there is no time of birth.
    let identity = match entry.identity.born {
        Some(born) => format!("inode {} born {born}", entry.identity.inode),
        None => format!("inode {} on {}", entry.identity.inode, entry.identity.fs.0),
    };
    let access = entry.access;
    let Node::File(file) = entry.node else {
        return Ok((format!("directory, {identity}, mode {:o}", access.mode), None));
    };
    let stamp = file.fingerprint.stamp;
    let mut others: Vec<String> = Vec::new();
    if file.links > 1 {
        for place in rows.links(&entry.identity)? {
            let above = rows.path(place.dir)?.unwrap_or_default();
            others.push(String::from_utf8_lossy(&join(&above, &place.name)).into_owned());
        }
    }
    others.sort();
    let held = match rows.file(file.id)? {
        None => "no record".into(),
        Some(held) if held.place.dir != dir || held.place.name != entry.name => format!("a record of {:?}", held.place),
        Some(held) => match &held.result {
            FileResult::Record(record) => format!("{:?} {:?}", record.tags, record.stopped),
            FileResult::Failed { kind, .. } => format!("{kind:?}"),
        },
    };
    // A failure has none.
    let reader = match file.state {
        FileState::Indexed | FileState::Partial => file.fingerprint.reader.0,
        FileState::Pending | FileState::Failed(_) => 0,
    };
    let has_more_names = file.links == 1 || file.links as usize > others.len();
    let unseen = has_more_names.then_some(entry.identity.inode);
    let text = format!(
        "file, {identity}, mode {:o}, {} bytes at {} and {}, links {} {others:?}, {:?} by {reader}: {held}",
        access.mode, stamp.size, stamp.mtime, stamp.ctime, file.links, file.state,
    );
    Ok((text, unseen))
}

/// What one says and the other does not, as text; empty when they say the same.
pub(super) fn differences(is: &Index, should: &Index, excused: &BTreeSet<u64>) -> String {
    let mut text = String::new();
    for path in is.keys().chain(should.keys().filter(|path| !is.contains_key(*path))) {
        let (is, should) = (is.get(path), should.get(path));
        let is_excused =
            [is, should].into_iter().flatten().any(|(_, inode)| inode.is_some_and(|inode| excused.contains(&inode)));
        if is != should && !is_excused {
            let none = || ("nothing".to_owned(), None);
            let ((is, _), (should, _)) = (is.cloned().unwrap_or_else(none), should.cloned().unwrap_or_else(none));
            text.push_str(&format!("{path}\n    is     {is}\n    should {should}\n"));
        }
    }
    text
}

/// The numbers of all files and what they stand for; the error names one that two of them have.
pub(super) fn numbers(rows: &dyn Rows) -> anyhow::Result<BTreeMap<FileId, Identity>> {
    let (mut numbers, mut dirs) = (BTreeMap::new(), vec![DirId::TOP]);
    while let Some(dir) = dirs.pop() {
        for entry in rows.dir(dir)?.map(|held| held.entries).unwrap_or_default() {
            match entry.node {
                Node::Dir(id) => dirs.push(id),
                Node::File(file) => {
                    let other = numbers.insert(file.id, entry.identity);
                    anyhow::ensure!(other.is_none(), "two files have the number {}", file.id.0);
                }
            }
        }
    }
    Ok(numbers)
}

/// The last things that happened.
pub(super) fn last(world: &World, lines: usize) -> String {
    let state = world.lock();
    state.log[state.log.len().saturating_sub(lines)..].join("\n")
}
