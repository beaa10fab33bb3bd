//! Pure: what `lstat` says about an entry, and whether another account can change the entry.

use std::fmt::{self, Display, Formatter};

/// The type of an entry in the file system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A directory.
    Directory,
    /// A symbolic link, whatever it points to.
    Symlink,
    /// A regular file.
    File,
    /// A named pipe.
    Fifo,
    /// A socket.
    Socket,
    /// A block or character device, or any other type that this system has.
    Device,
}

impl Kind {
    /// Whether it is a directory, file or symlink: the types whose permissions people change.
    pub fn is_plain(self) -> bool {
        matches!(self, Kind::Directory | Kind::Symlink | Kind::File)
    }
}

impl Display for Kind {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Directory => "directory",
            Kind::Symlink => "symlink",
            Kind::File => "file",
            Kind::Fifo => "fifo",
            Kind::Socket => "socket",
            Kind::Device => "device",
        })
    }
}

/// Device and inode, which identify a file on this machine.
pub type Identity = (u64, u64);

/// A time as file systems store it: seconds and nanoseconds.
pub type Time = (i64, u32);

/// What `lstat` says about an entry.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// Its type.
    pub kind: Kind,
    /// Its owner.
    pub uid: u32,
    /// Its group.
    pub gid: u32,
    /// Its permission bits, including set-id and sticky bits (`07777`).
    pub mode: u32,
    /// Device and inode.
    pub identity: Identity,
    /// The mount that it is on; 0 if it was not asked for, or the system does not provide it.
    pub mount: u64,
    /// The number of its hard links.
    pub links: u64,
    /// Its length, in bytes.
    pub size: u64,
    /// The space that it occupies, in bytes.
    pub occupied: u64,
    /// The time of its last modification (mtime).
    pub modified: Time,
    /// The time of its last access (atime).
    pub accessed: Time,
    /// The time of its last change of any kind (ctime).
    pub changed: Time,
}

impl Entry {
    /// Whether it is a directory that this account owns and that no one else may enter.
    pub fn is_directory_only_for(&self, uid: u32) -> bool {
        self.kind == Kind::Directory && self.uid == uid && self.mode & 0o077 == 0
    }

    /// The group that may enter a directory, if others may not. Nobody is meant to join root's own group.
    pub fn group_with_access(&self) -> Option<u32> {
        (self.mode & 0o011 == 0o010 && self.gid != 0).then_some(self.gid)
    }

    /// Whether the permission bits of a directory of root's let only root enter it, as under a strict
    /// umask.
    pub fn is_only_for_root(&self) -> bool {
        self.uid == 0 && self.mode & 0o001 == 0 && self.group_with_access().is_none()
    }
}

/// The uid that stands for every account without a uid in this user namespace (`overflowuid`).
pub const UNMAPPED: u32 = 65534;

/// The position of an entry on the path to a trusted or executed file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathStep {
    /// A directory or symlink on the way.
    Above,
    /// The trusted file itself, or the directory that contains the executed program.
    Last,
}

/// Whether permission bits let anyone but the owner write. `is_private` tells whether the owner is the
/// group's only member.
pub fn others_write(mode: u32, is_private: impl FnOnce() -> bool) -> bool {
    match mode & 0o022 {
        0 => false,
        0o020 => !is_private(),
        _ => true,
    }
}

/// Whether an account other than `owners` can change what a path points to, at this step of it.
///
/// `is_private` tells whether the caller is a group's only member. In a sticky directory, others cannot
/// replace entries that they do not own, but they can add new ones.
pub fn others_can_change(
    entry: &Entry,
    step: PathStep,
    owners: &[u32],
    is_private: impl Fn(u32) -> bool,
) -> bool {
    let is_sticky = entry.mode & 0o1000 != 0;
    let is_writable = match (entry.kind, step) {
        // A symlink's own mode means nothing.
        (Kind::Symlink, _) => false,
        (Kind::Directory, PathStep::Above) if is_sticky => false,
        _ => others_write(entry.mode, || is_private(entry.gid)),
    };
    is_writable || !owners.contains(&entry.uid)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::{Entry, Kind, PathStep, others_can_change};

    /// A small file of uid 1500.
    pub(crate) const ENTRY: Entry = Entry {
        kind: Kind::File,
        uid: 1500,
        gid: 1500,
        mode: 0o644,
        identity: (1, 1),
        mount: 7,
        links: 1,
        size: 10,
        occupied: 4096,
        modified: (100, 5),
        accessed: (100, 5),
        changed: (100, 5),
    };

    const ALICE: u32 = 1500;
    const MALLORY: u32 = 1666;

    #[test]
    fn judges_what_is_believed_by_who_can_change_it() {
        use PathStep::{Above, Last};
        for (kind, uid, gid, mode, step, expected) in [
            (Kind::Directory, 0, 0, 0o755, Above, false),
            (Kind::Directory, 0, 0, 0o1777, Above, false),
            (Kind::Directory, 0, 0, 0o1777, Last, true),
            (Kind::Directory, 0, 0, 0o777, Above, true),
            (Kind::Directory, ALICE, ALICE, 0o775, Above, false),
            (Kind::Directory, ALICE, ALICE, 0o775, Last, false),
            (Kind::Directory, ALICE, 100, 0o775, Last, true),
            (Kind::Directory, 0, 0, 0o775, Above, true),
            (Kind::Directory, MALLORY, MALLORY, 0o755, Above, true),
            (Kind::Directory, MALLORY, MALLORY, 0o1777, Above, true),
            (Kind::Symlink, ALICE, ALICE, 0o777, Above, false),
            (Kind::Symlink, MALLORY, MALLORY, 0o777, Above, true),
            (Kind::File, ALICE, ALICE, 0o600, Last, false),
            (Kind::File, ALICE, ALICE, 0o664, Last, false),
            (Kind::File, ALICE, 100, 0o664, Last, true),
            (Kind::File, ALICE, 100, 0o1664, Last, true),
            (Kind::File, ALICE, ALICE, 0o646, Last, true),
            (Kind::File, MALLORY, ALICE, 0o600, Last, true),
        ] {
            let entry = Entry { kind, uid, gid, mode, ..ENTRY };
            let found = others_can_change(&entry, step, &[0, ALICE], |gid| gid == ALICE);
            assert_eq!(found, expected, "{kind} {uid}:{gid} {mode:o} {step:?}");
        }
    }
}
