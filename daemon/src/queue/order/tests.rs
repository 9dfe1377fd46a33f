use proptest::prelude::*;

use super::*;
use crate::model::{DirId, Expected, FsId, JobId, Place, ReaderId, Stamp};

fn job(file: u64, root: &[u8], priority: Priority, inode: u64) -> Job {
    Job {
        id: JobId(file),
        file: FileId(file),
        place: Place { dir: DirId(1), name: b"x"[..].into() },
        root: root.into(),
        path: b"x"[..].into(),
        fs: FsId(0),
        inode,
        stamp: Stamp { size: 0, mtime: 0, ctime: 0 },
        reader: ReaderId(0),
        expected: Expected::default(),
        in_order: false,
        priority,
        attempts: 0,
        ahead: metaextract::Ahead::default(),
        task: crate::model::Task::Record,
    }
}

/// Takes all, each as expensive as its inode says.
fn drain(order: &mut Order) -> Vec<u64> {
    let foresee = |job: &mut Job| job.expected.us = u32::try_from(job.inode).unwrap_or(u32::MAX);
    std::iter::from_fn(|| order.take(Priority::Stale, foresee)).map(|job| job.file.0).collect()
}

#[test]
fn roots_take_turns_by_the_time_their_files_take() {
    let mut order = Order::default();
    // 1000 files of 10 in one root, then 10 of 100 in another.
    (0..1000).for_each(|n| _ = order.insert(job(n, b"/many", Priority::Crawl, 10), n));
    (1000..1010).for_each(|n| _ = order.insert(job(n, b"/few", Priority::Crawl, 100), n));
    let taken = drain(&mut order);
    let of_few: Vec<usize> = taken.iter().enumerate().filter(|(_, file)| **file >= 1000).map(|(at, _)| at).collect();
    for (nth, at) in of_few.iter().enumerate() {
        assert!(at.abs_diff(nth * 11) <= 2, "after each of the few ten of the many: {of_few:?}");
    }
}

#[test]
fn who_had_nothing_to_do_saves_up_no_turns() {
    let mut order = Order::default();
    (0..100).for_each(|n| _ = order.insert(job(n, b"/a", Priority::Crawl, 10), n));
    for _ in 0..50 {
        order.take(Priority::Stale, |job| job.expected.us = 10);
    }
    (100..150).for_each(|n| _ = order.insert(job(n, b"/late", Priority::Crawl, 10), n));
    let first = &drain(&mut order)[..20];
    let late = first.iter().filter(|file| **file >= 100).count();
    assert!((9..=11).contains(&late), "{first:?}");
}

#[test]
fn a_root_with_one_long_file_at_a_time_gets_no_more_than_its_share() {
    let mut order = Order::default();
    (0..1000).for_each(|n| _ = order.insert(job(n, b"/short", Priority::Crawl, 10), n));
    let (mut short, mut long) = (0_u64, 0_u64);
    for n in 1000..1300 {
        if order.len(Priority::Crawl) <= 1000 - short as usize {
            order.insert(job(n, b"/long", Priority::Crawl, 500), n);
        }
        match order.take(Priority::Stale, |job| job.expected.us = job.inode as u32) {
            Some(job) if job.file.0 >= 1000 => long += 1,
            _ => short += 1,
        }
    }
    assert!((long * 500).abs_diff(short * 10) <= 1000, "{long} long and {short} short ones");
}

#[test]
fn a_class_that_waits_has_its_turn_however_many_more_urgent_ones_come() {
    let mut order = Order::default();
    order.insert(job(1, b"/r", Priority::Stale, 0), 0);
    order.insert(job(2, b"/r", Priority::Crawl, 0), 1);
    let mut served = Vec::new();
    for age in 2..60 {
        order.insert(job(age + 100, b"/r", Priority::Asked, 0), age);
        served.extend(order.take(Priority::Stale, |_| {}).map(|job| job.file.0));
    }
    let of = |file| served.iter().position(|served| *served == file);
    assert_eq!((of(2), of(1)), (Some(16), Some(17)));
    order.insert(job(3, b"/r", Priority::Crawl, 0), 60);
    for _ in 0..100 {
        assert!(order.take(Priority::Asked, |_| {}).is_none_or(|job| job.file.0 >= 100), "what is not let is not");
    }
}

#[test]
fn a_root_is_forgotten_with_its_last_job() {
    let mut order = Order::default();
    order.insert(job(1, b"/a", Priority::Crawl, 0), 0);
    order.insert(job(2, b"/b", Priority::Crawl, 0), 1);
    order.retain(|job| *job.root != *b"/a");
    assert_eq!((order.numbers.len(), order.len(Priority::Crawl), drain(&mut order)), (1, 1, vec![2]));
}

proptest! {
    /// On a disk that turns inodes go upwards, but where a sweep begins, and each file waits for one sweep at most.
    #[test]
    fn a_disk_that_turns_is_read_in_sweeps(steps in prop::collection::vec(prop::option::weighted(0.7, 0..100_u64), 1..300)) {
        let mut order = Order::default();
        order.turns(b"/r", true);
        let (mut last, mut sweep, mut begun) = (0, 0, HashMap::new());
        let takes = steps.iter().filter(|step| step.is_some()).count();
        for (age, step) in (0..).zip(steps.into_iter().chain(std::iter::repeat_n(None, takes))) {
            if let Some(inode) = step {
                order.insert(job(age, b"/r", Priority::Crawl, inode), age);
                begun.insert(age, sweep);
            } else if let Some(job) = order.take(Priority::Stale, |_| {}) {
                sweep += u64::from(job.inode < last);
                last = job.inode;
                prop_assert!(sweep <= begun[&job.file.0] + 1, "it was passed over");
            }
        }
        prop_assert_eq!(order.len(Priority::Crawl), 0);
    }

    /// Whatever is put in, taken out by its spot, moved to another disk and taken: nothing is lost, nothing comes twice.
    #[test]
    fn nothing_is_lost_and_nothing_comes_twice(
        steps in prop::collection::vec((0..6_u8, 0..4_usize, 0..3_u8, 0..50_u64), 1..200),
    ) {
        const ALL: [Priority; 4] = [Priority::Asked, Priority::Fresh, Priority::Crawl, Priority::Stale];
        let mut order = Order::default();
        let mut spots: BTreeMap<u64, Spot> = BTreeMap::new();
        for (age, (what, class, root, inode)) in (0..).zip(steps) {
            match what {
                0..=2 => _ = spots.insert(age, order.insert(job(age, &[b'/', root], ALL[class], inode), age)),
                3 => if let Some((file, spot)) = spots.pop_first() {
                    prop_assert_eq!(order.remove(spot).map(|job| job.file.0), Some(file));
                },
                4 => spots.extend(order.turns(&[b'/', root], inode % 2 == 0).into_iter().map(|(file, spot)| (file.0, spot))),
                _ => if let Some(job) = order.take(ALL[class], |job| job.expected.us = 7) {
                    prop_assert!(spots.remove(&job.file.0).is_some() && job.priority <= ALL[class]);
                },
            }
            prop_assert_eq!(order.jobs().count(), spots.len());
        }
        let mut left = drain(&mut order);
        left.sort_unstable();
        prop_assert_eq!(left, spots.into_keys().collect::<Vec<_>>());
    }
}
