//! What came back: one answer, and the messages in it.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;
use serde_json::value::RawValue;

use crate::verdict::{Stop, failed};

/// The answer to one body.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    /// HTTP status; 200 for answers that came in frames.
    pub(crate) status: u16,
    /// In order, names in lower case; empty for answers that came in frames.
    pub(crate) headers: Vec<(String, String)>,
    /// The body as text.
    pub(crate) body: String,
    /// The messages; `None` if the body is no JSON array of objects.
    pub(crate) messages: Option<Vec<Received>>,
    /// From sending to the last byte.
    pub(crate) took: Duration,
}

impl Answer {
    /// Reads the messages of a body.
    pub(crate) fn decode(body: &[u8]) -> Option<Vec<Received>> {
        let raw: Vec<Box<RawValue>> = serde_json::from_slice(body).ok()?;
        raw.iter().map(|raw| Received::new(raw.get())).collect()
    }

    /// The first value of a header; `name` in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The messages, if the status is 200 and the body an array of them.
    pub(crate) fn served(&self) -> Result<&[Received], Stop> {
        match &self.messages {
            Some(messages) if self.status == 200 => Ok(messages),
            Some(_) => Err(failed(format!("HTTP status {} instead of 200", self.status))),
            None if self.status == 200 => Err(failed("the body is no JSON array of messages")),
            None => Err(failed(format!("HTTP status {} instead of messages", self.status))),
        }
    }

    /// The replies in order.
    pub(crate) fn replies(&self) -> Vec<&Received> {
        self.messages.iter().flatten().filter(|message| message.is_reply()).collect()
    }

    /// The delivered messages in order.
    pub(crate) fn events(&self) -> Vec<&Received> {
        self.messages.iter().flatten().filter(|message| !message.is_reply()).collect()
    }

    /// The first reply on a channel.
    pub(crate) fn reply(&self, channel: &str) -> Result<&Received, Stop> {
        let replies = self.served()?.iter().filter(|message| message.is_reply());
        let mut matching = replies.filter(|reply| reply.channel() == channel);
        matching.next().ok_or_else(|| failed(format!("no reply on {channel}")))
    }

    /// The only message of the answer, which is a reply.
    pub(crate) fn only(&self) -> Result<&Received, Stop> {
        match self.served()? {
            [only] if only.is_reply() => Ok(only),
            other => Err(failed(format!("{} messages instead of one reply", other.len()))),
        }
    }
}

/// One received message.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    /// Its text as it came.
    pub(crate) raw: String,
    members: BTreeMap<String, Value>,
    data: Option<String>,
}

impl Received {
    /// Reads a JSON object. A member that cannot be represented, such as a lone surrogate, reads
    /// as null; [`Received::data`] still has its text.
    pub(crate) fn new(raw: &str) -> Option<Self> {
        let fields: BTreeMap<String, Box<RawValue>> = serde_json::from_str(raw).ok()?;
        let data = fields.get("data").map(|data| data.get().to_owned());
        let value = |raw: &RawValue| serde_json::from_str(raw.get()).unwrap_or(Value::Null);
        let members = fields.iter().map(|(name, raw)| (name.clone(), value(raw))).collect();
        Some(Self { raw: raw.to_owned(), members, data })
    }

    /// The value at a path of member names; null if there is none.
    pub(crate) fn at(&self, path: &[&str]) -> &Value {
        let Some((first, rest)) = path.split_first() else { return &Value::Null };
        let mut value = self.members.get(*first);
        for name in rest {
            value = value.and_then(|value| value.get(name));
        }
        value.unwrap_or(&Value::Null)
    }

    /// Whether it has a member of this name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.members.contains_key(name)
    }

    /// Its channel; empty if it has none.
    pub(crate) fn channel(&self) -> &str {
        self.at(&["channel"]).as_str().unwrap_or_default()
    }

    /// Its error text; empty if it has none.
    pub(crate) fn error(&self) -> &str {
        self.at(&["error"]).as_str().unwrap_or_default()
    }

    /// The code its error text begins with.
    pub(crate) fn code(&self) -> &str {
        self.error().split(':').next().unwrap_or_default()
    }

    /// The text of its `data`, byte for byte.
    pub(crate) fn data(&self) -> Option<&str> {
        self.data.as_deref()
    }

    /// Whether it answers a request, rather than being delivered.
    pub(crate) fn is_reply(&self) -> bool {
        self.has("successful") && !self.has("data")
    }

    /// Whether it says that the request succeeded.
    pub(crate) fn is_success(&self) -> bool {
        *self.at(&["successful"]) == Value::Bool(true)
    }

    /// Whether it says that the request was refused.
    pub(crate) fn is_refusal(&self) -> bool {
        *self.at(&["successful"]) == Value::Bool(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_keeps_its_text_and_tells_events_from_replies() {
        let body = br#"[{"channel":"/a","data":{"n": 1.10}},{"channel":"/a","successful":true}]"#;
        let messages = Answer::decode(body).unwrap();
        assert_eq!(messages[0].data(), Some(r#"{"n": 1.10}"#));
        assert!(!messages[0].is_reply() && messages[1].is_reply() && messages[1].is_success());
        assert_eq!(messages[0].at(&["data", "n"]).as_f64(), Some(1.1));
        assert!(messages[0].at(&["data", "m"]).is_null());
    }

    #[test]
    fn a_lone_surrogate_does_not_hide_the_message() {
        let message = Received::new(r#"{"channel":"/a","data":"\ud800"}"#).unwrap();
        assert_eq!(message.data(), Some(r#""\ud800""#));
        assert_eq!(message.channel(), "/a");
    }
}
