//! The line to a language server: JSON-RPC messages over its standard input and output.
//!
//! The server runs in a process namespace of its own, of which it is the first process: when it
//! ends, however it ends, the kernel ends every cargo that it has started, whatever process group
//! that has moved to. It has a network of its own as well, with nobody in it: a server that misses
//! a component asks rustup to fetch it.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::Value;

/// How long a server may live, everything that it is asked included.
const LIMIT: Duration = Duration::from_secs(240);

/// A running server.
pub(super) struct Wire {
    child: Child,
    input: Option<ChildStdin>,
    messages: Receiver<Value>,
    complaints: PathBuf,
    until: Instant,
}

impl Wire {
    /// Starts the server, whose stderr goes to the file `complaints`.
    pub(super) fn start(server: &Command, complaints: PathBuf) -> Result<Self> {
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig=KILL", "unshare", "--net", "--pid", "--fork", "--kill-child"]);
        command.arg(server.get_program()).args(server.get_args());
        if let Some(directory) = server.get_current_dir() {
            command.current_dir(directory);
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(File::create(&complaints)?);
        let mut child = command.process_group(0).spawn().context("no server")?;
        let (input, output) = (child.stdin.take(), child.stdout.take());
        let (sender, messages) = channel();
        let until = Instant::now() + LIMIT;
        // From here on the child is ended in any case.
        let wire = Wire { child, input, messages, complaints, until };
        let output = BufReader::new(output.context("no output")?);
        // It ends with the output, which nobody holds open longer than the server lives.
        thread::spawn(move || read_all(output, &sender));
        Ok(wire)
    }

    /// Sends a message.
    pub(super) fn send(&mut self, message: &Value) -> Result<()> {
        let text = message.to_string();
        let input = self.input.as_mut().context("the server has been let go")?;
        let sent = write!(input, "Content-Length: {}\r\n\r\n{text}", text.len());
        sent.and_then(|()| input.flush()).with_context(|| self.complains())
    }

    /// The next message; `None` if there is none for that long.
    pub(super) fn receive(&self, patience: Duration) -> Result<Option<Value>> {
        let left = self.until.saturating_duration_since(Instant::now());
        ensure!(!left.is_zero(), "the server took longer than {LIMIT:?}\n{}", self.complains());
        match self.messages.recv_timeout(patience.min(left)) {
            Ok(message) => Ok(Some(message)),
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => bail!("the server ended\n{}", self.complains()),
        }
    }

    /// Waits for the end of a server that was asked to end.
    pub(super) fn close(mut self) -> Result<()> {
        self.input = None;
        loop {
            if let Some(status) = self.child.try_wait()? {
                ensure!(status.success(), "the server ended with {status}\n{}", self.complains());
                return Ok(());
            }
            ensure!(Instant::now() < self.until, "the server does not end\n{}", self.complains());
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// What the server wrote to stderr.
    pub(super) fn complains(&self) -> String {
        fs::read_to_string(&self.complaints).unwrap_or_default()
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            // It has not been waited for, so its id is still its own and its group's.
            let _ = kill_process_group(Pid::from_child(&self.child), Signal::KILL);
            let _ = self.child.wait();
        }
    }
}

fn read_all(mut output: BufReader<ChildStdout>, sender: &Sender<Value>) {
    while let Ok(message) = read_one(&mut output) {
        if sender.send(message).is_err() {
            return;
        }
    }
}

fn read_one(output: &mut impl BufRead) -> Result<Value> {
    let mut length = None;
    loop {
        let mut line = String::new();
        ensure!(output.read_line(&mut line)? > 0, "the end");
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        if name.eq_ignore_ascii_case("content-length") {
            length = Some(value.parse()?);
        }
    }
    let mut body = vec![0; length.context("a message without length")?];
    output.read_exact(&mut body)?;
    Ok(serde_json::from_slice(&body)?)
}
