//! Raw numbers to ExifTool's text: the forms Perl gives them. Used by every reader.

/// A float as Perl prints it (`%.15g`).
pub fn float(value: f64) -> String {
    general(value, 15)
}

/// A quotient as ExifTool rounds it (`%.10g`); `inf` for n/0, `undef` for 0/0.
pub fn rational(numerator: i64, denominator: i64) -> String {
    match (numerator, denominator) {
        (0, 0) => "undef".into(),
        (_, 0) => "inf".into(),
        _ => general(numerator as f64 / denominator as f64, 10),
    }
}

/// C's `%.{digits}g`: at most `digits` significant digits, trailing zeros removed. `digits` is 1 to 17.
pub fn general(value: f64, digits: usize) -> String {
    if value == 0.0 {
        return if value.is_sign_negative() { "-0".into() } else { "0".into() };
    }
    if !value.is_finite() {
        return if value.is_nan() {
            "nan"
        } else if value > 0.0 {
            "inf"
        } else {
            "-inf"
        }
        .into();
    }
    let scientific = format!("{:.*e}", digits - 1, value);
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if exponent < -4 || exponent >= digits as i32 {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{}e{sign}{:02}", trim_zeros(mantissa), exponent.abs());
    }
    let decimals = (digits as i32 - 1 - exponent).max(0) as usize;
    trim_zeros(&format!("{value:.decimals$}")).to_owned()
}

fn trim_zeros(text: &str) -> &str {
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.'),
        false => text,
    }
}

/// A date as XMP and ID3 write it (`2024-05-17T10:00:00+02:00`, or less of it) in ExifTool's form; other texts stay.
pub fn xmp_date(text: &str) -> String {
    let bytes = text.as_bytes();
    let fits = |at: usize, pattern: &[u8]| {
        bytes.get(at..at + pattern.len()).is_some_and(|part| {
            part.iter().zip(pattern).all(|(b, p)| if *p == b'0' { b.is_ascii_digit() } else { b == p })
        })
    };
    if fits(0, b"0000-00-00") && matches!(bytes.get(10), Some(b'T' | b' ')) && fits(11, b"00:00") {
        let (time, rest) = text[11..].split_at(if fits(16, b":00") { 8 } else { 5 });
        let rest = rest.trim_ascii_start();
        if !rest.contains(|c: char| c.is_ascii_whitespace()) {
            return format!("{} {time}{rest}", text[..10].replace('-', ":"));
        }
    }
    if fits(0, b"0000") { text.replace('-', ":") } else { text.to_owned() }
}

/// ExifTool's tag name from a name that a file gives: other signs left out, the first letter in upper case.
pub fn tag_name(name: &str) -> String {
    let mut out: String = name.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')).collect();
    if let Some(first) = out.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    if out.len() < 2 || !out.starts_with(|c: char| c.is_ascii_alphabetic()) {
        out.insert_str(0, "Tag");
    }
    out
}

/// ExifTool's tag name from a key in capitals and underscores, such as a Vorbis comment's: `TRACK_TOTAL` is `TrackTotal`.
pub fn key_name(key: &str) -> String {
    let mut name = String::with_capacity(key.len());
    let mut raise = true;
    for c in key.to_ascii_lowercase().chars() {
        if !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-')) {
            raise = true;
            continue;
        }
        name.push(if raise { c.to_ascii_uppercase() } else { c });
        raise = false;
    }
    let mut joined = String::with_capacity(name.len());
    let mut letters = name.chars().peekable();
    while let Some(c) = letters.next() {
        joined.push(c);
        if (c.is_ascii_lowercase() || c.is_ascii_digit()) && letters.peek() == Some(&'_') {
            let mut ahead = letters.clone();
            ahead.next();
            if let Some(next) = ahead.next().filter(char::is_ascii_lowercase) {
                joined.push(next.to_ascii_uppercase());
                letters = ahead;
            }
        }
    }
    tag_name(&joined)
}

