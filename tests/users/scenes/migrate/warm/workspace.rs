//! The workspace: a build script, a proc macro, integration tests, and a dependency that
//! compiles C with `cc`.

use crate::prelude::*;
use crate::stage::project::Tree;

/// The workspace's own packages, and some that it depends on.
pub(super) const OWN: [&str; 2] = ["app", "describe"];
pub(super) const DEPENDENCIES: [&str; 5] = ["anyhow", "serde", "serde_derive", "cc", "native"];

pub(super) const WORKSPACE: Tree<'_> = &[
    ("Cargo.toml", "[workspace]\nmembers = [\"app\", \"describe\"]\nresolver = \"2\"\n"),
    (
        "app/Cargo.toml",
        package!(
            "app",
            r#"[dependencies]
anyhow = "1"
serde = { version = "1", features = ["derive"] }
describe = { path = "../describe" }
native = { path = "../../native" }
"#
        ),
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
        r#"fn main() -> anyhow::Result<()> {
    match std::env::args().nth(1) {
        Some(_) => println!("{}", native::table()),
        None => println!("{}", app::line()?),
    }
    Ok(())
}
"#,
    ),
    (
        "app/tests/program.rs",
        r#"#[test]
fn runs_the_new_program() {
    let program = env!("CARGO_BIN_EXE_app");
    let expected = std::env::var("EXPECTED").unwrap();
    assert!(program.starts_with(&expected), "{program} is not in {expected}");
    let expected = std::env::var("EXPECTED_INTERMEDIATES").unwrap();
    assert!(env!("CARGO_TARGET_TMPDIR").starts_with(&expected));
    assert!(env!("OUT_DIR").starts_with(&expected));
    let output = std::process::Command::new(program).output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "generated a thing 42\n");
}
"#,
    ),
    ("describe/Cargo.toml", package!("describe", "\n[lib]\nproc-macro = true\n")),
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

/// C code that its build script compiles with `cc`, and a table that it reads at run time.
pub(super) const NATIVE: Tree<'_> = &[
    (
        "Cargo.toml",
        package!(
            "native",
            r#"[build-dependencies]
cc = "1"

[workspace]
"#
        ),
    ),
    ("answer.c", "int answer(void) { return 42; }\n"),
    (
        "build.rs",
        r#"fn main() {
    cc::Build::new().file("answer.c").compile("answer");
    let out = std::env::var("OUT_DIR").unwrap();
    std::fs::write(format!("{out}/table"), "").unwrap();
    println!("cargo::rerun-if-changed=answer.c");
}
"#,
    ),
    (
        "src/lib.rs",
        r#"extern "C" {
    #[link_name = "answer"]
    fn answer_in_c() -> i32;
}

pub fn answer() -> i32 {
    unsafe { answer_in_c() }
}

pub fn table() -> &'static str {
    concat!(env!("OUT_DIR"), "/table")
}
"#,
    ),
];
