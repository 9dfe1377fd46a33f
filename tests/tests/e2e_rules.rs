//! Which files are indexed: rules, marker files, roots, pauses. A real daemon, a private bus, a real mount.
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::{ffi::OsStr, fs, path::Path, process::Command};

use serde_json::Value;
use tests::{
    agree::{equals_a_fresh_crawl, everything_agrees},
    instance::Instance,
    samples::jpeg,
};

fn why(instance: &Instance, path: &Path) -> Value {
    instance.json([OsStr::new("why"), path.as_os_str()])
}

fn excluded(instance: &Instance, path: &Path, rule: &str) {
    let shown = instance.show(path);
    assert_eq!(shown["ErrorCode"], "excluded", "{shown}");
    assert!(fs::symlink_metadata(instance.view(path)).is_err(), "{}", path.display());
    let why = why(instance, path);
    assert_eq!(why["State"], "excluded", "{why}");
    assert!(why["Rule"].as_str().unwrap().contains(rule), "{why}");
}

#[test]
fn hidden_names_and_built_in_rules_leave_files_out() {
    let instance = Instance::watching(|root| {
        fs::write(root.join("seen.jpg"), jpeg("seen")).unwrap();
        for dir in [".hidden", "node_modules", ".ssh"] {
            fs::create_dir(root.join(dir)).unwrap();
            fs::write(root.join(dir).join("a.jpg"), jpeg(dir)).unwrap();
        }
    });
    instance.put(".late.jpg", jpeg("late"));
    let part = instance.put("a.part", jpeg("part"));
    let last = instance.put("last.jpg", jpeg("last"));
    instance.until_comment(&last, "last");
    assert_eq!(instance.status()["Files"]["Known"].to_string(), "2");
    excluded(&instance, &instance.path(".late.jpg"), "dot");
    excluded(&instance, &instance.path(".hidden/a.jpg"), "dot");
    excluded(&instance, &instance.path("node_modules/a.jpg"), "node_modules/");
    excluded(&instance, &part, "*.part");
    // A download that is complete gets its name.
    fs::rename(&part, instance.path("a.jpg")).unwrap();
    instance.until_comment(&instance.path("a.jpg"), "part");
}

#[test]
fn a_rule_file_takes_effect_when_it_comes_changes_and_goes() {
    let instance = Instance::watching(|root| {
        fs::create_dir_all(root.join("d/e")).unwrap();
        for name in ["a.jpg", "d/b.jpg", "d/e/c.jpg", "d/e/keep.jpg"] {
            fs::write(root.join(name), jpeg(name)).unwrap();
        }
    });
    let inner = instance.path("d/e/c.jpg");
    let rules = instance.put("d/.metaignore", "*.jpg\n!keep.jpg\n");
    instance.until_gone(&inner);
    instance.until_gone(&instance.path("d/b.jpg"));
    excluded(&instance, &inner, "*.jpg");
    instance.until_comment(&instance.path("d/e/keep.jpg"), "d/e/keep.jpg");
    instance.put("d/.metaignore", "e/\n");
    instance.until_comment(&instance.path("d/b.jpg"), "d/b.jpg");
    instance.until_gone(&instance.path("d/e"));
    fs::remove_file(&rules).unwrap();
    instance.until_comment(&inner, "d/e/c.jpg");
    instance.until_files("Indexed", 4);
}

#[test]
fn a_marker_file_takes_effect_when_it_comes_and_goes() {
    let instance = Instance::watching(|root| {
        fs::create_dir_all(root.join("d/e")).unwrap();
        fs::write(root.join("d/e/a.jpg"), jpeg("a")).unwrap();
    });
    let path = instance.path("d/e/a.jpg");
    for marker in [".nomedia", ".trackerignore", "CACHEDIR.TAG"] {
        let marker = instance.put(format!("d/{marker}"), "");
        instance.until_gone(&path);
        excluded(&instance, &path, marker.file_name().unwrap().to_str().unwrap());
        fs::remove_file(marker).unwrap();
        instance.until_comment(&path, "a");
    }
    // Also while the daemon looks elsewhere: a new directory that is marked at once.
    instance.put("f/.nomedia", "");
    instance.put("f/a.jpg", jpeg("never"));
    let last = instance.put("last.jpg", jpeg("last"));
    instance.until_comment(&last, "last");
    instance.ctl(["rescan"]);
    assert_eq!(instance.status()["Files"]["Known"].to_string(), "2");
}

