//! What the values of XMP properties mean: text in the file, `=`, text shown; ` | ` stands between two of them.

use crate::print::Values;

pub(super) static ADULT_CONTENT_WARNING: Values = "\
    CW-AWR=Adult Content Warning Required | CW-NRQ=Not Required | CW-UNK=Unknown";
pub(super) static AUDIO_BIT_RATE_MODE: Values = "fixed=Fixed | variable=Variable";
pub(super) static AUDIO_CHANNEL_TYPE: Values = "\
    16 Channel=16 Channel | 5.1=5.1 | 7.1=7.1 | Mono=Mono | Other=Other | Stereo=Stereo";
pub(super) static AUDIO_SAMPLE_TYPE: Values = "\
    16Int=16-bit integer | 24Int=24-bit integer | 32Float=32-bit float | 32Int=32-bit integer | 8Int=8-bit integer \
    | Compressed=Compressed | Other=Other | Packed=Packed";
pub(super) static COLOR: Values = "\
    bw=BW | color=Color | duotone=Duotone | quadtone=Quadtone | sepia=Sepia | tritone=Tritone";
pub(super) static COLOR_CLASS: Values = "\
    0=0 (None) | 1=1 (Winner) | 2=2 (Winner alt) | 3=3 (Superior) | 4=4 (Superior alt) | 5=5 (Typical) | 6=6 \
    (Typical alt) | 7=7 (Extras) | 8=8 (Trash)";
pub(super) static COLOR_MODE: Values = "\
    0=Bitmap | 1=Grayscale | 2=Indexed | 3=RGB | 4=CMYK | 7=Multichannel | 8=Duotone | 9=Lab";
pub(super) static COMPLIANCE_PROFILE: Values = "three=Three";
pub(super) static COMPONENTS_CONFIGURATION: Values = "0=- | 1=Y | 2=Cb | 3=Cr | 4=R | 5=G | 6=B";
pub(super) static COMPOSITE_IMAGE: Values = "\
    0=Unknown | 1=Not a Composite Image | 2=General Composite Image | 3=Composite Image Captured While Shooting";
pub(super) static COMPRESSION: Values = "\
    1=Uncompressed | 2=CCITT 1D | 3=T4/Group 3 Fax | 4=T6/Group 4 Fax | 5=LZW | 6=JPEG (old-style) | 7=JPEG | \
    8=Adobe Deflate | 9=JBIG B&W or VC-5 | 10=JBIG Color | 99=JPEG | 262=Kodak 262 | 32766=NeXt or Sony ARW \
    Compressed 2 | 32767=Sony ARW Compressed | 32769=Packed RAW | 32770=Samsung SRW Compressed | 32771=CCIRLEW | \
    32772=Samsung SRW Compressed 2 | 32773=PackBits | 32809=Thunderscan | 32867=Kodak KDC Compressed | \
    32895=IT8CTPAD | 32896=IT8LW | 32897=IT8MP | 32898=IT8BL | 32908=PixarFilm | 32909=PixarLog | 32946=Deflate | \
    32947=DCS | 33003=Aperio JPEG 2000 YCbCr | 33005=Aperio JPEG 2000 RGB | 34661=JBIG | 34676=SGILog | \
    34677=SGILog24 | 34712=JPEG 2000 | 34713=Nikon NEF Compressed | 34715=JBIG2 TIFF FX | 34718=Microsoft Document \
    Imaging (MDI) Binary Level Codec | 34719=Microsoft Document Imaging (MDI) Progressive Transform Codec | \
    34720=Microsoft Document Imaging (MDI) Vector | 34887=ESRI Lerc | 34892=Lossy JPEG | 34925=LZMA2 | 34926=Zstd \
    (old) | 34927=WebP (old) | 34933=PNG | 34934=JPEG XR | 50000=Zstd | 50001=WebP | 50002=JPEG XL (old) | \
    52546=JPEG XL | 65000=Kodak DCR Compressed | 65535=Pentax PEF Compressed";
pub(super) static CONTRAST: Values = "0=Normal | 1=Low | 2=High";
pub(super) static COPYRIGHT_STATUS: Values = "CS-PRO=Protected | CS-PUB=Public Domain | CS-UNK=Unknown";
pub(super) static CREDIT_LINE_REQUIRED: Values = "\
    CR-CAI=Credit Adjacent To Image | CR-CCA=Credit in Credits Area | CR-COI=Credit on Image | CR-NRQ=Not Required";
