//! Checks this session: which `cargo` it finds, what it exports, and whose sccache compiles for it.

use std::ffi::OsString;
use std::path::Path;

use super::finding::{Checked, Finding, Severity};
use super::machine::{Machine, name_of};
use crate::compile_cache::choose;
use crate::editor;
use crate::os::passwd::Account;
use crate::os::{accounts, files, lexical, trust};
use crate::setup::{self, Site};
use crate::shim::decide::{BUILD_BUILD_DIR, BUILD_TARGET_DIR, TARGET_DIR};
use crate::shim::gather::private_dir;
use crate::shim::installation::{Installation, is_shim};
use crate::ui::escape::{escaped, quoted};

/// `path-order`.
pub(super) fn path_order(machine: &Machine<'_>) -> Checked {
    // If the shim would change nothing, it does not matter whether it is called.
    if !machine.is_redirected() {
        return Ok(Vec::new());
    }
    let mut found: Vec<Finding> = this_session(machine).into_iter().collect();
    if let Some(site) = installed(machine)? {
        let fresh = setup::complaints_of_fresh(&site, machine.snapshot).into_iter();
        found.extend(fresh.map(|(text, help)| Finding::new(Severity::Fail, text).help(help)));
    }
    Ok(found)
}

fn installed(machine: &Machine<'_>) -> Result<Option<Site>, &'static str> {
    setup::installed(machine.snapshot, machine.flags)
        .map_err(|_| "setup cannot tell what is installed")
}

fn this_session(machine: &Machine<'_>) -> Option<Finding> {
    let (first, text) = setup::other_cargo(machine.snapshot)?;
    let found = Finding::new(Severity::Fail, text).at(&first);
    Some(match Installation::of_this_program() {
        Some(installation) => found.help(setup::enter(machine.snapshot, &installation)),
        None => found.help(machine.ask(0, "cargo-peruser setup")),
    })
}

/// `stale-session`.
pub(super) fn stale_session(machine: &Machine<'_>) -> Checked {
    let mut found = Vec::new();
    for name in [TARGET_DIR, BUILD_TARGET_DIR, BUILD_BUILD_DIR] {
        let Some(value) = machine.snapshot.variable_or_empty(name) else { continue };
        if value.is_empty() {
            // Even if the shim sets another value, editors that bypass it fail.
            let text = format!("{name} is empty, and cargo fails with that");
            found.push(Finding::new(Severity::Fail, text).help(format!("unset {name}")));
            continue;
        }
        let path = lexical::absolute(&machine.snapshot.cwd, Path::new(&value));
        let Some((severity, fault)) = fault(machine, &path) else { continue };
        let text = format!("{name} is `{}`, {fault}", escaped(&path));
        found.push(Finding::new(severity, text).at(&path).help(format!("unset {name}")));
    }
    if found.is_empty()
        && let Some((text, help)) = setup::chosen(machine.snapshot, machine.flags)
    {
        found.push(Finding::new(Severity::Note, text).help(help));
    }
    Ok(found)
}

/// What is wrong with a directory that the session names.
fn fault(machine: &Machine<'_>, path: &Path) -> Option<(Severity, String)> {
    let Machine { plan, snapshot, .. } = machine;
    // If a user namespace hides owners, nobody can tell who owns the directories in the root.
    let root = plan.settings().shared_root().filter(|_| !plan.has_hidden_root());
    if let Some(root) = root.filter(|root| path.starts_with(root)) {
        if !files::is_there(root) {
            return Some((Severity::Warn, "in a shared root that does not exist".into()));
        }
        let is_own = path.starts_with(private_dir(root, &plan.facts.account));
        return (!is_own).then(|| (Severity::Fail, "outside of your private directory".into()));
    }
    let nearest = path.ancestors().find_map(|above| files::entry(above).ok())?;
    if ![0, snapshot.uid].contains(&nearest.uid) {
        let owner = accounts::owner(nearest.uid);
        return Some((Severity::Fail, format!("which belongs to {owner}")));
    }
    let there = files::followed(path).ok()?;
    let fault = "which others can write to: they can change what you run, and wait for your builds";
    trust::others_write(path, &there, there.uid).then(|| (Severity::Warn, fault.to_owned()))
}

/// `editor`.
pub(super) fn editor(machine: &Machine<'_>) -> Checked {
    if !machine.is_redirected() {
        return Ok(Vec::new());
    }
    let outdated = editor::outdated(machine.plan.snapshot, machine.flags).into_iter().map(|name| {
        let text = format!("the settings of {name} name another directory than they should now");
        let help = format!("cargo-peruser editor {name} --write");
        Finding::new(Severity::Warn, text).help(help)
    });
    Ok(outdated.chain(past_the_shim(machine)).collect())
}

/// rust-analyzer calls the cargo in cargo's home, whatever PATH says. So it builds in the private
/// directory only if the session exports that directory.
fn past_the_shim(machine: &Machine<'_>) -> Option<Finding> {
    let cargo = machine.homes.cargo_bin()?.join("cargo");
    if machine.snapshot.variable(TARGET_DIR).is_some()
        || which::which_global(&cargo).is_err()
        || is_shim(&cargo)
    {
        return None;
    }
    let help = setup::enter(machine.snapshot, &Installation::of_this_program()?);
    let text = format!(
        "editors that are started from this session call `{}`, and not the shim; because \
         {TARGET_DIR} is not set, they do not build in your private directory",
        escaped(&cargo)
    );
    Some(Finding::new(Severity::Warn, text).at(&cargo).help(help))
}

/// `login-shell`.
pub(super) fn login_shell(machine: &Machine<'_>) -> Checked {
    if machine.root().is_none() {
        return Ok(Vec::new());
    }
    let settings = machine.plan.settings();
    let uids = machine.everybody.as_ref().map_or_else(
        || vec![machine.snapshot.uid],
        |all| all.everybody().iter().map(|person| person.uid).collect(),
    );
    let accounts = uids.into_iter().map(|uid| settings.account(uid));
    let accounts = accounts.filter(|account| account.no_directory(settings).is_none());
    let Some(site) = installed(machine)? else { return Ok(Vec::new()) };
    let finding = |account: Account| {
        let (text, help) = setup::of_login_shell(&account, &site)?;
        let found = Finding::new(Severity::Warn, text).help(help).about(&name_of(account.uid));
        Some(account.shell.iter().fold(found, |found, shell| found.at(shell)))
    };
    Ok(accounts.filter_map(finding).collect())
}

/// The port of sccache's server, unless `SCCACHE_SERVER_PORT` names another.
const PORT: u16 = 4226;

/// Where the kernel lists listening sockets.
const LISTENERS: [&str; 2] = ["/proc/net/tcp", "/proc/net/tcp6"];

/// `sccache`.
pub(super) fn sccache(machine: &Machine<'_>) -> Checked {
    let plan = &machine.plan;
    let variable = |name| machine.snapshot.variable(name);
    let wrappers = ["RUSTC_WRAPPER", "CARGO_BUILD_RUSTC_WRAPPER", "RUSTC_WORKSPACE_WRAPPER"];
    let configured = plan.configured_wrapper().map(OsString::from);
    let is_used = wrappers
        .into_iter()
        .filter_map(variable)
        .chain(configured)
        .any(|wrapper| Path::new(&wrapper).file_stem().is_some_and(|name| name == "sccache"));
    let mut found = Vec::new();
    let note = choose::wrapping(plan).note;
    let help = "to compile without it: `compile-cache = \"off\"` in your settings";
    found.extend(note.map(|note| Finding::new(Severity::Warn, note).help(help)));
    if is_used && machine.is_redirected() {
        let text = "sccache's keys contain CARGO_TARGET_DIR, so what it has for one target directory is \
                    of no use for another";
        let help = "let `compile-cache` in the settings call it instead: cargo-peruser man sharing";
        found.push(Finding::new(Severity::Note, text).help(help));
    }
    // The configuration of a workspace elsewhere may name it too.
    let is_there = is_used
        || which::which_in_global("sccache", variable("PATH"))
            .is_ok_and(|mut all| all.next().is_some());
    let has_own = plan.settings().compile_cache().is_some() && !is_used;
    if is_there && !has_own && variable("SCCACHE_SERVER_UDS").is_none() {
        found.extend(server_of_another(machine));
    }
    Ok(found)
}

/// Another account's server, which would compile for this one.
fn server_of_another(machine: &Machine<'_>) -> Option<Finding> {
    let given = machine.snapshot.variable("SCCACHE_SERVER_PORT");
    let port = given.and_then(|text| text.to_str()?.parse().ok()).unwrap_or(PORT);
    let listeners = LISTENERS.iter().filter_map(|path| files::text_of_system(path).ok());
    let uid = listeners.filter_map(|text| listener(&text, port)).next();
    let uid = uid.filter(|uid| *uid != machine.snapshot.uid)?;
    let owner = accounts::owner(uid);
    let text = format!(
        "the sccache server on port {port} is {owner}'s: it compiles for you as that account, and \
         cannot write to your target directory"
    );
    let found = Finding::new(Severity::Fail, text);
    let private =
        machine.plan.decision.required.as_ref().map(|required| required.place.private_dir());
    Some(match private.map(|private| private.join("sccache.sock")) {
        Some(socket) => found.help(format!("export SCCACHE_SERVER_UDS={}", quoted(&socket))),
        None => found,
    })
}

/// The uid that listens on a port, according to the text of `/proc/net/tcp`.
fn listener(text: &str, port: u16) -> Option<u32> {
    let end = format!(":{port:04X}");
    text.lines().find_map(|line| {
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        let [_, local, _, "0A", _, _, _, uid, ..] = words.as_slice() else { return None };
        local.ends_with(&end).then(|| uid.parse().ok()).flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::listener;

    #[test]
    fn only_a_listener_on_the_port_counts() {
        let text = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n\
             0: 0100007F:1082 0100007F:9999 01 00000000:00000000 00:00000000 00000000  7 0 1 1\n\
             1: 0100007F:1081 00000000:0000 0A 00000000:00000000 00:00000000 00000000  8 0 1 1\n\
             2: 0100007F:1082 00000000:0000 0A 00000000:00000000 00:00000000 00000000  9 0 1 1\n";
        assert_eq!(listener(text, 4226), Some(9));
        assert_eq!(listener(text, 4225), Some(8));
        assert_eq!(listener(text, 80), None);
    }
}
