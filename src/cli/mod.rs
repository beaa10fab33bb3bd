//! The command line of `cargo-peruser`: our own verbs, and everything else for cargo.
//!
//! Our flags come before cargo's arguments. Cargo's arguments begin with the first word that is neither
//! one of our flags nor one of our verbs, or after `--`.

mod hint;

use std::convert::Infallible;
use std::ffi::{OsStr, OsString};

use clap::{Arg, ArgMatches, Command, value_parser};

use crate::os::snapshot::Snapshot;
use crate::session::env;
use crate::settings::{Flags, Key};
use crate::shim::Plan;
use crate::shim::decide::EntryPoint;
use crate::ui::escape::escaped;
use crate::ui::failure::Result;
use crate::ui::report;
use crate::{
    completions, doctor, editor, explain, gc, man, migrate, path, provision, setup, toolchain,
    usage,
};

/// A verb: its name, its command line, and what it does.
pub(crate) struct Verb {
    pub(crate) name: &'static str,
    pub(crate) command: fn() -> Command,
    run: fn(&Snapshot, &Flags, &ArgMatches) -> anyhow::Result<u8>,
}

/// The verbs, in the order in which the help lists them.
pub(crate) const VERBS: [Verb; 13] = [
    Verb { name: "path", command: path::command, run: path::run },
    Verb { name: "explain", command: explain::command, run: explain::run },
    Verb { name: "doctor", command: doctor::command, run: doctor::run },
    Verb { name: "env", command: env::command, run: env::run },
    Verb { name: "setup", command: setup::command, run: setup::run },
    Verb { name: "provision", command: provision::command, run: provision::run },
    Verb { name: "editor", command: editor::command, run: editor::run },
    Verb { name: "migrate", command: migrate::command, run: migrate::run },
    Verb { name: "usage", command: usage::command, run: usage::run },
    Verb { name: "gc", command: gc::command, run: gc::run },
    Verb { name: "toolchain", command: toolchain::command, run: toolchain::run },
    Verb { name: "completions", command: completions::command, run: completions::run },
    Verb { name: "man", command: man::command, run: man::run },
];

const ABOUT_SETTINGS: &str = "\
Lists of names are separated by commas. Each setting is also a variable, CARGO_PERUSER_<NAME>, and a
key in ~/.config/cargo-peruser/config.toml and /etc/cargo-peruser/config.toml. CARGO_PERUSER=off
runs the real cargo, as if cargo-peruser were not installed.";

/// Our exit codes and what they mean, for the help and the man page.
pub(crate) const EXIT_CODES: [(u8, &str); 8] = [
    (1, "a verb of cargo-peruser failed"),
    (2, "the command line of cargo-peruser is wrong"),
    (73, "a directory or a copy cannot be created"),
    (77, "a directory, or what migrate should move, is unsafe"),
    (78, "a mistake in the settings"),
    (126, "the real cargo cannot be executed"),
    (127, "there is no real cargo"),
    (130, "a migration was interrupted"),
];

/// Runs a verb, or executes cargo.
///
/// # Errors
/// A refusal to execute cargo, and the errors of the verb.
pub(crate) fn run(snapshot: &Snapshot) -> anyhow::Result<u8> {
    let (own, rest) = snapshot.args.split_at(own_length(&snapshot.args));
    match rest {
        [first, ..] if is_ours(first) => run_verb(snapshot, &snapshot.args),
        [] => run_verb(snapshot, &snapshot.args),
        [help] if help == "help" => run_verb(snapshot, &["--help".into()]),
        [help, verb] if help == "help" && is_ours(verb) => {
            run_verb(snapshot, &[verb.clone(), "--help".into()])
        }
        // Without one of our flags there is nothing to parse.
        _ if own.is_empty() => match become_cargo(snapshot, &Flags::new(), rest)? {},
        _ => match parse(own) {
            Ok(matches) => match become_cargo(snapshot, &flags(&matches), rest)? {},
            Err(error) => answer(&error),
        },
    }
}

fn run_verb(snapshot: &Snapshot, words: &[OsString]) -> anyhow::Result<u8> {
    let matches = match parse(words) {
        Ok(matches) => matches,
        Err(error) => {
            let code = answer(&error)?;
            let after_verb = words.get(own_length(words)..).unwrap_or_default();
            let help = hint::settings_come_first(after_verb);
            if let Some(help) = help.filter(|_| code != 0) {
                report::help(&help);
            }
            return Ok(code);
        }
    };
    let flags = flags(&matches);
    let named = |name: &str| VERBS.iter().find(|verb| verb.name == name);
    match matches.subcommand().and_then(|(name, words)| Some((named(name)?, words))) {
        Some((verb, words)) => (verb.run)(snapshot, &flags, words),
        None => {
            report::line(command().render_help().to_string().trim_end())?;
            Ok(0)
        }
    }
}

