//! Properties of the Metadata Working Group's regions, keywords and collections.

use super::adobe::DIMENSIONS;
use super::iptc::AREA;
use super::values::{FOCUS_USAGE, TYPE2};
use super::{How::*, Table, structure, table, variable};

/// `XMP-mwg-rs`
pub(super) static MWG_RS: Table = table(&[(Struct(&REGION_INFO), "Regions=RegionInfo")]);

/// `XMP-mwg-kw`
pub(super) static MWG_KW: Table = table(&[(Struct(&KEYWORD_INFO), "Keywords=KeywordInfo")]);

/// `XMP-mwg-coll`
pub(super) static MWG_COLL: Table = table(&[(Struct(&COLLECTION_INFO), "Collections")]);

pub(super) static EXTENSIONS: Table = variable(&[]);

pub(super) static REGION_INFO: Table =
    structure(&[(Struct(&DIMENSIONS), "AppliedToDimensions"), (Struct(&REGION_STRUCT), "RegionList")]);

pub(super) static REGION_STRUCT: Table = structure(&[
    (Text, "BarCodeValue Description Name seeAlso"),
    (Map(FOCUS_USAGE), "FocusUsage"),
    (Map(TYPE2), "Type"),
    (Real, "Rotation"),
    (Struct(&AREA), "Area"),
    (Struct(&EXTENSIONS), "Extensions"),
]);

pub(super) static KEYWORD_STRUCT: Table =
    structure(&[(Text, "Applied Keyword"), (Struct(&KEYWORD_STRUCT), "Children")]);

pub(super) static KEYWORD_INFO: Table = structure(&[(Struct(&KEYWORD_STRUCT), "Hierarchy")]);

pub(super) static COLLECTION_INFO: Table = structure(&[(Text, "CollectionName CollectionURI")]);
