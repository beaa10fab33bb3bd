//! Arguments that several verbs take.

use std::ffi::OsString;

use clap::{Arg, ArgAction, ArgMatches, value_parser};

/// The argument of a verb that is what cargo would be called with.
pub const CARGO_WORDS: &str = "cargo";

/// The words of cargo that `path` and `explain` decide for.
pub fn cargo_arguments() -> Arg {
    Arg::new(CARGO_WORDS)
        .value_name("CARGO ARGUMENTS")
        .value_parser(value_parser!(OsString))
        .num_args(0..)
        .trailing_var_arg(true)
        .help("The arguments that cargo would get [default: build]")
}

/// What was typed there; `build` if nothing was.
pub fn cargo_words(verb: &ArgMatches) -> Vec<OsString> {
    let words: Vec<OsString> = verb.get_many(CARGO_WORDS).into_iter().flatten().cloned().collect();
    if words.is_empty() { vec!["build".into()] } else { words }
}

/// A flag without a value.
pub fn switch(name: &'static str, help: &'static str) -> Arg {
    Arg::new(name).long(name).action(ArgAction::SetTrue).help(help)
}
