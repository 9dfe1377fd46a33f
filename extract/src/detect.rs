//! Which format a file is: by name, first 4 KiB and one look into the container.

use crate::{Error, Format, Source, formats};

/// The verdict on a file.
#[derive(Debug, Clone)]
pub struct Detected {
    /// The reader, where there is one.
    pub format: Option<&'static Format>,
    /// ExifTool's `File:FileType`; empty when ExifTool would not know the file.
    pub file_type: &'static str,
    /// ExifTool's `File:FileTypeExtension`, lower case.
    pub extension: &'static str,
    /// ExifTool's `File:MIMEType`.
    pub exiftool_mime: &'static str,
    /// shared-mime-info's name.
    pub mime: &'static str,
}

/// Looks at the first 4 KiB and the name.
pub fn detect(source: &mut Source<'_>) -> Result<Detected, Error> {
    let head = source.head(4096)?;
    let format = formats::ALL
        .iter()
        .copied()
        .find(|format| format.magic.iter().any(|m| head.get(m.at..m.at + m.bytes.len()) == Some(m.bytes)));
    Ok(match format {
        Some(format) => Detected {
            format: Some(format),
            file_type: format.name,
            extension: format.extensions[0],
            exiftool_mime: format.mime[0],
            mime: format.mime[0],
        },
        None => {
            Detected { format: None, file_type: "", extension: "", exiftool_mime: "", mime: "application/octet-stream" }
        }
    })
}
