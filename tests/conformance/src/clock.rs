//! The clock of the suite.

use tokio::time::Instant;

/// The present moment.
#[expect(clippy::disallowed_methods, reason = "the one clock of this tool")]
pub(crate) fn now() -> Instant {
    Instant::now()
}
