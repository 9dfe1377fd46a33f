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
            "NaN"
        } else if value > 0.0 {
            "Inf"
        } else {
            "-Inf"
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

/// Values and what they mean, for tables of short lists: `0=Off | 1=On`.
pub(crate) type Values = &'static str;

/// What `values` say that `value` means.
pub(crate) fn meaning(values: Values, value: &str) -> Option<&'static str> {
    let mut pairs = values.split(" | ").filter_map(|pair| pair.split_once('='));
    pairs.find(|(known, _)| *known == value).map(|(_, meaning)| meaning)
}

/// Photo Mechanic's `tagged:class:rating:frame` spelled out.
pub(crate) fn picture_preferences(text: &str) -> Option<String> {
    let mut parts = text.splitn(4, ':').map(str::trim_start);
    let (tagged, class, rating, frame) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    ([tagged, class, rating].iter().all(|part| is_number(part)))
        .then(|| format!("Tagged:{tagged}, ColorClass:{class}, Rating:{rating}, FrameNum:{frame}"))
}

fn trim_zeros(text: &str) -> &str {
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.'),
        false => text,
    }
}

/// A date as XMP and ID3 write it (`2024-05-17T10:00:00+02:00`, or less of it) in ExifTool's form; other texts stay.
pub fn xmp_date(text: &str) -> String {
    xmp_date_time(text).unwrap_or_else(|| match text.as_bytes().first_chunk::<4>() {
        Some(year) if year.iter().all(u8::is_ascii_digit) => text.replace('-', ":"),
        _ => text.to_owned(),
    })
}

/// As [`xmp_date`], but only a full date with a time; what is not certain to be a date may be one then.
pub fn xmp_date_time(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let fits = |at: usize, pattern: &[u8]| {
        bytes.get(at..at + pattern.len()).is_some_and(|part| {
            part.iter().zip(pattern).all(|(b, p)| if *p == b'0' { b.is_ascii_digit() } else { b == p })
        })
    };
    if !fits(0, b"0000-00-00") || !matches!(bytes.get(10), Some(b'T' | b' ')) || !fits(11, b"00:00") {
        return None;
    }
    let (time, rest) = text[11..].split_at(if fits(16, b":00") { 8 } else { 5 });
    let rest = rest.trim_ascii_start();
    (!rest.contains(|c: char| c.is_ascii_whitespace()))
        .then(|| format!("{} {time}{rest}", text[..10].replace('-', ":")))
}

/// A time written `HHMMSS±HHMM`, with colons.
pub fn clock_time(text: &str) -> String {
    let mut out = text.replace(' ', ":");
    if out.len() >= 6 && out.as_bytes()[..6].iter().all(u8::is_ascii_digit) {
        out = format!("{}:{}:{}", &out[..2], &out[2..4], &out[4..]);
    }
    let end = out.trim_ascii_end().len();
    let zone = end.checked_sub(5).filter(|&at| {
        let zone = &out.as_bytes()[at..end];
        matches!(zone[0], b'+' | b'-') && zone[1..].iter().all(u8::is_ascii_digit)
    });
    if let Some(at) = zone {
        out.truncate(end);
        out.insert(at + 3, ':');
    }
    out
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

/// A date and time of UTC from seconds since 1970, in Exif's form.
pub fn unix_time(seconds: i64) -> String {
    let (days, rest) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    // Days since 1 March of year 0, in eras of 400 years (Hinnant, "chrono-compatible low-level date algorithms").
    let shifted = days.saturating_add(719_468);
    let (era, day) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day_of_year = day - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year:04}:{month:02}:{day:02} {:02}:{:02}:{:02}", rest / 3600, rest / 60 % 60, rest % 60)
}

/// The number a text is, by ExifTool's rule for what is a float; none for `inf`, `undef` and all else.
pub fn number(text: &str) -> Option<f64> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    match digits.bytes().next() {
        Some(b'0'..=b'9' | b'.') => text.parse().ok(),
        _ => None,
    }
}

