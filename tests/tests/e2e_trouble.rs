//! Trouble that is not about a file: each kind has a state in `metactl status`, a line in the log, and ends well.
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Output, Stdio},
};

use serde_json::Value;
use tests::{
    agree::equals_a_fresh_crawl,
    instance::Instance,
    process::{Log, PATIENCE, ended},
    samples::jpeg,
};

/// The sentence of a degraded state.
fn degraded(instance: &Instance, id: &str) -> Option<String> {
    let status = instance.status();
    let found = status["Degraded"].as_array().unwrap().iter().find(|state| state["Id"] == id)?;
    Some(found["Text"].as_str().unwrap().to_owned())
}

/// Runs a daemon that has to end by itself.
fn refused(instance: &Instance) -> (Option<i32>, String) {
    let mut child = instance.daemon_command(&[]).stdin(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let log = Log::of(child.stderr.take().unwrap());
    let status = ended(&mut child, PATIENCE);
    if status.is_none() {
        child.kill().unwrap();
        child.wait().unwrap();
    }
    (status.expect("it ends").code(), log.whole())
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn mistakes_in_the_configuration_name_file_line_and_key() {
    let instance = Instance::new();
    let table = [
        ("[workers]\nmaxx = 2\n", 2, "maxx", "max"),
        ("[workers]\nmax = 1000\n", 2, "workers.max", "64"),
        ("\n[limits]\ncpu = 5\n", 3, "limits.cpu", "2s"),
        ("[mount]\npath = \"relative\"\n", 2, "mount.path", "absolute"),
        ("[[roots]]\npath = \"/tmp\"\npol = true\n", 3, "pol", "poll"),
        ("[log\nlevel = \"info\"\n", 1, "", "]"),
    ];
    for (config, line, key, hint) in table {
        let file = instance.configure(config);
        let (code, said) = refused(&instance);
        assert_eq!(code, Some(1), "{config}: {said}");
        let place = format!("{}:{line}", file.display());
        assert!(said.contains(&place) && said.contains(key) && said.contains(hint), "{config}: {said}");
    }
}

#[test]
fn a_wrong_configuration_is_refused_and_the_old_one_stays() {
    let instance = Instance::watching(|root| fs::write(root.join("a.jpg"), jpeg("a")).unwrap());
    let file = instance.configure("[watch]\nsettel = \"1s\"\n");
    let said = text(&instance.metactl(["reload"]));
    assert!(said.contains(&format!("{}:2", file.display())) && said.contains("settle"), "{said}");
    let path = instance.put("b.jpg", jpeg("b"));
    instance.until_comment(&path, "b");
}

#[test]
fn a_second_daemon_says_who_holds_the_name() {
    let instance = Instance::start();
    let store = format!("store.path={}", instance.home().join("state/other").display());
    let mut second = instance.daemon_command(&[]);
    let mut child = second.args(["--set", &store]).stderr(Stdio::piped()).spawn().unwrap();
    let log = Log::of(child.stderr.take().unwrap());
    let status = ended(&mut child, PATIENCE).expect("it ends");
    assert_eq!(status.code(), Some(1), "{}", log.text());
    log.line(&["another daemon", &instance.pid().to_string()]);
    instance.ctl(["status"]);
    assert!(fs::read_dir(instance.mount()).is_ok(), "the first one's mount is untouched");
}

#[test]
fn without_a_bus_files_are_indexed_and_shown() {
    let mut instance = Instance::without_bus();
    let path = instance.put("a.jpg", jpeg("no bus"));
    instance.configure(&format!("[[roots]]\npath = \"{}\"\n", instance.root().display()));
    instance.start_daemon(&[]);
    instance.log().line(&["no message bus"]);
    instance.log().line(&["looked at a root"]);
    let shown = instance.view(&path).join("File/Comment");
    until_text(&instance, &shown, "no bus\n");
    until_state(&instance, "degraded no-bus: ");
    let unreachable = instance.metactl(["status"]);
    assert_eq!(unreachable.status.code(), Some(3), "{}", text(&unreachable));
    assert!(!text(&unreachable).is_empty());
}

fn until_state(instance: &Instance, part: &str) {
    until_text(instance, &instance.mount().join("status/state"), part);
}

/// Nobody tells without a bus: looks again and again.
fn until_text(instance: &Instance, file: &Path, part: &str) {
    let started = std::time::Instant::now();
    while !fs::read_to_string(file).is_ok_and(|text| text.contains(part)) {
        assert!(started.elapsed() < PATIENCE, "no {part} in {}\n{}", file.display(), instance.log().text());
        std::thread::yield_now();
    }
}

#[test]
fn a_bus_that_goes_away_leaves_the_rest_running() {
    let mut instance = Instance::watching(|root| fs::write(root.join("a.jpg"), jpeg("a")).unwrap());
    instance.end_bus();
    instance.log().line(&["the message bus is gone"]);
    until_state(&instance, "degraded no-bus: ");
    assert_eq!(fs::read_to_string(instance.view(&instance.path("a.jpg")).join("File/Comment")).unwrap(), "a\n");
}

#[test]
fn without_a_mount_metactl_shows_everything() {
    let taken = tempfile::tempdir().unwrap();
    fs::write(taken.path().join("mine"), "not the daemon's").unwrap();
    let file = taken.path().join("mine").display().to_string();
    for point in [taken.path().display().to_string(), file, "/proc/nowhere".into()] {
        let instance = Instance::start_with(&[&format!("mount.path={point}")]);
        let path = instance.put("a.jpg", jpeg("no mount"));
        instance.watch(&instance.root());
        assert_eq!(instance.tag(&path, "File:Comment").as_deref(), Some("no mount"));
        let said = degraded(&instance, "no-fuse").expect("it is said");
        assert!(said.contains(&point) && said.contains("mount.path"), "{said}");
        assert_eq!(instance.status()["Mount"]["State"], "failed");
        instance.log().line(&["cannot mount the view"]);
        assert_eq!(instance.metactl(["status", "--check"]).status.code(), Some(1));
    }
    assert_eq!(fs::read(taken.path().join("mine")).unwrap(), b"not the daemon's");
}

#[test]
fn a_mount_taken_away_is_said() {
    let instance = Instance::watching(|root| fs::write(root.join("a.jpg"), jpeg("a")).unwrap());
    let status = std::process::Command::new("fusermount3").arg("-u").arg(instance.mount()).status().unwrap();
    assert!(status.success());
    instance.log().line(&["the mounted view is gone"]);
    instance.until("it is said", || degraded(&instance, "no-fuse"));
    let path = instance.put("b.jpg", jpeg("b"));
    instance.until("it is read", || instance.tag(&path, "File:Comment"));
}

#[test]
fn a_root_that_is_missing_is_kept_and_taken_up_when_it_comes_back() {
    let mut instance = Instance::watching(|root| fs::write(root.join("a.jpg"), jpeg("a")).unwrap());
    let (root, away) = (instance.root(), instance.home().join("away"));
    let path = instance.path("a.jpg");
    let offline = |instance: &Instance| {
        let said = instance.until("the root is offline", || degraded(instance, "root-offline"));
        assert!(said.contains(root.to_str().unwrap()), "{said}");
        assert_eq!(instance.json(["roots"])[0]["State"], "offline");
        assert_eq!(instance.tag(&path, "File:Comment").as_deref(), Some("a"), "its records can be read");
    };
    fs::rename(&root, &away).unwrap();
    offline(&instance);
    instance.log().line(&["a root is gone, keeping its rows"]);
    // Gone at the start.
    instance.stop_daemon();
    instance.start_daemon(&[]);
    offline(&instance);
    fs::write(away.join("late.jpg"), jpeg("late")).unwrap();
    fs::rename(&away, &root).unwrap();
    instance.until_comment(&instance.path("late.jpg"), "late");
    assert_eq!(degraded(&instance, "root-offline"), None);
    // It is watched again, not only looked at.
    let again = instance.put("again.jpg", jpeg("again"));
    instance.until_comment(&again, "again");
    // Deleted and made anew.
    fs::remove_dir_all(&root).unwrap();
    offline_or_empty(&instance);
    fs::create_dir(&root).unwrap();
    let anew = instance.put("anew.jpg", jpeg("anew"));
    instance.until_comment(&anew, "anew");
    equals_a_fresh_crawl(&instance);
}

/// A root that was emptied before it was removed has nothing left to show.
fn offline_or_empty(instance: &Instance) {
    instance.until("the root is offline", || degraded(instance, "root-offline"));
}

#[test]
fn watching_what_cannot_be_watched_says_why() {
    let instance = Instance::start();
    let file = instance.put("a.jpg", jpeg("a"));
    let closed = instance.home().join("closed");
    fs::create_dir(&closed).unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o000)).unwrap();
    let mount = instance.mount();
    let missing = instance.home().join("missing");
    for (dir, part) in
        [(&missing, "no directory"), (&file, "not a directory"), (&mount, "belongs to the daemon itself")]
    {
        let output = instance.metactl([Path::new("watch"), dir]);
        let said = text(&output);
        assert!(!output.status.success() && said.contains(part) && said.contains(dir.to_str().unwrap()), "{said}");
        assert!(said.trim_end().lines().count() >= 2, "what to do is missing: {said}");
    }
    let output = instance.metactl([Path::new("watch"), &closed]);
    assert!(output.status.success() || text(&output).contains("cannot be opened"), "{}", text(&output));
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn a_store_that_another_process_holds_is_waited_for() {
    let mut first = Instance::watching(|root| fs::write(root.join("a.jpg"), jpeg("a")).unwrap());
    let store = format!("store.path={}", first.home().join("state/metaextract/store").display());
    let second = Instance::start_with(&[&store, "mount.enabled=false"]);
    let said = degraded(&second, "store").expect("it is said");
    assert!(said.contains("store"), "{said}");
    second.log().line(&["the store cannot be opened"]);
    let refused = second.metactl([Path::new("watch"), &first.root()]);
    assert!(!refused.status.success() && text(&refused).contains("the store cannot be opened yet"));
    let path = first.path("a.jpg");
    first.stop_daemon();
    second.until("the store is opened", || degraded(&second, "store").is_none().then_some(()));
    // The roots stand beside the store.
    second.until("the store's files are shown", || second.tag(&path, "File:Comment"));
}

#[test]
fn a_store_that_cannot_be_written_is_said() {
    let mut instance = Instance::new();
    fs::write(instance.home().join("state/metaextract"), "a file where a directory is wanted").unwrap();
    instance.start_daemon(&[]);
    let said = degraded(&instance, "store").expect("it is said");
    assert!(said.contains(instance.home().join("state/metaextract/store").to_str().unwrap()), "{said}");
    fs::remove_file(instance.home().join("state/metaextract")).unwrap();
    instance.until("the store is opened", || degraded(&instance, "store").is_none().then_some(()));
    fs::write(instance.path("a.jpg"), jpeg("a")).unwrap();
    instance.watch(&instance.root());
    equals_a_fresh_crawl(&instance);
}

#[test]
fn a_clock_set_back_loses_nothing_and_has_nothing_read_again() {
    let mut instance = Instance::new();
    let offset = instance.home().join("offset");
    // Replaced whole: it is read at any moment.
    let set_clock = |by: &str| {
        let new = offset.with_extension("new");
        fs::write(&new, by).unwrap();
        fs::rename(&new, &offset).unwrap();
    };
    set_clock("+0");
    let libraries = fs::read_dir("/usr/lib").unwrap().map(|place| place.unwrap().path());
    let library = libraries.map(|place| place.join("faketime/libfaketimeMT.so.1")).find(|library| library.exists());
    let preload = format!("LD_PRELOAD={}", library.expect("install libfaketime (Debian: faketime)").display());
    let offset_is = format!("FAKETIME_TIMESTAMP_FILE={}", offset.display());
    let faked = [
        "env",
        &preload,
        &offset_is,
        "FAKETIME_NO_CACHE=1",
        "FAKETIME_DONT_FAKE_MONOTONIC=1",
        "FAKETIME_DISABLE_SHM=1",
    ];
    let committed = |instance: &Instance, path: &Path| {
        let why = instance.json(["why".as_ref(), path.as_os_str()]);
        why["Held"]["Committed"].as_u64().unwrap_or_else(|| panic!("{why:#}"))
    };
    instance.start_daemon(&faked);
    let old = instance.put("old.jpg", jpeg("before"));
    instance.watch(&instance.root());
    let before = committed(&instance, &old);

    instance.ctl(["pause", "--for", "2s"]);
    set_clock("-1d");
    instance.until("the pause has ended", || (instance.status()["State"] != "paused").then_some(()));
    let new = instance.put("new.jpg", jpeg("new"));
    instance.until_comment(&new, "new");
    assert!(committed(&instance, &new) + 86_000_000_000 < before, "the daemon sees the clock as it was set");
    instance.put("old.jpg", jpeg("after"));
    instance.until_comment(&old, "after");

    let held = [&old, &new].map(|path| committed(&instance, path));
    instance.stop_daemon();
    set_clock("-30d");
    instance.start_daemon(&faked);
    instance.ctl(["rescan"]);
    equals_a_fresh_crawl(&instance);
    assert_eq!([&old, &new].map(|path| committed(&instance, path)), held, "nothing is read again");
    assert_eq!(instance.status()["Degraded"], Value::Array(vec![]));
}
