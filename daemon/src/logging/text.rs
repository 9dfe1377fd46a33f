//! A log line for people: level, message, fields.

use tracing::Level;

use super::{Fields, Value};

/// One line with its newline; the level is coloured on a terminal.
pub(super) fn line(level: Level, fields: &Fields, terminal: bool) -> String {
    let name = level.as_str();
    let colour = match level {
        Level::ERROR => "31",
        Level::WARN => "33",
        Level::INFO => "32",
        Level::DEBUG | Level::TRACE => "34",
    };
    let mut line = match terminal {
        true => format!("\x1b[{colour}m{name:>5}\x1b[0m "),
        false => format!("{name:>5} "),
    };
    line.push_str(&one_line(&fields.message));
    for (name, value) in &fields.others {
        let value = match value {
            // In quotes, so that it cannot look like another field.
            Value::Text(text) => format!("{text:?}"),
            other => other.to_string(),
        };
        line.push_str(&one_line(&format!(" {name}={value}")));
    }
    line.push('\n');
    line
}

/// Text without anything that begins a line or steers a terminal.
pub(super) fn one_line(text: &str) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_line_begins_another() {
        let fields = Fields {
            message: "a\nERROR forged".into(),
            others: vec![
                ("path", Value::Debug("\"/b\\n\"".into())),
                ("error", Value::Debug("no \x1b[31m\u{202e} such\r\nfile".into())),
                ("text", Value::Text("x\" level=\"y".into())),
                ("n", Value::Unsigned(3)),
            ],
        };
        assert_eq!(
            line(Level::WARN, &fields, false),
            " WARN a\\nERROR forged path=\"/b\\n\" error=no \\u{1b}[31m\\u{202e} such\\r\\nfile \
             text=\"x\\\" level=\\\"y\" n=3\n"
        );
        assert!(line(Level::INFO, &fields, true).starts_with("\x1b[32m INFO\x1b[0m a\\n"));
    }
}
