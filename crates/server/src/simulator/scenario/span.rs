//! A time in seconds, or a span of which one is drawn.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, SeqAccess, Visitor};

/// Longest time in a scenario: a day.
pub(super) const LONGEST_S: f64 = 86_400.0;

/// From one time to another, both included. In a file one number, or two in a list, in seconds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::simulator) struct Span {
    pub(super) from_ms: u64,
    pub(super) to_ms: u64,
}

impl Span {
    /// Between these whole seconds.
    pub(super) const fn seconds(from: u64, to: u64) -> Self {
        Self { from_ms: from * 1000, to_ms: to * 1000 }
    }
}

/// Seconds as milliseconds, if they are a time that a scenario may have.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it is between 0 and a day"
)]
pub(super) fn milliseconds(seconds: f64) -> Option<u64> {
    (0.0..=LONGEST_S).contains(&seconds).then(|| (seconds * 1000.0).round() as u64)
}

/// One number of a file, whole or not.
struct Seconds(u64);

impl<'de> Deserialize<'de> for Seconds {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let seconds = f64::deserialize(from)?;
        milliseconds(seconds)
            .map(Self)
            .ok_or_else(|| de::Error::custom("a time is from 0 to 86400 seconds"))
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(SpanVisitor)
    }
}

struct SpanVisitor;

impl SpanVisitor {
    fn one<E: de::Error>(seconds: f64) -> Result<Span, E> {
        let ms = milliseconds(seconds);
        let ms = ms.ok_or_else(|| E::custom("a time is from 0 to 86400 seconds"))?;
        Ok(Span { from_ms: ms, to_ms: ms })
    }
}

impl<'de> Visitor<'de> for SpanVisitor {
    type Value = Span;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("seconds, as a number or as [from, to]")
    }

    fn visit_f64<E: de::Error>(self, seconds: f64) -> Result<Span, E> {
        Self::one(seconds)
    }

    fn visit_i64<E: de::Error>(self, seconds: i64) -> Result<Span, E> {
        i32::try_from(seconds).map_or_else(|_| Self::one(-1.0), |seconds| Self::one(seconds.into()))
    }

    fn visit_u64<E: de::Error>(self, seconds: u64) -> Result<Span, E> {
        u32::try_from(seconds).map_or_else(|_| Self::one(-1.0), |seconds| Self::one(seconds.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Span, A::Error> {
        let too_short = |place| de::Error::invalid_length(place, &"[from, to]");
        let from: Seconds = list.next_element()?.ok_or_else(|| too_short(0))?;
        let to: Seconds = list.next_element()?.ok_or_else(|| too_short(1))?;
        if list.next_element::<de::IgnoredAny>()?.is_some() {
            return Err(de::Error::invalid_length(3, &"[from, to]"));
        }
        if from.0 > to.0 {
            return Err(de::Error::custom("a span begins before it ends"));
        }
        Ok(Span { from_ms: from.0, to_ms: to.0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_and_nonsense_is_refused() {
        let read = |text: &str| serde_json::from_str::<Span>(text).map_err(|e| e.to_string());
        assert_eq!(read("2"), Ok(Span::seconds(2, 2)));
        assert_eq!(read("0.5"), Ok(Span { from_ms: 500, to_ms: 500 }));
        assert_eq!(read("[1, 2.5]"), Ok(Span { from_ms: 1000, to_ms: 2500 }));
        for bad in ["-1", "86401", "[2, 1]", "[1]", "[1,2,3]", "\"1\"", "1e300", "[1,-2]"] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
