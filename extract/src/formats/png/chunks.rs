//! The chunks of PNG other than text: which tags each one gives.

use super::{Reader, mng};
use crate::{
    Name, Value,
    blocks::{exif, icc, xmp},
    bytes::{Bytes, utf8},
    fields::{self, Field, Kind, joined, lookup},
};

pub(super) static COLOR_TYPES: &[(u64, &str)] =
    &[(0, "Grayscale"), (2, "RGB"), (3, "Palette"), (4, "Grayscale with Alpha"), (6, "RGB with Alpha")];

static HEADER: &[Field] = &[
    Field::new(0, "ImageWidth", Kind::U32),
    Field::new(4, "ImageHeight", Kind::U32),
    Field::new(8, "BitDepth", Kind::U8),
    Field::named(9, "ColorType", Kind::U8, COLOR_TYPES),
    Field::named(10, "Compression", Kind::U8, &[(0, "Deflate/Inflate")]),
    Field::named(11, "Filter", Kind::U8, &[(0, "Adaptive")]),
    Field::named(12, "Interlace", Kind::U8, &[(0, "Noninterlaced"), (1, "Adam7 Interlace")]),
];

pub(super) static PIXEL_SIZE: &[Field] = &[
    Field::new(0, "PixelsPerUnitX", Kind::U32),
    Field::new(4, "PixelsPerUnitY", Kind::U32),
    Field::named(8, "PixelUnits", Kind::U8, &[(0, "Unknown"), (1, "meters")]),
];

static VIRTUAL_PAGE: &[Field] = &[
    Field::new(0, "VirtualImageWidth", Kind::U32),
    Field::new(4, "VirtualImageHeight", Kind::U32),
    Field::new(8, "VirtualPageUnits", Kind::U8),
];

static STEREO: &[Field] =
    &[Field::named(0, "StereoMode", Kind::U8, &[(0, "Cross-fuse Layout"), (1, "Diverging-fuse Layout")])];

static ANIMATION: &[Field] = &[
    Field::new(0, "AnimationFrames", Kind::U32),
    Field::printed(4, "AnimationPlays", Kind::U32, |plays| match plays {
        0 => "inf".into(),
        plays => plays.to_string(),
    }),
];

/// Coding-independent code points (ITU-T H.273).
static CODE_POINTS: &[Field] = &[
    Field::named(
        0,
        "ColorPrimaries",
        Kind::U8,
        &[
            (1, "BT.709"),
            (2, "Unspecified"),
            (4, "BT.470 System M (historical)"),
            (5, "BT.470 System B, G (historical)"),
            (6, "BT.601"),
            (7, "SMPTE 240"),
            (8, "Generic film (color filters using illuminant C)"),
            (9, "BT.2020, BT.2100"),
            (10, "SMPTE 428 (CIE 1921 XYZ)"),
            (11, "SMPTE RP 431-2"),
            (12, "SMPTE EG 432-1"),
            (22, "EBU Tech. 3213-E"),
        ],
    ),
    Field::named(
        1,
        "TransferCharacteristics",
        Kind::U8,
        &[
            (0, "For future use (0)"),
            (1, "BT.709"),
            (2, "Unspecified"),
            (3, "For future use (3)"),
            (4, "BT.470 System M (historical)"),
            (5, "BT.470 System B, G (historical)"),
            (6, "BT.601"),
            (7, "SMPTE 240 M"),
            (8, "Linear"),
            (9, "Logarithmic (100 : 1 range)"),
            (10, "Logarithmic (100 * Sqrt(10) : 1 range)"),
            (11, "IEC 61966-2-4"),
            (12, "BT.1361"),
            (13, "sRGB or sYCC"),
            (14, "BT.2020 10-bit systems"),
            (15, "BT.2020 12-bit systems"),
            (16, "SMPTE ST 2084, ITU BT.2100 PQ"),
            (17, "SMPTE ST 428"),
            (18, "BT.2100 HLG, ARIB STD-B67"),
        ],
    ),
    Field::named(
        2,
        "MatrixCoefficients",
        Kind::U8,
        &[
            (0, "Identity matrix"),
            (1, "BT.709"),
            (2, "Unspecified"),
            (3, "For future use (3)"),
            (4, "US FCC 73.628"),
            (5, "BT.470 System B, G (historical)"),
            (6, "BT.601"),
            (7, "SMPTE 240 M"),
            (8, "YCgCo"),
            (9, "BT.2020 non-constant luminance, BT.2100 YCbCr"),
            (10, "BT.2020 constant luminance"),
            (11, "SMPTE ST 2085 YDzDx"),
            (12, "Chromaticity-derived non-constant luminance"),
            (13, "Chromaticity-derived constant luminance"),
            (14, "BT.2100 ICtCp"),
        ],
    ),
    Field::new(3, "VideoFullRangeFlag", Kind::U8),
];

