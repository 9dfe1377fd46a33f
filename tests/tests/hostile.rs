//! The promise "a hostile file can lose only itself", held against real worker processes with a reader that obeys its file
//! (`src/bin/hostile.rs`).
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::{collections::HashMap, fs, path::Path, time::Duration};

use metaextract::{ReasonKind, Record, Value};
use metaextractd::{
    config::Isolation,
    engine::{Config, Engine, EngineEvent, Size},
    model::{FailureKind, FileId, Job, JobId, Outcome, Priority},
    proto::{BATCH, Schedule},
};
use tests::{
    attacks::{CALLS, OLD_CALLS},
    engine::Bench,
};

fn config() -> Config {
    Config {
        program: env!("CARGO_BIN_EXE_hostile").into(),
        schedule: Schedule::Normal,
        cpu: Duration::from_millis(300),
        stall: Duration::from_millis(300),
        memory: 96 << 20,
        ..Config::default()
    }
}

fn record(outcome: &Outcome) -> Record {
    match outcome {
        Outcome::Read { record, .. } => record.decode().unwrap(),
        other => panic!("{other:?}"),
    }
}

fn seen(outcome: &Outcome) -> u64 {
    match record(outcome).find("HOSTILE", "Seen").unwrap().raw {
        Value::Unsigned(n) => n,
        _ => 0,
    }
}

/// One batch for the worker that comes next: four plain files, the one with this content, number 5, and four more.
fn nine(bench: &mut Bench, content: &str) {
    for number in 1..=9 {
        // Two threads open files, so that the order within one priority is open.
        let (priority, content) = match number {
            1..=4 => (Priority::Asked, format!("plain text {number}")),
            5 => (Priority::Fresh, content.into()),
            _ => (Priority::Crawl, format!("plain text {number}")),
        };
        let job = Job { priority, ..bench.job(&content) };
        bench.engine.submit(job);
    }
    bench.all_open(9);
}

/// The hostile file among others, all in one batch of one worker: what becomes of it, and that nothing becomes of them.
fn among_others(verb: &str) -> Outcome {
    let mut bench = Bench::new(0, config());
    nine(&mut bench, &format!("HOSTILE {verb}"));
    bench.engine.resize(Size::calm(1, 32));
    let mut outcomes = bench.outcomes(9);
    let hostile = outcomes.remove(&5).unwrap();
    for (number, outcome) in &outcomes {
        assert_eq!(record(outcome).stopped, None, "file {number} beside {verb}");
    }
    hostile
}

#[test]
fn every_attack_ends_in_its_class_and_hurts_no_other_file() {
    use FailureKind::{Crashed, Garbage, OverMemory, Refused, TimedOut};
    let table = [
        ("panic", Crashed),
        ("overflow", Crashed),
        ("spin", TimedOut),
        ("wait", TimedOut),
        ("drip", TimedOut),
        ("memory", OverMemory),
        ("open", Refused),
        ("create", Refused),
        ("fork", Refused),
        ("thread", Refused),
        ("connect", Refused),
        ("bus", Refused),
        ("exec", Refused),
        ("kill", Refused),
        ("write", Refused),
        ("x32", Refused),
        ("abort", OverMemory),
        ("fault", Crashed),
        ("exit 0", Garbage),
        ("exit 1", Garbage),
        ("exit 72", Garbage),
        ("garbage", Garbage),
        ("again", Garbage),
        ("words", Garbage),
        ("anew", Garbage),
        ("short", Garbage),
        ("unfinished", Garbage),
        ("flood", Garbage),
        ("empty", Garbage),
        ("long", Garbage),
        ("other", Garbage),
        ("nonsense", Garbage),
    ];
    for (verb, expected) in table {
        match among_others(verb) {
            Outcome::Strike { kind, text } => assert_eq!(kind, expected, "{verb}: {text}"),
            other => panic!("{verb}: {other:?}"),
        }
    }
    assert!(!Path::new("/tmp/hostile").exists());
}

