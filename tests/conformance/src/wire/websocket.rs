//! WebSocket: text frames both ways on one upgraded connection.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::future::BoxFuture;
use futures::{SinkExt as _, StreamExt as _};
use serde_json::Value;
use serde_json::value::RawValue;
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::{HeaderName, HeaderValue};
use tokio_tungstenite::{WebSocketStream, client_async};

use super::{Fault, Wire};
use crate::answer::{Answer, Received};
use crate::clock;
use crate::cookies::Browser;
use crate::target::Endpoint;

/// How long a body may be on its way when the peer closes.
const CROSSING: Duration = Duration::from_millis(250);

/// A bare socket, for scenarios about frames.
#[derive(Debug)]
pub(crate) struct Socket {
    stream: WebSocketStream<TcpStream>,
}

impl Socket {
    /// Upgrades a connection at `path`, with these headers added.
    pub(crate) async fn open(
        endpoint: &Endpoint,
        path: &str,
        headers: &[(&str, &str)],
    ) -> Result<Self, Fault> {
        let broken = |problem: String| Fault::Broken(problem);
        let url = format!("ws://{}{path}", endpoint.authority());
        let mut request = url.into_client_request().map_err(|error| broken(error.to_string()))?;
        for (name, value) in headers {
            let name = HeaderName::from_bytes(name.as_bytes());
            let value = HeaderValue::from_str(value);
            if let (Ok(name), Ok(value)) = (name, value) {
                request.headers_mut().insert(name, value);
            }
        }
        let tcp = TcpStream::connect((endpoint.host.as_str(), endpoint.port)).await?;
        tcp.set_nodelay(true)?;
        let upgraded = client_async(request, tcp).await;
        let (stream, _) = upgraded.map_err(|error| broken(format!("upgrade: {error}")))?;
        Ok(Self { stream })
    }

    /// Sends a frame.
    pub(crate) async fn send(&mut self, frame: Message) -> Result<(), Fault> {
        self.stream.send(frame).await.map_err(|error| Fault::Broken(error.to_string()))
    }

    /// The next frame that is no ping; an error once the peer has closed.
    pub(crate) async fn next(&mut self) -> Result<Message, Fault> {
        loop {
            match self.stream.next().await {
                Some(Ok(Message::Ping(_))) => {}
                Some(Ok(Message::Close(frame))) => {
                    let (code, reason) = frame.map_or((None, String::new()), |frame| {
                        (Some(frame.code.into()), frame.reason.to_string())
                    });
                    return Err(Fault::Closed(code, reason));
                }
                Some(Ok(message)) => return Ok(message),
                Some(Err(error)) => return Err(Fault::Broken(error.to_string())),
                None => return Err(Fault::Closed(None, String::new())),
            }
        }
    }
}

/// A browser with a socket, opened by the first body, and again after it was closed.
#[derive(Clone, Debug)]
pub(crate) struct WebSocket {
    endpoint: Endpoint,
    browser: Browser,
    state: Arc<State>,
}

#[derive(Debug, Default)]
struct State {
    sender: tokio::sync::Mutex<Option<Sender>>,
    log: Arc<Log>,
}

#[derive(Debug)]
struct Sender {
    sink: futures::stream::SplitSink<WebSocketStream<TcpStream>, Message>,
    reader: JoinHandle<()>,
}

impl Drop for Sender {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

/// What the reader has seen and nobody has taken.
#[derive(Debug, Default)]
struct Log {
    seen: Mutex<Seen>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct Seen {
    replies: Vec<Received>,
    events: Vec<Received>,
    closed: Option<Fault>,
}

impl WebSocket {
    /// A wire that shows the cookies of `browser` when it opens its socket.
    pub(crate) fn new(endpoint: Endpoint, browser: Browser) -> Self {
        Self { endpoint, browser, state: Arc::default() }
    }
}

impl WebSocket {
    async fn exchange(&self, body: &str) -> Result<Answer, Fault> {
        let Self { endpoint, browser, state } = self;
        let begun = clock::now();
        let mut expected = expected_replies(body);
        {
            let mut sender = state.sender.lock().await;
            let closed = {
                let mut seen = state.log.seen.lock().unwrap_or_else(PoisonError::into_inner);
                seen.closed.take().is_some()
            };
            if closed || sender.is_none() {
                *sender = Some(open(endpoint, browser, Arc::clone(&state.log)).await?);
            }
            if let Some(sender) = sender.as_mut() {
                let sent = sender.sink.send(Message::text(body)).await;
                sent.map_err(|error| Fault::Broken(error.to_string()))?;
            }
        }
        let mut messages = Vec::new();
        loop {
            let mut changed = std::pin::pin!(state.log.changed.notified());
            // From here on a notice is not missed, although nobody awaits it yet.
            changed.as_mut().enable();
            {
                let mut seen = state.log.seen.lock().unwrap_or_else(PoisonError::into_inner);
                expected.retain(|wanted| {
                    let at = seen.replies.iter().position(|reply| wanted.is(reply));
                    at.map(|at| messages.push(seen.replies.remove(at))).is_none()
                });
                if expected.is_empty() {
                    let events = std::mem::take(&mut seen.events);
                    messages.splice(0..0, events);
                    break;
                }
                if let Some(fault) = &seen.closed {
                    return Err(fault.clone());
                }
            }
            changed.await;
        }
        let body: Vec<_> = messages.iter().map(|message| message.raw.as_str()).collect();
        Ok(Answer {
            status: 200,
            headers: Vec::new(),
            body: format!("[{}]", body.join(",")),
            messages: Some(messages),
            took: begun.elapsed(),
        })
    }
}

impl Wire for WebSocket {
    fn post(&self, body: String) -> BoxFuture<'static, Result<Answer, Fault>> {
        let wire = self.clone();
        Box::pin(async move {
            let begun = clock::now();
            match wire.exchange(&body).await {
                // The peer closed while the body was on its way: that is no answer to it.
                Err(Fault::Closed(Some(1000), _)) if begun.elapsed() < CROSSING => {
                    wire.exchange(&body).await
                }
                other => other,
            }
        })
    }

