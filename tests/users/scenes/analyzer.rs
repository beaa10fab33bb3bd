//! Where the cargos write that rust-analyzer starts: its calls are replayed as they were recorded.
//!
//! Alice owns the checkout, bob can only read it, and both have it open at the same time.

use serde_json::Value;

use crate::prelude::*;
use crate::stage::project::Tree;

/// The session of the editor, and the server's own directory below the one that cargo reports, which
/// `rust-analyzer.cargo.targetDir` asks for.
const TABLE: &[(&str, Session, &str)] = &[
    // The server also calls the cargo in CARGO_HOME: therefore the session exports the variables.
    ("is_split_by_the_shim_alone", Session::ShimOnPath, ""),
    ("is_private_in_our_session", Session::Exported, ""),
    ("is_private_in_our_session_with_a_target_dir", Session::Exported, "rust-analyzer"),
    ("is_private_by_an_editors_settings", Session::EditorsSettings, ""),
];

/// How the session was prepared.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Session {
    /// Only the shim is first on PATH.
    ShimOnPath,
    /// It also exports the output of `cargo-peruser env`.
    Exported,
    /// Nothing is prepared; the editor starts the server with the variables that `cargo-peruser editor`
    /// has written.
    EditorsSettings,
}

pub(crate) fn tests() -> Vec<Test> {
    let test = |&(name, session, below): &(&str, Session, &'static str)| {
        let body = move |stage: &Stage| play(stage, session, below);
        test!(name, body).needs(&[Need::Cargo]).heavy()
    };
    TABLE.iter().map(test).collect()
}

/// The script that makes the calls without a rust-analyzer.
const CALLS: &str = include_str!("analyzer_calls.sh");

/// A package with a build script, a dependency that is a proc macro, and something to complain about.
const DEMO: Tree<'_> = &[
    (
        "Cargo.toml",
        package!(
            "demo",
            "[dependencies]\nmacros = { path = \"macros\" }\n[workspace]\nmembers = [\"macros\"]\n"
        ),
    ),
    ("build.rs", "fn main() { println!(\"cargo::rustc-env=WORD=scripted\"); }\n"),
    ("src/lib.rs", "pub mod both;\nmacros::speak!();\n"),
    (
        "src/both.rs",
        "pub fn both() -> u32 { let unheard = 3; crate::by_macro() }\n#[test]\n\
         fn adds() { assert_eq!((both(), env!(\"WORD\")), (2, \"scripted\")); }\n",
    ),
    ("macros/Cargo.toml", package!("macros", "[lib]\nproc-macro = true\n")),
    (
        "macros/src/lib.rs",
        "use proc_macro::TokenStream;\n#[proc_macro]\npub fn speak(_: TokenStream) -> TokenStream {\n    \
         \"pub fn by_macro() -> u32 { 2 }\".parse().unwrap()\n}\n",
    ),
];

fn play(stage: &Stage, session: Session, below_target: &str) {
    let root = stage.shared_root().provisioned();
    let (alice, bob) = (stage.person("alice"), stage.person("bob"));
    project::write(&stage.checkout, DEMO, &alice);
    alice.cargo(["generate-lockfile"]).with(Channel::Stable).run().ok();
    // Bob's cargos would fail if they write to the checkout.
    let is_private = session != Session::ShimOnPath;
    let people = if is_private { vec![&alice, &bob] } else { vec![&alice] };
    let servers: Vec<_> =
        people.iter().map(|person| server(person, session, below_target).start()).collect();
    for server in servers {
        server.finish().ok().prints("unused variable: `unheard`").prints("both::adds ... ok");
    }
    let is_split = stage.checkout.join("target").exists();
    assert!(is_split != is_private, "the checkout has a target directory: {is_split}");
    for person in people {
        let directory = root.join(person.name());
        private(&directory, person.uid());
        let built = [directory.join("target"), person.target()];
        let is_built = |place: &PathBuf| place.join(below_target).join("debug").is_dir();
        assert!(built.iter().any(is_built), "nothing was built in {built:?}");
        for (path, metadata) in below(&directory) {
            let uid = std::os::unix::fs::MetadataExt::uid(&metadata);
            assert!(uid == person.uid(), "`{}` is owned by {uid}", path.display());
        }
    }
}

/// The calls of a person's server, which reads the workspace once.
fn server<'p>(person: &'p Person<'_>, session: Session, below_target: &str) -> Invocation<'p> {
    let (bin, toolchain) = (person.home.join(".cargo/bin"), Channel::Stable.place());
    fs::create_dir_all(&bin).unwrap();
    for tool in ["cargo", "rustc"] {
        symlink(Path::new(toolchain).join("bin").join(tool), bin.join(tool)).unwrap();
    }
    project::give(&person.home, &format!("{0}:{0}", person.uid()));
    let variables = match session {
        Session::ShimOnPath => Value::Object(serde_json::Map::new()),
        Session::Exported => person.by_name(["env", "--format", "json"]).run().json(),
        Session::EditorsSettings => written_for_code(person),
    };
    let shim = if session == Session::EditorsSettings { "" } else { places::SHIM };
    let path = [shim, &bin.to_string_lossy(), places::PROGRAMS].join(":");
    let manifest = person.stage.checkout.join("Cargo.toml");
    let words = [&*manifest.to_string_lossy(), below_target, toolchain].map(str::to_owned);
    let run = person.shell(CALLS, words).limit(Duration::from_secs(300));
    let run = run.env("CARGO_NET_OFFLINE", "true").env("CARGO_TERM_COLOR", "never");
    let exported = variables.as_object().expect("an object").iter();
    let exported = exported.map(|(name, value)| (name, value.as_str().expect("a text")));
    exported.fold(run, |run, (name, value)| run.env(name, value)).env("PATH", path)
}

/// The variables that Visual Studio Code sets for the server by what `editor --write` has written.
fn written_for_code(person: &Person<'_>) -> Value {
    person.by_name(["editor", "vscode", "--write"]).run().ok();
    let file = person.home.join(".config/Code/User/settings.json");
    let settings: Value = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
    settings.get("rust-analyzer.server.extraEnv").cloned().expect("no `server.extraEnv`")
}
