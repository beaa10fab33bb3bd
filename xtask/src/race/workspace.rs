//! What the two people work on: a workspace of their own, and crates that come from elsewhere.
//!
//! The latter lie in each person's cargo home, as crates of a registry do, but need no network.
//! They matter, because cargo tells such crates apart by where they lie: in one shared target
//! directory, each person's build makes the other's dependencies stale.

use super::stage::PEOPLE;

/// The workspace's own crates; all others use the first.
const MEMBERS: [&str; 4] = ["base", "left", "right", "app"];

/// The crates from elsewhere; the first member uses them.
const DEPENDENCIES: [&str; 2] = ["stone", "brick"];

/// How much there is to compile: little in the workspace, most of it in the dependencies.
const PARTS_OF_A_MEMBER: usize = 8;
const PARTS_OF_A_DEPENDENCY: usize = 30;

/// A path below some directory, and the text of the file there.
pub(super) type File = (String, String);

/// The workspace.
pub(super) fn checkout() -> Vec<File> {
    let members = MEMBERS.map(|name| format!("\"{name}\"")).join(", ");
    let manifest = format!("[workspace]\nresolver = \"2\"\nmembers = [{members}]\n");
    let mut files = vec![("Cargo.toml".to_owned(), manifest)];
    for name in MEMBERS {
        let (uses, origin) = match name {
            "base" => (DEPENDENCIES.map(|name| format!("{name} = \"1\"\n")).concat(), "mod "),
            _ => ("base = { path = \"../base\" }\n".to_owned(), "use base::"),
        };
        // One module for each person to edit.
        let modules = PEOPLE.each_ref().map(|person| format!("pub {origin}{};\n", person.name));
        let (root, main) = if name == "app" { ("main", "\nfn main() {}\n") } else { ("lib", "") };
        let source = format!("{}{}{main}", modules.concat(), parts(PARTS_OF_A_MEMBER));
        files.push((format!("{name}/Cargo.toml"), package(name, &uses)));
        files.push((format!("{name}/src/{root}.rs"), source));
    }
    for person in &PEOPLE {
        let path = format!("base/src/{}.rs", person.name);
        files.push((path, "pub const ROUND: u32 = 0;\n".to_owned()));
    }
    files
}

/// A cargo home at `place` (absolute) in which the dependencies lie.
pub(super) fn cargo_home(place: &str) -> Vec<File> {
    let config = format!(
        "[source.crates-io]\nreplace-with = \"own\"\n\n[source.own]\ndirectory = \"{place}/vendor\"\n"
    );
    let mut files = vec![("config.toml".to_owned(), config)];
    for name in DEPENDENCIES {
        let place = format!("vendor/{name}");
        files.push((format!("{place}/.cargo-checksum.json"), "{\"files\":{}}\n".to_owned()));
        files.push((format!("{place}/Cargo.toml"), package(name, "")));
        files.push((format!("{place}/src/lib.rs"), parts(PARTS_OF_A_DEPENDENCY)));
    }
    files
}

fn package(name: &str, uses: &str) -> String {
    format!(
        "[package]\nname = \"{name}\"\nversion = \"1.0.0\"\nedition = \"2021\"\n\n\
         [dependencies]\n{uses}"
    )
}

fn parts(count: usize) -> String {
    let part = include_str!("part.rs.txt");
    (0..count).map(|number| part.replace("@N@", &number.to_string())).collect()
}
