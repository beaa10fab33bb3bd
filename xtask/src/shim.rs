//! The program that is measured and shown: a release build of cargo-peruser.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde_json::Value;

use crate::{process, project, scratch};

/// Which binary to take.
#[derive(clap::Args)]
pub(crate) struct Choice {
    /// Take this binary instead of building one
    #[arg(long, value_name = "BINARY")]
    shim: Option<PathBuf>,
}

impl Choice {
    /// The chosen binary, or a fresh release build of this checkout.
    pub(crate) fn binary(&self) -> anyhow::Result<PathBuf> {
        match &self.shim {
            Some(binary) => binary
                .canonicalize()
                .with_context(|| format!("failed to find the binary `{}`", binary.display())),
            None => build(),
        }
    }
}

/// Puts the binary into a new directory under the name that makes it a shim. A copy, because
/// other people cannot reach into the checkout's target directory.
pub(crate) fn install(binary: &Path, directory: &Path) -> anyhow::Result<PathBuf> {
    scratch::directory(directory, 0o755)?;
    let shim = directory.join("cargo");
    fs::copy(binary, &shim).with_context(|| {
        format!("failed to copy `{}` to `{}`", binary.display(), shim.display())
    })?;
    scratch::set_mode(&shim, 0o755)?;
    Ok(shim)
}

fn build() -> anyhow::Result<PathBuf> {
    let mut command = project::cargo(&project::root()?);
    command.args(["build", "--release", "--package", "cargo-peruser"]).args([
        "--bin",
        "cargo-peruser",
        "--message-format",
        "json-render-diagnostics",
    ]);
    // cargo's messages go to the terminal; what is read here is its report.
    let (_, output) = process::attempt(&mut command)?;
    anyhow::ensure!(output.status.success(), "the release build failed ({})", output.status);
    executable(&String::from_utf8_lossy(&output.stdout))
        .context("cargo did not say where it put the binary `cargo-peruser`")
}

/// The path in cargo's report of the one artifact that is an executable.
fn executable(report: &str) -> Option<PathBuf> {
    report
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .find_map(|message| message.get("executable")?.as_str().map(PathBuf::from))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_where_cargo_put_the_binary() {
        let report = concat!(
            r#"{"reason":"compiler-artifact","target":{"name":"build"},"executable":null}"#,
            "\nnot json\n",
            r#"{"reason":"compiler-artifact","executable":"/t/release/cargo-peruser"}"#,
        );
        assert_eq!(executable(report), Some(PathBuf::from("/t/release/cargo-peruser")));
        assert_eq!(executable("{}"), None);
    }
}
