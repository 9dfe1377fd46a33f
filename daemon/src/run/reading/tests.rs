use std::sync::{Arc, Mutex, PoisonError};

use super::*;
use crate::{
    engine::{Size, WorkerInfo},
    model::{
        Access, EntryRow, FailureKind, FileRow, FileState, Fingerprint, FsId, Identity, Node, Outcome, ReaderId, Stamp,
    },
    readers,
    run::Clocks,
};

/// An engine that only remembers what it was given.
#[derive(Default)]
struct Given(Arc<Mutex<Vec<Job>>>);

impl Engine for Given {
    fn credit(&self) -> usize {
        usize::MAX
    }

    fn submit(&mut self, job: Job) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(job);
    }

    fn resize(&mut self, _: Size) {}

    fn stop(&mut self) {}

    fn workers(&self) -> Vec<WorkerInfo> {
        Vec::new()
    }
}

/// Keeps nothing.
struct Nowhere;

impl crate::run::slate::Stone for Nowhere {
    fn read(&self) -> std::io::Result<Vec<u8>> {
        Ok(Vec::new())
    }

    fn write(&mut self, _: usize, _: &[u8]) -> std::io::Result<()> {
        Ok(())
    }
}

fn reading() -> (Reading, Arc<Mutex<Vec<Job>>>) {
    let engine = Given::default();
    let given = Arc::clone(&engine.0);
    let retry = Retry { attempts: 3, backoff: Duration::from_millis(100), backoff_max: Duration::from_secs(300) };
    let settle = Settle { quiet: Duration::from_secs(2), at_most: Duration::from_secs(300) };
    let rules = Rules { settle, retry, policy: PolicyId(1), readers: vec![ReaderId(3)], most_read: 1 << 20 };
    let clock: WallClock = Arc::new(|| Clocks { wall: 0, uptime: 0 });
    (Reading::new(Box::new(engine), Slate::new(Box::new(Nowhere)), rules, clock), given)
}

fn target(file: u64, mtime: i64) -> Target {
    let stamp = Stamp { size: 1, mtime, ctime: mtime };
    let fingerprint = Fingerprint { stamp, reader: ReaderId(0), policy: PolicyId(0) };
    let row = FileRow { id: FileId(file), fingerprint, state: FileState::Pending, links: 1 };
    let identity = Identity { fs: FsId(1), inode: file, born: None };
    let access = Access { uid: 0, gid: 0, mode: 0o600 };
    let entry = EntryRow { name: b"x"[..].into(), identity, access, node: Node::File(row) };
    Target::new(DirId(2), &entry, b"/r", b"x".to_vec()).expect("a file")
}

fn taken(given: &Mutex<Vec<Job>>) -> Vec<Job> {
    std::mem::take(&mut given.lock().unwrap_or_else(PoisonError::into_inner))
}

const START: Duration = Duration::ZERO;