pub(super) static CROP_UNIT: Values = "0=pixels | 1=inches | 2=cm";
pub(super) static CUSTOM_RENDERED: Values = "0=Normal | 1=Custom";
pub(super) static DATA_MINING: Values = "\
    DMI-ALLOWED=Allowed | DMI-PROHIBITED=Prohibited | DMI-PROHIBITED-AIMLTRAINING=Prohibited for AI/ML training | \
    DMI-PROHIBITED-EXCEPTSEARCHENGINEINDEXING=Prohibited except for search engine indexing | \
    DMI-PROHIBITED-GENAIMLTRAINING=Prohibited for Generative AI/ML training | \
    DMI-PROHIBITED-SEECONSTRAINT=Prohibited, see plus:OtherConstraints | \
    DMI-PROHIBITED-SEEEMBEDDEDRIGHTSEXPR=Prohibited, see iptcExt:EmbdEncRightsExpr | \
    DMI-PROHIBITED-SEELINKEDRIGHTSEXPR=Prohibited, see iptcExt:LinkedEncRightsExpr | DMI-UNSPECIFIED=Unspecified - \
    no prohibition defined";
pub(super) static EXPOSURE_MODE: Values = "0=Auto | 1=Manual | 2=Auto bracket";
pub(super) static EXPOSURE_PROGRAM: Values = "\
    0=Not Defined | 1=Manual | 2=Program AE | 3=Aperture-priority AE | 4=Shutter speed priority AE | 5=Creative \
    (Slow speed) | 6=Action (High speed) | 7=Portrait | 8=Landscape";
pub(super) static FILE_SOURCE: Values = "1=Film Scanner | 2=Reflection Print Scanner | 3=Digital Camera";
pub(super) static FOCAL_PLANE_RESOLUTION_UNIT: Values = "1=None | 2=inches | 3=cm | 4=mm | 5=um";
pub(super) static FOCUS_USAGE: Values = "\
    EvaluatedNotUsed=Evaluated, Not Used | EvaluatedUsed=Evaluated, Used | NotEvaluatedNotUsed=Not Evaluated, Not \
    Used";
pub(super) static FORMAT: Values = "RangeInverse=RangeInverse | RangeLinear=RangeLinear";
pub(super) static GAIN_CONTROL: Values = "\
    0=None | 1=Low gain up | 2=High gain up | 3=Low gain down | 4=High gain down";
pub(super) static GPSALTITUDE_REF: Values = "0=Above Sea Level | 1=Below Sea Level";
pub(super) static GPSDEST_BEARING_REF: Values = "M=Magnetic North | T=True North";
pub(super) static GPSDEST_DISTANCE_REF: Values = "K=Kilometers | M=Miles | N=Nautical Miles";
pub(super) static GPSDIFFERENTIAL: Values = "0=No Correction | 1=Differential Corrected";
pub(super) static GPSMEASURE_MODE: Values = "2=2-Dimensional Measurement | 3=3-Dimensional Measurement";
pub(super) static GPSSPEED_REF: Values = "K=km/h | M=mph | N=knots";
pub(super) static GPSSTATUS: Values = "A=Measurement Active | V=Measurement Void";
pub(super) static IMAGE_ALTERATION_CONSTRAINTS: Values = "\
    AL-CLR=No Colorization | AL-CRP=No Cropping | AL-DCL=No De-Colorization | AL-FLP=No Flipping | AL-MRG=No \
    Merging | AL-RET=No Retouching";
pub(super) static IMAGE_DUPLICATION_CONSTRAINTS: Values = "\
    DP-LIC=Duplication Only as Necessary Under License | DP-NDC=No Duplication Constraints | DP-NOD=No Duplication";
pub(super) static IMAGE_FILE_CONSTRAINTS: Values = "\
    IF-MFN=Maintain File Name | IF-MFT=Maintain File Type | IF-MID=Maintain ID in File Name | IF-MMD=Maintain \
    Metadata";
pub(super) static IMAGE_FILE_FORMAT_AS_DELIVERED: Values = "\
    FF-BMP=Windows Bitmap (BMP) | FF-DNG=Digital Negative (DNG) | FF-EPS=Encapsulated PostScript (EPS) | \
    FF-GIF=Graphics Interchange Format (GIF) | FF-JPG=JPEG Interchange Formats (JPG, JIF, JFIF) | FF-OTR=Other | \
    FF-PIC=Macintosh Picture (PICT) | FF-PNG=Portable Network Graphics (PNG) | FF-PSD=Photoshop Document (PSD) | \
    FF-RAW=Proprietary RAW Image Format | FF-TIF=Tagged Image File Format (TIFF) | FF-WMP=Windows Media Photo (HD \
    Photo)";
