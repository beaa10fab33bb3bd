//! Checks sccache: whose server compiles for this account.

use std::ffi::OsString;
use std::path::Path;

use toml::de::DeTable;

use super::finding::{Checked, Finding, Severity};
use super::machine::Machine;
use crate::compile_cache::choose;
use crate::os::{accounts, files};
use crate::shim::decide::Rule;
use crate::ui::escape::quoted;

/// The port of sccache's server, unless `SCCACHE_SERVER_PORT` names another.
const PORT: u16 = 4226;

/// Where the kernel lists listening sockets.
const LISTENERS: [&str; 2] = ["/proc/net/tcp", "/proc/net/tcp6"];

/// `sccache`.
pub(super) fn sccache(machine: &Machine<'_>) -> Checked {
    let plan = &machine.plan;
    let variable = |name| machine.snapshot.variable(name);
    let wrappers = ["RUSTC_WRAPPER", "CARGO_BUILD_RUSTC_WRAPPER", "RUSTC_WORKSPACE_WRAPPER"];
    let mut given = wrappers.into_iter().filter_map(variable).chain(configured(machine));
    let is_used =
        given.any(|wrapper| Path::new(&wrapper).file_stem().is_some_and(|name| name == "sccache"));
    // A workspace's configuration may name it too.
    let is_there = is_used
        || which::which_in_global("sccache", variable("PATH"))
            .is_ok_and(|mut all| all.next().is_some());
    let mut found = Vec::new();
    let note = choose::wrapping(plan).note;
    let help = "to compile without it: `compile-cache = \"off\"` in your settings";
    found.extend(note.map(|note| Finding::new(Severity::Warn, note).help(help)));
    if is_used && plan.decision.rule == Rule::Redirected {
        let text = "sccache's keys contain CARGO_TARGET_DIR, so what it has for one target directory is \
                    of no use for another";
        let help = "let `compile-cache` in the settings call it instead: cargo-peruser man sharing";
        found.push(Finding::new(Severity::Note, text).help(help));
    }
    let has_own = plan.settings().compile_cache().is_some() && !is_used;
    if is_there && !has_own && variable("SCCACHE_SERVER_UDS").is_none() {
        found.extend(server_of_another(machine));
    }
    Ok(found)
}

/// The wrapper in cargo's own configuration.
fn configured(machine: &Machine<'_>) -> Option<OsString> {
    let text = files::read_regular(&machine.homes.cargo()?.join("config.toml")).ok()?;
    let config = DeTable::parse(&text).ok()?;
    let build = config.get_ref().get("build")?.get_ref();
    Some(build.get("rustc-wrapper")?.get_ref().as_str()?.into())
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
