//! WebSocket: every exchange is one text frame, and messages come by themselves.
//!
//! The socket is opened with the first frame and again with the first one after it broke. When it
//! breaks, every exchange that was not settled has failed; one whose frame was not written yet was
//! certainly not sent.
//!
//! | State     | Meaning                        | Left when                        | Next      |
//! |-----------|--------------------------------|----------------------------------|-----------|
//! | `Closed`  | no socket                      | a frame is to be sent            | `Opening` |
//! | `Opening` | the upgrade is on its way      | the server agrees                | `Open`    |
//! | `Opening` |                                | it refuses, or is unreachable    | `Closed`  |
//! | `Open`    | frames go both ways            | either side ends it, or an error | `Closed`  |
//! | any       |                                | an open exchange is cancelled    | `Closed`  |
//!
//! # Sources
//!
//! Observed: CometD's JavaScript client closes the socket when a reply takes too long, and opens a
//! new one for the same session. No subprotocol is asked for, and no compression.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use futures::{FutureExt as _, SinkExt as _, StreamExt as _};
use http::header::{CONNECTION, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE};
use http::{HeaderValue, Request};
use tokio_tungstenite::tungstenite::error::CapacityError;
use tokio_tungstenite::tungstenite::handshake::client::generate_key;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use crate::credentials::Freshness;
use crate::error::Failure;
use crate::machine::{Exchange, Failed};
use crate::transport::connector::Stream;
use crate::transport::{Incoming, Target};

/// How long a farewell may take.
const FAREWELL: Duration = Duration::from_secs(1);

/// Read buffer of the socket; frames are small.
const READ_BUFFER_BYTES: usize = 8192;

type Socket = WebSocketStream<Stream>;

/// See the module.
pub(crate) struct WebSocket {
    target: Arc<Target>,
    state: State,
    /// Frames that were not handed to the socket yet.
    outgoing: VecDeque<(Exchange, Utf8Bytes)>,
    /// Exchanges that were handed to the socket and are not settled.
    open: Vec<Exchange>,
    /// What has failed and was not reported yet.
    failed: VecDeque<(Exchange, Failed)>,
}

enum State {
    Closed,
    Opening(BoxFuture<'static, Result<Socket, Failed>>),
    Open(Box<Socket>),
}

impl WebSocket {
    pub(crate) fn new(target: Arc<Target>) -> Self {
        Self {
            target,
            state: State::Closed,
            outgoing: VecDeque::new(),
            open: Vec::new(),
            failed: VecDeque::new(),
        }
    }

    /// Sends the body of an exchange as a frame. Credentials go with the upgrade; a socket whose
    /// own were refused is of no use any more.
    pub(crate) fn send(&mut self, exchange: Exchange, body: Bytes, credentials: Option<Freshness>) {
        let Ok(text) = Utf8Bytes::try_from(body) else {
            let failure = Failure::Broken("the frame is not text".into());
            self.failed.push_back((exchange, Failed::unsent(failure)));
            return;
        };
        if credentials == Some(Freshness::New) {
            self.break_off(&Failed::sent(Failure::Broken("its credentials were refused".into())));
        }
        if matches!(self.state, State::Closed) {
            let target = Arc::clone(&self.target);
            let opening = async move {
                target.authorize(credentials).await?;
                target.upgrade().await
            };
            self.state = State::Opening(opening.boxed());
        }
        self.outgoing.push_back((exchange, text));
    }

    /// Forgets an exchange that was not answered in time, and with it the socket: a late answer
    /// would find a client that has moved on.
    pub(crate) fn cancel(&mut self, exchange: Exchange) {
        let known = self.open.contains(&exchange)
            || self.outgoing.iter().any(|(outgoing, _)| *outgoing == exchange);
        self.settle(exchange);
        if known {
            self.break_off(&Failed::sent(Failure::TimedOut));
        }
    }

    /// An exchange needs nothing more.
    pub(crate) fn settle(&mut self, exchange: Exchange) {
        self.open.retain(|open| *open != exchange);
        self.outgoing.retain(|(outgoing, _)| *outgoing != exchange);
        self.failed.retain(|(failed, _)| *failed != exchange);
    }

    /// Any state => `Closed`.
    pub(crate) fn break_off(&mut self, failed: &Failed) {
        self.state = State::Closed;
        let open = self.open.drain(..).map(|exchange| (exchange, failed.clone()));
        self.failed.extend(open);
        let unsent = Failed { sent: false, ..failed.clone() };
        let outgoing = self.outgoing.drain(..).map(|(exchange, _)| (exchange, unsent.clone()));
        self.failed.extend(outgoing);
    }

