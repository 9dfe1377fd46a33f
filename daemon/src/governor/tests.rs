//! Decisions by table and from recorded traces, and that more strain never means more workers.

use proptest::prelude::*;

use super::{
    signals::{cgroup::Figures, memory::Memory, power::Power, pressure::Stall},
    *,
};

const MIB: u64 = 1 << 20;

/// A machine of four cores with a lot to do and nobody else.
fn calm(now: Duration) -> Inputs {
    let stall = Some(Stall { some: Duration::ZERO, full: Some(Duration::ZERO) });
    Inputs {
        now,
        bounds: Bounds { least: 0, most: 64, cores: 4, ceiling: 512 * MIB, batch_files: 32 },
        work: Work { files: 10_000, disk: Some(DiskKind::Solid) },
        snapshot: Snapshot {
            memory: Some(Memory { total: 1000, available: 600, ..Memory::default() }),
            stalls: [stall; 3],
            ..Snapshot::default()
        },
        daemon: Some(20 * MIB),
        workers: Vec::new(),
        quiet: None,
        alarm: None,
        user_idle: None,
        pressed: false,
    }
}

fn seconds(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

/// Decides four times a second, and gives the number of workers after each.
fn run(state: &mut State, from: f64, to: f64, change: impl Fn(&mut Inputs, f64)) -> Vec<usize> {
    let mut given = Vec::new();
    let mut at = from;
    while at < to {
        let mut inputs = calm(seconds(at));
        inputs.workers = vec![Some(10 * MIB); state.workers];
        change(&mut inputs, at);
        given.push(decide(&inputs, state).size.workers);
        at += 0.25;
    }
    given
}

/// Memory is waited for this share of the time, since the time 0.
fn waits(share: f64) -> impl Fn(&mut Inputs, f64) {
    move |inputs, at| inputs.snapshot.stalls[0] = Some(Stall { some: seconds(at * share), full: None })
}

#[test]
fn a_calm_machine_has_all_at_once() {
    assert_eq!(run(&mut State::default(), 0.0, 1.0, |_, _| ()), [4, 4, 4, 4]);
}

#[test]
fn what_was_waited_for_is_told_with_the_decision() {
    let mut state = State::default();
    run(&mut state, 0.0, 0.25, waits(0.3));
    assert_eq!((state.strain, state.shares.len()), ("none", 0), "nothing to compare with");
    let change = |inputs: &mut Inputs, at: f64| {
        inputs.snapshot.stalls[2] = Some(Stall { some: seconds(at * 0.5), full: Some(seconds(at * 0.25)) });
        inputs.snapshot.group.cpu = Some(Stall { some: seconds(at), full: None });
    };
    run(&mut state, 1.0, 2.0, change);
    let told = |of, resource, tasks| {
        state.shares.iter().find(|share| (share.of, share.resource, share.tasks) == (of, resource, tasks))
    };
    for (of, resource, tasks, wanted) in [
        ("machine", "io", "some", 0.5),
        ("machine", "io", "full", 0.25),
        ("machine", "cpu", "some", 0.0),
        ("group", "cpu", "some", 1.0),
    ] {
        assert!((told(of, resource, tasks).unwrap().share - wanted).abs() < 0.01, "{of} {resource} {tasks}");
    }
    assert_eq!(told("group", "cpu", "full"), None, "the kernel does not say");
    assert_eq!(told("group", "memory", "some"), None);
    run(&mut state, 2.0, 2.25, waits(1.0));
    assert_eq!(state.strain, "half");
}

#[test]
fn half_goes_at_once_and_comes_back_one_by_one() {
    let mut state = State::default();
    assert_eq!(run(&mut state, 0.0, 1.0, waits(0.3)), [4, 2, 2, 1], "what is given up gets some time to show");
    assert_eq!(run(&mut state, 1.0, 2.0, waits(0.3)), [1, 0, 0, 0], "down to nothing");
    // The total stays as it is: nobody waits any more.
    let still = |inputs: &mut Inputs, _: f64| {
        inputs.snapshot.stalls[0] = Some(Stall { some: seconds(1.75 * 0.3), full: None });
    };
    let given = run(&mut state, 2.0, 8.0, still);
    assert_eq!(given[..4], [0, 0, 0, 1], "after a second of calm");
    assert!(given.windows(2).all(|two| two[1] == two[0] || two[1] == two[0] + 1), "{given:?}");
    assert_eq!(given.last(), Some(&4));
}

#[test]
fn what_the_bound_is_made_of() {
    type Change = fn(&mut Inputs);
    let table: [(Change, usize); 12] = [
        (|_| (), 4),
        (|inputs| inputs.bounds.most = 3, 3),
        (|inputs| inputs.work.disk = Some(DiskKind::Rotational), 2),
        (|inputs| inputs.work.disk = Some(DiskKind::Network), 8),
        (|inputs| inputs.work.disk = None, 4),
        (|inputs| inputs.work.files = 9, 2),
        (|inputs| inputs.work.files = 0, 1),
        (|inputs| inputs.bounds.ceiling = 40 * MIB, 2),
        (|inputs| inputs.snapshot.group = Figures { limit: Some(50 * MIB), ..Figures::default() }, 2),
        (|inputs| inputs.daemon = None, 4),
        (
            |inputs| {
                inputs.snapshot.power = Power { on_battery: Some(true), charge: Some(90) };
                inputs.user_idle = Some(false);
            },
            2,
        ),
        (|inputs| inputs.snapshot = Snapshot::default(), 4),
    ];
    for (row, (change, workers)) in table.into_iter().enumerate() {
        let mut inputs = calm(seconds(9.0));
        change(&mut inputs);
        let decision = decide(&inputs, &mut State::default());
        assert_eq!(decision.size.workers, workers, "row {row}: {}", decision.why);
    }
}

#[test]
fn few_files_get_few_workers_unless_they_take_long() {
    let mut state = State::default();
    assert_eq!(run(&mut state, 0.0, 1.5, |inputs, _| inputs.work.files = 3), [1, 1, 1, 1, 3, 3]);
    assert_eq!(run(&mut state, 1.5, 1.75, |inputs, _| inputs.work.files = 0), [1]);
    assert_eq!(run(&mut state, 1.75, 2.0, |inputs, _| inputs.work.files = 3), [1], "something new");
}

#[test]
fn measured_memory_keeps_below_the_ceiling() {
    let mut inputs = calm(seconds(9.0));
    inputs.bounds.ceiling = 100 * MIB;
    inputs.workers = vec![Some(30 * MIB); 3];
    let mut state = State { workers: 3, ..State::default() };
    assert_eq!(decide(&inputs, &mut state).size.workers, 2, "20 and three times 30 are more than 100");
}

#[test]
fn reasons_for_none_at_all() {
    let mut state = State::default();
    for (quiet, why) in [(Quiet::Paused, "paused"), (Quiet::OutOfHours(CALM), "hours"), (Quiet::LowBattery, "battery")]
    {
        run(&mut state, 100.0, 101.0, |_, _| ());
        let decision = decide(&Inputs { quiet: Some(quiet), ..calm(seconds(101.0)) }, &mut state);
        assert_eq!(decision.size.workers, 0);
        assert!(decision.why.contains(why), "{}", decision.why);
        assert!(!decision.size.hurry, "nobody is in need");
    }
    let mut state = State { workers: 4, ..State::default() };
    let full = |total: f64| Some(Stall { some: seconds(total), full: Some(seconds(total)) });
    let mut inputs = calm(seconds(1.0));
    inputs.snapshot.stalls[0] = full(0.0);
    decide(&inputs, &mut state);
    inputs.now = seconds(2.0);
    inputs.snapshot.stalls[0] = full(0.25);
    let decision = decide(&inputs, &mut state);
    assert_eq!(
        (decision.size.workers, decision.size.hurry, decision.size.read_ahead),
        (0, true, 0),
        "{}",
        decision.why
    );
}

#[test]
fn a_full_machine_adds_none_but_keeps_one() {
    for (before, workers) in [(0, 1), (1, 1), (3, 3)] {
        let mut inputs = calm(seconds(5.0));
        inputs.snapshot.memory = Some(Memory { total: 100, available: 15, ..Memory::default() });
        let mut state = State { workers: before, ..State::default() };
        let decision = decide(&inputs, &mut state);
        assert_eq!(decision.size.workers, workers, "{}", decision.why);
    }
}

#[test]
fn only_what_others_wait_for_keeps_workers_from_being_added() {
    let some = |share: f64, now: f64| Some(Stall { some: seconds(share * now), full: None });
    for (whole, own, workers) in [(0.9, Some(0.9), 4), (0.9, Some(0.1), 2), (0.9, None, 4)] {
        let mut state = State { workers: 2, ..State::default() };
        let mut last = 0;
        for now in [1.0, 1.25] {
            let mut inputs = calm(seconds(now));
            inputs.snapshot.stalls[1] = some(whole, now);
            inputs.snapshot.group.cpu = own.and_then(|own| some(own, now));
            state.workers = 2;
            last = decide(&inputs, &mut state).size.workers;
        }
        assert_eq!(last, workers, "{whole} of it {own:?} ours");
    }
}

#[test]
fn what_the_kernel_has_just_said_counts_by_itself() {
    let mut state = State { workers: 4, ..State::default() };
    decide(&calm(seconds(1.0)), &mut state);
    // After a long rest two readings say nothing of now, and neither do two of one moment.
    let decision = decide(&Inputs { pressed: true, ..calm(seconds(4000.0)) }, &mut state);
    assert_eq!((decision.size.workers, decision.trim), (2, true), "{}", decision.why);
    let mut inputs = calm(seconds(4000.01));
    inputs.snapshot.stalls[0] = Some(Stall { some: seconds(0.01), full: Some(seconds(0.01)) });
    assert_eq!(decide(&inputs, &mut state).size.workers, 2);
}

#[test]
fn what_is_full_for_good_leaves_one_worker() {
    let full = |inputs: &mut Inputs, _: f64| {
        inputs.snapshot.memory = Some(Memory { total: 100, available: 3, ..Memory::default() });
    };
    let given = run(&mut State { workers: 4, ..State::default() }, 0.0, 10.0, full);
    assert_eq!((given[0], given.last(), given.iter().min()), (2, Some(&1), Some(&1)), "{given:?}");
    let over = |inputs: &mut Inputs, _: f64| inputs.daemon = Some(600 * MIB);
    assert_eq!(run(&mut State::default(), 0.0, 0.5, over), [1, 1], "more than the ceiling without any");
}

#[test]
fn a_group_full_of_caches_is_not_full() {
    for (used, workers) in [(10, 4), (60, 2)] {
        let mut state = State::default();
        let group = |limited| Figures {
            limit: Some(100 * MIB),
            used: Some(used * MIB),
            limited: Some(limited),
            ..Figures::default()
        };
        let mut at = |now, limited| {
            let mut inputs = calm(seconds(now));
            inputs.snapshot.group = group(limited);
            inputs.bounds.ceiling = 512 * MIB;
            decide(&inputs, &mut state).size.workers
        };
        assert_eq!(at(1.0, 0), 4);
        assert_eq!(at(1.25, 7), workers, "{used} MiB of 100");
    }
}

fn inputs() -> impl Strategy<Value = (Inputs, State)> {
    let shares = prop::array::uniform3(prop::option::of(0.0..0.3_f64));
    let figures = (prop::option::of(0..=255_u8), 0..100_u64, 0..6_usize, prop::option::of(0..60 * MIB), 0..64_u64);
    let times = prop::array::uniform3(prop::option::of(0.0..40.0_f64));
    (shares, figures, times, prop::bool::ANY).prop_map(
        |(shares, (alarm, available, workers, used, files), times, quiet)| {
            let mut inputs = calm(seconds(100.0));
            let before = inputs.snapshot;
            inputs.now = seconds(100.25);
            inputs.snapshot.stalls = shares.map(|share| share.map(|some| Stall { some: seconds(some), full: None }));
            inputs.snapshot.memory = Some(Memory { total: 100, available, ..Memory::default() });
            inputs.snapshot.group = Figures { used, limit: used.map(|_| 60 * MIB), ..Figures::default() };
            inputs.workers = vec![Some(10 * MIB); workers];
            inputs.alarm = alarm;
            inputs.work.files = files * 8;
            inputs.quiet = quiet.then_some(Quiet::Paused);
            let [given_up, added, strained] = times.map(|ago| ago.map(|ago| seconds(100.25 - ago)));
            let state = State {
                workers,
                before: Some((seconds(100.0), before)),
                given_up,
                added,
                strained,
                hurt: added,
                ..State::default()
            };
            (inputs, state)
        },
    )
}

proptest! {
    /// Whatever one figure says more of want, no worker more runs.
    #[test]
    fn more_strain_never_means_more_workers((inputs, state) in inputs(), which in 0..7_usize, more in 0.0..0.3_f64) {
        let mut worse = inputs.clone();
        match which {
            0..3 => {
                let some = worse.snapshot.stalls[which].map_or(Duration::ZERO, |stall| stall.some) + seconds(more);
                worse.snapshot.stalls[which] = Some(Stall { some, full: Some(some / 2) });
            }
            3 => worse.alarm = Some(worse.alarm.unwrap_or(0).saturating_add((more * 800.0) as u8)),
            4 => worse.workers.iter_mut().flatten().for_each(|worker| *worker += (more * 1e8) as u64),
            5 => worse.snapshot.memory.iter_mut().for_each(|memory| memory.available /= 2),
            _ => worse.snapshot.group.used = worse.snapshot.group.used.map(|used| used + (more * 1e7) as u64),
        }
        let [better, worse] = [inputs, worse].map(|inputs| decide(&inputs, &mut state.clone()));
        prop_assert!(worse.size.workers <= better.size.workers, "{worse:?} {better:?}");
    }
}

/// What the governor was told on a real machine, as `daemon/examples/signals.rs` writes it, leads to the same decisions as
/// long as nobody means to change them. `UPDATE=1` writes them anew.
#[test]
fn recorded_pressure_leads_to_the_decisions_as_committed() {
    #[derive(serde::Deserialize)]
    struct Line {
        ms: u64,
        snapshot: Snapshot,
    }
    let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/governor/traces");
    let mut traces: Vec<_> = std::fs::read_dir(dir).unwrap().map(|file| file.unwrap().path()).collect();
    traces.retain(|path| path.extension().is_some_and(|ending| ending == "jsonl"));
    assert!(!traces.is_empty());
    for trace in traces {
        let (mut state, mut said) = (State::default(), String::new());
        for line in std::fs::read_to_string(&trace).unwrap().lines() {
            let Line { ms, snapshot } = serde_json::from_str(line).unwrap();
            let now = Duration::from_millis(ms);
            let workers = vec![Some(12 * MIB); state.workers];
            let Decision { size, trim, why, .. } = decide(&Inputs { snapshot, workers, ..calm(now) }, &mut state);
            let (hurry, trim) = (if size.hurry { ", in a hurry" } else { "" }, if trim { ", caches go" } else { "" });
            said += &format!("{:6.2} s  {}  {why}{hurry}{trim}\n", now.as_secs_f64(), size.workers);
        }
        let expected = trace.with_extension("expected");
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&expected, &said).unwrap();
        }
        assert_eq!(said, std::fs::read_to_string(&expected).unwrap(), "{}", trace.display());
    }
}
