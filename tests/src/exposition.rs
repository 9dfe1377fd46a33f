//! A strict reader of Prometheus text: the exposition format 0.0.4 to the letter, and what a scraper would warn of is an error.
//! <https://prometheus.io/docs/instrumenting/exposition_formats/>

use std::collections::{BTreeMap, BTreeSet};

/// One line with a value.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    pub name: String,
    /// counter or gauge.
    pub kind: String,
    pub help: String,
    pub labels: BTreeMap<String, String>,
    pub value: f64,
}

/// All samples in their order. Ends the test at the first mistake.
pub fn parse(text: &str) -> Vec<Sample> {
    assert!(text.ends_with('\n'), "the last line has no end");
    let mut samples: Vec<Sample> = Vec::new();
    let mut families = BTreeSet::new();
    let mut seen = BTreeSet::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let rest = line.strip_prefix("# HELP ").unwrap_or_else(|| panic!("a family begins with no HELP: {line}"));
        let (name, help) = rest.split_once(' ').unwrap_or_else(|| panic!("no help: {line}"));
        is_name(name);
        let help = unescaped(help, false);
        let typed = lines.next().unwrap_or_default();
        let kind =
            typed.strip_prefix(&format!("# TYPE {name} ")).unwrap_or_else(|| panic!("{name} has no TYPE: {typed}"));
        assert!(["counter", "gauge"].contains(&kind), "{typed}");
        assert!(families.insert(name.to_owned()), "{name} comes twice");
        let before = samples.len();
        while let Some(line) = lines.next_if(|line| !line.starts_with('#')) {
            let (labels, value) = sample(name, line);
            assert!(seen.insert((name.to_owned(), labels.clone())), "the same sample twice: {line}");
            assert!(kind == "gauge" || value >= 0.0, "a counter below 0: {line}");
            samples.push(Sample { name: name.to_owned(), kind: kind.to_owned(), help: help.clone(), labels, value });
        }
        assert!(samples.len() > before, "{name} has no sample");
    }
    samples
}

/// Labels and value of a line of this family.
fn sample(name: &str, line: &str) -> (BTreeMap<String, String>, f64) {
    let rest = line.strip_prefix(name).unwrap_or_else(|| panic!("not of {name}: {line}"));
    let mut labels = BTreeMap::new();
    let value = match rest.strip_prefix('{') {
        None => rest,
        Some(mut rest) => loop {
            let (label, quoted) = rest.split_once("=\"").unwrap_or_else(|| panic!("no label: {line}"));
            is_name(label);
            assert!(!label.contains(':') && !label.starts_with("__"), "{line}");
            let end = end_of_text(quoted).unwrap_or_else(|| panic!("a label's value has no end: {line}"));
            let before = labels.insert(label.to_owned(), unescaped(&quoted[..end], true));
            assert!(before.is_none(), "a label twice: {line}");
            match quoted[end + 1..].split_at(1) {
                (",", more) => rest = more,
                ("}", more) => break more,
                _ => panic!("neither a further label nor an end: {line}"),
            }
        },
    };
    let value = value.strip_prefix(' ').unwrap_or_else(|| panic!("no blank before the value: {line}"));
    let digits = |c: char| c.is_ascii_digit() || ".-+eE".contains(c);
    assert!(!value.is_empty() && value.chars().all(digits), "no finite number alone: {line}");
    (labels, value.parse().unwrap_or_else(|error| panic!("{error}: {line}")))
}

/// Where the closing quote stands.
fn end_of_text(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.bytes().position(|b| {
        let ends = b == b'"' && !escaped;
        escaped = b == b'\\' && !escaped;
        ends
    })
}

fn unescaped(text: &str, quotes: bool) -> String {
    let mut out = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        out.push(match c {
            '\\' => match chars.next() {
                Some('\\') => '\\',
                Some('n') => '\n',
                Some('"') if quotes => '"',
                other => panic!("an escape that there is not, {other:?}: {text}"),
            },
            c => c,
        });
    }
    out
}

fn is_name(name: &str) {
    let good = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    assert!(name.chars().all(good) && name.starts_with(|c: char| !c.is_ascii_digit()), "{name:?} is no name");
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "# HELP a_total Help with \\\\ and \\n.\n# TYPE a_total counter\na_total{x=\"a\\\"b,}\",y=\"\"} 1.5\na_total 0\n";

    #[test]
    fn what_is_right_is_read() {
        let samples = parse(GOOD);
        assert_eq!(samples[0].help, "Help with \\ and \n.");
        assert_eq!(
            (samples[0].labels["x"].as_str(), samples[0].labels["y"].as_str(), samples[0].value),
            ("a\"b,}", "", 1.5)
        );
        assert!(samples[1].labels.is_empty() && samples.len() == 2);
    }

    #[test]
    fn what_is_wrong_is_refused() {
        let wrong = [
            ("a_total 0\n", "a_total 0"),
            ("a_total 0\n", "a_total\n"),
            ("a_total 0\n", "a_total NaN\n"),
            ("a_total 0\n", "a_total -1\n"),
            ("a_total 0\n", "a_total  1\n"),
            ("a_total 0\n", "a_total 1 17\n"),
            ("a_total 0\n", "b_total 0\n"),
            ("a_total 0\n", "a_total 0\na_total 1\n"),
            ("y=\"\"", "x=\"\""),
            ("y=\"\"", "y=\"\\z\""),
            ("y=\"\"", "y=\""),
            ("y=\"\"", "2=\"\""),
            ("y=\"\"}", "y=\"\";}"),
            ("# TYPE a_total counter\n", ""),
            ("# TYPE a_total counter\n", "# TYPE a_total count\n"),
            ("# HELP a_total Help with \\\\ and \\n.\n", ""),
            ("\\\\ and", "\\x and"),
        ];
        for (part, other) in wrong {
            let text = GOOD.replacen(part, other, 1);
            assert_ne!(text, GOOD);
            assert!(std::panic::catch_unwind(|| parse(&text)).is_err(), "{text}");
        }
        assert!(std::panic::catch_unwind(|| parse(&GOOD.repeat(2))).is_err());
    }
}
