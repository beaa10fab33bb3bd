//! Links GCC's unwinder into the release binary instead of loading `libgcc_s.so` with it.
//!
//! The shim runs before every cargo command, and mapping and relocating that one library took about
//! an eighth of its time. Where GCC has no static unwinder, nothing changes.

use std::env;
use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=src/build.rs");
    let is = |name: &str, value: &str| env::var(name).is_ok_and(|found| found == value);
    let is_static =
        env::var("CARGO_CFG_TARGET_FEATURE").is_ok_and(|all| all.contains("crt-static"));
    let is_native = env::var("HOST").ok() == env::var("TARGET").ok();
    let is_gnu = is("CARGO_CFG_TARGET_OS", "linux") && is("CARGO_CFG_TARGET_ENV", "gnu");
    if is("PROFILE", "release") && is_gnu && is_native && !is_static && has_static_unwinder() {
        println!("cargo::rustc-link-lib=static:+whole-archive,-bundle=gcc_eh");
    }
}

/// GCC prints the library's path if it has it, and the bare name otherwise.
fn has_static_unwinder() -> bool {
    let output = Command::new("cc").arg("-print-file-name=libgcc_eh.a").output();
    output.is_ok_and(|output| {
        let path = String::from_utf8_lossy(&output.stdout);
        let path = Path::new(path.trim());
        path.is_absolute() && path.exists()
    })
}
