//! FLIR's records of thermal cameras (`FFF`): what the sensor measured and how, palettes, embedded pictures, places.
//!
//! Called by the JPEG reader for APP1 segments. The layout is not published; places and names are ExifTool's.

use crate::{
    Record, Value,
    bytes::{Bytes, Order, utf8},
    fields::{self, Field, Kind, Print},
    print,
};

const GROUP: &str = "FLIR";
/// Most records and measuring tools read.
const MOST: u32 = 64;
/// Bytes of the TIFF head that ExifTool puts before bare samples.
const TIFF_HEAD: u64 = 204;

static HEAD: &[Field] = &[Field::new(4, "CreatorSoftware", Kind::TextIn(16))];

/// Up to the humidity, which has two forms.
static SURROUNDINGS: &[Field] = &[
    Field::decimals(0x020, "Emissivity", Kind::F32, 2, ""),
    Field::decimals(0x024, "ObjectDistance", Kind::F32, 2, " m"),
    Field::decimals(0x028, "ReflectedApparentTemperature", Kind::Kelvin, 1, " C"),
    Field::decimals(0x02c, "AtmosphericTemperature", Kind::Kelvin, 1, " C"),
    Field::decimals(0x030, "IRWindowTemperature", Kind::Kelvin, 1, " C"),
    Field::decimals(0x034, "IRWindowTransmission", Kind::F32, 2, ""),
];

static CAMERA: &[Field] = &[
    Field { at: 0x058, name: "PlanckR1", kind: Kind::F32, print: Print::Digits(8) },
    Field { at: 0x05c, name: "PlanckB", kind: Kind::F32, print: Print::Digits(8) },
    Field { at: 0x060, name: "PlanckF", kind: Kind::F32, print: Print::Digits(8) },
    Field::decimals(0x070, "AtmosphericTransAlpha1", Kind::F32, 6, ""),
    Field::decimals(0x074, "AtmosphericTransAlpha2", Kind::F32, 6, ""),
    Field::decimals(0x078, "AtmosphericTransBeta1", Kind::F32, 6, ""),
    Field::decimals(0x07c, "AtmosphericTransBeta2", Kind::F32, 6, ""),
    Field::decimals(0x080, "AtmosphericTransX", Kind::F32, 6, ""),
    Field::decimals(0x090, "CameraTemperatureRangeMax", Kind::Kelvin, 1, " C"),
    Field::decimals(0x094, "CameraTemperatureRangeMin", Kind::Kelvin, 1, " C"),
    Field::decimals(0x098, "CameraTemperatureMaxClip", Kind::Kelvin, 1, " C"),
    Field::decimals(0x09c, "CameraTemperatureMinClip", Kind::Kelvin, 1, " C"),
    Field::decimals(0x0a0, "CameraTemperatureMaxWarn", Kind::Kelvin, 1, " C"),
    Field::decimals(0x0a4, "CameraTemperatureMinWarn", Kind::Kelvin, 1, " C"),
    Field::decimals(0x0a8, "CameraTemperatureMaxSaturated", Kind::Kelvin, 1, " C"),
    Field::decimals(0x0ac, "CameraTemperatureMinSaturated", Kind::Kelvin, 1, " C"),
    Field::new(0x0d4, "CameraModel", Kind::TextIn(32)),
    Field::new(0x0f4, "CameraPartNumber", Kind::TextIn(16)),
    Field::new(0x104, "CameraSerialNumber", Kind::TextIn(16)),
    Field::new(0x114, "CameraSoftware", Kind::TextIn(16)),
    Field::new(0x170, "LensModel", Kind::TextIn(32)),
    Field::new(0x190, "LensPartNumber", Kind::TextIn(16)),
    Field::new(0x1a0, "LensSerialNumber", Kind::TextIn(16)),
    Field::decimals(0x1b4, "FieldOfView", Kind::F32, 1, " deg"),
    Field::new(0x1ec, "FilterModel", Kind::TextIn(16)),
    Field::new(0x1fc, "FilterPartNumber", Kind::TextIn(32)),
    Field::new(0x21c, "FilterSerialNumber", Kind::TextIn(32)),
    Field::new(0x308, "PlanckO", Kind::I32),
    Field { at: 0x30c, name: "PlanckR2", kind: Kind::F32, print: Print::Digits(8) },
    Field::new(0x310, "RawValueRangeMin", Kind::U16),
    Field::new(0x312, "RawValueRangeMax", Kind::U16),
    Field::new(0x338, "RawValueMedian", Kind::U16),
    Field::new(0x33c, "RawValueRange", Kind::U16),
];

