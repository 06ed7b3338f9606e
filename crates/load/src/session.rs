//! One Bayeux client as a machine: what it sends next, and what an answer means.
//!
//! A session reads no socket and no clock. The engine hands it the bodies that arrive and sends
//! what it is given. A poll's request is built once and written again and again; with the
//! acknowledgement extension, the batch that came last is written into it.
//!
//! # States
//!
//! | State         | Meaning                                  | Left when                  | Next          |
//! |---------------|------------------------------------------|----------------------------|---------------|
//! | `Down`        | there is no connection                   | the engine opens one       | `Handshaking` |
//! | `Handshaking` | the handshake is under way               | the server accepts         | `Subscribing` |
//! | `Subscribing` | all subscriptions are, in one batch      | the server accepts all     | `Polling`     |
//! | `Polling`     | a `/meta/connect` is held                | the server answers it      | `Polling` or `Resting` |
//! | `Resting`     | the server wants a pause before the next | the pause is over          | `Polling`     |
//! | any           |                                          | anything fails             | `Down` or `Gone` |
//!
//! `Gone` is final: too many failures without an answered poll in between.
//!
//! # Sources
//!
//! Specified: Bayeux 1.0, "Handshake", "Connect", "Subscribe", "advice". Documented: CometD 5,
//! acknowledge extension (`ext.ack`).

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::cookie::Cookies;
use crate::link::LinkError;
use crate::request::{self, json_string};
use crate::response::ResponseError;
use crate::scan::{self, Malformed, Message};
use crate::target::Target;

/// Longest wait for an answer that is not held.
pub(crate) const ANSWER_DEADLINE: Duration = Duration::from_secs(30);

/// Longest pause between two polls that a server's advice is obeyed in.
const LONGEST_INTERVAL: Duration = Duration::from_secs(60);

/// How long a server may hold a poll if it does not say.
const USUAL_TIMEOUT: Duration = Duration::from_secs(60);

/// Longest hold that is believed.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(3600);

/// Room for the number of a batch to acknowledge, padded with blanks.
const ACK_DIGITS: usize = 20;

/// Where a session stands; see the table above.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum State {
    Down,
    Handshaking,
    Subscribing,
    Polling,
    Resting,
    Gone,
}

impl State {
    /// Whether it was set up: it polls, or will as soon as the pause is over.
    pub(crate) fn is_up(self) -> bool {
        matches!(self, Self::Polling | Self::Resting)
    }

    /// Whether it is being set up.
    pub(crate) fn is_rising(self) -> bool {
        matches!(self, Self::Handshaking | Self::Subscribing)
    }
}

/// Who a session is, for requests on other connections than its own.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    /// The server to talk to.
    pub(crate) target: Arc<Target>,
    /// What the server called the session.
    pub(crate) client_id: Box<str>,
    /// What the server wants to see again.
    pub(crate) cookies: Cookies,
}

/// One client.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) identity: Identity,
    /// The request of a poll; over WebSocket the message only.
    poll: Box<[u8]>,
    /// Where in `poll` the acknowledged batch stands.
    ack_at: usize,
    /// How long the server says it holds a poll.
    timeout: Duration,
}

/// What a body said beside events.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Answers {
    /// The handshake was accepted.
    pub(crate) shaken: bool,
    /// Subscriptions that were accepted.
    pub(crate) subscribed: usize,
    /// The connect was answered; the pause before the next.
    pub(crate) connected: Option<Duration>,
    /// Messages of ours that were accepted.
    pub(crate) accepted: usize,
    /// Messages of ours that were refused.
    pub(crate) refused: usize,
}

impl Session {
    pub(crate) fn new(target: Arc<Target>, cookies: Cookies) -> Self {
        let identity = Identity { target, client_id: Box::default(), cookies };
        Self { identity, poll: Box::default(), ack_at: 0, timeout: USUAL_TIMEOUT }
    }

