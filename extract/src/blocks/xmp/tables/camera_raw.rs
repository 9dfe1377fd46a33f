//! Properties of Adobe Camera Raw.

use super::values::{
    CROP_UNIT, MOIRE_FILTER, PERSPECTIVE_UPRIGHT, POST_CROP_VIGNETTE_STYLE, TONE_CURVE_NAME, WHITE_BALANCE,
};
use super::{How::*, Table, structure, table};

/// `XMP-crs`
pub(super) static CRS: Table = table(&[
    (
        Text,
        "AlreadyApplied AutoBrightness AutoContrast AutoExposure AutoShadows AutoTone AutoToneDigest \
         AutoToneDigestNoSat CameraModelRestriction CameraProfile CameraProfileDigest Cluster CompatibleVersion \
         ContactInfo ConvertToGrayscale Converter -Copyright DNGIgnoreSidecars DefaultAutoGray DefaultAutoTone \
         DefaultsSpecificToISO DefaultsSpecificToSerial HasCrop HasSettings JPEGHandling LensProfileDigest \
         LensProfileFilename LensProfileIsEmbedded LensProfileMatchKeyCameraModelName LensProfileMatchKeyExifMake \
         LensProfileMatchKeyExifModel LensProfileMatchKeyIsRaw LensProfileMatchKeyLensID \
         LensProfileMatchKeyLensInfo LensProfileMatchKeyLensName LensProfileName LensProfileSetup LookName \
         NegativeCachePath OverrideLookVignette PointColors PresetType ProcessVersion RawFileName RedEyeInfo \
         RetouchInfo SupportsAmount SupportsColor SupportsHighDynamicRange SupportsMonochrome \
         SupportsNormalDynamicRange SupportsOutputReferred SupportsSceneReferred TIFFHandling ToggleStyleDigest \
         ToneCurve ToneCurveBlue ToneCurveGreen ToneCurveName2012 ToneCurvePV2012 ToneCurvePV2012Blue \
         ToneCurvePV2012Green ToneCurvePV2012Red ToneCurveRed -UUID UprightDependentDigest UprightFourSegments_0 \
         UprightFourSegments_1 UprightFourSegments_2 UprightFourSegments_3 UprightGuidedDependentDigest \
         UprightPreview UprightTransform_0 UprightTransform_1 UprightTransform_2 UprightTransform_3 \
         UprightTransform_4 UprightTransform_5 Version What",
    ),
    (
        Integer,
        "AutoLateralCA AutoWhiteVersion Blacks2012 BlueHue BlueSaturation Brightness ChromaticAberrationB \
         ChromaticAberrationR Clarity Clarity2012 ClipboardAspectRatio ClipboardOrientation ColorGradeBlending \
         ColorGradeGlobalHue ColorGradeGlobalLum ColorGradeGlobalSat ColorGradeHighlightLum ColorGradeMidtoneHue \
         ColorGradeMidtoneLum ColorGradeMidtoneSat ColorGradeShadowLum ColorNoiseReduction \
         ColorNoiseReductionDetail ColorNoiseReductionSmoothness -Contrast Contrast2012 CropConstrainToUnitSquare \
         CropConstrainToWarp Defringe DefringeGreenAmount DefringeGreenHueHi DefringeGreenHueLo \
         DefringePurpleAmount DefringePurpleHueHi DefringePurpleHueLo FillLight GrainAmount GrainFrequency \
         GrainSeed GrainSize GrayMixerAqua GrayMixerBlue GrayMixerGreen GrayMixerMagenta GrayMixerOrange \
         GrayMixerPurple GrayMixerRed GrayMixerYellow GreenHue GreenSaturation HDREditMode Highlight2012 \
         HighlightRecovery Highlights2012 HueAdjustmentAqua HueAdjustmentBlue HueAdjustmentGreen \
         HueAdjustmentMagenta HueAdjustmentOrange HueAdjustmentPurple HueAdjustmentRed HueAdjustmentYellow \
         IncrementalTemperature IncrementalTint LensManualDistortionAmount LensProfileChromaticAberrationScale \
         LensProfileDistortionScale LensProfileEnable LensProfileVignettingScale LuminanceAdjustmentAqua \
         LuminanceAdjustmentBlue LuminanceAdjustmentGreen LuminanceAdjustmentMagenta LuminanceAdjustmentOrange \
         LuminanceAdjustmentPurple LuminanceAdjustmentRed LuminanceAdjustmentYellow \
         LuminanceNoiseReductionContrast LuminanceNoiseReductionDetail LuminanceSmoothing \
         NegativeCacheLargePreviewSize ParametricDarks ParametricHighlightSplit ParametricHighlights \
         ParametricLights ParametricMidtoneSplit ParametricShadowSplit ParametricShadows PerspectiveAspect \
         PerspectiveHorizontal PerspectiveScale PerspectiveVertical PostCropVignetteAmount \
         PostCropVignetteFeather PostCropVignetteHighlightContrast PostCropVignetteMidpoint \
         PostCropVignetteRoundness RedHue RedSaturation -Saturation SaturationAdjustmentAqua \
         SaturationAdjustmentBlue SaturationAdjustmentGreen SaturationAdjustmentMagenta \
         SaturationAdjustmentOrange SaturationAdjustmentPurple SaturationAdjustmentRed SaturationAdjustmentYellow \
         ShadowTint Shadows Shadows2012 SharpenDetail SharpenEdgeMasking -Sharpness Smoothness SplitToningBalance \
         SplitToningHighlightHue SplitToningHighlightSaturation SplitToningShadowHue SplitToningShadowSaturation \
         Temperature=ColorTemperature Texture Tint ToggleStyleAmount UprightCenterMode UprightFocalMode \
         UprightFourSegmentsCount UprightTransformCount UprightVersion Vibrance VignetteAmount VignetteMidpoint \
         Whites2012",
    ),
    (LangAlt, "-Description -Group -Name ShortName SortName"),
    (Map(CROP_UNIT), "CropUnit CropUnits"),
    (Map(MOIRE_FILTER), "MoireFilter"),
    (Map(PERSPECTIVE_UPRIGHT), "PerspectiveUpright"),
    (Map(POST_CROP_VIGNETTE_STYLE), "PostCropVignetteStyle"),
    (Map(TONE_CURVE_NAME), "ToneCurveName"),
    (Map(WHITE_BALANCE), "-WhiteBalance"),
    (
        Real,
        "ColorVariance CropAngle CropBottom CropHeight CropLeft CropRight CropTop CropWidth Dehaze Exposure \
         Exposure2012 HDRMaxValue LensProfileMatchKeySensorFormatFactor NegativeCacheMaximumSize \
         PerspectiveRotate PerspectiveX PerspectiveY SDRBlend SDRBrightness SDRContrast SDRHighlights SDRShadows \
         SDRWhites SharpenRadius ToneMapStrength UprightCenterNormX UprightCenterNormY UprightFocalLength35mm",
    ),
    (
        Struct(&CORRECTION),
        "CircularGradientBasedCorrections GradientBasedCorrections MaskGroupBasedCorrections \
         PaintBasedCorrections",
    ),
    (Struct(&DEPTH_BASED_CORR), "DepthBasedCorrections"),
    (Struct(&DEPTH_MAP_INFO), "DepthMapInfo"),
    (Struct(&LENS_BLUR), "LensBlur"),
    (Struct(&LOOK), "Look"),
    (Struct(&RANGE_MASK), "RangeMaskMapInfo=RangeMask"),
    (Struct(&RETOUCH_AREA), "RetouchAreas"),
]);

