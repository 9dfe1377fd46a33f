//! The datasets of IIM by record and number (IPTC-NAA Information Interchange Model, version 4.2; the numbers above 180
//! of record 2 are those programs have come to use).

use crate::print::Values;

/// One dataset.
#[derive(Debug)]
pub(super) struct Dataset {
    pub record: u8,
    pub number: u8,
    pub name: &'static str,
    pub how: How,
    /// Whether several values make one list.
    pub repeats: bool,
}

/// How a value reads.
#[derive(Debug, Clone, Copy)]
pub(super) enum How {
    Binary,
    Integer,
    IntegerMap(Values),
    /// Text of digits, never translated.
    Digits,
    DigitsMap(Values),
    Text,
    TextMap(Values),
    Charset,
    Date,
    Time,
    /// Lines end with NUL.
    History,
    PictureNumber,
    /// Photo Mechanic's `tagged:class:rating:frame`.
    Preferences,
}
use How::*;

/// What a dataset is; `None` when it is not known.
pub(super) fn find(record: u8, number: u8) -> Option<&'static Dataset> {
    DATASETS.binary_search_by_key(&(record, number), |set| (set.record, set.number)).ok().map(|at| &DATASETS[at])
}

const fn one(record: u8, number: u8, name: &'static str, how: How) -> Dataset {
    Dataset { record, number, name, how, repeats: false }
}

const fn list(record: u8, number: u8, name: &'static str, how: How) -> Dataset {
    Dataset { record, number, name, how, repeats: true }
}

