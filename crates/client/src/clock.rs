//! The only place of this crate that reads the time, and the one that rolls the dice.

use std::time::Instant;

use crate::machine::Jitter;

/// Now.
#[expect(clippy::disallowed_methods, reason = "the clock of this crate")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Numbers from 0 to 1 by chance. Without a source of chance they are all 0: waits are then not
/// spread, and nothing else is lost.
pub(crate) fn chance() -> Jitter {
    Box::new(|| getrandom::u32().map_or(0.0, |number| f64::from(number) / 4_294_967_296.0))
}
