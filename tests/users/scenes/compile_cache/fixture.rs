//! The fixture of the compile cache's tests: an installation, sccache, sources, Redis.

use std::net::TcpListener;
use std::net::TcpStream;
use std::os::unix::fs::FileTypeExt;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;

use rustix::process::Pid;
use rustix::process::Signal;
use rustix::process::kill_process;

use crate::prelude::*;

pub(super) use crate::stage::Invocation;

/// The manual's page: the tests run its examples.
const MANUAL: &str = include_str!("../../../../src/man/sharing.md");

/// The dependencies of a program.
#[derive(Clone, Copy)]
pub(super) enum Depends {
    /// Crates that compile quickly.
    OnFew,
    /// Also procedural macros, and crates that include a file from their build script.
    OnMany,
}

const FEW: &str = "anyhow = \"1\"\ncc = \"1\"\n";
const MORE: &str = "serde = { version = \"1\", features = [\"derive\"] }\n";
const MAIN: &str = "fn main() {\n    println!(\"{:?}\", option_env!(\"CARGO_TARGET_DIR\").unwrap_or_default());\n}\n";

/// An installation with its own program and its own sccache.
pub(super) struct Stand<'s> {
    stage: &'s Stage,
    prefix: PathBuf,
}

impl<'s> Stand<'s> {
    /// With a shared root as `setup` makes it.
    pub(super) fn new(stage: &'s Stage) -> Self {
        stage.shared_root().provisioned();
        let prefix = stage.at("prefix");
        let stand = Stand { stage, prefix };
        let program = stand.prefix.join("bin/cargo-peruser");
        for directory in ["bin", "lib/cargo-peruser/bin", "sccache"] {
            fs::create_dir_all(stand.prefix.join(directory)).unwrap();
        }
        fs::hard_link(Path::new(places::BY_NAME).join("cargo-peruser"), &program).unwrap();
        for link in ["bin/cargo", "bin/cargo-peruser", "rustc-wrapper"] {
            symlink(&program, stand.prefix.join("lib/cargo-peruser").join(link)).unwrap();
        }
        fs::hard_link(Path::new(places::SCCACHE).join("sccache"), stand.sccache()).unwrap();
        stand
    }

    /// sccache.
    pub(super) fn sccache(&self) -> PathBuf {
        self.prefix.join("sccache/sccache")
    }

    /// The wrapper through which cargo calls the compiler.
    pub(super) fn wrapper(&self) -> PathBuf {
        self.prefix.join("lib/cargo-peruser/rustc-wrapper")
    }

    /// A user with the crates in their CARGO_HOME.
    pub(super) fn resident(&self, name: &str) -> Person<'s> {
        let person = self.stage.person(name);
        project::stock_cargo_home(&person);
        person
    }

    /// Sources, as a checkout of them has them.
    pub(super) fn checkout(&self, directory: &Path, person: &Person<'_>, depends: Depends) {
        fs::create_dir_all(directory).unwrap();
        let more = if let Depends::OnMany = depends { MORE } else { "" };
        let manifest = format!(
            "[package]\nname = \"demo\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\
             [dependencies]\n{FEW}{more}[workspace]\n"
        );
        project::write(directory, &[("Cargo.toml", &manifest), ("src/main.rs", MAIN)], person);
    }

    /// The shim, the real cargo and the setting.
    pub(super) fn cargo<'p, const N: usize>(
        &self,
        person: &'p Person<'p>,
        words: [&str; N],
    ) -> Invocation<'p> {
        self.session(person.cargo(words).with(Channel::Stable), "/opt/stable/bin")
    }

    /// A line of shell in the same session.
    pub(super) fn shell<'p>(&self, person: &'p Person<'p>, script: &str) -> Invocation<'p> {
        let shell = person.program("/bin/sh", ["-c", script]).with(Channel::Stable);
        self.session(shell, "/opt/stable/bin")
    }

    /// The shim and the stub, without the setting.
    pub(super) fn stubbed<'p>(&self, person: &'p Person<'p>, words: &[&str]) -> Invocation<'p> {
        let run = self.session(person.cargo(words), places::STUB);
        run.unset("CARGO_PERUSER_COMPILE_CACHE")
    }

    fn session<'p>(&self, run: Invocation<'p>, cargo: &str) -> Invocation<'p> {
        let path = [
            self.prefix.join("lib/cargo-peruser/bin"),
            self.prefix.join("sccache"),
            cargo.into(),
            "/usr/bin".into(),
            "/bin".into(),
        ];
        run.path(path)
            .env("CARGO_PERUSER_COMPILE_CACHE", "sccache")
            // It ends by itself if a test does not stop it.
            .env("SCCACHE_IDLE_TIMEOUT", "60")
    }

    /// The requests to a user's newest server since the last call.
    pub(super) fn counts(&self, name: &str) -> Counts {
        let socket = sockets(&self.stage.root.join(name)).pop();
        self.counts_of(&socket.expect("no server has been started"))
    }

    /// The same for a server that listens there.
    pub(super) fn counts_of(&self, socket: &Path) -> Counts {
        let ask = |words: &[&str]| {
            let mut ask = Command::new(self.sccache());
            ask.args(words).env("SCCACHE_SERVER_UDS", socket).output()
        };
        let output = ask(&["--show-stats", "--stats-format", "json"]).unwrap();
        ask(&["--zero-stats"]).unwrap();
        let all: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let count = |name: &str| {
            let counts = all.pointer(&format!("/stats/{name}/counts"))?.as_object()?;
            counts.values().map(serde_json::Value::as_u64).sum::<Option<u64>>()
        };
        let count = |name| count(name).unwrap_or_else(|| panic!("{name} in {all}"));
        Counts { hits: count("cache_hits"), misses: count("cache_misses") }
    }

    /// Kills them.
    pub(super) fn kill(&self, name: &str) {
        self.signal(name, Signal::KILL);
    }

    /// Sends them a signal.
    pub(super) fn signal(&self, name: &str, signal: Signal) {
        let private = self.stage.root.join(name).to_string_lossy().into_owned();
        let listens = format!("SCCACHE_SERVER_UDS={private}/.sccache/");
        for process in servers(&listens) {
            let _ = kill_process(process, signal);
        }
    }

    /// Removes the files about them.
    pub(super) fn forget(&self, name: &str) {
        let place = self.stage.root.join(name).join(".sccache");
        for entry in place.read_dir().into_iter().flatten().flatten() {
            if entry.path().extension().is_some_and(|ending| ending == "state") {
                fs::remove_file(entry.path()).unwrap();
            }
        }
    }
}

