//! One GET of a key set, bounded in time and size.
//!
//! A connection of its own each time: a set is fetched every few minutes. Redirections are not
//! followed, since whoever may say where keys come from is whoever wrote the settings.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::future::{Either, select};
use http::header::{ACCEPT, HOST, USER_AGENT};
use http::{Request, StatusCode, Uri};
use http_body_util::{BodyExt as _, Collected, Empty, Limited};
use hyper_util::rt::TokioIo;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::{self, PemObject as _};
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// Where a set is, checked once.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// As in the `Host` header.
    authority: String,
    host: String,
    port: u16,
    /// Path and query.
    target: String,
    secure: bool,
}

/// Why a URL is no place for keys.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum PlaceError {
    /// No URL with a host.
    Unreadable,
    /// Neither `http` nor `https`.
    Scheme,
    /// It holds credentials, which would end up in logs.
    Credentials,
}

impl Place {
    /// Takes a URL apart.
    pub(crate) fn new(url: &str) -> Result<Self, PlaceError> {
        let uri: Uri = url.parse().map_err(|_| PlaceError::Unreadable)?;
        let secure = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            Some(_) => return Err(PlaceError::Scheme),
            None => return Err(PlaceError::Unreadable),
        };
        let authority = uri.authority().ok_or(PlaceError::Unreadable)?;
        if authority.as_str().contains('@') {
            return Err(PlaceError::Credentials);
        }
        let host = authority.host().trim_start_matches('[').trim_end_matches(']');
        if host.is_empty() {
            return Err(PlaceError::Unreadable);
        }
        Ok(Self {
            authority: authority.to_string(),
            host: host.to_owned(),
            port: authority.port_u16().unwrap_or(if secure { 443 } else { 80 }),
            target: uri.path_and_query().map_or("/", |target| target.as_str()).to_owned(),
            secure,
        })
    }

    /// Whether anybody on the way could put keys of their own into the answer.
    pub(super) fn is_exposed(&self) -> bool {
        let ip = self.host.parse::<std::net::IpAddr>();
        !self.secure && self.host != "localhost" && !ip.is_ok_and(|ip| ip.is_loopback())
    }
}

/// Fetches from one place.
#[derive(Clone)]
pub(super) struct Fetcher {
    place: Place,
    tls: Option<TlsConnector>,
    timeout: Duration,
    max_bytes: usize,
}

/// Why there is no set.
#[derive(Debug)]
pub(super) enum FetchError {
    /// No connection, or it broke.
    Connection(io::Error),
    /// Not HTTP, or it broke off.
    Http(hyper::Error),
    /// Any other status than 200.
    Status(StatusCode),
    /// It is too long, or broke off.
    Body(Box<dyn Error + Send + Sync>),
    /// It took too long.
    TimedOut(Duration),
}

/// Why certificates to trust cannot be read.
#[derive(Debug)]
pub(crate) struct TrustError {
    file: PathBuf,
    cause: Option<pem::Error>,
}

impl Fetcher {
    /// Trusts the usual authorities, or those in `ca_file` instead.
    pub(super) fn new(
        place: Place,
        ca_file: Option<&Path>,
        timeout: Duration,
        max_bytes: usize,
    ) -> Result<Self, TrustError> {
        let tls = if place.secure { Some(connector(ca_file)?) } else { None };
        Ok(Self { place, tls, timeout, max_bytes })
    }

    /// Gets the set.
    pub(super) async fn get(&self) -> Result<Bytes, FetchError> {
        match tokio::time::timeout(self.timeout, self.connect_and_get()).await {
            Ok(got) => got,
            Err(_) => Err(FetchError::TimedOut(self.timeout)),
        }
    }

    async fn connect_and_get(&self) -> Result<Bytes, FetchError> {
        let Place { host, port, .. } = &self.place;
        let tcp =
            TcpStream::connect((host.as_str(), *port)).await.map_err(FetchError::Connection)?;
        match &self.tls {
            None => self.get_on(tcp).await,
            Some(tls) => {
                let name = ServerName::try_from(host.clone())
                    .map_err(|error| FetchError::Connection(io::Error::other(error)))?;
                let tcp = tls.connect(name, tcp).await.map_err(FetchError::Connection)?;
                self.get_on(tcp).await
            }
        }
    }

