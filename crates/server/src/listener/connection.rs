//! Serving HTTP on accepted connections, and ending them in order.
//!
//! HTTP/1.1 here, HTTP/2 in `http2` where a TLS client chose it.
//!
//! [`Connections`] owns every connection's task. Its drain asks each one to finish the request it
//! is in and close, waits, and ends what is left when the time is over.

use std::fmt;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use super::accept::{Accepted, Acceptor};
use super::crowd::{Crowd, Entry};
use super::http2::{ALPN, Http2};
use super::linger::Lingering;
use crate::answer::Answer;

/// Longest TLS handshake.
const TLS_HANDSHAKE: Duration = Duration::from_secs(10);

/// Answers requests. Cheap to clone: every connection has one.
pub(crate) trait Service: Clone + Send + Sync + 'static {
    /// Answers one request of the client at `peer`.
    fn answer(
        &self,
        request: http::Request<Incoming>,
        peer: SocketAddr,
    ) -> impl Future<Output = Answer> + Send;
}

/// What one connection may cost.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ConnectionLimits {
    /// For the head of a request, idle time before it included.
    pub(crate) header_timeout: Duration,
    /// Read buffer, which bounds the head.
    pub(crate) max_header_bytes: usize,
}

/// All connections of one listener.
pub(crate) struct Connections<S> {
    service: S,
    http: http1::Builder,
    http2: Http2,
    tls: Option<TlsAcceptor>,
    /// Becomes true when connections are to close after the request they are in.
    closing: watch::Sender<bool>,
    tasks: JoinSet<()>,
    open: Arc<AtomicU64>,
    crowd: Crowd,
}

impl<S: Service> Connections<S> {
    /// No connections yet. `open` counts them for the metrics, `crowd` bounds them by address.
    pub(crate) fn new(
        service: S,
        tls: Option<TlsAcceptor>,
        limits: ConnectionLimits,
        open: Arc<AtomicU64>,
        crowd: Crowd,
    ) -> Self {
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new())
            .header_read_timeout(limits.header_timeout)
            .max_buf_size(limits.max_header_bytes);
        let (closing, _) = watch::channel(false);
        Self {
            service,
            http,
            http2: Http2::new(limits),
            tls,
            closing,
            tasks: JoinSet::new(),
            open,
            crowd,
        }
    }

    /// Accepts and serves for ever.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future stops accepting; connections go on.
    pub(crate) async fn serve(&mut self, acceptor: &mut Acceptor) {
        loop {
            tokio::select! {
                accepted = acceptor.accept() => self.add(accepted),
                Some(ended) = self.tasks.join_next() => {
                    if let Err(error) = ended {
                        tracing::error!(%error, "a connection's task failed");
                    }
                }
            }
        }
    }

    /// Lets every connection finish its request, for at most `limit`; says how many were cut.
    ///
    /// `release` lets held requests go. It runs after the connections were told to close, so that
    /// the answers say so and no client sends another request into a closing connection.
    pub(crate) async fn drain(self, limit: Duration, release: impl FnOnce()) -> usize {
        let Self { closing, mut tasks, .. } = self;
        closing.send_replace(true);
        release();
        let finished = async { while tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(limit, finished).await.is_ok() {
            return 0;
        }
        let left = tasks.len();
        tasks.shutdown().await;
        left
    }

    fn add(&mut self, Accepted { stream, peer, permit }: Accepted) {
        let Some(entry) = self.crowd.enter(peer.ip()) else {
            tracing::debug!(%peer, "too many connections of one address");
            return;
        };
        let place = Place::new(permit, entry, &self.open);
        let http = self.http.clone();
        let service = self.service.clone();
        let closing = self.closing.subscribe();
        match self.tls.clone() {
            None => {
                self.tasks.spawn(async move {
                    serve_one(&http, stream, service, peer, closing).await;
                    drop(place);
                });
            }
            Some(tls) => {
                let http2 = self.http2.clone();
                self.tasks.spawn(async move {
                    match tokio::time::timeout(TLS_HANDSHAKE, tls.accept(stream)).await {
                        Ok(Ok(stream)) if stream.get_ref().1.alpn_protocol() == Some(ALPN) => {
                            let mut closing = closing;
                            note(
                                peer,
                                http2.serve(stream, service, peer, told(&mut closing)).await,
                            );
                        }
                        Ok(Ok(stream)) => serve_one(&http, stream, service, peer, closing).await,
                        Ok(Err(error)) => tracing::debug!(%peer, %error, "TLS handshake failed"),
                        Err(_) => tracing::debug!(%peer, "TLS handshake took too long"),
                    }
                    drop(place);
                });
            }
        }
    }
}

/// Serves a connection to its end, or to its upgrade.
async fn serve_one<S: Service, I: AsyncRead + AsyncWrite + Send + Unpin + 'static>(
    http: &http1::Builder,
    stream: I,
    service: S,
    peer: SocketAddr,
    mut closing: watch::Receiver<bool>,
) {
    let service = service_fn(move |request| {
        let service = service.clone();
        async move { Ok::<_, std::convert::Infallible>(service.answer(request, peer).await) }
    });
    let connection =
        http.serve_connection(TokioIo::new(Lingering::new(stream)), service).with_upgrades();
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        // First, so that the answer to a held request says that the connection closes, and no
        // client sends another request into it.
        biased;
        () = told(&mut closing) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
        ended = connection.as_mut() => ended,
    };
    note(peer, ended);
}

fn note(peer: SocketAddr, ended: hyper::Result<()>) {
    if let Err(error) = ended {
        tracing::debug!(%peer, %error, "connection ended with an error");
    }
}

/// Waits until the connection is to close. A listener that is gone tells nobody any more.
async fn told(closing: &mut watch::Receiver<bool>) {
    if closing.wait_for(|closing| *closing).await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// A connection's place, given back when its task ends however it ends.
struct Place {
    open: Arc<AtomicU64>,
    _permit: OwnedSemaphorePermit,
    _entry: Entry,
}

impl Place {
    fn new(permit: OwnedSemaphorePermit, entry: Entry, open: &Arc<AtomicU64>) -> Self {
        open.fetch_add(1, Ordering::Relaxed);
        Self { open: Arc::clone(open), _permit: permit, _entry: entry }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.open.fetch_sub(1, Ordering::Relaxed);
    }
}

impl<S> fmt::Debug for Connections<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connections").field("open", &self.open).finish_non_exhaustive()
    }
}