/// Sorted by record and number.
static DATASETS: &[Dataset] = &[
    one(1, 0, "EnvelopeRecordVersion", Integer),
    list(1, 5, "Destination", Text),
    one(1, 20, "FileFormat", IntegerMap(FILE_FORMAT)),
    one(1, 22, "FileVersion", Integer),
    one(1, 30, "ServiceIdentifier", Text),
    one(1, 40, "EnvelopeNumber", Digits),
    list(1, 50, "ProductID", Text),
    one(1, 60, "EnvelopePriority", DigitsMap(ENVELOPE_PRIORITY)),
    one(1, 70, "DateSent", Date),
    one(1, 80, "TimeSent", Time),
    one(1, 90, "CodedCharacterSet", Charset),
    one(1, 100, "UniqueObjectName", Text),
    one(1, 120, "ARMIdentifier", Integer),
    one(1, 122, "ARMVersion", Integer),
    one(2, 0, "ApplicationRecordVersion", Integer),
    one(2, 3, "ObjectTypeReference", Text),
    list(2, 4, "ObjectAttributeReference", Text),
    one(2, 5, "ObjectName", Text),
    one(2, 7, "EditStatus", Text),
    one(2, 8, "EditorialUpdate", DigitsMap(EDITORIAL_UPDATE)),
    one(2, 10, "Urgency", DigitsMap(ENVELOPE_PRIORITY)),
    list(2, 12, "SubjectReference", Text),
    one(2, 15, "Category", Text),
    list(2, 20, "SupplementalCategories", Text),
    one(2, 22, "FixtureIdentifier", Text),
    list(2, 25, "Keywords", Text),
    list(2, 26, "ContentLocationCode", Text),
    list(2, 27, "ContentLocationName", Text),
    one(2, 30, "ReleaseDate", Date),
    one(2, 35, "ReleaseTime", Time),
    one(2, 37, "ExpirationDate", Date),
    one(2, 38, "ExpirationTime", Time),
    one(2, 40, "SpecialInstructions", Text),
    one(2, 42, "ActionAdvised", DigitsMap(ACTION_ADVISED)),
    list(2, 45, "ReferenceService", Text),
    list(2, 47, "ReferenceDate", Date),
    list(2, 50, "ReferenceNumber", Digits),
    one(2, 55, "DateCreated", Date),
    one(2, 60, "TimeCreated", Time),
    one(2, 62, "DigitalCreationDate", Date),
    one(2, 63, "DigitalCreationTime", Time),
    one(2, 65, "OriginatingProgram", Text),
    one(2, 70, "ProgramVersion", Text),
    one(2, 75, "ObjectCycle", TextMap(OBJECT_CYCLE)),
    list(2, 80, "By-line", Text),
    list(2, 85, "By-lineTitle", Text),
    one(2, 90, "City", Text),
    one(2, 92, "Sub-location", Text),
    one(2, 95, "Province-State", Text),
    one(2, 100, "Country-PrimaryLocationCode", Text),
    one(2, 101, "Country-PrimaryLocationName", Text),
    one(2, 103, "OriginalTransmissionReference", Text),
    one(2, 105, "Headline", Text),
    one(2, 110, "Credit", Text),
    one(2, 115, "Source", Text),
    one(2, 116, "CopyrightNotice", Text),
    list(2, 118, "Contact", Text),
    one(2, 120, "Caption-Abstract", Text),
    one(2, 121, "LocalCaption", Text),
    list(2, 122, "Writer-Editor", Text),
    one(2, 125, "RasterizedCaption", Binary),
    one(2, 130, "ImageType", Text),
    one(2, 131, "ImageOrientation", TextMap(IMAGE_ORIENTATION)),
    one(2, 135, "LanguageIdentifier", Text),
    one(2, 150, "AudioType", TextMap(AUDIO_TYPE)),
    one(2, 151, "AudioSamplingRate", Digits),
    one(2, 152, "AudioSamplingResolution", Digits),
    one(2, 153, "AudioDuration", Digits),
    one(2, 154, "AudioOutcue", Text),
    one(2, 184, "JobID", Text),
    one(2, 185, "MasterDocumentID", Text),
    one(2, 186, "ShortDocumentID", Text),
    one(2, 187, "UniqueDocumentID", Text),
    one(2, 188, "OwnerID", Text),
    one(2, 200, "ObjectPreviewFileFormat", IntegerMap(FILE_FORMAT)),
    one(2, 201, "ObjectPreviewFileVersion", Integer),
    one(2, 202, "ObjectPreviewData", Binary),
    one(2, 221, "Prefs", Preferences),
    one(2, 225, "ClassifyState", Text),
    one(2, 228, "SimilarityIndex", Text),
    one(2, 230, "DocumentNotes", Text),
    one(2, 231, "DocumentHistory", History),
    one(2, 232, "ExifCameraInfo", Text),
    list(2, 255, "CatalogSets", Text),
    one(3, 0, "NewsPhotoVersion", Integer),
    one(3, 10, "IPTCPictureNumber", PictureNumber),
    one(3, 20, "IPTCImageWidth", Integer),
    one(3, 30, "IPTCImageHeight", Integer),
    one(3, 40, "IPTCPixelWidth", Integer),
    one(3, 50, "IPTCPixelHeight", Integer),
    one(3, 55, "SupplementalType", IntegerMap(SUPPLEMENTAL_TYPE)),
    one(3, 60, "ColorRepresentation", IntegerMap(COLOR_REPRESENTATION)),
    one(3, 64, "InterchangeColorSpace", IntegerMap(INTERCHANGE_COLOR_SPACE)),
    one(3, 65, "ColorSequence", Integer),
    one(3, 66, "ICC_Profile", Binary),
    one(3, 70, "ColorCalibrationMatrix", Binary),
    one(3, 80, "LookupTable", Binary),
    one(3, 84, "NumIndexEntries", Integer),
    one(3, 85, "ColorPalette", Binary),
    one(3, 86, "IPTCBitsPerSample", Integer),
    one(3, 90, "SampleStructure", IntegerMap(SAMPLE_STRUCTURE)),
    one(3, 100, "ScanningDirection", IntegerMap(SCANNING_DIRECTION)),
    one(3, 102, "IPTCImageRotation", IntegerMap(IPTCIMAGE_ROTATION)),
    one(3, 110, "DataCompressionMethod", Integer),
    one(3, 120, "QuantizationMethod", IntegerMap(QUANTIZATION_METHOD)),
    one(3, 125, "EndPoints", Binary),
    one(3, 130, "ExcursionTolerance", IntegerMap(EXCURSION_TOLERANCE)),
    one(3, 135, "BitsPerComponent", Integer),
    one(3, 140, "MaximumDensityRange", Integer),
    one(3, 145, "GammaCompensatedValue", Integer),
    one(7, 10, "SizeMode", IntegerMap(SIZE_MODE)),
    one(7, 20, "MaxSubfileSize", Integer),
    one(7, 90, "ObjectSizeAnnounced", Integer),
    one(7, 95, "MaximumObjectSize", Integer),
    list(8, 10, "SubFile", Binary),
    one(9, 10, "ConfirmedObjectSize", Integer),
];

