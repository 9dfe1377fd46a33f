//! Photoshop's image resource blocks (`8BIM`), as in JPEG's APP13, TIFF's tag 34377 and PSD (Adobe Photoshop File
//! Formats Specification, "Image Resource Blocks"), and the layers that TIFF keeps for it.
//!
//! Called by the readers of those containers. IPTC, XMP, Exif and ICC resources go to their own blocks.

mod layers;

use super::{exif, icc, iptc, xmp};
use crate::{
    Name, Priority, Record, Value,
    bytes::{self, Bytes, Order},
    print::{self, Values, meaning},
};

pub use layers::read_document;

const GROUP: &str = "Photoshop";
/// Addresses taken of one list.
const URLS: u32 = 1000;

/// Puts the tags of a sequence of image resource blocks.
pub fn read(data: &[u8], record: &mut Record) {
    let mut data = data;
    while data.len() > 8 && !record.is_full() {
        let (kind, rest) = data.split_at(4);
        if !matches!(kind, b"8BIM" | b"PHUT" | b"DCSR" | b"AgHg" | b"MeSa") {
            record.warn(format!("Bad Photoshop IRB resource \"{}\"", kind.escape_ascii()));
            return;
        }
        let id = u16::from_be_bytes([rest[0], rest[1]]);
        // The name with its length byte takes an even number of bytes.
        let name = (usize::from(rest[2]) + 2) & !1;
        let Some(body) = rest.get(2 + name..).and_then(|rest| rest.split_first_chunk()) else {
            record.warn("Bad Photoshop resource block");
            return;
        };
        let size = u32::from_be_bytes(*body.0) as usize;
        let Some((content, rest)) = body.1.split_at_checked(size) else {
            record.warn(format!("Bad Photoshop resource data size {size}"));
            return;
        };
        if kind == b"8BIM" {
            resource(id, content, record);
        }
        data = rest.get(size & 1..).unwrap_or_default();
    }
}

fn resource(id: u16, data: &[u8], record: &mut Record) {
    let bytes = Bytes::big(data);
    match id {
        0x03ed => resolution(&bytes, record),
        0x03ee => record.put(GROUP, "AlphaChannelsNames", pascal_strings(data)),
        0x0404 => iptc::read_in_photoshop(data, record),
        0x0406 => jpeg_quality(&bytes, record),
        0x0409 => thumbnail("PhotoshopBGRThumbnail", data, record),
        0x040a => copyright_flag(data, record),
        0x040b => record.put(GROUP, "URL", bytes::utf8(data)),
        0x040c => thumbnail("PhotoshopThumbnail", data, record),
        0x040d => number("GlobalAngle", bytes.u32(0), record),
        0x040f => icc::read(data, record),
        0x0419 => number("GlobalAltitude", bytes.u32(0), record),
        0x041a => slices(&bytes, record),
        0x041b => record.put(GROUP, "WorkflowURL", unicode(&bytes, 0).map_or("<err>".into(), |(text, _)| text)),
        0x041e => url_list(&bytes, record),
        0x0421 => version(&bytes, record),
        // A directory may hold resources in turn.
        0x0422 => record.nested(|record| exif::read(data, record)),
        0x0424 => xmp::read(data, record),
        0x0425 => {
            let digest: String = data.iter().take(64).map(|byte| format!("{byte:02x}")).collect();
            record.put(GROUP, "IPTCDigest", digest);
        }
        0x0426 => print_scale(&bytes, record),
        0x0428 => number("PixelAspectRatio", bytes.f64(4), record),
        0x0435 => channel_options(data.get(4..).unwrap_or_default(), record),
        0x0bb7 => {
            let len = data.first().map_or(0, |&len| usize::from(len) + 1);
            record.put(GROUP, "ClippingPathName", pascal_strings(&data[..len.min(data.len())]));
        }
        _ => {}
    }
}

fn number(name: &'static str, value: Option<impl Into<Value>>, record: &mut Record) {
    if let Some(value) = value {
        record.put(GROUP, name, value);
    }
}

