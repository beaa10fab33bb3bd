//! The workspace: a build script, a proc macro, integration tests, and a dependency in C.

use crate::stage::project::Tree;

/// The workspace's own packages, and some that it depends on.
pub(super) const OWN: [&str; 2] = ["app", "describe"];
pub(super) const DEPENDENCIES: [&str; 4] = ["anyhow", "serde", "serde_derive", "native"];

pub(super) const WORKSPACE: Tree<'_> = &[
    ("Cargo.toml", "[workspace]\nmembers = [\"app\", \"describe\"]\nresolver = \"2\"\n"),
    (
        "app/Cargo.toml",
        r#"[package]
name = "app"
version = "0.1.0"
edition = "2021"

[dependencies]
anyhow = "1"
serde = { version = "1", features = ["derive"] }
describe = { path = "../describe" }
native = { path = "../../native" }
"#,
    ),
    (
        "app/build.rs",
        r#"fn main() {
    let out = std::env::var("OUT_DIR").unwrap();
    std::fs::write(format!("{out}/word.rs"), "pub const WORD: &str = \"generated\";").unwrap();
    println!("cargo::rerun-if-changed=build.rs");
}
"#,
    ),
    (
        "app/src/lib.rs",
        r#"include!(concat!(env!("OUT_DIR"), "/word.rs"));

#[derive(serde::Serialize, describe::Describe)]
pub struct Thing;

pub fn line() -> anyhow::Result<String> {
    Ok(format!("{} {} {}", WORD, Thing::describe(), native::answer()))
}
"#,
    ),
    (
        "app/src/main.rs",
        "fn main() -> anyhow::Result<()> {\n    println!(\"{}\", app::line()?);\n    Ok(())\n}\n",
    ),
    (
        "app/tests/program.rs",
        r#"#[test]
fn runs_the_new_program() {
    let program = env!("CARGO_BIN_EXE_app");
    let expected = std::env::var("EXPECTED").unwrap();
    assert!(program.starts_with(&expected), "{program} is not in {expected}");
    assert!(env!("CARGO_TARGET_TMPDIR").starts_with(&expected));
    let output = std::process::Command::new(program).output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "generated a thing 42\n");
}
"#,
    ),
    (
        "describe/Cargo.toml",
        "[package]\nname = \"describe\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\n[lib]\nproc-macro = true\n",
    ),
    (
        "describe/src/lib.rs",
        r#"use proc_macro::TokenStream;

#[proc_macro_derive(Describe)]
pub fn describe(_: TokenStream) -> TokenStream {
    "impl Thing { pub fn describe() -> &'static str { \"a thing\" } }".parse().unwrap()
}
"#,
    ),
];

/// What a crate with C in it comes down to: a build script that calls the C compiler.
pub(super) const NATIVE: Tree<'_> = &[
    (
        "Cargo.toml",
        "[package]\nname = \"native\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\n[workspace]\n",
    ),
    ("answer.c", "int answer(void) { return 42; }\n"),
    (
        "build.rs",
        r#"use std::process::Command;

fn main() {
    let out = std::env::var("OUT_DIR").unwrap();
    let run = |program: &str, words: &[&str]| {
        assert!(Command::new(program).args(words).status().unwrap().success());
    };
    run("cc", &["-c", "answer.c", "-o", &format!("{out}/answer.o")]);
    run("ar", &["crs", &format!("{out}/libanswer.a"), &format!("{out}/answer.o")]);
    println!("cargo::rustc-link-search=native={out}");
    println!("cargo::rustc-link-lib=static=answer");
    println!("cargo::rerun-if-changed=answer.c");
}
"#,
    ),
    (
        "src/lib.rs",
        "extern \"C\" {\n    #[link_name = \"answer\"]\n    fn answer_in_c() -> i32;\n}\n\npub fn answer() -> i32 {\n    unsafe { answer_in_c() }\n}\n",
    ),
];