/// The first `most` decimal numbers in a text, with their signs and exponents, whatever stands between them.
pub fn numbers(text: &str, most: usize) -> Vec<f64> {
    let bytes = text.as_bytes();
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let run = |mut at: usize| {
        while digit(at) {
            at += 1;
        }
        at
    };
    let mut found = Vec::new();
    let mut at = 0;
    while found.len() < most && at < bytes.len() {
        let begins = digit(at) || (bytes[at] == b'.' && digit(at + 1));
        if !begins {
            at += 1;
            continue;
        }
        let signed = at > 0 && matches!(bytes[at - 1], b'-' | b'+');
        let start = at - usize::from(signed);
        at = run(at);
        if bytes.get(at) == Some(&b'.') {
            at = run(at + 1);
        }
        if let Some(b'e' | b'E') = bytes.get(at) {
            let sign = usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
            if digit(at + 1 + sign) {
                at = run(at + 1 + sign);
            }
        }
        found.extend(number(&text[start..at]));
    }
    found
}

/// An exposure time in seconds: `1/250`, `0.5`, `30`.
pub fn exposure_time(seconds: f64) -> String {
    if seconds < 0.25001 && seconds > 0.0 {
        return format!("1/{}", (0.5 + 1.0 / seconds) as i64);
    }
    let text = format!("{seconds:.1}");
    text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
}

/// An f-number with one decimal, two below 1.
pub fn f_number(value: f64) -> String {
    if value <= 0.0 {
        float(value)
    } else if value < 1.0 {
        format!("{value:.2}")
    } else {
        format!("{value:.1}")
    }
}

/// An exposure compensation: `+1/3`, `-2`, `+0.7`.
pub fn fraction(value: f64) -> String {
    let value = value * 1.00001; // As ExifTool: keeps rounding errors from hiding a fraction.
    let whole = |times: f64| (value * times).trunc() / (value * times) > 0.999;
    if value == 0.0 {
        "0".into()
    } else if whole(1.0) {
        format!("{:+}", value.trunc() as i64)
    } else if whole(2.0) {
        format!("{:+}/2", (value * 2.0).trunc() as i64)
    } else if whole(3.0) {
        format!("{:+}/3", (value * 3.0).trunc() as i64)
    } else {
        let sign = if value > 0.0 { "+" } else { "" };
        format!("{sign}{}", general(value, 3))
    }
}

/// Degrees, minutes and seconds. `letters` are shown for positive and negative values; without them the sign is lost.
pub fn degrees(value: f64, letters: Option<[char; 2]>) -> String {
    let magnitude = value.abs();
    let mut degrees = magnitude.trunc();
    let mut minutes = ((magnitude - degrees) * 60.0).trunc();
    let seconds = (magnitude - degrees - minutes / 60.0) * 3600.0;
    let mut seconds: f64 = format!("{seconds:.2}").parse().unwrap_or(0.0);
    if seconds >= 60.0 {
        seconds -= 60.0;
        minutes += 1.0;
        if minutes >= 60.0 {
            minutes -= 60.0;
            degrees += 1.0;
        }
    }
    let letter = letters.map_or(String::new(), |[plus, minus]| format!(" {}", if value < 0.0 { minus } else { plus }));
    format!("{degrees:.0} deg {minutes:.0}' {seconds:.2}\"{letter}")
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

    #[test]
    fn seconds_since_1970_are_dates() {
        for (seconds, text) in [
            (0, "1970:01:01 00:00:00"),
            (-1, "1969:12:31 23:59:59"),
            (951_782_400, "2000:02:29 00:00:00"),
            (1_715_940_000, "2024:05:17 10:00:00"),
        ] {
            assert_eq!(unix_time(seconds), text);
        }
    }

    #[test]
    fn camera_settings_print_as_photographers_write_them() {
        assert_eq!([0.004, 0.5, 30.0, 0.0].map(exposure_time), ["1/250", "0.5", "30", "0"]);
        assert_eq!([2.8, 0.95, 0.0].map(f_number), ["2.8", "0.95", "0"]);
        assert_eq!([0.0, 1.0 / 3.0, -2.0, 0.5, 0.7].map(fraction), ["0", "+1/3", "-2", "+1/2", "+0.7"]);
        assert_eq!(degrees(43.467_448, None), "43 deg 28' 2.81\"");
        assert_eq!(degrees(-11.999_999_9, Some(['E', 'W'])), "12 deg 0' 0.00\" W");
    }
}
