//! Whom to load, and the refusal to load strangers.
//!
//! A target is an `http` URL of a Bayeux endpoint, resolved once. Loading somebody else's server
//! by a slip of the keyboard is not possible: an address outside the loopback network is refused
//! unless [`Reach::Anywhere`] was asked for. TLS is refused.

use std::fmt;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs as _};

use base64::Engine as _;
use http::Uri;

/// Which addresses may be loaded.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Reach {
    /// Loopback addresses only.
    Loopback,
    /// Any address. Only for servers whose operator agreed.
    Anywhere,
}

/// A Bayeux endpoint and the login to use there.
#[derive(Clone, PartialEq)]
pub struct Target {
    address: SocketAddr,
    authority: String,
    path: String,
    authorization: Option<String>,
    websocket: bool,
    acknowledges: bool,
}

impl Target {
    /// Reads a URL such as `http://127.0.0.1:8080/cometd` and resolves its host.
    ///
    /// The first address that resolves is used, for the whole run. The port defaults to 80.
    ///
    /// # Errors
    ///
    /// [`TargetError`] says which part is at fault.
    ///
    /// # Examples
    ///
    /// ```
    /// use encke_load::target::{Reach, Target, TargetError};
    ///
    /// let target = Target::new("http://127.0.0.1:8080/cometd", Reach::Loopback).unwrap();
    /// assert_eq!(target.path(), "/cometd");
    /// let refused = Target::new("http://192.0.2.1/cometd", Reach::Loopback);
    /// assert!(matches!(refused, Err(TargetError::Remote(_))));
    /// ```
    pub fn new(url: &str, reach: Reach) -> Result<Self, TargetError> {
        let uri: Uri = url.parse().map_err(|_| TargetError::Url(url.to_owned()))?;
        if uri.scheme_str() != Some("http") {
            return Err(TargetError::Scheme(url.to_owned()));
        }
        let authority = uri.authority().ok_or_else(|| TargetError::Url(url.to_owned()))?;
        if authority.as_str().contains('@') {
            return Err(TargetError::Userinfo);
        }
        let host = authority.host().trim_start_matches('[').trim_end_matches(']');
        let port = authority.port_u16().unwrap_or(80);
        let unresolved =
            |source| TargetError::Unresolved { host: host.to_owned(), source: Some(source) };
        let address = (host, port)
            .to_socket_addrs()
            .map_err(unresolved)?
            .next()
            .ok_or_else(|| TargetError::Unresolved { host: host.to_owned(), source: None })?;
        if reach == Reach::Loopback && !address.ip().is_loopback() {
            return Err(TargetError::Remote(address));
        }
        Ok(Self {
            address,
            authority: authority.as_str().to_owned(),
            path: uri.path_and_query().map_or("/", |path| path.as_str()).to_owned(),
            authorization: None,
            websocket: false,
            acknowledges: false,
        })
    }

    /// Logs in by HTTP Basic with every request.
    #[must_use]
    pub fn basic(mut self, user: &str, password: &str) -> Self {
        let pair = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
        self.authorization = Some(format!("Basic {pair}"));
        self
    }

    /// Speaks over a WebSocket for each session. Default: long-polling.
    #[must_use]
    pub fn websocket(mut self, websocket: bool) -> Self {
        self.websocket = websocket;
        self
    }

    /// Acknowledges what arrived, by the acknowledgement extension. Default: no.
    #[must_use]
    pub fn acknowledge(mut self, acknowledges: bool) -> Self {
        self.acknowledges = acknowledges;
        self
    }

    pub(crate) fn acknowledges(&self) -> bool {
        self.acknowledges
    }

    pub(crate) fn is_websocket(&self) -> bool {
        self.websocket
    }

    /// Where connections go.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Host and port as the URL has them.
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// Path and query of the endpoint.
    pub fn path(&self) -> &str {
        &self.path
    }

    pub(crate) fn authorization(&self) -> Option<&str> {
        self.authorization.as_deref()
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Target")
            .field("address", &self.address)
            .field("authority", &self.authority)
            .field("path", &self.path)
            .field("authorization", &self.authorization.as_ref().map(|_| "..."))
            .field("websocket", &self.websocket)
            .field("acknowledges", &self.acknowledges)
            .finish()
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}{}", self.authority, self.path)
    }
}

/// Why a URL is no target. All of these are the caller's mistake.
#[derive(Debug)]
#[non_exhaustive]
pub enum TargetError {
    /// Not a URL.
    Url(String),
    /// Another scheme than `http`.
    Scheme(String),
    /// A login inside the URL, which would end up in logs.
    Userinfo,
    /// The host has no address.
    Unresolved {
        /// The host of the URL.
        host: String,
        /// What the resolver said.
        source: Option<io::Error>,
    },
    /// The address is not a loopback one, and [`Reach::Loopback`] was asked for.
    Remote(SocketAddr),
}

impl fmt::Display for TargetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(url) => write!(f, "{url:?} is not a URL"),
            Self::Scheme(url) => write!(f, "{url:?} does not begin with http://"),
            Self::Userinfo => f.write_str("a login does not belong in the URL, use --user"),
            Self::Unresolved { host, .. } => write!(f, "host {host:?} has no address"),
            Self::Remote(address) => {
                write!(f, "{address} is not a loopback address, which needs --allow-remote")
            }
        }
    }
}

impl std::error::Error for TargetError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Unresolved { source: Some(source), .. } => Some(source),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_taken_apart() {
        let target = Target::new("http://127.0.0.1:9/a/b?c=d", Reach::Loopback).unwrap();
        assert_eq!(target.address(), "127.0.0.1:9".parse().unwrap());
        assert_eq!((target.authority(), target.path()), ("127.0.0.1:9", "/a/b?c=d"));
        let target = Target::new("http://[::1]:9", Reach::Loopback).unwrap();
        assert_eq!(target.address(), "[::1]:9".parse().unwrap());
        assert_eq!((target.authority(), target.path()), ("[::1]:9", "/"));
    }

    #[test]
    fn strangers_are_refused_unless_allowed() {
        for url in ["http://192.0.2.7:80/", "http://[2001:db8::1]/", "http://0.0.0.0/"] {
            assert!(matches!(Target::new(url, Reach::Loopback), Err(TargetError::Remote(_))));
            assert!(Target::new(url, Reach::Anywhere).is_ok());
        }
    }

    #[test]
    fn what_is_not_plain_http_is_refused() {
        let refused = |url| Target::new(url, Reach::Anywhere).unwrap_err();
        assert!(matches!(refused("https://127.0.0.1/"), TargetError::Scheme(_)));
        assert!(matches!(refused("127.0.0.1:80"), TargetError::Scheme(_)));
        assert!(matches!(refused("http://a b/"), TargetError::Url(_)));
        assert!(matches!(refused("http://u:p@127.0.0.1/"), TargetError::Userinfo));
    }

    #[test]
    fn a_password_is_not_shown() {
        let target = Target::new("http://127.0.0.1/", Reach::Loopback).unwrap();
        let target = target.basic("Aladdin", "open sesame");
        assert_eq!(target.authorization(), Some("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="));
        assert!(!format!("{target:?} {target}").contains("QWxh"));
    }
}
