//! The cargos that were called, as the recording toolchain wrote them down.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

/// How a cargo was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Door {
    /// Through the shim.
    Shim,
    /// Through a proxy, past the shim.
    Proxy,
    /// By the toolchain's own path.
    Direct,
}

/// One call of the toolchain's cargo.
#[derive(Clone, Debug)]
pub(super) struct Call {
    /// How it was reached.
    pub(super) door: Door,
    /// `CARGO_TARGET_DIR`.
    pub(super) target_dir: Option<PathBuf>,
    /// `RUSTUP_TOOLCHAIN`.
    pub(super) toolchain: Option<String>,
    /// The arguments, with spaces between them.
    pub(super) words: String,
}

/// All calls in the file, in order; none if there is no file.
pub(super) fn calls(record: &Path) -> Result<Vec<Call>> {
    let text = if record.exists() { fs::read_to_string(record)? } else { String::new() };
    text.lines().map(|line| read(line).with_context(|| line.to_owned())).collect()
}

fn read(line: &str) -> Result<Call> {
    let mut fields = line.splitn(4, '\t');
    let mut next = || fields.next().context("a field is missing");
    let door = match next()? {
        "shim" => Door::Shim,
        "proxy" => Door::Proxy,
        "direct" => Door::Direct,
        other => bail!("no such door: {other}"),
    };
    let given = |field: &str| (field != "none").then(|| field.to_owned());
    let target_dir = given(next()?).map(PathBuf::from);
    Ok(Call { door, target_dir, toolchain: given(next()?), words: next()?.to_owned() })
}