/// Each in a worker of its own that has other files to read: open by path, other processes, sockets, descriptors, …
#[test]
fn every_call_of_a_captured_worker_is_its_last() {
    let mut bench = Bench::new(0, config());
    let calls: Vec<_> = CALLS.iter().chain(OLD_CALLS).map(|call| call.name).collect();
    assert!(calls.len() > 100);
    for name in &calls {
        bench.submit(&format!("HOSTILE call {name}"));
        bench.submit("plain text");
    }
    bench.engine.resize(Size::calm(2, 8));
    let outcomes = bench.outcomes(calls.len() * 2);
    for (number, name) in (1..).step_by(2).zip(&calls) {
        match &outcomes[&number] {
            Outcome::Strike { kind: FailureKind::Refused, .. } => {}
            other => panic!("{name}: {other:?}"),
        }
        assert_eq!(record(&outcomes[&(number + 1)]).stopped, None, "the file beside {name}");
    }
}

/// A file that gives its own answer and then breaks its worker takes a neighbour along, for once: all that the worker said
/// is doubted, each file is read alone, and then there is no neighbour to hide behind.
#[test]
fn who_answers_first_and_breaks_its_worker_then_is_found_out_alone() {
    for verb in ["twice", "before"] {
        let mut bench = Bench::new(0, config());
        nine(&mut bench, &format!("HOSTILE {verb} 4"));
        bench.engine.resize(Size::calm(1, 32));
        let outcomes = bench.outcomes(9);
        let struck: Vec<_> = (1..=9).filter(|n| matches!(outcomes[n], Outcome::Strike { .. })).collect();
        assert!(struck.len() == 1 && struck[0] > 5, "{verb}: {struck:?}");
        assert!((1..=5).all(|file| bench.distrusted.contains(&FileId(file))), "{verb}: {:?}", bench.distrusted);
        bench.distrusted.clear();
        let hostile = Job { attempts: 1, ..bench.job(&format!("HOSTILE {verb} 0")) };
        let innocent = Job { attempts: 1, ..bench.job("plain text 6") };
        bench.engine.submit(hostile);
        bench.engine.submit(innocent);
        let outcomes = bench.outcomes(2);
        match &outcomes[&10] {
            Outcome::Strike { kind: FailureKind::Garbage, .. } => {}
            other => panic!("{verb}: {other:?}"),
        }
        assert_eq!(record(&outcomes[&11]).stopped, None);
        assert_eq!(bench.distrusted, [], "{verb}");
    }
}

#[test]
fn a_panic_says_where() {
    let Outcome::Strike { text, .. } = among_others("panic") else { panic!() };
    assert!(text.contains("hostile.rs") && text.contains("as the file wants"), "{text}");
}

#[test]
fn a_file_that_says_too_much_keeps_what_it_said_first() {
    let much = among_others("much");
    assert_eq!(record(&much).stopped.as_ref().unwrap().kind, ReasonKind::Limit);
    assert!(record(&much).tags.len() > 1000);
}

#[test]
fn what_a_captured_worker_said_before_is_distrusted() {
    let mut bench = Bench::new(1, config());
    (0..3).for_each(|_| bench.submit("HOSTILE count"));
    bench.outcomes(3);
    bench.submit("HOSTILE open");
    bench.outcomes(1);
    bench.distrusted.sort_unstable();
    assert_eq!(bench.distrusted, [1, 2, 3].map(FileId));
}

#[test]
fn a_crash_casts_no_doubt_on_earlier_results() {
    let mut bench = Bench::new(1, config());
    bench.submit("HOSTILE count");
    bench.outcomes(1);
    bench.submit("HOSTILE panic");
    bench.outcomes(1);
    assert_eq!(bench.distrusted, []);
}

#[test]
fn a_suspect_is_read_alone_in_a_fresh_worker() {
    let mut bench = Bench::new(1, config());
    for number in 1..=2 {
        bench.submit("HOSTILE count");
        assert_eq!(seen(&bench.outcomes(1)[&number]), number);
    }
    let suspect = Job { attempts: 1, ..bench.job("HOSTILE count") };
    bench.engine.submit(suspect);
    assert_eq!(seen(&bench.outcomes(1)[&3]), 1);
    bench.submit("HOSTILE count");
    assert_eq!(seen(&bench.outcomes(1)[&4]), 1);
}

