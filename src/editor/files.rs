//! Where editors keep what a person has set, and which of them are on this machine.
//!
//! Only files of the person's own count: a checkout's are shared, and so is what they would say.

use std::path::{Path, PathBuf};

use crate::editor::edit::Editor;
use crate::os::files;
use crate::os::homes::Homes;
use crate::os::snapshot::Snapshot;

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

/// The caller's editors.
#[derive(Debug)]
pub(super) struct Editors<'a> {
    snapshot: &'a Snapshot,
    home: PathBuf,
    config: PathBuf,
    data: PathBuf,
}

impl<'a> Editors<'a> {
    /// `None` where the caller has no home directory.
    pub(super) fn of(snapshot: &'a Snapshot) -> Option<Editors<'a>> {
        let homes = Homes::new(snapshot);
        let home = homes.home()?.to_owned();
        Some(Editors { snapshot, home, config: homes.config()?, data: homes.data()? })
    }

    /// The files that an editor reads, whether they exist yet or not; empty where a person has none.
    pub(super) fn files(&self, editor: Editor) -> Vec<PathBuf> {
        match editor {
            Editor::VsCode => self.code_files(),
            Editor::Zed => vec![self.config.join("zed").join(SETTINGS)],
            Editor::Helix => vec![self.config.join("helix/languages.toml")],
            Editor::Neovim => vec![self.neovim().join("plugin/cargo-peruser.lua")],
            Editor::Emacs => vec![self.emacs_file()],
            Editor::RustRover => Vec::new(),
            Editor::RustAnalyzer => vec![self.rust_analyzer_file()],
        }
    }

    /// The program, if it is on PATH.
    pub(super) fn program(&self, editor: Editor) -> Option<PathBuf> {
        let names: &[&str] = match editor {
            Editor::VsCode => &[
                "code",
                "code-insiders",
                "codium",
                "code-oss",
                "code-server",
                "cursor",
                "windsurf",
            ],
            Editor::Zed => &["zed", "zeditor"],
            Editor::Helix => &["hx", "helix"],
            Editor::Neovim => &["nvim"],
            Editor::Emacs => &["emacs"],
            Editor::RustRover => &["rustrover", "rustrover.sh"],
            Editor::RustAnalyzer => &["rust-analyzer"],
        };
        let path = self.snapshot.variable("PATH")?;
        names.iter().find_map(|name| which::which_in(name, Some(&path), &self.snapshot.cwd).ok())
    }

    /// Whether the person has used it: it has left a directory or a file.
    pub(super) fn has_traces(&self, editor: Editor) -> bool {
        let is_there = |path: &Path| files::is_there(path);
        match editor {
            Editor::VsCode => self.code_places().iter().any(|it| is_there(&it.trace)),
            Editor::Zed => is_there(&self.config.join("zed")),
            Editor::Helix => is_there(&self.config.join("helix")),
            Editor::Neovim => is_there(&self.neovim()),
            Editor::Emacs => [".emacs", ".emacs.el", ".emacs.d"]
                .iter()
                .map(|name| self.home.join(name))
                .chain([self.config.join("emacs")])
                .any(|path| is_there(&path)),
            Editor::RustRover => entries(&self.config.join("JetBrains")).iter().any(|path| {
                path.file_name().is_some_and(|it| it.to_string_lossy().starts_with("RustRover"))
            }),
            Editor::RustAnalyzer => is_there(&self.rust_analyzer_file()),
        }
    }

    /// The directory that `cargo-peruser toolchain` makes unless it is told another.
    pub(super) fn toolchain_directory(&self) -> PathBuf {
        self.data.join("cargo-peruser/toolchain/bin")
    }

    /// Every variant that is there; where none is, the first, for the time when it comes.
    fn code_files(&self) -> Vec<PathBuf> {
        let places = self.code_places();
        let mut found = Vec::new();
        for place in places.iter().filter(|place| files::is_there(&place.trace)) {
            found.push(place.directory.join(SETTINGS));
            // Each profile has settings of its own.
            let profiles = entries(&place.directory.join("profiles"));
            let settings = profiles.into_iter().map(|profile| profile.join(SETTINGS));
            found.extend(settings.filter(|path| files::is_there(path)));
        }
        if found.is_empty() {
            found.extend(places.first().map(|place| place.directory.join(SETTINGS)));
        }
        found
    }

    fn code_places(&self) -> Vec<CodePlace> {
        let place =
            |trace: PathBuf, directory: &str| CodePlace { directory: trace.join(directory), trace };
        let own = CODES.iter().map(|name| place(self.config.join(name), "User"));
        let on_the_web = place(self.data.join("code-server"), "User");
        let remote = CODE_SERVERS.iter().map(|name| place(self.home.join(name), "data/Machine"));
        own.chain([on_the_web]).chain(remote).collect()
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

/// Where one variant keeps its settings.
struct CodePlace {
    /// What is there if the variant has ever run.
    trace: PathBuf,
    directory: PathBuf,
}

/// What a directory holds, in the order of the names.
fn entries(directory: &Path) -> Vec<PathBuf> {
    let found = std::fs::read_dir(directory).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = found.map(|entry| entry.path()).collect();
    paths.sort();
    paths
}
