//! Proves that an installation works: shows what the caller's fresh shells and this session find. Where
//! another cargo comes first, it names the offending line, and the line that helps.

mod start_up;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use super::site::Site;
use crate::os::accounts;
use crate::os::files;
use crate::os::homes::Homes;
use crate::os::process;
use crate::os::snapshot::Snapshot;
use crate::session::shell::evaluation;
use crate::session::{self, has_cargo};
use crate::settings::Flags;
use crate::setup::fresh_shell::{ASKED, AskedShell, SessionKind, ShellAnswer, ask};
use crate::setup::pieces::line_for;
use crate::shim::decide::TARGET_DIR;
use crate::shim::decide::{Choice, Rule};
use crate::shim::installation::{Installation, is_shim};
use crate::ui::escape::{escaped, quoted};
use crate::ui::report;
use start_up::{Line, StartUp};

/// What one fresh session finds.
struct SessionFinding {
    shell: AskedShell,
    /// The shell, and how it was started.
    name: String,
    answer: SessionAnswer,
    /// Whether it finds no cargo.
    is_bare: bool,
    /// What is wrong, and the command that helps. `None` also for a file that cannot be changed, which
    /// has been reported already.
    complaint: Option<(String, String)>,
}

/// What is reported about a session.
#[derive(Clone, PartialEq, Eq)]
struct SessionAnswer {
    cargo: String,
    target_dir: String,
    /// What is wrong, in a word. Empty if the shim comes first, or there is no cargo for it to execute,
    /// and programs that bypass the shim build in the same private directory.
    mark: &'static str,
}

/// Why sessions are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Occasion {
    /// The shim was just installed.
    Setup,
    /// The person asked for the status.
    Status,
}

/// Asks every installed shell, and prints what it finds. True if the shim comes first everywhere.
///
/// # Errors
/// Any error of writing the output.
pub(super) fn show(
    site: &Site,
    snapshot: &Snapshot,
    flags: &Flags,
    occasion: Occasion,
) -> anyhow::Result<bool> {
    let findings = ask_all(site, snapshot, |_| true);
    let name = accounts::owner(site.account.uid);
    report::line(format!("\nwhat fresh shells of {name} find"))?;
    let mut answers = grouped(&findings);
    // Under sudo, this session would be root's, and nobody builds in that.
    let is_persons = !is_under_sudo(snapshot);
    let chosen = chosen(snapshot, flags).filter(|_| is_persons);
    let other = other_cargo(snapshot).filter(|_| is_persons);
    if is_persons {
        let answer = this_session(snapshot, chosen.is_some(), other.is_some());
        answers.push((answer, None, vec!["this session".into()]));
    }
    for (SessionAnswer { cargo, target_dir, mark }, _, names) in answers {
        let rows =
            [report::row("  cargo", cargo), report::row(format!("  {TARGET_DIR}"), target_dir)];
        report::line(format!("{}{mark}\n{}", names.join(", "), report::table(&rows)))?;
    }
    let complaints = complaints(&findings);
    // If new sessions have the same choice, it is reported with the line that helps them.
    let is_only_here = complaints.is_empty();
    if let Some((text, help)) = chosen.as_ref().filter(|_| is_only_here) {
        report::warning(text, help);
    }
    for (help, complaints) in complaints {
        report::warning(&complaints.join("\n         "), &help);
    }
    tell_the_rest(site, snapshot, &findings);
    let enter = || enter(snapshot, &site.installation);
    match (occasion, other) {
        (Occasion::Setup, None) if is_persons => {}
        (Occasion::Setup, None) => report::note(&"open a new shell to use the shim"),
        (Occasion::Setup, Some(_)) => {
            report::note(&format!("open a new shell to use the shim, or in this one: {}", enter()));
        }
        (Occasion::Status, Some((_, text))) if is_only_here => report::advice(&text, &enter()),
        (Occasion::Status, _) => {}
    }
    Ok(chosen.is_none() && findings.iter().all(SessionFinding::wins))
}

