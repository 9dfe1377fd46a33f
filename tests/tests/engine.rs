//! The engine from outside: what becomes of jobs whose files are not what the plan saw, of too few workers, of stopping.
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::{
    fs::{self, File},
    os::unix::{
        fs::{PermissionsExt, symlink},
        net::UnixListener,
    },
    path::Path,
    time::{Duration, Instant},
};

use metaextract::Limits;
use metaextractd::{
    engine::{Config, Engine, EngineEvent, Size},
    model::{FailureKind, Job, Outcome},
    proto::Schedule,
};
use tests::engine::{Bench, job};

fn config() -> Config {
    Config { program: env!("CARGO_BIN_EXE_hostile").into(), schedule: Schedule::Normal, ..Config::default() }
}

#[test]
fn only_the_very_file_that_was_seen_is_read() {
    let mut bench = Bench::new(1, config());
    let dir = bench.dir().to_owned();
    let seen = bench.job("plain");

    let rewritten = bench.job("plain");
    fs::write(dir.join("2.txt"), "other").unwrap();
    let replaced = bench.job("plain");
    fs::write(dir.join("new"), "plain").unwrap();
    fs::rename(dir.join("new"), dir.join("3.txt")).unwrap();
    let removed = bench.job("plain");
    fs::remove_file(dir.join("4.txt")).unwrap();
    let linked = bench.job("plain");
    fs::rename(dir.join("5.txt"), dir.join("elsewhere")).unwrap();
    symlink("elsewhere", dir.join("5.txt")).unwrap();
    let made_a_directory = bench.job("plain");
    fs::remove_file(dir.join("6.txt")).unwrap();
    fs::create_dir(dir.join("6.txt")).unwrap();
    let below_a_link = Job { path: (*b"link/1.txt").into(), ..job(7, &dir, "1.txt") };
    symlink(".", dir.join("link")).unwrap();
    let outside = Job { path: (*b"../1.txt").into(), ..job(8, &dir, "1.txt") };
    let _listener = UnixListener::bind(dir.join("socket")).unwrap();
    let socket = job(9, &dir, "socket");
    let status = std::process::Command::new("mkfifo").arg(dir.join("fifo")).status().unwrap();
    assert!(status.success());
    let fifo = job(10, &dir, "fifo");
    let device = job(11, Path::new("/dev"), "zero");
    fs::write(dir.join("a file"), "plain").unwrap();
    let made_a_fifo = job(12, &dir, "a file");
    fs::rename(dir.join("fifo"), dir.join("a file")).unwrap();
    fs::write(dir.join("cut"), "plain").unwrap();
    let cut = job(13, &dir, "cut");
    File::options().write(true).open(dir.join("cut")).unwrap().set_len(2).unwrap();

    let jobs = [
        vec![seen, rewritten, replaced, removed, linked, made_a_directory, below_a_link, outside, socket, fifo],
        vec![device, made_a_fifo, cut],
    ]
    .concat();
    let count = jobs.len();
    jobs.into_iter().for_each(|job| bench.engine.submit(job));
    let outcomes = bench.outcomes(count);
    assert!(matches!(outcomes[&1], Outcome::Read { .. }));
    for number in [2, 3, 13] {
        assert_eq!(outcomes[&number], Outcome::Changed, "{number}");
    }
    for number in 4..=12 {
        assert_eq!(outcomes[&number], Outcome::Gone, "{number}");
    }
}

#[test]
fn a_root_behind_a_link_is_read_for_its_only_user_alone() {
    for shared in [false, true] {
        let mut bench = Bench::new(1, Config { shared, ..config() });
        bench.job("plain");
        let dir = bench.dir().to_owned();
        symlink(".", dir.join("link")).unwrap();
        let behind =
            Job { root: dir.join("link").into_os_string().into_encoded_bytes().into(), ..job(1, &dir, "1.txt") };
        bench.engine.submit(behind);
        let outcome = bench.outcomes(1).remove(&1).unwrap();
        let read = matches!(outcome, Outcome::Read { .. });
        assert!(read != shared && (read || outcome == Outcome::Gone), "{shared}: {outcome:?}");
    }
}

