//! How Bayeux is served over HTTP: bounds, the browser cookie, sockets, callbacks, views, gzip.

use std::num::NonZeroUsize;
use std::time::Duration;

use http::StatusCode;

/// How Bayeux is served over HTTP.
#[derive(Clone, Debug)]
pub struct HttpConfig {
    pub(crate) body_bytes: usize,
    pub(crate) body_timeout: Duration,
    pub(crate) superseded_status: StatusCode,
    pub(crate) cookie: CookieConfig,
    pub(crate) callback_polling: bool,
    pub(crate) callback: CallbackConfig,
    pub(crate) socket: SocketConfig,
    pub(crate) views: bool,
    pub(crate) compress_above: Option<usize>,
    pub(crate) ping_interval: Duration,
    pub(crate) write_timeout: Duration,
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self {
            body_bytes: 1 << 20,
            body_timeout: Duration::from_secs(30),
            superseded_status: StatusCode::CONFLICT,
            cookie: CookieConfig::default(),
            callback_polling: false,
            callback: CallbackConfig::default(),
            socket: SocketConfig::default(),
            views: false,
            compress_above: None,
            ping_interval: Duration::from_secs(30),
            write_timeout: Duration::from_secs(30),
        }
    }
}

impl HttpConfig {
    /// Largest request body. Default 1 MiB; beyond: 413. CometD: `maxMessageSize`.
    #[must_use]
    pub fn body_bytes(mut self, bytes: usize) -> Self {
        self.body_bytes = bytes;
        self
    }

    /// Longest time to receive a request body. Default 30 s; beyond: 408 and the connection closes.
    #[must_use]
    pub fn body_timeout(mut self, timeout: Duration) -> Self {
        self.body_timeout = timeout;
        self
    }

    /// Status of a held connect that a newer one of its session has superseded. Default 409.
    ///
    /// CometD: `duplicateMetaConnectHttpResponseCode`, default 500. Clients take every status but
    /// 200 alike. Keep away from 408: Chromium repeats such a request by itself on a connection
    /// that was used before, and the two connects would supersede each other for ever.
    #[must_use]
    pub fn superseded_status(mut self, status: StatusCode) -> Self {
        self.superseded_status = status;
        self
    }

    /// Whether callback-polling is served: replies as scripts. Default false.
    ///
    /// Any page of any site may load such a script with its visitor's cookies; switch it on for
    /// endpoints that know no users only, and name `callback-polling` among the broker's connection
    /// types.
    #[must_use]
    pub fn callback_polling(mut self, served: bool) -> Self {
        self.callback_polling = served;
        self
    }

    /// How requests of callback-polling name their callback.
    #[must_use]
    pub fn callback(mut self, callback: CallbackConfig) -> Self {
        self.callback = callback;
        self
    }

    /// What is particular to `WebSocket`s.
    #[must_use]
    pub fn socket(mut self, socket: SocketConfig) -> Self {
        self.socket = socket;
        self
    }

    /// Whether channels can be read without a Bayeux library: `GET .../events` as server-sent events,
    /// `GET .../history` from the broker's log. Default false.
    ///
    /// Both are judged like subscriptions. Requests of pages of other origins are for the server
    /// around this service to refuse, before they get here: a browser opens such a stream with its
    /// visitor's cookies, though the page may not read it.
    #[must_use]
    pub fn views(mut self, served: bool) -> Self {
        self.views = served;
        self
    }

    /// Size above which replies are compressed for clients that take gzip. Default never.
    ///
    /// Worth it from about 2,000 bytes, where a second segment is saved; of a burst of notifications
    /// an eighth is left. Where strangers can both write into a response and watch its length on the
    /// wire, they can guess at what stands beside; then leave it off.
    #[must_use]
    pub fn compress_above(mut self, bytes: Option<usize>) -> Self {
        self.compress_above = bytes;
        self
    }

    /// How often the server pings a WebSocket, and writes a comment into a stream of events that has
    /// nothing to say. Default 30 s.
    ///
    /// A peer of a WebSocket that is silent for two intervals, pongs included, is dropped.
    #[must_use]
    pub fn ping_interval(mut self, interval: Duration) -> Self {
        self.ping_interval = interval.max(Duration::from_millis(1));
        self
    }

    /// Longest time that a WebSocket may take to accept a frame. Default 30 s; beyond: dropped.
    #[must_use]
    pub fn write_timeout(mut self, timeout: Duration) -> Self {
        self.write_timeout = timeout;
        self
    }

    /// Attributes of the browser cookie.
    #[must_use]
    pub fn cookie(mut self, cookie: CookieConfig) -> Self {
        self.cookie = cookie;
        self
    }
}

/// The callback of callback-polling.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct CallbackConfig {
    /// Parameter of the query that names it. Default `jsonp`. CometD: `callbackParameter`.
    pub parameter: String,
    /// Longest name, in bytes. Default 64; beyond: 400. CometD: `callbackParameterMaxLength`.
    pub max_bytes: usize,
}

impl Default for CallbackConfig {
    fn default() -> Self {
        Self { parameter: "jsonp".into(), max_bytes: 64 }
    }
}

/// What is particular to `WebSocket`s. Documented: CometD's `ws...` options.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct SocketConfig {
    /// Largest message that is taken, in bytes; beyond: closed with 1009. Default: as a body.
    ///
    /// CometD: `ws.maxMessageSize`, default 65,536.
    pub message_bytes: Option<usize>,
    /// Most Bayeux messages in a frame that is sent. Default: all that there are, up to the broker's
    /// size of a response.
    ///
    /// With a bound, replies go in a frame of their own behind the messages.
    /// CometD: `ws.messagesPerFrame`, default 1.
    pub messages_per_frame: Option<NonZeroUsize>,
    /// Whether a socket serves only the session whose handshake it carried. Default false: a session
    /// may come back on another socket.
    ///
    /// CometD: `ws.requireHandshakePerConnection`.
    pub handshake_required: bool,
    /// A subprotocol that clients have to offer; others are refused with 400. Default none.
    ///
    /// CometD: `ws.protocol`.
    pub protocol: Option<String>,
}

/// The `SameSite` attribute of a cookie.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SameSite {
    /// Sent on requests of the same site only.
    Strict,
    /// Sent on top-level navigation too.
    Lax,
    /// Sent always; browsers want `Secure` with it.
    None,
}

impl SameSite {
    /// The attribute's value.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Strict => "Strict",
            Self::Lax => "Lax",
            Self::None => "None",
        }
    }
}

/// The browser cookie. Documented: CometD's `browserCookie...` options, same defaults.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct CookieConfig {
    /// Default `BAYEUX_BROWSER`.
    pub name: String,
    /// Default `/`.
    pub path: String,
    /// Default none.
    pub domain: Option<String>,
    /// Default none: until the browser closes.
    pub max_age: Option<Duration>,
    /// Default false. Turn it on where the service is reached over TLS.
    pub secure: bool,
    /// Default true.
    pub http_only: bool,
    /// Default none: the browser's choice.
    pub same_site: Option<SameSite>,
    /// Default false. For pages embedded in another site's frame.
    pub partitioned: bool,
}

impl Default for CookieConfig {
    fn default() -> Self {
        Self {
            name: "BAYEUX_BROWSER".into(),
            path: "/".into(),
            domain: None,
            max_age: None,
            secure: false,
            http_only: true,
            same_site: None,
            partitioned: false,
        }
    }
}
