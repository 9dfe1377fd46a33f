//! Puts the values of a packet together again: RDF writes lists and structures as paths to single values.
//!
//! What does not fit (a second value where only one can stand, a field of something that is no structure) becomes a
//! tag of its own, named by its whole path, as in ExifTool.

use std::collections::HashMap;

use super::{
    convert::{self, Leaf},
    names::{capital, group_name, group_of, spelling, standard_case},
    tables::{self, Field, How, Table},
    walk::Step,
};
use crate::{Name, Priority, Record, Value, print};

/// Weight of all values a packet may give, in bytes of text and as much again for each value; beyond it walking ends.
const WEIGHT: usize = 4 << 20;
const WEIGHT_OF_ONE: usize = 64;
/// Fields of one structure; further ones become tags of their own.
const FIELDS: usize = 1000;

/// What attributes say about a value.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Qualifiers<'a> {
    pub language: Option<&'a str>,
    pub base64: bool,
    /// `rdf:parseType="Resource"`: a structure, even an empty one.
    pub resource: bool,
}

/// The tags of a packet, in the order they began.
#[derive(Debug, Default)]
pub(super) struct Tree {
    tags: Vec<Tag>,
    /// The last tag by prefix and property (with the language, if any): so parts of lists and structures find each other.
    by_key: HashMap<Key, usize>,
    weight: usize,
}

type Key = (String, String);

#[derive(Debug)]
struct Tag {
    group: Name,
    name: Name,
    field: Option<Field>,
    node: Node,
}

#[derive(Debug)]
enum Node {
    Empty,
    Leaf(Leaf),
    List(Vec<Node>),
    Struct(Vec<(Name, Node)>),
}

/// A part of a path that counts, with the list items right below it.
#[derive(Debug)]
struct Segment<'a> {
    prefix: &'a str,
    name: String,
    items: Vec<u32>,
    /// The innermost RDF container is `rdf:Alt`.
    alternatives: bool,
}

/// The key of a structure's field, and what is known of it.
type Known = (Name, Option<Field>);

impl Tree {
    /// Whether a property is of the frame (RDF, XML, …) and gives no tag.
    pub(super) fn ignores(name: &str) -> bool {
        let prefix = name.split_once(':').map_or("", |(prefix, _)| prefix);
        matches!(prefix, "x" | "rdf" | "xmlns" | "xml" | "svg" | "office")
            || matches!(
                name,
                "et:desc" | "et:prt" | "et:val" | "et:id" | "et:tagid" | "et:toolkit" | "et:table" | "et:index"
            )
    }

    /// Whether the packet gave all it may.
    pub(super) fn is_full(&self) -> bool {
        self.weight > WEIGHT
    }

