//! Random workspaces in random order: however similar they are, each runs its own program.

use super::CASES;
use super::Case;
use super::MEMBERS;
use super::at;
use super::write;
use crate::prelude::*;
use crate::shared::Random;

/// How many sets of workspaces, and how many builds of each.
const SETS: u64 = 2;
const BUILDS: u64 = 14;

/// The first two take their arguments to a program, or install one.
const EXCEPT: usize = 2;

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
    let mut all = [0, 1, 2].map(|number| {
        let case = CASES.get(EXCEPT + random.below(CASES.len() - EXCEPT)).expect("a case");
        let (directory, word) = (top.join(format!("w{number}")), format!("w{number}"));
        write(case, &word, &directory, alice);
        Workspace { directory, case, word }
    });
    let mut story = String::new();
    for step in 0..BUILDS {
        let number = random.below(3);
        let it = all.get_mut(number).expect("there are three");
        let event = random.below(6);
        match event {
            0 | 1 => it.word = format!("w{number}s{step}"),
            2 if it.case.name == MEMBERS.name => {
                let more = [("extra/Cargo.toml", package!("extra")), ("extra/src/lib.rs", "")];
                project::write(&it.directory, &more, alice);
            }
            _ => {}
        }
        match event {
            0 => write(it.case, &it.word, &it.directory, alice),
            1 => it.unpack(alice),
            _ => {}
        }
        story += &format!(" {number}:{}:{event}", it.case.name);
        let place = it.directory.join(it.case.within);
        let run = alice.cargo(it.case.args).env("CARGO_PROFILE_DEV_DEBUG", "0");
        let run = if random.below(3) == 0 {
            let manifest = place.join("Cargo.toml");
            at(run.args(["--manifest-path".as_ref(), manifest.as_os_str()]), channel, top)
        } else {
            at(run, channel, &place)
        };
        let _context = context(|| &story);
        let found = it.case.found(&run.run(), alice, &place);
        assert!(found.contains(&it.case.sign(&it.word)), "`{}` shows {found}", it.word);
    }
}

struct Workspace {
    directory: PathBuf,
    case: &'static Case,
    word: String,
}

impl Workspace {
    /// Deletes it, and unpacks another one at the same path, with the times of an old archive.
    fn unpack(&self, alice: &Person<'_>) {
        let archive = self.directory.with_file_name("archive");
        write(self.case, &self.word, &archive, alice);
        let unpack = "find \"$1\" -exec touch -d 2020-01-01 {} + && rm -rf \"$2\" && \
                      cp -a \"$1\" \"$2\" && rm -r \"$1\"";
        alice.shell(unpack, [&archive, &self.directory]).within(&alice.home).run().ok();
    }
}
