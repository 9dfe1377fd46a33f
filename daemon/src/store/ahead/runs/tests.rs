use std::collections::{BTreeSet, HashSet};

use proptest::prelude::*;

use super::*;

const PARENT: DirId = DirId(7);

/// Fetched, used of that, and still to be used at the end.
#[derive(Debug, Default, Clone, Copy)]
struct Played {
    fetched: usize,
    hits: usize,
    left: usize,
}

/// Wants names one after another, answering what is asked.
fn play<'a>(names: &BTreeSet<String>, wanted: impl IntoIterator<Item = &'a str>) -> Played {
    let items: Vec<(FileName, Item)> =
        names.iter().zip(1..).map(|(name, id)| (name.as_bytes().into(), Item::File(FileId(id)))).collect();
    let item = |name: &[u8]| items.iter().find(|(other, _)| **other == *name).map(|(_, item)| *item);
    let (mut runs, mut ahead, mut played) = (Runs::new(64), HashSet::new(), Played::default());
    for name in wanted {
        let item_wanted = item(name.as_bytes()).unwrap();
        played.hits += usize::from(ahead.remove(&item_wanted));
        let mut todo = runs.want(Wanted { parent: PARENT, name: name.as_bytes(), item: item_wanted, files: 0 });
        loop {
            for fetch in todo.fetch {
                played.fetched += usize::from(ahead.insert(fetch.item));
            }
            let Some(ask) = todo.ask else { break };
            let follows: Vec<_> = match &ask.order {
                Order::Bytes => items.iter().filter(|(name, _)| *name > ask.after).take(ask.most).cloned().collect(),
                Order::Number(counter) => (1..=ask.most as u64)
                    .filter_map(|further| counter.name(further))
                    .filter_map(|name| item(&name).map(|item| (name, item)))
                    .collect(),
            };
            todo = runs.follow(&ask, follows);
        }
    }
    played.left = ahead.len();
    played
}

fn named(names: impl IntoIterator<Item = String>) -> BTreeSet<String> {
    names.into_iter().collect()
}

#[test]
fn names_in_the_order_of_a_listing_are_fetched_ahead() {
    let names = named((0..1_000).map(|n| format!("{:x}", n * 7_919)));
    let played = play(&names, names.iter().map(String::as_str));
    assert_eq!((played.fetched, played.hits, played.left), (997, 997, 0));
}

#[test]
fn numbers_are_followed_over_the_places_where_bytes_are_in_another_order() {
    let all: Vec<String> = (1..=1_200).map(|n| format!("slice_{n}")).collect();
    let played = play(&named(all.clone()), all.iter().map(String::as_str));
    assert!(played.hits >= 1_190 && played.fetched <= played.hits + 8, "{played:?}");
    // Some are missing.
    let some: Vec<String> = (1..=1_200).filter(|n| n % 10 != 3).map(|n| format!("IM{n}.dcm")).collect();
    let played = play(&named(some.clone()), some.iter().map(String::as_str));
    assert!(played.hits >= 1_050 && played.fetched <= played.hits + 8, "{played:?}");
}

#[test]
fn two_who_walk_through_the_same_names_are_both_followed() {
    let names = named((0..400).map(|n| format!("{n:04}")));
    let all: Vec<&str> = names.iter().map(String::as_str).collect();
    // The second begins a little later.
    let both = all[5..205].iter().zip(&all[200..]).flat_map(|(a, b)| [*a, *b]);
    let played = play(&names, all[..5].iter().copied().chain(both));
    assert!(played.hits >= 380, "{played:?}");
}

#[test]
fn files_of_one_ending_are_a_run_of_their_own() {
    let names = named((0..400).map(|n| format!("{:04}.{}", n / 2, if n % 2 == 0 { "jpg" } else { "xmp" })));
    let pictures: Vec<&str> = names.iter().map(String::as_str).filter(|name| name.ends_with("jpg")).collect();
    let items: Vec<_> = names.iter().filter(|name| name.ends_with("jpg")).cloned().collect();
    let played = play(&named(items), pictures);
    assert_eq!(played.hits, 197);
    let like = Like { parent: PARENT, is_dir: false, ending: Box::from(*b"jpg") };
    assert!(like.has(b"1.JPG", false) && !like.has(b"1.xmp", false) && !like.has(b"1.jpg", true));
}

