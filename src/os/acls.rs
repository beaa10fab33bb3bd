//! Access control lists give others what the mode denies them, now or in what is made later.

use std::fs::File;
use std::path::Path;

use rustix::io::Errno;

const ACCESS: &str = "system.posix_acl_access";
const DEFAULT: &str = "system.posix_acl_default";

/// Whether an entry has an ACL, so that its group's bits are a mask, whoever is behind it.
pub fn has_acl(path: &Path) -> bool {
    has(path, ACCESS)
}

/// Whether what is made in a directory gets an ACL from it.
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

/// Takes the lists of what is open away. A default list is inherited: masked for now, but a later
/// chmod would open what was made under it.
///
/// # Errors
/// Any I/O error.
pub fn strip(file: &File) -> Result<(), Errno> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    for name in [ACCESS, DEFAULT] {
        // Asking first changes nothing where there is none.
        let mut nothing = [0_u8; 0];
        match rustix::fs::fgetxattr(file, name, &mut nothing[..]).map(|_| ()) {
            Err(Errno::NODATA | Errno::OPNOTSUPP) => continue,
            Ok(()) => {}
            Err(error) => return Err(error),
        }
        match rustix::fs::fremovexattr(file, name) {
            Ok(()) | Err(Errno::NODATA | Errno::OPNOTSUPP) => {}
            Err(error) => return Err(error),
        }
    }
    let _ = file;
    Ok(())
}
