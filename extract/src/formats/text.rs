//! Plain text and comma-separated values: encoding, line ends, counts, by ExifTool's rules.
//!
//! Only small files are counted: a log that grows all day is not read whole each time.

use crate::{Error, Format, Record, Source, Tier, Value};

/// The reader of text files of any extension.
pub static FORMAT: Format = Format {
    name: "TXT",
    version: 1,
    extensions: &["txt", "csv", "md", "log"],
    mime: &["text/plain", "text/csv", "text/markdown"],
    magic: &[],
    tier: Tier::Full,
    read,
};

/// Bytes from which encoding and line ends are told.
const START: usize = 64 << 10;
/// Larger files are not counted.
const COUNTED: u64 = 1 << 20;
/// A table with so many rows is not counted either.
const ROWS: u64 = 1000;

fn read(source: &mut Source<'_>, record: &mut Record) -> Result<(), Error> {
    let start = source.head(START)?;
    if start.iter().any(|b| matches!(b, 0..=6 | 0x0e..=0x1a | 0x1c..=0x1f | 0x7f)) {
        let (encoding, newline) = wide(start);
        put(record, encoding, Some(true), newline);
        return Ok(());
    }
    let kind = utf8(start, Tail::MayBeCut);
    let encoding = name_of(kind, start);
    let newline = first_newline(start);
    let mark = (kind == Some(Utf8::Beyond)).then(|| start.starts_with(b"\xef\xbb\xbf"));
    put(record, encoding, mark, newline);
    if source.size() > COUNTED {
        record.warn("Not counting lines/words in text file larger than 1 MiB");
        return Ok(());
    }
    let data = source.block_up_to(0, COUNTED)?;
    if record.find("File", "FileType").is_some_and(|tag| tag.raw == Value::from("CSV")) {
        put_table(&data, record);
    } else {
        put_counts(&data, newline, encoding, kind, record);
    }
    Ok(())
}

fn put(record: &mut Record, encoding: &'static str, mark: Option<bool>, newline: &'static str) {
    record.put("File", "MIMEEncoding", encoding);
    if let Some(mark) = mark {
        record.put_printed("File", "ByteOrderMark", u8::from(mark), if mark { "Yes" } else { "No" });
    }
    let printed = match newline {
        "\r\n" => "Windows CRLF",
        "\r" => "Macintosh CR",
        "\n" => "Unix LF",
        _ => "(none)",
    };
    record.put_printed("File", "Newlines", newline, printed);
}

/// Encoding and first line end of text in UTF-16 or UTF-32, known by its mark.
fn wide(start: &[u8]) -> (&'static str, &'static str) {
    let (encoding, width, is_big) = match start {
        [0xff, 0xfe, 0, 0, ..] => ("utf-32le", 4, false),
        [0, 0, 0xfe, 0xff, ..] => ("utf-32be", 4, true),
        [0xff, 0xfe, ..] => ("utf-16le", 2, false),
        _ => ("utf-16be", 2, true),
    };
    let unit = |index: usize| {
        let unit = start.get(index * width..(index + 1) * width)?;
        let (low, zeros) = if is_big { (unit[width - 1], &unit[..width - 1]) } else { (unit[0], &unit[1..]) };
        zeros.iter().all(|b| *b == 0).then_some(low)
    };
    let end = (1..start.len() / width).find(|index| matches!(unit(*index), Some(b'\r' | b'\n')));
    let newline = match end.map(|index| (unit(index), unit(index + 1))) {
        None => "",
        Some((Some(b'\r'), Some(b'\n'))) => "\r\n",
        Some((Some(b'\r'), _)) => "\r",
        Some(_) => "\n",
    };
    (encoding, newline)
}

/// What valid UTF-8 consists of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Utf8 {
    Ascii,
    Beyond,
}

/// Whether the last character of a piece may be cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tail {
    MayBeCut,
    Whole,
}

