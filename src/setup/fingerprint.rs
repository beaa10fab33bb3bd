//! Pure: a content's fingerprint, the same in every release: tells whether a file is still what was
//! written, and nothing about who changed it.

use std::hash::Hasher;

use siphasher::sip::SipHasher13;

/// A fingerprint while the content is read.
#[derive(Clone, Debug, Default)]
pub(super) struct Fingerprint(SipHasher13);

impl Fingerprint {
    /// The fingerprint of some content.
    pub(super) fn of(content: &[u8]) -> u64 {
        let mut fingerprint = Fingerprint::default();
        fingerprint.add(content);
        fingerprint.finish()
    }

    /// Adds what comes next.
    pub(super) fn add(&mut self, content: &[u8]) {
        self.0.write(content);
    }

    /// The fingerprint of everything that was added.
    pub(super) fn finish(&self) -> u64 {
        self.0.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::Fingerprint;

    #[test]
    fn is_the_same_in_one_piece_and_in_several() {
        let mut pieces = Fingerprint::default();
        pieces.add(b"sh");
        pieces.add(b"im");
        assert_eq!(pieces.finish(), Fingerprint::of(b"shim"));
        assert_eq!(Fingerprint::of(b"shim"), 7331844932169420600);
    }
}
