//! The workspace root: the same answer as cargo's in a thousand random trees, and in unusual
//! directories.

use std::process::Command;
use std::process::Stdio;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering;

use crate::path::installed_cargo;
use crate::prelude::*;
use crate::shared::Random;
use cargo_peruser::shim::argv::Invocation;
use cargo_peruser::workspace::Workspace;

tests![
    the_root_is_cargos_in_a_thousand_random_trees,
    every_spelling_of_a_workspace_is_read,
    what_is_no_manifest_stops_nobody,
    a_symlink_leads_to_the_same_workspace,
    members_in_cargos_home_are_their_own,
    a_record_says_which_workspace_it_is_and_when_it_was_used,
    a_record_that_is_no_good_hurts_nobody,
];

impl Random {
    fn of<'a, T: ?Sized>(&mut self, choices: &[&'a T]) -> &'a T {
        choices[self.below(choices.len())]
    }
}

/// Directories of a tree, some of which have a manifest.
const PLACES: [&str; 12] = [
    "",
    "a",
    "a/b",
    "a/b/c",
    "a/x",
    "b",
    "b/a",
    "b/a/b",
    "x/target/package/p",
    "x",
    "x/a",
    "a/b/c/d",
];

/// The entry in a directory of the tree.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stands {
    Nothing,
    Package,
    /// A package whose manifest names the root in that directory.
    Pointing(usize),
    Root,
    VirtualRoot,
}

impl Stands {
    fn is_root(self) -> bool {
        matches!(self, Stands::Root | Stands::VirtualRoot)
    }
}

/// The relative path from one directory to another.
fn seen_from(from: &str, to: &str) -> String {
    let up = Path::new(from).iter().map(|_| "..").collect::<Vec<_>>().join("/");
    let path = Path::new(&up).join(to);
    let path = Path::new(to).strip_prefix(from).unwrap_or(&path).to_str().unwrap();
    if path.is_empty() { ".".into() } else { path.to_owned() }
}

/// The lists of the root in a directory. Most packages that look there for their workspace are members,
/// by name or by a glob; others are excluded or missing. Some lists have odd entries.
fn lists(random: &mut Random, all: &[Stands], root: usize) -> String {
    let (mut members, mut exclude) = (Vec::new(), Vec::new());
    for (at, stands) in all.iter().enumerate().filter(|(at, _)| *at != root) {
        let path = seen_from(PLACES[root], PLACES[at]);
        let is_below = Path::new(PLACES[at]).starts_with(PLACES[root]);
        let glob = Path::new(&path).with_file_name("*").to_str().unwrap().to_owned();
        match (stands, random.below(20)) {
            (Stands::Pointing(to), 0..18) if *to == root => members.push(path),
            (Stands::Package, 0..10) if is_below => members.push(path),
            (Stands::Package, 10..13) if is_below => members.push(glob),
            (Stands::Package, 13..17) if is_below => exclude.push(path),
            (Stands::Package, 17) if is_below => {
                members.push(format!("./{path}"));
                exclude.push(path);
            }
            (_, 18) if is_below => exclude.push(path),
            _ => {}
        }
    }
    if random.below(12) == 0 {
        exclude.push(random.of(&[".", "a", "*", "b/../a", "x"]).to_owned());
    }
    format!("members = {members:?}\nexclude = {exclude:?}\n")
}

