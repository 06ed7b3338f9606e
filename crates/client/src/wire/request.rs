//! Requests, written as JSON.
//!
//! `data` goes out as the text that the application gave. Members keep one order, so a recorded
//! conversation can be compared.
//!
//! # Sources
//!
//! Specified: Bayeux 1.0, the request tables of each meta channel. Observed: CometD's JavaScript
//! client 3.1 to 9 sends `minimumVersion`, `advice` with the first connect, and ids as text.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::value::RawValue;

use crate::replay::{Position, ReplayFrom};

/// What every request but a handshake begins with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Head<'a> {
    /// The session.
    pub(crate) client_id: &'a str,
    /// The id that the reply repeats.
    pub(crate) id: u64,
}

/// One request.
#[derive(Debug)]
pub(crate) enum Request<'a> {
    /// Opens a session.
    Handshake {
        id: u64,
        connection_types: &'a [&'static str],
        ext: &'a BTreeMap<String, Box<RawValue>>,
        ack: bool,
        replay: bool,
    },
    /// Asks for messages, and stays with the server until there are some.
    Connect { head: Head<'a>, connection_type: &'static str, at_once: bool, ack: Option<i64> },
    /// Ends the session.
    Disconnect { head: Head<'a> },
    /// Asks for the messages of a pattern, from a place in the server's log if it keeps one.
    Subscribe { head: Head<'a>, pattern: &'a str, replay: Option<ReplayFrom> },
    /// Ends a subscription.
    Unsubscribe { head: Head<'a>, pattern: &'a str },
    /// Sends data to a channel.
    Publish { head: Head<'a>, channel: &'a str, data: &'a RawValue },
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Members<'a> {
    channel: &'a str,
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    minimum_version: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    supported_connection_types: Option<&'a [&'static str]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    connection_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subscription: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<Asked>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ext: Option<Ext<'a>>,
}

#[derive(Serialize)]
struct Asked {
    timeout: u64,
}

#[derive(Default, Serialize)]
struct Ext<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    ack: Option<Ack>,
    #[serde(skip_serializing_if = "Option::is_none")]
    replay: Option<Replay<'a>>,
    #[serde(flatten)]
    given: Option<&'a BTreeMap<String, Box<RawValue>>>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Ack {
    Wanted(bool),
    Batch(i64),
}

#[derive(Serialize)]
#[serde(untagged)]
enum Replay<'a> {
    Wanted(bool),
    From(BTreeMap<&'a str, From>),
}

/// A number where there is no epoch, since not every server knows the other form.
#[derive(Serialize)]
#[serde(untagged)]
enum From {
    Number(i64),
    Id(u64),
    Position(Position),
}

impl From {
    fn of(from: ReplayFrom) -> Self {
        match from {
            ReplayFrom::New => Self::Number(-1),
            ReplayFrom::Kept => Self::Number(-2),
            ReplayFrom::After(position) if position.epoch().is_none() => Self::Id(position.id()),
            ReplayFrom::After(position) => Self::Position(position),
        }
    }
}

impl<'a> Request<'a> {
    fn members(&self) -> Members<'a> {
        match *self {
            Self::Handshake { id, connection_types, ext, ack, replay } => Members {
                channel: "/meta/handshake",
                id: id.to_string(),
                version: Some("1.0"),
                minimum_version: Some("1.0"),
                supported_connection_types: Some(connection_types),
                ext: (ack || replay || !ext.is_empty()).then(|| Ext {
                    ack: ack.then_some(Ack::Wanted(true)),
                    replay: replay.then_some(Replay::Wanted(true)),
                    given: Some(ext),
                }),
                ..Members::default()
            },
            Self::Connect { head, connection_type, at_once, ack } => Members {
                connection_type: Some(connection_type),
                advice: at_once.then_some(Asked { timeout: 0 }),
                ext: ack.map(|batch| Ext { ack: Some(Ack::Batch(batch)), ..Ext::default() }),
                ..begin("/meta/connect", head)
            },
            Self::Disconnect { head } => begin("/meta/disconnect", head),
            Self::Subscribe { head, pattern, replay } => Members {
                subscription: Some(pattern),
                ext: replay.map(|from| Ext {
                    replay: Some(Replay::From(BTreeMap::from([(pattern, From::of(from))]))),
                    ..Ext::default()
                }),
                ..begin("/meta/subscribe", head)
            },
            Self::Unsubscribe { head, pattern } => {
                Members { subscription: Some(pattern), ..begin("/meta/unsubscribe", head) }
            }
            Self::Publish { head, channel, data } => {
                Members { data: Some(data), ..begin(channel, head) }
            }
        }
    }

    /// Appends the request as a JSON object.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        serde_json::to_writer(out, &self.members())
            .expect("texts, numbers and JSON can be written to memory");
    }
}

