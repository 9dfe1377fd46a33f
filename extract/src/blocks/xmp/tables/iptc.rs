//! Properties of IPTC Core and Extension.

use super::values::{
    AUDIO_BIT_RATE_MODE, GPSALTITUDE_REF, RB_SHAPE, RB_UNIT, STREAM_READY, TIME_FORMAT, VISUAL_COLOUR,
};
use super::{How::*, Table, structure, table, variable};

/// `XMP-iptcCore`
pub(super) static IPTC_CORE: Table = table(&[
    (Text, "CountryCode IntellectualGenre Location Scene SubjectCode"),
    (LangAlt, "AltTextAccessibility ExtDescrAccessibility"),
    (Struct(&CONTACT_INFO), "CreatorContactInfo"),
]);

/// `XMP-iptcExt`
pub(super) static IPTC_EXT: Table = table(&[
    (
        Text,
        "AIPromptInformation AIPromptWriterName AISystemUsed AISystemVersionUsed \
         AddlModelInfo=AdditionalModelInformation CVterm=ControlledVocabularyTerm CircaDateCreated \
         DigImageGUID=DigitalImageGUID DigitalSourceType DigitalSourcefileType=DigitalSourceFileType \
         EventId=EventID ExternalMetadataLink FeedIdentifier OrganisationInImageCode OrganisationInImageName \
         PersonInImage ReleaseReady StorylineIdentifier StylePeriod parentId=ParentID videoEncodingProfile",
    ),
    (Date, "IptcLastEdited=IPTCLastEdited metadataLastEdited"),
    (
        Integer,
        "CopyrightYear MaxAvailHeight MaxAvailWidth ModelAge audioBitRate=AudioBitrate audioBitsPerSample \
         audioChannelCount videoBitRate=VideoBitrate videoStreamsCount",
    ),
    (LangAlt, "Dopesheet Event -Headline Transcript"),
    (Map(AUDIO_BIT_RATE_MODE), "audioBitRateMode=AudioBitrateMode videoBitRateMode=VideoBitrateMode"),
    (Map(STREAM_READY), "StreamReady"),
    (Map(VISUAL_COLOUR), "VisualColour=VisualColor"),
    (Rational, "videoDisplayAspectRatio"),
    (Struct(&ARTWORK_OR_OBJECT_DETAILS), "ArtworkOrObject"),
    (Struct(&CVTERM_DETAILS), "AboutCvTerm Genre WorkflowTag"),
    (Struct(&DEVICE_2), "RecDevice"),
    (Struct(&EEREDETAILS), "EmbdEncRightsExpr"),
    (
        Struct(&ENTITY),
        "ContainerFormat EventExt=ShownEvent PersonHeard SupplyChainSource VideoShotType metadataAuthority \
         metadataLastEditor",
    ),
    (Struct(&ENTITY_WITH_ROLE), "Contributor Creator PlanningRef"),
    (Struct(&EPISODE_OR_SEASON), "Episode Season"),
    (Struct(&IMAGE_REGION), "ImageRegion"),
    (Struct(&LEREDETAILS), "LinkedEncRightsExpr"),
    (Struct(&LINKED_IMAGE), "SnapshotLink=Snapshot"),
    (Struct(&LOCATION_DETAILS), "LocationCreated LocationShown"),
    (Struct(&PERSON_DETAILS), "PersonInImageWDetails"),
    (Struct(&PRODUCT_DETAILS), "ProductInImage"),
    (Struct(&PUBLICATION_EVENT), "PublicationEvent"),
    (Struct(&QUALIFIED_LINK), "DopesheetLink TranscriptLink"),
    (Struct(&RATING), "Rating"),
    (Struct(&REGISTRY_ENTRY_DETAILS), "RegistryId=RegistryID"),
    (Struct(&SERIES), "Series"),
    (Struct(&TEMPORAL_COVERAGE), "TemporalCoverage"),
    (Struct(&TEXT_REGION), "DataOnScreen"),
]);

pub(super) static CONTACT_INFO: Table =
    structure(&[(Text, "CiAdrCity CiAdrCtry CiAdrExtadr CiAdrPcode CiAdrRegion CiEmailWork CiTelWork CiUrlWork")]);

pub(super) static CVTERM_DETAILS: Table =
    structure(&[(Text, "CvId CvTermId CvTermRefinedAbout"), (LangAlt, "CvTermName")]);

