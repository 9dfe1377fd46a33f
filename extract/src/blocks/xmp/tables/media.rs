//! Properties of dynamic media, HDR and DICOM.

use super::adobe::{COLORANT, DIMENSIONS};
use super::iptc::TIMECODE;
use super::values::{
    AUDIO_CHANNEL_TYPE, AUDIO_SAMPLE_TYPE, KEY, PULL_DOWN, QUALITY, SCALE_TYPE, STRETCH_MODE, TIME_SIGNATURE, TYPE,
    VIDEO_ALPHA_MODE, VIDEO_COLOR_SPACE, VIDEO_FIELD_ORDER, VIDEO_PIXEL_DEPTH,
};
use super::{How::*, Table, structure, table};

/// `XMP-xmpDM`
pub(super) static XMP_DM: Table = table(&[
    (
        Text,
        "absPeakAudioFilePath album altTapeName -artist audioCompressor cameraAngle cameraLabel cameraModel \
         cameraMove client comment=DMComment composer -copyright director directorPhotography discNumber engineer \
         genre good instrument logComment loop lyrics partOfCompilation projectName relativePeakAudioFilePath \
         -scene shotDay shotLocation shotName shotNumber shotSize speakerPlacement startTimeScale tapeName \
         videoAlphaUnityIsTransparent videoCompressor",
    ),
    (Date, "audioModDate metadataModDate releaseDate shotDate videoModDate"),
    (Integer, "audioSampleRate pick startTimeSampleSize takeNumber trackNumber"),
    (Map(AUDIO_CHANNEL_TYPE), "audioChannelType"),
    (Map(AUDIO_SAMPLE_TYPE), "audioSampleType"),
    (Map(KEY), "key"),
    (Map(PULL_DOWN), "pullDown"),
    (Map(SCALE_TYPE), "scaleType"),
    (Map(STRETCH_MODE), "stretchMode"),
    (Map(TIME_SIGNATURE), "timeSignature"),
    (Map(VIDEO_ALPHA_MODE), "videoAlphaMode"),
    (Map(VIDEO_COLOR_SPACE), "videoColorSpace"),
    (Map(VIDEO_FIELD_ORDER), "videoFieldOrder"),
    (Map(VIDEO_PIXEL_DEPTH), "videoPixelDepth"),
    (Rational, "fileDataRate videoPixelAspectRatio"),
    (Real, "numberOfBeats tempo videoFrameRate"),
    (Struct(&BEAT_SPLICE_STRETCH), "beatSpliceParams"),
    (Struct(&COLORANT), "videoAlphaPremultipleColor"),
    (Struct(&DIMENSIONS), "videoFrameSize"),
    (Struct(&MARKER), "markers"),
    (Struct(&MEDIA), "contributedMedia"),
    (Struct(&PROJECT_LINK), "projectRef"),
    (Struct(&RESAMPLE_STRETCH), "resampleParams"),
    (Struct(&TIME), "duration introTime outCue relativeTimestamp"),
    (Struct(&TIMECODE), "altTimecode startTimecode"),
    (Struct(&TIME_SCALE_STRETCH), "timeScaleParams"),
    (Struct(&TRACK), "Tracks"),
]);

/// `XMP-hdr`
pub(super) static HDR: Table = table(&[
    (Text, "ccv_primaries_xy=CCVPrimariesXY ccv_white_xy=CCVWhiteXY scene_referred=SceneReferred"),
    (
        Real,
        "ccv_avg_luminance_nits=CCVAvgLuminanceNits ccv_max_luminance_nits=CCVMaxLuminanceNits \
         ccv_min_luminance_nits=CCVMinLuminanceNits",
    ),
]);

/// `XMP-hdrgm`
pub(super) static HDRGM: Table = table(&[
    (Text, "BaseRenditionIsHDR -Version"),
    (Real, "GainMapMax GainMapMin -Gamma HDRCapacityMax HDRCapacityMin OffsetHDR OffsetSDR"),
]);

/// `XMP-DICOM`
pub(super) static DICOM: Table = table(&[
    (
        Text,
        "EquipmentInstitution EquipmentManufacturer PatientID PatientName PatientSex SeriesDescription \
         SeriesModality SeriesNumber StudyDescription StudyID StudyPhysician",
    ),
    (Date, "PatientDOB=PatientBirthDate SeriesDateTime StudyDateTime"),
]);

pub(super) static MARKER: Table = structure(&[
    (Text, "comment cuePointType duration location name speaker startTime target type"),
    (Real, "probability"),
    (Struct(&CUE_POINT_PARAM), "cuePointParams"),
]);

pub(super) static CUE_POINT_PARAM: Table = structure(&[(Text, "key value")]);

pub(super) static TRACK: Table = structure(&[(Text, "frameRate trackName trackType"), (Struct(&MARKER), "markers")]);

pub(super) static BEAT_SPLICE_STRETCH: Table =
    structure(&[(Text, "useFileBeatsMarker"), (Real, "riseInDecibel"), (Struct(&TIME), "riseInTimeDuration")]);

pub(super) static TIME: Table = structure(&[(Integer, "value"), (Rational, "scale")]);

pub(super) static MEDIA: Table =
    structure(&[(Text, "managed path track webStatement"), (Struct(&TIME), "duration startTime")]);

pub(super) static PROJECT_LINK: Table = structure(&[(Text, "path"), (Map(TYPE), "type")]);

pub(super) static RESAMPLE_STRETCH: Table = structure(&[(Map(QUALITY), "quality")]);

pub(super) static TIME_SCALE_STRETCH: Table =
    structure(&[(Map(QUALITY), "quality"), (Real, "frameOverlappingPercentage frameSize")]);