static FOCUS: &[Field] = &[
    Field::new(0x390, "FocusStepCount", Kind::U16),
    Field::decimals(0x45c, "FocusDistance", Kind::F32, 1, " m"),
    Field::new(0x464, "FrameRate", Kind::U16),
];

static PALETTE: &[Field] = &[
    Field::new(0x00, "PaletteColors", Kind::U8),
    Field::new(0x06, "AboveColor", Kind::U8s(3)),
    Field::new(0x09, "BelowColor", Kind::U8s(3)),
    Field::new(0x0c, "OverflowColor", Kind::U8s(3)),
    Field::new(0x0f, "UnderflowColor", Kind::U8s(3)),
    Field::new(0x12, "Isotherm1Color", Kind::U8s(3)),
    Field::new(0x15, "Isotherm2Color", Kind::U8s(3)),
    Field::new(0x1a, "PaletteMethod", Kind::U8),
    Field::new(0x1b, "PaletteStretch", Kind::U8),
];

static PICTURE_IN_PICTURE: &[Field] = &[
    Field::new(0x00, "Real2IR", Kind::F32),
    Field { at: 0x04, name: "OffsetX", kind: Kind::I16, print: Print::Signed },
    Field { at: 0x06, name: "OffsetY", kind: Kind::I16, print: Print::Signed },
    Field::new(0x08, "PiPX1", Kind::I16),
    Field::new(0x0a, "PiPX2", Kind::I16),
    Field::new(0x0c, "PiPY1", Kind::I16),
    Field::new(0x0e, "PiPY2", Kind::I16),
];

/// Texts of the place, left out where empty.
static PLACE_TEXTS: &[(usize, &str, usize, Print)] = &[
    (0x08, "GPSLatitudeRef", 2, Print::Words(&[("N", "North"), ("S", "South")])),
    (0x0a, "GPSLongitudeRef", 2, Print::Words(&[("E", "East"), ("W", "West")])),
    (0x44, "GPSSpeedRef", 2, Print::Words(&[("K", "km/h"), ("M", "mph"), ("N", "knots")])),
    (0x46, "GPSTrackRef", 2, Print::Words(&[("M", "Magnetic North"), ("T", "True North")])),
    (0x48, "GPSImgDirectionRef", 2, Print::Words(&[("M", "Magnetic North"), ("T", "True North")])),
    (0x58, "GPSMapDatum", 16, Print::Plain),
];

/// Puts the tags of a block.
pub fn read(data: &[u8], record: &mut Record) {
    if !matches!(data.get(..4), Some(b"FFF\0" | b"AFF\0")) {
        return;
    }
    // The version tells the byte order.
    let orders = [Order::Big, Order::Little];
    let order =
        orders.into_iter().find(|&order| (Bytes { data, order }).u32(0x14).is_some_and(|v| (100..200).contains(&v)));
    let Some(order) = order else {
        record.warn("Unsupported FLIR FFF version");
        return;
    };
    let view = Bytes { data, order };
    fields::put(record, &GROUP.into(), HEAD, view);
    let (Some(at), Some(count)) = (view.u32(0x18), view.u32(0x1c)) else { return };
    for index in 0..count.min(MOST) {
        let at = at as usize + index as usize * 0x20;
        let (Some(kind), Some(start), Some(length)) = (view.u16(at), view.u32(at + 0x0c), view.u32(at + 0x10)) else {
            record.warn("Truncated FLIR FFF directory");
            return;
        };
        if kind == 0 {
            continue;
        }
        let Some(body) = view.slice(start as usize, length as usize) else {
            record.warn("Invalid FLIR record");
            return;
        };
        one(kind, Bytes { data: body, order }, record);
    }
}

/// One record. Most begin with a small number that tells their own byte order.
fn one(kind: u16, body: Bytes<'_>, record: &mut Record) {
    let little = Bytes::little(body.data);
    match kind {
        0x01 => raw_picture(ordered(body), "RawThermalImage", record),
        0x05 => raw_picture(ordered(body), "GainDeadMapImage", record),
        0x06 => raw_picture(ordered(body), "CoarseMapImage", record),
        0x0e => embedded_picture(ordered(body), record),
        0x20 => camera(ordered(body), record),
        0x21 => measurements(ordered(body), record),
        0x22 => palette(body, record),
        0x23 | 0x2e => texts(body.data, kind == 0x2e, record),
        0x2a => fields::put(record, &GROUP.into(), PICTURE_IN_PICTURE, little),
        0x2b => place(little, record),
        _ => {}
    }
}

