//! Whatever is killed, stopped or lost, the index ends as a fresh crawl would have it: a real daemon, a private bus, a
//! real mount.
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use rustix::process::Signal;
use tests::{
    agree::{equals_a_fresh_crawl, everything_agrees},
    instance::Instance,
    process::{children, send},
    samples::{files_below, golden, jpeg},
};

/// Many files of all kinds.
fn fill(root: &Path, count: usize) {
    let samples: Vec<Vec<u8>> = (golden(&["jpeg", "png", "mp3", "tiff"]).iter())
        .map(|path| fs::read(path).unwrap())
        .filter(|content| content.len() < 32 << 10)
        .collect();
    for (n, sample) in samples.iter().cycle().take(count).enumerate() {
        let dir = root.join(format!("{}/{}", n % 5, n % 17));
        fs::create_dir_all(&dir).unwrap();
        fs::write(dir.join(format!("{n}.bin")), sample).unwrap();
    }
}

#[test]
fn a_killed_worker_costs_no_file() {
    let instance = Instance::start();
    fill(&instance.root(), 1_500);
    let root = instance.root();
    instance.ctl([Path::new("watch"), &root]);
    let mut killed = std::collections::BTreeSet::new();
    while killed.len() < 6 {
        let workers = children(instance.pid());
        for worker in workers.into_iter().filter(|worker| is_worker(*worker)) {
            send(worker, Signal::KILL);
            killed.insert(worker);
        }
        let done = instance.status()["Files"]["Indexed"].as_u64().unwrap();
        if done == 1_500 {
            break;
        }
    }
    assert!(!killed.is_empty(), "all was read before a worker could be killed");
    instance.ctl(["wait"]);
    let status = instance.status();
    assert_eq!((&status["Files"]["Failed"], &status["Workers"]["Lost"]), (&0.into(), &0.into()), "{status:#}");
    equals_a_fresh_crawl(&instance);
}

fn is_worker(pid: u32) -> bool {
    fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|line| line.split(|&b| b == 0).any(|word| word == b"--worker"))
}

#[test]
fn a_daemon_killed_while_it_indexes_goes_on_when_it_starts_again() {
    let mut instance = Instance::start();
    fill(&instance.root(), 1_200);
    let root = instance.root();
    instance.ctl([Path::new("watch"), &root]);
    for least in [1, 300, 600] {
        instance.until("some files are read", || {
            (instance.status()["Files"]["Indexed"].as_u64().unwrap() >= least).then_some(())
        });
        let workers = children(instance.pid());
        instance.kill_daemon();
        assert!(workers.iter().all(|worker| !is_worker(*worker)) || outlived(&workers), "workers end with the daemon");
        // While nobody looks: one file goes, one comes, one changes.
        fs::remove_file(&files_below(&root)[0]).unwrap();
        instance.put(format!("late-{least}.jpg"), jpeg("made while the daemon was dead"));
        instance.put("changes.jpg", jpeg(&format!("{least}")));
        // The dead daemon's mount stands in the way.
        assert!(fs::read_dir(instance.mount()).is_err());
        instance.start_daemon(&[]);
    }
    instance.ctl(["wait"]);
    equals_a_fresh_crawl(&instance);
    everything_agrees(&instance, &[instance.path("changes.jpg"), instance.path("late-1.jpg")]);
}

/// Workers hear of their parent's death by a signal; they may take a moment to obey it.
fn outlived(workers: &[u32]) -> bool {
    use rustix::process::{Pid, PidfdFlags, pidfd_open};
    workers.iter().all(|worker| match pidfd_open(Pid::from_raw(*worker as i32).unwrap(), PidfdFlags::empty()) {
        Ok(fd) => {
            let mut polled = [rustix::event::PollFd::new(&fd, rustix::event::PollFlags::IN)];
            rustix::event::poll(&mut polled, Some(&rustix::event::Timespec { tv_sec: 20, tv_nsec: 0 })) != Ok(0)
        }
        Err(_) => true,
    })
}

