//! `completions`: each shell's script in the shell itself, in a terminal, by the Tab key.

use std::process::Command;

use crate::prelude::*;
use crate::terminal::{PROMPT, Terminal, program};
use cargo_peruser::completions::Shell;

tests![
    bash_completes_our_words_and_cargos,
    bash_asks_whatever_completes_cargo_already,
    bash_without_a_completion_for_cargo_completes_our_words,
    zsh_completes_our_words_and_cargos,
    zsh_asks_whatever_completes_cargo_already,
    fish_completes_our_words_and_cargos,
    elvish_completes_our_words,
    elvish_asks_whatever_completes_cargo,
    nu_completes_our_words_and_cargos_commands,
    nu_asks_whatever_completes_other_programs,
    an_unknown_shell_is_an_error,
];

/// Lines that end in a Tab, and what is executed.
type Table<'a> = [(&'a str, &'a [&'a str])];

/// Our own verbs and flags, at every place where they can be.
const OURS: &Table<'static> = &[
    ("cargo-peruser expl", &["explain"]),
    ("cargo-peruser --trus", &["--trusted-owners"]),
    ("cargo-peruser --shared-root /srv expl", &["--shared-root", "/srv", "explain"]),
    ("cargo-peruser --scope wor", &["--scope", "workspace"]),
    ("cargo-peruser --scope=user expl", &["--scope=user", "explain"]),
    ("cargo-peruser explain --js", &["explain", "--json"]),
    ("cargo-peruser completions elv", &["completions", "elvish"]),
    ("cargo-peruser man expl", &["man", "explain"]),
];

/// Cargo's flags after a cargo command, at every place where that can be.
const CARGOS: &Table<'static> = &[
    ("cargo-peruser build --rel", &["build", "--release"]),
    ("cargo-peruser -- build --rel", &["--", "build", "--release"]),
    (
        "cargo-peruser --shared-root /srv build --rel",
        &["--shared-root", "/srv", "build", "--release"],
    ),
    ("cargo-peruser --scope=user build --rel", &["--scope=user", "build", "--release"]),
    ("cargo-peruser path build --rel", &["path", "build", "--release"]),
    (
        "cargo-peruser explain --json -- build --rel",
        &["explain", "--json", "--", "build", "--release"],
    ),
];

/// Cargo's commands, which the stub lists.
const COMMANDS: &Table<'static> = &[
    ("cargo-peruser frob", &["frobnicate"]),
    ("cargo-peruser path frob", &["path", "frobnicate"]),
    ("cargo-peruser -- frob", &["--", "frobnicate"]),
];

/// The value of a flag after `=`, in the shells that complete a part of a word.
const VALUE: &Table<'static> = &[("cargo-peruser --scope=wor", &["--scope=workspace"])];

fn assert_completes_all(terminal: &Terminal<'_>) {
    for table in [OURS, CARGOS, COMMANDS, VALUE] {
        assert_completes(terminal, table);
    }
}

fn assert_completes(terminal: &Terminal<'_>, table: &Table<'_>) {
    for (line, expected) in table {
        assert_eq!(terminal.completed(line), *expected, "{line}");
    }
}

/// The script for a shell, as a file in the world.
fn script(world: &World, shell: &str, place: &str) -> PathBuf {
    let output = world.by_name(["completions", shell]).run();
    world.file(place, output.printed())
}

/// Puts a `cargo` on the PATH of terminals: shells complete nothing for a program that does not exist.
fn stock_cargo(world: &World) {
    let text = r#"#!/bin/sh
case $1 in
    --list) printf 'Installed Commands:\n    frobnicate   Does it\n' ;;
    peruser) exec cargo-peruser "$@" ;;
esac
"#;
    world.executable("noted/cargo", text);
}

/// Puts a `cargo` on the PATH of terminals, and a `rustc` that prints the sysroot of these tests'
/// toolchain.
fn toolchain_with(world: &World, file: &str) {
    let output = Command::new("rustc").args(["--print", "sysroot"]).current_dir("/").output();
    let sysroot = output.unwrap_or_else(|_| skip("rustc is not installed")).stdout;
    let sysroot = String::from_utf8(sysroot).unwrap().trim().to_owned();
    if !Path::new(&sysroot).join(file).exists() {
        skip(format!("the toolchain brings no {file}"));
    }
    stock_cargo(world);
    world.executable("noted/rustc", format!("#!/bin/sh\necho '{sysroot}'\n"));
}

