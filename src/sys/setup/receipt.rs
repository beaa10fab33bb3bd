//! The receipt as a file, beside the shim: mode 0644, so that everyone can ask for the status.

use std::path::{Path, PathBuf};

use crate::core::setup::Receipt;
use crate::error::{Error, SetupError};
use crate::sys::files;
use crate::sys::installation::Installation;
use crate::sys::replace::Original;

/// Where an installation's receipt is.
pub fn receipt_path(installation: &Installation) -> PathBuf {
    installation.own_dir().join("setup.json")
}

/// Reads a receipt; none is an empty one. Only one that root or the caller has written is believed,
/// because what it names is going to be removed.
///
/// # Errors
/// [`SetupError::Receipt`], and that it cannot be read.
pub fn read_receipt(path: &Path) -> Result<Receipt, Error> {
    let original = Original::read(path)?;
    if original.bytes().is_none() {
        return Ok(Receipt::default());
    }
    let wrong = |cause: String| SetupError::Receipt { path: path.to_owned(), cause };
    let own = rustix::process::geteuid().as_raw();
    let entry = files::entry(path).map_err(|error| wrong(error.to_string()))?;
    if (entry.uid != own && entry.uid != 0) || entry.mode & 0o022 != 0 {
        return Err(wrong("others can write to it".into()).into());
    }
    Ok(serde_json::from_str(original.text()?).map_err(|error| wrong(error.to_string()))?)
}

/// Writes a receipt, or takes it away if there is nothing in it.
///
/// # Errors
/// The system's.
pub fn write_receipt(path: &Path, receipt: &Receipt) -> Result<(), Error> {
    let original = Original::read(path)?;
    if receipt.entries.is_empty() {
        return Ok(original.remove()?);
    }
    let text = serde_json::to_string_pretty(receipt)
        .map_err(|error| SetupError::Receipt { path: path.to_owned(), cause: error.to_string() })?;
    Ok(original.replace(format!("{text}\n").as_bytes(), 0o644)?)
}
