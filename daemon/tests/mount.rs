//! The daemon's side of the mounted view: its mount point, what it tells, and the sentences when there is none.

#![cfg(test)]

use std::{fs, os::unix::fs::PermissionsExt, path::Path, sync::mpsc, time::Duration};

use metaextractd::{
    model::{DirId, FileId, Place},
    mount::{Audience, Event, NoView, View},
    store::{Changed, ChangedKind, CommitId},
};
use metafs::Change;

#[path = "../../fs/tests/memory/mod.rs"]
mod memory;

use memory::{Memory, record, status};

fn mount(point: &Path) -> Result<View, NoView> {
    View::mount(
        Memory::new([("/a", record(&[("A", "b", "c")]))]),
        status(),
        point,
        Audience::Owner,
        None,
        Box::new(|_| {}),
    )
}

#[test]
fn the_mount_point_is_made_for_its_owner_and_taken_away() {
    let dir = tempfile::tempdir().unwrap();
    let point = dir.path().join("run/view");
    let (told, events) = mpsc::channel();
    let memory = Memory::new([("/a", record(&[("A", "b", "c")]))]);
    let view = View::mount(
        memory.clone(),
        status(),
        &point,
        Audience::Owner,
        None,
        Box::new(move |event| _ = told.send(event)),
    )
    .unwrap();
    assert_eq!(fs::metadata(point.parent().unwrap()).unwrap().permissions().mode() & 0o777, 0o700);
    assert_eq!(fs::read_to_string(point.join("files/a/A/b")).unwrap(), "c\n");
    assert!(fs::metadata(point.join("files/new")).is_err());

    let commit = |number, changes: &[Change]| {
        let changed: Vec<_> = changes.iter().map(changed).collect();
        view.commit(CommitId(number), &changed);
        assert!(matches!(events.recv_timeout(Duration::from_secs(20)), Ok(Event::Drained(n)) if n == number));
    };
    commit(7, &[memory.put(b"/new", record(&[]))]);
    assert_eq!(fs::read_to_string(point.join("files/new/tags.txt")).unwrap(), "");
    commit(8, &memory.rename(b"/new", b"/moved"));
    assert_eq!(fs::read_link(point.join("files/moved/source")).unwrap(), Path::new("/moved"));
    commit(9, &[memory.remove(b"/moved")]);
    assert!(fs::metadata(point.join("files/moved")).is_err());

    view.unmount();
    assert!(!point.exists());
}

/// As the store announces it.
fn changed(change: &Change) -> Changed {
    let place = Place { dir: DirId(change.dir.0), name: change.name.clone() };
    Changed { place, file: change.file.map(|file| FileId(file.0)), kind: ChangedKind::Updated }
}

#[test]
fn a_directory_that_was_there_stays() {
    let dir = tempfile::tempdir().unwrap();
    mount(dir.path()).unwrap().unmount();
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn what_is_wrong_is_said_with_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("file"), "").unwrap();
    let said = |point: &Path| mount(point).unwrap_err().to_string().replace(&*dir.path().to_string_lossy(), "DIR");
    let elsewhere = "name another directory as mount.path in the configuration";
    assert_eq!(said(dir.path()), format!("DIR is not empty; {elsewhere}"));
    let file = said(&dir.path().join("file"));
    assert!(file.starts_with("DIR/file is not a directory that can be mounted on: "), "{file}");
    let below = said(&dir.path().join("file/view"));
    assert!(below.ends_with(elsewhere), "{below}");
    let taken = dir.path().join("taken");
    let _view = mount(&taken).unwrap();
    let occupied = said(&taken);
    assert!(occupied.starts_with("something else is mounted on DIR/taken; unmount it"), "{occupied}");
}
