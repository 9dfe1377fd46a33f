//! Value tables: what the numbers and letters of enumerated tags stand for.

pub(super) mod baseline;
pub(super) mod camera;
pub(super) mod gps;
pub(super) mod raw;
pub(super) mod registered;

use crate::print;

/// Sorted by number.
pub(super) type Numbered = &'static [(i64, &'static str)];
/// Sorted by the recorded text.
pub(super) type Worded = &'static [(&'static str, &'static str)];

/// The name of a number.
pub(super) fn name(table: Numbered, number: i64) -> Option<&'static str> {
    table.binary_search_by_key(&number, |row| row.0).ok().map(|index| table[index].1)
}

/// The meaning of a recorded text.
pub(super) fn meaning(table: Worded, text: &str) -> Option<&'static str> {
    table.iter().find(|row| row.0 == text).map(|row| row.1)
}

/// The names of the bits that are set, as ExifTool lists them: each number of a text has 32.
pub(super) fn bits(table: Numbered, text: &str) -> String {
    let mut names = Vec::new();
    for (word, first) in text.split_ascii_whitespace().zip((0..).step_by(32)) {
        let value = print::number_prefix(word) as i64;
        let set = (0..32).filter(|bit| value >> bit & 1 == 1).map(|bit| first + bit);
        names.extend(set.map(|bit| name(table, bit).map_or_else(|| format!("[{bit}]"), str::to_owned)));
        if names.len() > 256 {
            break;
        }
    }
    if names.is_empty() { "(none)".to_owned() } else { names.join(", ") }
}
