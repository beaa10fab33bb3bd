//! Shells without their own completion for cargo: ours alone, and together with the user's.

use super::*;
use crate::terminal::PROMPT;
use crate::terminal::Terminal;
use crate::terminal::program;
use cargo_peruser::completions::Shell;

tests![
    elvish_completes_our_words,
    elvish_asks_whatever_completes_cargo,
    nu_completes_our_words_and_cargos_commands,
    nu_asks_whatever_completes_other_programs,
];

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
