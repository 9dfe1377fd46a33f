//! Exposure, optics and lens.

use super::{Inputs, Made, first_number};
use crate::{Value, blocks::exif, print};

/// Half the field of view's base and the diagonal of the 35 mm frame, in millimetres.
const FRAME_WIDTH: f64 = 36.0;
const FRAME_HEIGHT: f64 = 24.0;

fn frame_diagonal() -> f64 {
    FRAME_WIDTH.hypot(FRAME_HEIGHT)
}

/// A value as its source has it, with the printed form of its number.
fn shown(inputs: &Inputs<'_>, index: usize, show: fn(f64) -> String) -> Option<Made> {
    let raw = inputs.tag(index)?.raw.clone();
    let printed = print::number(&raw.plain()).map(show);
    Some(Made { printed, ..Made::plain(raw) })
}

pub(super) fn shutter_speed(inputs: &Inputs<'_>) -> Option<Made> {
    let bulb = inputs.number(2).is_some_and(|seconds| seconds > 0.0);
    let index = if bulb {
        2
    } else if inputs.tag(0).is_some() {
        0
    } else {
        1
    };
    shown(inputs, index, print::exposure_time)
}

pub(super) fn aperture(inputs: &Inputs<'_>) -> Option<Made> {
    // An f-number of 1 is an APEX value of 0, which counts as none.
    let none = |index: usize, value: &str| value.is_empty() || value == "0" || (index == 1 && value == "1");
    let index = (0..2).find(|&index| inputs.raw(index).is_some_and(|value| !none(index, &value)))?;
    shown(inputs, index, print::f_number)
}

pub(super) fn light_value(inputs: &Inputs<'_>) -> Option<Made> {
    // ISO may be a list in its printed form.
    let iso = first_number(&inputs.printed(2)?)?;
    let (aperture, seconds) = (inputs.number(0)?, inputs.number(1)?);
    if aperture <= 0.0 || seconds <= 0.0 || iso <= 0.0 {
        return None;
    }
    let value = (aperture * aperture * 100.0 / (seconds * iso)).log2();
    Some(Made::both(value, format!("{value:.1}")))
}

/// Focal length, its equivalent, the size of the sensor or what it can be computed from, sizes of the image.
pub(super) const SCALE_FACTOR_WANTS: &[&str] = &[
    "FocalLength",
    "FocalLengthIn35mmFormat",
    "FocalPlaneResolutionUnit",
    "FocalPlaneXResolution",
    "FocalPlaneYResolution",
    "Make",
    "ExifImageWidth",
    "ExifImageHeight",
    "ImageWidth",
    "ImageHeight",
];

pub(super) fn scale_factor(inputs: &Inputs<'_>) -> Option<Made> {
    let factor = match (inputs.positive(0), inputs.positive(1)) {
        (Some(focal), Some(equivalent)) => equivalent / focal,
        _ => frame_diagonal() / sensor_diagonal(inputs)?,
    };
    Some(Made::both(factor, format!("{factor:.1}")))
}

fn sensor_diagonal(inputs: &Inputs<'_>) -> Option<f64> {
    if inputs.raw(5).as_deref() == Some("Canon")
        && let Some(diagonal) = canon_diagonal(inputs)
    {
        return Some(diagonal);
    }
    let millimetres = match inputs.raw(2).as_deref() {
        Some("3") => 10.0,
        Some("4") => 1.0,
        Some("5") => 0.001,
        _ => 25.4,
    };
    let across = inputs.positive(3)?;
    let down = inputs.positive(4).unwrap_or(across);
    // The first size of a sensible shape.
    let (width, height) = [(6, 7), (8, 9)].iter().find_map(|&(width, height)| {
        let (width, height) = (inputs.positive(width)?, inputs.positive(height)?);
        let shape = width / height;
        (shape > 0.5 && shape < 2.0).then_some((width, height))
    })?;
    let diagonal = (width * millimetres / across).hypot(height * millimetres / down);
    (diagonal > 1.0 && diagonal < 100.0).then_some(diagonal)
}

