//! The only place of this crate that reads the time.

use std::time::Instant;

/// Now.
#[expect(clippy::disallowed_methods, reason = "the clock of this crate")]
pub(crate) fn now() -> Instant {
    Instant::now()
}
