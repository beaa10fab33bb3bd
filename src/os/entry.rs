//! Pure: what stands under a name, and whether another account may change it.

use std::fmt::{self, Display, Formatter};

/// What an entry of the file system is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A directory.
    Directory,
    /// A symbolic link, wherever it leads.
    Symlink,
    /// A regular file.
    File,
    /// A named pipe.
    Fifo,
    /// A socket.
    Socket,
    /// A block or character device, or what this system has besides.
    Device,
}

impl Kind {
    /// Whether it is a directory, a file or a symlink, whose permissions people change.
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

/// What `lstat` says about an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What it is.
    pub kind: Kind,
    /// Who owns it.
    pub uid: u32,
    /// Its group.
    pub gid: u32,
    /// Its permission bits, set-id and sticky bits included (`07777`).
    pub mode: u32,
    /// The device it is on.
    pub device: u64,
    /// Its inode there.
    pub inode: u64,
}

impl Entry {
    /// Whether both are the same entry of the same file system.
    pub fn is_same_as(&self, other: &Entry) -> bool {
        (self.device, self.inode) == (other.device, other.inode)
    }

    /// Whether it is a directory of that account's which nobody else may enter.
    pub fn is_directory_only_for(&self, uid: u32) -> bool {
        self.kind == Kind::Directory && self.uid == uid && self.mode & 0o077 == 0
    }

    /// The group whose members may enter a directory that others may not.
    pub fn group_let_in(&self) -> Option<u32> {
        (self.mode & 0o011 == 0o010).then_some(self.gid)
    }
}

/// What an account that has no number in a user namespace appears as (`overflowuid`).
pub const UNMAPPED: u32 = 65534;

/// Where an entry stands on the way to what is believed or executed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathStep {
    /// Something follows: it is a directory, or a symlink.
    Above,
    /// It is what is believed, or the directory that holds what is executed.
    Last,
}

/// Whether permission bits let others write than the owner. `is_private` says whether the group has the
/// owner alone in it.
pub fn others_write(mode: u32, is_private: impl FnOnce() -> bool) -> bool {
    match mode & 0o022 {
        0 => false,
        0o020 => !is_private(),
        _ => true,
    }
}

/// Whether an account besides `owners` can change what a path leads to, at this step of it.
///
/// `is_private` says whether a group has the caller alone in it. A sticky directory keeps others from
/// replacing what they do not own, and lets them add entries of their own.
pub fn others_can_change(
    entry: &Entry,
    step: PathStep,
    owners: &[u32],
    is_private: impl Fn(u32) -> bool,
) -> bool {
    let is_sticky = entry.mode & 0o1000 != 0;
    let is_writable = match (entry.kind, step) {
        // A symlink's own mode says nothing.
        (Kind::Symlink, _) => false,
        (Kind::Directory, PathStep::Above) if is_sticky => false,
        _ => others_write(entry.mode, || is_private(entry.gid)),
    };
    is_writable || !owners.contains(&entry.uid)
}

#[cfg(test)]
mod tests {
    use super::{Entry, Kind, PathStep, others_can_change};

    const ALICE: u32 = 1500;
    const MALLORY: u32 = 1666;

    #[test]
    fn an_inode_is_another_one_on_another_device() {
        let one = Entry { kind: Kind::File, uid: 0, gid: 0, mode: 0o644, device: 1, inode: 1 };
        assert!(one.is_same_as(&Entry { mode: 0o600, ..one }));
        assert!(!one.is_same_as(&Entry { device: 2, ..one }));
        assert!(!one.is_same_as(&Entry { inode: 2, ..one }));
    }

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
            let entry = Entry { kind, uid, gid, mode, device: 1, inode: 1 };
            let found = others_can_change(&entry, step, &[0, ALICE], |gid| gid == ALICE);
            assert_eq!(found, expected, "{kind} {uid}:{gid} {mode:o} {step:?}");
        }
    }
}
