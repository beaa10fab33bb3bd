//! The limits of `gc` in the settings: ages, sizes and shares as text. A typo is an error, never "no
//! limit".

use std::ffi::OsStr;

use super::ValueKind;
use super::kind::OFF;

/// When a policy applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// Never.
    Off,
    /// Unused for this many seconds.
    Age(u64),
    /// This many bytes.
    Bytes(u64),
    /// This share of the file system, in percent.
    Percent(u8),
}

const DAY: u64 = 24 * 60 * 60;

/// Units of time, in seconds.
const AGES: [(&str, u64); 4] = [("min", 60), ("h", 3600), ("d", DAY), ("w", 7 * DAY)];

/// Units of size as in `df -h` and `du -h`, in bytes.
const SIZES: [(&str, u64); 4] = [("K", 1 << 10), ("M", 1 << 20), ("G", 1 << 30), ("T", 1 << 40)];

impl ValueKind {
    /// Parses a limit of this kind.
    pub(super) fn limit(self, text: &OsStr) -> Option<Limit> {
        let text = text.to_str()?.trim();
        let bytes = || amount(text.strip_suffix("iB").unwrap_or(text), &SIZES).map(Limit::Bytes);
        match self {
            _ if text == OFF => Some(Limit::Off),
            ValueKind::Age => amount(text, &AGES).map(Limit::Age),
            ValueKind::Size => bytes(),
            ValueKind::SizeOrShare => match text.strip_suffix('%') {
                Some(share) => share.parse().ok().filter(|share| *share <= 100).map(Limit::Percent),
                None => bytes(),
            },
            _ => None,
        }
    }
}

/// Parses a whole number with a unit; a missing unit is never guessed.
fn amount(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let end = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(end);
    let (_, factor) = units.iter().find(|(name, _)| *name == unit.trim_start())?;
    number.parse::<u64>().ok()?.checked_mul(*factor)
}

#[cfg(test)]
mod tests {
    use super::{Limit, ValueKind};

    #[test]
    fn a_limit_is_a_number_with_a_unit_and_a_typo_is_none() {
        use Limit::{Age, Bytes, Off, Percent};
        use ValueKind::{Age as Old, Size, SizeOrShare};
        for (kind, text, expected) in [
            (Old, "30d", Some(Age(30 * 86_400))),
            (Old, "2 w", Some(Age(14 * 86_400))),
            (Old, "90min", Some(Age(5400))),
            (Old, "off", Some(Off)),
            (Old, "5 parsecs", None),
            (Old, "30", None),
            (Old, "30D", None),
            (Old, "-1d", None),
            (Old, "1.5d", None),
            (Old, "50G", None),
            (Old, "", None),
            (Old, "none", None),
            (Old, "99999999999999999999d", None),
            (Old, "18446744073709551615w", None),
            (Size, "50G", Some(Bytes(50 << 30))),
            (Size, "50 K", Some(Bytes(50 << 10))),
            (Size, "50GiB", Some(Bytes(50 << 30))),
            (Size, "50", None),
            (Size, "50GB", None),
            (Size, "10%", None),
            (Size, "30d", None),
            (SizeOrShare, "10%", Some(Percent(10))),
            (SizeOrShare, "101%", None),
            (SizeOrShare, "20G", Some(Bytes(20 << 30))),
        ] {
            assert_eq!(kind.limit(text.as_ref()), expected, "{kind:?} {text:?}");
        }
    }
}
