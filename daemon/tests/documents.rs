//! Documents that are made from the program's own tables, and names that documents give: each is compared with its source.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::{
    collections::BTreeSet,
    fmt::Write,
    fs,
    path::{Path, PathBuf},
};

use metaextractd::{
    args::HELP,
    config::table::{KEYS, ROOT_KEYS},
    metrics,
};

fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Compares a file under `packaging/` with what is made here; `UPDATE=1` writes it.
fn committed(path: &str, made: &str) {
    let path = top().join("packaging").join(path);
    if std::env::var_os("UPDATE").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, made).unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == made,
        "{} is out of date: UPDATE=1 cargo test -p metaextractd --test documents",
        path.display()
    );
}

#[test]
fn the_manual_page_is_the_table() {
    committed("man/metaextractd.8", &manual());
}

#[test]
fn the_configuration_page_is_the_table() {
    committed("docs/configuration.md", &configuration());
}

#[test]
fn the_page_of_metrics_is_the_table() {
    committed("docs/metrics.md", &figures());
}

/// All of our own code, with its tests.
fn code() -> String {
    let mut code = String::new();
    let mut dirs: Vec<PathBuf> = ["extract", "daemon", "fs", "ctl", "tests"].map(|name| top().join(name)).into();
    while let Some(dir) = dirs.pop() {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                dirs.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                code.push_str(&fs::read_to_string(path).unwrap());
            }
        }
    }
    code
}

/// What stands in back quotes.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// Those of these names that are neither a test nor a script of ours.
fn missing<'a>(names: &BTreeSet<&'a str>) -> Vec<&'a str> {
    let code = code();
    let exists =
        |name: &str| code.contains(&format!("fn {name}(")) || (name.contains('/') && top().join(name).exists());
    names.iter().copied().filter(|name| !exists(name)).collect()
}

/// ARCHITECTURE.md names the tests that hold each invariant.
#[test]
fn every_test_named_here_exists() {
    let text = fs::read_to_string(top().join("ARCHITECTURE.md")).unwrap();
    let held = text.split("\n\n").filter_map(|part| Some(part.split_once("Held by:")?.1));
    let named: BTreeSet<&str> = held.flat_map(quoted).collect();
    let missing = missing(&named);
    assert!(named.len() > 20 && missing.is_empty(), "ARCHITECTURE.md names tests that do not exist: {missing:#?}");
}

/// Each row of the threat model ends in the tests that hold it.
#[test]
fn every_line_of_the_threat_model_names_its_tests() {
    let text = fs::read_to_string(top().join("packaging/docs/security.md")).unwrap();
    let rows: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |")).collect();
    let promises: Vec<_> =
        rows.iter().filter_map(|row| Some(row.rsplit_once(" | ")?.1)).filter(|held| *held != "held by").collect();
    let bare: Vec<_> = promises.iter().filter(|held| quoted(held).next().is_none()).collect();
    let named: BTreeSet<&str> = promises.iter().flat_map(|held| quoted(held)).collect();
    let missing = missing(&named);
    assert!(promises.len() > 20 && bare.is_empty(), "promises that no test holds: {bare:#?}");
    assert!(missing.is_empty(), "security.md names tests that do not exist: {missing:#?}");
}

/// The manual page, in the macros of man(7).
fn manual() -> String {
    let (usage, rest) = HELP.split_once("\n\n").unwrap();
    let (about, lists) = rest.split_once("\n\n").unwrap();
    let mut page = String::from(".\\\" Made from the program's own tables by the test `documents`.\n");
    _ = writeln!(page, ".TH METAEXTRACTD 8 \"\" \"metaextract {}\"", env!("CARGO_PKG_VERSION"));
    page.push_str(".SH NAME\nmetaextractd \\- keeps the metadata of files current and readable\n.SH SYNOPSIS\n");
    for line in usage.trim_start_matches("Usage:").lines() {
        _ = writeln!(page, ".B {}\n.br", roff(line.trim()));
    }
    _ = writeln!(page, ".SH DESCRIPTION\n{}", roff(&about.replace('\n', " ")));
    for list in lists.split("\n\n") {
        let (name, items) = list.split_once(":\n").unwrap();
        _ = writeln!(page, ".SH {}", name.to_uppercase());
        for (term, text) in terms(items) {
            _ = writeln!(page, ".TP\n.B {}\n{}", roff(&term), roff(&text));
        }
    }
    page.push_str(SETTINGS);
    for key in KEYS {
        setting(&mut page, key.name, key.default, key.about);
    }
    page.push_str(".PP\nOf each entry of\n.BR [[roots]] :\n");
    for key in ROOT_KEYS {
        setting(&mut page, key.name, key.default, key.about);
    }
    page.push_str(REST);
    page
}

