//! The proof: what fresh shells of the caller's find, and the line that cures where it is not us.

mod culprit;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::site::Site;
use super::text;
use crate::core::placement::TARGET_DIR;
use crate::report;
use crate::shown::{quoted, shown};
use crate::sys::accounts;
use crate::sys::fresh_shell::{Answer, AskedShell, Start, ask};
use crate::sys::installation::is_same_file;
use crate::sys::snapshot::Snapshot;
use culprit::{Line, last_file, last_line_with};

/// One fresh session, and what it found.
struct Finding {
    shell: AskedShell,
    start: Start,
    outcome: Outcome,
    cells: [String; 2],
}

/// Whether the shim is in force in a session, and what is in its way.
enum Outcome {
    /// It comes first, and bypassing programs build below the shared root as well.
    Wins,
    /// The shell did not answer; why.
    NoAnswer(std::io::Error),
    /// There is no cargo at all.
    NoCargo,
    /// Another cargo comes first.
    OtherCargo(PathBuf),
    /// `CARGO_TARGET_DIR` leads elsewhere, or is not set.
    OtherTarget(Option<PathBuf>),
}

/// Asks every installed shell and prints what it finds. True if the shim is in force everywhere.
///
/// # Errors
/// Those of writing it down.
pub(super) fn show(site: &Site, snapshot: &Snapshot) -> anyhow::Result<bool> {
    let findings = ask_all(site, snapshot);
    let name = accounts::owner(site.account.uid);
    report::line(format!("\nwhat fresh shells of {name} find"))?;
    let rows: Vec<text::Row> = findings.iter().map(Finding::row).collect();
    report::line(text::table(&rows))?;
    for (help, complaints) in complaints(site, &findings) {
        report::warning(&complaints.join("\n         "), &help);
    }
    let shim = site.installation.shim_dir();
    report::note(&format!(
        "where no start-up file is read, as in cron jobs, put `{}` on PATH there",
        shown(&shim)
    ));
    if site.is_machine() && snapshot.uid == 0 {
        report::note(&"everyone can see how it stands for them: cargo-peruser setup --status");
    }
    Ok(findings.iter().all(|finding| matches!(finding.outcome, Outcome::Wins)))
}

fn ask_all(site: &Site, snapshot: &Snapshot) -> Vec<Finding> {
    let mut findings = Vec::new();
    for shell in AskedShell::ALL {
        for &start in shell.starts() {
            let words = ["setup", "--enter-session"];
            let answer = ask(shell, start, &site.account, snapshot, &words).transpose();
            findings.extend(answer.map(|answer| Finding::of(shell, start, answer, site)));
        }
    }
    findings
}

/// What each cure is for: several shells read one file.
fn complaints(site: &Site, findings: &[Finding]) -> BTreeMap<String, Vec<String>> {
    let mut complaints: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for finding in findings {
        if let Some((complaint, cure)) = finding.complaint(site) {
            complaints.entry(cure).or_default().push(complaint);
        }
    }
    complaints
}

impl Finding {
    fn of(
        shell: AskedShell,
        start: Start,
        answer: std::io::Result<Answer>,
        site: &Site,
    ) -> Finding {
        let path = |path: &Option<PathBuf>| {
            path.as_ref().map_or("none".into(), |path| shown(path).to_string())
        };
        let cells = match &answer {
            Ok(answer) => [path(&answer.cargo), path(&answer.target_dir)],
            Err(_) => ["no answer", "no answer"].map(String::from),
        };
        let is_shim = |cargo: &Path| is_same_file(cargo, &site.installation.shim());
        let is_below = |target: &Path| target.starts_with(&site.shared_root);
        let outcome = match answer {
            Err(error) => Outcome::NoAnswer(error),
            Ok(Answer { cargo: None, .. }) => Outcome::NoCargo,
            Ok(Answer { cargo: Some(cargo), .. }) if !is_shim(&cargo) => Outcome::OtherCargo(cargo),
            Ok(Answer { target_dir: Some(target), .. }) if is_below(&target) => Outcome::Wins,
            Ok(Answer { target_dir, .. }) => Outcome::OtherTarget(target_dir),
        };
        Finding { shell, start, outcome, cells }
    }

    fn row(&self) -> text::Row {
        let name = format!("{} ({})", self.shell.name(), self.start.name());
        let [cargo, target] = self.cells.clone();
        let mark = match self.outcome {
            Outcome::Wins => "",
            Outcome::OtherTarget(_) => "  <- not in force",
            _ => "  <- not the shim",
        };
        [name, cargo, format!("{target}{mark}")]
    }

    /// What is wrong, and the command that cures it.
    fn complaint(&self, site: &Site) -> Option<(String, String)> {
        let session = format!("a fresh {} ({})", self.shell.name(), self.start.name());
        let by = |line: &Option<Line>| {
            line.as_ref().map_or(String::new(), |line| {
                format!(", by `{}` line {}", shown(&line.file), line.number)
            })
        };
        match &self.outcome {
            Outcome::Wins => None,
            Outcome::NoAnswer(error) => {
                let shell = self.shell.name();
                Some((format!("{session} gave no answer: {error}"), format!("{shell} -i")))
            }
            Outcome::NoCargo => {
                Some((format!("{session} finds no cargo at all"), self.line_to_add(None, site)))
            }
            Outcome::OtherCargo(cargo) => {
                let line = last_line_with(".cargo/", self.shell, self.start, site);
                let complaint =
                    format!("in {session} `{}` comes before the shim{}", shown(cargo), by(&line));
                Some((complaint, self.line_to_add(line, site)))
            }
            Outcome::OtherTarget(target) => {
                let line = last_line_with(TARGET_DIR, self.shell, self.start, site);
                let is = target.as_ref().map(|path| format!("is `{}`", shown(path)));
                let is = is.unwrap_or_else(|| "is not set".into());
                let complaint = format!("in {session} {TARGET_DIR} {is}{}", by(&line));
                Some((complaint, line_to_take_out(line)))
            }
        }
    }

    /// The line to add, behind whatever gets in front.
    fn line_to_add(&self, culprit: Option<Line>, site: &Site) -> String {
        let program = quoted(&site.installation.binary());
        let file = culprit.map(|line| line.file);
        let file = file.unwrap_or_else(|| last_file(self.shell, self.start, site));
        let line = match self.shell {
            AskedShell::Fish => format!("{program} env --shell fish | source"),
            AskedShell::Zsh => format!("eval \"$({program} env --shell zsh)\""),
            // Both read `.profile`.
            AskedShell::Sh | AskedShell::Bash => format!("eval \"$({program} env --shell sh)\""),
        };
        format!("echo {} >> {}", quoted(&line), quoted(&file))
    }
}

fn line_to_take_out(line: Option<Line>) -> String {
    line.map_or("cargo-peruser explain".into(), |Line { file, number }| {
        format!("take that line out: ${{EDITOR:-vi}} +{number} {}", quoted(&file))
    })
}
