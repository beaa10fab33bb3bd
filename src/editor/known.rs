//! The known editors, where each keeps its user's settings, and which are on this machine.
//!
//! Only the user's own files count: the files of a checkout are shared by everybody who uses it.

use std::path::{Path, PathBuf};

use crate::editor::edit::{Aim, Format, Keys};
use crate::os::files;
use crate::os::homes::Homes;
use crate::os::snapshot::Snapshot;
use crate::ui::escape::escaped;
use crate::ui::failure::Result;

/// An editor, or rust-analyzer itself.
pub(super) struct Editor {
    /// The name on the command line and in JSON.
    pub(super) name: &'static str,
    /// Its product name.
    pub(super) title: &'static str,
    /// The format of its settings, if they are in a file that another program can write.
    pub(super) format: Option<Format>,
    /// The keys of rust-analyzer's `cargo.targetDir` in them; empty if they have no such setting.
    target_dir: &'static Keys,
    /// Whether the settings of rust-analyzer itself reach it.
    pub(super) heeds_rust_analyzer: bool,
    /// Advice for the user, in addition to the settings.
    advice: &'static str,
    /// The names of its program.
    programs: &'static [&'static str],
    /// The files that it reads, whether they exist yet or not.
    files: fn(&Places<'_>) -> Vec<PathBuf>,
}

/// The name of rust-analyzer itself.
pub(super) const RUST_ANALYZER: &str = "rust-analyzer";

/// All of them, in the order in which they are listed.
pub(super) static ALL: [Editor; 7] = [
    Editor {
        name: "vscode",
        title: "Visual Studio Code",
        format: Some(Format::Json(&["rust-analyzer.server.extraEnv"])),
        target_dir: &["rust-analyzer.cargo.targetDir"],
        // It sends a value for every setting, and the empty table that it sends for this one wins.
        heeds_rust_analyzer: false,
        advice: include_str!("snippets/vscode.txt"),
        programs: &[
            "code",
            "code-insiders",
            "codium",
            "code-oss",
            "code-server",
            "cursor",
            "windsurf",
        ],
        files: |places| places.code_files(),
    },
    Editor {
        name: "zed",
        title: "Zed",
        format: Some(Format::Json(&["lsp", RUST_ANALYZER, "binary", "env"])),
        target_dir: &["lsp", RUST_ANALYZER, "initialization_options", "cargo", "targetDir"],
        heeds_rust_analyzer: true,
        advice: include_str!("snippets/zed.txt"),
        programs: &["zed", "zeditor"],
        files: |places| vec![places.config.join("zed").join(SETTINGS)],
    },
    Editor {
        name: "helix",
        title: "Helix",
        format: Some(Format::Toml(&["language-server", RUST_ANALYZER, "environment"])),
        target_dir: &["language-server", RUST_ANALYZER, "config", "cargo", "targetDir"],
        heeds_rust_analyzer: true,
        advice: include_str!("snippets/helix.txt"),
        programs: &["hx", "helix"],
        files: |places| vec![places.config.join("helix/languages.toml")],
    },
    Editor {
        name: "neovim",
        title: "Neovim",
        format: Some(Format::Lua),
        target_dir: &[],
        heeds_rust_analyzer: true,
        advice: include_str!("snippets/neovim.txt"),
        programs: &["nvim"],
        files: |places| vec![places.neovim_file()],
    },
    Editor {
        name: "emacs",
        title: "Emacs",
        format: Some(Format::Elisp),
        target_dir: &[],
        heeds_rust_analyzer: true,
        advice: include_str!("snippets/emacs.txt"),
        programs: &["emacs"],
        files: |places| vec![places.emacs_file()],
    },
    Editor {
        name: "rustrover",
        title: "RustRover",
        format: None,
        target_dir: &[],
        // It has its own language server.
        heeds_rust_analyzer: false,
        advice: include_str!("snippets/rustrover.txt"),
        programs: &["rustrover", "rustrover.sh"],
        files: |_| Vec::new(),
    },
    Editor {
        name: RUST_ANALYZER,
        title: RUST_ANALYZER,
        format: Some(Format::Toml(&["cargo", "extraEnv"])),
        target_dir: &["cargo", "targetDir"],
        heeds_rust_analyzer: true,
        advice: include_str!("snippets/rust-analyzer.txt"),
        programs: &[RUST_ANALYZER],
        files: |places| vec![places.config.join("rust-analyzer/rust-analyzer.toml")],
    },
];

impl Editor {
    /// The files that it reads, whether they exist yet or not; empty if it has no such file.
    pub(super) fn files(&self, places: &Places<'_>) -> Vec<PathBuf> {
        (self.files)(places)
    }

