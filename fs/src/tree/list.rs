//! Listings: rows from a cursor on, as many as fit.

use super::{Attr, Keep, Kind, TOP, Tree, directory, group_at, member};
use crate::{
    cursor::{self, DOT, DOT_DOT},
    entry::Entry,
    errno::Failure,
    inode::{Node, Own},
    view::{Access, DirId, FileId, View},
};

/// Children asked of the view at once.
const BATCH: usize = 64;

/// One name of a listing.
#[derive(Debug)]
pub(crate) struct Row<'a> {
    pub(crate) name: &'a [u8],
    /// Complete only where [`Detail::Attributes`] are asked for; else node and kind count.
    pub(crate) attr: Attr,
    /// Where to go on after this row.
    pub(crate) cookie: u64,
}

/// What a listing is wanted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Detail {
    Names,
    Attributes,
}

/// Takes rows until it answers `false`: the row did not fit.
pub(crate) type Rows<'a> = dyn FnMut(Row<'_>) -> Result<bool, Failure> + 'a;

impl<V: View> Tree<V> {
    /// Gives the rows after `cookie`, 0 for all, as they fit.
    pub(crate) fn list(&self, dir: Node, cookie: u64, detail: Detail, rows: &mut Rows<'_>) -> Result<(), Failure> {
        self.mark(dir);
        let here = self.brief(dir, Kind::Dir);
        if cookie < DOT && !rows(Row { name: b".", attr: here, cookie: DOT })? {
            return Ok(());
        }
        if cookie < DOT_DOT
            && !rows(Row { name: b"..", attr: self.brief(self.parent(dir)?, Kind::Dir), cookie: DOT_DOT })?
        {
            return Ok(());
        }
        match dir {
            Node::Root => self.list_ours(TOP.into_iter(), cookie, detail, rows),
            Node::Status => {
                let names = self.board.names().iter().zip(0..);
                self.list_ours(
                    names.map(|(name, at)| (*name, Node::StatusFile(at, self.board.turn(at)))),
                    cookie,
                    detail,
                    rows,
                )
            }
            Node::Dir(dir) => self.list_real(dir, cookie, rows),
            Node::File(file) => self.list_file(file, cookie, detail, rows),
            Node::Member(file, number) => {
                let (access, entry) = self.file(file)?;
                let group = group_at(&entry, number)?;
                list_members(&Members { file, entry: &entry, access, group: Some(group) }, cookie, detail, rows)
            }
            Node::Readme | Node::StatusFile(..) | Node::Own(..) => Err(Failure::NotADirectory),
        }
    }

    fn list_real(&self, dir: DirId, cookie: u64, rows: &mut Rows<'_>) -> Result<(), Failure> {
        let mut after = self.name_of(dir, cookie)?;
        let mut given = Vec::new();
        'full: loop {
            let batch = self.view.children(dir, &after, BATCH)?;
            let last = batch.len() < BATCH;
            for (name, child) in batch {
                let cookie = cursor::cookie(child.id);
                if !rows(Row { name: &name, attr: directory(child), cookie })? {
                    break 'full;
                }
                after.clone_from(&name);
                given.push((cookie, name));
            }
            if last {
                break;
            }
        }
        self.cursors.remember(dir, given);
        Ok(())
    }

    /// The name after which a listing goes on. A child that is gone and no longer remembered ends it with an error,
    /// rather than that the rest is left out in silence.
    fn name_of(&self, dir: DirId, cookie: u64) -> Result<Box<[u8]>, Failure> {
        if cookie <= DOT_DOT {
            return Ok(Box::default());
        }
        if let Some(name) = self.cursors.name(dir, cookie) {
            return Ok(name);
        }
        let place = self.view.place(cursor::child(cookie).ok_or(Failure::Stale)?)?;
        place.filter(|place| place.dir == dir).map(|place| place.name).ok_or(Failure::Stale)
    }

    fn list_file(&self, file: FileId, cookie: u64, detail: Detail, rows: &mut Rows<'_>) -> Result<(), Failure> {
        let (access, entry) = self.file(file)?;
        for own in Own::ALL {
            let (node, next) = (Node::Own(file, own), DOT_DOT + own as u64);
            if next > cookie {
                let kind = if own == Own::Source { Kind::Link } else { Kind::File };
                let attr = self.detailed(node, kind, detail);
                if !rows(Row { name: own.name().as_bytes(), attr, cookie: next })? {
                    return Ok(());
                }
            }
        }
        list_members(&Members { file, entry: &entry, access, group: None }, cookie, detail, rows)
    }

    /// A listing that never changes: a row's cookie is its position.
    fn list_ours<'a>(
        &self,
        names: impl Iterator<Item = (&'a str, Node)>,
        cookie: u64,
        detail: Detail,
        rows: &mut Rows<'_>,
    ) -> Result<(), Failure> {
        for ((name, node), next) in names.zip(DOT_DOT + 1..).filter(|(_, next)| *next > cookie) {
            let kind = if matches!(node, Node::Readme | Node::StatusFile(..)) { Kind::File } else { Kind::Dir };
            if !rows(Row { name: name.as_bytes(), attr: self.detailed(node, kind, detail), cookie: next })? {
                break;
            }
        }
        Ok(())
    }

    /// One that fails does not hide the others: its attributes are asked for again when someone looks at it.
    fn detailed(&self, node: Node, kind: Kind, detail: Detail) -> Attr {
        match detail {
            Detail::Names => self.brief(node, kind),
            Detail::Attributes => self.attr(node).unwrap_or_else(|_| self.brief(node, kind)),
        }
    }

    fn brief(&self, node: Node, kind: Kind) -> Attr {
        Attr { node, kind, size: 0, access: self.ours, keep: Keep::Nothing }
    }

    fn parent(&self, node: Node) -> Result<Node, Failure> {
        match node {
            Node::Member(file, _) | Node::Own(file, _) => Ok(Node::File(file)),
            Node::Dir(_) | Node::File(_) if node != Node::Dir(DirId::TOP) => {
                let id = node.owner().ok_or(Failure::Stale)?;
                Ok(Node::Dir(self.view.place(id)?.ok_or(Failure::Stale)?.dir))
            }
            _ => Ok(Node::Root),
        }
    }
}

/// The groups of a file, or the tags of the group at a position.
struct Members<'a> {
    file: FileId,
    entry: &'a Entry,
    access: Access,
    group: Option<usize>,
}

/// In the order of their numbers, so that a cookie stays good whatever else comes or goes.
fn list_members(of: &Members<'_>, cookie: u64, detail: Detail, rows: &mut Rows<'_>) -> Result<(), Failure> {
    let from = u32::try_from(cookie.saturating_sub(DOT_DOT - 1)).map_err(|_| Failure::Stale)?;
    for item in of.entry.layout().members(of.group, from) {
        let attr = match detail {
            Detail::Attributes => member(of.file, of.entry, item, of.access)?,
            Detail::Names => {
                let kind = if item.group.is_some() { Kind::File } else { Kind::Dir };
                let node = Node::Member(of.file, item.number);
                Attr { node, kind, size: 0, access: of.access, keep: Keep::Nothing }
            }
        };
        if !rows(Row { name: item.name.as_bytes(), attr, cookie: DOT_DOT + u64::from(item.number) })? {
            break;
        }
    }
    Ok(())
}
