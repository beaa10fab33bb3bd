//! The limits of `gc` in the settings: ages, sizes and shares as text. A typo is an error, never "no
//! limit".

use std::fmt::{self, Display, Formatter};

use super::Key;

/// A policy by which `gc` chooses target directories, in the order in which they are applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Policy {
    /// The workspace was deleted or replaced by another checkout.
    Orphans,
    /// The owner has no account any more.
    Departed,
    /// The `incremental` directory of a profile is unused.
    Incremental,
    /// The whole target directory is unused.
    OlderThan,
    /// One user's directories are too large.
    MaxSize,
    /// All users' directories together are too large.
    MaxTotal,
    /// The file system has too little free space.
    KeepFree,
}

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

impl Policy {
    /// Every policy, in order.
    pub const ALL: [Policy; 7] = [
        Policy::Orphans,
        Policy::Departed,
        Policy::Incremental,
        Policy::OlderThan,
        Policy::MaxSize,
        Policy::MaxTotal,
        Policy::KeepFree,
    ];

    /// The policy's setting.
    pub fn key(self) -> Key {
        match self {
            Policy::Orphans => Key::GcOrphans,
            Policy::Departed => Key::GcDeparted,
            Policy::Incremental => Key::GcIncremental,
            Policy::OlderThan => Key::GcOlderThan,
            Policy::MaxSize => Key::GcMaxSize,
            Policy::MaxTotal => Key::GcMaxTotal,
            Policy::KeepFree => Key::GcKeepFree,
        }
    }

    /// The placeholder for its value in help texts.
    pub fn placeholder(self) -> &'static str {
        match self {
            Policy::Orphans | Policy::Departed | Policy::Incremental | Policy::OlderThan => "AGE",
            Policy::MaxSize | Policy::MaxTotal | Policy::KeepFree => "SIZE",
        }
    }

    /// The values that it takes, in words.
    pub fn takes(self) -> &'static str {
        match self {
            Policy::MaxSize => "a size such as `50G` (K, M, G, T), or `off`",
            Policy::MaxTotal | Policy::KeepFree => {
                "a size such as `50G`, a share such as `10%`, or `off`"
            }
            _ => "an age such as `30d` (min, h, d, w), or `off`",
        }
    }

    /// Parses a limit for this policy.
    pub fn parse(self, text: &str) -> Option<Limit> {
        let text = text.trim();
        if text == "off" {
            return Some(Limit::Off);
        }
        match self {
            Policy::Orphans | Policy::Departed | Policy::Incremental | Policy::OlderThan => {
                amount(text, &AGES).map(Limit::Age)
            }
            Policy::MaxSize => amount(text, &SIZES).map(Limit::Bytes),
            Policy::MaxTotal | Policy::KeepFree => match text.strip_suffix('%') {
                Some(share) => share.parse().ok().filter(|share| *share <= 100).map(Limit::Percent),
                None => amount(text, &SIZES).map(Limit::Bytes),
            },
        }
    }
}

const DAY: u64 = 24 * 60 * 60;

/// Units of time, in seconds.
const AGES: [(&str, u64); 4] = [("min", 60), ("h", 3600), ("d", DAY), ("w", 7 * DAY)];

/// Units of size as in `df -h` and `du -h`, in bytes.
const SIZES: [(&str, u64); 8] = [
    ("K", 1 << 10),
    ("M", 1 << 20),
    ("G", 1 << 30),
    ("T", 1 << 40),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
];

/// Parses a whole number with a unit; a missing unit is never guessed.
fn amount(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let end = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(end);
    let (_, factor) = units.iter().find(|(name, _)| *name == unit.trim_start())?;
    number.parse::<u64>().ok()?.checked_mul(*factor)
}

impl Display for Limit {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut largest = |number: u64, units: &[(&str, u64)]| {
            let fits = |(_, factor): &&(&str, u64)| number.is_multiple_of(*factor);
            match units.iter().rev().find(fits) {
                Some((unit, factor)) => write!(f, "{}{unit}", number / factor),
                None => write!(f, "{number}"),
            }
        };
        match self {
            Limit::Off => f.write_str("off"),
            Limit::Age(seconds) => largest(*seconds, AGES.get(..3).unwrap_or_default()),
            Limit::Bytes(bytes) => largest(*bytes, SIZES.get(..4).unwrap_or_default()),
            Limit::Percent(share) => write!(f, "{share}%"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Limit, Policy};

    #[test]
    fn a_limit_is_a_number_with_a_unit_and_a_typo_is_none() {
        use Limit::{Age, Bytes, Off, Percent};
        use Policy::{KeepFree, MaxSize, OlderThan};
        for (policy, text, expected) in [
            (OlderThan, "30d", Some(Age(30 * 86_400))),
            (OlderThan, "2 w", Some(Age(14 * 86_400))),
            (OlderThan, "90min", Some(Age(5400))),
            (OlderThan, "off", Some(Off)),
            (OlderThan, "5 parsecs", None),
            (OlderThan, "30", None),
            (OlderThan, "30D", None),
            (OlderThan, "-1d", None),
            (OlderThan, "1.5d", None),
            (OlderThan, "50G", None),
            (OlderThan, "", None),
            (OlderThan, "none", None),
            (OlderThan, "99999999999999999999d", None),
            (OlderThan, "18446744073709551615w", None),
            (MaxSize, "50G", Some(Bytes(50 << 30))),
            (MaxSize, "50 GiB", Some(Bytes(50 << 30))),
            (MaxSize, "50", None),
            (MaxSize, "50GB", None),
            (MaxSize, "10%", None),
            (MaxSize, "30d", None),
            (KeepFree, "10%", Some(Percent(10))),
            (KeepFree, "101%", None),
            (KeepFree, "20G", Some(Bytes(20 << 30))),
        ] {
            assert_eq!(policy.parse(text), expected, "{policy:?} {text:?}");
        }
    }

    #[test]
    fn what_is_shown_can_be_typed() {
        for (policy, text) in [
            (Policy::OlderThan, "30d"),
            (Policy::OlderThan, "56d"),
            (Policy::OlderThan, "90min"),
            (Policy::MaxSize, "50G"),
            (Policy::MaxSize, "1536M"),
            (Policy::KeepFree, "10%"),
            (Policy::KeepFree, "off"),
        ] {
            assert_eq!(policy.parse(text).map(|limit| limit.to_string()).as_deref(), Some(text));
        }
    }
}