    /// The settings of one editor, the files that they belong in, and advice.
    pub(super) fn settings(&self, aim: &Aim, places: &Places<'_>) -> Result<String> {
        let toolchain = escaped(&places.toolchain_directory()).to_string();
        let advice = self.advice.trim_end().replace("@TOOLCHAIN@", &toolchain);
        let Some(format) = self.format else { return Ok(advice) };
        let file = |path: &PathBuf| {
            let state = if files::is_there(path) { "" } else { " (does not exist yet)" };
            format!("`{}`{state}", escaped(path))
        };
        let files: Vec<String> = self.files(places).iter().map(file).collect();
        // An edit of an empty file shows what a person would write.
        let settings = format.edit("", aim)?;
        Ok(format!(
            "in {}:\n\n{settings}\n{advice}\n\n`cargo-peruser editor {} --write` writes these settings, \
             `--remove` removes them again",
            files.join("\n   "),
            self.name
        ))
    }

    /// The program, if it is on PATH.
    pub(super) fn program(&self, places: &Places<'_>) -> Option<PathBuf> {
        let path = places.snapshot.variable("PATH")?;
        let find = |name| which::which_in(name, Some(&path), &places.snapshot.cwd).ok();
        self.programs.iter().find_map(find)
    }

    /// Whether the user has used it: the directory of one of its files exists.
    pub(super) fn has_traces(&self, places: &Places<'_>) -> bool {
        self.files(places).iter().filter_map(|path| path.parent()).any(files::is_there)
    }

    /// Where `cargo.targetDir` sends everything, if a text sets it to a path.
    pub(super) fn target_dir_note(&self, text: &str) -> Option<String> {
        let (name, keys) = self.target_dir.split_last()?;
        // A parse error is reported elsewhere.
        let found = self.format?.find(text, keys, name).ok()??;
        Some(format!(
            "`{name}` in line {}: rust-analyzer builds in `{}`, whatever CARGO_TARGET_DIR says",
            found.line,
            escaped(&found.says?)
        ))
    }
}

/// Visual Studio Code and its variants, below the configuration directory.
const CODES: [&str; 7] = [
    "Code",
    "Code - Insiders",
    "VSCodium",
    "VSCodium - Insiders",
    "Code - OSS",
    "Cursor",
    "Windsurf",
];

/// Their directories on a remote machine, below the home directory. The settings there are for that
/// machine only.
const CODE_SERVERS: [&str; 6] = [
    ".vscode-server",
    ".vscode-server-insiders",
    ".vscodium-server",
    ".vscode-server-oss",
    ".cursor-server",
    ".windsurf-server",
];

const SETTINGS: &str = "settings.json";

/// Where the caller's editors keep things.
pub(super) struct Places<'a> {
    pub(super) snapshot: &'a Snapshot,
    home: PathBuf,
    config: PathBuf,
    data: PathBuf,
}

impl<'a> Places<'a> {
    /// `None` if the caller has no home directory.
    pub(super) fn of(snapshot: &'a Snapshot) -> Option<Places<'a>> {
        let homes = Homes::new(snapshot);
        let home = homes.home()?.to_owned();
        Some(Places { snapshot, home, config: homes.config()?, data: homes.data()? })
    }

    /// The default directory of `cargo-peruser toolchain`.
    pub(super) fn toolchain_directory(&self) -> PathBuf {
        self.data.join("cargo-peruser/toolchain/bin")
    }

    /// The files of every installed variant; if there is none, of the first, in case it is installed
    /// later.
    fn code_files(&self) -> Vec<PathBuf> {
        let own = CODES.map(|name| self.config.join(name).join("User"));
        let on_the_web = self.data.join("code-server/User");
        let remote = CODE_SERVERS.map(|name| self.home.join(name).join("data/Machine"));
        let mut found = Vec::new();
        for directory in own.iter().chain([&on_the_web]).chain(&remote) {
            if files::is_there(directory) {
                found.push(directory.join(SETTINGS));
                // Each profile has its own settings.
                let profiles = files::sorted_entries(&directory.join("profiles"));
                let settings = profiles.into_iter().map(|profile| profile.join(SETTINGS));
                found.extend(settings.filter(|path| files::is_there(path)));
            }
        }
        if found.is_empty() {
            found.extend(own.first().map(|directory| directory.join(SETTINGS)));
        }
        found
    }

    fn neovim_file(&self) -> PathBuf {
        let given = self.snapshot.variable("NVIM_APPNAME");
        let name = given.filter(|name| Path::new(name).is_relative());
        let directory = self.config.join(name.unwrap_or_else(|| "nvim".into()));
        directory.join("plugin/cargo-peruser.lua")
    }

    /// The file that Emacs itself would choose. With Doom it is `config.el`, because `init.el` belongs to
    /// the checkout of Doom.
    fn emacs_file(&self) -> PathBuf {
        let doom = Homes::new(self.snapshot).own("DOOMDIR");
        let doom = doom.into_iter().chain([self.config.join("doom"), self.home.join(".doom.d")]);
        let doom = doom.map(|directory| directory.join("config.el"));
        let plain = [".emacs.el", ".emacs"].map(|name| self.home.join(name));
        if let Some(path) = doom.chain(plain).find(|path| files::is_there(path)) {
            return path;
        }
        let dot = self.home.join(".emacs.d");
        let xdg = self.config.join("emacs");
        let directory = if files::is_there(&xdg) && !files::is_there(&dot) { xdg } else { dot };
        directory.join("init.el")
    }
}