/// A number and what it means.
fn named(
    group: impl Into<Name>,
    name: &'static str,
    value: Option<impl Into<Value>>,
    values: Values,
    record: &mut Record,
) {
    if let Some(raw) = value.map(Into::into) {
        let text = raw.plain();
        let printed = meaning(values, &text).map_or_else(|| format!("Unknown ({text})"), str::to_owned);
        record.put_printed(group, name, raw, printed);
    }
}

const UNITS: Values = "1=inches | 2=cm";

fn resolution(data: &Bytes<'_>, record: &mut Record) {
    for (at, name, units) in [(0, "XResolution", "DisplayedUnitsX"), (8, "YResolution", "DisplayedUnitsY")] {
        if let Some(fixed) = data.u32(at) {
            let value = f64::from(fixed) / 65536.0;
            let printed = print::float((value * 100.0 + 0.5).trunc() / 100.0);
            record.put_tag(GROUP.into(), name.into(), Value::Float(value), Some(printed.into()), Priority::LOW);
        }
        named(GROUP, units, data.u16(at + 4), UNITS, record);
    }
}

fn jpeg_quality(data: &Bytes<'_>, record: &mut Record) {
    if let Some(quality) = data.i16(0) {
        record.put_printed(GROUP, "PhotoshopQuality", quality, (i32::from(quality) + 4).to_string());
    }
    let format = data.i16(2);
    named(GROUP, "PhotoshopFormat", format, "0=Standard | 1=Optimized | 257=Progressive", record);
    if format == Some(0x101) {
        named(GROUP, "ProgressiveScans", data.i16(4), "1=3 Scans | 2=4 Scans | 3=5 Scans", record);
    }
}

/// A JPEG image after 28 bytes of our own knowledge of it.
fn thumbnail(name: &'static str, data: &[u8], record: &mut Record) {
    if let Some(image) = data.get(28..).filter(|image| image.starts_with(&[0xff, 0xd8, 0xff])) {
        record.put(GROUP, name, Value::bytes(image));
    }
}

fn copyright_flag(data: &[u8], record: &mut Record) {
    let numbers: Vec<String> = data.iter().take(64).map(u8::to_string).collect();
    named(GROUP, "CopyrightFlag", Some(numbers.join(" ")), "0=False | 1=True", record);
}

fn slices(data: &Bytes<'_>, record: &mut Record) {
    if let Some((name, end)) = unicode(data, 20) {
        record.put(GROUP, "SlicesGroupName", name);
        number("NumSlices", data.u32(end), record);
    }
}

fn version(data: &Bytes<'_>, record: &mut Record) {
    named(GROUP, "HasRealMergedData", data.u8(4), "0=No | 1=Yes", record);
    if let Some((writer, end)) = unicode(data, 5) {
        record.put(GROUP, "WriterName", writer);
        number("ReaderName", unicode(data, end).map(|(reader, _)| reader), record);
    }
}

fn print_scale(data: &Bytes<'_>, record: &mut Record) {
    named(GROUP, "PrintStyle", data.u16(0), "0=Centered | 1=Size to Fit | 2=User Defined", record);
    let float = |at| data.f32(at).map(f64::from).map(print::float);
    if let Some(x) = float(2) {
        let place = float(6).map_or_else(|| x.clone(), |y| format!("{x} {y}"));
        record.put(GROUP, "PrintPosition", place);
    }
    number("PrintScale", data.f32(10).map(f64::from), record);
}

fn channel_options(data: &[u8], record: &mut Record) {
    for (channel, options) in data.chunks_exact(13).take(64).enumerate() {
        let group = format!("Channel{channel}");
        let bytes = Bytes::big(options);
        let spaces = "0=RGB | 1=HSB | 2=CMYK | 7=Lab | 8=Grayscale";
        named(group.clone(), "ChannelColorSpace", bytes.u16(0), spaces, record);
        let colors: Vec<_> = (1..5).filter_map(|at| bytes.u16(2 * at)).map(|color| color.to_string()).collect();
        record.put(group.clone(), "ChannelColorData", colors.join(" "));
        let opacity = options[11];
        record.put_printed(group.clone(), "ChannelOpacity", opacity, format!("{opacity}%"));
        let meanings = "0=Selected Areas | 1=Masked Areas | 2=Spot Color";
        named(group, "ChannelColorIndicates", bytes.u8(12), meanings, record);
    }
}

