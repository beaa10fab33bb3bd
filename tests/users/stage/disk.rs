//! A file system in a file that can lose its power. What stands in the file is what was written to the
//! disk; what the kernel had only in memory is lost with a copy of the file.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use rustix::fs::{major, minor};

use super::make::{self, Image};
use super::{do_as_root, try_as_root};

/// A file at the top of each disk, which everybody else's work on it is made of.
const NEIGHBOUR: &str = "neighbour";

/// How often a disk is taken away that something is still open on, and how long it takes in between.
const ATTEMPTS: usize = 50;
const PAUSE: Duration = Duration::from_millis(20);

/// A disk and the place where it is mounted.
pub(crate) struct Disk {
    /// Where it is mounted.
    pub(crate) at: PathBuf,
    kind: Image,
}

impl Disk {
    /// A new disk, mounted at a new place with mode 1777.
    pub(crate) fn make(at: &Path, kind: Image) -> Disk {
        let disk = Disk { at: at.to_owned(), kind };
        let file = disk.file();
        fs::create_dir_all(at).unwrap();
        File::create(&file).unwrap().set_len(kind.smallest()).unwrap();
        do_as_root(&format!("mkfs.{}", kind.name()), [OsStr::new("-q"), file.as_os_str()]);
        disk.mount();
        make::own(at, 0, 0, 0o1777);
        File::create(at.join(NEIGHBOUR)).unwrap();
        disk
    }

    /// Where its content is kept.
    pub(crate) fn file(&self) -> PathBuf {
        self.at.with_extension("img")
    }

    /// Mounts it. The kernel writes nothing on its own account before a test is over.
    pub(crate) fn mount(&self) {
        let options = match self.kind {
            Image::Ext4 => "loop,commit=300,noinit_itable",
            Image::Xfs => "loop",
        };
        let file = self.file();
        let words = ["-o".as_ref(), options.as_ref(), file.as_os_str(), self.at.as_os_str()];
        do_as_root("mount", words);
    }

    /// Takes it away; everything is written before.
    pub(crate) fn unmount(&self) {
        let unmount = || try_as_root("umount", [self.at.as_os_str()]);
        // What this process has open another test's child has as well, until it executes its program.
        for _ in 0..ATTEMPTS {
            if unmount().is_ok() {
                return;
            }
            std::thread::sleep(PAUSE);
        }
        unmount().unwrap();
    }

    /// Lets the rest of the machine do what makes the file system write its journal: whatever was
    /// renamed, made or removed until now is on the disk, and what was only written to files is not.
    pub(crate) fn commit(&self) {
        let neighbour = File::options().write(true).open(self.at.join(NEIGHBOUR)).unwrap();
        neighbour.set_modified(SystemTime::now()).unwrap();
        neighbour.sync_all().unwrap();
    }

    /// Waits for everything to be written.
    pub(crate) fn sync(&self) {
        do_as_root("sync", ["--file-system".as_ref(), self.at.as_os_str()]);
    }

    /// How many writes have reached the file. It is the same as before if this is.
    pub(crate) fn writes(&self) -> u64 {
        loop {
            let (done, under_way) = self.traffic();
            if under_way == 0 {
                return done;
            }
            std::thread::yield_now();
        }
    }

    fn traffic(&self) -> (u64, u64) {
        let device = fs::metadata(&self.at).unwrap().dev();
        let path = format!("/sys/dev/block/{}:{}/stat", major(device), minor(device));
        let text = fs::read_to_string(&path).unwrap();
        let fields: Vec<u64> =
            text.split_whitespace().map(str::parse).collect::<Result<_, _>>().unwrap();
        let field = |at: usize| fields.get(at).copied().expect("a short line in /sys");
        // The fifth counts writes that are done, the ninth what is under way.
        (field(4), field(8))
    }

    /// Copies what is on the disk at one moment: while a write is under way it is tried again.
    pub(crate) fn photograph(&self, to: &Path) {
        loop {
            let before = self.writes();
            copy(&self.file(), to);
            if self.traffic() == (before, 0) {
                return;
            }
        }
    }

    /// Puts what was on a disk once in this one's place, which must not be mounted.
    pub(crate) fn restore(&self, from: &Path) {
        copy(from, &self.file());
    }
}

fn copy(from: &Path, to: &Path) {
    do_as_root("cp", [OsStr::new("--sparse=always"), from.as_os_str(), to.as_os_str()]);
}
