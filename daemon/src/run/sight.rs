//! What a user may see of the index and of the disk. What may not be seen is as what is not there.
//!
//! A file is seen by who may read it, a directory by who may pass it; both only where every directory above may be
//! passed. The index says it by its rows; a path that the index does not have is looked up as that user would.

use crate::{
    control::{Viewer, Want},
    model::{Access, DirId, EntryRef, EntryRow, FileState, Node},
    store::{Rows, StoreError},
    watch::{
        reach::{Last, Reached, reach},
        scan,
    },
};

/// The row of an absolute path with its directory, if this user sees it.
pub(crate) fn entry_at(rows: &dyn Rows, path: &[u8], by: &Viewer) -> Result<Option<(DirId, EntryRow)>, StoreError> {
    let Some(slash) = path.iter().rposition(|&b| b == b'/') else { return Ok(None) };
    let (parent, name) = (&path[..slash.max(1)], &path[slash + 1..]);
    let Some(dir) = passed(rows, parent, by)? else { return Ok(None) };
    let entry = rows.entry(dir, name)?.filter(|entry| sees(&entry.as_ref(), by));
    Ok(entry.map(|entry| (dir, entry)))
}

/// Whether this user sees what lies in a directory of the index, as far as it may be read itself.
pub(crate) fn passes(rows: &dyn Rows, dir: DirId, by: &Viewer) -> Result<bool, StoreError> {
    if *by == Viewer::All {
        return Ok(true);
    }
    let Some(path) = rows.path(dir)? else { return Ok(false) };
    Ok(passed(rows, &path, by)?.is_some())
}

/// The directory at an absolute path, if this user may pass it and all above.
fn passed(rows: &dyn Rows, path: &[u8], by: &Viewer) -> Result<Option<DirId>, StoreError> {
    if *by == Viewer::All {
        return rows.dir_at(path);
    }
    let Some(top) = rows.dir(DirId::TOP)? else { return Ok(None) };
    let (mut dir, mut access) = (DirId::TOP, top.dir.access);
    for name in path.split(|&b| b == b'/').filter(|name| !name.is_empty()) {
        if !by.may(&access, Want::Search) {
            return Ok(None);
        }
        match rows.entry(dir, name)? {
            Some(EntryRow { node: Node::Dir(id), access: own, .. }) => (dir, access) = (id, own),
            _ => return Ok(None),
        }
    }
    Ok(by.may(&access, Want::Search).then_some(dir))
}

/// Whether a user who has come as far as its directory sees it.
pub(crate) fn sees(entry: &EntryRef<'_>, by: &Viewer) -> bool {
    let want = if matches!(entry.node, Node::Dir(_)) { Want::Search } else { Want::Read };
    by.may(&entry.access, want)
}

/// What stands at an absolute path on the disk, if this user sees it. May block.
pub(crate) fn on_disk(path: &[u8], last: Last, by: &Viewer) -> Option<Reached> {
    let reached = reach(path, last, &|directory: &Access| by.may(directory, Want::Search)).ok()?;
    is_seen(&reached, by).then_some(reached)
}

fn is_seen(reached: &Reached, by: &Viewer) -> bool {
    by.may(&reached.access, if reached.is_dir { Want::Search } else { Want::Read })
}

/// Whether the disk keeps this user from what stands at an absolute path now, whatever the index says: what it knows of
/// rights is as old as the last look. What is not there is not kept from anybody. May block.
pub(crate) fn is_closed(path: &[u8], by: &Viewer) -> bool {
    if *by == Viewer::All {
        return false;
    }
    match reach(path, Last::Keep, &|directory: &Access| by.may(directory, Want::Search)) {
        Ok(reached) => !is_seen(&reached, by),
        Err(error) => !scan::is_gone(&error),
    }
}

/// All files in some state that a user sees, each with its directory, fetched step by step.
pub(crate) fn scan<F: Fn(FileState) -> bool>(
    scan: super::answers::Scan<F>,
    rows: std::sync::Arc<dyn Rows>,
    by: Viewer,
) -> impl Iterator<Item = (DirId, EntryRow)> {
    let mut last: Option<(DirId, bool)> = None;
    scan.filter(move |(dir, entry)| {
        let passes = match last {
            Some((known, passes)) if known == *dir => passes,
            // What cannot be told is not shown.
            _ => passes(&*rows, *dir, &by).unwrap_or(false),
        };
        last = Some((*dir, passes));
        passes && sees(&entry.as_ref(), &by)
    })
}
