//! The places where sessions begin, and what to put there so that the shim comes first.
//!
//! A machine's hooks run before people's own files. If those prepend `~/.cargo/bin` only when it is
//! absent, the shim stays first. If they always prepend it, only a hook in the person's own file, after
//! that line, puts the shim first. So a person's blocks are at the end of files.

use std::path::{Path, PathBuf};

use super::site::Site;
use crate::os::files;
use crate::os::homes::Homes;
use crate::os::marked::Blocks;
use crate::os::replace::Original;
use crate::os::snapshot::Snapshot;
use crate::session::shell::evaluation;
use crate::session::{has_cargo, search_path};
use crate::setup::pieces::{Piece, PieceKind, cannot_be_quoted};
use crate::setup::steps::{PieceState, Receipt, look};
use crate::shim::decide::{build_dir, session_target};
use crate::shim::gather::private_dir;
use crate::shim::installation::PROGRAM;
use crate::ui::escape::quoted;
use crate::ui::report;

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

/// The pieces that put the shim first in sessions.
pub(super) fn all(site: &Site, snapshot: &Snapshot, homes: &Homes<'_>) -> Vec<Piece> {
    let program = site.installation.binary();
    match site.is_machine {
        true => of_machine(&program),
        false => of_person(site, snapshot, homes, &program),
    }
}

/// The machine's hooks, for what is installed. A file that a shell's package may add later is not
/// created: the package manager would ask whose it is.
fn of_machine(program: &Path) -> Vec<Piece> {
    let first = |places: &[&str]| places.iter().map(PathBuf::from).find(|path| path.exists());
    let below = |directory: &str, name: &str| {
        Path::new(directory).is_dir().then(|| Path::new(directory).join(name))
    };
    let zshenv = || below("/etc/zsh", "zshenv").unwrap_or_else(|| "/etc/zshenv".into());
    let snippet = || Path::new("/etc/fish/conf.d").join(FISH_SNIPPET);
    let profile = PieceKind::text(posix(program, INTERACTIVE_SH));
    let in_fish = PieceKind::text(fish(program, INTERACTIVE_FISH));
    // It often begins with a `return` for all but interactive shells.
    let bashrc = first(&["/etc/bash.bashrc", "/etc/bash/bashrc", "/etc/bashrc"]);
    let at_top = Blocks { top: Some(posix(program, INTERACTIVE)), end: None };
    let generator = PieceKind::File(filled(GENERATOR_SCRIPT, program).into_bytes(), 0o755);
    // It starts before each account's first session.
    let service = below("/etc/systemd/system", "user@.service.d/cargo-peruser.conf");
    let hooks = [
        // After the other scripts of its directory, which are sourced in the order of their names.
        (below("/etc/profile.d", "zz-cargo-peruser.sh"), profile, LOGIN_SHELLS),
        (bashrc, PieceKind::Blocks(at_top), BASH),
        (find_shell("zsh").map(|_| zshenv()), at_end(&posix(program, INTERACTIVE)), ZSH),
        (first(&["/etc/csh.cshrc"]), at_end(&filled(CSH, program)), TCSH),
        (find_shell("fish").map(|_| snippet()), in_fish, FISHES),
        (below("/etc/systemd", GENERATORS).map(|it| it.join(GENERATOR)), generator, SYSTEMD),
        (service, PieceKind::text(user_service(program)), "private directories at the first login"),
    ];
    let hooks = hooks.into_iter().filter_map(|(path, what, purpose)| Some((path?, what, purpose)));
    hooks.map(|(path, what, purpose)| Piece::new(path, what, purpose)).collect()
}

/// A person's hooks, in the files of installed shells that exist. A missing file is created only if the
/// shell would read no other hook, for a rarer shell only if it is the person's login shell.
fn of_person(site: &Site, snapshot: &Snapshot, homes: &Homes<'_>, program: &Path) -> Vec<Piece> {
    let home = |name: &str| site.home.join(name);
    let config = homes.config().unwrap_or_else(|| home(".config"));
    let cshrc = Some(home(".tcshrc")).filter(|path| path.exists());
    let zdotdir = snapshot.absolute_path("ZDOTDIR").filter(|path| homes.is_own(path));
    let zsh = |name| zdotdir.as_ref().unwrap_or(&site.home).join(name);
    let shell = &*site.account.shell_name();
    let silent = &posix(program, SILENT);
    let login = &posix(program, INTERACTIVE_SH);
    let [csh, elvish] = [CSH, ELVISH].map(|hook| at_end(&filled(hook, program)));
    // Before and after a `return` for all but interactive shells.
    let both = Blocks { top: Some(silent.clone()), end: Some(posix(program, INTERACTIVE)) };
    let snippet = PieceKind::text(fish(program, INTERACTIVE_FISH));
    // The file, the hook, its purpose, and whether to create the file.
    let mut hooks = vec![
        (home(".profile"), at_end(login), LOGIN_SHELLS, true),
        (home(".bash_profile"), at_end(login), LOGIN_SHELLS, false),
        (home(".bash_login"), at_end(login), LOGIN_SHELLS, false),
        (home(".yash_profile"), at_end(login), LOGIN_SHELLS, shell == "yash"),
        (home(".yashrc"), at_end(login), LOGIN_SHELLS, false),
        (cshrc.unwrap_or_else(|| home(".cshrc")), csh, TCSH, ["csh", "tcsh"].contains(&shell)),
        (config.join("elvish/rc.elv"), elvish, "elvish, interactive", shell == "elvish"),
        (home(".bashrc"), PieceKind::Blocks(both), BASH, true),
        // Even if `$ZDOTDIR` moves zsh's files elsewhere, a fresh session looks for this one at home.
        (home(".zshenv"), at_end(&posix(program, INTERACTIVE)), ZSH, true),
        (zsh(".zshenv"), at_end(silent), ZSH, false),
        (zsh(".zprofile"), at_end(silent), ZSH, false),
        (zsh(".zshrc"), at_end(silent), ZSH, false),
        (zsh(".zlogin"), at_end(silent), ZSH, false),
        (config.join("fish/conf.d").join(FISH_SNIPPET), snippet, FISHES, true),
        (config.join("fish/config.fish"), at_end(&fish(program, SILENT)), FISHES, false),
    ];
    hooks.dedup_by(|later, first| later.0 == first.0);
    let hooks = hooks.into_iter().filter(|(path, _, purpose, is_made)| {
        is_for_installed_shell(purpose) && (*is_made || path.exists())
    });
    let hooks = hooks.map(|(path, what, purpose, _)| Piece::new(path, what, purpose));
    hooks.chain(environment_d(site, homes)).collect()
}

