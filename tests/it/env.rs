//! `env`: what a session exports, and that each shell takes it for just that.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::harness::{PERUSER, ROOT, Run, World, chmod, mode, person};
use crate::runner::{Skip, tests};

pub(crate) fn tests() -> Vec<Trial> {
    tests![
        the_shim_comes_first_and_cargos_own_programs_second,
        where_cargos_own_programs_stand_they_stay,
        the_directory_is_made_before_it_is_exported,
        evaluated_again_it_changes_nothing,
        each_rule_exports_what_a_build_would_have,
        a_refusal_leaves_the_shim_in_front,
        a_mistake_in_the_settings_leaves_the_shim_in_front,
        where_one_stands_makes_no_difference,
        a_build_that_is_not_installed_leaves_path_alone,
        a_value_that_json_cannot_hold_is_an_error,
        sh_takes_every_value_as_it_is,
        bash_takes_every_value_as_it_is,
        zsh_takes_every_value_as_it_is,
        fish_takes_every_value_as_it_is,
        nu_takes_every_value_as_it_is,
        the_line_for_nu_works_whatever_is_printed,
        fish_takes_an_empty_entry_as_it_always_does,
        powershell_takes_every_value_as_it_is,
    ]
}

/// A world in which the program is installed, as `setup` does it.
fn installed() -> World {
    let world = World::new();
    world.directory("prefix/bin", 0o755);
    world.directory("prefix/lib/cargo-peruser/bin", 0o755);
    // A link would be followed to where the program was built.
    fs::hard_link(PERUSER, program(&world))
        .or_else(|_| fs::copy(PERUSER, program(&world)).map(|_| ()))
        .unwrap();
    symlink(program(&world), world.at("prefix/lib/cargo-peruser/bin/cargo")).unwrap();
    world.directory("home/.cargo/bin", 0o755);
    world.with("PATH", "/usr/bin:/bin")
}

fn program(world: &World) -> std::path::PathBuf {
    world.at("prefix/bin/cargo-peruser")
}

fn env<'w>(world: &'w World, words: &[&str]) -> Run<'w> {
    world.run(program(world), ["env"].iter().chain(words))
}

