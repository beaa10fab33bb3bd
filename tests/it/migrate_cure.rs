//! Curing a checkout, with a cargo that does as the test wants.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use libtest_mimic::Trial;

use crate::harness::{Output, Run, World, mode};
use crate::runner::tests;

pub(crate) fn tests() -> Vec<Trial> {
    tests![
        only_what_cargo_can_have_built_is_cleaned_by_name,
        what_is_not_cleaned_is_not_passed_over_in_silence,
        a_failure_is_shown_once_and_as_it_was_at_first,
        an_older_cargo_cleans_by_package,
        where_cargo_does_not_tell_its_dependencies_none_is_named,
        the_build_is_seen_and_counted,
        a_build_that_fails_says_what_to_run,
        an_interrupted_build_ends_as_interrupts_do,
        an_interrupted_cure_says_what_to_run,
        two_cures_at_once_lose_nothing,
        the_target_directory_is_named_where_stdout_is_full,
    ]
}

/// A cache in its place, a checkout, and a cargo and a rustc of the test's.
struct Scene {
    world: World,
    target: PathBuf,
}

impl Scene {
    fn new(cargo: &str) -> Scene {
        let world = World::new().with("CARGO_PERUSER_SCOPE", "user");
        world.file("checkout/Cargo.toml", "");
        let private = world.private();
        world.directory(&private, 0o700);
        let target = private.join("target");
        world.directory(&target, 0o700);
        assert_eq!((mode(&private), mode(&target)), (0o700, 0o700));
        world.file(target.join(".rustc_info.json"), "{}");
        world.executable("tools/cargo", format!("#!/bin/sh\n{cargo}\n"));
        world.executable("tools/rustc", "#!/bin/sh\necho x86_64-unknown-none\n");
        let scene = Scene { world, target };
        scene.profile("debug");
        scene
    }

    fn profile(&self, name: &str) {
        self.world.file(self.target.join(name).join(".cargo-lock"), "");
    }

    fn cure(&self, more: &[&str]) -> Run<'_> {
        let checkout = self.world.at("checkout");
        let words = ["migrate".as_ref(), self.target.as_os_str(), "--checkout".as_ref()];
        let words = words.into_iter().chain([checkout.as_os_str()]);
        let run = self.world.by_name(words.chain(more.iter().map(|word| word.as_ref())));
        run.path(["tools", "/usr/bin", "/bin"])
    }

    fn asked(&self) -> Vec<String> {
        let asked = fs::read_to_string(self.world.at("checkout/asked")).unwrap_or_default();
        asked.lines().map(str::to_owned).collect()
    }
}

/// Says which lines there are, and in this order.
fn assert_says(run: &Output, code: i32, lines: &[&str]) {
    assert_eq!((run.code(), &*run.err), (code, &*format!("{}\n", lines.join("\n"))));
}

fn only_what_cargo_can_have_built_is_cleaned_by_name() {
    let scene = Scene::new("echo \"$*\" >>asked");
    for name in ["test", "bench", "dev", "doc", "a b", "-p", "x86_64-unknown-none/tmp"] {
        scene.profile(name);
    }
    scene.profile("x86_64-unknown-none/fast");
    let run = scene.cure(&[]).run();
    assert_eq!(run.code(), 0, "{}", run.err);
    let expected = ["--profile dev", "--profile fast --target x86_64-unknown-none"];
    assert_eq!(scene.asked(), expected.map(|words| format!("clean {words} --workspace")));
    for name in ["test", "bench", "dev", "doc", "a b", "-p", "x86_64-unknown-none/tmp"] {
        let line = format!(
            "note: not cleaned: `[WORLD]/root/[ME]/target/{name}`, neither a profile's directory \
             nor that of a target that rustc knows\n"
        );
        assert!(run.err.contains(&line), "{name}: {}", run.err);
    }
    let help = "help: to have it rebuilt: rm -r '[WORLD]/root/[ME]/target/a b'\n";
    assert!(run.err.contains(help), "{}", run.err);
}

fn what_is_not_cleaned_is_not_passed_over_in_silence() {
    let scene = Scene::new("echo \"$*\" >>asked");
    let elsewhere = scene.world.directory("elsewhere", 0o755);
    fs::rename(scene.target.join("debug"), elsewhere.join("debug")).unwrap();
    symlink(elsewhere.join("debug"), scene.target.join("debug")).unwrap();
    symlink("nowhere", scene.target.join("release")).unwrap();
    symlink("nowhere", scene.target.join("unrelated")).unwrap();
    let run = scene.cure(&[]).run();
    let lines = [
        "note: not cleaned: `[WORLD]/root/[ME]/target/debug`, a symlink, which is not followed",
        "help: cargo follows it: cargo-peruser clean --profile dev --workspace",
        "note: not cleaned: `[WORLD]/root/[ME]/target/release`, a symlink, which is not followed",
        "help: cargo follows it: cargo-peruser clean --profile release --workspace",
    ];
    assert_says(&run, 0, &lines);
    for link in ["debug", "release"] {
        fs::remove_file(scene.target.join(link)).unwrap();
    }
    let run = scene.cure(&[]).run();
    let nothing =
        "note: nothing is built in `[WORLD]/root/[ME]/target`, so there is nothing to rebuild";
    assert_says(&run, 0, &[nothing]);
    assert!(scene.asked().is_empty());
}

