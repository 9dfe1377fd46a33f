//! Textual data of PNG: tEXt, zTXt and iTXt with their keywords, and the profiles that programs hide in them.

use super::Reader;
use crate::{
    Name, Value,
    blocks::{exif, icc, iptc, photoshop, xmp},
    bytes::{utf8, windows_1252},
    print,
};

/// How the text of a keyword becomes a value.
#[derive(Clone, Copy)]
enum Conversion {
    Text,
    /// RFC 1123 dates.
    Date,
    /// Dates as XMP has them.
    XmpDate,
    /// A profile in hexadecimal digits, or the XMP packet itself.
    Block(Block),
}

#[derive(Clone, Copy)]
enum Block {
    Xmp,
    /// Exif, XMP or TIFF by what it begins with.
    Exif,
    Icc,
    Iptc,
    HexXmp,
    Photoshop,
}

/// Keywords with a meaning or a name of their own. Their first letter may be lower case in a file.
static KEYWORDS: &[(&str, &str, Conversion)] = &[
    ("Title", "Title", Conversion::Text),
    ("Author", "Author", Conversion::Text),
    ("Description", "Description", Conversion::Text),
    ("Copyright", "Copyright", Conversion::Text),
    ("Creation Time", "CreationTime", Conversion::Date),
    ("Software", "Software", Conversion::Text),
    ("Disclaimer", "Disclaimer", Conversion::Text),
    ("Warning", "PNGWarning", Conversion::Text),
    ("Source", "Source", Conversion::Text),
    ("Comment", "Comment", Conversion::Text),
    ("Collection", "Collection", Conversion::Text),
    ("Artist", "Artist", Conversion::Text),
    ("Document", "Document", Conversion::Text),
    ("Label", "Label", Conversion::Text),
    ("Make", "Make", Conversion::Text),
    ("Model", "Model", Conversion::Text),
    ("parameters", "Parameters", Conversion::Text),
    ("aesthetic_score", "AestheticScore", Conversion::Text),
    ("create-date", "CreateDate", Conversion::XmpDate),
    ("modify-date", "ModDate", Conversion::XmpDate),
    ("TimeStamp", "TimeStamp", Conversion::Text),
    ("URL", "URL", Conversion::Text),
    ("XML:com.adobe.xmp", "XMP", Conversion::Block(Block::Xmp)),
    ("Raw profile type APP1", "APP1_Profile", Conversion::Block(Block::Exif)),
    ("Raw profile type exif", "EXIF_Profile", Conversion::Block(Block::Exif)),
    ("Raw profile type icc", "ICC_Profile", Conversion::Block(Block::Icc)),
    ("Raw profile type icm", "ICC_Profile", Conversion::Block(Block::Icc)),
    ("Raw profile type iptc", "IPTC_Profile", Conversion::Block(Block::Iptc)),
    ("Raw profile type xmp", "XMP_Profile", Conversion::Block(Block::HexXmp)),
    ("Raw profile type 8bim", "Photoshop_Profile", Conversion::Block(Block::Photoshop)),
];

/// Text of one chunk before it is decoded.
struct Text<'a> {
    keyword: &'a [u8],
    data: &'a [u8],
    /// The compression method, where the text is compressed.
    method: Option<u8>,
    language: &'a [u8],
    decode: fn(&[u8]) -> String,
}

