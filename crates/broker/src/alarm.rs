//! When the timer looks at one session next.
//!
//! A session knows of at most two entries of its own in the wheel: the next one, and one behind it
//! that was overtaken when a deadline moved forward. Remembering the second spares a new entry each
//! time a short deadline has passed and the long one counts again, so the wheel holds a bounded
//! number of entries for a session however often that happens. Entries are never cancelled: one
//! that comes due too early is told apart and costs a look.

use std::time::Instant;

use crate::wheel::TICK;

/// The entries that one session remembers.
#[derive(Debug, Default)]
pub(crate) struct Alarm {
    next: Option<Instant>,
    behind: Option<Instant>,
}

impl Alarm {
    /// Asks for a look at `at`: the instant of a new entry, if those that are there come too late.
    pub(crate) fn set(&mut self, at: Instant) -> Option<Instant> {
        if self.next.is_some_and(|next| next <= at) {
            return None;
        }
        let overtaken = self.next.replace(at);
        self.behind = match (overtaken, self.behind) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
        Some(at)
    }

    /// An entry came due; false if it was overtaken and the one that counts is still to come.
    pub(crate) fn ring(&mut self, now: Instant) -> bool {
        if self.next.is_some_and(|next| next >= now + TICK) {
            return false;
        }
        self.next = self.behind.take().filter(|behind| *behind >= now + TICK);
        true
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[expect(clippy::disallowed_methods, reason = "an arbitrary zero for invented time")]
    fn zero() -> Instant {
        Instant::now()
    }

    #[test]
    fn an_entry_serves_every_later_deadline() {
        let start = zero();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut alarm = Alarm::default();
        assert_eq!(alarm.set(at(10)), Some(at(10)));
        assert_eq!(alarm.set(at(30)), None);
        assert!(alarm.ring(at(10)));
        assert_eq!(alarm.set(at(30)), Some(at(30)));
    }

    #[test]
    fn an_overtaken_entry_is_used_again() {
        let start = zero();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut alarm = Alarm::default();
        alarm.set(at(30));
        for second in 1..29 {
            assert_eq!(alarm.set(at(second)), Some(at(second)));
            assert!(alarm.ring(at(second)));
            assert_eq!(alarm.set(at(30)), None, "the entry at 30 is still there");
        }
        assert!(!alarm.ring(at(29)));
        assert!(alarm.ring(at(30)));
        assert_eq!(alarm.set(at(60)), Some(at(60)));
    }
}