/// Creates a tree of packages, and returns the directories that have one.
fn tree(random: &mut Random, top: &Path) -> Vec<&'static str> {
    let mut all = PLACES.map(|_| match random.below(10) {
        0..3 => Stands::Nothing,
        3..8 => Stands::Package,
        8 => Stands::Root,
        _ => Stands::VirtualRoot,
    });
    let roots: Vec<usize> = (0..all.len()).filter(|at| all[*at].is_root()).collect();
    for stands in &mut all {
        if *stands == Stands::Package && !roots.is_empty() && random.below(5) == 0 {
            *stands = Stands::Pointing(roots[random.below(roots.len())]);
        }
    }
    for (at, stands) in all.iter().enumerate() {
        let package = format!("[package]\nname = 'p{at}'\nversion = '0.1.0'\nedition = '2021'\n");
        let head = random.of(&["[workspace]", "['workspace']", "[\"work\\u0073pace\"]"]);
        let text = match stands {
            Stands::Nothing => continue,
            Stands::Package => package,
            Stands::Pointing(to) => {
                format!("{package}workspace = {:?}\n", seen_from(PLACES[at], PLACES[*to]))
            }
            Stands::Root => format!("{package}{head}\n{}", lists(random, &all, at)),
            Stands::VirtualRoot => format!("{head}\n{}", lists(random, &all, at)),
        };
        let directory = top.join(PLACES[at]);
        fs::create_dir_all(directory.join("src")).unwrap();
        fs::write(directory.join("Cargo.toml"), text).unwrap();
        fs::write(directory.join("src/lib.rs"), "").unwrap();
    }
    let is_there =
        |(at, stands): (usize, &Stands)| (*stands != Stands::Nothing).then_some(PLACES[at]);
    all.iter().enumerate().filter_map(is_there).collect()
}

/// Cargo's answer; `None` if it stops with an error.
fn cargos(cargo: &Path, home: &Path, directory: &Path, words: &[&str]) -> Option<PathBuf> {
    let mut command = Command::new(cargo);
    command.args(words).current_dir(directory).env("CARGO_HOME", home).stderr(Stdio::null());
    let output = command.output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    output.status.success().then(|| text.trim_end().into())
}

/// The root according to `cargo locate-project`, which is fast but stricter than necessary. If its
/// answer differs from ours, `cargo metadata` decides.
fn roots(cargo: &Path, home: &Path, directory: &Path) -> Option<(PathBuf, PathBuf)> {
    let found = Workspace::of(&Invocation::default(), directory, Some(home), None)?.path;
    let locate = ["locate-project", "--workspace", "--message-format=plain"];
    let root = cargos(cargo, home, directory, &locate)?.parent()?.to_owned();
    if root == found {
        return Some((found, root));
    }
    let metadata = ["metadata", "--no-deps", "--format-version=1"];
    let answer = cargos(cargo, home, directory, &metadata)?;
    let answer: serde_json::Value = serde_json::from_str(answer.to_str()?).unwrap();
    Some((found, answer["workspace_root"].as_str()?.into()))
}

fn the_root_is_cargos_in_a_thousand_random_trees() {
    const TREES: u32 = 1_000;
    let cargo = installed_cargo().unwrap_or_else(|| skip("there is no cargo here"));
    let place = tempfile::tempdir().unwrap();
    let top = place.path().canonicalize().unwrap();
    let [seeds, answered, elsewhere] = [0; 3].map(AtomicU32::new);
    let work = || {
        while answered.load(Ordering::Relaxed) < TREES {
            let seed = seeds.fetch_add(1, Ordering::Relaxed);
            assert!(seed < 20 * TREES, "cargo takes too few of these trees");
            let mut random = Random(seed.into());
            let directory = top.join(seed.to_string());
            let packages = tree(&mut random, &directory);
            let home = directory.join(random.of(&["home", "home", "home", "a", "a/b"]));
            let start = if packages.is_empty() { "" } else { random.of(&packages) };
            let start = directory.join(start);
            if !packages.is_empty()
                && let Some((found, cargos)) = roots(&cargo, &home, &start)
            {
                assert_eq!(found, cargos, "seed {seed}, from `{}`", start.display());
                answered.fetch_add(1, Ordering::Relaxed);
                elsewhere.fetch_add(u32::from(found != start), Ordering::Relaxed);
            }
        }
    };
    std::thread::scope(|scope| (0..2).for_each(|_| drop(scope.spawn(work))));
    let elsewhere = elsewhere.into_inner();
    assert!(elsewhere > TREES / 5, "only {elsewhere} were not where the search began");
}

