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

#[cfg(test)]
mod tests {
    use super::*;

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
