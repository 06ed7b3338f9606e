//! Settings of everything between a socket and a request: listeners, TLS, origins, rates, logs.

use std::net::SocketAddr;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// `[server]`: the listener and what one connection may cost.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct ServerSettings {
    /// Address and port to listen on; port 0 takes a free one. Default `127.0.0.1:8080`.
    pub listen: SocketAddr,
    /// Where clients find this server: what stands before `/api/v2` in every `uri` member, and an
    /// origin that is our own. Default: `http(s)://<bound address>`.
    pub external_url: Option<String>,
    /// Addresses or networks (`10.0.0.0/8`) of proxies that are believed when they say whom they
    /// speak for. Default none: every client is the address that its connection comes from.
    pub trusted_proxies: Vec<String>,
    /// Where they say it: `x-forwarded-for` or `forwarded`. Default `x-forwarded-for`. The other
    /// header is not looked at, since proxies pass on what they do not set.
    pub forwarded_header: ForwardedHeader,
    /// Connections served at a time. Default 50,000; further ones wait in the kernel's queue.
    pub max_connections: usize,
    /// Time for the head of a request, idle keep-alive included; silence before the first request,
    /// and after a poll that was held, may last as long again. Default 30,000 ms.
    /// Jetty, and so GWS, has 30 s too (`idleTimeout`).
    pub header_timeout_ms: u64,
    /// Time for the body of a request once its head is there. Default 15,000 ms.
    pub body_timeout_ms: u64,
    /// Largest head of a request. Default 16,384 bytes, at least 8,192; beyond it 431.
    pub max_header_bytes: usize,
    /// Largest body of a REST request. Default 262,144 bytes; beyond it 413.
    pub max_body_bytes: usize,
    /// Time after which unacknowledged data ends a connection. Default 60,000 ms.
    pub write_timeout_ms: u64,
    /// Time between the signal and the end of readiness on one side and the drain on the other.
    /// Default 0 ms.
    pub drain_delay_ms: u64,
    /// Longest time a drain may take before connections are cut. Default 10,000 ms.
    pub shutdown_timeout_ms: u64,
}

impl Default for ServerSettings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            external_url: None,
            trusted_proxies: Vec::new(),
            forwarded_header: ForwardedHeader::default(),
            max_connections: 50_000,
            header_timeout_ms: 30_000,
            body_timeout_ms: 15_000,
            max_header_bytes: 16_384,
            max_body_bytes: 262_144,
            write_timeout_ms: 60_000,
            drain_delay_ms: 0,
            shutdown_timeout_ms: 10_000,
        }
    }
}

/// Where a proxy says whom it speaks for.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ForwardedHeader {
    /// `X-Forwarded-For: client, proxy`
    #[default]
    XForwardedFor,
    /// `Forwarded: for=client, for=proxy`, RFC 7239.
    Forwarded,
}

/// `[operations]`: a listener of its own for `/metrics`, `/healthz`, `/readyz` and `/version`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct OperationsSettings {
    /// Where to answer them, in plain HTTP. Default: on the main listener.
    pub listen: Option<SocketAddr>,
}

/// `[tls]`: both or neither; with both the main listener speaks TLS 1.2 and 1.3.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct TlsSettings {
    /// PEM file: the certificate first, then its chain.
    pub certificate: Option<PathBuf>,
    /// PEM file: the certificate's private key.
    pub key: Option<PathBuf>,
}

/// `[cors]`: pages of which other origins may call with credentials.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct CorsSettings {
    /// Origins as a browser sends them, such as `https://desk.example.com`. Default none.
    pub allowed_origins: Vec<String>,
    /// Also allow `localhost`, `127.0.0.1` and `[::1]` on any port. Default off, demo on.
    pub loopback: bool,
}

/// `[limits]`: rates. Bursts are what may come at once; 0 per second means no limit.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct LimitSettings {
    /// Requests per second from one address (one /64 of IPv6). Default 500; demo 0.
    pub address_per_second: u32,
    /// Default 5,000 requests.
    pub address_burst: u32,
    /// Requests per second of one user. Default 50; demo 0.
    pub user_per_second: u32,
    /// Default 500 requests.
    pub user_burst: u32,
    /// Bayeux handshakes per second of one endpoint, of all clients together. Default 1,000; demo 0.
    /// Beyond it `503`, and clients are told to come back spread over the time that it takes.
    pub handshakes_per_second: u32,
    /// Default 10,000 handshakes.
    pub handshake_burst: u32,
    /// Messages per second that one Bayeux session publishes. Default 100; demo 0. Beyond it `429`.
    pub session_publishes_per_second: u32,
    /// Default 1,000 messages.
    pub session_publish_burst: u32,
    /// Bayeux handshakes per second from one address (one /64 of IPv6), of both endpoints
    /// together. Default 20; demo 0. Beyond it `429::too_many_handshakes_of_address`.
    pub address_handshakes_per_second: u32,
    /// Default 1,000 handshakes.
    pub address_handshake_burst: u32,
    /// Connections of one address (one /64 of IPv6), trusted proxies left out, and every
    /// `WebSocket`. Default 5,000; demo 0, which is no bound. Further ones are closed at once.
    pub connections_per_address: usize,
}

impl Default for LimitSettings {
    fn default() -> Self {
        Self {
            address_per_second: 500,
            address_burst: 5_000,
            user_per_second: 50,
            user_burst: 500,
            handshakes_per_second: 1_000,
            handshake_burst: 10_000,
            session_publishes_per_second: 100,
            session_publish_burst: 1_000,
            address_handshakes_per_second: 20,
            address_handshake_burst: 1_000,
            connections_per_address: 5_000,
        }
    }
}

/// `[log]`: what is written to standard error, and how.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct LogSettings {
    /// `text` or `json`. Default `text`.
    pub format: LogFormat,
    /// Directives of tracing's environment filter, such as `info,encke_server=debug`.
    /// Default `info`.
    pub filter: String,
}

impl Default for LogSettings {
    fn default() -> Self {
        Self { format: LogFormat::Text, filter: "info".to_owned() }
    }
}

/// The form of a log line.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}