/// The exported variables, as JSON has them.
fn exported(run: Run<'_>) -> Value {
    let output = run.run();
    assert_eq!((output.code(), &*output.err), (0, ""));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn the_shim_comes_first_and_cargos_own_programs_second() {
    let world = installed();
    assert_eq!(
        env(&world, &[]).run().printed(),
        "PATH='[WORLD]/prefix/lib/cargo-peruser/bin:[WORLD]/home/.cargo/bin:/usr/bin:/bin'; \
         export PATH\n\
         CARGO_TARGET_DIR='[WORLD]/root/[ME]/target'; export CARGO_TARGET_DIR\n"
    );
    let bare = installed();
    fs::remove_dir(bare.at("home/.cargo/bin")).unwrap();
    let path = exported(env(&bare, &["--format", "json"]))["PATH"].as_str().unwrap().to_owned();
    assert!(!path.contains(".cargo"), "{path}");
}

fn where_cargos_own_programs_stand_they_stay() {
    let world = installed();
    for (path, expected) in [
        (["/usr/bin", "home/.cargo/bin"], ["/usr/bin", "home/.cargo/bin"]),
        (["home/.cargo/bin", "/usr/bin"], ["home/.cargo/bin", "/usr/bin"]),
        (["/usr/bin", "home/.cargo/bin/"], ["/usr/bin", "home/.cargo/bin/"]),
    ] {
        let found = exported(env(&world, &["--format", "json"]).path(path));
        let [first, second] = expected;
        let expected = world.search_path(["prefix/lib/cargo-peruser/bin", first, second]);
        assert_eq!(found["PATH"].as_str(), expected.to_str());
    }
}

fn the_directory_is_made_before_it_is_exported() {
    let world = installed();
    env(&world, &[]).run().printed();
    assert_eq!(mode(&world.private()) & 0o777, 0o700);
    assert!(world.private().join("target/CACHEDIR.TAG").is_file());
}

fn evaluated_again_it_changes_nothing() {
    let world = installed();
    let first = exported(env(&world, &["--format", "json"]));
    let again = first
        .as_object()
        .unwrap()
        .iter()
        .fold(env(&world, &["--format", "json"]), |run, (name, value)| {
            run.var(name, value.as_str().unwrap())
        });
    assert_eq!(exported(again), first);
}

fn each_rule_exports_what_a_build_would_have() {
    let world = installed();
    let own = world.private().join("target");
    let others = world.at("root/somebody").into_os_string().into_string().unwrap();
    let json = || env(&world, &["--format", "json"]);
    let bypassed = json().var("CARGO_PERUSER", "off");
    let excluded =
        json().var("CARGO_PERUSER_EXCLUDE_USERS", person()).without("CARGO_PERUSER_INCLUDE_USERS");
    let build_script = ["OUT_DIR", "HOST", "TARGET", "NUM_JOBS"]
        .into_iter()
        .fold(json(), |run, name| run.var(name, "x"));
    for (name, run, has_path, target) in [
        ("bypassed", bypassed, false, None),
        ("no shared root", json().var(ROOT, "/nonexistent/root"), true, None),
        ("no directory", excluded.var("CARGO_TARGET_DIR", &others), false, Some(Value::Null)),
        ("build script", build_script, true, None),
        ("explicit", json().var("CARGO_TARGET_DIR", "/elsewhere"), true, None),
        ("inherited", json().var("CARGO_TARGET_DIR", own.join("outer")), true, None),
        ("redirected", json().var("CARGO_TARGET_DIR", &others), true, Some(json!(own))),
    ] {
        let found = exported(run);
        assert_eq!(found.get("PATH").is_some(), has_path, "{name}: {found}");
        assert_eq!(found.get("CARGO_TARGET_DIR"), target.as_ref(), "{name}: {found}");
    }
}

fn a_refusal_leaves_the_shim_in_front() {
    let world = installed();
    world.directory(Path::new("root").join(person()), 0o777);
    chmod(&world.private(), 0o777);
    let output = env(&world, &[]).run();
    assert_eq!(output.code(), 77);
    assert!(output.err.starts_with("error: refusing to use `[WORLD]/root/[ME]`"), "{}", output.err);
    assert!(
        output.out.starts_with("PATH='[WORLD]/prefix/lib/cargo-peruser/bin:"),
        "{}",
        output.out
    );
    assert_eq!(output.out.lines().count(), 1, "{}", output.out);
}

/// Otherwise cargo would build as if nobody had set anything, where nobody hears of the mistake.
fn a_mistake_in_the_settings_leaves_the_shim_in_front() {
    let world = installed();
    world.file("home/.config/cargo-peruser/config.toml", "scpoe = 'user'\n");
    for (run, error) in [
        (env(&world, &[]), "unknown setting `scpoe`"),
        (env(&world, &[]).var("CARGO_PERUSER", "yes"), "invalid value for `CARGO_PERUSER`"),
    ] {
        let output = run.run();
        assert_eq!(output.code(), 78);
        assert!(output.err.contains(error), "{}", output.err);
        let path = "PATH='[WORLD]/prefix/lib/cargo-peruser/bin:[WORLD]/home/.cargo/bin:";
        assert!(output.out.starts_with(path), "{}", output.out);
        assert_eq!(output.out.lines().count(), 1, "{}", output.out);
    }
    let output = env(&world, &[]).var("CARGO_PERUSER", "off").run();
    assert_eq!(output.printed(), "");
}

fn where_one_stands_makes_no_difference() {
    let world = installed();
    world.file("checkout/.git", "gitdir: /srv/app/.git/worktrees/fix\n");
    world.file("checkout/.cargo/config.toml", "build.build-dir = '/nonexistent/shared'\n");
    let found = exported(env(&world, &["--format", "json"]).within("checkout"));
    assert_eq!(found["CARGO_TARGET_DIR"], json!(world.private().join("target")));
    assert_eq!(found.get("CARGO_BUILD_BUILD_DIR"), None);
}

fn a_build_that_is_not_installed_leaves_path_alone() {
    let world = World::new();
    assert_eq!(
        world.by_name(["env"]).run().printed(),
        "CARGO_TARGET_DIR='[WORLD]/root/[ME]/target'; export CARGO_TARGET_DIR\n"
    );
}

fn a_value_that_json_cannot_hold_is_an_error() {
    let world = installed();
    let path = OsStr::from_bytes(b"/usr/bin:/\xff");
    let output = env(&world, &["--format", "json"]).var("PATH", path).run();
    output.assert_stopped(
        1,
        "the value of PATH is not UTF-8, which this format cannot hold",
        "--shell sh prints any value",
    );
    env(&world, &[]).var("PATH", path).run().printed();
}

/// A shared root that a careless quote would let out.
const NASTY: &str = "root it's \"$HOME\" `id` \\ $(id) {x} * ‘’‚‛ \\u{41}";

/// An entry of PATH that nobody means well with.
const ODD: &str = "/o\u{1b}d\u{7}d ’$x";

/// Lets a real shell evaluate what is printed for it, and compares what it has then.
fn takes_every_value(shell: &str, words: &[&str], script: &str) -> Result<(), Skip> {
    if Command::new(shell).args(words).arg("exit 0").output().is_err() {
        return Err(Skip(format!("{shell} is not installed")));
    }
    let world = installed();
    let root = world.directory(NASTY, 0o1777);
    let script = script.replace("PROGRAM", program(&world).to_str().unwrap());
    let target = root.join(person()).join("target");
    let run = world.run(shell, words.iter().copied().chain([script.as_str()])).var(ROOT, &root);
    let path = format!("/usr/bin:/bin:{ODD}");
    let run = run.var("HOME", world.at("home")).var("PATH", path);
    // fish takes text for Latin-1 where nothing says what it is.
    let output = run.var("LANG", "C.UTF-8").run();
    let found = String::from_utf8_lossy(&output.stdout);
    let expected = format!(
        "{}\n{}:{}:/usr/bin:/bin:{ODD}\n",
        target.display(),
        world.at("prefix/lib/cargo-peruser/bin").display(),
        world.at("home/.cargo/bin").display()
    );
    assert_eq!((&*found, &*output.err), (&*expected, ""));
    Ok(())
}

const POSIX: &str =
    "eval \"$('PROGRAM' env --shell sh)\"; printf '%s\\n' \"$CARGO_TARGET_DIR\" \"$PATH\"";

fn sh_takes_every_value_as_it_is() -> Result<(), Skip> {
    takes_every_value("sh", &["-euc"], POSIX)
}

fn bash_takes_every_value_as_it_is() -> Result<(), Skip> {
    takes_every_value("bash", &["--norc", "-euc"], POSIX)
}

fn zsh_takes_every_value_as_it_is() -> Result<(), Skip> {
    takes_every_value("zsh", &["-f", "-euc"], POSIX)
}

fn fish_takes_every_value_as_it_is() -> Result<(), Skip> {
    let script = "'PROGRAM' env --shell fish | source; \
                  printf '%s\\n' \"$CARGO_TARGET_DIR\" (string join : $PATH)";
    takes_every_value("fish", &["--no-config", "-c"], script)
}

/// nushell evaluates no text; it sources a file that is there before it starts.
fn nu_takes_every_value_as_it_is() -> Result<(), Skip> {
    let script = "'PROGRAM' env --shell nu >\"$HOME/env.nu\" && nu --no-config-file -c \
                  'source ~/env.nu; print $env.CARGO_TARGET_DIR; print ($env.PATH | str join \":\")'";
    let shell = crate::harness::nu().ok_or_else(|| Skip("nu is not installed".into()))?;
    let script = script.replace("nu --no", &format!("'{}' --no", shell.display()));
    takes_every_value("sh", &["-euc"], &script)
}

/// What the README has people put in `config.nu`: its lines, with this program in the name's place.
fn line_for_nu(world: &World) -> String {
    let readme = include_str!("../../README.md");
    let (_, after) = readme.split_once("**nushell**").unwrap();
    let line = after.split('`').find(|code| code.contains("env --format json")).unwrap();
    let program = program(world);
    line.split_whitespace().collect::<Vec<_>>().join(" ").replacen(
        "cargo-peruser",
        &format!("^'{}'", program.display()),
        1,
    )
}

/// Nothing, a variable to remove, an error alone, PATH alone with an error, and no program at all.
fn the_line_for_nu_works_whatever_is_printed() -> Result<(), Skip> {
    let shell = crate::harness::nu().ok_or_else(|| Skip("nu is not installed".into()))?;
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
        run.var("HOME", world.at("home"))
    };
    let excluded =
        run().var("CARGO_PERUSER_EXCLUDE_USERS", person()).without("CARGO_PERUSER_INCLUDE_USERS");
    for (name, run, first, target) in [
        ("redirected", run(), &*shim, format!("{own}\n")),
        ("bypassed", run().var("CARGO_PERUSER", "off"), "/usr/bin", String::new()),
        ("no directory", excluded.var("CARGO_TARGET_DIR", &others), "/usr/bin", String::new()),
        ("a mistake", run().var("CARGO_PERUSER_SCOPE", "nonsense"), &*shim, String::new()),
    ] {
        let output = run.run();
        let found = String::from_utf8_lossy(&output.stdout);
        assert_eq!((&*found, &*output.err), (&*format!("{first}\n{target}"), ""), "{name}");
    }
    world.directory(Path::new("root").join(person()), 0o777);
    chmod(&world.private(), 0o777);
    let output = run().run();
    assert_eq!(output.code(), 0);
    assert_eq!(
        (&*String::from_utf8_lossy(&output.stdout), &*output.err),
        (&*format!("{shim}\n"), "")
    );
    fs::remove_file(program(&world)).unwrap();
    let output = run().run();
    assert_eq!((&*output.out, &*output.err), ("/usr/bin\n", ""));
    Ok(())
}

/// An empty entry means the working directory, which fish calls by its name.
fn fish_takes_an_empty_entry_as_it_always_does() -> Result<(), Skip> {
    if Command::new("fish").arg("--version").output().is_err() {
        return Err(Skip("fish is not installed".into()));
    }
    let world = installed();
    let of = |script: &str| {
        let run = world.run("/usr/bin/env", ["fish", "--no-config", "-c", script]);
        run.var("PATH", ":/usr/bin:/bin:").var("HOME", world.at("home")).run().printed().to_owned()
    };
    let inherited = of("printf '%s\\n' (string join : $PATH)");
    let set = of(&format!(
        "'{}' env --shell fish | source; printf '%s\\n' (string join : $PATH[3..])",
        program(&world).display()
    ));
    assert_eq!((&*inherited, &*set), (".:/usr/bin:/bin:.\n", &*inherited));
    Ok(())
}

fn powershell_takes_every_value_as_it_is() -> Result<(), Skip> {
    let script = "& 'PROGRAM' env --shell powershell | Out-String | Invoke-Expression; \
                  Write-Output $env:CARGO_TARGET_DIR $env:PATH";
    takes_every_value("pwsh", &["-NoProfile", "-Command"], script)
}
