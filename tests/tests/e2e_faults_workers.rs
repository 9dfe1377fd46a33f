//! Workers that are killed, stopped short or held back, and kernels that confine them less.

use std::{
    fs::{self, File, FileTimes, OpenOptions},
    io::Write,
    path::PathBuf,
    time::{Duration, Instant},
};

use rustix::process::Signal;
use tests::{
    faulty::FaultyDisk,
    instance::Instance,
    process::{PATIENCE, children, program, send},
    samples::jpeg,
};

fn lost(instance: &Instance) -> String {
    instance.status()["Workers"]["Lost"].to_string()
}

#[test]
fn a_worker_killed_by_an_outsider_a_hundred_times_blames_no_file() {
    let instance = Instance::start();
    let mut disk = FaultyDisk::mount(instance.home(), "disk");
    let files: Vec<_> = (0..600).map(|n| disk.put(&format!("{n}.jpg"), jpeg("alive"))).collect();
    // Slow enough that there is always a file in hand.
    disk.order("slow read .");
    instance.ctl(["watch".as_ref(), disk.point.as_os_str()]);
    let mut killed = 0;
    while killed < 100 {
        let workers = instance.json(["workers"]);
        // One that has shown that it can read, so that the daemon has no reason to wait with the next.
        let ripe = workers.as_array().unwrap().iter().filter(|worker| worker["Files"].as_u64() > Some(0));
        for worker in ripe.filter(|worker| worker.get("File").is_some()) {
            send(worker["Pid"].as_u64().unwrap() as u32, Signal::KILL);
            killed += 1;
        }
    }
    assert!(instance.status()["Files"]["Pending"].as_u64() > Some(0), "all of them had work");
    disk.order("clear");
    instance.until_files("Indexed", files.len());
    assert_eq!(instance.status()["Files"]["Failed"].to_string(), "0");
    assert_eq!(lost(&instance), "0", "nobody is blamed");
}

#[test]
fn a_pause_is_effective_in_under_a_second_with_all_workers_busy() {
    let instance = Instance::start_hostile(&["limits.cpu=5min", "workers.max=2"]);
    (0..6).for_each(|n| _ = instance.put(format!("{n}.hostile"), "HOSTILE spin"));
    instance.ctl(["watch".as_ref(), instance.root().as_os_str()]);
    let pause = || {
        // Nothing tells that a worker has begun with a file.
        let busy = || {
            let workers = instance.json(["workers"]);
            workers.as_array().unwrap().iter().filter(|worker| worker.get("File").is_some()).count()
        };
        let begun = Instant::now();
        while busy() < 2 {
            assert!(begun.elapsed() < PATIENCE, "a worker has nothing to do");
            std::thread::yield_now();
        }
        let begun = Instant::now();
        instance.ctl(["pause"]);
        while !children(instance.pid()).is_empty() {
            assert!(begun.elapsed() < Duration::from_secs(20), "workers go on");
            std::thread::yield_now();
        }
        let took = begun.elapsed();
        instance.ctl(["resume"]);
        took
    };
    // Machines that run tests can be very busy: the best of some.
    let fastest = (0..4).map(|_| pause()).min().unwrap();
    assert!(fastest < Duration::from_secs(1), "{fastest:?}");
    assert_eq!(lost(&instance), "0", "a pause blames no file");
}

#[test]
fn a_crashing_file_with_a_path_of_three_kib_is_quarantined() {
    let instance = Instance::start_hostile(&[]);
    let name = "n".repeat(190);
    let dir = PathBuf::from_iter(std::iter::repeat_n(name.as_str(), 16));
    let bad = instance.put(dir.join("bad.hostile"), "HOSTILE panic");
    let good = instance.put(dir.join("good.jpg"), jpeg("good"));
    assert!(bad.as_os_str().len() > 3 << 10);
    instance.watch(&instance.root());
    instance.until_comment(&good, "good");
    let shown = instance.show(&bad);
    assert_eq!(shown["ErrorCode"], "failed", "{shown}");
    let why = instance.json(["why".as_ref(), bad.as_os_str()]);
    assert_eq!(why["Held"]["Attempts"].to_string(), "3", "{why:#}");
    assert_eq!(instance.status()["Files"]["Failed"].to_string(), "1");
}

