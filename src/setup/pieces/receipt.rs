//! Pure: the receipt, the list of everything that `setup` has done, so that `--uninstall` can undo
//! exactly that.
//!
//! It is written before anything is done. A later run never overwrites what it says about the state
//! before: that run would find its own work there.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// Everything that one installation has done, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Receipt {
    /// The prefix as it was given. It may be a symlink, and the program that runs from there only knows
    /// where that points to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefix: Option<PathBuf>,
    /// The pieces.
    pub entries: Vec<ReceiptEntry>,
}

/// One thing that was done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ReceiptEntry {
    /// Where.
    pub path: PathBuf,
    /// What.
    #[serde(flatten)]
    pub did: Did,
}

/// What was done at a path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "did", rename_all = "kebab-case")]
pub(crate) enum Did {
    /// A directory was made.
    MakeDirectory,
    /// A file was made, with content of this fingerprint.
    MakeFile {
        /// The content's fingerprint.
        fingerprint: u64,
        /// The fingerprints of earlier runs, whose content stays in place until a later run has replaced
        /// it.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        earlier: Vec<u64>,
    },
    /// A symlink was made.
    MakeLink {
        /// Its target.
        to: PathBuf,
    },
    /// Marked blocks were added to a file.
    PutBlocks {
        /// Whether the file was created for them.
        made_file: bool,
        /// The fingerprints of all blocks that were ever added.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        bodies: Vec<u64>,
    },
    /// The permission bits or the group of a directory were changed.
    ChangeMode {
        /// The bits before (`07777`).
        mode_before: u32,
        /// The group before.
        group_before: u32,
        /// The bits after.
        mode_after: u32,
        /// The group after.
        group_after: u32,
    },
}

impl Did {
    /// A new file whose content has this fingerprint.
    pub(crate) fn made_file(fingerprint: u64) -> Did {
        Did::MakeFile { fingerprint, earlier: Vec::new() }
    }
}

impl Receipt {
    /// Adds a planned change. The state before the first run is the one to restore.
    pub(crate) fn add(&mut self, entry: ReceiptEntry) {
        match self.entries.iter_mut().find(|known| known.path == entry.path) {
            Some(known) => known.did = merged(&known.did, entry.did),
            None => self.entries.push(entry),
        }
    }

    /// What was done at a path.
    pub(crate) fn did(&self, path: &Path) -> Option<&Did> {
        self.entries.iter().find(|entry| entry.path == path).map(|entry| &entry.did)
    }
}

fn merged(known: &Did, new: Did) -> Did {
    match (known, new) {
        (Did::PutBlocks { made_file, bodies: old }, Did::PutBlocks { bodies, .. }) => {
            let old = old.iter().copied().filter(|body| !bodies.contains(body));
            let bodies = old.chain(bodies.iter().copied()).collect();
            Did::PutBlocks { made_file: *made_file, bodies }
        }
        (
            Did::ChangeMode { mode_before, group_before, .. },
            Did::ChangeMode { mode_after, group_after, .. },
        ) => Did::ChangeMode {
            mode_before: *mode_before,
            group_before: *group_before,
            mode_after,
            group_after,
        },
        (Did::MakeFile { fingerprint: old, earlier }, Did::MakeFile { fingerprint, .. }) => {
            let all = earlier.iter().chain([old]).copied();
            let earlier = all.filter(|earlier| *earlier != fingerprint).collect();
            Did::MakeFile { fingerprint, earlier }
        }
        // A root that we created, and change now, is removed as a whole.
        (Did::MakeDirectory, Did::ChangeMode { .. }) => Did::MakeDirectory,
        (_, new) => new,
    }
}

#[cfg(test)]
mod tests {
    use super::{Did, Receipt, ReceiptEntry};

    fn entry(path: &str, did: Did) -> ReceiptEntry {
        ReceiptEntry { path: path.into(), did }
    }

    #[test]
    fn remembers_the_state_before_the_first_run() {
        let change = |before, after| Did::ChangeMode {
            mode_before: before,
            group_before: 0,
            mode_after: after,
            group_after: 0,
        };
        let blocks = |made_file, bodies| Did::PutBlocks { made_file, bodies };
        let mut receipt = Receipt::default();
        receipt.add(entry("/rc", blocks(true, vec![1])));
        receipt.add(entry("/root", change(0o777, 0o1777)));
        receipt.add(entry("/hook", Did::made_file(1)));
        receipt.add(entry("/rc", blocks(false, vec![2, 1])));
        receipt.add(entry("/root", change(0o1777, 0o3770)));
        for version in [2, 2, 3, 1] {
            receipt.add(entry("/hook", Did::made_file(version)));
        }
        let expected = [
            entry("/rc", blocks(true, vec![2, 1])),
            entry("/root", change(0o777, 0o3770)),
            entry("/hook", Did::MakeFile { fingerprint: 1, earlier: vec![2, 3] }),
        ];
        assert_eq!(receipt.entries, expected);
    }

    #[test]
    fn is_the_same_after_being_written_and_read() {
        let mut receipt = Receipt::default();
        receipt.add(entry("/shim", Did::MakeLink { to: "/bin/x".into() }));
        receipt.add(entry("/dir", Did::MakeDirectory));
        let text = serde_json::to_string(&receipt).unwrap();
        assert_eq!(serde_json::from_str::<Receipt>(&text).unwrap(), receipt);
    }
}
