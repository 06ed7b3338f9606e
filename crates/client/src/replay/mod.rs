//! Where a client stands in the server's log of a channel.
//!
//! A server with a log says so in its handshake (`ext.replay: true`). A subscription that wants to
//! continue then names a position, every message has its own, and after a lost session the client
//! names the last one that it received. A [`PositionStore`] keeps positions beyond the process.
//!
//! # Sources
//!
//! Observed: Salesforce's streaming endpoint and its clients (`ext.replay` on the handshake and on
//! `/meta/subscribe`, `data.event.replayId` in messages, `-1` new, `-2` everything kept).

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use encke_bayeux::ChannelPattern;
use serde::Deserialize;
use serde_json::value::RawValue;

/// The place of a message in the server's log. Grows along a channel, with gaps.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Position(pub u64);

impl Position {
    /// Reads `event.replayId` of a payload.
    pub(crate) fn of(data: &RawValue) -> Option<Self> {
        #[derive(Deserialize)]
        struct Data {
            event: Event,
        }
        #[derive(Deserialize)]
        struct Event {
            #[serde(rename = "replayId")]
            replay_id: u64,
        }
        let data: Data = serde_json::from_str(data.get()).ok()?;
        Some(Self(data.event.replay_id))
    }
}

/// Where a subscription begins.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum ReplayFrom {
    /// With what is published from now on.
    New,
    /// With the oldest message that the server keeps.
    Kept,
    /// With the message after this one.
    After(Position),
}

impl ReplayFrom {
    /// The number on the wire.
    pub(crate) fn number(self) -> i64 {
        match self {
            Self::New => -1,
            Self::Kept => -2,
            Self::After(Position(position)) => i64::try_from(position).unwrap_or(i64::MAX),
        }
    }
}

/// Keeps, per pattern, the position of the last message that the application handled.
///
/// A message counts as handled when its subscription is asked for the next one, so a program that
/// is killed in between sees that message again. Both methods are called where the application
/// polls, and should be quick: write to memory, or to a queue of your own.
pub trait PositionStore: fmt::Debug + Send + Sync + 'static {
    /// The position that was kept last.
    fn load(&self, pattern: &ChannelPattern) -> Option<Position>;

    /// Keeps a position.
    fn save(&self, pattern: &ChannelPattern, position: Position);
}

/// Positions in memory: they survive subscriptions and clients, not the process.
#[derive(Debug, Default)]
pub struct MemoryPositions(Mutex<HashMap<ChannelPattern, Position>>);

impl PositionStore for MemoryPositions {
    fn load(&self, pattern: &ChannelPattern) -> Option<Position> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(pattern).copied()
    }

    fn save(&self, pattern: &ChannelPattern, position: Position) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(pattern.clone(), position);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_read_where_salesforce_writes_them() {
        let of = |json: &str| Position::of(&RawValue::from_string(json.to_owned()).unwrap());
        let event =
            r#"{"schema":"x","payload":{"a":1},"event":{"replayId":123,"createdDate":"now"}}"#;
        assert_eq!(of(event), Some(Position(123)));
        for json in ["null", "7", "{}", r#"{"event":{}}"#, r#"{"event":{"replayId":"1"}}"#] {
            assert_eq!(of(json), None, "{json}");
        }
    }

    #[test]
    fn the_beginnings_have_their_numbers() {
        assert_eq!(ReplayFrom::New.number(), -1);
        assert_eq!(ReplayFrom::Kept.number(), -2);
        assert_eq!(ReplayFrom::After(Position(9)).number(), 9);
        assert_eq!(ReplayFrom::After(Position(u64::MAX)).number(), i64::MAX);
    }

    #[test]
    fn memory_keeps_the_last_position_of_each_pattern() {
        let store = MemoryPositions::default();
        let (a, b) = (ChannelPattern::new("/a").unwrap(), ChannelPattern::new("/b").unwrap());
        store.save(&a, Position(1));
        store.save(&a, Position(2));
        assert_eq!((store.load(&a), store.load(&b)), (Some(Position(2)), None));
    }
}
