//! Chooses whether a build or a session uses the compile cache, and finds its program by name or path.

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
use crate::shim::real_cargo::{holds_programs, is_executable};
use crate::ui::escape::escaped;

/// The variable that names cargo's wrapper around the compiler.
const RUSTC_WRAPPER: &str = "RUSTC_WRAPPER";
/// The same as a configuration variable; it is weaker.
const BUILD_RUSTC_WRAPPER: &str = "CARGO_BUILD_RUSTC_WRAPPER";

/// The variables that lead sccache to files that it reads and trusts.
const BELIEVED: [&str; 5] =
    ["HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "SCCACHE_DIR", "SCCACHE_CONF"];

/// The choice for a build or a session.
#[derive(Debug, Default)]
pub(crate) struct Wrapping {
    /// The changes to the environment.
    pub(crate) changes: Vec<Change>,
    /// A notice for the user.
    pub(crate) note: Option<String>,
}

impl Wrapping {
    /// The sccache program through which dependencies are compiled, if any.
    pub(crate) fn program(&self) -> Option<&OsStr> {
        let program = self.changes.iter().find(|change| change.name == PROGRAM);
        program?.value.as_deref()
    }
}

/// Chooses for a build or a session. A wrapper that the user has chosen stays, even an empty one, which
/// means none.
pub(crate) fn wrapping(plan: &Plan<'_>) -> Wrapping {
    let inherited = plan.snapshot.variable_or_empty(RUSTC_WRAPPER);
    let is_ours = inherited.as_deref().is_some_and(is_ours);
    let cache = plan.settings().compile_cache();
    if (inherited.is_some() && !is_ours) || (inherited.is_none() && cache.is_none()) {
        return Wrapping::default();
    }
    // The wrapper was set by a session or an outer run of this same installation: not of another
    // account, as after `su -m`, and not of an installation that was removed.
    let builds_nothing = plan.invocation().target_use() == TargetUse::None;
    let stays = (plan.decision.rule == Rule::BuildScript || builds_nothing)
        && inherited.as_deref().is_some_and(is_this_programs);
    if stays {
        return Wrapping::default();
    }
    let found = match (cache, &plan.decision.required) {
        // `sudo -E` keeps variables that say where another user's compilations are stored.
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

/// Whether a wrapper is this program's, of any installation.
fn is_ours(value: &OsStr) -> bool {
    Path::new(value).ends_with(Path::new("cargo-peruser").join(WRAPPER))
}

/// Whether a wrapper belongs to this very program.
fn is_this_programs(value: &OsStr) -> bool {
    own_wrapper().is_some_and(|own| is_same_file(Path::new(value), &own))
}

/// This installation's wrapper, if the installation is complete.
fn own_wrapper() -> Option<PathBuf> {
    let own = std::env::current_exe().ok()?;
    let wrapper = Installation::of_this_program()?.rustc_wrapper();
    Some(wrapper).filter(|wrapper| is_same_file(wrapper, &own))
}

/// Whether the user has chosen a wrapper in another way than by the strongest variable.
fn is_chosen(plan: &Plan<'_>) -> bool {
    plan.snapshot.variable_or_empty(BUILD_RUSTC_WRAPPER).is_some()
        || plan.configured_wrapper().is_some()
}

/// The variables that lead to the compile cache, or why it is not used.
fn find(plan: &Plan<'_>, program: &Path, required: &Required) -> Result<Wrapping, String> {
    let wrapper = own_wrapper()
        .ok_or("this program is not installed completely; to install it: cargo-peruser setup")?;
    // As after `su -m`: whoever can write to a compile cache runs code as everyone who reads it.
    let trust = Trust::of(plan.snapshot.uid);
    for variable in BELIEVED {
        let path = plan.snapshot.absolute_path(variable);
        if let Some((place, _)) = path.and_then(|path| trust.first_changeable(&path)) {
            let place = escaped(&place);
            return Err(format!("{variable} points to `{place}`, which others can change"));
        }
    }
    let found = match program.is_absolute() {
        true => Some(program.to_owned()).filter(|path| is_executable(path)),
        false => on_path(plan.snapshot, program),
    };
    let program = found.ok_or_else(|| format!("there is no executable `{}`", escaped(program)))?;
    let socket = server::socket(&required.place.private_dir(), &program, plan.snapshot)
        .ok_or("the path of your private directory is too long for a socket")?;
    let note = server::last_failure(&socket).map(|reason| {
        let reason = escaped(&reason);
        format!("the compile cache failed when it was last tried: {reason}")
    });
    let set = |name, value: PathBuf| Change { name, value: Some(OsString::from(value)) };
    let changes = vec![set(RUSTC_WRAPPER, wrapper), set(SOCKET, socket), set(PROGRAM, program)];
    Ok(Wrapping { changes, note })
}

/// The first program with that name on PATH, in an absolute directory that is not world-writable.
fn on_path(snapshot: &Snapshot, name: &Path) -> Option<PathBuf> {
    let directories = snapshot.directories_on_path().into_iter();
    let directories = directories.filter(|directory| holds_programs(directory));
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
