//! Bayeux over WebSocket.
//!
//! One text frame is one body, read and answered like the body of a POST. Besides, messages are
//! pushed as soon as they come: the socket attaches a [`Link`] to the session that its frames
//! name. A connect that is held is answered when its time is up and keeps the session alive.
//!
//! | What happens                                  | Close code              |
//! |-----------------------------------------------|-------------------------|
//! | a frame that is no batch of messages          | 1007, with the reason   |
//! | a frame beyond the size bound                 | 1009                    |
//! | the peer is silent for two ping intervals     | none: it is dropped     |
//! | a write is not taken within its deadline      | none: it is dropped     |
//! | the session ended or moved to another socket  | 1000                    |
//! | the proof of who it is has ended              | 1008                    |
//! | the server drains                             | 1001                    |
//!
//! An empty array is answered with one, since old libraries keep sockets alive that way. Binary
//! frames are ignored. No subprotocol is asked for unless the configuration names one, and no
//! extension is negotiated: a compressor per socket costs more memory than everything else together.
//!
//! # Sources
//!
//! Observed: CometD 3.1 to 8 and their JavaScript library for frames, resumption and takeover.

use std::future::poll_fn;
use std::num::NonZeroUsize;
use std::pin::pin;
use std::time::Duration;

use encke_bayeux::batch::DecodeError;
use encke_broker::{Answer, Broker, Delivery, Link, Reach, Request as BrokerRequest};
use futures::{FutureExt, SinkExt as _, StreamExt as _};
use http::header::{
    CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL,
    SEC_WEBSOCKET_VERSION, UPGRADE,
};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig as Tungstenite};
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes, error::CapacityError};

use crate::body::ReplyBody;
use crate::clock;
use crate::config::HttpConfig;
use crate::held::Held;
use crate::who::Who;

/// Read buffer of a socket; frames of clients are small, and an idle socket keeps it.
const READ_BUFFER_BYTES: usize = 1024;

/// Whether a request asks to become a WebSocket.
pub(crate) fn is_upgrade(method: &Method, headers: &HeaderMap) -> bool {
    method == Method::GET
        && headers
            .get(UPGRADE)
            .and_then(|value| value.to_str().ok())
            .is_some_and(|value| value.eq_ignore_ascii_case("websocket"))
}

/// The response that turns the connection into a WebSocket, or `None` for a handshake of another
/// version, without a key, or without the `protocol` that is wanted.
pub(crate) fn switching(
    headers: &HeaderMap,
    protocol: Option<&str>,
) -> Option<Response<ReplyBody>> {
    if headers.get(SEC_WEBSOCKET_VERSION)? != "13" {
        return None;
    }
    let offered = headers.get_all(SEC_WEBSOCKET_PROTOCOL).iter();
    let mut offered = offered.filter_map(|value| value.to_str().ok()).flat_map(|v| v.split(','));
    if protocol.is_some_and(|wanted| !offered.any(|offered| offered.trim() == wanted)) {
        return None;
    }
    let accept = derive_accept_key(headers.get(SEC_WEBSOCKET_KEY)?.as_bytes());
    let mut response = Response::new(ReplyBody::plain(""));
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(SEC_WEBSOCKET_ACCEPT, HeaderValue::from_str(&accept).ok()?);
    if let Some(protocol) = protocol {
        headers.insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_str(protocol).ok()?);
    }
    Some(response)
}

/// One open socket.
pub(crate) struct Socket {
    broker: Broker,
    who: Who,
    stream: WebSocketStream<TokioIo<Upgraded>>,
    link: Option<Link>,
    held: Option<Held>,
    reach: Reach,
    messages_per_frame: Option<NonZeroUsize>,
    ping: Duration,
    write_timeout: Duration,
}

/// Why a socket ends.
enum End {
    /// Say why and close.
    Close(CloseCode, String),
    /// Nobody is there to listen.
    Drop,
}

impl From<Error> for End {
    fn from(error: Error) -> Self {
        match error {
            Error::Capacity(CapacityError::MessageTooLong { max_size, .. }) => {
                Self::Close(CloseCode::Size, format!("a frame has at most {max_size} bytes"))
            }
            _ => Self::Drop,
        }
    }
}

impl Socket {
    pub(crate) async fn new(
        broker: Broker,
        config: &HttpConfig,
        who: Who,
        upgraded: Upgraded,
    ) -> Self {
        let bytes = config.socket.message_bytes.unwrap_or(config.body_bytes);
        let bounds = Tungstenite::default()
            .read_buffer_size(READ_BUFFER_BYTES)
            .write_buffer_size(0)
            .max_message_size(Some(bytes))
            .max_frame_size(Some(bytes));
        let io = TokioIo::new(upgraded);
        let stream = WebSocketStream::from_raw_socket(io, Role::Server, Some(bounds)).await;
        Self {
            broker,
            who,
            stream,
            link: None,
            held: None,
            reach: if config.socket.handshake_required { Reach::Own(None) } else { Reach::Any },
            messages_per_frame: config.socket.messages_per_frame,
            ping: config.ping_interval,
            write_timeout: config.write_timeout,
        }
    }

