//! Properties of the PLUS licence data format.

use super::values::{
    ADULT_CONTENT_WARNING, COPYRIGHT_STATUS, CREDIT_LINE_REQUIRED, DATA_MINING, IMAGE_ALTERATION_CONSTRAINTS,
    IMAGE_DUPLICATION_CONSTRAINTS, IMAGE_FILE_CONSTRAINTS, IMAGE_FILE_FORMAT_AS_DELIVERED,
    IMAGE_FILE_SIZE_AS_DELIVERED, IMAGE_TYPE, LICENSOR_TELEPHONE_TYPE1, MINOR_MODEL_AGE_DISCLOSURE,
    MODEL_RELEASE_STATUS, PROPERTY_RELEASE_STATUS, REUSE,
};
use super::{How::*, Table, low, structure, table};

/// `XMP-plus`
pub(super) static PLUS: Table = table(&[
    (
        Text,
        "CopyrightOwnerImageID CopyrightRegistrationNumber FileNameAsDelivered ImageCreatorImageID \
         ImageSupplierImageID LicenseID LicenseeImageID LicenseeProjectReference LicenseeTransactionID \
         LicensorImageID LicensorTransactionID ModelReleaseID OtherLicenseDocuments PropertyReleaseID \
         TermsAndConditionsURL Version=PLUSVersion",
    ),
    (Date, "FirstPublicationDate LicenseEndDate LicenseStartDate LicenseTransactionDate"),
    (
        LangAlt,
        "Custom1 Custom10 Custom2 Custom3 Custom4 Custom5 Custom6 Custom7 Custom8 Custom9 LicenseeImageNotes \
         LicensorNotes MediaConstraints OtherConditions OtherConstraints OtherImageInfo OtherLicenseInfo \
         OtherLicenseRequirements ProductOrServiceConstraints RegionConstraints TermsAndConditionsText",
    ),
    (MediaSummary, "MediaSummaryCode"),
    (Plus(ADULT_CONTENT_WARNING), "AdultContentWarning"),
    (Plus(COPYRIGHT_STATUS), "CopyrightStatus"),
    (Plus(CREDIT_LINE_REQUIRED), "CreditLineRequired"),
    (Plus(DATA_MINING), "DataMining"),
    (Plus(IMAGE_ALTERATION_CONSTRAINTS), "ImageAlterationConstraints"),
    (Plus(IMAGE_DUPLICATION_CONSTRAINTS), "ImageDuplicationConstraints"),
    (Plus(IMAGE_FILE_CONSTRAINTS), "ImageFileConstraints"),
    (Plus(IMAGE_FILE_FORMAT_AS_DELIVERED), "ImageFileFormatAsDelivered"),
    (Plus(IMAGE_FILE_SIZE_AS_DELIVERED), "ImageFileSizeAsDelivered"),
    (Plus(IMAGE_TYPE), "ImageType"),
    (Plus(MINOR_MODEL_AGE_DISCLOSURE), "MinorModelAgeDisclosure"),
    (Plus(MODEL_RELEASE_STATUS), "ModelReleaseStatus"),
    (Plus(PROPERTY_RELEASE_STATUS), "PropertyReleaseStatus"),
    (Plus(REUSE), "Reuse"),
    (Struct(&COPYRIGHT_OWNER), "CopyrightOwner"),
    (Struct(&END_USER), "EndUser"),
    (Struct(&IMAGE_CREATOR), "ImageCreator"),
    (Struct(&IMAGE_SUPPLIER), "ImageSupplier"),
    (Struct(&LICENSEE), "Licensee"),
    (Struct(&LICENSOR), "Licensor"),
]);

/// `XMP-xmpPLUS`
pub(super) static XMP_PLUS: Table = low(&[(Text, "CreditLineReq ReuseAllowed")]);

pub(super) static COPYRIGHT_OWNER: Table = structure(&[(Text, "CopyrightOwnerID CopyrightOwnerName")]);

pub(super) static END_USER: Table = structure(&[(Text, "EndUserID EndUserName")]);

pub(super) static IMAGE_CREATOR: Table = structure(&[(Text, "ImageCreatorID ImageCreatorName")]);

pub(super) static IMAGE_SUPPLIER: Table = structure(&[(Text, "ImageSupplierID ImageSupplierName")]);

pub(super) static LICENSEE: Table = structure(&[(Text, "LicenseeID LicenseeName")]);

pub(super) static LICENSOR: Table = structure(&[
    (
        Text,
        "LicensorCity LicensorCountry LicensorEmail LicensorExtendedAddress LicensorID LicensorName \
         LicensorPostalCode LicensorRegion LicensorStreetAddress LicensorTelephone1 LicensorTelephone2 \
         LicensorURL",
    ),
    (Plus(LICENSOR_TELEPHONE_TYPE1), "LicensorTelephoneType1 LicensorTelephoneType2"),
]);
