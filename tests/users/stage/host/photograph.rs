//! Every entry below some directories as it is: kind, owner, group, mode, and content.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::{Host, OWN};

/// Shells write down what was typed.
const HISTORIES: [&str; 3] = [".bash_history", "fish_history", ".zsh_history"];

/// How a computer looked at one moment.
pub(crate) struct Photograph(BTreeMap<PathBuf, Entry>);

#[derive(PartialEq, Eq)]
struct Entry {
    /// File type and permission bits.
    mode: u32,
    owner: (u32, u32),
    /// A file's bytes, or where a symlink leads.
    content: Vec<u8>,
}

impl Photograph {
    /// Takes one of all places of a computer.
    pub(crate) fn take(host: &Host<'_>) -> Self {
        let mut photograph = Photograph(BTreeMap::new());
        for (place, _) in OWN {
            photograph.add(&host.at(place), Path::new(place));
        }
        photograph
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

    fn add(&mut self, at: &Path, seen_at: &Path) {
        let metadata = at.symlink_metadata().unwrap();
        let content = match () {
            () if metadata.is_file() => fs::read(at).unwrap(),
            () if metadata.is_symlink() => {
                fs::read_link(at).unwrap().as_os_str().as_bytes().to_vec()
            }
            () => Vec::new(),
        };
        let owner = (metadata.uid(), metadata.gid());
        let entry = Entry { mode: metadata.mode(), owner, content };
        self.0.insert(seen_at.to_owned(), entry);
        if metadata.is_dir() {
            for child in fs::read_dir(at).unwrap() {
                let name = child.unwrap().file_name();
                if !HISTORIES.iter().any(|history| name == *history) {
                    self.add(&at.join(&name), &seen_at.join(&name));
                }
            }
        }
    }
}

fn describe(entry: Option<&Entry>) -> String {
    let Some(Entry { mode, owner: (uid, gid), content }) = entry else {
        return "nothing".to_owned();
    };
    format!("{mode:06o} {uid}:{gid}, {} bytes", content.len())
}
