//! A file's extended attributes: `user.<Group>.<Tag>` for every tag, of which only the common ones are listed, since a
//! list may not exceed 64 KiB.

use metaextract::common;

use crate::{entry::Entry, errno::Failure, render};

/// The kernel's limit on one value and on a list.
const LARGEST: usize = 65_536;
const COMMON: &str = "user.Common.";

/// Whether a name can be one of ours; programs ask for many others, file by file.
pub(crate) fn is_ours(name: &[u8]) -> bool {
    name.starts_with(b"user.")
}

/// The value of one name: as the tag's file has it, without the last newline.
pub(crate) fn value(entry: &Entry, name: &[u8]) -> Result<Vec<u8>, Failure> {
    let name = std::str::from_utf8(name).map_err(|_| Failure::NoAttribute)?;
    let value = match name.strip_prefix(COMMON) {
        Some(name) => common::of(&entry.record).find(|(known, _)| *known == name).map(|(_, tag)| render::value(tag)),
        None => name.strip_prefix("user.").and_then(|name| tag(entry, name)),
    };
    let value = value.ok_or(Failure::NoAttribute)?.into_bytes();
    if value.len() > LARGEST { Err(Failure::TooLarge) } else { Ok(value) }
}

/// The names that are listed, each ended by NUL.
pub(crate) fn names(entry: &Entry) -> Vec<u8> {
    let mut list = Vec::new();
    for (name, _) in common::of(&entry.record) {
        list.extend_from_slice(COMMON.as_bytes());
        list.extend_from_slice(name.as_bytes());
        list.push(0);
    }
    list
}

/// `Group.Tag`, both as they stand in the view. Either may hold points: the first division that names a tag counts.
fn tag(entry: &Entry, name: &str) -> Option<String> {
    let layout = entry.layout();
    name.match_indices('.').find_map(|(at, _)| {
        let (group, _) = layout.named(None, &name[..at])?;
        let (_, item) = layout.named(Some(group), &name[at + 1..])?;
        entry.tag(item.tag).map(render::value)
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use metaextract::{Limits, Record, Value};

    use super::*;
    use crate::Numbers;

    #[test]
    fn any_tag_answers_and_common_ones_are_listed() {
        let mut record = Record::new(&Limits::default());
        record.put("IFD0", "Model", "X-1");
        record.put("XMP-dc", "Subject", Value::List(vec!["sea".into(), "sky".into()]));
        record.put("a.b", "c.d", "points");
        record.put("a/b", "", "escaped");
        record.put("big", "big", "x".repeat(LARGEST + 1));
        record.finish();
        let entry = Entry::new(Arc::new(record.clone()), Numbers::first(&record));
        for (name, expected) in [
            ("user.IFD0.Model", Some("X-1")),
            ("user.XMP-dc.Subject", Some("sea\nsky")),
            ("user.a.b.c.d", Some("points")),
            ("user.a%2Fb.%00", Some("escaped")),
            ("user.Common.Camera", Some("X-1")),
            ("user.Common.Lens", None),
            ("user.IFD0.model", None),
            ("user.IFD0", None),
            ("user.", None),
            ("user.big.big", None),
        ] {
            assert_eq!(value(&entry, name.as_bytes()).ok().as_deref(), expected.map(str::as_bytes), "{name}");
        }
        assert_eq!(names(&entry), b"user.Common.Camera\0user.Common.Keywords\0");
    }
}
