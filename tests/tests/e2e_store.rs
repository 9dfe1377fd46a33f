//! A store that something has damaged: what can be mended is, else it is set aside and everything is read again.
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::{
    fs,
    path::{Path, PathBuf},
};

use tests::{agree::equals_a_fresh_crawl, instance::Instance, samples::jpeg};

/// What the daemon says when it begins anew.
const SET_ASIDE: &str = "the store was damaged and is set aside";

fn rows(instance: &Instance) -> PathBuf {
    instance.home().join("state/metaextract/store/rows")
}

fn filled() -> Instance {
    Instance::watching(|root| {
        for n in 0..200 {
            let dir = root.join(format!("{}", n % 10));
            fs::create_dir_all(&dir).unwrap();
            fs::write(dir.join(format!("{n}.jpg")), jpeg(&format!("picture {n}"))).unwrap();
        }
    })
}

/// Damages the rows of a stopped daemon, starts it, and has it converge.
fn converges(damage: impl FnOnce(&Path)) -> Instance {
    let mut instance = filled();
    instance.stop_daemon();
    // Sled writes a snapshot of what it finds.
    instance.start_daemon(&[]);
    instance.stop_daemon();
    damage(&rows(&instance));
    instance.start_daemon(&[]);
    let last = instance.put("last.jpg", jpeg("last"));
    instance.until_comment(&last, "last");
    instance.until_files("Indexed", 201);
    equals_a_fresh_crawl(&instance);
    instance
}

/// Turns some bits all over the file.
fn rot(file: &Path) {
    let mut bytes = fs::read(file).unwrap();
    bytes.iter_mut().skip(100).step_by(997).for_each(|byte| *byte ^= 0x10);
    fs::write(file, bytes).unwrap();
}

fn snapshots(rows: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(rows).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with("snap.")).collect()
}

/// What is left is an earlier state, or none.
#[test]
fn a_truncated_database_converges() {
    converges(|rows| {
        let db = fs::OpenOptions::new().write(true).open(rows.join("db")).unwrap();
        db.set_len(db.metadata().unwrap().len() / 3).unwrap();
    });
}

#[test]
fn a_database_that_rots_is_set_aside_and_everything_read_again() {
    let instance = converges(|rows| rot(&rows.join("db")));
    instance.log().line(&[SET_ASIDE]);
    assert!(rows(&instance).with_extension("damaged-1").join("db").exists());
}

#[test]
fn a_broken_snapshot_is_left_out() {
    let instance = converges(|rows| {
        let snapshots = snapshots(rows);
        assert!(!snapshots.is_empty());
        snapshots.iter().for_each(|snapshot| rot(snapshot));
    });
    assert!(!instance.log().text().contains(SET_ASIDE));
}

#[test]
fn a_store_without_its_settings_is_taken_up() {
    converges(|rows| fs::remove_file(rows.join("conf")).unwrap());
}

#[test]
fn a_store_without_its_database_is_set_aside_and_everything_read_again() {
    converges(|rows| {
        fs::remove_file(rows.join("db")).unwrap();
        snapshots(rows).into_iter().for_each(|snapshot| fs::remove_file(snapshot).unwrap());
    })
    .log()
    .line(&[SET_ASIDE]);
}

#[test]
fn a_store_that_rots_while_it_sleeps_is_set_aside_and_everything_read_again() {
    let mut instance = filled();
    instance.stop_daemon();
    instance.set("store.sleep_after=50ms");
    instance.start_daemon(&[]);
    instance.until_files("Indexed", 200);
    while instance.status()["Store"]["Rest"] != "asleep" {}
    let pid = instance.pid();
    rot(&rows(&instance).join("db"));
    snapshots(&rows(&instance)).iter().for_each(|snapshot| rot(snapshot));
    // Whoever asks meets it.
    instance.metactl([Path::new("show"), &instance.path("3/3.jpg")]);
    instance.put("1/late.jpg", jpeg("late"));
    instance.log().line(&[SET_ASIDE]);
    assert_eq!(instance.pid(), pid);
    instance.until_comment(&instance.path("1/late.jpg"), "late");
    instance.until_files("Indexed", 201);
    equals_a_fresh_crawl(&instance);
}

/// What took the place of another file in `dir`, by the trace of all processes of the daemon; each was synced before, and the
/// directory after.
fn replaced(trace: &Path, dir: &Path) -> Vec<String> {
    let text = fs::read_to_string(trace).unwrap();
    let calls: Vec<&str> = text.lines().filter_map(|line| Some(line.split_once(' ')?.1.trim_start())).collect();
    let synced = |calls: &[&str], what: &Path| {
        let open = format!("<{}>", what.display());
        calls.iter().any(|call| call.starts_with("fsync(") && call.contains(&open))
    };
    let renames = calls.iter().enumerate().filter(|(_, call)| call.starts_with("rename"));
    let in_dir = renames.filter_map(|(at, call)| {
        let mut names = call.split('"').skip(1).step_by(2).map(Path::new);
        let (from, to) = (names.next()?, names.next()?);
        (to.parent() == Some(dir)).then_some((at, from, to))
    });
    in_dir
        .map(|(at, from, to)| {
            assert!(synced(&calls[..at], from), "{} was not synced before it was renamed:\n{text}", from.display());
            assert!(synced(&calls[at..], dir), "{} was not synced after a rename in it:\n{text}", dir.display());
            to.file_name().unwrap().to_str().unwrap().to_owned()
        })
        .collect()
}

#[test]
fn what_is_kept_beside_the_store_is_synced_before_it_takes_the_old_ones_place() {
    let mut instance = Instance::new();
    let trace = instance.home().join("trace");
    let calls = "trace=fsync,rename,renameat,renameat2";
    instance.start_daemon(&["strace", "-f", "-y", "-qq", "-e", calls, "-o", trace.to_str().unwrap()]);
    instance.watch(&instance.root());
    instance.ctl(["pause"]);
    instance.stop_daemon();
    assert_eq!(replaced(&trace, &instance.home().join("state/metaextract")), ["roots.toml", "pauses.toml"]);
}