    /// The message that begins a session, as text.
    pub(crate) fn handshake(&mut self) -> String {
        self.identity.client_id = Box::default();
        let ext = if self.identity.target.acknowledges() { r#","ext":{"ack":true}"# } else { "" };
        format!(
            r#"[{{"channel":"/meta/handshake","version":"1.0","minimumVersion":"1.0","supportedConnectionTypes":["{}"],"id":"1"{ext}}}]"#,
            self.connection_type(),
        )
    }

    /// The batch that subscribes to these channels.
    pub(crate) fn subscribe(&self, channels: &[String]) -> String {
        let client_id = json_string(&self.identity.client_id);
        let messages: Vec<_> = channels
            .iter()
            .map(|channel| {
                let channel = json_string(channel);
                format!(
                    r#"{{"channel":"/meta/subscribe","clientId":{client_id},"subscription":{channel},"id":"2"}}"#
                )
            })
            .collect();
        format!("[{}]", messages.join(","))
    }

    /// Builds the poll, once the session has its name.
    pub(crate) fn prepare_poll(&mut self) {
        let target = &self.identity.target;
        let padding = " ".repeat(ACK_DIGITS - 1);
        let ext = if target.acknowledges() {
            format!(r#","ext":{{"ack":0{padding}}}"#)
        } else {
            String::new()
        };
        let body = format!(
            r#"[{{"channel":"/meta/connect","clientId":{},"connectionType":"{}","id":"3"{ext}}}]"#,
            json_string(&self.identity.client_id),
            self.connection_type(),
        );
        let poll = if target.is_websocket() {
            body.into_bytes()
        } else {
            request::post(target, &self.identity.cookies, &body)
        };
        // Behind the last digit come two or three closing brackets: of ext, message and array.
        self.ack_at = poll.len().saturating_sub(ACK_DIGITS + r"}}]".len());
        self.poll = poll.into_boxed_slice();
    }

    /// The poll: a whole request, or over WebSocket a message.
    pub(crate) fn poll(&self) -> &[u8] {
        &self.poll
    }

    /// The farewell, as a message.
    pub(crate) fn disconnect(identity: &Identity) -> String {
        format!(
            r#"[{{"channel":"/meta/disconnect","clientId":{},"id":"5"}}]"#,
            json_string(&identity.client_id)
        )
    }

    /// How long a poll may be held before something must be wrong.
    pub(crate) fn patience(&self) -> Duration {
        self.timeout + ANSWER_DEADLINE
    }

    /// Looks at a body: hands on its events and says what it answers.
    pub(crate) fn read(
        &mut self,
        body: &[u8],
        mut event: impl FnMut(&[u8], &[u8]),
    ) -> Result<Answers, SessionError> {
        let mut answers = Answers::default();
        for message in scan::messages(body)? {
            let message = message?;
            if message.successful.is_none() {
                if let (Some(channel), Some(data)) = (message.channel, message.data) {
                    event(channel, data);
                }
                continue;
            }
            if message.is_on("/meta/connect") {
                if !message.is_success() {
                    return Err(SessionError::refused("/meta/connect", &message));
                }
                answers.connected = Some(self.advised(&message));
                if let Some(ack) = message.ext.and_then(|ext| scan::member(ext, b"\"ack\"")) {
                    self.acknowledge(ack);
                }
            } else if message.is_on("/meta/handshake") {
                if !message.is_success() {
                    return Err(SessionError::refused("/meta/handshake", &message));
                }
                let client_id = message.client_id.and_then(scan::text);
                self.identity.client_id = client_id.ok_or(SessionError::Unanswered)?.into();
                self.advised(&message);
                answers.shaken = true;
            } else if message.is_on("/meta/subscribe") {
                if !message.is_success() {
                    return Err(SessionError::refused("/meta/subscribe", &message));
                }
                answers.subscribed += 1;
            } else if message.is_success() {
                answers.accepted += 1;
            } else {
                answers.refused += 1;
            }
        }
        Ok(answers)
    }

    /// Writes the batch to acknowledge into the next poll.
    fn acknowledge(&mut self, ack: &[u8]) {
        if scan::number(ack).is_none() || !self.identity.target.acknowledges() {
            return;
        }
        let Some(room) = self.poll.get_mut(self.ack_at..self.ack_at + ACK_DIGITS) else { return };
        room.fill(b' ');
        for (to, digit) in room.iter_mut().zip(ack) {
            *to = *digit;
        }
    }

    /// Takes in the advice, and gives the pause that it wants.
    fn advised(&mut self, message: &Message<'_>) -> Duration {
        let of = |name| {
            let value = message.advice.and_then(|advice| scan::member(advice, name));
            value.and_then(scan::number).map(Duration::from_millis)
        };
        if let Some(timeout) = of(b"\"timeout\"") {
            self.timeout = timeout.min(LONGEST_TIMEOUT);
        }
        of(b"\"interval\"").unwrap_or_default().min(LONGEST_INTERVAL)
    }

    fn connection_type(&self) -> &'static str {
        if self.identity.target.is_websocket() { "websocket" } else { "long-polling" }
    }
}

/// Why a session did not come up, or ended.
#[derive(Debug)]
pub(crate) enum SessionError {
    /// The connection is of no more use.
    Link(LinkError),
    /// Another status than 200.
    Status(u16),
    /// The body is not an array of messages.
    Malformed,
    /// No reply among the messages, or one that lacks what it has to say.
    Unanswered,
    /// No answer within [`ANSWER_DEADLINE`], or a poll held longer than the server said.
    Late,
    /// The server said no.
    Refused {
        /// To a message on which channel.
        channel: &'static str,
        /// Its `error`, shortened.
        error: String,
    },
}

impl SessionError {
    pub(crate) fn refused(channel: &'static str, message: &Message<'_>) -> Self {
        let error = message.error.and_then(scan::text).unwrap_or_default();
        Self::Refused { channel, error: error.chars().take(80).collect() }
    }

