//! The `a{sv}` options at the end of every method: typed, and nothing unknown goes through.

use std::collections::HashMap;

use zbus::OwnedVariant;

use crate::control::Error;

/// As they come over the bus.
pub(super) type Given = HashMap<String, OwnedVariant>;

/// Options being read: take each known one, then [`Options::end`].
pub(super) struct Options {
    given: Given,
    known: Vec<&'static str>,
}

impl Options {
    pub(super) fn new(given: Given) -> Self {
        Self { given, known: Vec::new() }
    }

    /// For a method that takes none.
    pub(super) fn none(given: Given) -> Result<(), Error> {
        Self::new(given).end()
    }

    /// The value of `key` if it was given.
    pub(super) fn take<T: TryFrom<OwnedVariant>>(&mut self, key: &'static str) -> Result<Option<T>, Error> {
        self.known.push(key);
        let Some(value) = self.given.remove(key) else { return Ok(None) };
        let signature = value.value_signature().to_string();
        T::try_from(value).map(Some).map_err(|_| Error::InvalidArgument {
            what: format!("the option {key} has the wrong type {signature}"),
            hint: "see org.metaextract.Daemon1.xml for its type".into(),
        })
    }

    /// Refuses what was not taken.
    pub(super) fn end(self) -> Result<(), Error> {
        let Some(unknown) = self.given.keys().min() else { return Ok(()) };
        let hint = match nearest(unknown, &self.known) {
            None => "this method takes no options".into(),
            Some(near) => format!("did you mean {near}? It takes {}", self.known.join(", ")),
        };
        Err(Error::InvalidArgument { what: format!("there is no option {unknown:?}"), hint })
    }
}

/// The one of `known` that is least edits away.
fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    known.iter().copied().min_by_key(|candidate| distance(word, candidate))
}

/// Levenshtein's distance in bytes, of words cut to a length no option has.
fn distance(a: &str, b: &str) -> usize {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let a = &a[..a.len().min(64)];
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (cell, y) in row.iter_mut().skip(1).zip(b) {
            let change = diagonal + usize::from(x != y);
            diagonal = *cell;
            left = change.min(diagonal + 1).min(left + 1);
            *cell = left;
        }
        row[0] = i + 1;
    }
    row.last().copied().unwrap_or(a.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_key_is_the_one_meant() {
        let known = ["poll", "hidden", "cross_filesystems", "forget_when_unmounted"];
        for (given, meant) in [("pol", "poll"), ("Hidden", "hidden"), ("cross-filesystem", "cross_filesystems")] {
            assert_eq!(nearest(given, &known), Some(meant));
        }
        assert_eq!(nearest("x", &[]), None);
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}
