//! Small application segments: JFIF and its extension, AVI1, Ocad, Ducky, Adobe, GraphicConverter, PhotoStudio.

use super::ascii;
use crate::{
    Priority, Record, Value,
    bytes::{Bytes, Order, utf16},
    print,
};

/// APP0: JFIF (ITU-T T.871), its extension, or what video and web services wrote there.
pub(super) fn app0(data: &[u8], record: &mut Record) {
    if let Some(jfif) = data.strip_prefix(b"JFIF\0") {
        read_jfif(jfif, record);
    } else if let Some([code, rest @ ..]) = data.strip_prefix(b"JFXX\0") {
        let sized = !rest.starts_with(&[0, 0]);
        match code {
            0x10 => record.put("JFXX", "ThumbnailImage", Value::bytes(rest)),
            0x11 if sized && rest.len() > 770 => record.put("JFXX", "ThumbnailTIFF", Value::bytes(rest)),
            0x13 if sized && rest.len() > 2 => record.put("JFXX", "ThumbnailTIFF", Value::bytes(rest)),
            _ => {}
        }
    } else if let Some([polarity, ..]) = data.strip_prefix(b"AVI1") {
        let printed = match polarity {
            0 => "Not Interleaved".into(),
            1 => "Odd".into(),
            2 => "Even".into(),
            other => format!("Unknown ({other})"),
        };
        record.put_printed("AVI1", "InterleavedField", *polarity, printed);
    }
}

fn read_jfif(data: &[u8], record: &mut Record) {
    let view = Bytes::big(data);
    if let (Some(major), Some(minor)) = (view.u8(0), view.u8(1)) {
        record.put_printed("JFIF", "JFIFVersion", format!("{major} {minor}"), format!("{major}.{minor:02}"));
    }
    if let Some(unit) = view.u8(2) {
        let printed = match unit {
            0 => "None".into(),
            1 => "inches".into(),
            2 => "cm".into(),
            other => format!("Unknown ({other})"),
        };
        let printed = Some(Value::Text(printed));
        record.put_tag("JFIF".into(), "ResolutionUnit".into(), unit.into(), printed, Priority::LOW);
    }
    for (name, at) in [("XResolution", 3), ("YResolution", 5)] {
        if let Some(resolution) = view.u16(at) {
            record.put_tag("JFIF".into(), name.into(), resolution.into(), None, Priority::LOW);
        }
    }
    let (Some(width @ 1..), Some(height @ 1..)) = (view.u8(7), view.u8(8)) else { return };
    record.put("JFIF", "ThumbnailWidth", width);
    record.put("JFIF", "ThumbnailHeight", height);
}

/// APP10: a comment in UTF-16.
pub(super) fn app10(data: &[u8], record: &mut Record) {
    if let Some(text) = data.strip_prefix(b"UNICODE\0") {
        comment(utf16(text, Order::Big), record);
    }
}

/// Puts a comment; the first of several ranks first.
pub(super) fn comment(text: String, record: &mut Record) {
    record.put_tag("File".into(), "Comment".into(), text.into(), None, Priority::LOW);
}

/// APP12 of "Save for Web": quality, comment and copyright.
pub(super) fn ducky(data: &[u8], record: &mut Record) {
    let mut rest = data;
    while let [kind_high, kind_low, len_high, len_low, tail @ ..] = rest {
        let len = usize::from(u16::from_be_bytes([*len_high, *len_low]));
        let Some((value, tail)) = tail.split_at_checked(len) else {
            record.warn("Invalid Ducky block length");
            return;
        };
        // Comment and copyright begin with the number of their characters.
        let text = || Value::Text(utf16(value.get(4..).unwrap_or_default(), Order::Big));
        let (name, raw, printed) = match u16::from_be_bytes([*kind_high, *kind_low]) {
            1 => match Bytes::big(value).u32(0) {
                Some(quality) => ("Quality", quality.into(), Some(Value::Text(format!("{quality}%")))),
                None => return,
            },
            2 => ("Comment", text(), None),
            3 => ("Copyright", text(), None),
            _ => return,
        };
        record.put_tag("Ducky".into(), name.into(), raw, printed, Priority::LOW);
        rest = tail;
    }
}

/// APP13 of Photoshop's colour management.
pub(super) fn adobe_cm(data: &[u8], record: &mut Record) {
    if let Some(kind) = Bytes::big(data).u16(0) {
        record.put("AdobeCM", "AdobeCMType", kind);
    }
}

/// APP14 (Adobe technical note 5116).
pub(super) fn adobe(data: &[u8], record: &mut Record) {
    let Some(data) = data.strip_prefix(b"Adobe") else { return };
    let view = Bytes::big(data);
    if let Some(version) = view.u16(0) {
        record.put("Adobe", "DCTEncodeVersion", version);
    }
    if let Some(flags) = view.u16(2) {
        record.put_printed("Adobe", "APP14Flags0", flags, flag_names(flags, "Encoded with Blend=1 downsampling"));
    }
    if let Some(flags) = view.u16(4) {
        record.put_printed("Adobe", "APP14Flags1", flags, flag_names(flags, "[15]"));
    }
    if let Some(transform) = view.u8(6) {
        let printed = match transform {
            0 => "Unknown (RGB or CMYK)".into(),
            1 => "YCbCr".into(),
            2 => "YCCK".into(),
            other => format!("Unknown ({other})"),
        };
        record.put_printed("Adobe", "ColorTransform", transform, printed);
    }
}

fn flag_names(flags: u16, highest: &str) -> String {
    let name = |bit: u16| if bit == 15 { highest.to_owned() } else { format!("[{bit}]") };
    let names: Vec<String> = (0..16).filter(|bit| flags >> bit & 1 == 1).map(name).collect();
    if names.is_empty() { "(none)".to_owned() } else { names.join(", ") }
}

/// APP15 of GraphicConverter: `Q` and a number in four bytes.
pub(super) fn graphic_converter(data: &[u8], record: &mut Record) {
    if data.len() != 4 || data[0] != b'Q' {
        return;
    }
    let text = ascii(&data[1..]);
    let digits: String = text.trim_start().chars().take_while(char::is_ascii_digit).collect();
    if print::number(&digits).is_some() {
        record.put("GraphConv", "Quality", digits);
    }
}
