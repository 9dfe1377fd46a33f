//! Properties of programs and camera makers.

use super::values::{
    COLOR_CLASS, GPSDEST_BEARING_REF, PANORAMIC_STITCH_CAMERA_MOTION, PANORAMIC_STITCH_MAP_TYPE, TAGGED,
};
use super::{How::*, Table, low, structure, table};

/// `XMP-acdsee`
pub(super) static ACDSEE: Table = low(&[
    (
        Text,
        "EditStatus FixtureIdentifier ObjectCycle OriginatingProgram ReleaseDate ReleaseTime author caption \
         categories collections keywords notes rawrppused tagged",
    ),
    (Binary, "Snapshots dpp=DPP rpp=RPP"),
    (Date, "datetime=DateTime"),
    (Real, "rating"),
]);

/// `XMP-acdsee-rs`
pub(super) static ACDSEE_RS: Table = low(&[(Struct(&ACDSEE_REGION_INFO), "Regions=RegionInfoACDSee")]);

/// `XMP-digiKam`
pub(super) static DIGI_KAM: Table = table(&[
    (Text, "ColorLabel -ImageHistory -ImageUniqueID LensCorrectionSettings PickLabel TagsList picasawebGPhotoId"),
    (LangAlt, "CaptionsAuthorNames CaptionsDateTimeStamps"),
]);

/// `XMP-microsoft`
pub(super) static MICROSOFT: Table = table(&[
    (
        Text,
        "CameraSerialNumber CreatorAppId=CreatorAppID CreatorOpenWithUIOptions FlashManufacturer FlashModel \
         ItemSubType LastKeywordIPTC LastKeywordXMP LensManufacturer -LensModel Rating=RatingPercent",
    ),
    (Date, "DateAcquired"),
]);

/// `XMP-MP`
pub(super) static MP: Table = table(&[(Struct(&REGION_INFO_2), "RegionInfo=RegionInfoMP")]);

/// `XMP-MP1`
pub(super) static MP1: Table = table(&[
    (Text, "-Brightness -CameraModelID -Contrast -ExposureCompensation PipelineVersion StreamType"),
    (Map(PANORAMIC_STITCH_CAMERA_MOTION), "PanoramicStitchCameraMotion"),
    (Map(PANORAMIC_STITCH_MAP_TYPE), "PanoramicStitchMapType"),
    (
        Real,
        "PanoramicStitchPhi0 PanoramicStitchPhi1 PanoramicStitchTheta0 PanoramicStitchTheta1 WhiteBalance0 \
         WhiteBalance1 WhiteBalance2",
    ),
]);

/// `XMP-mediapro`
pub(super) static MEDIAPRO: Table = table(&[(Text, "CatalogSets -Event -Location People Status UserFields")]);

/// `XMP-expressionmedia`
pub(super) static EXPRESSIONMEDIA: Table = low(&[(Text, "CatalogSets Event People Status")]);

/// `XMP-photomech`
pub(super) static PHOTOMECH: Table = table(&[
    (Text, "-CountryCode CreatorIdentity EditStatus PMVersion"),
    (ClockTime, "-TimeCreated"),
    (Map(COLOR_CLASS), "ColorClass"),
    (Map(TAGGED), "Tagged"),
    (Preferences, "Prefs"),
]);

/// `XMP-extensis`
pub(super) static EXTENSIS: Table =
    table(&[(Text, "Approved ApprovedBy ClientName JobName JobStatus RoutedTo RoutingNotes WorkToDo")]);

/// `XMP-ics`
pub(super) static ICS: Table = table(&[
    (Text, "-AppVersion ImageRef"),
    (Date, "-TimeStamp"),
    (Struct(&SUB_VERSION), "SubVersions"),
    (Struct(&TAG_STRUCTURE), "TagStructure"),
]);

/// `XMP-fpv`
pub(super) static FPV: Table = table(&[(Text, "RichTextComment")]);

/// `XMP-cell`
pub(super) static CELL: Table = table(&[(
    Text,
    "cellid=CellTowerID cgi=CellGlobalID lac=LocationAreaCode mcc=MobileCountryCode mnc=MobileNetworkCode \
         r=CellR",
)]);

/// `XMP-aas`
pub(super) static AAS: Table = table(&[
    (Integer, "-CropH -CropW -CropX -CropY"),
    (
        Real,
        "AffineA AffineB AffineC AffineD AffineX AffineY Curve0x Curve0y Curve1x Curve1y Curve2x Curve2y Curve3x \
         Curve3y Curve4x Curve4y FaceBalanceOrigI FaceBalanceOrigQ FaceBalanceStrength FaceBalanceWarmth \
         -Highlights -Shadows -Vibrance",
    ),
]);

