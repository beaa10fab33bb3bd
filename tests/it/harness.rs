//! A world for one test: a shared root, a shim, a stub, a home and a checkout in a temporary
//! directory, with nothing of the caller's own environment in it.
//!
//! ```text
//! [WORLD]/root        the shared root, 0755 and the caller's own
//! [WORLD]/shim/cargo  cargo-peruser under the name cargo
//! [WORLD]/stub/cargo  the cargo that takes notes
//! [WORLD]/home        HOME
//! [WORLD]/checkout    where everything runs
//! [WORLD]/tmp         TMPDIR, for what other programs leave there
//! ```

mod machine;
mod run;

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

pub(crate) use machine::{chmod, mode, not_as_root, obstacle, person};
pub(crate) use run::{Invocation, bytes, closed_pipe};

use machine::SCRATCH;

/// The binary that is tested.
pub(crate) const PERUSER: &str = env!("CARGO_BIN_EXE_cargo-peruser");

/// The variable that holds the shared root.
pub(crate) const ROOT: &str = "CARGO_PERUSER_SHARED_ROOT";

/// One test's world. Everything in it goes away with it.
pub(crate) struct World {
    directory: TempDir,
    top: PathBuf,
    variables: BTreeMap<OsString, OsString>,
}

impl World {
    /// A world with a shared root, named by a variable.
    pub(crate) fn new() -> World {
        let mut builder = tempfile::Builder::new();
        let directory =
            builder.prefix("peruser-it-").tempdir_in(SCRATCH.as_ref().unwrap()).unwrap();
        let top = directory.path().canonicalize().unwrap();
        let world = World { directory, top, variables: BTreeMap::new() };
        for name in ["root", "shim", "stub", "home", "checkout", "tmp"] {
            world.directory(name, 0o755);
        }
        symlink(PERUSER, world.at("shim/cargo")).unwrap();
        symlink(std::env::current_exe().unwrap(), world.at("stub/cargo")).unwrap();
        let path = world.search_path(["shim", "stub"]);
        let world = world.with("PATH", path);
        let [root, home, tmp] = ["root", "home", "tmp"].map(|name| world.at(name));
        world.with(ROOT, root).with("HOME", home).with("TMPDIR", tmp)
    }

    /// A world without a shared root.
    pub(crate) fn without_root() -> World {
        let mut world = World::new();
        world.variables.remove(OsStr::new(ROOT));
        world
    }

    /// Sets a variable for every run.
    pub(crate) fn with(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> World {
        self.variables.insert(name.as_ref().into(), value.as_ref().into());
        self
    }

    /// A path in this world.
    pub(crate) fn at(&self, path: impl AsRef<Path>) -> PathBuf {
        // An empty path would leave a slash behind.
        if path.as_ref().as_os_str().is_empty() { self.top.clone() } else { self.top.join(path) }
    }

    /// The caller's private directory below the shared root.
    pub(crate) fn private(&self) -> PathBuf {
        self.at("root").join(person())
    }

    /// Makes a directory with exactly this mode.
    pub(crate) fn directory(&self, path: impl AsRef<Path>, mode: u32) -> PathBuf {
        let path = self.at(path);
        fs::create_dir_all(&path).unwrap();
        chmod(&path, mode);
        path
    }

    /// Makes a file, mode 0644 whatever the umask is.
    pub(crate) fn file(&self, path: impl AsRef<Path>, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.at(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        chmod(&path, 0o644);
        path
    }

    /// Makes an executable. Another process writes it: what a sibling test starts at the same time
    /// would inherit our descriptor, and the system executes nothing that is open for writing.
    pub(crate) fn executable(&self, path: impl AsRef<Path>, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.at(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let mut shell = Command::new("sh");
        shell.args(["-c", "umask 022; cat >\"$0\" && chmod 0755 \"$0\""]).arg(&path);
        let mut child = shell.stdin(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(content.as_ref()).unwrap();
        assert!(child.wait().unwrap().success(), "{}", path.display());
        path
    }

    /// Makes a `cargo` in this directory that prints its own path and its arguments.
    pub(crate) fn cargo_in(&self, directory: &str) -> PathBuf {
        let text = "#!/bin/sh\nprintf '%s' \"$0\"; printf ' %s' \"$@\"; printf '\\n'\n";
        self.executable(Path::new(directory).join("cargo"), text)
    }

    /// A search path of directories in this world; absolute and empty entries stay.
    pub(crate) fn search_path<const N: usize>(&self, entries: [&str; N]) -> OsString {
        entries.map(|entry| self.at(entry).into_os_string()).join(OsStr::new(":"))
    }

    /// Runs `cargo`, found on PATH as a shell finds it: the shim.
    pub(crate) fn shim<A: AsRef<OsStr>>(
        &self,
        args: impl IntoIterator<Item = A>,
    ) -> Invocation<'_> {
        self.run("cargo", args)
    }

    /// Runs `cargo-peruser`.
    pub(crate) fn by_name<A: AsRef<OsStr>>(
        &self,
        args: impl IntoIterator<Item = A>,
    ) -> Invocation<'_> {
        self.run(PERUSER, args)
    }

    /// Runs `cargo-peruser peruser …`, as cargo runs its subcommands, with this `$CARGO`.
    pub(crate) fn subcommand<A: AsRef<OsStr>>(
        &self,
        cargo: &Path,
        args: impl IntoIterator<Item = A>,
    ) -> Invocation<'_> {
        self.run(PERUSER, ["peruser"]).args(args).env("CARGO", cargo)
    }

    /// What stands in the shared root and in the home, to show that nothing was made there.
    pub(crate) fn made(&self) -> Vec<String> {
        let mut found = Vec::new();
        for place in ["root", "home"] {
            list(&self.at(place), place, &mut found);
        }
        found.sort();
        found
    }

    /// `text` with what differs between machines replaced.
    pub(crate) fn redact(&self, text: &str) -> String {
        let (me, uid) = (person(), rustix::process::getuid());
        text.replace(&*self.top.to_string_lossy(), "[WORLD]")
            .replace(&format!("[WORLD]/root/{me}"), "[WORLD]/root/[ME]")
            .replace(&format!("{me} (uid {uid})"), "[ME] (uid [UID])")
            .replace(&format!("-o {me} -g"), "-o [ME] -g")
    }
}

impl Drop for World {
    fn drop(&mut self) {
        // Directories that their owner may not enter could not be taken away.
        let _ = Command::new("chmod").args(["-R", "u+rwX"]).arg(self.directory.path()).status();
    }
}

fn list(directory: &Path, name: &str, found: &mut Vec<String>) {
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        let name = format!("{name}/{}", entry.file_name().to_string_lossy());
        list(&entry.path(), &name, found);
        found.push(name);
    }
}

/// The keys of an object of JSON, in alphabetical order.
pub(crate) fn keys(value: &serde_json::Value) -> String {
    let mut keys: Vec<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys.join(" ")
}
