//! One message from the server, borrowed from the body it came in.
//!
//! Reading is lenient: a member of a wrong type counts as not sent, unknown members are skipped.
//! Only a body that holds no messages at all is an error.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::error::Refusal;
use crate::replay::ReplayStatus;
use crate::wire::Advice;

/// One message from the server: a reply, or something published.
#[derive(Debug)]
pub(crate) struct Received<'a> {
    /// Where it belongs; empty if the server did not say.
    pub(crate) channel: Cow<'a, str>,
    /// The id of the request that it answers, if it is a number of ours.
    pub(crate) id: Option<u64>,
    /// Whether it had an id of any kind.
    pub(crate) has_id: bool,
    /// The session's name, on the reply to a handshake.
    pub(crate) client_id: Option<Cow<'a, str>>,
    /// `None` on what was published.
    pub(crate) successful: Option<bool>,
    /// Why it was refused.
    pub(crate) error: Option<Cow<'a, str>>,
    /// The payload, as written; `null` is a payload.
    pub(crate) data: Option<&'a RawValue>,
    /// The extension object, as written.
    pub(crate) ext: Option<&'a RawValue>,
    /// What to do next.
    pub(crate) advice: Option<Advice>,
    /// Connection types of the server, on the reply to a handshake.
    pub(crate) connection_types: Vec<String>,
}

impl Received<'_> {
    /// The refusal of an unsuccessful reply.
    pub(crate) fn refusal(&self) -> Refusal {
        Refusal::new(self.error.as_deref().unwrap_or_default())
    }

    /// A member of `ext`.
    pub(crate) fn extension(&self, name: &str) -> Option<Value> {
        let ext: serde_json::Map<String, Value> = serde_json::from_str(self.ext?.get()).ok()?;
        ext.get(name).cloned()
    }

    /// What the reply to a subscribe says of replay.
    pub(crate) fn told(&self, pattern: &str) -> Option<Told> {
        let replay = self.extension("replay")?;
        let told = replay.get(pattern)?;
        let number = |name: &str| told.get(name).and_then(Value::as_u64);
        Some(Told {
            status: match told.get("status").and_then(Value::as_str)? {
                "new" => ReplayStatus::New,
                "kept" => ReplayStatus::Kept,
                "resumed" => ReplayStatus::Resumed,
                "gap" => ReplayStatus::Gap,
                "none" => ReplayStatus::Unlogged,
                _ => return None,
            },
            epoch: number("epoch"),
            oldest: number("oldest"),
            newest: number("newest"),
        })
    }
}

/// What a server says of its log and one subscription.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Told {
    pub(crate) status: ReplayStatus,
    pub(crate) epoch: Option<u64>,
    pub(crate) oldest: Option<u64>,
    pub(crate) newest: Option<u64>,
}

#[derive(Deserialize)]
struct Members<'a> {
    #[serde(borrow, default, deserialize_with = "raw")]
    channel: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "raw")]
    id: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "clientId", deserialize_with = "raw")]
    client_id: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "raw")]
    successful: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "raw")]
    error: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "raw")]
    data: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "raw")]
    ext: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "raw")]
    advice: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "supportedConnectionTypes", deserialize_with = "raw")]
    connection_types: Option<&'a RawValue>,
}

/// A member that was sent, `null` included.
fn raw<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

impl<'a> From<Members<'a>> for Received<'a> {
    fn from(members: Members<'a>) -> Self {
        let id = members.id.filter(|raw| raw.get() != "null");
        Self {
            channel: members.channel.and_then(text).unwrap_or_default(),
            id: id.and_then(|raw| raw.get().trim_matches('"').parse().ok()),
            has_id: id.is_some(),
            client_id: members.client_id.and_then(text),
            successful: match members.successful.map(RawValue::get) {
                Some("true") => Some(true),
                Some("false") => Some(false),
                _ => None,
            },
            error: members.error.and_then(text),
            data: members.data,
            ext: members.ext.filter(|raw| raw.get().starts_with('{')),
            advice: members.advice.filter(|raw| raw.get() != "null").map(Advice::read),
            connection_types: members
                .connection_types
                .and_then(|raw| serde_json::from_str(raw.get()).ok())
                .unwrap_or_default(),
        }
    }
}