/// `XMP-apple-fi`
pub(super) static APPLE_FI: Table =
    table(&[(Integer, "AngleInfoRoll AngleInfoYaw ConfidenceLevel FaceID Timestamp=TimeStamp")]);

/// `XMP-HDRGainMap`
pub(super) static HDRGAIN_MAP: Table = table(&[(Version, "HDRGainMapVersion")]);

/// `XMP-apdi`
pub(super) static APDI: Table = table(&[(Text, "AuxiliaryImageType"), (Fourcc, "NativeFormat StoredFormat")]);

/// `XMP-getty`
pub(super) static GETTY: Table = table(&[
    (
        Text,
        "AssetID CallForImage CameraFilename -CameraMakeModel -CameraSerialNumber Composition ExclusiveCoverage \
         GIFTFtpPriority ImageRank MediaEventIdDate OriginalFilename=OriginalFileName ParentMEID \
         ParentMediaEventID Personality PrimaryFTP RoutingDestinations RoutingExclusions SecondaryFTP TimeShot",
    ),
    (Date, "-OriginalCreateDateTime"),
]);

/// `XMP-drone-dji`
pub(super) static DRONE_DJI: Table = table(&[
    (Text, "CamReverse DewarpData DewarpFlag GimbalReverse RtkFlag SelfData"),
    (DegreesOnly("N"), "-GpsLatitude=GPSLatitude Latitude"),
    (DegreesOnly("E"), "-GpsLongitude=GPSLongitude -GpsLongtitude=GPSLongtitude Longitude"),
    (
        Real,
        "AbsoluteAltitude CalibratedFocalLength CalibratedOpticalCenterX CalibratedOpticalCenterY \
         FlightPitchDegree FlightRollDegree FlightXSpeed FlightYSpeed FlightYawDegree FlightZSpeed \
         GimbalPitchDegree GimbalRollDegree GimbalYawDegree RelativeAltitude RtkStdHgt RtkStdLat RtkStdLon",
    ),
]);

/// `XMP-LImage`
pub(super) static LIMAGE: Table = table(&[(Text, "MajorVersion MinorVersion"), (Base64, "RightAlbedo")]);

/// `XMP-sdc`
pub(super) static SDC: Table = table(&[(Text, "about appname=AppName appversion=AppVersion version")]);

/// `XMP-nine`
pub(super) static NINE: Table = table(&[(Text, "Label Rating about version"), (Base64, "Trim"), (Binary, "NineEdits")]);

/// `XMP-ast`
pub(super) static AST: Table = table(&[
    (Text, "GPSMapDatum about version"),
    (Binary, "IPTC XMLPackets"),
    (Map(GPSDEST_BEARING_REF), "GPSImgDirectionRef"),
    (
        Text,
        "GPSAltitude GPSAltitudeRef GPSImgDirection GPSLatitude GPSLatitudeRef GPSLongitude GPSLongitudeRef \
         GPSVersionID",
    ),
]);

/// `XMP-PixelLive`
pub(super) static PIXEL_LIVE: Table =
    low(&[(Text, "AUTHOR=Author COMMENTS=Comments COPYRIGHT=Copyright DATE=Date GENRE=Genre TITLE=Title")]);

/// `XMP-xmpDSA`
pub(super) static XMP_DSA: Table = low(&[
    (Text, "ApplyAutomatically CorrectionAlreadyApplied ValidCropCorners Version"),
    (Real, "FocalLength35mm NormalizedCropCorners PitchAngle RollAngle ScalingFactorHeight TargetAspectRatio"),
]);

/// `XMP-seal`
pub(super) static SEAL: Table = table(&[(Binary, "seal")]);

pub(super) static ACDSEE_DIMENSIONS: Table = structure(&[(Text, "unit"), (Real, "h w")]);

pub(super) static ACDSEE_REGION: Table =
    structure(&[(Text, "Name NameAssignType Type"), (Struct(&ACDSEE_AREA), "ALGArea DLYArea")]);

pub(super) static ACDSEE_REGION_INFO: Table =
    structure(&[(Struct(&ACDSEE_DIMENSIONS), "AppliedToDimensions"), (Struct(&ACDSEE_REGION), "RegionList")]);

pub(super) static ACDSEE_AREA: Table = structure(&[(Real, "h w x y")]);

pub(super) static REGION_INFO_2: Table = structure(&[(Date, "DateRegionsValid"), (Struct(&REGIONS), "Regions")]);

pub(super) static REGIONS: Table =
    structure(&[(Text, "PersonDisplayName PersonEmailDigest PersonLiveIdCID PersonSourceID Rectangle")]);

pub(super) static SUB_VERSION: Table = structure(&[(Text, "FileName VersRef")]);

pub(super) static TAG_STRUCTURE: Table =
    structure(&[(Text, "LabelName ParentReference Reference"), (Struct(&TAG_STRUCTURE), "SubLabels")]);
