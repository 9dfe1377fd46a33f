//! Who walks through names in order, and what comes next there. Pure: it is told what was wanted and what follows a
//! name, and says what to fetch and whose followers to look up.
//!
//! Three names, each the next after the one before, are a run; by the order of bytes or by a number that counts up. What
//! is fetched ahead grows with each window that was used. A name out of order begins a run of its own, so that several
//! programs may walk through one directory.

use std::collections::VecDeque;

use super::order::{Counter, ending};
use crate::model::{DirId, FileId, FileName};

/// Runs remembered; the longest unused is forgotten.
const RUNS: usize = 32;
/// What is fetched ahead at first.
const FIRST: usize = 4;
/// … and at most of directories, each with all that is in it.
const DIRS: usize = 64;
/// Names that a run may leave out: the kernel asks for nothing that it has.
const SKIP: usize = 3;
/// Followers looked up at once.
const NAMES: usize = 128;

/// What is walked through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(in crate::store) enum Item {
    Dir(DirId),
    File(FileId),
}

/// What somebody wanted, and where it stands.
#[derive(Debug, Clone, Copy)]
pub(in crate::store) struct Wanted<'a> {
    pub parent: DirId,
    pub name: &'a [u8],
    pub item: Item,
    /// Of a directory: the files in it.
    pub files: usize,
}

/// Names that are walked through together: directories, or files of one ending.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Like {
    pub parent: DirId,
    pub is_dir: bool,
    ending: FileName,
}

impl Like {
    /// Whether an entry is one of them.
    pub fn has(&self, name: &[u8], is_dir: bool) -> bool {
        self.is_dir == is_dir && (is_dir || ending(name) == self.ending)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Order {
    /// That of listings.
    Bytes,
    Number(Counter),
}

/// Asks which names follow one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ask {
    run: u64,
    pub like: Like,
    pub after: FileName,
    pub order: Order,
    /// Of them, at most.
    pub most: usize,
}

/// To be fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fetch {
    pub run: u64,
    pub item: Item,
    /// Of a directory: with the records of its files.
    pub records: bool,
}

/// What follows of something wanted.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Todo {
    pub fetch: Vec<Fetch>,
    pub ask: Option<Ask>,
}

/// All runs.
#[derive(Debug)]
pub(super) struct Runs {
    runs: Vec<Run>,
    /// Files fetched ahead at most in one run.
    files: usize,
    last: Option<Item>,
    /// Numbers runs, and grows with each use.
    clock: u64,
}

#[derive(Debug)]
struct Run {
    id: u64,
    like: Like,
    /// Wanted last.
    name: FileName,
    item: Item,
    /// By the clock.
    used: u64,
    /// Of the directory wanted last: its files, and how many of them were read since.
    files: usize,
    read: usize,
    /// Whether most files were read in the directory before.
    records: bool,
    phase: Phase,
}

#[derive(Debug)]
enum Phase {
    /// Names that rise, the last one left out.
    Maybe(Vec<FileName>),
    /// It is looked up whether these follow the first, or, where it is a run already, what does.
    Asked {
        since: Vec<FileName>,
        order: Order,
        window: usize,
    },
    Sure(Sure),
}

#[derive(Debug)]
struct Sure {
    order: Order,
    /// What follows the last name.
    next: VecDeque<(FileName, Item)>,
    /// How many of these are given out.
    given: usize,
    /// How many are to be.
    window: usize,
    asked: bool,
    /// Nothing follows what is known.
    ended: bool,
}

impl Runs {
    /// `files` is how many files are fetched ahead at most.
    pub fn new(files: usize) -> Self {
        Self { runs: Vec::new(), files, last: None, clock: 0 }
    }