fn ordered(body: Bytes<'_>) -> Bytes<'_> {
    match (body.u16(0), body.order) {
        (Some(0x100..), Order::Big) => Bytes::little(body.data),
        (Some(0x100..), Order::Little) => Bytes::big(body.data),
        _ => body,
    }
}

fn raw_picture(body: Bytes<'_>, name: &'static str, record: &mut Record) {
    let (Some(width), Some(height)) = (body.u16(2), body.u16(4)) else { return };
    record.put(GROUP, format!("{name}Width"), width);
    record.put(GROUP, format!("{name}Height"), height);
    let Some(picture) = body.data.get(0x20..).filter(|picture| !picture.is_empty()) else { return };
    let bare = picture.len() == usize::from(width) * usize::from(height) * 2;
    let (kind, head) = match picture_kind(picture) {
        "DAT" if bare && body.order == Order::Little => ("TIFF", TIFF_HEAD),
        kind => (kind, 0),
    };
    record.put(GROUP, format!("{name}Type"), kind);
    record.put(GROUP, name, Value::bytes_unread(picture.len() as u64 + head));
}

fn picture_kind(picture: &[u8]) -> &'static str {
    if picture.starts_with(b"\x89PNG") {
        "PNG"
    } else if picture.starts_with(&[0xff, 0xd8, 0xff]) {
        "JPG"
    } else {
        "DAT"
    }
}

fn embedded_picture(body: Bytes<'_>, record: &mut Record) {
    let (Some(width), Some(height)) = (body.u16(2), body.u16(4)) else { return };
    record.put(GROUP, "EmbeddedImageWidth", width);
    record.put(GROUP, "EmbeddedImageHeight", height);
    if let Some(picture) = body.data.get(0x20..).filter(|picture| picture.len() >= 4) {
        record.put(GROUP, "EmbeddedImageType", picture_kind(picture));
        record.put(GROUP, "EmbeddedImage", Value::bytes_unread(picture.len() as u64));
    }
}

fn camera(body: Bytes<'_>, record: &mut Record) {
    let group = GROUP.into();
    fields::put(record, &group, SURROUNDINGS, body);
    if let Some(humidity) = body.f32(0x3c) {
        // Some write percent.
        let share = f64::from(humidity) / if humidity > 2.0 { 100.0 } else { 1.0 };
        record.put_printed(GROUP, "RelativeHumidity", share, format!("{:.1} %", share * 100.0));
    }
    fields::put(record, &group, CAMERA, body);
    if let (Some(seconds), Some(fraction), Some(zone)) = (body.u32(0x384), body.u32(0x388), body.i16(0x38c)) {
        let zone = i64::from(zone);
        let time = print::unix_time(i64::from(seconds) - zone * 60);
        let sign = if zone > 0 { '-' } else { '+' };
        let (hours, minutes) = (zone.abs() / 60, zone.abs() % 60);
        let text = format!("{time}.{:03}{sign}{hours:02}:{minutes:02}", fraction & 0xffff);
        record.put(GROUP, "DateTimeOriginal", Value::DateTime(text));
    }
    fields::put(record, &group, FOCUS, body);
}

fn palette(body: Bytes<'_>, record: &mut Record) {
    fields::put(record, &GROUP.into(), PALETTE, body);
    for (at, name) in [(0x30, "PaletteFileName"), (0x50, "PaletteName")] {
        let text = body.data.get(at..).map(|rest| crate::bytes::until_nul(&rest[..rest.len().min(32)]));
        // Not valid in all pictures.
        if let Some(text) =
            text.filter(|text| (3..32).contains(&text.len()) && text.iter().all(|b| (b' '..=b'~').contains(b)))
        {
            record.put(GROUP, name, utf8(text));
        }
    }
    let colors = body.u8(0).map_or(0, |colors| 3 * usize::from(colors));
    if let Some(palette) = body.slice(0x70, colors) {
        record.put(GROUP, "Palette", Value::bytes(palette));
    }
}

