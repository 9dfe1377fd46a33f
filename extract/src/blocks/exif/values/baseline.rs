//! What the numbers mean: value tables of TIFF 6.0 and its supplements, in the order of the tags.

use super::{Numbered, Worded};

pub(in super::super) static INTEROP_INDEX: Worded = &[
    ("R03", "R03 - DCF option file (Adobe RGB)"),
    ("R98", "R98 - DCF basic file (sRGB)"),
    ("THM", "THM - DCF thumbnail file"),
];

pub(in super::super) static SUBFILE_TYPE_BITS: Numbered = &[
    (0, "Reduced resolution"),
    (1, "Single page"),
    (2, "Transparency mask"),
    (3, "TIFF/IT final page"),
    (4, "TIFF-FX mixed raster content"),
];

pub(in super::super) static SUBFILE_TYPE: Numbered = &[
    (0, "Full-resolution image"),
    (1, "Reduced-resolution image"),
    (2, "Single page of multi-page image"),
    (3, "Single page of multi-page reduced-resolution image"),
    (4, "Transparency mask"),
    (5, "Transparency mask of reduced-resolution image"),
    (6, "Transparency mask of multi-page image"),
    (7, "Transparency mask of reduced-resolution multi-page image"),
    (8, "Depth map"),
    (9, "Depth map of reduced-resolution image"),
    (16, "Enhanced image data"),
    (65537, "Alternate reduced-resolution image"),
    (65540, "Semantic Mask"),
    (4294967295, "invalid"),
];

pub(in super::super) static OLD_SUBFILE_TYPE: Numbered =
    &[(1, "Full-resolution image"), (2, "Reduced-resolution image"), (3, "Single page of multi-page image")];

pub(in super::super) static COMPRESSION: Numbered = &[
    (1, "Uncompressed"),
    (2, "CCITT 1D"),
    (3, "T4/Group 3 Fax"),
    (4, "T6/Group 4 Fax"),
    (5, "LZW"),
    (6, "JPEG (old-style)"),
    (7, "JPEG"),
    (8, "Adobe Deflate"),
    (9, "JBIG B&W or VC-5"),
    (10, "JBIG Color"),
    (99, "JPEG"),
    (262, "Kodak 262"),
    (32766, "NeXt or Sony ARW Compressed 2"),
    (32767, "Sony ARW Compressed"),
    (32769, "Packed RAW"),
    (32770, "Samsung SRW Compressed"),
    (32771, "CCIRLEW"),
    (32772, "Samsung SRW Compressed 2"),
    (32773, "PackBits"),
    (32809, "Thunderscan"),
    (32867, "Kodak KDC Compressed"),
    (32895, "IT8CTPAD"),
    (32896, "IT8LW"),
    (32897, "IT8MP"),
    (32898, "IT8BL"),
    (32908, "PixarFilm"),
    (32909, "PixarLog"),
    (32946, "Deflate"),
    (32947, "DCS"),
    (33003, "Aperio JPEG 2000 YCbCr"),
    (33005, "Aperio JPEG 2000 RGB"),
    (34661, "JBIG"),
    (34676, "SGILog"),
    (34677, "SGILog24"),
    (34712, "JPEG 2000"),
    (34713, "Nikon NEF Compressed"),
    (34715, "JBIG2 TIFF FX"),
    (34718, "Microsoft Document Imaging (MDI) Binary Level Codec"),
    (34719, "Microsoft Document Imaging (MDI) Progressive Transform Codec"),
    (34720, "Microsoft Document Imaging (MDI) Vector"),
    (34887, "ESRI Lerc"),
    (34892, "Lossy JPEG"),
    (34925, "LZMA2"),
    (34926, "Zstd (old)"),
    (34927, "WebP (old)"),
    (34933, "PNG"),
    (34934, "JPEG XR"),
    (50000, "Zstd"),
    (50001, "WebP"),
    (50002, "JPEG XL (old)"),
    (52546, "JPEG XL"),
    (65000, "Kodak DCR Compressed"),
    (65535, "Pentax PEF Compressed"),
];

pub(in super::super) static PHOTOMETRIC_INTERPRETATION: Numbered = &[
    (0, "WhiteIsZero"),
    (1, "BlackIsZero"),
    (2, "RGB"),
    (3, "RGB Palette"),
    (4, "Transparency Mask"),
    (5, "CMYK"),
    (6, "YCbCr"),
    (8, "CIELab"),
    (9, "ICCLab"),
    (10, "ITULab"),
    (32803, "Color Filter Array"),
    (32844, "Pixar LogL"),
    (32845, "Pixar LogLuv"),
    (32892, "Sequential Color Filter"),
    (34892, "Linear Raw"),
    (51177, "Depth Map"),
    (52527, "Semantic Mask"),
];

