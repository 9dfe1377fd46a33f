//! Properties of PRISM publishing metadata.

use super::values::{COLOR, COMPLIANCE_PROFILE, ORIENTATION2, ORIGIN_PLATFORM, PAGE_PROGRESSION_DIRECTION, SEASON};
use super::{How::*, Table, low, structure};

/// `XMP-prism`
pub(super) static PRISM: Table = low(&[
    (
        Text,
        "academicField aggregationType blogTitle blogURL bookEdition contentType copyrightYear corporateEntity \
         coverDisplayDate device distributor doi=DOI eIssn edition endingPage event genre hasAlternative \
         hasTranslation industry isAlternativeOf isCorrectionOf isTranslationOf isbn=ISBN issn=ISSN \
         issueIdentifier issueName issueTeaser issueType keyword link location nationalCatalogNumber number \
         object organization pageRange person platform productCode profession publicationName publishingFrequency \
         rating samplePageRange section sellingAgency seriesTitle sport startingPage subsection1 subsection2 \
         subsection3 subsection4 subtitle supplementDisplayID supplementStartingPage supplementTitle teaser \
         ticker timePeriod uspsNumber versionIdentifier volume",
    ),
    (Date, "coverDate creationDate dateRecieved modificationDate"),
    (Integer, "aggregateIssueNumber byteCount pageCount seriesNumber wordCount"),
    (Map(COMPLIANCE_PROFILE), "complianceProfile"),
    (Map(ORIGIN_PLATFORM), "originPlatform"),
    (Map(PAGE_PROGRESSION_DIRECTION), "pageProgressionDirection"),
    (Struct(&PRISM_ALTERNATE_TITLE), "alternateTitle"),
    (Struct(&PRISM_CHANNEL), "channel"),
    (Struct(&PRISM_HAS_CORRECTION), "hasCorrection"),
    (Struct(&PRISM_KILL_DATE), "killDate"),
    (Struct(&PRISM_OFF_SALE_DATE), "offSaleDate"),
    (Struct(&PRISM_ON_SALE_DATE), "onSaleDate"),
    (Struct(&PRISM_ON_SALE_DAY), "onSaleDay"),
    (Struct(&PRISM_PUBLICATION_DATE), "publicationDate publicationDisplayDate"),
    (Struct(&PRISM_URL), "url=URL"),
]);

/// `XMP-prl`
pub(super) static PRL: Table = low(&[(Text, "geography industry usage")]);

/// `XMP-pur`
pub(super) static PUR: Table = low(&[
    (
        Text,
        "adultContentWarning agreement creditLine imageSizeRestriction permissions restrictions reuseProhibited \
         rightsAgent rightsOwner",
    ),
    (Date, "embargoDate exclusivityEndDate expirationDate optionEndDate"),
    (LangAlt, "copyright"),
]);

/// `XMP-pmi`
pub(super) static PMI: Table = low(&[
    (
        Text,
        "contactInfo displayName distributorProductID eventAlias eventEnd eventStart eventSubtype eventType field \
         framing location make manufacturer model modelYear objectDescription objectSubtype objectType \
         positionDescriptor productID productIDType sequenceName sequenceNumber sequenceTotalNumber setting \
         shootID slideshowName viewpoint visualTechnique",
    ),
    (Integer, "slideshowNumber slideshowTotalNumber"),
    (Map(COLOR), "color"),
    (Map(ORIENTATION2), "orientation"),
    (Map(SEASON), "season"),
]);

/// `XMP-prm`
pub(super) static PRM: Table = low(&[(
    Text,
    "cookingEquipment cookingMethod course cuisine dietaryNeeds dishType duration ingredientExclusion \
         mainIngredient meal recipeEndingPage recipePageRange recipeSource recipeStartingPage recipeTitle \
         servingSize skillLevel specialOccasion yield",
)]);

pub(super) static PRISM_ALTERNATE_TITLE: Table = structure(&[(Text, "a-lang a-platform text")]);

pub(super) static PRISM_CHANNEL: Table =
    structure(&[(Text, "a-lang channel subchannel1 subchannel2 subchannel3 subchannel4")]);

pub(super) static PRISM_HAS_CORRECTION: Table = structure(&[(Text, "a-lang a-platform text")]);

pub(super) static PRISM_KILL_DATE: Table = structure(&[(Text, "a-platform"), (Date, "date")]);

pub(super) static PRISM_OFF_SALE_DATE: Table = structure(&[(Text, "a-platform"), (Date, "date")]);

pub(super) static PRISM_ON_SALE_DATE: Table = structure(&[(Text, "a-platform"), (Date, "date")]);

pub(super) static PRISM_ON_SALE_DAY: Table = structure(&[(Text, "a-platform day")]);

pub(super) static PRISM_PUBLICATION_DATE: Table = structure(&[(Text, "a-platform"), (Date, "date")]);

pub(super) static PRISM_URL: Table = structure(&[(Text, "a-platform url")]);
