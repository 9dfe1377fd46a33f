//! ZIP archives and the many formats that are one: a look at the list of members and into one or two of them.

use std::io::Read;

use flate2::read::DeflateDecoder;

use super::{Look, Named, be, contains, find, le, media_types};

/// Bytes of the list of members that are looked at.
const DIRECTORY: usize = 1 << 20;
/// Bytes of one member that are looked at.
const MEMBER: u64 = 256 << 10;

/// Types by the media type that the member `mimetype` names.
static BY_MIME: &[(&str, &str)] = &[
    ("application/vnd.oasis.opendocument.database", "ODB"),
    ("application/vnd.oasis.opendocument.chart", "ODC"),
    ("application/vnd.oasis.opendocument.formula", "ODF"),
    ("application/vnd.oasis.opendocument.graphics", "ODG"),
    ("application/vnd.oasis.opendocument.image", "ODI"),
    ("application/vnd.oasis.opendocument.presentation", "ODP"),
    ("application/vnd.oasis.opendocument.spreadsheet", "ODS"),
    ("application/vnd.oasis.opendocument.text", "ODT"),
    ("application/vnd.adobe.indesign-idml-package", "IDML"),
    ("application/epub+zip", "EPUB"),
];

/// Office Open XML; each has its own media type.
static OFFICE: &[&str] = &[
    "DOCX", "DOCM", "DOTX", "DOTM", "POTX", "POTM", "PPAX", "PPAM", "PPSX", "PPSM", "PPTX", "PPTM", "THMX", "XLAM",
    "XLSX", "XLSM", "XLSB", "XLTX", "XLTM", "VSDX",
];

/// Apple's office formats.
static IWORK: &[&str] = &["NUMBERS", "PAGES", "KEY", "KTH", "NMBTEMPLATE"];

/// An archive that starts with a member.
pub(super) fn zip(look: &mut Look<'_, '_>) -> Option<Named> {
    if !look.is(b"PK\x03\x04") {
        return None;
    }
    let Some(members) = members(look) else { return Some(look.name("ZIP")) };
    Some(
        office(look, &members)
            .or_else(|| capture_one(look, &members))
            .or_else(|| iwork(look, &members))
            .or_else(|| by_mimetype(look, &members))
            .unwrap_or_else(|| by_members(look, &members)),
    )
}

/// One member as the list has it.
struct Member {
    name: Vec<u8>,
    method: u64,
    packed: u64,
    header_at: u64,
}

/// The list of members at the archive's end; `None` where there is none.
fn members(look: &mut Look<'_, '_>) -> Option<Vec<Member>> {
    let size = look.source.size();
    let tail_at = size.saturating_sub(22 + 65535);
    // Most archives have no comment: the short look nearly always finds the end record.
    let short_at = size.saturating_sub(1024).max(tail_at);
    let (at, end) = [short_at, tail_at].into_iter().find_map(|from| {
        let tail = look.read(from, (size - from) as usize);
        let at = tail.windows(4).rposition(|w| w == b"PK\x05\x06")?;
        Some((from + at as u64, tail.get(at..at + 22)?.to_vec()))
    })?;
    let (len, offset) = (le(&end, 12, 4)?, le(&end, 16, 4)?);
    // Bytes put before the archive shift all offsets.
    let shift = at.checked_sub(len)?.saturating_sub(offset);
    let list = look.read(offset + shift, len.min(DIRECTORY as u64) as usize);
    let mut members = Vec::new();
    let mut rest = list;
    while rest.starts_with(b"PK\x01\x02") {
        let (Some(name_len), Some(extra), Some(comment)) = (le(rest, 28, 2), le(rest, 30, 2), le(rest, 32, 2)) else {
            break;
        };
        let Some(name) = rest.get(46..46 + name_len as usize) else { break };
        let (Some(method), Some(packed), Some(header_at)) = (le(rest, 10, 2), le(rest, 20, 4), le(rest, 42, 4)) else {
            break;
        };
        members.push(Member { name: name.to_vec(), method, packed, header_at: header_at + shift });
        rest = rest.get(46 + (name_len + extra + comment) as usize..).unwrap_or_default();
    }
    Some(members)
}

