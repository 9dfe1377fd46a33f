//! Records as text: tag files, `tags.txt`, `record.json`. The record is all that is needed.

use metaextract::{
    Record, Tag, Value,
    json::{self, Form},
};

/// `README` at the top of the mount.
pub(crate) const README: &str = "\
This is a read-only view of the metadata of your files, kept by metaextractd.

files/ABSOLUTE/PATH/     one directory for each indexed file, beneath its real directories:
    IFD0/Make ...        one file for each tag, by group and name, as ExifTool prints it;
                         a list has one item a line, a structure is JSON
    record.json          all tags as JSON
    tags.txt             all tags, one Group:Tag<TAB>value a line, for grep
    source               a link to the file itself
status/                  what the daemon is doing

Every tag is also an extended attribute of the file's directory: getfattr -n user.IFD0.Make DIR
";

/// A tag's file: its printed value and a newline.
pub(crate) fn tag(tag: &Tag) -> String {
    let mut text = value(tag);
    text.push('\n');
    text
}

/// A tag's extended attribute: as its file, without the last newline.
pub(crate) fn value(tag: &Tag) -> String {
    shown(tag.printed(), "\n")
}

/// All tags in file order, one `Group:Tag<TAB>value` a line.
pub(crate) fn tags_txt(record: &Record) -> String {
    let mut text = String::with_capacity(48 * record.tags.len());
    for tag in &record.tags {
        push_escaped(&mut text, &tag.group);
        text.push(':');
        push_escaped(&mut text, &tag.name);
        text.push('\t');
        push_escaped(&mut text, &shown(tag.printed(), ", "));
        text.push('\n');
    }
    text
}

/// The record as one line of JSON, without `SourceFile`.
pub(crate) fn record_json(record: &Record) -> String {
    let mut text = json::object(record, Form::Printed, None);
    text.push('\n');
    text
}

/// A scalar as it is, a list by items, a structure as JSON.
pub(crate) fn shown(value: &Value, between: &str) -> String {
    match value {
        Value::List(items) => items.iter().map(item).collect::<Vec<_>>().join(between),
        value => item(value),
    }
}

fn item(value: &Value) -> String {
    match value {
        Value::List(_) | Value::Struct(_) => {
            let mut text = String::new();
            json::value(&mut text, value);
            text
        }
        scalar => scalar.plain(),
    }
}

fn push_escaped(text: &mut String, part: &str) {
    for c in part.chars() {
        match c {
            '\\' => text.push_str("\\\\"),
            '\t' => text.push_str("\\t"),
            '\r' => text.push_str("\\r"),
            '\n' => text.push_str("\\n"),
            c => text.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use metaextract::Limits;

    use super::*;

    fn record() -> Record {
        let creator = |name: &str| Value::Struct(vec![("Name".into(), name.into()), ("Age".into(), "4".into())]);
        let mut record = Record::new(&Limits::default());
        record.put_printed("ExifIFD", "ExposureTime", 0.004, "1/250");
        record.put("XMP-dc", "Subject", Value::List(vec!["sea, sky".into(), "a\tb".into()]));
        record.put("XMP-x", "Who", creator("Ann \"A\""));
        record.put("XMP-x", "All", Value::List(vec![creator("B"), creator("C")]));
        record.put("XMP-x", "Note", "two\nlines\\");
        record.put("XMP-x", "Empty", Value::List(vec![]));
        record.put("PNG", "Raw", Value::bytes(b"abc"));
        record.finish();
        record
    }

    #[test]
    fn tag_files_are_as_the_contract_says() {
        let texts: Vec<_> = record().tags.iter().map(tag).collect();
        assert_eq!(
            texts,
            [
                "1/250\n",
                "sea, sky\na\tb\n",
                "{\"Name\":\"Ann \\\"A\\\"\",\"Age\":4}\n",
                "{\"Name\":\"B\",\"Age\":4}\n{\"Name\":\"C\",\"Age\":4}\n",
                "two\nlines\\\n",
                "\n",
                "(Binary data 3 bytes, use -b option to extract)\n",
            ]
        );
    }

    #[test]
    fn tags_txt_has_one_line_a_tag() {
        let expected = "ExifIFD:ExposureTime\t1/250\n\
            XMP-dc:Subject\tsea, sky, a\\tb\n\
            XMP-x:Who\t{\"Name\":\"Ann \\\\\"A\\\\\"\",\"Age\":4}\n\
            XMP-x:All\t{\"Name\":\"B\",\"Age\":4}, {\"Name\":\"C\",\"Age\":4}\n\
            XMP-x:Note\ttwo\\nlines\\\\\n\
            XMP-x:Empty\t\n\
            PNG:Raw\t(Binary data 3 bytes, use -b option to extract)\n";
        assert_eq!(tags_txt(&record()), expected);
    }

    #[test]
    fn record_json_is_one_line() {
        let text = record_json(&record());
        assert!(text.starts_with("{\"ExifIFD:ExposureTime\":\"1/250\",") && text.ends_with("}\n"), "{text}");
        assert_eq!(text.lines().count(), 1);
    }
}