    /// Serves the socket until it ends. By reference, so that the future has it once.
    pub(crate) async fn run(&mut self) {
        let end = match self.serve().await {
            Ok(()) => End::Drop,
            Err(end) => end,
        };
        self.link = None;
        self.held = None;
        if let End::Close(code, reason) = end {
            tracing::debug!(%code, reason, "websocket closed");
            let frame = CloseFrame { code, reason: reason.into() };
            // The peer may be gone already; then there is nobody to tell.
            drop(Box::pin(timeout(self.write_timeout, self.stream.close(Some(frame)))).await);
        }
    }

    /// What takes a while to be written is in boxes, so that a socket that waits does without.
    async fn serve(&mut self) -> Result<(), End> {
        let mut ping = interval(self.ping);
        ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        ping.reset();
        let mut heard = ping_clock();
        let mut over = pin!(over(self.who.until));
        loop {
            tokio::select! {
                frame = self.stream.next() => {
                    heard = ping_clock();
                    match frame {
                        None => return Ok(()),
                        Some(frame) => {
                            if Box::pin(self.frame(frame?)).await?.is_none() {
                                return Ok(());
                            }
                        }
                    }
                }
                delivery = pushed(&mut self.link) => match delivery {
                    Some(delivery) => Box::pin(self.write(delivery)).await?,
                    None if self.broker.is_draining() => {
                        return Err(End::Close(CloseCode::Away, "the server is stopping".into()));
                    }
                    None => {
                        return Err(End::Close(CloseCode::Normal, "the session is not here".into()));
                    }
                },
                delivery = released(&mut self.held) => {
                    self.held = None;
                    Box::pin(self.write(delivery)).await?;
                }
                () = over.as_mut() => {
                    return Err(End::Close(CloseCode::Policy, "the login has ended".into()));
                }
                _ = ping.tick() => {
                    if heard.elapsed() > self.ping * 2 {
                        return Err(End::Drop);
                    }
                    Box::pin(self.send(Message::Ping(Vec::new().into()))).await?;
                }
            }
        }
    }

    /// Takes one frame. `None` when the peer has closed.
    async fn frame(&mut self, frame: Message) -> Result<Option<()>, End> {
        let text = match frame {
            Message::Text(text) => text,
            Message::Close(_) => {
                // The library has queued the answer; the peer may be gone and not want it.
                drop(timeout(self.write_timeout, self.stream.flush()).await);
                return Ok(None);
            }
            Message::Binary(_) | Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {
                return Ok(Some(()));
            }
        };
        let answer = {
            let request = BrokerRequest { pushes: true, reach: self.reach, ..self.who.request() };
            self.broker.handle(&request, text.as_bytes())
        };
        match answer {
            Ok(Answer::Reply(delivery)) => {
                if let (Reach::Own(_), Some(own)) = (self.reach, delivery.greeted()) {
                    self.reach = Reach::Own(Some(own));
                }
                self.link = delivery.link(self.link.take());
                self.write(delivery).await?;
            }
            Ok(Answer::Hold(hold)) => {
                self.link = Some(hold.link(self.link.take()));
                // A connect that this one supersedes is over, and answered before it is forgotten.
                if let Some((_, delivery)) = self.held.take().and_then(FutureExt::now_or_never) {
                    self.write(delivery).await?;
                }
                self.held = Some(Held::new(hold));
            }
            Err(DecodeError::Empty) => {}
            Err(DecodeError::NoMessages) => self.send(Message::text("[]")).await?,
            Err(error) => return Err(End::Close(CloseCode::Invalid, short(&error.to_string()))),
        }
        Ok(Some(()))
    }

    async fn write(&mut self, delivery: Delivery) -> Result<(), End> {
        let mut parts = match self.messages_per_frame {
            Some(most) => delivery.split(most),
            None => vec![delivery],
        };
        parts.reverse();
        while let Some(part) = parts.pop() {
            // JSON made from text is UTF-8; were it not, the socket would end with nothing lost.
            let sent = match Utf8Bytes::try_from(part.body()) {
                Ok(text) => self.send(Message::Text(text)).await,
                Err(_) => Err(End::Drop),
            };
            if sent.is_err() {
                // Back to the front of the queue, the last first.
                for unsent in parts.into_iter().chain([part]) {
                    unsent.failed(clock::now());
                }
                return sent;
            }
            part.written(clock::now());
        }
        Ok(())
    }

    async fn send(&mut self, message: Message) -> Result<(), End> {
        match timeout(self.write_timeout, self.stream.send(message)).await {
            Ok(sent) => Ok(sent?),
            Err(_) => Err(End::Drop),
        }
    }
}

/// The next messages of a link; never, where there is none.
async fn pushed(link: &mut Option<Link>) -> Option<Delivery> {
    match link {
        Some(link) => poll_fn(|cx| link.poll_messages(cx)).await,
        None => std::future::pending().await,
    }
}

/// The end of a hold; never, where there is none.
async fn released(held: &mut Option<Held>) -> Delivery {
    match held {
        Some(held) => held.await.1,
        None => std::future::pending().await,
    }
}

/// The end of the proof of who it is; never, where there is none.
async fn over(until: Option<std::time::Instant>) {
    match until {
        Some(until) => tokio::time::sleep_until(until.into()).await,
        None => std::future::pending().await,
    }
}

/// A close reason has at most 123 bytes.
fn short(reason: &str) -> String {
    reason.chars().filter(char::is_ascii).take(120).collect()
}

#[expect(clippy::disallowed_methods, reason = "when a peer was heard is a matter of the socket")]
fn ping_clock() -> Instant {
    Instant::now()
}
