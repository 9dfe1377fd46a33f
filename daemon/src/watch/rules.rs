//! Which names are indexed: built-in rules, the settings, `.metaignore` files and marker files. Pure but for text
//! handed in.
//!
//! A [`Chain`] belongs to one directory; each directory below gets a longer one. Gitignore syntax throughout.

use std::{fmt, sync::Arc};

use ignore::gitignore::{Gitignore, GitignoreBuilder};

use crate::model;

/// The file with rules for its directory and all below.
pub const RULE_FILE: &str = ".metaignore";
/// Bytes of it that are read.
pub const RULE_FILE_MAX: usize = 64 << 10;
/// A directory with one of these files is not indexed, nor what is below.
pub const MARKERS: [&str; 3] = [".nomedia", ".trackerignore", "CACHEDIR.TAG"];

/// Never indexed, whatever the settings say: keys and passwords.
const NEVER: [&str; 8] = [
    "**/.ssh/",
    "**/.gnupg/",
    "**/.password-store/",
    "**/.local/share/keyrings/",
    "**/.pki/",
    "**/.mozilla/**/key*.db",
    "*.kdbx",
    "*.keyring",
];

/// Not indexed unless a later rule takes them back (`!name`): what programs make and remake.
const DEFAULTS: [&str; 20] = [
    "node_modules/",
    "__pycache__/",
    "lost+found/",
    ".git/",
    ".hg/",
    ".svn/",
    ".Trash-*/",
    ".snapshots/",
    ".cache/",
    "*.part",
    "*.crdownload",
    "*.filepart",
    "*.partial",
    "*.tmp",
    "*.swp",
    "*~",
    ".~lock.*#",
    ".#*",
    "\\#*#",
    ".goutputstream-*",
];

/// What excludes a name, for `metactl why`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Where the rule stands: `built-in`, `never`, `hidden`, `settings`, or the path of a rule or marker file.
    pub source: String,
    /// The rule itself.
    pub pattern: String,
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.pattern, self.source)
    }
}

/// The rules in force in one directory, from the root down.
#[derive(Debug, Clone)]
pub struct Chain {
    base: Arc<Base>,
    /// Rule files on the way from the root to this directory, the nearest last.
    files: Vec<Arc<Rules>>,
    /// This directory's absolute path.
    dir: Arc<[u8]>,
}

#[derive(Debug)]
struct Base {
    never: Rules,
    defaults: Rules,
    settings: Rules,
    hidden: bool,
    /// Absolute paths that are ours: the store, the mount.
    own: Vec<Vec<u8>>,
}

/// Patterns of one source. Most names match none, and to ask the patterns costs more than the look at the file itself,
/// so they are asked only about a name that begins and ends as the last component of one of them.
#[derive(Debug)]
struct Rules {
    patterns: Gitignore,
    ends: Vec<Ends>,
}

/// How every name begins and ends that a pattern speaks of; both are empty where that cannot be told.
#[derive(Debug, PartialEq, Eq)]
struct Ends {
    begin: Box<[u8]>,
    end: Box<[u8]>,
}

impl Chain {
    /// The chain at a root. `hidden` admits names with a leading dot, `settings` are patterns of the configuration,
    /// `own` absolute paths that are never indexed because they are the daemon's.
    ///
    /// Errors: a pattern of the settings that is no gitignore pattern.
    pub fn at_root(root: &[u8], hidden: bool, settings: &[String], own: Vec<Vec<u8>>) -> Result<Self, ignore::Error> {
        let base = Base {
            never: Rules::new(root, &mut NEVER.into_iter())?,
            defaults: Rules::new(root, &mut DEFAULTS.into_iter())?,
            settings: Rules::new(root, &mut settings.iter().map(String::as_str))?,
            hidden,
            own,
        };
        Ok(Self { base: Arc::new(base), files: Vec::new(), dir: root.into() })
    }

    /// The chain one directory further down.
    pub fn enter(&self, name: &[u8]) -> Self {
        let dir = model::join(&self.dir, name);
        Self { base: Arc::clone(&self.base), files: self.files.clone(), dir: dir.into() }
    }

