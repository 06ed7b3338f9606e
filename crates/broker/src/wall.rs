//! The time of day, derived from the instants that a broker is given.

use std::time::Instant;

/// An instant and the time of day it stands for.
///
/// A broker reads no clock; with this anchor it tells the time of day of any instant. Steps of the
/// machine's clock after the anchor was taken are not followed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct WallClock {
    at: Instant,
    unix_ms: u64,
}

impl WallClock {
    /// `at` is `unix_ms` milliseconds after the beginning of 1970, UTC.
    pub fn new(at: Instant, unix_ms: u64) -> Self {
        Self { at, unix_ms }
    }

    /// Milliseconds since 1970 when the anchor was taken.
    pub(crate) fn begun(&self) -> u64 {
        self.unix_ms
    }

    /// Milliseconds since 1970 at `now`.
    pub fn unix_ms(&self, now: Instant) -> u64 {
        let since = |later: Instant, earlier| {
            u64::try_from(later.saturating_duration_since(earlier).as_millis()).unwrap_or(u64::MAX)
        };
        self.unix_ms.saturating_add(since(now, self.at)).saturating_sub(since(self.at, now))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "an arbitrary instant")]
    fn instants_on_both_sides_of_the_anchor_have_a_time_of_day() {
        let before = Instant::now();
        let at = before + Duration::from_millis(7);
        let wall = WallClock::new(at, 10_000);
        assert_eq!(wall.unix_ms(at + Duration::from_millis(7)), 10_007);
        assert_eq!(wall.unix_ms(before), 9_993);
    }
}
