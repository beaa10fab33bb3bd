//! The receipt: the list of everything that `setup` has done, so that `--uninstall` can undo exactly
//! that. It is a file beside the shim with mode 0644, so that everyone can ask for the status.
//!
//! It is written before anything is done. A later run never overwrites what it says about the state
//! before: that run would find its own work there.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use siphasher::sip::SipHasher13;

use super::{ModeAndGroup, PieceState, Step};
use crate::os::files;
use crate::os::replace::Original;
use crate::os::trust::{Doubt, Trust};
use crate::setup::pieces::PieceKind;
use crate::shim::installation::{Installation, PROGRAM};
use crate::ui::escape::{escaped, quoted};
use crate::ui::failure::{Failure, reason};

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
    /// The fingerprints of all contents that any run has put there. An earlier one is still in place if
    /// the later run was killed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    contents: Vec<u64>,
}

/// What was done at a path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "did", rename_all = "kebab-case")]
pub(crate) enum Did {
    /// A directory was made.
    MakeDirectory,
    /// A file or a symlink was made.
    Make,
    /// Marked blocks were added to a file.
    AddBlocks {
        /// Whether the file was created for them.
        made_file: bool,
    },
    /// The permission bits or the group of a directory were changed.
    ChangeMode {
        /// Those before.
        before: ModeAndGroup,
        /// Those after.
        after: ModeAndGroup,
    },
}

impl ReceiptEntry {
    /// What is done by a step; `None` if the step changes nothing.
    pub(super) fn of(Step { piece, state }: &Step) -> Option<ReceiptEntry> {
        let did = match (&piece.what, *state) {
            (PieceKind::Blocks(_), _) => Did::AddBlocks { made_file: !piece.path.exists() },
            // An identical file that somebody else has put there stays theirs.
            (_, PieceState::InPlace) => return None,
            (_, PieceState::WrongPermissions { before, after }) => {
                Did::ChangeMode { before, after }
            }
            (PieceKind::Root(_), _) => Did::MakeDirectory,
            (PieceKind::File(..) | PieceKind::Link(_), _) => Did::Make,
        };
        let contents = piece.contents().into_iter().map(fingerprint).collect();
        Some(ReceiptEntry { path: piece.path.clone(), did, contents })
    }

    /// A directory that is made for what is put into it.
    pub(super) fn directory(path: &Path) -> ReceiptEntry {
        ReceiptEntry { path: path.to_owned(), did: Did::MakeDirectory, contents: Vec::new() }
    }

    /// Whether a run has put this content there.
    pub(crate) fn is_ours(&self, content: &[u8]) -> bool {
        self.contents.contains(&fingerprint(content))
    }
}

impl Receipt {
    /// Adds a planned change. The state before the first run is the one to restore.
    pub(super) fn add(&mut self, new: ReceiptEntry) {
        let Some(known) = self.entries.iter_mut().find(|known| known.path == new.path) else {
            self.entries.push(new);
            return;
        };
        known.contents.retain(|content| !new.contents.contains(content));
        known.contents.extend(new.contents);
        match (&mut known.did, new.did) {
            (Did::ChangeMode { after, .. }, Did::ChangeMode { after: now, .. }) => *after = now,
            // Somebody has removed the directory of which the mode was changed.
            (Did::ChangeMode { .. }, Did::MakeDirectory) => known.did = Did::MakeDirectory,
            _ => {}
        }
    }

    /// What was done at a path.
    pub(crate) fn entry(&self, path: &Path) -> Option<&ReceiptEntry> {
        self.entries.iter().find(|entry| entry.path == path)
    }
}

/// The fingerprint of a content. It is the same in every release, because receipts hold it. It shows
/// whether a file is unchanged, and says nothing about who changed it.
fn fingerprint(content: &[u8]) -> u64 {
    SipHasher13::new().hash(content)
}

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
    serde_json::from_str(&text).map_err(|error| {
        let program = path.ancestors().nth(3).unwrap_or(path).join("bin").join(PROGRAM);
        unusable(path, &error.to_string()).help(format!(
            "uninstall with the program that has written it, and set up again: {} setup --uninstall",
            quoted(&program)
        ))
    })
}

fn unusable(path: &Path, cause: &str) -> Failure {
    let text = format!("cannot use the receipt `{}`: {}", escaped(path), escaped(cause));
    Failure::new(text).help(format!("ls -l {}", quoted(path)))
}

/// Writes a receipt over the one that was read from this file.
///
/// # Errors
/// Any I/O error, and another run has changed the file meanwhile.
pub(super) fn write_receipt(file: &Original, receipt: &Receipt) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(receipt).map_err(|it| Failure::new(it.to_string()))?;
    file.replace(format!("{text}\n").as_bytes(), 0o644)
}

#[cfg(test)]
mod tests {
    use super::{Did, ModeAndGroup, Receipt, ReceiptEntry, fingerprint};

    fn entry(path: &str, did: Did, contents: &[u64]) -> ReceiptEntry {
        ReceiptEntry { path: path.into(), did, contents: contents.to_vec() }
    }

    fn change(before: u32, after: u32) -> Did {
        let [before, after] = [before, after].map(|mode| ModeAndGroup { mode, group: 0 });
        Did::ChangeMode { before, after }
    }

    #[test]
    fn remembers_the_state_before_the_first_run_and_all_contents_since() {
        let blocks = |made_file| Did::AddBlocks { made_file };
        let mut receipt = Receipt::default();
        receipt.add(entry("/rc", blocks(true), &[1]));
        receipt.add(entry("/root", change(0o777, 0o1777), &[]));
        receipt.add(entry("/new", Did::MakeDirectory, &[]));
        receipt.add(entry("/hook", Did::Make, &[1]));
        receipt.add(entry("/rc", blocks(false), &[2, 1]));
        receipt.add(entry("/root", change(0o1777, 0o3770), &[]));
        receipt.add(entry("/new", change(0o755, 0o750), &[]));
        receipt.add(entry("/again", change(0o1777, 0o755), &[]));
        receipt.add(entry("/again", Did::MakeDirectory, &[]));
        for version in [2, 2, 3, 1] {
            receipt.add(entry("/hook", Did::Make, &[version]));
        }
        let expected = [
            entry("/rc", blocks(true), &[2, 1]),
            entry("/root", change(0o777, 0o3770), &[]),
            // It is removed as a whole.
            entry("/new", Did::MakeDirectory, &[]),
            entry("/hook", Did::Make, &[2, 3, 1]),
            entry("/again", Did::MakeDirectory, &[]),
        ];
        assert_eq!(receipt.entries, expected);
        let text = serde_json::to_string(&receipt).unwrap();
        assert_eq!(serde_json::from_str::<Receipt>(&text).unwrap(), receipt);
    }

    #[test]
    fn a_fingerprint_stays_what_receipts_hold() {
        assert_eq!(fingerprint(b"shim"), 7331844932169420600);
    }
}
