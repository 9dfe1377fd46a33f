//! The table of all figures that the daemon gives of itself, and how they are written for Prometheus.
//!
//! `packaging/metrics.toml` has a row for each: name, type, labels and help stand nowhere else. `run` puts the values down,
//! `bus` and the mounted view show them. Nothing here measures.

use std::{fmt::Write, sync::LazyLock};

use serde::Deserialize;

static TABLE: LazyLock<Vec<Row>> = LazyLock::new(|| {
    // A test reads the same text.
    toml::from_str::<Table>(include_str!("../../packaging/metrics.toml")).map(|table| table.metric).unwrap_or_default()
});

/// All rows, in the order in which they are shown.
pub fn table() -> &'static [Row] {
    &TABLE
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    metric: Vec<Row>,
}

/// A family of figures.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    pub name: String,
    #[serde(rename = "type")]
    pub kind: Kind,
    /// Names of the labels that each of its samples has.
    #[serde(default)]
    pub labels: Vec<String>,
    /// A heading for people.
    pub group: String,
    /// A sentence.
    pub help: String,
    /// Whether only who sees all files is told.
    #[serde(default)]
    pub private: bool,
    /// Why a test of the whole need not see it move, if it need not.
    pub e2e: Option<String>,
}

/// What its values do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// They only grow while the daemon lives.
    Counter,
    Gauge,
}

impl Kind {
    /// The name that the exposition format gives it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
        }
    }
}

/// One value of a row.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    at: usize,
    values: Vec<&'static str>,
    /// In the unit that the row's name ends in; finite.
    pub value: f64,
}

impl Sample {
    /// Its row.
    pub fn row(&self) -> &'static Row {
        &table()[self.at]
    }

    /// Names of labels with their values.
    pub fn labels(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        self.row().labels.iter().map(String::as_str).zip(self.values.iter().copied())
    }
}

/// Something that is a value, or none where it is not known.
pub trait Figure {
    /// The value; samples without one are left out.
    fn figure(self) -> Option<f64>;
}

impl Figure for f64 {
    fn figure(self) -> Option<f64> {
        self.is_finite().then_some(self)
    }
}

impl Figure for u64 {
    fn figure(self) -> Option<f64> {
        Some(self as f64)
    }
}

impl Figure for usize {
    fn figure(self) -> Option<f64> {
        Some(self as f64)
    }
}

impl Figure for bool {
    fn figure(self) -> Option<f64> {
        Some(f64::from(u8::from(self)))
    }
}

impl<T: Figure> Figure for Option<T> {
    fn figure(self) -> Option<f64> {
        self.and_then(Figure::figure)
    }
}

/// Takes down the values of one row.
#[derive(Debug)]
pub struct Values<'a> {
    at: usize,
    samples: &'a mut Vec<Sample>,
}

impl Values<'_> {
    /// The value of a row without labels.
    pub fn is(&mut self, value: impl Figure) {
        self.of([], value);
    }

    /// The value for these labels, in the order of the table.
    pub fn of<const N: usize>(&mut self, labels: [&'static str; N], value: impl Figure) {
        let sample = |value| Sample { at: self.at, values: labels.to_vec(), value };
        self.samples.extend(value.figure().map(sample));
    }

    /// 1 for one of several names, and 0 for the others.
    pub fn one_of(&mut self, names: impl IntoIterator<Item = &'static str>, one: &str) {
        names.into_iter().for_each(|name| self.of([name], name == one));
    }
}

/// Where a row's values come from: it has none where nothing is measured.
pub type Measure<T> = (&'static str, fn(&T, &mut Values<'_>));

/// The values that these measures give, by rows in the order of the table. A measure without a row gives none; a test sees
/// to it that each has one.
pub fn measure<T>(measures: &[Measure<T>], of: &T) -> Vec<Sample> {
    let mut samples = Vec::new();
    for (at, row) in table().iter().enumerate() {
        if let Some((_, measure)) = measures.iter().find(|(name, _)| *name == row.name) {
            measure(of, &mut Values { at, samples: &mut samples });
        }
    }
    samples
}

/// Both together, in the order of the table.
pub fn join(mut samples: Vec<Sample>, more: Vec<Sample>) -> Vec<Sample> {
    samples.extend(more);
    samples.sort_by_key(|sample| sample.at);
    samples
}

