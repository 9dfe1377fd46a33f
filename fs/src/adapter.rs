//! Between the kernel and the tree: decodes requests, encodes answers, lets no panic out. Decides nothing.
//!
//! `open`, `opendir` and `flush` are answered ENOSYS: the kernel then does not ask again and keeps pages and listings
//! until the notifier drops them.

use std::{
    ffi::OsStr,
    os::unix::ffi::OsStrExt,
    panic::{AssertUnwindSafe, catch_unwind},
    time::{Duration, SystemTime},
};

use fuser::{
    AccessFlags, BsdFileFlags, Errno, FileAttr, FileHandle, FileType, Filesystem, Generation, INodeNo, InitFlags,
    KernelConfig, LockOwner, OpenFlags, RenameFlags, ReplyAttr, ReplyCreate, ReplyData, ReplyDirectory,
    ReplyDirectoryPlus, ReplyEmpty, ReplyEntry, ReplyOpen, ReplyStatfs, ReplyWrite, ReplyXattr, Request, TimeOrNow,
    WriteFlags,
};

use crate::{
    errno::Failure,
    inode::Node,
    tree::{Attr, Detail, Keep, Kind, Row, Tree},
    view::View,
    xattr,
};

/// As good as for ever, and far below what the kernel's conversions bear.
const FOREVER: Duration = Duration::from_secs(1 << 31);
const WANTED: [InitFlags; 6] = [
    InitFlags::FUSE_PARALLEL_DIROPS,
    InitFlags::FUSE_DO_READDIRPLUS,
    InitFlags::FUSE_READDIRPLUS_AUTO,
    InitFlags::FUSE_AUTO_INVAL_DATA,
    InitFlags::FUSE_NO_OPEN_SUPPORT,
    InitFlags::FUSE_NO_OPENDIR_SUPPORT,
];

#[derive(Debug)]
pub(crate) struct Adapter<V>(pub(crate) Tree<V>);

impl<V: View> Adapter<V> {
    /// Runs a handler's work on the node of that number. A panic is answered, and the mount lives on.
    fn answer<T>(&self, node: INodeNo, work: impl FnOnce(&Tree<V>, Node) -> Result<T, Failure>) -> Result<T, Errno> {
        let node = Node::from_number(node.0).ok_or(Errno::ESTALE)?;
        tracing::trace!(?node, "a request to the view");
        let answer = catch_unwind(AssertUnwindSafe(|| work(&self.0, node)));
        answer.unwrap_or(Err(Failure::Panicked)).map_err(|failure| {
            match &failure {
                Failure::Panicked => tracing::error!(?node, "a request to the view failed by our fault"),
                Failure::View(error) => tracing::debug!(?node, %error, "a request to the view has no answer"),
                _ => {}
            }
            Errno::from(&failure)
        })
    }
}

impl<V: View> Filesystem for Adapter<V> {
    /// The bits are asked for one by one: asking for several fails for all when the kernel does not know one.
    fn init(&mut self, _req: &Request, config: &mut KernelConfig) -> std::io::Result<()> {
        for wanted in WANTED {
            if config.add_capabilities(wanted).is_err() {
                tracing::debug!(?wanted, "the kernel lacks a FUSE feature, the view will be slower");
            }
        }
        Ok(())
    }

    fn lookup(&self, _req: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        match self.answer(parent, |tree, node| tree.lookup(node, name.as_bytes())) {
            Ok(attr) => {
                let (entry, attributes) = times(attr.keep);
                reply.entry_with_ttls(&attributes, &entry, &file_attr(&attr), Generation(0));
            }
            // Number 0 says that there is none, to be remembered. Not in `status/`, nor in what is gone itself.
            Err(Errno::ENOENT) => reply.entry(&FOREVER, &absent(), Generation(0)),
            Err(errno) => reply.error(errno),
        }
    }

    fn getattr(&self, _req: &Request, ino: INodeNo, _fh: Option<FileHandle>, reply: ReplyAttr) {
        match self.answer(ino, Tree::attr) {
            Ok(attr) => reply.attr(&times(attr.keep).1, &file_attr(&attr)),
            Err(errno) => reply.error(errno),
        }
    }

    fn readlink(&self, _req: &Request, ino: INodeNo, reply: ReplyData) {
        match self.answer(ino, Tree::link) {
            Ok(target) => reply.data(&target),
            Err(errno) => reply.error(errno),
        }
    }

