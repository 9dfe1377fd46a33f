//! What the directories of a TIFF file say about its pages, and which of them is the main image.

use crate::Name;

/// What a TIFF file's reader has to know after the walk.
#[derive(Debug, Default, Clone, Copy)]
pub struct Summary {
    /// Pages, where there are several.
    pub pages: Option<u32>,
    /// Whether the file says it is a DNG.
    pub dng: bool,
}

/// What is known so far.
#[derive(Default)]
pub(super) struct Pages {
    /// The directory of the full-resolution image: its tags rank first.
    main: Option<Name>,
    count: u32,
    /// A directory says that it is one page of several.
    several: bool,
    dng: bool,
}

impl Pages {
    /// Takes note of a tag's value in the directory of this group.
    pub(super) fn note(&mut self, group: &Name, id: u16, value: Option<i64>) {
        let of_several = match (id, value) {
            (0xfe, Some(value @ (0 | 2))) => value == 2,
            (0xff, Some(value @ (1 | 3))) => value == 3,
            (0xc612, _) => {
                self.dng = true;
                return;
            }
            _ => return,
        };
        if !of_several && self.main.is_none() {
            self.main = Some(group.clone());
        }
        self.count += 1;
        self.several |= of_several;
    }

    pub(super) fn is_main(&self, group: &Name) -> bool {
        self.main.as_ref() == Some(group)
    }

    pub(super) fn summary(&self) -> Summary {
        let several = self.several || self.count > 1;
        Summary { pages: several.then_some(self.count), dng: self.dng }
    }
}