pub(in super::super) static THRESHOLDING: Numbered =
    &[(1, "No dithering or halftoning"), (2, "Ordered dither or halftone"), (3, "Randomized dither")];

pub(in super::super) static FILL_ORDER: Numbered = &[(1, "Normal"), (2, "Reversed")];

pub(in super::super) static ORIENTATION: Numbered = &[
    (1, "Horizontal (normal)"),
    (2, "Mirror horizontal"),
    (3, "Rotate 180"),
    (4, "Mirror vertical"),
    (5, "Mirror horizontal and rotate 270 CW"),
    (6, "Rotate 90 CW"),
    (7, "Mirror horizontal and rotate 90 CW"),
    (8, "Rotate 270 CW"),
];

pub(in super::super) static PLANAR_CONFIGURATION: Numbered = &[(1, "Chunky"), (2, "Planar")];

pub(in super::super) static GRAY_RESPONSE_UNIT: Numbered =
    &[(1, "0.1"), (2, "0.001"), (3, "0.0001"), (4, "1e-05"), (5, "1e-06")];

pub(in super::super) static T4_OPTIONS_BITS: Numbered =
    &[(0, "2-Dimensional encoding"), (1, "Uncompressed"), (2, "Fill bits added")];

pub(in super::super) static T6_OPTIONS_BITS: Numbered = &[(1, "Uncompressed")];

pub(in super::super) static RESOLUTION_UNIT: Numbered = &[(1, "None"), (2, "inches"), (3, "cm")];

pub(in super::super) static PREDICTOR: Numbered = &[
    (1, "None"),
    (2, "Horizontal differencing"),
    (3, "Floating point"),
    (34892, "Horizontal difference X2"),
    (34893, "Horizontal difference X4"),
    (34894, "Floating point X2"),
    (34895, "Floating point X4"),
];

pub(in super::super) static CLEAN_FAX_DATA: Numbered = &[(0, "Clean"), (1, "Regenerated"), (2, "Unclean")];

pub(in super::super) static INK_SET: Numbered = &[(1, "CMYK"), (2, "Not CMYK")];

pub(in super::super) static EXTRA_SAMPLES: Numbered =
    &[(0, "Unspecified"), (1, "Associated Alpha"), (2, "Unassociated Alpha")];

pub(in super::super) static SAMPLE_FORMAT: Numbered =
    &[(1, "Unsigned"), (2, "Signed"), (3, "Float"), (4, "Undefined"), (5, "Complex int"), (6, "Complex float")];

pub(in super::super) static INDEXED: Numbered = &[(0, "Not indexed"), (1, "Indexed")];

pub(in super::super) static OPI_PROXY: Numbered =
    &[(0, "Higher resolution image does not exist"), (1, "Higher resolution image exists")];

pub(in super::super) static PROFILE_TYPE: Numbered = &[(0, "Unspecified"), (1, "Group 3 FAX")];

pub(in super::super) static FAX_PROFILE: Numbered = &[
    (0, "Unknown"),
    (1, "Minimal B&W lossless, S"),
    (2, "Extended B&W lossless, F"),
    (3, "Lossless JBIG B&W, J"),
    (4, "Lossy color and grayscale, C"),
    (5, "Lossless color and grayscale, L"),
    (6, "Mixed raster content, M"),
    (7, "Profile T"),
    (255, "Multi Profiles"),
];

pub(in super::super) static CODING_METHODS_BITS: Numbered = &[
    (0, "Unspecified compression"),
    (1, "Modified Huffman"),
    (2, "Modified Read"),
    (3, "Modified MR"),
    (4, "JBIG"),
    (5, "Baseline JPEG"),
    (6, "JBIG color"),
];

pub(in super::super) static JPEG_PROC: Numbered = &[(1, "Baseline"), (14, "Lossless")];

pub(in super::super) static YCB_CR_SUB_SAMPLING: Worded = &[
    ("1 1", "YCbCr4:4:4 (1 1)"),
    ("1 2", "YCbCr4:4:0 (1 2)"),
    ("1 4", "YCbCr4:4:1 (1 4)"),
    ("2 1", "YCbCr4:2:2 (2 1)"),
    ("2 2", "YCbCr4:2:0 (2 2)"),
    ("2 4", "YCbCr4:2:1 (2 4)"),
    ("4 1", "YCbCr4:1:1 (4 1)"),
    ("4 2", "YCbCr4:1:0 (4 2)"),
];

pub(in super::super) static YCB_CR_POSITIONING: Numbered = &[(1, "Centered"), (2, "Co-sited")];

pub(in super::super) static RENDERING_INTENT: Numbered =
    &[(0, "Perceptual"), (1, "Relative Colorimetric"), (2, "Saturation"), (3, "Absolute colorimetric")];
