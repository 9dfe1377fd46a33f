//! Text of a property to its typed value and ExifTool's printed form.

use std::borrow::Cow;

use super::{
    tables::{How, media_use},
    xml,
};
use crate::{
    Value,
    print::{self, Values, meaning, number_prefix, picture_preferences},
};

/// Text of a property that is not known, beyond which ExifTool takes it for binary.
const LONG: usize = 65536;

/// A value with its printed form, where that differs.
#[derive(Debug)]
pub(super) struct Leaf {
    pub raw: Value,
    pub printed: Option<Value>,
}

impl Leaf {
    /// Bytes of text in it.
    pub(super) fn weight(&self) -> usize {
        match &self.raw {
            Value::Text(text) | Value::DateTime(text) => text.len(),
            _ => 0,
        }
    }

    fn plain(raw: impl Into<Value>) -> Self {
        Self { raw: raw.into(), printed: None }
    }

    fn printed(raw: Value, printed: impl Into<String>) -> Self {
        let printed = printed.into();
        let differs = printed != raw.plain();
        Self { raw, printed: differs.then_some(Value::Text(printed)) }
    }
}

/// The value that `text` of a packet stands for. `how` is `None` for properties in no table.
pub(super) fn leaf(text: &str, how: Option<How>, is_base64: bool) -> Leaf {
    let mut text = Cow::Borrowed(text);
    if is_base64 {
        let bytes = base64(&text);
        if bytes.len() > 100 || bytes.iter().any(|b| matches!(b, 0..=8 | 11 | 12 | 14..=31)) {
            return Leaf::plain(Value::bytes(&bytes));
        }
        text = crate::bytes::utf8(&bytes).into();
    }
    let text = xml::unescape(&text);
    match how {
        None if text.len() > LONG => Leaf::plain(Value::bytes(text.as_bytes())),
        None => Leaf::plain(
            rational(&text)
                .or_else(|| print::xmp_date_time(&text).map(Value::DateTime))
                .unwrap_or_else(|| Value::from(&*text)),
        ),
        Some(how) => known(&text, how),
    }
}

fn known(text: &str, how: How) -> Leaf {
    match how {
        How::Text | How::LangAlt | How::Struct(_) | How::Joined(_) | How::LensInfo => Leaf::plain(text),
        How::Integer | How::Real => Leaf::plain(number_or_text(text)),
        How::Rational => Leaf::plain(rational_or_text(text)),
        How::Date => Leaf::plain(date(text)),
        How::Map(values) => mapped(number_or_text(text), values),
        How::Plus(values) => mapped(Value::from(text.replacen(PLUS, "", 1)), values),
        How::Trapped => {
            mapped(text.strip_prefix('/').unwrap_or(text).into(), "False=False | True=True | Unknown=Unknown")
        }
        How::MediaSummary => Leaf::printed(text.into(), media_summary(text)),
        How::Bool => Leaf::printed(text.into(), boolean(text)),
        How::Binary => Leaf::plain(Value::bytes(text.as_bytes())),
        How::Base64 => Leaf::plain(Value::bytes(&base64(text))),
        How::Degrees(positive) => degrees(text, positive),
        How::DegreesOnly(positive) => Leaf::printed(number_or_text(text), sexagesimal(number_prefix(text), positive)),
        How::Fourcc | How::Version => packed(text, matches!(how, How::Version)),
        How::ColorSpace => color_space(text),
        How::Milliseconds => milliseconds(text),
        How::UnixTime => Leaf::plain(Value::DateTime(print::unix_time(number_prefix(text) as i64))),
        How::PdfDate => Leaf::plain(Value::DateTime(pdf_date(text))),
        How::ClockTime => Leaf::plain(Value::DateTime(print::clock_time(text))),
        How::Preferences => Leaf::printed(text.into(), picture_preferences(text).unwrap_or_else(|| text.into())),
        _ => photographic(text, how),
    }
}

/// Values with units, most of them rational in the file.
fn photographic(text: &str, how: How) -> Leaf {
    let raw = match how {
        How::Millimetres => number_or_text(text),
        _ => rational_or_text(text),
    };
    let plain = raw.plain();
    let number = number_prefix(&plain);
    let is_number = plain.trim().parse::<f64>().is_ok_and(f64::is_finite);
    match how {
        How::ExposureTime if is_number => Leaf::printed(raw, print::exposure_time(number)),
        How::ShutterSpeed => {
            let seconds = if number.abs() < 100.0 { (-number).exp2() } else { 0.0 };
            Leaf::printed(Value::Float(seconds), print::exposure_time(seconds))
        }
        How::FNumber if is_number && number > 0.0 => Leaf::printed(raw, print::f_number(number)),
        How::Aperture => {
            let value = 2.0_f64.sqrt().powf(number);
            Leaf::printed(Value::Float(value), format!("{value:.1}"))
        }
        How::Fraction => Leaf::printed(raw, print::fraction(number)),
        How::FocalLength => Leaf::printed(raw, format!("{number:.1} mm")),
        How::Millimetres => Leaf::printed(raw, format!("{plain} mm")),
        How::Metres if !matches!(&*plain, "inf" | "undef") => Leaf::printed(raw, format!("{plain} m")),
        How::FocusDistance if plain == "4294967295" => Leaf::printed(raw, "infinity"),
        _ => Leaf::plain(raw),
    }
}