/// Whether bytes are UTF-8, and of what; `None` where they are not.
fn utf8(data: &[u8], tail: Tail) -> Option<Utf8> {
    if data.is_ascii() {
        return Some(Utf8::Ascii);
    }
    let is_valid = match std::str::from_utf8(data) {
        // Characters that no text may hold.
        Ok(text) => !text.contains(['\u{fffe}', '\u{ffff}']),
        Err(error) => tail == Tail::MayBeCut && error.error_len().is_none(),
    };
    is_valid.then_some(Utf8::Beyond)
}

fn name_of(kind: Option<Utf8>, data: &[u8]) -> &'static str {
    match kind {
        Some(Utf8::Ascii) => "us-ascii",
        Some(Utf8::Beyond) => "utf-8",
        None if data.iter().any(|b| matches!(b, 0x80..=0x9f)) => "unknown-8bit",
        None => "iso-8859-1",
    }
}

fn first_newline(data: &[u8]) -> &'static str {
    let Some(at) = data.iter().position(|b| matches!(b, b'\r' | b'\n')) else { return "" };
    match (data[at], data.get(at + 1)) {
        (b'\r', Some(b'\n')) => "\r\n",
        (b'\r', _) => "\r",
        _ => "\n",
    }
}

/// Lines, words, and what the text behind its start says of the encoding.
fn put_counts(
    data: &[u8],
    newline: &'static str,
    mut encoding: &'static str,
    mut kind: Option<Utf8>,
    record: &mut Record,
) {
    let separator = if newline.is_empty() { "\n" } else { newline }.as_bytes();
    let (mut lines, mut words, mut at) = (0_u64, 0_u64, 0);
    while at < data.len() {
        let rest = &data[at..];
        let end = line_end(rest, separator);
        let line = &rest[..end];
        at += end;
        lines += 1;
        words += count_words(line);
        if at < START {
            continue;
        }
        if kind.is_some() {
            kind = utf8(line, Tail::Whole);
            if kind != Some(Utf8::Ascii) {
                encoding = name_of(kind, line);
            }
        } else if name_of(None, line) == "unknown-8bit" {
            encoding = "unknown-8bit";
        }
    }
    if let Some(tag) = record.find_mut("File", "MIMEEncoding") {
        tag.raw = encoding.into();
    }
    record.put("File", "LineCount", lines);
    record.put("File", "WordCount", words);
}

/// The length of the first line with its separator.
fn line_end(data: &[u8], separator: &[u8]) -> usize {
    let Some((&last, first)) = separator.split_last() else { return data.len() };
    let mut from = 0;
    while let Some(found) = data[from..].iter().position(|b| *b == last) {
        from += found + 1;
        if data[..from - 1].ends_with(first) {
            return from;
        }
    }
    data.len()
}

fn count_words(line: &[u8]) -> u64 {
    line.split(|b| matches!(b, b'\t'..=b'\r' | b' ')).filter(|word| !word.is_empty()).count() as u64
}

/// The shape of a table: delimiter and columns by the first row, quotes by the first that has some.
fn put_table(data: &[u8], record: &mut Record) {
    let (mut delimiter, mut quote, mut columns, mut rows) = (None, None, 1, 0_u64);
    for row in data.split_inclusive(|b| *b == b'\n') {
        if rows == 0 {
            delimiter = delimiter_of(row);
            if let Some(delimiter) = delimiter {
                let count = |field: &[u8]| field.iter().filter(|b| **b == delimiter).count();
                let mut separators = count(row);
                for (mark, field) in quoted(row, Some(delimiter)) {
                    quote = Some(mark);
                    separators = separators.saturating_sub(count(field));
                }
                columns = separators as u64 + 1;
            }
        } else if quote.is_none() {
            quote = quoted(row, delimiter).first().map(|(mark, _)| *mark);
        }
        rows += 1;
        if rows == ROWS {
            record.warn("Not counting rows past 1000");
            break;
        }
    }
    let (raw, printed) = match delimiter {
        Some(b',') => (",", "Comma"),
        Some(b';') => (";", "Semicolon"),
        Some(_) => ("\t", "Tab"),
        None => ("", "(none)"),
    };
    record.put_printed("File", "Delimiter", raw, printed);
    let (raw, printed) = match quote {
        Some(b'"') => ("\"", "Double quotes"),
        Some(_) => ("'", "Single quotes"),
        None => ("", "(none)"),
    };
    record.put_printed("File", "Quoting", raw, printed);
    record.put("File", "ColumnCount", columns);
    if rows < ROWS {
        record.put("File", "RowCount", rows);
    }
}

