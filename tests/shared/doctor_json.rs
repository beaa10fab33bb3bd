//! The format of `doctor --json`, which programs may rely on.

use serde_json::Value;

/// The keys of each object, and the types of their values.
type Schema = &'static [(&'static str, &'static str)];

const REPORT: Schema =
    &[("version", "number"), ("findings", "array"), ("made", "array"), ("not_made", "array")];
const FINDING: Schema = &[
    ("id", "string"),
    ("severity", "string"),
    ("subject", "string"),
    ("path", "string or null"),
    ("owner", "string or null"),
    ("text", "string"),
    ("help", "string or null"),
];
const NOT_MADE: Schema = &[("id", "string"), ("reason", "string")];

/// The first difference from the schema: an unknown or a missing key, or a value of another type.
pub(crate) fn violation(report: &Value) -> Option<String> {
    let all = |key: &str| report[key].as_array().cloned().unwrap_or_default();
    let findings = all("findings");
    let of_severity = |finding: &Value| {
        let is_known = ["note", "warn", "fail"].map(Value::from).contains(&finding["severity"]);
        (!is_known).then(|| format!("the severity of {finding}"))
    };
    of_object(report, REPORT)
        .or_else(|| (report["version"] != 1).then(|| format!("version {}", report["version"])))
        .or_else(|| findings.iter().find_map(|finding| of_object(finding, FINDING)))
        .or_else(|| findings.iter().find_map(of_severity))
        .or_else(|| all("not_made").iter().find_map(|check| of_object(check, NOT_MADE)))
        .or_else(|| all("made").iter().find(|id| !id.is_string()).map(Value::to_string))
}

fn of_object(value: &Value, schema: Schema) -> Option<String> {
    let object = value.as_object()?;
    let is_known = |key: &&String| schema.iter().any(|(known, _)| known == key);
    if let Some(key) = object.keys().find(|key| !is_known(key)) {
        return Some(format!("`{key}` is unknown in {value}"));
    }
    schema.iter().find_map(|(key, types)| {
        let found = match object.get(*key) {
            None => "missing",
            Some(Value::Null) => "null",
            Some(Value::Bool(_)) => "bool",
            Some(Value::Number(_)) => "number",
            Some(Value::String(_)) => "string",
            Some(Value::Array(_)) => "array",
            Some(Value::Object(_)) => "object",
        };
        (!types.split(" or ").any(|it| it == found))
            .then(|| format!("`{key}` is {found} in {value}"))
    })
}
