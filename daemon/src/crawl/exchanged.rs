//! Tests: walks while somebody exchanges directories under them, where several users are served.

use std::{
    collections::BTreeMap,
    fs, io,
    os::unix::fs::{MetadataExt, PermissionsExt, symlink},
    path::{Path, PathBuf},
    sync::Mutex,
};

use rustix::fs::{CWD, RenameFlags, renameat_with};

use super::*;
use crate::{
    model::{Access, EntryRow, FsId},
    store::{
        Store,
        memory::{MemoryDisk, MemoryStore},
    },
    watch::{
        files::{Directory, Kernel, Stat, Step},
        names::Names,
        scan,
    },
};

/// The kernel's file systems, in which two directories change places whenever the first of them is about to be opened, and
/// back again afterwards.
#[derive(Debug)]
struct Exchanging {
    pair: Arc<(PathBuf, PathBuf)>,
    armed: Arc<Mutex<bool>>,
}

#[derive(Debug)]
struct Dir {
    dir: Box<dyn Directory>,
    pair: Arc<(PathBuf, PathBuf)>,
    armed: Arc<Mutex<bool>>,
}

impl Files for Exchanging {
    fn open(&self, path: &[u8]) -> io::Result<Box<dyn Directory>> {
        Kernel.open(path)
    }

    fn stat_dir(&self, path: &[u8]) -> io::Result<(Stat, FsId)> {
        Kernel.stat_dir(path)
    }

    fn open_by_steps(&self, path: &[u8]) -> io::Result<(Vec<Step>, Box<dyn Directory>)> {
        let (way, dir) = Kernel.open_by_steps(path)?;
        Ok((way, Box::new(Dir { dir, pair: Arc::clone(&self.pair), armed: Arc::clone(&self.armed) })))
    }
}

impl Directory for Dir {
    fn open(&self, relative: &[u8], cross: bool) -> io::Result<Box<dyn Directory>> {
        let (mine, other) = &*self.pair;
        let exchange = || renameat_with(CWD, mine, CWD, other, RenameFlags::EXCHANGE).unwrap();
        let meant = mine.as_os_str().as_encoded_bytes().ends_with(relative) && !relative.is_empty();
        if !(meant && *self.armed.lock().unwrap()) {
            return self.dir.open(relative, cross);
        }
        exchange();
        let opened = self.dir.open(relative, cross);
        exchange();
        opened
    }

    fn fs(&self) -> io::Result<FsId> {
        self.dir.fs()
    }

    fn names(&self) -> io::Result<Names> {
        self.dir.names()
    }

    fn stat(&self, name: &[u8]) -> io::Result<Stat> {
        self.dir.stat(name)
    }

    fn text(&self, name: &str, at_most: usize) -> io::Result<Option<Vec<u8>>> {
        self.dir.text(name, at_most)
    }
}

fn root(path: &Path) -> Root {
    let path = path.as_os_str().as_encoded_bytes();
    Root {
        path: path.into(),
        within: Within { cross: false, shared: true },
        watch: false,
        rules: Chain::at_root(path, false, &[], Vec::new()).unwrap(),
        policy: PolicyId(0),
    }
}

/// Walks all of a root and gives the names of the files in the index with the permission bits of their directories.
fn walked(store: &Arc<MemoryStore>, files: Arc<dyn Files>, root: &Root) -> BTreeMap<String, u16> {
    let rows: Arc<dyn Rows> = store.clone();
    let crawl = Crawl { rows, files, watcher: None, threads: 1, readers: Vec::new() };
    let mut tell = |progress| {
        if let Progress::Batch(batch) = progress {
            store.commit(batch);
        }
    };
    let end = crawl.walk(root, &Reach::Below(Vec::new()), &Seen::default(), &mut tell);
    assert!(matches!(end, End::Done { .. }), "{end:?}");
    while store.is_busy() {
        store.write().unwrap();
    }
    let (entries, next) = store.scan(DirId::TOP, 1000, &|_| true).unwrap();
    assert!(next.is_none());
    let mode = |dir| store.dir(dir).unwrap().unwrap().dir.access.mode;
    entries.into_iter().map(|(dir, EntryRow { name, .. })| (String::from_utf8_lossy(&name).into(), mode(dir))).collect()
}

#[test]
fn what_stands_in_another_directory_is_not_taken_for_what_was_there() {
    let home = tempfile::tempdir().unwrap();
    let base = home.path().canonicalize().unwrap();
    let (open, closed) = (base.join("root/open"), base.join("root/closed"));
    for (dir, file, mode) in [(&open, "mine", 0o755), (&closed, "secret", 0o700)] {
        fs::create_dir_all(dir).unwrap();
        fs::write(dir.join(file), "x").unwrap();
        fs::set_permissions(dir, fs::Permissions::from_mode(mode)).unwrap();
    }
    let store = Arc::new(MemoryStore::open(&MemoryDisk::default()).unwrap().0);
    let armed = Arc::new(Mutex::new(true));
    let files = || Arc::new(Exchanging { pair: Arc::new((open.clone(), closed.clone())), armed: Arc::clone(&armed) });
    let root = root(&base.join("root"));
    let secret = BTreeMap::from([("secret".to_owned(), 0o700)]);
    // When it is new, and when the index has it.
    for _ in 0..2 {
        assert_eq!(walked(&store, files(), &root), secret, "what lies behind the closed directory is told as open");
    }
    *armed.lock().unwrap() = false;
    let both = BTreeMap::from([("mine".to_owned(), 0o755), ("secret".to_owned(), 0o700)]);
    assert_eq!(walked(&store, files(), &root), both);
    *armed.lock().unwrap() = true;
    assert_eq!(walked(&store, files(), &root), both);
}

#[test]
fn a_root_is_reached_by_the_directories_that_say_who_may_pass() {
    let home = tempfile::tempdir().unwrap();
    let base = home.path().canonicalize().unwrap();
    fs::create_dir_all(base.join("way/root")).unwrap();
    fs::set_permissions(base.join("way"), fs::Permissions::from_mode(0o711)).unwrap();
    symlink("way", base.join("link")).unwrap();
    symlink("root", base.join("way/link")).unwrap();
    let bytes = |path: &str| base.join(path).into_os_string().into_vec();
    let (way, dir) = Kernel.open_by_steps(&bytes("way/root")).unwrap();
    let seen: Vec<_> = way.iter().rev().map(|step| (step.stat.inode, step.stat.mode)).collect();
    let wanted: Vec<_> = base
        .join("way/root")
        .ancestors()
        .map(|dir| {
            let stat = fs::symlink_metadata(dir).unwrap();
            (stat.ino(), stat.mode() as u16)
        })
        .collect();
    assert_eq!(seen, wanted);
    assert_eq!(dir.stat(b"").unwrap().inode, wanted[0].0);
    for path in ["link/root", "way/link", "link/link"] {
        assert!(scan::is_gone(&Kernel.open_by_steps(&bytes(path)).unwrap_err()), "{path}");
    }
    assert_eq!(Kernel.open_by_steps(b"/").unwrap().0.len(), 1);
    let found = RootDir::open(&Kernel, &bytes("way/root"), Within { cross: false, shared: true }).unwrap();
    let depth = base.components().count();
    assert!(matches!(found.step(depth), Some((_, Access { mode: 0o711, .. }))), "{found:?}");
}
