//! The server's only look at the clock.
//!
//! Everything below takes `now` as an argument; this edge is where it comes from.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use encke::broker::WallClock;

/// Monotonic time, for deadlines and durations.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place of this crate that reads the monotonic clock"
)]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// The time of day, for what clients are told of it.
pub(crate) fn wall() -> WallClock {
    WallClock::new(now(), unix_ms())
}

/// Milliseconds since 1970, for what is kept from one run to the next.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place of this crate that reads the time of day"
)]
pub(crate) fn unix_ms() -> u64 {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since_1970.as_millis()).unwrap_or(u64::MAX)
}
