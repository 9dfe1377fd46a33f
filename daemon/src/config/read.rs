//! From files, environment and command line to [`Settings`]; later ones win. Every error names where it is.

use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{
    Places, RootSetting, Settings,
    table::{KEYS, Key, ROOT_KEYS, nearest},
    value::Given,
};
use crate::control::{Origin, RootOptions};

/// Before each variable of the environment.
const PREFIX: &str = "METAEXTRACT_";
const ROOT_WANTED: &str = "roots: an entry [[roots]] with a path is wanted, in the configuration file";

/// What is wrong, and where.
#[derive(Debug)]
pub struct ConfigError {
    /// File and line, variable or option.
    pub at: String,
    pub what: String,
    pub source: Option<io::Error>,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.at, self.what)
    }
}

impl std::error::Error for ConfigError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_ref().map(|source| source as _)
    }
}

/// Where values may come from.
#[derive(Debug, Clone)]
pub struct Sources {
    pub places: Places,
    /// The whole environment; what does not concern us is passed over.
    pub environment: Vec<(String, String)>,
    /// `KEY=VALUE` of the command line.
    pub options: Vec<String>,
}

/// Reads and checks everything. Files that are not there are no error.
pub fn read(sources: &Sources) -> Result<Settings, ConfigError> {
    let mut settings = Settings::defaults(&sources.places);
    for file in files(&sources.places.config)? {
        let text = fs::read_to_string(&file).map_err(|source| ConfigError {
            at: file.display().to_string(),
            what: "cannot be read".into(),
            source: Some(source),
        })?;
        read_text(&mut settings, &file, &text)?;
    }
    for (name, value) in &sources.environment {
        let Some(key) = name.strip_prefix(PREFIX) else { continue };
        let key = key.replace("__", ".").to_ascii_lowercase();
        let ours = key.contains('.') || key == "roots" || KEYS.iter().any(|known| known.name == key);
        if ours {
            set(&mut settings, &key, &Given::from_text(value), Origin::Environment(name.clone()))
                .map_err(|what| at(format!("variable {name}"), what))?;
        }
    }
    for option in &sources.options {
        let place = format!("--set {option}");
        let (key, value) = option.split_once('=').ok_or_else(|| at(place.clone(), "KEY=VALUE is wanted".into()))?;
        set(&mut settings, key, &Given::from_text(value), Origin::CommandLine(place.clone()))
            .map_err(|what| at(place, what))?;
    }
    Ok(settings)
}

