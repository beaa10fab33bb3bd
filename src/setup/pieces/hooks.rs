//! Pure: where sessions begin, and what is put there so that they have the shim first.
//!
//! A machine's hooks run before people's own files. Where those prepend `~/.cargo/bin` only if it
//! is absent, the shim stays in front; where they always do, only a hook of the person's own, after
//! that line, wins.

use std::path::{Path, PathBuf};

use super::{Piece, What};
use crate::os::marked::Blocks;

const POSIX: &str = include_str!("../hook.sh");
const FISH: &str = include_str!("../hook.fish");
const GENERATOR_SCRIPT: &str = include_str!("../environment-generator.sh");
const ENVIRONMENT: &str = include_str!("../environment.conf");
const USER_SERVICE: &str = include_str!("../user-service.conf");

/// The name of our environment generator; systemd runs them in the order of their names, and number
/// 30 reads people's own files.
pub(crate) const GENERATOR: &str = "60-cargo-peruser";

/// The start-up files of a machine, as far as they exist; what is not installed has none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct MachineHooks {
    /// The directory of scripts that login shells source.
    pub profile_d: Option<PathBuf>,
    /// bash's, for interactive shells and for commands over ssh.
    pub bashrc: Option<PathBuf>,
    /// zsh's, for every zsh.
    pub zshenv: Option<PathBuf>,
    /// fish's directory of snippets.
    pub fish_conf_d: Option<PathBuf>,
    /// systemd's directory of programs whose output becomes the environment of user services.
    pub generators: Option<PathBuf>,
    /// systemd's directory of additions to `user@.service`, which starts before each account's first
    /// session.
    pub user_service: Option<PathBuf>,
}

impl MachineHooks {
    /// The pieces that put an installed `program` in force for everyone.
    pub(crate) fn pieces(&self, program: &Path) -> Vec<Piece> {
        let sourced = |text| What::File(text, 0o644);
        let of = |place: &Option<PathBuf>, name: &str| place.as_ref().map(|path| path.join(name));
        let block = |text| Blocks { top: Some(text), end: None };
        // At the top, since what comes first there is often `return` for all but interactive shells.
        let bashrc = self
            .bashrc
            .clone()
            .map(|path| (path, What::Blocks(block(posix(program, Voice::Interactive)))));
        let at_end = Blocks { top: None, end: Some(posix(program, Voice::Interactive)) };
        let zshenv = self.zshenv.clone().map(|path| (path, What::Blocks(at_end)));
        // Behind the other scripts of its directory, which are sourced by their names' order.
        let profile = of(&self.profile_d, "zz-cargo-peruser.sh");
        let snippet = of(&self.fish_conf_d, "cargo-peruser.fish");
        let generator = of(&self.generators, GENERATOR);
        let user_service = of(&self.user_service, "cargo-peruser.conf");
        [
            (
                profile
                    .map(|path| (path, sourced(posix(program, Voice::InteractiveSh).into_bytes()))),
                LOGIN_SHELLS,
            ),
            (bashrc, "bash, interactive and over ssh"),
            (zshenv, "every zsh"),
            (
                snippet.map(|path| (path, sourced(fish(program, Voice::Interactive).into_bytes()))),
                "every fish",
            ),
            (
                generator.map(|path| {
                    (path, What::File(filled(GENERATOR_SCRIPT, program).into_bytes(), 0o755))
                }),
                SYSTEMD,
            ),
            (
                user_service.map(|path| (path, sourced(user_service_text(program).into_bytes()))),
                "private directories at the first login",
            ),
        ]
        .into_iter()
        .filter_map(|(piece, purpose)| piece.map(|(path, what)| Piece::new(path, what, purpose)))
        .collect()
    }
}

/// A person's own start-up files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PersonHooks {
    /// Files that Bourne login shells read, the ones to make included.
    pub profiles: Vec<PathBuf>,
    /// bash's, for interactive shells and for commands over ssh.
    pub bashrc: Option<PathBuf>,
    /// zsh's; `.zshenv`, and those after it that exist.
    pub zsh: Vec<PathBuf>,
    /// fish's directory of snippets.
    pub fish_conf_d: Option<PathBuf>,
    /// fish's own file, if there is one.
    pub fish_config: Option<PathBuf>,
    /// What systemd is told.
    pub systemd: Option<Systemd>,
}

/// What systemd gives to a person's services: constants, since a person has no generators.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Systemd {
    /// The person's directory of such files.
    pub environment_d: PathBuf,
    /// The directory of the shim.
    pub shim_dir: PathBuf,
    /// Where cargo's own programs are, if that is on nobody else's word.
    pub cargo_bin: Option<PathBuf>,
    /// The target directory.
    pub target_dir: PathBuf,
    /// The build directory that the person gets past the shim.
    pub build_dir: PathBuf,
}

