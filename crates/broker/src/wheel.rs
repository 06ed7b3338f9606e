//! One coarse timer for all sessions.
//!
//! A session has one live entry, which is never cancelled: when it comes due, the session looks at
//! its true deadline and moves the entry on. Only where a deadline moves forward in time a second
//! entry is made and the first one becomes stale, at most once per `max_interval` and session.
//!
//! Pure: time is an argument. Deadlines are rounded down to a tick, so that a held connect comes
//! back just before the advised time and never after it.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Length of a tick. The driver should call at least this often.
pub(crate) const TICK: Duration = Duration::from_millis(50);

#[derive(Debug)]
pub(crate) struct Wheel<K> {
    epoch: Option<Instant>,
    slots: BTreeMap<u64, Vec<K>>,
}

impl<K> Wheel<K> {
    pub(crate) fn new() -> Self {
        Self { epoch: None, slots: BTreeMap::new() }
    }

    /// Adds an entry; `now` only matters for the very first one, which sets the zero of time.
    pub(crate) fn insert(&mut self, key: K, at: Instant, now: Instant) {
        let tick = self.tick_of(at, now);
        self.slots.entry(tick).or_default().push(key);
    }

    /// Takes every entry that is due at `now`.
    pub(crate) fn due(&mut self, now: Instant) -> Vec<K> {
        let next = self.tick_of(now, now) + 1;
        let later = self.slots.split_off(&next);
        std::mem::replace(&mut self.slots, later).into_values().flatten().collect()
    }

    fn tick_of(&mut self, at: Instant, now: Instant) -> u64 {
        let since = at.saturating_duration_since(*self.epoch.get_or_insert(now));
        u64::try_from(since.as_millis() / TICK.as_millis()).unwrap_or(u64::MAX - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "an arbitrary zero for invented time")]
    fn entries_come_due_in_their_tick_and_once() {
        let start = Instant::now();
        let mut wheel = Wheel::new();
        wheel.insert("b", start + Duration::from_millis(120), start);
        wheel.insert("a", start, start);
        assert_eq!(wheel.due(start), ["a"]);
        assert!(wheel.due(start + Duration::from_millis(99)).is_empty());
        assert_eq!(wheel.due(start + Duration::from_millis(100)), ["b"]);
        assert!(wheel.due(start + Duration::from_secs(100)).is_empty());
    }
}
