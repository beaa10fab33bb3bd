//! Pure: the editors that are known, and what each has of its own.

use super::Language::{Json, Toml};
use super::{Format, Found, text};
use crate::ui::escape::escaped;

/// An editor, or rust-analyzer itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Editor {
    /// Visual Studio Code and what is built from it.
    VsCode,
    /// Zed.
    Zed,
    /// Helix.
    Helix,
    /// Neovim.
    Neovim,
    /// Emacs.
    Emacs,
    /// RustRover, and the other IDEs of its house.
    RustRover,
    /// rust-analyzer, whichever editor starts it.
    RustAnalyzer,
}

impl Editor {
    /// All of them, in the order in which they are listed.
    pub(crate) const ALL: [Editor; 7] = [
        Editor::VsCode,
        Editor::Zed,
        Editor::Helix,
        Editor::Neovim,
        Editor::Emacs,
        Editor::RustRover,
        Editor::RustAnalyzer,
    ];

    /// The name on the command line and in JSON.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Editor::VsCode => "vscode",
            Editor::Zed => "zed",
            Editor::Helix => "helix",
            Editor::Neovim => "neovim",
            Editor::Emacs => "emacs",
            Editor::RustRover => "rustrover",
            Editor::RustAnalyzer => "rust-analyzer",
        }
    }

    /// What it calls itself.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Editor::VsCode => "Visual Studio Code",
            Editor::Zed => "Zed",
            Editor::Helix => "Helix",
            Editor::Neovim => "Neovim",
            Editor::Emacs => "Emacs",
            Editor::RustRover => "RustRover",
            Editor::RustAnalyzer => "rust-analyzer",
        }
    }

    /// How its settings are written, where they are in a file that can be.
    pub(crate) fn format(self) -> Option<Format> {
        Some(match self {
            Editor::VsCode => Format::Table(Json, &["rust-analyzer.server.extraEnv"]),
            Editor::Zed => Format::Table(Json, &["lsp", "rust-analyzer", "binary", "env"]),
            Editor::Helix => {
                Format::Table(Toml, &["language-server", "rust-analyzer", "environment"])
            }
            Editor::Neovim => Format::Lua,
            Editor::Emacs => Format::Elisp,
            Editor::RustRover => return None,
            Editor::RustAnalyzer => Format::Table(Toml, &["cargo", "extraEnv"]),
        })
    }

    /// The way to rust-analyzer's `cargo.targetDir`, and its name there.
    fn target_dir_setting(self) -> Option<(&'static [&'static str], &'static str)> {
        const ZED: &[&str] = &["lsp", "rust-analyzer", "initialization_options", "cargo"];
        const HELIX: &[&str] = &["language-server", "rust-analyzer", "config", "cargo"];
        match self {
            Editor::VsCode => Some((&[], "rust-analyzer.cargo.targetDir")),
            Editor::Zed => Some((ZED, "targetDir")),
            Editor::Helix => Some((HELIX, "targetDir")),
            Editor::RustAnalyzer => Some((&["cargo"], "targetDir")),
            Editor::Neovim | Editor::Emacs | Editor::RustRover => None,
        }
    }

    /// What `cargo.targetDir` in a text makes of our settings, where it stands there.
    pub(crate) fn target_dir_note(self, text: &str) -> Option<String> {
        let (keys, name) = self.target_dir_setting()?;
        let found = match self.format()? {
            Format::Table(language, _) => language.find(text::body(text), keys, name),
            Format::Lua | Format::Elisp => return None,
        };
        // What cannot be parsed is told elsewhere.
        let Found { source, says, line, .. } = found.ok()??;
        match (source.as_str(), says) {
            ("true", _) => Some(format!(
                "`{name}` in line {line} keeps rust-analyzer's builds apart, in `rust-analyzer` \
                 below the target directory: yours alone as well"
            )),
            (_, Some(path)) => Some(format!(
                "`{name}` in line {line} sends rust-analyzer's builds to `{}`, whatever \
                 CARGO_TARGET_DIR says",
                escaped(&path)
            )),
            _ => None,
        }
    }

    /// What a person should know beside the settings.
    pub(crate) fn advice(self) -> &'static str {
        match self {
            Editor::VsCode => include_str!("../snippets/vscode.txt"),
            Editor::Zed => include_str!("../snippets/zed.txt"),
            Editor::Helix => include_str!("../snippets/helix.txt"),
            Editor::Neovim => include_str!("../snippets/neovim.txt"),
            Editor::Emacs => include_str!("../snippets/emacs.txt"),
            Editor::RustRover => include_str!("../snippets/rustrover.txt"),
            Editor::RustAnalyzer => include_str!("../snippets/rust-analyzer.txt"),
        }
    }

    /// Whether the settings of rust-analyzer itself reach it. Visual Studio Code sends a value for
    /// every setting, the empty table for this one, which then counts instead; RustRover has a
    /// language server of its own.
    pub(crate) fn heeds_rust_analyzer(self) -> bool {
        !matches!(self, Editor::VsCode | Editor::RustRover)
    }
}
