//! Each shell evaluates the output of `env` to exactly the intended values.

use super::*;
use crate::terminal::program as program_named;

pub(super) fn tests() -> Vec<Trial> {
    let mut tests = list![
        nu_takes_every_value_as_it_is,
        the_line_for_nu_works_whatever_is_printed,
        fish_takes_an_empty_entry_as_it_always_does,
    ];
    for &(shell, words, script) in SHELLS {
        let name = format!("env::shells::{shell}_takes_every_value_as_it_is");
        tests.push(test(name, move || takes_every_value(shell, words, script)));
    }
    tests
}

/// How each shell is started, evaluates the output, and prints the result.
const SHELLS: &[(&str, &[&str], &str)] = &[
    ("sh", &["-euc"], POSIX),
    ("bash", &["--norc", "-euc"], POSIX),
    ("zsh", &["-f", "-euc"], POSIX),
    (
        "fish",
        &["--no-config", "-c"],
        "'PROGRAM' env --shell fish | source; \
         printf '%s\\n' \"$CARGO_TARGET_DIR\" (string join : $PATH)",
    ),
    (
        "tcsh",
        &["-f", "-c"],
        "eval \"`'PROGRAM' env --shell csh`\"; printenv CARGO_TARGET_DIR; printenv PATH",
    ),
    (
        "elvish",
        &["-c"],
        "eval ('PROGRAM' env --shell elvish | slurp); printenv CARGO_TARGET_DIR PATH",
    ),
    (
        "pwsh",
        &["-NoProfile", "-Command"],
        "& 'PROGRAM' env --shell powershell | Out-String | Invoke-Expression; \
         Write-Output $env:CARGO_TARGET_DIR $env:PATH",
    ),
];

const POSIX: &str =
    "eval \"$('PROGRAM' env --shell sh)\"; printf '%s\\n' \"$CARGO_TARGET_DIR\" \"$PATH\"";

/// A shared root whose name breaks careless quoting.
const NASTY: &str = "root it\\'s \"$HOME\" `id` \\ !$ $(id) {x} * ‘’‚‛ \\u{41}";

/// A hostile PATH entry.
const ODD: &str = "/o\u{1b}d\u{7}d ’$x";

/// Lets a real shell evaluate the output, and compares its variables afterwards.
fn takes_every_value(shell: &str, words: &[&str], script: &str) {
    program_named(shell);
    let world = installed();
    let root = world.directory(NASTY, 0o755);
    let script = script.replace("PROGRAM", program(&world).to_str().unwrap());
    let target = root.join(person()).join("target");
    let run = world.run(shell, words.iter().copied().chain([script.as_str()])).env(ROOT, &root);
    let path = format!("/usr/bin:/bin:{ODD}");
    let run = run.env("HOME", world.at("home")).env("PATH", path);
    // fish reads text as Latin-1 if no locale is set.
    let output = run.env("LANG", "C.UTF-8").run();
    let expected = format!(
        "{}\n{}:{}:/usr/bin:/bin:{ODD}\n",
        target.display(),
        world.at("prefix/lib/cargo-peruser/bin").display(),
        world.at("home/.cargo/bin").display()
    );
    assert_eq!(output.printed(), world.redact(&expected));
}

/// nushell cannot evaluate text; it sources a file that must exist when it starts.
fn nu_takes_every_value_as_it_is() {
    let script = "'PROGRAM' env --shell nu >\"$HOME/env.nu\" && nu --no-config-file -c \
                  'source ~/env.nu; print $env.CARGO_TARGET_DIR; print ($env.PATH | str join \":\")'";
    let shell = program_named("nu");
    let script = script.replace("nu --no", &format!("'{}' --no", shell.display()));
    takes_every_value("sh", &["-euc"], &script);
}

/// The manual's line for `config.nu`, with the path of this program.
fn line_for_nu(world: &World) -> String {
    let manual = include_str!("../../../src/man/env.md");
    let line = manual.lines().find(|line| line.contains("env --format json")).unwrap();
    line.replacen("cargo-peruser", &format!("^'{}'", program(world).display()), 1)
}

/// Nothing, a variable to remove, an error alone, PATH alone with an error, and no program at all.
fn the_line_for_nu_works_whatever_is_printed() {
    let shell = program_named("nu");
    let world = installed();
    let shim = world.at("prefix/lib/cargo-peruser/bin").into_os_string().into_string().unwrap();
    let own = world.private().join("target").into_os_string().into_string().unwrap();
    let others = world.at("root/somebody").into_os_string().into_string().unwrap();
    let script = format!(
        "{}; print ($env.PATH | first); ^printenv CARGO_TARGET_DIR | complete | get stdout | print -n",
        line_for_nu(&world)
    );
    let run = || {
        let run = world.run(&shell, ["--no-config-file", "-c", &script]);
        run.env("HOME", world.at("home"))
    };
    let excluded = run().env("CARGO_PERUSER_EXCLUDE_USERS", person());
    for (name, run, first, target) in [
        ("redirected", run(), &*shim, format!("{own}\n")),
        ("bypassed", run().env("CARGO_PERUSER", "off"), "/usr/bin", String::new()),
        ("no directory", excluded.env("CARGO_TARGET_DIR", &others), "/usr/bin", String::new()),
        ("a mistake", run().env("CARGO_PERUSER_SCOPE", "nonsense"), &*shim, String::new()),
    ] {
        let (output, expected) = (run.run(), format!("{first}\n{target}"));
        let found = (&*output.stdout, &*output.stderr);
        assert_eq!(found, (&*world.redact(&expected), ""), "{name}");
    }
    world.directory(Path::new("root").join(person()), 0o777);
    chmod(&world.private(), 0o777);
    assert_eq!(run().run().printed(), world.redact(&format!("{shim}\n")));
    fs::remove_file(program(&world)).unwrap();
    let output = run().run();
    assert_eq!((&*output.stdout, &*output.stderr), ("/usr/bin\n", ""));
}

/// An empty entry means the working directory, which fish writes as `.`.
fn fish_takes_an_empty_entry_as_it_always_does() {
    program_named("fish");
    let world = installed();
    let of = |script: &str| {
        let run = world.run("/usr/bin/env", ["fish", "--no-config", "-c", script]);
        run.env("PATH", ":/usr/bin:/bin:").env("HOME", world.at("home")).run().printed().to_owned()
    };
    let inherited = of("printf '%s\\n' (string join : $PATH)");
    let set = of(&format!(
        "'{}' env --shell fish | source; printf '%s\\n' (string join : $PATH[3..])",
        program(&world).display()
    ));
    assert_eq!((&*inherited, &*set), (".:/usr/bin:/bin:.\n", &*inherited));
}
