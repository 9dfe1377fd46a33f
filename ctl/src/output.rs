//! The only place that prints. Text for people: widths, colours, and nothing from a file or a path that could steer
//! their terminal.

use std::{
    cell::RefCell,
    io::{self, BufWriter, IsTerminal, Stdout, Write},
    process::ExitCode,
};

use serde_json::Value;

use crate::{error::Error, json};

/// How a piece of text stands out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    Bold,
    Dim,
    Good,
    Warn,
    Bad,
}

/// Standard output, and how it is to be written.
#[derive(Debug)]
pub(crate) struct Output {
    /// The user asked for JSON.
    pub(crate) json: bool,
    /// Standard output is a terminal.
    pub(crate) terminal: bool,
    colour: bool,
    /// Characters beyond ASCII are shown as they are meant.
    utf8: bool,
    stdout: RefCell<BufWriter<Stdout>>,
}

impl Output {
    pub(crate) fn new(json: bool) -> Self {
        let terminal = io::stdout().is_terminal();
        let colour = terminal && colour_wanted();
        Self { json, terminal, colour, utf8: is_utf8(), stdout: RefCell::new(BufWriter::new(io::stdout())) }
    }

    /// Whether small pictures made of characters can be shown.
    pub(crate) fn draws(&self) -> bool {
        self.terminal && self.utf8
    }

    /// Columns there are.
    pub(crate) fn width(&self) -> usize {
        match rustix::termios::tcgetwinsize(io::stdout()) {
            Ok(size) if self.terminal && size.ws_col > 20 => size.ws_col.into(),
            _ => 120,
        }
    }

    pub(crate) fn line(&self, line: &str) -> Result<(), Error> {
        let mut stdout = self.stdout.borrow_mut();
        stdout.write_all(line.as_bytes()).and_then(|()| stdout.write_all(b"\n")).map_err(|error| Error::output(&error))
    }

    /// Text as it is, with its own newlines.
    pub(crate) fn raw(&self, text: &[u8]) -> Result<(), Error> {
        self.stdout.borrow_mut().write_all(text).map_err(|error| Error::output(&error))
    }

    /// An entry's path as it is, ended by a NUL byte.
    pub(crate) fn path(&self, entry: &Value) -> Result<(), Error> {
        let mut path = json::path(entry);
        path.push(0);
        self.raw(&path)
    }

    /// One JSON value, readable.
    pub(crate) fn value(&self, value: &Value) -> Result<(), Error> {
        self.line(&format!("{value:#}"))
    }

    /// An array with one element a line.
    pub(crate) fn array(&self, elements: impl Iterator<Item = Result<String, Error>>) -> Result<(), Error> {
        self.raw(b"[")?;
        for (index, element) in elements.enumerate() {
            if index > 0 {
                self.raw(b",\n")?;
            }
            self.raw(element?.as_bytes())?;
        }
        self.raw(b"]\n")
    }

    pub(crate) fn flush(&self) -> Result<(), Error> {
        self.stdout.borrow_mut().flush().map_err(|error| Error::output(&error))
    }

    /// `text` in a style, where colours are wanted.
    pub(crate) fn paint(&self, style: Style, text: &str) -> String {
        if !self.colour {
            return text.to_owned();
        }
        let code = match style {
            Style::Bold => "1",
            Style::Dim => "2",
            Style::Good => "32",
            Style::Warn => "33",
            Style::Bad => "31",
        };
        format!("\x1b[{code}m{text}\x1b[0m")
    }
}

/// Says what went wrong.
pub(crate) fn complain(error: &Error) -> ExitCode {
    if !error.what.is_empty() {
        note(&format!("metactl: {}", visible(&error.what)));
        if !error.hint.is_empty() {
            note(&format!("  {}", visible(&error.hint)));
        }
    }
    error.exit.into()
}

/// A line on standard error. Where even that cannot be written there is nobody to tell.
pub(crate) fn note(line: &str) {
    _ = writeln!(io::stderr(), "{line}");
}

/// Progress on standard error: one line redrawn on a terminal, now and then a line elsewhere.
#[derive(Debug)]
pub(crate) struct Progress {
    wanted: bool,
    terminal: bool,
    /// What stands there now.
    shown: String,
}

impl Progress {
    pub(crate) fn new(out: &Output) -> Self {
        let terminal = io::stderr().is_terminal();
        Self { wanted: !out.json || terminal, terminal, shown: String::new() }
    }

    /// Whether every step can be shown, or only now and then one.
    pub(crate) fn redraws(&self) -> bool {
        self.terminal
    }

    pub(crate) fn show(&mut self, line: String) {
        if !self.wanted || line == self.shown {
            return;
        }
        match self.terminal {
            true => {
                let width = rustix::termios::tcgetwinsize(io::stderr()).map_or(80, |size| size.ws_col.max(20).into());
                _ = write!(io::stderr(), "\r\x1b[K{}", cut(&line, width - 1));
            }
            false => note(&line),
        }
        self.shown = line;
    }

