//! Moving an old cache of one's own, as any user can.

use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::PathBuf;

use libtest_mimic::Trial;
use snapbox::{assert_data_eq, str};

use crate::harness::{PERUSER, World, mode};
use crate::runner::{Skip, tests};
use crate::terminal::program;

pub(crate) fn tests() -> Vec<Trial> {
    tests![
        says_what_it_would_do_and_does_nothing,
        renames_what_is_on_the_same_file_system,
        copies_when_asked_to,
        without_a_shared_root_it_goes_to_ones_own_cache_directory,
        a_source_that_is_no_cache_is_left_alone,
        the_scope_decides_where_it_goes,
        a_closed_stdout_is_no_failure,
        cures_a_checkout_with_the_real_cargo,
        progress_keeps_to_one_line_of_the_terminal,
        progress_is_shown_where_cargo_would_show_its_own,
    ]
}

/// An old cache of the caller's.
fn old(world: &World) -> PathBuf {
    world.directory("old", 0o755);
    world.file("old/.rustc_info.json", "{}");
    world.file("old/debug/.cargo-lock", "");
    let app = world.file("old/debug/deps/app", "a program");
    fs::hard_link(app, world.at("old/debug/app")).unwrap();
    symlink("deps/app", world.at("old/debug/latest")).unwrap();
    for directory in ["old/debug", "old/debug/deps"] {
        world.directory(directory, 0o755);
    }
    world.at("old")
}