/// Spots, areas and lines the photographer measured.
fn measurements(body: Bytes<'_>, record: &mut Record) {
    const KINDS: &[(u64, &str)] = &[
        (1, "Spot"),
        (2, "Area"),
        (3, "Ellipse"),
        (4, "Line"),
        (5, "Endpoint"),
        (6, "Alarm"),
        (7, "Unused"),
        (8, "Difference"),
    ];
    let mut at = 12;
    for number in 1..=MOST {
        let Some(length) = body.u16(at).filter(|&length| length >= 0x28) else { return };
        let Some(tool) = body.slice(at, length.into()) else { return };
        let tool = Bytes { data: tool, order: body.order };
        let (Some(params), Some(kind)) = (tool.u16(4), tool.u16(0x0a)) else { return };
        record.put_printed(GROUP, format!("Meas{number}Type"), kind, fields::lookup(KINDS, kind.into()));
        let params = usize::from(params);
        let Some(values) = fields::joined((0..params / 2).map_while(|index| tool.u16(0x24 + 2 * index))) else {
            return;
        };
        record.put(GROUP, format!("Meas{number}Params"), values);
        let label =
            (0..).map_while(|index| tool.u16(0x24 + params + 2 * index)).take_while(|c| (0x20..=0x7f).contains(c));
        let label: String = label.filter_map(|c| char::from_u32(c.into())).collect();
        record.put(GROUP, format!("Meas{number}Label"), label);
        at += usize::from(length);
    }
}

/// Lines of labels, values and parameters: `.0.label text "Place"`.
fn texts(body: &[u8], is_parameters: bool, record: &mut Record) {
    let text = utf8(crate::bytes::until_nul(body.get(12..).unwrap_or_default()));
    for line in text.lines().take(1000) {
        if let Some((_, time)) = line.split_once("# Generated at ").filter(|_| is_parameters) {
            record.put(GROUP, "DateTimeGenerated", Value::DateTime(time.replace('-', ":")));
        }
        let Some((head, rest)) = line.split_once(" \"") else { continue };
        let Some((value, _)) = rest.rsplit_once('"') else { continue };
        let Some((place, _)) = head.rsplit_once(' ') else { continue };
        let mut parts = place.rsplit('.');
        let (Some(kind), Some(number)) = (parts.next(), parts.next()) else { continue };
        let name = match kind {
            "label" => "Label",
            "value" => "Value",
            "param" => "Param",
            _ => continue,
        };
        if number.bytes().all(|b| b.is_ascii_digit()) && !number.is_empty() {
            record.put(GROUP, format!("{name}{number}"), unescaped(value));
        }
    }
}

/// A backslash and four hexadecimal digits are a character.
fn unescaped(text: &str) -> String {
    let mut out = String::new();
    let mut parts = text.split('\\');
    out.extend(parts.next());
    for part in parts {
        match part
            .split_at_checked(4)
            .and_then(|(hex, rest)| Some((char::from_u32(u32::from_str_radix(hex, 16).ok()?)?, rest)))
        {
            Some((c, rest)) => {
                out.push(c);
                out.push_str(rest);
            }
            None => out.push_str(part),
        }
    }
    out
}

fn place(body: Bytes<'_>, record: &mut Record) {
    let Some(valid) = body.u32(0) else { return };
    record.put_printed(GROUP, "GPSValid", valid, fields::lookup(&[(0, "No"), (1, "Yes")], valid.into()));
    if let Some(version) = body.slice(4, 4).filter(|version| *version != [0; 4]) {
        let dotted: Vec<String> = version.iter().map(|&b| char::from(b).to_string()).collect();
        record.put_printed(GROUP, "GPSVersionID", utf8(version), dotted.join("."));
    }
    for &(at, name, length, print) in PLACE_TEXTS {
        let rest = body.data.get(at..).unwrap_or_default();
        if rest.first().is_some_and(|&b| b != 0) {
            let row = [Field { at, name, kind: Kind::TextIn(length), print }];
            fields::put(record, &GROUP.into(), &row, body);
        }
    }
    if valid != 0 {
        for (at, name, letters) in [(0x10, "GPSLatitude", ['N', 'S']), (0x18, "GPSLongitude", ['E', 'W'])] {
            if let Some(degrees) = body.f64(at) {
                record.put_printed(GROUP, name, degrees, print::degrees(degrees, Some(letters)));
            }
        }
        fields::put(record, &GROUP.into(), &[Field::decimals(0x20, "GPSAltitude", Kind::F32, 2, " m")], body);
    }
    let known = |least: f32| move |value: &f32| *value >= least;
    for (at, name) in [(0x4c, "GPSSpeed"), (0x50, "GPSTrack"), (0x54, "GPSImgDirection")] {
        if let Some(value) = body.f32(at).filter(known(0.0)).map(f64::from) {
            record.put_printed(GROUP, name, value, format!("{value:.2}"));
        }
    }
    if let Some(value) = body.f32(0x40).filter(known(f32::MIN_POSITIVE)).map(f64::from) {
        record.put_printed(GROUP, "GPSDOP", value, format!("{value:.2}"));
    }
}
