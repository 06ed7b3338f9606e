//! Draws that depend on a seed and a place alone.
//!
//! Every story has a stream of its own, so that what happens in one never changes what is drawn in
//! another.

use encke::calls::{IdSource, SeededIds};

use super::span::Span;

/// A row of draws.
#[derive(Debug)]
pub(super) struct Stream(SeededIds);

impl Stream {
    /// The stream of this seed at this place.
    pub(super) fn at(seed: u64, place: &[u64]) -> Self {
        let mixed = place.iter().fold(seed, |mixed, step| {
            SeededIds::new(mixed ^ step.wrapping_mul(0x9E37_79B9_7F4A_7C15)).next_u64()
        });
        Self(SeededIds::new(mixed))
    }

    /// A whole number from 0 to below `end`; 0 when `end` is.
    pub(super) fn below(&mut self, end: u64) -> u64 {
        self.0.next_u64().checked_rem(end).unwrap_or(0)
    }

    /// One of these.
    pub(super) fn one<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        let place = self.below(u64::try_from(of.len()).unwrap_or(u64::MAX));
        of.get(usize::try_from(place).ok()?)
    }

    /// True with this probability. Draws once, whatever the probability is.
    pub(super) fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// Milliseconds within a span.
    pub(super) fn within(&mut self, span: Span) -> u64 {
        span.from_ms + self.below(span.to_ms - span.from_ms + 1)
    }

    /// Milliseconds to the next arrival, where so many arrive in a minute on average.
    pub(super) fn pause(&mut self, per_minute: f64) -> f64 {
        // 1 - [0, 1) is never 0, of which there is no logarithm.
        -(1.0 - self.unit()).ln() * 60_000.0 / per_minute
    }

    /// From 0 to below 1.
    #[expect(clippy::cast_precision_loss, reason = "53 bits are exact")]
    fn unit(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_has_its_draws_and_others_have_others() {
        let draws = |seed, place: &[u64]| {
            let mut stream = Stream::at(seed, place);
            (0..8).map(|_| stream.below(1000)).collect::<Vec<_>>()
        };
        assert_eq!(draws(7, &[1, 2]), draws(7, &[1, 2]));
        for other in [draws(8, &[1, 2]), draws(7, &[2, 1]), draws(7, &[1]), draws(7, &[1, 3])] {
            assert_ne!(draws(7, &[1, 2]), other);
        }
    }

    #[test]
    fn spans_and_chances_stay_within_their_ends() {
        let mut stream = Stream::at(1, &[]);
        let span = Span { from_ms: 5, to_ms: 7 };
        let drawn: Vec<u64> = (0..200).map(|_| stream.within(span)).collect();
        assert!(
            (5..=7).all(|ms| drawn.contains(&ms)) && drawn.iter().all(|ms| (5..=7).contains(ms))
        );
        assert!((0..200).all(|_| !stream.chance(0.0)) && (0..200).all(|_| stream.chance(1.0)));
        assert!((0..200).all(|_| stream.pause(60.0).is_finite()));
    }
}
