//! `man`: the manual, as Markdown for a terminal and as man pages for `man`.
//!
//! The page of a verb begins with the verb's help. The rest of it, and the pages about topics, are the
//! Markdown files in `src/man`.

mod markdown;

use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgMatches, Command};

use crate::cli::{EXIT_CODES, VERBS};
use crate::os::snapshot::Snapshot;
use crate::settings::Flags;
use crate::ui::arguments::switch;
use crate::ui::report;

/// The text after the options, on the page of the program and on those of verbs.
const CHAPTERS: [(&str, &str); 12] = [
    ("", include_str!("cargo-peruser.md")),
    ("path", include_str!("path.md")),
    ("explain", include_str!("explain.md")),
    ("doctor", include_str!("doctor.md")),
    ("env", include_str!("env.md")),
    ("setup", include_str!("setup.md")),
    ("editor", include_str!("editor.md")),
    ("migrate", include_str!("migrate.md")),
    ("usage", include_str!("usage.md")),
    ("gc", include_str!("gc.md")),
    ("toolchain", include_str!("toolchain.md")),
    ("completions", include_str!("completions.md")),
];

/// Pages about topics instead of verbs: name, title and text.
const TOPICS: [(&str, &str, &str); 2] = [
    (
        "sharing",
        "what people on one machine still share, and what that allows",
        include_str!("sharing.md"),
    ),
    ("cost", "what the shim and the settings cost, as measured", include_str!("cost.md")),
];

/// When the pages last changed; updated with the version.
const DATE: &str = "2026-11-28";

/// A page of the manual.
struct Page {
    /// As in `man cargo-peruser-setup`.
    name: String,
    /// 1 for commands, 7 for everything else.
    section: char,
    /// In Markdown.
    text: String,
}

pub(super) fn command() -> Command {
    let topics = TOPICS.map(|(name, title, _)| format!("\n- {name}: {title}")).concat();
    let names = VERBS.iter().map(|verb| verb.name).chain(TOPICS.map(|(name, ..)| name));
    Command::default()
        .about("Print a page of the manual")
        .long_about(format!(
            "Prints a page of the manual: about cargo-peruser, about one of its verbs, or about a \
             topic. It prints plain text; with --roff it prints a man page, which `cargo-peruser man \
             --roff setup | man -l -` shows formatted. `setup` installs all pages, for `man \
             cargo-peruser-setup`.\n\nTopics:\n{topics}"
        ))
        .arg(
            Arg::new("page")
                .value_name("VERB|TOPIC")
                .value_parser(PossibleValuesParser::new(names))
                .hide_possible_values(true)
                .help("The page [default: the page about cargo-peruser itself]"),
        )
        .arg(switch("roff", "Print a man page for a formatter"))
}

pub(super) fn run(_: &Snapshot, _: &Flags, verb: &ArgMatches) -> anyhow::Result<u8> {
    let name = match verb.get_one::<String>("page") {
        Some(page) => format!("cargo-peruser-{page}"),
        None => "cargo-peruser".to_owned(),
    };
    for page in manual().iter().filter(|page| page.name == name) {
        let text = if verb.get_flag("roff") { page.roff() } else { page.text.clone() };
        report::line(text.trim_end())?;
    }
    Ok(0)
}

/// Every page: its place, as in `<prefix>/share/man`, and its text.
pub fn pages() -> Vec<(String, String)> {
    let place = |page: &Page| format!("man{0}/{1}.{0}", page.section, page.name);
    manual().iter().map(|page| (place(page), page.roff())).collect()
}

impl Page {
    fn roff(&self) -> String {
        let Page { name, section, text } = self;
        let (title, version) = (name.to_uppercase(), env!("CARGO_PKG_VERSION"));
        let heading = format!(".TH \"{title}\" {section} {DATE} \"cargo-peruser {version}\"\n");
        heading + &markdown::roff(text)
    }
}

fn manual() -> Vec<Page> {
    let mut program = crate::cli::command();
    program.build();
    let verbs = program.get_subcommands().map(|verb| {
        let text = described(verb, verb.get_name(), "")
            + "\n## EXIT STATUS\n\n0, or one of those that cargo-peruser(1) lists.\n"
            + "\n## SEE ALSO\n\ncargo-peruser(1), cargo(1)\n";
        Page { name: format!("cargo-peruser-{}", verb.get_name()), section: '1', text }
    });
    let topics = TOPICS.iter().map(|(topic, title, text)| {
        let name = format!("cargo-peruser-{topic}");
        let text = format!("## NAME\n\n{name} - {title}\n\n{}", body(text))
            + "\n## SEE ALSO\n\ncargo-peruser(1)\n";
        Page { name, section: '7', text }
    });
    let main = Page { name: "cargo-peruser".into(), section: '1', text: main_text(&program) };
    std::iter::once(main).chain(verbs).chain(topics).collect()
}

fn main_text(program: &Command) -> String {
    let about = |verb: &Command| verb.get_about().map(ToString::to_string).unwrap_or_default();
    let verb =
        |verb: &Command| format!("- **cargo-peruser-{}(1)**: {}\n", verb.get_name(), about(verb));
    let verbs: String = program.get_subcommands().map(verb).collect();
    let topics = TOPICS.map(|(name, title, _)| format!("- **cargo-peruser-{name}(7)**: {title}\n"));
    let codes = EXIT_CODES.map(|(code, meaning)| format!("- **{code}**: {meaning}\n")).concat();
    described(program, "", &format!("## VERBS\n\n{verbs}\n"))
        + &format!("\n## EXIT STATUS\n\nCargo's own once it runs. Otherwise:\n\n{codes}")
        + &format!("\n## SEE ALSO\n\ncargo(1)\n\n{}", topics.concat())
}

/// The help of a command, then `more`, then its chapter.
fn described(command: &Command, verb: &str, more: &str) -> String {
    let name = command.get_display_name().unwrap_or("cargo-peruser");
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    let usage = command.clone().render_usage().to_string();
    let usage = usage.trim_start_matches("Usage: ");
    let long = command.get_long_about().map(ToString::to_string).unwrap_or_default();
    let chapter = CHAPTERS.iter().find(|(name, _)| *name == verb);
    let chapter = chapter.map(|(_, text)| body(text)).unwrap_or_default();
    format!(
        "## NAME\n\n{name} - {about}\n\n## SYNOPSIS\n\n`{usage}`\n\n## DESCRIPTION\n\n{long}\n\n\
         ## OPTIONS\n\n{}\n{more}{chapter}",
        options(command)
    )
}

fn options(command: &Command) -> String {
    let shown = command.get_arguments().filter(|argument| !argument.is_hide_set());
    let option = |argument: &Arg| {
        let short = argument.get_short().map(|short| format!("-{short}, ")).unwrap_or_default();
        let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
        let values = argument.get_possible_values();
        let values: Vec<&str> = values.iter().map(|value| value.get_name()).collect();
        let takes_values = argument.get_action().takes_values();
        let is_listed = takes_values && !argument.is_hide_possible_values_set();
        let values = match is_listed && !values.is_empty() {
            true => format!(" [possible values: {}]", values.join(", ")),
            false => String::new(),
        };
        format!("- **`{short}{argument}`**: {help}{values}\n")
    };
    shown.map(option).collect()
}

/// The text without its title, which is only for readers of the file.
fn body(text: &str) -> &str {
    text.split_once("\n\n").map_or(text, |(_, body)| body)
}
