//! The format of `doctor --json`, which programs may rely on.

use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "a report is only compared with the format")]
struct Report {
    version: u8,
    findings: Vec<Finding>,
    made: Vec<String>,
    not_made: Vec<NotMade>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "as above")]
struct Finding {
    id: String,
    severity: Severity,
    subject: String,
    // With a function of its own, a key may be null, but not missing.
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
#[expect(dead_code, reason = "as above")]
struct NotMade {
    id: String,
    reason: String,
}

/// The first difference from the format: an unknown or a missing key, or a value of another type.
pub(crate) fn violation(report: &Value) -> Option<String> {
    match Report::deserialize(report) {
        Err(error) => Some(error.to_string()),
        Ok(Report { version, .. }) => (version != 1).then(|| format!("version {version}")),
    }
}