fn url_list(data: &Bytes<'_>, record: &mut Record) {
    let Some(count) = data.u32(0) else {
        record.put(GROUP, "URL_List", "<err>");
        return;
    };
    let mut urls = Vec::new();
    let mut at = 4;
    for _ in 0..count.min(URLS) {
        // A word and an id stand before each text.
        let Some((url, end)) = unicode(data, at + 8) else { break };
        urls.push(Value::Text(url));
        at = end;
    }
    record.put_tag(GROUP.into(), "URL_List".into(), Value::List(urls), None, Priority::NORMAL);
}

/// A text of UTF-16 with its length in units before it, and where it ends.
fn unicode(data: &Bytes<'_>, at: usize) -> Option<(String, usize)> {
    let len = (data.u32(at)? as usize).checked_mul(2)?;
    let text = data.slice(at.checked_add(4)?, len)?;
    Some((bytes::utf16(text, Order::Big), at + 4 + len))
}

/// Texts with a length byte each, joined by commas.
fn pascal_strings(mut data: &[u8]) -> String {
    let mut out = Vec::with_capacity(data.len());
    let mut first = true;
    while let Some((&len, rest)) = data.split_first() {
        let Some((text, rest)) = rest.split_at_checked(usize::from(len)) else { break };
        if !first {
            out.extend_from_slice(b", ");
        }
        out.extend_from_slice(text);
        first = false;
        data = rest;
    }
    bytes::windows_1252(&out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Limits;

    fn block(id: u16, name: &[u8], data: &[u8]) -> Vec<u8> {
        let mut out = b"8BIM".to_vec();
        out.extend(id.to_be_bytes());
        out.push(name.len() as u8);
        out.extend(name);
        out.resize(out.len() + (name.len() + 1) % 2, 0);
        out.extend((data.len() as u32).to_be_bytes());
        out.extend(data);
        out.resize(out.len() + data.len() % 2, 0);
        out
    }

    #[test]
    fn resources_follow_each_other_with_padding() {
        let mut data = block(0x03ee, b"n", b"\x03Red\x04Blue");
        data.extend(block(0x040a, b"", &[1]));
        data.extend(block(0x040d, b"ab", &[0, 0, 0, 30]));
        let mut record = Record::new(&Limits::default());
        read(&data, &mut record);
        let shown: Vec<_> = record.tags.iter().map(|tag| format!("{}={}", tag.name, tag.printed().plain())).collect();
        assert_eq!(shown, ["AlphaChannelsNames=Red, Blue", "CopyrightFlag=True", "GlobalAngle=30"]);
    }

    #[test]
    fn resources_and_directories_inside_each_other_come_to_an_end() {
        let mut data = Vec::new();
        for _ in 0..200 {
            // A directory of one entry, which holds resources, which hold a directory.
            let mut tiff = b"MM\0*\0\0\0\x08\0\x01\x86\x49\0\x07".to_vec();
            tiff.extend((data.len() as u32).to_be_bytes());
            tiff.extend([0, 0, 0, 26, 0, 0, 0, 0]);
            tiff.extend(&data);
            data = block(0x0422, b"", &tiff);
        }
        let mut record = Record::new(&Limits::default());
        read(&data, &mut record);
        assert_eq!(record.warnings, ["blocks inside blocks are nested too deep"]);
    }

    #[test]
    fn every_cut_is_survived() {
        let data = block(0x0421, b"", &[0, 0, 0, 1, 1, 0, 0, 0, 1, 0, b'a', 0, 0, 0, 1, 0, b'b']);
        for end in 0..data.len() {
            read(&data[..end], &mut Record::new(&Limits::default()));
        }
    }
}
