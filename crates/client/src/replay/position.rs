//! One place in a server's log, and where a subscription begins.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// The place of a message in the server's log.
///
/// Its number grows along a channel, with gaps, and means nothing else. The epoch names the log
/// that the number is from, if the server tells: a server that lost its log can then say so, even
/// where the new log has given out the same number.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
pub struct Position {
    id: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    epoch: Option<u64>,
}

impl Position {
    /// A number of a log that has no name.
    pub const fn new(id: u64) -> Self {
        Self { id, epoch: None }
    }

    /// The same number in the log of this epoch.
    #[must_use]
    pub const fn in_epoch(self, epoch: u64) -> Self {
        Self { epoch: Some(epoch), ..self }
    }

    /// The number.
    pub const fn id(self) -> u64 {
        self.id
    }

    /// The log that the number is from.
    pub const fn epoch(self) -> Option<u64> {
        self.epoch
    }

    pub(crate) const fn of(id: u64, epoch: Option<u64>) -> Self {
        Self { id, epoch }
    }

    /// Reads the number of a message: `ext.replay`, or `data.event.replayId`.
    pub(crate) fn read(ext: Option<&RawValue>, data: &RawValue) -> Option<u64> {
        #[derive(Deserialize)]
        struct Ext {
            replay: u64,
        }
        #[derive(Deserialize)]
        struct Data {
            event: Event,
        }
        #[derive(Deserialize)]
        struct Event {
            #[serde(rename = "replayId")]
            replay_id: u64,
        }
        let stated = ext.and_then(|ext| serde_json::from_str(ext.get()).ok());
        stated.map(|Ext { replay }| replay).or_else(|| {
            let data: Data = serde_json::from_str(data.get()).ok()?;
            Some(data.event.replay_id)
        })
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

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(json: &str) -> Box<RawValue> {
        RawValue::from_string(json.to_owned()).unwrap()
    }

    #[test]
    fn numbers_are_read_where_servers_write_them() {
        let event =
            raw(r#"{"schema":"x","payload":{"a":1},"event":{"replayId":123,"createdDate":"now"}}"#);
        assert_eq!(Position::read(None, &event), Some(123));
        assert_eq!(Position::read(Some(&raw(r#"{"replay":7,"x":[]}"#)), &event), Some(7));
        assert_eq!(Position::read(Some(&raw(r#"{"x":1}"#)), &event), Some(123));
        assert_eq!(Position::read(Some(&raw(r#"{"replay":7}"#)), &raw("1")), Some(7));
    }

    #[test]
    fn what_is_no_number_is_none() {
        for json in ["null", "7", "{}", r#"{"event":{}}"#, r#"{"event":{"replayId":"1"}}"#] {
            assert_eq!(Position::read(None, &raw(json)), None, "{json}");
        }
        for ext in [r#"{"replay":true}"#, r#"{"replay":-1}"#, r#"{"replay":1.5}"#, "[]"] {
            assert_eq!(Position::read(Some(&raw(ext)), &raw("1")), None, "{ext}");
        }
    }

    #[test]
    fn a_position_may_name_its_log() {
        let position = Position::new(5);
        assert_eq!((position.id(), position.epoch()), (5, None));
        assert_eq!(position.in_epoch(9).epoch(), Some(9));
        assert_ne!(position, position.in_epoch(9));
    }
}
