//! Properties of TIFF and EXIF properties as XMP.

use super::values::{
    COMPONENTS_CONFIGURATION, COMPOSITE_IMAGE, COMPRESSION, CONTRAST, CUSTOM_RENDERED, EXPOSURE_MODE, EXPOSURE_PROGRAM,
    FILE_SOURCE, FOCAL_PLANE_RESOLUTION_UNIT, GAIN_CONTROL, GPSALTITUDE_REF, GPSDEST_BEARING_REF, GPSDEST_DISTANCE_REF,
    GPSDIFFERENTIAL, GPSMEASURE_MODE, GPSSPEED_REF, GPSSTATUS, INTEROPERABILITY_INDEX, LIGHT_SOURCE, METERING_MODE,
    MODE2, ORIENTATION, PHOTOMETRIC_INTERPRETATION, PLANAR_CONFIGURATION, RESOLUTION_UNIT, RETURN, SCENE_CAPTURE_TYPE,
    SCENE_TYPE, SENSING_METHOD, SENSITIVITY_TYPE, SHARPNESS, SUBJECT_DISTANCE_RANGE, WHITE_BALANCE2,
    YCB_CR_POSITIONING, YCB_CR_SUB_SAMPLING,
};
use super::{How::*, Table, low, structure, table};

/// `XMP-tiff`
pub(super) static TIFF: Table = low(&[
    (Text, "Artist Make Model NativeDigest Software"),
    (Date, "DateTime"),
    (Integer, "BitsPerSample ImageLength=ImageHeight ImageWidth SamplesPerPixel TransferFunction"),
    (LangAlt, "Copyright ImageDescription"),
    (Map(COMPRESSION), "Compression"),
    (Map(ORIENTATION), "Orientation"),
    (Map(PHOTOMETRIC_INTERPRETATION), "PhotometricInterpretation"),
    (Map(PLANAR_CONFIGURATION), "PlanarConfiguration"),
    (Map(RESOLUTION_UNIT), "ResolutionUnit"),
    (Map(YCB_CR_POSITIONING), "YCbCrPositioning"),
    (Rational, "PrimaryChromaticities ReferenceBlackWhite WhitePoint XResolution YCbCrCoefficients YResolution"),
    (Joined(YCB_CR_SUB_SAMPLING), "YCbCrSubSampling"),
]);

/// `XMP-exif`
pub(super) static EXIF: Table = low(&[
    (
        Text,
        "ExifVersion FlashpixVersion GPSAreaInformation GPSMapDatum GPSProcessingMethod GPSSatellites \
         GPSVersionID ImageUniqueID MakerNote NativeDigest RelatedSoundFile SpectralSensitivity",
    ),
    (Aperture, "ApertureValue MaxApertureValue"),
    (ColorSpace, "ColorSpace"),
    (Date, "DateTimeDigitized DateTimeOriginal GPSTimeStamp=GPSDateTime"),
    (Degrees("E"), "GPSDestLongitude GPSLongitude"),
    (Degrees("N"), "GPSDestLatitude GPSLatitude"),
    (ExposureTime, "ExposureTime"),
    (FNumber, "FNumber"),
    (FocalLength, "FocalLength"),
    (Fraction, "ExposureBiasValue=ExposureCompensation"),
    (
        Integer,
        "ISOSpeedRatings=ISO PixelXDimension=ExifImageWidth PixelYDimension=ExifImageHeight SubjectArea \
         SubjectLocation",
    ),
    (LangAlt, "UserComment"),
    (Map(COMPONENTS_CONFIGURATION), "ComponentsConfiguration"),
    (Map(CONTRAST), "Contrast Saturation"),
    (Map(CUSTOM_RENDERED), "CustomRendered"),
    (Map(EXPOSURE_MODE), "ExposureMode"),
    (Map(EXPOSURE_PROGRAM), "ExposureProgram"),
    (Map(FILE_SOURCE), "FileSource"),
    (Map(FOCAL_PLANE_RESOLUTION_UNIT), "FocalPlaneResolutionUnit"),
    (Map(GAIN_CONTROL), "GainControl"),
    (Map(GPSALTITUDE_REF), "GPSAltitudeRef"),
    (Map(GPSDEST_BEARING_REF), "GPSDestBearingRef GPSImgDirectionRef GPSTrackRef"),
    (Map(GPSDEST_DISTANCE_REF), "GPSDestDistanceRef"),
    (Map(GPSDIFFERENTIAL), "GPSDifferential"),
    (Map(GPSMEASURE_MODE), "GPSMeasureMode"),
    (Map(GPSSPEED_REF), "GPSSpeedRef"),
    (Map(GPSSTATUS), "GPSStatus"),
    (Map(LIGHT_SOURCE), "LightSource"),
    (Map(METERING_MODE), "MeteringMode"),
    (Map(SCENE_CAPTURE_TYPE), "SceneCaptureType"),
    (Map(SCENE_TYPE), "SceneType"),
    (Map(SENSING_METHOD), "SensingMethod"),
    (Map(SHARPNESS), "Sharpness"),
    (Map(SUBJECT_DISTANCE_RANGE), "SubjectDistanceRange"),
    (Map(WHITE_BALANCE2), "WhiteBalance"),
    (Metres, "GPSAltitude GPSHPositioningError SubjectDistance"),
    (Millimetres, "FocalLengthIn35mmFilm=FocalLengthIn35mmFormat"),
    (
        Rational,
        "BrightnessValue CompressedBitsPerPixel DigitalZoomRatio ExposureIndex FlashEnergy FocalPlaneXResolution \
         FocalPlaneYResolution GPSDOP GPSDestBearing GPSDestDistance GPSImgDirection GPSSpeed GPSTrack",
    ),
    (ShutterSpeed, "ShutterSpeedValue"),
    (Struct(&CFAPATTERN), "CFAPattern"),
    (Struct(&DEVICE_SETTINGS), "DeviceSettingDescription"),
    (Struct(&FLASH), "Flash"),
    (Struct(&OECF), "OECF=Opto-ElectricConvFactor SpatialFrequencyResponse"),
]);

