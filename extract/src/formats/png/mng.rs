//! The chunks that MNG and JNG add to PNG: which tags each one gives, in the group `MNG`.

use super::{
    Reader,
    chunks::{COLOR_TYPES, PIXEL_SIZE, words},
};
use crate::{
    Value,
    bytes::{until_nul, utf8},
    fields::{Field, Kind},
};

const GROUP: &str = "MNG";

/// Puts the tags of one chunk.
pub(super) fn chunk(kind: [u8; 4], data: &[u8], reader: &mut Reader<'_>) {
    let fields = match &kind {
        b"MHDR" => MNG_HEADER,
        b"JHDR" => JNG_HEADER,
        b"BACK" => BACKGROUND,
        b"BASI" => BASIS_OBJECT,
        b"CLIP" => CLIP_OBJECTS,
        b"CLON" => CLONE_OBJECT,
        b"DEFI" => DEFINE_OBJECT,
        b"DHDR" => DELTA_HEADER,
        b"eXPi" => EXPORT_IMAGE,
        b"fPRI" => FRAME_PRIORITY,
        b"LOOP" => LOOP,
        b"MAGN" => MAGNIFY_OBJECT,
        b"MOVE" => MOVE_OBJECTS,
        b"PAST" => PASTE_IMAGE,
        b"PROM" => PROMOTE_PARENT,
        b"SHOW" => SHOW_OBJECTS,
        b"TERM" => TERMINATION_ACTION,
        b"pHYg" => return reader.fields("PNG-pHYs", PIXEL_SIZE, data),
        _ => {
            if let Some((name, value)) = whole(kind, data) {
                reader.record.put(GROUP, name, value);
            }
            return;
        }
    };
    reader.fields(GROUP, fields, data);
}

/// Chunks that are one value.
fn whole(kind: [u8; 4], data: &[u8]) -> Option<(&'static str, Value)> {
    Some(match &kind {
        b"DBYK" => ("DropByKeyword", Value::bytes(data)),
        b"FRAM" => ("Frame", Value::bytes(data)),
        b"nEED" => ("ResourcesNeeded", Value::bytes(data)),
        b"ORDR" => ("OrderingRestrictions", Value::bytes(data)),
        b"PPLT" => ("PartialPalette", Value::bytes(data)),
        b"SAVE" => ("SaveObjects", Value::bytes(data)),
        b"DISC" => ("DiscardObjects", words(data)),
        b"DROP" => ("DropChunks", Value::Text(data.chunks_exact(4).map(utf8).collect::<Vec<_>>().join(" "))),
        b"SEEK" => ("SeekPoint", Value::Text(utf8(until_nul(data)))),
        _ => return None,
    })
}

static MAGNIFICATIONS: &[(u64, &str)] = &[
    (0, "No Magnification"),
    (1, "Pixel Replication"),
    (2, "Linear Interpolation"),
    (3, "Closest Pixel"),
    (4, "Color Linear Interpolation and Alpha Closest Pixel"),
    (5, "Color Closest Pixel and Alpha Linear Interpolation"),
];

static BACKGROUND: &[Field] = &[
    Field::new(0, "BackgroundColor", Kind::U16s(3)),
    Field::named(
        6,
        "MandatoryBackground",
        Kind::U8,
        &[
            (0, "Color and Image Advisory"),
            (1, "Color Mandatory, Image Advisory"),
            (2, "Color Advisory, Image Mandatory"),
            (3, "Color and Image Mandatory"),
        ],
    ),
    Field::new(7, "BackgroundImageID", Kind::U16),
    Field::named(9, "BackgroundTiling", Kind::U8, &[(0, "No"), (1, "Yes")]),
];

static BASIS_OBJECT: &[Field] = &[
    Field::new(0, "ImageWidth", Kind::U32),
    Field::new(4, "ImageHeight", Kind::U32),
    Field::new(8, "BitDepth", Kind::U8),
    Field::named(9, "ColorType", Kind::U8, COLOR_TYPES),
    Field::named(10, "Compression", Kind::U8, &[(0, "Deflate/Inflate")]),
    Field::named(11, "Filter", Kind::U8, &[(0, "Adaptive")]),
    Field::named(12, "Interlace", Kind::U8, &[(0, "Noninterlaced"), (1, "Adam7 Interlace")]),
    Field::new(13, "RedSample", Kind::U32),
    Field::new(17, "GreenSample", Kind::U32),
    Field::new(21, "BlueSample", Kind::U32),
    Field::new(25, "AlphaSample", Kind::U32),
    Field::new(26, "Viewable", Kind::U8),
];

