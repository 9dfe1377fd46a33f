//! Which properties of which namespaces are known, under which names ExifTool shows them, and how their values read.
//!
//! A table is a list of rows: how the values read, and the properties that read so. A property is written as in the
//! file; `=Name` follows where ExifTool's name is not the property with a capital first letter, and `-` stands before
//! it where another group has the better tag of that name. Properties in no table are given as they are.

mod adobe;
mod camera_raw;
mod darwin_core;
mod exif;
mod google;
mod iptc;
mod media;
mod plus;
mod prism;
mod regions;
mod values;
mod vendors;

use std::{collections::HashMap, sync::OnceLock};

use crate::print::Values;

/// How values read, and the properties that read so.
type Rows = &'static [(How, &'static str)];

/// How the value of a property reads.
#[derive(Debug, Clone, Copy)]
pub(super) enum How {
    Text,
    Integer,
    Real,
    Rational,
    Date,
    /// Text in several languages, each under a name of its own.
    LangAlt,
    /// A structure with fields of its own.
    Struct(&'static Table),
    /// One of several texts, each with a meaning.
    Map(Values),
    /// The items of a list, joined, have one meaning.
    Joined(Values),
    /// As [`How::Map`], in the vocabulary of the PLUS coalition, whose address is left out.
    Plus(Values),
    /// The PLUS coalition's summary of uses: codes of four letters.
    MediaSummary,
    Bool,
    Binary,
    Base64,
    /// Degrees, minutes, seconds and direction to signed degrees; the direction of positive ones.
    Degrees(&'static str),
    /// Signed degrees in the file.
    DegreesOnly(&'static str),
    Aperture,
    ClockTime,
    ColorSpace,
    ExposureTime,
    FNumber,
    FocalLength,
    FocusDistance,
    Fourcc,
    Fraction,
    LensInfo,
    Metres,
    Millimetres,
    Milliseconds,
    PdfDate,
    Preferences,
    ShutterSpeed,
    Trapped,
    UnixTime,
    Version,
}

/// What is known of one property.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field {
    pub how: How,
    /// ExifTool's name where it is not the property's with a capital first letter.
    pub name: Option<&'static str>,
    /// Another group has the better tag of this name.
    pub low: bool,
}

/// The properties of a namespace, or the fields of a structure.
#[derive(Debug)]
pub(super) struct Table {
    rows: Rows,
    /// Other groups have better tags of all these names.
    low: bool,
    /// A structure that may hold properties of any namespace.
    pub any_namespace: bool,
    /// The rows by property, made at first use.
    fields: OnceLock<HashMap<&'static str, Field>>,
}

const fn table(rows: Rows) -> Table {
    Table { rows, low: false, any_namespace: false, fields: OnceLock::new() }
}

const fn low(rows: Rows) -> Table {
    Table { rows, low: true, any_namespace: false, fields: OnceLock::new() }
}

const fn structure(rows: Rows) -> Table {
    table(rows)
}

const fn variable(rows: Rows) -> Table {
    Table { rows, low: false, any_namespace: true, fields: OnceLock::new() }
}

impl Table {
    /// What is known of `property`.
    pub(super) fn find(&self, property: &str) -> Option<Field> {
        self.fields.get_or_init(|| self.index()).get(property).copied()
    }

    fn index(&self) -> HashMap<&'static str, Field> {
        let words = self.rows.iter().flat_map(|&(how, words)| words.split(' ').map(move |word| (how, word)));
        words
            .map(|(how, word)| {
                let (word, low) = word.strip_prefix('-').map_or((word, self.low), |word| (word, true));
                let (property, name) = word.split_once('=').map_or((word, None), |(p, name)| (p, Some(name)));
                (property, Field { how, name, low })
            })
            .collect()
    }
}

/// What a code of the PLUS coalition's summary of uses means.
pub(super) fn media_use(code: &str) -> Option<&'static str> {
    let mut lines = include_str!("media_summary.txt").lines();
    lines.find_map(|line| line.strip_prefix(code)?.strip_prefix('='))
}

/// The table of the namespace that ExifTool's family 1 group `XMP-{group}` shows.
pub(super) fn of_group(group: &str) -> Option<&'static Table> {
    TABLES.binary_search_by_key(&group, |(name, _)| name).ok().map(|at| TABLES[at].1)
}

/// The usual prefix of the namespace `uri`.
pub(super) fn prefix_of(uri: &str) -> Option<&'static str> {
    URIS.iter().find(|(_, known)| *known == uri).map(|(prefix, _)| *prefix)
}

