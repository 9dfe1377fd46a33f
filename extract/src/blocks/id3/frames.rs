//! The frames of ID3v2 by identifier: ExifTool's names and how each is decoded.

/// How the data of a frame becomes a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Encoded text; several are joined with `/`.
    Text,
    Genre,
    /// Text that is 0 or 1.
    Flag,
    Milliseconds,
    Date,
    /// Description and text.
    UserText,
    /// Plain bytes up to a NUL.
    Url,
    /// Description and URL.
    UserUrl,
    /// Language, description, text.
    Comment,
    /// Language, text.
    Terms,
    Counter,
    Popularimeter,
    Ownership,
    /// RVA of version 2.2.
    Volume,
    /// RVA2 of version 2.4.
    Volume2,
    Picture,
    Private,
    /// An encapsulated file.
    Object,
    /// Lyrics with time stamps.
    TimedText,
    /// Bytes shown as text without the NULs around.
    Plain,
    Binary,
}

/// Identifier, name, kind.
type Frame = (&'static str, &'static str, Kind);

/// A version of ID3v2, named by its group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Version {
    V22,
    V23,
    V24,
}

impl Version {
    pub(super) fn group(self) -> &'static str {
        match self {
            Self::V22 => "ID3v2_2",
            Self::V23 => "ID3v2_3",
            Self::V24 => "ID3v2_4",
        }
    }
}

/// Name, kind and group of a frame. A frame of the sister version of 2.3 or 2.4 counts, in the group of that version.
pub(super) fn find(id: &[u8], version: Version) -> Option<(&'static str, Kind, &'static str)> {
    let tables: &[(&[Frame], Version)] = match version {
        Version::V22 => &[(V22, Version::V22)],
        Version::V23 => &[(COMMON, Version::V23), (V23, Version::V23), (V24, Version::V24)],
        Version::V24 => &[(COMMON, Version::V24), (V24, Version::V24), (V23, Version::V23)],
    };
    tables.iter().find_map(|(table, version)| {
        let frame = table.iter().find(|frame| frame.0.as_bytes() == id)?;
        Some((frame.1, frame.2, version.group()))
    })
}

/// Whether a frame belongs to exactly this version.
pub(super) fn is_own(id: &[u8], version: Version) -> bool {
    find(id, version).is_some_and(|frame| frame.2 == version.group())
}

/// Frames of version 2.2.
static V22: &[Frame] = &[
    ("CNT", "PlayCounter", Kind::Counter),
    ("COM", "Comment", Kind::Comment),
    ("IPL", "InvolvedPeople", Kind::Text),
    ("PIC", "Picture", Kind::Picture),
    ("POP", "Popularimeter", Kind::Popularimeter),
    ("SLT", "SynLyrics", Kind::TimedText),
    ("TAL", "Album", Kind::Text),
    ("TBP", "BeatsPerMinute", Kind::Text),
    ("TCM", "Composer", Kind::Text),
    ("TCO", "Genre", Kind::Genre),
    ("TCP", "Compilation", Kind::Flag),
    ("TCR", "Copyright", Kind::Text),
    ("TDA", "Date", Kind::Text),
    ("TDY", "PlaylistDelay", Kind::Text),
    ("TEN", "EncodedBy", Kind::Text),
    ("TFT", "FileType", Kind::Text),
    ("TIM", "Time", Kind::Text),
    ("TKE", "InitialKey", Kind::Text),
    ("TLA", "Language", Kind::Text),
    ("TLE", "Length", Kind::Text),
    ("TMT", "Media", Kind::Text),
    ("TOA", "OriginalArtist", Kind::Text),
    ("TOF", "OriginalFileName", Kind::Text),
    ("TOL", "OriginalLyricist", Kind::Text),
    ("TOR", "OriginalReleaseYear", Kind::Text),
    ("TOT", "OriginalAlbum", Kind::Text),
    ("TP1", "Artist", Kind::Text),
    ("TP2", "Band", Kind::Text),
    ("TP3", "Conductor", Kind::Text),
    ("TP4", "InterpretedBy", Kind::Text),
    ("TPA", "PartOfSet", Kind::Text),
    ("TPB", "Publisher", Kind::Text),
    ("TRC", "ISRC", Kind::Text),
    ("TRD", "RecordingDates", Kind::Text),
    ("TRK", "Track", Kind::Text),
    ("TSI", "Size", Kind::Text),
    ("TSS", "EncoderSettings", Kind::Text),
    ("TT1", "Grouping", Kind::Text),
    ("TT2", "Title", Kind::Text),
    ("TT3", "Subtitle", Kind::Text),
    ("TXT", "Lyricist", Kind::Text),
    ("TXX", "UserDefinedText", Kind::UserText),
    ("TYE", "Year", Kind::Text),
    ("ULT", "Lyrics", Kind::Comment),
    ("WAF", "FileURL", Kind::Url),
    ("WAR", "ArtistURL", Kind::Url),
    ("WAS", "SourceURL", Kind::Url),
    ("WCM", "CommercialURL", Kind::Url),
    ("WCP", "CopyrightURL", Kind::Url),
    ("WPB", "PublisherURL", Kind::Url),
    ("WXX", "UserDefinedURL", Kind::UserUrl),
    ("RVA", "RelativeVolumeAdjustment", Kind::Volume),
    ("TST", "TitleSortOrder", Kind::Text),
    ("TSA", "AlbumSortOrder", Kind::Text),
    ("TSP", "PerformerSortOrder", Kind::Text),
    ("TS2", "AlbumArtistSortOrder", Kind::Text),
    ("TSC", "ComposerSortOrder", Kind::Text),
    ("GP1", "Grouping", Kind::Text),
    ("MVN", "MovementName", Kind::Text),
    ("MVI", "MovementNumber", Kind::Text),
];

