//! What a language server tells without being asked: how far it is, what is wrong, what has passed.

use serde_json::Value;

/// What the server has told so far without being asked.
#[derive(Default)]
pub(super) struct Heard {
    /// It has read the workspace and everything in it.
    pub(super) is_quiescent: bool,
    /// How many checks it has begun.
    pub(super) checks_begun: usize,
    /// A server that drops a check and begins another one never tells of the first one's end.
    is_checking: bool,
    /// File, source and text of what is complained about, as it stands.
    pub(super) diagnostics: Vec<(String, String, String)>,
    /// The tests that have passed.
    pub(super) passed: Vec<String>,
    /// How many times it has come to the end of the tests that it was to run.
    pub(super) test_runs_ended: usize,
}

impl Heard {
    /// At least one check has run, and none runs now.
    pub(super) fn is_idle(&self) -> bool {
        self.checks_begun > 0 && !self.is_checking
    }

    /// Whether the compiler, and not the server itself, says this about a file.
    pub(super) fn has_compiler_say(&self, uri: &str, expected: &str) -> bool {
        self.diagnostics.iter().any(|(about, source, text)| {
            about == uri && source == "rustc" && text.contains(expected)
        })
    }

    /// Takes a notification.
    pub(super) fn note(&mut self, method: &str, params: &Value) {
        let text = |value: &Value, name: &str| {
            value.pointer(name).and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        match method {
            "experimental/serverStatus" => {
                self.is_quiescent = params.get("quiescent") == Some(&Value::Bool(true));
            }
            "textDocument/publishDiagnostics" => {
                let uri = text(params, "/uri");
                self.diagnostics.retain(|(about, ..)| *about != uri);
                let list = params.get("diagnostics").and_then(Value::as_array);
                self.diagnostics.extend(
                    list.into_iter()
                        .flatten()
                        .map(|it| (uri.clone(), text(it, "/source"), text(it, "/message"))),
                );
            }
            "$/progress" if text(params, "/token").starts_with("rust-analyzer/flycheck/") => {
                let kind = text(params, "/value/kind");
                self.checks_begun += usize::from(kind == "begin");
                self.is_checking = kind != "end";
            }
            "experimental/changeTestState" if text(params, "/state/tag") == "passed" => {
                self.passed.push(text(params, "/testId"));
            }
            "experimental/endRunTest" => self.test_runs_ended += 1,
            _ => {}
        }
    }
}