pub(super) static CORRECTION: Table = structure(&[
    (Text, "CorrectionActive CorrectionName CorrectionSyncID What"),
    (
        Real,
        "CorrectionAmount LocalBlacks2012 LocalBrightness LocalClarity LocalClarity2012 LocalContrast \
         LocalContrast2012 LocalDefringe LocalDehaze LocalExposure LocalExposure2012 LocalHighlights2012 LocalHue \
         LocalLuminanceNoise LocalMoire LocalSaturation LocalShadows2012 LocalSharpness LocalTemperature \
         LocalTexture LocalTint LocalToningHue LocalToningSaturation LocalWhites2012",
    ),
    (Struct(&CORRECTION_MASK), "CorrectionMasks"),
    (Struct(&CORR_RANGE_MASK), "CorrectionRangeMask"),
]);

pub(super) static CORR_RANGE_MASK: Table = structure(&[
    (Text, "Invert LumRange LuminanceDepthSampleInfo Type Version"),
    (Integer, "SampleType"),
    (Real, "ColorAmount DepthFeather DepthMax DepthMin LumFeather LumMax LumMin"),
    (Struct(&AREA_MODELS), "AreaModels"),
]);

pub(super) static AREA_MODELS: Table = structure(&[(Text, "AreaComponents ColorRangeMaskAreaSampleInfo")]);