impl PersonHooks {
    /// The pieces that put an installed `program` in force for one person.
    ///
    /// Blocks stand at the end of files, behind lines that prepend `~/.cargo/bin`; bash's file has
    /// another at its top, before it returns from shells that are not interactive.
    pub(crate) fn pieces(&self, program: &Path) -> Vec<Piece> {
        let at_end = |voice| Blocks { top: None, end: Some(posix(program, voice)) };
        let both =
            Blocks { top: Some(posix(program, Voice::Silent)), ..at_end(Voice::Interactive) };
        let mut pieces: Vec<Piece> = Vec::new();
        let profile = |path| Piece::block(path, at_end(Voice::InteractiveSh), LOGIN_SHELLS);
        pieces.extend(self.profiles.iter().map(profile));
        let bashrc = |path| Piece::block(path, both.clone(), "bash, interactive and over ssh");
        pieces.extend(self.bashrc.iter().map(bashrc));
        let voices = std::iter::once(Voice::Interactive).chain(std::iter::repeat(Voice::Silent));
        let zsh = |(path, voice)| Piece::block(path, at_end(voice), "zsh");
        pieces.extend(self.zsh.iter().zip(voices).map(zsh));
        // Called like the machine's, whose place it takes: fish reads one file of a name, the person's.
        let snippet = self.fish_conf_d.iter().map(|path| path.join("cargo-peruser.fish"));
        let content = What::File(fish(program, Voice::Interactive).into_bytes(), 0o644);
        pieces.extend(snippet.map(|path| Piece::new(path, content.clone(), "every fish")));
        let config = Blocks { top: None, end: Some(fish(program, Voice::Silent)) };
        let configs = self.fish_config.iter();
        pieces.extend(configs.map(|path| Piece::block(path, config.clone(), "every fish")));
        pieces.extend(self.systemd.iter().map(Systemd::piece));
        pieces
    }
}

impl Systemd {
    fn piece(&self) -> Piece {
        let first = [Some(&self.shim_dir), self.cargo_bin.as_ref()].into_iter().flatten();
        let first: Vec<_> = first.map(|path| path.to_string_lossy()).collect();
        let text = ENVIRONMENT
            .replace("@first@", &first.join(":"))
            .replace("@target_dir@", &self.target_dir.to_string_lossy())
            .replace("@build_dir@", &self.build_dir.to_string_lossy());
        let path = self.environment_d.join(format!("{GENERATOR}.conf"));
        Piece::new(path, What::File(text.into_bytes(), 0o644), SYSTEMD)
    }
}

const LOGIN_SHELLS: &str = "login shells";
const SYSTEMD: &str = "desktop sessions and user services";

/// To whom a hook passes on what the program has to say, a refusal for instance. Shells read several
/// files each, and once is enough.
#[derive(Clone, Copy)]
enum Voice {
    /// To nobody: another hook of the same session does.
    Silent,
    /// To interactive shells.
    Interactive,
    /// To interactive shells that read no other file of those with hooks.
    InteractiveSh,
}

impl Voice {
    /// What stands in the template: the shell's option letters, of which `i` is for interactive and `n`,
    /// which no shell with a session has, for silence.
    fn options(self) -> &'static str {
        match self {
            Voice::Silent => "n",
            Voice::Interactive => "$-",
            Voice::InteractiveSh => "${BASH_VERSION+n}${ZSH_VERSION+n}$-",
        }
    }
}

fn posix(program: &Path, voice: Voice) -> String {
    filled(POSIX, program).replace("@options@", voice.options())
}

fn fish(program: &Path, voice: Voice) -> String {
    let options = if matches!(voice, Voice::Silent) { "n" } else { "i" };
    filled(FISH, program).replace("@options@", options)
}

/// systemd reads a `%` as the start of something to fill in.
fn user_service_text(program: &Path) -> String {
    USER_SERVICE.replace("@program@", &program.to_string_lossy().replace('%', "%%"))
}

/// Paths have been looked at by [`super::cannot_be_quoted`].
fn filled(template: &str, program: &Path) -> String {
    template.replace("@program@", &program.to_string_lossy())
}

#[cfg(test)]
mod tests {
    use super::{MachineHooks, PersonHooks, What};
    use std::path::{Path, PathBuf};

    const PROGRAM: &str = "/opt/a b/bin/cargo-peruser";

    fn texts(pieces: Vec<super::Piece>) -> Vec<(PathBuf, String)> {
        let text = |what| match what {
            What::File(bytes, _) => String::from_utf8(bytes).unwrap(),
            What::Blocks(blocks) => [blocks.top, blocks.end].into_iter().flatten().collect(),
            other => panic!("{other:?}"),
        };
        pieces.into_iter().map(|piece| (piece.path, text(piece.what))).collect()
    }

    #[test]
    fn a_machine_has_hooks_only_for_what_is_installed() {
        assert!(MachineHooks::default().pieces(Path::new(PROGRAM)).is_empty());
        let hooks =
            MachineHooks { zshenv: Some("/etc/zsh/zshenv".into()), ..MachineHooks::default() };
        let found = texts(hooks.pieces(Path::new(PROGRAM)));
        assert_eq!(found.len(), 1);
        assert!(found[0].1.contains("'/opt/a b/bin/cargo-peruser' env --shell zsh"), "{found:?}");
    }

    #[test]
    fn no_template_is_left_unfilled() {
        let any = || Some(PathBuf::from("/x"));
        let machine = MachineHooks {
            profile_d: any(),
            bashrc: any(),
            zshenv: any(),
            fish_conf_d: any(),
            generators: any(),
            user_service: any(),
        };
        let person = PersonHooks {
            profiles: vec!["/x".into()],
            bashrc: any(),
            zsh: vec!["/x".into()],
            fish_conf_d: any(),
            fish_config: any(),
            systemd: any().map(|path| super::Systemd {
                environment_d: path.clone(),
                shim_dir: path.clone(),
                cargo_bin: Some(path.clone()),
                target_dir: path.clone(),
                build_dir: path,
            }),
        };
        let pieces = [machine.pieces(Path::new(PROGRAM)), person.pieces(Path::new(PROGRAM))];
        for (path, text) in texts(pieces.concat()) {
            assert!(!text.contains('@'), "{}: {text}", path.display());
        }
    }
}