/// Whether a word is one of our verbs, or asks for our help or version.
fn is_ours(word: &OsStr) -> bool {
    let verbs = VERBS.iter().map(|verb| verb.name);
    verbs.chain(["-h", "--help", "-V", "--version"]).any(|ours| word == ours)
}

/// Executes cargo with `words`, without a leading `--`.
fn become_cargo(snapshot: &Snapshot, flags: &Flags, words: &[OsString]) -> Result<Infallible> {
    let args = match words {
        [first, after @ ..] if first == "--" => after,
        all => all,
    };
    let plan = |args| Plan::make(snapshot, EntryPoint::ByName, flags, args);
    let to_cargo = plan(args)?;
    let failure = match words {
        [help, word] if help == "help" => hint::mistyped(word, &plan(std::slice::from_ref(word))?),
        [first, ..] => hint::names_no_package(words).or_else(|| hint::mistyped(first, &to_cargo)),
        [] => None,
    };
    match failure {
        Some(failure) => Err(failure),
        None => to_cargo.carry_out(),
    }
}

/// Our whole command line.
pub(crate) fn command() -> Command {
    let flag = |key: &Key| {
        Arg::new(key.name())
            .long(key.name().replace('.', "-"))
            .value_name(key.kind().placeholder())
            .value_parser(value_parser!(OsString))
            .help(key.help())
            .help_heading("Settings")
            // The help of `gc` lists them.
            .hide_short_help(key.kind().is_limit())
    };
    Command::new("cargo-peruser")
        .bin_name("cargo-peruser")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Runs cargo with a target directory that is yours alone")
        .long_about(
            "Runs cargo with a target directory that is yours alone.\n\n\
             Any other command is passed to cargo unchanged: `cargo-peruser build --release`. Put `--` \
             before a command that cargo-peruser has as well.",
        )
        .after_help("`cargo-peruser <CARGO COMMAND>` runs that cargo command.")
        .after_long_help(after_help())
        .override_usage("cargo-peruser [SETTINGS] <VERB | CARGO COMMAND> [ARGUMENTS]")
        .disable_help_subcommand(true)
        .propagate_version(true)
        .subcommand_help_heading("Verbs")
        .args(Key::ALL.iter().map(flag))
        .subcommands(VERBS.iter().map(|verb| (verb.command)().name(verb.name)))
}

fn after_help() -> String {
    let codes = EXIT_CODES.map(|(code, meaning)| format!("\n  {code:<4} {meaning}")).concat();
    format!("{ABOUT_SETTINGS}\n\nExit codes: cargo's own once it runs. Otherwise{codes}")
}

/// How many of the first words are our flags and their values.
fn own_length(args: &[OsString]) -> usize {
    let mut length = 0;
    while let Some(word) = args.get(length) {
        if Key::of_flag(word).is_none() {
            break;
        }
        length += if word.as_encoded_bytes().contains(&b'=') { 1 } else { 2 };
    }
    length.min(args.len())
}

/// Parses the words. An error quotes them, so it is created from escaped words.
fn parse(words: &[OsString]) -> Result<ArgMatches, clap::Error> {
    let name = OsStr::new("cargo-peruser").to_owned();
    let matches =
        |words: &[OsString]| command().try_get_matches_from(std::iter::once(&name).chain(words));
    matches(words).map_err(|error| {
        let plain: Vec<OsString> =
            words.iter().map(|word| escaped(word).to_string().into()).collect();
        if plain == words { error } else { matches(&plain).err().unwrap_or(error) }
    })
}

fn flags(matches: &ArgMatches) -> Flags {
    let flag = |key: &Key| Some((*key, matches.get_one::<OsString>(key.name())?.clone()));
    Key::ALL.iter().filter_map(flag).collect()
}

/// Prints help, the version, or the error. The exit code of an error is 2, as clap's own.
fn answer(error: &clap::Error) -> anyhow::Result<u8> {
    if error.use_stderr() {
        report::usage(&error.render());
        return Ok(2);
    }
    report::line(error.render().to_string().trim_end())?;
    Ok(0)
}

#[cfg(test)]
mod tests {
    use super::{command, own_length};
    use std::ffi::OsString;

    #[test]
    fn the_command_line_is_consistent() {
        command().debug_assert();
    }

    #[test]
    fn our_flags_end_where_cargos_words_begin() {
        for (line, expected) in [
            ("build --shared-root /x", 0),
            ("--shared-root /x build", 2),
            ("--shared-root=/x build", 1),
            ("--shared-root /x --scope=user -- gc", 3),
            ("--shared-rootx build", 0),
            ("--shared-root", 1),
            ("--release", 0),
            ("+nightly --scope user", 0),
        ] {
            let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            assert_eq!(own_length(&words), expected, "{line}");
        }
    }
}
