//! What stands below a directory, entry by entry, so that two looks tell what has been written.

use std::collections::BTreeMap;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::below;

/// An entry as it stood; a directory's size and time change with what is in it, so they are left
/// out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Trace {
    /// The owner.
    pub(crate) uid: u32,
    mode: u32,
    content: Option<(u64, SystemTime)>,
}

/// Everything below a directory, seen without following anything.
pub(crate) fn traces(directory: &Path) -> BTreeMap<PathBuf, Trace> {
    let trace = |(path, metadata): (PathBuf, Metadata)| {
        let content = || (metadata.len(), metadata.modified().unwrap());
        let content = (!metadata.is_dir()).then(content);
        (path, Trace { uid: metadata.uid(), mode: metadata.mode(), content })
    };
    below(directory).into_iter().map(trace).collect()
}

/// What is new, changed or gone since `before`.
pub(crate) fn changed(directory: &Path, before: &BTreeMap<PathBuf, Trace>) -> Vec<PathBuf> {
    let now = traces(directory);
    let written = now.iter().filter(|(path, trace)| before.get(*path) != Some(*trace));
    let gone = before.keys().filter(|path| !now.contains_key(*path));
    written.map(|(path, _)| path).chain(gone).cloned().collect()
}
