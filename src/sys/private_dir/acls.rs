//! Access control lists that a new directory inherits.

use std::fs::File;

use rustix::io::Errno;

/// Takes both lists off an open directory.
///
/// A default ACL on the directory above is inherited: masked for now, but a later chmod would open it.
///
/// # Errors
/// The system's.
pub fn strip_acls(directory: &File) -> Result<(), Errno> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    for name in ["system.posix_acl_access", "system.posix_acl_default"] {
        match rustix::fs::fremovexattr(directory, name) {
            Ok(()) | Err(Errno::NODATA | Errno::OPNOTSUPP) => {}
            Err(error) => return Err(error),
        }
    }
    let _ = directory;
    Ok(())
}
