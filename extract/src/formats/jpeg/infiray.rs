//! Segments of InfiRay's thermal cameras: measurements beside the picture, little-endian, from APP2 to APP9.

use crate::{
    Record, Value,
    bytes::Bytes,
    fields::{self, Field, Kind, Print},
};

static VERSION: &[Field] = &[
    Field::new(0x000, "IJPEGVersion", Kind::U8s(4)),
    Field::new(0x00c, "IJPEGOrgType", Kind::U8),
    Field::new(0x00d, "IJPEGDispType", Kind::U8),
    Field::new(0x00e, "IJPEGRotate", Kind::U8),
    Field::new(0x00f, "IJPEGMirrorFlip", Kind::U8),
    Field::new(0x010, "ImageColorSwitchable", Kind::U8),
    Field::new(0x011, "ThermalColorPalette", Kind::U16),
    Field::new(0x020, "IRDataSize", Kind::U64),
    Field::new(0x028, "IRDataFormat", Kind::U16),
    Field::new(0x02a, "IRImageWidth", Kind::U16),
    Field::new(0x02c, "IRImageHeight", Kind::U16),
    Field::new(0x02e, "IRImageBpp", Kind::U8),
    Field::new(0x030, "TempDataSize", Kind::U64),
    Field::new(0x038, "TempDataFormat", Kind::U16),
    Field::new(0x03a, "TempImageWidth", Kind::U16),
    Field::new(0x03c, "TempImageHeight", Kind::U16),
    Field::new(0x03e, "TempImageBpp", Kind::U8),
    Field::new(0x040, "VisibleDataSize", Kind::U64),
    Field::new(0x048, "VisibleDataFormat", Kind::U16),
    Field::new(0x04a, "VisibleImageWidth", Kind::U16),
    Field::new(0x04c, "VisibleImageHeight", Kind::U16),
    Field::new(0x04e, "VisibleImageBpp", Kind::U8),
];

static FACTORY: &[Field] = &[
    Field::new(0x000, "IJPEGTempVersion", Kind::U8s(4)),
    Field::new(0x004, "FactDefEmissivity", Kind::I8),
    Field::new(0x005, "FactDefTau", Kind::I8),
    Field::new(0x006, "FactDefTa", Kind::I16),
    Field::new(0x008, "FactDefTu", Kind::I16),
    Field::new(0x00a, "FactDefDist", Kind::I16),
    Field::new(0x00c, "FactDefA0", Kind::I32),
    Field::new(0x010, "FactDefB0", Kind::I32),
    Field::new(0x014, "FactDefA1", Kind::I32),
    Field::new(0x018, "FactDefB1", Kind::I32),
    Field::new(0x01c, "FactDefP0", Kind::I32),
    Field::new(0x020, "FactDefP1", Kind::I32),
    Field::new(0x024, "FactDefP2", Kind::I32),
    Field::new(0x044, "FactRelSensorTemp", Kind::I16),
    Field::new(0x046, "FactRelShutterTemp", Kind::I16),
    Field::new(0x048, "FactRelLensTemp", Kind::I16),
    Field::new(0x064, "FactStatusGain", Kind::I8),
    Field::new(0x065, "FactStatusEnvOK", Kind::I8),
    Field::new(0x066, "FactStatusDistOK", Kind::I8),
    Field::new(0x067, "FactStatusTempMap", Kind::I8),
];

static PICTURE: &[Field] = &[
    Field::decimals(0x000, "EnvironmentTemp", Kind::F32, 2, " C"),
    Field::decimals(0x004, "Distance", Kind::F32, 2, " m"),
    Field::decimals(0x008, "Emissivity", Kind::F32, 2, ""),
    Field { at: 0x00c, name: "Humidity", kind: Kind::F32, print: Print::Percent },
    Field::decimals(0x010, "ReferenceTemp", Kind::F32, 2, " C"),
    Field::new(0x020, "TempUnit", Kind::U8),
    Field::new(0x021, "ShowCenterTemp", Kind::U8),
    Field::new(0x022, "ShowMaxTemp", Kind::U8),
    Field::new(0x023, "ShowMinTemp", Kind::U8),
    Field::new(0x024, "TempMeasureCount", Kind::U16),
];

static MIX_MODE: &[Field] = &[
    Field::new(0x000, "MixMode", Kind::U8),
    Field { at: 0x001, name: "FusionIntensity", kind: Kind::F32, print: Print::Percent },
    Field::new(0x005, "OffsetAdjustment", Kind::F32),
    Field::new(0x009, "CorrectionAsix", Kind::F32s(30)),
];

static OPERATION: &[Field] = &[
    Field::new(0x000, "WorkingMode", Kind::U8),
    Field::new(0x001, "IntegralTime", Kind::U32),
    Field::new(0x005, "IntegratTimeHdr", Kind::U32),
    Field::new(0x009, "GainStable", Kind::U8),
    Field::new(0x00a, "TempControlEnable", Kind::U8),
    Field::decimals(0x00b, "DeviceTemp", Kind::F32, 2, " C"),
];

static ISOTHERMAL: &[Field] = &[
    Field::new(0x000, "IsothermalMax", Kind::F32),
    Field::new(0x004, "IsothermalMin", Kind::F32),
    Field::new(0x008, "ChromaBarMax", Kind::F32),
    Field::new(0x00c, "ChromaBarMin", Kind::F32),
];

static SENSOR: &[Field] = &[
    Field::new(0x000, "IRSensorManufacturer", Kind::TextIn(12)),
    Field::new(0x040, "IRSensorName", Kind::TextIn(12)),
    Field::new(0x080, "IRSensorPartNumber", Kind::TextIn(32)),
    Field::new(0x0c0, "IRSensorSerialNumber", Kind::TextIn(32)),
    Field::new(0x100, "IRSensorFirmware", Kind::TextIn(12)),
    Field::decimals(0x140, "IRSensorAperture", Kind::F32, 2, ""),
    Field::decimals(0x144, "IRFocalLength", Kind::F32, 2, ""),
    Field::new(0x180, "VisibleSensorManufacturer", Kind::TextIn(12)),
    Field::new(0x1c0, "VisibleSensorName", Kind::TextIn(12)),
    Field::new(0x200, "VisibleSensorPartNumber", Kind::TextIn(32)),
    Field::new(0x240, "VisibleSensorSerialNumber", Kind::TextIn(32)),
    Field::new(0x280, "VisibleSensorFirmware", Kind::TextIn(12)),
    Field::new(0x2c0, "VisibleSensorAperture", Kind::F32),
    Field::new(0x2c4, "VisibleFocalLength", Kind::F32),
];

/// Whether an APP2 segment says that the further ones are InfiRay's.
pub(super) fn is_version(data: &[u8]) -> bool {
    data.get(4..10) == Some(b"IJPEG\0")
}

/// Puts the tags of one segment.
pub(super) fn read(marker: u8, data: &[u8], record: &mut Record) {
    let (least, table) = match marker {
        0xe2 => (0, VERSION),
        0xe4 => (120, FACTORY),
        0xe5 => (38, PICTURE),
        0xe6 => (129, MIX_MODE),
        0xe7 => (32, OPERATION),
        0xe8 => (32, ISOTHERMAL),
        0xe9 => (768, SENSOR),
        _ => return,
    };
    if data.len() >= least {
        fields::put(record, &"InfiRay".into(), table, Bytes::little(data));
    }
}

/// Puts the thermal picture, which may take several segments, by its length.
pub(super) fn imaging_data(length: u64, record: &mut Record) {
    record.put("InfiRay", "ImagingData", Value::bytes_unread(length));
}