    fn pushed(&self) -> Vec<Received> {
        let mut seen = self.state.log.seen.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut seen.events)
    }

    fn another(&self) -> Box<dyn Wire> {
        Box::new(Self::new(self.endpoint.clone(), self.browser.clone()))
    }
}

async fn open(endpoint: &Endpoint, browser: &Browser, log: Arc<Log>) -> Result<Sender, Fault> {
    let cookies = browser.header();
    let headers: Vec<_> = cookies.iter().map(|cookies| ("cookie", cookies.as_str())).collect();
    let socket = Socket::open(endpoint, &endpoint.path, &headers).await?;
    let (sink, stream) = socket.stream.split();
    Ok(Sender { sink, reader: tokio::spawn(read(stream, log)) })
}

async fn read(mut stream: futures::stream::SplitStream<WebSocketStream<TcpStream>>, log: Arc<Log>) {
    let closed = loop {
        match stream.next().await {
            Some(Ok(Message::Text(text))) => {
                let messages = Answer::decode(text.as_bytes()).unwrap_or_default();
                let mut seen = log.seen.lock().unwrap_or_else(PoisonError::into_inner);
                for message in messages {
                    let list =
                        if message.is_reply() { &mut seen.replies } else { &mut seen.events };
                    list.push(message);
                }
            }
            Some(Ok(Message::Close(Some(frame)))) => {
                break Fault::Closed(Some(frame.code.into()), frame.reason.to_string());
            }
            Some(Ok(_)) => {}
            Some(Err(error)) => break Fault::Broken(error.to_string()),
            None => break Fault::Closed(None, String::new()),
        }
        log.changed.notify_waiters();
    };
    log.seen.lock().unwrap_or_else(PoisonError::into_inner).closed = Some(closed);
    log.changed.notify_waiters();
}

/// What a reply is known by.
#[derive(Debug)]
struct Wanted {
    id: Id,
    channel: String,
}

/// An id, which servers may spell as text or leave as it was.
#[derive(Debug, Eq, PartialEq)]
enum Id {
    Text(String),
    Absent,
    /// No id at all by any reading, so that anything may come back.
    Odd,
}

impl Id {
    fn of(message: &Received) -> Self {
        match message.at(&["id"]) {
            Value::String(id) => Self::Text(id.clone()),
            Value::Number(id) => Self::Text(id.to_string()),
            Value::Null => Self::Absent,
            _ => Self::Odd,
        }
    }
}

impl Wanted {
    fn is(&self, reply: &Received) -> bool {
        match &self.id {
            Id::Text(_) => Id::of(reply) == self.id,
            Id::Absent => Id::of(reply) == Id::Absent && reply.channel() == self.channel,
            Id::Odd => reply.channel() == self.channel,
        }
    }
}

/// What answers to a body are known by. Only the envelope is read: data may be deeper or odder than
/// a JSON library takes.
fn expected_replies(body: &str) -> Vec<Wanted> {
    let requests: Vec<Box<RawValue>> = match serde_json::from_str(body) {
        Ok(requests) => requests,
        Err(_) => serde_json::from_str(body).map(|request| vec![request]).unwrap_or_default(),
    };
    let requests = requests.iter().filter_map(|raw| Received::new(raw.get()));
    let wanted =
        |request: Received| Wanted { id: Id::of(&request), channel: request.channel().to_owned() };
    requests.map(wanted).collect()
}
