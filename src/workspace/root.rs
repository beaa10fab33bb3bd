//! Pure: cargo's search for the root of a workspace, over manifests that the caller reads.
//!
//! The steps are those of cargo's own `find_root`, so that the result is the same; `tests/it` compares
//! both in a thousand random trees. If cargo itself stops with an error, the result does not matter.

use std::path::{Path, PathBuf};

use toml::de::DeTable;

use crate::os::lexical;

/// The name of a manifest.
pub const MANIFEST: &str = "Cargo.toml";

/// The root of the workspace that contains a directory; `None` if there is no manifest in it or above.
pub fn of_directory(
    directory: &Path,
    cargo_home: Option<&Path>,
    mut read: impl FnMut(&Path) -> Option<String>,
) -> Option<PathBuf> {
    directory.ancestors().find_map(|directory| {
        let manifest = directory.join(MANIFEST);
        let text = read(&manifest)?;
        Some(search(&manifest, &text, cargo_home, &mut read))
    })
}

/// The root of the workspace that a manifest belongs to. The path must be absolute and without `..`.
pub fn of_manifest(
    manifest: &Path,
    cargo_home: Option<&Path>,
    mut read: impl FnMut(&Path) -> Option<String>,
) -> PathBuf {
    let text = read(manifest).unwrap_or_default();
    search(manifest, &text, cargo_home, &mut read)
}

fn search(
    manifest: &Path,
    text: &str,
    cargo_home: Option<&Path>,
    read: &mut impl FnMut(&Path) -> Option<String>,
) -> PathBuf {
    if let Some(root) = root_named(text, manifest, manifest) {
        return root;
    }
    let mut last = None;
    for directory in manifest.ancestors().skip(2) {
        // A package that `cargo package` has unpacked does not belong to the workspace around it, and
        // neither does anything in cargo's home, wherever that is.
        if directory.ends_with("target/package") || (last.is_some() && last == cargo_home) {
            break;
        }
        last = Some(directory);
        let above = directory.join(MANIFEST);
        if let Some(root) = read(&above).and_then(|text| root_named(&text, &above, manifest)) {
            return root;
        }
    }
    parent(manifest).to_owned()
}

/// The root that a manifest names for the package whose manifest is `member`.
fn root_named(text: &str, manifest: &Path, member: &Path) -> Option<PathBuf> {
    if !may_name_a_workspace(text) {
        return None;
    }
    // TOML does not allow a byte order mark, but cargo skips one.
    let table = DeTable::parse(text.strip_prefix('\u{feff}').unwrap_or(text)).ok()?;
    let table = table.get_ref();
    let directory = parent(manifest);
    if let Some(workspace) = table.get("workspace") {
        let workspace = workspace.get_ref().as_table()?;
        let is_below = |path: &str| member.starts_with(directory.join(path));
        // As in cargo, `members` are compared as they are written: a glob does not count here.
        let is_listed = |key| strings(workspace, key).any(is_below);
        let is_excluded = is_listed("exclude") && !is_listed("members");
        return (!is_excluded).then(|| directory.to_owned());
    }
    let package = table.get("package").or_else(|| table.get("project"))?.get_ref().as_table()?;
    let pointer = package.get("workspace")?.get_ref().as_str()?;
    Some(lexical::absolute(directory, Path::new(pointer)))
}

/// Most manifests name none, and a search in the text is far cheaper than parsing. Escapes can only
/// stand for letters in quoted keys.
fn may_name_a_workspace(text: &str) -> bool {
    ["workspace", "\\u", "\\U", "\\x"].iter().any(|letters| text.contains(letters))
}

fn strings<'a>(table: &'a DeTable<'_>, key: &str) -> impl Iterator<Item = &'a str> {
    let list = table.get(key).and_then(|list| list.get_ref().as_array());
    list.into_iter().flat_map(|list| list.iter().filter_map(|item| item.get_ref().as_str()))
}

fn parent(manifest: &Path) -> &Path {
    manifest.parent().unwrap_or(Path::new("/"))
}