#[test]
fn a_file_that_kills_workers_is_tried_three_times_and_each_failure_is_durable_first() {
    let (mut reading, given) = reading();
    reading.want(target(1, 1), Priority::Crawl, START);
    for attempt in 1..=3_u8 {
        let now = Duration::from_secs(u64::from(attempt));
        reading.feed(now, |_| true);
        let [job] = &taken(&given)[..] else { panic!("one try") };
        assert_eq!(job.attempts, attempt - 1);
        let strike = Outcome::Strike { kind: FailureKind::Crashed, text: "it panicked".into() };
        match reading.finished(job.id, strike, now) {
            Next::Suspect(Mutation::PutSuspect { attempts, .. }, job) => {
                assert_eq!(attempts, attempt);
                let commit = CommitId(u64::from(attempt) * 10);
                reading.retry_when_durable(commit, job);
                reading.feed(now, |_| true);
                assert!(taken(&given).is_empty(), "not before its failure is durable");
                reading.durable(CommitId(commit.0 - 1), now);
                assert_eq!(reading.delayed(), 1, "another commit's being durable says nothing of it");
                reading.durable(commit, now);
                reading.feed(now, |_| true);
                assert!(taken(&given).is_empty(), "not before its time");
            }
            Next::Commit(mutations) => {
                assert_eq!(attempt, 3);
                let [Mutation::PutResult { attempts: 3, fingerprint, .. }, Mutation::ClearSuspect(_)] = &mutations[..]
                else {
                    panic!("{mutations:?}")
                };
                assert_eq!(fingerprint.reader, readers::all(), "any other reader is worth another try");
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((reading.totals.strikes.all(), reading.totals.failed.all()), (3, 1));
}

#[test]
fn a_file_that_changes_while_it_is_read_is_read_again() {
    let (mut reading, given) = reading();
    reading.want(target(1, 1), Priority::Fresh, START);
    reading.feed(START, |_| true);
    let [job] = &taken(&given)[..] else { panic!("one job") };
    reading.want(target(1, 1), Priority::Crawl, START);
    reading.want(target(1, 2), Priority::Crawl, START);
    reading.feed(START, |_| true);
    assert!(taken(&given).is_empty(), "never twice at once");
    assert_eq!(reading.finished(job.id, Outcome::Gone, START), Next::LookAt(job.place.clone()));
    reading.feed(START, |_| true);
    assert_eq!(taken(&given)[0].stamp.mtime, 2);
}

#[test]
fn a_doubted_file_is_read_alone_and_not_blamed() {
    let (mut reading, given) = reading();
    reading.doubt(&[FileId(1)]);
    for alone in [1, 0] {
        reading.want(target(1, 1), Priority::Crawl, START);
        reading.feed(START, |_| true);
        let job = taken(&given).remove(0);
        assert_eq!(job.attempts, alone);
        let unreadable = Outcome::Unreadable { kind: FailureKind::PermissionDenied, text: String::new() };
        let Next::Commit(mutations) = reading.finished(job.id, unreadable, START) else { panic!("a result") };
        assert!(matches!(mutations[..], [Mutation::PutResult { attempts: 0, .. }]), "{mutations:?}");
    }
}

#[test]
fn nobodys_fault_is_simply_tried_again() {
    let (mut reading, given) = reading();
    reading.want(target(1, 1), Priority::Crawl, START);
    reading.feed(START, |_| true);
    let job = taken(&given).remove(0);
    assert_eq!(reading.finished(job.id, Outcome::Returned, START), Next::Nothing);
    reading.feed(START, |_| true);
    let again = taken(&given).remove(0);
    assert_eq!((again.file, again.attempts), (job.file, 0));
    assert_eq!(reading.finished(job.id, Outcome::Returned, START), Next::Nothing, "an old number means nothing");
}

#[test]
fn a_search_goes_on_where_it_was_and_once_more_from_the_top_if_asked_meanwhile() {
    let (mut reading, _) = reading();
    assert_eq!(reading.begin_sweep(), Some(DirId::TOP));
    assert_eq!(reading.begin_sweep(), None, "one at a time");
    reading.search();
    reading.swept(vec![target(1, 1)], Some(DirId(9)), 1, START);
    assert_eq!(reading.begin_sweep(), Some(DirId(9)));
    reading.swept(Vec::new(), None, 1, START);
    assert_eq!(reading.begin_sweep(), Some(DirId::TOP));
    reading.swept(Vec::new(), None, 1, START);
    assert_eq!(reading.begin_sweep(), None);
    assert!(!reading.is_idle(), "a file waits");
}

#[test]
fn who_was_in_hand_when_the_daemon_ended_is_tried_with_nothing_beside_it() {
    let (mut reading, given) = reading();
    for (file, alone, attempts) in [(1, false, 1), (2, false, 1), (2, false, 2), (2, false, 2)] {
        let mutations = reading.accuse(target(file, 1), alone);
        assert!(
            matches!(mutations[..], [Mutation::PutSuspect { attempts: now, .. }] if now == attempts),
            "{mutations:?}"
        );
    }
    reading.accused(CommitId(1));
    (1..=3).for_each(|file| reading.want(target(file, 1), Priority::Crawl, START));
    reading.feed(START, |_| true);
    assert!(taken(&given).is_empty(), "not before it is durable that they are suspects");
    reading.durable(CommitId(1), START);
    // Who has been alone in hand already waits, so that it is not the first again.
    let later = START + Duration::from_secs(3600);
    for (file, now) in [(1, START), (2, later)] {
        reading.feed(now, |_| true);
        let [job] = &taken(&given)[..] else { panic!("one and no other") };
        assert_eq!(job.file, FileId(file));
        let unreadable = Outcome::Unreadable { kind: FailureKind::PermissionDenied, text: String::new() };
        assert!(matches!(reading.finished(job.id, unreadable, now), Next::Commit(_)));
        if file == 1 {
            reading.feed(later, |_| true);
            assert!(taken(&given).is_empty(), "not before the other's result is visible");
            reading.shown(FileId(1));
        }
    }
    reading.feed(START, |_| true);
    assert_eq!(taken(&given).len(), 1, "others need not wait for that");
    let mutations = reading.accuse(target(4, 1), false);
    assert!(matches!(mutations[..], [Mutation::PutSuspect { attempts: 1, .. }]));
    for (attempt, is_convicted) in [(2, false), (3, true)] {
        let mutations = reading.accuse(target(4, 1), true);
        let convicts = matches!(&mutations[..], [Mutation::PutResult { attempts: 3, .. }, Mutation::ClearSuspect(_)]);
        assert_eq!(convicts, is_convicted, "{attempt}: {mutations:?}");
    }
}

#[test]
fn one_end_of_the_daemon_accuses_a_file_once_however_often_it_is_taken_up() {
    let (mut reading, _) = reading();
    let mut left = Left { file: FileId(1), dir: DirId(1), alone: true, accused: 0 };
    for accusation in [1, 1, 1] {
        left.accused = reading.accusation(&left);
        assert_eq!(left.accused, accusation);
        let mutations = reading.accuse(target(1, 1), true);
        assert!(matches!(mutations[..], [Mutation::PutSuspect { attempts: 1, .. }]), "{mutations:?}");
    }
    let next = Left { accused: 0, ..left };
    assert_eq!(reading.accusation(&next), 2);
}

#[test]
fn names_of_one_file_are_accused_together() {
    let (mut reading, _) = reading();
    for attempts in [1, 2] {
        assert_eq!(reading.accuse(target(1, 1), attempts > 1).len(), 1);
        let like = reading.accuse_like(target(2, 1), FileId(1));
        assert!(matches!(like, Some(Mutation::PutSuspect { attempts: now, .. }) if now == attempts), "{like:?}");
    }
    let mutations = reading.accuse(target(2, 1), true);
    assert!(matches!(mutations[..], [Mutation::PutResult { .. }, Mutation::ClearSuspect(_)]), "{mutations:?}");
    // The store gives that result to the other names that wait.
    assert_eq!(reading.accuse_like(target(1, 1), FileId(2)), None);
}

#[test]
fn what_is_no_longer_watched_is_neither_waited_for_nor_read() {
    let (mut reading, given) = reading();
    reading.begin_sweep();
    reading.swept(Vec::new(), None, 0, START);
    reading.want(target(1, 1), Priority::Crawl, START);
    reading.feed(START, |_| true);
    let [job] = &taken(&given)[..] else { panic!("one job") };
    let strike = Outcome::Strike { kind: FailureKind::Crashed, text: "it panicked".into() };
    let Next::Suspect(_, job) = reading.finished(job.id, strike, START) else { panic!("a suspect") };
    reading.retry_when_durable(CommitId(10), job);
    reading.want(target(2, 1), Priority::Crawl, START);
    assert!(!reading.rests());
    reading.forget(b"/other");
    assert_eq!((reading.delayed(), reading.is_idle()), (1, false));
    reading.forget(b"/r");
    assert!(reading.is_idle());

    reading.want(target(3, 1), Priority::Crawl, START);
    reading.feed(START, |_| true);
    let [job] = &taken(&given)[..] else { panic!("one job") };
    reading.finished(job.id, Outcome::Returned, START);
    assert!(!reading.is_idle(), "it waits again");
    reading.feed(START, |root| root != b"/r");
    assert!(taken(&given).is_empty() && reading.is_idle());
}

/// The same file in another directory and root, as it was read last.
fn read_before(file: u64, dir: u32, (reader, policy): (u32, u32)) -> Target {
    let mut target = target(file, 1);
    target.place.dir = DirId(dir);
    target.file.fingerprint.reader = ReaderId(reader);
    target.file.fingerprint.policy = PolicyId(policy);
    target
}

#[test]
fn who_is_asked_for_comes_before_changes_before_the_crawl_before_what_others_read_before() {
    let (mut reading, given) = reading();
    let (new, current) = ((0, 0), (3, 1));
    for (file, last, priority) in [
        (1, (9, 1), Priority::Crawl),
        (2, (3, 9), Priority::Crawl),
        (3, (0, 1), Priority::Crawl),
        (4, new, Priority::Crawl),
        (5, (9, 1), Priority::Fresh),
        (6, current, Priority::Fresh),
        (7, (9, 1), Priority::Asked),
        (8, current, Priority::Crawl),
    ] {
        reading.want(read_before(file, 2, last), priority, START);
    }
    reading.feed(START, |_| true);
    let given: Vec<_> = taken(&given).into_iter().map(|job| (job.file.0, job.priority)).collect();
    let (asked, fresh, crawl, stale) = (Priority::Asked, Priority::Fresh, Priority::Crawl, Priority::Stale);
    let wanted = [(7, asked), (5, fresh), (6, fresh), (3, crawl), (4, crawl), (8, crawl), (1, stale), (2, stale)];
    assert_eq!(given, wanted);
}

#[test]
fn a_pending_file_that_is_shown_is_the_next_and_read_once() {
    let (mut reading, given) = reading();
    (1..=20).for_each(|file| reading.want(target(file, 1), Priority::Crawl, START));
    reading.raise(target(13, 1), START);
    reading.raise(target(21, 1), START);
    reading.feed(START, |_| true);
    let jobs = taken(&given);
    assert_eq!([jobs[0].file, jobs[1].file], [FileId(13), FileId(21)], "queued, and known to the store alone");
    reading.raise(target(13, 1), START);
    assert_eq!(reading.finished(jobs[0].id, Outcome::Gone, START), Next::LookAt(jobs[0].place.clone()));
    assert!(reading.queue.is_empty(), "what is in hand is not read again for that");
}

#[test]
fn of_directories_that_are_looked_into_only_the_last_few_come_first() {
    let (mut reading, given) = reading();
    let new = |file: u64| read_before(file, file as u32, (0, 0));
    (1..=9).for_each(|file| reading.want(new(file), Priority::Crawl, START));
    reading.want(new(3), Priority::Asked, START);
    // Whoever walks through everything.
    (1..=9).for_each(|dir| reading.look_into(&[DirId(dir)]));
    reading.look_into(&[DirId(6)]);
    reading.seen_in(DirId(6), vec![new(6), read_before(10, 6, (0, 0))], START);
    reading.seen_in(DirId(1), vec![read_before(11, 1, (0, 0))], START);
    reading.feed(START, |_| true);
    let jobs = taken(&given);
    let asked: Vec<_> = jobs.iter().filter(|job| job.priority == Priority::Asked).map(|job| job.file.0).collect();
    assert_eq!(asked, [6, 7, 8, 9, 3, 10], "and what was asked for stays so");
    assert_eq!(jobs.len(), 10, "a directory that nobody looks into any more waits for its turn");
}

#[test]
fn what_is_asked_for_has_room_in_a_queue_that_is_full() {
    let (mut reading, _) = reading();
    let mut files = 1..;
    for (priority, next) in [(Priority::Crawl, Priority::Fresh), (Priority::Fresh, Priority::Asked)] {
        while reading.has_room(priority) {
            reading.want(target(files.next().unwrap_or(0), 1), priority, START);
        }
        assert!(reading.has_room(next));
    }
}

#[test]
fn no_more_is_handed_over_than_the_rate_allows_but_what_is_asked_for() {
    let (mut reading, given) = reading();
    reading.rate.set(Some(1_000), START);
    let sized = |file: u64| {
        let mut target = target(file, 1);
        target.file.fingerprint.stamp.size = 600;
        target
    };
    (1..=5).for_each(|file| reading.want(sized(file), Priority::Crawl, START));
    reading.feed(START, |_| true);
    let jobs = taken(&given);
    assert_eq!(jobs.len(), 2, "1000 bytes are saved up, and the last may go beyond");
    let due = reading.refilled().expect("it is waited for");
    assert_eq!(due, Duration::from_millis(250));
    reading.want(sized(6), Priority::Asked, START);
    reading.feed(START, |_| true);
    assert_eq!(taken(&given).len(), 1, "whoever is asked for does not wait");
    let due = reading.refilled().expect("but counts");
    assert_eq!(due, Duration::from_millis(850));
    reading.feed(due, |_| true);
    assert_eq!(taken(&given).len(), 1);
    // It was not there to be read.
    reading.finished(jobs[0].id, Outcome::Gone, due);
    reading.feed(due, |_| true);
    assert_eq!(taken(&given).len(), 1);
    reading.forget(b"/r");
    assert_eq!(reading.refilled(), None, "nothing waits any more");
}
