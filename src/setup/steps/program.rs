//! The program that this process runs, as a file to copy, and the fingerprints of files.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::os::files;
use crate::setup::fingerprint::Fingerprint;
use crate::ui::failure::Failure;

/// The file that this process runs. Where the system has a name for just that file, it is right even
/// after another one has taken its place, which others may have put there.
pub(super) fn own_program() -> Result<PathBuf, Failure> {
    let running = Path::new("/proc/self/exe");
    if running.exists() {
        return Ok(running.to_owned());
    }
    std::env::current_exe().map_err(|cause| Failure::file("find", running, cause))
}

/// The fingerprint of the program that this process runs.
pub(super) fn own_fingerprint() -> Result<u64, Failure> {
    let program = own_program()?;
    file_fingerprint(&program).map_err(|cause| Failure::file("read", &program, cause))
}

/// Whether a file is a copy of the program that this process runs; `None` where there is none to read.
pub(crate) fn is_this_program(path: &Path) -> Option<bool> {
    let found = file_fingerprint(path).ok()?;
    Some(own_fingerprint().is_ok_and(|own| own == found))
}

/// The fingerprint of a file's content, however large it is.
pub(super) fn file_fingerprint(path: &Path) -> io::Result<u64> {
    let mut fingerprint = Fingerprint::default();
    let (mut file, mut block) = (files::open_regular(path)?.0, vec![0; 1 << 16]);
    loop {
        match file.read(&mut block)? {
            0 => return Ok(fingerprint.finish()),
            length => fingerprint.add(block.get(..length).unwrap_or_default()),
        }
    }
}