fn setting(page: &mut String, name: &str, default: &str, about: &str) {
    let default = if default.is_empty() { String::new() } else { format!(" (default: {})", roff(default)) };
    _ = writeln!(page, ".TP\n.B {}\n{}{default}", roff(name), roff(about));
}

/// Terms and their texts out of a list of two columns; what stands below a text goes on with it.
fn terms(list: &str) -> Vec<(String, String)> {
    let mut terms: Vec<(String, String)> = Vec::new();
    for line in list.lines().map(str::trim).filter(|line| !line.is_empty()) {
        match (line.split_once("  "), terms.last_mut()) {
            (Some((term, text)), _) => terms.push((term.to_owned(), text.trim().to_owned())),
            (None, Some((_, text))) => {
                text.push(' ');
                text.push_str(line);
            }
            (None, None) => panic!("a list begins with no term: {line}"),
        }
    }
    terms
}

fn roff(text: &str) -> String {
    text.replace('\\', "\\e").replace('-', "\\-")
}

/// Before the keys.
const SETTINGS: &str = "\
.SH CONFIGURATION
Nothing must be configured.
Read are, later ones winning,
.IR config.toml ,
the files
.I *.toml
in
.I config.toml.d
by name, variables
.B METAEXTRACT_SECTION__KEY
of the environment, and
.BR \\-\\-set .
Durations have a unit (2s, 5min), sizes too (256MiB), shares a percent sign.
SIGHUP or
.B metactl reload
reads everything again; with a mistake in it the old settings stay in force.
";

/// Behind the keys.
const REST: &str = "\
.SH SIGNALS
.TP
.B SIGTERM, SIGINT
finishes what is in hand, unmounts, closes the store and ends
.TP
.B SIGHUP
reads the configuration again
.SH EXIT STATUS
.TP
.B 0
ended as it was told; with
.BR extract :
every file has its record
.TP
.B 1
a wrong configuration, a store that cannot be used, another daemon on the bus; with
.BR extract :
a file has no record, its line says why
.TP
.B 2
usage
.SH FILES
.TP
.I $XDG_CONFIG_HOME/metaextract/config.toml
the configuration; with
.B \\-\\-system
.I /etc/metaextract/config.toml
.TP
.I $XDG_STATE_HOME/metaextract/
(with
.B \\-\\-system
.IR /var/lib/metaextract/ )
the index, and what was set over D\\-Bus: roots.toml, pauses.toml
.TP
.I $XDG_RUNTIME_DIR/metaextract
(with
.B \\-\\-system
.IR /run/metaextract/view )
the mounted view; its
.I README
says what is in it
.SH SEVERAL USERS
With
.B \\-\\-system
one daemon serves the whole machine on the system bus.
Each user is shown what that user may read, by owner, group and mode of a file and of every directory above it; where one of
them has an access control list, only its owner.
What a user may not read is answered as what is not there.
Root sees everything.
Whoever else watches or unwatches directories, rescans, pauses, reloads or retries everything needs the polkit action
.BR org.metaextract.manage ;
to ask, and to index or retry readable files by name, nothing is needed.
Without
.B \\-\\-system
only the user whose daemon it is may ask.
.SH UNITS
Both are confined to reading files and writing their index; their units give a reason for each line.
The view is mounted for them by
.IR metaextract\\-mount.service ,
started by its socket, since a process that may gain no privileges cannot mount. It mounts at
.B mount.path
and nowhere else, and takes the mount away when the daemon ends, however it ends.
.TP
.I metaextractd.service
of
.BR \"systemctl \\-\\-user\" :
the daemon of a session; the first
.B metactl
starts it. A
.B store.path
other than the default needs
.B ReadWritePaths=
in its unit
.TP
.I metaextractd.service
of the system: the daemon of the machine, as the user
.BR metaextract ,
which may read all files; an administrator starts it
.PP
Each is started again when it fails, five times in ten minutes at most, and when it has stood still for five minutes
.RB ( WatchdogSec= ).
It asks for nothing that keeps the machine awake: a suspension at any moment costs nothing but time.
.SH SEE ALSO
.BR metactl (1),
.BR systemd.service (5),
.BR exiftool (1)
";

