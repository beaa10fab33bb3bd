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
use crate::os::replace::Original;
use crate::os::snapshot::Snapshot;
use crate::session::shell::evaluation;
use crate::session::{self, has_cargo};
use crate::settings::Flags;
use crate::setup::fresh_shell::{
    ASKED, STARTS, SessionKind, ShellAnswer, absent_from, answer, is_used, start,
};
use crate::setup::hooks::{by_hand, line_for};
use crate::shim::decide::TARGET_DIR;
use crate::shim::decide::{Choice, Rule};
use crate::shim::installation::{Installation, is_shim};
use crate::ui::escape::{escaped, quoted};
use crate::ui::report;
use start_up::{Line, StartUp};

/// What one fresh session finds.
struct SessionFinding {
    kind: &'static SessionKind,
    /// `None` if the shell gave no answer.
    answer: Option<ShellAnswer>,
    /// What is wrong. `None` if the shim comes first, or there is no cargo for it to execute, and programs
    /// that bypass the shim build in the same private directory.
    fault: Option<Fault>,
}

/// What is wrong in a session.
struct Fault {
    /// In a word.
    mark: &'static str,
    /// In a sentence.
    text: String,
    /// What helps.
    help: String,
}

/// What is shown of a session: its `cargo`, its target directory, and what is wrong.
type Shown = (String, String, &'static str);

/// Asks every installed shell, and prints what it finds. True if nothing is wrong in a fresh shell, and no
/// variable of this session counts as a choice. The help lines in `told` are not printed again.
///
/// # Errors
/// Any error of writing the output.
pub(super) fn show(
    site: &Site,
    snapshot: &Snapshot,
    flags: &Flags,
    told: &[String],
) -> anyhow::Result<bool> {
    let findings = ask_all(site, snapshot, |_| true);
    report::line(format!("\nwhat fresh shells of {} find", accounts::owner(site.account.uid)))?;
    for (shown, names) in grouped(&findings) {
        report::line(paragraph(&names.join(", "), shown))?;
    }
    // Under sudo, this session would be root's, and nobody builds in that.
    let is_persons = !is_under_sudo(snapshot);
    let chosen = chosen(snapshot, flags).filter(|_| is_persons);
    let other = other_cargo(snapshot).filter(|_| is_persons);
    if is_persons {
        let mark = match (&other, &chosen) {
            (Some(_), _) => NOT_THE_SHIM,
            (None, Some(_)) => "  <- chosen by a variable",
            (None, None) => "",
        };
        let target_dir = snapshot.variable(TARGET_DIR).map(PathBuf::from);
        let cargo = word(which::which("cargo").ok().as_deref());
        report::line(paragraph("this session", (cargo, word(target_dir.as_deref()), mark)))?;
    }
    let complaints = complaints(&findings);
    // If new sessions have the same fault, it is reported with the line that helps them.
    if complaints.is_empty() {
        if let Some((text, help)) = &chosen {
            report::warning(text, help);
        }
        if let Some((_, text)) = other {
            report::advice(&text, &enter(snapshot, &site.installation));
        }
    }
    for (help, complaints) in
        complaints.into_iter().filter(|(help, _)| !told.iter().any(|it| it == help))
    {
        report::warning(&complaints.join("\n         "), &help);
    }
    tell_the_rest(site, snapshot, &findings);
    Ok(chosen.is_none() && findings.iter().all(|finding| finding.fault.is_none()))
}

fn paragraph(title: &str, (cargo, target_dir, mark): Shown) -> String {
    let rows = [report::row("  cargo", cargo), report::row(format!("  {TARGET_DIR}"), target_dir)];
    format!("{title}{mark}\n{}", report::table(&rows))
}

fn word(path: Option<&Path>) -> String {
    path.map_or("none".into(), |path| escaped(path).to_string())
}

/// Each answer and the shells that give it, or the ways of starting a shell if its answers differ.
fn grouped(findings: &[SessionFinding]) -> BTreeMap<Shown, Vec<String>> {
    let mut groups: BTreeMap<Shown, Vec<String>> = BTreeMap::new();
    for of_shell in findings.chunk_by(|one, other| one.kind.shell == other.kind.shell) {
        let differs = of_shell.array_windows().any(|[one, other]| one.shown() != other.shown());
        for finding in of_shell.iter().take(if differs { of_shell.len() } else { 1 }) {
            let SessionFinding { kind, .. } = finding;
            let name = if differs { name(kind) } else { kind.shell.to_owned() };
            groups.entry(finding.shown()).or_default().push(name);
        }
    }
    groups
}

/// The shell, and how it was started.
fn name(kind: &SessionKind) -> String {
    format!("{} ({})", kind.shell, kind.start.0)
}

pub(super) fn is_under_sudo(snapshot: &Snapshot) -> bool {
    snapshot.uid == 0 && snapshot.variable("SUDO_UID").is_some()
}

/// What is wrong in the caller's fresh sessions, for the shells that the caller uses, each with the
/// command that helps.
pub(crate) fn complaints_of_fresh(site: &Site, snapshot: &Snapshot) -> Vec<(String, String)> {
    let findings = ask_all(site, snapshot, |shell| is_used(shell, &site.account, snapshot));
    let found = complaints(&findings).into_iter();
    found.map(|(help, complaints)| (complaints.join("; "), help.to_owned())).collect()
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

/// The `cargo` that this session finds before the shim, and the message about it.
pub(crate) fn other_cargo(snapshot: &Snapshot) -> Option<(PathBuf, String)> {
    let path = snapshot.variable("PATH");
    let first = which::which_in_global("cargo", path).ok()?.next()?;
    if is_shim(&first) {
        return None;
    }
    let text = format!(
        "`cargo` in this session is `{}` and not the shim, so its builds do not go to your \
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
    let is_bare = |SessionFinding { answer, fault, .. }: &SessionFinding| {
        fault.is_none() && answer.as_ref().is_some_and(|answer| answer.cargo.is_none())
    };
    if findings.iter().any(is_bare) {
        let name = accounts::owner(site.account.uid);
        report::note(&format!(
            "{name} has no cargo in such sessions; the shim is put on PATH once there is one"
        ));
    }
    let shim = site.installation.shim_dir();
    report::note(&format!(
        "where no start-up file is read, as in cron jobs, put `{}` on PATH there",
        escaped(&shim)
    ));
    if site.is_machine && snapshot.uid == 0 {
        report::note(&"each user can check their own sessions: cargo-peruser setup --status");
    }
}

/// Asks all shells at once, because most of their time is waiting, but each of them in one way at a time.
/// A shell that does not answer is not asked again: if it hangs, it would hang each time.
fn ask_all(
    site: &Site,
    snapshot: &Snapshot,
    is_wanted: impl Fn(&str) -> bool,
) -> Vec<SessionFinding> {
    // What new sessions find depends on the settings and the home, not on this session's PATH, nor on
    // the cargo that runs this program as its subcommand.
    let hidden = &["PATH", "CARGO"];
    let elsewhere = snapshot.of(snapshot.uid, snapshot.gid, snapshot.cwd.clone(), hidden);
    let has_cargo = has_cargo(&site.settings_in_files, &Homes::new(&elsewhere));
    let absent = absent_from(&site.home, snapshot);
    let mut findings: Vec<SessionFinding> = Vec::new();
    for way in STARTS {
        let has_failed =
            |shell: &str| findings.iter().any(|it| it.kind.shell == shell && it.answer.is_none());
        let kinds = ASKED.iter().filter(|kind| kind.start == way && is_wanted(kind.shell));
        let kinds = kinds.filter(|kind| !has_failed(kind.shell));
        let started: Vec<_> =
            kinds.filter_map(|kind| Some((kind, start(kind, &site.account, snapshot)?))).collect();
        findings.extend(started.into_iter().map(|(kind, shell)| {
            let answer = shell.and_then(answer);
            let fault = judge(kind, &answer, site, has_cargo);
            SessionFinding { kind, answer: answer.ok(), fault }
        }));
    }
    // If somebody has put something into such a directory meanwhile, it stays.
    absent.iter().for_each(|directory| drop(std::fs::remove_dir(directory)));
    findings.sort_by_key(|finding| ASKED.iter().position(|kind| kind == finding.kind));
    findings
}

/// The complaints that each help is for: several shells read one file.
fn complaints(findings: &[SessionFinding]) -> BTreeMap<&str, Vec<&str>> {
    let mut complaints: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for Fault { text, help, .. } in findings.iter().filter_map(|finding| finding.fault.as_ref()) {
        complaints.entry(help).or_default().push(text);
    }
    complaints
}

impl SessionFinding {
    fn shown(&self) -> Shown {
        let mark = self.fault.as_ref().map_or("", |fault| fault.mark);
        let Some(ShellAnswer { cargo, target_dir, .. }) = &self.answer else {
            return ("no answer".into(), "no answer".into(), mark);
        };
        (word(cargo.as_deref()), word(target_dir.as_deref()), mark)
    }
}

/// What is wrong in a session, if anything is.
fn judge(
    kind: &SessionKind,
    answer: &io::Result<ShellAnswer>,
    site: &Site,
    has_cargo: bool,
) -> Option<Fault> {
    let session = format!("a fresh {}", name(kind));
    let ShellAnswer { cargo, target_dir, config } = match answer {
        Ok(answer) => answer,
        Err(error) => {
            let help = format!("{} {} true", kind.shell, kind.start.1.join(" "));
            let text = format!("{session} gave no answer: {error}");
            return Some(Fault { mark: NOT_THE_SHIM, text, help });
        }
    };
    let start_up = StartUp { kind, home: &site.home, config: config.as_deref() };
    let (text, line) = match (cargo, target_dir) {
        (None, _) if has_cargo => (format!("{session} finds no cargo at all"), None),
        // Any shim will do: the machine's, the person's own, or another one.
        (Some(cargo), _) if Installation::of_shim(cargo).is_none() => {
            let text = format!("in {session} `{}` comes before the shim", escaped(cargo));
            (text, start_up.line_that_puts_first(cargo))
        }
        // From here on the shim comes first, or there is no cargo for it to execute.
        (_, Some(target)) if is_private(target, site) => return None,
        (_, target) => {
            let line = start_up.line_that_sets_target();
            let is = target.as_ref().map(|path| format!("is `{}`", escaped(path)));
            let is = is.unwrap_or_else(|| "is not set".into());
            let text = format!("in {session} {TARGET_DIR} {is}{}", by(line.as_ref()));
            let (mark, help) = ("  <- not your own", line_to_take_out(line));
            return Some(Fault { mark, text, help });
        }
    };
    let help = line_to_add(&start_up, line.as_ref(), site);
    Some(Fault { mark: NOT_THE_SHIM, text: text + &by(line.as_ref()), help })
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

/// The command that adds the line, after whatever puts another cargo first, or the line alone for a file
/// that is not to be changed. Once the program is gone, the line does nothing.
fn line_to_add(start_up: &StartUp<'_>, offending: Option<&Line>, site: &Site) -> String {
    let file = start_up.file_to_win_in(offending);
    let program = site.installation.binary();
    if Original::read(&file).and_then(|file| file.assert_writable()).is_err() {
        return by_hand(&file, &program);
    }
    let line = quoted(&line_for(&file, &program));
    let ends_its_line = files::read_regular(&file).map_or(true, |text| text.ends_with('\n'));
    let add = if ends_its_line { "echo" } else { "printf '\\n%s\\n'" };
    let directory = file.parent().filter(|directory| !directory.exists());
    let make = directory.map_or(String::new(), |it| format!("mkdir -p {} && ", quoted(it)));
    format!("{make}{add} {line} >> {}", quoted(&file))
}

fn line_to_take_out(line: Option<Line>) -> String {
    let Some(Line { file, number }) = line else { return "cargo-peruser explain".into() };
    let is_own = files::entry(&file).is_ok_and(|entry| entry.uid == accounts::own_uid());
    let sudo = if is_own { "" } else { "sudo " };
    format!("remove that line: {sudo}${{EDITOR:-vi}} +{number} {}", quoted(&file))
}
