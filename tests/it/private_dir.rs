//! The private directory is created with mode 0700, with a target directory and its tag.

use crate::prelude::*;

tests![
    is_made_exactly_private_under_every_umask,
    is_made_below_the_persons_own_cache_by_name,
    is_tightened_where_others_could_read_it,
    a_target_directory_that_cargo_made_again_is_used,
    is_not_made_by_commands_that_only_read,
    is_made_by_a_clean_with_any_option,
    is_not_even_checked_by_commands_without_a_target,
];

const TAG: &str = "Signature: 8a477f597d28d172789f06886806bc55\n\
# This file is a cache directory tag created by cargo.\n\
# For information about cache directory tags see https://bford.info/cachedir/\n";

fn is_made_exactly_private_under_every_umask() {
    for umask in ["0", "022", "077", "0277", "0777"] {
        let world = World::new();
        for _ in 0..2 {
            let run = world.shim(["build"]).umask(umask);
            assert_eq!(run.run().call().umask, u32::from_str_radix(umask, 8).unwrap());
            let target = world.private().join("target");
            assert_eq!((mode(&world.private()), mode(&target)), (0o700, 0o700), "umask {umask}");
            let tag = target.join("CACHEDIR.TAG");
            assert_ne!(mode(&tag) & 0o400, 0, "umask {umask}: nobody can read the tag");
            assert_eq!(fs::read_to_string(tag).unwrap(), TAG);
        }
        let me = person();
        let expected = [
            format!("root/{me}"),
            format!("root/{me}/.workspaces"),
            format!("root/{me}/.workspaces/target"),
            format!("root/{me}/target"),
            format!("root/{me}/target/CACHEDIR.TAG"),
        ];
        assert_eq!(world.made(), expected, "and nothing else is left behind");
    }
}

fn is_made_below_the_persons_own_cache_by_name() {
    for umask in ["022", "0", "0777"] {
        let world = World::without_root();
        world.by_name(["build"]).umask(umask).run().call();
        for made in ["home/.cache", "home/.cache/cargo-peruser", "home/.cache/cargo-peruser/target"]
        {
            assert_eq!(mode(&world.at(made)), 0o700, "{made} with umask {umask}");
        }
        world.by_name(["build"]).run().call();
    }
}

fn is_tightened_where_others_could_read_it() {
    for bits in [0o700, 0o2700, 0o755, 0o750, 0o711, 0o2755] {
        let world = World::new();
        world.directory(world.private(), bits);
        let output = world.shim(["build"]).run();
        output.prints_nothing().builds_in(world.private().join("target"));
        match bits & 0o077 {
            0 => output.silently(),
            _ => output.notes(format!(
                "others could read `[WORLD]/root/[ME]` (mode {bits:04o}); it is private now (mode 0700)"
            )),
        };
        // Without a reason it is not changed.
        let after = if bits == 0o2700 { bits } else { 0o700 };
        assert_eq!(mode(&world.private()), after);
        world.shim(["build"]).run().call();
    }
}

fn a_target_directory_that_cargo_made_again_is_used() {
    let world = World::new();
    world.shim(["build"]).run().call();
    let target = world.private().join("target");
    for bits in [0o755, 0o775] {
        fs::remove_file(target.join("CACHEDIR.TAG")).unwrap();
        fs::remove_dir(&target).unwrap();
        world.directory(&target, bits);
        world.shim(["build"]).run().call();
        assert_eq!(mode(&world.private()), 0o700);
        assert_eq!(fs::read_to_string(target.join("CACHEDIR.TAG")).unwrap(), TAG);
    }
}

fn is_not_made_by_commands_that_only_read() {
    let world = World::new();
    world.file("home/.config/cargo-peruser/config.toml", "sticky-root = 'accept'\n");
    for words in ["metadata", "clean", "update"] {
        // The private directory is created if others could otherwise create it before cargo looks.
        for (bits, made) in [(0o755, false), (0o1777, true)] {
            chmod(&world.at("root"), bits);
            let output = world.shim([words]).run();
            output.silently().prints_nothing().builds_in(world.private().join("target"));
            assert_eq!(world.private().exists(), made, "{words} under {bits:o}");
            assert!(!world.private().join("target").exists(), "{words} under {bits:o}");
            let _ = fs::remove_dir(world.private());
        }
    }
}

fn is_made_by_a_clean_with_any_option() {
    for words in [&["clean", "-p", "x"][..], &["clean", "--release"], &["-q", "clean"]] {
        let world = World::new();
        world.shim(words).run().call();
        assert_eq!(mode(&world.private().join("target")), 0o700, "{words:?}");
    }
}

/// All others are in the unit tests of `shim::argv`.
const WITHOUT_TARGET: &[&[&str]] =
    &[&[], &["+nightly", "--version"], &["build", "--help"], &["new", "x"]];

fn is_not_even_checked_by_commands_without_a_target() {
    for (private, root) in [(0o777, 0o1777), (0o700, 0o777)] {
        let world = World::new();
        world.directory(world.private(), private);
        chmod(&world.at("root"), root);
        for words in WITHOUT_TARGET {
            let _context = context(|| words.join(" "));
            assert_eq!(world.shim(*words).run().call().args().len(), words.len());
        }
        assert_eq!(mode(&world.private()), private);
        for word in ["build", "metadata", "clean", "update"] {
            world.shim([word]).run().refused();
        }
    }
    let world = World::new();
    for words in WITHOUT_TARGET {
        world.shim(*words).run().call();
    }
    assert!(world.made().is_empty(), "{:?}", world.made());
    // An alias can be anything.
    world.directory(world.private(), 0o777);
    world.shim(["fmt"]).run().call();
    world.shim(["fmt"]).env("CARGO_ALIAS_FMT", "build").run().refused();
    world.file("checkout/.cargo/config.toml", "[alias]\nfmt = 'build'\n");
    world.shim(["fmt"]).run().refused();
}
