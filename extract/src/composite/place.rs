//! Places on earth, with the sign their reference says.

use super::{Inputs, Made};
use crate::{Value, print};

fn signed(inputs: &Inputs<'_>, letters: [char; 2]) -> Option<Made> {
    let [_, negative] = letters;
    let reference = inputs.raw(1)?;
    let Some(degrees) = inputs.number(0) else { return Some(Made::plain("")) };
    let is_negative = reference.starts_with([negative, negative.to_ascii_lowercase()]);
    // Without a negative zero.
    let degrees = if is_negative && degrees != 0.0 { -degrees } else { degrees };
    Some(Made::both(degrees, print::degrees(degrees, Some(letters))))
}

pub(super) fn latitude(inputs: &Inputs<'_>) -> Option<Made> {
    signed(inputs, ['N', 'S'])
}

pub(super) fn longitude(inputs: &Inputs<'_>) -> Option<Made> {
    signed(inputs, ['E', 'W'])
}

pub(super) const ALTITUDE_WANTS: &[&str] =
    &["GPS:GPSAltitude", "GPS:GPSAltitudeRef", "XMP:GPSAltitude", "XMP:GPSAltitudeRef"];

/// Of Exif, or else of XMP: where height and reference are both there.
pub(super) fn altitude(inputs: &Inputs<'_>) -> Option<Made> {
    let at = |index: usize| {
        let height = print::number(&inputs.raw(index)?)?;
        let below = !matches!(inputs.raw(index + 1)?.as_str(), "0" | "");
        Some(if below { -height.abs() } else { height })
    };
    let altitude = at(0).or_else(|| at(2))?;
    let tenths = |height: f64| print::float((height * 10.0).trunc() / 10.0);
    let by_reference = [0, 2].iter().find_map(|&index| {
        let height = print::number(&inputs.raw(index)?)?;
        let reference = inputs.printed(index + 1).filter(|reference| reference.contains("Sea"))?;
        Some(format!("{} m {reference}", tenths(height)))
    });
    let printed = by_reference.unwrap_or_else(|| {
        let side = if altitude < 0.0 { "Below" } else { "Above" };
        format!("{} m {side} Sea Level", tenths(altitude.abs()))
    });
    Some(Made::both(altitude, printed))
}

pub(super) fn position(inputs: &Inputs<'_>) -> Option<Made> {
    let (latitude, longitude) = (inputs.raw(0)?, inputs.raw(1)?);
    if latitude.is_empty() && longitude.is_empty() {
        return None;
    }
    let printed = format!("{}, {}", inputs.printed(0)?, inputs.printed(1)?);
    Some(Made::both(format!("{latitude} {longitude}"), printed))
}

pub(super) fn latitude_ref(inputs: &Inputs<'_>) -> Option<Made> {
    reference(inputs, [("N", "North"), ("S", "South")])
}

pub(super) fn longitude_ref(inputs: &Inputs<'_>) -> Option<Made> {
    reference(inputs, [("E", "East"), ("W", "West")])
}

fn reference(inputs: &Inputs<'_>, [plus, minus]: [(&'static str, &'static str); 2]) -> Option<Made> {
    let text = inputs.raw(0)?;
    let negative = match print::number(&text) {
        Some(degrees) => degrees < 0.0,
        None => text
            .rfind([plus.0, minus.0].concat().chars().collect::<Vec<_>>().as_slice())
            .map(|at| text[at..].starts_with(minus.0))?,
    };
    let (letter, name) = if negative { minus } else { plus };
    Some(Made::both(Value::from(letter), name))
}
