//! The server's only look at the clock.
//!
//! Everything below takes `now` as an argument; this edge is where it comes from.

use std::time::Instant;

use encke::broker::WallClock;
use encke::calls::{Clock as _, SystemClock};

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
pub(crate) fn moment() -> Moment {
    Moment { at: now(), unix_ms: unix_ms() }
}

/// The time of day, for what clients are told of it.
pub(crate) fn wall() -> WallClock {
    let Moment { at, unix_ms } = moment();
    WallClock::new(at, unix_ms)
}

/// Milliseconds since 1970, for what is kept from one run to the next.
pub(crate) fn unix_ms() -> u64 {
    SystemClock.now_ms()
}