    /// Somebody wants this now.
    pub fn want(&mut self, wanted: Wanted<'_>) -> Todo {
        if self.last.replace(wanted.item) == Some(wanted.item) {
            return Todo::default();
        }
        self.clock += 1;
        if let Item::File(_) = wanted.item {
            let inside = self.runs.iter_mut().filter(|run| run.item == Item::Dir(wanted.parent));
            inside.for_each(|run| run.read += 1);
        }
        let is_dir = matches!(wanted.item, Item::Dir(_));
        let of = |run: &&mut Run| run.like.parent == wanted.parent && run.like.has(wanted.name, is_dir);
        let fits = self.runs.iter_mut().filter(of).map(|run| (run.fit(wanted.name), run));
        let (clock, most) = (self.clock, if is_dir { DIRS } else { self.files });
        if let Some((_, run)) = fits.filter(|(fit, _)| *fit > Fit::No).max_by_key(|(fit, _)| *fit) {
            run.used = clock;
            return run.go(&wanted, most);
        }
        let ending = if is_dir { FileName::default() } else { ending(wanted.name) };
        self.begin(Run {
            id: clock,
            like: Like { parent: wanted.parent, is_dir, ending },
            name: wanted.name.into(),
            item: wanted.item,
            used: clock,
            files: wanted.files,
            read: 0,
            records: false,
            phase: Phase::Maybe(Vec::new()),
        });
        Todo::default()
    }

    /// These follow.
    pub fn follow(&mut self, ask: &Ask, names: Vec<(FileName, Item)>) -> Todo {
        let most = if ask.like.is_dir { DIRS } else { self.files };
        let run = self.runs.iter_mut().find(|run| run.id == ask.run);
        run.map(|run| run.follow(ask, names, most)).unwrap_or_default()
    }

    /// The run that somebody went on with last.
    pub fn last_used(&self) -> Option<u64> {
        self.runs.iter().max_by_key(|run| run.used).map(|run| run.id)
    }

    pub fn forget(&mut self) {
        self.runs.clear();
        self.last = None;
    }

    fn begin(&mut self, run: Run) {
        // Of the same names one is watched at a time: somebody who reads at random leaves no others behind.
        self.runs.retain(|other| other.like != run.like || !matches!(other.phase, Phase::Maybe(_)));
        if self.runs.len() == RUNS
            && let Some((at, _)) = self.runs.iter().enumerate().min_by_key(|(_, run)| run.used)
        {
            self.runs.swap_remove(at);
        }
        self.runs.push(run);
    }
}

/// How well a name goes on with a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    No,
    /// It rises.
    Maybe,
    /// It may be among those that are looked up.
    Asked,
    Next,
}

impl Run {
    fn fit(&self, name: &[u8]) -> Fit {
        match &self.phase {
            _ if *self.name == *name => Fit::Next,
            Phase::Maybe(_) if self.rises(name) => Fit::Maybe,
            Phase::Asked { .. } if self.rises(name) => Fit::Asked,
            Phase::Sure(sure) if sure.place(name).is_some() || Counter::between(&self.name, name).is_some() => {
                Fit::Next
            }
            // Faster than what follows could be looked up.
            Phase::Sure(sure) if sure.asked && sure.next.is_empty() && self.rises(name) => Fit::Asked,
            _ => Fit::No,
        }
    }

    fn rises(&self, name: &[u8]) -> bool {
        *self.name < *name || Counter::between(&self.name, name).is_some()
    }

    fn go(&mut self, wanted: &Wanted<'_>, most: usize) -> Todo {
        if *self.name == *wanted.name {
            return Todo::default();
        }
        self.records = self.files > 0 && self.read * 2 >= self.files;
        (self.files, self.read, self.item) = (wanted.files, 0, wanted.item);
        let before = std::mem::replace(&mut self.name, wanted.name.into());
        let (id, like, records) = (self.id, &self.like, self.records);
        match &mut self.phase {
            Phase::Maybe(names) => {
                names.push(before);
                if names.len() < 2 {
                    return Todo::default();
                }
                let mut since = std::mem::take(names);
                since.push(wanted.name.into());
                let after = since.remove(0);
                self.phase = Phase::Asked { since, order: Order::Bytes, window: 0 };
                self.ask(after, Order::Bytes)
            }
            Phase::Asked { .. } => Todo::default(),
            Phase::Sure(sure) => {
                if let Some(at) = sure.place(wanted.name) {
                    sure.pass(at);
                    if sure.window > 0 {
                        return sure.todo(id, like, &self.name, records, most);
                    }
                    // It leaves out too many.
                } else if sure.asked && sure.next.is_empty() {
                    return Todo::default();
                } else if let Some(counter) =
                    Counter::between(&before, wanted.name).filter(|_| sure.order == Order::Bytes)
                {
                    let (order, window) = (Order::Number(counter), sure.window / 2);
                    self.phase = Phase::Asked { since: Vec::new(), order: order.clone(), window };
                    return self.ask(wanted.name.into(), order);
                }
                self.phase = Phase::Maybe(Vec::new());
                Todo::default()
            }
        }
    }