/// The root that we find from a directory of a world.
fn root(world: &World, directory: &str) -> PathBuf {
    let found = Workspace::of(&Invocation::default(), &world.at(directory), None, None).unwrap();
    found.path.strip_prefix(world.at("")).unwrap().to_owned()
}

fn every_spelling_of_a_workspace_is_read() {
    for text in [
        "[workspace]",
        "[ workspace ]\nmembers = []",
        "workspace = {}",
        "workspace.members = ['m']",
        "workspace . resolver = '2'",
        "[workspace.package]\nversion = '1'",
        "[workspace.metadata.x]",
        "['workspace']",
        "[\"work\\u0073pace\"]",
        "\"work\\U00000073pace\" = {}",
        "\u{feff}[workspace]",
        "[workspace]\r\nexclude = [\"other\"]\r\n",
    ] {
        let world = World::new();
        world.file("checkout/Cargo.toml", text);
        world.file("checkout/m/Cargo.toml", "[package]\nname = 'm' # workspace");
        assert_eq!(root(&world, "checkout/m"), Path::new("checkout"), "{text}");
    }
    for text in [
        "package.workspace = '../w'",
        "[package]\nworkspace = \"../w\"",
        "project = { workspace = '../w' }",
        "[package]\n\"work\\u0073pace\" = '../x/../w'",
    ] {
        let world = World::new();
        world.file("w/Cargo.toml", "[workspace]");
        world.file("checkout/Cargo.toml", text);
        assert_eq!(root(&world, "checkout"), Path::new("w"), "{text}");
    }
}

fn what_is_no_manifest_stops_nobody() {
    let world = World::new();
    world.file("checkout/Cargo.toml", "[workspace]");
    world.directory("checkout/directory/Cargo.toml", 0o755);
    world.file("checkout/broken/Cargo.toml", "[workspace");
    world.file("checkout/bytes/Cargo.toml", [0xff_u8, 0xfe]);
    world.directory("checkout/zero", 0o755);
    std::os::unix::fs::symlink("/dev/zero", world.at("checkout/zero/Cargo.toml")).unwrap();
    world.directory("checkout/fifo", 0o755);
    let fifo = world.at("checkout/fifo/Cargo.toml");
    assert!(Command::new("mkfifo").arg(fifo).status().unwrap().success());
    for name in ["directory", "broken", "bytes", "zero", "fifo"] {
        // Cargo reports an error for each of them; the shim must still execute it.
        let run = world.shim(["build"]).within(format!("checkout/{name}"));
        run.run().call();
    }
    let deep = vec!["d"; 64].join("/");
    world.directory(format!("checkout/{deep}"), 0o755);
    assert_eq!(root(&world, &format!("checkout/{deep}")), Path::new("checkout"));
}

fn a_symlink_leads_to_the_same_workspace() {
    let world = World::new();
    world.file("checkout/Cargo.toml", "[workspace]");
    world.file("checkout/m/Cargo.toml", "");
    std::os::unix::fs::symlink(world.at("checkout"), world.at("link")).unwrap();
    let target = |words: &[&str]| {
        let run = world.shim(words).within("home").run();
        run.silently().target_dir().unwrap()
    };
    let own = world.shim(["build"]).run().silently().target_dir().unwrap();
    for words in [
        &["-C", "../link", "build"][..],
        &["-C", "../link/m", "build"],
        &["-C", "../link/m/..", "build"],
        &["build", "--manifest-path", "../link/Cargo.toml"],
        &["build", "--manifest-path", "../checkout/m/Cargo.toml"],
    ] {
        assert_eq!(target(words), own, "{words:?}");
    }
}