    /// Adds the value at the end of `path`.
    pub(super) fn add(&mut self, path: &[Step<'_>], value: &str, qualifiers: &Qualifiers<'_>) {
        let mut segments = segments(path);
        let Some(first) = segments.first() else { return };
        let prefix = segments.iter().map(|segment| segment.prefix).find(|prefix| !prefix.is_empty()).unwrap_or("");
        let group = group_of(prefix);
        let table = tables::of_group(&group);
        let top = table.and_then(|table| table.find(&first.name));
        let known = known(&segments, top, &group);
        let field = known.last().map_or(top, |(_, field)| *field);
        let is_alternative = match field {
            Some(field) => matches!(field.how, How::LangAlt),
            None => segments.last().is_some_and(|last| last.alternatives) && qualifiers.language.is_some(),
        };
        let mut language = None;
        if is_alternative {
            segments.last_mut().and_then(|last| last.items.pop());
            language = qualifiers.language.filter(|code| !code.eq_ignore_ascii_case("x-default")).map(standard_case);
        }
        let leaf = convert::leaf(value, field.map(|field| field.how), qualifiers.base64);
        self.weight += leaf.weight() + WEIGHT_OF_ONE;
        self.place(Found { group, prefix, top, segments, known, language, leaf });
    }

    fn place(&mut self, found: Found<'_>) {
        let [first, rest @ ..] = &*found.segments else { return };
        let mut name =
            found.top.and_then(|field| field.name).map_or_else(|| print::tag_name(&first.name).into(), Name::from);
        let mut key = (found.prefix.to_owned(), first.name.clone());
        if let (Some(language), []) = (&found.language, rest) {
            name = format!("{name}-{language}").into();
            key.1 = format!("{}-{language}", key.1);
        }
        let mut tag = Tag { group: group_name(&found.group), name, field: found.top, node: Node::Empty };
        if rest.is_empty() && first.items.is_empty() {
            tag.node = Node::Leaf(found.leaf);
            self.push(tag, key);
            return;
        }
        let known_tag = self.by_key.get(&key).copied();
        let is_structure = match (found.top, known_tag.map(|at| &self.tags[at].node)) {
            (Some(field), _) => matches!(field.how, How::Struct(_)),
            (None, Some(node)) => node.may_hold_fields(),
            (None, None) => true,
        };
        if !rest.is_empty() && !is_structure {
            self.place_alone(found);
            return;
        }
        // A plain value of the same name is a tag of its own.
        let known_tag = known_tag.filter(|at| !matches!(self.tags[*at].node, Node::Leaf(_)));
        let at = known_tag.unwrap_or_else(|| self.push(tag, key));
        if let Some(slot) = self.tags[at].node.descend(&found) {
            *slot = Node::Leaf(found.leaf);
        } else {
            self.place_alone(found);
        }
    }

    fn push(&mut self, tag: Tag, key: Key) -> usize {
        let at = self.tags.len();
        self.by_key.insert(key, at);
        self.tags.push(tag);
        at
    }

    /// A value that does not fit: a tag named by its whole path.
    fn place_alone(&mut self, found: Found<'_>) {
        let mut path = String::new();
        for segment in &found.segments {
            path.push_str(&capital(&segment.name));
        }
        let known = found.top.and_then(|field| field.name).filter(|_| found.segments.len() == 1);
        let mut name = known.map_or_else(|| Name::from(print::tag_name(&path)), Name::from);
        if let Some(language) = found.language {
            name = format!("{name}-{language}").into();
        }
        let group = group_name(&found.group);
        self.tags.push(Tag { group, name, field: None, node: Node::Leaf(found.leaf) });
    }

    /// Puts all tags into `record`.
    pub(super) fn put(self, record: &mut Record) {
        for tag in self.tags {
            let joined = tag.field.and_then(|field| convert::joined(field.how, || tag.node.texts()));
            let (raw, printed) = match joined {
                Some(leaf) => (leaf.raw, leaf.printed),
                None => {
                    let printed = tag.node.has_printed().then(|| tag.node.printed());
                    (tag.node.into_raw(), printed)
                }
            };
            let priority = match tag.field {
                Some(field) if !field.low => Priority::NORMAL,
                _ => Priority::LOW,
            };
            record.put_tag(tag.group, tag.name, raw, printed, priority);
        }
    }
}

/// A value with all that decides where it goes.
struct Found<'a> {
    group: String,
    prefix: &'a str,
    top: Option<Field>,
    segments: Vec<Segment<'a>>,
    /// One for each segment but the first.
    known: Vec<Known>,
    language: Option<String>,
    leaf: Leaf,
}

impl Node {
    /// The place of a value below this node, made on the way; `None` where something else stands.
    fn descend(&mut self, found: &Found<'_>) -> Option<&mut Node> {
        let mut node = self;
        let mut in_list = false;
        for (depth, segment) in found.segments.iter().enumerate() {
            if let Some((key, _)) = depth.checked_sub(1).and_then(|at| found.known.get(at)) {
                let mut key = key.clone();
                if let (Some(language), true) = (&found.language, depth + 1 == found.segments.len()) {
                    key = format!("{key}-{language}").into();
                }
                node = node.field(key, in_list)?;
                in_list = false;
            }
            for &item in &segment.items {
                node = node.item(item as usize)?;
                in_list = true;
            }
        }
        match node {
            Node::Empty => Some(node),
            Node::Leaf(_) if in_list => Some(node),
            _ => None,
        }
    }

    fn field(&mut self, key: Name, in_list: bool) -> Option<&mut Node> {
        if matches!(self, Node::Empty) || (in_list && matches!(self, Node::Leaf(_))) {
            *self = Node::Struct(Vec::new());
        }
        let Node::Struct(fields) = self else { return None };
        let at = fields.iter().position(|(name, _)| *name == key).unwrap_or(fields.len());
        if at == fields.len() && at < FIELDS {
            fields.push((key, Node::Empty));
        }
        fields.get_mut(at).map(|(_, node)| node)
    }

