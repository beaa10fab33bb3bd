//! The server of sccache that belongs to one account: where it listens, and whether it answers.
//!
//! ```text
//! <private>/.sccache/       0700; below XDG_RUNTIME_DIR, where that would be too long
//!     <name>                the socket; one for each mount namespace, since a server of another one
//!                           sees other files by the same names, and for each sccache, since an older
//!                           or newer server may speak another protocol
//!     <name>.state          empty if the server has answered; otherwise what sccache said
//!     <name>.lock           held by whoever starts the server and asks it
//! ```
//! A server that somebody else can reach would run what they ask for as its owner. So nothing is
//! started or asked unless the directory is the caller's and nobody else can enter it.

use std::ffi::OsString;
use std::fs::{DirBuilder, File, Metadata, OpenOptions};
use std::io::{ErrorKind, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{FlockOperation, flock, ftruncate};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketType};
use rustix::process::{Pid, Signal, kill_process};

use crate::os::files;
use crate::os::snapshot::Snapshot;

/// The variable that tells sccache where its server listens.
pub(super) const SOCKET: &str = "SCCACHE_SERVER_UDS";
/// The variable that tells the wrapper which sccache to execute. Its name does not begin with `CARGO_`,
/// which would make it a part of sccache's keys.
pub(super) const PROGRAM: &str = "PERUSER_SCCACHE";

/// How long the path of a socket can be on every system, in bytes.
const MAX_PATH: usize = 103;

/// For how long an answer counts.
const ANSWERED: Duration = Duration::from_secs(60);
/// For how long nothing is asked after a failure.
const FAILED: Duration = Duration::from_secs(300);
/// How long it may take to start sccache's server and to ask it.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long others wait for whoever does that: a little longer, so that they learn what came of it.
const PATIENCE_OF_OTHERS: Duration = Duration::from_secs(12);
/// After how long a compilation is not waited for any more unless the server answers.
const SLOW: Timespec = Timespec { tv_sec: 10, tv_nsec: 0 };
/// After how long what a server has left is removed.
const FORGOTTEN: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// How often something is looked at that others will change.
const TICK: Duration = Duration::from_millis(5);

/// Why there is no answer, where sccache says nothing.
const FAULTY: &str = "it cannot be executed, or failed";
const TOO_LATE: &str = "it did not answer within 10 seconds; its storage may be out of reach";
const TOO_OLD: &str = "it is older than 0.10, or does not tell its version: such ones listen where everybody \
     can ask them to run something";

/// The first sccache that is known to listen at a path and nowhere else. One that does not know the variable
/// opens a port of the machine's, and runs as its owner what anybody asks for there.
const FIRST: (u32, u32) = (0, 10);

/// How the name of the file ends that holds what is known of a server.
const STATE: &str = "state";
/// The largest part of a state that is read, in bytes.
const MAX_STATE: u64 = 4 << 10;

/// Where the server of a private directory and of an sccache listens, if there is a place for it.
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

/// Why the server of a socket did not answer when it was last asked, if that is what counts yet.
pub(super) fn last_failure(socket: &Path) -> Option<String> {
    let state = File::open(socket.with_extension(STATE)).ok()?;
    let age = age(&state.metadata().ok()?)?;
    let text = read_from_start(&state).filter(|_| age < FAILED)?;
    let mut lines = text.lines().filter(|line| !line.trim().is_empty());
    let error = lines.clone().find(|line| line.contains("error"));
    error.or_else(|| lines.next_back()).map(|line| line.trim().to_owned())
}

/// How long ago a state was written.
fn age(state: &Metadata) -> Option<Duration> {
    SystemTime::now().duration_since(state.modified().ok()?).ok()
}

fn read_from_start(mut file: &File) -> Option<String> {
    let mut text = Vec::new();
    file.rewind().ok()?;
    file.take(MAX_STATE).read_to_end(&mut text).ok()?;
    Some(String::from_utf8_lossy(&text).into_owned())
}

/// Whether `sccache --version` says, perhaps among warnings, that it is one that listens only where it
/// is told to.
fn is_new_enough(said: &str) -> bool {
    let number = |part: Option<&str>| part?.parse().ok();
    let version = |line: &str| -> Option<(u32, u32)> {
        let mut parts = line.strip_prefix("sccache ")?.split('.');
        number(parts.next()).zip(number(parts.next()))
    };
    said.lines().find_map(version).is_some_and(|version| version >= FIRST)
}

/// Whether anything listens there. A server that takes no calls lets them queue up, and nobody
/// waits in that queue.
fn listens(socket: &Path) -> bool {
    let connect = || {
        let address = SocketAddrUnix::new(socket)?;
        let socket = rustix::net::socket(AddressFamily::UNIX, SocketType::STREAM, None)?;
        rustix::io::ioctl_fionbio(&socket, true)?;
        rustix::net::connect(&socket, &address)
    };
    connect().is_ok()
}

/// Whether a directory is that account's, and nobody else can enter it.
fn is_private(directory: &Path, uid: u32) -> bool {
    files::entry(directory).is_ok_and(|found| found.is_directory_only_for(uid))
}

/// A server, which may have to be started yet.
pub(super) struct Server {
    program: PathBuf,
    socket: PathBuf,
}

impl Server {
    /// The one that the environment names, where nobody else can reach it.
    pub(super) fn of(snapshot: &Snapshot) -> Option<Server> {
        let program = snapshot.absolute_path(PROGRAM)?;
        let socket = snapshot.absolute_path(SOCKET)?;
        let place = socket.parent()?;
        let is_private = || is_private(place, snapshot.uid);
        let make = || DirBuilder::new().mode(0o700).create(place).is_ok();
        (is_private() || (make() && is_private())).then_some(Server { program, socket })
    }

