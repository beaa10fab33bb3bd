//! Pure: what a diagnosis has found, and what that comes to.

use std::ffi::OsStr;
use std::path::Path;

use serde::Serialize;

use crate::ui::escape::escaped;
use crate::ui::failure::Failure;
use crate::ui::owner::Owner;
use crate::ui::report::Colour;

/// The form of the JSON; it changes when a key changes its meaning or goes.
const VERSION: u8 = 1;

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Severity {
    /// It is good to know.
    Note,
    /// Something goes wrong sooner or later, or goes elsewhere than people think.
    Warn,
    /// Builds fail, or are unsafe.
    Fail,
}

impl Severity {
    /// Its name, and the colour of the word that cargo has for it.
    pub(super) fn word(self) -> (&'static str, Colour) {
        match self {
            Severity::Note => ("note", Colour::Note),
            Severity::Warn => ("warn", Colour::Warning),
            Severity::Fail => ("fail", Colour::Error),
        }
    }
}

/// One thing that is wrong. Its texts are fit for display.
#[derive(Debug, Serialize)]
pub(super) struct Finding {
    /// The check that found it.
    pub(super) id: &'static str,
    pub(super) severity: Severity,
    /// The account that it concerns.
    pub(super) subject: String,
    pub(super) path: Option<String>,
    /// Who owns what is at the path.
    pub(super) owner: Option<String>,
    pub(super) text: String,
    pub(super) help: Option<String>,
}

impl Finding {
    /// A finding of the check that is being made, about the caller.
    pub(super) fn new(severity: Severity, text: impl Into<String>) -> Finding {
        let (id, subject) = ("", String::new());
        Finding { id, severity, subject, path: None, owner: None, text: text.into(), help: None }
    }

    /// What a build would stop with.
    pub(super) fn of(failure: &Failure) -> Finding {
        let help = failure.help.clone();
        Finding { help, ..Finding::new(Severity::Fail, failure.text.clone()) }
    }

    pub(super) fn at(self, path: &Path) -> Finding {
        Finding { path: Some(path.to_string_lossy().into_owned()), ..self }
    }

    pub(super) fn owned_by(self, owner: &Owner) -> Finding {
        Finding { owner: Some(owner.to_string()), ..self }
    }

    pub(super) fn help(self, help: impl Into<String>) -> Finding {
        Finding { help: Some(help.into()), ..self }
    }

    pub(super) fn about(self, account: &OsStr) -> Finding {
        Finding { subject: escaped(account).to_string(), ..self }
    }
}

/// What a check comes to, or why this account cannot make it.
pub(super) type Checked<T = Vec<Finding>> = Result<T, &'static str>;

/// All that a diagnosis says; both printers print this.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    version: u8,
    pub(super) findings: Vec<Finding>,
    /// The checks that were made.
    pub(super) made: Vec<&'static str>,
    /// Those that this account could not make.
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

    /// Takes down what a check has come to; what says nothing of an account is about `subject`.
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

    /// 1 where something is at least as bad as `limit`.
    pub(super) fn exit(&self, limit: Severity) -> u8 {
        u8::from(self.findings.iter().any(|finding| finding.severity >= limit))
    }
}