fn a_failure_is_shown_once_and_as_it_was_at_first() {
    let scene = Scene::new("echo 'error: no matching package' >&2; exit 101");
    scene.profile("release");
    let target = "[WORLD]/root/[ME]/target";
    let lines = [
        "error: not everything of `[WORLD]/checkout` will be rebuilt",
        "failed to run `cargo clean --profile dev --workspace`",
        "failed to run `cargo clean --profile release --workspace`",
        "error: no matching package",
        &format!(
            "help: the cache is in place; once that is mended: cargo-peruser migrate {target} \
             --checkout [WORLD]/checkout"
        ),
    ];
    assert_says(&scene.cure(&[]).run(), 1, &lines);
}

fn an_older_cargo_cleans_by_package() {
    let scene = Scene::new(
        r#"echo "$*" >>asked
case "$*" in
*--workspace*) echo "error: unexpected argument '--workspace' found" >&2; exit 1 ;;
metadata*) echo '{"packages":[{"name":"a","id":"x"},{"name":"b","id":"y"}],"workspace_members":["x","y"]}' ;;
esac"#,
    );
    let run = scene.cure(&[]).run();
    assert_eq!((run.code(), &*run.err), (0, ""));
    assert_eq!(scene.asked().last().unwrap(), "clean --profile dev -p a -p b");
}

fn where_cargo_does_not_tell_its_dependencies_none_is_named() {
    let scene = Scene::new("case $1 in -vV) echo 'host: x' ;; metadata) exit 101 ;; esac");
    scene.world.file(scene.target.join("debug/build/maker-0123/out/table"), "");
    let lines = [
        "note: dependencies whose build scripts have made files stay fresh; one that reads them when \
         it runs still looks at the old place",
        "help: to rebuild them, in `[WORLD]/checkout`: cargo-peruser clean --profile PROFILE -p NAME",
    ];
    assert_says(&scene.cure(&[]).run(), 0, &lines);
}

/// A cargo that builds two units.
const BUILDS: &str = r#"case "$1" in build)
echo 'Compiling by hand' >&2
echo '{"reason":"compiler-artifact","fresh":true}'
echo '{"reason":"compiler-artifact","fresh":false}'
esac"#;

fn the_build_is_seen_and_counted() {
    let scene = Scene::new(BUILDS);
    let run = scene.cure(&["--build"]).run();
    assert_says(&run, 0, &["Compiling by hand"]);
    assert!(run.out.ends_with("\n1 of 2 units were fresh\n"), "{}", run.out);
}

fn a_build_that_fails_says_what_to_run() {
    let scene = Scene::new("[ \"$1\" = clean ] || { echo 'error: no' >&2; exit 101; }");
    let lines = [
        "error: no",
        "error: `[WORLD]/checkout` does not build",
        "help: the cache is in place; to build again: cd [WORLD]/checkout && cargo-peruser build",
    ];
    assert_says(&scene.cure(&["--build"]).run(), 1, &lines);
}

fn an_interrupted_build_ends_as_interrupts_do() {
    // Only the parent is told: it has to pass it on.
    let scene = Scene::new("[ \"$1\" = clean ] || { kill -INT $PPID; exec sleep 20; }");
    let lines = [
        "error: `[WORLD]/checkout` was not built: interrupted",
        "help: the cache is in place; to build again: cd [WORLD]/checkout && cargo-peruser build",
    ];
    assert_says(&scene.cure(&["--build"]).run(), 130, &lines);
}

fn an_interrupted_cure_says_what_to_run() {
    let scene = Scene::new("kill -INT $PPID; kill -INT $$");
    scene.profile("test");
    let lines = [
        "error: not everything of `[WORLD]/checkout` will be rebuilt: interrupted",
        "help: the cache is in place; to go on: cargo-peruser migrate [WORLD]/root/[ME]/target \
         --checkout [WORLD]/checkout",
    ];
    assert_says(&scene.cure(&[]).run(), 130, &lines);
}

/// What the first one has put back would be the second one's cargo's to delete.
fn two_cures_at_once_lose_nothing() {
    let scene = Scene::new("sleep 0.5; rm -rf \"$CARGO_TARGET_DIR\"/debug/incremental/*");
    scene.world.file(scene.target.join("debug/incremental/app/state"), "");
    thread::scope(|scope| {
        let first = scope.spawn(|| scene.cure(&[]).run());
        thread::sleep(Duration::from_millis(250));
        let second = scene.cure(&[]).run();
        let first = first.join().unwrap();
        assert_eq!((first.code(), second.code()), (0, 0), "{}{}", first.err, second.err);
        assert!(second.err.starts_with("note: waiting for `cargo-peruser`"), "{}", second.err);
    });
    assert!(scene.target.join("debug/incremental/app/state").exists());
}

fn the_target_directory_is_named_where_stdout_is_full() {
    let scene = Scene::new(BUILDS);
    let full = || fs::OpenOptions::new().write(true).open(Path::new("/dev/full")).unwrap();
    let plain = scene.world.by_name(["migrate".as_ref(), scene.target.as_os_str()]);
    for run in [plain, scene.cure(&[]), scene.cure(&["--build"])] {
        let run = run.stdout(full()).run();
        let lines = [
            "error: failed to write to stdout: no space left on device (os error 28)",
            "help: the cache is in its place: ls -A [WORLD]/root/[ME]/target",
        ];
        assert_says(&run, 1, &lines);
    }
}