    fn ask(&self, after: FileName, order: Order) -> Todo {
        Todo { ask: Some(Ask { run: self.id, like: self.like.clone(), after, order, most: NAMES }), fetch: Vec::new() }
    }

    fn follow(&mut self, ask: &Ask, names: Vec<(FileName, Item)>, most: usize) -> Todo {
        let (id, records) = (self.id, self.records);
        match &mut self.phase {
            Phase::Maybe(_) => Todo::default(),
            Phase::Asked { since, order, window } => {
                if *order != ask.order {
                    return Todo::default();
                }
                let is_run = since.iter().zip(&names).all(|(name, (next, _))| name == next);
                if is_run && names.len() >= since.len() {
                    let mut sure = Sure::new(order.clone(), *window);
                    sure.add(ask, names, &self.name);
                    let todo = sure.todo(id, &self.like, &self.name, records, most);
                    self.phase = Phase::Sure(sure);
                    return todo;
                }
                let counted = match &since[..] {
                    [second, third] if *order == Order::Bytes => Counter::between(&ask.after, second)
                        .and_then(|_| Counter::between(second, third).map(|counter| (counter, third.clone()))),
                    _ => None,
                };
                let Some((counter, third)) = counted else {
                    self.phase = Phase::Maybe(Vec::new());
                    return Todo::default();
                };
                let order = Order::Number(counter);
                self.phase = Phase::Asked { since: Vec::new(), order: order.clone(), window: 0 };
                self.ask(third, order)
            }
            Phase::Sure(sure) => {
                if !sure.asked || sure.order != ask.order {
                    return Todo::default();
                }
                sure.add(ask, names, &self.name);
                sure.todo(id, &self.like, &self.name, records, most)
            }
        }
    }
}

impl Sure {
    fn new(order: Order, window: usize) -> Self {
        Self { order, next: VecDeque::new(), given: 0, window: window.max(FIRST / 2), asked: true, ended: false }
    }

    /// These names follow those that are known. What was wanted meanwhile is passed.
    fn add(&mut self, ask: &Ask, names: Vec<(FileName, Item)>, last: &FileName) {
        self.asked = false;
        self.ended = match self.order {
            Order::Bytes => names.len() < ask.most,
            Order::Number(_) => names.is_empty(),
        };
        self.next.extend(names);
        if let Some(at) = self.next.iter().position(|(name, _)| name == last) {
            self.next.drain(..=at);
            self.given = self.given.saturating_sub(at + 1);
        }
    }

    /// How far ahead a name is.
    fn place(&self, name: &[u8]) -> Option<usize> {
        self.next.iter().take(SKIP + 1).position(|(next, _)| **next == *name)
    }

    /// The one at this place is wanted; those before it were left out.
    fn pass(&mut self, at: usize) {
        self.next.drain(..=at);
        self.given = self.given.saturating_sub(at + 1);
        if at > 0 {
            self.window = if self.window <= FIRST { 0 } else { self.window / 2 };
        }
    }

    /// Gives out what is due, twice as much once half of it was used, and asks for more names when those that are known
    /// come to an end.
    fn todo(&mut self, run: u64, like: &Like, last: &FileName, records: bool, most: usize) -> Todo {
        let mut todo = Todo::default();
        if self.given <= self.window / 2 {
            self.window = (self.window * 2).min(most);
            let due = self.next.iter().take(self.window).skip(self.given);
            todo.fetch.extend(due.map(|&(_, item)| Fetch { run, item, records }));
            self.given += todo.fetch.len();
        }
        if self.next.len() < self.window && !self.asked && !self.ended {
            self.asked = true;
            let after = self.next.back().map_or(last, |(name, _)| name).clone();
            if let Order::Number(counter) = &mut self.order
                && let Some(at) = counter.at(&after)
            {
                *counter = at;
            }
            todo.ask = Some(Ask { run, like: like.clone(), after, order: self.order.clone(), most: NAMES });
        }
        todo
    }
}

#[cfg(test)]
mod tests {
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
                    Order::Bytes => {
                        items.iter().filter(|(name, _)| *name > ask.after).take(ask.most).cloned().collect()
                    }
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
            let follow =
                |ask: Ask| (dirs.iter().filter(|(name, _)| *name > ask.after).cloned().collect::<Vec<_>>(), ask);
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
}
