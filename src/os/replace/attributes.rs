//! A file's extended attributes: ACLs, security labels, and what programs store there.
//!
//! In a file with an ACL, the group bits show the ACL's mask. Without the ACL, the mask would become
//! the group's permissions.

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

    /// The maximum size of a list of names and of a value on Linux.
    const MAX: usize = 1 << 16;

    /// A file's access ACL.
    const ACL: &str = "system.posix_acl_access";

    /// Every attribute that belongs to the file rather than to its content.
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
                // Removed meanwhile, or readable only for the superuser.
                Err(Errno::NODATA | Errno::PERM | Errno::ACCESS) => {}
                length => {
                    value.truncate(length?);
                    attributes.push((OsString::from(name), value));
                }
            }
        }
        Ok(attributes)
    }

    /// Attributes of the exact bytes: the kernel removes them when the file is written to.
    const OF_CONTENT: [&str; 3] = ["security.capability", "security.ima", "security.evm"];

    /// Gives a new file these attributes, and removes an ACL that it inherited from its directory.
    ///
    /// # Errors
    /// An attribute would be lost.
    pub(in super::super) fn copy(attributes: &[Attribute], to: &File) -> io::Result<()> {
        match fremovexattr(to, ACL) {
            Ok(()) | Err(Errno::NODATA | Errno::OPNOTSUPP) => {}
            Err(error) => return Err(error.into()),
        }
        for (name, value) in attributes {
            match fsetxattr(to, name, value, XattrFlags::empty()) {
                // The system assigns labels: the new file has the one for its place.
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

    /// Whether the file has the immutable or the append-only attribute.
    pub(in super::super) fn is_fixed(file: &File) -> bool {
        let fixed = IFlags::IMMUTABLE | IFlags::APPEND;
        // Not every file system has these attributes.
        ioctl_getflags(file).is_ok_and(|flags| flags.intersects(fixed))
    }
}

/// On other systems only owner, group and mode are kept.
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
