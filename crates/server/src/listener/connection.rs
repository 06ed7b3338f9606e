//! Serving HTTP on accepted connections, and ending them in order.
//!
//! HTTP/1.1 in `http1`, HTTP/2 in `http2` where a TLS client chose it.
//!
//! [`Connections`] owns every connection's task. Its drain asks each one to finish the request it
//! is in and close, waits, and ends what is left when the time is over.

use std::fmt;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use hyper::body::Incoming;
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use super::accept::{Accepted, Acceptor};
use super::crowd::{Crowd, Entry};
use super::http1::Http1;
use super::http2::{ALPN, Http2};
use crate::answer::Answer;

/// Longest TLS handshake.
const TLS_HANDSHAKE: Duration = Duration::from_secs(10);

/// Answers requests. Cheap to clone: every connection has one.
pub(crate) trait Service: Clone + Send + Sync + 'static {
    /// A request that waits for its answer. Small: a held poll costs it.
    type Held: Future<Output = Answer> + Send + Unpin;

    /// Answers one request of the client at `peer`, or says what it waits for.
    fn answer(
        &self,
        request: http::Request<Incoming>,
        peer: SocketAddr,
    ) -> impl Future<Output = Outcome<Self::Held>> + Send;
}

/// What a request has come to.
#[derive(Debug)]
pub(crate) enum Outcome<H> {
    Answered(Answer),
    Held(H),
}

impl<H: Future<Output = Answer>> Outcome<H> {
    /// The answer, waited for where it has to be.
    pub(crate) async fn answer(self) -> Answer {
        match self {
            Self::Answered(answer) => answer,
            Self::Held(held) => held.await,
        }
    }
}

/// What one connection may cost.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ConnectionLimits {
    /// For the head of a request, idle time before it included; as long again for silence before the
    /// first request, and after a held poll.
    pub(crate) header_timeout: Duration,
    /// Read buffer, which bounds the head.
    pub(crate) max_header_bytes: usize,
}

/// All connections of one listener.
pub(crate) struct Connections<S> {
    service: S,
    http1: Arc<Http1>,
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
        let (closing, _) = watch::channel(false);
        let (http1, http2) = (Arc::new(Http1::new(limits)), Http2::new(limits));
        Self { service, http1, http2, tls, closing, tasks: JoinSet::new(), open, crowd }
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
        let http1 = Arc::clone(&self.http1);
        let service = self.service.clone();
        let closing = self.closing.subscribe();
        match self.tls.clone() {
            None => {
                self.tasks.spawn(async move {
                    http1.serve(stream, &service, peer, closing).await;
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
                        Ok(Ok(stream)) => http1.serve(stream, &service, peer, closing).await,
                        Ok(Err(error)) => tracing::debug!(%peer, %error, "TLS handshake failed"),
                        Err(_) => tracing::debug!(%peer, "TLS handshake took too long"),
                    }
                    drop(place);
                });
            }
        }
    }
}

pub(super) fn note(peer: SocketAddr, ended: hyper::Result<()>) {
    if let Err(error) = ended {
        tracing::debug!(%peer, %error, "connection ended with an error");
    }
}

/// Waits until the connection is to close. A listener that is gone tells nobody any more.
pub(super) async fn told(closing: &mut watch::Receiver<bool>) {
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
