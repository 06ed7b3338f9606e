//! What a scenario gets: the target, a transport, names of its own, and a record of what it did.

use std::collections::VecDeque;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, Hasher as _};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::timeout;

use crate::client::Client;
use crate::cookies::Browser;
use crate::http::{Connection, Request, Response};
use crate::target::Target;
use crate::transport::Transport;
use crate::verdict::{Stop, failed, skipped};
use crate::wire::{CallbackPolling, LongPolling, Socket, WebSocket, Wire};

/// Lines that are kept of what went over the wire.
const KEPT_LINES: usize = 14;

/// Most characters of a body in such a line.
const KEPT_CHARACTERS: usize = 420;

/// One run of one scenario. Clones are the same run.
#[derive(Clone, Debug)]
pub(crate) struct Lab {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    target: Target,
    transport: Transport,
    prefix: String,
    next: AtomicU64,
    record: Mutex<VecDeque<String>>,
}

impl Lab {
    /// A new run.
    pub(crate) fn new(target: Target, transport: Transport) -> Self {
        let random = RandomState::new().build_hasher().finish();
        let inner = Inner {
            target,
            transport,
            prefix: format!("/c{random:016x}"),
            next: AtomicU64::new(0),
            record: Mutex::default(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// The server under test.
    pub(crate) fn target(&self) -> &Target {
        &self.inner.target
    }

    /// The transport of this run.
    pub(crate) fn transport(&self) -> Transport {
        self.inner.transport
    }

    /// A channel that nobody else uses: the first segment is this run's, the rest as given, which
    /// begins with a slash or is empty.
    pub(crate) fn channel(&self, rest: &str) -> String {
        format!("{}{rest}", self.inner.prefix)
    }

    /// A message id that this run has not used.
    pub(crate) fn id(&self) -> String {
        (self.inner.next.fetch_add(1, Ordering::Relaxed) + 1).to_string()
    }

    /// A wire of this run's transport.
    pub(crate) fn wire(&self, browser: &Browser) -> Box<dyn Wire> {
        self.wire_of(self.inner.transport, browser)
    }

    /// A wire of any transport.
    pub(crate) fn wire_of(&self, transport: Transport, browser: &Browser) -> Box<dyn Wire> {
        let endpoint = self.inner.target.endpoint.clone();
        match transport {
            Transport::LongPolling => Box::new(LongPolling::new(endpoint, browser.clone())),
            Transport::CallbackPolling => Box::new(CallbackPolling::new(endpoint, browser.clone())),
            Transport::WebSocket => Box::new(WebSocket::new(endpoint, browser.clone())),
        }
    }

    /// A client in a browser of its own that has not shaken hands.
    pub(crate) fn stranger(&self) -> Client {
        self.stranger_in(&Browser::default())
    }

    /// A client in this browser that has not shaken hands.
    pub(crate) fn stranger_in(&self, browser: &Browser) -> Client {
        Client::new(self.clone(), self.wire(browser), browser.clone())
    }

    /// A client that has shaken hands and not connected.
    pub(crate) async fn shaken(&self) -> Result<Client, Stop> {
        let client = self.stranger();
        client.shake().await?;
        Ok(client)
    }

    /// A client that has shaken hands and had its first connect.
    pub(crate) async fn client(&self) -> Result<Client, Stop> {
        self.client_in(&Browser::default()).await
    }

    /// The same in this browser.
    pub(crate) async fn client_in(&self, browser: &Browser) -> Result<Client, Stop> {
        let client = self.stranger_in(browser);
        client.shake().await?;
        client.first_connect().await?;
        Ok(client)
    }

    /// The same over another transport of the target.
    pub(crate) async fn client_over(&self, transport: Transport) -> Result<Client, Stop> {
        let browser = Browser::default();
        let client = Client::new(self.clone(), self.wire_of(transport, &browser), browser);
        client.shake().await?;
        client.first_connect().await?;
        Ok(client)
    }

    /// A client with one subscription, and another client to publish to it.
    pub(crate) async fn pair(&self, channel: &str) -> Result<(Client, Client), Stop> {
        let (subscriber, publisher) = (self.client().await?, self.client().await?);
        subscriber.subscribe(channel).await?;
        Ok((subscriber, publisher))
    }

    /// One HTTP request on a connection of its own.
    pub(crate) async fn request(&self, request: &Request) -> Result<Response, Stop> {
        let mut connection = self.connection().await?;
        self.exchange(&mut connection, request).await
    }

    /// One HTTP request on this connection.
    pub(crate) async fn exchange(
        &self,
        connection: &mut Connection,
        request: &Request,
    ) -> Result<Response, Stop> {
        let body = String::from_utf8_lossy(request.body.as_deref().unwrap_or_default());
        let headers: Vec<_> = request.headers.iter().map(|(n, v)| format!("{n}: {v}")).collect();
        self.note(&format!(
            "> {} {} [{}] {body}",
            request.method,
            request.path,
            headers.join(", ")
        ));
        let response = self.limited(connection.exchange(request)).await?;
        self.note_response(&response);
        Ok(response)
    }

    /// A new TCP connection to the target.
    pub(crate) async fn connection(&self) -> Result<Connection, Stop> {
        self.limited(Connection::open(&self.target().endpoint)).await
    }

    /// The next response on a connection.
    pub(crate) async fn response(&self, connection: &mut Connection) -> Result<Response, Stop> {
        let response = self.limited(connection.receive("POST")).await?;
        self.note_response(&response);
        Ok(response)
    }

    /// A bare WebSocket to the target.
    pub(crate) async fn socket(&self) -> Result<Socket, Stop> {
        let endpoint = &self.target().endpoint;
        Ok(Socket::open(endpoint, &endpoint.path, &[]).await?)
    }

    async fn limited<T>(&self, work: impl Future<Output = std::io::Result<T>>) -> Result<T, Stop> {
        match timeout(self.limit(), work).await {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(error)) => {
                self.note(&format!("< {error}"));
                Err(failed(format!("no response: {error}")))
            }
            Err(_) => Err(failed(format!("no response within {} ms", self.limit().as_millis()))),
        }
    }

    fn note_response(&self, response: &Response) {
        self.note(&format!("< {} {}", response.status, response.text()));
    }

    /// Keeps a line for the report of a failure.
    pub(crate) fn note(&self, line: &str) {
        let mut short: String = line.chars().take(KEPT_CHARACTERS).collect();
        if short.len() < line.len() {
            short.push_str(&format!("... ({} bytes)", line.len()));
        }
        let mut record = self.inner.record.lock().unwrap_or_else(PoisonError::into_inner);
        if record.len() == KEPT_LINES {
            record.pop_front();
        }
        record.push_back(short);
    }

    /// The last lines of what went over the wire.
    pub(crate) fn record(&self) -> Vec<String> {
        let record = self.inner.record.lock().unwrap_or_else(PoisonError::into_inner);
        record.iter().cloned().collect()
    }

    /// The longest that any answer may take.
    pub(crate) fn limit(&self) -> Duration {
        self.target().patience
    }

    /// What is still "at once" on a busy machine, and far from the time of a hold.
    pub(crate) fn at_once(&self) -> Duration {
        Duration::from_millis(1500).min(self.target().timeout.mul_f32(0.6))
    }

    /// How long the target holds a connect, if that can be waited for.
    pub(crate) fn whole_hold(&self) -> Result<Duration, Stop> {
        let timeout = self.target().timeout;
        if timeout + Duration::from_secs(2) <= self.limit() {
            Ok(timeout)
        } else {
            Err(skipped(format!("a hold takes {} ms, beyond --patience-ms", timeout.as_millis())))
        }
    }

    /// After how much silence a session is gone, with time for a sweep, if that can be waited for.
    pub(crate) fn expiry(&self) -> Result<Duration, Stop> {
        let target = self.target();
        let known = target.max_interval;
        let time = known.ok_or_else(|| skipped("--max-interval-ms was not given"))?
            + target.interval
            + Duration::from_millis(1500);
        if time <= self.limit() {
            Ok(time)
        } else {
            Err(skipped(format!("expiry takes {} ms, beyond --patience-ms", time.as_millis())))
        }
    }

    /// Goes on only if the target's handshake names this transport.
    pub(crate) fn needs(&self, transport: Transport) -> Result<(), Stop> {
        if self.target().offers(transport) {
            Ok(())
        } else {
            Err(skipped(format!("{transport} is not offered")))
        }
    }
}
