//! For whom an answer is made, and what that user may read: the one place where it is decided. Pure.
//!
//! Whoever answers hands in what the index or a look at the disk knows of owners, groups and modes.

use std::sync::Arc;

use crate::model::Access;

/// What a user or group of another user namespace is shown as: it may be anybody, so it is nobody in particular.
const UNMAPPED: u32 = 65_534;

/// Whom an instance serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// The user whose process it is, and nobody else.
    Owner,
    /// All users of the machine, each as far as that user may read.
    Everyone,
}

/// For whom an answer is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Viewer {
    /// Root, or the user whose daemon it is: everything.
    All,
    User {
        uid: u32,
        /// All of its groups; `None` where the bus does not tell them.
        groups: Option<Arc<[u32]>>,
    },
    /// Whoever it may be: only what every user may read.
    Anyone,
}

/// What is wanted of a file or directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Want {
    Read,
    /// To pass through a directory.
    Search,
}

impl Want {
    /// Its bit among the three of a class.
    fn bit(self) -> u16 {
        match self {
            Self::Read => 0o4,
            Self::Search => 0o1,
        }
    }
}

impl Viewer {
    /// Whether one file or directory gives what is wanted, reached already.
    ///
    /// Only one class counts, as for the kernel: an owner without the right does not get it as one of the others.
    /// Where the class is not known, all that it can be have to give it. With an access control list the group's bits
    /// are a mask and the others' may be overruled: only the owner counts.
    pub fn may(&self, access: &Access, want: Want) -> bool {
        let has = |class: u16| access.mode >> class & want.bit() != 0;
        let (owner, group, other) = (6, 3, 0);
        match self {
            Self::All => true,
            Self::Anyone => !access.has_acl() && has(owner) && has(group) && has(other),
            Self::User { uid, .. } if access.uid == *uid && *uid != UNMAPPED => has(owner),
            Self::User { .. } if access.has_acl() => false,
            Self::User { groups, .. } => match groups {
                Some(groups) if access.gid != UNMAPPED => has(if groups.contains(&access.gid) { group } else { other }),
                _ => has(group) && has(other),
            },
        }
    }

    /// Whether a file may be read that lies at the end of a way of directories, from `/` on.
    pub fn may_read(&self, way: &[Access], file: &Access) -> bool {
        way.iter().all(|directory| self.may(directory, Want::Search)) && self.may(file, Want::Read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALICE: u32 = 1000;
    const BOB: u32 = 1001;
    const TEAM: u32 = 2000;

    fn access(uid: u32, gid: u32, mode: u16) -> Access {
        Access { uid, gid, mode }
    }

    fn user(uid: u32, groups: &[u32]) -> Viewer {
        Viewer::User { uid, groups: Some(groups.into()) }
    }

    #[test]
    fn one_class_counts_and_only_that() {
        let acl = Access::ACL;
        for (mode, owner, member, other) in [
            (0o600, true, false, false),
            (0o640, true, true, false),
            (0o644, true, true, true),
            (0o044, false, true, true),
            (0o604, true, false, true),
            (0o640 | acl, true, false, false),
            (0o644 | acl, true, false, false),
            (0o7000, false, false, false),
        ] {
            let file = access(ALICE, TEAM, mode);
            assert_eq!(user(ALICE, &[TEAM]).may_read(&[], &file), owner, "owner {mode:o}");
            assert_eq!(user(BOB, &[BOB, TEAM]).may_read(&[], &file), member, "member {mode:o}");
            assert_eq!(user(BOB, &[BOB]).may_read(&[], &file), other, "other {mode:o}");
            let unknown = Viewer::User { uid: BOB, groups: None };
            assert_eq!(unknown.may_read(&[], &file), member && other, "groups unknown {mode:o}");
            assert_eq!(Viewer::Anyone.may_read(&[], &file), owner && member && other, "anyone {mode:o}");
            assert!(Viewer::All.may_read(&[], &file));
        }
    }

    #[test]
    fn every_directory_on_the_way_has_to_be_passed() {
        let file = access(ALICE, ALICE, 0o644);
        let way = |modes: &[u16]| modes.iter().map(|mode| access(ALICE, TEAM, *mode)).collect::<Vec<_>>();
        for (modes, member, other) in [
            (&[0o755, 0o755][..], true, true),
            (&[0o755, 0o700], false, false),
            (&[0o700, 0o755], false, false),
            (&[0o755, 0o750], true, false),
            (&[0o711, 0o711], true, true),
            (&[0o744, 0o755], false, false),
            (&[0o755 | Access::ACL, 0o755], false, false),
        ] {
            assert!(user(ALICE, &[ALICE]).may_read(&way(modes), &file));
            assert_eq!(user(BOB, &[TEAM]).may_read(&way(modes), &file), member, "member {modes:?}");
            assert_eq!(user(BOB, &[BOB]).may_read(&way(modes), &file), other, "other {modes:?}");
        }
    }

    #[test]
    fn whom_the_namespace_does_not_know_owns_nothing() {
        let nobody = user(UNMAPPED, &[UNMAPPED]);
        assert!(!nobody.may_read(&[], &access(UNMAPPED, UNMAPPED, 0o640)));
        assert!(!user(BOB, &[BOB]).may_read(&[], &access(ALICE, UNMAPPED, 0o604)));
        assert!(nobody.may_read(&[], &access(UNMAPPED, UNMAPPED, 0o644)));
    }
}
