//! PostScript's structuring comments (Adobe technical note 5001) and the metadata blocks between them.
//!
//! Held by Illustrator's part of a PDF. Embedded documents are passed over, as ExifTool does by default.

use super::{icc, photoshop, xmp};
use crate::{Name, Priority, Record, Value, bytes};

/// A comment that is a tag: its name in the file, the tag's name, its printed forms.
struct Comment {
    key: &'static str,
    name: &'static str,
    codes: &'static [(&'static str, &'static str)],
}

const fn comment(key: &'static str, name: &'static str) -> Comment {
    Comment { key, name, codes: &[] }
}

/// All comments that are tags. Those of Illustrator begin with `AI`.
static COMMENTS: &[Comment] = &[
    comment("Author", "Author"),
    comment("BoundingBox", "BoundingBox"),
    comment("Copyright", "Copyright"),
    comment("CreationDate", "CreateDate"),
    comment("Creator", "Creator"),
    comment("ImageData", "ImageData"),
    comment("For", "For"),
    comment("Keywords", "Keywords"),
    comment("ModDate", "ModifyDate"),
    comment("Pages", "Pages"),
    comment("Routing", "Routing"),
    comment("Subject", "Subject"),
    comment("Title", "Title"),
    comment("Version", "Version"),
    Comment { key: "AI9_ColorModel", name: "AIColorModel", codes: &[("1", "RGB"), ("2", "CMYK")] },
    comment("AI3_ColorUsage", "AIColorUsage"),
    Comment {
        key: "AI5_RulerUnits",
        name: "AIRulerUnits",
        codes: &[
            ("0", "Inches"),
            ("1", "Millimeters"),
            ("2", "Points"),
            ("3", "Picas"),
            ("4", "Centimeters"),
            ("6", "Pixels"),
        ],
    },
    comment("AI5_TargetResolution", "AITargetResolution"),
    comment("AI5_NumLayers", "AINumLayers"),
    comment("AI5_FileFormat", "AIFileFormat"),
    comment("AI8_CreatorVersion", "AICreatorVersion"),
    comment("AI12_BuildNumber", "AIBuildNumber"),
];

/// A block of lines that is not PostScript.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Block {
    Xmp,
    Photoshop,
    Icc,
    Document,
}

/// The comments that open and close blocks, in lower case without their percent signs.
static BLOCKS: &[(&str, &str, Block)] = &[
    ("begin_xml_packet", "end_xml_packet", Block::Xmp),
    ("beginphotoshop", "endphotoshop", Block::Photoshop),
    ("beginiccprofile", "endiccprofile", Block::Icc),
    ("begindocument", "enddocument", Block::Document),
];

/// Puts the tags of one PostScript program. Anything else is left alone.
pub fn read(data: &[u8], record: &mut Record) {
    if !data.starts_with(b"%!PS") && !data.starts_with(b"%!Adobe-PS") {
        return;
    }
    let mut lines = data.split(|b| matches!(b, b'\r' | b'\n')).filter(|line| !line.is_empty()).peekable();
    while let Some(line) = lines.next() {
        if record.is_full() {
            return;
        }
        if let Some((_, end, block)) = BLOCKS.iter().find(|(begin, ..)| is_mark(line, begin)) {
            let body = block_lines(&mut lines, end, *block);
            put_block(*block, &body, record);
        } else if line.starts_with(b"<?xpacket begin=") {
            let mut packet = line.to_vec();
            while !contains_end(&packet) {
                let Some(next) = lines.next() else { return };
                packet.push(b'\n');
                packet.extend_from_slice(next);
            }
            xmp::read(&packet, record);
        } else if let Some((comment, value)) = tag_of(line) {
            let mut value = value.to_vec();
            while let Some(more) = lines.next_if(|line| line.starts_with(b"%%+")) {
                value.extend_from_slice(&more[3..]);
            }
            put_comment(comment, &value, record);
        }
    }
}

/// Whether a line is the comment `name`, with one percent sign or two, in any case.
fn is_mark(line: &[u8], name: &str) -> bool {
    let Some(rest) = line.strip_prefix(b"%") else { return false };
    let rest = rest.strip_prefix(b"%").unwrap_or(rest);
    rest.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name.as_bytes()))
}

/// Everything up to the mark that closes a block: text as it is, data unpacked from hexadecimal digits.
fn block_lines<'l>(lines: &mut impl Iterator<Item = &'l [u8]>, end: &str, block: Block) -> Vec<u8> {
    let mut body = Vec::new();
    let mut open = 1;
    for line in lines {
        if is_mark(line, end) {
            open -= 1;
            if open == 0 {
                break;
            }
        } else if block == Block::Document {
            open += u32::from(is_mark(line, "begindocument"));
        } else if block == Block::Xmp {
            body.extend_from_slice(line);
            body.push(b'\n');
        } else {
            let mut nibbles = line.iter().filter_map(|b| char::from(*b).to_digit(16)).map(|n| n as u8);
            while let (Some(high), Some(low)) = (nibbles.next(), nibbles.next()) {
                body.push(high << 4 | low);
            }
        }
    }
    body
}

