//! Pure: what `lstat` says about an entry. Who can change the entry is judged in [`super::trust`].

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

#[cfg(test)]
pub(crate) mod tests {
    use super::{Entry, Kind};

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
}
