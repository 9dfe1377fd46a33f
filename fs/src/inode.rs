//! Node numbers: what each of the kernel's 64-bit numbers stands for, and back. The same after a restart.

use crate::{
    entry::{FIRST, LIMIT},
    view::{ChildId, DirId, FileId},
};

/// Directories have the highest bit.
const DIR: u64 = 1 << 63;
/// Directories of ours that stand for no real one.
const OURS: u64 = DIR | 1 << 32;
/// A file's number stands above its nodes'.
const FILE_SHIFT: u32 = 20;
/// File ids stay below.
const FILE_LIMIT: u64 = 1 << 43;
/// Names in `status/` have their turn and their position above this; all files of ours lie below the first real file's
/// numbers.
const STATUS_FILES: u64 = 1 << 16;
/// Numbers that one name in `status/` has in turn.
pub(crate) const TURNS: u16 = (((1 << FILE_SHIFT) - STATUS_FILES) >> u8::BITS) as u16;

/// A node of the view.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Node {
    /// The mount point. FUSE gives it number 1.
    Root,
    Readme,
    Status,
    /// A name in `status/` by its position, with the turn of its text.
    StatusFile(u8, u16),
    /// A real directory; [`DirId::TOP`] is `files`.
    Dir(DirId),
    /// A real file, as a directory.
    File(FileId),
    /// A file of ours in a file's directory.
    Own(FileId, Own),
    /// A group or tag by the number its file gave it.
    Member(FileId, u32),
}

/// What a file's directory holds beside its groups. The discriminant is the node's number within the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Own {
    RecordJson = 1,
    TagsTxt = 2,
    Source = 3,
}

impl Own {
    pub(crate) const ALL: [Self; 3] = [Self::RecordJson, Self::TagsTxt, Self::Source];

    pub(crate) fn name(self) -> &'static str {
        crate::entry::OWN_NAMES[self as usize - 1]
    }
}

impl Node {
    pub(crate) fn number(self) -> u64 {
        match self {
            Self::Root => 1,
            Self::Readme => 2,
            Self::Status => OURS | 1,
            Self::StatusFile(position, turn) => STATUS_FILES + (u64::from(turn) << u8::BITS | u64::from(position)),
            Self::Dir(DirId(id)) => DIR | u64::from(id),
            Self::File(file) => of_file(file, 0),
            Self::Own(file, own) => of_file(file, own as u32),
            Self::Member(file, number) => of_file(file, number),
        }
    }

    pub(crate) fn from_number(number: u64) -> Option<Self> {
        match number {
            1 => Some(Self::Root),
            2 => Some(Self::Readme),
            n if n == Self::Status.number() => Some(Self::Status),
            n if n & DIR != 0 => u32::try_from(n & !DIR).ok().filter(|&id| id != 0).map(|id| Self::Dir(DirId(id))),
            n if n >> FILE_SHIFT != 0 => Some(Self::in_file(FileId(n >> FILE_SHIFT), (n % u64::from(LIMIT)) as u32)?),
            n => {
                let n = n.checked_sub(STATUS_FILES)?;
                Some(Self::StatusFile((n & u64::from(u8::MAX)) as u8, u16::try_from(n >> u8::BITS).ok()?))
            }
        }
    }

    fn in_file(file: FileId, number: u32) -> Option<Self> {
        match number {
            0 => Some(Self::File(file)),
            FIRST.. => Some(Self::Member(file, number)),
            _ => Own::ALL.into_iter().find(|&own| own as u32 == number).map(|own| Self::Own(file, own)),
        }
    }

    /// The real file or directory it belongs to; `None` for what is ours alone.
    pub(crate) fn owner(self) -> Option<ChildId> {
        match self {
            Self::Root | Self::Readme | Self::Status | Self::StatusFile(..) => None,
            Self::Dir(dir) => Some(ChildId::Dir(dir)),
            Self::File(file) | Self::Own(file, _) | Self::Member(file, _) => Some(ChildId::File(file)),
        }
    }
}

impl From<ChildId> for Node {
    fn from(child: ChildId) -> Self {
        match child {
            ChildId::Dir(dir) => Self::Dir(dir),
            ChildId::File(file) => Self::File(file),
        }
    }
}

/// A number within a file. An id out of its range (a damaged row) gives a number that stands for nothing.
pub(crate) fn of_file(file: FileId, number: u32) -> u64 {
    match file.0 < FILE_LIMIT {
        true => file.0 << FILE_SHIFT | u64::from(number % LIMIT),
        false => 0,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_are_as_the_contract_says() {
        for (node, number) in [
            (Node::Root, 1),
            (Node::StatusFile(5, 0), 1 << 16 | 5),
            (Node::StatusFile(u8::MAX, TURNS - 1), (1 << 20) - 1),
            (Node::Dir(DirId::TOP), 1 << 63 | 1),
            (Node::Dir(DirId(u32::MAX)), 1 << 63 | 0xffff_ffff),
            (Node::File(FileId(1)), 1 << 20),
            (Node::Own(FileId(5), Own::Source), 5 << 20 | 3),
            (Node::Member(FileId((1 << 43) - 1), 0xf_ffff), (1 << 63) - 1),
        ] {
            assert_eq!(node.number(), number, "{node:?}");
            assert_eq!(Node::from_number(number), Some(node));
        }
        for number in [0, 3, 1 << 63, 1 << 20 | 4, 1 << 63 | 1 << 32, u64::MAX] {
            assert_eq!(Node::from_number(number), None, "{number:#x}");
        }
    }

    proptest! {
        #[test]
        fn a_number_stands_for_one_node(number in any::<u64>(), shift in 0_u32..64) {
            let number = number >> shift;
            if let Some(node) = Node::from_number(number) {
                prop_assert_eq!(node.number(), number);
            }
        }
    }
}
