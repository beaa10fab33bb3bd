//! An account's sccache server: where it listens, and whether it answers.
//!
//! ```text
//! <private>/.sccache/       0700; below XDG_RUNTIME_DIR if the path would be too long
//!     <name>                the socket; one for each mount namespace, since a server in another one
//!                           sees other files under the same names, and one for each sccache, since
//!                           an older or newer server may speak another protocol
//!     <name>.state          whether the server has answered, or why not
//!     <name>.lock           held by the process that starts the server and asks it; sccache's output
//! ```
//! A server runs compilers as its owner for anyone who can reach it. So nothing is started or asked
//! unless the caller owns the directory and no one else can enter it.

use std::ffi::OsString;
use std::fs::{DirBuilder, File, Metadata, OpenOptions};
use std::io::{Read, Seek};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant, SystemTime};

use rustix::net::{AddressFamily, SocketAddrUnix, SocketType};

use crate::os::files;
use crate::os::snapshot::Snapshot;

/// The variable with the path of the server's socket.
pub(super) const SOCKET: &str = "SCCACHE_SERVER_UDS";
/// The variable with the sccache program for the wrapper. Its name does not begin with `CARGO_`, so
/// that it does not become part of sccache's keys.
pub(super) const PROGRAM: &str = "PERUSER_SCCACHE";

/// The longest path of a socket that every system accepts, in bytes.
const MAX_PATH: usize = 103;

/// How long an answer is valid.
const ANSWERED: Duration = Duration::from_secs(60);
/// How long the server is not asked again after a failure.
const FAILED: Duration = Duration::from_secs(300);
/// How long starting the server and asking it may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long other processes wait for the one that does that: a little longer, so that they learn the
/// result.
const PATIENCE_OF_OTHERS: Duration = Duration::from_secs(12);
/// How long to wait for a compilation before asking whether the server still answers.
const SLOW: Duration = Duration::from_secs(10);
/// The age at which a dead server's files are removed.
const FORGOTTEN: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// How often a file or process is polled.
const TICK: Duration = Duration::from_millis(5);

/// The reason if sccache reports none.
const FAULTY: &str = "it cannot be executed, or failed";
const TOO_LATE: &str = "it did not answer within 10 seconds; its storage may be unreachable";
const TOO_OLD: &str = "it is older than 0.10, or its version is unknown: an older server listens on a port \
     where every user can make it run programs";

/// The first sccache that listens only at the given path. An older one does not know the variable: it
/// opens a port of the machine, and compiles as its owner for anyone who connects.
const FIRST: (u32, u32) = (0, 10);

/// The text of the state file of a server that has answered.
const HAS_ANSWERED: &str = "answered";
/// The extension of a server's state file.
const STATE: &str = "state";
/// How much of a state file is read, in bytes.
const MAX_STATE: u64 = 4 << 10;

/// The path of the socket for a private directory and an sccache program, if one is short enough.
pub(super) fn socket(private_dir: &Path, program: &Path, snapshot: &Snapshot) -> Option<PathBuf> {
    let runtime = snapshot.absolute_path("XDG_RUNTIME_DIR");
    let runtime = runtime.filter(|directory| is_private(directory, snapshot.uid));
    let places =
        [Some(private_dir.join(".sccache")), runtime.map(|place| place.join("cargo-peruser"))];
    let namespace = std::fs::read_link("/proc/self/ns/mnt").unwrap_or_default();
    let number: String = namespace.to_string_lossy().chars().filter(char::is_ascii_digit).collect();
    let name = format!("{number}-{:x}", std::fs::metadata(program).ok()?.ino());
    let mut sockets = places.into_iter().flatten().map(|place| place.join(&name));
    sockets.find(|socket| socket.as_os_str().len() <= MAX_PATH)
}

/// The text of the state file, if it is still valid. One that is only begun is empty, and not valid.
fn stored(socket: &Path) -> Option<String> {
    let state = File::open(socket.with_extension(STATE)).ok()?;
    let text = read_from_start(&state).filter(|text| !text.is_empty())?;
    let limit = if text == HAS_ANSWERED { ANSWERED } else { FAILED };
    (age(&state.metadata().ok()?)? < limit).then_some(text)
}

/// Why the server did not answer when it was last asked, if that is still valid.
pub(super) fn last_failure(socket: &Path) -> Option<String> {
    let text = stored(socket).filter(|text| text != HAS_ANSWERED)?;
    let mut lines = text.lines().filter(|line| !line.trim().is_empty());
    let error = lines.clone().find(|line| line.contains("error"));
    error.or_else(|| lines.next_back()).map(|line| line.trim().to_owned())
}

