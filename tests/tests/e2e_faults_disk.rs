//! Disks that fail, hang and crawl: what is on them waits or fails with a reason, and nothing else notices.

use std::{
    fs,
    process::Child,
    time::{Duration, Instant},
};

use rustix::process::Signal;
use serde_json::Value;
use tests::{faulty::FaultyDisk, instance::Instance, process::PATIENCE, samples::jpeg};

/// How late a healthy file may be beside a disk that hangs: it may have to wait for the daemon to notice. Machines that run
/// tests can be very busy.
const NOT_LATE: Duration = Duration::from_secs(20);

/// A command that may not come back before the disk does; ended with the test.
struct Waiting(Child);

impl Drop for Waiting {
    fn drop(&mut self) {
        _ = self.0.kill();
        _ = self.0.wait();
    }
}

fn healthy_files_are_read(instance: &Instance, round: &str) {
    for n in 0..8 {
        let begun = Instant::now();
        let name = format!("{round}-{n}");
        let path = instance.put(format!("{name}.jpg"), jpeg(&name));
        instance.until_comment(&path, &name);
        assert!(begun.elapsed() < NOT_LATE, "{name} took {:?}\n{}", begun.elapsed(), instance.log().text());
    }
}

fn nobody_is_blamed(instance: &Instance) {
    let status = instance.status();
    assert_eq!(status["Files"]["Failed"].to_string(), "0", "{status:#}");
    assert_eq!(status["Workers"]["Lost"].to_string(), "0", "{status:#}");
}

/// Hangs in every way a disk can; two small roots, of which one hangs.
#[test]
fn a_hanging_disk_holds_up_no_healthy_file() {
    for operation in ["read", "open", "list", "stat"] {
        let instance = Instance::start();
        let mut disk = FaultyDisk::mount(instance.home(), "disk");
        instance.put("first.jpg", jpeg("first"));
        instance.watch(&instance.root());
        let early = disk.put("early.jpg", jpeg("early"));
        instance.watch(&disk.point);
        instance.until_comment(&early, "early");
        disk.order(&format!("hang {operation} ."));
        let late: Vec<_> = (0..300).map(|n| disk.put(&format!("{n}.jpg"), jpeg("late"))).collect();
        let _rescan = Waiting(instance.metactl_started(["rescan"]));
        healthy_files_are_read(&instance, operation);
        let said = instance.until("it is said", || instance.degraded("root-stuck"));
        assert!(said.contains(disk.point.to_str().unwrap()) && said.contains("unwatch"), "{said}");
        instance.log().line(&["a root does not answer", disk.point.to_str().unwrap()]);
        healthy_files_are_read(&instance, "still");
        nobody_is_blamed(&instance);
        let begun = Instant::now();
        instance.ctl(["pause"]);
        assert!(begun.elapsed() < Duration::from_secs(5), "the pause took {:?}", begun.elapsed());
        instance.ctl(["resume"]);
        disk.order("clear");
        for path in &late {
            instance.until_comment(path, "late");
        }
        instance.until("it is over", || instance.degraded("root-stuck").is_none().then_some(()));
        instance.log().line(&["a root answers again"]);
        nobody_is_blamed(&instance);
    }
}

#[test]
fn a_worker_that_waits_for_a_hanging_disk_is_given_up() {
    let instance = Instance::start();
    let mut disk = FaultyDisk::mount(instance.home(), "disk");
    let hung = disk.put("hung.jpg", jpeg("hung"));
    disk.order("hang read .");
    instance.ctl(["watch".as_ref(), disk.point.as_os_str()]);
    // Nothing tells what workers do.
    let has_it_in_hand = |wanted: bool| {
        let begun = Instant::now();
        let holds = |worker: &Value| worker.get("File").is_some_and(|file| file.as_str() == hung.to_str());
        while instance.json(["workers"]).as_array().unwrap().iter().any(holds) != wanted {
            assert!(begun.elapsed() < PATIENCE, "in hand: {wanted}, in vain\n{}", instance.log().text());
        }
    };
    has_it_in_hand(true);
    has_it_in_hand(false);
    disk.order("clear");
    instance.until_comment(&hung, "hung");
    nobody_is_blamed(&instance);
}