/// `XMP-exifEX`
pub(super) static EXIF_EX: Table = low(&[
    (
        Text,
        "BodySerialNumber=SerialNumber CameraFirmware CameraOwnerName=OwnerName ImageEditingSoftware ImageEditor \
         ImageTitle ImageUniqueID LensMake LensModel LensSerialNumber MetadataEditingSoftware Photographer \
         RAWDevelopingSoftware",
    ),
    (
        Integer,
        "CompositeImageCount ISOSpeed ISOSpeedLatitudeyyy ISOSpeedLatitudezzz PhotographicSensitivity \
         RecommendedExposureIndex StandardOutputSensitivity",
    ),
    (LensInfo, "LensSpecification=LensInfo"),
    (Map(COMPOSITE_IMAGE), "CompositeImage"),
    (Map(INTEROPERABILITY_INDEX), "InteroperabilityIndex=InteropIndex"),
    (Map(SENSITIVITY_TYPE), "SensitivityType"),
    (Rational, "Acceleration CameraElevationAngle Gamma Humidity Pressure Temperature=AmbientTemperature WaterDepth"),
    (Struct(&COMP_IMAGE_EXP), "CompositeImageExposureTimes"),
]);

/// `XMP-aux`
pub(super) static AUX: Table = table(&[
    (
        Text,
        "DistortionCorrectionAlreadyApplied EnhanceDenoiseAlreadyApplied EnhanceDenoiseLumaAmount \
         EnhanceDenoiseVersion EnhanceDetailsAlreadyApplied EnhanceDetailsVersion \
         EnhanceSuperResolutionAlreadyApplied EnhanceSuperResolutionVersion Firmware FujiRatingAlreadyApplied \
         ImageNumber IsMergedHDR IsMergedPanorama LateralChromaticAberrationCorrectionAlreadyApplied Lens \
         LensDistortInfo -LensID -LensSerialNumber NeutralDensityFactor -OwnerName -SerialNumber \
         VignetteCorrectionAlreadyApplied",
    ),
    (FocusDistance, "ApproximateFocusDistance"),
    (LensInfo, "-LensInfo"),
    (Rational, "EnhanceSuperResolutionScale FlashCompensation"),
]);

pub(super) static CFAPATTERN: Table = structure(&[(Integer, "Columns Rows Values")]);

pub(super) static DEVICE_SETTINGS: Table = structure(&[(Text, "Settings"), (Integer, "Columns Rows")]);

pub(super) static FLASH: Table =
    structure(&[(Bool, "Fired Function RedEyeMode"), (Map(MODE2), "Mode"), (Map(RETURN), "Return")]);

pub(super) static OECF: Table = structure(&[(Text, "Names"), (Integer, "Columns Rows"), (Rational, "Values")]);

pub(super) static COMP_IMAGE_EXP: Table = structure(&[
    (Integer, "NumberOfImagesInSequences NumberOfSequences"),
    (
        Rational,
        "MaxExposureTimesOfAll MaxExposureTimesOfUsed MinExposureTimesOfAll MinExposureTimesOfUsed \
         SumOfExposureTimesOfAll SumOfExposureTimesOfUsed TotalExposurePeriod Values",
    ),
]);