/// Comma, semicolon or tab, whichever the first row has most of.
fn delimiter_of(row: &[u8]) -> Option<u8> {
    let count = |wanted: u8| row.iter().filter(|b| **b == wanted).count();
    let (commas, semicolons, tabs) = (count(b','), count(b';'), count(b'\t'));
    match () {
        () if commas > semicolons && commas > tabs => Some(b','),
        () if semicolons > tabs => Some(b';'),
        () if tabs > 0 => Some(b'\t'),
        () => None,
    }
}

/// The quoted fields of a row, each with its quote. Quotes within are not looked at.
fn quoted(row: &[u8], delimiter: Option<u8>) -> Vec<(u8, &[u8])> {
    let is_border = |at: usize| match delimiter {
        Some(delimiter) => row[at..].is_empty() || row[at..] == *b"\n" || row[at] == delimiter,
        None => true,
    };
    let mut fields = Vec::new();
    // A quote in which no field ends: none of the rest of the row does either.
    let mut never_ends = Vec::new();
    let mut at = 0;
    while at < row.len() {
        let opens = at == 0 || delimiter.is_none_or(|delimiter| row[at - 1] == delimiter);
        let mark = row[at];
        if !opens || !matches!(mark, b'"' | b'\'') || never_ends.contains(&mark) {
            at += 1;
            continue;
        }
        match (at + 1..row.len()).find(|end| row[*end] == mark && is_border(end + 1)) {
            Some(end) => {
                fields.push((mark, &row[at + 1..end]));
                at = end + 1;
            }
            None => never_ends.push(mark),
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Limits, extract};

    fn tags(text: &[u8], name: &str) -> Vec<String> {
        let record = extract(&mut Source::from_bytes(text, name.as_bytes(), Limits::default()));
        let tags = record.tags.iter().skip(3);
        tags.map(|tag| format!("{}={}", tag.name, tag.printed().plain())).collect()
    }

    #[test]
    fn plain_text() {
        let expected = ["MIMEEncoding=us-ascii", "Newlines=Unix LF", "LineCount=2", "WordCount=3"];
        assert_eq!(tags(b"one two\nthree", "a.txt"), expected);
        let expected =
            ["MIMEEncoding=utf-8", "ByteOrderMark=No", "Newlines=Windows CRLF", "LineCount=1", "WordCount=1"];
        assert_eq!(tags("Öl\r\n".as_bytes(), "a"), expected);
        assert_eq!(tags(b"caf\xe9 au lait", "a")[0], "MIMEEncoding=iso-8859-1");
        let wide = ["MIMEEncoding=utf-16le", "ByteOrderMark=Yes", "Newlines=Windows CRLF"];
        assert_eq!(tags(b"\xff\xfea\0\r\0\n\0", "a.txt"), wide);
    }

    #[test]
    fn tables() {
        let expected = ["Delimiter=Semicolon", "Quoting=Double quotes", "ColumnCount=2", "RowCount=2"];
        assert_eq!(tags(b"a;\"b;c\"\n1;2\n", "a.csv")[2..], expected);
        let expected = ["Delimiter=(none)", "Quoting=(none)", "ColumnCount=1", "RowCount=1"];
        assert_eq!(tags(b"a\n", "a.csv")[2..], expected);
    }
}