impl Reader<'_> {
    /// tEXt: keyword, NUL, Latin-1 text (read as Windows-1252).
    pub(super) fn text(&mut self, data: &[u8]) {
        match split(data) {
            Some((keyword, data)) => {
                self.keyword(&Text { keyword, data, method: None, language: b"", decode: windows_1252 });
            }
            None => self.binary("TextualData", data),
        }
    }

    /// zTXt: keyword, NUL, compression method, compressed Latin-1 text.
    pub(super) fn compressed_text(&mut self, data: &[u8]) {
        match split(data) {
            Some((keyword, rest)) => {
                let (&method, data) = rest.split_first().unwrap_or((&0, rest));
                self.keyword(&Text { keyword, data, method: Some(method), language: b"", decode: windows_1252 });
            }
            None => self.binary("CompressedText", data),
        }
    }

    /// iTXt: keyword, NUL, flag, compression method, language, NUL, translated keyword, NUL, UTF-8 text.
    pub(super) fn international_text(&mut self, data: &[u8]) {
        let parts = split(data).and_then(|(keyword, rest)| match rest {
            [flag, method, rest @ ..] if rest.len() >= 2 => {
                let (language, rest) = split(rest)?;
                let (_translated, data) = split(rest)?;
                let method = (*flag != 0).then_some(*method);
                Some(Text { keyword, data, method, language, decode: utf8 })
            }
            _ => None,
        });
        match parts {
            Some(text) => self.keyword(&text),
            None => self.binary("InternationalText", data),
        }
    }

    fn keyword(&mut self, text: &Text<'_>) {
        let keyword = utf8(text.keyword);
        let language = standard_language(&utf8(text.language));
        let known = known(&keyword);
        let inflated;
        let data = match text.method {
            None => text.data,
            Some(0) => match self.inflate(text.data) {
                Some(data) => {
                    inflated = data;
                    &inflated
                }
                None => return self.undecoded(&keyword, &language, text.data, "Error inflating"),
            },
            Some(_) => return self.undecoded(&keyword, &language, text.data, "Unknown compression method for"),
        };
        match known {
            // Profiles have no translations: the keyword loses its meaning.
            Some((_, Conversion::Block(_))) if !language.is_empty() => {
                self.put_text(tag_name(&keyword), (text.decode)(data));
            }
            Some((name, Conversion::Block(block))) => {
                if !self.block(block, data) {
                    self.binary(name, data);
                }
            }
            Some((name, conversion)) => {
                let value = convert(conversion, (text.decode)(data));
                self.record.put(self.group.clone(), with_language(name, &language), value);
            }
            None => {
                let name = tag_name(&keyword);
                let suffixed = match self.keywords.insert(keyword.clone()) {
                    true => name,
                    false => with_language(&name, &language),
                };
                match keyword.starts_with("Raw profile type ") {
                    true => self.binary(suffixed, data),
                    false => self.put_text(suffixed, (text.decode)(data)),
                }
            }
        }
    }

    fn undecoded(&mut self, keyword: &str, language: &str, data: &[u8], what: &str) {
        self.record.warn(format!("{what} {keyword}"));
        match known(keyword) {
            Some((name, _)) => self.binary(with_language(name, language), data),
            None => self.binary(tag_name(keyword), data),
        }
    }

    fn put_text(&mut self, name: impl Into<Name>, text: String) {
        self.record.put(self.group.clone(), name, text);
    }

    /// Hands a block over; `false` when it is not what the keyword says.
    fn block(&mut self, block: Block, data: &[u8]) -> bool {
        if matches!(block, Block::Xmp) {
            xmp::read(data, self.record);
            return true;
        }
        let Some(data) = raw_profile(data) else { return false };
        match block {
            Block::Exif => return self.exif_profile(&data),
            Block::Icc => icc::read(&data, self.record),
            Block::Iptc if data.starts_with(b"\x1c") => iptc::read(&data, self.record),
            Block::Iptc | Block::Photoshop => photoshop::read(&data, self.record),
            Block::Xmp | Block::HexXmp => xmp::read(&data, self.record),
        }
        true
    }

    fn exif_profile(&mut self, data: &[u8]) -> bool {
        if let Some(tiff) = data.strip_prefix(b"Exif\0\0") {
            exif::read(tiff, self.record);
        } else if let Some(packet) = data.strip_prefix(b"http://ns.adobe.com/xap/1.0/\0") {
            xmp::read(packet, self.record);
        } else if data.starts_with(b"MM\0\x2a") || data.starts_with(b"II\x2a\0") {
            exif::read(data, self.record);
        } else {
            self.record.warn("Unknown raw profile");
            return false;
        }
        true
    }
}

