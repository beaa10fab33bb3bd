//! Editors that can run without a screen, with the settings that `editor --write` has written: which
//! CARGO_TARGET_DIR do they have, and which one do the programs have that they start?

use std::process::Command;

use crate::editor::target;
use crate::prelude::*;
use crate::terminal::program;

tests![
    both_have_it_and_so_has_what_they_start,
    neovim_has_it_from_another_configuration,
    emacs_reads_the_very_file_that_is_written,
];

/// The file to which the editors write their answers.
const ANSWER: &str = "answer";

/// A world in which the machine's own programs can be found.
fn world() -> World {
    let world = World::new();
    let mut path = world.search_path(["shim", "stub"]);
    path.push(":/usr/local/bin:/usr/bin:/bin");
    world.with("PATH", path)
}

/// The value in a new Neovim, and the value in a program that it starts.
fn neovim(world: &World, variables: &[(&str, &str)]) -> String {
    let ask =
        "+call writefile([$CARGO_TARGET_DIR, trim(system('printenv CARGO_TARGET_DIR'))], $ANSWER)";
    let run = world.run("nvim", ["--headless", ask, "+qall!"]).env("ANSWER", world.at(ANSWER));
    let run = variables.iter().fold(run, |run, (name, value)| run.env(name, value));
    let output = run.run();
    assert!(world.at(ANSWER).exists(), "{} {}", output.stdout, output.stderr);
    answer(world)
}

/// The same for Emacs, which reads its configuration in a session but not in batch mode.
fn emacs(world: &World, variables: &[(&str, &str)]) -> String {
    let ask = "(progn (with-temp-file (getenv \"ANSWER\")
                 (set-buffer-file-coding-system 'utf-8)
                 (insert (or (getenv \"CARGO_TARGET_DIR\") \"\") \"\\n\")
                 (call-process \"printenv\" nil t nil \"CARGO_TARGET_DIR\"))
               (kill-emacs))";
    let run = world.run("emacs", ["--fg-daemon=peruser", "--eval", ask]);
    let run = run.env("ANSWER", world.at(ANSWER)).env("XDG_RUNTIME_DIR", world.at("home"));
    let run = run.env("LANG", "C.UTF-8");
    let run = variables.iter().fold(run, |run, (name, value)| run.env(name, value));
    let output = run.run();
    assert!(world.at(ANSWER).exists(), "{} {}", output.stdout, output.stderr);
    answer(world)
}

fn answer(world: &World) -> String {
    let answer = fs::read_to_string(world.at(ANSWER)).unwrap();
    fs::remove_file(world.at(ANSWER)).unwrap();
    answer.trim().to_owned()
}

/// The same value twice.
fn twice(text: &str) -> String {
    format!("{text}\n{text}")
}

fn neovim_has_it_from_another_configuration() {
    program("nvim");
    // Older versions have only one configuration.
    let output = Command::new("nvim").arg("--version").output().unwrap();
    let version = String::from_utf8_lossy(&output.stdout).into_owned();
    let minor = version.lines().next().and_then(|line| line.split('.').nth(1)?.parse::<u32>().ok());
    if version.starts_with("NVIM v0.") && minor.is_some_and(|minor| minor < 9) {
        skip("this Neovim does not know NVIM_APPNAME");
    }
    let world = world().with("NVIM_APPNAME", "other");
    world.by_name(["editor", "neovim", "--write"]).run().printed();
    assert_eq!(neovim(&world, &[]), twice(&target(&world)));
}

fn emacs_reads_the_very_file_that_is_written() {
    program("emacs");
    for existing in [
        &[][..],
        &["home/.emacs"],
        &["home/.emacs.el"],
        &["home/.emacs", "home/.emacs.el"],
        &["home/.emacs", "home/.emacs.d/init.el"],
        &["home/.config/emacs/init.el"],
        &["home/.config/emacs/init.el", "home/.emacs.d/init.el"],
        &["home/.config/emacs/early-init.el"],
    ] {
        let world = world();
        for path in existing {
            world.file(path, ";; mine\n");
        }
        world.by_name(["editor", "emacs", "--write"]).run().printed();
        assert_eq!(emacs(&world, &[]), twice(&target(&world)), "{existing:?}");
    }
}

/// A value that the user has chosen stays, and any path arrives as it is.
fn both_have_it_and_so_has_what_they_start() {
    program("nvim");
    program("emacs");
    let world = world();
    let root = world.directory("it's \"a\" \\ root ä ${HOME} $HOME %", 0o755);
    let world = world.with(ROOT, &root);
    world.file("home/.config/nvim/init.lua", "vim.o.number = true\n");
    world.file("home/.emacs.d/init.el", ";;; init.el -*- lexical-binding: t -*-\n(setq a 1)");
    let all = |flag| {
        for editor in ["neovim", "emacs"] {
            world.by_name(["editor", editor, flag]).run().printed();
        }
    };
    assert_eq!([neovim(&world, &[]), emacs(&world, &[])], ["", ""]);
    all("--write");
    let root = root.display().to_string();
    let theirs = format!("{root}/somebody/target");
    let beside = format!("{root}-of-mine/target");
    let ours = target(&world).replace(&world.at("root").display().to_string(), &root);
    for (inherited, expected) in [
        ("/tmp/mine", "/tmp/mine"),
        (&*beside, &*beside),
        ("", &*ours),
        (&*root, &*ours),
        (&*theirs, &*ours),
    ] {
        let variables = [("CARGO_TARGET_DIR", inherited)];
        assert_eq!(neovim(&world, &variables), twice(expected), "{inherited}");
        assert_eq!(emacs(&world, &variables), twice(expected), "{inherited}");
    }
    all("--remove");
    assert_eq!([neovim(&world, &[]), emacs(&world, &[])], ["", ""]);
}
