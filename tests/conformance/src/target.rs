//! The server under test: where it is and what it says about itself.
//!
//! [`Target::survey`] shakes hands once and notes what is on offer, so that scenarios can be
//! skipped with a reason instead of failing for want of an option.

use std::fmt;
use std::time::Duration;

use serde_json::{Value, json};

use crate::lab::Lab;
use crate::transport::Transport;
use crate::verdict::Stop;

/// The place of a Bayeux endpoint.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Endpoint {
    /// Name or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Path, beginning with a slash, without query.
    pub path: String,
}

impl Endpoint {
    /// Reads `http://HOST[:PORT][/PATH]`.
    ///
    /// # Errors
    ///
    /// A text for the user: no other scheme is spoken, and a query is not taken.
    pub fn parse(url: &str) -> Result<Self, String> {
        let rest = url
            .strip_prefix("http://")
            .ok_or("the URL must begin with http:// (put a proxy before a TLS server)")?;
        if rest.contains(['?', '#', '@']) {
            return Err("the URL must have neither query nor fragment nor user".to_owned());
        }
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) => (host, port.parse().map_err(|_| format!("bad port {port:?}"))?),
            None => (authority, 80),
        };
        if host.is_empty() {
            return Err("the URL has no host".to_owned());
        }
        let path = format!("/{}", path.trim_end_matches('/'));
        Ok(Self { host: host.to_owned(), port, path })
    }

    /// The value for a `Host` header.
    pub(crate) fn authority(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    /// A path below the endpoint's; `suffix` begins with a slash.
    pub(crate) fn below(&self, suffix: &str) -> String {
        format!("{}{suffix}", self.path.trim_end_matches('/'))
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}{}", self.authority(), self.path)
    }
}

/// What the user knows about the target and the target does not say.
#[derive(Clone, Debug, Default)]
pub struct Hints {
    /// How long a connect is held; else taken from the handshake's advice.
    pub timeout: Option<Duration>,
    /// How long the server waits for the next connect before it forgets a session; CometD's
    /// `maxInterval`. No default: without it scenarios of expiry are skipped.
    pub max_interval: Option<Duration>,
    /// The longest a scenario may wait for one thing. Default 12 s.
    pub patience: Option<Duration>,
    /// A channel below which everything published is kept for replay. No default: servers do not
    /// tell, and without it scenarios of replay are skipped.
    pub replay_root: Option<String>,
}

/// A surveyed server.
#[derive(Clone, Debug)]
pub struct Target {
    /// Where it is.
    pub endpoint: Endpoint,
    /// `supportedConnectionTypes` of its handshake reply.
    pub types: Vec<String>,
    /// How long it holds a connect.
    pub timeout: Duration,
    /// The pause it wants between connects.
    pub interval: Duration,
    /// How long it waits for the next connect, where known.
    pub max_interval: Option<Duration>,
    /// Whether a handshake that asks for the ack extension gets it.
    pub ack: bool,
    /// A channel below which messages are kept, if a handshake that asks for replay gets it.
    pub replay: Option<String>,
    /// The name of the browser cookie it sets.
    pub cookie: Option<String>,
    /// The longest a scenario may wait for one thing.
    pub patience: Duration,
}

impl Target {
    /// Asks the server about itself by one handshake over long-polling.
    ///
    /// # Errors
    ///
    /// A text for the user if there is no Bayeux server.
    pub async fn survey(endpoint: Endpoint, hints: &Hints) -> Result<Self, String> {
        let patience = hints.patience.unwrap_or(Duration::from_secs(12));
        let unknown = Self {
            endpoint,
            types: vec!["long-polling".to_owned()],
            timeout: hints.timeout.unwrap_or(Duration::from_secs(30)),
            interval: Duration::ZERO,
            max_interval: hints.max_interval,
            ack: false,
            replay: None,
            cookie: None,
            patience,
        };
        let place = unknown.endpoint.to_string();
        let told = |stop: Stop| format!("no Bayeux server at {place}: {stop}");
        let lab = Lab::new(unknown.clone(), Transport::LongPolling);
        let client = lab.stranger();
        let request = client.message(
            "/meta/handshake",
            json!({"version": "1.0", "minimumVersion": "1.0", "ext": {"ack": true, "replay": true},
                   "supportedConnectionTypes": ["long-polling", "websocket", "callback-polling"]}),
        );
        let answer = client.send(&[request]).await.map_err(told)?;
        let reply = answer.reply("/meta/handshake").and_then(|reply| {
            client.adopt(reply)?;
            Ok(reply)
        });
        let reply = reply.map_err(told)?;
        let milliseconds =
            |name: &str| reply.at(&["advice", name]).as_u64().map(Duration::from_millis);
        let types = reply.at(&["supportedConnectionTypes"]).as_array();
        let types = types.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned);
        let cookie = answer.header("set-cookie").and_then(|cookie| cookie.split_once('='));
        let target = Self {
            types: types.collect(),
            timeout: hints.timeout.or(milliseconds("timeout")).unwrap_or(unknown.timeout),
            interval: milliseconds("interval").unwrap_or_default(),
            max_interval: hints.max_interval.or(milliseconds("maxInterval")),
            ack: !matches!(reply.at(&["ext", "ack"]), Value::Null | Value::Bool(false)),
            replay: hints.replay_root.clone().filter(|_| *reply.at(&["ext", "replay"]) == true),
            cookie: cookie.map(|(name, _)| name.trim().to_owned()),
            ..unknown
        };
        client.leave().await;
        Ok(target)
    }

    /// Whether its handshake names this transport.
    pub(crate) fn offers(&self, transport: Transport) -> bool {
        self.types.iter().any(|name| name == transport.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_has_host_port_and_path() {
        let endpoint = Endpoint::parse("http://localhost:8080/cometd/").unwrap();
        assert_eq!(endpoint.to_string(), "http://localhost:8080/cometd");
        assert_eq!(endpoint.below("/handshake"), "/cometd/handshake");
        assert_eq!(Endpoint::parse("http://h").unwrap().path, "/");
        assert_eq!(Endpoint::parse("http://h").unwrap().below("/x"), "/x");
        assert!(Endpoint::parse("https://h/c").is_err());
        assert!(Endpoint::parse("http://h:x/c").is_err());
    }
}