/// A string; only one with escapes is copied.
fn text(raw: &RawValue) -> Option<Cow<'_, str>> {
    let json = raw.get();
    let inner = json.strip_prefix('"')?.strip_suffix('"')?;
    if inner.contains('\\') {
        return serde_json::from_str(json).ok().map(Cow::Owned);
    }
    Some(Cow::Borrowed(inner))
}

/// Reads a body: an array of messages, or one message.
///
/// # Errors
///
/// What a JSON reader has to say, if the body is neither.
pub(crate) fn read(body: &[u8]) -> Result<Vec<Received<'_>>, String> {
    let members: Vec<Members<'_>> = if body.trim_ascii_start().first() == Some(&b'{') {
        vec![serde_json::from_slice(body).map_err(|error| error.to_string())?]
    } else {
        serde_json::from_slice(body).map_err(|error| error.to_string())?
    };
    Ok(members.into_iter().map(Received::from).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_is_kept_as_written_and_null_is_data() {
        let body = br#"[{"channel":"/a","data":{"z":1.10,"a":9223372036854775808}},
                        {"channel":"\/b","data":null},{"channel":"/c"}]"#;
        let messages = read(body).unwrap();
        assert_eq!(messages[0].data.unwrap().get(), r#"{"z":1.10,"a":9223372036854775808}"#);
        assert_eq!(messages[1].channel, "/b");
        assert_eq!(messages[1].data.unwrap().get(), "null");
        assert!(messages[2].data.is_none());
    }

    #[test]
    fn wrong_types_count_as_not_sent() {
        let body = br#"{"channel":5,"id":{},"clientId":[],"successful":"true","error":7,"ext":"x",
                        "advice":null,"supportedConnectionTypes":"long-polling","foo":{}}"#;
        let messages = read(body).unwrap();
        let message = &messages[0];
        assert_eq!((&*message.channel, message.id, message.successful), ("", None, None));
        assert!(message.client_id.is_none() && message.error.is_none() && message.ext.is_none());
        assert!(message.advice.is_none() && message.connection_types.is_empty());
    }

    #[test]
    fn ids_are_read_as_text_and_as_numbers() {
        let messages = read(br#"[{"id":"7"},{"id":7},{"id":"x"},{"id":null},{}]"#).unwrap();
        let ids: Vec<_> = messages.iter().map(|message| (message.id, message.has_id)).collect();
        assert_eq!(
            ids,
            [(Some(7), true), (Some(7), true), (None, true), (None, false), (None, false)]
        );
    }

    #[test]
    fn a_body_without_messages_is_an_error() {
        for body in ["", "null", "7", "[1]", "<html>", "[{}", "\u{1}"] {
            assert!(read(body.as_bytes()).is_err(), "{body}");
        }
        assert!(read(b"[{\"channel\":\"\xff\"}]").is_err());
        assert!(read(b"[]").unwrap().is_empty());
    }

    #[test]
    fn members_of_ext_are_found() {
        let messages = read(br#"[{"ext":{"ack":3}},{"ext":[3]},{}]"#).unwrap();
        assert_eq!(messages[0].extension("ack"), Some(Value::from(3)));
        assert_eq!(messages[0].extension("replay"), None);
        assert_eq!(messages[1].extension("ack"), None);
        assert_eq!(messages[2].extension("ack"), None);
    }

    #[test]
    fn what_a_server_says_of_replay_is_read_for_its_pattern() {
        let body = br#"[{"ext":{"replay":{
            "/a":{"status":"resumed","epoch":1,"oldest":5,"newest":9},
            "/b":{"status":"kept","oldest":null},"/c":{"status":"refused","newest":1},"/d":7}}}]"#;
        let messages = read(body).unwrap();
        let told = |pattern| messages[0].told(pattern);
        assert_eq!(
            told("/a"),
            Some(Told {
                status: ReplayStatus::Resumed,
                epoch: Some(1),
                oldest: Some(5),
                newest: Some(9)
            })
        );
        let kept = Told { status: ReplayStatus::Kept, epoch: None, oldest: None, newest: None };
        assert_eq!(told("/b"), Some(kept));
        assert_eq!([told("/c"), told("/d"), told("/e")], [None; 3]);
    }
}
