//! Links the release binary so that it starts fast, because the shim runs before every cargo command.
//!
//! - GCC's unwinder is linked in, so that `libgcc_s.so` is not loaded: mapping and relocating that one
//!   library took an eighth of the shim's time. If GCC has no static unwinder, the library is loaded.
//! - The program has a fixed address. At a random address, 2,500 pointers in its constants have to be
//!   written at each start, which touches and copies a dozen pages: a twentieth of the shim's time. A
//!   fixed address makes the program's own code easier to find for somebody who can already overwrite
//!   its memory. No unsafe code of ours lets them do that, and the libraries, stack and heap stay at
//!   random addresses.

use std::env;
use std::path::PathBuf;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=src/build.rs");
    println!("cargo::rerun-if-env-changed=RUSTC_LINKER");
    let is = |name: &str, value: &str| env::var(name).is_ok_and(|found| found == value);
    let is_static =
        env::var("CARGO_CFG_TARGET_FEATURE").is_ok_and(|all| all.contains("crt-static"));
    let is_native = env::var("HOST").ok() == env::var("TARGET").ok();
    let is_gnu = is("CARGO_CFG_TARGET_OS", "linux") && is("CARGO_CFG_TARGET_ENV", "gnu");
    if is("PROFILE", "release") && is_gnu && is_native && !is_static {
        println!("cargo::rustc-link-arg-bins=-no-pie");
        let Some(directory) = static_unwinder() else { return };
        println!("cargo::rustc-link-search=native={}", directory.display());
        // The whole archive, so that every symbol is defined before the linker reaches `-lgcc_s`, which
        // `--as-needed` then leaves out.
        println!("cargo::rustc-link-lib=static:+whole-archive,-bundle=gcc_eh");
    }
}

/// The directory of GCC's static unwinder, according to the linker that will link the binary. GCC prints
/// the library's path if it has it, and the bare name otherwise.
fn static_unwinder() -> Option<PathBuf> {
    let linker = env::var_os("RUSTC_LINKER").unwrap_or_else(|| "cc".into());
    let output = Command::new(linker).arg("-print-file-name=libgcc_eh.a").output().ok()?;
    let path = PathBuf::from(String::from_utf8(output.stdout).ok()?.trim());
    let is_there = path.is_absolute() && path.exists();
    path.parent().filter(|_| is_there).map(PathBuf::from)
}