    /// The next frame, or the next exchange that failed.
    pub(crate) fn poll_incoming(&mut self, cx: &mut Context<'_>) -> Poll<Incoming> {
        loop {
            if let Some((exchange, failed)) = self.failed.pop_front() {
                return Poll::Ready(Incoming::Response(exchange, Err(failed)));
            }
            let failed = match &mut self.state {
                State::Closed => return Poll::Pending,
                State::Opening(opening) => match opening.poll_unpin(cx) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(Ok(socket)) => {
                        self.state = State::Open(Box::new(socket));
                        continue;
                    }
                    Poll::Ready(Err(failed)) => failed,
                },
                State::Open(socket) => match talk(socket, &mut self.outgoing, &mut self.open, cx) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(Ok(frame)) => {
                        return Poll::Ready(Incoming::Push(frame.into()));
                    }
                    Poll::Ready(Err(error)) => {
                        Failed::sent(failure(&error, self.target.answer_bytes))
                    }
                },
            };
            self.break_off(&failed);
        }
    }

    /// Ends the socket with a close frame.
    pub(crate) async fn close(&mut self) {
        if let State::Open(socket) = &mut self.state {
            // A server that does not take the frame sees the connection end instead.
            drop(tokio::time::timeout(FAREWELL, socket.close()).await);
        }
        self.state = State::Closed;
    }
}

/// Writes what is to be written, and reads a text frame.
fn talk(
    socket: &mut Socket,
    outgoing: &mut VecDeque<(Exchange, Utf8Bytes)>,
    open: &mut Vec<Exchange>,
    cx: &mut Context<'_>,
) -> Poll<Result<Utf8Bytes, Error>> {
    while !outgoing.is_empty() && socket.poll_ready_unpin(cx)?.is_ready() {
        if let Some((exchange, text)) = outgoing.pop_front() {
            open.push(exchange);
            socket.start_send_unpin(Message::Text(text))?;
        }
    }
    // A pending flush wakes us again; reading goes on meanwhile.
    let _flushed = socket.poll_flush_unpin(cx)?;
    loop {
        match socket.poll_next_unpin(cx) {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(None | Some(Ok(Message::Close(_)))) => {
                return Poll::Ready(Err(Error::ConnectionClosed));
            }
            Poll::Ready(Some(Ok(Message::Text(text)))) => return Poll::Ready(Ok(text)),
            // Pings are answered by the library; nobody sends us binary frames.
            Poll::Ready(Some(Ok(_))) => {}
            Poll::Ready(Some(Err(error))) => return Poll::Ready(Err(error)),
        }
    }
}

impl Target {
    async fn upgrade(&self) -> Result<Socket, Failed> {
        let unreachable = |why: String| Failed::unsent(Failure::Unreachable(why));
        let scheme = if self.endpoint.is_secure() { "wss" } else { "ws" };
        let url = format!("{scheme}://{}{}", self.endpoint.authority(), self.endpoint.target());
        let mut request = Request::get(url)
            .header(SEC_WEBSOCKET_KEY, generate_key())
            .body(())
            .map_err(|error| unreachable(error.to_string()))?;
        self.decorate(request.headers_mut());
        for (name, value) in
            [(CONNECTION, "Upgrade"), (UPGRADE, "websocket"), (SEC_WEBSOCKET_VERSION, "13")]
        {
            request.headers_mut().insert(name, HeaderValue::from_static(value));
        }
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER_BYTES)
            .max_message_size(Some(self.answer_bytes))
            .max_frame_size(Some(self.answer_bytes));
        let stream =
            self.endpoint.connect().await.map_err(|error| unreachable(error.to_string()))?;
        match client_async_with_config(request, stream, Some(config)).await {
            Ok((socket, response)) => {
                self.keep_cookies(response.headers());
                Ok(socket)
            }
            Err(error) => Err(Failed::unsent(failure(&error, self.answer_bytes))),
        }
    }
}

fn failure(error: &Error, answer_bytes: usize) -> Failure {
    match error {
        Error::Http(response) => Failure::Status(response.status().as_u16()),
        Error::Capacity(CapacityError::MessageTooLong { .. }) => Failure::TooLarge(answer_bytes),
        error => Failure::Broken(error.to_string()),
    }
}

impl fmt::Debug for WebSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebSocket")
            .field("outgoing", &self.outgoing.len())
            .field("open", &self.open)
            .finish_non_exhaustive()
    }
}
