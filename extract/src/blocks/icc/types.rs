//! The types of ICC tags that are one value (ICC.1:2022, section 10).

use crate::{
    Value,
    bytes::{self, Bytes},
    print,
};

/// The value of a tag by the type that begins it; `None` for types that are tables.
pub(super) fn value(data: &Bytes<'_>) -> Option<Value> {
    let len = data.data.len();
    let kind = data.slice(0, 4).filter(|_| len >= 8)?;
    let body = data.data.get(8..)?;
    match kind {
        b"clro" => {
            let colorants = body.get(4..)?.get(..data.u32(8)? as usize)?;
            Some(spaced(colorants.iter().map(|&colorant| colorant as i8)).into())
        }
        b"data" if data.u32(8)? == 0 => Some(bytes::utf8(&body[4..]).into()),
        b"dtim" => date(data, 8),
        b"sf32" => Some(fixed(data, 8, body.len() / 4)?.into()),
        b"uf32" => Some(unsigned_fixed(data, 8, body.len() / 4)?.into()),
        b"sig " => Some(bytes::utf8(body.get(..4)?).into()),
        b"text" => Some(Value::Text(bytes::utf8(body))),
        b"desc" => {
            let text = body.get(4..)?.get(..data.u32(8)? as usize)?;
            Some(bytes::utf8(bytes::until_nul(text)).into())
        }
        b"ui08" => Some(spaced(body.iter()).into()),
        b"ui32" => Some(spaced((0..body.len() / 4).filter_map(|at| data.u32(8 + 4 * at))).into()),
        b"ui64" => Some(spaced((0..body.len() / 8).filter_map(|at| data.u64(8 + 8 * at))).into()),
        b"XYZ " => {
            let points: Vec<_> = (0..body.len() / 12).filter_map(|point| fixed(data, 8 + 12 * point, 3)).collect();
            Some(points.join(", ").into())
        }
        _ => None,
    }
}

pub(super) fn date(data: &Bytes<'_>, at: usize) -> Option<Value> {
    let part = |number: usize| data.u16(at + 2 * number);
    let (year, month, day, hour, minute, second) = (part(0)?, part(1)?, part(2)?, part(3)?, part(4)?, part(5)?);
    Some(Value::DateTime(format!("{year:04}:{month:02}:{day:02} {hour:02}:{minute:02}:{second:02}")))
}

pub(super) fn spaced(numbers: impl Iterator<Item = impl ToString>) -> String {
    numbers.map(|number| number.to_string()).collect::<Vec<_>>().join(" ")
}

/// Up to `most` numbers that `one` reads, as many as there are bytes for; none when there is not one.
pub(super) fn some<T: ToString>(most: usize, one: impl Fn(usize) -> Option<T>) -> Option<String> {
    let numbers: Vec<T> = (0..most).map_while(one).collect();
    (!numbers.is_empty()).then(|| spaced(numbers.into_iter()))
}

/// Signed numbers with 16 bits of fraction.
pub(super) fn fixed(data: &Bytes<'_>, at: usize, most: usize) -> Option<String> {
    some(most, |number| Some(print::float(round(f64::from(data.i32(at + 4 * number)?)))))
}

pub(super) fn unsigned_fixed(data: &Bytes<'_>, at: usize, most: usize) -> Option<String> {
    some(most, |number| Some(print::float(round(f64::from(data.u32(at + 4 * number)?)))))
}

/// A number in units of 1/65536 with five decimals, as ExifTool rounds it.
pub(super) fn round(units: f64) -> f64 {
    let value = units / 65536.0;
    // Adding zero makes a negative zero positive.
    (value * 1e5 + if value > 0.0 { 0.5 } else { -0.5 }).trunc() / 1e5 + 0.0
}