/// Prometheus text, exposition format 0.0.4. Samples of one row stand together.
pub fn text(samples: &[Sample]) -> String {
    let mut text = String::new();
    let mut last = None;
    for sample in samples {
        let Row { name, kind, help, .. } = sample.row();
        if last.replace(sample.at) != Some(sample.at) {
            _ = writeln!(text, "# HELP {name} {}", escaped(help, false));
            _ = writeln!(text, "# TYPE {name} {}", kind.as_str());
        }
        text.push_str(name);
        for (index, (label, value)) in sample.labels().enumerate() {
            text.push(if index == 0 { '{' } else { ',' });
            _ = write!(text, "{label}=\"{}\"", escaped(value, true));
        }
        if !sample.values.is_empty() {
            text.push('}');
        }
        _ = writeln!(text, " {}", sample.value);
    }
    text
}

/// What would end a line, or a label's value, written out.
fn escaped(text: &str, quotes: bool) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '"' if quotes => out.push_str("\\\""),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn is_name(text: &str) -> bool {
        text.starts_with(|c: char| c.is_ascii_lowercase())
            && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
    }

    #[test]
    fn every_row_is_as_prometheus_wants_it() {
        let read: Result<Table, _> = toml::from_str(include_str!("../../packaging/metrics.toml"));
        let rows = read.unwrap().metric;
        assert_eq!(rows.len(), table().len());
        let names: BTreeSet<&str> = rows.iter().map(|row| row.name.as_str()).collect();
        assert_eq!(names.len(), rows.len(), "two rows of one name");
        for Row { name, kind, labels, group, help, .. } in &rows {
            assert!(is_name(name) && name.starts_with("metaextract_"), "{name}");
            assert_eq!(name.ends_with("_total"), *kind == Kind::Counter, "{name}: counters end in _total");
            let base = name.trim_end_matches("_total");
            for unit in ["_ms", "_us", "_milliseconds", "_microseconds", "_kib", "_mib", "_percent", "_pct"] {
                assert!(!base.ends_with(unit), "{name}: base units are wanted");
            }
            assert!(help.ends_with('.') && !help.contains('\n') && !group.is_empty(), "{name}: {help}");
            let different: BTreeSet<&String> = labels.iter().collect();
            let good = |label: &String| is_name(label) && label != "le" && label != "quantile";
            assert!(labels.iter().all(good) && different.len() == labels.len(), "{name}: {labels:?}");
        }
        // Headings do not come twice.
        let mut groups: Vec<&str> = rows.iter().map(|row| row.group.as_str()).collect();
        groups.dedup();
        assert_eq!(groups.iter().collect::<BTreeSet<_>>().len(), groups.len(), "{groups:?}");
    }

    #[test]
    fn text_is_grouped_escaped_and_ends_its_lines() {
        let measures: &[Measure<u64>] = &[
            ("metaextract_degraded", |_, to| {
                to.of(["a\"b\\c\nd"], true);
                to.of(["no-fuse"], f64::NAN);
            }),
            ("metaextract_jobs", |n, to| to.is(*n)),
            ("metaextract_store_rest", |_, to| to.one_of(["awake", "asleep"], "asleep")),
            ("metaextract_read_cpu_seconds_total", |_, to| to.is(0.25)),
            ("metaextract_watches_limit", |_, to| to.is(None::<u64>)),
        ];
        let (first, second) = measures.split_at(2);
        let samples = join(measure(second, &3), measure(first, &3));
        let help = |name: &str| &table().iter().find(|row| row.name == name).unwrap().help;
        let expected = format!(
            "# HELP metaextract_degraded {}\n# TYPE metaextract_degraded gauge\n\
             metaextract_degraded{{id=\"a\\\"b\\\\c\\nd\"}} 1\n\
             # HELP metaextract_jobs {}\n# TYPE metaextract_jobs gauge\nmetaextract_jobs 3\n\
             # HELP metaextract_read_cpu_seconds_total {}\n# TYPE metaextract_read_cpu_seconds_total counter\n\
             metaextract_read_cpu_seconds_total 0.25\n\
             # HELP metaextract_store_rest {}\n# TYPE metaextract_store_rest gauge\n\
             metaextract_store_rest{{rest=\"awake\"}} 0\nmetaextract_store_rest{{rest=\"asleep\"}} 1\n",
            help("metaextract_degraded"),
            help("metaextract_jobs"),
            help("metaextract_read_cpu_seconds_total"),
            help("metaextract_store_rest"),
        );
        assert_eq!(text(&samples), expected);
    }
}
