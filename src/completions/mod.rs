//! `completions`: a script that completes our own words, and uses the shell's completion for cargo for
//! the rest.
//!
//! `clap_complete` writes the part for our verbs and flags. clap does not know that all other words are
//! cargo's, so each shell has a template beside this file. It finds where cargo's words begin, and asks
//! whatever completes `cargo` in that shell.

mod words;

use std::io;

use clap::{Arg, ArgMatches, Command, ValueEnum, value_parser};
use clap_complete::{Generator, aot};

use crate::os::snapshot::Snapshot;
use crate::settings::Flags;
use crate::ui::report;

/// A shell with a completion script.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Shell {
    /// GNU bash.
    Bash,
    /// zsh.
    Zsh,
    /// fish.
    Fish,
    /// nushell.
    Nu,
    /// elvish.
    Elvish,
}

impl Shell {
    /// Where the shell looks for the script, below `<prefix>/share`. Most shells also look below
    /// `$XDG_DATA_HOME`; zsh only if `fpath` contains it.
    pub fn place(self) -> &'static str {
        match self {
            Shell::Bash => "bash-completion/completions/cargo-peruser",
            Shell::Zsh => "zsh/site-functions/_cargo-peruser",
            Shell::Fish => "fish/vendor_completions.d/cargo-peruser.fish",
            Shell::Nu => "nushell/vendor/autoload/cargo-peruser.nu",
            Shell::Elvish => "elvish/lib/cargo-peruser.elv",
        }
    }

    fn template(self) -> &'static str {
        match self {
            Shell::Bash => include_str!("complete.bash"),
            Shell::Zsh => include_str!("complete.zsh"),
            Shell::Fish => include_str!("complete.fish"),
            Shell::Nu => include_str!("complete.nu"),
            Shell::Elvish => include_str!("complete.elv"),
        }
    }

    /// The name of the function that clap generates. In bash and zsh it differs from the program's, so
    /// that our own function can call it. In bash it has no hyphen: clap_complete spells hyphens in two
    /// ways, and then never finds a verb.
    fn part_name(self) -> &'static str {
        match self {
            Shell::Bash => "cargo_peruser_words",
            Shell::Zsh => "cargo-peruser-words",
            Shell::Fish | Shell::Elvish | Shell::Nu => "cargo-peruser",
        }
    }
}

pub(super) fn command() -> Command {
    Command::default()
        .about("Print a completion script for a shell")
        .long_about(
            "Prints a completion script for a shell. It completes the verbs and flags of \
             cargo-peruser, and leaves cargo's own commands to the shell's completion for cargo, if \
             there is one.",
        )
        .arg(
            Arg::new("shell")
                .value_name("SHELL")
                .required(true)
                .value_parser(value_parser!(Shell))
                .hide_possible_values(true)
                .help("The shell: bash, zsh, fish, nu or elvish"),
        )
}

pub(super) fn run(_: &Snapshot, _: &Flags, verb: &ArgMatches) -> anyhow::Result<u8> {
    if let Some(shell) = verb.get_one::<Shell>("shell") {
        report::line(script(*shell)?.trim_end())?;
    }
    Ok(0)
}

/// The completion script for a shell.
///
/// # Errors
/// The generator's, which writes to memory and has none to our knowledge.
pub fn script(shell: Shell) -> io::Result<String> {
    let words = words::described();
    let [cargos, ours] = words::verbs(&words);
    Ok(shell
        .template()
        .replace("@settings@", &words::settings().join(" "))
        .replace("@values@", &words::values(&words).join(" "))
        .replace("@verbs@", &ours.join(" "))
        .replace("@verbs-before-cargo@", &cargos.join(" "))
        .replace("@record@", &words::record(&words).to_string())
        .replace("# @own@\n", &part(shell, words)?))
}

/// The part that clap generates.
fn part(shell: Shell, words: Command) -> io::Result<String> {
    let generator: &dyn Generator = match shell {
        Shell::Bash => &aot::Bash,
        Shell::Zsh => &aot::Zsh,
        Shell::Fish => &aot::Fish,
        Shell::Elvish => &aot::Elvish,
        Shell::Nu => return Ok(String::new()),
    };
    let mut words = words.name(shell.part_name()).bin_name(shell.part_name());
    words.build();
    let mut text = Vec::new();
    generator.try_generate(&words, &mut text)?;
    String::from_utf8(text).map_err(|cause| io::Error::new(io::ErrorKind::InvalidData, cause))
}

#[cfg(test)]
mod tests {
    use super::{Shell, script};
    use clap::ValueEnum;

    #[test]
    fn nothing_is_left_open_in_a_script() {
        for &shell in Shell::value_variants() {
            let text = script(shell).unwrap();
            let open = text.split_whitespace().find(|word| {
                let inner = word.trim_matches(['\'', '"', '(', ')', '[', ']']);
                inner.len() > 2 && inner.starts_with('@') && inner.ends_with('@')
            });
            assert_eq!(open, None, "{shell:?}");
            assert!(text.contains("explain") && text.contains("shared-root"), "{shell:?}");
            assert!(text.contains("uninstall") && !text.contains("enter-session"), "{shell:?}");
        }
    }

    #[test]
    fn the_help_names_every_shell() {
        let help = super::command().render_long_help().to_string();
        for shell in Shell::value_variants() {
            let shell = shell.to_possible_value().unwrap();
            assert!(help.contains(shell.get_name()), "{help}");
        }
    }
}
