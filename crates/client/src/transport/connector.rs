//! From a URL to a stream of bytes.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::Uri;
use http::uri::Scheme;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

#[cfg(feature = "tls")]
use crate::transport::Tls;

/// A server: where it listens, and what its URL says besides.
#[derive(Clone, Debug)]
pub(crate) struct Endpoint {
    /// As in the `Host` header.
    authority: String,
    host: String,
    port: u16,
    /// Path and query.
    target: String,
    secure: bool,
    #[cfg(feature = "tls")]
    tls: Option<Tls>,
}

/// Why a URL is of no use.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum UrlError {
    Unreadable,
    Scheme(String),
    Credentials,
}

impl Endpoint {
    pub(crate) fn new(url: &str) -> Result<Self, UrlError> {
        let uri: Uri = url.parse().map_err(|_| UrlError::Unreadable)?;
        let scheme = uri.scheme().ok_or(UrlError::Unreadable)?;
        let secure = if *scheme == Scheme::HTTP {
            false
        } else if *scheme == Scheme::HTTPS && cfg!(feature = "tls") {
            true
        } else {
            return Err(UrlError::Scheme(scheme.to_string()));
        };
        let authority = uri.authority().ok_or(UrlError::Unreadable)?;
        if authority.as_str().contains('@') {
            return Err(UrlError::Credentials);
        }
        let host = authority.host().trim_start_matches('[').trim_end_matches(']');
        if host.is_empty() {
            return Err(UrlError::Unreadable);
        }
        Ok(Self {
            authority: authority.to_string(),
            host: host.to_owned(),
            port: authority.port_u16().unwrap_or(if secure { 443 } else { 80 }),
            target: uri.path_and_query().map_or("/", |target| target.as_str()).to_owned(),
            secure,
            #[cfg(feature = "tls")]
            tls: None,
        })
    }

    /// Whom to trust on `https`.
    #[cfg(feature = "tls")]
    pub(crate) fn tls(mut self, tls: Tls) -> Self {
        self.tls = Some(tls);
        self
    }

    pub(crate) fn authority(&self) -> &str {
        &self.authority
    }

    pub(crate) fn target(&self) -> &str {
        &self.target
    }

    pub(crate) fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or("/")
    }

    pub(crate) fn is_secure(&self) -> bool {
        self.secure
    }

    /// Opens a connection, on the first address of the host that accepts one.
    pub(crate) async fn connect(&self) -> io::Result<Stream> {
        let tcp = TcpStream::connect((self.host.as_str(), self.port)).await?;
        tcp.set_nodelay(true)?;
        #[cfg(feature = "tls")]
        if let Some(tls) = &self.tls {
            return Ok(Stream::Tls(Box::new(tls.connect(&self.host, tcp).await?)));
        }
        Ok(Stream::Plain(tcp))
    }
}

/// A connection, encrypted or not.
#[derive(Debug)]
pub(crate) enum Stream {
    Plain(TcpStream),
    #[cfg(feature = "tls")]
    Tls(Box<tokio_rustls::client::TlsStream<TcpStream>>),
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(cx, buf),
            #[cfg(feature = "tls")]
            Self::Tls(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(cx, bytes),
            #[cfg(feature = "tls")]
            Self::Tls(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(cx),
            #[cfg(feature = "tls")]
            Self::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            #[cfg(feature = "tls")]
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_says_where_and_what() {
        let endpoint = Endpoint::new("http://example.org/cometd?a=1").unwrap();
        assert_eq!((endpoint.host.as_str(), endpoint.port), ("example.org", 80));
        assert_eq!((endpoint.target(), endpoint.path()), ("/cometd?a=1", "/cometd"));
        let endpoint = Endpoint::new("http://[::1]:8080").unwrap();
        assert_eq!((endpoint.host.as_str(), endpoint.port), ("::1", 8080));
        assert_eq!((endpoint.authority(), endpoint.target()), ("[::1]:8080", "/"));
    }

    #[test]
    fn useless_urls_are_told_apart() {
        for (url, error) in [
            ("", UrlError::Unreadable),
            ("/cometd", UrlError::Unreadable),
            ("example.org", UrlError::Unreadable),
            ("http://", UrlError::Unreadable),
            ("ws://example.org/", UrlError::Scheme("ws".into())),
            ("http://user:secret@example.org/", UrlError::Credentials),
        ] {
            assert_eq!(Endpoint::new(url).unwrap_err(), error, "{url}");
        }
    }
}
