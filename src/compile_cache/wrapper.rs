//! What cargo calls in front of the compiler: dependencies go through sccache, where that answers, and
//! everything else to the compiler itself.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use super::server::Server;
use crate::os::snapshot::Snapshot;
use crate::shim::exec;
use crate::shim::gather::BYPASS;
use crate::ui::failure::{Failure, Result};
use crate::ui::report;

/// What dependencies are compiled without: it says where a person builds, and sccache would make it a
/// part of its keys. Cargo asks for none of it again where sources come from a registry or from git.
const HIDDEN: [&str; 4] =
    ["CARGO_TARGET_DIR", "CARGO_BUILD_TARGET_DIR", "CARGO_BUILD_BUILD_DIR", "CARGO_HOME"];
/// How the names of other such variables begin.
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
    if is_dependency(args)
        && !is_off()
        && let Some(said) = server().and_then(|server| server.compile(words, hidden(snapshot)))
    {
        // What sccache itself says would be shown again in every later build.
        let lines = said.split_inclusive(|byte| *byte == b'\n');
        let is_compilers = |line: &&[u8]| !line.starts_with(b"sccache:");
        let text = lines.filter(is_compilers).collect::<Vec<_>>().concat();
        report::to_stderr(&text);
        return Ok(0);
    }
    match exec::exec_as(Path::new(compiler), args)? {}
}

/// Whether the sources come from a registry or from git. Cargo then silences lints, and names the sources
/// by an absolute path; people silence lints as well, by RUSTFLAGS. Path packages may read what is hidden,
/// and cargo compiles them anew where it has changed.
fn is_dependency(args: &[OsString]) -> bool {
    let is_source = |word: &OsString| Path::new(word).extension() == Some(OsStr::new("rs"));
    let source = args.iter().find(|word| is_source(word));
    args.iter().any(|word| word == "--cap-lints")
        && source.is_some_and(|source| Path::new(source).is_absolute())
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
        for (words, expected) in [
            ("--crate-name serde /r/serde/src/lib.rs --cap-lints allow", true),
            ("--crate-name app src/main.rs -C metadata=1", false),
            // `RUSTFLAGS="--cap-lints warn"`.
            ("--crate-name app src/main.rs --cap-lints warn", false),
            ("--crate-name near /home/alice/near/src/lib.rs", false),
            ("-vV", false),
            ("- --crate-name ___ --print=file-names --cap-lints allow", false),
        ] {
            let words: Vec<OsString> = words.split(' ').map(OsString::from).collect();
            assert_eq!(is_dependency(&words), expected, "{words:?}");
        }
    }
}
