//! `env`: a session's environment, in the words of whoever asks for it.
//!
//! The hooks of shells evaluate what this prints, so everything that is not such a word goes to
//! stderr; and a directory that is refused, or a mistake in the settings, still leaves the shim in
//! front, which says it again to those who build.

use clap::builder::PossibleValue;
use clap::{Arg, ArgGroup, ArgMatches, Command, ValueEnum, value_parser};

use crate::os::snapshot::Snapshot;
use crate::session::SessionContext;
use crate::session::shell::{Syntax, render};
use crate::settings::Flags;
use crate::shim;
use crate::ui::failure::{Failure, Mark};
use crate::ui::report;

pub(crate) fn command() -> Command {
    Command::default()
        .about("Print the variables for a session: PATH with the shim first, and CARGO_TARGET_DIR")
        .long_about(
            "Prints the variables that a session exports: PATH with the shim first, and \
             CARGO_TARGET_DIR, so that editors and other programs that do not use PATH build into your \
             private directory too. Creates that directory. The hooks that `cargo-peruser setup` \
             installs evaluate the output: `eval \"$(cargo-peruser env --shell bash)\"`. Evaluated \
             again, it changes nothing.",
        )
        .args([
            Arg::new("shell")
                .long("shell")
                .value_name("SHELL")
                .value_parser(value_parser!(Shell))
                .help("The shell to print commands for [default: sh]"),
            Arg::new("format")
                .long("format")
                .value_name("FORMAT")
                .value_parser(value_parser!(Format))
                .help("Print a file format instead; in JSON, null means that the variable is to be removed"),
        ])
        .arg(
            Arg::new("options")
                .long("options")
                .hide(true)
                .allow_hyphen_values(true)
                .help("The option letters of the shell that a hook runs in"),
        )
        .group(ArgGroup::new("syntax").args(["shell", "format"]))
}

pub(crate) fn run(snapshot: &Snapshot, flags: &Flags, verb: &ArgMatches) -> anyhow::Result<u8> {
    let shell = verb.get_one::<Shell>("shell").map_or(Syntax::Posix, |shell| shell.syntax());
    let syntax = verb.get_one::<Format>("format").map_or(shell, |format| format.syntax());
    let context = SessionContext::of(snapshot);
    let (changes, prepared) = match context.session(flags) {
        Err(error) => (context.path().into_iter().collect(), Err(error)),
        Ok(session) => match session.prepare() {
            Err(error) => (session.path().into_iter().collect(), Err(error)),
            notes => (session.changes(), notes),
        },
    };
    let text = render(&changes, syntax).map_err(|variable| {
        Failure::new(format!("the value of {variable} is not UTF-8, which this format cannot hold"))
            .help("--shell sh prints any value")
    })?;
    report::raw(&text)?;
    // In a hook, only people are told: what scripts print may be read by programs.
    let is_for_people = |options: &String| options.contains('i') && !options.contains('n');
    if !verb.get_one::<String>("options").is_none_or(is_for_people) {
        return Ok(prepared.map_or_else(|error| error.exit, |_| 0));
    }
    match prepared {
        // Not everybody on the machine builds Rust, and cargo will say it to those who do.
        Err(failure) if failure.mark == Some(Mark::MembersOnly) => {}
        prepared => prepared?.iter().for_each(shim::tell),
    }
    Ok(0)
}

/// The shells that have words of their own; the first three share theirs.
#[derive(Clone, Copy)]
enum Shell {
    Sh,
    Bash,
    Zsh,
    Fish,
    Csh,
    Elvish,
    Nu,
    Powershell,
}

impl Shell {
    fn syntax(self) -> Syntax {
        match self {
            Shell::Sh | Shell::Bash | Shell::Zsh => Syntax::Posix,
            Shell::Fish => Syntax::Fish,
            Shell::Csh => Syntax::Csh,
            Shell::Elvish => Syntax::Elvish,
            Shell::Nu => Syntax::Nu,
            Shell::Powershell => Syntax::PowerShell,
        }
    }
}

impl ValueEnum for Shell {
    fn value_variants<'a>() -> &'a [Self] {
        use Shell::{Bash, Csh, Elvish, Fish, Nu, Powershell, Sh, Zsh};
        &[Sh, Bash, Zsh, Fish, Csh, Elvish, Nu, Powershell]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(match self {
            Shell::Sh => "sh",
            Shell::Bash => "bash",
            Shell::Zsh => "zsh",
            Shell::Fish => "fish",
            Shell::Csh => "csh",
            Shell::Elvish => "elvish",
            Shell::Nu => "nu",
            Shell::Powershell => "powershell",
        }))
    }
}

/// What is not a shell's.
#[derive(Clone, Copy)]
enum Format {
    Dotenv,
    Json,
    Systemd,
}

impl Format {
    fn syntax(self) -> Syntax {
        match self {
            Format::Dotenv => Syntax::Dotenv,
            Format::Json => Syntax::Json,
            Format::Systemd => Syntax::Systemd,
        }
    }
}

impl ValueEnum for Format {
    fn value_variants<'a>() -> &'a [Self] {
        &[Format::Dotenv, Format::Json, Format::Systemd]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(match self {
            Format::Dotenv => "dotenv",
            Format::Json => "json",
            Format::Systemd => "systemd",
        }))
    }
}
