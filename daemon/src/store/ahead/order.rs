//! Names that count up, such as slices and segments: `slice_9` is followed by `slice_10`, wherever bytes put it. Pure.

use crate::model::FileName;

/// Digits of a number that is counted; longer ones are identifiers.
const DIGITS: usize = 18;
/// Bytes of the longest ending.
const ENDING: usize = 8;

/// A name with a number in it, to be counted up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Counter {
    before: Vec<u8>,
    number: u64,
    /// Digits at least, with zeros in front.
    width: usize,
    after: Vec<u8>,
}

impl Counter {
    /// The counter at `second`, if that is `first` with one of its numbers one higher.
    pub(super) fn between(first: &[u8], second: &[u8]) -> Option<Self> {
        let differs = first.iter().zip(second).position(|(a, b)| a != b).unwrap_or(first.len().min(second.len()));
        let digits = first.get(..differs)?.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
        let (before, first) = first.split_at_checked(differs - digits)?;
        let second = second.get(differs - digits..)?;
        let (number, first) = number(first)?;
        let (counted, after) = self::number(second)?;
        let next = number.value.checked_add(1).filter(|next| *next == counted.value && first == after)?;
        // Of equal length with zeros in front, or as long as it has to be.
        let is_next = format!("{next:0width$}", width = number.digits).len() == counted.digits;
        is_next.then(|| Self { before: before.into(), number: next, width: number.digits, after: after.into() })
    }

    /// The same, at another of its names.
    pub(super) fn at(&self, name: &[u8]) -> Option<Self> {
        let (found, after) = number(name.strip_prefix(&*self.before)?)?;
        (after == self.after).then(|| Self { number: found.value, ..self.clone() })
    }

    /// The name so many further on.
    pub(super) fn name(&self, further: u64) -> Option<FileName> {
        let number = format!("{:0width$}", self.number.checked_add(further)?, width = self.width);
        Some([&self.before, number.as_bytes(), &self.after].concat().into())
    }
}

struct Number {
    value: u64,
    digits: usize,
}

/// The number that a text begins with, and the rest.
fn number(text: &[u8]) -> Option<(Number, &[u8])> {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (number, rest) = text.split_at_checked(digits).filter(|_| (1..=DIGITS).contains(&digits))?;
    let value = number.iter().fold(0, |value, digit| value * 10 + u64::from(digit - b'0'));
    Some((Number { value, digits }, rest))
}

/// The ending of a file's name in lower case, by which like is told from like; nothing where a name ends in a number.
pub(super) fn ending(name: &[u8]) -> FileName {
    let ending = name.iter().rposition(|&byte| byte == b'.').and_then(|dot| name.get(dot + 1..));
    let is_word = |text: &&[u8]| text.len() <= ENDING && !text.iter().all(u8::is_ascii_digit);
    ending.filter(is_word).map(|ending| ending.to_ascii_lowercase().into()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_number_one_higher_is_what_comes_next() {
        for (first, second, third) in [
            ("slice_9", "slice_10", Some("slice_11")),
            ("IM0009", "IM0010", Some("IM0011")),
            ("IM99.dcm", "IM100.dcm", Some("IM101.dcm")),
            ("a-0001-0007.dcm", "a-0001-0008.dcm", Some("a-0001-0009.dcm")),
            ("s1_raw", "s2_raw", Some("s3_raw")),
            ("099", "100", Some("101")),
            ("slice_9", "slice_11", None),
            ("slice_9", "slice_010", None),
            ("slice_10", "slice_9", None),
            ("slice_9", "slice_9", None),
            ("a1b", "a2c", None),
            ("a", "b", None),
            ("", "1", None),
            ("1", "", None),
            ("999999999999999999", "1000000000000000000", None),
        ] {
            let next = Counter::between(first.as_bytes(), second.as_bytes()).and_then(|counter| counter.name(1));
            assert_eq!(next.as_deref(), third.map(str::as_bytes), "{first} {second}");
        }
    }

    #[test]
    fn like_has_the_same_ending() {
        for (name, expected) in
            [("A.JPG", "jpg"), ("a", ""), ("1.2.840", ""), (".x", "x"), ("a.", ""), ("a.a_long_word", "")]
        {
            assert_eq!(*ending(name.as_bytes()), *expected.as_bytes(), "{name}");
        }
    }

    proptest! {
        #[test]
        fn any_counter_counts(before in "[a-z0-9._-]{0,4}[a-z._-]", from in 0_u64..20_000, width in 0_usize..6, after in "([._-][a-z0-9]{0,3})?") {
            let name = |n: u64| format!("{before}{n:0width$}{after}").into_bytes();
            let counter = Counter::between(&name(from), &name(from + 1)).unwrap();
            for further in [0, 1, 80, 90_000] {
                let later = counter.name(further).unwrap();
                prop_assert_eq!(later.to_vec(), name(from + 1 + further));
                prop_assert_eq!(counter.at(&later).unwrap().name(1).unwrap().to_vec(), name(from + 2 + further));
            }
        }

        #[test]
        fn noise_is_no_number(first: Vec<u8>, second: Vec<u8>) {
            if let Some(counter) = Counter::between(&first, &second) {
                prop_assert_eq!(counter.name(0).unwrap().to_vec(), second);
            }
        }
    }
}
