//! Where an image within the file is and how long: what the tags for it are called depends on the directory.

use super::Holder;

/// What the walk knows of the directory when it meets such a tag.
pub(super) struct Directory<'a> {
    pub(super) group: &'a str,
    pub(super) holder: Holder,
    /// The value of `Compression` in this directory.
    pub(super) compression: Option<i64>,
    /// The value of `SubfileType` in this directory.
    pub(super) subfile: Option<i64>,
}

/// Names for the start and the length of an image.
type Names = (&'static str, &'static str);

const STRIPS: Names = ("StripOffsets", "StripByteCounts");
const THUMBNAIL: Names = ("ThumbnailOffset", "ThumbnailLength");
const PREVIEW: Names = ("PreviewImageStart", "PreviewImageLength");
const PREVIEW_JXL: Names = ("PreviewJXLStart", "PreviewJXLLength");
const FULL_SIZE: Names = ("JpgFromRawStart", "JpgFromRawLength");
const OTHER: Names = ("OtherImageStart", "OtherImageLength");

/// The name of tag `id` here, and whether it lists strips.
pub(super) fn name(id: u16, directory: &Directory<'_>) -> (&'static str, bool) {
    let names = match id {
        0x111 | 0x117 => strips(directory),
        _ => jpeg(directory),
    };
    (if matches!(id, 0x111 | 0x201) { names.0 } else { names.1 }, names == STRIPS)
}

fn strips(directory: &Directory<'_>) -> Names {
    let preview = directory.holder == Holder::Tiff && directory.compression == Some(7) && directory.subfile != Some(0);
    // The second preview of Leica's JPEG files.
    let leica = directory.holder == Holder::Jpeg && directory.group == "IFD2";
    match directory.compression {
        Some(34892) => OTHER,
        Some(52546) => PREVIEW_JXL,
        _ if !preview && !leica => STRIPS,
        _ if directory.group != "SubIFD2" => PREVIEW,
        _ => FULL_SIZE,
    }
}

fn jpeg(directory: &Directory<'_>) -> Names {
    match directory.group {
        "IFD1" => THUMBNAIL,
        "SubIFD" | "IFD2" => FULL_SIZE,
        _ => OTHER,
    }
}
