//! What a file has besides its content, owner and mode: ACLs, security labels, notes of programs.
//!
//! A file with an ACL shows the ACL's mask where others have the group's rights. Without the ACL that
//! mask would become the rights of the group.

use std::ffi::OsString;

/// An extended attribute: its name and its value.
pub(super) type Attribute = (OsString, Vec<u8>);

#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) use linux::{copy, is_fixed, read};
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(super) use others::{copy, is_fixed, read};

#[cfg(any(target_os = "linux", target_os = "android"))]
mod linux {
    use std::ffi::{OsStr, OsString};
    use std::fs::File;
    use std::io;
    use std::os::unix::ffi::OsStrExt;

    use rustix::fs::{
        IFlags, XattrFlags, fgetxattr, flistxattr, fremovexattr, fsetxattr, ioctl_getflags,
    };
    use rustix::io::Errno;

    use super::Attribute;
    use crate::ui::escape::escaped;
    use crate::ui::failure::reason;

    /// The largest list of names, and the largest value, that Linux has.
    const MAX: usize = 1 << 16;

    /// The ACL that rules access to a file.
    const ACL: &str = "system.posix_acl_access";

    /// Every attribute of a file that belongs to the file rather than to its content.
    pub(in super::super) fn read(file: &File) -> io::Result<Vec<Attribute>> {
        let mut names = vec![0; MAX];
        let length = match flistxattr(file, &mut names) {
            Err(Errno::OPNOTSUPP) => 0,
            length => length?,
        };
        names.truncate(length);
        let mut attributes = Vec::new();
        for name in names.split(|byte| *byte == 0).filter(|name| !name.is_empty()) {
            let name = OsStr::from_bytes(name);
            if OF_CONTENT.iter().any(|of_content| name == *of_content) {
                continue;
            }
            let mut value = vec![0; MAX];
            match fgetxattr(file, name, &mut value) {
                // Taken away since, or for the superuser's eyes alone.
                Err(Errno::NODATA | Errno::PERM | Errno::ACCESS) => {}
                length => {
                    value.truncate(length?);
                    attributes.push((OsString::from(name), value));
                }
            }
        }
        Ok(attributes)
    }

    /// What speaks of the very bytes: the kernel takes them away from a file that is written to.
    const OF_CONTENT: [&str; 3] = ["security.capability", "security.ima", "security.evm"];

    /// Gives these attributes to a file that is to be like another, and takes an ACL away that it
    /// has from its directory.
    ///
    /// # Errors
    /// What would be lost.
    pub(in super::super) fn copy(attributes: &[Attribute], to: &File) -> io::Result<()> {
        match fremovexattr(to, ACL) {
            Ok(()) | Err(Errno::NODATA | Errno::OPNOTSUPP) => {}
            Err(error) => return Err(error.into()),
        }
        for (name, value) in attributes {
            match fsetxattr(to, name, value, XattrFlags::empty()) {
                // Labels are the system's: it gives the new file the one that its place asks for.
                Err(Errno::PERM | Errno::ACCESS | Errno::OPNOTSUPP | Errno::INVAL)
                    if is_label(name) => {}
                result => result.map_err(|error| {
                    let (name, cause) = (escaped(name), reason(&error.into()));
                    io::Error::other(format!("it would lose its attribute `{name}`: {cause}"))
                })?,
            }
        }
        Ok(())
    }

    fn is_label(name: &OsStr) -> bool {
        let name = name.as_bytes();
        name.starts_with(b"security.") || name.starts_with(b"trusted.")
    }

    /// Whether the immutable or the append-only attribute keeps the file in its place.
    pub(in super::super) fn is_fixed(file: &File) -> bool {
        let fixed = IFlags::IMMUTABLE | IFlags::APPEND;
        // Not every file system has such attributes.
        ioctl_getflags(file).is_ok_and(|flags| flags.intersects(fixed))
    }
}

/// Elsewhere a file that is replaced has its owner, its group and its mode.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
mod others {
    use std::fs::File;
    use std::io;

    use super::Attribute;

    pub(in super::super) fn read(_: &File) -> io::Result<Vec<Attribute>> {
        Ok(Vec::new())
    }

    pub(in super::super) fn copy(_: &[Attribute], _: &File) -> io::Result<()> {
        Ok(())
    }

    pub(in super::super) fn is_fixed(_: &File) -> bool {
        false
    }
}