/// The age of a state file.
fn age(state: &Metadata) -> Option<Duration> {
    SystemTime::now().duration_since(state.modified().ok()?).ok()
}

fn read_from_start(mut file: &File) -> Option<String> {
    let mut text = Vec::new();
    file.rewind().ok()?;
    file.take(MAX_STATE).read_to_end(&mut text).ok()?;
    Some(String::from_utf8_lossy(&text).into_owned())
}

/// Whether the output of `sccache --version`, possibly with warnings, names a version that listens only
/// at the given path.
fn is_new_enough(said: &str) -> bool {
    let number = |part: Option<&str>| part?.parse().ok();
    let version = |line: &str| -> Option<(u32, u32)> {
        let mut parts = line.strip_prefix("sccache ")?.split('.');
        number(parts.next()).zip(number(parts.next()))
    };
    said.lines().find_map(version).is_some_and(|version| version >= FIRST)
}

/// Whether a process listens on the socket. If a server does not accept calls, they queue up; this check
/// does not wait in that queue.
fn listens(socket: &Path) -> bool {
    let connect = || {
        let address = SocketAddrUnix::new(socket)?;
        let socket = rustix::net::socket(AddressFamily::UNIX, SocketType::STREAM, None)?;
        rustix::io::ioctl_fionbio(&socket, true)?;
        rustix::net::connect(&socket, &address)
    };
    connect().is_ok()
}

/// Whether this account owns a directory that no one else can enter.
fn is_private(directory: &Path, uid: u32) -> bool {
    files::entry(directory).is_ok_and(|found| found.is_directory_only_for(uid))
}

/// A server, which may not be running yet.
pub(super) struct Server {
    program: PathBuf,
    socket: PathBuf,
}

impl Server {
    /// The server that the environment names, if no one else can reach it.
    pub(super) fn of(snapshot: &Snapshot) -> Option<Server> {
        let program = snapshot.absolute_path(PROGRAM)?;
        let socket = snapshot.absolute_path(SOCKET)?;
        let place = socket.parent()?;
        let is_private = || is_private(place, snapshot.uid);
        let make = || DirBuilder::new().mode(0o700).create(place).is_ok();
        (is_private() || (make() && is_private())).then_some(Server { program, socket })
    }

    /// Whether it answers. Starts it if necessary, and asks it now and then; never waits for long.
    pub(super) fn is_ready(&self) -> bool {
        self.stored_answer().or_else(|| self.ask()).unwrap_or(false)
    }

    /// The last answer, if it is still valid.
    fn stored_answer(&self) -> Option<bool> {
        let has_answered = stored(&self.socket)? == HAS_ANSWERED;
        (!has_answered || listens(&self.socket)).then_some(has_answered)
    }

    fn state(&self) -> PathBuf {
        self.socket.with_extension(STATE)
    }

    /// Starts the server if necessary, asks it, and stores the result. Only one process does this at a
    /// time, because a second server would steal the first one's socket; `None` if waiting for it took
    /// too long.
    fn ask(&self) -> Option<bool> {
        let open = || writable(&self.socket.with_extension("lock"));
        let (lock, said) = (open()?, open()?);
        let start = Instant::now();
        while lock.try_lock().is_err() {
            if start.elapsed() > PATIENCE_OF_OTHERS {
                return None;
            }
            std::thread::sleep(TICK);
        }
        self.stored_answer().or_else(|| {
            said.set_len(0).ok()?;
            let reason = self.start(&said).err().map(|reason| {
                let told = read_from_start(&said).filter(|told| !told.trim().is_empty());
                told.unwrap_or_else(|| reason.to_owned())
            });
            std::fs::write(self.state(), reason.as_deref().unwrap_or(HAS_ANSWERED)).ok()?;
            Some(reason.is_none())
        })
    }