fn members_in_cargos_home_are_their_own() {
    let world = World::new();
    world.file("checkout/Cargo.toml", "[workspace]");
    world.file("checkout/home/git/p/Cargo.toml", "[package]");
    let home = world.at("checkout/home");
    let found =
        Workspace::of(&Invocation::default(), &home.join("git/p"), Some(&home), None).unwrap();
    assert_eq!(found.path, home.join("git/p"));
}

fn record(world: &World) -> PathBuf {
    let records = world.private().join(".workspaces");
    let mut found = fs::read_dir(records).unwrap().map(|entry| entry.unwrap().path());
    let record = found.next().unwrap();
    assert_eq!(found.next(), None);
    record
}

fn a_record_says_which_workspace_it_is_and_when_it_was_used() {
    use std::os::unix::fs::MetadataExt;
    let world = World::new();
    world.file("checkout/Cargo.toml", "");
    for words in [&["metadata"][..], &["--version"], &["clean"]] {
        world.shim(words).run().call();
        assert!(!world.private().join(".workspaces").exists(), "{words:?} uses nothing");
    }
    world.shim(["build"]).run().call();
    let record = record(&world);
    let target = world.private().join(record.file_name().unwrap());
    assert!(target.join("CACHEDIR.TAG").exists(), "the record is called like its directory");
    assert_eq!(crate::harness::mode(&record), 0o600);
    assert_eq!(crate::harness::mode(record.parent().unwrap()), 0o700);
    let checkout = world.at("checkout");
    let found = fs::metadata(&checkout).unwrap();
    let born =
        found.created().ok().and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
    let born = born.map_or(String::new(), |born| {
        format!("born {}.{:09}\n", born.as_secs(), born.subsec_nanos())
    });
    let text = format!(
        "cargo-peruser record 1\ninode {}\n{born}parent {:020}\nworkspace {}\n",
        found.ino(),
        fs::metadata(checkout.parent().unwrap()).unwrap().ino(),
        checkout.display()
    );
    assert_eq!(fs::read_to_string(&record).unwrap(), text);
    let used = |age: u64| {
        let time = std::time::SystemTime::now() - std::time::Duration::from_secs(age);
        fs::File::open(&record).unwrap().set_modified(time).unwrap();
        world.shim(["build"]).run().call();
        let found = fs::metadata(&record).unwrap().modified().unwrap();
        assert_eq!(fs::read_to_string(&record).unwrap(), text);
        found != time
    };
    assert!(!used(3_000), "written again within the hour");
    assert!(used(4_000), "not written after an hour");
}

fn a_record_that_is_no_good_hurts_nobody() {
    let world = World::new();
    world.file("checkout/Cargo.toml", "");
    world.shim(["build"]).run().call();
    let record = record(&world);
    let good = fs::read(&record).unwrap();
    let records = record.parent().unwrap().to_owned();
    for number in 0..2_000 {
        fs::write(records.join(format!("x-{number:016x}")), "nonsense").unwrap();
    }
    fs::write(&record, "nonsense").unwrap();
    world.shim(["build"]).run().call();
    assert_eq!(fs::read(&record).unwrap(), good, "a broken record is written anew");
    fs::remove_file(&record).unwrap();
    let victim = world.file("home/victim", "mine");
    std::os::unix::fs::symlink(&victim, &record).unwrap();
    world.shim(["build"]).run().call();
    assert_eq!(fs::read_to_string(&victim).unwrap(), "mine", "a symlink was followed");
    fs::remove_file(&record).unwrap();
    fs::create_dir(&record).unwrap();
    world.shim(["build"]).run().call();
    fs::rename(&records, world.at("home/records")).unwrap();
    world.file(&records, "not a directory");
    world.shim(["build"]).run().call();
    fs::remove_file(&records).unwrap();
    let elsewhere = world.directory("home/elsewhere", 0o700);
    std::os::unix::fs::symlink(&elsewhere, &records).unwrap();
    world.shim(["build"]).run().call();
    assert_eq!(fs::read_dir(&elsewhere).unwrap().count(), 0, "a symlink was followed");
}