#[test]
fn lost_events_lose_no_file() {
    let instance = Instance::watching(|root| fs::write(root.join("gone.jpg"), jpeg("gone")).unwrap());
    instance.signal(Signal::STOP);
    fs::create_dir(instance.path("d")).unwrap();
    fs::remove_file(instance.path("gone.jpg")).unwrap();
    for n in 0..20_000 {
        fs::write(instance.path(format!("{n}.txt")), "a line\n").unwrap();
    }
    fs::write(instance.path("d/inner.jpg"), jpeg("inner")).unwrap();
    instance.signal(Signal::CONT);
    instance.log().line(&["events were lost"]);
    instance.until_files("Indexed", 20_001);
    instance.until_gone(&instance.path("gone.jpg"));
    instance.until_comment(&instance.path("d/inner.jpg"), "inner");
    let some: Vec<PathBuf> = (0..20_000).step_by(997).map(|n| instance.path(format!("{n}.txt"))).collect();
    everything_agrees(&instance, &some);
}

/// The regular files below the root that any process of the daemon opened for reading, seen by strace.
fn opened(trace: &Path, root: &Path) -> Vec<String> {
    let text = fs::read_to_string(trace).unwrap();
    let below = format!("<{}/", root.display());
    let mut files: Vec<String> = (text.lines())
        .filter(|line| !line.contains("O_PATH") && !line.contains("O_DIRECTORY"))
        .filter_map(|line| line.rsplit_once("= ")?.1.split_once(&below)?.1.strip_suffix('>').map(String::from))
        .filter(|relative| root.join(relative).is_file())
        .collect();
    files.sort();
    files
}

#[test]
fn a_restart_opens_only_what_has_changed() {
    let mut instance = Instance::watching(|root| fill(root, 200));
    let root = instance.root();
    let trace = instance.home().join("trace");
    let strace = ["strace", "-f", "-y", "-qq", "-e", "trace=open,openat,openat2", "-o", trace.to_str().unwrap()];
    let traced = |instance: &mut Instance| {
        instance.start_daemon(&strace);
        instance.ctl(["wait"]);
        instance.log().line(&["looked at a root"]);
        instance.ctl(["wait"]);
        instance.stop_daemon();
        opened(&trace, &root)
    };
    instance.stop_daemon();
    assert_eq!(traced(&mut instance), [""; 0]);
    // The trace does see what is opened.
    instance.put("3/changed.jpg", jpeg("one"));
    assert_eq!(traced(&mut instance), ["3/changed.jpg"]);
    fs::write(instance.path("3/changed.jpg"), jpeg("two")).unwrap();
    assert_eq!(traced(&mut instance), ["3/changed.jpg"]);
    // Moved while the daemon was away: nothing of it is read.
    fs::rename(instance.path("3"), instance.path("moved")).unwrap();
    assert_eq!(traced(&mut instance), [""; 0]);
    instance.start_daemon(&[]);
    instance.ctl(["wait"]);
    equals_a_fresh_crawl(&instance);
    assert_eq!(instance.tag(&instance.path("moved/changed.jpg"), "File:Comment").as_deref(), Some("two"));
}

#[test]
fn files_change_while_everything_is_read() {
    let instance = Instance::start();
    fill(&instance.root(), 400);
    let root = instance.root();
    instance.ctl([Path::new("watch"), &root]);
    // A shell that renames, rewrites, links and removes as fast as it can.
    let script = r#"
        for n in $(seq 1 60); do
            mkdir -p "d$n/e" && cp 0/0/0.bin "d$n/e/a.jpg" && mv "d$n" "m$n" && ln "m$n/e/a.jpg" "m$n/b.jpg"
            printf x >>"m$n/e/a.jpg"; mv "m$n/b.jpg" "$n.jpg"
            if [ $((n % 3)) = 0 ]; then rm -r "m$n"; fi
            if [ $((n % 4)) = 0 ]; then mv "$n.jpg" "$((n - 1)).jpg"; fi
            if [ $((n % 5)) = 0 ]; then touch "m$n/.nomedia"; mv 0 zero; mv zero 0; fi
        done
        rm -f m*/.nomedia"#;
    let status = Command::new("sh").args(["-c", script]).current_dir(&root).stderr(Stdio::null()).status().unwrap();
    assert!(status.code().is_some());
    let last = instance.put("last.jpg", jpeg("last"));
    instance.until_comment(&last, "last");
    instance.ctl(["wait"]);
    equals_a_fresh_crawl(&instance);
}