    /// Starts the server if necessary, and asks it. `said` receives sccache's error messages.
    fn start(&self, said: &File) -> Result<(), &'static str> {
        let end = Instant::now() + PATIENCE;
        let mut command = self.command();
        command.arg("--version").stdout(said.try_clone().map_err(|_| FAULTY)?);
        run(command, said, end)?;
        let version = read_from_start(said).unwrap_or_default();
        // Its warnings are not the reason of a failure.
        said.set_len(0).map_err(|_| FAULTY)?;
        if !is_new_enough(&version) {
            return Err(TOO_OLD);
        }
        if !listens(&self.socket) {
            self.remove_dead_servers();
            run(self.start_command(), said, end)?;
        }
        let mut command = self.command();
        command.arg("--show-stats").stdout(Stdio::null());
        run(command, said, end)?;
        listens(&self.socket).then_some(()).ok_or(FAULTY)
    }

    /// Removes the files of other servers that ended long ago, such as those of containers.
    fn remove_dead_servers(&self) {
        let place = self.socket.parent().and_then(|place| place.read_dir().ok());
        for state in place.into_iter().flatten().flatten() {
            let (state, written) = (state.path(), state.metadata());
            let is_old = written.is_ok_and(|it| age(&it).is_some_and(|age| age > FORGOTTEN));
            let socket = state.with_extension("");
            // A process that waits for this server's lock must find it.
            let is_another =
                state.extension().is_some_and(|it| it == STATE) && socket != self.socket;
            if is_another && is_old && !listens(&socket) {
                for path in [socket.with_extension("lock"), state, socket] {
                    let _ = std::fs::remove_file(path);
                }
            }
        }
    }

    /// The command that starts the server. The server outlives the build, so it must not keep the
    /// build's open files (a lock, a pipe whose end a reader waits for), and its own files must be
    /// where they stay.
    fn start_command(&self) -> Command {
        let close = "exec 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-; exec \"$0\" --start-server";
        let mut command = Command::new("/bin/sh");
        command.args(["-c", close]).arg(&self.program).stdout(Stdio::null());
        command.envs(self.variables()).env_remove("SCCACHE_NO_DAEMON");
        if let Some(place) = self.socket.parent() {
            command.env("TMPDIR", place);
        }
        command
    }

    /// The variables that select this server and no other: nothing can listen on port 0.
    fn variables(&self) -> [(&'static str, OsString); 2] {
        [(SOCKET, self.socket.clone().into()), ("SCCACHE_SERVER_PORT", "0".into())]
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        // Without a daemon the client would run the server itself, and wait for it.
        command.envs(self.variables()).env_remove("SCCACHE_NO_DAEMON");
        command
    }

    /// Compiles, without the variables in `hidden`. Returns the compiler's stderr on success. After a
    /// failure the caller runs the compiler itself, which reports it better.
    pub(super) fn compile(
        &self,
        words: &[OsString],
        hidden: impl Iterator<Item = OsString>,
    ) -> Option<Vec<u8>> {
        let mut command = self.command();
        hidden.for_each(|name| {
            command.env_remove(name);
        });
        let mut child = command.args(words).stderr(Stdio::piped()).spawn().ok()?;
        let mut pipe = child.stderr.take()?;
        let (sender, told) = mpsc::channel();
        let reader = std::thread::Builder::new().spawn(move || {
            let mut said = Vec::new();
            let read = pipe.read_to_end(&mut said);
            sender.send(read.map(|_| said))
        });
        if reader.is_err() {
            // The limit of processes has been reached.
            kill(child);
            return None;
        }
        loop {
            if let Ok(said) = told.recv_timeout(SLOW) {
                let has_succeeded = child.wait().is_ok_and(|status| status.success());
                return said.ok().filter(|_| has_succeeded);
            }
            // The stored answer is older than this.
            let _ = std::fs::remove_file(self.state());
            if self.ask() != Some(true) {
                kill(child);
                return None;
            }
        }
    }
}

/// Runs an sccache command that has to succeed before `end`; `said` receives its error messages. The
/// server that it starts may keep that file open longer.
fn run(mut command: Command, said: &File, end: Instant) -> Result<(), &'static str> {
    let said = said.try_clone().map_err(|_| FAULTY)?;
    let mut child = command.stdin(Stdio::null()).stderr(said).spawn().map_err(|_| FAULTY)?;
    while Instant::now() < end {
        match child.try_wait() {
            Ok(None) => std::thread::sleep(TICK),
            Ok(Some(status)) if status.success() => return Ok(()),
            _ => return Err(FAULTY),
        }
    }
    kill(child);
    Err(TOO_LATE)
}

/// Opens a file to read and append, and creates it with mode 0600.
fn writable(path: &Path) -> Option<File> {
    OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(path).ok()
}

fn kill(mut child: Child) {
    let _ = child.kill();
    let _ = child.wait();
}

#[cfg(test)]
mod tests {
    use super::is_new_enough;

    #[test]
    fn only_a_version_that_listens_where_it_is_told_to_is_started() {
        for (told, expected) in [
            ("sccache 0.16.0\n", true),
            ("sccache 0.10.0-pre.1", true),
            ("sccache 1.0.0", true),
            ("sccache 0.9.1", false),
            ("sccache 0.4.0~~pre6", false),
            ("sccache", false),
            ("", false),
            ("warning: old settings\nsccache 0.16.0\n", true),
        ] {
            assert_eq!(is_new_enough(told), expected, "{told}");
        }
    }
}
