//! Mounts that nobody else sees, and processes that end with us.

use std::os::unix::process::CommandExt;
use std::process::Command;

use anyhow::Context;

/// Set inside.
const MARK: &str = "XTASK_NAMESPACE";

const OPTIONS: [&str; 7] =
    ["--mount", "--propagation", "private", "--pid", "--fork", "--mount-proc", "--kill-child"];

/// Executes this very run anew, and comes back in a mount and process namespace of its own: when it
/// ends, the kernel ends whatever it started and drops every mount.
pub(crate) fn enter() -> anyhow::Result<()> {
    if std::env::var_os(MARK).is_some() {
        return Ok(());
    }
    anyhow::ensure!(
        rustix::process::geteuid().is_root(),
        "other accounts and mounts take root\nhelp: sudo env \"PATH=$PATH\" cargo xtask …"
    );
    let mut unshare = Command::new("unshare");
    unshare.args(OPTIONS).arg(std::env::current_exe()?).args(std::env::args_os().skip(1));
    let error = unshare.env(MARK, "1").exec();
    Err(error).context("could not execute `unshare`\nhelp: apt-get install util-linux")
}
