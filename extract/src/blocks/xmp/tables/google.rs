//! Properties of Google's camera and panorama schemas.

use super::values::{FORMAT, MEASURE_TYPE};
use super::{How::*, Table, low, structure, table};

/// `XMP-GAudio`
pub(super) static GAUDIO: Table = table(&[(Text, "Mime=AudioMimeType"), (Base64, "Data=AudioData")]);

/// `XMP-GImage`
pub(super) static GIMAGE: Table = table(&[(Text, "Mime=ImageMimeType"), (Base64, "Data=ImageData")]);

/// `XMP-GPano`
pub(super) static GPANO: Table = table(&[
    (Text, "CaptureSoftware ExposureLockUsed ProjectionType StitchingSoftware UsePanoramaViewer"),
    (Date, "FirstPhotoDate LastPhotoDate"),
    (Integer, "SourcePhotosCount"),
    (
        Real,
        "CroppedAreaImageHeightPixels CroppedAreaImageWidthPixels CroppedAreaLeftPixels CroppedAreaTopPixels \
         FullPanoHeightPixels FullPanoWidthPixels InitialCameraDolly InitialHorizontalFOVDegrees \
         InitialVerticalFOVDegrees InitialViewHeadingDegrees InitialViewPitchDegrees InitialViewRollDegrees \
         LargestValidInteriorRectHeight LargestValidInteriorRectLeft LargestValidInteriorRectTop \
         LargestValidInteriorRectWidth PoseHeadingDegrees PosePitchDegrees PoseRollDegrees",
    ),
]);

/// `XMP-GContainer`
pub(super) static GCONTAINER: Table = table(&[(Struct(&DIRECTORY), "Directory=ContainerDirectory")]);

/// `XMP-GSpherical`
pub(super) static GSPHERICAL: Table = low(&[
    (Text, "ProjectionType Spherical StereoMode Stitched StitchingSoftware"),
    (
        Integer,
        "CroppedAreaImageHeightPixels CroppedAreaImageWidthPixels CroppedAreaLeftPixels CroppedAreaTopPixels \
         FullPanoHeightPixels FullPanoWidthPixels SourceCount",
    ),
    (Real, "InitialViewHeadingDegrees InitialViewPitchDegrees InitialViewRollDegrees"),
    (UnixTime, "Timestamp=TimeStamp"),
]);

/// `XMP-GDepth`
pub(super) static GDEPTH: Table = low(&[
    (Text, "ConfidenceMime Manufacturer Mime Model Software Units"),
    (Base64, "Confidence Data=DepthImage"),
    (Map(FORMAT), "Format"),
    (Map(MEASURE_TYPE), "MeasureType"),
    (Real, "Far ImageHeight ImageWidth Near"),
]);

/// `XMP-GFocus`
pub(super) static GFOCUS: Table = table(&[(Real, "BlurAtInfinity FocalDistance FocalPointX FocalPointY")]);

/// `XMP-GCamera`
pub(super) static GCAMERA: Table = table(&[
    (
        Text,
        "BurstID BurstPrimary DisableAutoCreation DisableSuggestedAction PortraitNote PortraitVersion \
         SpecialTypeID",
    ),
    (
        Binary,
        "HdrPlusMakernote=HDRPlusMakerNote PortraitRequest hdrp_makernote=HDRPMakerNote shot_log_data=ShotLogData",
    ),
    (
        Integer,
        "MicroVideo MicroVideoOffset MicroVideoPresentationTimestampUs MicroVideoVersion MotionPhoto \
         MotionPhotoPresentationTimestampUs MotionPhotoVersion",
    ),
]);

/// `XMP-GCreations`
pub(super) static GCREATIONS: Table = table(&[(Text, "CameraBurstID -Type")]);

/// `XMP-Device`
pub(super) static DEVICE: Table = table(&[
    (Struct(&APP_INFO), "AppInfo"),
    (Struct(&DEVICE_CAMERAS), "Cameras"),
    (Struct(&DEVICE_CONTAINER), "Container"),
    (Struct(&DEVICE_PLANES), "Planes"),
    (Struct(&DEVICE_PROFILES), "Profiles"),
    (Struct(&EARTH_POSE), "EarthPos"),
    (Struct(&POSE), "Pose"),
    (Struct(&VENDOR_INFO), "VendorInfo"),
]);

