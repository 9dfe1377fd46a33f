//! Numbers of readers at their versions, from the library's table: equal numbers, equal output for equal bytes.
//!
//! Called by the engine for what was read and by whoever asks whether a stored record is still what would be read today.

use metaextract::formats;

use crate::model::ReaderId;

/// The reader that made a record of this format ([`metaextract::Record::format`]) just now.
pub fn id(format: &str) -> ReaderId {
    match formats::ALL.iter().find(|row| row.name == format) {
        Some(row) => number([row.name.as_bytes(), &row.version.to_le_bytes()]),
        None => unknown(),
    }
}

/// All readers of today.
pub fn current() -> Vec<ReaderId> {
    formats::ALL.iter().map(|row| id(row.name)).chain([unknown()]).collect()
}

/// What no reader knows is looked at again when there is a further reader.
fn unknown() -> ReaderId {
    number(formats::ALL.iter().map(|row| row.name.as_bytes()))
}

/// FNV-1a over the parts; never 0, which is "never read".
fn number<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> ReaderId {
    let bytes = parts.into_iter().flat_map(|part| part.iter().copied().chain([0xff]));
    let hash = bytes.fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    ReaderId(hash.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reader_has_a_number_of_its_own() {
        let mut numbers: Vec<u32> = current().iter().map(|id| id.0).collect();
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), formats::ALL.len() + 1);
        assert_ne!(numbers[0], 0);
        assert_eq!(id(""), id("no such format"));
    }
}
