//! Where log lines go: the journal with their fields under systemd, standard error elsewhere, as text or as JSON.
//!
//! A line is one line whatever a file's name or content says: control characters are escaped in all three.

mod journal;
mod json;
mod outlet;
mod text;

use std::{
    fmt,
    sync::{
        Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use tracing::{
    Event, Level, Metadata, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    Layer, Registry,
    filter::LevelFilter,
    layer::{Context, SubscriberExt},
    reload,
};

use self::outlet::{Outlet, Sink};
use crate::config::{LogFormat, LogSettings};

/// By which the journal knows our lines.
pub const IDENTIFIER: &str = "metaextractd";
/// How long the end of the process waits for a journal that does not read.
const PATIENCE_AT_END: Duration = Duration::from_secs(1);

static LEVEL: OnceLock<reload::Handle<LevelFilter, Registry>> = OnceLock::new();
// A lock, held while a line is written; lines of several threads do not mix.
static OUTLET: Mutex<Outlet> = Mutex::new(Outlet::new(Sink::Text));
/// Whether lines are lost, so that it costs nothing to ask.
static IS_STUCK: AtomicBool = AtomicBool::new(false);

fn outlet() -> MutexGuard<'static, Outlet> {
    OUTLET.lock().unwrap_or_else(PoisonError::into_inner)
}

/// While it lives, lines may wait in a queue. Its end, after a panic too, waits up to a second until they are written.
#[derive(Debug)]
#[must_use = "without it the last lines may be lost"]
pub struct Guard(());

impl Drop for Guard {
    fn drop(&mut self) {
        // Not under the lock: other threads go on, and what they say is text.
        let journal = outlet().journal.take();
        if let Some(journal) = journal {
            journal.finish(PATIENCE_AT_END);
        }
    }
}

/// Sets up logging for the process, once.
pub fn set_up(settings: LogSettings) -> Guard {
    let (filter, handle) = reload::Layer::new(LevelFilter::from_level(settings.level));
    // Only fails where a test has set up its own.
    if tracing::subscriber::set_global_default(Registry::default().with(filter).with(Lines)).is_ok() {
        _ = LEVEL.set(handle);
        // The one that stands there waits for whoever reads standard error.
        std::panic::set_hook(Box::new(|panic| tracing::error!(what = %panic, "a thread panicked")));
    }
    set_format(settings.format);
    Guard(())
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
    match outlet().sink {
        Sink::Journal => LogFormat::Journal,
        Sink::Text => LogFormat::Text,
        Sink::Json => LogFormat::Json,
    }
}

/// Lines that nobody took and of which nobody could be told yet.
pub fn lost() -> u64 {
    if !IS_STUCK.load(Relaxed) {
        return 0;
    }
    let mut outlet = outlet();
    IS_STUCK.store(!outlet.say_lost(Duration::ZERO), Relaxed);
    outlet.lost
}

/// Changes where lines go while running. Without a journal it is text.
pub fn set_format(format: LogFormat) {
    let sink = match format {
        LogFormat::Text => Sink::Text,
        LogFormat::Json => Sink::Json,
        LogFormat::Auto if !systemd_journal_logger::connected_to_journal() => Sink::Text,
        LogFormat::Auto | LogFormat::Journal => Sink::Journal,
    };
    outlet().lead_to(sink);
}

/// The one layer that writes.
struct Lines;

impl<S: Subscriber> Layer<S> for Lines {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let mut outlet = outlet();
        outlet.say(Entry::new(event.metadata(), fields));
        IS_STUCK.store(outlet.lost > 0, Relaxed);
    }
}

/// A line: where it comes from and what it says.
#[derive(Debug)]
struct Entry {
    level: Level,
    target: &'static str,
    module: Option<&'static str>,
    file: Option<&'static str>,
    line: Option<u32>,
    fields: Fields,
}

impl Entry {
    fn new(metadata: &'static Metadata<'static>, fields: Fields) -> Self {
        Self {
            level: *metadata.level(),
            target: metadata.target(),
            module: metadata.module_path(),
            file: metadata.file(),
            line: metadata.line(),
            fields,
        }
    }

    /// One that comes from here.
    fn ours(level: Level, message: &str) -> Self {
        let fields = Fields { message: message.into(), ..Fields::default() };
        let here = module_path!();
        Self { level, target: here, module: Some(here), file: None, line: None, fields }
    }
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
