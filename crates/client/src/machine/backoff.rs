//! How long to wait after failures in a row.

use std::fmt;
use std::time::Duration;

/// Randomness from outside: a number from 0 (included) to 1 (excluded).
pub(crate) type Jitter = Box<dyn FnMut() -> f64 + Send>;

/// Waits that grow by one increment per failure, up to a bound, and are spread by chance.
///
/// The wait after the n-th failure lies between `n - 1` and `n` increments, so that the clients of
/// one server that vanished come back spread over a whole increment.
pub(crate) struct Backoff {
    increment: Duration,
    max: Duration,
    jitter: Jitter,
}

impl Backoff {
    pub(crate) fn new(increment: Duration, max: Duration, jitter: Jitter) -> Self {
        Self { increment, max, jitter }
    }

    /// One step of the growth.
    pub(crate) fn increment(&self) -> Duration {
        self.increment
    }

    /// How long to wait after so many failures in a row.
    pub(crate) fn after(&mut self, failures: u32) -> Duration {
        let longest = self.increment.saturating_mul(failures).min(self.max);
        let spread = self.increment.min(longest).mul_f64((self.jitter)().clamp(0.0, 1.0));
        longest.saturating_sub(spread)
    }
}

impl fmt::Debug for Backoff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Backoff")
            .field("increment", &self.increment)
            .field("max", &self.max)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waits(jitter: f64) -> Vec<u64> {
        let (increment, max) = (Duration::from_secs(1), Duration::from_secs(3));
        let mut backoff = Backoff::new(increment, max, Box::new(move || jitter));
        [0, 1, 2, 3, 4, u32::MAX]
            .map(|failures| u64::try_from(backoff.after(failures).as_millis()).unwrap())
            .to_vec()
    }

    #[test]
    fn waits_grow_to_a_bound_and_are_spread_over_one_increment() {
        assert_eq!(waits(0.0), [0, 1000, 2000, 3000, 3000, 3000]);
        assert_eq!(waits(0.5), [0, 500, 1500, 2500, 2500, 2500]);
        assert_eq!(waits(7.0), [0, 0, 1000, 2000, 2000, 2000]);
    }
}
