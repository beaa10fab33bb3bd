//! Sources for the real cargo to build.

use std::fs;
use std::path::Path;

use super::do_as_root;
use super::{Person, make};
use crate::machine::places;

/// Turns cargo's new layout on, where it is not the one that is written anyway.
pub(crate) const LAYOUT: &str = "CARGO_UNSTABLE_BUILD_DIR_NEW_LAYOUT";

/// The manifest of a package, and more of it.
macro_rules! package {
    ($name:literal $(, $more:literal)?) => {
        concat!(
            "[package]\nname = \"",
            $name,
            "\"\nversion = \"0.1.0\"\nedition = \"2021\"\n"
            $(, $more)?
        )
    };
}
pub(crate) use package;

/// Relative paths and contents.
pub(crate) type Tree<'a> = &'a [(&'a str, &'a str)];

/// Writes the files below a directory and gives everything to that person.
pub(crate) fn write(directory: &Path, tree: Tree<'_>, person: &Person<'_>) {
    for (path, content) in tree {
        let path = directory.join(path);
        fs::create_dir_all(path.parent().expect("a file has a parent")).unwrap();
        fs::write(path, content).unwrap();
    }
    give(directory, &format!("{0}:{0}", person.uid()));
}

/// Gives a directory and all below it to `owner:group`.
pub(crate) fn give(directory: &Path, owner: &str) {
    do_as_root("chown", ["-hR".as_ref(), owner.as_ref(), directory.as_os_str()]);
}

/// A package without dependencies whose program prints a word.
pub(crate) fn that_prints(word: &str, directory: &Path, person: &Person<'_>) {
    let main = format!("fn main() {{\n    println!(\"{word}\");\n}}\n");
    write(
        directory,
        &[("Cargo.toml", package!("speaker", "[workspace]\n")), ("src/main.rs", &main)],
        person,
    );
}

/// Gives a person a CARGO_HOME with the crates that the projects of the tests depend on.
pub(crate) fn stock_cargo_home(person: &Person<'_>) {
    let registry = make::directories(&person.home, ".cargo/registry", person.uid());
    for part in ["cache", "index"] {
        make::link(&registry.join(part), &Path::new(places::REGISTRY).join(part), person.uid());
    }
}