pub(super) static IMAGE_FILE_SIZE_AS_DELIVERED: Values = "\
    SZ-G50=Greater than 50 MB | SZ-U01=Up to 1 MB | SZ-U10=Up to 10 MB | SZ-U30=Up to 30 MB | SZ-U50=Up to 50 MB";
pub(super) static IMAGE_TYPE: Values = "\
    TY-ILL=Illustrated Image | TY-MCI=Multimedia or Composited Image | TY-OTR=Other | TY-PHO=Photographic Image | \
    TY-VID=Video";
pub(super) static INTEROPERABILITY_INDEX: Values = "\
    R03=R03 - DCF option file (Adobe RGB) | R98=R98 - DCF basic file (sRGB) | THM=THM - DCF thumbnail file";
pub(super) static KEY: Values = "A=A | A#=A# | B=B | C=C | C#=C# | D=D | D#=D# | E=E | F=F | F#=F# | G=G | G#=G#";
pub(super) static LICENSETYPE: Values = "\
    adware=Adware | commercial=Commercial | demo=Demo | freeware=Freeware | open source=Open Source | public \
    domain=Public Domain | shareware=Shareware | unknown=Unknown";
pub(super) static LICENSOR_TELEPHONE_TYPE1: Values = "cell=Cell | fax=FAX | home=Home | pager=Pager | work=Work";
pub(super) static LIGHT_SOURCE: Values = "\
    0=Unknown | 1=Daylight | 2=Fluorescent | 3=Tungsten (Incandescent) | 4=Flash | 9=Fine Weather | 10=Cloudy | \
    11=Shade | 12=Daylight Fluorescent | 13=Day White Fluorescent | 14=Cool White Fluorescent | 15=White \
    Fluorescent | 16=Warm White Fluorescent | 17=Standard Light A | 18=Standard Light B | 19=Standard Light C | \
    20=D55 | 21=D65 | 22=D75 | 23=D50 | 24=ISO Studio Tungsten | 25=Daylight | 26=Day White | 27=Cool White | \
    28=White | 29=Warm White | 30=Daylight LED | 31=Day White LED | 32=Cool White LED | 33=White LED | 34=Warm \
    White LED | 255=Other";
pub(super) static MASK_MARKERS: Values = "All=All | None=None";
pub(super) static MEASURE_TYPE: Values = "OpticalAxis=OpticalAxis | OpticalRay=OpticalRay";
pub(super) static METERING_MODE: Values = "\
    1=Average | 2=Center-weighted average | 3=Spot | 4=Multi-spot | 5=Multi-segment | 6=Partial | 255=Other";
pub(super) static MINOR_MODEL_AGE_DISCLOSURE: Values = "\
    AG-A15=Age 15 | AG-A16=Age 16 | AG-A17=Age 17 | AG-A18=Age 18 | AG-A19=Age 19 | AG-A20=Age 20 | AG-A21=Age 21 | \
    AG-A22=Age 22 | AG-A23=Age 23 | AG-A24=Age 24 | AG-A25=Age 25 or Over | AG-U14=Age 14 or Under | AG-UNK=Age \
    Unknown";
pub(super) static MODE: Values = "CMYK=CMYK | LAB=Lab | RGB=RGB";
pub(super) static MODE2: Values = "0=Unknown | 1=On | 2=Off | 3=Auto";
pub(super) static MODEL_RELEASE_STATUS: Values = "\
    MR-LMR=Limited or Incomplete Model Releases | MR-NAP=Not Applicable | MR-NON=None | MR-UMR=Unlimited Model \
    Releases";
pub(super) static MOIRE_FILTER: Values = "Off=Off | On=On";
pub(super) static ORIENTATION: Values = "\
    1=Horizontal (normal) | 2=Mirror horizontal | 3=Rotate 180 | 4=Mirror vertical | 5=Mirror horizontal and rotate \
    270 CW | 6=Rotate 90 CW | 7=Mirror horizontal and rotate 90 CW | 8=Rotate 270 CW";