    fn read(
        &self,
        _req: &Request,
        ino: INodeNo,
        _fh: FileHandle,
        offset: u64,
        size: u32,
        _flags: OpenFlags,
        _lock_owner: Option<LockOwner>,
        reply: ReplyData,
    ) {
        match self.answer(ino, |tree, node| tree.read(node, offset, size as usize)) {
            Ok(bytes) => reply.data(&bytes),
            Err(errno) => reply.error(errno),
        }
    }

    fn readdir(&self, _req: &Request, ino: INodeNo, _fh: FileHandle, offset: u64, mut reply: ReplyDirectory) {
        let mut add = |row: Row<'_>| {
            let (number, name) = (INodeNo(row.attr.node.number()), OsStr::from_bytes(row.name));
            Ok(!reply.add(number, row.cookie, file_type(row.attr.kind), name))
        };
        match self.answer(ino, |tree, node| tree.list(node, offset, Detail::Names, &mut add)) {
            Ok(()) => reply.ok(),
            Err(errno) => reply.error(errno),
        }
    }

    fn readdirplus(&self, _req: &Request, ino: INodeNo, _fh: FileHandle, offset: u64, mut reply: ReplyDirectoryPlus) {
        let mut add = |row: Row<'_>| {
            let (number, name) = (INodeNo(row.attr.node.number()), OsStr::from_bytes(row.name));
            // The reply has one time for both: where the attributes may not be kept, the name is not either.
            let time = times(row.attr.keep).1;
            Ok(!reply.add(number, row.cookie, name, &time, &file_attr(&row.attr), Generation(0)))
        };
        match self.answer(ino, |tree, node| tree.list(node, offset, Detail::Attributes, &mut add)) {
            Ok(()) => reply.ok(),
            Err(errno) => reply.error(errno),
        }
    }

    fn getxattr(&self, _req: &Request, ino: INodeNo, name: &OsStr, size: u32, reply: ReplyXattr) {
        if !xattr::is_ours(name.as_bytes()) {
            return reply.error(Errno::ENODATA);
        }
        xattr_reply(self.answer(ino, |tree, node| xattr::value(&*tree.record(node)?, name.as_bytes())), size, reply);
    }

    fn listxattr(&self, _req: &Request, ino: INodeNo, size: u32, reply: ReplyXattr) {
        let names = self.answer(ino, |tree, node| match tree.record(node) {
            Ok(entry) => Ok(xattr::names(&entry)),
            Err(Failure::NoAttribute) => Ok(Vec::new()),
            Err(failure) => Err(failure),
        });
        xattr_reply(names, size, reply);
    }

    fn access(&self, _req: &Request, _ino: INodeNo, mask: AccessFlags, reply: ReplyEmpty) {
        match mask.contains(AccessFlags::W_OK) {
            true => reply.error(Errno::EROFS),
            false => reply.ok(),
        }
    }

    /// Also answers whether the mount is alive: it is the one request that no cache stands before.
    fn statfs(&self, _req: &Request, _ino: INodeNo, reply: ReplyStatfs) {
        reply.statfs(0, 0, 0, 0, 0, 4_096, 255, 4_096);
    }

    fn open(&self, _req: &Request, _ino: INodeNo, _flags: OpenFlags, reply: ReplyOpen) {
        reply.error(Errno::ENOSYS);
    }

    fn opendir(&self, _req: &Request, _ino: INodeNo, _flags: OpenFlags, reply: ReplyOpen) {
        reply.error(Errno::ENOSYS);
    }

    fn flush(&self, _req: &Request, _ino: INodeNo, _fh: FileHandle, _lock_owner: LockOwner, reply: ReplyEmpty) {
        reply.error(Errno::ENOSYS);
    }

    // The mount is writable to the kernel, and all that would write is refused here.

    fn setattr(
        &self,
        _req: &Request,
        _ino: INodeNo,
        _mode: Option<u32>,
        _uid: Option<u32>,
        _gid: Option<u32>,
        _size: Option<u64>,
        _atime: Option<TimeOrNow>,
        _mtime: Option<TimeOrNow>,
        _ctime: Option<SystemTime>,
        _fh: Option<FileHandle>,
        _crtime: Option<SystemTime>,
        _chgtime: Option<SystemTime>,
        _bkuptime: Option<SystemTime>,
        _flags: Option<BsdFileFlags>,
        reply: ReplyAttr,
    ) {
        reply.error(Errno::EROFS);
    }

    fn write(
        &self,
        _req: &Request,
        _ino: INodeNo,
        _fh: FileHandle,
        _offset: u64,
        _data: &[u8],
        _write_flags: WriteFlags,
        _flags: OpenFlags,
        _lock_owner: Option<LockOwner>,
        reply: ReplyWrite,
    ) {
        reply.error(Errno::EROFS);
    }

    fn create(&self, _: &Request, _: INodeNo, _: &OsStr, _: u32, _: u32, _: i32, reply: ReplyCreate) {
        reply.error(Errno::EROFS);
    }

    fn mknod(&self, _: &Request, _: INodeNo, _: &OsStr, _: u32, _: u32, _: u32, reply: ReplyEntry) {
        reply.error(Errno::EROFS);
    }

    fn mkdir(&self, _: &Request, _: INodeNo, _: &OsStr, _: u32, _: u32, reply: ReplyEntry) {
        reply.error(Errno::EROFS);
    }

    fn symlink(&self, _: &Request, _: INodeNo, _: &OsStr, _: &std::path::Path, reply: ReplyEntry) {
        reply.error(Errno::EROFS);
    }

    fn link(&self, _: &Request, _: INodeNo, _: INodeNo, _: &OsStr, reply: ReplyEntry) {
        reply.error(Errno::EROFS);
    }

    fn unlink(&self, _: &Request, _: INodeNo, _: &OsStr, reply: ReplyEmpty) {
        reply.error(Errno::EROFS);
    }

    fn rmdir(&self, _: &Request, _: INodeNo, _: &OsStr, reply: ReplyEmpty) {
        reply.error(Errno::EROFS);
    }

    fn rename(&self, _: &Request, _: INodeNo, _: &OsStr, _: INodeNo, _: &OsStr, _: RenameFlags, reply: ReplyEmpty) {
        reply.error(Errno::EROFS);
    }

    fn setxattr(&self, _: &Request, _: INodeNo, _: &OsStr, _: &[u8], _: i32, _: u32, reply: ReplyEmpty) {
        reply.error(Errno::EROFS);
    }

    fn removexattr(&self, _: &Request, _: INodeNo, _: &OsStr, reply: ReplyEmpty) {
        reply.error(Errno::EROFS);
    }

    fn fallocate(&self, _: &Request, _: INodeNo, _: FileHandle, _: u64, _: u64, _: i32, reply: ReplyEmpty) {
        reply.error(Errno::EROFS);
    }
}