#[test]
fn records_are_fetched_with_a_directory_where_those_of_the_last_were_read() {
    let mut runs = Runs::new(64);
    let dirs: Vec<(FileName, Item)> =
        (10..99).map(|n| (FileName::from(n.to_string().as_bytes()), Item::Dir(DirId(n)))).collect();
    let mut with_records = Vec::new();
    for (at, (name, item)) in dirs.iter().take(40).enumerate() {
        let todo = runs.want(Wanted { parent: PARENT, name, item: *item, files: 4 });
        let Item::Dir(dir) = *item else { unreachable!() };
        let follow = |ask: Ask| (dirs.iter().filter(|(name, _)| *name > ask.after).cloned().collect::<Vec<_>>(), ask);
        with_records.extend(todo.fetch.iter().map(|fetch| fetch.records));
        if let Some((names, ask)) = todo.ask.map(follow) {
            let todo = runs.follow(&ask, names);
            with_records.extend(todo.fetch.iter().map(|fetch| fetch.records));
        }
        // In the first twenty a file of four is read, then two.
        for file in 0..if at < 20 { 1 } else { 2 } {
            let (id, name) = (u64::from(dir.0) * 10 + file, [b'a' + file as u8]);
            runs.want(Wanted { parent: dir, name: &name, item: Item::File(FileId(id)), files: 0 });
        }
    }
    let first = with_records.iter().position(|records| *records).unwrap();
    assert!(first > 20 && with_records[first..].iter().all(|records| *records), "{with_records:?}");
}

proptest! {
    #[test]
    fn what_is_read_in_no_order_is_not_fetched_ahead(reads in prop::collection::vec(0_usize..500, 0..400)) {
        let names = named((0..500).map(|n| format!("{n:03}")));
        let all: Vec<&str> = names.iter().map(String::as_str).collect();
        let by_chance = reads.windows(3).filter(|w| w[0] + 1 == w[1] && w[1] + 1 == w[2]).count();
        let played = play(&names, reads.iter().map(|&at| all[at]));
        prop_assert!(played.fetched <= by_chance * FIRST * 2, "{played:?} {by_chance}");
    }

    #[test]
    fn backwards_or_with_gaps_nothing_is_fetched_ahead(count in 0_usize..300, step in 2_usize..9) {
        let names = named((0..count).map(|n| format!("a{n}.b")));
        let played = play(&names, names.iter().rev().map(String::as_str));
        prop_assert_eq!(played.fetched, 0);
        let names = named((0..count).map(|n| format!("{n:04}")));
        let played = play(&names, names.iter().step_by(step).map(String::as_str));
        prop_assert_eq!(played.fetched, 0);
    }

    #[test]
    fn a_walk_that_ends_early_wastes_at_most_twice_what_it_has_read(count in 0_usize..300) {
        let names = named((0..1_000).map(|n| format!("{n:04}")));
        let played = play(&names, names.iter().take(count).map(String::as_str));
        prop_assert_eq!(played.fetched, played.hits + played.left);
        prop_assert!(played.left <= (2 * count).min(64), "{:?}", played);
    }

    #[test]
    fn whatever_is_read_what_is_kept_of_it_is_bounded(reads in prop::collection::vec((0_u32..60, 0_usize..30), 0..300)) {
        let mut runs = Runs::new(8);
        for (parent, name) in reads {
            let item = Item::File(FileId(u64::from(parent) * 100 + name as u64));
            let todo = runs.want(Wanted { parent: DirId(parent), name: name.to_string().as_bytes(), item, files: 0 });
            if let Some(ask) = todo.ask {
                let follows = (name..30).map(|n| (FileName::from(n.to_string().as_bytes()), item));
                prop_assert!(runs.follow(&ask, follows.collect()).fetch.len() <= 8);
            }
            prop_assert!(runs.runs.len() <= RUNS);
        }
    }
}
