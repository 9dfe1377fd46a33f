//! Names of groups, tags and languages as ExifTool makes them from what a packet has.

use super::tables;
use crate::Name;

/// Names all in capitals become lower case, unless a table has them so.
pub(super) fn spelling(prefix: &str, name: &str) -> String {
    let known = || tables::of_group(&group_of(prefix)).is_some_and(|table| table.find(name).is_some());
    if name.bytes().any(|b| b.is_ascii_lowercase()) || known() {
        return name.to_owned();
    }
    let mut out = String::with_capacity(name.len());
    let lower = name.to_lowercase();
    let mut chars = lower.chars().peekable();
    while let Some(c) = chars.next() {
        match (c, chars.peek()) {
            ('_', Some(next)) if next.is_ascii_lowercase() => {
                out.extend(chars.next().map(|c| c.to_ascii_uppercase()));
            }
            _ => out.push(c),
        }
    }
    out
}

/// ExifTool's group, less `XMP-`, of a namespace prefix; made fit for a name where it is not.
pub(super) fn group_of(prefix: &str) -> String {
    let group = match prefix {
        "Iptc4xmpCore" => "iptcCore",
        "Iptc4xmpExt" => "iptcExt",
        "photomechanic" => "photomech",
        "MicrosoftPhoto" => "microsoft",
        "prismusagerights" => "pur",
        "GettyImagesGIFT" => "getty",
        "hdr_metadata" => "hdr",
        _ => prefix,
    };
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_') || !c.is_ascii();
    let begins = |group: &str| group.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_' || !c.is_ascii());
    if group.is_empty() || (group.chars().all(fits) && begins(group)) {
        return group.to_owned();
    }
    let group: String = group.chars().filter(|&c| fits(c)).collect();
    if begins(&group) { group } else { format!("ns_{group}") }
}

pub(super) fn group_name(group: &str) -> Name {
    if group.is_empty() { "XMP".into() } else { format!("XMP-{group}").into() }
}

pub(super) fn capital(name: &str) -> String {
    let mut chars = name.chars();
    chars.next().map_or_else(String::new, |first| first.to_ascii_uppercase().to_string() + chars.as_str())
}

/// A language code with its country in capitals and the rest in small letters; `-` between them.
pub(super) fn standard_case(code: &str) -> String {
    let lower = code.to_ascii_lowercase();
    let (language, rest) = lower.split_at(lower.find('-').unwrap_or(lower.len()));
    let known = matches!(language.len(), 2 | 3) || matches!(language, "x" | "i");
    let country = rest.get(..3).filter(|country| known && country[1..].bytes().all(|b| b.is_ascii_lowercase()));
    let cased = match country.and_then(|country| Some((country, rest.strip_prefix(country)?))) {
        Some((country, rest)) if !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_') => {
            format!("{language}{}{rest}", country.to_ascii_uppercase())
        }
        _ => lower,
    };
    cased.replace('_', "-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn language_codes_have_their_usual_case() {
        for (code, usual) in [
            ("DE-de", "de-DE"),
            ("de_de", "de-de"),
            ("x-Repair", "x-repair"),
            ("zh-hant-tw", "zh-hant-tw"),
            ("fr", "fr"),
        ] {
            assert_eq!(standard_case(code), usual);
        }
    }

    #[test]
    fn capitals_become_words() {
        for (name, spelled) in [("BIG_THING", "bigThing"), ("ISO", "iso"), ("Mixed_Case", "Mixed_Case"), ("A_1", "a_1")]
        {
            assert_eq!(spelling("my", name), spelled);
        }
        assert_eq!(spelling("DICOM", "PatientID"), "PatientID");
    }
}
