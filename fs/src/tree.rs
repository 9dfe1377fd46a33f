//! The mounted tree as values: names to nodes, nodes to attributes, listings and bytes. Knows no kernel.

use std::{sync::Arc, time::SystemTime};

use crate::{
    board::{Board, Text},
    cursor::Cursors,
    entry::{Entry, Node as Item},
    errno::Failure,
    inode::{Node, Own},
    render,
    seen::Seen,
    view::{Access, Child, ChildId, DirId, FileId, Status, View},
};

mod list;
#[cfg(test)]
mod tests;

pub(crate) use list::{Detail, Row};

/// What the mount point holds, in this order.
const TOP: [(&str, Node); 3] = [("README", Node::Readme), ("files", Node::Dir(DirId::TOP)), ("status", Node::Status)];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Dir,
    File,
    Link,
}

/// How long the kernel may keep what it was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keep {
    /// Until the notifier says otherwise.
    Forever,
    /// The name, but not the attributes.
    Name,
    Nothing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Attr {
    pub(crate) node: Node,
    pub(crate) kind: Kind,
    /// Exactly what reading gives.
    pub(crate) size: u64,
    pub(crate) access: Access,
    pub(crate) keep: Keep,
}

#[derive(Debug)]
pub(crate) struct Tree<V> {
    pub(crate) view: Arc<V>,
    pub(crate) seen: Arc<Seen>,
    board: Board,
    cursors: Cursors,
    /// The owner of what stands for no real file, and when the view began.
    ours: Access,
}

impl<V: View> Tree<V> {
    pub(crate) fn new(view: Arc<V>, status: Status, uid: u32, gid: u32) -> Self {
        let board = Board::new(status);
        let ours = Access { uid, gid, mode: 0o755, changed: SystemTime::now() };
        Self { view, seen: Arc::default(), board, cursors: Cursors::default(), ours }
    }

    pub(crate) fn lookup(&self, parent: Node, name: &[u8]) -> Result<Attr, Failure> {
        self.mark(parent);
        let text = || std::str::from_utf8(name).map_err(|_| Failure::NotFound);
        match parent {
            Node::Root => {
                let name = text()?;
                let (_, node) = TOP.iter().find(|(known, _)| *known == name).ok_or(Failure::NotFound)?;
                self.attr(*node)
            }
            Node::Status => {
                let name = text()?;
                let mut names = self.board.names().iter().zip(0_u8..);
                let (_, position) = names.find(|(known, _)| **known == name).ok_or(Failure::NotFound)?;
                let (turn, text) = self.board.render(position).ok_or(Failure::Stale)?;
                Ok(status(Node::StatusFile(position, turn), &self.ours, &text))
            }
            Node::Dir(dir) => match self.view.child(dir, name)? {
                Some(child) => Ok(directory(child)),
                None => Err(Failure::NotFound),
            },
            Node::File(file) => {
                let name = text()?;
                if let Some(own) = Own::ALL.into_iter().find(|own| own.name() == name) {
                    return self.attr(Node::Own(file, own));
                }
                let (access, entry) = self.file(file)?;
                let (_, item) = entry.layout().named(None, name).ok_or(Failure::NotFound)?;
                member(file, &entry, item, access)
            }
            Node::Member(file, number) => {
                let (access, entry) = self.file(file)?;
                let group = group_at(&entry, number)?;
                let (_, item) = entry.layout().named(Some(group), text()?).ok_or(Failure::NotFound)?;
                member(file, &entry, item, access)
            }
            Node::Readme | Node::StatusFile(..) | Node::Own(..) => Err(Failure::NotADirectory),
        }
    }

    pub(crate) fn attr(&self, node: Node) -> Result<Attr, Failure> {
        let ours = |kind, size, keep| Attr { node, kind, size, access: self.ours, keep };
        match node {
            Node::Root | Node::Status => Ok(ours(Kind::Dir, 0, Keep::Forever)),
            Node::Readme => Ok(ours(Kind::File, render::README.len() as u64, Keep::Forever)),
            Node::StatusFile(position, turn) => {
                let text = self.board.current(position, turn).ok_or(Failure::Stale)?;
                Ok(status(node, &self.ours, &text))
            }
            Node::Dir(_) | Node::File(_) => match self.access(node) {
                Ok(access) => Ok(Attr { access, ..ours(Kind::Dir, 0, Keep::Forever) }),
                // `files` stands there before the first root does.
                Err(Failure::Stale) if node == Node::Dir(DirId::TOP) => Ok(ours(Kind::Dir, 0, Keep::Forever)),
                Err(failure) => Err(failure),
            },
            Node::Own(_, Own::Source) => {
                let (access, target) = (self.access(node)?, self.link(node)?);
                // Renaming a directory above changes it without a word: no attributes are kept.
                Ok(Attr { node, kind: Kind::Link, size: target.len() as u64, access, keep: Keep::Name })
            }
            Node::Own(file, own) => {
                let (access, entry) = self.file(file)?;
                let size = own_text(&entry, own).len() as u64;
                Ok(Attr { node, kind: Kind::File, size, access, keep: Keep::Forever })
            }
            Node::Member(file, number) => {
                let (access, entry) = self.file(file)?;
                let (_, item) = entry.layout().numbered(number).ok_or(Failure::Stale)?;
                member(file, &entry, item, access)
            }
        }
    }

