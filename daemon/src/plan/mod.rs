//! What a change means: compares what the index has of a directory with what a look at it found. Pure.
//!
//! Called by the crawl. Opens nothing, reads no clock; owns the comparison of fingerprints.

mod moves;

pub(crate) use moves::put_dir;
pub use moves::{MovedDir, Moves, Settled};

use std::{cmp::Ordering, iter::Peekable, slice};

use crate::model::{
    Access, DirId, EntryRef, EntryRow, FileName, FileRow, FileState, Fingerprint, Identity, Node, PolicyId, ReaderId,
    Stamp,
};

/// One name that a look found. Nearly all are as the index has them: the name is copied of those that are not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found<N = FileName> {
    pub name: N,
    pub identity: Identity,
    pub access: Access,
    pub kind: FoundKind,
}

/// What it is. Nothing else is ever indexed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FoundKind {
    File { stamp: Stamp, links: u32 },
    Dir,
}

impl Found<&[u8]> {
    fn to_found(&self) -> Found {
        Found { name: self.name.into(), identity: self.identity, access: self.access, kind: self.kind }
    }
}

/// How much of a directory a look covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// Every name: what was not found is gone.
    Whole,
    /// Only these names, sorted.
    Names(Vec<FileName>),
}

/// What a file's fingerprint is held against.
#[derive(Debug, Clone, Copy)]
pub struct Current<'a> {
    pub policy: PolicyId,
    /// The numbers of all readers at their present version.
    pub readers: &'a [ReaderId],
}

/// What differs in one directory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Delta {
    /// Same file, new row: pending where the content may have changed.
    pub changed: Vec<EntryRow>,
    /// Another file stands at the name: the old row and what is there now.
    pub replaced: Vec<(EntryRow, Found)>,
    pub appeared: Vec<Found>,
    pub vanished: Vec<EntryRow>,
    /// Directories that stand where they stood.
    pub kept_dirs: Vec<Kept>,
    /// Files that stand unchanged.
    pub unchanged: usize,
}

/// A directory that stands where it stood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    pub id: DirId,
    pub name: FileName,
    pub identity: Identity,
    /// Who may read it has changed, so what can be seen in it may have, too.
    pub access_changed: bool,
}

impl Delta {
    /// Whether the index already says what was seen.
    pub fn is_empty(&self) -> bool {
        self.changed.is_empty() && self.replaced.is_empty() && self.appeared.is_empty() && self.vanished.is_empty()
    }
}

/// Walks both sorted lists once: the rows come one by one. What stands unchanged is not copied.
#[derive(Debug)]
pub struct Comparison<'a> {
    found: Peekable<slice::Iter<'a, Found<&'a [u8]>>>,
    scope: &'a Scope,
    current: Current<'a>,
    delta: Delta,
}

impl<'a> Comparison<'a> {
    /// `found` is sorted by name and has only what the rules admit; `scope` says what the look covered.
    pub fn new(found: &'a [Found<&'a [u8]>], scope: &'a Scope, current: Current<'a>) -> Self {
        Self { found: found.iter().peekable(), scope, current, delta: Delta::default() }
    }

    /// Takes the next row of the directory.
    pub fn row(&mut self, row: EntryRef<'_>) {
        while let Some(found) = self.found.peek() {
            match found.name.cmp(row.name) {
                Ordering::Less => self.delta.appeared.push(found.to_found()),
                Ordering::Equal => {
                    compare_one(&mut self.delta, row, found, self.current);
                    self.found.next();
                    return;
                }
                Ordering::Greater => break,
            }
            self.found.next();
        }
        if covers(self.scope, row.name) {
            self.delta.vanished.push(row.to_row());
        }
    }

    /// There are no more rows.
    pub fn finish(mut self) -> Delta {
        self.delta.appeared.extend(self.found.map(Found::to_found));
        self.delta
    }
}

fn covers(scope: &Scope, name: &[u8]) -> bool {
    match scope {
        Scope::Whole => true,
        Scope::Names(names) => names.binary_search_by(|covered| (**covered).cmp(name)).is_ok(),
    }
}

fn compare_one(delta: &mut Delta, row: EntryRef<'_>, found: &Found<&[u8]>, current: Current<'_>) {
    let same = same_inode(&row.identity, &found.identity);
    match (row.node, found.kind) {
        (Node::Dir(id), FoundKind::Dir) if same => {
            let access_changed = row.access != found.access;
            if access_changed {
                delta.changed.push(EntryRow { identity: found.identity, access: found.access, ..row.to_row() });
            }
            delta.kept_dirs.push(Kept { id, name: found.name.into(), identity: found.identity, access_changed });
        }
        (Node::File(file), FoundKind::File { stamp, links }) if same => {
            let access = accessible(row.access, &file, found.access, stamp);
            match update(file, stamp, links, current) {
                None if row.access == access => delta.unchanged += 1,
                updated => delta.changed.push(EntryRow {
                    name: found.name.into(),
                    identity: found.identity,
                    access,
                    node: Node::File(updated.unwrap_or(file)),
                }),
            }
        }
        (Node::File(_), FoundKind::File { .. }) => delta.replaced.push((row.to_row(), found.to_found())),
        _ => {
            delta.vanished.push(row.to_row());
            delta.appeared.push(found.to_found());
        }
    }
}

/// A list that says more than the bits changes the time of change: while that stands, what is known of it does.
fn accessible(known: Access, file: &FileRow, found: Access, stamp: Stamp) -> Access {
    match stamp.ctime == file.fingerprint.stamp.ctime {
        true => Access { mode: found.mode | known.mode & Access::ACL, ..found },
        false => found,
    }
}