/// How long the kernel keeps the name and the attributes.
fn times(keep: Keep) -> (Duration, Duration) {
    match keep {
        Keep::Forever => (FOREVER, FOREVER),
        Keep::Name => (FOREVER, Duration::ZERO),
        Keep::Nothing => (Duration::ZERO, Duration::ZERO),
    }
}

fn file_attr(attr: &Attr) -> FileAttr {
    let readable = attr.access.mode & 0o444;
    let perm = match attr.kind {
        // Who may read the file may walk the directory it is here; a real directory keeps its own bits.
        Kind::Dir if matches!(attr.node, Node::File(_) | Node::Member(..)) => readable | readable >> 2,
        Kind::Dir => attr.access.mode & 0o555,
        Kind::File => readable,
        Kind::Link => 0o777,
    };
    let changed = attr.access.changed;
    FileAttr {
        ino: INodeNo(attr.node.number()),
        size: attr.size,
        blocks: attr.size.div_ceil(512),
        atime: changed,
        mtime: changed,
        ctime: changed,
        crtime: changed,
        kind: file_type(attr.kind),
        perm,
        // 1 says of a directory that its subdirectories are not counted.
        nlink: 1,
        uid: attr.access.uid,
        gid: attr.access.gid,
        rdev: 0,
        blksize: 4_096,
        flags: 0,
    }
}

fn absent() -> FileAttr {
    let none = SystemTime::UNIX_EPOCH;
    FileAttr {
        ino: INodeNo(0),
        size: 0,
        blocks: 0,
        atime: none,
        mtime: none,
        ctime: none,
        crtime: none,
        kind: FileType::RegularFile,
        perm: 0,
        nlink: 0,
        uid: 0,
        gid: 0,
        rdev: 0,
        blksize: 0,
        flags: 0,
    }
}

fn file_type(kind: Kind) -> FileType {
    match kind {
        Kind::Dir => FileType::Directory,
        Kind::File => FileType::RegularFile,
        Kind::Link => FileType::Symlink,
    }
}

/// A caller first asks for the size with a buffer of none.
fn xattr_reply(value: Result<Vec<u8>, Errno>, size: u32, reply: ReplyXattr) {
    match value {
        Ok(value) if size == 0 => reply.size(value.len() as u32),
        Ok(value) if value.len() > size as usize => reply.error(Errno::from(&Failure::TooSmall)),
        Ok(value) => reply.data(&value),
        Err(errno) => reply.error(errno),
    }
}
