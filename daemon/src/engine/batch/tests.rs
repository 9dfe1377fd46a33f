use proptest::prelude::*;

use super::*;
use crate::model::{DirId, Expected, FileId, FsId, JobId, Place, ReaderId, Stamp};

fn opened(file: u64, us: u32, reader: u32) -> Opened<()> {
    let job = Job {
        id: JobId(file),
        file: FileId(file),
        place: Place { dir: DirId(1), name: b"x"[..].into() },
        root: b"/r"[..].into(),
        path: b"x"[..].into(),
        fs: FsId(0),
        inode: 0,
        stamp: Stamp { size: 0, mtime: 0, ctime: 0 },
        reader: ReaderId(reader),
        expected: Expected { us, read: 0 },
        in_order: false,
        priority: Priority::Crawl,
        attempts: 0,
        ahead: metaextract::Ahead::default(),
        task: crate::model::Task::Record,
    };
    Opened::new(job, ())
}

fn files(us: &[u32]) -> VecDeque<Opened<()>> {
    (1..).zip(us).map(|(file, us)| opened(file, *us, 1)).collect()
}

fn numbers<'a>(batch: impl IntoIterator<Item = &'a Opened<()>>) -> Vec<u64> {
    batch.into_iter().map(|opened| opened.job.file.0).collect()
}

fn all(waiting: &VecDeque<Opened<()>>) -> u64 {
    waiting.iter().map(|opened| weight(&opened.job)).sum()
}

/// When each worker ends, in microseconds, if files take `really` times what is expected. Each asks for more after each
/// file, and all of them begin at once.
fn ends(mut waiting: VecDeque<Opened<()>>, workers: usize, really: impl Fn(u64) -> f64) -> Vec<f64> {
    let mut seats: Vec<(f64, VecDeque<Opened<()>>)> = (0..workers).map(|_| (0.0, VecDeque::new())).collect();
    let (mut read, count) = (Vec::new(), waiting.len());
    while read.len() < count {
        for at in 0..workers {
            let with_workers: u64 = seats.iter().map(|(_, jobs)| all(jobs)).sum();
            let own = &seats[at].1;
            let share = Share::of(all(&waiting) + with_workers, all(own), workers, 32 - own.len());
            if !share.is_nothing() {
                let taken = batch(&mut waiting, false, share).0;
                seats[at].1.extend(taken);
            }
        }
        let busy = seats.iter_mut().filter(|(_, jobs)| !jobs.is_empty());
        let Some((time, jobs)) = busy.min_by(|(a, _), (b, _)| a.total_cmp(b)) else { break };
        let Some(done) = jobs.pop_front() else { break };
        *time += weight(&done.job) as f64 * really(done.job.file.0);
        read.push(done.job.file.0);
    }
    read.sort_unstable();
    assert!(read.into_iter().eq(1..=count as u64), "each file once");
    seats.into_iter().map(|(time, _)| time).collect()
}

fn span(ends: &[f64]) -> (f64, f64) {
    (ends.iter().copied().fold(f64::MAX, f64::min), ends.iter().copied().fold(0.0, f64::max))
}

#[test]
fn a_suspect_goes_alone_into_a_fresh_worker() {
    let mut waiting = files(&[5; 5]);
    waiting[1].job.attempts = 1;
    // In the order of their turn.
    waiting.make_contiguous().sort_by_key(|opened| turn(&opened.job));
    let mut taken = |is_fresh| {
        let (batch, alone) = batch(&mut waiting, is_fresh, Share { files: 2, us: 100, short: 0, is_idle: true });
        (numbers(&batch), alone)
    };
    assert_eq!(taken(false), (vec![], false));
    assert_eq!(taken(true), (vec![2], true));
    assert_eq!(taken(false), (vec![1, 3], false));
}

#[test]
fn the_longest_comes_first_and_the_share_is_of_time() {
    let mut waiting = files(&[10, 300, 20, 100, 150]);
    let share = |own| Share::of(580, own, 2, 32);
    assert_eq!((share(0).us, share(72).us, share(73).us, share(73).is_nothing()), (145, 73, 0, true));
    assert_eq!(numbers(&batch(&mut waiting, false, share(0)).0), [2], "who has nothing gets something");
    assert_eq!(numbers(&batch(&mut waiting, false, Share::of(580, 0, 1, 32)).0), [5, 4, 3, 1], "alone it gets all");
}

#[test]
fn who_comes_late_finds_something_behind_a_file_that_takes_long() {
    for count in 2..40 {
        let mut waiting = files(&vec![1_000; count]);
        batch(&mut waiting, true, Share::of(1_000 * count as u64, 0, 2, 32));
        assert!(waiting.len() >= count / 2, "{count} files, {} left", waiting.len());
    }
}

#[test]
fn a_disk_that_wants_an_order_gets_it() {
    let mut waiting = files(&[10, 300, 20, 100, 150]);
    waiting.iter_mut().for_each(|opened| opened.job.in_order = true);
    assert_eq!(numbers(&batch(&mut waiting, false, Share::of(2_000, 0, 2, 32)).0), [1, 2, 3, 4]);
}