pub(super) static ARTWORK_OR_OBJECT_DETAILS: Table = structure(&[
    (
        Text,
        "AOCircaDateCreated AOCopyrightNotice AOCreator AOCreatorId AOCurrentCopyrightOwnerId \
         AOCurrentCopyrightOwnerName AOCurrentLicensorId AOCurrentLicensorName AOSource AOSourceInvNo \
         AOSourceInvURL AOStylePeriod",
    ),
    (Date, "AODateCreated"),
    (LangAlt, "AOContentDescription AOContributionDescription AOPhysicalDescription AOTitle"),
]);

pub(super) static ENTITY: Table = structure(&[(Text, "Identifier"), (LangAlt, "Name")]);

pub(super) static ENTITY_WITH_ROLE: Table = structure(&[(Text, "Identifier Role"), (LangAlt, "Name")]);

pub(super) static TEXT_REGION: Table = structure(&[(Text, "RegionText"), (Struct(&AREA), "Region")]);

pub(super) static AREA: Table = structure(&[(Text, "unit"), (Real, "d h w x y")]);

pub(super) static QUALIFIED_LINK: Table = structure(&[(Text, "Link LinkQualifier")]);

pub(super) static EEREDETAILS: Table = structure(&[(Text, "EncRightsExpr RightsExprEncType RightsExprLangId")]);

pub(super) static EPISODE_OR_SEASON: Table = structure(&[(Text, "Identifier Name Number")]);

pub(super) static BOUNDARY_POINT: Table = structure(&[(Real, "rbX rbY")]);

pub(super) static IMAGE_REGION: Table = variable(&[
    (Text, "rId"),
    (LangAlt, "Name"),
    (Struct(&ENTITY), "rCtype rRole"),
    (Struct(&REGION_BOUNDARY), "RegionBoundary"),
]);

pub(super) static REGION_BOUNDARY: Table = structure(&[
    (Map(RB_SHAPE), "rbShape"),
    (Map(RB_UNIT), "rbUnit"),
    (Real, "rbH rbRx rbW rbX rbY"),
    (Struct(&BOUNDARY_POINT), "rbVertices"),
]);

pub(super) static LEREDETAILS: Table = structure(&[(Text, "LinkedRightsExpr RightsExprEncType RightsExprLangId")]);

pub(super) static LOCATION_DETAILS: Table = structure(&[
    (Text, "City CountryCode CountryName Identifier LocationId ProvinceState Sublocation WorldRegion"),
    (Degrees("E"), "GPSLongitude"),
    (Degrees("N"), "GPSLatitude"),
    (LangAlt, "LocationName"),
    (Map(GPSALTITUDE_REF), "GPSAltitudeRef"),
    (Metres, "GPSAltitude"),
]);

pub(super) static PERSON_DETAILS: Table = structure(&[
    (Text, "PersonId"),
    (LangAlt, "PersonDescription PersonName"),
    (Struct(&CVTERM_DETAILS), "PersonCharacteristic"),
]);

pub(super) static PRODUCT_DETAILS: Table =
    structure(&[(Text, "ProductGTIN ProductId"), (LangAlt, "ProductDescription ProductName")]);

pub(super) static PUBLICATION_EVENT: Table = structure(&[(Text, "Identifier Name"), (Date, "Date")]);

pub(super) static RATING: Table = structure(&[
    (Text, "RatingScaleMaxValue RatingScaleMinValue RatingSourceLink RatingValue RatingValueLogoLink"),
    (Struct(&LOCATION_DETAILS), "RatingRegion"),
]);

pub(super) static DEVICE_2: Table =
    structure(&[(Text, "AttLensDescription Manufacturer ModelName OwnersDeviceId SerialNumber")]);

pub(super) static REGISTRY_ENTRY_DETAILS: Table = structure(&[(Text, "RegEntryRole RegItemId RegOrgId")]);

pub(super) static SERIES: Table = structure(&[(Text, "Identifier Name")]);

pub(super) static TIMECODE: Table =
    structure(&[(Text, "timeValue"), (Integer, "value"), (Map(TIME_FORMAT), "timeFormat")]);

pub(super) static LINKED_IMAGE: Table = structure(&[
    (Text, "ImageRole Link LinkQualifier format"),
    (Integer, "HeightPixels WidthPixels"),
    (Struct(&TIMECODE), "UsedVideoFrame"),
]);

pub(super) static TEMPORAL_COVERAGE: Table = structure(&[(Date, "tempCoverageFrom tempCoverageTo")]);
