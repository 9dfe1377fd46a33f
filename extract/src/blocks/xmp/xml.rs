//! A tolerant reader of XML: start tags, end tags, nothing else. It never fails; what makes no sense is passed over.
//!
//! Serves the walk over a packet. It knows no namespaces and no document types, and expands no entities of a document.

use std::borrow::Cow;

/// What [`Scanner::next`] finds. Offsets are into the scanned text.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Item<'a> {
    Start {
        name: &'a str,
        /// What stands between the name and the end of the tag.
        attributes: &'a str,
        /// Whether the element ends with this tag.
        empty: bool,
        /// Where the content begins.
        content: usize,
    },
    End {
        name: &'a str,
        /// Where the content ended.
        at: usize,
    },
}

/// Goes through a text once, from tag to tag.
#[derive(Debug)]
pub(super) struct Scanner<'a> {
    pub text: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// The next tag; comments, CDATA sections, processing instructions and declarations are skipped.
    pub(super) fn next(&mut self) -> Option<Item<'a>> {
        loop {
            let open = self.at + self.text.get(self.at..)?.find('<')?;
            let rest = &self.text[open + 1..];
            self.at = open + 1;
            if let Some(comment) = rest.strip_prefix("!--") {
                self.at += 3 + comment.find("-->")? + 3;
            } else if let Some(section) = rest.strip_prefix("![CDATA[") {
                self.at += 8 + section.find("]]>")? + 3;
            } else if let Some(name) = rest.strip_prefix('/') {
                self.at += 1 + name.find('>')? + 1;
                let end = name.find(|c| !is_name(c)).unwrap_or(0);
                return Some(Item::End { name: &name[..end], at: open });
            } else if rest.starts_with(is_name) {
                let end = end_of_tag(rest)?;
                self.at += end + 1;
                let (tag, empty) = rest[..end].strip_suffix('/').map_or((&rest[..end], false), |tag| (tag, true));
                let name = tag.find(|c| !is_name(c)).unwrap_or(tag.len());
                let (name, attributes) = tag.split_at(name);
                return Some(Item::Start { name, attributes, empty, content: self.at });
            }
        }
    }
}

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | ':' | '.') || !c.is_ascii()
}

/// The `>` that ends a tag; one inside a quoted value does not, but for a quote that is never closed.
fn end_of_tag(rest: &str) -> Option<usize> {
    let mut quote = None;
    for (at, byte) in rest.bytes().enumerate() {
        match (quote, byte) {
            (None, b'>') => return Some(at),
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), _) if open == byte => quote = None,
            (Some(_), b'<') => break,
            _ => {}
        }
    }
    rest.find('>')
}

/// Name and value of each attribute, in order, the value as it stands.
pub(super) fn attributes(mut text: &str) -> impl Iterator<Item = (&str, &str)> {
    std::iter::from_fn(move || {
        loop {
            let equals = text.find('=')?;
            let name = text[..equals].trim_ascii_end();
            let name = name.rsplit(|c: char| c.is_ascii_whitespace()).next().unwrap_or(name);
            let rest = text[equals + 1..].trim_ascii_start();
            let Some(quote) = rest.chars().next().filter(|c| matches!(c, '"' | '\'')) else {
                text = &text[equals + 1..];
                continue;
            };
            let end = rest[1..].find(quote)?;
            text = &rest[end + 2..];
            if !name.is_empty() {
                return Some((name, &rest[1..=end]));
            }
        }
    })
}

/// `text` without its comments.
pub(super) fn without_comments(text: &str) -> Cow<'_, str> {
    if !text.contains("<!--") {
        return text.into();
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, comment)) = rest.split_once("<!--") {
        out.push_str(before);
        rest = comment.split_once("-->").map_or("", |(_, after)| after);
    }
    out.push_str(rest);
    out.into()
}

/// Character data as it is meant: references expanded, but in CDATA sections, whose marks go.
pub(super) fn unescape(text: &str) -> Cow<'_, str> {
    if !text.contains(['&', '<']) {
        return text.into();
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, section)) = rest.split_once("<![CDATA[") {
        let Some((inside, after)) = section.split_once("]]>") else { break };
        expand(before, &mut out);
        out.push_str(inside);
        rest = after;
    }
    expand(rest, &mut out);
    out.into()
}

fn expand(mut text: &str, out: &mut String) {
    while let Some((before, reference)) = text.split_once('&') {
        out.push_str(before);
        // The longest reference that means something is shorter than 12 characters.
        let end = reference.bytes().take(12).position(|b| b == b';');
        match end.and_then(|end| Some((character(&reference[..end])?, &reference[end + 1..]))) {
            Some((c, rest)) => {
                out.push(c);
                text = rest;
            }
            None => {
                out.push('&');
                text = reference;
            }
        }
    }
    out.push_str(text);
}

fn character(name: &str) -> Option<char> {
    match name {
        "quot" => Some('"'),
        "amp" => Some('&'),
        "apos" => Some('\''),
        "lt" => Some('<'),
        "gt" => Some('>'),
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix('x') {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            // Not a character: ExifTool shows question marks too.
            Some(char::from_u32(code).unwrap_or('?'))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_found_between_comments_sections_and_instructions() {
        let mut scanner = Scanner::new("<?x y?><!-- <no> --><a b='>'>t<![CDATA[<c>]]></a ><d/>");
        assert_eq!(scanner.next(), Some(Item::Start { name: "a", attributes: " b='>'", empty: false, content: 29 }));
        assert_eq!(scanner.next(), Some(Item::End { name: "a", at: 45 }));
        assert_eq!(scanner.next(), Some(Item::Start { name: "d", attributes: "", empty: true, content: 54 }));
        assert_eq!(scanner.next(), None);
    }

    #[test]
    fn attributes_keep_order_and_stray_text_is_passed_over() {
        let found: Vec<_> = attributes(" a:b = 'x' junk c=\"y'z\" d=e f='").collect();
        assert_eq!(found, [("a:b", "x"), ("c", "y'z")]);
    }

    #[test]
    fn references_expand_outside_of_cdata_only() {
        for (text, meant) in [
            ("a &amp; b", "a & b"),
            ("&#65;&#x42;&nope;&", "AB&nope;&"),
            ("&lt;<![CDATA[&lt;<]]>&gt;", "<&lt;<>"),
            ("&#xD800;", "?"),
        ] {
            assert_eq!(unescape(text), meant);
        }
        assert_eq!(without_comments("a<!-- b -->c"), "ac");
    }
}