#[test]
fn roots_come_and_go() {
    let instance = Instance::watching(|root| fs::write(root.join("a.jpg"), jpeg("a")).unwrap());
    let (root, second) = (instance.root(), instance.home().join("second"));
    fs::create_dir_all(second.join("inner")).unwrap();
    fs::write(second.join("b.jpg"), jpeg("b")).unwrap();
    instance.watch(&second);
    let (a, b) = (root.join("a.jpg"), second.join("b.jpg"));
    everything_agrees(&instance, &[a.clone(), b.clone()]);
    assert_eq!(instance.json(["roots"]).as_array().unwrap().len(), 2);
    // What is watched already is not watched twice, in either direction; the same again is nothing new.
    for nested in [second.join("inner"), instance.home().to_owned()] {
        let refused = instance.metactl([OsStr::new("watch"), nested.as_os_str()]);
        let text = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(!refused.status.success() && text.contains("watched already"), "{text}");
        assert!(text.contains(if nested.starts_with(&second) { "roots" } else { "unwatch" }), "{text}");
    }
    instance.watch(&second);
    assert_eq!(instance.json(["roots"]).as_array().unwrap().len(), 2);
    // A file moved from one root to the other is found there.
    let moved = second.join("inner/a.jpg");
    fs::rename(&a, &moved).unwrap();
    instance.until_comment(&moved, "a");
    instance.until_gone(&a);

    instance.ctl([OsStr::new("unwatch"), second.as_os_str()]);
    instance.until_gone(&b);
    assert!(fs::symlink_metadata(instance.view(&second)).is_err());
    assert_eq!(instance.show(&b)["ErrorCode"], "not-indexed");
    assert_eq!(instance.json(["roots"]).as_array().unwrap().len(), 1);
    instance.ctl([OsStr::new("unwatch"), root.as_os_str()]);
    instance.until_files("Known", 0);
    assert_eq!(fs::read_dir(instance.mount().join("files")).unwrap().count(), 0, "the view is as it was");
    let again = instance.metactl([OsStr::new("unwatch"), root.as_os_str()]);
    assert!(String::from_utf8_lossy(&again.stderr).contains("not a watched directory"));
    instance.watch(&root);
    equals_a_fresh_crawl(&instance);
}

#[test]
fn roots_and_pauses_are_kept_over_a_restart() {
    let mut instance = Instance::watching(|root| fs::write(root.join("a.jpg"), jpeg("a")).unwrap());
    instance.ctl(["pause", "a reason"]);
    assert_eq!(instance.status()["State"], "paused");
    let late = instance.put("late.jpg", jpeg("late"));
    instance.stop_daemon();
    assert!(fs::symlink_metadata(instance.mount()).is_err(), "the mount is gone, and its directory with it");
    instance.start_daemon(&[]);
    let status = instance.status();
    assert_eq!(status["State"], "paused");
    assert_eq!(status["Pauses"][0]["Reason"], "a reason");
    // What was known can be read meanwhile.
    assert_eq!(instance.tag(&instance.path("a.jpg"), "File:Comment").as_deref(), Some("a"));
    assert_eq!(fs::read_to_string(instance.view(&instance.path("a.jpg")).join("File/Comment")).unwrap(), "a\n");
    assert_eq!(instance.show(&late)["ErrorCode"], "not-indexed");
    instance.ctl(["resume"]);
    instance.until_comment(&late, "late");
    equals_a_fresh_crawl(&instance);
}

#[test]
fn a_root_of_the_configuration_is_changed_there_alone() {
    let mut instance = Instance::new();
    instance.configure(&format!("[[roots]]\npath = \"{}\"\n", instance.root().display()));
    instance.start_daemon(&[]);
    let root = instance.root();
    instance.watch(&root);
    for change in [&["watch", "--hidden"][..], &["unwatch"]] {
        let output = instance.metactl(change.iter().map(OsStr::new).chain([root.as_os_str()]));
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && said.contains("is a root of the configuration"), "{change:?}: {said}");
    }
    assert_eq!(instance.status()["Roots"][0]["Origin"], "config");
}

#[test]
fn a_root_of_the_configuration_comes_and_goes_with_it_alone() {
    let instance = Instance::watching(|root| fs::write(root.join("a.jpg"), jpeg("a")).unwrap());
    let second = instance.home().join("second");
    fs::create_dir(&second).unwrap();
    fs::write(second.join("b.jpg"), jpeg("b")).unwrap();
    instance.configure(&format!("[[roots]]\npath = \"{}\"\n", second.display()));
    instance.ctl(["reload"]);
    instance.until_comment(&second.join("b.jpg"), "b");
    // The same once more is nothing new.
    instance.ctl(["wait"]);
    let read_so_far = instance.files_read();
    instance.ctl(["reload"]);
    instance.ctl(["wait"]);
    assert_eq!(instance.files_read(), read_so_far);
    instance.configure("");
    instance.ctl(["reload"]);
    instance.until_gone(&second.join("b.jpg"));
    // What was asked for over the bus stays.
    let late = instance.put("late.jpg", jpeg("late"));
    instance.until_comment(&late, "late");
    assert_eq!(instance.json(["roots"]).as_array().unwrap().len(), 1);
}

#[test]
fn a_pause_holds_work_as_long_as_its_command_runs() {
    let instance = Instance::watching(|_| ());
    let end = instance.home().join("end");
    assert!(Command::new("mkfifo").arg(&end).status().unwrap().success());
    let mut pause = instance.metactl_started(["pause".as_ref(), "--".as_ref(), "cat".as_ref(), end.as_os_str()]);
    instance.until("it is paused", || (instance.status()["State"] == "paused").then_some(()));
    // A look at the files made meanwhile would make them known, a worker would read them.
    for n in 1..=50 {
        instance.put(format!("{n}.jpg"), jpeg("paused"));
        let status = instance.status();
        assert_eq!((&status["State"], &status["Files"]["Known"]), (&"paused".into(), &0.into()), "{status:#}");
        assert_eq!(
            (&status["Workers"]["Wanted"], &status["Workers"]["Why"]),
            (&0.into(), &"paused".into()),
            "{status:#}"
        );
    }
    fs::write(&end, "").unwrap();
    assert!(pause.wait().unwrap().success());
    instance.until_files("Indexed", 50);
    instance.until_comment(&instance.path("50.jpg"), "paused");
    assert_ne!(instance.status()["State"], "paused");
}
