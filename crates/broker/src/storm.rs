//! Reconnect storms: more handshakes than the server wants to serve at a time.
//!
//! After a restart or a lost network everybody comes back at once, and whoever is turned away with
//! the same pause comes back at once again. Here each one that is turned away is promised a turn of
//! its own: turns follow each other more slowly than tokens are gained, so that most who come back
//! find one, newcomers beside them. The pause grows with the number of turns that are promised, which
//! is the excess as measured, up to a bound, and is spread by chance on top. Nobody is remembered: a
//! turn that is not taken is gone with its time.
//!
//! Clients that are let in are not slowed down: their pause would delay their messages, and they are
//! no part of the storm any more. Those that connect with a session that is gone are, and are
//! told to wait before they shake hands while a storm lasts.
//!
//! # Sources
//!
//! Observed: the JavaScript library 3.1 to 9 waits for `interval` before it shakes hands again, after
//! a refused handshake and after a connect with the advice `handshake`, and adds a second for each
//! failure after the first.

use std::time::{Duration, Instant};

use crate::rate::{Bucket, Rate};

/// No client is asked to wait longer, but for the spread.
pub(crate) const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// Handshakes of a whole broker.
#[derive(Debug)]
pub(crate) struct Storm {
    rate: Rate,
    bucket: Bucket,
    /// The last turn that was promised.
    promised: Option<Instant>,
}

impl Storm {
    pub(crate) fn new(rate: Rate) -> Self {
        Self { rate, bucket: Bucket::default(), promised: None }
    }

    /// A client wants to shake hands.
    ///
    /// # Errors
    ///
    /// The time until its turn, if it has to come back.
    pub(crate) fn admit(&mut self, now: Instant) -> Result<(), Duration> {
        if self.bucket.take(self.rate, now) {
            return Ok(());
        }
        // One in five tokens is left to those who were promised nothing.
        let turn = self.promised.map_or(now, |at| at.max(now)) + self.rate.interval() * 5 / 4;
        let pause = turn.saturating_duration_since(now);
        if pause > LONGEST_PAUSE {
            return Err(LONGEST_PAUSE);
        }
        self.promised = Some(turn);
        Err(pause)
    }

    /// How long the turns last that are promised already.
    pub(crate) fn lasts(&self, now: Instant) -> Duration {
        self.promised.map_or(Duration::ZERO, |at| at.saturating_duration_since(now))
    }
}

/// `pause`, and by chance up to half of it or a second more.
pub(crate) fn spread(pause: Duration, random: [u8; 20]) -> Duration {
    pause + share((pause / 2).max(Duration::from_secs(1)), random)
}

/// A part of `whole`, by chance.
pub(crate) fn share(whole: Duration, random: [u8; 20]) -> Duration {
    let bits = random.iter().fold(0_u64, |bits, byte| {
        // Each byte reaches all bits that count.
        (bits ^ u64::from(*byte)).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(23)
    });
    let millis = u64::try_from(whole.as_millis()).unwrap_or(u64::from(u32::MAX));
    let part = (u128::from(bits) * u128::from(millis)) >> 64;
    Duration::from_millis(u64::try_from(part).unwrap_or(millis))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(clippy::disallowed_methods, reason = "an arbitrary zero for invented time")]
    fn zero() -> Instant {
        Instant::now()
    }

    #[test]
    fn turns_follow_each_other_and_grow_no_further_than_the_bound() {
        let start = zero();
        let mut storm = Storm::new(Rate::new(10, 2).unwrap());
        assert_eq!((storm.admit(start), storm.admit(start)), (Ok(()), Ok(())));
        let pauses: Vec<_> = (0..1000).map(|_| storm.admit(start).unwrap_err()).collect();
        assert_eq!(pauses.first(), Some(&Duration::from_millis(125)));
        assert_eq!(pauses.get(7), Some(&Duration::from_secs(1)));
        assert!(pauses.is_sorted());
        assert_eq!(pauses.iter().filter(|pause| **pause < LONGEST_PAUSE).count(), 479);
        assert_eq!(pauses.last(), Some(&LONGEST_PAUSE));
        assert_eq!(storm.lasts(start), LONGEST_PAUSE);
        // Turns that nobody takes are gone with their time.
        let later = start + LONGEST_PAUSE;
        assert_eq!((storm.lasts(later), storm.admit(later)), (Duration::ZERO, Ok(())));
    }

    #[test]
    fn chance_covers_the_whole_range() {
        let shares: Vec<_> = (0..=255_u8)
            .map(|byte| share(Duration::from_secs(1), [byte; 20]).as_millis())
            .collect();
        for tenth in 0..10 {
            let some = shares.iter().filter(|share| **share / 100 == tenth).count();
            assert!(some > 5, "{some} of 256 in tenth {tenth}");
        }
        assert!(shares.iter().all(|share| *share < 1000));
    }
}
