//! A file's record as the view shows it: the names of its groups and tags, and the node numbers they keep.
//!
//! The store keeps [`Numbers`] in the record's row and gives both back as an [`Entry`].

use std::{
    collections::HashMap,
    sync::{Arc, OnceLock},
};

use metaextract::{Rank, Record, Tag};

use crate::names::{escape, numbered};

/// The first number of a group or tag; the file itself has 0 and our own names the numbers between.
pub const FIRST: u32 = 16;
/// Numbers stay below.
pub const LIMIT: u32 = 1 << 20;
/// What stands in a file's directory beside its groups. A group so named gives way.
pub const OWN_NAMES: [&str; 5] = ["record.json", "tags.txt", "source", "preview.jpg", "thumbnail.jpg"];

/// The node numbers of one file's groups and tags. Each is given to one name of the file once and not given again, so
/// that what the kernel still holds of an older record can never show another tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Numbers {
    /// The lowest number not given yet.
    pub next: u32,
    /// One a node in the record's order; empty when they are [`FIRST`] and following, as in every first record.
    pub given: Box<[u32]>,
}

impl Numbers {
    /// For a file's first record.
    pub fn first(record: &Record) -> Self {
        Self { next: FIRST.saturating_add(nodes(record).len() as u32), given: Box::default() }
    }

    /// For a record that replaces another: equal names keep their number. If ever a million have been given, they
    /// begin anew.
    pub fn carried(old: &Record, numbers: &Self, new: &Record) -> Self {
        let (before, after) = (nodes(old), nodes(new));
        let known: HashMap<(&str, &str), u32> =
            (before.iter().zip(numbers.all(before.len()))).map(|(node, number)| (node.key(&before), number)).collect();
        let mut next = numbers.next.max(FIRST);
        let given: Box<[u32]> = (after.iter())
            .map(|node| {
                known.get(&node.key(&after)).copied().unwrap_or_else(|| {
                    next = next.saturating_add(1);
                    next - 1
                })
            })
            .collect();
        if next > LIMIT {
            return Self::first(new);
        }
        let plain = given.iter().copied().eq((FIRST..).take(given.len()));
        Self { next, given: if plain { Box::default() } else { given } }
    }

    /// One number a node. What does not fit the record, as after a change of these rules, counts as a first record's.
    fn all(&self, nodes: usize) -> impl Iterator<Item = u32> {
        let kept = self.given.len() == nodes;
        (0..nodes).map(move |index| match kept {
            true => self.given[index],
            false => FIRST.saturating_add(index as u32),
        })
    }
}

/// A record ready to be shown. Cheap until it is looked into.
#[derive(Debug)]
pub struct Entry {
    pub record: Arc<Record>,
    pub numbers: Numbers,
    layout: OnceLock<Layout>,
}

impl Entry {
    pub fn new(record: Arc<Record>, numbers: Numbers) -> Self {
        Self { record, numbers, layout: OnceLock::new() }
    }

    pub(crate) fn layout(&self) -> &Layout {
        self.layout.get_or_init(|| Layout::new(&self.record, &self.numbers))
    }

    pub(crate) fn tag(&self, index: usize) -> Option<&Tag> {
        self.record.tags.get(index)
    }
}

/// A group's directory or a tag's file.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) name: Box<str>,
    /// The position of the group's node; `None` for a group.
    pub(crate) group: Option<usize>,
    /// The position of the tag in the record; for a group, of its first tag.
    pub(crate) tag: usize,
    pub(crate) number: u32,
}

impl Node {
    /// The names of group and tag; the tag's is empty for the group itself, as no tag's is.
    fn key<'a>(&'a self, all: &'a [Self]) -> (&'a str, &'a str) {
        match self.group.and_then(|group| all.get(group)) {
            Some(group) => (&group.name, &self.name),
            None => (&self.name, ""),
        }
    }
}

/// All nodes of one file, to be found by name, by number and in order.
#[derive(Debug)]
pub(crate) struct Layout {
    nodes: Vec<Node>,
    /// Positions in `nodes`, by number.
    by_number: Vec<usize>,
    /// Positions in `nodes`, by group and name.
    by_name: Vec<usize>,
}

impl Layout {
    fn new(record: &Record, numbers: &Numbers) -> Self {
        let mut nodes = nodes(record);
        let count = nodes.len();
        nodes.iter_mut().zip(numbers.all(count)).for_each(|(node, number)| node.number = number);
        let (mut by_number, mut by_name): (Vec<_>, Vec<_>) = ((0..count).collect(), (0..count).collect());
        by_number.sort_by_key(|&at| nodes[at].number);
        by_name.sort_by_key(|&at| (nodes[at].group, &*nodes[at].name));
        Self { nodes, by_number, by_name }
    }

    /// The node of this number, and its position.
    pub(crate) fn numbered(&self, number: u32) -> Option<(usize, &Node)> {
        let at = self.by_number.binary_search_by_key(&number, |&at| self.nodes[at].number).ok()?;
        let at = self.by_number[at];
        Some((at, &self.nodes[at]))
    }

    /// The group of this name, or the tag of this name in the group at a position.
    pub(crate) fn named(&self, group: Option<usize>, name: &str) -> Option<(usize, &Node)> {
        let key = |&at: &usize| (self.nodes[at].group, &*self.nodes[at].name);
        let at = self.by_name.binary_search_by_key(&(group, name), key).ok()?;
        let at = self.by_name[at];
        Some((at, &self.nodes[at]))
    }

    /// The groups, or the tags of the group at a position, by number from `from` on.
    pub(crate) fn members(&self, group: Option<usize>, from: u32) -> impl Iterator<Item = &Node> {
        let start = self.by_number.partition_point(|&at| self.nodes[at].number < from);
        let nodes = self.by_number.iter().skip(start).map(|&at| &self.nodes[at]);
        nodes.filter(move |node| node.group == group)
    }
}

