//! A file's extended attributes: `user.<Group>.<Tag>` for every tag, of which only the common ones are listed, since a
//! list may not exceed 64 KiB.

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
        Some(name) => common(entry).into_iter().find(|(common, _)| *common == name).map(|(_, value)| value),
        None => name.strip_prefix("user.").and_then(|name| tag(entry, name)),
    };
    let value = value.ok_or(Failure::NoAttribute)?.into_bytes();
    if value.len() > LARGEST { Err(Failure::TooLarge) } else { Ok(value) }
}

/// The names that are listed, each ended by NUL.
pub(crate) fn names(entry: &Entry) -> Vec<u8> {
    let mut list = Vec::new();
    for (name, _) in common(entry) {
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

fn common(_entry: &Entry) -> Vec<(&'static str, String)> {
    Vec::new()
}
