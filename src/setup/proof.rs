//! The proof: what fresh shells of the caller's find, and the line that cures where it is not us.

mod culprit;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use super::ENTER;
use super::site::Site;
use super::text;
use crate::os::accounts;
use crate::os::files;
use crate::os::snapshot::Snapshot;
use crate::session::installation::Installation;
use crate::setup::fresh_shell::{Answer, AskedShell, Start, ask};
use crate::shim::decide::TARGET_DIR;
use crate::ui::escape::{quoted, shown};
use crate::ui::report;
use culprit::{Line, StartUp};

/// One fresh session, and what it found.
struct Finding {
    shell: AskedShell,
    start: Start,
    outcome: Outcome,
    /// Where the shell's own start-up files are, if it says so.
    config: Option<PathBuf>,
    cells: [String; 2],
}

/// Whether the shim is in force in a session, and what is in its way.
enum Outcome {
    /// It comes first, and programs that bypass it build in the same private directory.
    Wins,
    /// The shell did not answer; why.
    NoAnswer(io::Error),
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
    let header = ["shell", "cargo", "target directory"].map(String::from);
    let rows = std::iter::once(header).chain(findings.iter().map(Finding::row));
    let rows: Vec<text::Row> = rows.collect();
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

/// A shell that hangs is not asked again: it would hang each time, and each costs its patience.
fn ask_all(site: &Site, snapshot: &Snapshot) -> Vec<Finding> {
    let mut findings = Vec::new();
    for shell in AskedShell::ALL {
        for &start in shell.starts() {
            let words = ["setup", ENTER];
            let answer = ask(shell, start, &site.account, snapshot, &words).transpose();
            let hangs =
                matches!(&answer, Some(Err(error)) if error.kind() == io::ErrorKind::TimedOut);
            findings.extend(answer.map(|answer| Finding::of(shell, start, answer, site)));
            if hangs {
                break;
            }
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
    fn of(shell: AskedShell, start: Start, answer: io::Result<Answer>, site: &Site) -> Finding {
        let path = |path: &Option<PathBuf>| {
            path.as_ref().map_or("none".into(), |path| shown(path).to_string())
        };
        let cells = match &answer {
            Ok(answer) => [path(&answer.cargo), path(&answer.target_dir)],
            Err(_) => ["no answer", "no answer"].map(String::from),
        };
        // The machine's, the person's own, or another's.
        let is_shim = |cargo: &Path| Installation::of_shim(cargo).is_some();
        let config = answer.as_ref().ok().and_then(|answer| answer.config.clone());
        // An account without a directory in the root builds in its own cache directory.
        let is_below = |target: &Path| {
            let own = site.own_cache.as_ref();
            target.starts_with(&site.shared_root) || own.is_some_and(|own| target.starts_with(own))
        };
        let outcome = match answer {
            Err(error) => Outcome::NoAnswer(error),
            Ok(Answer { cargo: None, .. }) => Outcome::NoCargo,
            Ok(Answer { cargo: Some(cargo), .. }) if !is_shim(&cargo) => Outcome::OtherCargo(cargo),
            Ok(Answer { target_dir: Some(target), .. }) if is_below(&target) => Outcome::Wins,
            Ok(Answer { target_dir, .. }) => Outcome::OtherTarget(target_dir),
        };
        Finding { shell, start, outcome, config, cells }
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
        let start_up = StartUp {
            shell: self.shell,
            start: self.start,
            home: &site.home,
            config: self.config.as_deref(),
        };
        match &self.outcome {
            Outcome::Wins => None,
            Outcome::NoAnswer(error) => {
                let flags = self.start.flags().join(" ");
                let help = format!("{} {flags} true", self.shell.name());
                Some((format!("{session} gave no answer: {error}"), help))
            }
            Outcome::NoCargo => {
                let cure = line_to_add(&start_up, None, site);
                Some((format!("{session} finds no cargo at all"), cure))
            }
            Outcome::OtherCargo(cargo) => {
                let line = start_up.last_line_with(".cargo/");
                let complaint =
                    format!("in {session} `{}` comes before the shim{}", shown(cargo), by(&line));
                Some((complaint, line_to_add(&start_up, line.as_ref(), site)))
            }
            Outcome::OtherTarget(target) => {
                let line = start_up.last_line_with(TARGET_DIR);
                let is = target.as_ref().map(|path| format!("is `{}`", shown(path)));
                let is = is.unwrap_or_else(|| "is not set".into());
                let complaint = format!("in {session} {TARGET_DIR} {is}{}", by(&line));
                Some((complaint, line_to_take_out(line)))
            }
        }
    }
}

/// The command that adds the line, behind whatever gets in front. Once the program is gone the line
/// does nothing.
fn line_to_add(start_up: &StartUp<'_>, culprit: Option<&Line>, site: &Site) -> String {
    let program = quoted(&site.installation.binary());
    let file = start_up.file_to_win_in(culprit);
    let bourne = |shell: &str| {
        format!("if [ -x {program} ]; then eval \"$({program} env --shell {shell})\"; fi")
    };
    let line = match start_up.shell {
        AskedShell::Fish => {
            format!("test -x {program}; and {program} env --shell fish | source")
        }
        AskedShell::Zsh => bourne("zsh"),
        // Both read `.profile`.
        AskedShell::Sh | AskedShell::Bash => bourne("sh"),
    };
    let (line, place) = (quoted(&line), quoted(&file));
    let ends_its_line = files::read_regular(&file).map_or(true, |text| text.ends_with('\n'));
    let add = match ends_its_line {
        true => format!("echo {line} >> {place}"),
        false => format!("printf '\\n%s\\n' {line} >> {place}"),
    };
    match file.parent() {
        Some(parent) if !parent.exists() => format!("mkdir -p {} && {add}", quoted(parent)),
        _ => add,
    }
}

fn line_to_take_out(line: Option<Line>) -> String {
    line.map_or("cargo-peruser explain".into(), |Line { file, number }| {
        format!("take that line out: ${{EDITOR:-vi}} +{number} {}", quoted(&file))
    })
}
