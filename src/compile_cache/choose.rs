//! What a build or a session is told of the compile cache.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use super::server::{self, PROGRAM, SOCKET};
use crate::os::snapshot::{Snapshot, WRAPPER};
use crate::os::trust::Trust;
use crate::private_dir::place::Required;
use crate::shim::Plan;
use crate::shim::argv::TargetUse;
use crate::shim::decide::Rule;
use crate::shim::environment::Change;
use crate::shim::installation::{Installation, is_same_file};
use crate::shim::real_cargo::entries;
use crate::shim::real_cargo::{holds_programs, is_executable};
use crate::ui::escape::escaped;

/// The variable that tells cargo what to call in front of the compiler.
const RUSTC_WRAPPER: &str = "RUSTC_WRAPPER";
/// The same by cargo's configuration, and weaker.
const BUILD_RUSTC_WRAPPER: &str = "CARGO_BUILD_RUSTC_WRAPPER";

/// What leads sccache to the files that it reads and believes.
const BELIEVED: [&str; 5] =
    ["HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "SCCACHE_DIR", "SCCACHE_CONF"];

/// What cargo is told.
#[derive(Debug, Default)]
pub(crate) struct Wrapping {
    /// The variables.
    pub(crate) changes: Vec<Change>,
    /// What the person should know.
    pub(crate) note: Option<String>,
}

impl Wrapping {
    /// The program that dependencies are compiled through; none where they are not.
    pub(crate) fn program(&self) -> Option<&OsStr> {
        let program = self.changes.iter().find(|change| change.name == PROGRAM);
        program?.value.as_deref()
    }
}

/// Chooses for a build or a session. A wrapper that the person has chosen stays, also an empty one,
/// which says that there is to be none.
pub(crate) fn wrapping(plan: &Plan<'_>) -> Wrapping {
    let inherited = plan.snapshot.variable_or_empty(RUSTC_WRAPPER);
    let is_ours = inherited.as_deref().is_some_and(is_ours);
    let cache = plan.settings().compile_cache();
    if (inherited.is_some() && !is_ours) || (inherited.is_none() && cache.is_none()) {
        return Wrapping::default();
    }
    // A session or an outer run of this very installation has chosen; not another account's, as after
    // `su -m`, and not one that is gone.
    let builds_nothing = plan.invocation().target_use() == TargetUse::None;
    let stays = (plan.decision.rule == Rule::BuildScript || builds_nothing)
        && inherited.as_deref().is_some_and(is_this_programs);
    if stays {
        return Wrapping::default();
    }
    let found = match (cache, &plan.decision.required) {
        // `sudo -E` hands over where somebody else's compilations are kept.
        (Some(program), Some(required))
            if !builds_nothing && !is_chosen(plan) && !plan.is_sudo() =>
        {
            find(plan, program, required)
        }
        _ => Ok(Wrapping::default()),
    };
    let found = found.unwrap_or_else(|reason| Wrapping {
        note: Some(format!("dependencies are compiled without a cache: {reason}")),
        ..Wrapping::default()
    });
    match found.changes.is_empty() && is_ours {
        true => Wrapping { changes: vec![Change { name: RUSTC_WRAPPER, value: None }], ..found },
        false => found,
    }
}

/// Whether a wrapper is this program's, of whichever installation.
fn is_ours(value: &OsStr) -> bool {
    Path::new(value).ends_with(Path::new("cargo-peruser").join(WRAPPER))
}

/// Whether a wrapper is the one that belongs to this very program.
fn is_this_programs(value: &OsStr) -> bool {
    own_wrapper().is_some_and(|own| is_same_file(Path::new(value), &own))
}

/// This installation's wrapper, if it is installed completely.
fn own_wrapper() -> Option<PathBuf> {
    let own = std::env::current_exe().ok()?;
    let wrapper = Installation::of_this_program()?.rustc_wrapper();
    Some(wrapper).filter(|wrapper| is_same_file(wrapper, &own))
}

/// Whether the person has chosen a wrapper by other means than the variable that wins over all.
fn is_chosen(plan: &Plan<'_>) -> bool {
    plan.snapshot.variable_or_empty(BUILD_RUSTC_WRAPPER).is_some() || plan.configures_wrapper()
}

/// What leads to the compile cache, or why there is none.
fn find(plan: &Plan<'_>, program: &Path, required: &Required) -> Result<Wrapping, String> {
    let wrapper = own_wrapper()
        .ok_or("this program is not installed completely; to install it: cargo-peruser setup")?;
    // As after `su -m`: whoever writes what a compiler's cache holds runs code as whoever reads it.
    let trust = Trust::of(plan.snapshot.uid);
    for variable in BELIEVED {
        let path = plan.snapshot.absolute_path(variable);
        if let Some((place, _)) = path.and_then(|path| trust.first_changeable(&path)) {
            let place = escaped(&place);
            return Err(format!("{variable} leads to `{place}`, which others can change"));
        }
    }
    let program = match program.is_absolute() {
        true => Some(program.to_owned()).filter(|path| is_executable(path)),
        false => on_path(plan.snapshot, program),
    };
    let not_found = || {
        let name = plan.settings().compile_cache().unwrap_or(Path::new("sccache"));
        format!("there is no executable `{}`", escaped(name))
    };
    let program = program.ok_or_else(not_found)?;
    let socket = server::socket(&required.place.private_dir(), &program, plan.snapshot)
        .ok_or("the path of your private directory is too long for a socket")?;
    let note = server::last_failure(&socket).map(|reason| {
        let reason = escaped(&reason);
        format!("the compile cache did not answer when it was last asked: {reason}")
    });
    let set = |name, value: PathBuf| Change { name, value: Some(OsString::from(value)) };
    let changes = vec![set(RUSTC_WRAPPER, wrapper), set(SOCKET, socket), set(PROGRAM, program)];
    Ok(Wrapping { changes, note })
}

/// The first program of that name in a directory that is absolute and not everybody's to write to.
fn on_path(snapshot: &Snapshot, name: &Path) -> Option<PathBuf> {
    let path = snapshot.variable("PATH")?;
    let directories = entries(&path).flatten().filter(|directory| holds_programs(directory));
    directories.map(|directory| directory.join(name)).find(|path| is_executable(path))
}

#[cfg(test)]
mod tests {
    use super::is_ours;

    #[test]
    fn knows_its_own_wrapper_in_every_installation() {
        for (value, expected) in [
            ("/usr/local/lib/cargo-peruser/rustc-wrapper", true),
            ("/home/alice/.local/lib/cargo-peruser/rustc-wrapper", true),
            ("sccache", false),
            ("/opt/rustc-wrapper", false),
            ("", false),
        ] {
            assert_eq!(is_ours(value.as_ref()), expected, "{value}");
        }
    }
}
