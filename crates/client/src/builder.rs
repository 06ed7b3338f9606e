//! Settings of a client. Setters take the value and give the builder back; everything is checked
//! once, in [`ClientBuilder::connect`].

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use tokio::sync::{mpsc, watch};

use crate::client::{Client, Kit};
use crate::clock;
use crate::credentials::{Freshness, Source};
use crate::driver::{Driver, Work};
use crate::error::BuildError;
use crate::link::{Link, Shared};
use crate::machine::{Bounds, ConnectionType, Machine, Settings};
use crate::replay::PositionStore;
use crate::status::Status;
#[cfg(feature = "tls")]
use crate::transport::Tls;
use crate::transport::{Endpoint, Target, Transports, UrlError};

/// Commands that wait for the driver before callers wait too.
const COMMANDS: usize = 64;

/// Headers that the client writes itself.
const OURS: [HeaderName; 9] = [
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::CONTENT_TYPE,
    header::HOST,
    header::SEC_WEBSOCKET_EXTENSIONS,
    header::SEC_WEBSOCKET_KEY,
    header::SEC_WEBSOCKET_VERSION,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// Extensions of the handshake that have settings of their own.
const OUR_EXTENSIONS: [&str; 2] = ["ack", "replay"];

/// Settings of a client; see [`Client::builder`]. Its Debug shows no credentials.
pub struct ClientBuilder {
    url: String,
    headers: Vec<(String, Secret)>,
    source: Option<Source>,
    handshake_ext: BTreeMap<String, Result<Box<RawValue>, String>>,
    roots: Vec<Vec<u8>>,
    websocket: bool,
    ack: bool,
    replay: bool,
    request_timeout: Duration,
    operation_timeout: Duration,
    call_timeout: Duration,
    calls: usize,
    backoff_increment: Duration,
    backoff_max: Duration,
    bounds: Bounds,
    answer_bytes: usize,
    positions: Option<Arc<dyn PositionStore>>,
}

struct Secret(String);

impl ClientBuilder {
    pub(crate) fn new(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            headers: Vec::new(),
            source: None,
            handshake_ext: BTreeMap::new(),
            roots: Vec::new(),
            websocket: true,
            ack: true,
            replay: true,
            request_timeout: Duration::from_secs(10),
            operation_timeout: Duration::from_secs(30),
            call_timeout: Duration::from_secs(30),
            calls: 1024,
            backoff_increment: Duration::from_secs(1),
            backoff_max: Duration::from_secs(30),
            bounds: Bounds {
                batch_messages: 500,
                batch_bytes: 60_000,
                queue_messages: 1024,
                queue_bytes: 8 << 20,
            },
            answer_bytes: 16 << 20,
            positions: None,
        }
    }

    /// Sends a header with every request. Default: none.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), Secret(value.to_owned())));
        self
    }

    /// Authenticates every request with a name and a password (RFC 7617). Default: not.
    #[must_use]
    pub fn basic_auth(self, user: &str, password: &str) -> Self {
        let credentials = STANDARD.encode(format!("{user}:{password}"));
        self.header("authorization", &format!("Basic {credentials}"))
    }

    /// Authenticates every request with a token (RFC 6750). Default: not.
    #[must_use]
    pub fn bearer_auth(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    /// Asks `source` for the value of the `Authorization` header whenever a session is opened, such
    /// as `Bearer ` and a token. Default: nobody is asked.
    ///
    /// With [`Freshness::New`] the server has refused the value before; if it refuses the new one
    /// too, the client closes ([`CloseReason::Rejected`](crate::CloseReason::Rejected)). A source
    /// that fails is asked again after a pause. Its time counts as the request's.
    #[must_use]
    pub fn authorization<F, R, E>(mut self, source: F) -> Self
    where
        F: Fn(Freshness) -> R + Send + Sync + 'static,
        R: Future<Output = Result<String, E>> + Send + 'static,
        E: fmt::Display,
    {
        self.source = Some(Source::new(source));
        self
    }

    /// Sends a member of `ext` with every handshake, such as a token that the server's policy wants
    /// to see. Default: none. `ack` and `replay` are the client's own.
    #[must_use]
    pub fn handshake_ext(mut self, name: &str, value: &(impl Serialize + ?Sized)) -> Self {
        let value = to_raw_value(value).map_err(|error| error.to_string());
        self.handshake_ext.insert(name.to_owned(), value);
        self
    }

    /// Trusts the certificates in this PEM text, besides the roots that browsers trust.
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn trust(mut self, pem: &[u8]) -> Self {
        self.roots.push(pem.to_owned());
        self
    }

    /// Whether to try WebSocket first. Default true: it costs one more request with a server, or a
    /// proxy on the way, that refuses it, and the client then falls back to long-polling.
    #[must_use]
    pub fn websocket(mut self, websocket: bool) -> Self {
        self.websocket = websocket;
        self
    }

    /// Whether to ask for acknowledged delivery: a message that was on its way when a connection
    /// broke is then sent again. Default true; without effect if the server does not offer it.
    ///
    /// Documented: CometD's "message acknowledgement extension".
    #[must_use]
    pub fn ack(mut self, ack: bool) -> Self {
        self.ack = ack;
        self
    }

    /// Whether to ask for positions in the server's log, so that a new session goes on where the one
    /// before stopped, and [`SubscribeOptions::replay`](crate::SubscribeOptions::replay) has an
    /// effect. Default true; without effect if the server keeps no log.
    #[must_use]
    pub fn replay(mut self, replay: bool) -> Self {
        self.replay = replay;
        self
    }

    /// How long an answer may take; for a held connect, beyond what the server holds it. Default
    /// 10 s. CometD: `maxNetworkDelay`.
    #[must_use]
    pub fn request_timeout(mut self, timeout: Duration) -> Self {
        self.request_timeout = timeout;
        self
    }

    /// How long an operation may take, waiting for a connection included. Default 30 s.
    #[must_use]
    pub fn operation_timeout(mut self, timeout: Duration) -> Self {
        self.operation_timeout = timeout;
        self
    }

    /// How long [`Client::call`] waits for a result, waiting for a connection included. Default 30 s.
    #[must_use]
    pub fn call_timeout(mut self, timeout: Duration) -> Self {
        self.call_timeout = timeout;
        self
    }

    /// Most calls under way at once. Default 1,024; beyond, a call fails at once
    /// ([`CallError::TooMany`](crate::CallError::TooMany)).
    #[must_use]
    pub fn calls(mut self, calls: usize) -> Self {
        self.calls = calls;
        self
    }

    /// How the wait grows with every failure, and its bound. The wait after the n-th failure in a
    /// row lies between n - 1 and n increments, by chance. Default 1 s and 30 s.
    ///
    /// CometD: `backoffIncrement`, `maxBackoff`.
    #[must_use]
    pub fn backoff(mut self, increment: Duration, max: Duration) -> Self {
        self.backoff_increment = increment;
        self.backoff_max = max;
        self
    }

    /// Bounds of one request: messages and, about, bytes. Default 500 and 60,000, which is below
    /// what servers accept by default. A message or a [`Batch`](crate::Batch) that is larger goes
    /// out alone.
    #[must_use]
    pub fn request_bounds(mut self, messages: usize, bytes: usize) -> Self {
        self.bounds.batch_messages = messages;
        self.bounds.batch_bytes = bytes;
        self
    }

    /// Bounds of what waits to be sent, in messages and bytes; beyond, callers wait. Default 1,024
    /// and 8 MiB.
    #[must_use]
    pub fn queue_bounds(mut self, messages: usize, bytes: usize) -> Self {
        self.bounds.queue_messages = messages;
        self.bounds.queue_bytes = bytes;
        self
    }

    /// Largest answer that is read. Default 16 MiB; beyond, the exchange has failed
    /// ([`Failure::TooLarge`](crate::Failure::TooLarge)).
    #[must_use]
    pub fn answer_bytes(mut self, bytes: usize) -> Self {
        self.answer_bytes = bytes;
        self
    }

    /// Where positions of subscriptions with
    /// [`SubscribeOptions::replay`](crate::SubscribeOptions::replay) are kept beyond the client.
    /// Default: nowhere, so that a new client begins where these options say.
    #[must_use]
    pub fn positions(mut self, store: Arc<dyn PositionStore>) -> Self {
        self.positions = Some(store);
        self
    }

    /// Checks the settings and makes a client and its task. Nothing is sent before the
    /// [`Driver`] is polled: spawn it.
    ///
    /// # Errors
    ///
    /// [`BuildError`] names the setting that cannot be.
    pub fn connect(self) -> Result<(Client, Driver), BuildError> {
        for (name, zero) in [
            ("request_timeout", self.request_timeout.is_zero()),
            ("operation_timeout", self.operation_timeout.is_zero()),
            ("call_timeout", self.call_timeout.is_zero()),
            ("calls", self.calls == 0),
            ("backoff", self.backoff_increment.is_zero() || self.backoff_max.is_zero()),
            ("request_bounds", self.bounds.batch_messages == 0 || self.bounds.batch_bytes == 0),
            ("queue_bounds", self.bounds.queue_messages == 0 || self.bounds.queue_bytes == 0),
            ("answer_bytes", self.answer_bytes == 0),
        ] {
            if zero {
                return Err(BuildError::Zero(name));
            }
        }
        let endpoint = self.endpoint()?;
        let headers = self.headers()?;
        let mut handshake_ext = BTreeMap::new();
        for (name, value) in self.handshake_ext {
            let value = value.map_err(|_| BuildError::Extension(name.clone()))?;
            if OUR_EXTENSIONS.contains(&&*name) {
                return Err(BuildError::Extension(name));
            }
            handshake_ext.insert(name, value);
        }
        let mut connection_types = vec![ConnectionType::LongPolling];
        if self.websocket {
            connection_types.insert(0, ConnectionType::WebSocket);
        }
        let settings = Settings {
            connection_types,
            handshake_ext,
            ack: self.ack,
            replay: self.replay,
            request_timeout: self.request_timeout,
            operation_timeout: self.operation_timeout,
            calls: self.calls,
            renewable: self.source.is_some(),
            backoff_increment: self.backoff_increment,
            backoff_max: self.backoff_max,
            bounds: self.bounds,
        };
        let machine = Machine::new(settings, clock::chance());
        let transports =
            Transports::new(Target::new(endpoint, headers, self.source, self.answer_bytes));
        let (commands, received) = mpsc::channel(COMMANDS);
        let (status, watched) = watch::channel(Status::Connecting);
        let shared = Arc::new(Shared::default());
        let link = Link::new(commands, Arc::clone(&shared));
        let kit = Kit {
            positions: self.positions,
            answer_bytes: self.answer_bytes,
            call_timeout: self.call_timeout,
        };
        let client = Client::new(link, watched, kit);
        let work = Work::new(machine, transports, received, shared, status);
        Ok((client, Driver::new(work)))
    }

    fn endpoint(&self) -> Result<Endpoint, BuildError> {
        let endpoint = Endpoint::new(&self.url).map_err(|error| match error {
            UrlError::Unreadable => BuildError::Url,
            UrlError::Scheme(scheme) => BuildError::Scheme(scheme),
            UrlError::Credentials => BuildError::Credentials,
        })?;
        #[cfg(feature = "tls")]
        if endpoint.is_secure() {
            let tls = Tls::new(&self.roots).map_err(BuildError::Certificate)?;
            return Ok(endpoint.tls(tls));
        }
        Ok(endpoint)
    }

    fn headers(&self) -> Result<HeaderMap, BuildError> {
        let mut headers = HeaderMap::new();
        for (name, Secret(value)) in &self.headers {
            let refused = || BuildError::Header(name.clone());
            let key: HeaderName = name.parse().map_err(|_| refused())?;
            let mut value: HeaderValue = value.parse().map_err(|_| refused())?;
            if OURS.contains(&key) || (key == header::AUTHORIZATION && self.source.is_some()) {
                return Err(refused());
            }
            value.set_sensitive(true);
            headers.append(key, value);
        }
        Ok(headers)
    }
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = match self.url.rsplit_once('@') {
            Some((_, behind)) => behind,
            None => &self.url,
        };
        let headers: Vec<_> = self.headers.iter().map(|(name, _)| name).collect();
        let handshake_ext: Vec<_> = self.handshake_ext.keys().collect();
        f.debug_struct("ClientBuilder")
            .field("url", &url)
            .field("headers", &headers)
            .field("source", &self.source)
            .field("handshake_ext", &handshake_ext)
            .field("roots", &self.roots.len())
            .field("websocket", &self.websocket)
            .field("ack", &self.ack)
            .field("replay", &self.replay)
            .field("request_timeout", &self.request_timeout)
            .field("operation_timeout", &self.operation_timeout)
            .field("call_timeout", &self.call_timeout)
            .field("calls", &self.calls)
            .field("backoff_increment", &self.backoff_increment)
            .field("backoff_max", &self.backoff_max)
            .field("bounds", &self.bounds)
            .field("answer_bytes", &self.answer_bytes)
            .field("positions", &self.positions)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(builder: ClientBuilder) -> BuildError {
        builder.connect().map(|_| ()).unwrap_err()
    }

    #[test]
    fn settings_that_cannot_be_are_named() {
        let builder = || Client::builder("http://example.org/cometd");
        assert_eq!(refused(Client::builder("cometd")), BuildError::Url);
        assert_eq!(refused(Client::builder("ftp://x/")), BuildError::Scheme("ftp".into()));
        assert_eq!(refused(Client::builder("http://a:b@x/")), BuildError::Credentials);
        assert_eq!(refused(builder().header("a b", "c")), BuildError::Header("a b".into()));
        assert_eq!(refused(builder().header("Host", "c")), BuildError::Header("Host".into()));
        assert_eq!(
            refused(builder().bearer_auth("a\nb")),
            BuildError::Header("authorization".into())
        );
        let both = builder().bearer_auth("a").authorization(async |_| Ok::<_, String>("b".into()));
        assert_eq!(refused(both), BuildError::Header("authorization".into()));
        assert_eq!(refused(builder().answer_bytes(0)), BuildError::Zero("answer_bytes"));
        let odd = BTreeMap::from([((1, 2), 3)]);
        assert_eq!(refused(builder().handshake_ext("x", &odd)), BuildError::Extension("x".into()));
        let ours = refused(builder().handshake_ext("replay", &true));
        assert_eq!(ours, BuildError::Extension("replay".into()));
    }

    #[cfg(feature = "tls")]
    #[test]
    fn roots_have_to_be_certificates() {
        let builder = Client::builder("https://example.org/").trust(b"nothing");
        assert!(matches!(refused(builder), BuildError::Certificate(_)));
    }

    #[test]
    fn credentials_are_never_shown() {
        let builder = Client::builder("http://user:hidden@example.org/")
            .basic_auth("user", "hidden")
            .bearer_auth("hidden")
            .handshake_ext("token", "hidden");
        let shown = format!("{builder:?} {}", STANDARD.encode("user:hidden"));
        assert!(!shown.contains("hidden"), "{shown}");
        assert_eq!(shown.matches(&STANDARD.encode("user:hidden")).count(), 1, "{shown}");
        let (client, driver) =
            Client::builder("http://example.org/").basic_auth("user", "hidden").connect().unwrap();
        let shown = format!("{client:?} {driver:?}");
        assert!(!shown.contains(&STANDARD.encode("user:hidden")), "{shown}");
    }
}
