//! `env`: prints a session's environment, in the syntax of a shell or a file format.
//!
//! Shell hooks evaluate stdout, so messages go to stderr. If the private directory is refused or the
//! settings are wrong, the shim is still put first on PATH: it reports the error again at each build.

use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgGroup, ArgMatches, Command};

use crate::os::snapshot::Snapshot;
use crate::session::SessionContext;
use crate::session::shell::{Syntax, render};
use crate::settings::Flags;
use crate::ui::failure::{Failure, Mark};
use crate::ui::report;

pub(crate) fn command() -> Command {
    Command::default()
        .about("Print the variables for a session: PATH with the shim first, and CARGO_TARGET_DIR")
        .long_about(
            "Prints the variables that a session exports: PATH with the shim first, and \
             CARGO_TARGET_DIR, so that editors and other programs that do not use PATH also build in \
             your private directory. Creates that directory. The hooks that `cargo-peruser setup` \
             installs evaluate the output: `eval \"$(cargo-peruser env --shell bash)\"`. Evaluated \
             twice, it changes nothing more.",
        )
        .args([
            Arg::new("shell")
                .long("shell")
                .value_name("SHELL")
                .value_parser(names(SHELLS))
                .help("The shell to print commands for [default: sh]"),
            Arg::new("format")
                .long("format")
                .value_name("FORMAT")
                .value_parser(names(FORMATS))
                .help("Print a file format instead; in JSON, null means: remove this variable"),
        ])
        .arg(
            Arg::new("options")
                .long("options")
                .hide(true)
                .allow_hyphen_values(true)
                .help("The option letters of the hook's shell"),
        )
        .group(ArgGroup::new("syntax").args(["shell", "format"]))
}

pub(crate) fn run(snapshot: &Snapshot, flags: &Flags, verb: &ArgMatches) -> anyhow::Result<u8> {
    let syntax = syntax_of(verb, "shell", SHELLS).or_else(|| syntax_of(verb, "format", FORMATS));
    let context = SessionContext::of(snapshot);
    let (changes, prepared) = match context.session(flags) {
        Err(error) => (context.path().into_iter().collect(), Err(error)),
        Ok(session) => match session.prepare() {
            Err(error) => (session.path().into_iter().collect(), Err(error)),
            notes => (session.changes(), notes),
        },
    };
    let text = render(&changes, syntax.unwrap_or(Syntax::Posix)).map_err(|variable| {
        Failure::new(format!("the value of {variable} is not UTF-8, which this format cannot hold"))
            .help("--shell sh prints any value")
    })?;
    report::raw(&text)?;
    // A hook prints messages in interactive shells only: programs may read the output of scripts.
    let is_interactive = |options: &String| options.contains('i') && !options.contains('n');
    if !verb.get_one::<String>("options").is_none_or(is_interactive) {
        return Ok(prepared.map_or_else(|error| error.exit, |_| 0));
    }
    match prepared {
        // Not everybody on the machine builds Rust. The shim tells those who do.
        Err(failure) if failure.mark == Some(Mark::MembersOnly) => {}
        prepared => prepared?.iter().for_each(|note| report::note(note)),
    }
    Ok(0)
}

/// The values of a flag, and the syntax of each.
type Syntaxes = &'static [(&'static str, Syntax)];

/// The shells. The first three share a syntax.
const SHELLS: Syntaxes = &[
    ("sh", Syntax::Posix),
    ("bash", Syntax::Posix),
    ("zsh", Syntax::Posix),
    ("fish", Syntax::Fish),
    ("csh", Syntax::Csh),
    ("elvish", Syntax::Elvish),
    ("nu", Syntax::Nu),
    ("powershell", Syntax::PowerShell),
];

/// The file formats.
const FORMATS: Syntaxes =
    &[("dotenv", Syntax::Dotenv), ("json", Syntax::Json), ("systemd", Syntax::Systemd)];

fn names(known: Syntaxes) -> PossibleValuesParser {
    PossibleValuesParser::new(known.iter().map(|(name, _)| *name))
}

/// The syntax given with a flag.
fn syntax_of(verb: &ArgMatches, flag: &str, known: Syntaxes) -> Option<Syntax> {
    let value = verb.get_one::<String>(flag)?;
    known.iter().find(|(name, _)| name == value).map(|(_, syntax)| *syntax)
}
