//! Properties of Dublin Core and Adobe's own schemas.

use super::values::{COLOR_MODE, LICENSETYPE, MASK_MARKERS, MODE, PERMITS, PROHIBITS, REQUIRES, URGENCY};
use super::{How::*, Table, structure, table, variable};

/// `XMP-dc`
pub(super) static DC: Table = table(&[
    (Text, "contributor coverage creator format identifier language publisher relation -source subject type"),
    (Date, "date"),
    (LangAlt, "description rights title"),
]);

/// `XMP-xmp`
pub(super) static XMP: Table = table(&[
    (Text, "Advisory -Author BaseURL CreatorTool -Format -Identifier -Keywords Label Nickname"),
    (Date, "-CreateDate MetadataDate -ModifyDate"),
    (LangAlt, "-Description -Title"),
    (Real, "Rating -RatingPercent"),
    (Struct(&PAGE_INFO), "PageInfo"),
    (Struct(&THUMBNAIL), "Thumbnails"),
]);

/// `XMP-xmpRights`
pub(super) static XMP_RIGHTS: Table =
    table(&[(Text, "Certificate Marked Owner WebStatement"), (LangAlt, "UsageTerms")]);

/// `XMP-xmpMM`
pub(super) static XMP_MM: Table = table(&[
    (
        Text,
        "DocumentID InstanceID LastURL ManageTo ManageUI Manager ManagerVariant OriginalDocumentID \
         PreservedFileName RenditionClass RenditionParams VersionID -subject",
    ),
    (Integer, "SaveID"),
    (Struct(&MANIFEST_ITEM), "Manifest"),
    (Struct(&PANTRY_ITEM), "Pantry"),
    (Struct(&RESOURCE_EVENT), "History"),
    (Struct(&RESOURCE_REF), "DerivedFrom Ingredients ManagedFrom RenditionOf"),
    (Struct(&VERSION), "Versions"),
]);

/// `XMP-xmpBJ`
pub(super) static XMP_BJ: Table = table(&[(Struct(&JOB_REF), "JobRef")]);

/// `XMP-xmpTPg`
pub(super) static XMP_TPG: Table = table(&[
    (Text, "HasVisibleOverprint HasVisibleTransparency PlateNames"),
    (Integer, "NPages"),
    (Struct(&COLORANT), "Colorants"),
    (Struct(&DIMENSIONS), "MaxPageSize"),
    (Struct(&FONT), "Fonts"),
    (Struct(&SWATCH_GROUP), "SwatchGroups"),
]);

/// `XMP-xmpNote`
pub(super) static XMP_NOTE: Table = table(&[(Text, "HasExtendedXMP")]);

/// `XMP-pdf`
pub(super) static PDF: Table = table(&[
    (Text, "Author -Copyright -Creator Keywords -Marked PDFVersion Producer -Subject -Title"),
    (Date, "CreationDate ModDate"),
    (Trapped, "Trapped"),
]);

/// `XMP-pdfx`
pub(super) static PDFX: Table = table(&[(PdfDate, "SourceModified")]);

/// `XMP-photoshop`
pub(super) static PHOTOSHOP: Table = table(&[
    (
        Text,
        "AuthorsPosition CaptionWriter Category City Country Credit DocumentAncestors EmbeddedXMPDigest Headline \
         History ICCProfile=ICCProfileName Instructions LabelColor LegacyIPTCDigest SidecarForExtension Source \
         State SupplementalCategories TransmissionReference",
    ),
    (Date, "DateCreated"),
    (Map(COLOR_MODE), "ColorMode"),
    (Map(URGENCY), "Urgency"),
    (Struct(&CAMERA), "CameraProfiles"),
    (Struct(&LAYER), "TextLayers"),
]);

/// `XMP-panorama`
pub(super) static PANORAMA: Table =
    table(&[(Text, "Transformation"), (Real, "VirtualFocalLength VirtualImageXCenter VirtualImageYCenter")]);

/// `XMP-lr`
pub(super) static LR: Table = table(&[(Text, "hierarchicalSubject privateRTKInfo weightedFlatSubject")]);

/// `XMP-album`
pub(super) static ALBUM: Table = table(&[(Text, "Notes")]);

/// `XMP-swf`
pub(super) static SWF: Table =
    table(&[(Text, "forwardlock=ForwardLock -type"), (Integer, "bgalpha=BackgroundAlpha maxstorage=MaxStorage")]);

/// `XMP-creatorAtom`
pub(super) static CREATOR_ATOM: Table = table(&[
    (Struct(&AEPROJECT_LINK), "aeProjectLink"),
    (Struct(&MAC_ATOM), "macAtom"),
    (Struct(&WINDOWS_ATOM), "windowsAtom"),
]);

