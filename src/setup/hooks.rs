//! The places where sessions begin, and what to put there so that the shim comes first.
//!
//! A machine's hooks run before people's own files. If those prepend `~/.cargo/bin` only when it is
//! absent, the shim stays first. If they always prepend it, only a hook in the person's own file, after
//! that line, puts the shim first. So a person's blocks are at the end of files.

use std::path::{Path, PathBuf};

use crate::os::homes::Homes;
use crate::os::marked::Blocks;
use crate::os::passwd::Account;
use crate::os::snapshot::Snapshot;
use crate::session::search_path;
use crate::session::shell::evaluation;
use crate::setup::pieces::{Piece, PieceKind};
use crate::ui::escape::quoted;

const POSIX: &str = include_str!("hook.sh");
const FISH: &str = include_str!("hook.fish");
const CSH: &str = include_str!("hook.csh");
const ELVISH: &str = include_str!("hook.elv");
const GENERATOR_SCRIPT: &str = include_str!("environment-generator.sh");
const ENVIRONMENT: &str = include_str!("environment.conf");
const USER_SERVICE: &str = include_str!("user-service.conf");

/// The name of our environment generator. systemd runs generators in the order of their names, and
/// number 30 reads people's own files.
pub(super) const GENERATOR: &str = "60-cargo-peruser";

/// A person's snippet has the same name as the machine's, and replaces it: fish reads only one file of
/// each name.
const FISH_SNIPPET: &str = "cargo-peruser.fish";

/// The machine's hooks, for what is installed. A file that a shell's package may add later is not
/// created: the package manager would ask whose it is.
pub(super) fn of_machine(program: &Path) -> Vec<Piece> {
    let first = |places: &[&str]| places.iter().map(PathBuf::from).find(|path| path.exists());
    let below = |directory: &str, name: &str| {
        Path::new(directory).is_dir().then(|| Path::new(directory).join(name))
    };
    // After the other scripts of its directory, which are sourced in the order of their names.
    let profile = below("/etc/profile.d", "zz-cargo-peruser.sh");
    // It often begins with a `return` for all but interactive shells.
    let bashrc = first(&["/etc/bash.bashrc", "/etc/bash/bashrc", "/etc/bashrc"]);
    let zshenv = || below("/etc/zsh", "zshenv").unwrap_or_else(|| "/etc/zshenv".into());
    let zshenv = find_shell("zsh").map(|_| zshenv());
    let snippet = find_shell("fish").map(|_| Path::new("/etc/fish/conf.d").join(FISH_SNIPPET));
    let service = below("/etc/systemd/system", "user@.service.d/cargo-peruser.conf");
    let hooks = [
        profile.map(|path| ours(path, posix(program, INTERACTIVE_SH), LOGIN_SHELLS)),
        bashrc.map(|path| {
            let blocks = Blocks { top: Some(posix(program, INTERACTIVE)), end: None };
            Piece::new(path, PieceKind::Blocks(blocks), BASH)
        }),
        zshenv.map(|path| at_end(path, posix(program, INTERACTIVE), ZSH)),
        first(&["/etc/csh.cshrc"]).map(|path| at_end(path, filled(CSH, program), TCSH)),
        snippet.map(|path| ours(path, fish(program, INTERACTIVE_FISH), EVERY_FISH)),
        below("/etc/systemd", GENERATORS).map(|directory| {
            let script = PieceKind::File(filled(GENERATOR_SCRIPT, program).into_bytes(), 0o755);
            Piece::new(directory.join(GENERATOR), script, SYSTEMD)
        }),
        // It starts before each account's first session.
        service.map(|path| {
            ours(path, user_service(program), "private directories at the first login")
        }),
    ];
    hooks.into_iter().flatten().collect()
}