pub(super) static ORIENTATION2: Values = "horizontal=Horizontal | vertical=Vertical";
pub(super) static ORIGIN_PLATFORM: Values = "\
    broadcast=Broadcast | email=E-Mail | mobile=Mobile | other=Other | print=Print | recordableMedia=Recordable \
    Media | web=Web";
pub(super) static PAGE_PROGRESSION_DIRECTION: Values = "LTR=Left to Right | RTL=Right to Left";
pub(super) static PANORAMIC_STITCH_CAMERA_MOTION: Values = "\
    3DRotation=3D Rotation | Affine=Affine | Homography=Homography | RigidScale=Rigid Scale";
pub(super) static PANORAMIC_STITCH_MAP_TYPE: Values = "\
    Horizontal-Cylindrical=Horizontal Cylindrical | Horizontal-Spherical=Horizontal Spherical | \
    Perspective=Perspective | Vertical-Cylindrical=Vertical Cylindrical | Vertical-Spherical=Vertical Spherical";
pub(super) static PERMITS: Values = "\
    cc:DerivativeWorks=Derivative Works | cc:Distribution=Distribution | cc:Reproduction=Reproduction | \
    cc:Sharing=Sharing";
pub(super) static PERSPECTIVE_UPRIGHT: Values = "0=Off | 1=Auto | 2=Full | 3=Level | 4=Vertical | 5=Guided";
pub(super) static PHOTOMETRIC_INTERPRETATION: Values = "\
    0=WhiteIsZero | 1=BlackIsZero | 2=RGB | 3=RGB Palette | 4=Transparency Mask | 5=CMYK | 6=YCbCr | 8=CIELab | \
    9=ICCLab | 10=ITULab | 32803=Color Filter Array | 32844=Pixar LogL | 32845=Pixar LogLuv | 32892=Sequential \
    Color Filter | 34892=Linear Raw | 51177=Depth Map | 52527=Semantic Mask";
pub(super) static PLANAR_CONFIGURATION: Values = "1=Chunky | 2=Planar";
pub(super) static POST_CROP_VIGNETTE_STYLE: Values = "1=Highlight Priority | 2=Color Priority | 3=Paint Overlay";
pub(super) static PROHIBITS: Values = "\
    cc:CommercialUse=Commercial Use | cc:HighIncomeNationUse=High Income Nation Use";
pub(super) static PROPERTY_RELEASE_STATUS: Values = "\
    PR-LPR=Limited or Incomplete Property Releases | PR-NAP=Not Applicable | PR-NON=None | PR-UPR=Unlimited \
    Property Releases";
pub(super) static PULL_DOWN: Values = "\
    SSWWW=SSWWW | SWWWS=SWWWS | SWWWW=SWWWW | WSSWW=WSSWW | WSWWW=WSWWW | WWSSW=WWSSW | WWSWW=WWSWW | WWWSS=WWWSS | \
    WWWSW=WWWSW | WWWWS=WWWWS";
pub(super) static QUALITY: Values = "High=High | Low=Low | Medium=Medium";
pub(super) static RB_SHAPE: Values = "circle=Circle | polygon=Polygon | rectangle=Rectangle";
pub(super) static RB_UNIT: Values = "pixel=Pixel | relative=Relative";
pub(super) static REQUIRES: Values = "\
    cc:Attribution=Attribution | cc:Copyleft=Copyleft | cc:LesserCopyleft=Lesser Copyleft | cc:Notice=Notice | \
    cc:ShareAlike=Share Alike | cc:SourceCode=Source Code";
pub(super) static RESOLUTION_UNIT: Values = "1=None | 2=inches | 3=cm";
pub(super) static RETURN: Values = "0=No return detection | 2=Return not detected | 3=Return detected";
pub(super) static REUSE: Values = "RE-NAP=Not Applicable | RE-REU=Repeat Use";
pub(super) static SCALE_TYPE: Values = "Both=Both | Major=Major | Minor=Minor | Neither=Neither";
pub(super) static SCENE_CAPTURE_TYPE: Values = "0=Standard | 1=Landscape | 2=Portrait | 3=Night";
pub(super) static SCENE_TYPE: Values = "1=Directly photographed";
pub(super) static SEASON: Values = "fall=Fall | spring=Spring | summer=Summer | winter=Winter";
pub(super) static SENSING_METHOD: Values = "\
    1=Monochrome area | 2=One-chip color area | 3=Two-chip color area | 4=Three-chip color area | 5=Color \
    sequential area | 6=Monochrome linear | 7=Trilinear | 8=Color sequential linear";