    /// Adds the text of this directory's own [`RULE_FILE`]; lines in it that are no patterns are passed over.
    pub fn add_rules(&mut self, rule_file: Option<&[u8]>) {
        let Some(text) = rule_file else { return };
        let mut builder = GitignoreBuilder::new(model::path(&self.dir));
        let from = model::path(&self.dir).join(RULE_FILE);
        let text = String::from_utf8_lossy(text);
        for line in text.lines() {
            // A line that is no pattern excludes nothing.
            _ = builder.add_line(Some(from.clone()), line);
        }
        if let Ok(patterns) = builder.build() {
            self.files.push(Arc::new(Rules { patterns, ends: text.lines().filter_map(Ends::of).collect() }));
        }
    }

    /// The directory this chain is for.
    pub fn dir(&self) -> &[u8] {
        &self.dir
    }

    /// The rule that excludes `name` in this directory, if one does.
    pub fn excludes(&self, name: &[u8], is_dir: bool) -> Option<Rule> {
        let base = &self.base;
        if base.own.iter().any(|own| own.ends_with(name)) && base.own.contains(&model::join(&self.dir, name)) {
            return Some(Rule { source: "built-in".into(), pattern: "the daemon's own files".into() });
        }
        let verdict = |rules: &Rules, source| rules.verdict(&self.dir, name, is_dir, source);
        if let Some(rule) = verdict(&base.never, "never") {
            return rule;
        }
        let nearest_first = self.files.iter().rev();
        for rules in nearest_first {
            if let Some(rule) = verdict(rules, RULE_FILE) {
                return rule;
            }
        }
        if let Some(rule) = verdict(&base.settings, "settings") {
            return rule;
        }
        if !base.hidden && name.first() == Some(&b'.') {
            return Some(Rule { source: "hidden".into(), pattern: "names that begin with a dot".into() });
        }
        verdict(&base.defaults, "built-in").flatten()
    }

    /// The rule for a directory that holds a marker file.
    pub fn marked(&self, marker: &str) -> Rule {
        let path = model::join(&self.dir, marker.as_bytes());
        Rule { source: String::from_utf8_lossy(&path).into_owned(), pattern: marker.into() }
    }
}

impl Rules {
    fn new(root: &[u8], lines: &mut dyn Iterator<Item = &str>) -> Result<Self, ignore::Error> {
        let mut builder = GitignoreBuilder::new(model::path(root));
        let mut ends = Vec::new();
        for line in lines {
            builder.add_line(None, line)?;
            ends.extend(Ends::of(line));
        }
        Ok(Self { patterns: builder.build()?, ends })
    }

    /// `None`: no rule speaks of it; `Some(None)`: taken back by a `!` rule.
    fn verdict(&self, dir: &[u8], name: &[u8], is_dir: bool, source: &str) -> Option<Option<Rule>> {
        if !self.ends.iter().any(|ends| ends.may_be_of(name)) {
            return None;
        }
        match self.patterns.matched(model::path(&model::join(dir, name)), is_dir) {
            ignore::Match::None => None,
            ignore::Match::Whitelist(_) => Some(None),
            ignore::Match::Ignore(glob) => {
                let source = glob.from().map_or_else(|| source.to_owned(), |from| from.display().to_string());
                Some(Some(Rule { source, pattern: glob.original().to_owned() }))
            }
        }
    }
}

impl Ends {
    /// Of a line of a rule file; `None` for one that is no pattern.
    fn of(line: &str) -> Option<Self> {
        let pattern = line.strip_prefix('!').unwrap_or(line).trim_end().trim_end_matches('/');
        let last = pattern.rsplit('/').next().filter(|last| !last.is_empty() && !line.starts_with('#'))?;
        // A slash within brackets or braces ends no component.
        let begin = if pattern.contains(['[', '{', '\\']) { "" } else { last.split(['*', '?']).next()? };
        let end = pattern.rsplit(['/', '*', '?', '[', ']', '{', '}', '\\']).next()?;
        Some(Self { begin: begin.as_bytes().into(), end: end.as_bytes().into() })
    }