impl Drop for Stand<'_> {
    fn drop(&mut self) {
        // All servers that were started on this stage, wherever they listen.
        let place = format!("SCCACHE_SERVER_UDS={}/", self.stage.directory.display());
        for process in servers(&place) {
            let _ = kill_process(process, Signal::KILL);
        }
    }
}

/// The sccache processes whose environment has a line with this beginning.
fn servers(beginning: &str) -> Vec<Pid> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let number = entry.file_name().to_string_lossy().parse().ok();
        let Some(process) = number.and_then(Pid::from_raw) else { continue };
        let program = fs::read_to_string(entry.path().join("comm")).unwrap_or_default();
        let environment = fs::read(entry.path().join("environ")).unwrap_or_default();
        let mut lines = environment.split(|byte| *byte == 0);
        if program.trim() == "sccache" && lines.any(|it| it.starts_with(beginning.as_bytes())) {
            found.push(process);
        }
    }
    found
}

/// The sockets of a private directory, the newest last.
pub(super) fn sockets(private_dir: &Path) -> Vec<PathBuf> {
    let entries = private_dir.join(".sccache").read_dir().into_iter().flatten().flatten();
    let sockets = entries.filter(|entry| entry.file_type().is_ok_and(|it| it.is_socket()));
    let mut sockets: Vec<PathBuf> = sockets.map(|entry| entry.path()).collect();
    sockets.sort_by_key(|path| path.metadata().and_then(|found| found.modified()).ok());
    sockets
}

/// How many files below a directory have this end.
pub(super) fn count(directory: &Path, ending: &str) -> usize {
    let found = try_below(directory).unwrap_or_default();
    found.iter().filter(|(path, _)| path.extension().is_some_and(|it| it == ending)).count()
}

/// The requests to a server.
#[derive(Debug)]
pub(super) struct Counts {
    pub(super) hits: u64,
    pub(super) misses: u64,
}

impl Counts {
    /// At least four of five were hits.
    pub(super) fn mostly_hits(&self) {
        let Counts { hits, misses } = self;
        assert!(*hits > 0 && hits * 5 >= (hits + misses) * 4, "{hits} hits and {misses} misses");
    }
}

/// A Redis server with the accounts of the manual.
pub(super) struct Redis {
    child: Child,
    port: u16,
}

impl Redis {
    pub(super) fn start(stage: &Stage) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let accounts = example("In `redis.conf`:");
        let settings = format!("port {port}\nbind 127.0.0.1\nsave \"\"\n{accounts}");
        let file = stage.at("redis.conf");
        make::file(&file, settings, 0, 0o600);
        let mut command = Command::new("redis-server");
        command.arg(file).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let redis = Redis { child: command.current_dir(&stage.directory).spawn().unwrap(), port };
        wait_until("redis-server does not listen", || {
            TcpStream::connect(("127.0.0.1", port)).is_ok()
        });
        redis
    }

    /// The environment of the account that writes.
    pub(super) fn writer<'p>(&self, run: Invocation<'p>) -> Invocation<'p> {
        self.account("for example a CI runner:", run)
    }

    /// The environment of an account that only reads.
    pub(super) fn reader<'p>(&self, run: Invocation<'p>) -> Invocation<'p> {
        self.account("In everybody else's environment:", run)
    }

    fn account<'p>(&self, recipe: &str, run: Invocation<'p>) -> Invocation<'p> {
        let text = example(recipe);
        let lines = text.lines().filter_map(|line| line.split_once('='));
        let port = self.port.to_string();
        lines.fold(run, |run, (name, value)| run.env(name, value.replace("6379", &port)))
    }

    /// How much it holds.
    pub(super) fn size(&self) -> u64 {
        let mut ask = Command::new("redis-cli");
        ask.args(["-p", &self.port.to_string(), "--user", "writer", "--pass", "secret-1"]);
        let output = ask.args(["--no-auth-warning", "dbsize"]).output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().parse().expect("dbsize")
    }

    pub(super) fn stop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The example after these words in the manual.
fn example(after: &str) -> &'static str {
    let text = MANUAL.split_once(after).map(|(_, text)| text);
    let text = text.and_then(|text| text.split_once("```\n")?.1.split_once("```"));
    text.unwrap_or_else(|| panic!("the manual has no example after `{after}`")).0
}

/// The run succeeded, and no message mentions the cache.
pub(super) fn quietly(run: Invocation<'_>) -> Outcome {
    let run = run.run();
    run.ok().never_says("cache").never_says("sccache:");
    run
}
