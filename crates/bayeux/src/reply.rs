//! The answer to one message.
//!
//! A reply repeats `channel`, `id` and, on the subscribe family, `subscription` of its request and
//! says whether it was successful. Only the reply of a handshake names the client id.
//!
//! # Sources
//!
//! Specified: Bayeux 1.0, the reply tables of each meta channel. Observed: CometD 3.1 to 8.

use crate::advice::Advice;
use crate::failure::{Dialect, Failure};
use crate::id::ClientId;
use crate::text;
use crate::timestamp::Timestamp;

/// What the reply to a successful handshake says besides.
#[derive(Clone, Copy, Debug)]
pub struct Greeting<'a> {
    /// The session's new name.
    pub client_id: ClientId,
    /// Connection types in the order of the server's preference.
    pub connection_types: &'a [&'a str],
}

/// One reply, borrowing from its request.
#[derive(Clone, Copy, Debug)]
pub struct Reply<'a> {
    /// The request's channel, verbatim; `None` if it had none.
    pub channel: Option<&'a str>,
    /// The request's id; `None` if it had none or one that may not be echoed.
    pub id: Option<&'a str>,
    /// The request's subscription as JSON text, verbatim.
    pub subscription: Option<&'a str>,
    /// `None` is success.
    pub failure: Option<&'a Failure>,
    /// How to come back.
    pub advice: Option<Advice>,
    /// What extensions add: members of `ext` as JSON text, see [`Members`](crate::ext::Members).
    pub ext: Option<&'a str>,
    /// When it is made; `None` says nothing.
    pub timestamp: Option<Timestamp>,
    /// Only on successful handshakes.
    pub greeting: Option<Greeting<'a>>,
}

impl<'a> Reply<'a> {
    /// A successful reply.
    pub const fn success(channel: Option<&'a str>, id: Option<&'a str>) -> Self {
        Self {
            channel,
            id,
            subscription: None,
            failure: None,
            advice: None,
            ext: None,
            timestamp: None,
            greeting: None,
        }
    }

    /// Appends the reply as a JSON object.
    pub fn render(&self, dialect: Dialect, out: &mut Vec<u8>) {
        out.push(b'{');
        if let Some(id) = self.id {
            out.extend_from_slice(b"\"id\":");
            text::push_string(out, id);
            out.push(b',');
        }
        if let Some(channel) = self.channel {
            out.extend_from_slice(b"\"channel\":");
            text::push_string(out, channel);
            out.push(b',');
        }
        if let Some(subscription) = self.subscription {
            out.extend_from_slice(b"\"subscription\":");
            out.extend_from_slice(subscription.as_bytes());
            out.push(b',');
        }
        if let Some(greeting) = &self.greeting {
            out.extend_from_slice(
                b"\"version\":\"1.0\",\"minimumVersion\":\"1.0\",\"clientId\":\"",
            );
            out.extend_from_slice(greeting.client_id.as_str().as_bytes());
            out.extend_from_slice(b"\",\"supportedConnectionTypes\":[");
            for (place, kind) in greeting.connection_types.iter().enumerate() {
                if place > 0 {
                    out.push(b',');
                }
                text::push_string(out, kind);
            }
            out.extend_from_slice(b"],");
        }
        if let Some(advice) = &self.advice {
            out.extend_from_slice(b"\"advice\":");
            advice.render(out);
            out.push(b',');
        }
        if let Some(ext) = self.ext {
            out.extend_from_slice(b"\"ext\":{");
            out.extend_from_slice(ext.as_bytes());
            out.extend_from_slice(b"},");
        }
        if let Some(timestamp) = self.timestamp {
            out.extend_from_slice(format!("\"timestamp\":\"{timestamp}\",").as_bytes());
        }
        match self.failure {
            None => out.extend_from_slice(b"\"successful\":true}"),
            Some(failure) => {
                out.extend_from_slice(b"\"successful\":false,\"error\":");
                text::push_string(out, &failure.text(dialect));
                out.push(b'}');
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::advice::Reconnect;
    use std::time::Duration;

    fn rendered(reply: &Reply<'_>) -> String {
        let mut out = Vec::new();
        reply.render(Dialect::V5, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_plain_success_is_short() {
        let reply = Reply::success(Some("/meta/connect"), Some("4"));
        assert_eq!(rendered(&reply), r#"{"id":"4","channel":"/meta/connect","successful":true}"#);
    }

    #[test]
    fn a_greeting_names_the_session() {
        let client_id = ClientId::from_random([1; 20]);
        let reply = Reply {
            advice: Some(Advice {
                interval: Some(Duration::ZERO),
                timeout: Some(Duration::from_secs(30)),
                ..Advice::only(Reconnect::Retry)
            }),
            greeting: Some(Greeting { client_id, connection_types: &["long-polling"] }),
            ..Reply::success(Some("/meta/handshake"), Some("1"))
        };
        assert_eq!(
            rendered(&reply),
            format!(
                r#"{{"id":"1","channel":"/meta/handshake","version":"1.0","minimumVersion":"1.0","clientId":"{}","supportedConnectionTypes":["long-polling"],"advice":{{"reconnect":"retry","interval":0,"timeout":30000}},"successful":true}}"#,
                client_id.as_str()
            )
        );
    }

    #[test]
    fn a_refusal_has_code_and_text() {
        let reply = Reply {
            failure: Some(&Failure::ChannelMissing),
            subscription: Some("[\"/a\"]"),
            ..Reply::success(None, None)
        };
        assert_eq!(
            rendered(&reply),
            r#"{"subscription":["/a"],"successful":false,"error":"400::channel_missing"}"#
        );
    }
}
