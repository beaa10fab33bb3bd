//! The receipt as a file, beside the shim. It has mode 0644, so that everyone can ask for the status.

use std::path::{Path, PathBuf};

use crate::os::files;
use crate::os::replace::Original;
use crate::os::trust::{Doubt, Trust};
use crate::setup::pieces::Receipt;
use crate::shim::installation::Installation;
use crate::ui::escape::{escaped, quoted};
use crate::ui::failure::{Failure, reason};

/// The path of an installation's receipt.
pub(crate) fn receipt_path(installation: &Installation) -> PathBuf {
    installation.own_dir().join("setup.json")
}

/// Reads a receipt; a missing one is empty. It is trusted only if nobody but root and the caller can
/// change it, because what it names will be removed.
///
/// # Errors
/// The receipt cannot be trusted, read or parsed.
pub(crate) fn read_receipt(path: &Path) -> Result<Receipt, Failure> {
    let trust = Trust::of(rustix::process::geteuid().as_raw());
    let text = match trust.open(path, Path::new("")) {
        Ok(file) => files::text(&file),
        Err(Doubt::Ends(_)) => return Ok(Receipt::default()),
        Err(Doubt::Unknown(error)) => Err(error),
        Err(Doubt::Changeable(place, _)) => {
            return Err(unusable(path, &format!("others can write to `{}`", place.display())));
        }
    };
    let text = text.map_err(|error| unusable(path, &reason(&error)))?;
    serde_json::from_str(&text).map_err(|error| unusable(path, &error.to_string()))
}

fn unusable(path: &Path, cause: &str) -> Failure {
    let text = format!("cannot use the receipt `{}`: {}", escaped(path), escaped(cause));
    Failure::new(text).help(format!("ls -l {}", quoted(path)))
}

/// Writes a receipt over the one that was read from this file.
///
/// # Errors
/// Any I/O error, and another run has changed the file meanwhile.
pub(crate) fn write_receipt(file: &Original, receipt: &Receipt) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(receipt).map_err(|it| Failure::new(it.to_string()))?;
    file.replace(format!("{text}\n").as_bytes(), 0o644)
}
