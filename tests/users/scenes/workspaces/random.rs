//! Random workspaces in random order: however similar they are, each runs its own program.

use super::at;
use super::speaks;
use crate::prelude::*;
use crate::shared::Random;

/// How many sets of workspaces, and how many builds of each.
const SETS: u64 = 2;
const BUILDS: u64 = 14;

pub(super) fn any_order(stage: &Stage, channel: Channel) {
    let (_, alice) = stage.provisioned();
    for set in 0..SETS {
        let mut random = Random(set * 2 + u64::from(channel == Channel::Nightly));
        let top = alice.home.join(set.to_string());
        alice.shell("mkdir \"$1\"", [&top]).run().ok();
        let _context = context(|| format!("set {set}"));
        sequence(&mut random, &top, &alice, channel);
    }
}

fn sequence(random: &mut Random, top: &Path, alice: &Person<'_>, channel: Channel) {
    let mut all = Vec::new();
    for number in 0..3 {
        let mut it = Workspace {
            directory: top.join(format!("w{number}")),
            shape: random.shape(),
            word: String::new(),
            has_more: false,
        };
        it.say(&format!("w{number}"), alice);
        all.push(it);
    }
    let mut story = String::new();
    for step in 0..BUILDS {
        let number = random.below(3);
        let it = all.get_mut(number).expect("there are three");
        let event = random.below(6);
        match event {
            0 => it.say(&format!("w{number}s{step}"), alice),
            1 => it.unpack(&format!("w{number}s{step}"), alice),
            2 => {
                it.has_more ^= true;
                it.say(&it.word.clone(), alice);
            }
            _ => {}
        }
        story += &format!(" {number}:{:?}:{event}", it.shape);
        let (within, words) = it.shape.program();
        let manifest = it.directory.join(within).join("Cargo.toml");
        let run = alice.cargo(words.iter().copied());
        let run = if random.below(3) == 0 {
            let run = run.args(["--manifest-path".as_ref(), manifest.as_os_str()]);
            at(run, channel, top)
        } else {
            at(run, channel, &it.directory.join(within))
        };
        let _context = context(|| &story);
        speaks(run.env("CARGO_PROFILE_DEV_DEBUG", "0"), &it.word);
    }
}

/// The structure of a workspace. Names, versions and relative paths are the same in all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    Virtual,
    RootPackage,
    Nested,
    Excluded,
    Pointing,
    PathOutside,
    PathInside,
    Example,
    Extension,
}

impl Shape {
    const ALL: [Shape; 9] = [
        Shape::Virtual,
        Shape::RootPackage,
        Shape::Nested,
        Shape::Excluded,
        Shape::Pointing,
        Shape::PathOutside,
        Shape::PathInside,
        Shape::Example,
        Shape::Extension,
    ];

    /// The working directory and the command that runs its program.
    fn program(self) -> (&'static str, &'static [&'static str]) {
        const RUN: &[&str] = &["run", "-q"];
        match self {
            Shape::Virtual => ("", &["run", "-q", "-p", "app"]),
            Shape::RootPackage | Shape::PathInside | Shape::Extension => ("", RUN),
            Shape::Example => ("", &["run", "-q", "--example", "app"]),
            Shape::Nested => ("inner", RUN),
            Shape::Excluded | Shape::Pointing | Shape::PathOutside => ("app", RUN),
        }
    }
}

struct Workspace {
    directory: PathBuf,
    shape: Shape,
    word: String,
    has_more: bool,
}

impl Workspace {
    /// Rewrites all files with another word, as an editor would.
    fn say(&mut self, word: &str, alice: &Person<'_>) {
        self.word = word.to_owned();
        let tree = self.tree();
        let tree: Vec<(&str, &str)> = tree.iter().map(|(path, text)| (*path, &**text)).collect();
        project::write(&self.directory, &tree, alice);
    }