/// The first bytes of a member, unpacked.
fn content(look: &mut Look<'_, '_>, member: &Member) -> Option<Vec<u8>> {
    let header = look.read(member.header_at, 30);
    let skip = 30 + le(header, 26, 2)? + le(header, 28, 2)?;
    if !header.starts_with(b"PK\x03\x04") {
        return None;
    }
    let packed = look.read(member.header_at + skip, member.packed.min(MEMBER) as usize);
    match member.method {
        0 => Some(packed.to_vec()),
        8 => {
            let mut data = Vec::new();
            // A damaged end still gives its beginning.
            _ = DeflateDecoder::new(packed).take(MEMBER).read_to_end(&mut data);
            Some(data)
        }
        _ => None,
    }
}

fn member<'m>(members: &'m [Member], name: &[u8]) -> Option<&'m Member> {
    members.iter().find(|member| member.name == name)
}

/// Office Open XML, by the content type of the main part.
fn office(look: &mut Look<'_, '_>, members: &[Member]) -> Option<Named> {
    let types = member(members, b"[Content_Types].xml").and_then(|member| content(look, member));
    let main = types.as_deref().and_then(main_type);
    let has_properties = || {
        let is_xml = |name: &[u8]| name.ends_with(b".xml") || name.ends_with(b".XML");
        members.iter().any(|member| member.name.starts_with(b"docProps/") && is_xml(&member.name))
    };
    if main.is_none() && !has_properties() {
        return None;
    }
    let main = main.unwrap_or_else(|| media_types::exiftool("DOCX").unwrap_or_default().into());
    let by_type = OFFICE.iter().copied().find(|name| media_types::exiftool(name).is_some_and(|mime| mime == main));
    Some(look.name(match by_type {
        Some("PPTX") if look.extension == "THMX" => "THMX",
        Some(name) => name,
        None => OFFICE.iter().copied().find(|name| *name == look.extension).unwrap_or("DOCX"),
    }))
}

/// The content type of the main part, less `.main+xml`.
fn main_type(types: &[u8]) -> Option<String> {
    static PARTS: &[&[u8]] = &[b"/ppt/presentation.xml", b"/word/document.xml", b"/xl/workbook.xml"];
    let elements = || types.split(|&b| b == b'<');
    let named = elements().filter(|element| {
        let part = attribute(element, b"PartName").unwrap_or_default();
        PARTS.iter().any(|known| part == *known || part == &known[1..])
    });
    let overrides = elements().filter(|element| element.starts_with(b"Override") && contains(element, b"PartName"));
    let main = named.chain(overrides).chain(elements()).find_map(|element| {
        let kind = attribute(element, b"ContentType")?;
        kind.strip_suffix(b".main+xml").or_else(|| kind.strip_suffix(b".main"))
    })?;
    Some(String::from_utf8_lossy(main).into_owned())
}

/// The value of an XML attribute within one element.
fn attribute<'e>(element: &'e [u8], name: &[u8]) -> Option<&'e [u8]> {
    let at = find(element, name)?;
    let rest = super::trim_start(&element[at + name.len()..]).strip_prefix(b"=")?;
    let (quote, rest) = super::trim_start(rest).split_first()?;
    let end = rest.iter().position(|b| b == quote)?;
    matches!(quote, b'"' | b'\'').then(|| &rest[..end])
}

/// Capture One's package, by its settings.
fn capture_one(look: &Look<'_, '_>, members: &[Member]) -> Option<Named> {
    let is_settings =
        |name: &[u8]| name.starts_with(b"CaptureOne/") && (name.ends_with(b".cos") || name.ends_with(b".COS"));
    members.iter().any(|member| is_settings(&member.name)).then(|| look.name("EIP"))
}

