//! One Bayeux client: handshake, subscribe, poll.
//!
//! Over long-polling a session has one connection. Setting up takes turns on it; from then on it carries the
//! `/meta/connect` that the server holds, and nothing else. The request of a poll is the same each
//! time, so it is built once. A server that announces the end of the connection gets a new one;
//! one that ends it without a word has failed the session. Over WebSocket a session has one socket,
//! on which messages come at any time while a connect is held.
//!
//! # Sources
//!
//! Specified: Bayeux 1.0, "Handshake", "Connect", "Subscribe", "advice".

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use encke_bayeux::ChannelName;

use crate::clock;
use crate::connection::{Connection, ConnectionError};
use crate::cookie::Cookies;
use crate::request::{self, json_string};
use crate::scan::{self, Malformed, Message};
use crate::socket::Socket;
use crate::target::Target;

/// Longest wait for an answer that is not held.
pub(crate) const ANSWER_DEADLINE: Duration = Duration::from_secs(30);

/// Longest pause between two polls that a server's advice is obeyed in.
const LONGEST_INTERVAL: Duration = Duration::from_secs(60);

/// Who a session is, for requests on other connections than its own.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    /// The server to talk to.
    pub(crate) target: Arc<Target>,
    /// What the server called the session.
    pub(crate) client_id: String,
    /// What the server wants to see again.
    pub(crate) cookies: Cookies,
}

/// A session that was accepted by the server.
#[derive(Debug)]
pub(crate) struct Session {
    identity: Identity,
    wire: Wire,
    source: Option<SocketAddr>,
    poll: Vec<u8>,
}

#[derive(Debug)]
enum Wire {
    Polling(Connection),
    Socket(Box<Socket>),
}

/// Somebody who looks at what the polls of one session bring.
pub(crate) trait Listener: Send + 'static {
    /// An event arrived. `data` is JSON text.
    fn handle_event(&mut self, channel: &[u8], data: &[u8], arrived: Instant);
}

/// For sessions that nobody publishes to.
impl Listener for () {
    fn handle_event(&mut self, _: &[u8], _: &[u8], _: Instant) {}
}

/// What all sessions of a run count together.
#[derive(Debug, Default)]
pub(crate) struct Gauges {
    /// Polls that were written and not answered.
    pub(crate) held: AtomicU64,
    /// Polls that were answered.
    pub(crate) answered: AtomicU64,
    /// Sessions that poll, or will as soon as advice lets them.
    pub(crate) alive: AtomicU64,
}

impl Session {
    /// Connects and shakes hands.
    pub(crate) async fn open(
        target: &Arc<Target>,
        source: Option<SocketAddr>,
    ) -> Result<Self, SessionError> {
        let wire = if target.is_websocket() {
            Wire::Socket(Box::new(Socket::open(target, source).await?))
        } else {
            Wire::Polling(Connection::open(target.address(), source).await?)
        };
        let identity = Identity {
            target: Arc::clone(target),
            client_id: String::new(),
            cookies: Cookies::default(),
        };
        let mut session = Self { identity, wire, source, poll: Vec::new() };
        let body = format!(
            r#"[{{"channel":"/meta/handshake","version":"1.0","minimumVersion":"1.0","supportedConnectionTypes":["{}"],"id":"1"}}]"#,
            session.connection_type(),
        );
        let client_id = session
            .ask(&body, "/meta/handshake", |reply| {
                reply.client_id.and_then(scan::text).map(std::borrow::Cow::into_owned)
            })
            .await?;
        session.identity.client_id = client_id.ok_or(SessionError::Unanswered)?;
        Ok(session)
    }

    /// Subscribes to one channel.
    pub(crate) async fn subscribe(&mut self, channel: &ChannelName) -> Result<(), SessionError> {
        let body = format!(
            r#"[{{"channel":"/meta/subscribe","clientId":{},"subscription":{},"id":"2"}}]"#,
            json_string(&self.identity.client_id),
            json_string(channel.as_str()),
        );
        self.ask(&body, "/meta/subscribe", |_| ()).await
    }