/// A person's hooks, for what is installed. Files of rarer shells are included only if they exist, or if
/// the shell is the person's login shell.
pub(super) fn of_person(
    snapshot: &Snapshot,
    homes: &Homes<'_>,
    home: &Path,
    account: &Account,
    program: &Path,
) -> Vec<Piece> {
    let login_shell = account.shell.as_deref().and_then(Path::file_name).unwrap_or_default();
    let logs_in_with = |shells: &[&str]| shells.iter().any(|shell| login_shell == *shell);
    let config = homes.config().unwrap_or_else(|| home.join(".config"));
    let cshrc = Some(home.join(".tcshrc")).filter(|path| path.exists());
    let cshrc = cshrc.unwrap_or_else(|| home.join(".cshrc"));
    let profile =
        |name: &str| at_end(home.join(name), posix(program, INTERACTIVE_SH), LOGIN_SHELLS);
    // The hook, and whether to create its file if it is missing.
    let mut hooks = vec![
        (profile(".profile"), true),
        (profile(".bash_profile"), false),
        (profile(".bash_login"), false),
        (profile(".yash_profile"), logs_in_with(&["yash"])),
        (profile(".yashrc"), false),
        (at_end(cshrc, filled(CSH, program), TCSH), logs_in_with(&["csh", "tcsh"])),
        (
            at_end(config.join("elvish/rc.elv"), filled(ELVISH, program), "elvish, interactive"),
            logs_in_with(&["elvish"]),
        ),
    ];
    if find_shell("bash").is_some() {
        // Before and after a `return` for all but interactive shells.
        let (top, end) = (Some(posix(program, SILENT)), Some(posix(program, INTERACTIVE)));
        let blocks = PieceKind::Blocks(Blocks { top, end });
        hooks.push((Piece::new(home.join(".bashrc"), blocks, BASH), true));
    }
    if find_shell("zsh").is_some() {
        let zdotdir = snapshot.absolute_path("ZDOTDIR").filter(|path| homes.is_own(path));
        hooks.extend(of_zsh(home, zdotdir.as_deref().unwrap_or(home), program));
    }
    if find_shell("fish").is_some() {
        let snippet = config.join("fish/conf.d").join(FISH_SNIPPET);
        hooks.push((ours(snippet, fish(program, INTERACTIVE_FISH), EVERY_FISH), true));
        let config = config.join("fish/config.fish");
        hooks.push((at_end(config, fish(program, SILENT), EVERY_FISH), false));
    }
    let is_meant = |(piece, is_made): &(Piece, bool)| *is_made || piece.path.exists();
    hooks.into_iter().filter(is_meant).map(|(piece, _)| piece).collect()
}

/// A person's hooks for zsh, and whether to create their files. Even if `$ZDOTDIR` moves zsh's files
/// elsewhere, a fresh session looks for the first one at home.
fn of_zsh(home: &Path, zdotdir: &Path, program: &Path) -> Vec<(Piece, bool)> {
    let zshenv = home.join(".zshenv");
    let later = [".zshenv", ".zprofile", ".zshrc", ".zlogin"].map(|name| zdotdir.join(name));
    let later = later.into_iter().filter(|path| *path != zshenv);
    let mut hooks = vec![(at_end(zshenv.clone(), posix(program, INTERACTIVE), ZSH), true)];
    hooks.extend(later.map(|path| (at_end(path, posix(program, SILENT), ZSH), false)));
    hooks
}

/// Whether the machine has a generator that puts the shim first in people's services.
pub(super) fn has_generator() -> bool {
    Path::new("/etc/systemd").join(GENERATORS).join(GENERATOR).exists()
}

/// The path of a shell on the search path that everyone has.
pub(super) fn find_shell(shell: &str) -> Option<PathBuf> {
    which::which_in_global(shell, Some(search_path::DEFAULT)).ok()?.next()
}

/// A file that only we have.
fn ours(path: PathBuf, text: String, purpose: &'static str) -> Piece {
    Piece::new(path, PieceKind::File(text.into_bytes(), 0o644), purpose)
}

/// A block at the end of a file.
fn at_end(path: PathBuf, text: String, purpose: &'static str) -> Piece {
    Piece::new(path, PieceKind::Blocks(Blocks { top: None, end: Some(text) }), purpose)
}