const CHROMATICITIES: [&str; 8] = ["WhitePointX", "WhitePointY", "RedX", "RedY", "GreenX", "GreenY", "BlueX", "BlueY"];

const RENDERING_INTENTS: &[(u64, &str)] =
    &[(0, "Perceptual"), (1, "Relative Colorimetric"), (2, "Saturation"), (3, "Absolute Colorimetric")];

impl Reader<'_> {
    /// Puts the tags of one chunk.
    pub(super) fn chunk(&mut self, kind: [u8; 4], data: &[u8]) {
        match &kind {
            b"IHDR" => self.header(data),
            b"PLTE" => self.palette(data),
            b"tRNS" => self.transparency(data),
            b"bKGD" => self.put("BackgroundColor", if data.len() < 2 { bytes(data) } else { words(data) }),
            b"sBIT" => self.put("SignificantBits", bytes(data)),
            b"gAMA" => self.gamma(data),
            b"cHRM" => self.chromaticities(data),
            b"sRGB" => self.srgb(data),
            b"cICP" => self.fields("PNG-cICP", CODE_POINTS, data),
            b"pHYs" => self.fields("PNG-pHYs", PIXEL_SIZE, data),
            b"tIME" => self.time(data),
            b"oFFs" => self.offset(data),
            b"sCAL" => self.scale(data),
            b"vpAg" => self.own_fields(VIRTUAL_PAGE, data),
            b"sTER" => self.own_fields(STEREO, data),
            b"acTL" => self.animation(data),
            b"iCCP" => self.icc_profile(data),
            b"tEXt" => self.text(data),
            b"zTXt" => self.compressed_text(data),
            b"iTXt" => self.international_text(data),
            b"tXMP" => xmp::read(data, self.record),
            b"eXIf" | b"zxIf" | b"exIf" | b"EXIf" | b"zXIf" => self.exif(data),
            b"sPLT" => self.binary("SuggestedPalette", data),
            b"hIST" => self.binary("PaletteHistogram", data),
            b"pCAL" => self.binary("PixelCalibration", data),
            b"dSIG" => self.binary("DigitalSignature", data),
            b"fRAc" => self.binary("FractalParameters", data),
            b"gIFg" => self.binary("GIFGraphicControlExtension", data),
            b"gIFt" => self.binary("GIFPlainTextExtension", data),
            b"gIFx" => self.binary("GIFApplicationExtension", data),
            b"iDOT" => self.binary("AppleDataOffsets", data),
            b"cpIp" => self.picture_it(),
            b"gdAT" => self.binary("GainMapImage", data),
            _ if self.mng => mng::chunk(kind, data, self),
            _ => {}
        }
    }

    pub(super) fn put(&mut self, name: impl Into<Name>, value: impl Into<Value>) {
        self.record.put(self.group.clone(), name, value);
    }

    pub(super) fn binary(&mut self, name: impl Into<Name>, data: &[u8]) {
        self.record.put(self.group.clone(), name, Value::bytes(data));
    }

    fn own_fields(&mut self, fields: &'static [Field], data: &[u8]) {
        fields::put(self.record, &self.group, fields, Bytes::big(data));
    }

    /// Fields of a chunk with a group of its own, which the group of the trailer replaces.
    pub(super) fn fields(&mut self, group: &'static str, fields: &'static [Field], data: &[u8]) {
        let group = if self.group == "Trailer" { self.group.clone() } else { group.into() };
        fields::put(self.record, &group, fields, Bytes::big(data));
    }

    fn header(&mut self, data: &[u8]) {
        self.color_type = data.get(9).copied().or(self.color_type);
        self.own_fields(HEADER, data);
    }

    fn palette(&mut self, data: &[u8]) {
        self.put("Palette", if data.len() <= 3 { bytes(data) } else { Value::bytes(data) });
    }

    fn transparency(&mut self, data: &[u8]) {
        let value = match self.color_type {
            _ if data.len() > 6 => Value::bytes(data),
            Some(3) => bytes(data),
            _ => words(data),
        };
        self.put("Transparency", value);
    }

    /// The gamma for decoding, which is the inverse of what is stored.
    fn gamma(&mut self, data: &[u8]) {
        if let Some(stored @ 1..) = Bytes::big(data).u32(0) {
            self.put("Gamma", (1e9 / f64::from(stored) + 0.5).floor() / 1e4);
        }
    }

    fn chromaticities(&mut self, data: &[u8]) {
        for (index, name) in CHROMATICITIES.into_iter().enumerate() {
            if let Some(value) = Bytes::big(data).u32(4 * index) {
                self.put(name, f64::from(value) / 1e5);
            }
        }
    }

    fn srgb(&mut self, data: &[u8]) {
        if let Some(&intent) = data.first() {
            let intent = u64::from(intent);
            let printed = lookup(RENDERING_INTENTS, intent);
            self.record.put_printed(self.group.clone(), "SRGBRendering", intent, printed);
        }
    }

    fn time(&mut self, data: &[u8]) {
        if let [y0, y1, month, day, hour, minute, second, ..] = *data {
            let year = u16::from_be_bytes([y0, y1]);
            let date = format!("{year:04}:{month:02}:{day:02} {hour:02}:{minute:02}:{second:02}");
            self.put("ModifyDate", Value::DateTime(date));
        }
    }

    fn offset(&mut self, data: &[u8]) {
        let data = Bytes::big(data);
        if let (Some(x), Some(y)) = (data.u32(0), data.u32(4)) {
            let unit = if data.u8(8).unwrap_or(0) == 0 { "pixels" } else { "microns" };
            self.put("ImageOffset", format!("{x}, {y} ({unit})"));
        }
    }

    /// Unit, then width and height as texts with a NUL between.
    fn scale(&mut self, data: &[u8]) {
        let Some((&unit, texts)) = data.split_first() else { return };
        let printed = lookup(&[(1, "meters"), (2, "radians")], u64::from(unit));
        self.record.put_printed(self.group.clone(), "SubjectUnits", unit, printed);
        for (name, text) in ["SubjectPixelWidth", "SubjectPixelHeight"].into_iter().zip(texts.split(|&b| b == 0)) {
            self.put(name, utf8(text));
        }
    }

    fn animation(&mut self, data: &[u8]) {
        if data.len() >= 4 && self.record.find("File", "FileType").is_some_and(|tag| tag.raw.plain() == "PNG") {
            self.record.set_file_type("APNG", "PNG", "image/apng");
            self.record.mime = "image/apng".into();
        }
        self.own_fields(ANIMATION, data);
    }

    /// A compound document that Picture It! adds; its contents are not read.
    fn picture_it(&mut self) {
        if let Some(tag) = self.record.find_mut("File", "FileType")
            && tag.raw.plain() == "PNG"
        {
            tag.raw = "PNG Plus".into();
        }
    }

    /// Name, NUL, compression method, compressed profile.
    fn icc_profile(&mut self, data: &[u8]) {
        let Some(nul) = data.iter().position(|&b| b == 0) else { return self.binary("ICC_Profile", data) };
        let (name, rest) = (&data[..nul], &data[nul + 1..]);
        if !name.is_empty() {
            self.put("ProfileName", utf8(name));
        }
        let Some((&method, data)) = rest.split_first() else { return };
        match if method == 0 { self.inflate(data) } else { None } {
            Some(profile) => icc::read(&profile, self.record),
            None => {
                self.record.warn("Error inflating iCCP");
                self.binary("ICC_Profile", data);
            }
        }
    }

    /// A TIFF structure, or a NUL, its length and the compressed structure as once proposed.
    fn exif(&mut self, data: &[u8]) {
        let data = match data.strip_prefix(b"Exif\0\0") {
            Some(data) => {
                self.record.warn("Improper \"Exif00\" header in EXIF chunk");
                data
            }
            None => data,
        };
        match data {
            [0, _, _, _, _, compressed @ ..] => match self.inflate(compressed) {
                Some(tiff) => exif::read(&tiff, self.record),
                None => self.record.warn("Error inflating zxIf"),
            },
            [b'I', b'I', ..] | [b'M', b'M', ..] => exif::read(data, self.record),
            _ => self.record.warn("Invalid eXIf chunk"),
        }
    }
}

pub(super) fn bytes(data: &[u8]) -> Value {
    joined(data.iter()).unwrap_or_else(|| Value::from(""))
}

pub(super) fn words(data: &[u8]) -> Value {
    let words = data.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
    joined(words).unwrap_or_else(|| Value::from(""))
}