#[test]
fn a_file_that_may_not_be_read_says_so() {
    // Root may read everything: then there is nothing to see here.
    let mut bench = Bench::new(1, config());
    bench.job("plain");
    fs::set_permissions(bench.dir().join("1.txt"), fs::Permissions::from_mode(0o0)).unwrap();
    let may_read = File::open(bench.dir().join("1.txt")).is_ok();
    let job = job(1, bench.dir(), "1.txt");
    bench.engine.submit(job);
    match &bench.outcomes(1)[&1] {
        Outcome::Read { .. } if may_read => {}
        Outcome::Unreadable { kind: FailureKind::PermissionDenied, text } => assert!(text.contains("denied"), "{text}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn access_times_stay() {
    let mut bench = Bench::new(1, config());
    let job = bench.job("plain");
    let old = fs::FileTimes::new().set_accessed(std::time::UNIX_EPOCH).set_modified(std::time::UNIX_EPOCH);
    File::options().write(true).open(bench.dir().join("1.txt")).unwrap().set_times(old).unwrap();
    drop(job);
    let job = tests::engine::job(1, bench.dir(), "1.txt");
    bench.engine.submit(job);
    assert!(matches!(bench.outcomes(1)[&1], Outcome::Read { .. }));
    assert_eq!(fs::metadata(bench.dir().join("1.txt")).unwrap().accessed().unwrap(), std::time::UNIX_EPOCH);
}

#[test]
fn many_files_flow_through_few_descriptors() {
    let mut bench = Bench::new(2, Config { descriptors: 10, ..config() });
    (0..300).for_each(|_| bench.submit("HOSTILE count"));
    let outcomes = bench.outcomes(300);
    assert!(outcomes.values().all(|outcome| matches!(outcome, Outcome::Read { .. })));
    assert_eq!(bench.engine.credit(), 10);
}

#[test]
fn without_workers_jobs_wait_and_with_them_they_go_on() {
    let mut bench = Bench::new(0, config());
    (0..20).for_each(|_| bench.submit("plain"));
    assert_eq!(bench.engine.credit(), 0);
    assert!(bench.events.try_recv().is_err());
    bench.engine.resize(Size::calm(2, 4));
    bench.outcomes(20);
    assert_eq!(bench.engine.credit(), 24);
}

#[test]
fn a_surplus_worker_ends_after_the_file_in_hand_and_its_batch_goes_to_others() {
    let mut bench = Bench::new(0, Config { cpu: Duration::from_millis(400), ..config() });
    for content in ["HOSTILE spin", "HOSTILE spin", "plain", "plain"] {
        bench.submit(content);
    }
    bench.engine.resize(Size::calm(2, 1));
    let (first, second) = (bench.in_hand(1), bench.in_hand(2));
    assert_ne!(first.pid, second.pid);
    bench.engine.resize(Size::calm(1, 32));
    let outcomes = bench.outcomes(4);
    for spun in [1, 2] {
        assert!(matches!(outcomes[&spun], Outcome::Strike { .. }), "{:?}", outcomes[&spun]);
    }
    for plain in [3, 4] {
        assert!(matches!(outcomes[&plain], Outcome::Read { .. }), "{:?}", outcomes[&plain]);
    }
    while bench.engine.workers().len() > 1 {
        std::thread::yield_now();
    }
}

#[test]
fn a_pause_ends_a_busy_worker_and_its_batch_waits_unblamed() {
    let mut bench = Bench::new(0, Config { cpu: Duration::from_secs(2), ..config() });
    let jobs = ["HOSTILE spin", "plain", "plain"].map(|content| bench.job(content));
    // One that was made in this very moment is opened a moment later, and perhaps after the others.
    while File::open(bench.dir().join("3.txt")).unwrap().metadata().unwrap().modified().unwrap().elapsed().unwrap()
        < Duration::from_millis(50)
    {
        std::thread::yield_now();
    }
    jobs.into_iter().for_each(|job| bench.engine.submit(job));
    bench.engine.resize(Size::calm(1, 32));
    bench.in_hand(1);
    bench.engine.resize(Size::calm(0, 32));
    while !bench.engine.workers().is_empty() {
        std::thread::yield_now();
    }
    assert!(!bench.events.try_iter().any(|event| matches!(event, EngineEvent::Finished(..))));
    bench.engine.resize(Size::calm(1, 32));
    let outcomes = bench.outcomes(3);
    assert!(matches!(outcomes[&1], Outcome::Strike { .. }), "{:?}", outcomes[&1]);
    for plain in [2, 3] {
        assert!(matches!(outcomes[&plain], Outcome::Read { .. }), "{:?}", outcomes[&plain]);
    }
}

#[test]
fn stopping_gives_everything_back_and_leaves_no_process() {
    let mut bench = Bench::new(1, Config { cpu: Duration::from_secs(600), ..config() });
    bench.submit("HOSTILE spin");
    let worker = bench.in_hand(1);
    (0..50).for_each(|_| bench.submit("plain"));
    // Not even a worker that somebody has stopped holds the engine up.
    let pid = rustix::process::Pid::from_raw(worker.pid as i32).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::STOP).unwrap();
    let began = Instant::now();
    bench.engine.stop();
    assert!(began.elapsed() < Duration::from_secs(10));
    let outcomes = bench.outcomes(51);
    assert!(outcomes.values().all(|outcome| *outcome == Outcome::Returned));
    assert!(!Path::new(&format!("/proc/{}", worker.pid)).exists());
    bench.submit("late");
    assert_eq!(bench.outcomes(1)[&52], Outcome::Returned);
}

#[test]
fn a_program_that_is_no_worker_is_told_once_and_no_job_is_lost() {
    for program in ["/nonexistent", "/bin/true", "/bin/cat"] {
        let mut bench = Bench::new(2, Config { program: program.into(), ..config() });
        bench.submit("plain");
        match bench.events.recv().unwrap() {
            EngineEvent::NoWorkers { why } => assert!(!why.is_empty()),
            other => panic!("{other:?}"),
        }
        bench.engine.stop();
        assert_eq!(bench.outcomes(1)[&1], Outcome::Returned, "{program}");
    }
}

#[test]
fn stricter_limits_of_the_user_are_kept() {
    let dir = tempfile::tempdir().unwrap();
    let program = dir.path().join("strict");
    let script = "#!/bin/sh\nulimit -c 0; ulimit -n 20; ulimit -v 400000\nexec PROGRAM \"$@\"\n";
    fs::write(&program, script.replace("PROGRAM", env!("CARGO_BIN_EXE_hostile"))).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o700)).unwrap();
    let mut bench = Bench::new(0, Config { program, ..config() });
    (0..20).for_each(|_| bench.submit("plain"));
    bench.engine.resize(Size::calm(1, 16));
    assert!(bench.outcomes(20).values().all(|outcome| matches!(outcome, Outcome::Read { .. })));
}