/// The usual prefix of a namespace that differs from `uri` in the version (`/1.0/`) only.
pub(super) fn prefix_of_version(uri: &str) -> Option<&'static str> {
    let wanted = without_version(uri)?;
    URIS.iter().find(|(_, known)| without_version(known) == Some(wanted)).map(|(prefix, _)| *prefix)
}

/// Whether `prefix` is the usual one of a known namespace.
pub(super) fn is_usual_prefix(prefix: &str) -> bool {
    URIS.binary_search_by_key(&prefix, |(known, _)| known).is_ok()
}

/// What stands before and after the first version number in a path.
fn without_version(uri: &str) -> Option<(&str, &str)> {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    uri.match_indices('/').find_map(|(at, _)| {
        let rest = &uri[at + 1..];
        let major = digits(rest);
        let tail = rest[major..].strip_prefix('.')?;
        let minor = digits(tail);
        let tail = &tail[minor..];
        (major > 0 && minor > 0 && (tail.is_empty() || tail.starts_with('/'))).then_some((&uri[..at], tail))
    })
}

/// By ExifTool's group without `XMP-`, sorted.
static TABLES: &[(&str, &Table)] = &[
    ("DICOM", &media::DICOM),
    ("Device", &google::DEVICE),
    ("GAudio", &google::GAUDIO),
    ("GCamera", &google::GCAMERA),
    ("GContainer", &google::GCONTAINER),
    ("GCreations", &google::GCREATIONS),
    ("GDepth", &google::GDEPTH),
    ("GFocus", &google::GFOCUS),
    ("GImage", &google::GIMAGE),
    ("GPano", &google::GPANO),
    ("GSpherical", &google::GSPHERICAL),
    ("HDRGainMap", &vendors::HDRGAIN_MAP),
    ("LImage", &vendors::LIMAGE),
    ("MP", &vendors::MP),
    ("MP1", &vendors::MP1),
    ("PixelLive", &vendors::PIXEL_LIVE),
    ("aas", &vendors::AAS),
    ("acdsee", &vendors::ACDSEE),
    ("acdsee-rs", &vendors::ACDSEE_RS),
    ("album", &adobe::ALBUM),
    ("apdi", &vendors::APDI),
    ("apple-fi", &vendors::APPLE_FI),
    ("ast", &vendors::AST),
    ("aux", &exif::AUX),
    ("cc", &adobe::CC),
    ("cell", &vendors::CELL),
    ("crd", &camera_raw::CRS),
    ("creatorAtom", &adobe::CREATOR_ATOM),
    ("crs", &camera_raw::CRS),
    ("dc", &adobe::DC),
    ("dex", &adobe::DEX),
    ("digiKam", &vendors::DIGI_KAM),
    ("drone-dji", &vendors::DRONE_DJI),
    ("dwc", &darwin_core::DWC),
    ("et", &adobe::ET),
    ("exif", &exif::EXIF),
    ("exifEX", &exif::EXIF_EX),
    ("expressionmedia", &vendors::EXPRESSIONMEDIA),
    ("extensis", &vendors::EXTENSIS),
    ("fpv", &vendors::FPV),
    ("getty", &vendors::GETTY),
    ("hdr", &media::HDR),
    ("hdrgm", &media::HDRGM),
    ("ics", &vendors::ICS),
    ("iptcCore", &iptc::IPTC_CORE),
    ("iptcExt", &iptc::IPTC_EXT),
    ("lr", &adobe::LR),
    ("mediapro", &vendors::MEDIAPRO),
    ("microsoft", &vendors::MICROSOFT),
    ("mwg-coll", &regions::MWG_COLL),
    ("mwg-kw", &regions::MWG_KW),
    ("mwg-rs", &regions::MWG_RS),
    ("nine", &vendors::NINE),
    ("panorama", &adobe::PANORAMA),
    ("pdf", &adobe::PDF),
    ("pdfx", &adobe::PDFX),
    ("photomech", &vendors::PHOTOMECH),
    ("photoshop", &adobe::PHOTOSHOP),
    ("plus", &plus::PLUS),
    ("pmi", &prism::PMI),
    ("prism", &prism::PRISM),
    ("prl", &prism::PRL),
    ("prm", &prism::PRM),
    ("pur", &prism::PUR),
    ("rdf", &adobe::RDF),
    ("sdc", &vendors::SDC),
    ("seal", &vendors::SEAL),
    ("swf", &adobe::SWF),
    ("tiff", &exif::TIFF),
    ("x", &adobe::X),
    ("xmp", &adobe::XMP),
    ("xmpBJ", &adobe::XMP_BJ),
    ("xmpDM", &media::XMP_DM),
    ("xmpDSA", &vendors::XMP_DSA),
    ("xmpMM", &adobe::XMP_MM),
    ("xmpNote", &adobe::XMP_NOTE),
    ("xmpPLUS", &plus::XMP_PLUS),
    ("xmpRights", &adobe::XMP_RIGHTS),
    ("xmpTPg", &adobe::XMP_TPG),
];