/// Each answer and the shells that give it, or the ways of starting a shell if its answers differ.
fn grouped(findings: &[SessionFinding]) -> Vec<(SessionAnswer, Option<AskedShell>, Vec<String>)> {
    let mut groups: Vec<(SessionAnswer, Option<AskedShell>, Vec<String>)> = Vec::new();
    for of_shell in findings.chunk_by(|one, other| one.shell == other.shell) {
        let is_one = of_shell
            .iter()
            .all(|it| of_shell.first().is_some_and(|first| first.answer == it.answer));
        for SessionFinding { shell, name, answer, .. } in of_shell {
            let (alone, name) = match is_one {
                true => (None, shell.name()),
                false => (Some(*shell), name.as_str()),
            };
            let name = name.to_owned();
            match groups.iter_mut().find(|(it, of, _)| it == answer && *of == alone) {
                Some((.., names)) if names.contains(&name) => {}
                Some((.., names)) => names.push(name),
                None => groups.push((answer.clone(), alone, vec![name])),
            }
        }
    }
    groups
}

fn is_under_sudo(snapshot: &Snapshot) -> bool {
    snapshot.uid == 0 && snapshot.variable("SUDO_UID").is_some()
}

/// What is wrong in the caller's fresh sessions, for the shells that the caller uses, each with the
/// command that helps.
pub(super) fn complaints_of_fresh(site: &Site, snapshot: &Snapshot) -> Vec<(String, String)> {
    let findings = ask_all(site, snapshot, |shell| shell.is_used(&site.account, snapshot));
    let found = complaints(&findings).into_iter();
    found.map(|(help, complaints)| (complaints.join("; "), help.to_owned())).collect()
}

/// What this session finds.
fn this_session(snapshot: &Snapshot, is_chosen: bool, is_other: bool) -> SessionAnswer {
    let mark = match (is_other, is_chosen) {
        (true, _) => NOT_THE_SHIM,
        (false, true) => "  <- chosen by a variable",
        (false, false) => "",
    };
    let target_dir = word(snapshot.variable(TARGET_DIR).map(PathBuf::from).as_deref());
    SessionAnswer { cargo: word(which::which("cargo").ok().as_deref()), target_dir, mark }
}

fn word(path: Option<&Path>) -> String {
    path.map_or("none".into(), |path| escaped(path).to_string())
}

/// The message that a variable of this session counts as a choice, and what helps. This session builds
/// there, whatever new ones do.
pub(crate) fn chosen(snapshot: &Snapshot, flags: &Flags) -> Option<(String, &'static str)> {
    let there = session::of(snapshot);
    let rule = session::decide(&there, flags).ok()?.decision.rule;
    let is_choice = matches!(rule, Rule::Explicit(Choice::Variable | Choice::BuildVariable));
    is_choice.then(|| {
        let text = format!("this session builds where {TARGET_DIR} says, as you may have chosen");
        (text, "unset CARGO_TARGET_DIR CARGO_BUILD_TARGET_DIR")
    })
}

/// Other programs that put a `cargo` on PATH, recognized by a part of its path.
const WRAPPERS: [(&str, &str); 6] = [
    ("/.cargo/bin/", "rustup"),
    ("/.asdf/", "asdf"),
    ("/mise/", "mise"),
    ("/.direnv/", "direnv"),
    ("/.nix-profile/", "nix"),
    ("/modules/", "an environment module"),
];

/// The `cargo` that this session finds before the shim, and the message about it.
pub(crate) fn other_cargo(snapshot: &Snapshot) -> Option<(PathBuf, String)> {
    let path = snapshot.variable("PATH");
    let first = which::which_in_global("cargo", path).ok()?.next()?;
    if is_shim(&first) {
        return None;
    }
    let place = first.to_string_lossy();
    let by = WRAPPERS.iter().find(|(part, _)| place.contains(part));
    let by = by.map_or(String::new(), |(_, name)| format!(" ({name})"));
    let text = format!(
        "`cargo` in this session is `{}`{by} and not the shim, so its builds do not go to your \
         private directory",
        escaped(&first)
    );
    Some((first, text))
}

/// The command that puts the shim first in a session.
pub(crate) fn enter(snapshot: &Snapshot, installation: &Installation) -> String {
    evaluation(&session_shell(snapshot), &installation.binary())
}

