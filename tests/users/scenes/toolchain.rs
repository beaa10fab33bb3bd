//! The toolchain directory for editors, with rustup's real proxies.

use crate::prelude::*;

const RUSTUP: &[Need] = &[Need::Cargo, Need::Nightly, Need::Rustup];

tests![
    test!("gives_an_editor_one_toolchain_whatever_its_path_is", one_toolchain).needs(RUSTUP),
    test!("builds_in_the_private_directory", builds).needs(RUSTUP).heavy(),
    test!("does_not_loop_when_rustup_links_to_it", linked).needs(RUSTUP),
];

/// rustup's name of the host, which is part of its directories' names.
fn host() -> String {
    let rustc = format!("{}/bin/rustc", Channel::Stable.place());
    let output = std::process::Command::new(rustc).arg("-vV").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    host.expect("rustc names no host").to_owned()
}

/// The directory of a channel in a user's rustup.
fn installed(person: &Person<'_>, channel: &str) -> PathBuf {
    person.home.join(format!(".rustup/toolchains/{channel}-{}", host()))
}

/// Gives a user the files of rustup-init: the proxies, and both channels.
fn set_up_rustup(person: &Person<'_>) -> PathBuf {
    let bin = person.home.join(".cargo/bin");
    fs::create_dir_all(&bin).unwrap();
    fs::copy(format!("{}/rustup", places::RUSTUP), bin.join("rustup")).unwrap();
    for tool in ["cargo", "rustc", "rustdoc", "cargo-clippy", "rustfmt"] {
        symlink("rustup", bin.join(tool)).unwrap();
    }
    for (channel, place) in [("stable", Channel::Stable), ("nightly", Channel::Nightly)] {
        let toolchain = installed(person, channel);
        fs::create_dir_all(toolchain.parent().expect("it has a parent")).unwrap();
        symlink(place.place(), toolchain).unwrap();
    }
    project::give(&person.home, &format!("{0}:{0}", person.uid()));
    run(person, &bin.join("rustup"), ["default", "stable"]).run().ok();
    bin
}

/// A program with an editor's bare PATH.
fn run<'p, const N: usize>(
    person: &'p Person<'_>,
    program: &Path,
    args: [&str; N],
) -> Invocation<'p> {
    let run = person.shell("exec \"$@\"", [program]).args(args);
    run.env("PATH", "").env("CARGO_NET_OFFLINE", "true")
}

/// Creates the directory, with these entries on PATH before the system's.
fn directory(person: &Person<'_>, path: &[&Path]) -> PathBuf {
    let system = [places::BY_NAME, "/usr/bin", "/bin"].map(Path::new);
    let made = person.by_name(["toolchain"]).path(path.iter().copied().chain(system)).run();
    made.ok();
    let directory = person.home.join(".local/share/cargo-peruser/toolchain/bin");
    assert!(made.stdout == format!("{}\n", directory.display()), "{}", made.stdout);
    directory
}

/// The version that a tool of the directory prints.
fn version(call: Invocation<'_>) -> String {
    let output = call.run();
    output.silently();
    let words = output.stdout.split_whitespace().nth(1);
    words.expect("no version").to_owned()
}

fn one_toolchain(stage: &Stage) {
    let (_, alice) = stage.provisioned();
    let bin = set_up_rustup(&alice);
    let directory = directory(&alice, &[&bin]);
    let (cargo, rustc) = (directory.join("cargo"), directory.join("rustc"));
    let stable = version(run(&alice, &rustc, ["--version"]));
    // Bare, or with another cargo first.
    for path in [String::new(), places::STUB.into(), format!("{}/bin", Channel::Nightly.place())] {
        let found = version(run(&alice, &cargo, ["--version"]).env("PATH", &path));
        assert!(found == stable, "PATH={path}: cargo {found} beside rustc {stable}");
    }
    let nightly = version(run(&alice, &rustc, ["+nightly", "--version"]));
    assert!(nightly.contains("nightly"), "{nightly}");
    let by_override = version(run(&alice, &cargo, ["+nightly", "--version"]));
    // With the path that rust-analyzer uses.
    let by_sysroot = run(&alice, &cargo, ["--version"]);
    let by_sysroot = version(by_sysroot.env("RUSTUP_TOOLCHAIN", Channel::Nightly.place()));
    assert!([&by_override, &by_sysroot] == [&nightly; 2], "{by_override}, {by_sysroot}, {nightly}");
}

fn builds(stage: &Stage) {
    let (_, alice) = stage.provisioned();
    let bin = set_up_rustup(&alice);
    let directory = directory(&alice, &[&bin]);
    project::that_prints("hello", &stage.checkout, &alice);
    for (words, profile) in
        [(&["run"][..], "debug"), (&["+nightly", "run", "--release"], "release")]
    {
        let build = alice.shell("exec \"$@\"", [directory.join("cargo")]).args(words);
        let build = build.env("PATH", places::PROGRAMS);
        build.limit(Duration::from_secs(300)).run().ok().prints("hello");
        let built = alice.target().join(profile).join("speaker");
        assert!(built.exists(), "{} is missing", built.display());
    }
    assert!(!stage.checkout.join("target").exists(), "something was built in the checkout");
}

fn linked(stage: &Stage) {
    let (_, alice) = stage.provisioned();
    let bin = set_up_rustup(&alice);
    let directory = directory(&alice, &[&bin]);
    let toolchain = directory.parent().expect("it has a parent").to_string_lossy().into_owned();
    let rustup = bin.join("rustup");
    let link = || run(&alice, &rustup, ["toolchain", "link", "editors", &toolchain]);
    // rustup itself does not accept it as a toolchain.
    link().run().fails().mentions("not a directory");
    make::directory(&Path::new(&toolchain).join("lib"), alice.uid(), alice.uid(), 0o755);
    link().run().ok();
    // Through the proxy, the shim on PATH, and the directory itself.
    for cargo in
        [bin.join("cargo"), PathBuf::from(places::SHIM).join("cargo"), directory.join("cargo")]
    {
        let call = run(&alice, &cargo, ["+editors", "build"]).env("PATH", &bin);
        let stopped = call.limit(Duration::from_secs(10)).run();
        let proxy = bin.join("cargo");
        let expected = format!("`{}`: it executed cargo-peruser again", proxy.display());
        stopped.stopped(Stop::NoCargo).mentions(expected);
    }
    run(&alice, &rustup, ["toolchain", "uninstall", "editors"]).run().ok();
    assert!(directory.join("cargo").exists(), "the directory went with the link");
    version(run(&alice, &directory.join("cargo"), ["--version"]));
}
