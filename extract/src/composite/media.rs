//! Durations and rates of sound.

use super::{Inputs, Made};
use crate::print;

pub(super) fn flac_duration(inputs: &Inputs<'_>) -> Option<Made> {
    let seconds = inputs.positive(1)? / inputs.positive(0)?;
    Some(Made::both(seconds, print::duration(seconds)))
}

pub(super) const MPEG_WANTS: &[&str] = &[
    "ID3Size",
    "MPEG:AudioBitrate",
    "MPEG:VideoBitrate",
    "MPEG:VBRFrames",
    "MPEG:SampleRate",
    "MPEG:MPEGAudioVersion",
];

/// From the number of frames, or else, roughly, from the file's size.
pub(super) fn mpeg_duration(inputs: &Inputs<'_>) -> Option<Made> {
    let by_frames = inputs.positive(3).and_then(|frames| Some(8.0 * frames / frame_size(inputs, 4, 5)?));
    let seconds = match by_frames {
        Some(seconds) => seconds,
        None => {
            let rate = [1, 2].iter().filter_map(|&index| inputs.positive(index)).sum::<f64>();
            if rate <= 0.0 {
                return None;
            }
            8.0 * (inputs.file_size as f64 - inputs.number(0).unwrap_or(0.0)) / rate
        }
    };
    Some(Made::both(seconds, format!("{} (approx)", print::duration(seconds))))
}

/// Samples a second over samples a frame, times 8.
fn frame_size(inputs: &Inputs<'_>, rate: usize, version: usize) -> Option<f64> {
    let rate = print::number(&inputs.printed(rate)?)?;
    Some(rate / if inputs.number(version)? == 3.0 { 144.0 } else { 72.0 })
}

pub(super) fn mpeg_bitrate(inputs: &Inputs<'_>) -> Option<Made> {
    let rate = frame_size(inputs, 1, 0)? * inputs.number(2)? / inputs.positive(3)?;
    Some(Made::both(rate, print::bitrate(rate)))
}