static FILE_FORMAT: Values = "\
    0=No ObjectData | 1=IPTC-NAA Digital Newsphoto Parameter Record | 2=IPTC7901 Recommended Message Format | \
    3=Tagged Image File Format (Adobe/Aldus Image data) | 4=Illustrator (Adobe Graphics data) | 5=AppleSingle \
    (Apple Computer Inc) | 6=NAA 89-3 (ANPA 1312) | 7=MacBinary II | 8=IPTC Unstructured Character Oriented File \
    Format (UCOFF) | 9=United Press International ANPA 1312 variant | 10=United Press International Down-Load \
    Message | 11=JPEG File Interchange (JFIF) | 12=Photo-CD Image-Pac (Eastman Kodak) | 13=Bit Mapped Graphics File \
    [.BMP] (Microsoft) | 14=Digital Audio File [.WAV] (Microsoft & Creative Labs) | 15=Audio plus Moving Video \
    [.AVI] (Microsoft) | 16=PC DOS/Windows Executable Files [.COM][.EXE] | 17=Compressed Binary File [.ZIP] (PKWare \
    Inc) | 18=Audio Interchange File Format AIFF (Apple Computer Inc) | 19=RIFF Wave (Microsoft Corporation) | \
    20=Freehand (Macromedia/Aldus) | 21=Hypertext Markup Language [.HTML] (The Internet Society) | 22=MPEG 2 Audio \
    Layer 2 (Musicom), ISO/IEC | 23=MPEG 2 Audio Layer 3, ISO/IEC | 24=Portable Document File [.PDF] Adobe | \
    25=News Industry Text Format (NITF) | 26=Tape Archive [.TAR] | 27=Tidningarnas Telegrambyra NITF version \
    (TTNITF DTD) | 28=Ritzaus Bureau NITF version (RBNITF DTD) | 29=Corel Draw [.CDR]";
static ENVELOPE_PRIORITY: Values = "\
    0=0 (reserved) | 1=1 (most urgent) | 2=2 | 3=3 | 4=4 | 5=5 (normal urgency) | 6=6 | 7=7 | 8=8 (least urgent) | \
    9=9 (user-defined priority)";
static EDITORIAL_UPDATE: Values = "01=Additional language";
static ACTION_ADVISED: Values = "= | 01=Object Kill | 02=Object Replace | 03=Object Append | 04=Object Reference";
static OBJECT_CYCLE: Values = "a=Morning | b=Both Morning and Evening | p=Evening";
static IMAGE_ORIENTATION: Values = "L=Landscape | P=Portrait | S=Square";
static AUDIO_TYPE: Values = "\
    0T=Text Only | 1A=Mono Actuality | 1C=Mono Question and Answer Session | 1M=Mono Music | 1Q=Mono Response to a \
    Question | 1R=Mono Raw Sound | 1S=Mono Scener | 1V=Mono Voicer | 1W=Mono Wrap | 2A=Stereo Actuality | 2C=Stereo \
    Question and Answer Session | 2M=Stereo Music | 2Q=Stereo Response to a Question | 2R=Stereo Raw Sound | \
    2S=Stereo Scener | 2V=Stereo Voicer | 2W=Stereo Wrap";
static SUPPLEMENTAL_TYPE: Values = "0=Main Image | 1=Reduced Resolution Image | 2=Logo | 3=Rasterized Caption";
static COLOR_REPRESENTATION: Values = "\
    0=No Image, Single Frame | 256=Monochrome, Single Frame | 768=3 Components, Single Frame | 769=3 Components, \
    Frame Sequential in Multiple Objects | 770=3 Components, Frame Sequential in One Object | 771=3 Components, \
    Line Sequential | 772=3 Components, Pixel Sequential | 773=3 Components, Special Interleaving | 1024=4 \
    Components, Single Frame | 1025=4 Components, Frame Sequential in Multiple Objects | 1026=4 Components, Frame \
    Sequential in One Object | 1027=4 Components, Line Sequential | 1028=4 Components, Pixel Sequential | 1029=4 \
    Components, Special Interleaving";
static INTERCHANGE_COLOR_SPACE: Values = "\
    1=X,Y,Z CIE | 2=RGB SMPTE | 3=Y,U,V (K) (D65) | 4=RGB Device Dependent | 5=CMY (K) Device Dependent | 6=Lab (K) \
    CIE | 7=YCbCr | 8=sRGB";
static SAMPLE_STRUCTURE: Values = "0=OrthogonalConstangSampling | 1=Orthogonal4-2-2Sampling | 2=CompressionDependent";
static SCANNING_DIRECTION: Values = "\
    0=L-R, Top-Bottom | 1=R-L, Top-Bottom | 2=L-R, Bottom-Top | 3=R-L, Bottom-Top | 4=Top-Bottom, L-R | \
    5=Bottom-Top, L-R | 6=Top-Bottom, R-L | 7=Bottom-Top, R-L";
static IPTCIMAGE_ROTATION: Values = "0=0 | 1=90 | 2=180 | 3=270";
static QUANTIZATION_METHOD: Values = "\
    0=Linear Reflectance/Transmittance | 1=Linear Density | 2=IPTC Ref B | 3=Linear Dot Percent | 4=AP Domestic \
    Analogue | 5=Compression Method Specific | 6=Color Space Specific | 7=Gamma Compensated";
static EXCURSION_TOLERANCE: Values = "0=Not Allowed | 1=Allowed";
static SIZE_MODE: Values = "0=Size Not Known | 1=Size Known";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn datasets_are_sorted() {
        assert!(DATASETS.is_sorted_by_key(|set| (set.record, set.number)));
    }
}
