//! The programs that the shim is compared with, each built into a directory of its own as `cargo`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;

use crate::toolchain::Toolchain;
use crate::{process, scratch};

/// The release profile of the shim, so that the two differ only in what they do.
const RELEASE_PROFILE: [&str; 5] =
    ["opt-level=3", "panic=abort", "lto=fat", "codegen-units=1", "strip=symbols"];

/// The program that stands in for cargo: static, because a dynamic one takes longer to load than
/// some candidates take altogether.
pub(super) fn end(directory: &Path) -> anyhow::Result<PathBuf> {
    let (source, program) = source(directory, "end.c", include_str!("end.c"))?;
    let mut compiler = Command::new(process::require("cc", "gcc")?);
    compiler.args(["-O2", "-static", "-o"]).arg(&program).arg(source);
    process::capture(&mut compiler)
        .context("failed to build a static program\nhelp: apt-get install libc6-dev")?;
    Ok(program)
}

pub(super) fn rust(toolchain: &Toolchain, end: &Path, directory: &Path) -> anyhow::Result<PathBuf> {
    let end = end.to_string_lossy();
    compile(toolchain, directory, &include_str!("exec.rs.txt").replace("@END@", &end))
}

/// The least that a program in Rust can do for a shell's hook: print a line of its words.
pub(super) fn line(toolchain: &Toolchain, directory: &Path) -> anyhow::Result<PathBuf> {
    compile(
        toolchain,
        directory,
        "fn main() { println!(\"export SOME_VARIABLE='/some/value'\"); }\n",
    )
}

fn compile(toolchain: &Toolchain, directory: &Path, text: &str) -> anyhow::Result<PathBuf> {
    let (source, program) = source(directory, "program.rs", text)?;
    let mut compiler = Command::new(toolchain.bin()?.join("rustc"));
    compiler.args(["--edition", "2024", "--crate-name", "program"]);
    for option in RELEASE_PROFILE {
        compiler.args(["-C", option]);
    }
    process::capture(compiler.arg("-o").arg(&program).arg(source))?;
    Ok(program)
}

pub(super) fn bash(end: &Path, directory: &Path) -> anyhow::Result<PathBuf> {
    let text = include_str!("shim.sh").replace("@END@", &end.to_string_lossy());
    let (script, program) = source(directory, "shim.sh", &text)?;
    fs::rename(&script, &program)
        .with_context(|| format!("failed to rename `{}`", script.display()))?;
    scratch::set_mode(&program, 0o755)?;
    Ok(program)
}

/// Makes the directory, writes a source file into it, and gives the source's and program's path.
fn source(directory: &Path, name: &str, text: &str) -> anyhow::Result<(PathBuf, PathBuf)> {
    scratch::directory(directory, 0o755)?;
    let file = directory.join(name);
    scratch::file(&file, text)?;
    Ok((file, directory.join("cargo")))
}