    /// Whether it answers. It is started if need be, and asked now and then; never for long.
    pub(super) fn is_ready(&self) -> bool {
        self.known().or_else(|| self.ask()).unwrap_or(false)
    }

    /// What is known without asking.
    fn known(&self) -> Option<bool> {
        let state = self.state().metadata().ok()?;
        let age = age(&state)?;
        match state.len() {
            0 => (age < ANSWERED && listens(&self.socket)).then_some(true),
            _ => (age < FAILED).then_some(false),
        }
    }

    fn state(&self) -> PathBuf {
        self.socket.with_extension(STATE)
    }

    /// Starts it if need be, asks it, and writes down what came of that. One process does, because a
    /// second server would take the first one's socket away; `None` if that took too long.
    fn ask(&self) -> Option<bool> {
        let lock = writable(&self.socket.with_extension("lock"))?;
        let start = Instant::now();
        while flock(&lock, FlockOperation::NonBlockingLockExclusive).is_err() {
            if start.elapsed() > PATIENCE_OF_OTHERS {
                return None;
            }
            std::thread::sleep(TICK);
        }
        self.known().or_else(|| {
            let new = self.socket.with_extension("new");
            let said = writable(&new)?;
            ftruncate(&said, 0).ok()?;
            let started = self.start(&said);
            match started {
                Ok(()) => ftruncate(&said, 0).ok()?,
                Err(reason) if said.metadata().is_ok_and(|said| said.len() == 0) => {
                    (&said).write_all(reason.as_bytes()).ok()?;
                }
                Err(_) => {}
            }
            std::fs::rename(&new, self.state()).ok()?;
            Some(started.is_ok())
        })
    }

    /// Starts it if need be, and asks it. What goes wrong is in `said`, if it says so.
    fn start(&self, said: &File) -> Result<(), &'static str> {
        let end = Instant::now() + PATIENCE;
        let mut command = self.command();
        command.arg("--version").stdout(said.try_clone().map_err(|_| FAULTY)?);
        run(command, said, end)?;
        let version = read_from_start(said).unwrap_or_default();
        // What it has warned of is not why.
        ftruncate(said, 0).map_err(|_| FAULTY)?;
        if !is_new_enough(&version) {
            return Err(TOO_OLD);
        }
        if !listens(&self.socket) {
            self.forget_others();
            run(self.starting(), said, end)?;
        }
        let mut command = self.command();
        command.arg("--show-stats").stdout(Stdio::null());
        run(command, said, end)?;
        listens(&self.socket).then_some(()).ok_or(FAULTY)
    }

    /// Removes what other servers have left that are long gone, as those of containers are.
    fn forget_others(&self) {
        let place = self.socket.parent().and_then(|place| place.read_dir().ok());
        for state in place.into_iter().flatten().flatten() {
            let (state, written) = (state.path(), state.metadata());
            let is_old = written.is_ok_and(|it| age(&it).is_some_and(|age| age > FORGOTTEN));
            let socket = state.with_extension("");
            // Whoever waits for this one's lock must find it.
            let is_another =
                state.extension().is_some_and(|it| it == STATE) && socket != self.socket;
            if is_another && is_old && !listens(&socket) {
                for path in [socket.with_extension("lock"), state, socket] {
                    let _ = std::fs::remove_file(path);
                }
            }
        }
    }

    /// What starts the server. It lives on, so it holds nothing open that whoever builds has opened (a lock
    /// of theirs, a pipe that somebody reads to its end), and keeps its files where they stay.
    fn starting(&self) -> Command {
        let close = "exec 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-; exec \"$0\" --start-server";
        let mut command = Command::new("/bin/sh");
        command.args(["-c", close]).arg(&self.program).stdout(Stdio::null());
        command.envs(self.variables()).env_remove("SCCACHE_NO_DAEMON");
        if let Some(place) = self.socket.parent() {
            command.env("TMPDIR", place);
        }
        command
    }

    /// Which server sccache speaks to: this one and no other, as nobody can listen on port 0.
    fn variables(&self) -> [(&'static str, OsString); 2] {
        [(SOCKET, self.socket.clone().into()), ("SCCACHE_SERVER_PORT", "0".into())]
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        // Without a daemon the client would keep what it starts, and wait for it.
        command.envs(self.variables()).env_remove("SCCACHE_NO_DAEMON");
        command
    }

    /// Compiles, without the variables `hidden`. What the compiler has written to stderr, if all went
    /// well; whatever went wrong, the compiler itself will say it better.
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
        let (mut said, mut block) = (Vec::new(), [0; 8 << 10]);
        loop {
            let mut ready = [PollFd::new(&pipe, PollFlags::IN)];
            if poll(&mut ready, Some(&SLOW)) == Ok(0) {
                // What is known is from before this.
                let _ = std::fs::remove_file(self.state());
                if self.ask() == Some(true) {
                    continue;
                }
                kill(child);
                return None;
            }
            match pipe.read(&mut block) {
                Ok(0) => break,
                Ok(length) => said.extend_from_slice(block.get(..length)?),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return None,
            }
        }
        child.wait().is_ok_and(|status| status.success()).then_some(said)
    }
}

/// Whether sccache does that before `end`; what it complains about goes to `said`. What it starts may keep
/// that open for longer.
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

/// Opens a file to read and to append to, and makes it, mode 0600.
fn writable(path: &Path) -> Option<File> {
    OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(path).ok()
}

fn kill(mut child: Child) {
    // It has not been waited for, so its number is still its own.
    let _ = kill_process(Pid::from_child(&child), Signal::KILL);
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
