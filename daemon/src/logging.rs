//! Where log lines go: the journal with their fields under systemd, readable text on standard error elsewhere.

use std::{
    fmt,
    sync::{OnceLock, PoisonError, RwLock},
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

use crate::config::{LogFormat, LogSettings};

static LEVEL: OnceLock<reload::Handle<LevelFilter, Registry>> = OnceLock::new();

/// Sets up logging for the process, once. Without a journal it is text, whatever the settings say.
pub fn set_up(settings: LogSettings) {
    let (filter, handle) = reload::Layer::new(LevelFilter::from_level(settings.level));
    let registry = Registry::default().with(filter);
    let journal = match settings.format {
        LogFormat::Text => None,
        LogFormat::Auto if !systemd_journal_logger::connected_to_journal() => None,
        LogFormat::Auto | LogFormat::Journal => systemd_journal_logger::JournalLog::new().ok(),
    };
    let text = journal.is_none().then(|| {
        let layer = tracing_subscriber::fmt::layer().without_time().with_target(false);
        layer.with_writer(std::io::stderr).with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))
    });
    let journal = journal.map(|journal| Journal(RwLock::new(journal)));
    // Only fails where a test has set up its own.
    if tracing::subscriber::set_global_default(registry.with(journal).with(text)).is_ok() {
        _ = LEVEL.set(handle);
    }
}

/// Changes the level while running.
pub fn set_level(level: Level) {
    if let Some(handle) = LEVEL.get() {
        // Fails only when the subscriber is gone, and with it every log line.
        _ = handle.modify(|filter| *filter = LevelFilter::from_level(level));
    }
}

/// The journal with one field of its own for each field of an event.
struct Journal(RwLock<systemd_journal_logger::JournalLog>);

impl<S: Subscriber> Layer<S> for Journal {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let metadata: &Metadata<'_> = event.metadata();
        let keys: Vec<(&str, &str)> = fields.others.iter().map(|(name, text)| (*name, text.as_str())).collect();
        let journal = self.0.read().unwrap_or_else(PoisonError::into_inner);
        // A journal that does not take it has nowhere to say so.
        _ = journal.journal_send(
            &log::Record::builder()
                .level(level(*metadata.level()))
                .target(metadata.target())
                .module_path(metadata.module_path())
                .file(metadata.file())
                .line(metadata.line())
                .args(format_args!("{}", fields.message))
                .key_values(&keys.as_slice())
                .build(),
        );
    }
}

#[derive(Default)]
struct Fields {
    message: String,
    others: Vec<(&'static str, String)>,
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, format!("{value:?}"));
    }
}

impl Fields {
    fn put(&mut self, field: &Field, text: String) {
        match field.name() {
            "message" => self.message = text,
            name => self.others.push((name, text)),
        }
    }
}

/// The journal stores `log`'s info as notice and its debug as info; one step down gives what was meant.
fn level(level: Level) -> log::Level {
    match level {
        Level::ERROR => log::Level::Error,
        Level::WARN => log::Level::Warn,
        Level::INFO => log::Level::Debug,
        Level::DEBUG | Level::TRACE => log::Level::Trace,
    }
}
