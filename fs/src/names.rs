//! Names in the view that are not components of real paths: one escape rule for values, groups, tags and attributes.
//!
//! All of them may come from a hostile file.

use std::fmt::Write;

/// Longer names are shortened.
const LONGEST: usize = 200;
/// What is kept of a shortened name, before `~` and 16 digits.
const KEPT: usize = 180;

/// A name as one path component: `%XX` for `%`, `/`, `~`, control bytes, bytes that are not UTF-8 and a leading `.`;
/// `%00` for the empty name; a long one is cut and ends in `~` and its digest. Different names stay different.
pub fn escape(name: &[u8]) -> String {
    if name.is_empty() {
        return "%00".into();
    }
    let mut out = String::with_capacity(name.len());
    // Where the last whole character ends that a shortened name may keep.
    let mut kept = 0;
    for (index, chunk) in name.utf8_chunks().enumerate() {
        for (at, c) in chunk.valid().char_indices() {
            let leading = index == 0 && at == 0;
            match c {
                '%' | '/' | '~' | '\0'..='\x1f' | '\x7f' => push_escaped(&mut out, c as u8),
                '.' if leading => push_escaped(&mut out, b'.'),
                c => out.push(c),
            }
            kept = if out.len() <= KEPT { out.len() } else { kept };
        }
        for &byte in chunk.invalid() {
            push_escaped(&mut out, byte);
            kept = if out.len() <= KEPT { out.len() } else { kept };
        }
    }
    if out.len() > LONGEST {
        out.truncate(kept);
        out.push('~');
        out.push_str(&blake3::hash(name).to_hex()[..16]);
    }
    out
}

/// The `n`th of several equal names: `name`, `name~2`, `name~3` …
pub fn numbered(name: &str, n: usize) -> String {
    match n {
        0 | 1 => name.to_owned(),
        n => format!("{name}~{n}"),
    }
}

fn push_escaped(out: &mut String, byte: u8) {
    _ = write!(out, "%{byte:02X}"); // writing to a String cannot fail
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_are_escaped_as_the_contract_says() {
        for (name, escaped) in [
            (&b"Make"[..], "Make"),
            (b"", "%00"),
            (b".", "%2E"),
            (b"..", "%2E."),
            (b"a.b", "a.b"),
            (b"a/b", "a%2Fb"),
            (b"100%", "100%25"),
            (b"a~2", "a%7E2"),
            (b"a\nb\x7f\0", "a%0Ab%7F%00"),
            (b"\xff\xfeA", "%FF%FEA"),
            (b"caf\xc3", "caf%C3"),
            ("Größe 東京".as_bytes(), "Größe 東京"),
        ] {
            assert_eq!(escape(name), escaped, "{name:?}");
        }
    }

    #[test]
    fn long_names_end_in_their_digest() {
        assert_eq!(escape(&[b'x'; 200]), "x".repeat(200));
        let long = escape(&[b'x'; 201]);
        let digest = blake3::hash(&[b'x'; 201]).to_hex();
        assert_eq!(long, format!("{}~{}", "x".repeat(180), &digest[..16]));
        // Never within a character, never within an escape.
        let wide = escape("ab東".repeat(60).as_bytes());
        assert_eq!(wide.split('~').next(), Some(&*"ab東".repeat(36)));
        let escaped = escape(&[b'a', b'/', b'/'].repeat(40));
        assert_eq!(escaped.split('~').next(), Some(&*format!("{}a%2F", "a%2F%2F".repeat(25))));
    }

    #[test]
    fn equal_names_are_numbered_from_the_second_on() {
        assert_eq!([1, 2, 10].map(|n| numbered("Tag", n)), ["Tag", "Tag~2", "Tag~10"]);
    }

    fn unescape(name: &str) -> Vec<u8> {
        let mut parts = name.split('%');
        let mut out = parts.next().unwrap().as_bytes().to_vec();
        for part in parts {
            out.push(u8::from_str_radix(&part[..2], 16).unwrap());
            out.extend_from_slice(&part.as_bytes()[2..]);
        }
        out
    }

    proptest! {
        #[test]
        fn an_escaped_name_is_a_path_component_and_leads_back(name in prop::collection::vec(any::<u8>(), 1..400)) {
            let escaped = escape(&name);
            prop_assert!(!escaped.is_empty() && escaped.len() <= LONGEST);
            prop_assert!(!escaped.starts_with('.'));
            prop_assert!(escaped.bytes().all(|b| b >= 0x20 && b != b'/' && b != 0x7f));
            match escaped.split_once('~') {
                None => prop_assert_eq!(unescape(&escaped), name),
                Some((kept, digest)) => {
                    prop_assert!(kept.len() <= KEPT && kept.len() > KEPT - 4);
                    prop_assert!(name.starts_with(&unescape(kept)));
                    prop_assert_eq!(digest, &blake3::hash(&name).to_hex()[..16]);
                }
            }
        }
    }
}
