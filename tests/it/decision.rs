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

/// The session, one more variable, the rule as `explain` has it, and the three variables as cargo has
/// them. `{root}` is the shared
/// root, `{own}` the private directory.
const ROWS: &[(&[Variable], Variable, &str, &str)] = &[
    (&[], ("CARGO_PERUSER", "off"), "1 bypassed", ""),
    (&[], (ROOT, "/nonexistent/root"), "2 no-shared-root", ""),
    (EXCLUDED, (TARGET, "{root}/bob/target"), "3 no-directory", ""),
    (EXCLUDED, (BUILD, "{root}/bob/target"), "3 no-directory", ""),
    (INCLUDED, ("NOTHING", ""), "7 redirected", OWN),
    // The script has removed the variable, so its cargo builds where it wants.
    (SCRIPT, ("NOTHING", ""), "4 build-script", ""),
    (
        SCRIPT,
        (TARGET, "{own}/target"),
        "4 build-script",
        "CARGO_TARGET_DIR=[WORLD]/root/[ME]/target/debug/build/x/out/target",
    ),
    // The weaker choice wins over our own variable.
    (
        &[(TARGET, "{own}/target")],
        (WEAKER, "/elsewhere"),
        "5 explicit",
        "CARGO_BUILD_TARGET_DIR=/elsewhere",
    ),
    (OVERRIDE, (TARGET, "/elsewhere"), "7 redirected", OWN),
    (&[], (TARGET, ""), "7 redirected", OWN),
    (&[], (TARGET, "{root}/bob/target/debug/x"), "7 redirected", OWN),
    (&[], (TARGET, "../root/bob"), "7 redirected", OWN),
    // What an outer run chose.
    (&[], (TARGET, "{own}/chosen"), "6 inherited", "CARGO_TARGET_DIR=[WORLD]/root/[ME]/chosen"),
];

fn each_fact_reaches_its_rule() {
    let world = World::new();
    let filled = |value: &str| {
        let value = value.replace("{root}", &world.at("root").to_string_lossy());
        value.replace("{own}", &world.private().to_string_lossy()).replace("{person}", &person())
    };
    for (session, more, rule, expected) in ROWS {
        let in_session = |run| {
            let variables = session.iter().chain([more]);
            variables.fold(run, |run: Invocation<'_>, (name, value)| run.env(name, filled(value)))
        };
        let output = in_session(world.shim(["build"])).run();
        let shown = |name: &&str| {
            let value = output.call().variable(name)?;
            Some(format!("{name}={}", world.redact(&value.to_string_lossy())))
        };
        let found = [TARGET, WEAKER, BUILD].iter().filter_map(shown).collect::<Vec<_>>().join(" ");
        assert_eq!(found, *expected, "{session:?} {more:?}");
        let explained = in_session(world.by_name(["explain", "--json", "--", "build"])).run();
        let shim = &explained.json()["shim"];
        let found = format!("{} {}", shim["rule_number"], shim["rule"].as_str().unwrap());
        assert_eq!(found, *rule, "{session:?} {more:?}");
    }
}