pub(super) static CORRECTION_MASK: Table = structure(&[
    (
        Text,
        "Dabs Flipped InputDigest MaskActive MaskDigest MaskInverted MaskName MaskSubType MaskSyncID MaskVersion \
         Origin ReferencePoint What WholeImageArea",
    ),
    (Integer, "MaskBlendMode Version"),
    (
        Real,
        "Alpha Angle Bottom CenterValue CenterWeight Feather Flow FullX FullY Left MaskValue Midpoint \
         PerimeterValue Radius Right Roundness SizeX SizeY Top X Y ZeroX ZeroY",
    ),
    (Struct(&CORRECTION_MASK), "Masks"),
    (Struct(&CORR_RANGE_MASK), "CorrectionRangeMask"),
]);

pub(super) static DEPTH_BASED_CORR: Table = structure(&[
    (Text, "CorrectionActive CorrectionSyncID What"),
    (Real, "CorrectionAmount LocalCorrectedDepth LocalCurveRefineSaturation"),
    (Struct(&CORRECTION_MASK), "CorrectionMasks"),
]);

pub(super) static DEPTH_MAP_INFO: Table = structure(&[(
    Text,
    "BaseHighlightGuideInputDigest BaseHighlightGuideTable BaseHighlightGuideVersion \
         BaseLayeredDepthInputDigest BaseLayeredDepthTable BaseLayeredDepthVersion BaseRawDepthInputDigest \
         BaseRawDepthTable BaseRawDepthVersion DepthSource",
)]);

pub(super) static LENS_BLUR: Table = structure(&[
    (Text, "Active FocalRange SampledArea SampledRange SubjectRange Version"),
    (
        Real,
        "BlurAmount BokehAspect BokehRotation BokehShape BokehShapeDetail CatEyeAmount CatEyeScale \
         FocalRangeSource HighlightsBoost HighlightsThreshold SphericalAberration",
    ),
]);

pub(super) static LOOK: Table = structure(&[
    (Text, "Amount Cluster Copyright Name SupportsAmount SupportsMonochrome SupportsOutputReferred UUID"),
    (LangAlt, "Group"),
    (Struct(&LOOK_PARMS), "Parameters"),
]);

pub(super) static LOOK_PARMS: Table = structure(&[(
    Text,
    "CameraProfile Clarity2012 ConvertToGrayscale Highlights2012 LookTable ProcessVersion Shadows2012 \
         ToneCurvePV2012 ToneCurvePV2012Blue ToneCurvePV2012Green ToneCurvePV2012Red Version",
)]);

pub(super) static RANGE_MASK: Table = structure(&[(Struct(&MAP_INFO), "RangeMaskMapInfo")]);

pub(super) static MAP_INFO: Table = structure(&[(Text, "LabMax LabMin LumEq RGBMax RGBMin")]);

pub(super) static RETOUCH_AREA: Table = structure(&[
    (Text, "Method SourceState SpotType"),
    (Integer, "Seed"),
    (Real, "Feather OffsetY Opacity SourceX"),
    (Struct(&CORRECTION_MASK), "Masks"),
]);
