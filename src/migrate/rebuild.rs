//! Makes cargo rebuild a workspace's own packages. They have paths of the old directory compiled in
//! (`env!("CARGO_BIN_EXE_…")`, `env!("OUT_DIR")`), so tests would run programs there.
//!
//! The times of their crates' root files are set to now. Cargo then rebuilds them in every profile and
//! layout, with their incremental state, and leaves dependencies fresh. This is never done for another
//! user: it runs cargo, and a checkout can make cargo run its own programs.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustix::fs::{AtFlags, CWD, Timespec, Timestamps, UTIME_NOW, utimensat};
use serde_json::Value;

use super::destination::Destination;
use super::say;
use crate::shim::Plan;
use crate::shim::environment;
use crate::shim::exec;
use crate::ui::escape::{escaped, quoted};
use crate::ui::failure::{Failure, reason};
use crate::ui::report::{self, counted};

/// Makes the next builds rebuild the packages of the destination's checkout, or prints the command for
/// that.
///
/// # Errors
/// The reason why they are not rebuilt, if a checkout was named. The working directory is only a guess.
pub(super) fn after(plan: &Plan<'_>, destination: &Destination<'_>) -> Result<(), Failure> {
    let is_named = destination.request.checkout.is_some();
    let is_known = destination.checkout.is_some();
    let checkout = &plan.snapshot.cwd;
    let touched = (is_known && !destination.is_for_another).then(|| touch_roots(plan, checkout));
    let count = match touched {
        Some(Ok(count)) => count,
        Some(Err(why)) if is_named => {
            let text =
                format!("the packages of `{}` will not be rebuilt: {why}", escaped(checkout));
            let help = "the target directory is in place; to rebuild them, for each profile: cd";
            let clean = "cargo-peruser clean --workspace --profile PROFILE";
            return Err(Failure::new(text).help(format!("{help} {} && {clean}", quoted(checkout))));
        }
        Some(Err(_)) | None => {
            report::advice(
                &"each workspace's own packages still have the old paths compiled in",
                &format!("to rebuild them, {}", destination.checkout_command()),
            );
            return Ok(());
        }
    };
    let text = format!(
        "the next builds of `{}` rebuild its own packages (set the times of {})",
        escaped(checkout),
        counted(count, "source file", "source files")
    );
    say(&text, "the target directory is in place")
}

fn touch_roots(plan: &Plan<'_>, checkout: &Path) -> Result<usize, String> {
    let roots = crate_roots(plan, checkout)?;
    roots.iter().try_for_each(|root| touch(root))?;
    Ok(roots.len())
}

/// The root file of each crate of the workspace's own packages: libraries, programs, tests, examples,
/// benches and build scripts.
fn crate_roots(plan: &Plan<'_>, checkout: &Path) -> Result<Vec<PathBuf>, String> {
    let program = plan.real_cargo(&plan.trail()).cargo().map_err(|error| error.to_string())?;
    let mut command = Command::new(&program);
    command.args(["metadata", "--no-deps", "--format-version=1"]).current_dir(checkout);
    exec::prepare(&mut command, &environment::changes(&plan.decision));
    let output = command.stdin(Stdio::null()).output().map_err(|cause| reason(&cause))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!("`cargo metadata` failed\n{}", said.trim_end()));
    }
    let answer: Value =
        serde_json::from_slice(&output.stdout).map_err(|cause| cause.to_string())?;
    let list = |value: &Value, key: &str| {
        value.get(key).and_then(Value::as_array).cloned().unwrap_or_default()
    };
    let targets = list(&answer, "packages").into_iter().flat_map(|it| list(&it, "targets"));
    let roots = targets.filter_map(|it| it.get("src_path")?.as_str().map(PathBuf::from));
    Ok(roots.collect())
}

/// Sets both times to now. Write access is enough for that.
fn touch(file: &Path) -> Result<(), String> {
    let now = Timespec { tv_sec: 0, tv_nsec: UTIME_NOW };
    let times = Timestamps { last_access: now, last_modification: now };
    let touched = utimensat(CWD, file, &times, AtFlags::empty());
    touched.map_err(|cause| format!("`{}`: {}", escaped(file), reason(&cause.into())))
}
