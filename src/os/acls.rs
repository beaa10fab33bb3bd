//! Access control lists give others what the mode denies them, now or in what is made later.

use std::fs::File;
use std::path::Path;

use rustix::io::Errno;

#[cfg(any(target_os = "linux", target_os = "android"))]
const ACCESS: &str = "system.posix_acl_access";
#[cfg(any(target_os = "linux", target_os = "android"))]
const DEFAULT: &str = "system.posix_acl_default";

/// Whether what is made in a directory gets an ACL from it.
pub fn has_default(directory: &Path) -> bool {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    return rustix::fs::lgetxattr(directory, DEFAULT, &mut [0_u8; 0]).is_ok();
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    return {
        let _ = directory;
        false
    };
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
