//! Makes the kernel forget what a commit has changed: one thread, which holds no lock while it speaks to the kernel.
//!
//! The kernel keeps everything until told otherwise, so nothing may be left out; only what it has never looked up is.
//! It waits for running requests below the same directory, so a request thread must never come here.

use std::{
    collections::BTreeSet,
    ffi::OsStr,
    io,
    os::unix::ffi::OsStrExt,
    sync::{
        Arc,
        mpsc::{self, Receiver, Sender},
    },
};

use fuser::INodeNo;

use crate::{
    entry::FIRST,
    inode::{Node, of_file},
    seen::Seen,
    view::{Child, ChildId, DirId, FileId, View},
};

/// A name at which a commit changed anything: it appeared, vanished, or what stands there differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub dir: DirId,
    pub name: Box<[u8]>,
    /// The file that stands or stood there; `None` for a directory.
    pub file: Option<FileId>,
}

/// Takes commits; the work is done elsewhere. A clone is the same notifier.
#[derive(Debug, Clone)]
pub struct Notifier {
    queue: Sender<Commit>,
    seen: Arc<Seen>,
}

#[derive(Debug)]
struct Commit {
    number: u64,
    changes: Vec<Change>,
}

impl Notifier {
    /// To be called once readers of the view see the commit, in the order of commits. Never waits. What the kernel
    /// has not looked up is left out here, so that indexing a million files queues nothing.
    pub fn commit(&self, number: u64, changes: impl IntoIterator<Item = Change>) {
        let known = |change: &Change| self.seen.dir(change.dir) || change.file.is_some_and(|file| self.seen.file(file));
        let changes = changes.into_iter().filter(known).collect();
        _ = self.queue.send(Commit { number, changes }); // The thread ends with the mount: nothing is left to forget.
    }
}

/// What the kernel is asked to forget.
pub(crate) trait Kernel {
    /// A name in a directory, and all below it.
    fn forget_name(&self, dir: u64, name: &[u8]) -> io::Result<()>;
    /// A node's attributes, and its pages or listing.
    fn forget_node(&self, node: u64) -> io::Result<()>;
}

impl Kernel for fuser::Notifier {
    fn forget_name(&self, dir: u64, name: &[u8]) -> io::Result<()> {
        self.inval_entry(INodeNo(dir), OsStr::from_bytes(name))
    }

    fn forget_node(&self, node: u64) -> io::Result<()> {
        self.inval_inode(INodeNo(node), 0, 0)
    }
}

/// The thread's side.
#[derive(Debug)]
pub(crate) struct Work {
    queue: Receiver<Commit>,
    seen: Arc<Seen>,
}

pub(crate) fn channel(seen: Arc<Seen>) -> (Notifier, Work) {
    let (sender, queue) = mpsc::channel();
    (Notifier { queue: sender, seen: seen.clone() }, Work { queue, seen })
}

impl Work {
    /// Runs until the last notifier is dropped; `drained` is told up to which commit the kernel is current.
    pub(crate) fn run(&self, kernel: &impl Kernel, view: &impl View, drained: &dyn Fn(u64)) {
        while let Ok(first) = self.queue.recv() {
            let commits: Vec<Commit> = std::iter::once(first).chain(self.queue.try_iter()).collect();
            let last = commits.iter().map(|commit| commit.number).max().unwrap_or_default();
            self.forget(kernel, view, commits.iter().flat_map(|commit| &commit.changes));
            drained(last);
        }
    }

