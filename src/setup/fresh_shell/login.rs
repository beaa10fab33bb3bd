//! The variables that a session has before its shell reads a file: those of pam_env(8) and of systemd's
//! environment.d(5).
//!
//! Many programs read these files, so only plain assignments are understood. Our own file is left out:
//! what a fresh shell reports must come from its own files.

use std::path::{Path, PathBuf};

use crate::os::files;
use crate::setup::hooks::GENERATOR;

/// The files, in the order in which they are read.
pub(crate) fn files(home: &Path) -> Vec<PathBuf> {
    let mut all = vec!["/etc/environment".into(), "/etc/security/pam_env.conf".into()];
    let own = home.join(".config/environment.d");
    for directory in ["/usr/lib/environment.d".as_ref(), "/etc/environment.d".as_ref(), &*own] {
        let mut found = files::sorted_entries(directory);
        found.retain(|path| !path.ends_with(format!("{GENERATOR}.conf")));
        all.extend(found);
    }
    all
}

/// The variables. Of systemd's, only cargo's: not every session has the others, and PATH is what the
/// fresh shell has to prove.
pub(crate) fn variables(home: &Path) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for file in files(home) {
        let text = files::read_regular(&file).unwrap_or_default();
        let is_pams = file == Path::new("/etc/environment");
        let given = text.lines().filter_map(assignment);
        let given = given.filter(|(name, _)| is_pams || name.starts_with("CARGO"));
        all.extend(
            given.map(|(name, value)| (name, value.replace("$HOME", &home.to_string_lossy()))),
        );
    }
    all
}

/// `NAME=value`, `export NAME="value"`, and pam_env.conf's `NAME DEFAULT=value`.
fn assignment(line: &str) -> Option<(String, String)> {
    let line = line.trim();
    let (name, value) = line.strip_prefix("export ").unwrap_or(line).split_once('=')?;
    let name = name.split_whitespace().next()?;
    let is_name = |name: &str| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let value = value.trim().trim_matches(['"', '\'']);
    is_name(name).then(|| (name.to_owned(), value.replace("${HOME}", "$HOME")))
}

#[cfg(test)]
mod tests {
    use super::assignment;

    #[test]
    fn reads_plain_assignments() {
        for (line, expected) in [
            ("CARGO_TARGET_DIR=/srv/shared", Some(("CARGO_TARGET_DIR", "/srv/shared"))),
            ("export A=\"b c\"  ", Some(("A", "b c"))),
            ("A DEFAULT=/x", Some(("A", "/x"))),
            ("A=${HOME}/x", Some(("A", "$HOME/x"))),
            ("# A=b", None),
            ("", None),
        ] {
            let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
            assert_eq!(assignment(line), expected, "{line}");
        }
    }
}