fn is_for_installed_shell(purpose: &str) -> bool {
    match purpose {
        BASH => find_shell("bash").is_some(),
        ZSH => find_shell("zsh").is_some(),
        FISHES => find_shell("fish").is_some(),
        _ => true,
    }
}

/// The environment.d(5) file for a person's services, if systemd runs those here and the machine has no
/// generator that does the same. It holds constants, because a person has no generators. So what a
/// generator would check each time is checked now.
fn environment_d(site: &Site, homes: &Homes<'_>) -> Option<Piece> {
    let private_dir = private_dir(&site.shared_root, &site.account);
    let is_quotable = |path: &PathBuf| cannot_be_quoted(path).is_none();
    if !has_systemd()
        || Path::new("/etc/systemd").join(GENERATORS).join(GENERATOR).exists()
        || !is_quotable(&private_dir)
        || site.account.no_directory(&site.settings_in_files).is_some()
        || !has_cargo(&site.settings_in_files, homes)
    {
        return None;
    }
    let first = [Some(site.installation.shim_dir()), homes.cargo_bin().filter(is_quotable)];
    let directory = homes.config()?.join("environment.d");
    Some(environment(&directory, first.into_iter().flatten().collect(), &private_dir))
}

/// `first` are the directories that come first on PATH.
fn environment(directory: &Path, first: Vec<PathBuf>, private_dir: &Path) -> Piece {
    let first: Vec<_> = first.iter().map(|path| path.to_string_lossy()).collect();
    let text = ENVIRONMENT
        .replace("@first@", &first.join(":"))
        .replace("@target_dir@", &session_target(private_dir).to_string_lossy())
        .replace("@build_dir@", &build_dir(private_dir, None).to_string_lossy());
    Piece::new(directory.join(format!("{GENERATOR}.conf")), PieceKind::text(text), SYSTEMD)
}

/// Whether systemd runs services here.
pub(super) fn has_systemd() -> bool {
    ["/etc/systemd", "/usr/lib/systemd"].iter().any(|path| Path::new(path).is_dir())
}

/// Whether a hook can be put in its place. Other programs may have written a start-up file, as a read-only
/// link, or several people may share it. That does not stop the rest: the line to add to it is reported,
/// unless somebody has added it already, and its help line is added to `told`.
pub(super) fn is_changeable(
    hook: &Piece,
    program: &Path,
    receipt: &Receipt,
    told: &mut Vec<String>,
) -> bool {
    let is_block = matches!(hook.what, PieceKind::Blocks(_));
    // Other failures than of writing are reported when all pieces are examined.
    if !is_block || look(hook, receipt).is_ok_and(|state| state == PieceState::InPlace) {
        return true;
    }
    let writable = Original::read(&hook.path).and_then(|file| file.assert_writable());
    let Err(cause) = writable else { return true };
    if !files::read_regular(&hook.path).unwrap_or_default().contains(PROGRAM) {
        let help = by_hand(&hook.path, program);
        report::warning(&cause, &help);
        told.push(help);
    }
    false
}

/// The help for a start-up file that is not to be changed.
pub(super) fn by_hand(file: &Path, program: &Path) -> String {
    let line = line_for(file, program);
    format!("add this line to {}, or to what it is made from: {line}", quoted(file))
}

/// The path of a shell on the search path that everyone has.
pub(super) fn find_shell(shell: &str) -> Option<PathBuf> {
    which::which_in_global(shell, Some(search_path::DEFAULT)).ok()?.next()
}

/// A block at the end of a file.
fn at_end(text: &str) -> PieceKind {
    PieceKind::Blocks(Blocks { top: None, end: Some(text.to_owned()) })
}

/// Below `/etc/systemd`: programs whose output becomes the environment of people's services.
const GENERATORS: &str = "user-environment-generators";

const LOGIN_SHELLS: &str = "login shells";
const BASH: &str = "bash, interactive and over ssh";
const ZSH: &str = "every zsh";
const TCSH: &str = "every csh and tcsh";
const FISHES: &str = "every fish";
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
        CSH, ELVISH, GENERATOR_SCRIPT, PieceKind, SILENT, environment, filled, fish, posix,
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
        let PieceKind::File(text, _) = environment(&any(), vec![any(), any()], &any()).what else {
            panic!("no file")
        };
        for text in [String::from_utf8(text).unwrap(), user_service(program)] {
            assert!(!text.contains('@'), "{text}");
        }
    }
}