fn put_block(block: Block, body: &[u8], record: &mut Record) {
    match block {
        Block::Xmp => xmp::read(body, record),
        Block::Photoshop => photoshop::read(body, record),
        Block::Icc => icc::read(body, record),
        Block::Document => {}
    }
}

fn contains_end(packet: &[u8]) -> bool {
    // The end stands in the last line: only that one is searched.
    let last = packet.rsplit(|b| *b == b'\n').next().unwrap_or_default();
    last.windows(14).any(|w| w == b"<?xpacket end=")
}

/// The comment of a line that is a tag, and its value.
fn tag_of(line: &[u8]) -> Option<(&'static Comment, &[u8])> {
    let rest = line.strip_prefix(b"%")?;
    let (rest, is_double) = rest.strip_prefix(b"%").map_or((rest, false), |rest| (rest, true));
    let end = rest.iter().position(|b| *b == b':')?;
    let comment = COMMENTS.iter().find(|comment| comment.key.as_bytes() == &rest[..end])?;
    let value = rest[end + 1..].strip_prefix(b" ").unwrap_or(&rest[end + 1..]);
    let may_be_single = comment.key.starts_with("AI") || comment.key == "ImageData";
    (is_double || may_be_single).then_some((comment, value))
}

fn put_comment(comment: &Comment, value: &[u8], record: &mut Record) {
    let mut items = strings(value);
    let raw = match items.len() {
        1 => Value::from(items.remove(0)),
        _ => Value::List(items.into_iter().map(Value::from).collect()),
    };
    let text = raw.plain();
    let printed = comment.codes.iter().find(|(code, _)| *code == text).map(|(_, printed)| Value::from(*printed));
    let priority = if comment.key.starts_with("AI") { Priority::NORMAL } else { Priority::LOW };
    record.put_tag("PostScript".into(), Name::from(comment.name), raw, printed, priority);
}

/// The value of a comment: as it stands, or the strings in parentheses, where the last may be what follows them.
fn strings(value: &[u8]) -> Vec<String> {
    let inner = value.strip_prefix(b"(").and_then(|rest| rest.strip_suffix(b")"));
    let Some(inner) = inner else { return vec![bytes::utf8(value)] };
    let mut items = Vec::new();
    let mut item = Vec::new();
    let mut open = 1;
    let mut rest = inner;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            b'\\' => rest = unescape(after, &mut item),
            b')' if open == 1 => {
                items.push(bytes::utf8(&std::mem::take(&mut item)));
                let next = rest.trim_ascii_start();
                rest = next.strip_prefix(b"(").unwrap_or(rest);
                open = i32::from(next.starts_with(b"("));
            }
            b'(' | b')' => {
                open += if byte == b'(' { 1 } else { -1 };
                item.push(byte);
            }
            byte => item.push(byte),
        }
    }
    items.push(bytes::utf8(&item));
    items
}

/// Resolves one escape into `item` and gives what follows it.
fn unescape<'r>(rest: &'r [u8], item: &mut Vec<u8>) -> &'r [u8] {
    let digits = rest.iter().take(3).take_while(|b| matches!(b, b'0'..=b'7')).count();
    if digits > 0 {
        item.push(rest[..digits].iter().fold(0_u8, |code, digit| code.wrapping_shl(3) | (digit - b'0')));
        return &rest[digits..];
    }
    let Some((&byte, rest)) = rest.split_first() else { return rest };
    item.push(match byte {
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'b' => 8,
        b'f' => 12,
        other => other,
    });
    rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Limits;

    #[test]
    fn comments_of_illustrator() {
        let program = b"%!PS-Adobe-3.0 \r%%Creator: Adobe Illustrator(R) 14.0\r%%For: (Ann \\(B\\)) ()\r%%Title: (a\r%%+ b)\r\
            %AI5_RulerUnits: 2\r%Title: no\r%%BeginDocument: x\r%%Title: (inner)\r%%EndDocument\r%%AI8_CreatorVersion: 14.0.0\r";
        let mut record = Record::new(&Limits::default());
        read(program, &mut record);
        let tags: Vec<_> = record.tags.iter().map(|tag| format!("{}={}", tag.name, tag.printed().plain())).collect();
        let expected = [
            "Creator=Adobe Illustrator(R) 14.0",
            "For=Ann (B), ",
            "Title=a b",
            "AIRulerUnits=Points",
            "AICreatorVersion=14.0.0",
        ];
        assert_eq!(tags, expected);
    }
}
