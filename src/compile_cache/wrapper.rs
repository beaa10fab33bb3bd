//! The wrapper around the compiler: compiles dependencies through sccache if it answers, and calls the
//! compiler itself for everything else.

use std::ffi::OsString;
use std::path::Path;

use super::server::Server;
use crate::os::homes::Homes;
use crate::os::snapshot::Snapshot;
use crate::shim::exec;
use crate::shim::gather::BYPASS;
use crate::ui::failure::{Failure, Result};
use crate::ui::report;

/// Variables that are hidden from dependencies: they contain the user's paths, and sccache would make
/// them part of its keys. Cargo does not recompile sources from a registry or from git when one
/// changes.
const HIDDEN: [&str; 4] =
    ["CARGO_TARGET_DIR", "CARGO_BUILD_TARGET_DIR", "CARGO_BUILD_BUILD_DIR", "CARGO_HOME"];
/// The prefix of other such variables.
const HIDDEN_PREFIX: &str = "CARGO_PERUSER";

/// Compiles.
///
/// # Errors
/// No compiler is named, or it cannot be executed.
pub(crate) fn run(snapshot: &Snapshot) -> Result<u8> {
    let words = &snapshot.args;
    let Some((compiler, args)) = words.split_first() else {
        return Err(Failure::new("no compiler to call").help("cargo calls this, as RUSTC_WRAPPER"));
    };
    let is_off = || snapshot.variable(BYPASS).is_some_and(|value| value == "off");
    let server = || Server::of(snapshot).filter(Server::is_ready);
    let package = snapshot.absolute_path("CARGO_MANIFEST_DIR").unwrap_or_default();
    let homes = Homes::new(snapshot);
    if is_dependency(args, &package, homes.cargo().as_deref())
        && !is_off()
        && let Some(said) = server().and_then(|server| server.compile(words, hidden(snapshot)))
    {
        // Cargo would show sccache's own messages again in every later build.
        let lines = said.split_inclusive(|byte| *byte == b'\n');
        let is_compilers = |line: &&[u8]| !line.starts_with(b"sccache:");
        let text = lines.filter(is_compilers).collect::<Vec<_>>().concat();
        report::to_stderr(&text);
        return Ok(0);
    }
    match exec::exec_as(Path::new(compiler), args)? {}
}

/// Whether a package comes from a registry or from git. Cargo then silences lints, but users can do the
/// same with RUSTFLAGS. So the package must also be in cargo's home, or be vendored with checksums.
/// Path packages may read the hidden variables, and cargo recompiles them if one changes.
fn is_dependency(args: &[OsString], package: &Path, cargo_home: Option<&Path>) -> bool {
    let is_fetched =
        |home: &Path| ["registry", "git"].iter().any(|kind| package.starts_with(home.join(kind)));
    args.iter().any(|word| word == "--cap-lints")
        && (cargo_home.is_some_and(is_fetched) || package.join(".cargo-checksum.json").exists())
}

fn hidden(snapshot: &Snapshot) -> impl Iterator<Item = OsString> {
    let is_hidden = |name: &OsString| {
        HIDDEN.iter().any(|hidden| name == hidden)
            || name.as_encoded_bytes().starts_with(HIDDEN_PREFIX.as_bytes())
    };
    snapshot.variables().map(|(name, _)| name).filter(is_hidden)
}

#[cfg(test)]
mod tests {
    use super::is_dependency;
    use std::ffi::OsString;

    #[test]
    fn only_what_comes_from_a_registry_or_from_git_is_a_dependency() {
        let home = Some("/home/alice/.cargo".as_ref());
        for (words, package, expected) in [
            (
                "--crate-name serde --cap-lints allow",
                "/home/alice/.cargo/registry/src/i/serde",
                true,
            ),
            ("--crate-name app --cap-lints allow", "/home/alice/.cargo/git/checkouts/app/1", true),
            ("--crate-name app", "/home/alice/app", false),
            // `RUSTFLAGS="--cap-lints warn"`.
            ("--crate-name app --cap-lints warn", "/home/alice/app", false),
            ("--crate-name near --cap-lints warn", "/home/alice/.cargo/near", false),
            ("-vV", "", false),
            ("- --crate-name ___ --print=file-names --cap-lints allow", "", false),
        ] {
            let words: Vec<OsString> = words.split(' ').map(OsString::from).collect();
            assert_eq!(is_dependency(&words, package.as_ref(), home), expected, "{words:?}");
        }
    }
}
