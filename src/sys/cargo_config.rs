//! Reads cargo's own configuration for the two settings that say where things are built.
//!
//! Only files that exist are opened, and most of those are not even parsed. What cannot be read is
//! left for cargo to report.

use std::fs::File;
use std::path::{Path, PathBuf};

use super::files;
use crate::core::build_dir::{ConfiguredBuildDir, Directories, Templates};
use crate::core::invocation::Invocation;
use crate::shown::shown;

/// How deep files may include one another.
const MAX_INCLUDES: u32 = 8;

/// What `--config` arguments say.
#[derive(Clone, Debug, Default)]
pub struct Typed {
    /// Whether one has `build.target-dir`.
    pub sets_target_dir: bool,
    /// `build.build-dir`, and the directory that it is relative to.
    pub build_dir: Option<(String, PathBuf)>,
}

/// Reads the `--config` arguments: each is the path of a file, or TOML.
pub fn typed(invocation: &Invocation<'_>, working_directory: &Path) -> Typed {
    let mut typed = Typed::default();
    for argument in &invocation.configs {
        let file = working_directory.join(argument);
        let (text, base) = match read(&file) {
            Some(text) => (text, file.parent().unwrap_or(working_directory)),
            None => (argument.to_string_lossy().into_owned(), working_directory),
        };
        let says = Directories::read(&text);
        typed.sets_target_dir |= says.sets_target_dir;
        if let Some(value) = says.build_dir {
            typed.build_dir = Some((value, base.to_owned()));
        }
    }
    typed
}

/// The build directory that configuration files ask for, the nearest file first.
pub fn build_dir(
    working_directory: &Path,
    cargo_home: Option<&Path>,
    templates: Templates<'_>,
) -> Option<ConfiguredBuildDir> {
    let below = working_directory.ancestors().map(|directory| directory.join(".cargo"));
    let places = below.filter(|place| files::entry(place).is_ok());
    places.chain(cargo_home.map(Path::to_owned)).find_map(|place| {
        // Where both exist, cargo reads the one without an ending.
        let (file, text) = ["config", "config.toml"].iter().find_map(|name| {
            let file = place.join(name);
            let text = read(&file)?;
            Some((file, text))
        })?;
        from_text(&file, &text, &templates, MAX_INCLUDES)
    })
}

fn from_text(
    file: &Path,
    text: &str,
    templates: &Templates<'_>,
    depth: u32,
) -> Option<ConfiguredBuildDir> {
    let says = Directories::read(text);
    if let Some(value) = says.build_dir {
        // Relative to the directory that holds `.cargo`, as every path in these files is.
        let base = file.parent()?.parent().unwrap_or(Path::new("/"));
        return Some(ConfiguredBuildDir {
            path: templates.fill(&value, base),
            origin: format!("`{}`", shown(file)),
            is_typed: false,
        });
    }
    let depth = depth.checked_sub(1)?;
    says.includes.iter().find_map(|path| {
        let included = file.parent()?.join(path);
        from_text(&included, &read(&included)?, templates, depth)
    })
}

fn read(file: &Path) -> Option<String> {
    files::text(&File::open(file).ok()?).ok()
}
