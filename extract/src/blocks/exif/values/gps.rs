//! What the letters and numbers mean: value tables of the GPS directory.

use super::{Numbered, Worded};

pub(in super::super) static LATITUDE_REF: Worded = &[("N", "North"), ("S", "South")];

pub(in super::super) static LONGITUDE_REF: Worded = &[("E", "East"), ("W", "West")];

pub(in super::super) static ALTITUDE_REF: Numbered = &[
    (0, "Above Sea Level"),
    (1, "Below Sea Level"),
    (2, "Positive Sea Level (sea-level ref)"),
    (3, "Negative Sea Level (sea-level ref)"),
];

pub(in super::super) static STATUS: Worded = &[("A", "Measurement Active"), ("V", "Measurement Void")];

pub(in super::super) static MEASURE_MODE: Numbered =
    &[(2, "2-Dimensional Measurement"), (3, "3-Dimensional Measurement")];

pub(in super::super) static SPEED_REF: Worded = &[("K", "km/h"), ("M", "mph"), ("N", "knots")];

pub(in super::super) static DIRECTION_REF: Worded = &[("M", "Magnetic North"), ("T", "True North")];

pub(in super::super) static DISTANCE_REF: Worded = &[("K", "Kilometers"), ("M", "Miles"), ("N", "Nautical Miles")];

pub(in super::super) static DIFFERENTIAL: Numbered = &[(0, "No Correction"), (1, "Differential Corrected")];
