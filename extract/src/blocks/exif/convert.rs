//! Conversions of single tags: numbers and binary values. Each follows the Exif, TIFF/EP or DNG clause of its tag.

use super::{
    entry::{Raw, Shown, Type},
    text::cut,
    values::{self, baseline, camera, raw},
};
use crate::{
    Value,
    bytes::{Bytes, utf8},
    print,
};

/// The colours of filter patterns (Exif, TIFF/EP and DNG number them alike).
const COLORS: [&str; 7] = ["Red", "Green", "Blue", "Cyan", "Magenta", "Yellow", "White"];

/// Numbers joined by dots: versions.
pub(super) fn dotted(value: &Raw<'_>) -> Option<Shown> {
    let raw = value.value();
    let printed = raw.plain().replace(' ', ".");
    Some(Shown::both(raw, printed))
}

/// The printed form of a single number; other values stay as they are.
fn printed(value: &Raw<'_>, show: impl Fn(f64) -> String) -> Shown {
    let raw = value.value();
    match print::number(&raw.plain()) {
        Some(number) => Shown::both(raw, show(number)),
        None => Shown::plain(raw),
    }
}

pub(super) fn exposure_time(value: &Raw<'_>) -> Option<Shown> {
    Some(printed(value, print::exposure_time))
}

pub(super) fn f_number(value: &Raw<'_>) -> Option<Shown> {
    Some(printed(value, print::f_number))
}

/// With so many decimals; infinity as Perl writes it.
fn fixed(number: f64, decimals: usize) -> String {
    if number.is_finite() { format!("{number:.decimals$}") } else { print::float(number) }
}

/// An exposure bias.
pub(super) fn fraction(value: &Raw<'_>) -> Option<Shown> {
    let number = value.as_number();
    let printed = if number.is_finite() { print::fraction(number) } else { "+Inf".to_owned() };
    Some(Shown::both(value.value(), printed))
}

/// An APEX time value: seconds are 2 to the power of its negative.
pub(super) fn shutter_speed(value: &Raw<'_>) -> Option<Shown> {
    let apex = print::number(&value.text()).filter(|apex| apex.abs() < 100.0);
    let seconds = apex.map_or(0.0, |apex| (-apex).exp2());
    Some(Shown::both(seconds, print::exposure_time(seconds)))
}

/// An APEX aperture value: the f-number is 2 to the power of its half.
pub(super) fn aperture(value: &Raw<'_>) -> Option<Shown> {
    let f_number = (value.as_number() / 2.0).exp2();
    Some(Shown::both(f_number, fixed(f_number, 1)))
}

pub(super) fn focal_length(value: &Raw<'_>) -> Option<Shown> {
    Some(Shown::both(value.value(), format!("{} mm", fixed(value.as_number(), 1))))
}

/// A distance; `inf` and `undef` have no unit.
pub(super) fn metres(value: &Raw<'_>) -> Option<Shown> {
    let raw = value.value();
    Some(match raw.plain().as_str() {
        "inf" | "undef" => Shown::plain(raw),
        text => Shown::both(raw.clone(), format!("{text} m")),
    })
}

pub(super) fn frame_rate(value: &Raw<'_>) -> Option<Shown> {
    let rate = (value.as_number() * 1000.0 + 0.5).trunc() / 1000.0;
    Some(Shown::both(value.value(), print::float(rate)))
}

pub(super) fn t_stop(value: &Raw<'_>) -> Option<Shown> {
    let number = |word: &String| if word == "inf" { f64::INFINITY } else { print::number_prefix(word) };
    let stops: Vec<_> = value.words().iter().map(|word| fixed(number(word), 2)).collect();
    Some(Shown::both(value.value(), stops.join("-")))
}

/// Focal lengths and f-numbers of a lens: `24-70mm f/2.8`.
pub(super) fn lens_info(value: &Raw<'_>) -> Option<Shown> {
    let raw = value.value();
    Some(match print_lens(&value.words()) {
        Some(printed) => Shown::both(raw, printed),
        None => Shown::plain(raw),
    })
}

fn print_lens(words: &[String]) -> Option<String> {
    let [short, long, wide, tele] = words else { return None };
    let known = |word: &String| match word.as_str() {
        "inf" | "undef" => Some("?".to_owned()),
        _ => print::number(word).map(|_| word.clone()),
    };
    let (short, long, wide, tele) = (known(short)?, known(long)?, known(wide)?, known(tele)?);
    let mut text = short.clone();
    if long != "0" && long != short {
        text += &format!("-{long}");
    }
    text += &format!("mm f/{wide}");
    if tele != "0" && tele != wide {
        text += &format!("-{tele}");
    }
    Some(text)
}