fn known(keyword: &str) -> Option<(&'static str, Conversion)> {
    let find = |keyword: &str| KEYWORDS.iter().find(|row| row.0 == keyword).map(|row| (row.1, row.2));
    find(keyword).or_else(|| find(&upper_first(keyword)))
}

fn convert(conversion: Conversion, text: String) -> Value {
    match conversion {
        Conversion::Date => match rfc1123_date(&text) {
            Some(date) => Value::DateTime(date),
            None => Value::Text(text),
        },
        Conversion::XmpDate => Value::DateTime(print::xmp_date(&text)),
        Conversion::Text | Conversion::Block(_) => Value::Text(text),
    }
}

/// Splits at the first NUL.
fn split(data: &[u8]) -> Option<(&[u8], &[u8])> {
    let nul = data.iter().position(|&b| b == 0)?;
    Some((&data[..nul], &data[nul + 1..]))
}

fn upper_first(text: &str) -> String {
    let mut chars = text.chars();
    match chars.next() {
        Some(first) => first.to_ascii_uppercase().to_string() + chars.as_str(),
        None => String::new(),
    }
}

/// ExifTool's tag name of a keyword of no table: words joined, letters after a space in upper case, other signs left out.
fn tag_name(keyword: &str) -> String {
    let mut joined = String::with_capacity(keyword.len());
    let mut after_space = false;
    for c in keyword.chars() {
        if c.is_ascii_whitespace() {
            after_space = true;
            continue;
        }
        joined.push(if after_space { c.to_ascii_uppercase() } else { c });
        after_space = false;
    }
    print::tag_name(&joined)
}

fn with_language(name: &str, language: &str) -> String {
    match language {
        "" => name.to_owned(),
        _ => format!("{name}-{language}"),
    }
}

/// A language code as RFC 3066 writes it: lower case, a second part of two letters in upper case.
fn standard_language(language: &str) -> String {
    let language = language.replace('_', "-").to_ascii_lowercase();
    let mut parts: Vec<String> = language.split('-').map(str::to_owned).collect();
    let first_ok = parts[0].len() == 2 || parts[0].len() == 3 || parts[0] == "x" || parts[0] == "i";
    if let Some(second) = parts.get_mut(1)
        && first_ok
        && second.len() == 2
        && second.bytes().all(|b| b.is_ascii_alphabetic())
    {
        second.make_ascii_uppercase();
    }
    parts.join("-")
}

/// The bytes of a raw profile as ImageMagick writes it: NL, type, NL, length, NL, hexadecimal digits.
fn raw_profile(data: &[u8]) -> Option<Vec<u8>> {
    let rest = data.strip_prefix(b"\n")?;
    let type_end = rest.iter().position(|&b| b == b'\n')?;
    let rest = rest[type_end..].trim_ascii_start();
    let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
    if digits == 0 || rest.get(digits) != Some(&b'\n') {
        return None;
    }
    let mut bytes = Vec::with_capacity(rest.len() / 2);
    let mut high = None;
    for &b in rest[digits..].iter().filter(|b| !b.is_ascii_whitespace()) {
        // A damaged digit spoils its own byte only.
        let nibble = if b.is_ascii_alphabetic() { ((b & 7) + 9) & 15 } else { b & 15 };
        match high.take() {
            None => high = Some(nibble),
            Some(first) => bytes.push(first << 4 | nibble),
        }
    }
    bytes.extend(high.map(|first| first << 4));
    Some(bytes)
}

/// `Mon, 1 Jan 2018 12:10:22 EST` in ExifTool's form; `None` for other texts.
fn rfc1123_date(text: &str) -> Option<String> {
    let words: Vec<&str> = text.split_ascii_whitespace().collect();
    for (index, word) in words.iter().enumerate() {
        let Some(month) = month(word) else { continue };
        let day = words.get(index.checked_sub(1)?)?;
        let day: u32 = day[day.len() - day.bytes().rev().take_while(u8::is_ascii_digit).count()..].parse().ok()?;
        let year: u32 = words.get(index + 1)?.parse().ok()?;
        let year = match year {
            71..100 => year + 1900,
            0..=70 => year + 2000,
            _ => year,
        };
        let mut time = words.get(index + 2)?.split(':');
        let hour: u32 = time.next()?.parse().ok()?;
        let minute = time.next().filter(|minute| is_two_digits(minute))?;
        let second = time.next().filter(|second| is_two_digits(second)).unwrap_or("00");
        let zone = zone(words.get(index + 3).copied().unwrap_or_default())?;
        return Some(format!("{year:04}:{month:02}:{day:02} {hour:02}:{minute}:{second}{zone}"));
    }
    None
}

