//! The sessions in which editors are started, from one without any preparation to one with all settings.

use serde_json::Value;

use super::CHANNEL;
use crate::prelude::*;

/// How the session was prepared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Session {
    /// Only the shim is first on PATH.
    ShimOnPath,
    /// The same, started from a cargo, which sets `CARGO`, for example by `cargo run` of an editor.
    ShimOnPathInsideCargo,
    /// The session exports the output of `cargo-peruser env`.
    Exported,
    /// The same, started from a cargo.
    ExportedInsideCargo,
    /// The user has run `cargo-peruser setup`, and the editor reads its environment from a login shell,
    /// as editors do that are not started from one.
    SetUp,
    /// Nothing is exported; the editor starts the server with the variable, by the settings that
    /// `cargo-peruser editor` writes for it.
    EditorsServer,
    /// Nothing is exported; the editor sends the variable to the server as a setting.
    EditorsSetting,
    /// Nothing is exported; the server's own settings file has the variable, as `cargo-peruser editor`
    /// writes it.
    SettingsFile,
    /// The same, and the editor sends an empty table, like editors that send every setting they know.
    SettingsFileOutvoted,
}

/// A session that is ready for an editor.
pub(super) struct Ready {
    environment: Vec<(String, String)>,
    shell: Option<[&'static str; 4]>,
    /// The variables that the server adds to the environment each time that it reads the workspace. The
    /// first time, it has not read its settings file yet.
    pub(super) rounds: Vec<String>,
}

impl Session {
    /// Prepares the session.
    pub(super) fn prepare(self, person: &Person<'_>) -> Ready {
        let path = format!("{}:{}", person.home.join(".cargo/bin").display(), places::PROGRAMS);
        let exports = exports(person, &path);
        let target = exports.iter().find(|(name, _)| name == "CARGO_TARGET_DIR");
        let (name, value) = target.expect("no target directory is exported");
        let assignment = format!("{name}={value}");
        let shim_first = format!("{}:{path}", shim_dir(person.stage).display());
        let inside = ("CARGO".to_owned(), format!("{}/bin/cargo", CHANNEL.recorded()));
        let plain = Ready {
            environment: vec![("PATH".into(), path.clone())],
            shell: None,
            rounds: vec![String::new()],
        };
        match self {
            Session::ShimOnPath => plain.with([("PATH".into(), shim_first)]),
            Session::ShimOnPathInsideCargo => plain.with([("PATH".into(), shim_first), inside]),
            Session::Exported => plain.with(exports),
            Session::ExportedInsideCargo => plain.with(exports).with([inside]),
            Session::SetUp => {
                set_up(person, &path);
                Ready { shell: Some(["/bin/sh", "-lc", "exec \"$@\"", "sh"]), ..plain }
            }
            Session::EditorsServer => plain.with(written_for_code(person)),
            Session::EditorsSetting => Ready { rounds: vec![assignment], ..plain },
            Session::SettingsFile => {
                write_settings(person, "rust-analyzer");
                Ready { rounds: vec![String::new(), assignment], ..plain }
            }
            Session::SettingsFileOutvoted => {
                write_settings(person, "rust-analyzer");
                plain
            }
        }
    }
}

impl Ready {
    fn with(mut self, more: impl IntoIterator<Item = (String, String)>) -> Self {
        self.environment.extend(more);
        self
    }

    /// Runs a program in the session, and records the cargos that it calls.
    pub(super) fn run<'p>(
        &self,
        invocation: Invocation<'p>,
        person: &Person<'_>,
    ) -> Invocation<'p> {
        let invocation = invocation
            .env("CARGO_NET_OFFLINE", "true")
            .env("CARGO_TERM_COLOR", "never")
            .env("TMPDIR", person.home.join("tmp"))
            .env(RECORD, record(person));
        let set = |invocation: Invocation<'p>, (name, value): &(String, String)| {
            invocation.env(name, value)
        };
        let invocation = self.environment.iter().fold(invocation, set);
        match self.shell {
            Some(shell) => invocation.after(shell),
            None => invocation,
        }
    }
}

/// The binary as it is installed, with the shim beside it.
pub(super) fn install(stage: &Stage) {
    let prefix = stage.at("prefix");
    fs::create_dir_all(prefix.join("bin")).unwrap();
    fs::create_dir_all(shim_dir(stage)).unwrap();
    let program = prefix.join("bin/cargo-peruser");
    fs::copy(Path::new(places::BY_NAME).join("cargo-peruser"), &program).unwrap();
    make::link(&shim_dir(stage).join("cargo"), &program, 0);
}

/// The file with the recorded calls of that user.
pub(super) fn record(person: &Person<'_>) -> PathBuf {
    person.home.join("tmp/calls")
}

fn shim_dir(stage: &Stage) -> PathBuf {
    stage.at("prefix/lib/cargo-peruser/bin")
}

/// The variables of the user's session, as setup's hooks export them.
fn exports(person: &Person<'_>, path: &str) -> Vec<(String, String)> {
    let program = person.stage.at("prefix/bin/cargo-peruser");
    let asked = person.program(program, ["env", "--format", "json"]);
    let said = asked.env("PATH", path).run();
    variables(said.json())
}

/// Runs setup as the user: below their home, with hooks in their own start-up files.
fn set_up(person: &Person<'_>, path: &str) {
    let program = format!("{}/cargo-peruser", places::BY_NAME);
    person.program(&program, ["setup"]).env("PATH", path).run().ok();
}

/// Writes the settings of an editor.
fn write_settings(person: &Person<'_>, editor: &str) {
    person.by_name(["editor", editor, "--write"]).run().ok();
}

/// The variables that Visual Studio Code then sets for the server.
fn written_for_code(person: &Person<'_>) -> Vec<(String, String)> {
    write_settings(person, "vscode");
    let file = person.home.join(".config/Code/User/settings.json");
    let settings: Value = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
    let written = settings.get("rust-analyzer.server.extraEnv").cloned();
    variables(written.expect("no `server.extraEnv`"))
}

fn variables(object: Value) -> Vec<(String, String)> {
    let Value::Object(object) = object else { panic!("no object: {object}") };
    let text = |(name, value): (String, Value)| Some((name, value.as_str()?.to_owned()));
    object.into_iter().map(text).collect::<Option<_>>().expect("a value is no text")
}

/// The name of the toolchain that everyone has by default.
const TOOLCHAIN: &str = "machine";

/// The variable with the file in which calls are recorded.
const RECORD: &str = "CARGO_CALLS";

/// Makes `~/.cargo`, `~/.rustup` and a directory for temporary files.
pub(super) fn settle_in(person: &Person<'_>) {
    let home = &person.home;
    for directory in [".cargo/bin", ".rustup/toolchains", "tmp"] {
        fs::create_dir_all(home.join(directory)).unwrap();
    }
    for name in ["cargo", "rustc", "rustfmt", "rustup"] {
        let proxy = home.join(".cargo/bin").join(name);
        make::link(&proxy, &Path::new(places::RUSTUP).join("rustup"), person.uid());
    }
    let toolchain = home.join(".rustup/toolchains").join(TOOLCHAIN);
    make::link(&toolchain, Path::new(&CHANNEL.recorded()), person.uid());
    let settings = format!("version = \"12\"\ndefault_toolchain = \"{TOOLCHAIN}\"\n");
    fs::write(home.join(".rustup/settings.toml"), settings).unwrap();
    project::give(home, &format!("{0}:{0}", person.uid()));
}
