//! The server's only look at the clock.
//!
//! Everything below takes `now` as an argument; this edge is where it comes from.

use std::time::Instant;

/// Monotonic time, for deadlines and durations.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place of this crate that reads the monotonic clock"
)]
pub(crate) fn now() -> Instant {
    Instant::now()
}
