//! What went wrong, and how often.
//!
//! A run goes on when sessions fail; each failure is counted by its text. At most [`KINDS`] texts
//! are told apart, the rest is counted together.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::{Mutex, PoisonError};

/// Texts that are told apart.
const KINDS: usize = 32;

/// Counts by text. Shared by reference; the lock is held for one insertion.
#[derive(Debug, Default)]
pub(crate) struct Troubles(Mutex<BTreeMap<String, u64>>);

impl Troubles {
    /// Counts one.
    pub(crate) fn note(&self, trouble: &impl Display) {
        self.note_many(trouble, 1);
    }

    /// Counts several of one kind; none of them is no entry.
    pub(crate) fn note_many(&self, trouble: &impl Display, count: u64) {
        if count == 0 {
            return;
        }
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut text = trouble.to_string();
        if counts.len() >= KINDS && !counts.contains_key(&text) {
            "others".clone_into(&mut text);
        }
        *counts.entry(text).or_default() += count;
    }

    /// All counts so far.
    pub(crate) fn counts(&self) -> BTreeMap<String, u64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_bounded_and_nothing_is_forgotten() {
        let troubles = Troubles::default();
        troubles.note(&"a");
        troubles.note_many(&"a", 2);
        troubles.note_many(&"never", 0);
        for kind in 0..100 {
            troubles.note(&kind);
        }
        let counts = troubles.counts();
        assert_eq!(counts["a"], 3);
        assert_eq!(counts.len(), KINDS + 1);
        assert_eq!(counts.values().sum::<u64>(), 103);
        assert!(!counts.contains_key("never"));
    }
}