    pub(crate) fn read(&self, node: Node, offset: u64, size: usize) -> Result<Vec<u8>, Failure> {
        match node {
            Node::Readme => Ok(part(render::README, offset, size)),
            Node::StatusFile(position, turn) => {
                let text = self.board.current(position, turn).ok_or(Failure::Stale)?;
                Ok(part(&text.text, offset, size))
            }
            Node::Own(_, Own::Source) => Err(Failure::NotALink),
            Node::Own(file, own) => Ok(part(&own_text(&self.file(file)?.1, own), offset, size)),
            Node::Member(file, number) => {
                let entry = self.file(file)?.1;
                let (_, item) = entry.layout().numbered(number).ok_or(Failure::Stale)?;
                match item.group {
                    Some(_) => Ok(part(&tag_text(&entry, item)?, offset, size)),
                    None => Err(Failure::IsADirectory),
                }
            }
            Node::Root | Node::Status | Node::Dir(_) | Node::File(_) => Err(Failure::IsADirectory),
        }
    }

    /// Where a symbolic link points.
    pub(crate) fn link(&self, node: Node) -> Result<Vec<u8>, Failure> {
        match node {
            Node::Own(file, Own::Source) => self.view.path(ChildId::File(file))?.ok_or(Failure::Stale),
            _ => Err(Failure::NotALink),
        }
    }

    /// The record of a file's directory; other nodes have no attributes.
    pub(crate) fn record(&self, node: Node) -> Result<Arc<Entry>, Failure> {
        match node {
            Node::File(file) => Ok(self.file(file)?.1),
            _ => Err(Failure::NoAttribute),
        }
    }

    /// Before the view is read, so that no change slips between.
    fn mark(&self, node: Node) {
        if let Some(id) = node.owner() {
            self.seen.mark(id);
        }
    }

    fn access(&self, node: Node) -> Result<Access, Failure> {
        self.view.access(node.owner().ok_or(Failure::Stale)?)?.ok_or(Failure::Stale)
    }

    /// Access first: were the record replaced in between, the older time makes the kernel ask again.
    fn file(&self, file: FileId) -> Result<(Access, Arc<Entry>), Failure> {
        let access = self.view.access(ChildId::File(file))?.ok_or(Failure::Stale)?;
        Ok((access, self.view.entry(file)?.ok_or(Failure::Stale)?))
    }
}

fn status(node: Node, ours: &Access, text: &Text) -> Attr {
    let access = Access { changed: text.changed, ..*ours };
    Attr { node, kind: Kind::File, size: text.text.len() as u64, access, keep: Keep::Nothing }
}

fn directory(child: Child) -> Attr {
    Attr { node: child.id.into(), kind: Kind::Dir, size: 0, access: child.access, keep: Keep::Forever }
}

fn member(file: FileId, entry: &Entry, item: &Item, access: Access) -> Result<Attr, Failure> {
    let (kind, size) = match item.group {
        None => (Kind::Dir, 0),
        Some(_) => (Kind::File, tag_text(entry, item)?.len() as u64),
    };
    Ok(Attr { node: Node::Member(file, item.number), kind, size, access, keep: Keep::Forever })
}

fn tag_text(entry: &Entry, item: &Item) -> Result<String, Failure> {
    entry.tag(item.tag).map(render::tag).ok_or(Failure::Stale)
}

fn own_text(entry: &Entry, own: Own) -> String {
    match own {
        Own::RecordJson => render::record_json(&entry.record),
        Own::TagsTxt => render::tags_txt(&entry.record),
        Own::Source => String::new(),
    }
}

/// The position of the group with this number.
fn group_at(entry: &Entry, number: u32) -> Result<usize, Failure> {
    let (at, item) = entry.layout().numbered(number).ok_or(Failure::Stale)?;
    match item.group {
        None => Ok(at),
        Some(_) => Err(Failure::NotADirectory),
    }
}

fn part(text: &str, offset: u64, size: usize) -> Vec<u8> {
    let start = usize::try_from(offset).unwrap_or(usize::MAX).min(text.len());
    let end = start.saturating_add(size).min(text.len());
    text.as_bytes()[start..end].to_vec()
}
