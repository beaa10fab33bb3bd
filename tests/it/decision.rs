//! Which of cargo's three directory variables changes, and how: each fact reaches the rule that goes by
//! it. The rules themselves are tested beside `decide`, and explicit choices in `transparency`.

use crate::prelude::*;

tests![each_fact_reaches_its_rule];

const TARGET: &str = "CARGO_TARGET_DIR";
const WEAKER: &str = "CARGO_BUILD_TARGET_DIR";
const BUILD: &str = "CARGO_BUILD_BUILD_DIR";

const OWN: &str = "CARGO_TARGET_DIR=[WORLD]/root/[ME]/target";

type Variable = (&'static str, &'static str);

const EXCLUDED: &[Variable] = &[
    ("CARGO_PERUSER_EXCLUDE_USERS", "somebody, {person} ,else"),
    ("CARGO_PERUSER_INCLUDE_USERS", ""),
];
const INCLUDED: &[Variable] =
    &[("CARGO_PERUSER_EXCLUDE_USERS", "{person}"), ("CARGO_PERUSER_INCLUDE_USERS", "{person}")];
/// As cargo starts a build script.
const SCRIPT: &[Variable] = &[
    ("OUT_DIR", "{own}/target/debug/build/x/out"),
    ("CARGO_MANIFEST_DIR", "/m"),
    ("HOST", "x"),
    ("TARGET", "x"),
    ("NUM_JOBS", "2"),
];
const OVERRIDE: &[Variable] = &[("CARGO_PERUSER_EXPLICIT_TARGET_DIR", "override")];

/// The session, one more variable, and the three variables as cargo has them. `{root}` is the shared
/// root, `{own}` the private directory.
const ROWS: &[(&[Variable], Variable, &str)] = &[
    (EXCLUDED, (TARGET, "{root}/bob/target"), ""),
    (EXCLUDED, (WEAKER, "{root}/bob/target"), ""),
    (EXCLUDED, (BUILD, "{root}/bob/target"), ""),
    (EXCLUDED, (TARGET, "/elsewhere"), "CARGO_TARGET_DIR=/elsewhere"),
    (INCLUDED, ("NOTHING", ""), OWN),
    // The script has removed the variable, so its cargo builds where it wants.
    (SCRIPT, ("NOTHING", ""), ""),
    (
        SCRIPT,
        (TARGET, "{own}/target"),
        "CARGO_TARGET_DIR=[WORLD]/root/[ME]/target/debug/build/x/out/target",
    ),
    (SCRIPT, (TARGET, "/elsewhere"), "CARGO_TARGET_DIR=/elsewhere"),
    // The weaker choice wins over our own variable.
    (&[(TARGET, "{own}/target")], (WEAKER, "/elsewhere"), "CARGO_BUILD_TARGET_DIR=/elsewhere"),
    (OVERRIDE, (TARGET, "/elsewhere"), OWN),
    (
        OVERRIDE,
        (WEAKER, "/elsewhere"),
        "CARGO_TARGET_DIR=[WORLD]/root/[ME]/target CARGO_BUILD_TARGET_DIR=/elsewhere",
    ),
    // Other people's directories, and the person's own without a choice in it.
    (&[], (TARGET, ""), OWN),
    (&[], (TARGET, "{root}"), OWN),
    (&[], (TARGET, "{root}/bob/target/debug/x"), OWN),
    (&[], (TARGET, "{own}/../bob"), OWN),
    (&[], (TARGET, "{own}"), OWN),
    (&[], (TARGET, "../root/bob"), OWN),
    (&[], (TARGET, "{own}/tree-0123456789abcdef"), OWN),
    // A directory beside the root, whose name begins like the root's.
    (&[], (TARGET, "{root}-2/bob"), "CARGO_TARGET_DIR=[WORLD]/root-2/bob"),
    // What an outer run chose.
    (&[], (TARGET, "{own}/chosen"), "CARGO_TARGET_DIR=[WORLD]/root/[ME]/chosen"),
];

fn each_fact_reaches_its_rule() {
    let world = World::new();
    let filled = |value: &str| {
        let value = value.replace("{root}", &world.at("root").to_string_lossy());
        value.replace("{own}", &world.private().to_string_lossy()).replace("{person}", &person())
    };
    for (session, more, expected) in ROWS {
        let variables = session.iter().chain([more]);
        let run = variables
            .fold(world.shim(["build"]), |run, (name, value)| run.env(name, filled(value)));
        let output = run.run();
        let shown = |name: &&str| {
            let value = output.call().variable(name)?;
            Some(format!("{name}={}", world.redact(&value.to_string_lossy())))
        };
        let found = [TARGET, WEAKER, BUILD].iter().filter_map(shown).collect::<Vec<_>>().join(" ");
        assert_eq!(found, *expected, "{session:?} {more:?}");
    }
    // The same for a choice that is typed.
    let exported = world.private().join("target");
    let words = ["build", "--config", "build.target-dir='x'"];
    let typed = world.shim(words).env(TARGET, exported).run();
    assert_eq!(typed.call().variable(TARGET), None);
}
