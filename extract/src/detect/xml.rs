//! XML of all kinds: XMP, SVG, property lists, InDesign interchange, HTML, plain XML.

use super::{Look, Named, contains, find, trim_start};

/// Bytes ExifTool looks at; it reads on behind leading comments only.
const START: usize = 256;

/// XMP packets, SVG and XML. What has another document type is left to later tests.
pub(super) fn xml(look: &mut Look<'_, '_>) -> Option<Named> {
    if look.base == "XMP" && !has_xml_start(look.head) {
        return None;
    }
    let start = after_comments(look)?;
    let text = trim_start(&start);
    if text.starts_with(b"<?xpacket begin=") || is_meta(text) {
        return Some(look.name(look.base));
    }
    let body = [&b"\xfe\xff"[..], b"\xff\xfe", b"\xef\xbb\xbf"].iter().find_map(|mark| start.strip_prefix(*mark));
    let is_marked = body.is_some();
    let body = body.unwrap_or(&start);
    if is_marked && body.starts_with(b"<?xpacket begin=") {
        return Some(look.name(look.base));
    }
    if is_meta(body) || body.starts_with(b"<rdf:RDF") {
        return Some(look.name(look.base));
    }
    let is_utf8 = !is_marked || start.starts_with(b"\xef");
    if is_utf8 && body.strip_prefix(b"<svg").is_some_and(|rest| !rest.first().is_some_and(|b| is_word(*b))) {
        return Some(look.name("SVG"));
    }
    if !body.starts_with(b"<?xml") {
        return None;
    }
    declared(look, &start, is_utf8)
}

/// What follows an XML declaration.
fn declared(look: &Look<'_, '_>, text: &[u8], is_utf8: bool) -> Option<Named> {
    let second = text.iter().position(|b| matches!(b, b'\n' | b'\r')).map(|end| trim_line_ends(&text[end..]));
    if is_utf8 && second.is_some_and(|line| line.starts_with(b"<?aid ")) {
        return Some(look.name("INX"));
    }
    if contains(text, b"<x:xmpmeta") || contains(text, b"<x:xapmeta") || contains(text, b"<xmp:xmpmeta") {
        return Some(look.name(look.base));
    }
    let has_element = |name: &[u8]| {
        find(text, name).and_then(|at| text.get(at + name.len())).is_some_and(|b| *b == b'>' || b.is_ascii_whitespace())
    };
    match doctype(text) {
        Some(b"svg") => return Some(look.name("SVG")),
        Some(b"plist") => return Some(property_list(look)),
        Some(b"REDXIF") => return Some(look.name("RMD").with_mime("application/xml")),
        Some(b"fcpxml") => {}
        Some(_) => return None,
        None if has_element(b"<svg") => return Some(look.name("SVG")),
        None if contains(text, b"<rdf:RDF") => return Some(look.name(look.base)),
        None if has_element(b"<plist") => return Some(property_list(look)),
        None => {}
    }
    Some(look.name(if look.extension == "COS" { "COS" } else { "XML" }))
}

fn property_list(look: &Look<'_, '_>) -> Named {
    let named = look.name(if look.extension == "MODD" { "MODD" } else { "PLIST" });
    // Apple's edit information under another name is known by one key.
    match look.base == "XMP" && contains(look.head, b"<key>adjustmentBaseVersion</key>") {
        true => named.over("AAE"),
        false => named,
    }
}

/// Property lists by extension: XML, binary or JSON.
pub(super) fn plist(look: &mut Look<'_, '_>) -> Option<Named> {
    if trim_start(look.head).starts_with(b"<") || look.is(b"\xfe\xff\0") {
        return xml(look);
    }
    look.is(b"bplist0").then(|| look.name("PLIST").with_mime("application/x-plist"))
}

/// HTML and XHTML.
pub(super) fn html(look: &mut Look<'_, '_>) -> Option<Named> {
    let start = look.head.get(..START.min(look.head.len()))?.to_ascii_lowercase();
    let body = trim_start(start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&start));
    let is_doctype = |text: &[u8]| {
        let rest = text.strip_prefix(b"<!doctype");
        rest.is_some_and(|rest| trim_start(rest).starts_with(b"html") && trim_start(rest).len() < rest.len())
    };
    let is_html = |text: &[u8]| text.starts_with(b"<html") || is_doctype(text);
    let is_xhtml = body.starts_with(b"<?xml") && (0..body.len()).any(|at| body[at] == b'<' && is_html(&body[at..]));
    look.plain(is_html(body) || is_xhtml)
}

/// The optional NULs and mark that may precede the first `<`.
fn has_xml_start(head: &[u8]) -> bool {
    let skip_nul = |data: &'_ [u8]| data.iter().take(3).take_while(|b| **b == 0).count();
    let rest = &head[skip_nul(head)..];
    let marks: [&[u8]; 3] = [b"\xfe\xff", b"\xff\xfe", b"\xef\xbb\xbf"];
    let rest = marks.iter().find_map(|mark| rest.strip_prefix(*mark)).unwrap_or(rest);
    trim_start(&rest[skip_nul(rest)..]).starts_with(b"<")
}

/// The first bytes without NULs and without leading comments, as far as ExifTool reads them.
fn after_comments(look: &mut Look<'_, '_>) -> Option<Vec<u8>> {
    let no_nul = |data: &[u8]| data.iter().copied().filter(|b| *b != 0).collect::<Vec<_>>();
    let mut at = START;
    let mut text = no_nul(look.read(0, START));
    while trim_start(&text).starts_with(b"<!--") {
        match find(&text, b"-->") {
            Some(end) if text.get(end + 3).is_some_and(u8::is_ascii_whitespace) => {
                text = trim_start(&text[end + 3..]).to_vec();
                if text.len() > 128 {
                    continue;
                }
            }
            _ if text.len() > 10_000 => return None,
            _ => {}
        }
        let more = no_nul(look.read(at as u64, START));
        if more.is_empty() {
            break;
        }
        at += START;
        text.extend(more);
    }
    Some(text)
}

fn is_meta(text: &[u8]) -> bool {
    let names: [&[u8]; 4] = [b"<x:xmpmeta", b"<x:xapmeta", b"<xmp:xmpmeta", b"<xmp:xapmeta"];
    names.iter().any(|name| text.starts_with(name))
}

/// The name in `<!DOCTYPE name`.
fn doctype(text: &[u8]) -> Option<&[u8]> {
    let rest = &text[find(text, b"<!DOCTYPE")? + 9..];
    let name = trim_start(rest);
    let len = name.iter().take_while(|b| is_word(**b)).count();
    (len > 0 && name.len() < rest.len()).then(|| &name[..len])
}

fn is_word(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b == b'_'
}

fn trim_line_ends(data: &[u8]) -> &[u8] {
    &data[data.iter().take_while(|b| matches!(b, b'\n' | b'\r')).count()..]
}