/// Usual prefixes and their namespaces, sorted by prefix.
static URIS: &[(&str, &str)] = &[
    ("DICOM", "http://ns.adobe.com/DICOM/"),
    ("Device", "http://ns.google.com/photos/dd/1.0/device/"),
    ("GAudio", "http://ns.google.com/photos/1.0/audio/"),
    ("GCamera", "http://ns.google.com/photos/1.0/camera/"),
    ("GContainer", "http://ns.google.com/photos/1.0/container/"),
    ("GCreations", "http://ns.google.com/photos/1.0/creations/"),
    ("GDepth", "http://ns.google.com/photos/1.0/depthmap/"),
    ("GFocus", "http://ns.google.com/photos/1.0/focus/"),
    ("GImage", "http://ns.google.com/photos/1.0/image/"),
    ("GPano", "http://ns.google.com/photos/1.0/panorama/"),
    ("GSpherical", "http://ns.google.com/videos/1.0/spherical/"),
    ("GettyImagesGIFT", "http://xmp.gettyimages.com/gift/1.0/"),
    ("HDRGainMap", "http://ns.apple.com/HDRGainMap/1.0/"),
    ("Iptc4xmpCore", "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/"),
    ("Iptc4xmpExt", "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"),
    ("LImage", "http://ns.leiainc.com/photos/1.0/image/"),
    ("MP", "http://ns.microsoft.com/photo/1.2/"),
    ("MP1", "http://ns.microsoft.com/photo/1.1"),
    ("MPRI", "http://ns.microsoft.com/photo/1.2/t/RegionInfo#"),
    ("MPReg", "http://ns.microsoft.com/photo/1.2/t/Region#"),
    ("MicrosoftPhoto", "http://ns.microsoft.com/photo/1.0"),
    ("Profile", "http://ns.google.com/photos/dd/1.0/profile/"),
    ("aas", "http://ns.apple.com/adjustment-settings/1.0/"),
    ("acdsee", "http://ns.acdsee.com/iptc/1.0/"),
    ("acdsee-rs", "http://ns.acdsee.com/regions/"),
    ("album", "http://ns.adobe.com/album/1.0/"),
    ("apdi", "http://ns.apple.com/pixeldatainfo/1.0/"),
    ("apple-fi", "http://ns.apple.com/faceinfo/1.0/"),
    ("ast", "http://ns.nikon.com/asteroid/1.0/"),
    ("aux", "http://ns.adobe.com/exif/1.0/aux/"),
    ("cc", "http://creativecommons.org/ns#"),
    ("cell", "http://developer.sonyericsson.com/cell/1.0/"),
    ("crd", "http://ns.adobe.com/camera-raw-defaults/1.0/"),
    ("creatorAtom", "http://ns.adobe.com/creatorAtom/1.0/"),
    ("crlcp", "http://ns.adobe.com/camera-raw-embedded-lens-profile/1.0/"),
    ("crs", "http://ns.adobe.com/camera-raw-settings/1.0/"),
    ("crss", "http://ns.adobe.com/camera-raw-saved-settings/1.0/"),
    ("dc", "http://purl.org/dc/elements/1.1/"),
    ("dex", "http://ns.optimasc.com/dex/1.0/"),
    ("digiKam", "http://www.digikam.org/ns/1.0/"),
    ("drone-dji", "http://www.dji.com/drone-dji/1.0/"),
    ("dwc", "http://rs.tdwg.org/dwc/index.htm"),
    ("et", "http://ns.exiftool.org/1.0/"),
    ("et", "http://ns.exiftool.ca/1.0/"),
    ("exif", "http://ns.adobe.com/exif/1.0/"),
    ("exifEX", "http://cipa.jp/exif/1.0/"),
    ("expressionmedia", "http://ns.microsoft.com/expressionmedia/1.0/"),
    ("extensis", "http://ns.extensis.com/extensis/1.0/"),
    ("fpv", "http://ns.fastpictureviewer.com/fpv/1.0/"),
    ("hdr_metadata", "http://ns.adobe.com/hdr-metadata/1.0/"),
    ("hdrgm", "http://ns.adobe.com/hdr-gain-map/1.0/"),
    ("iX", "http://ns.adobe.com/iX/1.0/"),
    ("ics", "http://ns.idimager.com/ics/1.0/"),
    ("lr", "http://ns.adobe.com/lightroom/1.0/"),
    ("mediapro", "http://ns.iview-multimedia.com/mediapro/1.0/"),
    ("mwg-coll", "http://www.metadataworkinggroup.com/schemas/collections/"),
    ("mwg-kw", "http://www.metadataworkinggroup.com/schemas/keywords/"),
    ("mwg-rs", "http://www.metadataworkinggroup.com/schemas/regions/"),
    ("nine", "http://ns.nikon.com/nine/1.0/"),
    ("panorama", "http://ns.adobe.com/photoshop/1.0/panorama-profile"),
    ("pdf", "http://ns.adobe.com/pdf/1.3/"),
    ("pdfx", "http://ns.adobe.com/pdfx/1.3/"),
    ("photomechanic", "http://ns.camerabits.com/photomechanic/1.0/"),
    ("photoshop", "http://ns.adobe.com/photoshop/1.0/"),
    ("plus", "http://ns.useplus.org/ldf/xmp/1.0/"),
    ("pmi", "http://prismstandard.org/namespaces/pmi/2.2/"),
    ("prism", "http://prismstandard.org/namespaces/basic/2.0/"),
    ("prl", "http://prismstandard.org/namespaces/prl/2.1/"),
    ("prm", "http://prismstandard.org/namespaces/prm/3.0/"),
    ("pur", "http://prismstandard.org/namespaces/prismusagerights/2.1/"),
    ("rdf", "http://www.w3.org/1999/02/22-rdf-syntax-ns#"),
    ("rdfs", "http://www.w3.org/2000/01/rdf-schema#"),
    ("sdc", "http://ns.nikon.com/sdc/1.0/"),
    ("seal", "http://ns.seal/2024/1.0/"),
    ("stArea", "http://ns.adobe.com/xmp/sType/Area#"),
    ("stCamera", "http://ns.adobe.com/photoshop/1.0/camera-profile"),
    ("stDim", "http://ns.adobe.com/xap/1.0/sType/Dimensions#"),
    ("stEvt", "http://ns.adobe.com/xap/1.0/sType/ResourceEvent#"),
    ("stFnt", "http://ns.adobe.com/xap/1.0/sType/Font#"),
    ("stJob", "http://ns.adobe.com/xap/1.0/sType/Job#"),
    ("stMfs", "http://ns.adobe.com/xap/1.0/sType/ManifestItem#"),
    ("stRef", "http://ns.adobe.com/xap/1.0/sType/ResourceRef#"),
    ("stVer", "http://ns.adobe.com/xap/1.0/sType/Version#"),
    ("svg", "http://www.w3.org/2000/svg"),
    ("swf", "http://ns.adobe.com/swf/1.0/"),
    ("tiff", "http://ns.adobe.com/tiff/1.0/"),
    ("x", "adobe:ns:meta/"),
    ("xmp", "http://ns.adobe.com/xap/1.0/"),
    ("xmpBJ", "http://ns.adobe.com/xap/1.0/bj/"),
    ("xmpDM", "http://ns.adobe.com/xmp/1.0/DynamicMedia/"),
    ("xmpDSA", "http://leica-camera.com/digital-shift-assistant/1.0/"),
    ("xmpG", "http://ns.adobe.com/xap/1.0/g/"),
    ("xmpGImg", "http://ns.adobe.com/xap/1.0/g/img/"),
    ("xmpMM", "http://ns.adobe.com/xap/1.0/mm/"),
    ("xmpNote", "http://ns.adobe.com/xmp/note/"),
    ("xmpPLUS", "http://ns.adobe.com/xap/1.0/PLUS/"),
    ("xmpRights", "http://ns.adobe.com/xap/1.0/rights/"),
    ("xmpTPg", "http://ns.adobe.com/xap/1.0/t/pg/"),
    ("xmpidq", "http://ns.adobe.com/xmp/Identifier/qual/1.0/"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_are_sorted_and_every_property_stands_once() {
        assert!(TABLES.is_sorted_by_key(|(group, _)| group));
        assert!(URIS.is_sorted_by_key(|(prefix, _)| prefix));
        for (group, table) in TABLES {
            let words: usize = table.rows.iter().map(|(_, words)| words.split(' ').count()).sum();
            assert_eq!(table.index().len(), words, "{group}");
        }
    }

    #[test]
    fn other_versions_of_a_namespace_are_known() {
        assert_eq!(prefix_of_version("http://ns.adobe.com/xap/2.5/"), Some("xmp"));
        assert_eq!(prefix_of_version("http://example.org/1.0/"), None);
    }
}