    fn item(&mut self, item: usize) -> Option<&mut Node> {
        if matches!(self, Node::Empty) {
            *self = Node::List(Vec::new());
        }
        let Node::List(items) = self else { return None };
        if items.len() <= item {
            items.resize_with(item + 1, || Node::Empty);
        }
        items.get_mut(item)
    }

    fn may_hold_fields(&self) -> bool {
        match self {
            Self::Empty | Self::Struct(_) => true,
            Self::Leaf(leaf) => leaf.raw.plain().is_empty(),
            Self::List(items) => items.iter().all(Self::may_hold_fields),
        }
    }

    fn has_printed(&self) -> bool {
        match self {
            Self::Empty => false,
            Self::Leaf(leaf) => leaf.printed.is_some(),
            Self::List(items) => items.iter().any(Self::has_printed),
            Self::Struct(fields) => fields.iter().any(|(_, node)| node.has_printed()),
        }
    }

    fn printed(&self) -> Value {
        match self {
            Self::Empty => Value::Text(String::new()),
            Self::Leaf(leaf) => leaf.printed.clone().unwrap_or_else(|| Value::Text(leaf.raw.plain())),
            Self::List(items) => Value::List(items.iter().map(Self::printed).collect()),
            Self::Struct(fields) => {
                Value::Struct(fields.iter().map(|(name, node)| (name.clone(), node.printed())).collect())
            }
        }
    }

    fn into_raw(self) -> Value {
        match self {
            Self::Empty => Value::Text(String::new()),
            Self::Leaf(leaf) => leaf.raw,
            Self::List(items) => Value::List(items.into_iter().map(Self::into_raw).collect()),
            Self::Struct(fields) => {
                Value::Struct(fields.into_iter().map(|(name, node)| (name, node.into_raw())).collect())
            }
        }
    }

    /// The text of a leaf, or those of a list's leaves.
    fn texts(&self) -> Vec<String> {
        match self {
            Self::Leaf(leaf) => vec![leaf.raw.plain()],
            Self::List(items) => items.iter().flat_map(Self::texts).collect(),
            Self::Empty | Self::Struct(_) => Vec::new(),
        }
    }
}

/// The parts of a path that count, with their list items.
fn segments<'a>(path: &'a [Step<'_>]) -> Vec<Segment<'a>> {
    let mut segments: Vec<Segment<'a>> = Vec::new();
    for step in path {
        let (prefix, name) = step.split();
        if !Tree::ignores(&step.name) {
            segments.push(Segment { prefix, name: spelling(prefix, name), items: Vec::new(), alternatives: false });
        } else if let Some(segment) = segments.last_mut() {
            match step.item {
                Some(item) => segment.items.push(item),
                None if is_numbered(name) => segment.name.push_str(name),
                None => segment.alternatives = name == "Alt",
            }
        }
    }
    segments
}

/// `rdf:_1` and so on: members of a container in the old style, which ExifTool makes part of the name.
fn is_numbered(name: &str) -> bool {
    name.strip_prefix('_').is_some_and(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()))
}

/// What is known of each segment below the first.
fn known(segments: &[Segment<'_>], top: Option<Field>, own_group: &str) -> Vec<Known> {
    let mut table = structure(top);
    let below = segments.iter().skip(1);
    below
        .map(|segment| {
            let known = table.map(|table| (table, table.find(&segment.name)));
            let (key, field) = match known {
                Some((table, None)) if table.any_namespace && group_of(segment.prefix) != own_group => {
                    let group = group_of(segment.prefix);
                    let field = tables::of_group(&group).and_then(|table| table.find(&segment.name));
                    (format!("XMP-{group}:{}", capital(&segment.name)).into(), field)
                }
                Some((_, field)) => (capital(&segment.name).into(), field),
                None => (capital(&segment.name).into(), None),
            };
            table = structure(field);
            (key, field)
        })
        .collect()
}

fn structure(field: Option<Field>) -> Option<&'static Table> {
    match field?.how {
        How::Struct(table) => Some(table),
        _ => None,
    }
}
