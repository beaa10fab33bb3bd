//! Access control lists. They give others access that the mode denies, now or to new files in a
//! directory.

use std::fs::File;
use std::path::Path;

use rustix::io::Errno;

const ACCESS: &str = "system.posix_acl_access";
const DEFAULT: &str = "system.posix_acl_default";

/// Whether a file or directory has an ACL. Then its group bits are a mask and do not tell who has
/// access.
pub fn has_acl(path: &Path) -> bool {
    has(path, ACCESS)
}

/// Whether new entries in a directory inherit an ACL from it.
pub fn has_default(directory: &Path) -> bool {
    has(directory, DEFAULT)
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn has(path: &Path, list: &str) -> bool {
    rustix::fs::lgetxattr(path, list, &mut [0_u8; 0]).is_ok()
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn has(_: &Path, _: &str) -> bool {
    false
}

/// Removes both ACLs of an open directory. A default ACL is inherited: it is masked at first, but a
/// later chmod would give others access to the files created under it.
///
/// # Errors
/// Any I/O error.
pub fn strip(file: &File) -> Result<(), Errno> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    for name in [ACCESS, DEFAULT] {
        match rustix::fs::fremovexattr(file, name) {
            Ok(()) | Err(Errno::NODATA | Errno::OPNOTSUPP) => {}
            Err(error) => return Err(error),
        }
    }
    let _ = file;
    Ok(())
}
