//! Who may import whom, as data. A new arrow is a change to ARCHITECTURE.md first.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

/// A module of the daemon and the modules it may name. `model` and `config`'s plain types are everybody's nouns.
const LAYERS: &[(&str, &[&str])] = &[
    ("args", &[]),
    ("bus", &["config", "control", "logging", "metrics", "model"]),
    ("codec", &[]),
    ("config", &["control", "model"]),
    ("control", &["metrics", "model"]),
    ("crawl", &["model", "plan", "store", "watch"]),
    ("engine", &["codec", "config", "governor", "model", "proto", "readers"]),
    ("extract_command", &["args", "control", "engine", "governor", "model"]),
    ("governor", &["engine", "mountinfo"]),
    ("logging", &["config"]),
    ("main", &["args", "config", "engine", "extract_command", "malloc", "proto", "serve", "worker"]),
    ("malloc", &[]),
    ("metrics", &[]),
    ("model", &["codec"]),
    ("mount", &["store"]),
    ("mountinfo", &[]),
    ("plan", &["model"]),
    ("proto", &["codec", "config", "model"]),
    ("queue", &["model"]),
    ("readers", &["model"]),
    (
        "run",
        &[
            "bus", "config", "control", "crawl", "engine", "governor", "logging", "malloc", "metrics", "model",
            "mount", "plan", "proto", "queue", "readers", "store", "watch",
        ],
    ),
    ("serve", &["args", "bus", "config", "governor", "logging", "model", "mount", "run"]),
    ("sim", &["config", "control", "engine", "governor", "model", "plan", "proto", "readers", "run", "store", "watch"]),
    ("store", &["codec", "malloc", "model"]),
    ("watch", &["model", "mountinfo", "plan"]),
    ("worker", &["codec", "malloc", "model", "proto"]),
];

/// Crates that only these modules may name.
const OUTSIDE: &[(&str, &[&str])] = &[
    ("sled", &["store"]),
    ("zbus", &["bus"]),
    ("metafs", &["mount", "run", "store"]),
    ("tokio", &["bus", "control", "run", "serve", "sim"]),
    ("rayon", &["crawl", "run"]),
    ("landlock", &["worker"]),
    ("log", &["logging"]),
    ("seccompiler", &["worker"]),
    ("systemd_journal_logger", &["logging"]),
];

/// The text of a source file without its tests and comments.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// All source files by top-level module.
fn modules() -> BTreeMap<String, String> {
    let mut modules = BTreeMap::<String, String>::new();
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut dirs = vec![(src.clone(), None)];
    while let Some((dir, module)) = dirs.pop() {
        for entry in fs::read_dir(&dir).unwrap() {
            let path = entry.unwrap().path();
            let stem = path.file_stem().unwrap().to_str().unwrap().to_owned();
            let module = module.clone().unwrap_or_else(|| stem.clone());
            if path.is_dir() {
                dirs.push((path, Some(module)));
            } else if module != "lib" && stem != "tests" {
                modules.entry(module).or_default().push_str(&code(&path));
            }
        }
    }
    modules
}

/// The first names after `prefix`, also where they stand in braces.
fn named(text: &str, prefix: &str) -> BTreeSet<String> {
    let word = |text: &str| text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    let mut names = BTreeSet::new();
    for (at, _) in text.match_indices(prefix) {
        let before = text[..at].chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':') {
            continue;
        }
        let rest = &text[at + prefix.len()..];
        let Some(group) = rest.strip_prefix('{') else {
            names.insert(word(rest));
            continue;
        };
        let mut depth = 1;
        let mut start = true;
        for (at, c) in group.char_indices() {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                ',' if depth == 1 => start = true,
                c if start && depth == 1 && c.is_alphabetic() => {
                    names.insert(word(&group[at..]));
                    start = false;
                }
                _ => {}
            }
            if depth == 0 {
                break;
            }
        }
    }
    names
}

#[test]
fn modules_import_only_what_their_layer_may() {
    let layers: BTreeMap<_, _> = LAYERS.iter().copied().collect();
    let mut wrong = Vec::new();
    for (module, text) in modules() {
        let Some(allowed) = layers.get(module.as_str()) else {
            wrong.push(format!("{module} stands in no layer"));
            continue;
        };
        let prefix = if module == "main" { "metaextractd::" } else { "crate::" };
        for name in named(&text, prefix) {
            if name != module && layers.contains_key(name.as_str()) && !allowed.contains(&name.as_str()) {
                wrong.push(format!("{module} -> {name}"));
            }
        }
    }
    assert!(wrong.is_empty(), "imports beyond the layers: {wrong:#?}");
}

#[test]
fn outside_crates_stay_behind_their_owner() {
    let mut wrong = Vec::new();
    for (module, text) in modules() {
        for (name, owners) in OUTSIDE {
            let used = text.match_indices(&format!("{name}::")).any(|(at, _)| {
                let before = text[..at].chars().next_back();
                !before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':')
            });
            if used && !owners.contains(&module.as_str()) {
                wrong.push(format!("{module} uses {name}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// What the simulator stands in for: the machine around the daemon. All else it must take from the daemon itself.
const STOOD_IN_FOR: &[&str] = &["Directory", "Engine", "Files", "Stone", "Watcher"];
/// What it must use as it is shipped, by how its source names it.
const SHIPPED: &[&str] = &[
    "Core::open(",
    "MemoryStore::open(",
    "policy::{",
    "batch::{",
    "aftermath(",
    "batch(",
    "judge(",
    "core.pump()",
    "core.event(",
];

#[test]
fn the_simulator_defines_nothing_of_what_it_tests() {
    let text = modules().remove("sim").unwrap();
    for (at, _) in text.match_indices("\nimpl ") {
        let line = text[at + 1..].lines().next().unwrap();
        let Some((of, _)) = line.split_once(" for ") else { continue };
        let of = of.trim_start_matches("impl ");
        let is_plain = ["fmt::Debug", "Drop"].contains(&of);
        assert!(is_plain || STOOD_IN_FOR.contains(&of), "the simulator has a {of} of its own: {line}");
    }
    for name in SHIPPED {
        assert!(text.contains(name), "the simulator does not use {name}");
    }
    for of_the_daemon in
        ["Queue", "Reading", "Retry", "Moves", "Whims", "Draft", "Tables", "Governor", "Decision", "Plan"]
    {
        for kind in ["struct", "enum", "trait"] {
            let definition = format!("{kind} {of_the_daemon} ");
            assert!(!text.contains(&definition), "the simulator defines a {of_the_daemon} of its own");
        }
    }
}