/// The environment.d(5) file for a person's services. It holds constants, because a person has no
/// generators. `first` are the directories that come first on PATH.
pub(super) fn environment_d(
    directory: &Path,
    first: &[PathBuf],
    target_dir: &Path,
    build_dir: &Path,
) -> Piece {
    let first: Vec<_> = first.iter().map(|path| path.to_string_lossy()).collect();
    let text = ENVIRONMENT
        .replace("@first@", &first.join(":"))
        .replace("@target_dir@", &target_dir.to_string_lossy())
        .replace("@build_dir@", &build_dir.to_string_lossy());
    ours(directory.join(format!("{GENERATOR}.conf")), text, SYSTEMD)
}

/// Below `/etc/systemd`: programs whose output becomes the environment of people's services.
const GENERATORS: &str = "user-environment-generators";

const LOGIN_SHELLS: &str = "login shells";
const BASH: &str = "bash, interactive and over ssh";
const ZSH: &str = "every zsh";
const TCSH: &str = "every csh and tcsh";
const EVERY_FISH: &str = "every fish";
const SYSTEMD: &str = "desktop sessions and user services";

// Which shells show the program's messages, a refusal for instance: a shell reads several files with
// hooks, and one message is enough. The value is the shell's option letters. `i` means interactive, and
// `n`, which no shell of a session has, means silent.

/// No shell: another hook of the same session shows them.
const SILENT: &str = "n";
/// Interactive shells.
const INTERACTIVE: &str = "$-";
/// Interactive shells that read no other file with a hook.
const INTERACTIVE_SH: &str = "${BASH_VERSION+n}${ZSH_VERSION+n}$-";
/// Interactive fish. The hook itself checks whether fish is interactive.
const INTERACTIVE_FISH: &str = "i";

fn posix(program: &Path, options: &str) -> String {
    filled(POSIX, program).replace("@options@", options)
}

fn fish(program: &Path, options: &str) -> String {
    filled(FISH, program).replace("@options@", options)
}

/// systemd expands a `%`, so it is doubled.
fn user_service(program: &Path) -> String {
    USER_SERVICE.replace("@program@", &program.to_string_lossy().replace('%', "%%"))
}

/// The line that does the same as a hook, for a person to add to a start-up file. Once the program is
/// gone, it does nothing.
pub(super) fn line_for(file: &Path, program: &Path) -> String {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let shell = match &*name {
        name if name.ends_with(".fish") => "fish",
        name if name.ends_with(".elv") => "elvish",
        name if name.ends_with(".nu") => "nu",
        name if name.ends_with(".ps1") => "pwsh",
        name if name.contains("csh") || name == ".login" => "csh",
        name if name.starts_with(".z") => "zsh",
        _ => "sh",
    };
    let (run, program) = (evaluation(shell, program), quoted(program));
    match shell {
        "fish" => format!("test -x {program}; and {run}"),
        "elvish" => format!("if ?(test -x {program}) {{ {run} }}"),
        "nu" => format!("try {{ {run} }}"),
        "pwsh" => run,
        "csh" => format!("if ( -x {program} ) {run}"),
        _ => format!("if [ -x {program} ]; then {run}; fi"),
    }
}

/// [`crate::setup::pieces::cannot_be_quoted`] has checked the paths.
fn filled(template: &str, program: &Path) -> String {
    template.replace("@program@", &program.to_string_lossy())
}

#[cfg(test)]
mod tests {
    use super::{
        CSH, ELVISH, GENERATOR_SCRIPT, PieceKind, SILENT, environment_d, filled, fish, posix,
        user_service,
    };
    use std::path::{Path, PathBuf};

    #[test]
    fn no_template_is_left_unfilled() {
        let program = Path::new("/opt/a b/bin/cargo-peruser");
        for text in [
            posix(program, SILENT),
            fish(program, SILENT),
            filled(CSH, program),
            filled(ELVISH, program),
            filled(GENERATOR_SCRIPT, program),
        ] {
            assert!(!text.contains('@'), "{text}");
            assert!(text.contains("'/opt/a b/bin/cargo-peruser' env "), "{text}");
        }
        let any = || PathBuf::from("/x");
        let PieceKind::File(text, _) = environment_d(&any(), &[any(), any()], &any(), &any()).what
        else {
            panic!("no file")
        };
        for text in [String::from_utf8(text).unwrap(), user_service(program)] {
            assert!(!text.contains('@'), "{text}");
        }
    }
}
