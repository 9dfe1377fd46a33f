//! Properties of Darwin Core, for biological occurrences.

use super::{How::*, Table, structure, table};

/// `XMP-dwc`
pub(super) static DWC: Table = table(&[
    (Struct(&DCTERMS_LOCATION), "dctermsLocation=DCTermsLocation"),
    (Struct(&EVENT), "Event=DCEvent HumanObservation MachineObservation"),
    (Struct(&GEOLOGICAL_CONTEXT), "GeologicalContext"),
    (Struct(&IDENTIFICATION), "Identification"),
    (Struct(&MATERIAL_SAMPLE), "FossilSpecimen LivingSpecimen MaterialSample PreservedSpecimen"),
    (Struct(&MEASUREMENT_OR_FACT), "MeasurementOrFact"),
    (Struct(&OCCURRENCE), "Occurrence"),
    (Struct(&ORGANISM), "Organism"),
    (Struct(&RECORD), "Record"),
    (Struct(&RESOURCE_RELATIONSHIP), "ResourceRelationship"),
    (Struct(&TAXON), "Taxon"),
]);

pub(super) static EVENT: Table = structure(&[
    (
        Text,
        "eventID eventType fieldNotes fieldNumber habitat parentEventID sampleSizeUnit sampleSizeValue \
         samplingEffort samplingProtocol verbatimEventDate",
    ),
    (Date, "earliestDate eventDate eventTime latestDate"),
    (Integer, "day endDayOfYear month startDayOfYear year"),
    (LangAlt, "eventRemarks"),
]);

pub(super) static MATERIAL_SAMPLE: Table = structure(&[(Text, "materialSampleID")]);

pub(super) static GEOLOGICAL_CONTEXT: Table = structure(&[(
    Text,
    "bed earliestAgeOrLowestStage earliestEonOrLowestEonothem earliestEpochOrLowestSeries \
         earliestEraOrLowestErathem earliestPeriodOrLowestSystem formation geologicalContextID group \
         highestBiostratigraphicZone latestAgeOrHighestStage latestEonOrHighestEonothem \
         latestEpochOrHighestSeries latestEraOrHighestErathem latestPeriodOrHighestSystem lithostratigraphicTerms \
         lowestBiostratigraphicZone member",
)]);

pub(super) static IDENTIFICATION: Table = structure(&[
    (
        Text,
        "identificationID identificationQualifier identificationReferences identificationRemarks \
         identificationVerificationStatus identifiedBy identifiedByID typeStatus verbatimIdentification",
    ),
    (Date, "dateIdentified"),
]);

pub(super) static MEASUREMENT_OR_FACT: Table = structure(&[
    (
        Text,
        "measurementAccuracy measurementDeterminedBy measurementID measurementMethod measurementRemarks \
         measurementType measurementUnit measurementValue parentMeasurementID",
    ),
    (Date, "measurementDeterminedDate"),
]);

pub(super) static OCCURRENCE: Table = structure(&[(
    Text,
    "associatedMedia associatedOccurrences associatedReferences associatedSequences associatedTaxa behavior \
         caste catalogNumber degreeOfEstablishment disposition establishmentMeans georeferenceVerificationStatus \
         individualCount individualID lifeStage occurrenceDetails occurrenceID occurrenceRemarks occurrenceStatus \
         organismQuantity organismQuantityType otherCatalogNumbers pathway preparations previousIdentifications \
         recordNumber recordedBy recordedByID reproductiveCondition sex vitality",
)]);

pub(super) static ORGANISM: Table = structure(&[(
    Text,
    "associatedOccurrences associatedOrganisms organismID organismName organismRemarks organismScope \
         previousIdentifications",
)]);

pub(super) static RECORD: Table = structure(&[(
    Text,
    "basisOfRecord collectionCode collectionID dataGeneralizations datasetID datasetName dynamicProperties \
         informationWithheld institutionCode institutionID ownerInstitutionCode",
)]);

pub(super) static RESOURCE_RELATIONSHIP: Table = structure(&[
    (
        Text,
        "relatedResourceID relationshipAccordingTo relationshipOfResource relationshipOfResourceID \
         relationshipRemarks resourceID resourceRelationshipID",
    ),
    (Date, "relationshipEstablishedDate"),
]);

pub(super) static TAXON: Table = structure(&[
    (
        Text,
        "acceptedNameUsage acceptedNameUsageID class cultivarEpithet family genericName genus \
         higherClassification infragenericEpithet infraspecificEpithet kingdom nameAccordingTo nameAccordingToID \
         namePublishedIn namePublishedInID namePublishedInYear nomenclaturalCode nomenclaturalStatus order \
         originalNameUsage originalNameUsageID parentNameUsage parentNameUsageID phylum scientificName \
         scientificNameAuthorship scientificNameID specificEpithet subFamily subTribe subgenus superFamily \
         taxonConceptID taxonID taxonRank taxonRemarks taxonomicStatus tribe verbatimTaxonRank",
    ),
    (LangAlt, "vernacularName"),
]);

pub(super) static DCTERMS_LOCATION: Table = structure(&[(
    Text,
    "continent coordinatePrecision coordinateUncertaintyInMeters country countryCode county decimalLatitude \
         decimalLongitude footprintSRS footprintSpatialFit footprintWKT geodeticDatum georeferenceProtocol \
         georeferenceRemarks georeferenceSources georeferenceVerificationStatus georeferencedBy georeferencedDate \
         higherGeography higherGeographyID island islandGroup locality locationAccordingTo locationID \
         locationRemarks maximumDepthInMeters maximumDistanceAboveSurfaceInMeters maximumElevationInMeters \
         minimumDepthInMeters minimumDistanceAboveSurfaceInMeters minimumElevationInMeters municipality \
         pointRadiusSpatialFit stateProvince verbatimCoordinateSystem verbatimCoordinates verbatimDepth \
         verbatimElevation verbatimLatitude verbatimLocality verbatimLongitude verbatimSRS verticalDatum \
         waterBody",
)]);
