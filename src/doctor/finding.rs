//! The findings of a diagnosis, and its exit code.

use std::ffi::OsStr;
use std::path::Path;

use serde::Serialize;

use crate::os::{accounts, files};
use crate::ui::escape::escaped;
use crate::ui::failure::Failure;

/// The version of the JSON. It changes when a key changes its meaning or is removed.
const VERSION: u8 = 1;

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Severity {
    /// Worth knowing.
    Note,
    /// Something goes wrong sooner or later, or does not go where people expect.
    Warn,
    /// Builds fail, or are unsafe.
    Fail,
}

impl Severity {
    /// Its name.
    pub(super) fn word(self) -> &'static str {
        match self {
            Severity::Note => "note",
            Severity::Warn => "warn",
            Severity::Fail => "fail",
        }
    }
}

/// One problem. Its texts can be displayed as they are.
#[derive(Debug, Serialize)]
pub(super) struct Finding {
    /// The check that found it.
    pub(super) id: &'static str,
    pub(super) severity: Severity,
    /// The account that it concerns.
    pub(super) subject: String,
    pub(super) path: Option<String>,
    /// The owner of the file at the path.
    pub(super) owner: Option<String>,
    pub(super) text: String,
    pub(super) help: Option<String>,
}

impl Finding {
    /// A finding about the caller. [`Report::add`] fills in the check and the account.
    pub(super) fn new(severity: Severity, text: impl Into<String>) -> Finding {
        let (id, subject) = ("", String::new());
        Finding { id, severity, subject, path: None, owner: None, text: text.into(), help: None }
    }

    /// The failure with which a build would stop.
    pub(super) fn of(failure: &Failure) -> Finding {
        let help = failure.help.clone();
        Finding { help, ..Finding::new(Severity::Fail, failure.text.clone()) }
    }

    /// Adds the file that it is about.
    pub(super) fn at(self, path: &Path) -> Finding {
        let entry = files::entry(path).ok();
        let owner = entry.map(|entry| accounts::owner(entry.uid).to_string());
        Finding { path: Some(path.to_string_lossy().into_owned()), owner, ..self }
    }

    pub(super) fn help(self, help: impl Into<String>) -> Finding {
        Finding { help: Some(help.into()), ..self }
    }

    pub(super) fn about(self, account: &OsStr) -> Finding {
        Finding { subject: escaped(account).to_string(), ..self }
    }
}

/// The result of a check, or why this account cannot make it.
pub(super) type Checked = Result<Vec<Finding>, &'static str>;

/// The whole diagnosis. Both the text and the JSON are printed from it.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    version: u8,
    pub(super) findings: Vec<Finding>,
    /// The checks that were made.
    pub(super) made: Vec<&'static str>,
    /// The checks that this account could not make.
    pub(super) not_made: Vec<NotMade>,
}

/// A check that could not be made.
#[derive(Debug, Serialize)]
pub(super) struct NotMade {
    pub(super) id: &'static str,
    pub(super) reason: &'static str,
}

impl Report {
    pub(super) fn new() -> Report {
        Report { version: VERSION, findings: vec![], made: vec![], not_made: vec![] }
    }

    /// Adds the result of a check. A finding that names no account is about `subject`.
    pub(super) fn add(&mut self, id: &'static str, checked: Checked, subject: &OsStr) {
        let findings = match checked {
            Err(reason) => return self.not_made.push(NotMade { id, reason }),
            Ok(findings) => findings,
        };
        self.made.push(id);
        self.findings.extend(findings.into_iter().map(|finding| {
            let finding = Finding { id, ..finding };
            if finding.subject.is_empty() { finding.about(subject) } else { finding }
        }));
    }

    /// The exit code: 1 if a finding is at least as severe as `limit`.
    pub(super) fn exit(&self, limit: Severity) -> u8 {
        u8::from(self.findings.iter().any(|finding| finding.severity >= limit))
    }
}
