//! What went wrong, and how often.
//!
//! A run goes on when sessions fail; each failure is counted by its kind and by its text. At most
//! [`KINDS`] texts are told apart, the rest is counted together; the kinds are few:
//!
//! | Kind         | Meaning                                                              |
//! |--------------|----------------------------------------------------------------------|
//! | `connection` | it was refused, broke, or was closed by the server                   |
//! | `status`     | the server answered with another status than 200, or no WebSocket    |
//! | `malformed`  | what came is no response, no frame, or no array of messages          |
//! | `unanswered` | a response lacks the reply, or the reply what it has to say          |
//! | `refused`    | the server said no                                                   |
//! | `timeout`    | no answer in time, or a poll held longer than the server announced   |
//! | `ramp`       | not up within the time of the ramp                                   |
//! | `publisher`  | a publisher gave up                                                  |
//! | `server`     | the server's process cannot be looked at any more                    |

use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::{Mutex, PoisonError};

/// Texts that are told apart.
const KINDS: usize = 32;

/// Counts by kind and by text. Shared by reference; the lock is held for one insertion.
#[derive(Debug, Default)]
pub(crate) struct Troubles(Mutex<Counts>);

/// What was counted so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) kinds: BTreeMap<&'static str, u64>,
    pub(crate) texts: BTreeMap<String, u64>,
}

impl Troubles {
    /// Counts one.
    pub(crate) fn note(&self, kind: &'static str, trouble: &impl Display) {
        self.note_many(kind, trouble, 1);
    }

    /// Counts several of one kind; none of them is no entry.
    pub(crate) fn note_many(&self, kind: &'static str, trouble: &impl Display, count: u64) {
        if count == 0 {
            return;
        }
        let mut text = trouble.to_string();
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.kinds.entry(kind).or_default() += count;
        if counts.texts.len() >= KINDS && !counts.texts.contains_key(&text) {
            "others".clone_into(&mut text);
        }
        *counts.texts.entry(text).or_default() += count;
    }

    /// All counts so far.
    pub(crate) fn counts(&self) -> Counts {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_bounded_and_nothing_is_forgotten() {
        let troubles = Troubles::default();
        troubles.note("refused", &"a");
        troubles.note_many("refused", &"a", 2);
        troubles.note_many("refused", &"never", 0);
        for text in 0..100 {
            troubles.note("status", &text);
        }
        let counts = troubles.counts();
        assert_eq!(counts.texts["a"], 3);
        assert_eq!(counts.texts.len(), KINDS + 1);
        assert_eq!(counts.texts.values().sum::<u64>(), 103);
        assert!(!counts.texts.contains_key("never"));
        assert_eq!(counts.kinds, BTreeMap::from([("refused", 3), ("status", 100)]));
    }
}
