//! How a cache moves: renamed where nothing stands against it, and else copied.

use super::Method;

/// Why a cache is copied although it could be asked for less.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// `--copy`.
    Asked,
    /// The destination is on another file system or behind another mount.
    OtherFileSystem,
    /// Files of other accounts, which only root can give away.
    Foreign,
    /// The source is a mount point, which cannot be renamed.
    MountPoint,
    /// The directory that it stands in cannot be changed by this account.
    FixedParent,
    /// Files with names elsewhere, which root does not change there.
    LinkedElsewhere,
}

/// What the choice between the methods depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Circumstances {
    /// `--copy`.
    pub is_copy_asked: bool,
    /// Whether source and destination are on one mount.
    pub is_one_mount: bool,
    /// Whether the source is a mount point.
    pub is_mount_point: bool,
    /// Whether entries belong to others than the person.
    pub has_foreign: bool,
    /// Whether root does it.
    pub is_root: bool,
    /// Whether the entry can be taken out of the directory that it stands in.
    pub can_leave: bool,
    /// Whether files have names elsewhere.
    pub is_linked_elsewhere: bool,
}

/// How a cache moves, and for a copy why.
pub fn choose(circumstances: Circumstances) -> (Method, Option<Reason>) {
    let Circumstances { is_copy_asked, is_one_mount, is_mount_point, .. } = circumstances;
    let reason = if is_copy_asked {
        Reason::Asked
    } else if is_mount_point {
        Reason::MountPoint
    } else if !is_one_mount {
        Reason::OtherFileSystem
    } else if circumstances.has_foreign && !circumstances.is_root {
        Reason::Foreign
    } else if !circumstances.can_leave {
        Reason::FixedParent
    } else if circumstances.is_linked_elsewhere && circumstances.is_root {
        Reason::LinkedElsewhere
    } else {
        return (Method::Rename, None);
    };
    (Method::Copy, Some(reason))
}
