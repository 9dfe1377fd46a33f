//! Names and meanings in ICC profiles (ICC.1:2022, ICC.2:2019, Apple's and Microsoft's tags), but those of makers.

use crate::print::Values;

/// The name of a tag that is shown as one value.
pub(super) fn name(tag: [u8; 4]) -> Option<&'static str> {
    TAGS.binary_search_by_key(&tag, |(known, _)| **known).ok().map(|at| TAGS[at].1)
}

/// Sorted by tag.
static TAGS: &[(&[u8; 4], &str)] = &[
    (b"A2B0", "AToB0"),
    (b"A2B1", "AToB1"),
    (b"A2B2", "AToB2"),
    (b"A2B3", "AToB3"),
    (b"A2M0", "AToM0"),
    (b"B2A0", "BToA0"),
    (b"B2A1", "BToA1"),
    (b"B2A2", "BToA2"),
    (b"B2A3", "BToA3"),
    (b"B2D0", "BToD0"),
    (b"B2D1", "BToD1"),
    (b"B2D2", "BToD2"),
    (b"B2D3", "BToD3"),
    (b"CxF ", "CXF"),
    (b"D2B0", "DToB0"),
    (b"D2B1", "DToB1"),
    (b"D2B2", "DToB2"),
    (b"D2B3", "DToB3"),
    (b"M2A0", "MToA0"),
    (b"M2B0", "MToB0"),
    (b"M2B1", "MToB1"),
    (b"M2B2", "MToB2"),
    (b"M2B3", "MToB3"),
    (b"M2S0", "MToS0"),
    (b"M2S1", "MToS1"),
    (b"M2S2", "MToS2"),
    (b"M2S3", "MToS3"),
    (b"MS00", "WCSProfiles"),
    (b"bAB0", "BRDFAToB0"),
    (b"bAB1", "BRDFAToB1"),
    (b"bAB2", "BRDFAToB2"),
    (b"bAB3", "BRDFAToB3"),
    (b"bBA0", "BRDFBToA0"),
    (b"bBA1", "BRDFBToA1"),
    (b"bBA2", "BRDFBToA2"),
    (b"bBA3", "BRDFBToA3"),
    (b"bBD0", "BRDFBToD0"),
    (b"bBD1", "BRDFBToD1"),
    (b"bBD2", "BRDFBToD2"),
    (b"bBD3", "BRDFBToD3"),
    (b"bDB0", "BRDFDToB0"),
    (b"bDB1", "BRDFDToB1"),
    (b"bDB2", "BRDFDToB2"),
    (b"bDB3", "BRDFDToB3"),
    (b"bMB0", "BRDFMToB0"),
    (b"bMB1", "BRDFMToB1"),
    (b"bMB2", "BRDFMToB2"),
    (b"bMB3", "BRDFMToB3"),
    (b"bMS0", "BRDFMToS0"),
    (b"bMS1", "BRDFMToS1"),
    (b"bMS2", "BRDFMToS2"),
    (b"bMS3", "BRDFMToS3"),
    (b"bTRC", "BlueTRC"),
    (b"bXYZ", "BlueMatrixColumn"),
    (b"bcp0", "BRDFColorimetricParam0"),
    (b"bcp1", "BRDFColorimetricParam1"),
    (b"bcp2", "BRDFColorimetricParam2"),
    (b"bcp3", "BRDFColorimetricParam3"),
    (b"bfd ", "UCRBG"),
    (b"bkpt", "MediaBlackPoint"),
    (b"bsp0", "BRDFSpectralParam0"),
    (b"bsp1", "BRDFSpectralParam1"),
    (b"bsp2", "BRDFSpectralParam2"),
    (b"bsp3", "BRDFSpectralParam3"),
    (b"c2sp", "CustomToStandardPcc"),
    (b"calt", "CalibrationDateTime"),
    (b"cept", "ColorEncodingParams"),
    (b"chad", "ChromaticAdaptation"),
    (b"ciis", "ColorimetricIntentImageState"),
    (b"clio", "ColorantInfoOut"),
    (b"cloo", "ColorantOrderOut"),
    (b"clot", "ColorantTableOut"),
    (b"clro", "ColorantOrder"),
    (b"cprt", "ProfileCopyright"),
    (b"crdi", "CRDInfo"),
    (b"csnm", "ColorSpaceName"),
    (b"dAB0", "DirectionalAToB0"),
    (b"dAB1", "DirectionalAToB1"),
    (b"dAB2", "DirectionalAToB2"),
    (b"dAB3", "DirectionalAToB3"),
    (b"dBA0", "DirectionalBToA0"),
    (b"dBA1", "DirectionalBToA1"),
    (b"dBA2", "DirectionalBToA2"),
    (b"dBA3", "DirectionalBToA3"),
    (b"dBD0", "DirectionalBToD0"),
    (b"dBD1", "DirectionalBToD1"),
    (b"dBD2", "DirectionalBToD2"),
    (b"dBD3", "DirectionalBToD3"),
    (b"dDB0", "DirectionalDToB0"),
    (b"dDB1", "DirectionalDToB1"),
    (b"dDB2", "DirectionalDToB2"),
    (b"dDB3", "DirectionalDToB3"),
    (b"desc", "ProfileDescription"),
    (b"devs", "DeviceSettings"),
    (b"dmdd", "DeviceModelDesc"),
    (b"dmnd", "DeviceMfgDesc"),
    (b"dscm", "ProfileDescriptionML"),
    (b"fpce", "FocalPlaneColorimetryEstimates"),
    (b"gTRC", "GreenTRC"),
    (b"gXYZ", "GreenMatrixColumn"),
    (b"gamt", "Gamut"),
    (b"gdb0", "GamutBoundaryDescription0"),
    (b"gdb1", "GamutBoundaryDescription1"),
    (b"gdb2", "GamutBoundaryDescription2"),
    (b"gdb3", "GamutBoundaryDescription3"),
    (b"hdgm", "HDGainMapInfo"),
    (b"kTRC", "GrayTRC"),
    (b"lumi", "Luminance"),
    (b"mcta", "MultiplexTypeArray"),
    (b"mdv ", "MultiplexDefaultValues"),
    (b"miin", "MeasurementInputInfo"),
    (b"minf", "MeasurementInfo"),
    (b"mmod", "MakeAndModel"),
    (b"ncl2", "NamedColor2"),
    (b"ncol", "NamedColor"),
    (b"ndin", "NativeDisplayInfo"),
    (b"nmcl", "NamedColor"),
    (b"pre0", "Preview0"),
    (b"pre1", "Preview1"),
    (b"pre2", "Preview2"),
    (b"ps2i", "PS2RenderingIntent"),
    (b"ps2s", "PostScript2CSA"),
    (b"psd0", "PostScript2CRD0"),
    (b"psd1", "PostScript2CRD1"),
    (b"psd2", "PostScript2CRD2"),
    (b"psd3", "PostScript2CRD3"),
    (b"pseq", "ProfileSequenceDesc"),
    (b"psid", "ProfileSequenceIdentifier"),
    (b"psin", "ProfileSequenceInfo"),
    (b"psvm", "PS2CRDVMSize"),
    (b"rTRC", "RedTRC"),
    (b"rXYZ", "RedMatrixColumn"),
    (b"resp", "OutputResponse"),
    (b"rfnm", "ReferenceName"),
    (b"rhoc", "ReflectionHardcopyOrigColorimetry"),
    (b"rig0", "PerceptualRenderingIntentGamut"),
    (b"rig2", "SaturationRenderingIntentGamut"),
    (b"rpoc", "ReflectionPrintOutputColorimetry"),
    (b"s2cp", "StandardToCustomPcc"),
    (b"sape", "SceneAppearanceEstimates"),
    (b"scoe", "SceneColorimetryEstimates"),
    (b"scrd", "ScreeningDesc"),
    (b"scrn", "Screening"),
    (b"smap", "SurfaceMap"),
    (b"svcn", "SpectralViewingConditions"),
    (b"swpt", "SpectralWhitePoint"),
    (b"targ", "CharTarget"),
    (b"tech", "Technology"),
    (b"vcgt", "VideoCardGamma"),
    (b"vued", "ViewingCondDesc"),
    (b"wtpt", "MediaWhitePoint"),
];

