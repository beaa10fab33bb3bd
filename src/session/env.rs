//! `env`: prints a session's environment, in the syntax of a shell or a file format.
//!
//! Shell hooks evaluate stdout, so messages go to stderr. If the private directory is refused or the
//! settings are wrong, the shim is still put first on PATH: it reports the error again at each build.

use clap::{Arg, ArgGroup, ArgMatches, Command, value_parser};

use crate::os::snapshot::Snapshot;
use crate::session::shell::{FileSyntax, ShellSyntax, commands, file};
use crate::session::{self, with_shim_first};
use crate::settings::{Flags, Settings};
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
                .value_parser(value_parser!(ShellSyntax))
                .help("The shell to print commands for [default: sh]"),
            Arg::new("format")
                .long("format")
                .value_name("FORMAT")
                .value_parser(value_parser!(FileSyntax))
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
    let session = session::of(snapshot);
    let (changes, prepared) = match session::decide(&session, flags) {
        Err(error) => {
            (with_shim_first(&session, &Settings::default()).into_iter().collect(), Err(error))
        }
        Ok(plan) => match plan.prepare() {
            Err(error) => (session::path(&plan).into_iter().collect(), Err(error)),
            notes => (session::changes(&plan), notes),
        },
    };
    let text = match verb.get_one::<FileSyntax>("format") {
        Some(format) => file(&changes, *format),
        None => commands(&changes, verb.get_one("shell").copied().unwrap_or(ShellSyntax::Sh)),
    };
    let text = text.map_err(|variable| {
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
