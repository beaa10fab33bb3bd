//! The disks of a migration, and their content at each moment when the power could fail.

use std::cell::Cell;

use super::super::kills::CHANGES;
use super::super::scene::Scene;
use crate::prelude::*;
use crate::stage::disk::Disk;
use crate::stage::make::Image;
use crate::stage::steps::Step;
use crate::stage::steps::Steps;

/// The source's disk and the shared root's, which may be the same.
pub(super) struct Disks<'s> {
    stage: &'s Stage,
    list: Vec<Disk>,
    /// What takes the disks' numbers away.
    others: Vec<Disk>,
    photographs: Cell<u32>,
}

/// The content of the disks after a call.
pub(super) struct Picture {
    /// The call, and the data written by then.
    pub(super) after: String,
    photographs: Vec<PathBuf>,
}

/// Whether a photograph is needed again after it was put on a disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Photograph {
    /// It is needed again.
    Kept,
    /// It is not needed again, so it need not be copied.
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

    /// The mount point of the source's disk.
    pub(super) fn source(&self) -> PathBuf {
        self.list.first().map(|disk| disk.at.clone()).unwrap_or_default()
    }

    /// The content of the disks before the migration. Removes the disks.
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

    /// Boots the machine with a photograph of the disks. If the photograph is not needed again, it is a
    /// later boot, in which other disks have taken the device numbers.
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

    /// Stops the machine.
    pub(super) fn stop(&self, what: Photograph) {
        if what == Photograph::Used {
            self.others.iter().for_each(Disk::unmount);
        }
        self.list.iter().for_each(Disk::unmount);
    }

    /// Runs a migration to its end, and takes a photograph after each of the given calls, if the disks
    /// have changed. `committed` are the disks that are written by then.
    pub(super) fn record(
        &self,
        scene: &Scene<'_>,
        flags: &[&str],
        committed: &[usize],
        is_wanted: &dyn Fn(&Step) -> bool,
    ) -> (Vec<Step>, Vec<Picture>) {
        let (mut made, mut pictures) = (Vec::new(), Vec::new());
        // A stop in this call would restart it forever; its effect shows at the next call.
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

/// Most files are opened for reading, and not all written files are on a disk.
fn is_change(step: &Step) -> bool {
    match step.call.as_str() {
        "openat" => step.shown.contains("O_CREAT"),
        "write" => !["write(1,", "write(2,"].iter().any(|start| step.shown.starts_with(start)),
        _ => true,
    }
}