/// Apple's office formats up to 2009 and packages of later ones.
fn iwork(look: &mut Look<'_, '_>, members: &[Member]) -> Option<Named> {
    let is_index = |name: &[u8]| {
        let lower = name.to_ascii_lowercase();
        matches!(&*lower, b"index.xml" | b"index.apxl" | b"quicklook/thumbnail.jpg") || package(&lower).is_some()
    };
    if !members.iter().any(|member| is_index(&member.name)) {
        return None;
    }
    let by_extension = IWORK.iter().copied().find(|name| *name == look.extension);
    let index = members.iter().find(|member| matches!(&*member.name, b"index.xml" | b"index.apxl"));
    let by_content = |look: &mut Look<'_, '_>| match index {
        Some(index) => content(look, index).as_deref().and_then(root_type),
        None => members.iter().find_map(|member| package(&member.name.to_ascii_lowercase())),
    };
    let file_type = by_extension.or_else(|| by_content(look)).unwrap_or("ZIP");
    let named = look.name(file_type);
    Some(match file_type {
        // Two media types differ in case from those of the later formats.
        "KEY" => named.with_mime("application/x-iWork-keynote-sffkey"),
        "KTH" => named.with_mime("application/x-iWork-keynote-sffkth"),
        "NMBTEMPLATE" => named.with_mime("application/x-iwork-numbers-sfftemplate"),
        _ => named,
    })
}

/// The type of a package by the path of its index, in lower case.
fn package(path: &[u8]) -> Option<&'static str> {
    let slash = path.iter().position(|&b| b == b'/')?;
    let (folder, index) = path.split_at(slash);
    if !matches!(index, b"/index.zip" | b"/index.xml" | b"/index.apxl") {
        return None;
    }
    let kinds: [(&str, &[u8]); 3] = [("PAGES", b".pages"), ("NUMBERS", b".numbers"), ("KEY", b".key")];
    kinds.iter().find(|(_, end)| folder.ends_with(end)).map(|(name, _)| *name)
}

/// The type by the root element of the index.
fn root_type(index: &[u8]) -> Option<&'static str> {
    let rest = super::trim_start(index).strip_prefix(b"<?xml version=")?;
    let root = rest.split(|&b| b == b'<').nth(1)?;
    let roots: [(&str, &[u8]); 3] =
        [("NUMBERS", b"ls:document"), ("PAGES", b"sl:document"), ("KEY", b"key:presentation")];
    roots.iter().find(|(_, name)| root.starts_with(name)).map(|(name, _)| *name)
}

/// Open Document, EPUB and others that say what they are.
fn by_mimetype(look: &mut Look<'_, '_>, members: &[Member]) -> Option<Named> {
    let content = content(look, member(members, b"mimetype")?)?;
    let is_word = |b: &u8| matches!(b, 0x21..=0xfe);
    let from = content.iter().position(is_word)?;
    let len = content[from..].iter().take_while(|b| is_word(b)).count().min(256);
    let mime = String::from_utf8_lossy(&content[from..from + len]).to_lowercase();
    let file_type = BY_MIME.iter().find(|(known, _)| *known == mime).map_or("ZIP", |(_, file_type)| *file_type);
    Some(Named { mime: mime.into(), ..look.name(file_type) })
}

/// Any other archive: later iWork documents and Sketch are recognised by their members.
fn by_members(look: &mut Look<'_, '_>, members: &[Member]) -> Named {
    let mut named = look.name("ZIP");
    if let Some(meta) = member(members, b"meta.json").and_then(|member| content(look, member))
        && find(&meta, b"\"app\"").is_some_and(|at| contains(&meta[at..meta.len().min(at + 64)], b"sketch"))
    {
        named = named.over("SKETCH");
    }
    let mut found = None;
    for member in members {
        match &*member.name {
            b"Index/Document.iwa" if found.is_none() => {
                found = Some(IWORK.iter().copied().find(|name| *name == look.extension).unwrap_or("PAGES"));
            }
            b"Index/Slide.iwa" => found = Some("KEY"),
            b"Index/Tables/DataList.iwa" => found = Some("NUMBERS"),
            _ => {}
        }
    }
    match found {
        Some(file_type) => named.over(file_type),
        None => named,
    }
}

/// Whether the first member's name starts so; for media types only.
pub(super) fn first_member_is(head: &[u8], name: &[u8]) -> bool {
    be(head, 0, 4) == Some(0x504b_0304) && head.get(30..).is_some_and(|rest| rest.starts_with(name))
}