fn begin<'a>(channel: &'a str, head: Head<'a>) -> Members<'a> {
    Members {
        channel,
        id: head.id.to_string(),
        client_id: Some(head.client_id),
        ..Members::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: Head<'static> = Head { client_id: "c", id: 7 };

    fn written(request: &Request<'_>) -> String {
        let mut out = Vec::new();
        request.write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_handshake_names_versions_types_and_extensions() {
        let mut ext = BTreeMap::new();
        let plain = Request::Handshake {
            id: 1,
            connection_types: &["long-polling"],
            ext: &ext,
            ack: false,
            replay: false,
        };
        assert_eq!(
            written(&plain),
            r#"{"channel":"/meta/handshake","id":"1","version":"1.0","minimumVersion":"1.0","supportedConnectionTypes":["long-polling"]}"#
        );
        ext.insert("token".into(), RawValue::from_string(r#"{"v":1.10}"#.into()).unwrap());
        let connection_types = &["websocket"];
        let full =
            Request::Handshake { id: 1, connection_types, ext: &ext, ack: true, replay: true };
        let ext = r#","ext":{"ack":true,"replay":true,"token":{"v":1.10}}}"#;
        assert!(written(&full).ends_with(ext));
    }

    #[test]
    fn a_connect_asks_for_an_answer_at_once_and_acknowledges() {
        let connect = |at_once, ack| {
            let connection_type = "long-polling";
            written(&Request::Connect { head: HEAD, connection_type, at_once, ack })
        };
        let plain = r#"{"channel":"/meta/connect","id":"7","clientId":"c","connectionType":"long-polling"}"#;
        assert_eq!(connect(false, None), plain);
        assert!(connect(true, Some(3)).ends_with(r#","advice":{"timeout":0},"ext":{"ack":3}}"#));
    }

    #[test]
    fn a_subscription_may_name_a_position() {
        let subscribe =
            |replay| written(&Request::Subscribe { head: HEAD, pattern: "/a/*", replay });
        assert_eq!(
            subscribe(None),
            r#"{"channel":"/meta/subscribe","id":"7","clientId":"c","subscription":"/a/*"}"#
        );
        for (from, json) in [
            (ReplayFrom::New, "-1"),
            (ReplayFrom::Kept, "-2"),
            (ReplayFrom::After(Position::new(7)), "7"),
            (ReplayFrom::After(Position::new(u64::MAX)), "18446744073709551615"),
            (ReplayFrom::After(Position::new(7).in_epoch(3)), r#"{"id":7,"epoch":3}"#),
        ] {
            let ext = format!(r#","ext":{{"replay":{{"/a/*":{json}}}}}}}"#);
            assert!(subscribe(Some(from)).ends_with(&ext), "{json}");
        }
    }

    #[test]
    fn published_data_goes_out_as_given() {
        let data = RawValue::from_string(r#"{"z":1.10, "a":1E400}"#.into()).unwrap();
        assert_eq!(
            written(&Request::Publish { head: HEAD, channel: "/a", data: &data }),
            r#"{"channel":"/a","id":"7","clientId":"c","data":{"z":1.10, "a":1E400}}"#
        );
    }
}