    async fn get_on<S>(&self, stream: S) -> Result<Bytes, FetchError>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .map_err(FetchError::Http)?;
        let request = Request::get(&self.place.target)
            .header(HOST, &self.place.authority)
            .header(USER_AGENT, concat!("encke/", env!("CARGO_PKG_VERSION")))
            .header(ACCEPT, "application/jwk-set+json, application/json")
            .body(Empty::<Bytes>::new())
            .map_err(|error| FetchError::Connection(io::Error::other(error)))?;
        let exchange = async {
            let answer = sender.send_request(request).await.map_err(FetchError::Http)?;
            if answer.status() != StatusCode::OK {
                return Err(FetchError::Status(answer.status()));
            }
            let body = Limited::new(answer.into_body(), self.max_bytes);
            body.collect().await.map(Collected::to_bytes).map_err(FetchError::Body)
        };
        beside(exchange, connection).await
    }
}

/// Runs `exchange` to its end, and its connection as long as that takes.
async fn beside<T>(exchange: impl Future<Output = T>, connection: impl Future) -> T {
    let (exchange, connection) = (pin!(exchange), pin!(connection));
    match select(exchange, connection).await {
        Either::Left((done, _)) => done,
        // The connection has said all it will; the exchange says what that means.
        Either::Right((_, exchange)) => exchange.await,
    }
}

fn connector(ca_file: Option<&Path>) -> Result<TlsConnector, TrustError> {
    let mut roots = RootCertStore::empty();
    match ca_file {
        None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
        Some(file) => {
            let error = |cause| TrustError { file: file.to_owned(), cause };
            let certificates = CertificateDer::pem_file_iter(file)
                .and_then(Iterator::collect::<Result<Vec<_>, _>>)
                .map_err(|cause| error(Some(cause)))?;
            if roots.add_parsable_certificates(certificates).0 == 0 {
                return Err(error(None));
            }
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|_| TrustError { file: PathBuf::new(), cause: None })?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

impl fmt::Debug for Fetcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fetcher").field("place", &self.place).finish_non_exhaustive()
    }
}

impl fmt::Display for PlaceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unreadable => "is no URL of the form https://host[:port]/path",
            Self::Scheme => "is neither http nor https",
            Self::Credentials => "holds credentials",
        })
    }
}

impl fmt::Display for FetchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connection(cause) => write!(f, "no connection: {cause}"),
            Self::Http(cause) => write!(f, "no answer: {cause}"),
            Self::Status(status) => write!(f, "the answer is {status}"),
            Self::Body(cause) => write!(f, "the answer cannot be read: {cause}"),
            Self::TimedOut(limit) => write!(f, "no answer within {} ms", limit.as_millis()),
        }
    }
}

impl fmt::Display for TrustError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} holds no certificate to trust", self.file.display())
    }
}

impl Error for TrustError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.cause.as_ref().map(|cause| cause as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn place_says_where_and_what() {
        let place = Place::new("https://issuer.example/keys?v=1").unwrap();
        assert_eq!((place.host.as_str(), place.port, place.secure), ("issuer.example", 443, true));
        assert_eq!(place.target, "/keys?v=1");
        let place = Place::new("http://[::1]:8080").unwrap();
        assert_eq!((place.host.as_str(), place.port, place.secure), ("::1", 8080, false));
        assert_eq!((place.authority.as_str(), place.target.as_str()), ("[::1]:8080", "/"));
    }

    #[test]
    fn useless_urls_are_told_apart() {
        for (url, error) in [
            ("", PlaceError::Unreadable),
            ("/keys", PlaceError::Unreadable),
            ("issuer.example", PlaceError::Unreadable),
            ("ftp://issuer.example/", PlaceError::Scheme),
            ("https://user:secret@issuer.example/", PlaceError::Credentials),
        ] {
            assert_eq!(Place::new(url).unwrap_err(), error, "{url}");
        }
    }

    #[test]
    fn plain_http_is_exposed_unless_it_stays_here() {
        for (url, exposed) in [
            ("http://issuer.example/", true),
            ("http://127.0.0.1:1/", false),
            ("http://[::1]/", false),
            ("http://localhost/", false),
            ("https://issuer.example/", false),
        ] {
            assert_eq!(Place::new(url).unwrap().is_exposed(), exposed, "{url}");
        }
    }
}
