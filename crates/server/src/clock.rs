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

/// One moment on both clocks: for deadlines, and for what was signed with a time of day.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    pub(crate) at: Instant,
    /// Milliseconds since 1970.
    pub(crate) unix_ms: u64,
}

/// The present moment.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place of this crate that reads the time of day"
)]
pub(crate) fn moment() -> Moment {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Moment { at: now(), unix_ms: u64::try_from(since_1970.as_millis()).unwrap_or(u64::MAX) }
}

/// The time of day, for what clients are told of it.
pub(crate) fn wall() -> WallClock {
    let Moment { at, unix_ms } = moment();
    WallClock::new(at, unix_ms)
}
