//! What the numbers mean: value tables of DNG, in the order of the tags.

use super::Numbered;

pub(in super::super) static USPTO_ORIGINAL_CONTENT_TYPE: Numbered =
    &[(0, "Text or Drawing"), (1, "Grayscale"), (2, "Color")];

pub(in super::super) static CFA_LAYOUT: Numbered = &[
    (1, "Rectangular"),
    (2, "Even columns offset down 1/2 row"),
    (3, "Even columns offset up 1/2 row"),
    (4, "Even rows offset right 1/2 column"),
    (5, "Even rows offset left 1/2 column"),
    (6, "Even rows offset up by 1/2 row, even columns offset left by 1/2 column"),
    (7, "Even rows offset up by 1/2 row, even columns offset right by 1/2 column"),
    (8, "Even rows offset down by 1/2 row, even columns offset left by 1/2 column"),
    (9, "Even rows offset down by 1/2 row, even columns offset right by 1/2 column"),
];

pub(in super::super) static MAKER_NOTE_SAFETY: Numbered = &[(0, "Unsafe"), (1, "Safe")];

pub(in super::super) static COLORIMETRIC_REFERENCE: Numbered = &[
    (0, "Scene-referred"),
    (1, "Output-referred (ICC Profile Dynamic Range)"),
    (2, "Output-referred (High Dyanmic Range)"),
];

pub(in super::super) static PROFILE_EMBED_POLICY: Numbered =
    &[(0, "Allow Copying"), (1, "Embed if Used"), (2, "Never Embed"), (3, "No Restrictions")];

pub(in super::super) static PREVIEW_COLOR_SPACE: Numbered =
    &[(0, "Unknown"), (1, "Gray Gamma 2.2"), (2, "sRGB"), (3, "Adobe RGB"), (4, "ProPhoto RGB")];

pub(in super::super) static OPCODES: Numbered = &[
    (1, "WarpRectilinear"),
    (2, "WarpFisheye"),
    (3, "FixVignetteRadial"),
    (4, "FixBadPixelsConstant"),
    (5, "FixBadPixelsList"),
    (6, "TrimBounds"),
    (7, "MapTable"),
    (8, "MapPolynomial"),
    (9, "GainMap"),
    (10, "DeltaPerRow"),
    (11, "DeltaPerColumn"),
    (12, "ScalePerRow"),
    (13, "ScalePerColumn"),
    (14, "WarpRectilinear2"),
];

pub(in super::super) static PROFILE_HUE_SAT_MAP_ENCODING: Numbered = &[(0, "Linear"), (1, "sRGB")];

pub(in super::super) static DEFAULT_BLACK_RENDER: Numbered = &[(0, "Auto"), (1, "None")];

pub(in super::super) static DEPTH_FORMAT: Numbered = &[(0, "Unknown"), (1, "Linear"), (2, "Inverse")];

pub(in super::super) static DEPTH_UNITS: Numbered = &[(0, "Unknown"), (1, "Meters")];

pub(in super::super) static DEPTH_MEASURE_TYPE: Numbered = &[(0, "Unknown"), (1, "Optical Axis"), (2, "Optical Ray")];