/// Most Canon cameras write the image's size times 1000 and the sensor's in thousandths of an inch.
fn canon_diagonal(inputs: &Inputs<'_>) -> Option<f64> {
    let quotient = |index: usize| match inputs.tag(index)?.raw {
        Value::Rational { numerator, denominator } => Some((numerator, denominator)),
        _ => None,
    };
    let ((width, across), (height, down)) = (quotient(3)?, quotient(4)?);
    let sensible = width % 1000 == 0
        && height % 1000 == 0
        && (640_000..10_000_000).contains(&width)
        && (480_000..10_000_000).contains(&height)
        && (61..1500).contains(&across)
        && (61..1000).contains(&down)
        && across != down;
    sensible.then(|| (across as f64).hypot(down as f64) * 0.0254)
}

pub(super) fn focal_length(inputs: &Inputs<'_>) -> Option<Made> {
    let focal = inputs.number(0).unwrap_or(0.0);
    Some(match inputs.positive(1) {
        Some(factor) => {
            let equivalent = focal * factor;
            Made::both(equivalent, format!("{focal:.1} mm (35 mm equivalent: {equivalent:.1} mm)"))
        }
        None => Made::both(focal, format!("{focal:.1} mm")),
    })
}

pub(super) fn circle_of_confusion(inputs: &Inputs<'_>) -> Option<Made> {
    let circle = frame_diagonal() / (inputs.positive(0)? * 1440.0);
    // Text, as ExifTool's own value is.
    Some(Made::both(circle, format!("{circle:.3} mm")))
}

pub(super) fn hyperfocal_distance(inputs: &Inputs<'_>) -> Option<Made> {
    let focal = inputs.number(0).unwrap_or(0.0);
    Some(match (inputs.positive(1), inputs.positive(2)) {
        (Some(aperture), Some(circle)) => {
            let distance = focal * focal / (aperture * circle * 1000.0);
            Made::both(distance, format!("{distance:.2} m"))
        }
        _ => Made::both("inf", "Inf m"),
    })
}

/// Where the focus or the subject is.
pub(super) const DISTANCES: &[&str] = &[
    "FocusDistance",
    "SubjectDistance",
    "ObjectDistance",
    "ApproximateFocusDistance",
    "FocusDistanceLower",
    "FocusDistanceUpper",
];

pub(super) fn depth_of_field(inputs: &Inputs<'_>) -> Option<Made> {
    let distance = match inputs.number(3) {
        Some(0.0) => 1e10,
        Some(distance) => distance,
        None => match inputs.positive(4).or(inputs.positive(5)).or(inputs.number(6)) {
            Some(distance) => distance,
            None => (inputs.number(7)? + inputs.number(8)?) / 2.0,
        },
    };
    let (Some(focal), Some(circle)) = (inputs.positive(0), inputs.positive(2)) else {
        return Some(Made::both(0_u8, "inf (0.00 m - inf)"));
    };
    let blur = inputs.number(1)? * circle * (distance * 1000.0 - focal) / (focal * focal);
    let near = distance / (1.0 + blur);
    let far = (distance / (1.0 - blur)).max(0.0);
    let raw = format!("{} {}", print::float(near), print::float(far));
    if far == 0.0 || !far.is_finite() {
        return Some(Made::both(raw, format!("inf ({near:.2} m - inf)")));
    }
    let depth = far - near;
    let digits = if depth > 0.0 && depth < 0.02 { 3 } else { 2 };
    Some(Made::both(raw, format!("{depth:.digits$} m ({near:.digits$} - {far:.digits$} m)")))
}

