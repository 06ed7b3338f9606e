//! Members of `ext` that this server understands, and those that its replies have.
//!
//! `ext` is a free object. A broker reads the members of the extensions it offers (acknowledge,
//! replay, timesync) and ignores the rest; on published messages it is passed on untouched.
//!
//! # Sources
//!
//! Documented: CometD's acknowledge extension. Observed: exactly `true` switches it on; clients
//! send `0`, `-1` or `null` with the first connect.

use std::fmt::Write as _;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::text;
use crate::timesync::TimeSync;

/// The members of one message's `ext` that mean something here.
///
/// Read once per message; what is not an object, or says nothing of interest, reads as nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Extensions<'a> {
    /// Acknowledgement.
    pub ack: Ack,
    /// Replay: `true` on a handshake, positions by subscription on a subscribe. As written.
    pub replay: Option<&'a RawValue>,
    /// The client's clock.
    pub timesync: Option<TimeSync>,
}

impl<'a> Extensions<'a> {
    /// Reads `ext` of a message.
    pub fn read(ext: Option<&'a RawValue>) -> Self {
        #[derive(Deserialize)]
        struct Members<'a> {
            #[serde(default)]
            ack: Value,
            #[serde(borrow, default)]
            replay: Option<&'a RawValue>,
            #[serde(borrow, default)]
            timesync: Option<&'a RawValue>,
        }
        ext.and_then(|ext| serde_json::from_str::<Members<'a>>(ext.get()).ok())
            .map(|members| Self {
                ack: Ack::of(&members.ack),
                replay: members.replay,
                timesync: members.timesync.and_then(TimeSync::read),
            })
            .unwrap_or_default()
    }
}

/// What a message says about acknowledgement.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Ack {
    /// Nothing that counts.
    #[default]
    Silent,
    /// `true`: the client wants it, on a handshake.
    Wanted,
    /// The last batch that arrived, on a connect.
    Received(u64),
}

impl Ack {
    fn of(value: &Value) -> Self {
        match value {
            Value::Bool(true) => Self::Wanted,
            Value::Number(batch) => batch.as_u64().map_or(Self::Silent, Self::Received),
            _ => Self::Silent,
        }
    }
}

/// Members of the `ext` of a reply, rendered one after the other.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Members(String);

impl Members {
    /// Nothing yet.
    pub const fn new() -> Self {
        Self(String::new())
    }

    /// Adds a member; `json` is JSON text and goes out as it is.
    pub fn push(&mut self, name: &str, json: &str) {
        if !self.0.is_empty() {
            self.0.push(',');
        }
        self.0.push_str(&text::quoted(name));
        self.0.push(':');
        self.0.push_str(json);
    }

    /// Adds members that are rendered already, with commas between them.
    pub fn extend(&mut self, members: &str) {
        if !self.0.is_empty() && !members.is_empty() {
            self.0.push(',');
        }
        self.0.push_str(members);
    }

    /// Adds a number.
    pub fn push_number(&mut self, name: &'static str, number: u64) {
        let comma = if self.0.is_empty() { "" } else { "," };
        // Writing to a string cannot fail.
        let _ = write!(self.0, "{comma}\"{name}\":{number}");
    }

    /// The members with commas between them; `None` if there are none.
    pub fn text(&self) -> Option<&str> {
        (!self.0.is_empty()).then_some(self.0.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_true_and_batch_numbers_count() {
        for (ext, ack) in [
            (r#"{"ack":true}"#, Ack::Wanted),
            (r#"{"ack":"true"}"#, Ack::Silent),
            (r#"{"ack":false}"#, Ack::Silent),
            (r#"{"ack":null}"#, Ack::Silent),
            (r#"{"ack":7,"x":1}"#, Ack::Received(7)),
            (r#"{"ack":-1}"#, Ack::Silent),
            ("{}", Ack::Silent),
        ] {
            let raw = RawValue::from_string(ext.to_owned()).unwrap();
            assert_eq!(Extensions::read(Some(&raw)).ack, ack, "{ext}");
        }
        assert_eq!(Extensions::read(None).ack, Ack::Silent);
    }

    #[test]
    fn members_are_rendered_in_their_order() {
        let mut members = Members::new();
        assert_eq!(members.text(), None);
        members.push_number("ack", 7);
        members.push("replay", "true");
        members.push("a\"b", "{}");
        members.extend("");
        members.extend(r#""c":1,"d":2"#);
        let text = r#""ack":7,"replay":true,"a\"b":{},"c":1,"d":2"#;
        assert_eq!(members.text(), Some(text));
    }
}