    /// The name under which reports count it.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Link(LinkError::Response(_)) | Self::Malformed => "malformed",
            Self::Link(LinkError::Io(_) | LinkError::Ended | LinkError::Stuck) => "connection",
            Self::Link(LinkError::NoUpgrade(_)) | Self::Status(_) => "status",
            Self::Unanswered => "unanswered",
            Self::Late => "timeout",
            Self::Refused { .. } => "refused",
        }
    }
}

impl From<LinkError> for SessionError {
    fn from(error: LinkError) -> Self {
        Self::Link(error)
    }
}

impl From<ResponseError> for SessionError {
    fn from(error: ResponseError) -> Self {
        Self::Link(LinkError::Response(error))
    }
}

impl From<std::io::Error> for SessionError {
    fn from(error: std::io::Error) -> Self {
        Self::Link(LinkError::Io(error))
    }
}

impl From<Malformed> for SessionError {
    fn from(_: Malformed) -> Self {
        Self::Malformed
    }
}

impl fmt::Display for SessionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Link(error) => error.fmt(f),
            Self::Status(status) => write!(f, "the server answered with status {status}"),
            Self::Malformed => Malformed.fmt(f),
            Self::Unanswered => f.write_str("a response lacks the reply"),
            Self::Late => f.write_str("no answer in time"),
            Self::Refused { channel, error } => write!(f, "{channel} was refused: {error}"),
        }
    }
}

impl std::error::Error for SessionError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Link(error) => error.source(),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::Reach;

    fn session(websocket: bool, ack: bool) -> Session {
        let target = Target::new("http://127.0.0.1:1/cometd", Reach::Loopback).unwrap();
        let target = target.websocket(websocket).acknowledge(ack);
        Session::new(Arc::new(target), Cookies::default())
    }

    #[test]
    fn replies_and_events_are_told_apart() {
        let mut session = session(false, false);
        let body = br#"[{"channel":"/a","data":{"successful":true}},
            {"channel":"/meta/handshake","successful":true,"clientId":"c1","advice":{"timeout":500}},
            {"channel":"/meta/subscribe","successful":true},{"channel":"/b","successful":true},
            {"channel":"/b","successful":false,"error":"403::denied"},
            {"channel":"/meta/connect","successful":true,"advice":{"interval":250}}]"#;
        let mut events = Vec::new();
        let answers = session.read(body, |channel, _| events.push(channel.to_vec())).unwrap();
        assert_eq!(events, [b"\"/a\""]);
        assert_eq!(&*session.identity.client_id, "c1");
        assert_eq!(session.patience(), ANSWER_DEADLINE + Duration::from_millis(500));
        let connected = Some(Duration::from_millis(250));
        let expected = Answers { shaken: true, subscribed: 1, connected, accepted: 1, refused: 1 };
        assert_eq!(answers, expected);
    }

    #[test]
    fn a_no_ends_the_session() {
        for channel in ["/meta/handshake", "/meta/subscribe", "/meta/connect"] {
            let body =
                format!(r#"{{"channel":"{channel}","successful":false,"error":"402::Unknown"}}"#);
            let refused = session(false, false).read(body.as_bytes(), |_, _| ()).unwrap_err();
            assert_eq!(refused.to_string(), format!("{channel} was refused: 402::Unknown"));
        }
        let nameless = br#"[{"channel":"/meta/handshake","successful":true}]"#;
        let refused = session(false, false).read(nameless, |_, _| ()).unwrap_err();
        assert!(matches!(refused, SessionError::Unanswered));
    }

    #[test]
    fn the_pause_is_bounded() {
        let body = br#"[{"channel":"/meta/connect","successful":true,
            "advice":{"interval":99999999,"timeout":999999999}}]"#;
        let mut session = session(false, false);
        let answers = session.read(body, |_, _| ()).unwrap();
        assert_eq!(answers.connected, Some(LONGEST_INTERVAL));
        assert_eq!(session.patience(), LONGEST_TIMEOUT + ANSWER_DEADLINE);
    }

    #[test]
    fn the_batch_that_came_last_is_acknowledged() {
        for websocket in [false, true] {
            let mut session = session(websocket, true);
            assert!(session.handshake().contains(r#""ext":{"ack":true}"#));
            session.identity.client_id = "c1".into();
            session.prepare_poll();
            let ack = |session: &Session| {
                let poll = String::from_utf8(session.poll().to_vec()).unwrap();
                let body = poll.rsplit("\r\n").next().unwrap();
                let tree: serde_json::Value = serde_json::from_str(body).unwrap();
                (poll.len(), tree[0]["ext"]["ack"].as_u64().unwrap())
            };
            let (length, first) = ack(&session);
            assert_eq!(first, 0);
            for number in [7, u64::MAX, 12] {
                let body = format!(
                    r#"[{{"channel":"/meta/connect","successful":true,"ext":{{"ack":{number}}}}}]"#
                );
                session.read(body.as_bytes(), |_, _| ()).unwrap();
                assert_eq!(ack(&session), (length, number));
            }
        }
    }
}
