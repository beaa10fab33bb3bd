//! Other processes, as the system shows them.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

/// The name of the program that a process runs. Empty if the process has ended, or the system does not
/// tell.
pub fn program(pid: u32) -> OsString {
    let name = std::fs::read(format!("/proc/{pid}/comm")).unwrap_or_default();
    OsStr::from_bytes(name.trim_ascii_end()).to_owned()
}