fn says_what_it_would_do_and_does_nothing() {
    let world = World::new();
    let old = old(&world);
    let words = ["migrate".as_ref(), old.as_os_str()];
    let dry = world.by_name(words.into_iter().chain(["--dry-run".as_ref()])).run();
    assert_data_eq!(
        dry.printed(),
        str![[r#"
source        [WORLD]/old
  holds       11 B in 4 files, 3 directories, 1 symlinks
  entries of  [ME] (uid [UID]) 8
destination   [WORLD]/root/[ME]/target for [ME] (uid [UID])
how           renamed, 3 entries change owner, group or mode
afterwards    dependencies stay fresh where they were built with the same CARGO_HOME
              a workspace's own units are rebuilt: the old place's paths are built into them
              a dependency that reads its build script's files when it runs wants `cargo clean -p NAME`

"#]]
    );
    assert!(world.made().is_empty(), "{:?}", world.made());
    let unasked = world.by_name(words).run();
    assert_eq!((unasked.code(), &*unasked.out), (1, dry.printed()));
    assert!(unasked.err.starts_with("error: nothing was changed"), "{}", unasked.err);
    assert!(world.made().is_empty(), "{:?}", world.made());
}

fn renames_what_is_on_the_same_file_system() {
    let world = World::new();
    let old = old(&world);
    let inode = fs::metadata(&old).unwrap().ino();
    let run = world.by_name(["migrate".as_ref(), old.as_os_str(), "--yes".as_ref()]).run();
    assert_eq!(run.code(), 0, "{}", run.err);
    assert!(
        run.out.ends_with("moved `[WORLD]/old` to `[WORLD]/root/[ME]/target`\n"),
        "{}",
        run.out
    );
    let target = world.private().join("target");
    assert_eq!(fs::metadata(&target).unwrap().ino(), inode);
    assert_eq!((mode(&target), mode(&world.private())), (0o700, 0o700));
    assert!(target.join("CACHEDIR.TAG").exists() && !old.exists());
    assert_eq!(fs::read_dir(world.private()).unwrap().count(), 1);
}

fn copies_when_asked_to() {
    let world = World::new();
    let old = old(&world);
    let time = fs::metadata(old.join("debug/app")).unwrap();
    let words = ["migrate".as_ref(), old.as_os_str(), "--yes".as_ref(), "--copy".as_ref()];
    let run = world.by_name(words).run();
    assert_eq!(run.code(), 0, "{}", run.err);
    assert!(run.err.contains("note: copied 11 B in 4 files in "), "{}", run.err);
    let app = fs::metadata(world.private().join("target/debug/app")).unwrap();
    assert_eq!((app.mtime(), app.mtime_nsec()), (time.mtime(), time.mtime_nsec()));
    assert_eq!((app.nlink(), app.ino() == time.ino()), (2, false));
    let link = fs::read_link(world.private().join("target/debug/latest")).unwrap();
    assert_eq!(link, PathBuf::from("deps/app"));
    assert!(!old.exists() && fs::read_dir(world.private()).unwrap().count() == 1);
}

fn without_a_shared_root_it_goes_to_ones_own_cache_directory() {
    let world = World::without_root();
    let old = old(&world);
    let run = world.by_name(["migrate".as_ref(), old.as_os_str(), "--yes".as_ref()]).run();
    assert_eq!(run.code(), 0, "{}", run.err);
    assert!(world.at("home/.cache/cargo-peruser/target/debug/app").exists());
}

fn a_source_that_is_no_cache_is_left_alone() {
    let world = World::new();
    world.file("precious/CACHEDIR.TAG", "Signature: 8a477f597d28d172789f06886806bc55\n");
    for (path, error) in [
        ("precious", "`[WORLD]/precious` is no target directory: it has nothing of cargo's in it"),
        ("nowhere", "cannot move `[WORLD]/nowhere`: nothing is there"),
        ("precious/CACHEDIR.TAG", "cannot move `[WORLD]/precious/CACHEDIR.TAG`: it is a file"),
    ] {
        let path = world.at(path);
        let run = world.by_name(["migrate".as_ref(), path.as_os_str(), "--yes".as_ref()]).run();
        run.assert_stopped(1, error, "");
    }
    assert!(world.made().is_empty(), "{:?}", world.made());
}

fn the_scope_decides_where_it_goes() {
    let world = World::new();
    world.file("checkout/Cargo.toml", "");
    let old = old(&world);
    let path = world.by_name(["--scope=workspace", "path"]).run().out;
    let words =
        ["--scope=workspace".as_ref(), "migrate".as_ref(), old.as_os_str(), "--yes".as_ref()];
    let run = world.by_name(words).run();
    assert_eq!(run.code(), 0, "{}", run.err);
    assert!(run.out.ends_with(&format!("to `{}`\n", path.trim_end())), "{}", run.out);
}

fn a_closed_stdout_is_no_failure() {
    let world = World::new();
    let old = old(&world);
    let run = world.by_name(["migrate".as_ref(), old.as_os_str(), "--yes".as_ref()]);
    let run = run.stdout(crate::harness::closed_pipe()).run();
    assert_eq!(run.code(), 0, "{}", run.err);
    assert!(world.private().join("target/debug/app").exists());
}

/// The stub is asked once for each profile, in the checkout.
fn cures_a_checkout_with_the_real_cargo() {
    let world = World::new().with("CARGO_PERUSER_SCOPE", "user");
    world.file("checkout/Cargo.toml", "");
    let old = old(&world);
    world.executable("stub/rustc", "#!/bin/sh\necho x86_64-unknown-none\n");
    for profile in ["x86_64-unknown-none/fast", "rust-analyzer/debug"] {
        let profile = PathBuf::from("old").join(profile);
        world.file(profile.join(".cargo-lock"), "");
        world.directory(profile.parent().unwrap(), 0o755);
        world.directory(profile, 0o755);
    }
    world.file("old/debug/incremental/app/state", "");
    world.directory("old/debug/incremental", 0o755);
    let checkout = world.at("checkout");
    let words = ["migrate".as_ref(), old.as_os_str(), "--yes".as_ref()];
    let words = words.into_iter().chain(["--checkout".as_ref(), checkout.as_os_str()]);
    let run = world.by_name(words).within("home").run();
    assert_eq!(run.code(), 0, "{}", run.err);
    let asked: Vec<String> = run
        .records
        .iter()
        .map(|record| {
            assert_eq!(record.cwd.as_deref(), Some(checkout.as_os_str().as_encoded_bytes()));
            let target = record.variable("CARGO_TARGET_DIR").map(PathBuf::from);
            assert_eq!(target, Some(world.private().join("target")));
            let words = record.args().iter().map(|word| String::from_utf8_lossy(word).into_owned());
            words.collect::<Vec<_>>().join(" ")
        })
        .collect();
    assert_eq!(
        asked,
        [
            "clean --profile dev --workspace",
            "clean --profile fast --target x86_64-unknown-none --workspace"
        ]
    );
    let left = "not cleaned: `[WORLD]/root/[ME]/target/rust-analyzer`";
    assert!(run.err.contains(left), "{}", run.err);
    assert!(world.private().join("target/debug/incremental/app/state").exists());
}

/// What a copy writes to a terminal that is 40 columns wide.
fn at_a_terminal(variables: &[(&str, &str)]) -> Result<String, Skip> {
    let script = program("script")?;
    let world = World::new();
    let old = old(&world);
    for number in 0..1100 {
        world.file(old.join("debug/deps").join(number.to_string()), "");
    }
    fs::File::create(old.join("debug/large")).unwrap().set_len(300 << 20).unwrap();
    let command = format!(
        "stty cols 40 rows 10; exec '{PERUSER}' migrate '{}' --copy --yes >/dev/null",
        old.display()
    );
    let run = world.run(script, ["-qec", &command, "/dev/null"]).var("SHELL", "/bin/sh");
    let run = run.path(["stub", "/usr/bin", "/bin"]).var("TERM", "xterm");
    let run = run.var("CARGO_TERM_COLOR", "never");
    let run = variables.iter().fold(run, |run, (name, value)| run.var(name, value)).run();
    assert_eq!(run.code(), 0, "{}{}", run.out, run.err);
    Ok(run.out)
}

fn progress_keeps_to_one_line_of_the_terminal() -> Result<(), Skip> {
    let shown = at_a_terminal(&[])?;
    let lines: Vec<&str> = shown.split("\r\x1b[K").skip(1).collect();
    assert!(lines.first().is_some_and(|line| line.starts_with("copied 0 B of ")), "{shown:?}");
    // The last one clears the line, and what is said then stands alone.
    let progress =
        lines.iter().filter(|line| ["copied ", "compared "].iter().any(|w| line.starts_with(w)));
    assert!(progress.clone().all(|line| line.len() < 40), "{lines:?}");
    assert!(lines.iter().any(|line| line.starts_with("note: copied ")), "{shown:?}");
    Ok(())
}

fn progress_is_shown_where_cargo_would_show_its_own() -> Result<(), Skip> {
    const WHEN: &str = "CARGO_TERM_PROGRESS_WHEN";
    for (variables, is_shown) in [
        (&[("TERM", "dumb")][..], false),
        (&[("CARGO_TERM_QUIET", "true")], false),
        (&[(WHEN, "never")], false),
        (&[(WHEN, "always"), ("TERM", "dumb")], true),
    ] {
        let shown = at_a_terminal(variables)?;
        assert_eq!(shown.contains("\r\x1b[K"), is_shown, "{variables:?}: {shown:?}");
    }
    Ok(())
}
