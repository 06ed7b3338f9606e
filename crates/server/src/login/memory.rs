//! What was found right lately, so that it need not be found right again.
//!
//! A [`Memory`] keeps values under a keyed hash of what was shown: never a password or a token
//! itself, and nothing that means anything outside this process. When it is full, what has run out
//! goes, or else the tenth that would run out first.
//!
//! Shape: a handle over one mutex, held for a map look-up; never across an await.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use blake2::Blake2sMac256;
use blake2::digest::{FixedOutput, KeyInit, Update};

/// Keyed hash of something secret.
#[derive(Clone, Copy, Eq, Hash, PartialEq)]
pub(super) struct Fingerprint([u8; 32]);

/// Values under the fingerprints of what they were found for.
pub(super) struct Memory<V> {
    key: [u8; 32],
    entries: usize,
    kept: Mutex<HashMap<Fingerprint, Kept<V>>>,
}

struct Kept<V> {
    value: V,
    until: Instant,
}

impl<V: Clone> Memory<V> {
    /// An empty memory of at most `entries` values, with a fresh key.
    ///
    /// # Errors
    ///
    /// If the system has no randomness.
    pub(super) fn new(entries: usize) -> Result<Self, getrandom::Error> {
        let mut key = [0; 32];
        getrandom::fill(&mut key)?;
        Ok(Self { key, entries: entries.max(1), kept: Mutex::default() })
    }

    /// The fingerprint of some parts. None but the last may hold a zero byte, so that two parts
    /// cannot run into each other.
    pub(super) fn fingerprint(&self, parts: &[&[u8]]) -> Fingerprint {
        let mut mac = Blake2sMac256::new(&self.key.into());
        for (at, part) in parts.iter().enumerate() {
            if at > 0 {
                mac.update(&[0]);
            }
            mac.update(part);
        }
        Fingerprint(mac.finalize_fixed().into())
    }

    /// The value that was kept, if its time is not up.
    pub(super) fn find(&self, of: &Fingerprint, now: Instant) -> Option<V> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(of).filter(|kept| kept.until > now).map(|kept| kept.value.clone())
    }

    /// The same, and if it is there it is kept until `until` from now on.
    pub(super) fn prolong(&self, of: &Fingerprint, now: Instant, until: Instant) -> Option<V> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = kept.get_mut(of).filter(|kept| kept.until > now)?;
        kept.until = until;
        Some(kept.value.clone())
    }

    /// Keeps a value until `until`, or until there is no more room.
    pub(super) fn keep(&self, of: Fingerprint, value: V, now: Instant, until: Instant) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= self.entries {
            make_room(&mut kept, now);
        }
        kept.insert(of, Kept { value, until });
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.kept.lock().unwrap().len()
    }
}

fn make_room<V>(kept: &mut HashMap<Fingerprint, Kept<V>>, now: Instant) {
    let before = kept.len();
    kept.retain(|_, kept| kept.until > now);
    if kept.len() < before {
        return;
    }
    let mut untils: Vec<Instant> = kept.values().map(|kept| kept.until).collect();
    let tenth = untils.len() / 10;
    let (_, limit, _) = untils.select_nth_unstable(tenth);
    let limit = *limit;
    kept.retain(|_, kept| kept.until > limit);
}

impl<V> fmt::Debug for Memory<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memory").field("entries", &self.entries).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::clock;

    #[test]
    fn value_is_there_until_its_time_is_up_unless_it_is_prolonged() {
        let memory = Memory::new(10).unwrap();
        let start = clock::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        let of = memory.fingerprint(&[b"a", b"b"]);
        assert_eq!(memory.find(&of, start), None);
        memory.keep(of, 7, start, after(10));
        assert_eq!(memory.find(&of, after(9)), Some(7));
        assert_eq!(memory.find(&of, after(10)), None);
        assert_eq!(memory.prolong(&of, after(9), after(20)), Some(7));
        assert_eq!(memory.find(&of, after(19)), Some(7));
        assert_eq!(memory.prolong(&of, after(20), after(30)), None);
    }

    #[test]
    fn parts_do_not_run_into_each_other() {
        let memory = Memory::<()>::new(10).unwrap();
        assert!(memory.fingerprint(&[b"ab", b"c"]) == memory.fingerprint(&[b"ab", b"c"]));
        assert!(memory.fingerprint(&[b"ab", b"c"]) != memory.fingerprint(&[b"a", b"bc"]));
        let other = Memory::<()>::new(10).unwrap();
        assert!(memory.fingerprint(&[b"a"]) != other.fingerprint(&[b"a"]), "keys differ");
    }

    #[test]
    fn full_memory_forgets_what_would_run_out_first() {
        let memory = Memory::new(10).unwrap();
        let start = clock::now();
        for n in 0..100_u64 {
            let of = memory.fingerprint(&[&n.to_be_bytes()]);
            memory.keep(of, n, start, start + Duration::from_millis(1_000 + n));
        }
        assert!(memory.len() <= 10, "{}", memory.len());
        let last = memory.fingerprint(&[&99_u64.to_be_bytes()]);
        assert_eq!(memory.find(&last, start), Some(99));
    }
}
