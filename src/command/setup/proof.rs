//! The proof: what fresh shells of the caller's find, and the line that cures where it is not us.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::site::Site;
use super::text;
use crate::report;
use crate::shown::{quoted, shown};
use crate::sys::fresh_shell::{Session, Shell, Start, ask};
use crate::sys::installation::is_same_file;
use crate::sys::snapshot::Snapshot;
use crate::sys::{accounts, files};

/// One fresh session, and what it found.
struct Finding {
    shell: Shell,
    start: Start,
    session: Result<Session, std::io::Error>,
}

/// Asks every installed shell and prints what it finds. True if the shim comes first everywhere.
///
/// # Errors
/// Those of writing it down.
pub(super) fn show(site: &Site, snapshot: &Snapshot) -> anyhow::Result<bool> {
    let findings = ask_all(site, snapshot);
    let name = accounts::owner(site.account.uid);
    report::line(format!("\nwhat fresh shells of {name} find"))?;
    let rows: Vec<text::Row> = findings.iter().map(|finding| finding.row(site)).collect();
    report::line(text::table(&rows))?;
    for (help, complaints) in complaints(site, &findings) {
        report::warning(&complaints.join("\n         "), &help);
    }
    let shim = site.installation.shim_dir();
    report::note(&format!(
        "where no start-up file is read, as in cron jobs, put `{}` on PATH there",
        shown(&shim)
    ));
    if site.is_machine() {
        report::note(&"everyone can see how it stands for them: cargo-peruser setup --status");
    }
    Ok(findings.iter().all(|finding| finding.wins(site)))
}

/// What each cure is for: several shells read one file.
fn complaints(site: &Site, findings: &[Finding]) -> BTreeMap<String, Vec<String>> {
    let mut complaints: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for finding in findings.iter().filter(|finding| !finding.wins(site)) {
        complaints.entry(finding.cure(site)).or_default().push(finding.complaint(site));
    }
    complaints
}

fn ask_all(site: &Site, snapshot: &Snapshot) -> Vec<Finding> {
    let mut findings = Vec::new();
    for shell in Shell::ALL {
        for &start in shell.starts() {
            let words = ["setup", "--enter-session"];
            let session = ask(shell, start, &site.account, snapshot, &words).transpose();
            findings.extend(session.map(|session| Finding { shell, start, session }));
        }
    }
    findings
}

impl Finding {
    fn wins(&self, site: &Site) -> bool {
        let Ok(Session { cargo: Some(cargo), target_dir: Some(target) }) = &self.session else {
            return false;
        };
        is_same_file(cargo, &site.installation.shim()) && target.starts_with(&site.shared_root)
    }

    fn row(&self, site: &Site) -> text::Row {
        let name = format!("{} ({})", self.shell.name(), self.start.name());
        let path = |path: &Option<PathBuf>| {
            path.as_ref().map_or("none".into(), |path| shown(path).to_string())
        };
        let (cargo, target) = match &self.session {
            Ok(session) => (path(&session.cargo), path(&session.target_dir)),
            Err(error) => (format!("unknown: {error}"), String::new()),
        };
        let mark = if self.wins(site) { "" } else { "  <- not the shim" };
        [name, cargo, format!("{target}{mark}")]
    }

    fn complaint(&self, site: &Site) -> String {
        let (shell, start) = (self.shell.name(), self.start.name());
        match &self.session {
            Err(error) => format!("a fresh {shell} ({start}) gave no answer: {error}"),
            Ok(Session { cargo: None, .. }) => {
                format!("a fresh {shell} ({start}) finds no cargo at all")
            }
            Ok(Session { cargo: Some(cargo), .. })
                if !is_same_file(cargo, &site.installation.shim()) =>
            {
                let by = self.culprit(site).map_or(String::new(), |(file, line)| {
                    format!(", by `{}` line {line}", shown(&file))
                });
                format!("in a fresh {shell} ({start}) `{}` comes before the shim{by}", shown(cargo))
            }
            Ok(_) => {
                format!("a fresh {shell} ({start}) has no CARGO_TARGET_DIR below the shared root")
            }
        }
    }

    /// The line to add, behind whatever gets in front.
    fn cure(&self, site: &Site) -> String {
        let program = quoted(&site.installation.binary());
        let file = self.culprit(site).map_or_else(|| self.last_file(site), |(file, _)| file);
        let line = match self.shell {
            Shell::Fish => format!("{program} env --shell fish | source"),
            Shell::Zsh => format!("eval \"$({program} env --shell zsh)\""),
            // Both read `.profile`.
            Shell::Sh | Shell::Bash => format!("eval \"$({program} env --shell sh)\""),
        };
        format!("echo {} >> {}", quoted(&line), quoted(&file))
    }

    /// The last of the caller's start-up files that names cargo's own directory.
    fn culprit(&self, site: &Site) -> Option<(PathBuf, usize)> {
        let mentions = |file: PathBuf| {
            let text = std::fs::File::open(&file).and_then(|file| files::text(&file)).ok()?;
            let lines = text.lines().enumerate();
            let line = lines.filter(|(_, line)| line.contains(".cargo/")).last()?.0;
            Some((file, line + 1))
        };
        self.start_up_files(site).into_iter().rev().find_map(mentions)
    }

    fn last_file(&self, site: &Site) -> PathBuf {
        self.start_up_files(site).pop().unwrap_or_else(|| site.home.join(".profile"))
    }

    /// The files that this shell reads of the caller's, in its order, as far as they exist.
    fn start_up_files(&self, site: &Site) -> Vec<PathBuf> {
        let names: &[&str] = match (self.shell, self.start) {
            (Shell::Sh, Start::Interactive) => &[],
            (Shell::Sh, _) => &[".profile"],
            (Shell::Bash, Start::Interactive) => &[".bashrc"],
            (Shell::Bash, _) => &[".bashrc", ".profile", ".bash_login", ".bash_profile"],
            (Shell::Zsh, Start::Login) => &[".zshenv", ".zprofile", ".zlogin"],
            (Shell::Zsh, Start::Interactive) => &[".zshenv", ".zshrc"],
            (Shell::Zsh, _) => &[".zshenv", ".zprofile", ".zshrc", ".zlogin"],
            (Shell::Fish, _) => &[".config/fish/conf.d/rustup.fish", ".config/fish/config.fish"],
        };
        let exists = |path: &PathBuf| Path::exists(path);
        names.iter().map(|name| site.home.join(name)).filter(exists).collect()
    }
}