#[test]
fn a_file_that_takes_the_daemon_down_is_suspected_at_the_next_start_and_tried_alone() {
    let mut instance = Instance::start_hostile(&["limits.cpu=5min", "workers.max=2"]);
    let good: Vec<_> = (0..60).map(|n| instance.put(format!("{n}.jpg"), jpeg("good"))).collect();
    // While it is in hand the daemon is killed, every time.
    let bad = instance.put("bad.hostile", "HOSTILE spin");
    let slate = instance.home().join("state/metaextract/store/in-hand");
    instance.ctl(["watch".as_ref(), instance.root().as_os_str()]);
    let bad_name = bad.to_str().unwrap();
    let in_hand = |instance: &Instance| {
        let workers = instance.json(["workers"]);
        let files = workers.as_array().unwrap().iter().filter_map(|worker| worker.get("File"));
        files.map(|file| file.as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    // What it has just found is lost with it if it ends before that is durable; the next one waits for that.
    let accuses = |instance: &Instance| {
        instance.log().line(&["watching a directory"]);
        instance.log().text().contains("the daemon has ended suddenly, trying what it had in hand one at a time")
    };
    let mut death = 1;
    while death <= 3 {
        // Nothing tells that a worker has begun with a file.
        while !in_hand(&instance).iter().any(|path| path == bad_name) {
            std::thread::yield_now();
        }
        if death > 1 {
            let noted = fs::read(&slate).unwrap();
            let noted: Vec<_> = noted.chunks(16).filter(|slot| slot.iter().any(|byte| *byte != 0)).collect();
            assert!(noted.len() == 1 && noted[0][7] == 0x80, "nothing is in hand beside it: {noted:?}");
            assert_eq!(in_hand(&instance), [bad_name]);
        }
        instance.kill_daemon();
        instance.start_daemon(&[]);
        if accuses(&instance) {
            death += 1;
        } else {
            assert_eq!(death, 1, "at the second start what is in hand is durable");
        }
    }
    instance.log().line(&["the daemon ended again and again with a file", "bad.hostile"]);
    instance.until_files("Indexed", good.len());
    let failed = instance.json(["failed"]);
    assert_eq!(failed.as_array().unwrap().len(), 1, "{failed}");
    assert_eq!((failed[0]["Path"].as_str(), failed[0]["Reason"].as_str()), (bad.to_str(), Some("ended-daemon")));
    assert_eq!(failed[0]["Text"], "the daemon ended while it was read");
    for path in &good {
        let why = instance.json(["why".as_ref(), path.as_os_str()]);
        assert_eq!(why["Held"]["Attempts"].to_string(), "0", "{why:#}");
    }
    // It is left alone, also by the next daemon, until it changes.
    instance.stop_daemon();
    assert!(fs::read(&slate).unwrap().iter().all(|byte| *byte == 0), "an end in order leaves no suspects");
    instance.start_daemon(&[]);
    instance.ctl(["wait"]);
    assert_eq!(instance.status()["Files"]["Failed"].to_string(), "1");
    instance.put("bad.hostile", "HOSTILE count");
    instance.until_files("Indexed", good.len() + 1);
}

#[test]
fn a_worker_reads_no_file_of_home_by_path() {
    for isolation in ["require", "best-effort"] {
        let instance = Instance::start_hostile(&[&format!("isolation={isolation}")]);
        let secret = instance.home().join("secret");
        fs::write(&secret, "a key").unwrap();
        let beside = instance.put("beside.txt", "a letter");
        let thieves = [&secret, &beside].map(|path| {
            let name = path.file_stem().unwrap().to_str().unwrap();
            instance.put(format!("{name}.hostile"), format!("HOSTILE read {}", path.display()))
        });
        instance.watch(&instance.root());
        for thief in thieves {
            let shown = instance.show(&thief);
            assert_eq!(shown["ErrorCode"], "failed", "{shown}");
            let why = instance.ctl(["why".as_ref(), thief.as_os_str()]);
            assert!(why.contains("refused-system-call"), "{why}");
        }
    }
}

/// A daemon on a kernel that lacks something, and a file that it is to read.
fn without(lacking: &str, isolation: &str) -> (Instance, PathBuf) {
    let mut instance = Instance::new();
    // A program that can gain no privileges cannot mount.
    instance.set("mount.enabled=false");
    instance.set(&format!("isolation={isolation}"));
    let path = instance.put("a.jpg", jpeg("read"));
    instance.start_daemon(&[&program("without").to_string_lossy(), lacking]);
    instance.ctl(["watch".as_ref(), instance.root().as_os_str()]);
    (instance, path)
}

/// Each wall holds where the other is not.
#[test]
fn landlock_by_itself_lets_a_worker_open_no_path() {
    let (instance, path) = without("seccomp", "best-effort");
    instance.until("it is read", || instance.tag(&path, "File:Comment"));
    let said = instance.until("it is said", || instance.degraded("isolation"));
    assert!(!said.contains("open a file by its path") && said.contains("execute a program"), "{said}");
}

#[test]
fn a_kernel_without_landlock_is_degraded_and_policy_decides() {
    let isolation = |instance: &Instance| instance.status()["Workers"]["Isolation"].as_str().unwrap().to_owned();
    // Everything that must fail from inside still fails.
    let (instance, path) = without("landlock", "require");
    instance.until("it is read", || instance.tag(&path, "File:Comment"));
    let said = instance.until("it is said", || instance.degraded("isolation"));
    assert!(said.contains("no Landlock") && said.contains("lsm="), "{said}");
    assert!(isolation(&instance).contains("seccomp alone"), "{}", isolation(&instance));
    instance.log().line(&["workers are confined less than they could be"]);
    // It does not.
    let (instance, path) = without("walls", "require");
    let said = instance.until("it is said", || instance.degraded("no-workers"));
    assert!(said.contains("open a file by its path") && said.contains("best-effort"), "{said}");
    assert_eq!(instance.tag(&path, "File:Comment"), None);
    assert!(isolation(&instance).contains("partial"), "{}", isolation(&instance));
    let (instance, path) = without("walls", "best-effort");
    instance.until("it is read", || instance.tag(&path, "File:Comment"));
    let said = instance.until("it is said", || instance.degraded("isolation"));
    assert!(said.contains("open a file by its path") && said.contains("require"), "{said}");
    assert!(isolation(&instance).contains("partial"), "{}", isolation(&instance));
}

#[test]
fn a_write_in_place_with_size_and_mtime_restored_is_found() {
    let mut instance = Instance::start();
    let path = instance.put("a.jpg", jpeg("first"));
    instance.watch(&instance.root());
    let forge = |comment: &str| {
        let before = fs::metadata(&path).unwrap();
        let mut file = OpenOptions::new().write(true).open(&path).unwrap();
        file.write_all(&jpeg(comment)).unwrap();
        file.set_times(FileTimes::new().set_modified(before.modified().unwrap())).unwrap();
        let after = File::open(&path).unwrap().metadata().unwrap();
        assert_eq!((before.len(), before.modified().unwrap()), (after.len(), after.modified().unwrap()));
    };
    forge("other");
    instance.until_comment(&path, "other");
    instance.stop_daemon();
    forge("third");
    instance.start_daemon(&[]);
    instance.until_comment(&path, "third");
}

#[test]
fn a_bus_that_comes_back_is_served_again() {
    let mut instance = Instance::watching(|root| fs::write(root.join("a.jpg"), jpeg("a")).unwrap());
    instance.end_bus();
    instance.log().line(&["the message bus is gone"]);
    _ = fs::remove_file(instance.home().join("bus")); // It may have left its socket.
    instance.start_bus();
    instance.log().line(&["the message bus is back"]);
    assert_eq!(instance.degraded("no-bus"), None);
    let path = instance.put("b.jpg", jpeg("b"));
    instance.until_comment(&path, "b");
}

#[test]
fn without_processes_nothing_is_read_until_there_are_some() {
    let instance = Instance::start();
    let limit = |count: &str| {
        let limit = format!("--nproc={count}");
        let status =
            std::process::Command::new("prlimit").args(["--pid", &instance.pid().to_string(), &limit]).status();
        assert!(status.unwrap().success());
    };
    if rustix::process::getuid().is_root() {
        return; // The kernel does not hold root to it; `tests/run.sh` runs this as an ordinary user.
    }
    instance.watch(&instance.root());
    limit("1:");
    let path = instance.put("a.jpg", jpeg("a"));
    let said = instance.until("it is said", || instance.degraded("no-workers"));
    assert!(said.contains("ulimit"), "{said}");
    instance.log().line(&["no worker can be started"]);
    limit("4096:");
    instance.until_comment(&path, "a");
    instance.until("it is over", || instance.degraded("no-workers").is_none().then_some(()));
    assert_eq!(lost(&instance), "0");
}