/// Each number by a table of its place, joined by `; `.
fn each(value: &Raw<'_>, tables: &[values::Numbered]) -> Option<Shown> {
    let words = value.words();
    if words.is_empty() {
        return None;
    }
    let names: Vec<String> = words
        .iter()
        .enumerate()
        .map(|(index, word)| match (tables.get(index), word.parse()) {
            (Some(table), Ok(number)) => {
                values::name(table, number).map_or_else(|| format!("Unknown ({word})"), Into::into)
            }
            (Some(_), Err(_)) => format!("Unknown ({word})"),
            (None, _) => word.clone(),
        })
        .collect();
    Some(Shown::both(value.value(), names.join("; ")))
}

pub(super) fn sample_format(value: &Raw<'_>) -> Option<Shown> {
    each(value, &[baseline::SAMPLE_FORMAT; 4])
}

pub(super) fn development_type(value: &Raw<'_>) -> Option<Shown> {
    let number = value.as_number() as u64 as i64;
    let words = [number >> 8, number & 0xff];
    let tables = [camera::DEVELOPMENT_TYPE, camera::DEVELOPMENT_TYPE_2];
    let names = [0, 1].map(|index| {
        values::name(tables[index], words[index]).map_or_else(|| format!("Unknown ({})", words[index]), Into::into)
    });
    Some(Shown::both(format!("{} {}", words[0], words[1]), names.join("; ")))
}

pub(super) fn components(value: &Raw<'_>) -> Option<Shown> {
    let raw = value.value();
    let text = raw.plain();
    let names: Vec<String> = text
        .split(' ')
        .map(|word| {
            let name = word.parse().ok().and_then(|number| values::name(camera::COMPONENTS_CONFIGURATION, number));
            name.map_or_else(|| format!("Err ({word})"), Into::into)
        })
        .collect();
    Some(Shown::both(raw, names.join(", ")))
}

/// Pairs of a use and a choice, after their number.
pub(super) fn learning(value: &Raw<'_>) -> Option<Shown> {
    const USES: [&str; 5] = [
        "All / Individual Usage Not Specified",
        "Non-Generative AI/ML Training",
        "Generative AI/ML Training",
        "Data Mining",
        "Input to Foundation Model (Trained AI/ML Model)",
    ];
    const CHOICES: [&str; 3] = ["Opt-out", "Opt-in", "Unspecified"];
    let words = value.words();
    let named: Vec<String> = (words.iter().enumerate().skip(1))
        .map(|(index, word)| {
            let names = if index % 2 == 1 { &USES[..] } else { &CHOICES[..] };
            let name = word.parse().ok().and_then(|number: usize| names.get(number));
            name.map_or_else(|| format!("Unknown({word})"), |&name| name.to_owned())
        })
        .collect();
    Some(Shown::both(value.value(), named.join("; ")))
}

/// Times as quotients, with two short counts in the middle.
pub(super) fn exposure_times(value: &Raw<'_>) -> Option<Shown> {
    let octets = value.octets();
    let mut at = 0;
    let (mut raw, mut printed) = (Vec::new(), Vec::new());
    loop {
        let kind = if at == 56 || at == 58 { Type::Short } else { Type::Rational };
        let Some(bytes) = octets.get(at..at + kind.size()) else { break };
        let word = Raw { kind, bytes, order: value.order }.text();
        printed.push(match (kind, print::number(&word)) {
            (Type::Rational, Some(seconds)) => print::exposure_time(seconds),
            _ => word.clone(),
        });
        raw.push(word);
        at += kind.size();
    }
    Some(Shown::both(raw.join(" "), printed.join(" ")))
}

/// A filter pattern: columns, rows and a colour each. Some cameras write the counts in the other byte order.
pub(super) fn cfa_pattern(value: &Raw<'_>) -> Option<Shown> {
    let digits: Vec<u8>;
    let octets = value.octets();
    let mut bytes: &[u8] = &octets;
    if !bytes.is_empty() && bytes.iter().all(|b| (b'0'..=b'6').contains(b)) {
        digits = bytes.iter().map(|b| b - b'0').collect();
        bytes = &digits;
    }
    if bytes.len() < 4 {
        return Some(Shown::both(utf8(bytes), "<truncated data>"));
    }
    let data = Bytes { data: bytes, order: value.order };
    let (mut columns, mut rows) = (data.u16(0)?, data.u16(2)?);
    let colors = &bytes[4..];
    let fits = |columns: u16, rows: u16| usize::from(columns) * usize::from(rows) <= colors.len();
    if !fits(columns, rows) && fits(columns.swap_bytes(), rows.swap_bytes()) {
        (columns, rows) = (columns.swap_bytes(), rows.swap_bytes());
    }
    let mut raw = format!("{columns} {rows}");
    colors.iter().for_each(|color| raw += &format!(" {color}"));
    let printed = if columns == 0 || rows == 0 {
        "<zero pattern size>".to_owned()
    } else if !fits(columns, rows) {
        "<invalid pattern size>".to_owned()
    } else {
        let count = usize::from(columns) * usize::from(rows);
        color_lines(rows.into(), &colors[..count])
    };
    Some(Shown::both(raw, printed))
}

