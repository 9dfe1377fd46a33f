//! A worker of the running daemon, seen from outside: what it may and what it holds.

use std::{fs, path::PathBuf, time::Instant};

use rustix::process::Signal;
use tests::{
    instance::Instance,
    process::{PATIENCE, children, send},
    samples::{copy, golden},
};

fn status(pid: u32, key: &str) -> Option<String> {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    text.lines().find_map(|line| Some(line.strip_prefix(key)?.strip_prefix(':')?.trim().to_owned()))
}

fn number(pid: u32, key: &str) -> Option<u64> {
    status(pid, key)?.parse().ok()
}

/// What its descriptors are, by their number.
fn descriptors(pid: u32) -> Option<Vec<(u32, PathBuf)>> {
    let mut all: Vec<_> = (fs::read_dir(format!("/proc/{pid}/fd")).ok()?.flatten())
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, fs::read_link(entry.path()).ok()?)))
        .collect();
    all.sort();
    Some(all)
}

#[test]
fn a_worker_is_confined_and_holds_only_its_batch() {
    let instance = Instance::start();
    let root = instance.root();
    let samples = golden(&["jpeg", "tiff", "png", "pdf"]);
    (0..80).for_each(|n| copy(&samples, &root.join(n.to_string())));
    instance.ctl([std::path::Path::new("watch"), &root]);
    let started = Instant::now();
    // A worker that has files in hand, held still while it is looked at.
    let (worker, files) = loop {
        let busy = children(instance.pid()).into_iter().find_map(|worker| {
            send(worker, Signal::STOP);
            let files = descriptors(worker).filter(|files| files.len() > 3 && number(worker, "Seccomp") == Some(2));
            files.map(|files| (worker, files)).or_else(|| {
                send(worker, Signal::CONT);
                None
            })
        });
        if let Some(busy) = busy {
            break busy;
        }
        assert!(started.elapsed() < PATIENCE, "no worker was seen with a file");
    };
    assert_eq!(number(worker, "NoNewPrivs"), Some(1));
    let filters = |pid| number(pid, "Seccomp_filters").unwrap();
    assert!(filters(worker) > filters(instance.pid()), "filters of its own");
    assert_eq!(number(worker, "Threads"), Some(1));
    assert!(files[0].1.to_str().unwrap().starts_with("socket:"), "{files:?}");
    for (number, target) in &files[1..] {
        let expected = if *number < 3 { target.as_os_str() == "/dev/null" } else { target.starts_with(&root) };
        assert!(expected, "descriptor {number} is {}", target.display());
    }
    send(worker, Signal::CONT);
    instance.ctl(["wait"]);
    assert_eq!(instance.status()["Workers"]["Lost"], 0);
}
