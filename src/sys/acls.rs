//! Access control lists give others what the mode denies them, now or in what is made later.

use std::fs::File;

use rustix::io::Errno;

use crate::core::relocation::tree::access::{AccessList, Listed};

#[cfg(any(target_os = "linux", target_os = "android"))]
const ACCESS: &str = "system.posix_acl_access";
/// As long a list as is read, in bytes: a thousand entries. A longer one lets nobody in.
#[cfg(any(target_os = "linux", target_os = "android"))]
const LONGEST: usize = 4 + 1000 * 8;

/// Whether the file system keeps lists.
pub fn are_kept(file: &File) -> bool {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        let mut nothing = [0_u8; 0];
        let asked = rustix::fs::fgetxattr(file, ACCESS, &mut nothing[..]);
        asked.map(drop) != Err(Errno::OPNOTSUPP)
    }
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    {
        let _ = file;
        false
    }
}

/// The list that rules access to what is open.
pub fn access(file: &File) -> Listed {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        let mut value = [0; LONGEST];
        match rustix::fs::fgetxattr(file, ACCESS, &mut value[..]) {
            Ok(length) => {
                let list = value.get(..length).and_then(AccessList::parse);
                list.map_or(Listed::Unknown, Listed::As)
            }
            Err(Errno::NODATA | Errno::OPNOTSUPP) => Listed::Nothing,
            Err(_) => Listed::Unknown,
        }
    }
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    {
        let _ = (file, AccessList::parse);
        Listed::Nothing
    }
}

/// Takes the lists of what is open away. A default list is inherited: masked for now, but a later
/// chmod would open what was made under it.
///
/// # Errors
/// The system's.
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