/// Names of colours, a line in brackets each.
pub(super) fn color_lines(line: usize, colors: &[u8]) -> String {
    let lines = colors.chunks(line.max(1)).map(|line| {
        let names: Vec<_> = line.iter().map(|&c| COLORS.get(usize::from(c)).copied().unwrap_or("Unknown")).collect();
        format!("[{}]", names.join(","))
    });
    lines.collect()
}

pub(super) fn plane_colors(value: &Raw<'_>) -> Option<Shown> {
    let names: Vec<String> = (value.words().iter())
        .map(|word| {
            let name = COLORS.get(print::number_prefix(word) as usize);
            name.map_or_else(|| format!("Unknown({word})"), |&name| name.to_owned())
        })
        .collect();
    Some(Shown::both(value.value(), names.join(",")))
}

/// Columns of names and quotients by spatial frequency.
pub(super) fn frequency_response(value: &Raw<'_>) -> Option<Shown> {
    let raw = value.value();
    Some(match response_columns(value) {
        Some(printed) => Shown::both(raw, printed),
        None => Shown::plain(raw),
    })
}

fn response_columns(value: &Raw<'_>) -> Option<String> {
    let octets = value.octets();
    let data = Bytes { data: &octets, order: value.order };
    let (columns, rows) = (usize::from(data.u16(0)?), usize::from(data.u16(2)?));
    let mut names = octets.get(4..)?.splitn(columns + 1, |&b| b == 0);
    let start = octets.len().checked_sub(8 * columns * rows).filter(|&start| start >= 4)?;
    let mut out = Vec::new();
    for column in 0..columns {
        let name = utf8(names.next()?);
        let cells = (0..rows).map(|row| {
            let at = start + 8 * (column + row * columns);
            let bytes = octets.get(at..at + 8).unwrap_or_default();
            Raw { kind: Type::Rational, bytes, order: value.order }.text()
        });
        out.push(format!("{name}={}", cells.collect::<Vec<_>>().join(",")));
    }
    names.next()?;
    Some(out.join("; "))
}

/// A pixel format's identifier: those of Microsoft's family by their last byte.
pub(super) fn pixel_format(value: &Raw<'_>) -> Option<Shown> {
    const FAMILY: &str = "6fddc324-4e03-4bfe-b185-3d77768dc9";
    let Ok(b) = <[u8; 16]>::try_from(value.bytes) else {
        let text = value.text();
        return Some(Shown::both(text.clone(), format!("Unknown ({text})")));
    };
    let little = Bytes::little(&b);
    let tail: String = b[10..].iter().map(|b| format!("{b:02x}")).collect();
    let guid =
        format!("{:08x}-{:04x}-{:04x}-{:02x}{:02x}-{tail}", little.u32(0)?, little.u16(4)?, little.u16(6)?, b[8], b[9]);
    if !guid.starts_with(FAMILY) {
        return Some(Shown::both(guid.to_uppercase(), format!("Unknown ({})", guid.to_uppercase())));
    }
    let number = i64::from(b[15]);
    let name = values::name(camera::PIXEL_FORMAT, number).map_or_else(|| format!("Unknown (0x{number:x})"), Into::into);
    Some(Shown::both(u64::from(b[15]), name))
}

/// The names of a list of image operations (DNG 1.7, "Opcode List Processing"); always big-endian.
pub(super) fn opcodes(value: &Raw<'_>) -> Option<Shown> {
    let octets = value.octets();
    let data = Bytes::big(&octets);
    let mut names = Vec::new();
    if octets.len() > 4 {
        let mut at = 4_usize;
        // A list of more operations than have room for their headers ends at the first that has none.
        for _ in 0..data.u32(0)? {
            let (Some(code), Some(len)) = (data.u32(at), data.u32(at.saturating_add(12))) else {
                names.push("<err>".to_owned());
                break;
            };
            let name = values::name(raw::OPCODES, code.into());
            names.push(name.map_or_else(|| format!("[opcode {code}]"), Into::into));
            at = at.saturating_add(16).saturating_add(len as usize);
        }
    }
    Some(Shown::both(Value::bytes(&octets), cut(names.join(", "))))
}

/// SMPTE time codes of eight numbers each.
pub(super) fn time_codes(value: &Raw<'_>) -> Option<Shown> {
    let numbers: Vec<u64> = value.words().iter().map(|word| print::number_prefix(word) as u64).collect();
    let codes = || numbers.chunks_exact(8);
    // Such codes hold a date and a zone in user bits, which is not decoded here.
    if codes().any(|code| code[3] & 0x80 != 0) {
        return None;
    }
    let raw = codes().map(|code| code.iter().map(|b| format!("{b:02x}")).collect::<Vec<_>>().join("."));
    let printed = codes().map(|code| {
        format!("{:02x}:{:02x}:{:02x}.{:02x}", code[3] & 0x3f, code[2] & 0x7f, code[1] & 0x7f, code[0] & 0x3f)
    });
    Some(Shown::both(raw.collect::<Vec<_>>().join(" "), printed.collect::<Vec<_>>().join(" ")))
}