#[test]
fn a_worker_is_replaced_after_so_many_files() {
    let mut bench = Bench::new(1, Config { life: 2, ..config() });
    for number in 1..=5 {
        bench.submit("HOSTILE count");
        assert_eq!(seen(&bench.outcomes(1)[&number]), (number - 1) % 2 + 1);
    }
}

#[test]
fn a_worker_whose_memory_has_grown_is_replaced() {
    let mut bench = Bench::new(1, Config { memory: 256 << 20, ..config() });
    for (number, content, first) in [(1, "count", 1), (2, "grow", 2), (3, "count", 1), (4, "count", 2)] {
        bench.submit(&format!("HOSTILE {content}"));
        assert_eq!(seen(&bench.outcomes(1)[&number]), first, "file {number}");
    }
}

#[test]
fn a_worker_killed_by_a_person_is_nobodys_strike() {
    let mut bench = Bench::new(0, Config { cpu: Duration::from_secs(60), ..config() });
    for content in ["HOSTILE spin", "plain", "plain"] {
        bench.submit(content);
    }
    bench.engine.resize(Size::calm(1, 32));
    let worker = bench.in_hand(1);
    let pid = rustix::process::Pid::from_raw(worker.pid as i32).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    let outcomes = bench.outcomes(3);
    assert_eq!(outcomes[&1], Outcome::Returned);
    assert!(matches!(outcomes[&2], Outcome::Read { .. }) && matches!(outcomes[&3], Outcome::Read { .. }));
}

#[test]
fn a_file_whose_workers_others_kill_again_and_again_is_never_charged() {
    let mut bench = Bench::new(1, Config { cpu: Duration::from_secs(60), ..config() });
    let job = bench.job("HOSTILE spin");
    for number in 1..=5 {
        bench.engine.submit(Job { id: JobId(number), ..job.clone() });
        let pid = rustix::process::Pid::from_raw(bench.in_hand(number).pid as i32).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
        assert_eq!(outcome(&bench, number), Outcome::Returned);
    }
}

/// The next outcome, of this job. From the third killed worker on it is also said that they are killed as soon as they start.
fn outcome(bench: &Bench, job: u64) -> Outcome {
    let finished = bench.events.iter().find_map(|event| match event {
        EngineEvent::Finished(job, outcome) => Some((job, outcome)),
        _ => None,
    });
    let (finished, outcome) = finished.unwrap();
    assert_eq!(finished, JobId(job));
    outcome
}

/// As an earlyoom or the kernel does: what ends the biggest again and again means the file that makes it so big.
#[test]
fn a_file_whose_workers_are_ended_when_they_have_grown_is_charged_in_the_end() {
    let patient = Duration::from_secs(60);
    let mut bench = Bench::new(1, Config { memory: 256 << 20, cpu: patient, stall: patient, ..config() });
    let job = bench.job("HOSTILE swell");
    for number in 1..=12 {
        bench.engine.submit(Job { id: JobId(number), ..job.clone() });
        // Long enough for the engine to have looked at it. Where it had not, this one does not count.
        let mut worker = bench.in_hand(number);
        while worker.since < Duration::from_millis(500) {
            std::thread::yield_now();
            worker = bench.in_hand(number);
        }
        let pid = rustix::process::Pid::from_raw(worker.pid as i32).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
        match outcome(&bench, number) {
            Outcome::Returned => {}
            Outcome::Strike { kind: FailureKind::OverMemory, .. } if number >= 3 => return,
            other => panic!("{other:?}"),
        }
    }
    panic!("never charged");
}