    fn forget<'a>(&self, kernel: &impl Kernel, view: &impl View, changes: impl Iterator<Item = &'a Change>) {
        let mut dirs = BTreeSet::new();
        let mut files = BTreeSet::new();
        for change in changes {
            let dir = Node::Dir(change.dir).number();
            if self.seen.dir(change.dir) {
                said(kernel.forget_name(dir, &change.name));
                dirs.insert(dir);
                dirs.extend(self.itself(view, change));
            }
            files.extend(change.file);
        }
        // Listings after names: one that is made in between is dropped again.
        dirs.into_iter().for_each(|dir| said(kernel.forget_node(dir)));
        for file in files {
            self.nodes(view, file).for_each(|number| said(kernel.forget_node(of_file(file, number))));
        }
    }

    /// The node of a directory that still stands at the name: whoever is in it goes on with its old attributes else.
    fn itself(&self, view: &impl View, change: &Change) -> Option<u64> {
        match view.child(change.dir, &change.name) {
            Ok(Some(Child { id: ChildId::Dir(dir), .. })) if change.file.is_none() && self.seen.dir(dir) => {
                Some(Node::Dir(dir).number())
            }
            Ok(_) | Err(_) => None,
        }
    }

    /// All nodes the kernel may hold of a file: a tag held open has to be fresh too. All numbers ever given lie below
    /// the present record's next. Of a file that is gone, what is open stays readable as it was.
    fn nodes(&self, view: &impl View, file: FileId) -> std::ops::Range<u32> {
        if !self.seen.file(file) {
            return 0..1;
        }
        match view.entry(file) {
            Ok(Some(entry)) => 0..entry.numbers.next,
            Ok(None) | Err(_) => 0..FIRST,
        }
    }
}

fn said(result: io::Result<()>) {
    if let Err(error) = result {
        // Unmounted just now, in all likelihood; the session says so.
        tracing::debug!(%error, "the kernel did not take a notice of change");
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::{
        memory::{Memory, record},
        view::ChildId,
    };

    #[derive(Debug, Default)]
    struct Told(Mutex<Vec<String>>);

    impl Kernel for Told {
        fn forget_name(&self, dir: u64, name: &[u8]) -> io::Result<()> {
            self.0.lock().unwrap().push(format!("{:x}/{}", dir, String::from_utf8_lossy(name)));
            Ok(())
        }

        fn forget_node(&self, node: u64) -> io::Result<()> {
            self.0.lock().unwrap().push(format!("{node:x}"));
            Err(io::ErrorKind::NotConnected.into())
        }
    }

    /// What the kernel is told of two changes of one file, with these marks.
    fn told(seen: &[ChildId]) -> Vec<String> {
        let memory = Memory::new([]);
        let change = memory.put(b"/a", record(&[("A", "x", "1")]));
        let again = memory.put(b"/a", record(&[("A", "y", "1")]));
        assert_eq!(change, Change { dir: DirId::TOP, name: b"a"[..].into(), file: Some(FileId(3)) });
        let (notifier, work) = channel(Arc::default());
        seen.iter().for_each(|id| notifier.seen.mark(*id));
        notifier.commit(1, [change]);
        notifier.commit(2, [again]);
        drop(notifier);
        let (kernel, drained) = (Told::default(), Mutex::new(Vec::new()));
        work.run(&kernel, &*memory, &|commit| drained.lock().unwrap().push(commit));
        assert_eq!(drained.into_inner().unwrap(), [2]);
        kernel.0.into_inner().unwrap()
    }

    #[test]
    fn the_kernel_is_told_of_what_it_has_looked_up() {
        let (dir, file) = (ChildId::Dir(DirId::TOP), ChildId::File(FileId(3)));
        let name = ["8000000000000001/a", "8000000000000001/a", "8000000000000001"].map(str::to_owned);
        let nodes: Vec<String> = (0..FIRST + 3).map(|number| format!("{:x}", 3 << 20 | number)).collect();
        assert_eq!(told(&[]), [""; 0]);
        assert_eq!(told(&[ChildId::File(FileId(4)), ChildId::Dir(DirId(3))]), [""; 0]);
        assert_eq!(told(&[dir]), [&name[..], &nodes[..1]].concat());
        assert_eq!(told(&[file]), nodes);
        assert_eq!(told(&[dir, file]), [&name[..], &nodes[..]].concat());
    }
}