/// Lists that have one meaning together: `texts` are the items.
pub(super) fn joined(how: How, texts: impl FnOnce() -> Vec<String>) -> Option<Leaf> {
    match how {
        How::Joined(values) => Some(mapped(Value::from(texts().join(" ")), values)),
        How::LensInfo => {
            let texts = texts();
            let number = |text: &str| rational(text).map(|number| number.plain());
            let raw = match &*texts {
                // Four rationals in one text, or none is converted.
                [text] => {
                    let parts: Option<Vec<_>> = text.split_whitespace().map(number).collect();
                    parts.filter(|parts| parts.len() == 4).map_or_else(|| text.clone(), |parts| parts.join(" "))
                }
                _ => {
                    texts.iter().map(|text| number(text).unwrap_or_else(|| text.clone())).collect::<Vec<_>>().join(" ")
                }
            };
            let printed = lens_info(&raw);
            Some(Leaf::printed(Value::Text(raw), printed))
        }
        _ => None,
    }
}

fn lens_info(text: &str) -> String {
    let parts: Vec<&str> = text.split_whitespace().collect();
    let meant = |part: &&str| part.parse::<f64>().is_ok() || matches!(*part, "inf" | "undef");
    let [short, long, wide, narrow] = *parts else { return text.to_owned() };
    if !parts.iter().all(meant) {
        return text.to_owned();
    }
    let shown = |part| if matches!(part, "inf" | "undef") { "?" } else { part };
    let (short, long, wide, narrow) = (shown(short), shown(long), shown(wide), shown(narrow));
    let range = |from: &str, to: &str| if to == "0" || to == from { String::new() } else { format!("-{to}") };
    format!("{short}{}mm f/{wide}{}", range(short, long), range(wide, narrow))
}

fn mapped(raw: Value, values: Values) -> Leaf {
    let text = raw.plain();
    let printed = meaning(values, &text).map(str::to_owned);
    Leaf::printed(raw, printed.unwrap_or_else(|| format!("Unknown ({text})")))
}

const PLUS: &str = "http://ns.useplus.org/ldf/vocab/";

/// `|PLUS|V0121|U001|1IAA1UNA2EBC…` spelled out.
fn media_summary(text: &str) -> String {
    if let Some(meaning) = media_use(text) {
        return meaning.to_owned();
    }
    let text = text.to_ascii_uppercase();
    let mut parts = text.strip_prefix("|PLUS|").unwrap_or("").splitn(3, '|');
    let (Some(version), Some(uses), Some(codes)) = (parts.next(), parts.next(), parts.next()) else { return text };
    let mut out = format!("PLUS {version}");
    let digits = version.strip_prefix('V').filter(|d| d.len() > 2 && d.bytes().all(|b| b.is_ascii_digit()));
    if let Some((major, minor)) = digits.map(|digits| digits.split_at(digits.len() - 2)) {
        let major = major.trim_start_matches('0');
        out.push_str(&format!(" (LDF Version {}.{minor})", if major.is_empty() { "0" } else { major }));
    }
    out.push_str(&format!(" {uses}"));
    let count: String = uses.trim_start_matches(['U', '0']).chars().take_while(char::is_ascii_digit).collect();
    if !count.is_empty() {
        out.push_str(&format!(" ({count} Media Usages:)"));
    }
    let codes: Vec<u8> = codes.bytes().filter(u8::is_ascii_alphanumeric).collect();
    for code in codes.chunks_exact(4) {
        let code = String::from_utf8_lossy(code);
        match (media_use(&code), code.as_bytes()) {
            (Some(meaning), _) => out.push_str(&format!(" {code} ({meaning})")),
            (None, [b'1', b'I', a @ b'A'..=b'Z', b @ b'A'..=b'Z']) => {
                let count = u32::from(a - b'A') * 26 + u32::from(b - b'A') + 1;
                out.push_str(&format!("; {code} ({count} Usage Items:)"));
            }
            (None, [b'1', b'U', b'N', number]) => out.push_str(&format!(" (Usage Number {})", char::from(*number))),
            _ => out.push_str(&format!(" {code}")),
        }
    }
    out
}

fn boolean(text: &str) -> &str {
    match text {
        _ if text.eq_ignore_ascii_case("true") => "True",
        _ if text.eq_ignore_ascii_case("false") => "False",
        _ => text,
    }
}

fn color_space(text: &str) -> Leaf {
    let raw = if text == "4294967295" { Value::Unsigned(0xffff) } else { number_or_text(text) };
    mapped(raw, "1=sRGB | 2=Adobe RGB | 65535=Uncalibrated")
}