#[test]
fn short_files_of_one_reader_go_together() {
    let mut waiting: VecDeque<_> =
        (1..=100).map(|file| opened(file, 100 + file as u32 % 7, 1 + file as u32 % 2)).collect();
    waiting.push_back(opened(101, 900, 2));
    let share = Share::of(all(&waiting), 0, 2, 32);
    let taken = batch(&mut waiting, false, share).0;
    assert_eq!(taken[0].job.file.0, 101, "the long one first");
    assert!(taken.len() > 10 && taken.iter().all(|opened| opened.job.reader == ReaderId(2)));
    let long: VecDeque<_> = (1..=4).map(|file| opened(file, 1_000 - file as u32, 1 + file as u32 % 2)).collect();
    let taken = batch(&mut { long }, false, Share { files: 4, us: 3_000, short: 50, is_idle: true }).0;
    assert_eq!(numbers(&taken), [1, 2, 3], "not where it would cost balance");
}

#[test]
fn a_short_file_is_passed_a_bounded_number_of_times() {
    let mut waiting = files(&[1]);
    let mut next = 2;
    for round in 0.. {
        while waiting.len() < 20 {
            waiting.push_back(opened(next, 1_000, 1));
            next += 1;
        }
        let share = Share::of(all(&waiting), 0, 2, 4);
        let taken = batch(&mut waiting, false, share).0;
        if numbers(&taken).contains(&1) {
            assert_eq!(round, PASSED);
            return;
        }
    }
}

#[test]
fn two_workers_end_together_over_500_files_though_none_takes_what_was_expected() {
    let chance = |n: u64| (n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 11) as f64 / (1_u64 << 53) as f64;
    let waiting = || (1..=500).map(|file| opened(file, 1_000 + (chance(file) * 4_000.0) as u32, 1)).collect();
    for workers in [2, 4, 8] {
        let (first, last) = span(&ends(waiting(), workers, |file| 0.5 + chance(file + 1_000)));
        assert!(last - first < 0.05 * last, "{workers} workers: {first} to {last}");
    }
}

prop_compose! {
    fn any_files()(files in prop::collection::vec((1..20_000_u32, 0..4_u32), 1..300)) -> VecDeque<Opened<()>> {
        (1..).zip(files).map(|(file, (us, reader))| opened(file, us, reader)).collect()
    }
}

proptest! {
    /// Nobody works longer than the fair part and the longest file, but for 5 % that readers may cost (Graham's bound: files
    /// given to whoever is done first).
    #[test]
    fn the_last_worker_ends_within_the_bound(waiting in any_files(), workers in 1..9_usize) {
        let longest = waiting.iter().map(|opened| weight(&opened.job)).max().unwrap_or(0) as f64;
        let bound = all(&waiting) as f64 / workers as f64 * 1.05 + longest * (1.0 - 1.0 / workers as f64);
        let last = span(&ends(waiting, workers, |_| 1.0)).1;
        prop_assert!(last <= bound, "{last}, not within {bound}");
    }

    /// Nothing is lost, nobody gets more than the share, and nothing urgent waits for what is less so.
    #[test]
    fn what_is_urgent_comes_first_and_nothing_is_lost(
        mut waiting in any_files(),
        urgent in prop::collection::vec((0..4_u8, 0..6_u8), 300),
        is_fresh: bool, is_idle: bool, in_order: bool, files in 0..40_usize, us in 0..100_000_u64, short in 0..5_000_u64,
    ) {
        const ALL: [Priority; 4] = [Priority::Asked, Priority::Fresh, Priority::Crawl, Priority::Stale];
        for (opened, (priority, failed)) in waiting.iter_mut().zip(urgent) {
            opened.job.priority = ALL[usize::from(priority)];
            opened.job.attempts = u8::from(failed == 0);
            opened.job.in_order = in_order;
        }
        waiting.make_contiguous().sort_by_key(|opened| turn(&opened.job));
        let count = waiting.len();
        let (taken, alone) = batch(&mut waiting, is_fresh, Share { files, us, short, is_idle });
        prop_assert!(taken.len() <= files && taken.len() + waiting.len() == count);
        prop_assert!(waiting.iter().is_sorted_by_key(|opened| turn(&opened.job)));
        prop_assert!(taken.iter().is_sorted_by_key(|opened| turn(&opened.job)));
        let suspects = taken.iter().filter(|opened| opened.job.attempts > 0).count();
        prop_assert!(suspects == usize::from(alone) && (!alone || (is_fresh && taken.len() == 1)));
        if let (Some(last), Some(next)) = (taken.last(), waiting.front()) {
            prop_assert!(turn(&last.job) <= turn(&next.job));
        }
        let sum: u64 = taken.iter().map(|opened| weight(&opened.job)).sum();
        let longest = taken.first().map_or(0, |opened| weight(&opened.job));
        prop_assert!(alone || sum <= us || (is_idle && sum == longest));
        let mut all = numbers(taken.iter().chain(&waiting));
        all.sort_unstable();
        prop_assert!(all.into_iter().eq(1..=count as u64));
    }
}
