//! An editor, as far as a language server can tell: it opens a checkout, asks, saves, and closes.
//!
//! Nothing here waits for a time: the server says when it has settled, and the answers say whether
//! it has understood.

mod calls;
mod heard;
mod home;
mod wire;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

pub(crate) use calls::{Call, Door, calls};
pub(crate) use home::{Proxies, RECORD, settle_in};

use heard::Heard;
use wire::Wire;

/// How long the server may be silent before a question is asked again.
const SILENCE: Duration = Duration::from_millis(250);

/// Content modified, request cancelled, server cancelled: ask again.
const ASK_AGAIN: [i64; 3] = [-32801, -32800, -32802];

/// One person's editor with one checkout open.
pub(crate) struct Editor {
    wire: Wire,
    settings: Value,
    folder: PathBuf,
    asked: i64,
    answer: Option<Value>,
    heard: Heard,
}

impl Editor {
    /// Starts a server for the checkout with the settings that an editor would hand to it. What it
    /// complains about goes to a file of that name.
    pub(crate) fn open(
        server: &Command,
        checkout: &Path,
        settings: Value,
        complaints: PathBuf,
    ) -> Result<Self> {
        let wire = Wire::start(server, complaints)?;
        let (folder, heard) = (checkout.to_owned(), Heard::default());
        let mut editor = Editor { wire, settings, folder, asked: 0, answer: None, heard };
        editor.ask("initialize", &editor.introduction())?;
        editor.tell("initialized", json!({}))?;
        Ok(editor)
    }

    fn introduction(&self) -> Value {
        let uri = uri(&self.folder);
        json!({
            "processId": null,
            "rootUri": uri,
            "workspaceFolders": [{ "uri": uri, "name": "checkout" }],
            "initializationOptions": self.settings,
            "capabilities": {
                "workspace": { "configuration": true },
                "window": { "workDoneProgress": true },
                "textDocument": { "hover": { "contentFormat": ["plaintext"] } },
                "experimental": { "serverStatusNotification": true },
            },
        })
    }

    /// Waits until the server knows the checkout, and opens a file.
    pub(crate) fn show(&mut self, file: &str, text: &str) -> Result<()> {
        self.until(|editor| Ok(editor.heard.is_quiescent))?;
        let document =
            json!({ "uri": self.uri(file), "languageId": "rust", "version": 1, "text": text });
        self.tell("textDocument/didOpen", json!({ "textDocument": document }))
    }

    /// Waits until the server has settled and says `expected` when it is asked about a place.
    pub(crate) fn until_answered(
        &mut self,
        question: &str,
        (file, line, column): (&str, usize, usize),
        expected: &str,
    ) -> Result<()> {
        let position = json!({ "line": line, "character": column });
        let place = json!({ "textDocument": { "uri": self.uri(file) }, "position": position });
        let mut last = Value::Null;
        let asked = self.until(|editor| {
            if !editor.heard.is_quiescent {
                return Ok(false);
            }
            last = editor.ask(question, &place)?;
            Ok(editor.heard.is_quiescent && last.to_string().contains(expected))
        });
        asked.map_err(|error| error.context(format!("{question}: {last}, not `{expected}`")))
    }

    /// Saves a file and waits for what the compiler says about it then.
    pub(crate) fn save(&mut self, file: &str, expected: &str) -> Result<()> {
        // What began before the file was saved says nothing about it.
        self.until(|editor| Ok(editor.heard.is_idle()))?;
        let before = self.heard.checks_begun;
        let uri = self.uri(file);
        self.tell("textDocument/didSave", json!({ "textDocument": { "uri": uri } }))?;
        let said = self.until(|Editor { heard, .. }| {
            let is_checked = heard.checks_begun > before && heard.is_idle();
            Ok(is_checked && heard.has_compiler_say(&uri, expected))
        });
        said.with_context(|| format!("not `{expected}`, but {:?}", self.heard.diagnostics))
    }

    /// Runs a test, as a click in the test explorer does, and waits until it has passed.
    pub(crate) fn test(&mut self, test: &str) -> Result<()> {
        self.ask("experimental/runTest", &json!({ "include": [test], "exclude": null }))?;
        self.until(|editor| Ok(editor.heard.test_runs_ended > 0))?;
        let passed = &self.heard.passed;
        ensure!(passed.iter().any(|name| name == test), "passed: {passed:?}, and not `{test}`");
        Ok(())
    }

    /// Closes the editor.
    pub(crate) fn close(mut self) -> Result<()> {
        self.ask("shutdown", &Value::Null)?;
        self.tell("exit", Value::Null)?;
        self.wire.close()
    }

    fn uri(&self, file: &str) -> String {
        uri(&self.folder.join(file))
    }

    fn until(&mut self, mut holds: impl FnMut(&mut Self) -> Result<bool>) -> Result<()> {
        while !holds(self)? {
            self.listen()?;
        }
        Ok(())
    }

    fn tell(&mut self, method: &str, params: Value) -> Result<()> {
        self.wire.send(&json!({ "jsonrpc": "2.0", "method": method, "params": params }))
    }

    fn ask(&mut self, method: &str, params: &Value) -> Result<Value> {
        loop {
            self.asked += 1;
            let id = self.asked;
            let question =
                json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
            self.wire.send(&question)?;
            let mut answer = loop {
                self.listen()?;
                if let Some(answer) = self.answer.take() {
                    break answer;
                }
            };
            match answer.pointer("/error/code").and_then(Value::as_i64) {
                None => return Ok(answer.get_mut("result").map(Value::take).unwrap_or_default()),
                Some(code) if ASK_AGAIN.contains(&code) => self.listen()?,
                Some(_) => bail!("{method}: {answer}\n{}", self.wire.complains()),
            }
        }
    }

    /// Takes one message, if there is one.
    fn listen(&mut self) -> Result<()> {
        let Some(message) = self.wire.receive(SILENCE)? else { return Ok(()) };
        let method = message.get("method").and_then(Value::as_str);
        let params = message.get("params").unwrap_or(&Value::Null);
        match (method, message.get("id")) {
            (Some(method), Some(id)) => {
                let result = self.reply(method, params);
                self.wire.send(&json!({ "jsonrpc": "2.0", "id": id, "result": result }))?;
            }
            (Some(method), None) => self.heard.note(method, params),
            (None, id) if id.and_then(Value::as_i64) == Some(self.asked) => {
                self.answer = Some(message);
            }
            (None, _) => {}
        }
        Ok(())
    }

    fn reply(&self, method: &str, params: &Value) -> Value {
        match (method, params.get("items").and_then(Value::as_array)) {
            ("workspace/configuration", Some(items)) => {
                items.iter().map(|_| self.settings.clone()).collect()
            }
            _ => Value::Null,
        }
    }
}

fn uri(path: &Path) -> String {
    format!("file://{}", path.display())
}
