//! Files that become something else between a look at them and their opening, and while they are read.
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::{
    fs::{self, File},
    os::unix::fs::symlink,
    path::Path,
    process::Command,
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use tests::{
    agree::equals_a_fresh_crawl,
    faulty::FaultyDisk,
    instance::Instance,
    process::{PATIENCE, ended},
    samples::jpeg,
};

/// Takes away whatever stands there.
fn clear(path: &Path) {
    let _gone = fs::remove_file(path).or_else(|_| fs::remove_dir_all(path));
}

/// Makes something else of a file, of every kind in turn; each ends as no reading of ours may end.
fn swap(path: &Path, round: usize) {
    let beside = path.with_extension("beside.jpg");
    match round % 7 {
        0 => File::options().write(true).open(path).unwrap().set_len(20).unwrap(),
        1 => {
            clear(path);
            assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
        }
        2 => {
            clear(path);
            symlink("/dev/zero", path).unwrap();
        }
        3 => {
            clear(path);
            fs::create_dir(path).unwrap();
            fs::write(path.join("inner.jpg"), jpeg("inner")).unwrap();
        }
        4 => {
            clear(path);
            _ = std::os::unix::net::UnixListener::bind(path).unwrap();
        }
        5 => {
            clear(path);
            symlink("outside.jpg", path).unwrap();
        }
        _ => {
            fs::write(&beside, jpeg("beside")).unwrap();
            clear(path);
            fs::rename(&beside, path).unwrap();
        }
    }
}

#[test]
fn files_that_are_swapped_while_they_are_indexed_end_as_they_are() {
    let instance = Instance::start();
    let swapped: Vec<_> = (0..4).map(|n| instance.put(format!("{n}/a.jpg"), jpeg("first"))).collect();
    let still: Vec<_> = (0..40).map(|n| instance.put(format!("still/{n}.jpg"), jpeg("still"))).collect();
    instance.watch(&instance.root());
    let (over, mut rescans) = (AtomicBool::new(false), Vec::new());
    thread::scope(|scope| {
        for (nth, path) in swapped.iter().enumerate() {
            let over = &over;
            scope.spawn(move || {
                for round in nth.. {
                    clear(path);
                    fs::write(path, jpeg(&format!("round {round}"))).unwrap();
                    swap(path, round);
                    if over.load(Ordering::Relaxed) {
                        break;
                    }
                }
            });
        }
        // They are looked at again and again; other files are read as ever.
        for round in 0..10 {
            rescans.push(instance.metactl_started(["rescan"]));
            let healthy = instance.put(format!("still/new-{round}.jpg"), jpeg("new"));
            instance.until_comment(&healthy, "new");
        }
        over.store(true, Ordering::Relaxed);
    });
    for mut rescan in rescans {
        assert!(ended(&mut rescan, PATIENCE).is_some(), "a look that was asked for does not end");
    }
    for path in &still {
        assert_eq!(instance.tag(path, "File:Comment").as_deref(), Some("still"));
    }
    for (n, path) in swapped.iter().enumerate() {
        clear(path);
        fs::write(path, jpeg(&format!("last {n}"))).unwrap();
        instance.until_comment(path, &format!("last {n}"));
    }
    let status = instance.status();
    assert_eq!(status["Files"]["Failed"].to_string(), "0", "{status:#}");
    assert_eq!(status["Workers"]["Lost"].to_string(), "0", "{status:#}");
    equals_a_fresh_crawl(&instance);
}

#[test]
fn a_file_truncated_while_it_is_read_is_read_as_it_is_then() {
    let instance = Instance::start();
    let mut disk = FaultyDisk::mount(instance.home(), "disk");
    let path = disk.put("a.jpg", jpeg(&"long ".repeat(4000)));
    disk.order("hang read a.jpg");
    instance.ctl(["watch".as_ref(), disk.point.as_os_str()]);
    // Nothing tells that a worker has begun with a file.
    let in_hand = || instance.json(["workers"]).as_array().unwrap().iter().any(|worker| worker.get("File").is_some());
    while !in_hand() {
        thread::yield_now();
    }
    File::options().write(true).open(disk.source.join("a.jpg")).unwrap().set_len(100).unwrap();
    disk.order("clear");
    instance.ctl(["wait"]);
    assert_eq!(instance.status()["Workers"]["Lost"].to_string(), "0");
    disk.put("a.jpg", jpeg("whole again"));
    instance.ctl(["rescan"]);
    instance.until_comment(&path, "whole again");
    assert_eq!(instance.status()["Workers"]["Lost"].to_string(), "0");
}