pub(super) static CLASSES: Values = "\
    abst=Abstract Profile | cenc=ColorEncodingSpace Profile | link=DeviceLink Profile | mid \
    =MultiplexIdentification Profile | mlnk=MultiplexLink Profile | mntr=Display Device Profile | \
    mvis=MultiplexVisualization Profile | nkpf=Nikon Input Device Profile (NON-STANDARD!) | nmcl=NamedColor Profile \
    | prtr=Output Device Profile | scnr=Input Device Profile | spac=ColorSpace Conversion Profile";
pub(super) static PLATFORMS: Values = "\
    APPL=Apple Computer Inc. | MSFT=Microsoft Corporation | SGI =Silicon Graphics Inc. | SUNW=Sun Microsystems Inc. \
    | TGNT=Taligent Inc.";
pub(super) static INTENTS: Values = "\
    0=Perceptual | 1=Media-Relative Colorimetric | 2=Saturation | 3=ICC-Absolute Colorimetric";
pub(super) static TECHNOLOGIES: Values = "\
    AMD =Active Matrix Display | CRT =Cathode Ray Tube Display | KPCD=Photo CD | PMD =Passive Matrix Display | \
    dcam=Digital Camera | dcpj=Digital Cinema Projector | dmpc=Digital Motion Picture Camera | dsub=Dye Sublimation \
    Printer | epho=Electrophotographic Printer | esta=Electrostatic Printer | flex=Flexography | fprn=Film Writer | \
    fscn=Film Scanner | grav=Gravure | ijet=Ink Jet Printer | imgs=Photo Image Setter | mpfr=Motion Picture Film \
    Recorder | mpfs=Motion Picture Film Scanner | offs=Offset Lithography | pjtv=Projection Television | \
    rpho=Photographic Paper Printer | rscn=Reflective Scanner | silk=Silkscreen | twax=Thermal Wax Printer | \
    vidc=Video Camera | vidm=Video Monitor";