pub(super) static SENSITIVITY_TYPE: Values = "\
    0=Unknown | 1=Standard Output Sensitivity | 2=Recommended Exposure Index | 3=ISO Speed | 4=Standard Output \
    Sensitivity and Recommended Exposure Index | 5=Standard Output Sensitivity and ISO Speed | 6=Recommended \
    Exposure Index and ISO Speed | 7=Standard Output Sensitivity, Recommended Exposure Index and ISO Speed";
pub(super) static SHARPNESS: Values = "0=Normal | 1=Soft | 2=Hard";
pub(super) static STREAM_READY: Values = "false=False | true=True | unknown=Unknown";
pub(super) static STRETCH_MODE: Values = "\
    Beat Splice=Beat Splice | Fixed length=Fixed length | Hybrid=Hybrid | Resample=Resample | Time-Scale=Time-Scale";
pub(super) static SUBJECT_DISTANCE_RANGE: Values = "0=Unknown | 1=Macro | 2=Close | 3=Distant";
pub(super) static TAGGED: Values = "False=No | True=Yes";
pub(super) static TIME_FORMAT: Values = "\
    23976Timecode=23.976 fps | 24Timecode=24 fps | 25Timecode=25 fps | 2997DropTimecode=29.97 fps (drop) | \
    2997NonDropTimecode=29.97 fps (non-drop) | 30Timecode=30 fps | 50Timecode=50 fps | 5994DropTimecode=59.94 fps \
    (drop) | 5994NonDropTimecode=59.94 fps (non-drop) | 60Timecode=60 fps";
pub(super) static TIME_SIGNATURE: Values = "\
    12/8=12/8 | 2/4=2/4 | 3/4=3/4 | 4/4=4/4 | 5/4=5/4 | 6/8=6/8 | 7/4=7/4 | 9/8=9/8 | other=other";
pub(super) static TONE_CURVE_NAME: Values = "\
    Custom=Custom | Linear=Linear | Medium Contrast=Medium Contrast | Strong Contrast=Strong Contrast";
pub(super) static TYPE: Values = "audio=Audio | custom=Custom | movie=Movie | still=Still Image";
pub(super) static TYPE2: Values = "BarCode=BarCode | Face=Face | Focus=Focus | Pet=Pet";
pub(super) static URGENCY: Values = "\
    0=0 (reserved) | 1=1 (most urgent) | 2=2 | 3=3 | 4=4 | 5=5 (normal urgency) | 6=6 | 7=7 | 8=8 (least urgent) | \
    9=9 (user-defined priority)";
pub(super) static VIDEO_ALPHA_MODE: Values = "none=None | pre-multiplied=Pre-multiplied | straight=Straight";
pub(super) static VIDEO_COLOR_SPACE: Values = "CCIR-601=CCIR-601 | CCIR-709=CCIR-709 | sRGB=sRGB";
pub(super) static VIDEO_FIELD_ORDER: Values = "Lower=Lower | Progressive=Progressive | Upper=Upper";
pub(super) static VIDEO_PIXEL_DEPTH: Values = "\
    16Int=16-bit integer | 24Int=24-bit integer | 32Float=32-bit float | 32Int=32-bit integer | 8Int=8-bit integer \
    | Other=Other";
pub(super) static VISUAL_COLOUR: Values = "bw-monochrome=Monochrome | colour=Color";
pub(super) static WHITE_BALANCE: Values = "\
    As Shot=As Shot | Auto=Auto | Cloudy=Cloudy | Custom=Custom | Daylight=Daylight | Flash=Flash | \
    Fluorescent=Fluorescent | Shade=Shade | Tungsten=Tungsten";
pub(super) static WHITE_BALANCE2: Values = "0=Auto | 1=Manual";
pub(super) static YCB_CR_POSITIONING: Values = "1=Centered | 2=Co-sited";
pub(super) static YCB_CR_SUB_SAMPLING: Values = "\
    1 1=YCbCr4:4:4 (1 1) | 1 2=YCbCr4:4:0 (1 2) | 1 4=YCbCr4:4:1 (1 4) | 2 1=YCbCr4:2:2 (2 1) | 2 2=YCbCr4:2:0 (2 \
    2) | 2 4=YCbCr4:2:1 (2 4) | 4 1=YCbCr4:1:1 (4 1) | 4 2=YCbCr4:1:0 (4 2)";
