//! A store whose process is killed opens whole, wherever that was: what was announced durable is there, entries and
//! records agree.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod killed;

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    sync::atomic::{AtomicU32, Ordering},
    thread,
};

use killed::{Writer, check, rounds, write_if_child};

/// Where a store touches the disk.
const WRITES: [&str; 6] = ["pwrite64", "sync_file_range", "fsync", "ftruncate", "openat", "rename"];

/// Does so many rounds, six after another below one directory, at two directories at a time.
fn each_round(rounds: u32, round: impl Fn(u32, &Path) + Sync) {
    let next = AtomicU32::new(0);
    let go_on = || {
        loop {
            let first = next.fetch_add(6, Ordering::Relaxed);
            if first >= rounds {
                return;
            }
            let dir = tempfile::tempdir().unwrap();
            for number in first..rounds.min(first + 6) {
                let done = catch_unwind(AssertUnwindSafe(|| round(number, dir.path())));
                if done.is_err() {
                    next.store(rounds, Ordering::Relaxed); // The others need not go on.
                    panic!("round {number} failed");
                }
            }
        }
    };
    thread::scope(|scope| {
        scope.spawn(go_on);
        go_on();
    });
}

#[test]
fn a_killed_store_is_whole() {
    write_if_child();
    each_round(rounds("STORE_KILLS", 12), |round, dir| {
        let writer = Writer::start::<&str>("a_killed_store_is_whole", dir, &[]);
        // Killed at another point each time: after a sync, and at once.
        let promised = if round % 3 == 2 { None } else { writer.next() };
        check(dir, writer.kill().or(promised));
    });
}

#[test]
fn a_store_killed_in_any_write_is_whole() {
    write_if_child();
    each_round(rounds("STORE_KILLS", 18), |round, dir| {
        // Instead of the system call, and each time a later one.
        let call = WRITES[round as usize % WRITES.len()];
        let nth = 1 + round as usize / WRITES.len() * 7 % 60;
        let (trace, inject) = (format!("trace={call}"), format!("inject={call}:signal=KILL:when={nth}"));
        let strace = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", &trace, "-e", &inject];
        let writer = Writer::start("a_store_killed_in_any_write_is_whole", dir, &strace);
        // Where it makes too few of these calls, it is killed after some time of writing.
        let mut promised = None;
        for _ in 0..3 {
            let Some(durable) = writer.next() else { break };
            promised = Some(durable);
        }
        let last = writer.kill();
        check(dir, last.or(promised));
    });
}
