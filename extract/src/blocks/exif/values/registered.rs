//! What the numbers mean: value tables of private tags registered with Adobe, in the order of the tags.

use super::Numbered;

pub(in super::super) static SONY_RAW_FILE_TYPE: Numbered = &[
    (0, "Sony Uncompressed 14-bit RAW"),
    (1, "Sony Uncompressed 12-bit RAW"),
    (2, "Sony Compressed RAW"),
    (3, "Sony Lossless Compressed RAW"),
    (4, "Sony Lossless Compressed RAW 2"),
    (6, "Sony Compressed RAW 2"),
];

pub(in super::super) static VIGNETTING_CORRECTION: Numbered =
    &[(256, "Off"), (257, "Auto"), (272, "Auto (ILCE-1)"), (511, "No correction params available")];

pub(in super::super) static CHROMATIC_ABERRATION_CORRECTION: Numbered =
    &[(0, "Off"), (1, "Auto"), (255, "No correction params available")];

pub(in super::super) static DISTORTION_CORRECTION: Numbered =
    &[(0, "Off"), (1, "Auto"), (17, "Auto fixed by lens"), (255, "No correction params available")];

pub(in super::super) static RASTER_PADDING: Numbered =
    &[(0, "Byte"), (1, "Word"), (2, "Long Word"), (9, "Sector"), (10, "Long Sector")];

pub(in super::super) static IMAGE_COLOR_INDICATOR: Numbered =
    &[(0, "Unspecified Image Color"), (1, "Specified Image Color")];

pub(in super::super) static BACKGROUND_COLOR_INDICATOR: Numbered =
    &[(0, "Unspecified Background Color"), (1, "Specified Background Color")];

pub(in super::super) static HC_USAGE: Numbered = &[(0, "CT"), (1, "Line Art"), (2, "Trap")];

pub(in super::super) static TIFF_FX_EXTENSIONS_BITS: Numbered = &[
    (0, "Resolution/Image Width"),
    (1, "N Layer Profile M"),
    (2, "Shared Data"),
    (3, "B&W JBIG2"),
    (4, "JBIG2 Profile M"),
];

pub(in super::super) static MULTI_PROFILES_BITS: Numbered = &[
    (0, "Profile S"),
    (1, "Profile F"),
    (2, "Profile J"),
    (3, "Profile C"),
    (4, "Profile L"),
    (5, "Profile M"),
    (6, "Profile T"),
    (7, "Resolution/Image Width"),
    (8, "N Layer Profile M"),
    (9, "Shared Data"),
    (10, "JBIG2 Profile M"),
];
