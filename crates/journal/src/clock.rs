//! The one place that reads the clock, to time appends. Nothing a journal decides depends on it.

use std::time::Instant;

#[expect(clippy::disallowed_methods, reason = "this is the clock of an IO crate")]
pub(crate) fn now() -> Instant {
    Instant::now()
}
