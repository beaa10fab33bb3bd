//! The process at its start: arguments, environment, working directory, ids.
//!
//! All other code sees them only through this type. Nothing here changes the environment, so a variable
//! always has the same value.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use crate::ui::failure::{Failure, Result};

/// How this program was called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CalledAs {
    /// As `cargo`, found on PATH by a shell or an exec function.
    ShimOnPath,
    /// As `…/cargo`, by a path.
    ShimByPath,
    /// By its own name.
    OwnName,
    /// By cargo, as the subcommand `peruser`.
    Subcommand,
    /// By cargo, as a wrapper around the compiler.
    RustcWrapper,
}

/// The file name under which cargo calls us as a wrapper around the compiler.
pub const WRAPPER: &str = "rustc-wrapper";

/// The process at its start.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// How it was called.
    pub called_as: CalledAs,
    /// The name by which it was called (`argv[0]`).
    pub name: OsString,
    /// The arguments after the program's name (and after `peruser`, for a subcommand).
    pub args: Vec<OsString>,
    /// The effective uid, which decides whose directory is used.
    pub uid: u32,
    /// The effective gid.
    pub gid: u32,
    /// The effective uid of this process: the same, or root's if root acts for another user.
    pub acting: u32,
    /// Variables that are treated as unset.
    pub hidden: &'static [&'static str],
    /// The working directory; `/` if it was deleted, which cargo itself will report.
    pub cwd: PathBuf,
    /// Whether `cwd` is the process's own working directory; not if it stands for another user's
    /// session.
    pub works_there: bool,
}

impl Snapshot {
    /// Reads the process's state.
    ///
    /// # Errors
    /// A refusal if the program is set-id or its file has capabilities: its caller chooses PATH and the
    /// environment.
    pub fn take() -> Result<Snapshot> {
        use rustix::process::{getegid, geteuid, getgid, getuid};
        let (uid, gid) = (geteuid().as_raw(), getegid().as_raw());
        let refused = |rights: String| {
            let text = format!("refusing to run with {rights}");
            let help = "remove set-id bits and capabilities (setcap -r) from cargo-peruser, which must \
                        run as its caller";
            Err(Failure::new(text).help(help).exit(77))
        };
        for (what, real, effective) in
            [("uid", getuid().as_raw(), uid), ("gid", getgid().as_raw(), gid)]
        {
            if real != effective {
                return refused(format!(
                    "another account's rights: {what} {real} acts as {effective}"
                ));
            }
        }
        if has_file_capabilities(uid) {
            return refused("capabilities that its caller does not have".into());
        }
        let mut words = std::env::args_os();
        let name = words.next().unwrap_or_default();
        let mut args: Vec<OsString> = words.collect();
        let called_as = called_as(&name, &args);
        if called_as == CalledAs::Subcommand {
            args.remove(0);
        }
        let cwd = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("/"));
        Ok(Snapshot {
            called_as,
            name,
            args,
            uid,
            gid,
            acting: uid,
            hidden: &[],
            cwd,
            works_there: true,
        })
    }

    /// The directory of the shim, if the shim was called by its path.
    pub fn shim_directory(&self) -> Option<PathBuf> {
        let path = Path::new(&self.name);
        let is_shim = self.called_as == CalledAs::ShimByPath && path.ends_with("cargo");
        path.parent().filter(|_| is_shim).map(|directory| self.cwd.join(directory))
    }

    /// The process's own working directory, for [`crate::os::lexical::near`].
    pub fn here(&self) -> Option<&Path> {
        self.works_there.then_some(&self.cwd)
    }

    /// A variable; an empty one is treated as unset.
    pub fn variable(&self, name: &str) -> Option<OsString> {
        self.variable_or_empty(name).filter(|value| !value.is_empty())
    }

    /// A variable, even if it is empty.
    pub fn variable_or_empty(&self, name: &str) -> Option<OsString> {
        let is_hidden = self.hidden.contains(&name);
        std::env::var_os(name).filter(|_| !is_hidden)
    }

    /// The absolute directories on PATH. What other entries are depends on the working directory.
    pub fn directories_on_path(&self) -> Vec<PathBuf> {
        let path = self.variable("PATH").unwrap_or_default();
        std::env::split_paths(&path).filter(|entry| entry.is_absolute()).collect()
    }

    /// All variables that are not hidden, with their values.
    pub fn variables(&self) -> impl Iterator<Item = (OsString, OsString)> {
        std::env::vars_os().filter(|(name, _)| !self.hidden.iter().any(|hidden| name == hidden))
    }

    /// The same process as if that account had started it in `cwd`, without these variables.
    pub fn of(
        &self,
        uid: u32,
        gid: u32,
        cwd: PathBuf,
        hidden: &'static [&'static str],
    ) -> Snapshot {
        Snapshot { uid, gid, cwd, hidden, works_there: false, ..self.clone() }
    }

    /// A variable with an absolute path; a relative one is ignored.
    pub fn absolute_path(&self, name: &str) -> Option<PathBuf> {
        self.variable(name).map(PathBuf::from).filter(|path| path.is_absolute())
    }

    /// The wall clock, in milliseconds. It must mean the same in every process.
    pub fn now(&self) -> u64 {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        since.ok().and_then(|since| u64::try_from(since.as_millis()).ok()).unwrap_or(0)
    }
}

/// Whether the program's file gave this process capabilities that its caller does not have: those that
/// were passed down on purpose are ambient.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn has_file_capabilities(uid: u32) -> bool {
    use rustix::thread::{CapabilitySet, capabilities, capability_is_in_ambient_set};
    let is_ambient = |one: CapabilitySet| capability_is_in_ambient_set(one).unwrap_or(false);
    let has_more = || capabilities(None).is_ok_and(|all| !all.permitted.iter().all(is_ambient));
    uid != 0 && has_more()
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn has_file_capabilities(_: u32) -> bool {
    false
}

fn called_as(name: &OsStr, args: &[OsString]) -> CalledAs {
    let path = Path::new(name);
    if path.file_name() == Some(OsStr::new("cargo")) {
        let is_bare = path.parent() == Some(Path::new(""));
        return if is_bare { CalledAs::ShimOnPath } else { CalledAs::ShimByPath };
    }
    if path.file_name() == Some(OsStr::new(WRAPPER)) {
        return CalledAs::RustcWrapper;
    }
    // Cargo passes a subcommand its own name as the first argument.
    let is_subcommand = args.first().is_some_and(|first| first == "peruser");
    if is_subcommand { CalledAs::Subcommand } else { CalledAs::OwnName }
}

#[cfg(test)]
mod tests {
    use super::{CalledAs, called_as};
    use std::ffi::{OsStr, OsString};

    #[test]
    fn the_name_that_it_is_called_by_decides_the_door() {
        for (name, args, expected) in [
            ("cargo", &[][..], CalledAs::ShimOnPath),
            ("/opt/shim/cargo", &["peruser"], CalledAs::ShimByPath),
            ("./cargo", &[], CalledAs::ShimByPath),
            ("cargo-peruser", &["build"], CalledAs::OwnName),
            ("/usr/bin/cargo-peruser", &["peruser", "build"], CalledAs::Subcommand),
            ("", &[], CalledAs::OwnName),
            ("/opt/rustc-wrapper", &["peruser", "-vV"], CalledAs::RustcWrapper),
        ] {
            let args: Vec<OsString> = args.iter().map(OsString::from).collect();
            assert_eq!(called_as(OsStr::new(name), &args), expected, "{name}");
        }
    }
}
