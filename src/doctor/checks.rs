//! The table of checks.

use super::finding::Checked;
use super::machine::Machine;
use super::{checkout, homes, installed, private, root, sccache, session};

/// One check.
pub(super) struct Check {
    /// Its name on the command line and in JSON, which never changes.
    pub(super) id: &'static str,
    /// What it looks for.
    pub(super) about: &'static str,
    pub(super) make: fn(&Machine<'_>) -> Checked,
}

/// All checks. Those that others depend on come first.
pub(super) const CHECKS: [Check; 15] = [
    Check {
        id: "settings",
        about: "mistakes in files and variables, CARGO_PERUSER=off, installations that differ",
        make: installed::settings,
    },
    Check {
        id: "root",
        about: "the shared root: who can write to it and above it, its file system, free space",
        make: root::root,
    },
    Check {
        id: "private-dir",
        about: "your private directory; with --all-users everybody's, and those of former accounts",
        make: private::private_dir,
    },
    Check {
        id: "path-order",
        about: "another cargo before the shim, in this session or in fresh ones",
        make: session::path_order,
    },
    Check {
        id: "stale-session",
        about: "variables that lead to another account's, a missing or a shared directory",
        make: session::stale_session,
    },
    Check {
        id: "toolchain",
        about: "no real cargo, an old one, two rustups, directories on PATH that everyone can write to",
        make: installed::toolchain,
    },
    Check {
        id: "foreign-owned",
        about: "other accounts' files in your target directories, CARGO_HOME and RUSTUP_HOME",
        make: homes::foreign_owned,
    },
    Check {
        id: "left-behind",
        about: "an old `target` in the workspace, whose programs are not updated any more",
        make: checkout::left_behind,
    },
    Check {
        id: "login-shell",
        about: "a login shell that reads no file with a hook of setup's",
        make: session::login_shell,
    },
    Check {
        id: "checkout",
        about: "a shared checkout that not everybody in its group can write to; git's safe.directory",
        make: checkout::checkout,
    },
    Check {
        id: "build-dir",
        about: "a build directory, configured outside your own directories",
        make: checkout::build_dir,
    },
    Check {
        id: "editor",
        about: "outdated settings of editors; editors that build past the shim",
        make: session::editor,
    },
    Check {
        id: "shared-homes",
        about: "a CARGO_HOME or RUSTUP_HOME that several accounts can write to",
        make: homes::shared_homes,
    },
    Check {
        id: "sccache",
        about: "another account's sccache server on the port of yours; what sccache cannot share",
        make: sccache::sccache,
    },
    Check {
        id: "records",
        about: "target directories of workspaces that are gone",
        make: private::records,
    },
];
