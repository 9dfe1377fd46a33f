//! The GPS directory (Exif 3.0, section 4.6.7).

use super::{
    Field,
    How::{Convert, Named, Plain, Unit, Worded},
    field,
};
use crate::blocks::exif::{convert, entry::Type, gps, text, values::gps as values};

/// Sorted by tag.
pub(super) static FIELDS: &[Field] = &[
    field(0x0000, "GPSVersionID", Convert(convert::dotted)),
    field(0x0001, "GPSLatitudeRef", Worded(values::LATITUDE_REF)),
    field(0x0002, "GPSLatitude", Convert(gps::coordinate)),
    field(0x0003, "GPSLongitudeRef", Worded(values::LONGITUDE_REF)),
    field(0x0004, "GPSLongitude", Convert(gps::coordinate)),
    field(0x0005, "GPSAltitudeRef", Named(values::ALTITUDE_REF)),
    field(0x0006, "GPSAltitude", Convert(convert::metres)),
    field(0x0007, "GPSTimeStamp", Convert(gps::time_stamp)),
    field(0x0008, "GPSSatellites", Plain),
    field(0x0009, "GPSStatus", Worded(values::STATUS)),
    field(0x000a, "GPSMeasureMode", Named(values::MEASURE_MODE)),
    field(0x000b, "GPSDOP", Plain),
    field(0x000c, "GPSSpeedRef", Worded(values::SPEED_REF)),
    field(0x000d, "GPSSpeed", Plain),
    field(0x000e, "GPSTrackRef", Worded(values::DIRECTION_REF)),
    field(0x000f, "GPSTrack", Plain),
    field(0x0010, "GPSImgDirectionRef", Worded(values::DIRECTION_REF)),
    field(0x0011, "GPSImgDirection", Plain),
    field(0x0012, "GPSMapDatum", Plain),
    field(0x0013, "GPSDestLatitudeRef", Worded(values::LATITUDE_REF)),
    field(0x0014, "GPSDestLatitude", Convert(gps::coordinate)),
    field(0x0015, "GPSDestLongitudeRef", Worded(values::LONGITUDE_REF)),
    field(0x0016, "GPSDestLongitude", Convert(gps::coordinate)),
    field(0x0017, "GPSDestBearingRef", Worded(values::DIRECTION_REF)),
    field(0x0018, "GPSDestBearing", Plain),
    field(0x0019, "GPSDestDistanceRef", Worded(values::DISTANCE_REF)),
    field(0x001a, "GPSDestDistance", Plain),
    field(0x001b, "GPSProcessingMethod", Convert(text::charset_text)),
    field(0x001c, "GPSAreaInformation", Convert(text::charset_text)),
    field(0x001d, "GPSDateStamp", Convert(gps::date_stamp)).reads(Type::Undefined),
    field(0x001e, "GPSDifferential", Named(values::DIFFERENTIAL)),
    field(0x001f, "GPSHPositioningError", Unit("m")),
];