/// Frames of both version 2.3 and 2.4.
static COMMON: &[Frame] = &[
    ("APIC", "Picture", Kind::Picture),
    ("COMM", "Comment", Kind::Comment),
    ("GEOB", "GeneralEncapsulatedObject", Kind::Object),
    ("MCDI", "MusicCDIdentifier", Kind::Binary),
    ("OWNE", "Ownership", Kind::Ownership),
    ("PCNT", "PlayCounter", Kind::Counter),
    ("POPM", "Popularimeter", Kind::Popularimeter),
    ("PRIV", "Private", Kind::Private),
    ("SYLT", "SynLyrics", Kind::TimedText),
    ("TALB", "Album", Kind::Text),
    ("TBPM", "BeatsPerMinute", Kind::Text),
    ("TCMP", "Compilation", Kind::Flag),
    ("TCOM", "Composer", Kind::Text),
    ("TCON", "Genre", Kind::Genre),
    ("TCOP", "Copyright", Kind::Text),
    ("TDLY", "PlaylistDelay", Kind::Text),
    ("TENC", "EncodedBy", Kind::Text),
    ("TEXT", "Lyricist", Kind::Text),
    ("TFLT", "FileType", Kind::Text),
    ("TIT1", "Grouping", Kind::Text),
    ("TIT2", "Title", Kind::Text),
    ("TIT3", "Subtitle", Kind::Text),
    ("TKEY", "InitialKey", Kind::Text),
    ("TLAN", "Language", Kind::Text),
    ("TLEN", "Length", Kind::Milliseconds),
    ("TMED", "Media", Kind::Text),
    ("TOAL", "OriginalAlbum", Kind::Text),
    ("TOFN", "OriginalFileName", Kind::Text),
    ("TOLY", "OriginalLyricist", Kind::Text),
    ("TOPE", "OriginalArtist", Kind::Text),
    ("TOWN", "FileOwner", Kind::Text),
    ("TPE1", "Artist", Kind::Text),
    ("TPE2", "Band", Kind::Text),
    ("TPE3", "Conductor", Kind::Text),
    ("TPE4", "InterpretedBy", Kind::Text),
    ("TPOS", "PartOfSet", Kind::Text),
    ("TPUB", "Publisher", Kind::Text),
    ("TRCK", "Track", Kind::Text),
    ("TRSN", "InternetRadioStationName", Kind::Text),
    ("TRSO", "InternetRadioStationOwner", Kind::Text),
    ("TSRC", "ISRC", Kind::Text),
    ("TSSE", "EncoderSettings", Kind::Text),
    ("TXXX", "UserDefinedText", Kind::UserText),
    ("USER", "TermsOfUse", Kind::Terms),
    ("USLT", "Lyrics", Kind::Comment),
    ("WCOM", "CommercialURL", Kind::Url),
    ("WCOP", "CopyrightURL", Kind::Url),
    ("WOAF", "FileURL", Kind::Url),
    ("WOAR", "ArtistURL", Kind::Url),
    ("WOAS", "SourceURL", Kind::Url),
    ("WORS", "InternetRadioStationURL", Kind::Url),
    ("WPAY", "PaymentURL", Kind::Url),
    ("WPUB", "PublisherURL", Kind::Url),
    ("WXXX", "UserDefinedURL", Kind::UserUrl),
    ("TSO2", "AlbumArtistSortOrder", Kind::Text),
    ("TSOC", "ComposerSortOrder", Kind::Text),
    ("TDES", "PodcastDescription", Kind::Text),
    ("TGID", "PodcastID", Kind::Text),
    ("WFED", "PodcastURL", Kind::Url),
    ("TKWD", "PodcastKeywords", Kind::Text),
    ("TCAT", "PodcastCategory", Kind::Text),
    ("GRP1", "Grouping", Kind::Plain),
    ("MVNM", "MovementName", Kind::Plain),
    ("MVIN", "MovementNumber", Kind::Plain),
];

/// Frames of version 2.3 alone.
static V23: &[Frame] = &[
    ("IPLS", "InvolvedPeople", Kind::Text),
    ("TDAT", "Date", Kind::Text),
    ("TIME", "Time", Kind::Text),
    ("TORY", "OriginalReleaseYear", Kind::Text),
    ("TRDA", "RecordingDates", Kind::Text),
    ("TSIZ", "Size", Kind::Text),
    ("TYER", "Year", Kind::Text),
];

/// Frames of version 2.4 alone.
static V24: &[Frame] = &[
    ("RVA2", "RelativeVolumeAdjustment", Kind::Volume2),
    ("TDEN", "EncodingTime", Kind::Date),
    ("TDOR", "OriginalReleaseTime", Kind::Date),
    ("TDRC", "RecordingTime", Kind::Date),
    ("TDRL", "ReleaseTime", Kind::Date),
    ("TDTG", "TaggingTime", Kind::Date),
    ("TIPL", "InvolvedPeople", Kind::Text),
    ("TMCL", "MusicianCredits", Kind::Text),
    ("TMOO", "Mood", Kind::Text),
    ("TPRO", "ProducedNotice", Kind::Text),
    ("TSOA", "AlbumSortOrder", Kind::Text),
    ("TSOP", "PerformerSortOrder", Kind::Text),
    ("TSOT", "TitleSortOrder", Kind::Text),
    ("TSST", "SetSubtitle", Kind::Text),
];