/// The name of the shell that started this program, or else of the login shell.
fn session_shell(snapshot: &Snapshot) -> String {
    let parent = process::program(std::os::unix::process::parent_id());
    let parent = parent.to_str().filter(|name| name.ends_with("sh") || *name == "nu");
    let login = PathBuf::from(snapshot.variable("SHELL").unwrap_or_default());
    let login = login.file_name().unwrap_or_default().to_string_lossy();
    parent.unwrap_or(&login).to_owned()
}

/// Reports what no shell's start-up files can change.
fn tell_the_rest(site: &Site, snapshot: &Snapshot, findings: &[SessionFinding]) {
    let name = accounts::owner(site.account.uid);
    if findings.iter().any(|finding| finding.wins() && finding.is_bare) {
        let has_none = match findings.iter().all(|finding| finding.is_bare) {
            true => format!("{name} has no cargo"),
            false => "some of these shells find no cargo".to_owned(),
        };
        report::note(&format!("{has_none}; the shim is put on PATH once there is one"));
    }
    let shim = site.installation.shim_dir();
    report::note(&format!(
        "where no start-up file is read, as in cron jobs, put `{}` on PATH there",
        escaped(&shim)
    ));
    if site.is_machine() && snapshot.uid == 0 {
        report::note(&"each user can check their own sessions: cargo-peruser setup --status");
    }
}

/// Asks all shells at once: most of their time is waiting.
fn ask_all(
    site: &Site,
    snapshot: &Snapshot,
    is_wanted: impl Fn(AskedShell) -> bool,
) -> Vec<SessionFinding> {
    // What new sessions find depends on the settings and the home, not on this session's PATH, nor on
    // the cargo that runs this program as its subcommand.
    let hidden = &["PATH", "CARGO"];
    let elsewhere = snapshot.of(snapshot.uid, snapshot.gid, snapshot.cwd.clone(), hidden);
    let has_cargo = has_cargo(&elsewhere, site.settings(), &Homes::new(&elsewhere));
    let ask = |shell: &[SessionKind]| ask_one(shell, site, snapshot, has_cargo);
    std::thread::scope(|scope| {
        let shells = ASKED.chunk_by(|one, other| one.shell == other.shell);
        let wanted = shells.filter(|shell| shell.iter().all(|asked| is_wanted(asked.shell)));
        let started: Vec<_> = wanted
            .map(|shell| {
                let thread = std::thread::Builder::new().spawn_scoped(scope, move || ask(shell));
                thread.map_err(|_| shell)
            })
            .collect();
        let answered = started.into_iter().map(|started| match started {
            Ok(thread) => thread.join().unwrap_or_default(),
            // If no more threads can be created, ask one after the other.
            Err(shell) => ask(shell),
        });
        answered.flatten().collect()
    })
}

/// A shell that hangs is not asked again: it would hang each time, until the time limit.
fn ask_one(
    shell: &[SessionKind],
    site: &Site,
    snapshot: &Snapshot,
    has_cargo: bool,
) -> Vec<SessionFinding> {
    let mut findings = Vec::new();
    for asked in shell {
        let answer = ask(asked, &site.account, snapshot).transpose();
        let hangs = matches!(&answer, Some(Err(error)) if error.kind() == io::ErrorKind::TimedOut);
        findings.extend(answer.map(|answer| SessionFinding::of(asked, answer, site, has_cargo)));
        if hangs {
            break;
        }
    }
    findings
}

/// The complaints that each help is for: several shells read one file.
fn complaints(findings: &[SessionFinding]) -> BTreeMap<&str, Vec<&str>> {
    let mut complaints: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (complaint, help) in findings.iter().filter_map(|finding| finding.complaint.as_ref()) {
        complaints.entry(help).or_default().push(complaint);
    }
    complaints
}

