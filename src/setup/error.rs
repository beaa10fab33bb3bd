//! What keeps `setup` from putting something in its place, or from taking it away.

mod root;

use std::fmt::{self, Display, Formatter};
use std::path::PathBuf;

use crate::os::entry::Kind;
use crate::ui::escape::{escaped, quoted};
use crate::ui::failure::Failure;
use crate::ui::look::Look;
use crate::ui::owner::Owner;
pub(crate) use root::RootFault;

/// A failure of `setup`, found before anything was changed.
#[derive(Debug)]
pub(crate) enum SetupError {
    /// The place is taken by something that this tool did not put there.
    Taken {
        /// The place.
        path: PathBuf,
        /// What stands there.
        kind: Kind,
    },
    /// Another installation has put the file there, or blocks into it.
    OtherInstallation {
        /// The file.
        path: PathBuf,
    },
    /// A block of ours in somebody's file has no last line.
    Unfinished {
        /// The file.
        path: PathBuf,
        /// The line where the block begins, counted from 1.
        line: usize,
    },
    /// Somebody has written lines of their own into a block of ours.
    Written {
        /// The file.
        path: PathBuf,
        /// The line where the block begins, counted from 1.
        line: usize,
    },
    /// A path cannot stand in every shell's words.
    Path {
        /// The path.
        path: PathBuf,
        /// What is wrong with it.
        cause: &'static str,
        /// The flag that names another.
        help: &'static str,
    },
    /// Others could replace the program that everyone is about to run.
    Prefix {
        /// The directory.
        path: PathBuf,
        /// Who owns it.
        owner: Owner,
        /// Its permission bits, in octal.
        mode: u32,
    },
    /// The shared root cannot be this directory.
    Root {
        /// The directory.
        path: PathBuf,
        /// What is wrong with it.
        fault: RootFault,
    },
    /// There is no group of that name.
    NoGroup {
        /// The name.
        name: String,
    },
    /// Only root can choose a group.
    GroupOfOnesOwn,
    /// The receipt is not what `setup` has written.
    Receipt {
        /// The receipt.
        path: PathBuf,
        /// What is wrong with it.
        cause: String,
    },
}

impl SetupError {
    /// 77 for a directory that is unsafe, 1 for everything else.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            SetupError::Prefix { .. } => 77,
            SetupError::Root {
                fault: RootFault::Named { .. } | RootFault::Scope { .. }, ..
            } => 1,
            SetupError::Root { .. } => 77,
            _ => 1,
        }
    }

    /// What the person can do now, as one line.
    pub(crate) fn help(&self) -> String {
        match self {
            SetupError::OtherInstallation { .. } => {
                "uninstall that one first: cargo-peruser setup --uninstall --prefix …".into()
            }
            SetupError::Taken { path, .. } => {
                format!("look at it, and move it away: ls -ld {}", quoted(path))
            }
            SetupError::Unfinished { path, line } => format!(
                "take the block out, or put its last line `# <<< cargo-peruser <<<` back: \
                 ${{EDITOR:-vi}} +{line} {}",
                quoted(path)
            ),
            SetupError::Written { path, line } => format!(
                "move your lines out of the block: ${{EDITOR:-vi}} +{line} {}",
                quoted(path)
            ),
            SetupError::Path { help, .. } => (*help).into(),
            SetupError::Prefix { path, .. } => Look::Ancestors
                .at(path, "name another place with --prefix, that only root can change"),
            SetupError::Root { path, fault } => fault.help(path),
            SetupError::NoGroup { name } => format!("groupadd {}", quoted(name)),
            SetupError::GroupOfOnesOwn => "sudo cargo-peruser setup --group …".into(),
            SetupError::Receipt { path, .. } => format!("ls -l {}", quoted(path)),
        }
    }
}

impl Display for SetupError {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            SetupError::Taken { path, kind } => {
                write!(
                    f,
                    "cannot install `{}`: the place is taken by a {kind} that setup has not put there",
                    escaped(path)
                )
            }
            SetupError::OtherInstallation { path } => {
                write!(f, "`{}` belongs to another installation of cargo-peruser", escaped(path))
            }
            SetupError::Unfinished { path, line } => write!(
                f,
                "the block of cargo-peruser in `{}` line {line} has no last line",
                escaped(path)
            ),
            SetupError::Written { path, line } => write!(
                f,
                "the block of cargo-peruser in `{}` line {line} holds lines that setup has not put \
                 there",
                escaped(path)
            ),
            SetupError::Path { path, cause, .. } => {
                write!(f, "cannot install below `{}`: it {cause}", escaped(path))
            }
            SetupError::Prefix { path, owner, mode } => write!(
                f,
                "refusing to install below `{}`: it is owned by {owner} and has mode {mode:04o}, so \
                 others could replace what everyone runs",
                escaped(path)
            ),
            SetupError::Root { path, fault } => f.write_str(&fault.text(path)),
            SetupError::NoGroup { name } => write!(f, "there is no group `{}`", escaped(name)),
            SetupError::GroupOfOnesOwn => {
                write!(f, "--group is for a machine's shared root, which only root sets up")
            }
            SetupError::Receipt { path, cause } => {
                write!(f, "cannot use the receipt `{}`: {}", escaped(path), escaped(cause))
            }
        }
    }
}

impl From<SetupError> for Failure {
    fn from(error: SetupError) -> Failure {
        Failure::new(error.to_string()).help(error.help()).exit(error.exit_code())
    }
}
