//! Settings of how Bayeux messages are carried: sockets, and the browser cookie.

use serde::{Deserialize, Serialize};

/// `[websocket]`: sockets of both Bayeux endpoints.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct WebSocketSettings {
    /// Largest message that is taken. Default 1,048,576 bytes; beyond it the socket closes with
    /// 1009. CometD: `ws.maxMessageSize`, default 65,536.
    pub max_message_bytes: usize,
    /// Most Bayeux messages in a frame that is sent. Default 0: all that there are, up to
    /// `bayeux.max_response_bytes`. CometD: `ws.messagesPerFrame`, default 1.
    pub messages_per_frame: usize,
    /// How often a socket is pinged; one that is silent for two intervals is dropped. Default
    /// 30,000 ms. Takes the place of CometD's `ws.idleTimeout`.
    pub ping_interval_ms: u64,
    /// Longest time for a frame to be taken; beyond it the socket is dropped. Default 30,000 ms.
    pub write_timeout_ms: u64,
    /// Whether a socket serves only the session whose handshake it carried. Default no.
    /// CometD: `ws.requireHandshakePerConnection`.
    pub require_handshake: bool,
    /// A subprotocol that clients have to offer; others get 400. Default none. CometD: `ws.protocol`.
    pub protocol: Option<String>,
}

impl Default for WebSocketSettings {
    fn default() -> Self {
        Self {
            max_message_bytes: 1_048_576,
            messages_per_frame: 0,
            ping_interval_ms: 30_000,
            write_timeout_ms: 30_000,
            require_handshake: false,
            protocol: None,
        }
    }
}

/// `[browser_cookie]`: the cookie by which browsers are told apart; no login. `SameSite`, `Secure`
/// and `Partitioned` are those of `[session]`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct BrowserCookieSettings {
    /// Default `BAYEUX_BROWSER`. CometD: `browserCookieName`.
    pub name: String,
    /// Default none: the host alone. CometD: `browserCookieDomain`.
    pub domain: Option<String>,
    /// Default `/`. CometD: `browserCookiePath`.
    pub path: String,
    /// How long browsers keep it. Default 0 ms: until they close. CometD: `browserCookieMaxAge`.
    pub max_age_ms: u64,
    /// Whether it is hidden from scripts. Default yes. CometD: `browserCookieHttpOnly`.
    pub http_only: bool,
    /// Whether an anonymous client has to show it: `learnt` asks those that keep it, `required` all,
    /// `ignored` nobody. Default `learnt`. CometD: `trustClientSession`.
    pub binding: CookieBinding,
}

impl Default for BrowserCookieSettings {
    fn default() -> Self {
        Self {
            name: "BAYEUX_BROWSER".to_owned(),
            domain: None,
            path: "/".to_owned(),
            max_age_ms: 0,
            http_only: true,
            binding: CookieBinding::Learnt,
        }
    }
}

/// Who has to show the browser cookie of the handshake. Users are bound by their login instead.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CookieBinding {
    /// A client whose first request shows it.
    #[default]
    Learnt,
    /// Every client; those that keep no cookies cannot connect.
    Required,
    /// No client: its client id alone opens the session.
    Ignored,
}
