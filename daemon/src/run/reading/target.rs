//! A file that can become a job.

use crate::model::{Access, DirId, EntryRow, FileId, FileRow, FileState, Identity, Node, Place};

/// See the module.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(super) place: Place,
    pub(super) identity: Identity,
    access: Access,
    pub(super) file: FileRow,
    /// The root's absolute path.
    pub(super) root: Box<[u8]>,
    /// Below the root.
    pub(super) path: Box<[u8]>,
}

impl Target {
    /// `None` for a directory.
    pub fn new(dir: DirId, entry: &EntryRow, root: &[u8], path: Vec<u8>) -> Option<Self> {
        let Node::File(file) = entry.node else { return None };
        let place = Place { dir, name: entry.name.clone() };
        Some(Self { place, identity: entry.identity, access: entry.access, file, root: root.into(), path: path.into() })
    }

    /// The file's number.
    pub fn id(&self) -> FileId {
        self.file.id
    }

    /// Where it stands.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// How far it had come when its row was looked at.
    pub fn state(&self) -> FileState {
        self.file.state
    }

    /// Its inode, if that has other names.
    pub fn inode_of_several(&self) -> Option<&Identity> {
        (self.file.links > 1).then_some(&self.identity)
    }

    /// The row it was made of, with its directory.
    pub fn into_row(self) -> (DirId, EntryRow) {
        let Self { place, identity, access, file, .. } = self;
        (place.dir, EntryRow { name: place.name, identity, access, node: Node::File(file) })
    }
}
