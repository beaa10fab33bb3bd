//! The format of `doctor --json`, which programs may rely on.
#![expect(dead_code, reason = "it is only demanded that the fields can be read")]

use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Report {
    version: u32,
    findings: Vec<Finding>,
    made: Vec<String>,
    not_made: Vec<NotMade>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Finding {
    id: String,
    severity: Severity,
    subject: String,
    // There, even where it is null.
    #[serde(deserialize_with = "Option::deserialize")]
    path: Option<String>,
    #[serde(deserialize_with = "Option::deserialize")]
    owner: Option<String>,
    text: String,
    #[serde(deserialize_with = "Option::deserialize")]
    help: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Severity {
    Note,
    Warn,
    Fail,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NotMade {
    id: String,
    reason: String,
}

/// The first difference from the format: an unknown or a missing key, or a value of another type.
pub(crate) fn violation(report: &Value) -> Option<String> {
    match Report::deserialize(report) {
        Ok(report) => (report.version != 1).then(|| format!("version {}", report.version)),
        Err(error) => Some(error.to_string()),
    }
}