    /// Takes the line away, so that what follows stands alone.
    pub(crate) fn clear(&mut self) {
        if self.wanted && self.terminal && !self.shown.is_empty() {
            _ = write!(io::stderr(), "\r\x1b[K");
        }
        self.shown.clear();
    }
}

fn colour_wanted() -> bool {
    std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
        && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}

/// Whether the locale's characters are UTF-8.
fn is_utf8() -> bool {
    let set = ["LC_ALL", "LC_CTYPE", "LANG"].iter().filter_map(std::env::var_os).find(|value| !value.is_empty());
    let name = set.unwrap_or_default().to_string_lossy().to_lowercase().replace('-', "");
    name.ends_with("utf8") || name.contains("utf8@")
}

/// Text of others, with what could steer a terminal written out.
pub(crate) fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c.is_control() || misleads(c) {
            true => out.extend(c.escape_default()),
            false => out.push(c),
        }
    }
    out
}

/// Separators of lines and paragraphs, and characters that hide or turn the direction of the text around them.
fn misleads(c: char) -> bool {
    matches!(
        c,
        '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
    )
}

/// At most `width` characters.
pub(crate) fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(width.saturating_sub(1)).collect();
    short.push('…');
    short
}

/// 1234567 as 1,234,567.
pub(crate) fn number(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `1 file`, `2 files`.
pub(crate) fn count(n: u64, one: &str) -> String {
    match n {
        1 => format!("1 {one}"),
        n => format!("{} {one}s", number(n)),
    }
}

/// Bytes as people say it.
pub(crate) fn size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];
    if bytes < 1024 {
        return count(bytes, "byte");
    }
    let mut value = bytes as f64 / 1024.0;
    let mut unit = 0;
    while value >= 1023.95 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    match value < 9.95 {
        true => format!("{value:.1} {}", UNITS[unit]),
        false => format!("{value:.0} {}", UNITS[unit]),
    }
}

/// Microseconds as people say it.
pub(crate) fn span(us: u64) -> String {
    const UNITS: [(u64, &str); 6] =
        [(86_400_000_000, "d"), (3_600_000_000, "h"), (60_000_000, "min"), (1_000_000, "s"), (1_000, "ms"), (1, "µs")];
    let Some(index) = UNITS.iter().position(|(unit, _)| us >= *unit) else { return "0 s".into() };
    let (unit, name) = UNITS[index];
    let rest = us % unit;
    match UNITS.get(index + 1) {
        // Two units where they are coarse, else one.
        Some((next, next_name)) if index < 3 && rest >= *next => {
            format!("{} {name} {} {next_name}", us / unit, rest / next)
        }
        _ => format!("{} {name}", us / unit),
    }
}

/// A time against now, both in microseconds since 1970.
pub(crate) fn when(time: u64, now: u64) -> String {
    match now.checked_sub(time) {
        Some(past) if past < 1_000_000 => "just now".into(),
        Some(past) => format!("{} ago", span(past)),
        None => format!("in {}", span(time - now)),
    }
}

/// Microseconds since 1970.
pub(crate) fn now() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
}

/// Aligned rows; the last column is not padded. Colours are the caller's business after that.
pub(crate) fn table(rows: &[Vec<String>]) -> Vec<String> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_said_as_people_say_them() {
        assert_eq!(["0", "999", "1,000", "1,234,567"], [0, 999, 1000, 1_234_567].map(number).each_ref().map(|s| &**s));
        let sizes = [0, 1, 1023, 1024, 10_239, 1 << 20, 21 << 20, u64::MAX].map(size);
        assert_eq!(
            sizes.each_ref().map(|s| &**s),
            ["0 bytes", "1 byte", "1,023 bytes", "1.0 KiB", "10 KiB", "1.0 MiB", "21 MiB", "16384 PiB"]
        );
        let spans = [0, 7, 1_500, 2_000_000, 61_000_000, 3_600_000_000, 90_061_000_000].map(span);
        assert_eq!(spans.each_ref().map(|s| &**s), ["0 s", "7 µs", "1 ms", "2 s", "1 min 1 s", "1 h", "1 d 1 h"]);
        assert_eq!(when(5_000_000, 65_000_000), "1 min ago");
        assert_eq!(when(65_000_000, 5_000_000), "in 1 min");
    }

    #[test]
    fn text_of_others_cannot_steer_the_terminal() {
        assert_eq!(visible("a\x1b[31m\u{9b}b\u{202e}é"), "a\\u{1b}[31m\\u{9b}b\\u{202e}é");
        assert_eq!(cut("abcdef", 4), "abc…");
        assert_eq!(cut("abc", 4), "abc");
    }
}