/// The directory from which a shell loads a user's scripts by itself.
const DATA: &str = "home/.local/share";

fn bash<'w>(world: &'w World, before: &str) -> Terminal<'w> {
    program("bash");
    let place = format!("{DATA}/{}", Shell::Bash.place());
    let script = script(world, "bash", &place);
    // bash-completion loads it on demand; without that package nothing does.
    let load =
        if before.contains("bash_completion") { "" } else { &format!(". '{}'", script.display()) };
    let rc = format!("PS1='{PROMPT} '\n{before}\n{load}\n");
    let rc = world.file("bashrc", rc);
    Terminal::start(world, &["bash", "--noprofile", "--rcfile", &rc.to_string_lossy(), "-i"], &[])
}

/// Loads the package that most distributions have, and that cargo's own function needs.
fn bash_completion() -> &'static str {
    let places = [
        "/usr/share/bash-completion/bash_completion",
        "/usr/local/share/bash-completion/bash_completion",
    ];
    let found = places.into_iter().find(|place| Path::new(place).exists());
    found.unwrap_or_else(|| skip("bash-completion is not installed"))
}

fn bash_completes_our_words_and_cargos() {
    let world = World::new();
    toolchain_with(&world, "etc/bash_completion.d/cargo");
    let terminal = bash(&world, &format!(". {}", bash_completion()));
    assert_completes_all(&terminal);
}

fn bash_asks_whatever_completes_cargo_already() {
    let world = World::new();
    let mine =
        "_mine() { COMPREPLY=(\"$1,${COMP_WORDS[*]},$COMP_CWORD,$COMP_LINE,$COMP_POINT,$3\"); }
        complete -F _mine cargo";
    let terminal = bash(&world, &mine.replace("        ", ""));
    let found = terminal.completed("cargo-peruser --scope=user build  --rel").join(" ");
    let expected = "cargo,cargo build --rel,2,cargo build --rel,18,build";
    assert_eq!(found, format!("--scope=user build {expected}"));
}

fn bash_without_a_completion_for_cargo_completes_our_words() {
    let world = World::new();
    world.file("checkout/--relative", "");
    let terminal = bash(&world, "");
    assert_completes(&terminal, OURS);
    // Cargo's words are completed as file names, as bash does for unknown programs.
    assert_completes(&terminal, &[("cargo-peruser build --rel", &["build", "--relative"])]);
}

fn zsh<'w>(world: &'w World, after: &str) -> Terminal<'w> {
    program("zsh");
    let script = script(world, "zsh", &format!("{DATA}/{}", Shell::Zsh.place()));
    let site = script.parent().unwrap();
    let rc = format!(
        "PS1='{PROMPT} '\nfpath=('{}' $fpath)\nautoload -Uz compinit\ncompinit -u -D\n{after}\n",
        site.display()
    );
    world.file("zsh/.zshrc", rc);
    let directory = world.at("zsh").to_string_lossy().into_owned();
    Terminal::start(world, &["zsh", "-d", "-i"], &[("ZDOTDIR", directory)])
}

fn zsh_completes_our_words_and_cargos() {
    let world = World::new();
    toolchain_with(&world, "share/zsh/site-functions/_cargo");
    let terminal = zsh(&world, "");
    assert_completes_all(&terminal);
    // As cargo's subcommand, which `_cargo` asks for by our function's name.
    let table: &Table<'_> = &[
        ("cargo peruser expl", &["peruser", "explain"]),
        ("cargo peruser build --rel", &["peruser", "build", "--release"]),
    ];
    assert_completes(&terminal, table);
}