/// The configuration file, if it is there, then its drop-ins in the order of their names.
fn files(dir: &Path) -> Result<Vec<PathBuf>, ConfigError> {
    let main = dir.join("config.toml");
    let mut files: Vec<_> = main.exists().then_some(main).into_iter().collect();
    let drop_ins = dir.join("config.toml.d");
    match fs::read_dir(&drop_ins) {
        Ok(entries) => {
            let mut found: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
            found.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
            found.sort();
            files.extend(found);
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(source) => {
            let (at, what) = (drop_ins.display().to_string(), "cannot be read".into());
            return Err(ConfigError { at, what, source: Some(source) });
        }
    }
    Ok(files)
}

fn at(at: String, what: String) -> ConfigError {
    ConfigError { at, what, source: None }
}

fn read_text(settings: &mut Settings, file: &Path, text: &str) -> Result<(), ConfigError> {
    let place = |offset: usize| {
        let line = text.as_bytes()[..offset.min(text.len())].iter().filter(|&&b| b == b'\n').count() + 1;
        format!("{}:{line}", file.display())
    };
    let table = DeTable::parse(text)
        .map_err(|error| at(place(error.span().map_or(0, |span| span.start)), error.message().to_owned()))?;
    for (name, value) in table.get_ref() {
        let key = name.get_ref().as_ref();
        match value.get_ref() {
            DeValue::Array(entries) if key == "roots" => {
                for entry in entries.iter() {
                    let origin = Origin::File(place(entry.span().start));
                    settings.roots.push(root(entry, origin).map_err(|(offset, what)| at(place(offset), what))?);
                }
            }
            DeValue::Table(section) => {
                for (name, value) in section {
                    let key = format!("{key}.{}", name.get_ref());
                    let here = place(name.span().start);
                    set(settings, &key, &given(value.get_ref()), Origin::File(here.clone()))
                        .map_err(|what| at(here, what))?;
                }
            }
            value => {
                let here = place(name.span().start);
                set(settings, key, &given(value), Origin::File(here.clone())).map_err(|what| at(here, what))?;
            }
        }
    }
    Ok(())
}

fn set(settings: &mut Settings, key: &str, given: &Given, origin: Origin) -> Result<(), String> {
    let Some(Key { name, set, .. }) = KEYS.iter().find(|known| known.name == key) else {
        if key == "roots" || key.starts_with("roots.") {
            return Err(ROOT_WANTED.into());
        }
        let names = KEYS.iter().map(|known| known.name).chain(["roots"]);
        return Err(match nearest(key, names) {
            Some(near) => format!("there is no key {key}; did you mean {near}?"),
            None => format!("there is no key {key}; the manual page metaextractd(8) lists them"),
        });
    };
    set(settings, given).map_err(|wanted| format!("{key}: {wanted}"))?;
    settings.origins.insert(name, origin);
    Ok(())
}

type At<T> = Result<T, (usize, String)>;

fn root(entry: &Spanned<DeValue<'_>>, origin: Origin) -> At<RootSetting> {
    let DeValue::Table(table) = entry.get_ref() else {
        return Err((entry.span().start, ROOT_WANTED.into()));
    };
    let mut path = None;
    let mut options = RootOptions::default();
    for (name, value) in table {
        let key = name.get_ref().as_ref();
        let wrong = |wanted: String| (name.span().start, format!("roots.{key}: {wanted}"));
        let value = given(value.get_ref());
        match key {
            "path" => path = Some(super::value::text(&value).map_err(wrong)?.to_owned()),
            "poll" => options.poll = Some(super::value::switch(&value).map_err(wrong)?),
            "hidden" => options.hidden = Some(super::value::switch(&value).map_err(wrong)?),
            "cross_filesystems" => options.cross_filesystems = Some(super::value::switch(&value).map_err(wrong)?),
            "forget_when_unmounted" => {
                options.forget_when_unmounted = Some(super::value::switch(&value).map_err(wrong)?);
            }
            _ => {
                let hint = nearest(key, ROOT_KEYS.iter().map(|known| known.name));
                let hint = hint.map_or(String::new(), |near| format!("; did you mean {near}?"));
                return Err((name.span().start, format!("there is no key roots.{key}{hint}")));
            }
        }
    }
    match path.map(PathBuf::from) {
        Some(path) if path.is_absolute() => Ok(RootSetting { path, options, origin }),
        Some(_) => Err((entry.span().start, "roots.path: an absolute path is wanted".into())),
        None => Err((entry.span().start, "roots: an entry needs a path".into())),
    }
}

fn given(value: &DeValue<'_>) -> Given {
    match value {
        DeValue::String(text) => Given::Text(text.to_string()),
        DeValue::Boolean(value) => Given::Boolean(*value),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .map_or(Given::Other("a number too large"), Given::Integer),
        DeValue::Array(items) => Given::List(items.iter().map(|item| given(item.get_ref())).collect()),
        DeValue::Float(_) => Given::Other("a fraction"),
        DeValue::Datetime(_) => Given::Other("a date"),
        DeValue::Table(_) => Given::Other("a table"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::Setting;

    fn settings() -> Settings {
        let places = Places::from_environment(&|_| None, 1000, None);
        Settings::defaults(&places)
    }

    fn error(text: &str) -> String {
        read_text(&mut settings(), Path::new("config.toml"), text).unwrap_err().to_string()
    }

    #[test]
    fn a_whole_file_is_read() {
        let text = "ignore = [\"*.iso\"]\nisolation = \"best-effort\"\n[workers]\nmax = 3\n[watch]\nsettle = \"1s\"\n\
                    [[roots]]\npath = \"/a\"\nhidden = true\n[[roots]]\npath = \"/b\"\n";
        let mut read = settings();
        read_text(&mut read, Path::new("config.toml"), text).unwrap();
        assert_eq!((read.workers.max, read.ignore.len(), read.roots.len()), (3, 1, 2));
        assert_eq!(read.roots[0].options.hidden, Some(true));
        assert_eq!(read.roots[1].origin, Origin::File("config.toml:10".into()));
        let at = |key| read.origins.get(key).map(Origin::at);
        assert_eq!([at("isolation"), at("watch.settle")], [Some("config.toml:2"), Some("config.toml:6")]);
        assert_eq!(at("watch.settle_max"), None);
    }

    #[test]
    fn mistakes_name_file_line_and_key() {
        for (text, message) in [
            ("\n[workers]\nmaxx = 3", "config.toml:3: there is no key workers.maxx; did you mean workers.max?"),
            ("[workers]\nmax = 0", "config.toml:2: workers.max: a whole number from 1 to 64 is wanted"),
            ("[[roots]]\npath = \"a\"", "config.toml:1: roots.path: an absolute path is wanted"),
            (
                "[[roots]]\npath = \"/a\"\nhiden = true",
                "config.toml:3: there is no key roots.hiden; did you mean hidden?",
            ),
        ] {
            assert_eq!(error(text), message);
        }
        for text in ["roots = \"/a\"", "[roots]\npath = \"/a\"", "roots = [\"/a\"]"] {
            assert!(error(text).ends_with(ROOT_WANTED), "{text}");
        }
        assert!(error("[limits]\ncpu = 5").contains("limits.cpu: a duration with its unit"));
        assert!(error("x = = 1").starts_with("config.toml:1: "));
    }

    #[test]
    fn the_machines_instance_has_places_of_its_own() {
        let said = |name: &str| (name == "STATE_DIRECTORY").then(|| "/var/lib/x:/var/lib/y".into());
        let settings = Settings::defaults(&Places::of_machine(&said, None));
        assert_eq!(settings.audience, crate::control::Audience::Everyone);
        assert_eq!(settings.store.path, Path::new("/var/lib/x/store"));
        assert_eq!(settings.mount.path, Path::new("/run/metaextract/view"));
        assert_eq!(Places::of_machine(&said, None).config, Path::new("/etc/metaextract"));
    }

    #[test]
    fn every_default_of_the_table_can_be_set() {
        for key in KEYS.iter().filter(|key| key.default.chars().all(|c| c.is_ascii_alphanumeric() || c == '%')) {
            if !matches!(key.default, "none") {
                (key.set)(&mut settings(), &Given::from_text(key.default)).expect(key.name);
            }
        }
    }

    /// What is shown can be written into a file and means the same.
    #[test]
    fn every_value_is_shown_as_it_is_written() {
        let mut before = settings();
        before.ignore = vec!["*.iso".into(), "Trash/".into()];
        before.workers.memory_ceiling = 300 << 20;
        for key in KEYS {
            let given = match (key.show)(&before) {
                Setting::Text(text) => Given::Text(text),
                Setting::Number(number) => Given::Integer(number),
                Setting::Switch(value) => Given::Boolean(value),
                Setting::List(texts) => Given::List(texts.into_iter().map(Given::Text).collect()),
            };
            let mut after = settings();
            (key.set)(&mut after, &given).expect(key.name);
            assert_eq!((key.show)(&after), (key.show)(&before), "{}", key.name);
        }
    }

    #[test]
    fn the_environment_and_the_command_line_win() {
        let nowhere = |name: &str| (name == "XDG_CONFIG_HOME").then(|| "/nowhere".into());
        let places = Places::from_environment(&nowhere, 1000, None);
        let variable = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let mut sources = Sources {
            places,
            environment: vec![variable("METAEXTRACT_WORKERS__MAX", "2"), variable("METAEXTRACT_CORPUS", "x")],
            options: vec!["workers.max=4".into()],
        };
        let settings = read(&sources).unwrap();
        assert_eq!(settings.workers.max, 4);
        assert_eq!(settings.origins["workers.max"], Origin::CommandLine("--set workers.max=4".into()));
        sources.options = vec!["workers.max".into()];
        assert!(read(&sources).unwrap_err().to_string().contains("KEY=VALUE"));
        sources.options.clear();
        sources.environment.push(variable("METAEXTRACT_WORKRS__MAX", "2"));
        assert!(read(&sources).unwrap_err().to_string().contains("METAEXTRACT_WORKRS__MAX"));
    }
}