/// The nodes of a record in its own order: each group before its first tag. Their numbers are still 0.
fn nodes(record: &Record) -> Vec<Node> {
    let (groups, names) = shown_names(record);
    // The plain name is taken by the tag that ranks first, wherever it stands.
    let mut used: HashMap<(&str, &str), usize> = HashMap::new();
    let firsts: Vec<bool> = (record.tags.iter().zip(groups.iter().zip(&names)))
        .map(|(tag, (group, name))| tag.rank == Rank::First && used.insert((group, name), 1).is_none())
        .collect();
    let mut nodes: Vec<Node> = Vec::with_capacity(names.len() + 8);
    let mut places: HashMap<&str, usize> = HashMap::new();
    for (tag, ((group, name), first)) in groups.iter().zip(&names).zip(firsts).enumerate() {
        let place = *places.entry(group).or_insert_with(|| {
            nodes.push(Node { name: (&**group).into(), group: None, tag, number: 0 });
            nodes.len() - 1
        });
        let name = match first {
            true => name.clone(),
            false => {
                let count = used.entry((group, name)).or_insert(0);
                *count += 1;
                numbered(name, *count)
            }
        };
        nodes.push(Node { name: name.into(), group: Some(place), tag, number: 0 });
    }
    nodes
}

/// Group and name of each tag as path components.
fn shown_names(record: &Record) -> (Vec<String>, Vec<String>) {
    record.tags.iter().map(|tag| (group_name(&tag.group), escape(tag.name.as_bytes()))).unzip()
}

fn group_name(group: &str) -> String {
    let name = escape(group.as_bytes());
    match OWN_NAMES.contains(&&*name) {
        true => numbered(&name, 2),
        false => name,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use metaextract::Limits;
    use proptest::prelude::*;

    use super::*;

    fn record(tags: &[(&str, &str)]) -> Record {
        let mut record = Record::new(&Limits::default());
        for (index, &(group, name)) in tags.iter().enumerate() {
            record.put(group.to_owned(), name.to_owned(), index as u64);
        }
        record.finish();
        record
    }

    fn shown(record: &Record, numbers: &Numbers) -> Vec<(String, u32)> {
        let layout = Layout::new(record, numbers);
        let path = |node: &Node| match node.key(&layout.nodes) {
            (group, "") => group.to_owned(),
            (group, name) => format!("{group}/{name}"),
        };
        layout.nodes.iter().map(|node| (path(node), node.number)).collect()
    }

    #[test]
    fn the_tag_that_ranks_first_has_the_plain_name() {
        let record =
            record(&[("IFD0", "Make"), ("XMP", "Title"), ("IFD0", "Make"), ("IFD0", "Make"), ("source", "a/b")]);
        let names: Vec<_> = shown(&record, &Numbers::first(&record)).into_iter().collect();
        let expected = [
            ("IFD0", 16),
            ("IFD0/Make~2", 17),
            ("XMP", 18),
            ("XMP/Title", 19),
            ("IFD0/Make~3", 20),
            ("IFD0/Make", 21),
            ("source~2", 22),
            ("source~2/a%2Fb", 23),
        ];
        assert_eq!(names, expected.map(|(name, number)| (name.to_owned(), number)));
    }

    #[test]
    fn a_name_keeps_its_number_and_no_number_is_given_twice() {
        let one = record(&[("A", "x"), ("A", "y")]);
        let two = record(&[("A", "y"), ("B", "x")]);
        let first = Numbers::first(&one);
        assert_eq!(Numbers::carried(&one, &first, &one), first);
        let second = Numbers::carried(&one, &first, &two);
        let numbers = |names: &[(&str, u32)]| names.iter().map(|&(name, n)| (name.to_owned(), n)).collect::<Vec<_>>();
        assert_eq!(shown(&two, &second), numbers(&[("A", 16), ("A/y", 18), ("B", 19), ("B/x", 20)]));
        let third = Numbers::carried(&two, &second, &one);
        assert_eq!(shown(&one, &third), numbers(&[("A", 16), ("A/x", 21), ("A/y", 18)]));
        let full = Numbers { next: LIMIT, ..second };
        assert_eq!(Numbers::carried(&two, &full, &one), Numbers::first(&one));
    }

    proptest! {
        #[test]
        fn nodes_are_found_by_name_and_number(
            tags in prop::collection::vec(("[abs.~]{0,2}", "[xy/]{0,2}"), 0..30),
            more in prop::collection::vec(("[abs.~]{0,2}", "[xy/]{0,2}"), 0..30),
        ) {
            let made = |tags: &[(String, String)]| record(&tags.iter().map(|(g, n)| (&**g, &**n)).collect::<Vec<_>>());
            let (old, new) = (made(&tags), made(&more));
            let numbers = Numbers::carried(&old, &Numbers::first(&old), &new);
            let layout = Layout::new(&new, &numbers);
            let mut paths = HashSet::new();
            let mut tags = 0;
            for (at, node) in layout.nodes.iter().enumerate() {
                prop_assert!((FIRST..numbers.next).contains(&node.number));
                prop_assert!(paths.insert(node.key(&layout.nodes)));
                prop_assert_eq!(layout.numbered(node.number).map(|found| found.0), Some(at));
                prop_assert_eq!(layout.named(node.group, &node.name).map(|found| found.0), Some(at));
                tags += usize::from(node.group.is_some());
            }
            prop_assert_eq!(tags, new.tags.len());
            let listed: usize = layout.members(None, 0).count();
            prop_assert_eq!(listed + tags, layout.nodes.len());
        }
    }
}
