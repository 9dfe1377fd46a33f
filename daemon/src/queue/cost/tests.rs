use metaextract::Wanted;

use super::{
    keep::{KEPT, VERSION},
    *,
};

const A: &[u8] = b"dir/a.jpg";

fn cost(cpu_us: u64) -> Cost {
    Cost { cpu_us, wall_us: cpu_us, read: cpu_us * 10, calls: 2, memory: cpu_us * 3, ..Cost::default() }
}

/// A number from 0 to 1 that looks like chance.
fn chance(n: u64) -> f64 {
    (n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 11) as f64 / (1_u64 << 53) as f64
}

#[test]
fn classes_are_four_times_the_one_before() {
    let table = [(0, 0), (4096, 0), (4097, 1), (16_384, 1), (16_385, 2), (1 << 20, 4), (1 << 38, 13), (u64::MAX, 13)];
    table.iter().for_each(|&(size, expected)| assert_eq!(class(size), expected, "{size}"));
}

#[test]
fn mean_deviation_and_median_are_those_of_the_newest() {
    let mut model = Model::default();
    // Three of four files take 100, one 500: mean 200, median 100, deviation 173.
    let mut learn = |from: u64, times: u64| {
        for n in from..from + 2000 {
            model.learn(A, ReaderId(1), 5000, &cost(if chance(n) < 0.75 { 100 } else { 500 } * times));
        }
        model.predict(Kind::new(ReaderId(1), 6000))
    };
    for (from, times) in [(0, 1), (10_000, 20)] {
        let Prediction { us: (mean, deviation), median_us, read, calls, memory } = learn(from, times);
        let (times, mean, median_us) = (times as f32, mean - BESIDE, median_us - BESIDE);
        assert!((mean / times - 200.0).abs() < 60.0, "{mean}");
        assert!((deviation / times - 173.0).abs() < 60.0, "{deviation}");
        assert!((median_us / times - 100.0).abs() < 60.0, "{median_us}");
        assert!((read / times - 2000.0).abs() < 600.0, "{read}");
        assert!((memory.0 / times - 600.0).abs() < 180.0 && (memory.1 / times - 519.0).abs() < 180.0, "{memory:?}");
        assert!((calls - 2.0).abs() < 0.01, "{calls}");
    }
}

#[test]
fn what_is_read_at_once_is_what_is_usually_wanted() {
    let mut model = Model::default();
    let kind = Kind::new(ReaderId(1), 5 << 20);
    assert_eq!(model.ahead(kind), Ahead::default(), "nothing is known");
    let mut learn = |heads: &[u64], parts: u64, bytes: u64| {
        for head in heads.iter().cycle().take(2000) {
            let cost = Cost { wanted: Wanted { head: *head, parts, bytes }, ..cost(1) };
            model.learn(A, ReaderId(1), 5 << 20, &cost);
        }
        let Ahead { first, next } = model.ahead(kind);
        (first >> 10, next >> 10)
    };
    assert_eq!(learn(&[3000], 0, 0), (4, 16));
    assert_eq!(learn(&[9000], 1, 128), (12, 4), "a beginning and an end");
    assert_eq!(learn(&[3000, 5000], 0, 0).0, 8, "4 KiB more for each are less than a call for every second");
    assert_eq!(learn(&[3000, 3000, 3000, 60_000], 2, 20_000).0, 4, "for one of four it is not worth it");
    assert_eq!(learn(&[60_000], 2, 20_000), (64, 12));
    assert_eq!(learn(&[10 << 20], 1, 1 << 40), (10 << 10, 1 << 10));
    assert_eq!(learn(&[4096], 1, 10), (4, 4), "it follows what changes");
}

#[test]
fn what_is_unknown_is_taken_from_what_is_nearest() {
    let mut model = Model::default();
    assert_eq!(model.predict(Kind::new(ReaderId(1), 9)), Prediction::default());
    model.learn(A, ReaderId(1), 1 << 20, &cost(700));
    model.learn(A, ReaderId(1), 1 << 30, &cost(9000));
    model.learn(A, ReaderId(2), 1 << 10, &cost(3));
    let mean = |reader, size| model.predict(Kind::new(ReaderId(reader), size)).us.0 - BESIDE;
    assert_eq!(mean(1, 1 << 20), 700.0);
    assert_eq!(mean(1, 1 << 12), 700.0, "the same format, another size");
    assert_eq!(mean(1, 1 << 40), 9000.0);
    assert_eq!(mean(3, 1 << 11), 3.0, "another format, the same size");
    assert_eq!(mean(0, 1 << 21), 700.0);
}

