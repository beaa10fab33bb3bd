//! Pure: the places where sessions begin, and what to put there so that the shim comes first.
//!
//! A machine's hooks run before people's own files. If those prepend `~/.cargo/bin` only when it is
//! absent, the shim stays first. If they always prepend it, only a hook in the person's own file, after
//! that line, puts the shim first.

use std::path::{Path, PathBuf};

use super::{Piece, PieceKind};
use crate::os::marked::Blocks;
use crate::session::shell::evaluation;
use crate::ui::escape::quoted;

const POSIX: &str = include_str!("../hook.sh");
const FISH: &str = include_str!("../hook.fish");
const CSH: &str = include_str!("../hook.csh");
const ELVISH: &str = include_str!("../hook.elv");
const GENERATOR_SCRIPT: &str = include_str!("../environment-generator.sh");
const ENVIRONMENT: &str = include_str!("../environment.conf");
const USER_SERVICE: &str = include_str!("../user-service.conf");

/// The name of our environment generator. systemd runs generators in the order of their names, and
/// number 30 reads people's own files.
pub(crate) const GENERATOR: &str = "60-cargo-peruser";

/// A place where sessions begin, named for what reads it. Where a machine and a person both have one,
/// they are alike, except that a person's blocks are at the end of files, after lines that prepend
/// `~/.cargo/bin`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hook {
    /// Our own script in the directory whose scripts login shells source.
    ProfileScript,
    /// A file that Bourne login shells or yash read.
    Profile,
    /// bash's file for all users. It often begins with a `return` for all but interactive shells.
    MachinesBashrc,
    /// A person's file for bash, with blocks before and after such a line.
    Bashrc,
    /// The first file that zsh reads.
    Zsh,
    /// A file that zsh reads after it.
    LaterZsh,
    /// The file that csh and tcsh read.
    Csh,
    /// elvish's file.
    Elvish,
    /// Our own file among fish's snippets. A person's has the same name as the machine's, and replaces
    /// it: fish reads only one file of each name.
    FishSnippet,
    /// fish's own configuration file.
    FishConfig,
    /// A program whose output becomes the environment of a person's services.
    Generator,
    /// An addition to `user@.service`, which starts before each account's first session.
    UserService,
}

impl Hook {
    /// The piece at `path` that puts the shim of an installed `program` first in its sessions.
    pub(crate) fn piece(self, path: PathBuf, program: &Path) -> Piece {
        let ours = |text: String, mode| PieceKind::File(text.into_bytes(), mode);
        let end = |text| PieceKind::Blocks(Blocks { top: None, end: Some(text) });
        let (what, purpose) = match self {
            Hook::ProfileScript => (ours(posix(program, INTERACTIVE_SH), 0o644), LOGIN_SHELLS),
            Hook::Profile => (end(posix(program, INTERACTIVE_SH)), LOGIN_SHELLS),
            Hook::MachinesBashrc => {
                let top = Some(posix(program, INTERACTIVE));
                (PieceKind::Blocks(Blocks { top, end: None }), BASH)
            }
            Hook::Bashrc => {
                let top = Some(posix(program, SILENT));
                let end = Some(posix(program, INTERACTIVE));
                (PieceKind::Blocks(Blocks { top, end }), BASH)
            }
            Hook::Zsh => (end(posix(program, INTERACTIVE)), "every zsh"),
            Hook::LaterZsh => (end(posix(program, SILENT)), "every zsh"),
            Hook::Csh => (end(filled(CSH, program)), "every csh and tcsh"),
            Hook::Elvish => (end(filled(ELVISH, program)), "elvish, interactive"),
            Hook::FishSnippet => (ours(fish(program, INTERACTIVE_FISH), 0o644), "every fish"),
            Hook::FishConfig => (end(fish(program, SILENT)), "every fish"),
            Hook::Generator => (ours(filled(GENERATOR_SCRIPT, program), 0o755), SYSTEMD),
            Hook::UserService => {
                (ours(user_service(program), 0o644), "private directories at the first login")
            }
        };
        Piece::new(path, what, purpose)
    }
}

/// The environment.d(5) file for a person's services. It holds constants, because a person has no
/// generators. `first` are the directories that come first on PATH.
pub(crate) fn environment_d(
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
    let path = directory.join(format!("{GENERATOR}.conf"));
    Piece::new(path, PieceKind::File(text.into_bytes(), 0o644), SYSTEMD)
}

const LOGIN_SHELLS: &str = "login shells";
const BASH: &str = "bash, interactive and over ssh";
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
pub(crate) fn line_for(file: &Path, program: &Path) -> String {
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

/// [`super::cannot_be_quoted`] has checked the paths.
fn filled(template: &str, program: &Path) -> String {
    template.replace("@program@", &program.to_string_lossy())
}

#[cfg(test)]
mod tests {
    use super::{Hook, PieceKind, environment_d};
    use std::path::{Path, PathBuf};

    #[test]
    fn no_template_is_left_unfilled() {
        let program = Path::new("/opt/a b/bin/cargo-peruser");
        let any = || PathBuf::from("/x");
        let mut pieces = vec![environment_d(&any(), &[any(), any()], &any(), &any())];
        for hook in [
            Hook::ProfileScript,
            Hook::Profile,
            Hook::MachinesBashrc,
            Hook::Bashrc,
            Hook::Zsh,
            Hook::LaterZsh,
            Hook::Csh,
            Hook::Elvish,
            Hook::FishSnippet,
            Hook::FishConfig,
            Hook::Generator,
        ] {
            pieces.push(hook.piece(any(), program));
        }
        for (at, piece) in pieces.into_iter().enumerate() {
            let text = match piece.what {
                PieceKind::File(bytes, _) => String::from_utf8(bytes).unwrap(),
                PieceKind::Blocks(blocks) => {
                    [blocks.top, blocks.end].into_iter().flatten().collect()
                }
                other => panic!("{other:?}"),
            };
            assert!(!text.contains('@'), "{text}");
            assert!(at == 0 || text.contains("'/opt/a b/bin/cargo-peruser' env "), "{text}");
        }
    }
}
