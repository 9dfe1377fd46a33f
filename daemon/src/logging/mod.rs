//! Where log lines go: the journal with their fields under systemd, standard error elsewhere, as text or as JSON.
//!
//! A line is one line whatever a file's name or content says: control characters are escaped in all three.

mod json;
mod text;

use std::{
    fmt,
    io::{self, IsTerminal, Write},
    sync::{OnceLock, PoisonError, RwLock},
};

use tracing::{
    Event, Level, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    Layer, Registry,
    filter::LevelFilter,
    layer::{Context, SubscriberExt},
    reload,
};

use crate::config::{LogFormat, LogSettings};

/// By which the journal knows our lines.
pub const IDENTIFIER: &str = "metaextractd";

static LEVEL: OnceLock<reload::Handle<LevelFilter, Registry>> = OnceLock::new();
// A lock, held while a line is written; lines of several threads do not mix.
static SINK: RwLock<Sink> = RwLock::new(Sink::Text);

/// Where lines go now.
enum Sink {
    Journal(systemd_journal_logger::JournalLog),
    Text,
    Json,
}

/// Sets up logging for the process, once.
pub fn set_up(settings: LogSettings) {
    let (filter, handle) = reload::Layer::new(LevelFilter::from_level(settings.level));
    // Only fails where a test has set up its own.
    if tracing::subscriber::set_global_default(Registry::default().with(filter).with(Lines)).is_ok() {
        _ = LEVEL.set(handle);
    }
    set_format(settings.format);
}

/// The level of the lines that are written.
pub fn level() -> Level {
    let filter = LEVEL.get().and_then(reload::Handle::clone_current);
    filter.and_then(LevelFilter::into_level).unwrap_or(Level::INFO)
}

/// Changes the level while running.
pub fn set_level(level: Level) {
    if let Some(handle) = LEVEL.get() {
        // Fails only when the subscriber is gone, and with it every log line.
        _ = handle.modify(|filter| *filter = LevelFilter::from_level(level));
    }
}

/// Where the lines that are written go: the journal, text, or JSON.
pub fn format() -> LogFormat {
    match &*SINK.read().unwrap_or_else(PoisonError::into_inner) {
        Sink::Journal(_) => LogFormat::Journal,
        Sink::Text => LogFormat::Text,
        Sink::Json => LogFormat::Json,
    }
}

/// Changes where lines go while running. Without a journal it is text.
pub fn set_format(format: LogFormat) {
    let sink = match format {
        LogFormat::Text => Sink::Text,
        LogFormat::Json => Sink::Json,
        LogFormat::Auto if !systemd_journal_logger::connected_to_journal() => Sink::Text,
        LogFormat::Auto | LogFormat::Journal => {
            systemd_journal_logger::JournalLog::new().map_or(Sink::Text, Sink::Journal)
        }
    };
    *SINK.write().unwrap_or_else(PoisonError::into_inner) = sink;
}

/// The one layer that writes.
struct Lines;

impl<S: Subscriber> Layer<S> for Lines {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let line = match &*SINK.read().unwrap_or_else(PoisonError::into_inner) {
            Sink::Journal(journal) => return send(journal, event, &fields),
            Sink::Text => text::line(*event.metadata().level(), &fields, io::stderr().is_terminal()),
            Sink::Json => json::line(event.metadata(), &fields, std::time::SystemTime::now()),
        };
        // Whoever closed standard error has nobody to tell.
        _ = io::stderr().lock().write_all(line.as_bytes());
    }
}

/// Each field of the event is one of the journal's. A journal that does not take it has nowhere to say so.
fn send(journal: &systemd_journal_logger::JournalLog, event: &Event<'_>, fields: &Fields) {
    let metadata = event.metadata();
    let texts: Vec<(&str, String)> = fields.others.iter().map(|(name, value)| (*name, value.to_string())).collect();
    let keys: Vec<(&str, &str)> = texts.iter().map(|(name, text)| (*name, text.as_str())).collect();
    _ = journal.journal_send(
        &log::Record::builder()
            .level(journal_level(*metadata.level()))
            .target(metadata.target())
            .module_path(metadata.module_path())
            .file(metadata.file())
            .line(metadata.line())
            .args(format_args!("{}", text::one_line(&fields.message)))
            .key_values(&keys.as_slice())
            .build(),
    );
}

/// What an event says.
#[derive(Debug, Default)]
struct Fields {
    message: String,
    others: Vec<(&'static str, Value)>,
}

/// The value of a field.
#[derive(Debug, Clone, PartialEq)]
enum Value {
    Text(String),
    /// As Rust writes it to debug: a path stands in quotes, with escapes.
    Debug(String),
    Signed(i64),
    Unsigned(u64),
    Float(f64),
    Switch(bool),
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) | Self::Debug(text) => f.write_str(text),
            Self::Signed(number) => number.fmt(f),
            Self::Unsigned(number) => number.fmt(f),
            Self::Float(number) => number.fmt(f),
            Self::Switch(value) => value.fmt(f),
        }
    }
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, Value::Text(value.to_owned()));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, Value::Signed(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, Value::Unsigned(value));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, Value::Float(value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, Value::Switch(value));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, Value::Debug(format!("{value:?}")));
    }
}

impl Fields {
    fn put(&mut self, field: &Field, value: Value) {
        match field.name() {
            "message" => self.message = value.to_string(),
            name => self.others.push((name, value)),
        }
    }
}

/// The journal stores `log`'s info as notice and its debug as info; one step down gives what was meant.
fn journal_level(level: Level) -> log::Level {
    match level {
        Level::ERROR => log::Level::Error,
        Level::WARN => log::Level::Warn,
        Level::INFO => log::Level::Debug,
        Level::DEBUG | Level::TRACE => log::Level::Trace,
    }
}
