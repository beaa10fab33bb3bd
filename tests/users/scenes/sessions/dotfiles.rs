//! A user's own setup with typical start-up files: the shim is first, and uninstalling restores the
//! files byte for byte.

use super::*;

/// A change of the home before setup.
type Prepare = fn(&Host<'_>);

/// Homes in which the shim is first, and the shell.
const KEPT: &[(&str, Shell, Prepare)] = &[
    ("bash_files_in_a_repository", Shell::Bash, |host| in_a_repository(host, BASH)),
    ("no_bash_files", Shell::Bash, |host| gone(host, BASH)),
    ("no_zsh_files", Shell::Zsh, |host| gone(host, &[".profile", ".zshenv"])),
    ("no_fish_files", Shell::Fish, |host| gone(host, FISH)),
    ("a_profile_that_is_a_link_to_bashrc", Shell::Bash, |host| {
        make::link(&without(host, ".profile"), Path::new(".bashrc"), 2001);
    }),
    ("a_bash_profile_that_reads_nothing_else", Shell::Bash, |host| with(host, ".bash_profile")),
    ("a_bash_login_that_reads_nothing_else", Shell::Bash, |host| with(host, ".bash_login")),
    ("a_zprofile_that_prepends", Shell::Zsh, |host| with(host, ".zprofile")),
    ("a_zlogin_that_prepends", Shell::Zsh, |host| with(host, ".zlogin")),
];

const BASH: &[&str] = &[".profile", ".bashrc"];
const FISH: &[&str] = &[".config/fish/config.fish"];

/// Homes in which bash's own file cannot be changed; everything else is installed.
const BY_HAND: &[(&str, Prepare)] = &[
    ("that_a_program_has_made_as_a_read_only_link", |host| {
        make::directory(&host.at("/var/store"), 0, 0, 0o555);
        make::file(&host.at("/var/store/bashrc"), "alias ll='ls -l'\n", 0, 0o444);
        make::link(&without(host, ".bashrc"), Path::new("/var/store/bashrc"), 2001);
    }),
    ("of_somebody_elses", |host| make::own(&host.home("alice").join(".bashrc"), 0, 0, 0o644)),
    ("that_is_a_directory", |host| {
        make::directory(&without(host, ".bashrc"), 2001, 2001, 0o755);
    }),
    ("that_leads_round_in_circles", |host| {
        make::link(&without(host, ".bashrc"), Path::new(".bashrc"), 2001);
    }),
];

/// Homes in which something prevents setup.
const REFUSED: &[(&str, Prepare)] = &[
    ("a_directory_of_somebody_elses", |host| {
        make::directory(&host.home("alice").join(".config"), 0, 0, 0o755);
    }),
    ("a_file_that_an_earlier_hand_has_put_in_the_programs_place", |host| {
        let place = host.directory("alice", ".local/bin").join("cargo-peruser");
        make::file(&place, "#!/bin/sh\n", 2001, 0o755);
    }),
    ("a_snippet_of_ones_own_in_the_hooks_place", |host| {
        let snippet = host.directory("alice", ".config/fish/conf.d").join("cargo-peruser.fish");
        make::file(&snippet, "# cargo-peruser\n", 2001, 0o644);
    }),
    ("a_block_of_another_installation", |host| {
        let block = "# >>> cargo-peruser >>>\ntrue\n# <<< cargo-peruser <<<";
        host.append("alice", ".profile", block);
    }),
    ("half_a_block", |host| host.append("alice", ".bashrc", "# >>> cargo-peruser >>>")),
    ("a_program_that_is_no_file", |host| {
        host.directory("alice", ".local/bin/cargo-peruser");
    }),
    ("another_program_of_that_name_in_the_shims_place", |host| {
        let place = host.directory("alice", ".local/lib/cargo-peruser/bin").join("cargo");
        make::file(&place, "", 2001, 0o755);
    }),
];

pub(super) fn tests() -> Vec<Test> {
    let mut tests = Vec::new();
    for &(name, shell, prepare) in KEPT {
        let name = format!("wins_among_and_gives_back_{name}");
        tests.push(
            test!(name, move |stage| kept(stage, shell, prepare))
                .needs(&[shell.need(), Need::Rustup]),
        );
    }
    for &(name, prepare) in BY_HAND {
        let name = format!("setup_goes_on_where_there_is_a_bashrc_{name}");
        tests.push(test!(name, move |stage| by_hand(stage, prepare)).needs(&[Need::Bash]));
    }
    for &(name, prepare) in REFUSED {
        let name = format!("setup_changes_nothing_where_there_is_{name}");
        tests.push(test!(name, move |stage| refused(stage, prepare)).needs(&[Need::Bash]));
    }
    tests
}

fn kept(stage: &Stage, shell: Shell, prepare: Prepare) {
    let host = Host::new(stage, "person", shell);
    Rustup::IfAbsent.install(&host);
    prepare(&host);
    let photograph = Photograph::take(&host);
    Setup::Person.install(&host);
    all_win(&host, Setup::Person, &ASKED);
    let once = Photograph::take(&host);
    Setup::Person.install(&host);
    Photograph::take(&host).equals(&once, Setup::Person.caches());
    // If all files are restored, sessions are too.
    Setup::Person.uninstall(&host);
    Photograph::take(&host).equals(&photograph, Setup::Person.caches());
}

/// The line to add is printed, and the rest is done. The line works as well as a block.
fn by_hand(stage: &Stage, prepare: Prepare) {
    let host = Host::new(stage, "person", Shell::Bash);
    prepare(&host);
    let photograph = Photograph::take(&host);
    let outcome = Setup::Person.install(&host);
    let told = outcome.offered("if [ -x");
    outcome.mentions("`/home/alice/.bashrc`");
    assert!(outcome.stderr.matches(&told).count() == 1, "told twice:\n{}", outcome.stderr);
    all_win(&host, Setup::Person, &[Session::Login]);
    let store = host.at("/var/store/bashrc");
    if store.exists() {
        make::file(&store, format!("{told}\n"), 0, 0o444);
        Setup::Person.install(&host).never_says("if [ -x");
        all_win(&host, Setup::Person, &[Session::Interactive]);
        make::file(&store, "alias ll='ls -l'\n", 0, 0o444);
    }
    Setup::Person.uninstall(&host);
    Photograph::take(&host).equals(&photograph, Setup::Person.caches());
}

fn refused(stage: &Stage, prepare: Prepare) {
    let host = Host::new(stage, "person", Shell::Bash);
    prepare(&host);
    let photograph = Photograph::take(&host);
    Setup::Person.run(&host, &[]).fails().blames("`");
    Photograph::take(&host).equals(&photograph, &[]);
}

/// The files are links into a directory that people keep under version control.
fn in_a_repository(host: &Host<'_>, files: &[&str]) {
    let (home, repository) = (host.home("alice"), host.directory("alice", "dotfiles"));
    for (at, file) in files.iter().enumerate() {
        let name = format!("file-{at}");
        fs::rename(home.join(file), repository.join(&name)).unwrap();
        make::link(&home.join(file), &Path::new("/home/alice/dotfiles").join(name), 2001);
    }
}

/// The place of a file that she had.
fn without(host: &Host<'_>, file: &str) -> PathBuf {
    let path = host.home("alice").join(file);
    fs::remove_file(&path).unwrap();
    path
}

fn gone(host: &Host<'_>, files: &[&str]) {
    files.iter().for_each(|file| drop(without(host, file)));
}

/// One more file, which prepends to PATH.
fn with(host: &Host<'_>, file: &str) {
    host.append("alice", file, "export PATH=\"$HOME/.cargo/bin:$PATH\"");
}
