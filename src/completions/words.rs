//! Our words for the templates: plain lists, since every shell has these.

use clap::builder::PossibleValuesParser;
use clap::{Arg, Command, ValueHint};
use serde_json::{Map, Value, json};

use crate::cli::VERBS;
use crate::settings::{Key, ValueKind};

/// Our command line with the possible values of each setting. The parser does not know them, because
/// a wrong setting has an error of its own.
pub(super) fn described() -> Command {
    let words = VERBS.iter().fold(crate::cli::command(), |words, verb| {
        words.mut_subcommand(verb.name, |described| without_hidden(described).name(verb.name))
    });
    Key::ALL.iter().fold(words, |words, key| {
        words.mut_arg(key.name(), |flag| match key.kind() {
            ValueKind::Root | ValueKind::Program | ValueKind::Tool => {
                flag.value_hint(ValueHint::AnyPath)
            }
            ValueKind::OneOf(words) => flag.value_parser(PossibleValuesParser::new(words)),
            _ => flag.value_hint(ValueHint::Other),
        })
    })
}

/// A verb without its hidden flags, which generators would offer.
fn without_hidden(verb: Command) -> Command {
    let visible = verb.get_arguments().filter(|arg| !arg.is_hide_set()).cloned();
    let visible: Vec<Arg> = visible.collect();
    if visible.len() == verb.get_arguments().count() {
        return verb;
    }
    let about = verb.get_about().cloned().unwrap_or_default();
    Command::default().about(about).args(visible)
}

/// The flags that come before everything else. Each takes a value.
pub(super) fn settings() -> Vec<String> {
    Key::ALL.iter().map(|key| key.flag()).collect()
}

/// The verbs with arguments for cargo, and those with our own.
pub(super) fn verbs(words: &Command) -> [Vec<String>; 2] {
    let is_cargos = |verb: &&Command| {
        verb.get_arguments().any(|arg| arg.get_id() == crate::ui::arguments::CARGO_WORDS)
    };
    let (cargos, ours): (Vec<_>, Vec<_>) = words.get_subcommands().partition(is_cargos);
    [cargos, ours].map(|verbs| verbs.iter().map(|verb| verb.get_name().to_owned()).collect())
}

/// What can follow those flags and the verbs, as `--flag=value` and `verb=value`, where the values are a
/// fixed set.
pub(super) fn values(words: &Command) -> Vec<String> {
    let of_flags = Key::ALL.iter().flat_map(|key| {
        let words = if let ValueKind::OneOf(words) = key.kind() { words } else { &[] };
        words.iter().map(|word| format!("{}={word}", key.flag()))
    });
    let of_verbs = words.get_subcommands().flat_map(|verb| {
        let values = verb.get_positionals().flat_map(Arg::get_possible_values);
        values.map(|value| format!("{}={}", verb.get_name(), value.get_name())).collect::<Vec<_>>()
    });
    of_flags.chain(of_verbs).collect()
}

/// The words that can follow each verb and, under the empty name, the program. This JSON is also a
/// valid nushell record.
pub(super) fn record(words: &Command) -> Value {
    let of_verb = |verb: &Command| -> Vec<Value> {
        let verbs = verb.get_subcommands().map(|verb| (verb.get_name().into(), verb.get_about()));
        let flags = verb
            .get_arguments()
            .filter_map(|flag| Some((format!("--{}", flag.get_long()?), flag.get_help())));
        let described = verbs.chain(flags).map(
            |(word, about)| json!({ "value": word, "description": about.map(ToString::to_string) }),
        );
        let values = verb.get_positionals().flat_map(Arg::get_possible_values);
        values.map(|value| json!({ "value": value.get_name() })).chain(described).collect()
    };
    let verbs = words.get_subcommands().map(|verb| (verb.get_name(), verb));
    let all =
        verbs.chain([("", words)]).map(|(name, verb)| (name.to_owned(), of_verb(verb).into()));
    Value::Object(all.collect::<Map<_, _>>())
}