    /// Who the session is.
    pub(crate) fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Polls until something goes wrong, and says what.
    ///
    /// # Cancel safety
    ///
    /// Dropping it leaves the poll unanswered on its connection: the session can be told to leave
    /// by its [`Identity`], but not poll again.
    pub(crate) async fn listen(
        &mut self,
        gauges: &Gauges,
        listener: &mut impl Listener,
    ) -> SessionError {
        let body = format!(
            r#"[{{"channel":"/meta/connect","clientId":{},"connectionType":"{}","id":"3"}}]"#,
            json_string(&self.identity.client_id),
            self.connection_type(),
        );
        self.poll = match &self.wire {
            Wire::Polling(_) => request::post(&self.identity.target, &self.identity.cookies, &body),
            Wire::Socket(_) => body.into_bytes(),
        };
        loop {
            match self.poll(gauges, listener).await {
                Ok(Duration::ZERO) => {}
                Ok(interval) => tokio::time::sleep(interval).await,
                Err(error) => return error,
            }
        }
    }

    /// One poll; returns the pause that the server wants before the next one.
    async fn poll(
        &mut self,
        gauges: &Gauges,
        listener: &mut impl Listener,
    ) -> Result<Duration, SessionError> {
        let (interval, close) = match &mut self.wire {
            Wire::Polling(connection) => {
                connection.send(&self.poll).await?;
                let held = Held::new(&gauges.held);
                let response = connection.receive().await?;
                drop(held);
                if response.status != 200 {
                    return Err(SessionError::Status(response.status));
                }
                (take_in(&response.body, listener)?, response.close)
            }
            Wire::Socket(socket) => {
                socket.send(&String::from_utf8_lossy(&self.poll)).await?;
                let held = Held::new(&gauges.held);
                let interval = loop {
                    let frame = socket.receive().await?;
                    if let Some(interval) = take_in(frame.as_bytes(), listener)? {
                        break interval;
                    }
                };
                drop(held);
                (Some(interval), false)
            }
        };
        gauges.answered.fetch_add(1, Ordering::Relaxed);
        let interval = interval.ok_or(SessionError::Unanswered)?;
        if close {
            self.reopen().await?;
        }
        Ok(interval)
    }

    fn connection_type(&self) -> &'static str {
        match self.wire {
            Wire::Polling(_) => "long-polling",
            Wire::Socket(_) => "websocket",
        }
    }

    /// Sends one message and takes what is wanted from the successful reply on the same channel.
    async fn ask<T>(
        &mut self,
        body: &str,
        channel: &'static str,
        take: impl FnOnce(&Message<'_>) -> T,
    ) -> Result<T, SessionError> {
        let connection = match &mut self.wire {
            Wire::Polling(connection) => connection,
            Wire::Socket(socket) => {
                let answer = async {
                    socket.send(body).await?;
                    loop {
                        let frame = socket.receive().await?;
                        match successful_reply(200, frame.as_bytes(), channel) {
                            // A frame of messages that were pushed meanwhile.
                            Err(SessionError::Unanswered) => {}
                            reply => return reply.map(|reply| take(&reply)),
                        }
                    }
                };
                let limited = tokio::time::timeout(ANSWER_DEADLINE, answer);
                return limited.await.map_err(|_| SessionError::Late)?;
            }
        };
        let request = request::post(&self.identity.target, &self.identity.cookies, body);
        let answer = async {
            connection.send(&request).await?;
            connection.receive().await
        };
        let response = tokio::time::timeout(ANSWER_DEADLINE, answer)
            .await
            .map_err(|_| SessionError::Late)??;
        for header in response.values("set-cookie") {
            self.identity.cookies.absorb(header);
        }
        let close = response.close;
        let taken = take(&successful_reply(response.status, &response.body, channel)?);
        if close {
            self.reopen().await?;
        }
        Ok(taken)
    }

    async fn reopen(&mut self) -> Result<(), SessionError> {
        let connection = Connection::open(self.identity.target.address(), self.source).await?;
        self.wire = Wire::Polling(connection);
        Ok(())
    }
}

/// Hands the events of a body to the listener; the pause that the server wants, if the body has the
/// reply of the connect.
fn take_in(body: &[u8], listener: &mut impl Listener) -> Result<Option<Duration>, SessionError> {
    let arrived = clock::now();
    let mut interval = None;
    for message in scan::messages(body)? {
        let message = message?;
        if message.is_on("/meta/connect") {
            if !message.is_success() {
                return Err(SessionError::refused("/meta/connect", &message));
            }
            interval = Some(advised_interval(&message));
        } else if let (Some(channel), Some(data)) = (message.channel, message.data) {
            listener.handle_event(channel, data, arrived);
        }
    }
    Ok(interval)
}