#[test]
fn a_daemon_whose_disk_hangs_starts_and_stops() {
    for operation in ["read", "stat"] {
        let mut instance = Instance::new();
        let mut disk = FaultyDisk::mount(instance.home(), "disk");
        let hung = disk.put("hung.jpg", jpeg("hung"));
        let roots = [&instance.root(), &disk.point].map(|root| format!("[[roots]]\npath = \"{}\"\n", root.display()));
        instance.configure(&roots.concat());
        disk.order(&format!("hang {operation} ."));
        let healthy = instance.put("a.jpg", jpeg("healthy"));
        instance.start_daemon(&[]);
        instance.until_comment(&healthy, "healthy");
        instance.until("it is said", || instance.degraded("root-stuck"));
        instance.signal(Signal::TERM);
        instance.log().line(&["stopped"]);
        assert!(fs::read_dir(instance.mount()).map_or(true, |mut left| left.next().is_none()), "it is unmounted");
        // A thread that the kernel does not let go keeps the process, and nothing else, until the disk answers.
        disk.order("clear");
        instance.stop_daemon();
        instance.start_daemon(&[]);
        instance.until_comment(&hung, "hung");
    }
}

#[test]
fn a_disk_with_bad_places_fails_those_files_with_the_reason() {
    let instance = Instance::start();
    let mut disk = FaultyDisk::mount(instance.home(), "disk");
    let good = disk.put("good.jpg", jpeg("good"));
    let unread = disk.put("unread.jpg", jpeg("unread"));
    let unopened = disk.put("unopened.jpg", jpeg("unopened"));
    disk.order("eio read unread.jpg");
    disk.order("eio open unopened.jpg");
    instance.watch(&disk.point);
    assert_eq!(instance.tag(&good, "File:Comment").as_deref(), Some("good"));
    for path in [&unread, &unopened] {
        let shown = instance.show(path);
        assert_eq!(shown["ErrorCode"], "failed", "{shown}");
        assert!(shown["Error"].as_str().unwrap().contains("Input/output error"), "{shown}");
        let why = instance.ctl(["why".as_ref(), path.as_os_str()]);
        assert!(why.contains("read-error"), "{why}");
    }
    assert_eq!(instance.status()["Workers"]["Lost"].to_string(), "0", "no worker is blamed");
    disk.order("clear");
    instance.ctl(["retry"]);
    instance.until_comment(&unread, "unread");
    instance.until_comment(&unopened, "unopened");
}

#[test]
fn a_directory_that_the_disk_does_not_give_keeps_its_rows_and_is_looked_at_again() {
    let instance = Instance::start_with(&["watch.poll=2s"]);
    let mut disk = FaultyDisk::mount(instance.home(), "disk");
    let kept = disk.put("d/kept.jpg", jpeg("kept"));
    instance.watch(&disk.point);
    disk.order("eio list d");
    instance.ctl(["rescan"]);
    let said = instance.until("it is said", || instance.degraded("unreadable-directory"));
    assert!(said.contains("/d: ") && said.contains("dmesg") && !said.contains("right"), "{said}");
    assert_eq!(instance.tag(&kept, "File:Comment").as_deref(), Some("kept"));
    let new = disk.put("d/new.jpg", jpeg("new"));
    disk.order("clear");
    instance.until_comment(&new, "new");
    instance.until("it is over", || instance.degraded("unreadable-directory").is_none().then_some(()));
}

#[test]
fn slow_and_short_reads_are_only_slow() {
    let instance = Instance::start();
    let mut disk = FaultyDisk::mount(instance.home(), "disk");
    let files: Vec<_> = (0..12).map(|n| disk.put(&format!("{n}.jpg"), jpeg("as ever"))).collect();
    for order in ["slow read .", "short read ."] {
        disk.order("clear");
        disk.order(order);
        instance.watch(&disk.point);
        for path in &files {
            instance.until_comment(path, "as ever");
        }
        nobody_is_blamed(&instance);
        instance.ctl(["unwatch".as_ref(), disk.point.as_os_str()]);
    }
}
