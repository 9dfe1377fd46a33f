//! Walks of real directories against a real store.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    os::unix::ffi::OsStrExt,
    sync::mpsc::{Receiver, channel},
    time::{Duration, Instant},
};

use super::*;
use crate::{
    model::{FileId, FileName},
    store::{CommitId, SledStore, Store, StoreConfig, StoreEvent},
    watch::{files::Kernel, inotify::Inotify},
};

const MANY: usize = 100_000;

/// Walks; `put` is told what to change, and nothing else is to be told.
fn walk(store: &Arc<SledStore>, root: &Path, reach: &Reach, put: &mut dyn FnMut(Vec<Mutation>)) {
    walk_and_tell(store, root, reach, &mut |told| match told {
        Progress::Batch(batch) => put(batch),
        other => panic!("{other:?}"),
    });
}

/// Walks to the end.
fn walk_and_tell(store: &Arc<SledStore>, root: &Path, reach: &Reach, tell: &mut dyn FnMut(Progress)) {
    walk_and_watch(store, root, reach, None, tell);
}

/// Walks to the end, and has a watcher watch what it comes by.
fn walk_and_watch(
    store: &Arc<SledStore>,
    root: &Path,
    reach: &Reach,
    watcher: Option<&Arc<Inotify>>,
    tell: &mut dyn FnMut(Progress),
) {
    let watcher = watcher.map(|watcher| Arc::clone(watcher) as Arc<dyn Watcher>);
    let watch = watcher.is_some();
    let crawl = Crawl { rows: store.clone(), files: Arc::new(Kernel), watcher, threads: 1, readers: Vec::new() };
    let path: Box<[u8]> = root.as_os_str().as_bytes().into();
    let rules = Chain::at_root(&path, false, &[], Vec::new()).unwrap();
    let within = Within { cross: false, shared: false };
    let root = Root { path, within, watch, rules, policy: PolicyId(1) };
    let end = crawl.walk(&root, reach, &Seen::default(), tell);
    assert!(matches!(end, End::Done { .. }), "{end:?}");
}

/// The files of a directory, each by its name and number.
fn files(store: &SledStore, dir: &Path) -> (DirId, BTreeSet<(FileName, FileId)>) {
    let id = store.dir_at(dir.as_os_str().as_bytes()).unwrap().unwrap();
    let entries = store.dir(id).unwrap().unwrap().entries.into_iter();
    let files = entries.map(|entry| match entry.node {
        Node::File(row) => (entry.name, row.id),
        Node::Dir(_) => panic!("a directory"),
    });
    (id, files.collect())
}

fn new_store(home: &Path) -> (Arc<SledStore>, Receiver<StoreEvent>) {
    let (sender, events) = channel();
    let config = StoreConfig { min_free_bytes: 0, ..StoreConfig::new(home.join("store")) };
    let (store, _) = SledStore::open(config, Box::new(move |event| _ = sender.send(event))).unwrap();
    (Arc::new(store), events)
}

fn until_durable(events: &Receiver<StoreEvent>, wanted: CommitId) {
    while !matches!(events.recv().unwrap(), StoreEvent::Durable { commit } if commit == wanted) {}
}

#[test]
fn renaming_a_directory_of_100_000_files_writes_a_few_rows() {
    // In memory where that is possible: so many files take long to make.
    let home = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
    let root = home.path().canonicalize().unwrap().join("root");
    let (old, new) = (root.join("2023/photos"), root.join("2024"));
    fs::create_dir_all(&old).unwrap();
    fs::create_dir(&new).unwrap();
    let new = new.join("pictures");
    (0..MANY).for_each(|n| drop(File::create(old.join(n.to_string())).unwrap()));
    let (store, events) = new_store(home.path());
    let whole = Reach::Below(Vec::new());
    let mut commit = None;
    walk(&store, &root, &whole, &mut |batch| commit = Some(store.commit(batch)));
    until_durable(&events, commit.unwrap());
    let (id, before) = files(&store, &old);
    assert_eq!(before.len(), MANY);

    fs::rename(&old, &new).unwrap();
    let began = Instant::now();
    // As the two halves of the event say.
    let names = |name: &str| Scope::Names(vec![name.as_bytes().into()]);
    let reach = Reach::Dirs(vec![(b"2023".into(), names("photos")), (b"2024".into(), names("pictures"))]);
    let (mut rows, mut took) = (0, None);
    walk(&store, &root, &reach, &mut |batch| {
        rows += store.rows_written(batch);
        took.get_or_insert(began.elapsed());
    });
    // The directory's first page, an entry taken out and one put in, and the totals.
    assert!(rows <= 4, "{rows} rows");
    // Seen there before all that is in it is looked at.
    assert!(took.unwrap() < Duration::from_secs(1), "{took:?}");

    assert_eq!(store.dir_at(old.as_os_str().as_bytes()).unwrap(), None);
    assert_eq!(files(&store, &new), (id, before));
    assert_eq!(store.path(id).unwrap().unwrap(), new.as_os_str().as_bytes());
    let counts = store.counts();
    assert_eq!((counts.files, counts.pending), (MANY as u64, MANY as u64));
    // Everything is where a fresh look finds it.
    walk(&store, &root, &whole, &mut |batch| panic!("{batch:?}"));
}

#[test]
fn a_change_through_one_name_is_looked_at_through_the_others_that_are_known() {
    let home = tempfile::tempdir().unwrap();
    let root = home.path().canonicalize().unwrap().join("root");
    fs::create_dir(&root).unwrap();
    fs::write(root.join("a"), "one").unwrap();
    fs::hard_link(root.join("a"), root.join("b")).unwrap();
    let (store, events) = new_store(home.path());
    let mut commit = None;
    walk_and_tell(&store, &root, &Reach::Below(Vec::new()), &mut |told| {
        if let Progress::Batch(batch) = told {
            commit = Some(store.commit(batch));
        }
    });
    until_durable(&events, commit.unwrap());

    fs::write(root.join("a"), "another").unwrap();
    let mut told_of = Vec::new();
    let reach = Reach::Dirs(vec![(Vec::new(), Scope::Names(vec![b"a"[..].into()]))]);
    walk_and_tell(&store, &root, &reach, &mut |told| match told {
        Progress::AlsoAt(places) => told_of.extend(places.into_iter().map(|place| place.name)),
        Progress::Batch(_) => {}
        // Both names are known: a search for further ones would be in vain.
        other => panic!("{other:?}"),
    });
    assert_eq!(told_of, [FileName::from(*b"b")]);
}

/// Whoever asks for a file takes no watch away from the directories that are followed.
#[test]
fn only_what_is_walked_whole_is_watched() {
    let home = tempfile::tempdir().unwrap();
    let root = home.path().canonicalize().unwrap().join("root");
    fs::create_dir_all(root.join("dir")).unwrap();
    let file = root.join("dir/file");
    fs::write(&file, "one").unwrap();
    let (store, events) = new_store(home.path());
    let mut commit = None;
    walk(&store, &root, &Reach::Below(Vec::new()), &mut |batch| commit = Some(store.commit(batch)));
    until_durable(&events, commit.unwrap());

    let watcher = Arc::new(Inotify::new(Box::new(|| 8), Arc::new(|_| {})).unwrap());
    let watched_after = |scope| {
        let reach = Reach::Dirs(vec![(b"dir".to_vec(), scope)]);
        walk_and_watch(&store, &root, &reach, Some(&watcher), &mut |_| {});
        watcher.watched()
    };
    assert_eq!(watched_after(Scope::Names(vec![b"file"[..].into()])), 0);
    assert_eq!(watched_after(Scope::Whole), 1);
}
