//! One message as it came, borrowed from the body it came in.
//!
//! Reading is lenient about types: a member of a wrong type is remembered as such, so that the
//! broker can answer that one message instead of refusing the whole body. Of repeated members the
//! last one counts, as in every peer. Unknown members are skipped and never carried on.

use std::borrow::Cow;
use std::fmt;

use serde::de::{self, Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::advice::ClientAdvice;
use crate::channel;

/// Longest message id, in bytes.
pub const MAX_ID_BYTES: usize = 128;

/// A member that should be a string.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum Text<'a> {
    /// Not sent, or `null`.
    #[default]
    Absent,
    /// Sent with another type.
    Invalid,
    /// The string.
    Is(Cow<'a, str>),
}

impl<'a> Text<'a> {
    fn read(raw: &'a RawValue) -> Self {
        let json = raw.get();
        match json.as_bytes() {
            b"null" => Self::Absent,
            [b'"', inner @ .., b'"'] if !inner.contains(&b'\\') => {
                json.get(1..json.len() - 1).map_or(Self::Invalid, |text| Self::Is(text.into()))
            }
            [b'"', ..] => serde_json::from_str(json)
                .map_or(Self::Invalid, |text: String| Self::Is(text.into())),
            _ => Self::Invalid,
        }
    }

    /// The string, if there is one.
    pub fn get(&self) -> Option<&str> {
        match self {
            Self::Is(text) => Some(text),
            Self::Absent | Self::Invalid => None,
        }
    }
}

/// One message of a request.
#[derive(Clone, Debug, Default)]
pub struct Message<'a> {
    /// Where it goes.
    pub channel: Text<'a>,
    /// Whose session it belongs to.
    pub client_id: Text<'a>,
    /// What the reply has to repeat; numbers have become text.
    ///
    /// Observed: CometD answers `7` with `"7"`.
    pub id: Text<'a>,
    /// The payload, as written.
    pub data: Option<&'a RawValue>,
    /// The extension object, as written; `None` if it is no object.
    pub ext: Option<&'a RawValue>,
    /// A publisher's time stamp, as written; `None` if it is no string.
    pub timestamp: Option<&'a RawValue>,
    /// What to subscribe to: a string or an array of strings, as written.
    pub subscription: Option<&'a RawValue>,
    /// What the client asks for on a connect.
    pub advice: ClientAdvice,
}

impl Message<'_> {
    /// Whether the id may be echoed: short, and of characters that channels may have.
    ///
    /// Observed: CometD 3.1 accepts this set, 8 only letters and digits, Faye anything.
    pub fn id_is_valid(&self) -> bool {
        match &self.id {
            Text::Absent => true,
            Text::Invalid => false,
            Text::Is(id) => id.len() <= MAX_ID_BYTES && id.chars().all(channel::is_legal),
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Message<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MessageVisitor)
    }
}

struct MessageVisitor;

impl<'de> Visitor<'de> for MessageVisitor {
    type Value = Message<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a message object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut message = Message::default();
        while let Some(member) = map.next_key::<Member>()? {
            match member {
                Member::Channel => message.channel = Text::read(map.next_value()?),
                Member::ClientId => message.client_id = Text::read(map.next_value()?),
                Member::Id => message.id = read_id(map.next_value()?),
                Member::Data => message.data = Some(map.next_value()?),
                Member::Ext => message.ext = starting_with(map.next_value()?, b'{'),
                Member::Timestamp => message.timestamp = starting_with(map.next_value()?, b'"'),
                Member::Subscription => {
                    let raw: &RawValue = map.next_value()?;
                    message.subscription = (raw.get() != "null").then_some(raw);
                }
                Member::Advice => message.advice = ClientAdvice::read(Some(map.next_value()?)),
                Member::Unknown => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(message)
    }
}

fn read_id(raw: &RawValue) -> Text<'_> {
    match raw.get().as_bytes().first() {
        Some(b'-' | b'0'..=b'9') => Text::Is(raw.get().into()),
        _ => Text::read(raw),
    }
}

fn starting_with(raw: &RawValue, first: u8) -> Option<&RawValue> {
    (raw.get().as_bytes().first() == Some(&first)).then_some(raw)
}

/// The members this server reads; everything else is [`Member::Unknown`].
enum Member {
    Channel,
    ClientId,
    Id,
    Data,
    Ext,
    Timestamp,
    Subscription,
    Advice,
    Unknown,
}

impl<'de> Deserialize<'de> for Member {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Name;
        impl Visitor<'_> for Name {
            type Value = Member;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a member")
            }

            fn visit_str<E: de::Error>(self, name: &str) -> Result<Member, E> {
                Ok(match name {
                    "channel" => Member::Channel,
                    "clientId" => Member::ClientId,
                    "id" => Member::Id,
                    "data" => Member::Data,
                    "ext" => Member::Ext,
                    "timestamp" => Member::Timestamp,
                    "subscription" => Member::Subscription,
                    "advice" => Member::Advice,
                    _ => Member::Unknown,
                })
            }
        }
        deserializer.deserialize_identifier(Name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Message<'_> {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn data_is_kept_as_written() {
        let message = read(r#"{"channel":"/a","data":{"z":1.10,"a":9223372036854775808}}"#);
        assert_eq!(message.data.unwrap().get(), r#"{"z":1.10,"a":9223372036854775808}"#);
    }

    #[test]
    fn escaped_strings_are_read() {
        assert_eq!(read(r#"{"channel":"\/a"}"#).channel.get(), Some("/a"));
        assert_eq!(read(r#"{"ch\u0061nnel":"/a"}"#).channel.get(), Some("/a"));
    }

    #[test]
    fn the_last_of_repeated_members_counts() {
        assert_eq!(read(r#"{"channel":"/a","channel":"/b"}"#).channel.get(), Some("/b"));
    }

    #[test]
    fn numbers_as_ids_become_text() {
        assert_eq!(read(r#"{"id":7}"#).id.get(), Some("7"));
        assert_eq!(read(r#"{"id":null}"#).id, Text::Absent);
        assert!(!read(r#"{"id":{}}"#).id_is_valid());
        assert!(!read(r#"{"id":"<b>"}"#).id_is_valid());
        assert!(read(r#"{"id":"a-b"}"#).id_is_valid());
    }

    #[test]
    fn wrong_types_are_remembered_not_fatal() {
        let message = read(r#"{"channel":5,"clientId":[],"ext":"x","timestamp":1,"foo":{}}"#);
        assert_eq!(message.channel, Text::Invalid);
        assert_eq!(message.client_id, Text::Invalid);
        assert!(message.ext.is_none() && message.timestamp.is_none());
    }
}
