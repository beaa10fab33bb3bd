//! Access control lists give others what the mode denies them, now or in what is made later.

use std::fs::File;

use rustix::io::Errno;

#[cfg(any(target_os = "linux", target_os = "android"))]
const ACCESS: &str = "system.posix_acl_access";
/// Takes the lists of what is open away. A default list is inherited: masked for now, but a later
/// chmod would open what was made under it.
///
/// # Errors
/// Any I/O error.
pub fn strip(file: &File) -> Result<(), Errno> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    for name in [ACCESS, "system.posix_acl_default"] {
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