#[test]
fn who_is_likely_to_read_is_told_by_the_ending() {
    let mut model = Model::default();
    model.learn(b"x.y/a.tar.JPG", ReaderId(7), 9, &cost(1));
    let likely = |last: u32, path: &str| model.likely(ReaderId(last), path.as_bytes()).0;
    let table =
        [("z/b.jpg", 7), ("b.Jpg", 7), ("b.png", 0), ("jpg", 0), (".jpg", 0), ("b.jpg/c", 0), ("", 0), ("b.", 0)];
    table.iter().for_each(|&(path, reader)| assert_eq!(likely(0, path), reader, "{path}"));
    assert_eq!(likely(9, "b.jpg"), 9, "who has read it knows better");
}

#[test]
fn a_mix_costs_what_its_files_cost() {
    let (mut model, mut mix) = (Model::default(), Mix::default());
    model.learn(A, ReaderId(1), 9, &cost(950));
    let [known, unknown] = [Kind::new(ReaderId(1), 9), Kind::new(ReaderId(2), 1 << 40)];
    [known, known, unknown].into_iter().for_each(|kind| mix.add(kind));
    assert_eq!(mix.us(&model), 3000.0);
    mix.take(known);
    mix.take(unknown);
    mix.take(unknown);
    assert_eq!(mix.us(&model), 1000.0);
}

#[test]
fn a_format_that_costs_more_all_of_a_sudden_is_noticed_and_chance_is_not() {
    let mut model = Model::default();
    let usual = |n| cost(80 + (chance(n) * 40.0) as u64);
    assert!((0..5000).all(|n| model.learn(A, ReaderId(1), 5000, &usual(n)).is_none()));
    assert_eq!(model.learn(A, ReaderId(1), 5000, &cost(900)), None, "one is chance");
    assert!((0..200).all(|n| model.learn(A, ReaderId(1), 5000, &usual(n)).is_none()));
    let noticed = (0..40).find_map(|n| Some((n, model.learn(A, ReaderId(1), 5000, &cost(1000))?)));
    let (files, worse) = noticed.expect("it is noticed");
    assert!(files < 10 && worse.times > 2.0 && worse.reader == ReaderId(1), "after {files} files, {worse:?}");
}

#[test]
fn a_habit_is_that_of_the_commonest_size_and_the_worst_of_any() {
    let mut model = Model::default();
    assert_eq!(model.habit(ReaderId(1)), None);
    (0..400).for_each(|_| _ = model.learn(A, ReaderId(1), 5000, &cost(100)));
    (0..250).for_each(|_| _ = model.learn(A, ReaderId(1), 1 << 20, &cost(1000)));
    model.learn(A, ReaderId(2), 5000, &cost(7));
    let steady = model.habit(ReaderId(1)).unwrap();
    assert_eq!((steady.median_us, steady.lately, steady.worst), (100.0, 1.0, 1.0));
    (0..8).for_each(|_| _ = model.learn(A, ReaderId(1), 1 << 20, &cost(9000)));
    let slower = model.habit(ReaderId(1)).unwrap();
    assert_eq!(slower.median_us, 100.0, "the commonest size is what it was");
    assert!(slower.lately > 1.2 && slower.worst > 2.0, "{slower:?}");
    assert_eq!(model.habit(ReaderId(2)).unwrap().worst, 0.0, "one file says nothing");
}

#[test]
fn what_was_learned_is_kept_and_what_is_damaged_is_not_believed() {
    let mut model = Model::default();
    (1..300).for_each(|n| _ = model.learn(A, ReaderId(n % 7 + 1), u64::from(n) << (n % 30), &cost(u64::from(n))));
    let bytes = model.encode();
    assert_eq!(Model::decode(&bytes), model);
    for damaged in [
        &[][..],
        &[VERSION],
        &[1; 2000],
        &[9; 200],
        &[&[VERSION], &[0xff; KEPT * 3][..]].concat(),
        &bytes[..bytes.len() - 1],
    ] {
        assert_ne!(Model::decode(damaged), model);
    }
}

#[test]
fn what_a_file_can_claim_is_bounded() {
    let mut model = Model::default();
    for n in 0..10_000 {
        let most = u64::MAX;
        let wanted = Wanted { head: most, parts: 1 + u64::from(n % 2), bytes: most };
        let cost = Cost { cpu_us: most, wall_us: most, read: most, calls: most, memory: most, wanted };
        model.learn(A, ReaderId(n), 0, &cost);
    }
    assert!(model.cells.len() <= MOST);
    let Prediction { us: (mean, deviation), .. } = model.predict(Kind::new(ALL, 0));
    assert!(mean.is_finite() && deviation >= 0.0);
    let Ahead { first, next } = model.ahead(Kind::new(ALL, 0));
    assert!(first <= Ahead::MOST_FIRST && next <= Ahead::MOST_NEXT);
    assert_eq!(Model::decode(&model.encode()), model);
}
