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
mod tests;