static CLIP_OBJECTS: &[Field] = &[
    Field::new(0, "FirstObject", Kind::U16),
    Field::new(2, "LastObject", Kind::U16),
    Field::named(4, "DeltaType", Kind::U8, &[(0, "Absolute"), (1, "Relative")]),
    Field::new(5, "ClipBoundary", Kind::U32s(4)),
];

static CLONE_OBJECT: &[Field] = &[
    Field::new(0, "SourceID", Kind::U16),
    Field::new(2, "CloneID", Kind::U16),
    Field::named(4, "CloneType", Kind::U8, &[(0, "Full"), (1, "Parital"), (2, "Renumber object")]),
    Field::new(5, "DoNotShow", Kind::U8),
    Field::new(6, "ConcreteFlag", Kind::U8),
    Field::named(7, "LocalDeltaType", Kind::U8, &[(0, "Absolute"), (1, "Relative")]),
    Field::new(8, "DeltaXY", Kind::U32s(2)),
];

static DEFINE_OBJECT: &[Field] = &[
    Field::new(0, "ObjectID", Kind::U16),
    Field::new(2, "DoNotShow", Kind::U8),
    Field::new(3, "ConcreteFlag", Kind::U8),
    Field::new(4, "XYLocation", Kind::U32s(2)),
    Field::new(12, "ClippingBoundary", Kind::U32s(4)),
];

static DELTA_HEADER: &[Field] = &[
    Field::new(0, "ObjectID", Kind::U16),
    Field::named(2, "ImageType", Kind::U8, &[(0, "Unspecified"), (1, "PNG"), (2, "JNG")]),
    Field::named(
        3,
        "DeltaType",
        Kind::U8,
        &[
            (0, "Full Replacement"),
            (1, "Pixel Addition"),
            (2, "Alpha Addition"),
            (3, "Color Addition"),
            (4, "Pixel Replacement"),
            (5, "Alpha Replacement"),
            (6, "Color Replacement"),
            (7, "No Change"),
        ],
    ),
    Field::new(4, "BlockSize", Kind::U32s(2)),
    Field::new(12, "BlockLocation", Kind::U32s(2)),
];

static EXPORT_IMAGE: &[Field] = &[Field::new(0, "SnapshotID", Kind::U16), Field::new(2, "SnapshotName", Kind::Text)];

static FRAME_PRIORITY: &[Field] =
    &[Field::named(0, "DeltaType", Kind::U8, &[(0, "Absolute"), (1, "Relative")]), Field::new(2, "Priority", Kind::U8)];

static JNG_HEADER: &[Field] = &[
    Field::new(0, "ImageWidth", Kind::U32),
    Field::new(4, "ImageHeight", Kind::U32),
    Field::named(8, "ColorType", Kind::U8, &[(8, "Gray"), (10, "Color"), (12, "Gray Alpha"), (14, "Color Alpha")]),
    Field::new(9, "BitDepth", Kind::U8),
    Field::named(10, "Compression", Kind::U8, &[(8, "Huffman-coded baseline JPEG")]),
    Field::named(11, "Interlace", Kind::U8, &[(0, "Sequential"), (8, "Progressive")]),
    Field::new(12, "AlphaBitDepth", Kind::U8),
    Field::named(13, "AlphaCompression", Kind::U8, &[(0, "MNG Grayscale IDAT"), (8, "JNG 8-bit Grayscale JDAA")]),
    Field::named(14, "AlphaFilter", Kind::U8, &[(0, "Adaptive MNG (N/A for JPEG)")]),
    Field::named(15, "AlphaInterlace", Kind::U8, &[(0, "Noninterlaced")]),
];

