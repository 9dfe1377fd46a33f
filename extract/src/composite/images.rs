//! Sizes of images, and images within the file.

use super::{Inputs, Made};
use crate::{Value, print};

pub(super) fn size(inputs: &Inputs<'_>) -> Option<Made> {
    let (width, height) = (inputs.raw(0)?, inputs.raw(1)?);
    print::number(&width).and(print::number(&height))?;
    Some(Made::both(format!("{width} {height}"), format!("{width}x{height}")))
}

pub(super) fn megapixels(inputs: &Inputs<'_>) -> Option<Made> {
    let size = inputs.raw(0)?;
    let mut numbers = size.split(|c: char| !c.is_ascii_digit()).filter_map(|digits| digits.parse::<f64>().ok());
    let pixels = numbers.next()? * numbers.next()? / 1e6;
    let digits = match pixels {
        1.0.. => 1,
        0.001.. => 3,
        _ => 6,
    };
    Some(Made::both(pixels, format!("{pixels:.digits$}")))
}

/// An image by its place and length; it is not read.
pub(super) fn embedded(inputs: &Inputs<'_>) -> Option<Made> {
    let length = inputs.number(1).filter(|length| *length > 0.0)? as u64;
    let start = inputs.number(0).filter(|start| *start > 0.0)? as u64;
    if start.checked_add(length)? > inputs.file_size {
        return None;
    }
    Some(Made { group: inputs.tag(0)?.group.clone(), ..Made::plain(Value::bytes_unread(length)) })
}
