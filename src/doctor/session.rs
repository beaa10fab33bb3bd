//! Checks this session: which `cargo` it finds, and what it exports.

use std::path::Path;

use super::finding::{Checked, Finding, Severity};
use super::machine::{Machine, Who, name_of, others_write};
use crate::editor;
use crate::os::passwd::Account;
use crate::os::{accounts, files, lexical};
use crate::private_dir::provision::Provisioner;
use crate::setup::{self, proof};
use crate::shim::decide::{BUILD_BUILD_DIR, BUILD_TARGET_DIR, Rule, TARGET_DIR};
use crate::shim::gather::private_dir;
use crate::shim::installation::{Installation, is_shim};
use crate::ui::escape::escaped;

/// `path-order`.
pub(super) fn path_order(machine: &Machine<'_>) -> Checked {
    let plan = machine.shim()?;
    // If the shim would change nothing, it does not matter whether it is called.
    if plan.decision.rule != Rule::Redirected {
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
    let plan = machine.shim()?;
    // If a user namespace hides owners, nobody can tell who owns the directories in the root.
    let root = plan.settings().shared_root().filter(|_| !plan.has_hidden_root());
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
        let fault = root.filter(|root| path.starts_with(root)).map_or_else(
            || fault_elsewhere(machine, &path),
            |root| fault_in_root(root, &path, &plan.facts.account),
        );
        let Some((severity, fault)) = fault else { continue };
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

/// What is wrong with a path below the shared root.
fn fault_in_root(root: &Path, path: &Path, account: &Account) -> Option<(Severity, String)> {
    if !files::is_there(root) {
        return Some((Severity::Warn, "in a shared root that does not exist".into()));
    }
    match path.strip_prefix(root).ok()?.iter().next() {
        None => Some((Severity::Fail, "which is the directory of everybody".into())),
        Some(_) if path.starts_with(private_dir(root, account)) => None,
        Some(name) => {
            Some((Severity::Fail, format!("in the private directory of {}", escaped(name))))
        }
    }
}

/// What is wrong with a path that somebody has chosen outside the shared root.
fn fault_elsewhere(machine: &Machine<'_>, path: &Path) -> Option<(Severity, String)> {
    let uid = machine.snapshot.uid;
    let nearest = path.ancestors().find_map(|above| files::entry(above).ok())?;
    if ![0, uid].contains(&nearest.uid) {
        let owner = accounts::owner(nearest.uid);
        return Some((Severity::Fail, format!("which belongs to {owner}")));
    }
    let there = std::fs::metadata(path).ok()?;
    let fault = "which others can write to: they can change what you run, and wait for your builds";
    others_write(&there).then(|| (Severity::Warn, fault.to_owned()))
}

/// `editor`.
pub(super) fn editor(machine: &Machine<'_>) -> Checked {
    let plan = machine.shim()?;
    if plan.decision.rule != Rule::Redirected {
        return Ok(Vec::new());
    }
    let outdated = editor::outdated(machine.fresh, machine.flags).into_iter().map(|name| {
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
    let plan = machine.shim()?;
    let Some(root) = plan.settings().shared_root().filter(|root| files::is_there(root)) else {
        return Ok(Vec::new());
    };
    let excluded = plan.settings().exclude_groups();
    let uids: Vec<u32> = match machine.who {
        Who::Caller => vec![machine.snapshot.uid],
        Who::Everybody => Provisioner::new(root, plan.settings(), None)
            .map(|all| all.everybody().iter().map(|person| person.uid).collect())
            .unwrap_or_default(),
    };
    let accounts = uids.into_iter().map(|uid| accounts::account(uid, excluded));
    let accounts = accounts.filter(|account| account.no_directory(plan.settings()).is_none());
    let told = setup::login_shells(machine.snapshot, machine.flags, accounts);
    let told = told.map_err(|_| "setup cannot tell what is installed")?;
    let finding = |(account, text, help): (Account, String, String)| {
        let found = Finding::new(Severity::Warn, text).help(help).about(&name_of(account.uid));
        account.shell.iter().fold(found, |found, shell| found.at(shell))
    };
    Ok(told.into_iter().map(finding).collect())
}