/// A number where that prints as the text stands.
fn number_or_text(text: &str) -> Value {
    let unsigned = text.parse().ok().map(Value::Unsigned);
    let number = unsigned.or_else(|| text.parse().ok().map(Value::Signed));
    let number = number.or_else(|| text.parse().ok().filter(|n: &f64| n.is_finite()).map(Value::Float));
    number.filter(|number| number.plain() == text).unwrap_or_else(|| text.into())
}

fn rational_or_text(text: &str) -> Value {
    rational(text).unwrap_or_else(|| number_or_text(text))
}

/// `numerator/denominator`, nothing else.
fn rational(text: &str) -> Option<Value> {
    let (numerator, denominator) = text.split_once('/')?;
    let integer = |text: &str| {
        let digits = text.strip_prefix('-').unwrap_or(text);
        let all = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        all.then(|| text.parse::<f64>().ok()).flatten()
    };
    let (numerator, denominator) = (integer(numerator)?, integer(denominator)?);
    Some(match (numerator, denominator) {
        (0.0, 0.0) => "undef".into(),
        (_, 0.0) => "inf".into(),
        // ExifTool keeps all digits here, unlike for rationals of EXIF.
        _ => Value::Float(numerator / denominator),
    })
}

/// What is meant to be a date: text where it is none.
fn date(text: &str) -> Value {
    match text.bytes().next() {
        Some(b'0'..=b'9') => Value::DateTime(print::xmp_date(text)),
        _ => text.into(),
    }
}

fn pdf_date(text: &str) -> String {
    let mut date = text.strip_prefix("D:").unwrap_or(text).to_owned();
    if let Some(rest) = "00000101000000".get(date.len()..) {
        date.push_str(rest);
    }
    let Some((digits, zone)) = date.split_at_checked(14).filter(|(d, _)| d.bytes().all(|b| b.is_ascii_digit())) else {
        return date;
    };
    let part = |at: usize| &digits[at..at + 2];
    let zone = zone.trim_start();
    let mut out = format!("{}:{}:{} {}:{}:{}", &digits[..4], part(4), part(6), part(8), part(10), part(12));
    if zone.starts_with(['Z', 'z']) {
        out.push('Z');
    } else if let Some(sign) = zone.chars().next().filter(|c| matches!(c, '+' | '-')) {
        let mut numbers = zone[1..].split(|c: char| !c.is_ascii_digit()).filter(|n| !n.is_empty());
        if let Some(hours) = numbers.next() {
            out.push_str(&format!("{sign}{hours}:{}", numbers.next().unwrap_or("00")));
        }
    }
    out
}

/// `12,34.5N` or `12,34,30N` to signed degrees.
fn degrees(text: &str, positive: &'static str) -> Leaf {
    let numbers = print::numbers(text, 3);
    let Some(&first) = numbers.first() else { return Leaf::plain("") };
    if text.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| matches!(word, "inf" | "undef")) {
        return Leaf::plain("");
    }
    let part = |at: usize| numbers.get(at).copied().unwrap_or(0.0);
    let degrees = first + (part(1) + part(2) / 60.0) / 60.0;
    let end = text.trim_end().to_ascii_uppercase();
    let negative = ["S", "SOUTH", "W", "WEST"].iter().any(|direction| {
        end.strip_suffix(direction).is_some_and(|rest| rest.ends_with(|c: char| !c.is_ascii_uppercase()))
    });
    let signed = if negative { -degrees } else { degrees };
    let raw = Value::Float(signed);
    Leaf::printed(raw, sexagesimal(signed, positive))
}

/// `12 deg 34' 30.00" N`; the other letter is for negative values.
fn sexagesimal(degrees: f64, positive: &str) -> String {
    print::degrees(degrees, Some(if positive == "N" { ['N', 'S'] } else { ['E', 'W'] }))
}

fn milliseconds(text: &str) -> Leaf {
    let milliseconds = number_prefix(text) as i64;
    let (seconds, rest) = (milliseconds.div_euclid(1000), milliseconds.rem_euclid(1000));
    Leaf::plain(Value::DateTime(format!("{}.{rest:03}+00:00", print::unix_time(seconds))))
}

/// A 32-bit number that stands for four bytes: letters, or a version.
fn packed(text: &str, is_version: bool) -> Leaf {
    let raw = number_or_text(text);
    let bytes = text.parse::<u32>().ok().map(u32::to_be_bytes);
    let printed = bytes.and_then(|bytes| match is_version {
        true => Some(bytes.map(|b| b.to_string()).join(".")),
        false => (bytes.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'_'))
            .then(|| bytes.iter().map(|&b| char::from(b)).collect()),
    });
    let printed = printed.unwrap_or_else(|| raw.plain());
    Leaf::printed(raw, printed)
}

/// Base 64 up to the first character that is none; white space and padding are passed over.
fn base64(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut held) = (0_u32, 0);
    for byte in text.bytes() {
        let six = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'=' | b' ' | b'\t' | b'\n' | b'\r' | 12 => continue,
            _ => break,
        };
        bits = (bits << 6 | u32::from(six)) & 0x00ff_ffff;
        held += 6;
        if held >= 8 {
            held -= 8;
            out.push((bits >> held) as u8);
        }
    }
    out
}