static LOOP: &[Field] = &[
    Field::new(0, "NestLevel", Kind::U8),
    Field::new(1, "IterationCount", Kind::U32),
    Field::named(
        5,
        "TerminationCondition",
        Kind::U8,
        &[
            (0, "Deterministic, not cacheable"),
            (1, "Decoder discretion, not cacheable"),
            (2, "User discretion, not cacheable"),
            (3, "External signal, not cacheable"),
            (4, "Deterministic, cacheable"),
            (5, "Decoder discretion, cacheable"),
            (6, "User discretion, cacheable"),
            (7, "External signal, cacheable"),
        ],
    ),
    Field::new(6, "IterationMinMax", Kind::U32s(2)),
    Field::new(14, "SignalNumber", Kind::U32),
];

static MAGNIFY_OBJECT: &[Field] = &[
    Field::new(0, "FirstObjectID", Kind::U16),
    Field::new(2, "LastObjectID", Kind::U16),
    Field::named(4, "XMethod", Kind::U8, MAGNIFICATIONS),
    Field::new(5, "XMag", Kind::U16),
    Field::new(7, "YMag", Kind::U16),
    Field::new(9, "LeftMag", Kind::U16),
    Field::new(11, "RightMag", Kind::U16),
    Field::new(13, "TopMag", Kind::U16),
    Field::new(15, "BottomMag", Kind::U16),
    Field::named(17, "YMethod", Kind::U8, MAGNIFICATIONS),
];

static MNG_HEADER: &[Field] = &[
    Field::new(0, "ImageWidth", Kind::U32),
    Field::new(4, "ImageHeight", Kind::U32),
    Field::new(8, "TicksPerSecond", Kind::U32),
    Field::new(12, "NominalLayerCount", Kind::U32),
    Field::new(16, "NominalFrameCount", Kind::U32),
    Field::new(20, "NominalPlayTime", Kind::U32),
    Field::printed(24, "SimplicityProfile", Kind::U32, |n| format!("0x{n:08x}")),
];

static MOVE_OBJECTS: &[Field] = &[
    Field::new(0, "FirstObject", Kind::U16),
    Field::new(2, "LastObject", Kind::U16),
    Field::named(4, "DeltaType", Kind::U8, &[(0, "Absolute"), (1, "Relative")]),
    Field::new(5, "DeltaXY", Kind::U32s(2)),
];

static PASTE_IMAGE: &[Field] = &[
    Field::new(0, "DestinationID", Kind::U16),
    Field::named(2, "TargetDeltaType", Kind::U8, &[(0, "Absolute"), (1, "Relative")]),
    Field::new(3, "TargetXY", Kind::U32s(2)),
    Field::new(11, "SourceID", Kind::U16),
    Field::named(13, "CompositionMode", Kind::U8, &[(0, "Over"), (1, "Replace"), (2, "Under")]),
    Field::named(
        14,
        "Orientation",
        Kind::U8,
        &[
            (0, "Same as source"),
            (2, "Flipped left-right, then up-down"),
            (4, "Flipped left-right"),
            (6, "Flipped up-down"),
            (8, "Tiled"),
        ],
    ),
    Field::named(15, "OffsetOrigin", Kind::U8, &[(0, "Desination Origin"), (1, "Target Origin")]),
    Field::new(16, "OffsetXY", Kind::U32s(2)),
    Field::named(24, "BoundaryOrigin", Kind::U8, &[(0, "Desination Origin"), (1, "Target Origin")]),
    Field::new(25, "PastClippingBoundary", Kind::U32s(4)),
];

static PROMOTE_PARENT: &[Field] = &[
    Field::new(0, "NewColorType", Kind::U8),
    Field::new(1, "NewBitDepth", Kind::U8),
    Field::named(2, "FillMethod", Kind::U8, &[(0, "Bit Replication"), (1, "Zero Fill")]),
];

static SHOW_OBJECTS: &[Field] = &[
    Field::new(0, "FirstObject", Kind::U16),
    Field::new(2, "LastObject", Kind::U16),
    Field::new(4, "ShowMode", Kind::U8),
];

static TERMINATION_ACTION: &[Field] = &[
    Field::named(
        0,
        "TerminationAction",
        Kind::U8,
        &[(0, "Show Last Frame"), (1, "Display Nothing"), (2, "Show First Frame"), (3, "Repeat Sequence")],
    ),
    Field::named(
        1,
        "IterationEndAction",
        Kind::U8,
        &[(0, "Show Last Frame"), (1, "Display Nothing"), (2, "Show First Frame")],
    ),
    Field::new(2, "Delay", Kind::U32),
    Field::new(6, "IterationMax", Kind::U32),
];
