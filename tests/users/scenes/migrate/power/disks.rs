//! The disks that a migration works on, and what was on them at the moments when the power could fail.

use std::cell::Cell;

use super::super::kills::CHANGES;
use super::super::scene::Scene;
use crate::prelude::*;
use crate::stage::disk::Disk;
use crate::stage::make::Image;
use crate::stage::steps::Step;
use crate::stage::steps::Steps;

/// The source's disk and the shared root's, which may be one.
pub(super) struct Disks<'s> {
    stage: &'s Stage,
    list: Vec<Disk>,
    /// What takes the disks' numbers away.
    others: Vec<Disk>,
    photographs: Cell<u32>,
}

/// What is on the disks after a call.
pub(super) struct Picture {
    /// The call, and what was written then.
    pub(super) after: String,
    photographs: Vec<PathBuf>,
}

/// What becomes of a photograph that is put on a disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Photograph {
    /// It is needed again.
    Kept,
    /// It is not, and need not be copied.
    Used,
}

impl<'s> Disks<'s> {
    /// New ones. The shared root's is the last.
    pub(super) fn make(stage: &'s Stage, images: &[Image]) -> Self {
        let places = ["source", "shared"].map(|name| stage.at(name));
        let places = places.iter().rev().take(images.len()).rev();
        let list = places.zip(images).map(|(place, image)| Disk::make(place, *image));
        let list = list.collect::<Vec<_>>();
        let other = |at| Disk::make(&stage.at(format!("other-{at}")), Image::Ext4);
        let others = (0..list.len()).map(other).collect::<Vec<_>>();
        others.iter().for_each(Disk::unmount);
        Disks { stage, list, others, photographs: Cell::new(0) }
    }

    /// Where the source's is mounted.
    pub(super) fn source(&self) -> PathBuf {
        self.list.first().map(|disk| disk.at.clone()).unwrap_or_default()
    }

    /// What is on them before anything happens; they are taken away.
    pub(super) fn put_away(&self) -> Picture {
        self.list.iter().for_each(Disk::sync);
        let picture = self.picture("before".into());
        self.list.iter().for_each(Disk::unmount);
        picture
    }

    /// Every set of disks that somebody else's work may have made write their journals.
    pub(super) fn commits(&self) -> &'static [&'static [usize]] {
        if self.list.len() > 1 { &[&[], &[0], &[1], &[0, 1]] } else { &[&[], &[0]] }
    }

    /// Starts the machine with what was on the disks. For a photograph that is used up it is another start:
    /// then other disks have taken their numbers, by which a file system is known while it is mounted.
    pub(super) fn start(&self, picture: &Picture, what: Photograph) {
        if what == Photograph::Used {
            self.others.iter().for_each(Disk::mount);
        }
        for (disk, photograph) in self.list.iter().zip(&picture.photographs) {
            match what {
                Photograph::Kept => disk.restore(photograph),
                Photograph::Used => fs::rename(photograph, disk.file()).unwrap(),
            }
            disk.mount();
        }
    }

    /// Stops it.
    pub(super) fn stop(&self, what: Photograph) {
        if what == Photograph::Used {
            self.others.iter().for_each(Disk::unmount);
        }
        self.list.iter().for_each(Disk::unmount);
    }

    /// Lets a migration run to its end, and takes a picture after each call that it was asked for, if
    /// the disks are not as they were before. `committed` are written by then.
    pub(super) fn record(
        &self,
        scene: &Scene<'_>,
        flags: &[&str],
        committed: &[usize],
        is_wanted: &dyn Fn(&Step) -> bool,
    ) -> (Vec<Step>, Vec<Picture>) {
        let (mut made, mut pictures) = (Vec::new(), Vec::new());
        // A stop in this one would make it begin again, for ever; what it has done shows at the next.
        let calls = format!("{CHANGES},openat").replace("copy_file_range,", "");
        let mut steps = Steps::start(scene.giving(flags), &calls, &self.stage.at("log"));
        let mut writes = self.writes();
        loop {
            let step = steps.next();
            if step.as_ref().is_none_or(|step| is_change(step) && is_wanted(step)) {
                for disk in committed.iter().filter_map(|at| self.list.get(*at)) {
                    disk.commit();
                }
                let now = self.writes();
                if std::mem::replace(&mut writes, now.clone()) != now {
                    let call = step.as_ref().map_or("the end".into(), |step| {
                        format!("{} {} ({})", step.call, step.number, step.shown)
                    });
                    let after = format!("{call}, written on {committed:?}");
                    pictures.push(self.picture(after));
                }
            }
            match step {
                Some(step) if is_change(&step) => made.push(step),
                Some(_) => {}
                None => break,
            }
        }
        steps.finish().ok();
        (made, pictures)
    }

    fn writes(&self) -> Vec<u64> {
        self.list.iter().map(Disk::writes).collect()
    }

    fn picture(&self, after: String) -> Picture {
        let mut photographs = Vec::new();
        for disk in &self.list {
            let number = self.photographs.replace(self.photographs.get() + 1);
            let path = self.stage.at(format!("photograph-{number}"));
            disk.photograph(&path);
            photographs.push(path);
        }
        Picture { after, photographs }
    }
}

/// Most files are opened to be read, and not everything that is written goes to a disk.
fn is_change(step: &Step) -> bool {
    match step.call.as_str() {
        "openat" => step.shown.contains("O_CREAT"),
        "write" => !["write(1,", "write(2,"].iter().any(|start| step.shown.starts_with(start)),
        _ => true,
    }
}