/// `XMP-rdf`
pub(super) static RDF: Table = table(&[(Text, "about")]);

/// `XMP-x`
pub(super) static X: Table = table(&[(Text, "xmptk=XMPToolkit")]);

/// `XMP-cc`
pub(super) static CC: Table = table(&[
    (Text, "attributionName attributionURL jurisdiction legalcode=LegalCode license morePermissions useGuidelines"),
    (Date, "deprecatedOn"),
    (Map(PERMITS), "permits"),
    (Map(PROHIBITS), "prohibits"),
    (Map(REQUIRES), "requires"),
]);

/// `XMP-dex`
pub(super) static DEX: Table = table(&[
    (Text, "ffid=FFID -rating revision -source"),
    (Integer, "crc32=CRC32 os=OS"),
    (LangAlt, "shortdescription=ShortDescription"),
    (Map(LICENSETYPE), "licensetype=LicenseType"),
]);

/// `XMP-et`
pub(super) static ET: Table = table(&[(Text, "OriginalImageHash OriginalImageHashType OriginalImageMD5")]);

pub(super) static PAGE_INFO: Table =
    structure(&[(Text, "format"), (Base64, "image"), (Integer, "PageNumber height width")]);

pub(super) static THUMBNAIL: Table = structure(&[(Text, "format"), (Base64, "image"), (Integer, "height width")]);

pub(super) static RESOURCE_REF: Table = structure(&[
    (
        Text,
        "alternatePaths documentID filePath fromPart instanceID lastURL linkCategory linkForm manageTo manageUI \
         manager managerVariant originalDocumentID partMapping placedResolutionUnit placedXResolution \
         placedYResolution renditionClass renditionParams toPart versionID",
    ),
    (Date, "lastModifyDate"),
    (Map(MASK_MARKERS), "maskMarkers"),
]);

pub(super) static RESOURCE_EVENT: Table =
    structure(&[(Text, "action changed instanceID parameters softwareAgent"), (Date, "when")]);

pub(super) static MANIFEST_ITEM: Table = structure(&[
    (Text, "linkForm placedResolutionUnit"),
    (Real, "placedXResolution placedYResolution"),
    (Struct(&RESOURCE_REF), "reference"),
]);

pub(super) static PANTRY_ITEM: Table = variable(&[(Text, "InstanceID")]);

pub(super) static VERSION: Table =
    structure(&[(Text, "comments modifier version"), (Date, "modifyDate"), (Struct(&RESOURCE_EVENT), "event")]);

pub(super) static JOB_REF: Table = structure(&[(Text, "id name url")]);

pub(super) static COLORANT: Table = structure(&[
    (Text, "swatchName type"),
    (Integer, "A B blue gray green red tint"),
    (Map(MODE), "mode"),
    (Real, "L black cyan magenta yellow"),
]);

pub(super) static FONT: Table =
    structure(&[(Text, "childFontFiles composite fontFace fontFamily fontFileName fontName fontType versionString")]);

pub(super) static DIMENSIONS: Table = structure(&[(Text, "unit"), (Real, "h w")]);

pub(super) static SWATCH_GROUP: Table =
    structure(&[(Text, "groupName"), (Integer, "groupType"), (Struct(&COLORANT), "Colorants")]);

pub(super) static VIGNETTE_MODEL: Table =
    structure(&[(Text, "VignetteModelPiecewiseParam"), (Real, "ImageXCenter ImageYCenter VignetteModelParam1")]);

pub(super) static PERSPECTIVE_MODEL: Table = structure(&[
    (Text, "Version"),
    (Real, "ImageXCenter ImageYCenter RadialDistortParam1 RadialDistortParam2 RadialDistortParam3 ScaleFactor"),
    (Struct(&VIGNETTE_MODEL), "VignetteModel"),
]);

pub(super) static CAMERA: Table = structure(&[
    (
        Text,
        "Author AutoScale CameraPrettyName CameraRawProfile Lens LensPrettyName Make Model ProfileName \
         UniqueCameraModel",
    ),
    (Real, "ApertureValue FocalLength FocusDistance SensorFormatFactor"),
    (Struct(&PERSPECTIVE_MODEL), "PerspectiveModel"),
]);

pub(super) static LAYER: Table = structure(&[(Text, "LayerName LayerText")]);

pub(super) static AEPROJECT_LINK: Table = structure(&[
    (Text, "compositionID fullPath renderOutputModuleIndex renderQueueItemID"),
    (Integer, "renderTimeStamp"),
]);

pub(super) static MAC_ATOM: Table = structure(&[(Text, "applicationCode invocationAppleEvent posixProjectPath")]);

pub(super) static WINDOWS_ATOM: Table = structure(&[(Text, "extension invocationFlags uncProjectPath")]);