pub(super) fn field_of_view(inputs: &Inputs<'_>) -> Option<Made> {
    let (focal, factor) = (inputs.positive(0)?, inputs.positive(1)?);
    let distance = inputs.positive(2);
    let beyond = distance.map(|distance| 1000.0 * distance - focal).filter(|beyond| *beyond > 0.0);
    let closeness = 1.0 + beyond.map_or(0.0, |beyond| focal / beyond);
    let half = FRAME_WIDTH.atan2(2.0 * focal * factor * closeness);
    // ExifTool's own value of pi.
    #[expect(clippy::approx_constant, reason = "the values agree with ExifTool's only so")]
    let angle = half * 360.0 / 3.14159;
    let printed = format!("{angle:.1} deg");
    Some(match distance.filter(|distance| *distance > 0.0 && *distance < 10_000.0) {
        Some(distance) => {
            let width = 2.0 * distance * half.tan();
            Made::both(format!("{} {}", print::float(angle), print::float(width)), format!("{printed} ({width:.2} m)"))
        }
        None => Made::both(angle, printed),
    })
}

/// Their maker notes say which lens it is.
pub(super) const MAKERS_OF_LENSES: &[&str] = &[
    "Canon",
    "NIKON",
    "SONY",
    "PENTAX",
    "RICOH",
    "OLYMPUS",
    "OM Digital",
    "Panasonic",
    "SAMSUNG",
    "SIGMA",
    "LEICA",
    "Leica",
    "Minolta",
    "KONICA",
    "Hasselblad",
];

/// A lens by its name, where that holds a focal length.
pub(super) fn lens_id(inputs: &Inputs<'_>) -> Option<Made> {
    if inputs.tag(2).is_some() && inputs.tag(3).is_some() {
        return None;
    }
    let named =
        |index: usize| inputs.raw(index).filter(|name| name.contains("mm") || digit_before(name, "/F").is_some());
    let name = named(0).or_else(|| named(1))?;
    let mut printed = name.clone();
    if let Some(at) = digit_before(&printed, "/F") {
        printed.replace_range(at..at + 2, "mm F");
    }
    printed = printed.replacen("mmF", "mm F", 1);
    if let Some(at) = digit_before(&printed, " mm") {
        printed.remove(at);
    }
    Some(Made::both(name, printed.replacen(" - ", "-", 1)))
}

/// Where `mark` first follows a digit.
fn digit_before(text: &str, mark: &str) -> Option<usize> {
    text.match_indices(mark).map(|(at, _)| at).find(|&at| at > 0 && text.as_bytes()[at - 1].is_ascii_digit())
}

/// The wave length at which a thermal sensor sees most, from its Planck constant.
pub(super) fn peak_sensitivity(inputs: &Inputs<'_>) -> Option<Made> {
    let peak = 14387.6515 / inputs.positive(0)?;
    Some(Made { group: "FLIR".into(), ..Made::both(peak, format!("{peak:.1} um")) })
}

/// The flash of XMP, as Exif's number.
pub(super) fn flash(inputs: &Inputs<'_>) -> Option<Made> {
    let Value::Struct(fields) = &inputs.tag(0)?.raw else { return None };
    let field = |name: &str| fields.iter().find(|field| field.0 == name).map(|field| field.1.plain());
    let is = |name: &str| field(name).is_some_and(|value| value.eq_ignore_ascii_case("true"));
    let number = |name: &str| field(name).and_then(|value| value.parse::<u64>().ok()).unwrap_or(0).min(255);
    let value = u64::from(is("Fired"))
        | number("Return") << 1
        | number("Mode") << 3
        | u64::from(is("Function")) << 5
        | u64::from(is("RedEyeMode")) << 6;
    Some(Made::both(value, exif::flash_name(value)))
}

pub(super) fn cfa_pattern(inputs: &Inputs<'_>) -> Option<Made> {
    let (size, colors) = (inputs.raw(0)?, inputs.raw(1)?);
    let words: Vec<usize> = size.split(' ').filter_map(|word| word.parse().ok()).collect();
    let count = colors.split(' ').count();
    match words.as_slice() {
        [columns, rows] if columns.checked_mul(*rows) == Some(count) => {
            let raw = format!("{size} {colors}");
            Some(Made::both(raw, exif::cfa_colors(*rows, &colors)))
        }
        _ => Some(Made::both("?", "<truncated data>")),
    }
}
