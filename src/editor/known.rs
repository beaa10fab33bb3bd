//! The editors that are known, where each keeps what a person has set, and which are on this machine.
//!
//! Only files of the person's own count: a checkout's are shared, and so is what they would say.

use std::path::{Path, PathBuf};

use crate::editor::edit::{Format, FoundValue, Keys, Language};
use crate::os::files;
use crate::os::homes::Homes;
use crate::os::snapshot::Snapshot;
use crate::ui::escape::escaped;

/// An editor, or rust-analyzer itself.
pub(super) struct Editor {
    /// The name on the command line and in JSON.
    pub(super) name: &'static str,
    /// What it calls itself.
    pub(super) title: &'static str,
    /// How its settings are written, where they are in a file that another program can write.
    pub(super) format: Option<Format>,
    /// The way to rust-analyzer's `cargo.targetDir` in them; empty where that is not said there.
    target_dir: &'static Keys,
    /// Whether the settings of rust-analyzer itself reach it.
    pub(super) heeds_rust_analyzer: bool,
    /// What a person should know beside the settings.
    pub(super) advice: &'static str,
    /// What the program is called.
    programs: &'static [&'static str],
    /// The files that it reads, whether they exist yet or not.
    files: fn(&Places<'_>) -> Vec<PathBuf>,
    /// What is there if the person has used it.
    traces: fn(&Places<'_>) -> Vec<PathBuf>,
}

/// The name of rust-analyzer itself.
pub(super) const RUST_ANALYZER: &str = "rust-analyzer";

/// All of them, in the order in which they are listed.
pub(super) static ALL: [Editor; 7] = [
    Editor {
        name: "vscode",
        title: "Visual Studio Code",
        format: Some(Format::Table(Language::Json, &["rust-analyzer.server.extraEnv"])),
        target_dir: &["rust-analyzer.cargo.targetDir"],
        // It sends a value for every setting, the empty table for this one, which then counts instead.
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
        traces: |places| places.codes().into_iter().map(|(trace, _)| trace).collect(),
    },
    Editor {
        name: "zed",
        title: "Zed",
        format: Some(Format::Table(Language::Json, &["lsp", RUST_ANALYZER, "binary", "env"])),
        target_dir: &["lsp", RUST_ANALYZER, "initialization_options", "cargo", "targetDir"],
        heeds_rust_analyzer: true,
        advice: include_str!("snippets/zed.txt"),
        programs: &["zed", "zeditor"],
        files: |places| vec![places.config.join("zed").join(SETTINGS)],
        traces: |places| vec![places.config.join("zed")],
    },
    Editor {
        name: "helix",
        title: "Helix",
        format: Some(Format::Table(
            Language::Toml,
            &["language-server", RUST_ANALYZER, "environment"],
        )),
        target_dir: &["language-server", RUST_ANALYZER, "config", "cargo", "targetDir"],
        heeds_rust_analyzer: true,
        advice: include_str!("snippets/helix.txt"),
        programs: &["hx", "helix"],
        files: |places| vec![places.config.join("helix/languages.toml")],
        traces: |places| vec![places.config.join("helix")],
    },
    Editor {
        name: "neovim",
        title: "Neovim",
        format: Some(Format::Lua),
        target_dir: &[],
        heeds_rust_analyzer: true,
        advice: include_str!("snippets/neovim.txt"),
        programs: &["nvim"],
        files: |places| vec![places.neovim().join("plugin/cargo-peruser.lua")],
        traces: |places| vec![places.neovim()],
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
        traces: |places| {
            let own = [".emacs", ".emacs.el", ".emacs.d"].map(|name| places.home.join(name));
            own.into_iter().chain([places.config.join("emacs")]).collect()
        },
    },
    Editor {
        name: "rustrover",
        title: "RustRover",
        format: None,
        target_dir: &[],
        // It has a language server of its own.
        heeds_rust_analyzer: false,
        advice: include_str!("snippets/rustrover.txt"),
        programs: &["rustrover", "rustrover.sh"],
        files: |_| Vec::new(),
        traces: |places| {
            let mut found = entries(&places.config.join("JetBrains"));
            let name = |path: &Path| path.file_name().map(|it| it.to_string_lossy().into_owned());
            found.retain(|path| name(path).is_some_and(|it| it.starts_with("RustRover")));
            found
        },
    },
    Editor {
        name: RUST_ANALYZER,
        title: RUST_ANALYZER,
        format: Some(Format::Table(Language::Toml, &["cargo", "extraEnv"])),
        target_dir: &["cargo", "targetDir"],
        heeds_rust_analyzer: true,
        advice: include_str!("snippets/rust-analyzer.txt"),
        programs: &[RUST_ANALYZER],
        files: |places| vec![places.rust_analyzer_file()],
        traces: |places| vec![places.rust_analyzer_file()],
    },
];

impl Editor {
    /// The files that it reads, whether they exist yet or not; empty where a person has none.
    pub(super) fn files(&self, places: &Places<'_>) -> Vec<PathBuf> {
        (self.files)(places)
    }

    /// The program, if it is on PATH.
    pub(super) fn program(&self, places: &Places<'_>) -> Option<PathBuf> {
        let path = places.snapshot.variable("PATH")?;
        let find = |name| which::which_in(name, Some(&path), &places.snapshot.cwd).ok();
        self.programs.iter().find_map(find)
    }

    /// Whether the person has used it: it has left a directory or a file.
    pub(super) fn has_traces(&self, places: &Places<'_>) -> bool {
        (self.traces)(places).iter().any(|path| files::is_there(path))
    }

    /// What `cargo.targetDir` in a text makes of our settings, where it stands there.
    pub(super) fn target_dir_note(&self, text: &str) -> Option<String> {
        let (name, keys) = self.target_dir.split_last()?;
        let Some(Format::Table(language, _)) = self.format else { return None };
        // What cannot be parsed is told elsewhere.
        let FoundValue { source, says, line } = language.find(text, keys, name).ok()??;
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
}

/// Visual Studio Code and what is built from it, below the configuration directory.
const CODES: [&str; 7] = [
    "Code",
    "Code - Insiders",
    "VSCodium",
    "VSCodium - Insiders",
    "Code - OSS",
    "Cursor",
    "Windsurf",
];

/// What they put on a machine that is reached from elsewhere, below the home directory. Its
/// settings are this machine's alone.
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
    snapshot: &'a Snapshot,
    home: PathBuf,
    config: PathBuf,
    data: PathBuf,
}

impl<'a> Places<'a> {
    /// `None` where the caller has no home directory.
    pub(super) fn of(snapshot: &'a Snapshot) -> Option<Places<'a>> {
        let homes = Homes::new(snapshot);
        let home = homes.home()?.to_owned();
        Some(Places { snapshot, home, config: homes.config()?, data: homes.data()? })
    }

    /// The directory that `cargo-peruser toolchain` makes unless it is told another.
    pub(super) fn toolchain_directory(&self) -> PathBuf {
        self.data.join("cargo-peruser/toolchain/bin")
    }

    /// Every variant that is there; where none is, the first, for the time when it comes.
    fn code_files(&self) -> Vec<PathBuf> {
        let codes = self.codes();
        let mut found = Vec::new();
        for (_, directory) in codes.iter().filter(|(trace, _)| files::is_there(trace)) {
            found.push(directory.join(SETTINGS));
            // Each profile has settings of its own.
            let profiles = entries(&directory.join("profiles"));
            let settings = profiles.into_iter().map(|profile| profile.join(SETTINGS));
            found.extend(settings.filter(|path| files::is_there(path)));
        }
        if found.is_empty() {
            found.extend(codes.first().map(|(_, directory)| directory.join(SETTINGS)));
        }
        found
    }

    /// What is there if a variant of Visual Studio Code has ever run, and where it keeps its settings.
    fn codes(&self) -> Vec<(PathBuf, PathBuf)> {
        let own = CODES.iter().map(|name| (self.config.join(name), "User"));
        let on_the_web = (self.data.join("code-server"), "User");
        let remote = CODE_SERVERS.iter().map(|name| (self.home.join(name), "data/Machine"));
        let all = own.chain([on_the_web]).chain(remote);
        all.map(|(trace, below)| (trace.clone(), trace.join(below))).collect()
    }

    fn neovim(&self) -> PathBuf {
        let given = self.snapshot.variable("NVIM_APPNAME");
        let name = given.filter(|name| Path::new(name).is_relative());
        self.config.join(name.unwrap_or_else(|| "nvim".into()))
    }

    /// The file that Emacs itself would choose; Doom's, where that is what runs in it, because its
    /// `init.el` is a checkout of Doom itself.
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

    fn rust_analyzer_file(&self) -> PathBuf {
        self.config.join("rust-analyzer/rust-analyzer.toml")
    }
}

/// What a directory holds, in the order of the names.
fn entries(directory: &Path) -> Vec<PathBuf> {
    let found = std::fs::read_dir(directory).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = found.map(|entry| entry.path()).collect();
    paths.sort();
    paths
}