/// The reference of the configuration, for people who read it in the repository.
fn configuration() -> String {
    let mut page = String::from(CONFIGURATION);
    let row = |page: &mut String, name: &str, default: &str, about: &str| {
        let default = if default.is_empty() { "must be given" } else { default };
        _ = writeln!(page, "| `{name}` | {default} | {about} |");
    };
    page.push_str("| key | default | |\n|---|---|---|\n");
    for key in KEYS {
        row(&mut page, key.name, key.default, key.about);
    }
    page.push_str(
        "\n## Roots\n\nThe directories that are watched. Those added with `metactl watch` stand in `roots.toml` beside the \
         index and not here.\n\n```toml\n[[roots]]\npath = \"/srv/photos\"\nhidden = true\n```\n\n\
         | key | default | |\n|---|---|---|\n",
    );
    for key in ROOT_KEYS {
        row(&mut page, key.name, key.default, key.about);
    }
    page
}

/// The reference of the figures.
fn figures() -> String {
    let mut page = String::from(METRICS);
    for rows in metrics::table().chunk_by(|a, b| a.group == b.group) {
        _ = writeln!(page, "\n## {}\n\n| metric | type | labels | |\n|---|---|---|---|", rows[0].group);
        for row in rows {
            let labels: Vec<String> = row.labels.iter().map(|label| format!("`{label}`")).collect();
            let private = if row.private { " (r)" } else { "" };
            let (name, kind, labels) = (&row.name, row.kind.as_str(), labels.join(" "));
            _ = writeln!(page, "| `{name}` | {kind} | {labels} | {}{private} |", row.help.replace('|', "\\|"));
        }
    }
    page
}

const METRICS: &str = "\
<!-- Made from packaging/metrics.toml: UPDATE=1 cargo test -p metaextractd --test documents -->
# Metrics

What the daemon counts and measures of itself. The same figures stand

- in `status/metrics` of the mounted view, as Prometheus text (exposition format 0.0.4), made when it is read;
- in `metactl stats`: for people, with `--json` as an array, with `--prometheus` as the text above;
- in the answer of `Stats` on D-Bus.

For Prometheus, have the textfile collector of node_exporter fetch them now and then:

```sh
metactl stats --prometheus >metaextract.prom.new && mv metaextract.prom.new metaextract.prom
```

Counters begin at 0 with each start of the daemon and only grow while it lives. What is not known has no sample, such as pressure on
a kernel that does not tell.
No figure names a file. Where a daemon serves several users (`metaextractd --system`), those marked (r), which count what lies in
files, are told to root over D-Bus alone; roots, files and directories are there counted as far as the caller may see them, as
`metactl status` does.
";

const CONFIGURATION: &str = "\
<!-- Made from the program's own tables: UPDATE=1 cargo test -p metaextractd --test documents -->
# Configuration

Nothing must be configured: every key has a default that serves a desktop.
Values are read from, later ones winning:

1. `$XDG_CONFIG_HOME/metaextract/config.toml` (usually `~/.config/metaextract/config.toml`); of the machine's daemon
   (`metaextractd --system`) `/etc/metaextract/config.toml`
2. the files `config.toml.d/*.toml` beside it, by name
3. the environment: `METAEXTRACT_WORKERS__MAX=2` sets `workers.max`; lists cannot be given so
4. the command line: `--set workers.max=2`

Durations have a unit (`\"2s\"`, `\"5min\"`), sizes too (`\"256MiB\"`), shares a percent sign (`\"10%\"`).
`metaextractd --check-config` checks all of it and names file, line and key of a mistake.
`metactl reload` or SIGHUP reads it again; with a mistake in it the old settings stay in force.

A section may be written as such: `workers.max` is `max` below `[workers]`.

";