/// The number a text begins with, as Perl takes it; 0 for none.
pub fn number_prefix(text: &str) -> f64 {
    let text = text.trim_ascii_start();
    let end = text.find(|c: char| !matches!(c, '0'..='9' | '.' | '+' | '-' | 'e' | 'E')).unwrap_or(text.len());
    (0..=end).rev().find_map(|end| text[..end].parse().ok()).unwrap_or(0.0)
}

/// Seconds as ExifTool shows a length of time: `3.68 s`, `0:04:10`, `2 days 1:00:00`.
pub fn duration(seconds: f64) -> String {
    if seconds == 0.0 {
        return "0 s".into();
    }
    let sign = if seconds < 0.0 { "-" } else { "" };
    let seconds = seconds.abs();
    if !seconds.is_finite() || seconds < 30.0 {
        return format!("{sign}{seconds:.2} s");
    }
    let seconds = (seconds + 0.5) as u64;
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    let (days, hours) = if hours > 24 { (format!("{} days ", hours / 24), hours % 24) } else { (String::new(), hours) };
    format!("{sign}{days}{hours}:{minutes:02}:{:02}", seconds % 60)
}

/// A bit rate with three digits and a unit: `192 kbps`.
pub fn bitrate(bits_per_second: f64) -> String {
    let mut rate = bits_per_second;
    let mut units = ["bps", "kbps", "Mbps", "Gbps"].iter().peekable();
    loop {
        let unit = units.next().unwrap_or(&"Gbps");
        if rate >= 1000.0 && units.peek().is_some() {
            rate /= 1000.0;
            continue;
        }
        return match rate < 100.0 {
            true => format!("{} {unit}", general(rate, 3)),
            false => format!("{rate:.0} {unit}"),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_names_and_rates_print_as_exiftools() {
        for (text, date) in [
            ("2024-05-17T10:00:00+02:00", "2024:05:17 10:00:00+02:00"),
            ("2024-05-17 10:00", "2024:05:17 10:00"),
            ("2024-05-17T10:00:00 Z", "2024:05:17 10:00:00Z"),
            ("2024-05", "2024:05"),
            ("1985", "1985"),
            ("around-1985", "around-1985"),
        ] {
            assert_eq!(xmp_date(text), date);
        }
        assert_eq!(tag_name("WM/Provider"), "WMProvider");
        assert_eq!(tag_name("5th"), "Tag5th");
        for (key, name) in
            [("MUSICBRAINZ_TRACKID", "MusicbrainzTrackid"), ("Tool Version", "ToolVersion"), ("A_B", "A_b")]
        {
            assert_eq!(key_name(key), name);
        }
        for (seconds, text) in [(3.684, "3.68 s"), (0.0, "0 s"), (250.2, "0:04:10"), (176_400.0, "2 days 1:00:00")] {
            assert_eq!(duration(seconds), text);
        }
        assert_eq!([number_prefix("12.5 s"), number_prefix("x"), number_prefix("-3e")], [12.5, 0.0, -3.0]);
        for (rate, text) in
            [(32000.0, "32 kbps"), (57391.25, "57.4 kbps"), (1411200.0, "1.41 Mbps"), (320.0, "320 bps")]
        {
            assert_eq!(bitrate(rate), text);
        }
    }

    #[test]
    fn floats_print_as_perl_prints_them() {
        for (value, text) in [
            (0.1 + 0.2, "0.3"),
            (1e15, "1e+15"),
            (123456789012345.0, "123456789012345"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (-2.5, "-2.5"),
            (1.0 / 3.0, "0.333333333333333"),
            (100.0, "100"),
        ] {
            assert_eq!(float(value), text);
        }
        assert_eq!(rational(1, 3), "0.3333333333");
        assert_eq!(rational(0, 0), "undef");
        assert_eq!(rational(-1, 0), "inf");
    }
}
