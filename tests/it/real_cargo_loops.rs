//! Wrappers that execute the shim again: every loop ends, within seconds, with the right cargo, or with
//! exit 127 and the paths that were tried.

use crate::prelude::*;

tests![
    another_version_of_us_before_or_behind,
    a_wrapper_that_falls_back_to_the_next_cargo_before_or_behind_us,
    two_wrappers_that_fall_back_on_each_other,
    a_wrapper_that_takes_itself_off_path,
    a_proxy_whose_toolchain_is_the_shim,
    a_wrapper_that_changes_the_arguments_each_time,
    a_wrapper_that_drops_the_marker_is_no_reason_to_miss_the_cargo_behind_it,
    a_script_that_executes_another_cargo_command_is_no_loop,
    the_same_command_in_a_new_process_is_no_loop,
];

/// Executes the first cargo on PATH that is not itself, with an absolute path, as pyenv's shims do.
const FALLS_BACK: &str = "#!/bin/sh
echo once >>\"${0%/*}/rounds\"
IFS=:
for directory in $PATH; do
    if [ \"$directory/cargo\" != \"$0\" ] && [ -x \"$directory/cargo\" ]; then
        exec \"$directory/cargo\" \"$@\"
    fi
done
echo 'the wrapper found nothing' >&2
exit 9
";

/// How often a wrapper may run before the loop counts as endless.
const BOUND: usize = 6;

/// Asserts that the stub was reached once, and with these words.
fn assert_reached(output: &Outcome, words: &[&str]) {
    assert_eq!(output.call().args(), bytes(words));
}

/// Asserts that the search ended with the list of paths.
fn assert_ended(output: &Outcome, places: &[&str]) {
    output.exits(127).prints_nothing().blames("no cargo found to execute");
    for place in places {
        output.mentions(place);
    }
}

/// This program with an additional byte, which looks like another version.
fn another_version(world: &World, directory: &str) -> PathBuf {
    let mut program = fs::read(PERUSER).unwrap();
    program.push(0);
    world.executable(format!("{directory}/cargo"), program)
}

fn another_version_of_us_before_or_behind() {
    let world = World::new();
    let other = another_version(&world, "other");
    assert_passed(&world, "other");
    for path in [["shim", "other"], ["other", "shim"]] {
        for program in ["cargo".into(), world.at("shim/cargo"), other.clone()] {
            assert_ended(&world.run(program, ["build"]).path(path).run(), &[]);
        }
    }
    // Each named as the other's real cargo.
    let run = world.shim(["build"]).env("CARGO_PERUSER_REAL_CARGO", &other);
    assert_reached(&run.path(["shim", "stub"]).run(), &["build"]);
}

/// Asserts that the stub is reached, wherever this directory and the shim's are on PATH, and whichever
/// of the programs is called.
fn assert_passed(world: &World, directory: &str) {
    for path in [
        ["shim", directory, "stub"],
        [directory, "shim", "stub"],
        [directory, "stub", "shim"],
        ["shim", "stub", directory],
    ] {
        let wrapper = world.at(directory).join("cargo");
        for program in ["cargo".into(), world.at("shim/cargo"), wrapper, PERUSER.into()] {
            let output = world.run(&program, ["build", "a b", ""]).path(path).run();
            assert_reached(&output, &["build", "a b", ""]);
            assert!(rounds(world) <= BOUND, "{path:?} from {}", program.display());
        }
    }
}

fn a_wrapper_that_falls_back_to_the_next_cargo_before_or_behind_us() {
    let world = World::new();
    world.executable("wrapper/cargo", FALLS_BACK);
    assert_passed(&world, "wrapper");
    for path in [["shim", "wrapper"], ["wrapper", "shim"]] {
        let output = world.shim(["build"]).path(path).run();
        assert_ended(&output, &["`[WORLD]/wrapper/cargo`: "]);
        assert!(rounds(&world) <= BOUND, "{path:?}");
    }
}

/// How often the wrapper has run since the last call.
fn rounds(world: &World) -> usize {
    let log = world.at("wrapper/rounds");
    let rounds = fs::read_to_string(&log).unwrap_or_default().lines().count();
    let _ = fs::remove_file(log);
    rounds
}

fn two_wrappers_that_fall_back_on_each_other() {
    let world = World::new();
    for name in ["one", "two"] {
        world.executable(format!("{name}/cargo"), FALLS_BACK);
    }
    // Those two alone never end; with us in between, each round passes through the shim.
    for path in [["shim", "one", "two", "stub"], ["one", "shim", "two", "stub"]] {
        assert_reached(&world.shim(["build"]).path(path).run(), &["build"]);
    }
    let output = world.shim(["build"]).path(["shim", "one", "two"]).run();
    assert_ended(&output, &["[WORLD]/one/cargo", "[WORLD]/two/cargo"]);
    // Each names the other by its path, and the second one us.
    let script = |next: &str| format!("#!/bin/sh\nexec '{}' \"$@\"\n", world.at(next).display());
    world.executable("one/cargo", script("two/cargo"));
    world.executable("two/cargo", script("shim/cargo"));
    let output = world.shim(["build"]).path(["shim", "one", "two", "stub"]).run();
    assert_reached(&output, &["build"]);
}

fn a_wrapper_that_takes_itself_off_path() {
    let world = World::new();
    let text = "#!/bin/sh\nPATH=\"$OTHERS\"\nexport PATH\nexec cargo \"$@\"\n";
    world.executable("wrapper/cargo", text);
    for (path, others) in [
        (["shim", "wrapper", "stub"], ["shim", "stub"]),
        (["wrapper", "shim", "stub"], ["shim", "stub"]),
        (["wrapper", "shim", "stub"], ["stub", "shim"]),
    ] {
        let others = world.search_path(others);
        let output = world.shim(["build"]).path(path).env("OTHERS", others).run();
        assert_reached(&output, &["build"]);
    }
}

fn a_proxy_whose_toolchain_is_the_shim() {
    let world = World::new();
    world.directory("toolchain/bin", 0o755);
    let linked = world.at("toolchain/bin/cargo");
    symlink(PERUSER, &linked).unwrap();
    let script = format!("#!/bin/sh\nexec '{}' \"$@\"\n", linked.display());
    world.executable("proxy/cargo", script);
    for program in ["cargo".into(), linked.clone(), world.at("proxy/cargo"), PERUSER.into()] {
        let run = |path| world.run(&program, ["build"]).path(path).run();
        assert_reached(&run(["shim", "proxy", "stub"]), &["build"]);
        assert_ended(&run(["shim", "proxy", "shim"]), &["[WORLD]/proxy/cargo"]);
    }
    // The only other cargo is the proxy in cargo's home, which an editor reaches without PATH.
    let script = fs::read(world.at("proxy/cargo")).unwrap();
    world.executable("home/.cargo/bin/cargo", script);
    assert_ended(&world.run(&linked, ["build"]).path(["shim"]).run(), &[".cargo/bin/cargo"]);
    let output = world.subcommand(&world.at("proxy/cargo"), ["build"]).run();
    assert_reached(&output, &["build"]);
}

fn a_wrapper_that_changes_the_arguments_each_time() {
    let world = World::new();
    let shim = world.at("shim/cargo");
    let adds = format!("#!/bin/sh\nexec '{}' \"$@\" --quiet\n", shim.display());
    world.executable("adds/cargo", adds);
    let output = world.shim(["build"]).path(["shim", "adds", "stub"]).run();
    // It may end at the stub or with an error, but it ends.
    if output.code() != 0 {
        output.exits(127).demand(output.stderr.starts_with("error: "), "must say why");
    }
}

fn a_wrapper_that_drops_the_marker_is_no_reason_to_miss_the_cargo_behind_it() {
    let world = World::new();
    // Like `env -i` with a few variables. This looks like a new start, but it still ends: the shim
    // continues after its own PATH entry.
    let path = world.search_path(["shim", "stub"]);
    let text = "#!/bin/sh\nexec env -i PATH=\"$SHORT\" HOME=\"$HOME\" STUB_RECORD=\"$STUB_RECORD\" cargo \"$@\"\n";
    world.executable("cleans/cargo", text.replace("exec env", "exec /usr/bin/env"));
    let output = world.shim(["build"]).path(["shim", "cleans", "stub"]).env("SHORT", path).run();
    assert_reached(&output, &["build"]);
}

fn a_script_that_executes_another_cargo_command_is_no_loop() {
    let world = World::new();
    // Cargo executes its external subcommands like this, in the same process.
    let text = "#!/bin/sh
case \"$1\" in
    outer) exec cargo middle ;;
    middle) exec cargo inner x ;;
    *) printf '%s' \"$0\"; printf ' %s' \"$@\"; echo ;;
esac
";
    world.executable("real/cargo", text);
    world.cargo_in("wrong");
    for program in ["cargo", PERUSER] {
        let output = world.run(program, ["outer"]).path(["shim", "real", "wrong"]).run();
        assert_eq!(output.printed(), "[WORLD]/real/cargo inner x\n");
    }
    // The same through `cargo-peruser`.
    let real = world.at("real/cargo");
    let output = world.subcommand(&real, ["outer"]).path(["shim", "real", "wrong"]).run();
    assert_eq!(output.printed(), "[WORLD]/real/cargo inner x\n");
}

fn the_same_command_in_a_new_process_is_no_loop() {
    let world = World::new();
    // A build script, a test, or `cargo run` that runs cargo again with the same arguments.
    let text = "#!/bin/sh
if [ -z \"$NESTED\" ]; then
    NESTED=1 cargo \"$@\"
    exit $?
fi
printf '%s' \"$0\"; printf ' %s' \"$@\"; echo
";
    world.executable("real/cargo", text);
    world.cargo_in("wrong");
    let output = world.shim(["build"]).path(["shim", "real", "wrong"]).run();
    assert_eq!(output.printed(), "[WORLD]/real/cargo build\n");
}
