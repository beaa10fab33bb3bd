//! The commands that a cure prints, run as they are printed.

use std::path::PathBuf;

use anyhow::{Context, Result};

use super::super::scene::migrate;
use crate::machine::Channel;
use crate::stage::{Person, Stage, make, project};

const EDITION: &str = "edition = \"2021\"\n";

/// Two workspaces share the old cache. Each has a dependency that reads its build script's file when
/// it runs.
pub(super) fn pasted(stage: &Stage) -> Result<()> {
    let shared = stage.shared_root().sticky().make()?;
    let alice = stage.person("alice")?;
    let old = stage.at("alices/old");
    make::directory(&stage.at("alices"), alice.uid(), alice.uid(), 0o755)?;
    let one = workspace(stage, &alice, "one")?;
    let two = workspace(stage, &alice, "two")?;
    let about = alice.cargo(["-vV"]).with(Channel::Stable).run()?.stdout;
    let host = about.lines().find_map(|line| line.strip_prefix("host: "));
    let host = host.context("cargo names its host")?;
    for checkout in [&one, &two] {
        for words in [&["build"][..], &["build", "--release"], &["build", "--target", host]] {
            let run = alice.cargo(words).with(Channel::Stable).env("CARGO_TARGET_DIR", &old);
            run.within(checkout).run()?.ok()?;
        }
    }
    let run = migrate(&alice, &old).args(["--yes", "--checkout"]).arg(&one);
    let run = run.with(Channel::Stable).run()?;
    let command = run.ok()?.offered("cargo-peruser clean")?;
    let runs = |checkout: &PathBuf, words: &[&str]| {
        alice.cargo(words).with(Channel::Stable).within(checkout).run()
    };
    runs(&one, &["run"])?.ok()?.prints(format!("{}/", old.display()))?;
    alice.shell(&command, [""; 0]).with(Channel::Stable).within(&one).run()?.ok()?;
    let target = shared.join("alice/target");
    for words in [&["run"][..], &["run", "--release"], &["run", "--target", host]] {
        runs(&one, words)?.ok()?.prints(format!("{}/", target.display()))?;
    }
    // The other workspace's are cleaned from there.
    let run = migrate(&alice, &target).arg("--checkout").arg(&two);
    let run = run.with(Channel::Stable).run()?;
    let command = run.ok()?.never_says("maker-one")?.offered("cargo-peruser clean")?;
    alice.shell(&command, [""; 0]).with(Channel::Stable).within(&two).run()?.ok()?;
    runs(&two, &["run", "--release"])?.ok()?.prints(format!("{}/", target.display()))?;
    Ok(())
}

/// A workspace whose program prints the `OUT_DIR` of its dependency.
fn workspace(stage: &Stage, person: &Person<'_>, name: &str) -> Result<PathBuf> {
    let checkout = stage.at(name);
    let maker = format!("[package]\nname = \"maker-{name}\"\nversion = \"0.1.0\"\n{EDITION}");
    let package = format!(
        "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\n{EDITION}[workspace]\n\
         [dependencies]\nmaker = {{ package = \"maker-{name}\", path = \"../maker-{name}\" }}\n"
    );
    let script = "fn main() {\n    let out = std::env::var(\"OUT_DIR\").unwrap();\n    \
                  std::fs::write(out + \"/table\", \"\").unwrap();\n}\n";
    let files = [
        ("Cargo.toml", &*maker),
        ("build.rs", script),
        ("src/lib.rs", "pub const OUT_DIR: &str = env!(\"OUT_DIR\");\n"),
    ];
    project::write(&stage.at(format!("maker-{name}")), &files, person)?;
    let main = "fn main() {\n    println!(\"{}\", maker::OUT_DIR);\n}\n";
    project::write(&checkout, &[("Cargo.toml", &*package), ("src/main.rs", main)], person)?;
    Ok(checkout)
}
