//! A session puts `$CARGO_HOME/bin` on PATH only if no other user can change it or a directory above it.

use super::*;

/// The value of CARGO_HOME, and a change of alice's computer.
type Prepare = fn(&Host<'_>) -> &'static str;

const ALICE: u32 = 2001;
const BOB: u32 = 2002;
const MALLORY: u32 = 2003;

/// Directories that only she can change.
const TRUSTED: &[(&str, Prepare)] = &[
    ("of her own", |host| home(host, 0o755, ALICE)),
    ("that her own group may write to", |host| home(host, 0o775, ALICE)),
    ("behind links of her own", |host| {
        below(host);
        linked(host, "/var/data/cargo")
    }),
    ("behind a link that goes up", |host| {
        below(host);
        linked(host, "../../var/data/../data/cargo")
    }),
];

/// Directories that another user can change.
const FOREIGN: &[(&str, Prepare)] = &[
    ("of somebody else's", |host| {
        below(host);
        make::own(&host.at("/var/data/cargo/bin"), MALLORY, MALLORY, 0o755);
        "/var/data/cargo"
    }),
    ("that another group may write to", |host| home(host, 0o775, BOB)),
    ("that everyone may put something in", |host| home(host, 0o1777, ALICE)),
    ("that an acl lets mallory write to", |host| {
        home(host, 0o755, ALICE);
        Acl::Access.grant(&host.home("alice").join(".cargo/bin"), MALLORY, 0o7);
        "/home/alice/.cargo"
    }),
    ("behind a link that others can replace", |host| {
        below(host);
        make::directory(&host.at("/var/open"), 0, 0, 0o777);
        make::link(&host.at("/var/open/link"), Path::new("/var/data/cargo"), ALICE);
        linked(host, "/var/open/link")
    }),
    ("behind links that go round in circles", |host| linked(host, "/home/alice/.cargo")),
    ("that path would split", |host| place(host, "/home/alice/a:b", 0o755, ALICE)),
    ("that is two lines", |host| place(host, "/home/alice/a\nb", 0o755, ALICE)),
    ("that is a process's own idea", |host| {
        below(host);
        "/proc/self/root/var/data/cargo"
    }),
    ("that depends on where one stands", |host| {
        below(host);
        "var/data/cargo"
    }),
];

pub(super) fn tests() -> Vec<Test> {
    let name = "path_has_a_cargo_home_only_where_nobody_else_can_put_programs";
    vec![test!(name, on_path).needs(&[Need::Bash, Need::Acls])]
}

fn on_path(stage: &Stage) {
    let host = Setup::Machine.on(stage, Shell::Bash);
    for (rows, expected) in [(TRUSTED, true), (FOREIGN, false)] {
        for (name, prepare) in rows {
            let cargo_home = prepare(&host);
            let _context = context(|| format!("a directory {name}"));
            is_on_path(&host, cargo_home, expected);
            let made = ["/home/alice/.cargo", "/home/alice/a:b", "/home/alice/a\nb"];
            for place in made.into_iter().chain(["/var/data", "/var/open"]).map(|it| host.at(it)) {
                match look(&place).map(|sight| sight.kind) {
                    Some("directory") => make::nothing(&place),
                    Some(_) => fs::remove_file(&place).unwrap(),
                    None => {}
                }
            }
        }
    }
}

fn is_on_path(host: &Host<'_>, cargo_home: &str, expected: bool) {
    let alice = host.person("alice");
    let run = host.run(&alice, Setup::Machine.program(), ["env", "--format", "json"]);
    let outcome = run.env("CARGO_HOME", cargo_home).run();
    let found = outcome.json();
    let path = found.get("PATH").and_then(|path| path.as_str()).unwrap_or_default();
    let bin = format!("{cargo_home}/bin");
    assert!(path.split(':').any(|entry| entry == bin) == expected, "{path}");
    assert!(expected || !path.contains("cargo/bin") && !path.contains("a:b"), "{path}");
}

/// `~/.cargo`, whose `bin` has this mode and group.
fn home(host: &Host<'_>, mode: u32, group: u32) -> &'static str {
    place(host, "/home/alice/.cargo", mode, group)
}

fn place(host: &Host<'_>, at: &'static str, mode: u32, group: u32) -> &'static str {
    make::directory(&host.at(at), ALICE, ALICE, 0o755);
    make::directory(&host.at(at).join("bin"), ALICE, group, mode);
    at
}

/// Her directory, below one of root's.
fn below(host: &Host<'_>) {
    make::directory(&host.at("/var/data"), 0, 0, 0o755);
    place(host, "/var/data/cargo", 0o755, ALICE);
}

/// `~/.cargo` as a link.
fn linked(host: &Host<'_>, to: &str) -> &'static str {
    make::link(&host.home("alice").join(".cargo"), Path::new(to), ALICE);
    "/home/alice/.cargo"
}
