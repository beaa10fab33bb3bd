//! Checks this session: which `cargo` it finds, and what it exports.

use std::path::Path;

use super::finding::{Checked, Finding, Severity};
use super::machine::{Machine, name_of, others_write};
use crate::editor;
use crate::os::passwd::Account;
use crate::os::{accounts, files, lexical};
use crate::setup::{self, proof};
use crate::shim::decide::{BUILD_BUILD_DIR, BUILD_TARGET_DIR, TARGET_DIR};
use crate::shim::gather::private_dir;
use crate::shim::installation::{Installation, is_shim};
use crate::ui::escape::escaped;

/// `path-order`.
pub(super) fn path_order(machine: &Machine<'_>) -> Checked {
    // If the shim would change nothing, it does not matter whether it is called.
    if !machine.is_redirected() {
        return Ok(Vec::new());
    }
    let mut found: Vec<Finding> = this_session(machine).into_iter().collect();
    let fresh = setup::fresh_sessions(machine.snapshot, machine.flags);
    let fresh = fresh.map_err(|_| "setup cannot tell what is installed")?;
    found.extend(
        fresh.into_iter().map(|(text, help)| Finding::new(Severity::Fail, text).help(help)),
    );
    Ok(found)
}

fn this_session(machine: &Machine<'_>) -> Option<Finding> {
    let (first, text) = proof::other_cargo(machine.snapshot)?;
    let found = Finding::new(Severity::Fail, text).at(&first);
    Some(match Installation::of_this_program() {
        Some(installation) => found.help(proof::enter(machine.snapshot, &installation)),
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
        && let Some((text, help)) = proof::chosen(machine.snapshot, machine.flags)
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
    let there = std::fs::metadata(path).ok()?;
    let fault = "which others can write to: they can change what you run, and wait for your builds";
    others_write(&there).then(|| (Severity::Warn, fault.to_owned()))
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
    let help = proof::enter(machine.snapshot, &Installation::of_this_program()?);
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
    let uids = machine.provisioner().map_or_else(
        || vec![machine.snapshot.uid],
        |all| all.everybody().iter().map(|person| person.uid).collect(),
    );
    let accounts = uids.into_iter().map(|uid| accounts::account(uid, settings.exclude_groups()));
    let accounts = accounts.filter(|account| account.no_directory(settings).is_none());
    let told = setup::login_shells(machine.snapshot, machine.flags, accounts);
    let told = told.map_err(|_| "setup cannot tell what is installed")?;
    let finding = |(account, text, help): (Account, String, String)| {
        let found = Finding::new(Severity::Warn, text).help(help).about(&name_of(account.uid));
        account.shell.iter().fold(found, |found, shell| found.at(shell))
    };
    Ok(told.into_iter().map(finding).collect())
}