fn zsh_asks_whatever_completes_cargo_already() {
    let world = World::new();
    let mine = "_mine() { compadd -- \"$service/$words[1]/$words[2]/$CURRENT/$#words\"; return 0; }
        compdef _mine cargo";
    let terminal = zsh(&world, mine);
    let table: &Table<'_> = &[
        (
            "cargo-peruser --scope user build ",
            &["--scope", "user", "build", "cargo/cargo/build/3/3"],
        ),
        ("cargo-peruser -- car", &["--", "cargo/cargo/car/2/2"]),
    ];
    assert_completes(&terminal, table);
}

fn fish_completes_our_words_and_cargos() {
    let world = World::new();
    program("fish");
    stock_cargo(&world);
    script(&world, "fish", &format!("{DATA}/{}", Shell::Fish.place()));
    let config = format!(
        "function fish_prompt; echo '{PROMPT} '; end\nset fish_greeting\nset fish_autosuggestion_enabled 0\n"
    );
    world.file("home/.config/fish/config.fish", config);
    let terminal = Terminal::start(&world, &["fish", "-i"], &[]);
    assert_completes(&terminal, OURS);
    let known = Command::new("fish").args(["-c", "complete -C 'cargo build --rel'"]).output();
    if !String::from_utf8_lossy(&known.unwrap().stdout).contains("--release") {
        skip("this fish has no completion for cargo; our own words complete");
    }
    assert_completes_all(&terminal);
}

// Shells without their own completion for cargo.

fn elvish<'w>(world: &'w World, after: &str) -> Terminal<'w> {
    program("elvish");
    script(world, "elvish", &format!("{DATA}/{}", Shell::Elvish.place()));
    let rc = format!("set edit:prompt = {{ put '{PROMPT} ' }}\n{after}\nuse cargo-peruser\n");
    let rc = world.file("rc.elv", rc);
    Terminal::start(world, &["elvish", "-rc", &rc.to_string_lossy()], &[])
}

fn elvish_completes_our_words() {
    let world = World::new();
    let terminal = elvish(&world, "");
    assert_completes(&terminal, OURS);
}

fn elvish_asks_whatever_completes_cargo() {
    let world = World::new();
    let mine = "set edit:completion:arg-completer[cargo] = {|@words|
        put (if (eq $words[..2] [cargo build]) { put --release } else { put --unknown }) }";
    let terminal = elvish(&world, mine);
    assert_completes(&terminal, CARGOS);
}

fn nu<'w>(world: &'w World, before: &str) -> Terminal<'w> {
    let nu = program("nu");
    script(world, "nu", &format!("{DATA}/{}", Shell::Nu.place()));
    let config = format!(
        "$env.PROMPT_COMMAND = {{|| '{PROMPT}' }}\n$env.PROMPT_COMMAND_RIGHT = ''\n\
         $env.PROMPT_INDICATOR = ' '\n$env.config.show_banner = false\n{before}\n"
    );
    let config = world.file("config.nu", config);
    let words = [&*nu.to_string_lossy(), "--no-history", "--config", &config.to_string_lossy()];
    let data = world.at(DATA).to_string_lossy().into_owned();
    Terminal::start(world, &words, &[("XDG_DATA_HOME", data)])
}

fn nu_completes_our_words_and_cargos_commands() {
    let world = World::new();
    stock_cargo(&world);
    let terminal = nu(&world, "");
    assert_completes(&terminal, OURS);
    assert_completes(&terminal, COMMANDS);
    // The program is not declared as an `extern`, so cargo's arguments are unchanged.
    let words = "cargo-peruser test -- -V --nocapture true 1_0 --help";
    assert_eq!(terminal.typed(words).join(" "), words.replace("cargo-peruser ", ""));
}

fn nu_asks_whatever_completes_other_programs() {
    let world = World::new();
    let mine = "$env.config.completions.external.completer = {|words|
        if ($words | first 2) == [cargo build] { [--release] } else { [--unknown] } }";
    let terminal = nu(&world, mine);
    assert_completes(&terminal, CARGOS);
}

fn an_unknown_shell_is_an_error() {
    let world = World::new();
    let output = world.by_name(["completions", "tcsh"]).run();
    output.exits(2).prints_nothing().mentions("possible values: bash, zsh, fish, nu, elvish");
}
