//! Which keys of which dictionaries are tags, and which lead on: the tree below the trailer (ISO 32000-1, 7.7).

/// What a key of a dictionary means.
#[derive(Debug, Clone, Copy)]
pub(super) enum What {
    /// A tag with the value as it is.
    Tag(&'static str),
    /// A date.
    Date(&'static str),
    /// A list: an array, or a string of items between commas, semicolons or spaces.
    List(&'static str),
    /// A boolean, printed `Yes` or `No`.
    YesNo(&'static str),
    /// A code with printed forms.
    Code(&'static str, &'static [(&'static str, &'static str)]),
    /// A number of seconds since.
    Ago(&'static str),
    /// A dictionary, or an array of them.
    Into(&'static Table),
    /// As [`What::Into`]; the array `[/Name value]` stands for a dictionary with one entry.
    Pair(&'static Table),
    /// As [`What::Into`], only the first of several objects.
    Once(&'static Table),
    /// As [`What::Into`]; its presence makes the file an Illustrator file.
    Illustrator(&'static Table),
    /// Interactive forms: whether they use XFA.
    Forms,
}

/// What the stream of a dictionary holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stream {
    None,
    /// Only where the dictionary's subtype is XML.
    Xmp,
    Icc,
    Photoshop,
    PostScript,
}

/// A kind of dictionary.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) keys: &'static [(&'static str, What)],
    pub(super) stream: Stream,
    /// All other keys are tags too, by their own names, and the first of equal tags counts.
    pub(super) all: bool,
}

impl Table {
    const fn of(keys: &'static [(&'static str, What)]) -> Self {
        Self { keys, stream: Stream::None, all: false }
    }

    const fn with_stream(stream: Stream) -> Self {
        Self { keys: &[], stream, all: false }
    }
}

/// The trailer.
pub(super) static TRAILER: Table = Table::of(&[("Info", What::Once(&INFO)), ("Root", What::Into(&CATALOG))]);

/// The information dictionary.
static INFO: Table = Table {
    keys: &[
        ("Title", What::Tag("Title")),
        ("Author", What::Tag("Author")),
        ("Subject", What::Tag("Subject")),
        ("Keywords", What::List("Keywords")),
        ("Creator", What::Tag("Creator")),
        ("Producer", What::Tag("Producer")),
        ("CreationDate", What::Date("CreateDate")),
        ("ModDate", What::Date("ModifyDate")),
        ("SourceModified", What::Date("SourceModified")),
        ("Trapped", What::Tag("Trapped")),
        ("AAPL:Keywords", What::List("AppleKeywords")),
    ],
    stream: Stream::None,
    all: true,
};

/// The document catalog.
static CATALOG: Table = Table::of(&[
    ("MarkInfo", What::Into(&Table::of(&[("Marked", What::YesNo("TaggedPDF"))]))),
    ("Metadata", What::Into(&METADATA)),
    ("Pages", What::Into(&PAGES)),
    ("Perms", What::Into(&PERMISSIONS)),
    ("AcroForm", What::Forms),
    ("Lang", What::Tag("Language")),
    ("PageLayout", What::Tag("PageLayout")),
    ("PageMode", What::Tag("PageMode")),
    ("Version", What::Tag("PDFVersion")),
]);

static METADATA: Table = Table::with_stream(Stream::Xmp);

/// The root of the page tree.
static PAGES: Table =
    Table::of(&[("Count", What::Tag("PageCount")), ("Kids", What::Into(&KIDS)), ("MediaBox", What::List("MediaBox"))]);

/// Its children; ExifTool goes no deeper.
static KIDS: Table = Table::of(&[
    ("Metadata", What::Into(&METADATA)),
    ("PieceInfo", What::Into(&PIECE_INFO)),
    ("Resources", What::Into(&Table::of(&[("ColorSpace", What::Into(&COLOR_SPACE))]))),
]);

static COLOR_SPACE: Table = Table::of(&[
    ("DefaultRGB", What::Pair(&PROFILE)),
    ("DefaultCMYK", What::Pair(&PROFILE)),
    ("Cs1", What::Pair(&PROFILE)),
    ("CS0", What::Pair(&PROFILE)),
]);

static PROFILE: Table = Table::of(&[("ICCBased", What::Into(&Table::with_stream(Stream::Icc)))]);

/// What Photoshop and Illustrator keep for themselves.
static PIECE_INFO: Table = Table::of(&[
    (
        "AdobePhotoshop",
        What::Into(&Table::of(&[(
            "Private",
            What::Into(&Table::of(&[("ImageResources", What::Into(&Table::with_stream(Stream::Photoshop)))])),
        )])),
    ),
    ("Illustrator", What::Illustrator(&Table::of(&[("Private", What::Into(&ILLUSTRATOR))]))),
]);

static ILLUSTRATOR: Table = Table::of(&[
    ("AIMetaData", What::Into(&Table::with_stream(Stream::PostScript))),
    ("RoundTripVersion", What::Tag("RoundTripVersion")),
    ("ContainerVersion", What::Tag("ContainerVersion")),
    ("CreatorVersion", What::Tag("CreatorVersion")),
]);

/// Permissions by signatures.
static PERMISSIONS: Table = Table::of(&[
    ("DocMDP", What::Into(&SIGNATURE)),
    ("FieldMDP", What::Into(&SIGNATURE)),
    ("UR3", What::Into(&SIGNATURE)),
]);

static SIGNATURE: Table = Table::of(&[
    ("ContactInfo", What::Tag("SignerContactInfo")),
    ("Location", What::Tag("SigningLocation")),
    ("M", What::Date("SigningDate")),
    ("Name", What::Tag("SigningAuthority")),
    ("Reason", What::Tag("SigningReason")),
    ("Reference", What::Into(&Table::of(&[("TransformParams", What::Into(&RIGHTS))]))),
    ("Prop_AuthTime", What::Ago("AuthenticationTime")),
    ("Prop_AuthType", What::Tag("AuthenticationType")),
]);

/// What a signature allows.
static RIGHTS: Table = Table::of(&[
    ("Annots", What::List("AnnotationUsageRights")),
    ("Document", What::List("DocumentUsageRights")),
    ("Form", What::List("FormUsageRights")),
    ("FormEX", What::List("FormExtraUsageRights")),
    ("Signature", What::List("SignatureUsageRights")),
    ("EF", What::List("EmbeddedFileUsageRights")),
    ("Msg", What::Tag("UsageRightsMessage")),
    (
        "P",
        What::Code(
            "ModificationPermissions",
            &[
                ("1", "No changes permitted"),
                ("2", "Fill forms, Create page templates, Sign"),
                ("3", "Fill forms, Create page templates, Sign, Create/Delete/Edit annotations"),
                ("true", "Restrict all applications to reader permissions"),
                ("false", "Do not restrict applications to reader permissions"),
            ],
        ),
    ),
    (
        "Action",
        What::Code(
            "FieldPermissions",
            &[
                ("All", "Disallow changes to all form fields"),
                ("Include", "Disallow changes to specified form fields"),
                ("Exclude", "Allow changes to specified form fields"),
            ],
        ),
    ),
    ("Fields", What::List("FormFields")),
]);

/// What a user without the owner's password may do, by bit.
pub(super) static ACCESS: &[(u32, &str)] = &[
    (2, "Print"),
    (3, "Modify"),
    (4, "Copy"),
    (5, "Annotate"),
    (8, "Fill forms"),
    (9, "Extract"),
    (10, "Assemble"),
    (11, "Print high-res"),
];

/// A tag's name from a key that no table has: what is no word becomes `_`, words start in upper case and lose the `_`
/// before them for it; `my#20own key` is `MyOwnKey`, `PTEX.Fullbanner` is `PTEX_Fullbanner`.
pub(super) fn name_of(key: &[u8]) -> String {
    let key = super::text::name(key, true);
    let mut name = String::with_capacity(key.len());
    let mut was_word = true;
    for byte in key {
        let is_word = byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        match byte {
            _ if !is_word && was_word => name.push('_'),
            _ if !is_word => {}
            byte if byte.is_ascii_lowercase() && (name.is_empty() || name.ends_with('_')) => {
                name.pop();
                name.push(char::from(byte.to_ascii_uppercase()));
            }
            byte => name.push(char::from(byte)),
        }
        was_word = is_word;
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_unknown_keys() {
        for (key, name) in [
            ("my#20own key", "MyOwnKey"),
            ("PTEX.Fullbanner", "PTEX_Fullbanner"),
            ("a__b", "A_B"),
            ("AAPL:x", "AAPLX"),
            ("1-2", "1-2"),
        ] {
            assert_eq!(name_of(key.as_bytes()), name);
        }
    }
}