/// Those of this process's descriptors that are files below the directory.
fn open_below(dir: &Path) -> usize {
    let targets = fs::read_dir("/proc/self/fd").unwrap().flatten().filter_map(|entry| fs::read_link(entry.path()).ok());
    targets.filter(|target| target.starts_with(dir)).count()
}

#[test]
fn paused_holds_no_file_open() {
    let mut bench = Bench::new(0, config());
    (0..20).for_each(|_| bench.submit("plain"));
    while open_below(bench.dir()) < 20 {
        std::thread::yield_now();
    }
    bench.engine.resize(Size::calm(0, 8));
    // An opener may be in the middle of one.
    while open_below(bench.dir()) > 0 {
        std::thread::yield_now();
    }
    bench.submit("plain");
    bench.engine.resize(Size::calm(1, 8));
    assert!(bench.outcomes(21).values().all(|outcome| matches!(outcome, Outcome::Read { .. })));
}

/// What a worker needs for a file does not grow with it, whatever lies where its content should go on.
#[test]
fn memory_is_the_same_from_10_mb_to_100_gb() {
    let samples =
        ["flac/tagged.flac", "jpeg/exif.jpg", "mp3/id3v2.4.mp3", "pdf/broken.pdf", "png/plain.png", "tiff/plain.tif"];
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden");
    // Zeros look like chunks to some readers: this ends them sooner.
    let limits = Limits { read: 16 << 20, ..Limits::default() };
    let mut bench = Bench::new(1, Config { limits, ..config() });
    let dir = bench.dir().to_owned();
    let mut needed = |number: u64, sample: &str, size: u64| {
        let name = format!("{number}-{}", sample.replace('/', "."));
        fs::copy(golden.join(sample), dir.join(&name)).unwrap();
        File::options().write(true).open(dir.join(&name)).unwrap().set_len(size).unwrap();
        bench.engine.submit(job(number, &dir, &name));
        match bench.outcomes(1).remove(&number) {
            Some(Outcome::Read { record, cost, .. }) => (record.format().unwrap().to_owned(), cost.memory),
            other => panic!("{sample} of {size} bytes: {other:?}"),
        }
    };
    for (n, sample) in samples.into_iter().enumerate() {
        let [small, large] =
            [(0, 10 << 20), (1, 100 << 30)].map(|(second, size)| needed(1 + 2 * n as u64 + second, sample, size));
        assert_eq!(small.0, large.0, "{sample}");
        assert!(small.1 > 0 && large.1 <= small.1 + small.1 / 4, "{sample}: {} and {} bytes", small.1, large.1);
    }
}