/// The new row of the same file; `None` when nothing about its content, reader or links differs.
fn update(file: FileRow, stamp: Stamp, links: u32, current: Current<'_>) -> Option<FileRow> {
    let fingerprint = Fingerprint { stamp, ..file.fingerprint };
    let read_again = file.state != FileState::Pending
        && (stamp != file.fingerprint.stamp || file.fingerprint.policy != current.policy || !is_current(file, current));
    let state = if read_again { FileState::Pending } else { file.state };
    let updated = FileRow { fingerprint, state, links, ..file };
    (updated != file).then_some(updated)
}

/// Whether today's readers would say the same of these bytes; of a failure, whether none of them is another.
fn is_current(file: FileRow, current: Current<'_>) -> bool {
    current.readers.contains(&file.fingerprint.reader)
}

/// Whether two identities are of one inode.
pub fn same_inode(a: &Identity, b: &Identity) -> bool {
    key(a) == key(b)
}

/// What an inode is recognised by. With a birth time the file system's number adds nothing, and some file systems
/// change theirs from mount to mount.
pub(crate) fn key(identity: &Identity) -> (u64, i64) {
    match identity.born {
        Some(born) => (identity.inode, born),
        None => (identity.inode, identity.fs.0 as i64),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{FailureKind, FileId, FsId};

    const READERS: [ReaderId; 2] = [ReaderId(7), ReaderId(8)];
    const CURRENT: Current<'static> = Current { policy: PolicyId(1), readers: &READERS };
    const STAMP: Stamp = Stamp { size: 10, mtime: 20, ctime: 30 };

    fn identity(inode: u64) -> Identity {
        Identity { fs: FsId(1), inode, born: Some(5) }
    }

    const ACCESS: Access = Access { uid: 1, gid: 1, mode: 0o644 };

    fn row(name: &str, inode: u64, state: FileState) -> EntryRow {
        let fingerprint = Fingerprint { stamp: STAMP, reader: ReaderId(7), policy: PolicyId(1) };
        let file = FileRow { id: FileId(inode), fingerprint, state, links: 1 };
        EntryRow { name: name.as_bytes().into(), identity: identity(inode), access: ACCESS, node: Node::File(file) }
    }

    fn found(name: &str, inode: u64, stamp: Stamp) -> Found<&[u8]> {
        let kind = FoundKind::File { stamp, links: 1 };
        Found { name: name.as_bytes(), identity: identity(inode), access: ACCESS, kind }
    }

    fn compare(rows: &[EntryRow], found: &[Found<&[u8]>], current: Current<'_>) -> Delta {
        compare_in(&Scope::Whole, rows, found, current)
    }

    fn compare_in(scope: &Scope, rows: &[EntryRow], found: &[Found<&[u8]>], current: Current<'_>) -> Delta {
        let mut comparison = Comparison::new(found, scope, current);
        rows.iter().for_each(|row| comparison.row(row.as_ref()));
        comparison.finish()
    }

    #[test]
    fn an_unchanged_file_is_not_touched() {
        for state in [FileState::Indexed, FileState::Partial, FileState::Pending] {
            let delta = compare(&[row("a", 1, state)], &[found("a", 1, STAMP)], CURRENT);
            assert_eq!(delta, Delta { unchanged: 1, ..Delta::default() });
        }
    }

    #[test]
    fn each_part_of_the_fingerprint_counts() {
        let stamps = [Stamp { size: 11, ..STAMP }, Stamp { mtime: 21, ..STAMP }, Stamp { ctime: 31, ..STAMP }];
        for stamp in stamps {
            let delta = compare(&[row("a", 1, FileState::Indexed)], &[found("a", 1, stamp)], CURRENT);
            assert_eq!(delta.changed.len(), 1);
            let Node::File(file) = delta.changed[0].node else { panic!("a file") };
            assert_eq!((file.state, file.fingerprint.stamp), (FileState::Pending, stamp));
        }
        let other_policy = Current { policy: PolicyId(2), ..CURRENT };
        let other_readers = Current { readers: &READERS[1..], ..CURRENT };
        for state in [FileState::Indexed, FileState::Partial, FileState::Failed(FailureKind::Crashed)] {
            let rows = [row("a", 1, state)];
            assert!(compare(&rows, &[found("a", 1, STAMP)], CURRENT).changed.is_empty());
            for current in [other_policy, other_readers] {
                assert_eq!(compare(&rows, &[found("a", 1, STAMP)], current).changed.len(), 1, "{state:?}");
            }
        }
    }

    #[test]
    fn what_is_known_of_a_list_stands_until_the_time_of_change_differs() {
        let listed = Access { mode: ACCESS.mode | Access::ACL, ..ACCESS };
        let rows = [EntryRow { access: listed, ..row("a", 1, FileState::Indexed) }];
        let same = compare(&rows, &[found("a", 1, STAMP)], CURRENT);
        assert_eq!(same, Delta { unchanged: 1, ..Delta::default() });
        let stamp = Stamp { ctime: 31, ..STAMP };
        assert_eq!(compare(&rows, &[found("a", 1, stamp)], CURRENT).changed[0].access, ACCESS);
    }

    #[test]
    fn a_partial_look_says_nothing_of_other_names() {
        let rows = [row("a", 1, FileState::Indexed), row("b", 2, FileState::Indexed)];
        let scope = Scope::Names(vec![b"b".as_slice().into()]);
        let delta = compare_in(&scope, &rows, &[], CURRENT);
        assert_eq!(delta.vanished, vec![rows[1].clone()]);
    }

    #[test]
    fn another_inode_at_the_name_is_a_replacement() {
        let rows = [row("a", 1, FileState::Indexed)];
        let delta = compare(&rows, &[found("a", 2, STAMP)], CURRENT);
        assert_eq!(delta.replaced, vec![(rows[0].clone(), found("a", 2, STAMP).to_found())]);
    }
}
