//! The machine that the tests run on: a mount namespace with accounts and a file tree of its own.
//!
//! It is made once, by the test program itself after it has executed itself anew inside the
//! namespace. Outside of that namespace nothing is ever mounted, created or changed.

mod accounts;
mod enter;
mod needs;
mod new_root;
mod packaged;
mod registry;
mod toolchain;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Result};

pub(crate) use accounts::{Account, account, crowd, group};
pub(crate) use needs::Need;
pub(crate) use new_root::places;
pub(crate) use toolchain::Channel;

use enter::Namespace;
use new_root::NewRoot;

/// What the tests stand on.
pub(crate) enum Ground {
    /// A machine of their own.
    Machine(Arc<Machine>),
    /// The system allows none, for this reason.
    Missing(String),
    /// The system allows one, but making it failed.
    Broken(String),
    /// The tests are only listed.
    NotNeeded,
}

impl Ground {
    /// One line about where the tests run and what is left out.
    pub(crate) fn summary(&self) -> Option<String> {
        match self {
            Ground::Machine(machine) => Some(machine.summary()),
            Ground::Missing(reason) => Some(format!("left out: every test, because {reason}")),
            Ground::Broken(reason) => {
                Some(format!("the machine for the tests is broken: {reason}"))
            }
            Ground::NotNeeded => None,
        }
    }
}

/// Makes the machine, or moves into a namespace where it can be made and does not return.
pub(crate) fn ground() -> Ground {
    if let Some(namespace) = enter::arrived() {
        return match Machine::build(namespace) {
            Ok(machine) => Ground::Machine(Arc::new(machine)),
            Err(error) => Ground::Broken(format!("{error:#}")),
        };
    }
    match enter::find_namespace() {
        Ok(namespace) => Ground::Broken(format!("cannot enter a namespace: {}", namespace.enter())),
        Err(reason) => Ground::Missing(reason),
    }
}

/// The machine, entered and furnished.
pub(crate) struct Machine {
    namespace: Namespace,
    lacks: BTreeMap<Need, String>,
    stages: AtomicUsize,
}

impl Machine {
    fn build(namespace: Namespace) -> Result<Self> {
        rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o022));
        let toolchains = toolchain::find();
        let rustup = toolchain::rustup();
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR"));
        let registries = [(Need::Registry, registry::PLAIN), (Need::Trybuild, registry::TRYBUILD)]
            .map(|(need, wanted)| (need, registry::find(workspace, wanted)));
        let mut outside: Vec<&Path> = toolchains.values().map(|path| path.as_path()).collect();
        outside.push(Path::new(env!("CARGO_BIN_EXE_cargo-peruser")));
        outside.extend(rustup.as_deref());
        let root = NewRoot::mount(&outside).context("no file system for the machine")?;
        root.furnish()?;
        accounts::write(&root.inside("/etc"))?;
        for (channel, toolchain) in &toolchains {
            root.bind(toolchain, channel.place())?;
        }
        if let Some(rustup) = rustup {
            root.program(&format!("{}/rustup", places::RUSTUP), &std::fs::read(rustup)?)?;
            std::os::unix::fs::symlink("rustup", root.inside(places::RUSTUP_INIT))?;
        }
        if let Some(sccache) = toolchain::sccache() {
            root.program(&format!("{}/sccache", places::SCCACHE), &std::fs::read(sccache)?)?;
        }
        let mut lacks = BTreeMap::new();
        for (need, registry) in registries {
            match registry {
                Ok(registry) => registry.copy_to(&root.inside(places::REGISTRY))?,
                Err(reason) => {
                    lacks.insert(need, format!("{reason:#}"));
                }
            }
        }
        root.enter()?;
        let mut machine = Machine { namespace, lacks, stages: AtomicUsize::new(0) };
        machine.probe();
        Ok(machine)
    }

    fn probe(&mut self) {
        for (need, probe) in needs::PROBES {
            if let Err(reason) = probe() {
                self.lacks.insert(*need, format!("{reason:#}"));
            }
        }
    }

    /// Why a test that needs this cannot run here.
    pub(crate) fn lacks(&self, need: Need) -> Option<&str> {
        self.lacks.get(&need).map(String::as_str)
    }

    /// A number that no other stage has.
    pub(crate) fn next_stage(&self) -> usize {
        self.stages.fetch_add(1, Ordering::Relaxed)
    }

    fn summary(&self) -> String {
        let left_out: Vec<&str> = self.lacks.values().map(String::as_str).collect();
        let left_out = if left_out.is_empty() { "nothing".into() } else { left_out.join("; ") };
        format!("{}; left out: {left_out}", self.namespace)
    }
}