    fn may_be_of(&self, name: &[u8]) -> bool {
        let is = |mine: &[u8], at: fn(&[u8]) -> Option<&u8>| mine.is_empty() || at(mine) == at(name);
        // Nearly all differ in one of these bytes.
        is(&self.begin, <[u8]>::first)
            && is(&self.end, <[u8]>::last)
            && name.starts_with(&self.begin)
            && name.ends_with(&self.end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chain(hidden: bool, settings: &[&str]) -> Chain {
        let settings: Vec<_> = settings.iter().map(|s| (*s).to_owned()).collect();
        Chain::at_root(b"/home/u", hidden, &settings, vec![b"/home/u/own".to_vec()]).expect("patterns are valid")
    }

    #[test]
    fn built_in_rules_and_hidden_names() {
        let chain = chain(false, &[]);
        for (name, is_dir, excluded) in [
            ("a.jpg", false, false),
            ("node_modules", true, true),
            ("node_modules", false, false),
            (".hidden.jpg", false, true),
            ("x.part", false, true),
            ("#letter.txt#", false, true),
            ("#letter.txt", false, false),
            ("own", true, true),
            ("passwords.kdbx", false, true),
        ] {
            assert_eq!(chain.excludes(name.as_bytes(), is_dir).is_some(), excluded, "{name}");
        }
        assert!(self::chain(true, &[]).excludes(b".hidden.jpg", false).is_none());
        assert!(self::chain(true, &[]).excludes(b".ssh", true).is_some());
    }

    #[test]
    fn settings_and_rule_files_can_take_back_defaults_but_not_keys() {
        let chain = chain(true, &["!*.part", "!.ssh/", "*.raw"]);
        assert!(chain.excludes(b"x.part", false).is_none());
        assert!(chain.excludes(b".ssh", true).is_some());
        assert_eq!(chain.excludes(b"x.raw", false).map(|rule| rule.source), Some("settings".into()));
        let mut below = chain.enter(b"d");
        below.add_rules(Some(b"!*.raw\n/only-here\n"));
        assert!(below.excludes(b"x.raw", false).is_none());
        assert!(below.excludes(b"only-here", false).is_some());
        assert!(below.enter(b"e").excludes(b"only-here", false).is_none());
    }

    #[test]
    fn patterns_are_asked_whenever_they_could_match() {
        for (line, begin, end) in [
            ("*.part", "", ".part"),
            ("!**/.ssh/", ".ssh", ".ssh"),
            ("a/b*c?d", "b", "d"),
            ("[a/b]c", "", "c"),
            ("{a/b,c/d}x", "", "x"),
            ("\\#x", "", "#x"),
            ("d/**", "", ""),
            ("x  ", "x", "x"),
        ] {
            let ends = Ends { begin: begin.as_bytes().into(), end: end.as_bytes().into() };
            assert_eq!(Ends::of(line), Some(ends), "{line}");
        }
        assert_eq!([Ends::of("# x"), Ends::of(""), Ends::of("/")], [None, None, None]);
        let chain = chain(true, &["[a/b]c", "{a/b,c/d}x", "\\#x", "dir/*/"]);
        assert!(chain.excludes(b"ac", false).is_some());
        for (dir, name, is_dir) in [("a", "bx", false), ("c", "dx", false), ("e", "#x", false), ("dir", "sub", true)] {
            assert!(chain.enter(dir.as_bytes()).excludes(name.as_bytes(), is_dir).is_some(), "{dir}/{name}");
        }
    }

    #[test]
    fn names_that_are_not_utf8_are_compared_as_bytes() {
        let chain = chain(false, &["*.bin"]);
        assert!(chain.excludes(b"\xff\xfe.bin", false).is_some());
        assert!(chain.excludes(b"new\nline.jpg", false).is_none());
    }
}