fn is_two_digits(text: &str) -> bool {
    text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit())
}

fn month(word: &str) -> Option<usize> {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    MONTHS.iter().position(|month| month.eq_ignore_ascii_case(word)).map(|index| index + 1)
}

/// A zone of RFC 1123 or a numeric one as `+hh:mm`; empty for none, `None` for what is not a zone.
fn zone(text: &str) -> Option<String> {
    let hours = match text.to_ascii_uppercase().as_str() {
        "" => return Some(String::new()),
        "UT" | "GMT" | "UTC" | "Z" => 0,
        "EDT" => -4,
        "EST" | "CDT" => -5,
        "CST" | "MDT" => -6,
        "MST" | "PDT" => -7,
        "PST" => -8,
        letter @ ("A" | "B" | "C" | "D" | "E" | "F" | "G" | "H" | "I") => {
            i32::from(b'A') - 1 - i32::from(letter.as_bytes()[0])
        }
        letter @ ("K" | "L" | "M") => i32::from(b'A') - i32::from(letter.as_bytes()[0]),
        letter => match letter.as_bytes() {
            [letter @ b'N'..=b'Y'] => i32::from(*letter) - i32::from(b'N') + 1,
            [b'+' | b'-', rest @ ..] => return numeric_zone(text, rest),
            _ => return None,
        },
    };
    Some(format!("{}{:02}:00", if hours < 0 { '-' } else { '+' }, hours.abs()))
}

fn numeric_zone(text: &str, digits: &[u8]) -> Option<String> {
    let count = digits.iter().take_while(|b| b.is_ascii_digit()).count();
    match digits.get(count) {
        Some(b':') if count > 0 && digits.get(count + 1..count + 3)?.iter().all(u8::is_ascii_digit) => {
            text.get(..count + 4).map(str::to_owned)
        }
        _ if count >= 3 => Some(format!("{}:{}", text.get(..count - 1)?, text.get(count - 1..count + 1)?)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_of_rfc1123_become_exiftools() {
        for (text, date) in [
            ("Mon, 1 Jan 2018 12:10:22 EST", Some("2018:01:01 12:10:22-05:00")),
            ("12 Feb 99 03:04", Some("1999:02:12 03:04:00")),
            ("12 feb 2004 03:04:05 +0130", Some("2004:02:12 03:04:05+01:30")),
            ("12 Feb 2004 03:04:05 -03:30", Some("2004:02:12 03:04:05-03:30")),
            ("12 Feb 2004 03:04:05 N", Some("2004:02:12 03:04:05+01:00")),
            ("2010-10-17", None),
            ("12 Feb 2004 03:04:05 nowhere", None),
        ] {
            assert_eq!(rfc1123_date(text).as_deref(), date, "{text}");
        }
    }

    #[test]
    fn language_codes_and_names_are_normal() {
        assert_eq!(standard_language("EN_us"), "en-US");
        assert_eq!(standard_language("zh-HANS-cn"), "zh-hans-cn");
        assert_eq!(tag_name("date:create"), "Datecreate");
        assert_eq!(tag_name("my own  key"), "MyOwnKey");
        assert_eq!(tag_name("?"), "Tag");
    }

    #[test]
    fn raw_profiles_decode() {
        assert_eq!(raw_profile(b"\nexif\n       3\n0102\n0f\n").as_deref(), Some(&[1, 2, 15][..]));
        assert_eq!(raw_profile(b"exif"), None);
    }
}
