//! The tags of TIFF directories by number: names, and how values are read and shown. Plain data.

mod baseline;
mod camera;
mod gps;
mod raw;
mod registered;

use super::{
    Block,
    entry::{Raw, Shown, Type},
    mpf,
    values::{Numbered, Worded},
};

/// One tag of a directory.
pub(super) struct Field {
    pub(super) id: u16,
    pub(super) name: &'static str,
    pub(super) how: How,
    /// The type the value is read as, whatever the entry says.
    pub(super) read_as: Option<Type>,
    /// Does not replace an earlier tag of the same name.
    pub(super) low: bool,
    /// A place in the TIFF structure, shown as a place in the file.
    pub(super) offset: bool,
}

/// How a recorded value becomes ExifTool's raw and printed values.
pub(super) enum How {
    /// As recorded.
    Plain,
    /// Text without the white space at its end.
    Trimmed,
    /// A date and time in Exif's form.
    Date,
    /// Only its length is shown.
    Binary,
    /// Only its length is shown where its text is longer than this.
    LongOver(usize),
    /// A number with a name.
    Named(Numbered),
    /// A number with a name; unknown ones are shown in hexadecimal.
    Hex(Numbered),
    /// A text with a meaning.
    Worded(Worded),
    /// Bits with names; whole values of the second table come first.
    Bits(Numbered, Numbered),
    /// The value and its unit.
    Unit(&'static str),
    /// Anything else; `None` leaves the tag out.
    Convert(fn(&Raw<'_>) -> Option<Shown>),
    /// Points to further directories.
    Directory(Pointer),
    /// Holds a block of its own format.
    Embedded(Block),
    /// Where an image is, and how long: its name depends on the directory.
    Place,
    /// Known, and its contents belong to no standard read here.
    Skip,
}

/// Which directories a pointer leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pointer {
    Exif,
    Gps,
    Interop,
    GlobalParameters,
    Sub,
}

impl Pointer {
    /// The group of the directory's tags; the second and further ones of `Sub` get a number.
    pub(super) fn group(self) -> &'static str {
        match self {
            Self::Exif => "ExifIFD",
            Self::Gps => "GPS",
            Self::Interop => "InteropIFD",
            Self::GlobalParameters => "GlobParamIFD",
            Self::Sub => "SubIFD",
        }
    }

    /// Most directories one pointer may lead to.
    pub(super) fn most(self) -> usize {
        if self == Self::Sub { 10 } else { 1 }
    }
}

pub(super) const fn field(id: u16, name: &'static str, how: How) -> Field {
    Field { id, name, how, read_as: None, low: false, offset: false }
}

impl Field {
    const fn reads(mut self, read_as: Type) -> Self {
        self.read_as = Some(read_as);
        self
    }

    const fn low(mut self) -> Self {
        self.low = true;
        self
    }

    const fn offset(mut self) -> Self {
        self.offset = true;
        self
    }
}

/// Which tags a directory may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Table {
    Main,
    Gps,
    MultiPicture,
}

impl Table {
    /// The tag of this number.
    pub(super) fn field(self, id: u16) -> Option<&'static Field> {
        let fields = match (self, id) {
            (Self::Gps, _) => gps::FIELDS,
            (Self::MultiPicture, _) => mpf::FIELDS,
            (Self::Main, ..0x5000) => baseline::FIELDS,
            (Self::Main, 0x5000..0x8800) => registered::FIELDS,
            (Self::Main, 0x8800..0xc000) => camera::FIELDS,
            (Self::Main, 0xc000..) => raw::FIELDS,
        };
        fields.binary_search_by_key(&id, |field| field.id).ok().map(|index| &fields[index])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_sorted_and_found() {
        for fields in [baseline::FIELDS, registered::FIELDS, camera::FIELDS, raw::FIELDS] {
            assert!(fields.is_sorted_by(|a, b| a.id < b.id));
            assert!(fields.iter().all(|f| Table::Main.field(f.id).is_some_and(|found| found.name == f.name)));
        }
        assert!(gps::FIELDS.iter().all(|f| Table::Gps.field(f.id).is_some()));
    }
}