pub(super) static DIRECTORY: Table = structure(&[(Struct(&ITEM), "Item")]);

pub(super) static ITEM: Table = structure(&[(Text, "Label Mime Semantic URI"), (Integer, "Length Padding")]);

pub(super) static APP_INFO: Table = structure(&[(Text, "Application ItemURI Version")]);

pub(super) static DEVICE_DEPTH_MAP: Table = structure(&[
    (Text, "ConfidenceURI DepthURI FocalTable Format ItemSemantic MeasureType Software Units"),
    (Integer, "FocalTableEntryCount"),
    (Real, "Far Near"),
]);

pub(super) static DEVICE_IMAGE: Table = structure(&[(Text, "ItemSemantic ItemURI")]);

pub(super) static DEVICE_IMAGING_MODEL: Table = structure(&[
    (Text, "Distortion"),
    (Integer, "DistortionCount ImageHeight ImageWidth"),
    (Real, "FocalLengthX FocalLengthY PixelAspectRatio PrincipalPointX PrincipalPointY Skew"),
]);

pub(super) static DEVICE_LIGHT_ESTIMATE: Table =
    structure(&[(Real, "ColorCorrectionB ColorCorrectionG ColorCorrectionR PixelIntensity")]);

pub(super) static DEVICE_POINT_CLOUD: Table = structure(&[(Text, "Metric Points"), (Integer, "PointCloud")]);

pub(super) static POSE: Table = structure(&[
    (Milliseconds, "Timestamp"),
    (Real, "PositionX PositionY PositionZ RotationW RotationX RotationY RotationZ"),
]);

pub(super) static VENDOR_INFO: Table = structure(&[(Text, "Manufacturer Model Notes")]);

pub(super) static DEVICE_CAMERAS: Table = structure(&[(Struct(&DEVICE_CAMERA), "Camera")]);

pub(super) static DEVICE_CAMERA: Table = structure(&[
    (Text, "Trait"),
    (Struct(&APP_INFO), "AppInfo"),
    (Struct(&DEVICE_DEPTH_MAP), "DepthMap"),
    (Struct(&DEVICE_IMAGE), "Image"),
    (Struct(&DEVICE_IMAGING_MODEL), "ImagingModel"),
    (Struct(&DEVICE_LIGHT_ESTIMATE), "LightEstimate"),
    (Struct(&DEVICE_POINT_CLOUD), "PointCloud"),
    (Struct(&POSE), "Pose"),
    (Struct(&VENDOR_INFO), "VendorInfo"),
]);

pub(super) static DEVICE_ITEM: Table = structure(&[(Text, "DataURI Mime"), (Integer, "Length Padding")]);

pub(super) static DEVICE_DIRECTORY: Table = structure(&[(Struct(&DEVICE_ITEM), "Item")]);

pub(super) static DEVICE_CONTAINER: Table = structure(&[(Struct(&DEVICE_DIRECTORY), "Directory")]);

pub(super) static EARTH_POSE: Table = structure(&[
    (Degrees("E"), "Longitude"),
    (Degrees("N"), "Latitude"),
    (Metres, "Altitude"),
    (Milliseconds, "Timestamp"),
    (Real, "RotationW RotationX RotationY RotationZ"),
]);

pub(super) static DEVICE_PLANES: Table = structure(&[(Struct(&DEVICE_PLANE), "Plane")]);

pub(super) static DEVICE_PLANE: Table = structure(&[
    (Text, "Boundary"),
    (Integer, "BoundaryVertexCount"),
    (Real, "ExtentX ExtentZ"),
    (Struct(&POSE), "Pose"),
]);

pub(super) static DEVICE_PROFILES: Table = structure(&[(Struct(&DEVICE_PROFILE), "Profile")]);

pub(super) static DEVICE_PROFILE: Table = structure(&[(Text, "Type"), (Integer, "CameraIndices")]);
