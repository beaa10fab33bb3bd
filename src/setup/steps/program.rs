//! The program that this process runs, as a file to copy, and the fingerprints of contents: they tell
//! whether a file is still what was written, and nothing about who changed it.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use siphasher::sip::SipHasher13;

use crate::os::files;
use crate::ui::failure::Failure;

/// The file that this process runs. Where the system has a name for just that file, it is right even
/// after another one has taken its place, which others may have put there.
pub(crate) fn own_program() -> Result<PathBuf, Failure> {
    let running = Path::new("/proc/self/exe");
    if running.exists() {
        return Ok(running.to_owned());
    }
    std::env::current_exe().map_err(|cause| Failure::file("find", running, cause))
}

/// A content's fingerprint, the same in every release: receipts hold it.
pub(super) fn fingerprint(content: &[u8]) -> u64 {
    SipHasher13::new().hash(content)
}

/// The fingerprint of a file's content.
pub(super) fn file_fingerprint(path: &Path) -> io::Result<u64> {
    let mut content = Vec::new();
    files::open_regular(path)?.0.read_to_end(&mut content)?;
    Ok(fingerprint(&content))
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_fingerprint_stays_what_receipts_hold() {
        assert_eq!(super::fingerprint(b"shim"), 7331844932169420600);
    }
}
