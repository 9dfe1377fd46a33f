//! Items of long answers as JSON, one object a line.

use metaextract::json;

use super::encode::told;
use crate::{
    control::{ConfigLine, FailedFile, FormatInfo, ReaderReport, Setting, SettingOrRoot},
    metrics::{self, Sample},
};

pub(super) fn failed(file: &FailedFile) -> String {
    let mut object = Object::new();
    object.path("Path", &file.path);
    object.text("State", file.state.as_str());
    object.text("Reason", file.reason);
    object.text("Text", &file.text);
    object.plain("AboutFile", file.about_the_file);
    object.plain("Attempts", file.attempts);
    object.plain("At", file.at);
    object.text("Lift", file.lift);
    object.end()
}

pub(super) fn format(format: &FormatInfo) -> String {
    let mut object = Object::new();
    object.text("Name", format.name);
    object.plain("Version", format.version);
    object.list("Extensions", format.extensions);
    object.list("MIMETypes", format.mime);
    let ReaderReport { since, read, partial, failed, cost, last } = &format.done;
    object.plain("Read", read);
    object.plain("Partial", partial);
    object.plain("Failed", failed);
    object.plain("Since", since);
    if let Some((median, trend)) = cost {
        object.plain("Median", median);
        object.text("Trend", trend.as_str());
    }
    let last = last.iter().map(|(reason, at)| {
        let mut object = Object::new();
        object.text("Reason", reason);
        object.plain("At", at);
        object.end()
    });
    object.plain("Last", format!("[{}]", last.collect::<Vec<_>>().join(",")));
    object.end()
}

pub(super) fn figure(sample: &Sample) -> String {
    let row = sample.row();
    let mut object = Object::new();
    object.text("Name", &row.name);
    object.text("Type", row.kind.as_str());
    object.text("Group", &row.group);
    object.text("Help", &row.help);
    let mut labels = Object::new();
    sample.labels().for_each(|(name, value)| labels.text(name, value));
    object.plain("Labels", labels.end());
    object.plain("Value", sample.value);
    object.end()
}

/// The lines of the text for Prometheus.
pub(super) fn prometheus(samples: &[Sample]) -> impl Iterator<Item = String> + Send + use<> {
    metrics::text(samples).lines().map(str::to_owned).collect::<Vec<_>>().into_iter()
}

pub(super) fn setting(line: &ConfigLine) -> String {
    let mut object = Object::new();
    object.text("Key", line.key);
    match &line.value {
        SettingOrRoot::Setting(Setting::Text(text)) => object.text("Value", text),
        SettingOrRoot::Setting(Setting::Number(number)) => object.plain("Value", number),
        SettingOrRoot::Setting(Setting::Switch(value)) => object.plain("Value", value),
        SettingOrRoot::Setting(Setting::List(texts)) => object.list("Value", texts),
        SettingOrRoot::Root { path, options } => {
            object.path("Path", path.as_bytes());
            let mut inner = Object::new();
            told(*options).for_each(|(key, value)| inner.plain(key, value));
            object.plain("Options", inner.end());
        }
    }
    object.text("Origin", line.origin.as_str());
    if !line.origin.at().is_empty() {
        object.text("At", line.origin.at());
    }
    object.end()
}

/// A JSON object being written.
struct Object(String);

impl Object {
    fn new() -> Self {
        Self("{".into())
    }

    fn key(&mut self, key: &str) -> &mut String {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        json::string(&mut self.0, key);
        self.0.push(':');
        &mut self.0
    }

    fn text(&mut self, key: &str, text: &str) {
        json::string(self.key(key), text);
    }

    /// A number, a boolean, or JSON.
    fn plain(&mut self, key: &str, value: impl ToString) {
        let value = value.to_string();
        self.key(key).push_str(&value);
    }

    fn path(&mut self, key: &str, path: &[u8]) {
        self.text(key, &String::from_utf8_lossy(path));
        if std::str::from_utf8(path).is_err() {
            self.text(&format!("{key}Base64"), &json::base64(path));
        }
    }

    fn list(&mut self, key: &str, items: &[impl AsRef<str>]) {
        let out = self.key(key);
        out.push('[');
        for (index, item) in items.iter().enumerate() {
            if index > 0 {
                out.push(',');
            }
            json::string(out, item.as_ref());
        }
        out.push(']');
    }

    fn end(mut self) -> String {
        self.0.push('}');
        self.0
    }
}
