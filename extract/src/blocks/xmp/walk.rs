//! Walks the elements of a packet and hands every value found to the tree, with the path of properties it stands at.

use std::borrow::Cow;

use super::{
    namespaces::Namespaces,
    tree::{Qualifiers, Tree},
    xml::{self, Item, Scanner},
};
use crate::Record;

/// Elements nested deeper are passed over.
const DEPTH: usize = 64;
/// ExifTool takes so many items of one list.
const ITEMS: u32 = 1000;

/// A property on the way to a value.
#[derive(Debug, Clone)]
pub(super) struct Step<'a> {
    /// `prefix:name`, or a bare name where the packet has no prefix.
    pub name: Cow<'a, str>,
    /// The number of a list item.
    pub item: Option<u32>,
}

impl Step<'_> {
    /// Prefix (empty when there is none) and name.
    pub(super) fn split(&self) -> (&str, &str) {
        self.name.split_once(':').unwrap_or(("", &self.name))
    }
}

/// An element that is open.
#[derive(Debug)]
struct Open<'a> {
    /// As the packet has it, to recognise its end.
    name: &'a str,
    content: usize,
    /// Whether it added a step: descriptions inside descriptions do not.
    step: bool,
    is_description: bool,
    is_type: bool,
    children: u32,
    items: u32,
    /// Whether properties stood in its attributes.
    had_properties: bool,
    /// What stands for the content of an empty element.
    reference: Option<&'a str>,
    qualifiers: Qualifiers<'a>,
    namespaces: usize,
}

/// Walks `packet` and adds what it finds to `tree`; `record` gets the attributes that ExifTool gives at once.
pub(super) fn walk(packet: &str, tree: &mut Tree, record: &mut Record) {
    let mut walk = Walk { tree, record, open: Vec::new(), path: Vec::new(), namespaces: Namespaces::default() };
    let mut scanner = Scanner::new(packet);
    // Depth of elements inside one that is passed over.
    let mut skipped = 0_usize;
    while let Some(item) = scanner.next() {
        match item {
            Item::Start { empty, .. } if skipped > 0 => skipped += usize::from(!empty),
            Item::End { .. } if skipped > 0 => skipped -= 1,
            Item::Start { name, attributes, empty, content } => {
                if !walk.start(name, attributes, content) {
                    skipped = usize::from(!empty);
                } else if empty {
                    walk.end("");
                }
            }
            Item::End { name, at } => {
                // An end without a start is no end; a start without an end is no value.
                if let Some(depth) = walk.open.iter().rposition(|open| open.name == name) {
                    while walk.open.len() > depth + 1 {
                        walk.close();
                    }
                    let content = walk.open.last().map_or(at, |open| open.content);
                    walk.end(packet.get(content..at).unwrap_or_default());
                }
            }
        }
        if walk.tree.is_full() {
            return;
        }
    }
    if let Some(open) = walk.open.first() {
        let warning = format!("XMP format error (no closing tag for {})", open.name);
        walk.record.warn(warning);
    }
}

struct Walk<'a, 't> {
    tree: &'t mut Tree,
    record: &'t mut Record,
    open: Vec<Open<'a>>,
    path: Vec<Step<'a>>,
    namespaces: Namespaces,
}

impl<'a> Walk<'a, '_> {
    /// Opens an element; `false` if it is to be passed over.
    fn start(&mut self, name: &'a str, attributes: &'a str, content: usize) -> bool {
        if self.open.len() >= DEPTH {
            return false;
        }
        let mark = self.namespaces.enter();
        for (attribute, uri) in xml::attributes(attributes) {
            if let Some(prefix) = attribute.strip_prefix("xmlns:") {
                self.namespaces.declare(prefix, uri);
            }
        }
        let step = Step { name: self.namespaces.translate(name), item: None };
        let Some(step) = self.count(step) else {
            self.namespaces.leave(mark);
            return false;
        };
        let is_description = step.name == "rdf:Description";
        let inside = is_description && self.path.iter().any(|step| step.name == "rdf:Description");
        let mut open = Open {
            name,
            content,
            step: !inside,
            is_description,
            is_type: step.name == "rdf:type",
            children: 0,
            items: 0,
            had_properties: false,
            reference: None,
            qualifiers: Qualifiers::default(),
            namespaces: mark,
        };
        if !inside {
            self.path.push(step);
        }
        self.attributes(attributes, &mut open);
        self.open.push(open);
        true
    }

    /// Counts an element with its parent and numbers list items.
    fn count(&mut self, mut step: Step<'a>) -> Option<Step<'a>> {
        let Some(parent) = self.open.last_mut() else { return Some(step) };
        parent.children += 1;
        if step.name == "rdf:li" {
            if parent.items == ITEMS {
                return None;
            }
            step.item = Some(parent.items);
            parent.items += 1;
        }
        Some(step)
    }

    /// Attributes are properties too, but for those of RDF and XML itself.
    fn attributes(&mut self, attributes: &'a str, open: &mut Open<'a>) {
        let prefix = self.path.last().map_or("", |step| step.split().0).to_owned();
        for (attribute, value) in xml::attributes(attributes) {
            match attribute {
                "rdf:value" | "rdf:resource" => open.reference = open.reference.or(Some(value)),
                _ => {}
            }
            let mut name = self.namespaces.translate(attribute);
            if !name.contains(':') && !prefix.is_empty() {
                name = format!("{prefix}:{name}").into();
            }
            match &*name {
                "xml:lang" => open.qualifiers.language = Some(value),
                "rdf:datatype" | "et:encoding" => open.qualifiers.base64 = value.contains("base64"),
                "rdf:parseType" => open.qualifiers.resource = value == "Resource",
                "rdf:about" => self.give_once("XMP-rdf", "About", value),
                "x:xmptk" | "x:xaptk" => self.give_once("XMP-x", "XMPToolkit", value),
                _ if Tree::ignores(&name) => {}
                _ if self.tree.is_full() => return,
                _ => {
                    self.path.push(Step { name, item: None });
                    self.tree.add(&self.path, value, &Qualifiers::default());
                    self.path.pop();
                    open.had_properties = true;
                }
            }
        }
        if open.reference.is_none() {
            open.reference = xml::attributes(attributes).find(|(name, _)| *name == "rdf:about").map(|(_, value)| value);
        }
    }

    fn give_once(&mut self, group: &'static str, name: &'static str, value: &str) {
        let value = xml::unescape(value);
        let known = self.record.find(group, name).is_some_and(|tag| tag.raw.plain() == value);
        if !value.is_empty() && !known {
            self.record.put(group, name, value.into_owned());
        }
    }

    /// Ends the innermost element, which has this content.
    fn end(&mut self, content: &'a str) {
        if let Some(open) = self.open.last()
            && open.children == 0
        {
            let mut value = xml::without_comments(content);
            if open.is_description {
                value = value.trim_ascii().to_owned().into();
            }
            let mut by_reference = false;
            if value.is_empty()
                && let Some(reference) = open.reference
            {
                value = reference.into();
                by_reference = true;
            }
            let said_by_attributes = value.is_empty() && open.had_properties;
            let names_a_type = open.is_type && by_reference;
            if !said_by_attributes && !names_a_type {
                self.tree.add(&self.path, &value, &open.qualifiers);
            }
        }
        self.close();
    }

    fn close(&mut self) {
        if let Some(open) = self.open.pop() {
            self.namespaces.leave(open.namespaces);
            if open.step {
                self.path.pop();
            }
        }
    }
}
