//! Where a subscription begins in a server's log of its channels.
//!
//! A subscribe may say so for each of its channels, in `ext.replay`; the reply tells what follows.
//! Positions are numbers without meaning but their order.
//!
//! | Value              | Means                                                     |
//! |--------------------|-----------------------------------------------------------|
//! | `-1`               | what is published from now on                             |
//! | `-2`               | all that is kept, then what is published                  |
//! | a number           | what came after it                                        |
//! | `{"id":n,"epoch":e}` | the same, and which log the number is from              |
//!
//! # Sources
//!
//! Observed: Salesforce's streaming endpoint and its clients, for the numbers and the text of a
//! refusal. Ours: the form with an epoch, and the status in the reply.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::text;

/// Longest piece of a client's value that a refusal repeats.
const SHOWN_BYTES: usize = 32;

/// Where a subscription begins.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ReplayFrom {
    /// With what is published from now on.
    New,
    /// With the oldest message that is kept.
    Kept,
    /// With the message after this position.
    After {
        /// The position.
        position: u64,
        /// The log that the position is from, where the client knows it.
        epoch: Option<u64>,
    },
    /// With something that is no position; as a refusal may repeat it.
    Invalid(Box<str>),
}

impl ReplayFrom {
    /// Reads what `ext.replay` of a subscribe says of `subscription`; `None` if nothing.
    pub fn read(replay: &RawValue, subscription: &str) -> Option<Self> {
        let entries: BTreeMap<String, &RawValue> = serde_json::from_str(replay.get()).ok()?;
        let bare = subscription.strip_suffix('/').filter(|text| !text.is_empty());
        let value = entries.get(subscription).or_else(|| entries.get(bare?))?;
        Some(Self::of(value.get()))
    }

    /// Reads one value, as JSON text.
    pub fn of(json: &str) -> Self {
        #[derive(Deserialize)]
        struct Known {
            id: u64,
            epoch: Option<u64>,
        }
        match json.parse::<i64>() {
            Ok(-1) => return Self::New,
            Ok(-2) => return Self::Kept,
            Ok(number) => {
                if let Ok(position) = u64::try_from(number) {
                    return Self::After { position, epoch: None };
                }
            }
            // An array would do for an object otherwise.
            Err(_) if json.starts_with('{') => {
                if let Ok(Known { id, epoch }) = serde_json::from_str(json) {
                    return Self::After { position: id, epoch };
                }
            }
            Err(_) => {}
        }
        let shown = json.chars().filter(|c| c.is_ascii_graphic() && !matches!(c, ':' | '"' | '\\'));
        Self::Invalid(shown.take(SHOWN_BYTES).collect::<String>().into())
    }

    /// The value as a client writes it, JSON text.
    pub fn to_json(&self) -> String {
        match self {
            Self::After { position, epoch: Some(epoch) } => {
                format!(r#"{{"id":{position},"epoch":{epoch}}}"#)
            }
            Self::New | Self::Kept | Self::After { .. } => self.to_string(),
            // Whatever it was, it is no position.
            Self::Invalid(text) => text::quoted(text),
        }
    }
}

/// The position as a refusal repeats it.
impl fmt::Display for ReplayFrom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::New => f.write_str("-1"),
            Self::Kept => f.write_str("-2"),
            Self::After { position, .. } => position.fmt(f),
            Self::Invalid(text) => f.write_str(text),
        }
    }
}

/// What follows a subscribe that said where to begin.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ReplayStatus {
    /// What is published from now on, as was asked for.
    New,
    /// All that is kept, as was asked for.
    Kept,
    /// Everything after the position.
    Resumed,
    /// What is kept after the position; something in between is gone.
    Gap,
    /// What is published from now on: no log covers the channel.
    None,
    /// Nothing: the log never gave out this position.
    Refused,
}

impl ReplayStatus {
    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Kept => "kept",
            Self::Resumed => "resumed",
            Self::Gap => "gap",
            Self::None => "none",
            Self::Refused => "refused",
        }
    }
}

/// What a server says of its log and one subscription.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ReplayAnswer {
    /// What follows.
    pub status: ReplayStatus,
    /// Which log it is.
    pub epoch: u64,
    /// The oldest message that the subscription can still get.
    pub oldest: Option<u64>,
    /// The newest position of the log.
    pub newest: u64,
}

impl fmt::Display for ReplayAnswer {
    /// As a JSON object.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { status, epoch, oldest, newest } = self;
        write!(f, r#"{{"status":"{}","epoch":{epoch},"oldest":"#, status.as_str())?;
        match oldest {
            Some(oldest) => write!(f, "{oldest}")?,
            None => f.write_str("null")?,
        }
        write!(f, r#","newest":{newest}}}"#)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_of_a_position_is_read() {
        let after = |position, epoch| ReplayFrom::After { position, epoch };
        for (json, from) in [
            ("-1", ReplayFrom::New),
            ("-2", ReplayFrom::Kept),
            ("0", after(0, None)),
            ("57", after(57, None)),
            (r#"{"id":57}"#, after(57, None)),
            (r#"{"id":57,"epoch":9}"#, after(57, Some(9))),
        ] {
            assert_eq!(ReplayFrom::of(json), from, "{json}");
            assert_eq!(ReplayFrom::of(&from.to_json()), from);
        }
        for (json, shown) in [
            ("-3", "-3"),
            ("1.5", "1.5"),
            ("\"7\"", "7"),
            ("null", "null"),
            ("[1]", "[1]"),
            ("[57,9]", "[57,9]"),
            ("1e99", "1e99"),
        ] {
            assert_eq!(ReplayFrom::of(json).to_string(), shown);
            assert!(matches!(ReplayFrom::of(json), ReplayFrom::Invalid(_)), "{json}");
        }
        let long = format!("\"{}\u{e9}:\n\"", "x".repeat(1000));
        assert_eq!(ReplayFrom::of(&long).to_string(), "x".repeat(SHOWN_BYTES));
    }

    #[test]
    fn only_the_entry_of_the_subscription_counts() {
        let raw = RawValue::from_string(r#"{"/a":5,"/b/*":-2}"#.to_owned()).unwrap();
        let after = ReplayFrom::After { position: 5, epoch: None };
        assert_eq!(ReplayFrom::read(&raw, "/a"), Some(after.clone()));
        assert_eq!(ReplayFrom::read(&raw, "/a/"), Some(after));
        assert_eq!(ReplayFrom::read(&raw, "/b/*"), Some(ReplayFrom::Kept));
        assert_eq!(ReplayFrom::read(&raw, "/c"), None);
        let odd = RawValue::from_string("true".to_owned()).unwrap();
        assert_eq!(ReplayFrom::read(&odd, "/a"), None);
    }

    #[test]
    fn an_answer_is_json() {
        let answer = ReplayAnswer { status: ReplayStatus::Gap, epoch: 1, oldest: None, newest: 5 };
        let json = r#"{"status":"gap","epoch":1,"oldest":null,"newest":5}"#;
        assert_eq!(answer.to_string(), json);
    }
}
