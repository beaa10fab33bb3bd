//! Pure: the systemd service and timer that run `gc`.

use std::path::{Path, PathBuf};

use super::{Piece, PieceKind};

const MACHINE: &str = include_str!("../gc.service");
const PERSON: &str = include_str!("../gc-user.service");
const TIMER: &str = include_str!("../gc.timer");

/// The timer's name. The service has the same name with another suffix.
pub(crate) const NAME: &str = "cargo-peruser-gc.timer";

/// The units in `units`, a directory that systemd reads, for a timer that is due `every` day or week, and
/// the link that enables the timer. The machine's `gc` writes only below `machines_root`; without one,
/// the units are a person's.
pub(crate) fn pieces(
    units: &Path,
    every: &str,
    machines_root: Option<&Path>,
    program: &Path,
) -> Vec<Piece> {
    // systemd expands a percent sign, so it is doubled.
    let word = |path: &Path| path.to_string_lossy().replace('%', "%%");
    let service = machines_root
        .map_or(PERSON.to_owned(), |root| MACHINE.replace("@root@", &word(root)))
        .replace("@program@", &word(program));
    let link = PieceKind::Link(PathBuf::from("..").join(NAME));
    let purpose = "gc by a timer";
    vec![
        Piece::new(units.join(NAME).with_extension("service"), PieceKind::text(service), purpose),
        Piece::new(units.join(NAME), PieceKind::text(TIMER.replace("@every@", every)), purpose),
        Piece::new(units.join("timers.target.wants").join(NAME), link, purpose),
    ]
}

#[cfg(test)]
mod tests {
    use super::{PieceKind, pieces};
    use std::path::Path;

    #[test]
    fn no_template_is_left_unfilled() {
        for root in [Some(Path::new("/srv/50%")), None] {
            for piece in pieces(Path::new("/etc/x"), "weekly", root, Path::new("/opt/a b/p")) {
                assert!(piece.path.starts_with("/etc/x"));
                let PieceKind::File(text, 0o644) = piece.what else { continue };
                let text = String::from_utf8(text).unwrap();
                assert!(!text.contains('@') && !text.contains("50%\""), "{text}");
            }
        }
    }
}
