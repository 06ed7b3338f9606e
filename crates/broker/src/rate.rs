//! How often something may happen.
//!
//! A bucket holds as many tokens as may be spent at once and gains them back at an even rate. It is
//! one instant: that at which it will be full again.

use std::num::NonZeroU32;
use std::time::{Duration, Instant};

/// So many a second, and so many at once.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Rate {
    per_second: NonZeroU32,
    burst: NonZeroU32,
}

impl Rate {
    /// `per_second` in the long run and `burst` at once; `None` if either is zero.
    pub fn new(per_second: u32, burst: u32) -> Option<Self> {
        Some(Self { per_second: NonZeroU32::new(per_second)?, burst: NonZeroU32::new(burst)? })
    }

    /// The time in which one token is gained.
    pub(crate) fn interval(self) -> Duration {
        Duration::from_secs(1) / self.per_second.get()
    }
}

/// The tokens of one who does it; full at first.
#[derive(Debug, Default)]
pub(crate) struct Bucket {
    full_at: Option<Instant>,
}

impl Bucket {
    /// Spends a token; false if there is none.
    pub(crate) fn take(&mut self, rate: Rate, now: Instant) -> bool {
        let next = self.full_at.map_or(now, |at| at.max(now)) + rate.interval();
        let most = rate.interval().saturating_mul(rate.burst.get());
        let has_one = next.saturating_duration_since(now) <= most;
        if has_one {
            self.full_at = Some(next);
        }
        has_one
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "an arbitrary zero for invented time")]
    fn a_burst_passes_and_then_one_each_interval() {
        let start = Instant::now();
        let rate = Rate::new(10, 3).unwrap();
        let mut bucket = Bucket::default();
        let taken = |bucket: &mut Bucket, millis| {
            let now = start + Duration::from_millis(millis);
            std::iter::from_fn(|| bucket.take(rate, now).then_some(())).take(10).count()
        };
        assert_eq!(taken(&mut bucket, 0), 3);
        assert_eq!(taken(&mut bucket, 99), 0);
        assert_eq!(taken(&mut bucket, 100), 1);
        assert_eq!(taken(&mut bucket, 350), 2);
        assert_eq!(taken(&mut bucket, 60_000), 3);
        assert_eq!((Rate::new(0, 1), Rate::new(1, 0)), (None, None));
    }
}