#[test]
fn a_suspect_does_not_wait_for_the_others() {
    let mut bench = Bench::new(0, config());
    (0..60).for_each(|_| bench.submit("HOSTILE count"));
    let suspect = Job { attempts: 1, ..bench.job("HOSTILE count") };
    bench.engine.submit(suspect);
    bench.engine.resize(Size::calm(1, 4));
    assert_eq!(seen(&bench.outcomes(61)[&61]), 1);
}

#[test]
fn a_worker_holds_nothing_but_its_batch() {
    // What is left open to those that come after is not for workers.
    let left_open = fs::File::open("/").unwrap();
    rustix::io::fcntl_setfd(&left_open, rustix::io::FdFlags::empty()).unwrap();
    let mut bench = Bench::new(0, Config { cpu: Duration::from_secs(60), ..config() });
    let spin = Job { priority: Priority::Asked, ..bench.job("HOSTILE spin") };
    bench.engine.submit(spin);
    bench.submit("plain");
    bench.all_open(2);
    bench.engine.resize(Size::calm(1, 32));
    let worker = bench.in_hand(1);
    let files: Vec<_> = ["1.txt", "2.txt"].map(|name| bench.dir().join(name)).into();
    // It may not have taken its batch yet.
    let mut targets = descriptors(worker.pid);
    while targets.len() < 5 {
        targets = descriptors(worker.pid);
    }
    assert!(targets[0].starts_with("socket:"), "{targets:?}");
    assert_eq!(targets[1..3], ["/dev/null", "/dev/null"]);
    assert_eq!(targets[3..], files.iter().map(|file| file.to_str().unwrap()).collect::<Vec<_>>());
    let ours = status(std::process::id());
    let its = status(worker.pid);
    assert_eq!(its["NoNewPrivs"], "1");
    assert_eq!(its["Seccomp"], "2");
    let filters = |status: &HashMap<String, String>| status["Seccomp_filters"].parse::<u32>().unwrap();
    assert!(filters(&its) > filters(&ours));
    assert_eq!(its["Threads"], "1");
    let limits = ["data size", "address space", "open files", "file size", "processes", "core file size"];
    let wanted = [96 << 20, (96 + 256) << 20, 3 + BATCH as u64, 0, 0, 1];
    assert_eq!(limits.map(|name| limit(worker.pid, name)), wanted);
    assert!(metaextractd::governor::pss(worker.pid).is_some_and(|pss| pss > 0), "its memory can be measured");
    let pid = rustix::process::Pid::from_raw(worker.pid as i32).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    bench.outcomes(2);
}

/// What its descriptors are, by their number.
fn descriptors(pid: u32) -> Vec<String> {
    let mut all: Vec<(u32, String)> = (fs::read_dir(format!("/proc/{pid}/fd")).unwrap().flatten())
        .filter_map(|entry| {
            let target = fs::read_link(entry.path()).ok()?;
            Some((entry.file_name().to_str()?.parse().ok()?, target.to_str()?.to_owned()))
        })
        .collect();
    all.sort_unstable();
    all.into_iter().map(|(_, target)| target).collect()
}

/// What it may have of something.
fn limit(pid: u32, name: &str) -> u64 {
    let text = fs::read_to_string(format!("/proc/{pid}/limits")).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix("Max ")?.strip_prefix(name)).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}

fn status(pid: u32) -> HashMap<String, String> {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    text.lines().filter_map(|line| line.split_once(':')).map(|(key, value)| (key.into(), value.trim().into())).collect()
}

#[test]
fn without_isolation_the_limits_still_hold() {
    let config = Config { isolation: Isolation::None, ..config() };
    let mut bench = Bench::new(1, config);
    for content in ["HOSTILE open", "HOSTILE spin", "HOSTILE memory", "plain"] {
        bench.submit(content);
    }
    let outcomes = bench.outcomes(4);
    let kind = |number| match &outcomes[&number] {
        Outcome::Strike { kind, .. } => Some(*kind),
        _ => None,
    };
    assert_eq!([1, 2, 3, 4].map(kind), [None, Some(FailureKind::TimedOut), Some(FailureKind::OverMemory), None]);
}
