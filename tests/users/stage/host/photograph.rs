//! Every entry below some directories as it is: kind, owner, group, mode, and content.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::super::all_of;
use super::{Host, OWN};

/// Shells write down what was typed.
const HISTORIES: [&str; 3] = [".bash_history", "fish_history", ".zsh_history"];

/// How a computer looked at one moment.
pub(crate) struct Photograph(BTreeMap<PathBuf, Entry>);

/// File type with permission bits, owner and group, and a file's bytes or where a symlink leads.
type Entry = (u32, (u32, u32), Vec<u8>);

impl Photograph {
    /// Takes one of all places of a computer.
    pub(crate) fn take(host: &Host<'_>) -> Self {
        let all = OWN.iter().flat_map(|place| all_of(&host.at(place)));
        let is_history = |path: &Path| HISTORIES.iter().any(|history| path.ends_with(history));
        let entry = |(path, metadata): (PathBuf, Metadata)| {
            let content = match () {
                () if metadata.is_file() => fs::read(&path).unwrap(),
                () if metadata.is_symlink() => {
                    fs::read_link(&path).unwrap().into_os_string().into_encoded_bytes()
                }
                () => Vec::new(),
            };
            let seen_at = Path::new("/").join(path.strip_prefix(&host.directory).unwrap());
            (seen_at, (metadata.mode(), (metadata.uid(), metadata.gid()), content))
        };
        Photograph(all.filter(|(path, _)| !is_history(path)).map(entry).collect())
    }

    /// Demands that nothing differs from an earlier one, except below these places.
    pub(crate) fn equals(&self, earlier: &Photograph, except: &[&str]) {
        let paths = self.0.keys().chain(earlier.0.keys());
        let mut paths: Vec<_> = paths
            .filter(|path| !except.iter().any(|place| path.starts_with(place)))
            .filter(|path| self.0.get(*path) != earlier.0.get(*path))
            .collect();
        paths.sort();
        paths.dedup();
        let mut told = String::new();
        for path in paths {
            let (was, is) = (earlier.0.get(path), self.0.get(path));
            writeln!(told, "  {}: {} -> {}", path.display(), describe(was), describe(is)).unwrap();
        }
        assert!(told.is_empty(), "not as it was:\n{told}");
    }
}

fn describe(entry: Option<&Entry>) -> String {
    entry.map_or("nothing".to_owned(), |(mode, (uid, gid), content)| {
        format!("{mode:06o} {uid}:{gid}, {} bytes", content.len())
    })
}
