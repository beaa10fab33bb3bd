//! `/usr/bin` of a system whose only Rust is the one that a package would bring.
//!
//! Which cargo a session finds must not depend on what the system that runs these tests has
//! installed, so its programs are shown through links, without those of Rust.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use anyhow::Result;

use super::new_root::{NewRoot, places};

/// Where the links lead.
const ALL: &str = "/opt/usr-bin";
const SYSTEM: &str = "/usr/bin";

/// Makes the links; a link of the system's stays as it is, since it is seen in its old place.
pub(super) fn furnish(root: &NewRoot) -> Result<()> {
    root.bind(Path::new(SYSTEM), ALL)?;
    for entry in fs::read_dir(SYSTEM)? {
        let entry = entry?;
        let name = entry.file_name();
        if is_rust(&name.to_string_lossy()) {
            continue;
        }
        let leads_to = fs::read_link(entry.path());
        let leads_to = leads_to.unwrap_or_else(|_| Path::new(ALL).join(&name));
        symlink(leads_to, root.inside(places::PACKAGED).join(&name))?;
    }
    Ok(())
}

fn is_rust(name: &str) -> bool {
    name.starts_with("cargo") || name.starts_with("rust")
}
