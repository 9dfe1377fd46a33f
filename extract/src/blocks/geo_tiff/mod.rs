//! GeoTIFF 1.1 (OGC 19-008r4): where on earth the picture is, as keys in three TIFF tags.
//!
//! Called by the walk over TIFF directories once it has seen all of them.

use crate::{
    Record, Value,
    bytes::{Bytes, Order, until_nul, utf8},
    print,
};

/// Names of codes, a line each: table, code and name, with tabs between them.
const NAMES: &str = include_str!("names.tsv");

const DOUBLES: u16 = 0x87b0;
const TEXT: u16 = 0x87b1;
const DIRECTORY: u16 = 0x87af;

/// The three TIFF tags.
#[derive(Debug, Default)]
pub struct Block {
    pub directory: Vec<u8>,
    pub doubles: Vec<u8>,
    pub text: Vec<u8>,
}

/// Key, tag and, where its values are codes, the table of their names. Sorted by key.
static KEYS: &[(u16, &str, u16)] = &[
    (1024, "GTModelType", 1024),
    (1025, "GTRasterType", 1025),
    (1026, "GTCitation", 0),
    (2048, "GeographicType", 2048),
    (2049, "GeogCitation", 0),
    (2050, "GeogGeodeticDatum", 2050),
    (2051, "GeogPrimeMeridian", 2051),
    (2052, "GeogLinearUnits", 2052),
    (2053, "GeogLinearUnitSize", 0),
    (2054, "GeogAngularUnits", 2052),
    (2055, "GeogAngularUnitSize", 0),
    (2056, "GeogEllipsoid", 2056),
    (2057, "GeogSemiMajorAxis", 0),
    (2058, "GeogSemiMinorAxis", 0),
    (2059, "GeogInvFlattening", 0),
    (2060, "GeogAzimuthUnits", 2052),
    (2061, "GeogPrimeMeridianLong", 0),
    (2062, "GeogToWGS84", 0),
    (3072, "ProjectedCSType", 3072),
    (3073, "PCSCitation", 0),
    (3074, "Projection", 3074),
    (3075, "ProjCoordTrans", 3075),
    (3076, "ProjLinearUnits", 2052),
    (3077, "ProjLinearUnitSize", 0),
    (3078, "ProjStdParallel1", 0),
    (3079, "ProjStdParallel2", 0),
    (3080, "ProjNatOriginLong", 0),
    (3081, "ProjNatOriginLat", 0),
    (3082, "ProjFalseEasting", 0),
    (3083, "ProjFalseNorthing", 0),
    (3084, "ProjFalseOriginLong", 0),
    (3085, "ProjFalseOriginLat", 0),
    (3086, "ProjFalseOriginEasting", 0),
    (3087, "ProjFalseOriginNorthing", 0),
    (3088, "ProjCenterLong", 0),
    (3089, "ProjCenterLat", 0),
    (3090, "ProjCenterEasting", 0),
    (3091, "ProjCenterNorthing", 0),
    (3092, "ProjScaleAtNatOrigin", 0),
    (3093, "ProjScaleAtCenter", 0),
    (3094, "ProjAzimuthAngle", 0),
    (3095, "ProjStraightVertPoleLong", 0),
    (3096, "ProjRectifiedGridAngle", 0),
    (4096, "VerticalCSType", 4096),
    (4097, "VerticalCitation", 0),
    (4098, "VerticalDatum", 4096),
    (4099, "VerticalUnits", 2052),
    (47001, "ChartFormat", 47001),
    (47002, "ChartSource", 0),
    (47003, "ChartSourceEdition", 0),
    (47004, "ChartSourceDate", 0),
    (47005, "ChartCorrDate", 0),
    (47006, "ChartCountryOrigin", 0),
    (47007, "ChartRasterEdition", 0),
    (47008, "ChartSoundingDatum", 47008),
    (47009, "ChartDepthUnits", 2052),
    (47010, "ChartMagVar", 0),
    (47011, "ChartMagVarYear", 0),
    (47012, "ChartMagVarAnnChange", 0),
    (47013, "ChartWGSNSShift", 0),
    (47015, "InsetNWPixelX", 0),
    (47016, "InsetNWPixelY", 0),
    (47017, "ChartContourInterval", 0),
];

/// Puts the keys of a block of this byte order.
pub fn read(block: &Block, order: Order, record: &mut Record) {
    let directory = Bytes { data: &block.directory, order };
    let head: Option<Vec<u16>> = (0..4).map(|index| directory.u16(index * 2)).collect();
    let Some([version, revision, minor, count]) = head.as_deref() else { return };
    record.put("GeoTiff", "GeoTiffVersion", format!("{version}.{revision}.{minor}"));
    for entry in 1..=usize::from(*count) {
        let Some(entry) = directory.slice(entry * 8, 8) else {
            record.warn("Bad GeoTIFF directory");
            return;
        };
        key(block, Bytes { data: entry, order }, directory, record);
    }
}

fn key(block: &Block, entry: Bytes<'_>, directory: Bytes<'_>, record: &mut Record) {
    let (Some(key), Some(place), Some(count), Some(at)) = (entry.u16(0), entry.u16(2), entry.u16(4), entry.u16(6))
    else {
        return;
    };
    let Ok(index) = KEYS.binary_search_by_key(&key, |row| row.0) else { return };
    let (_, name, table) = KEYS[index];
    let (at, count) = (usize::from(at), usize::from(count));
    let value = match place {
        0 => Some(Value::from(at as u16)),
        DIRECTORY => numbers(count, |index| Some(directory.u16((at + index) * 2)?.into())),
        DOUBLES => {
            let doubles = Bytes { data: &block.doubles, order: directory.order };
            numbers(count, |index| Some(Value::Float(doubles.f64((at + index) * 8)?)))
        }
        TEXT => block.text.get(at..at + count).map(text),
        _ => None,
    };
    match value {
        Some(value) if table > 0 => {
            let code = value.plain();
            let printed = named(table, &code).map_or_else(|| format!("Unknown ({code})"), str::to_owned);
            record.put_printed("GeoTiff", name, value, printed);
        }
        Some(value) => record.put("GeoTiff", name, value),
        None => record.warn(format!("Missing GeoTiff data for {name}")),
    }
}

/// One number as it is, several as text.
fn numbers(count: usize, item: impl Fn(usize) -> Option<Value>) -> Option<Value> {
    if count == 1 {
        return item(0);
    }
    let items: Option<Vec<String>> = (0..count).map(|index| Some(item(index)?.plain())).collect();
    Some(Value::Text(items?.join(" ")))
}

/// Text without its terminator.
fn text(bytes: &[u8]) -> Value {
    let text = utf8(until_nul(bytes));
    Value::Text(text.strip_suffix('|').map(str::to_owned).unwrap_or(text))
}

fn named(table: u16, code: &str) -> Option<&'static str> {
    print::number(code)?;
    let row = format!("\n{table}\t{code}\t");
    let at = NAMES.find(&row)? + row.len();
    NAMES[at..].split('\n').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_names() {
        assert_eq!(named(3072, "32632"), Some("WGS84 UTM zone 32N"));
        assert_eq!(named(1024, "2"), Some("Geographic"));
        assert_eq!(named(1024, "99"), None);
        assert!(KEYS.is_sorted_by_key(|row| row.0));
    }
}
