//! Arguments that several verbs take.

use std::ffi::OsString;

use clap::{Arg, ArgAction, ArgMatches, value_parser};

/// The name of the argument for cargo's own arguments.
pub const CARGO_WORDS: &str = "cargo";

/// The argument of `path` and `explain`: the cargo command to decide for.
pub fn cargo_arguments() -> Arg {
    Arg::new(CARGO_WORDS)
        .value_name("CARGO ARGUMENTS")
        .value_parser(value_parser!(OsString))
        .num_args(0..)
        .trailing_var_arg(true)
        .help("The arguments that cargo would get [default: build]")
}

/// The values of that argument; `build` if there are none.
pub fn cargo_words(verb: &ArgMatches) -> Vec<OsString> {
    let words: Vec<OsString> = verb.get_many(CARGO_WORDS).into_iter().flatten().cloned().collect();
    if words.is_empty() { vec!["build".into()] } else { words }
}

/// A flag without a value.
pub fn switch(name: &'static str, help: &'static str) -> Arg {
    Arg::new(name).long(name).action(ArgAction::SetTrue).help(help)
}