/// The reply on this channel, if it says yes.
pub(crate) fn successful_reply<'a>(
    status: u16,
    body: &'a [u8],
    channel: &'static str,
) -> Result<Message<'a>, SessionError> {
    reply(status, body, channel)?.map_err(|message| SessionError::refused(channel, &message))
}

/// The reply on this channel: a yes or a no.
fn reply<'a>(
    status: u16,
    body: &'a [u8],
    channel: &str,
) -> Result<Result<Message<'a>, Message<'a>>, SessionError> {
    if status != 200 {
        return Err(SessionError::Status(status));
    }
    for message in scan::messages(body)? {
        let message = message?;
        if message.is_on(channel) && message.successful.is_some() {
            return Ok(if message.is_success() { Ok(message) } else { Err(message) });
        }
    }
    Err(SessionError::Unanswered)
}

/// Whether a publish on this channel was accepted.
pub(crate) fn accepted_publish(
    status: u16,
    body: &[u8],
    channel: &ChannelName,
) -> Result<(), SessionError> {
    reply(status, body, channel.as_str())?
        .map_err(|message| SessionError::refused("a publish", &message))
        .map(drop)
}

fn advised_interval(message: &Message<'_>) -> Duration {
    let interval = message.advice.and_then(|advice| scan::member(advice, b"\"interval\""));
    let interval = interval.and_then(scan::number).map_or(Duration::ZERO, Duration::from_millis);
    interval.min(LONGEST_INTERVAL)
}

/// Counts a poll as held for as long as it lives, however that ends.
#[derive(Debug)]
struct Held<'a>(&'a AtomicU64);

impl<'a> Held<'a> {
    fn new(gauge: &'a AtomicU64) -> Self {
        gauge.fetch_add(1, Ordering::Relaxed);
        Self(gauge)
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Why a session did not come up, or ended.
#[derive(Debug)]
pub(crate) enum SessionError {
    /// The connection is of no more use.
    Connection(ConnectionError),
    /// Another status than 200.
    Status(u16),
    /// The body is not an array of messages.
    Malformed,
    /// No reply among the messages, or one that lacks what it has to say.
    Unanswered,
    /// No answer within [`ANSWER_DEADLINE`].
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
    fn refused(channel: &'static str, message: &Message<'_>) -> Self {
        let error = message.error.and_then(scan::text).unwrap_or_default();
        Self::Refused { channel, error: error.chars().take(80).collect() }
    }
}

impl From<ConnectionError> for SessionError {
    fn from(error: ConnectionError) -> Self {
        Self::Connection(error)
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
            // The kind of a failure is what gets counted, so the cause is part of the text.
            Self::Connection(ConnectionError::Response(error)) => error.fmt(f),
            Self::Connection(error) => error.fmt(f),
            Self::Status(status) => write!(f, "the server answered with status {status}"),
            Self::Malformed => Malformed.fmt(f),
            Self::Unanswered => f.write_str("a response lacks the reply"),
            Self::Late => write!(f, "no answer within {ANSWER_DEADLINE:?}"),
            Self::Refused { channel, error } => write!(f, "{channel} was refused: {error}"),
        }
    }
}

impl std::error::Error for SessionError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Connection(error) => error.source(),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reply_is_found_among_events() {
        let body =
            br#"[{"channel":"/a","data":1},{"channel":"/meta/subscribe","successful":true}]"#;
        assert!(successful_reply(200, body, "/meta/subscribe").is_ok());
        let missing = successful_reply(200, body, "/meta/handshake");
        assert!(matches!(missing, Err(SessionError::Unanswered)));
        assert!(matches!(successful_reply(403, b"", "/a"), Err(SessionError::Status(403))));
        let no = br#"{"channel":"/meta/subscribe","successful":false,"error":"403::denied"}"#;
        let refused = successful_reply(200, no, "/meta/subscribe").unwrap_err();
        assert_eq!(refused.to_string(), "/meta/subscribe was refused: 403::denied");
    }

    #[test]
    fn the_interval_is_advised_and_bounded() {
        let interval = |advice: &'static str| {
            advised_interval(&Message { advice: Some(advice.as_bytes()), ..Message::default() })
        };
        assert_eq!(interval(r#"{"reconnect":"retry","interval":250}"#).as_millis(), 250);
        assert_eq!(interval(r#"{"interval":99999999}"#), LONGEST_INTERVAL);
        assert_eq!(interval("{}"), Duration::ZERO);
        assert_eq!(advised_interval(&Message::default()), Duration::ZERO);
    }
}
