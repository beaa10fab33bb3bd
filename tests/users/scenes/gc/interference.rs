//! Somebody acts while gc is stopped between two of its steps: gc checks everything again, and restores
//! directories that are in use by then.

use std::cell::RefCell;
use std::fs::File;

use rustix::fs::FlockOperation;
use rustix::fs::flock;

use super::attacks::is_whole;
use super::attacks::precious;
use super::attacks::rounds;
use super::*;
use crate::stage::steps::Step;
use crate::stage::steps::Steps;

const OLD: &str = "old-0123456789abcdef";

/// A moment of gc: the text of the call that it has just made, and its number among those.
type Moment = (&'static str, usize);
/// Everything is counted; gc looks at all processes next.
const COUNTED: Moment = ("\"/proc/locks\"", 1);
/// The private directory is locked; gc looks at all processes next.
const BEGUN: Moment = ("\"/proc/locks\"", 2);
/// It has looked at processes and opened the target directory.
const OPENED: Moment = ("\"CACHEDIR.TAG\"", 2);
/// It knows all locks, has locked the private directory, and has begun to take the others.
const HELD: Moment = ("flock(", 2);
/// Everything is moved; gc looks at all processes next.
const MOVED: Moment = ("\"/proc/locks\"", 3);

/// What alice does at a moment, or what happens to her files.
type Act = fn(&Scene<'_>);

struct Case {
    name: &'static str,
    acts: &'static [(Moment, Act)],
    /// The message about it.
    said: &'static str,
    /// Whether something was moved, even for a moment.
    is_moved: bool,
    /// The files that still exist afterwards, below her private directory.
    stays: &'static str,
}

const STAYS: &str = "old-0123456789abcdef/debug/deps/libdep.rlib";
const fn stays(
    name: &'static str,
    acts: &'static [(Moment, Act)],
    said: &'static str,
    is_moved: bool,
) -> Case {
    Case { name, acts, said, is_moved, stays: STAYS }
}

/// A build has a lock by the time gc has looked at processes.
const fn locked(name: &'static str, acts: &'static [(Moment, Act)]) -> Case {
    stays(name, acts, "cargo is building in it", false)
}

const CASES: &[Case] = &[
    // Cargo's locks, and a migration's.
    locked("the_lock_up_to_1_95_is_taken", &[(OPENED, |it| it.lock("debug/.cargo-lock"))]),
    locked("the_lock_of_a_build_is_taken", &[(OPENED, |it| it.lock("debug/.cargo-build-lock"))]),
    locked(
        "the_lock_of_artifacts_is_taken",
        &[(OPENED, |it| it.lock("x86_64-unknown-linux-gnu/release/.cargo-artifact-lock"))],
    ),
    locked(
        "the_lock_in_a_nested_project_is_taken",
        &[(OPENED, |it| it.lock("tests/trybuild/app/debug/.cargo-lock"))],
    ),
    locked("the_lock_of_a_migration_is_taken", &[(OPENED, |it| it.lock(""))]),
    stays("others_can_look_in", &[(COUNTED, |it| it.mode(0o755))], "is not private", false),
    stays("others_can_write", &[(COUNTED, |it| it.mode(0o777))], "refusing", false),
    stays("the_tag_is_gone", &[(BEGUN, untag)], "no valid tag", false),
    stays("it_is_roots", &[(BEGUN, |it| make::own(&it.old, 0, 0, 0o755))], "failed", false),
    stays("her_own_is_mounted_there", &[(BEGUN, mount)], "failed", false),
    Case {
        name: "it_is_a_link_to_her_own",
        acts: &[(BEGUN, |it| it.exchange(&it.old))],
        said: "failed",
        is_moved: false,
        stays: "aside/debug/deps/libdep.rlib",
    },
    stays("a_program_runs", &[(BEGUN, runs)], "uses it", false),
    stays("somebody_works_there", &[(BEGUN, works)], "uses it", false),
    stays("a_file_is_open", &[(BEGUN, opens)], "uses it", false),
    stays("a_file_is_mapped", &[(BEGUN, maps)], "uses it", false),
    stays("a_program_begins", &[(HELD, runs)], "uses it", true),
    stays("somebody_begins_to_work", &[(HELD, works)], "uses it", true),
    stays("a_file_is_opened", &[(HELD, opens)], "uses it", true),
    stays("a_file_comes_to_be_mapped", &[(HELD, maps)], "uses it", true),
    stays("a_build_of_a_new_profile_begins", &[(HELD, builds)], "a build has begun", true),
    Case {
        name: "something_new_has_the_place",
        acts: &[(HELD, runs), (MOVED, |it| it.write("debug/app"))],
        said: "could not be put back",
        is_moved: true,
        stays: "old-0123456789abcdef/debug/app",
    },
    Case {
        name: "what_is_staged_is_a_link_to_her_own",
        acts: &[(MOVED, |it| it.exchange(&it.private.join(".gc.0")))],
        said: "taken",
        is_moved: true,
        stays: "old-0123456789abcdef/CACHEDIR.TAG",
    },
    Case {
        name: "another_gc_comes",
        acts: &[(BEGUN, another)],
        said: "taken",
        is_moved: true,
        stays: "old-0123456789abcdef/CACHEDIR.TAG",
    },
];

pub(super) fn tests() -> Vec<Test> {
    let mut tests = Vec::new();
    for case in CASES {
        tests.push(test!(case.name, move |stage| happens(stage, case)).needs(&[Need::Strace]));
    }
    let name = "a_program_runs_in_what_an_interrupted_run_has_left";
    tests.push(test!(name, left_behind));
    let name = "what_is_counted_becomes_a_link_to_her_own";
    tests.push(test!(name, counted).needs(&[Need::Strace]));
    for (name, place) in [
        ("the_target_directory", OLD),
        ("the_profile", "old-0123456789abcdef/debug"),
        ("a_directory_in_it", "old-0123456789abcdef/debug/deps"),
        ("what_is_staged", ".gc.0"),
    ] {
        let name = format!("{name}_is_a_link_from_any_call_on");
        let exchanged = move |stage: &Stage| exchanged(stage, Path::new(place));
        tests.push(test!(name, exchanged).needs(&[Need::Strace]).heavy());
    }
    tests
}

struct Scene<'s> {
    stage: &'s Stage,
    alice: Person<'s>,
    private: PathBuf,
    old: PathBuf,
    /// Her own directory outside, which looks like a target directory.
    own: PathBuf,
    /// Programs that run until the end.
    running: RefCell<Vec<Running>>,
    /// Locks that are held until the end.
    locks: RefCell<Vec<File>>,
}

impl<'s> Scene<'s> {
    fn of(stage: &'s Stage) -> Scene<'s> {
        let private = stage.shared_root().provisioned().join("alice");
        let alice = stage.person("alice");
        let own = precious(stage, alice.uid());
        let old = private.join(OLD);
        let (running, locks) = (RefCell::default(), RefCell::default());
        let scene = Scene { stage, alice, private, old, own, running, locks };
        scene.afresh();
        scene
    }

    fn afresh(&self) {
        if look(&self.old).is_some() {
            make::nothing(&self.old);
        }
        target(&self.alice, OLD, 40);
    }

    fn mode(&self, mode: u32) {
        make::own(&self.private, self.alice.uid(), self.alice.uid(), mode);
    }

    /// Replaces a path by a link to her own directory. The link is relative, because absolute links are
    /// easier to refuse.
    fn exchange(&self, place: &Path) {
        fs::rename(place, self.private.join("aside")).unwrap();
        let below = place.strip_prefix(&self.stage.directory).unwrap().components().count();
        let own = self.own.file_name().expect("a name");
        let link = Path::new(&"../".repeat(below - 1)).join(own);
        make::link(place, &link, self.alice.uid());
    }

    /// Restores the path, if it is in the target directory and is free.
    fn exchange_back(&self, place: &Path) {
        let aside = self.private.join("aside");
        if look(place).is_some_and(|it| it.kind == "symlink") {
            fs::remove_file(place).unwrap();
        }
        if look(&aside).is_some() {
            match look(place).is_some() || !place.starts_with(&self.old) {
                true => make::nothing(&aside),
                false => fs::rename(&aside, place).unwrap(),
            }
        }
    }

    fn write(&self, file: &str) {
        let file = self.old.join(file);
        let lines = "mkdir -p \"${1%/*}\" && echo new >\"$1\"";
        self.alice.shell(lines, [file]).run().ok();
    }

    /// Holds a lock until the end. Creates the lock file if it is missing.
    fn lock(&self, lock: &str) {
        let path = self.old.join(lock);
        if look(&path).is_none() {
            self.write(lock);
        }
        let file = File::open(path).unwrap();
        flock(&file, FlockOperation::NonBlockingLockExclusive).unwrap();
        self.locks.borrow_mut().push(file);
    }

    /// Runs a program until the end. It uses a file below the target directory when this returns.
    fn start(&self, command: Invocation<'_>) {
        let program = command.start();
        // gc has the same directory open already.
        wait_until("the program does not use it", || uses(program.id(), &self.old));
        self.running.borrow_mut().push(program);
    }

    /// Root's gc, stopped after each of these calls with one of these paths.
    fn steps(&self, calls: &str, paths: &[PathBuf]) -> Steps {
        let administrator = self.stage.person("root");
        let words = ["--all-users", "--older-than", "30d", "--incremental", "off"];
        Steps::start_on(gc(&administrator, &words), calls, paths, &self.stage.at("log"))
    }

    /// Root's gc, with an action at each moment. Returns the calls that it made before and after.
    fn gc(&self, acts: &[(Moment, Act)]) -> (Outcome, Vec<Step>) {
        let paths = [Path::new("/proc/locks"), &self.old, &self.private];
        let calls = "openat,openat2,flock,renameat2";
        let is_it = |step: &Step, words| step.shown.contains(words);
        let mut steps = self.steps(calls, &paths.map(Path::to_owned));
        let (mut made, mut acts) = (Vec::<Step>::new(), acts.iter().peekable());
        while let Some(step) = steps.next() {
            made.push(step);
            if let Some(((words, number), act)) = acts.peek()
                && made.last().is_some_and(|step| is_it(step, words))
                && made.iter().filter(|step| is_it(step, words)).count() == *number
            {
                act(self);
                acts.next();
            }
        }
        assert!(acts.next().is_none(), "there was no such moment: {made:#?}");
        (steps.finish(), made)
    }
}

/// Whether a process runs from there, or has its working directory, an open file or a mapped file there.
fn uses(process: u32, directory: &Path) -> bool {
    let process = Path::new("/proc").join(process.to_string());
    let is_there = |path: &Path| fs::read_link(path).is_ok_and(|it| it.starts_with(directory));
    let open = fs::read_dir(process.join("fd")).into_iter().flatten().flatten();
    let maps = fs::read_to_string(process.join("maps")).unwrap_or_default();
    ["exe", "cwd"].iter().any(|name| is_there(&process.join(name)))
        || open.map(|it| it.path()).any(|path| is_there(&path))
        || maps.contains(&*directory.to_string_lossy())
}

fn untag(scene: &Scene<'_>) {
    fs::remove_file(scene.old.join("CACHEDIR.TAG")).unwrap();
}

fn mount(scene: &Scene<'_>) {
    do_as_root("mount", ["--bind".as_ref(), scene.own.as_os_str(), scene.old.as_os_str()]);
}

fn runs(scene: &Scene<'_>) {
    let program = scene.old.join("debug/deps/server");
    fs::copy("/bin/sleep", &program).unwrap();
    make::own(&program, scene.alice.uid(), scene.alice.uid(), 0o755);
    let program = program.to_str().expect("a plain path");
    scene.start(scene.alice.program(program, ["60"]));
}

fn works(scene: &Scene<'_>) {
    let place = scene.old.join("debug/deps");
    scene.start(scene.alice.program("/bin/sleep", ["60"]).within(place));
}

fn opens(scene: &Scene<'_>) {
    let file = scene.old.join("debug/deps/libdep.rlib");
    scene.start(scene.alice.shell("exec sleep 60 9<\"$1\"", [file]));
}

/// A library that this program has mapped can stand for any other.
fn maps(scene: &Scene<'_>) {
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    let mut own = maps.lines().filter_map(|line| line.find('/').and_then(|at| line.get(at..)));
    let library = own.rfind(|path| path.contains("libgcc_s"));
    let copy = scene.old.join("debug/deps/libcopy.so");
    fs::copy(library.expect("no libgcc_s"), &copy).unwrap();
    scene.start(scene.alice.program("/bin/sleep", ["60"]).env("LD_PRELOAD", &copy));
}

fn builds(scene: &Scene<'_>) {
    scene.write("release/.cargo-lock");
}

fn another(scene: &Scene<'_>) {
    let words = ["--older-than", "30d", "--incremental", "off"];
    gc(&scene.alice, &words).run().blames("another gc or migrate is at work");
}

fn left_behind(stage: &Stage) {
    let scene = Scene::of(stage);
    let staged = scene.private.join(".gc.0");
    fs::rename(&scene.old, &staged).unwrap();
    let scene = Scene { old: staged, ..scene };
    runs(&scene);
    let collect = || gc(&scene.alice, &["--older-than", "30d"]).run();
    collect().fails().prints("uses it");
    assert!(scene.old.join("debug/deps/server").exists(), "the program is gone");
    scene.running.borrow_mut().clear();
    collect().ok();
    nothing_is_staged(&scene.private);
}

fn happens(stage: &Stage, case: &Case) {
    let scene = Scene::of(stage);
    let (run, made) = scene.gc(case.acts);
    if case.acts.iter().any(|(_, act)| std::ptr::fn_addr_eq(*act, mount as Act)) {
        do_as_root("umount", [&scene.old]);
    }
    is_whole(&scene.own, scene.alice.uid());
    let said = [run.stdout.as_str(), run.stderr.as_str()].concat();
    assert!(said.contains(case.said), "it does not say `{}`: {said}", case.said);
    let is_moved = made.iter().any(|step| step.call == "renameat2");
    assert!(is_moved == case.is_moved, "moved: {is_moved}\n{made:#?}");
    let stays = scene.private.join(case.stays);
    assert!(look(&stays).is_some(), "`{}` is gone: {said}", case.stays);
    let is_new = stays.ends_with("debug/app");
    assert!(!is_new || fs::read(&stays).unwrap() == b"new\n", "what is new was replaced");
}

/// From the first read of the profile's directory on, then from the second on, and so on, until its
/// entries have been read and are opened.
fn counted(stage: &Stage) {
    let scene = Scene::of(stage);
    make::file(&scene.own.join("large"), vec![0; 1 << 20], scene.alice.uid(), 0o644);
    let administrator = stage.person("root");
    let profile = scene.old.join("debug");
    for number in 1.. {
        let usage = administrator.by_name(["usage"]);
        let paths = std::slice::from_ref(&profile);
        let mut steps = Steps::start_on(usage, "getdents64", paths, &stage.at("log"));
        let mut made = 0;
        while steps.next().is_some() {
            made += 1;
            if made == number {
                scene.exchange(&profile.join("deps"));
            }
        }
        steps.finish().ok().prints(OLD).never_says("MiB");
        if made < number {
            assert!(number > 3, "the profile was not read");
            return;
        }
        scene.exchange_back(&profile.join("deps"));
    }
    panic!("it never ended")
}

/// gc's changes of names in a private directory.
const CALLS: &str = "openat2,mkdirat,statx,newfstatat,renameat2,unlinkat";

/// A link to her own directory is at that path, from the first call on, then from the second on, and so
/// on.
fn exchanged(stage: &Stage, place: &Path) {
    let scene = Scene::of(stage);
    let below = ["", ".gc.0", OLD, "old-0123456789abcdef/debug"];
    let paths = below.map(|path| scene.private.join(path));
    let paths = [paths.as_slice(), &[scene.old.join("debug/deps")]].concat();
    let place = scene.private.join(place);
    let (mut taken, mut exchanged) = (0, 0);
    // A variable asks for every call, as for hundreds of rounds of attacks.
    let every = if rounds() > 4 { 1 } else { 4 };
    for number in (1..).step_by(every) {
        scene.afresh();
        let mut steps = scene.steps(CALLS, &paths);
        let (mut made, mut is_exchanged) = (0, false);
        while let Some(step) = steps.next() {
            made += 1;
            if made == number && look(&place).is_some() {
                let _context = context(|| step.shown.clone());
                scene.exchange(&place);
                is_exchanged = true;
            }
        }
        let run = steps.finish();
        let _context = context(|| format!("at call {number}"));
        is_whole(&scene.own, scene.alice.uid());
        taken += run.stdout.matches(" taken").count();
        exchanged += usize::from(is_exchanged);
        // It is unchanged, and the next run removes the rest.
        scene.exchange_back(&place);
        let administrator = stage.person("root");
        let words = ["--all-users", "--older-than", "30d", "--incremental", "off"];
        let _context = context(|| format!("after {number}"));
        gc(&administrator, &words).run().ok();
        is_emptied(&scene.old);
        nothing_is_staged(&scene.private);
        if made < number {
            assert!(taken > 0 && exchanged > 2, "{taken} taken, {exchanged} exchanged");
            return;
        }
    }
    panic!("it never ended")
}