    /// Deletes it, and unpacks another one at the same path, with the times of an old archive.
    fn unpack(&mut self, word: &str, alice: &Person<'_>) {
        let place = self.directory.clone();
        let archive = place.with_file_name("archive");
        self.directory.clone_from(&archive);
        self.say(word, alice);
        self.directory.clone_from(&place);
        let unpack = "find \"$1\" -exec touch -d 2020-01-01 {} + && rm -rf \"$2\" && \
                      cp -a \"$1\" \"$2\" && rm -r \"$1\"";
        alice.shell(unpack, [&archive, &place]).within(&alice.home).run().ok();
    }

    fn tree(&self) -> Vec<(&'static str, String)> {
        match self.shape {
            Shape::Virtual => {
                let root = "[workspace]\nresolver = \"2\"\nmembers = [\"*\"]\n";
                // A member that gets a new name at times, included only by the glob.
                let name = if self.has_more { "more" } else { "less" };
                let mut tree = self.beside(("Cargo.toml", root.into()), calling("../common", ""));
                tree.push(("extra/Cargo.toml", package(name, "")));
                tree.push(("extra/src/lib.rs", String::new()));
                tree
            }
            _ => self.in_one_directory(),
        }
    }

    fn in_one_directory(&self) -> Vec<(&'static str, String)> {
        match self.shape {
            Shape::Nested => vec![
                ("Cargo.toml", package("outer", "[workspace]\nexclude = [\"inner\"]\n")),
                ("src/main.rs", "fn main() {}\n".into()),
                ("inner/Cargo.toml", package("app", OWN)),
                ("inner/src/main.rs", self.prints()),
            ],
            Shape::Excluded => {
                let root = "[workspace]\nexclude = [\"app\", \"common\"]\n";
                self.beside(("Cargo.toml", root.into()), calling("../common", ""))
            }
            Shape::PathOutside => self.beside(("README", String::new()), calling("../common", OWN)),
            Shape::Pointing => vec![
                ("root/Cargo.toml", "[workspace]\nmembers = [\"../app\"]\n".into()),
                ("app/Cargo.toml", package("app", "workspace = \"../root\"\n")),
                ("app/src/main.rs", self.prints()),
            ],
            Shape::PathInside => vec![
                ("Cargo.toml", calling("common", OWN)),
                ("src/main.rs", CALLS.into()),
                ("common/Cargo.toml", package("common", "")),
                ("common/src/lib.rs", self.says()),
            ],
            Shape::Example => vec![
                ("Cargo.toml", package("common", OWN)),
                ("src/lib.rs", self.says()),
                ("examples/app.rs", CALLS.into()),
            ],
            Shape::Extension => vec![
                ("Cargo.toml", package("app", EXTENSION)),
                ("src/lib.rs", self.says()),
                ("src/main.rs", CALLS.into()),
            ],
            _ => vec![("Cargo.toml", package("app", OWN)), ("src/main.rs", self.prints())],
        }
    }

    /// A program and the library that it calls, in directories beside one another.
    fn beside(&self, root: (&'static str, String), app: String) -> Vec<(&'static str, String)> {
        vec![
            root,
            ("app/Cargo.toml", app),
            ("app/src/main.rs", CALLS.into()),
            ("common/Cargo.toml", package("common", "")),
            ("common/src/lib.rs", self.says()),
        ]
    }

    fn says(&self) -> String {
        format!("pub fn word() -> &'static str {{ \"{}\" }}\n", self.word)
    }

    fn prints(&self) -> String {
        format!("fn main() {{ println!(\"{}\"); }}\n", self.word)
    }
}

const CALLS: &str = "fn main() { println!(\"{}\", common::word()); }\n";
const EXTENSION: &str =
    "[workspace]\n[lib]\nname = \"common\"\ncrate-type = [\"cdylib\", \"rlib\"]\n";

const OWN: &str = "[workspace]\n";

/// The manifest of a program that calls the library at a path.
fn calling(path: &str, rest: &str) -> String {
    package("app", &format!("{rest}[dependencies]\ncommon = {{ path = \"{path}\" }}\n"))
}

fn package(name: &str, rest: &str) -> String {
    format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2021\"\n{rest}")
}

impl Random {
    fn shape(&mut self) -> Shape {
        let number = self.below(9);
        Shape::ALL.into_iter().cycle().nth(number).unwrap_or(Shape::Virtual)
    }
}