impl SessionFinding {
    fn of(
        asked: &SessionKind,
        answer: io::Result<ShellAnswer>,
        site: &Site,
        has_cargo: bool,
    ) -> SessionFinding {
        let (shell, (start, flags)) = (asked.shell, asked.start);
        let name = format!("{} ({start})", shell.name());
        let session = format!("a fresh {name}");
        let is_bare = matches!(&answer, Ok(ShellAnswer { cargo: None, .. }));
        let (answer, complaint) = match answer {
            Ok(found) => {
                let (mark, complaint) = judge(asked, &session, &found, site, has_cargo);
                let (cargo, target_dir) = (word(found.cargo.as_deref()), found.target_dir);
                (SessionAnswer { cargo, target_dir: word(target_dir.as_deref()), mark }, complaint)
            }
            Err(error) => {
                let help = format!("{} {} true", shell.name(), flags.join(" "));
                let none = || "no answer".to_owned();
                let answer =
                    SessionAnswer { cargo: none(), target_dir: none(), mark: NOT_THE_SHIM };
                (answer, Some((format!("{session} gave no answer: {error}"), help)))
            }
        };
        SessionFinding { shell, name, answer, is_bare, complaint }
    }

    fn wins(&self) -> bool {
        self.answer.mark.is_empty()
    }
}

/// What is wrong in a session: in a word, and as a complaint with the command that helps.
fn judge(
    asked: &SessionKind,
    session: &str,
    ShellAnswer { cargo, target_dir, config }: &ShellAnswer,
    site: &Site,
    has_cargo: bool,
) -> (&'static str, Option<(String, String)>) {
    let start_up = StartUp { asked, home: &site.home, config: config.as_deref() };
    match (cargo, target_dir) {
        (None, _) if has_cargo => {
            let help = line_to_add(&start_up, None, site);
            (NOT_THE_SHIM, help.map(|help| (format!("{session} finds no cargo at all"), help)))
        }
        // Any shim will do: the machine's, the person's own, or another one.
        (Some(cargo), _) if Installation::of_shim(cargo).is_none() => {
            let line = start_up.line_that_puts_first(cargo);
            let (cargo, by) = (escaped(cargo), by(line.as_ref()));
            let complaint = format!("in {session} `{cargo}` comes before the shim{by}");
            let help = line_to_add(&start_up, line.as_ref(), site);
            (NOT_THE_SHIM, help.map(|help| (complaint, help)))
        }
        (_, Some(target)) if is_private(target, site) => ("", None),
        (_, target) => {
            let line = start_up.line_that_sets_target();
            let is = target.as_ref().map(|path| format!("is `{}`", escaped(path)));
            let is = is.unwrap_or_else(|| "is not set".into());
            let complaint = format!("in {session} {TARGET_DIR} {is}{}", by(line.as_ref()));
            ("  <- not your own", Some((complaint, line_to_take_out(line))))
        }
    }
}

const NOT_THE_SHIM: &str = "  <- not the shim";

/// An account without a private directory in the shared root builds in its own cache directory.
fn is_private(target: &Path, site: &Site) -> bool {
    let own = site.own_cache.as_ref();
    target.starts_with(&site.shared_root) || own.is_some_and(|own| target.starts_with(own))
}

fn by(line: Option<&Line>) -> String {
    line.map_or(String::new(), |Line { file, number }| {
        format!(", by `{}` line {number}", escaped(file))
    })
}

/// The command that adds the line, after whatever puts another cargo first. Once the program is gone,
/// the line does nothing. `None` for a file that cannot be changed, which has been reported already.
fn line_to_add(start_up: &StartUp<'_>, offending: Option<&Line>, site: &Site) -> Option<String> {
    let file = start_up.file_to_win_in(offending);
    if site.by_hand.iter().any(|(path, ..)| *path == file) {
        return None;
    }
    let line = quoted(&line_for(&file, &site.installation.binary()));
    let place = quoted(&file);
    let ends_its_line = files::read_regular(&file).map_or(true, |text| text.ends_with('\n'));
    let add = match ends_its_line {
        true => format!("echo {line} >> {place}"),
        false => format!("printf '\\n%s\\n' {line} >> {place}"),
    };
    Some(match file.parent() {
        Some(parent) if !parent.exists() => format!("mkdir -p {} && {add}", quoted(parent)),
        _ => add,
    })
}

fn line_to_take_out(line: Option<Line>) -> String {
    let Some(Line { file, number }) = line else { return "cargo-peruser explain".into() };
    let is_own = files::entry(&file).is_ok_and(|entry| entry.uid == accounts::own_uid());
    let sudo = if is_own { "" } else { "sudo " };
    format!("remove that line: {sudo}${{EDITOR:-vi}} +{number} {}", quoted(&file))
}
