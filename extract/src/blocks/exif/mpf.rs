//! Multi-Picture Format (CIPA DC-007): which images one file holds, and where.

use super::{
    entry::{Raw, Shown},
    tags::{
        Field,
        How::{Binary, Convert, Embedded, Plain},
        field,
    },
    values::{self, Numbered},
};
use crate::{Record, Value, blocks::exif::Block, bytes::Bytes};

/// Most images listed.
const MOST_IMAGES: usize = 64;

/// Sorted by tag.
pub(super) static FIELDS: &[Field] = &[
    field(0xb000, "MPFVersion", Plain),
    field(0xb001, "NumberOfImages", Plain),
    field(0xb002, "MPImageList", Embedded(Block::MpImages)),
    field(0xb003, "ImageUIDList", Binary),
    field(0xb004, "TotalFrames", Plain),
    field(0xb101, "MPIndividualNum", Plain),
    field(0xb201, "PanOrientation", Convert(pan_orientation)),
    field(0xb202, "PanOverlapH", Plain),
    field(0xb203, "PanOverlapV", Plain),
    field(0xb204, "BaseViewpointNum", Plain),
    field(0xb205, "ConvergenceAngle", Plain),
    field(0xb206, "BaselineLength", Plain),
    field(0xb207, "VerticalDivergence", Plain),
    field(0xb208, "AxisDistanceX", Plain),
    field(0xb209, "AxisDistanceY", Plain),
    field(0xb20a, "AxisDistanceZ", Plain),
    field(0xb20b, "YawAngle", Plain),
    field(0xb20c, "PitchAngle", Plain),
    field(0xb20d, "RollAngle", Plain),
];

static STARTS: Numbered = &[
    (0, "[unused]"),
    (1, "Start at top right"),
    (2, "Start at top left"),
    (3, "Start at bottom left"),
    (4, "Start at bottom right"),
];

static DIRECTIONS: Numbered = &[
    (0x01, "Left to right"),
    (0x02, "Right to left"),
    (0x03, "Top to bottom"),
    (0x04, "Bottom to top"),
    (0x10, "Clockwise"),
    (0x20, "Counter clockwise"),
    (0x30, "Zigzag (row start)"),
    (0x40, "Zigzag (column start)"),
];

static FLAGS: Numbered = &[(2, "Representative image"), (3, "Dependent child image"), (4, "Dependent parent image")];

static TYPES: Numbered = &[
    (0x00_0000, "Undefined"),
    (0x01_0001, "Large Thumbnail (VGA equivalent)"),
    (0x01_0002, "Large Thumbnail (full HD equivalent)"),
    (0x01_0003, "Large Thumbnail (4K equivalent)"),
    (0x01_0004, "Large Thumbnail (8K equivalent)"),
    (0x01_0005, "Large Thumbnail (16K equivalent)"),
    (0x02_0001, "Multi-frame Panorama"),
    (0x02_0002, "Multi-frame Disparity"),
    (0x02_0003, "Multi-angle"),
    (0x03_0000, "Baseline MP Primary Image"),
    (0x04_0000, "Original Preservation Image"),
    (0x05_0000, "Gain Map Image"),
];

/// Rows, columns, start and direction in four bytes.
fn pan_orientation(value: &Raw<'_>) -> Option<Shown> {
    let [rows, columns, start, direction] = (value.whole(0)? as u32).to_be_bytes();
    let named =
        |table, byte: u8| values::name(table, byte.into()).map_or_else(|| format!("Unknown (0x{byte:x})"), Into::into);
    let printed = format!("{rows} rows; {columns} columns; {}; {}", named(STARTS, start), named(DIRECTIONS, direction));
    Some(Shown::both(format!("{rows} {columns} {start} {direction}"), printed))
}

/// Puts the list of images: 16 bytes each, places counted from `base` but for 0, which is this image.
pub(super) fn images(list: &Raw<'_>, base: u64, record: &mut Record) {
    for (index, entry) in list.bytes.chunks_exact(16).take(MOST_IMAGES).enumerate() {
        image(index + 1, Bytes { data: entry, order: list.order }, base, record);
    }
}

fn image(number: usize, entry: Bytes<'_>, base: u64, record: &mut Record) {
    let group = format!("MPImage{number}");
    let (Some(attributes), Some(length), Some(start)) = (entry.u32(0), entry.u32(4), entry.u32(8)) else { return };
    let flags = attributes >> 27;
    record.put_printed(group.clone(), "MPImageFlags", flags, values::bits(FLAGS, &flags.to_string()));
    let format = attributes >> 24 & 7;
    let printed = if format == 0 { "JPEG".to_owned() } else { format!("Unknown ({format})") };
    record.put_printed(group.clone(), "MPImageFormat", format, printed);
    let kind = attributes & 0xff_ffff;
    let printed = values::name(TYPES, kind.into()).map_or_else(|| format!("Unknown (0x{kind:x})"), Into::into);
    record.put_printed(group.clone(), "MPImageType", kind, printed);
    record.put(group.clone(), "MPImageLength", length);
    let place = if start == 0 { 0 } else { u64::from(start) + base };
    record.put(group.clone(), "MPImageStart", place);
    for (name, at) in [("DependentImage1EntryNumber", 12), ("DependentImage2EntryNumber", 14)] {
        record.put(group.clone(), name, entry.u16(at).map_or(Value::Text(String::new()), Value::from));
    }
    if place > 0 && length > 0 {
        let name = if kind & 0x0f_0000 == 0x01_0000 { "PreviewImage".to_owned() } else { format!("MPImage{number}") };
        record.put(group, name, Value::bytes_unread(length.into()));
    }
}
