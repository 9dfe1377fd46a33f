//! Text for people, compared with committed files: the JSON of `tests/expected/` in, its text out.
//! `UPDATE=1 cargo test -p metactl` writes the text.

use std::{fs, path::PathBuf};

use serde_json::Value;

use crate::output::Output;

/// The time at which these texts are made: a day, two hours and a second after all that happened in them.
pub(crate) const NOW: u64 = 1_715_922_367_000_000 + 93_601_000_000;

pub(crate) fn out() -> Output {
    Output::new(false)
}

pub(crate) fn json(name: &str) -> Value {
    serde_json::from_str(&fs::read_to_string(path(name)).unwrap()).unwrap()
}

pub(crate) fn expect(name: &str, lines: &[String]) {
    let text = lines.join("\n") + "\n";
    if std::env::var_os("UPDATE").is_some() {
        fs::write(path(name), &text).unwrap();
    }
    assert_eq!(text, fs::read_to_string(path(name)).unwrap_or_default(), "{name}");
}

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/expected").join(name)
}
