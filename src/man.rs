//! `man`: the manual as man pages, made from the same description as the help.
//!
//! They are for `man cargo-peruser`; `cargo help peruser` runs `cargo-peruser --help`, as it does for
//! every subcommand that is not cargo's own.

use std::io;

use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgMatches, Command};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use crate::cli::{EXIT_CODES, VERBS};
use crate::os::snapshot::Snapshot;
use crate::settings::Flags;
use crate::settings::Key;
use crate::ui::report;

/// Variables besides those of the settings.
const VARIABLES: [(&str, &str); 8] = [
    ("CARGO_PERUSER", "off: the real cargo is executed, whatever the settings say."),
    (
        "CARGO_TARGET_DIR",
        "Set for cargo. One that names a place outside of the shared root is left alone.",
    ),
    (
        "CARGO_BUILD_BUILD_DIR",
        "Set for cargo where its configuration sends intermediates to a place that is not yours.",
    ),
    ("CARGO", "The cargo to execute, where cargo runs this program as its subcommand."),
    ("CARGO_HOME", "Where a cargo is looked for that is not on PATH."),
    ("XDG_CONFIG_HOME", "Where your own settings are; ~/.config if it is not set."),
    (
        "XDG_DATA_HOME",
        "Where the toolchain directory for editors is; ~/.local/share if it is not set.",
    ),
    (
        "XDG_CACHE_HOME",
        "Where your private directory is made if there is no shared root; ~/.cache if it is not set.",
    ),
];

const FILES: [(&str, &str); 5] = [
    (
        "/etc/cargo-peruser/config.toml",
        "The system's settings. They count only if root owns the file and nobody else can write to it.",
    ),
    (
        "~/.config/cargo-peruser/config.toml",
        "Your own settings, which stand above the system's, but for what the system enforces.",
    ),
    ("<shared-root>/<user>", "Your private directory, mode 0700."),
    ("~/.local/share/cargo-peruser/toolchain/bin", "The toolchain directory for editors."),
    ("~/.cache/cargo-peruser", "Your private directory where there is no shared root."),
];

/// When what the pages say last changed; it goes with the version.
const DATE: &str = "2026-11-25";

/// The section of the manual: commands.
const SECTION: &str = "1";

pub(super) fn command() -> Command {
    Command::default()
        .about("Print a man page")
        .long_about(
            "Prints a man page: that of cargo-peruser, or of one of its verbs. \
             `cargo-peruser man | man -l -` shows it.",
        )
        .arg(
            Arg::new("verb")
                .value_name("VERB")
                .value_parser(PossibleValuesParser::new(VERBS.map(|verb| verb.name)))
                .hide_possible_values(true)
                .help("The verb to describe [default: the program]"),
        )
}

pub(super) fn run(_: &Snapshot, _: &Flags, verb: &ArgMatches) -> anyhow::Result<u8> {
    let program = built();
    let named = verb.get_one::<String>("verb").and_then(|name| program.find_subcommand(name));
    report::line(named.map_or_else(|| main_page(&program), verb_page)?.trim_end())?;
    Ok(0)
}

/// Every page: its file's name, as in `<prefix>/share/man/man1`, and its text.
///
/// # Errors
/// The generator's, which writes to memory and has none to our knowledge.
pub fn pages() -> io::Result<Vec<(String, String)>> {
    let program = built();
    let file = |name: &str| format!("{name}.{SECTION}");
    let mut pages = vec![(file("cargo-peruser"), main_page(&program)?)];
    for verb in program.get_subcommands() {
        pages.push((file(&page_name(verb)), verb_page(verb)?));
    }
    Ok(pages)
}

/// Our command line with all that clap adds to it.
fn built() -> Command {
    let mut program = crate::cli::command();
    program.build();
    program
}

fn page_name(verb: &Command) -> String {
    format!("cargo-peruser-{}", verb.get_name())
}

fn main_page(program: &Command) -> io::Result<String> {
    let man = Man::new(program.clone().subcommand_help_heading("VERBS"));
    let mut page = opening(&man, "cargo-peruser")?;
    man.render_subcommands_section(&mut page)?;
    let mut rest = Roff::new();
    rest.control("SH", ["EXIT STATUS"]);
    rest.text([roman("Cargo's own, once it runs. Otherwise:")]);
    for (code, meaning) in EXIT_CODES {
        entry(&mut rest, &code.to_string(), meaning);
    }
    rest.control("SH", ["ENVIRONMENT"]);
    for key in Key::ALL {
        let meaning = format!("The setting {}: {}.", key.name(), key.kind().takes());
        entry(&mut rest, &key.variable(), &meaning);
    }
    VARIABLES.iter().for_each(|(name, meaning)| entry(&mut rest, name, meaning));
    rest.control("SH", ["FILES"]);
    FILES.iter().for_each(|(name, meaning)| entry(&mut rest, name, meaning));
    see_also(&mut rest, VERBS.iter().map(|verb| format!("cargo-peruser-{}", verb.name)));
    rest.to_writer(&mut page)?;
    Ok(tidied(&page))
}

fn verb_page(verb: &Command) -> io::Result<String> {
    let mut page = opening(&Man::new(verb.clone()), &page_name(verb))?;
    let mut rest = Roff::new();
    rest.control("SH", ["EXIT STATUS"]);
    rest.text([roman("0, or one of those that cargo-peruser(1) lists.")]);
    see_also(&mut rest, ["cargo-peruser".to_owned()].into_iter());
    rest.to_writer(&mut page)?;
    Ok(tidied(&page))
}

fn opening(man: &Man, name: &str) -> io::Result<Vec<u8>> {
    let mut page = Vec::new();
    let source = concat!("cargo-peruser ", env!("CARGO_PKG_VERSION"));
    let mut title = Roff::new();
    title.control("TH", [&*name.to_uppercase(), SECTION, DATE, source, "User Commands"]);
    title.to_writer(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    Ok(page)
}

/// The page with the definitions that begin each section only where they are needed, without spaces
/// at the ends of lines, and with an empty line as formatters want it.
fn tidied(page: &[u8]) -> String {
    let page = String::from_utf8_lossy(page);
    let mut lines: Vec<&str> = Vec::new();
    for line in page.lines().map(str::trim_end) {
        let is_definition = [".ie", ".el"].iter().any(|word| line.starts_with(word));
        if !(is_definition && lines.contains(&line)) {
            lines.push(line);
        }
    }
    lines.join("\n").replace("\n.br\n\n.br\n", "\n.sp\n") + "\n"
}

/// A paragraph under a heading of its own.
fn entry(page: &mut Roff, name: &str, meaning: &str) {
    page.control("TP", []);
    page.text([bold(name)]);
    page.text([roman(meaning)]);
}

fn see_also(page: &mut Roff, others: impl Iterator<Item = String>) {
    page.control("SH", ["SEE ALSO"]);
    let others: Vec<String> =
        others.chain(["cargo".to_owned()]).map(|name| format!("{name}({SECTION})")).collect();
    page.text([roman(others.join(", "))]);
}