pub(super) static PRIMARIES: Values = "\
    1=BT.709 | 2=Unspecified | 4=BT.470 System M (historical) | 5=BT.470 System B, G (historical) | 6=BT.601 | \
    7=SMPTE 240 | 8=Generic film (color filters using illuminant C) | 9=BT.2020, BT.2100 | 10=SMPTE 428 (CIE 1931 \
    XYZ) | 11=SMPTE RP 431-2 | 12=SMPTE EG 432-1 | 22=EBU Tech. 3213-E";
pub(super) static TRANSFERS: Values = "\
    0=For future use (0) | 1=BT.709 | 2=Unspecified | 3=For future use (3) | 4=BT.470 System M (historical) | \
    5=BT.470 System B, G (historical) | 6=BT.601 | 7=SMPTE 240 M | 8=Linear | 9=Logarithmic (100 : 1 range) | \
    10=Logarithmic (100 * Sqrt(10) : 1 range) | 11=IEC 61966-2-4 | 12=BT.1361 | 13=sRGB or sYCC | 14=BT.2020 10-bit \
    systems | 15=BT.2020 12-bit systems | 16=SMPTE ST 2084, ITU BT.2100 PQ | 17=SMPTE ST 428 | 18=BT.2100 HLG, ARIB \
    STD-B67";
pub(super) static MATRICES: Values = "\
    0=Identity matrix | 1=BT.709 | 2=Unspecified | 3=For future use (3) | 4=US FCC 73.628 | 5=BT.470 System B, G \
    (historical) | 6=BT.601 | 7=SMPTE 240 M | 8=YCgCo | 9=BT.2020 non-constant luminance, BT.2100 YCbCr | \
    10=BT.2020 constant luminance | 11=SMPTE ST 2085 YDzDx | 12=Chromaticity-derived non-constant luminance | \
    13=Chromaticity-derived constant luminance | 14=BT.2100 ICtCp";
pub(super) static ILLUMINANTS: Values = "1=D50 | 2=D65 | 3=D93 | 4=F2 | 5=D55 | 6=A | 7=Equi-Power (E) | 8=F8";
pub(super) static OBSERVERS: Values = "1=CIE 1931 | 2=CIE 1964";
pub(super) static GEOMETRIES: Values = "0=Unknown | 1=0/45 or 45/0 | 2=0/d or d/0";
pub(super) static COLORANTS: Values = "0=Unknown | 1=ITU-R BT.709 | 2=SMPTE RP145-1994 | 3=EBU Tech.3213-E | 4=P22";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_sorted() {
        assert!(TAGS.is_sorted_by_key(|(tag, _)| **tag));
        assert_eq!(name(*b"cprt"), Some("ProfileCopyright"));
    }
}
