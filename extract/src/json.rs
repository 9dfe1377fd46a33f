//! A record as JSON, as `exiftool -j -G1 -struct` gives it: the one place that writes record JSON.
//!
//! Called by the `extract` command, D-Bus `Show` and `record.json` of the view, which must agree byte for byte.

use crate::{Record, Value, record::Rank};

/// Which of a tag's two forms is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// ExifTool's default output.
    Printed,
    /// `exiftool -n`.
    Raw,
}

/// One object on one line without newline. `source_file` is the path to show, `None` leaves `SourceFile` out.
pub fn object(record: &Record, form: Form, source_file: Option<&[u8]>) -> String {
    let mut out = String::with_capacity(64 * record.tags.len() + 128);
    out.push('{');
    if let Some(path) = source_file {
        source_file_fields(&mut out, path);
    }
    for tag in record.tags.iter().filter(|tag| tag.rank == Rank::First) {
        key(&mut out, &tag.key());
        value(&mut out, of(tag, form));
    }
    if let Some(reason) = &record.stopped {
        key(&mut out, "Warning");
        string(&mut out, &reason.text);
    }
    out.push('}');
    out
}

/// The object of a file that has no record. `code` is one of `not-indexed`, `failed`, `excluded`, `no-such-file`.
pub fn error_object(source_file: &[u8], sentence: &str, code: &str) -> String {
    let mut out = String::from("{");
    source_file_fields(&mut out, source_file);
    key(&mut out, "Error");
    string(&mut out, sentence);
    key(&mut out, "ErrorCode");
    string(&mut out, code);
    out.push('}');
    out
}

/// The value of a tag in the wanted form.
pub fn of(tag: &crate::Tag, form: Form) -> &Value {
    match form {
        Form::Printed => tag.printed(),
        Form::Raw => &tag.raw,
    }
}

/// Appends a value: bare numbers and booleans by ExifTool's rule, all else strings, lists and objects.
pub fn value(out: &mut String, value_: &Value) {
    match value_ {
        Value::List(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                value(out, item);
            }
            out.push(']');
        }
        Value::Struct(fields) => {
            out.push('{');
            for (name, field) in fields {
                key(out, name);
                value(out, field);
            }
            out.push('}');
        }
        _ => scalar(out, &value_.plain()),
    }
}

/// Appends text by ExifTool's rule: what looks like a number is one, `true` and `false` in any case are booleans.
pub fn scalar(out: &mut String, text: &str) {
    if is_number(text.as_bytes()) {
        out.push_str(text);
    } else if text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false") {
        out.push_str(&text.to_ascii_lowercase());
    } else {
        string(out, text);
    }
}

/// `^-?(\d|[1-9]\d{1,14})(\.\d{1,16})?(e[-+]?\d{1,3})?$` in any case.
pub fn is_number(text: &[u8]) -> bool {
    let rest = text.strip_prefix(b"-").unwrap_or(text);
    let whole = digits(rest);
    if whole == 0 || whole > 15 || (whole > 1 && rest[0] == b'0') {
        return false;
    }
    let mut rest = &rest[whole..];
    if let Some(fraction) = rest.strip_prefix(b".") {
        let len = digits(fraction);
        if len == 0 || len > 16 {
            return false;
        }
        rest = &fraction[len..];
    }
    if let [b'e' | b'E', exponent @ ..] = rest {
        let exponent = match exponent {
            [b'-' | b'+', digits @ ..] => digits,
            digits => digits,
        };
        let len = digits(exponent);
        return (1..=3).contains(&len) && len == exponent.len();
    }
    rest.is_empty()
}

fn digits(text: &[u8]) -> usize {
    text.iter().take_while(|b| b.is_ascii_digit()).count()
}

fn source_file_fields(out: &mut String, path: &[u8]) {
    key(out, "SourceFile");
    string(out, &String::from_utf8_lossy(path));
    if std::str::from_utf8(path).is_err() {
        key(out, "SourceFileBase64");
        string(out, &base64(path));
    }
}

fn key(out: &mut String, name: &str) {
    if !out.ends_with('{') {
        out.push(',');
    }
    string(out, name);
    out.push(':');
}

/// Appends a JSON string (RFC 8259, section 7).
pub fn string(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c < ' ' || c == '\x7f' => out.push_str(&format!("\\u{:04x}", c as u32)),
            c => out.push(c),
        }
    }
    out.push('"');
}

/// Standard base 64 with padding (RFC 4648, section 4).
pub fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let bits = chunk.iter().fold(0_u32, |bits, &b| bits << 8 | u32::from(b)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            match place <= chunk.len() {
                true => out.push(char::from(ALPHABET[(bits >> (18 - 6 * place)) as usize & 63])),
                false => out.push('='),
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_follow_exiftools_rule() {
        for text in ["0", "-5", "12.5", "1e5", "1E-05", "123456789012345", "0.1234567890123456"] {
            assert!(is_number(text.as_bytes()), "{text}");
        }
        for text in ["", "-", "01", "1.", ".5", "1234567890123456", "1e", "1e1234", "1 2", "0x1", "1.12345678901234567"]
        {
            assert!(!is_number(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn base64_pads_as_the_rfc_says() {
        for (plain, coded) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")] {
            assert_eq!(base64(plain.as_bytes()), coded);
        }
    }
}
