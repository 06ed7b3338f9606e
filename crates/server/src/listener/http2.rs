//! Serving HTTP/2 on a TLS connection that chose it.
//!
//! One connection carries many requests, so held polls of many tabs block nothing. hyper runs each
//! stream as a task of its own, which ends with the connection. Bounds: streams at a time, size of
//! a head, and a connection whose requests are all answered to the end of their bodies, and on which
//! none comes, is closed. A peer that answers no ping is dropped.
//!
//! # Sources
//!
//! Specified: RFC 9113; 8.3.1 for `:authority`, which takes the place of `Host`.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http::header::HOST;
use http::{HeaderValue, Request};
use http_body::{Frame, SizeHint};
use hyper::body::Incoming;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{MissedTickBehavior, interval};

use super::connection::{ConnectionLimits, Service};

/// Name in ALPN.
pub(super) const ALPN: &[u8] = b"h2";

/// Requests at a time on one connection; further ones wait with the client.
const MAX_STREAMS: u32 = 1_000;

/// A peer is pinged this often, and dropped when it does not answer in [`PONG_WITHIN`].
const PING_EVERY: Duration = Duration::from_secs(30);
const PONG_WITHIN: Duration = Duration::from_secs(20);

/// How connections are served.
#[derive(Clone, Debug)]
pub(super) struct Http2 {
    builder: http2::Builder<TokioExecutor>,
    idle: Duration,
}

impl Http2 {
    pub(super) fn new(limits: ConnectionLimits) -> Self {
        let mut builder = http2::Builder::new(TokioExecutor::new());
        builder
            .timer(TokioTimer::new())
            .keep_alive_interval(PING_EVERY)
            .keep_alive_timeout(PONG_WITHIN)
            .max_concurrent_streams(MAX_STREAMS)
            .max_header_list_size(u32::try_from(limits.max_header_bytes).unwrap_or(u32::MAX));
        Self { builder, idle: limits.header_timeout }
    }

    /// Serves a connection until it ends, is idle, or `closing` resolves and its requests are done.
    pub(super) async fn serve<S, I>(
        &self,
        stream: I,
        service: S,
        peer: SocketAddr,
        closing: impl Future<Output = ()>,
    ) -> hyper::Result<()>
    where
        S: Service,
        I: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let traffic = Arc::new(Traffic::default());
        let service = service_fn({
            let traffic = Arc::clone(&traffic);
            move |request| {
                let service = service.clone();
                let under_way = traffic.begin();
                async move {
                    let answer = service.answer(with_host(request), peer).await.answer().await;
                    Ok::<_, Infallible>(answer.map(|body| UnderWayBody { body, _is: under_way }))
                }
            }
        });
        let mut connection = pin!(self.builder.serve_connection(TokioIo::new(stream), service));
        let mut closing = pin!(closing);
        let mut look = interval(self.idle);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        look.reset();
        let mut seen = 0;
        loop {
            tokio::select! {
                biased;
                () = closing.as_mut() => break,
                ended = connection.as_mut() => return ended,
                _ = look.tick() => {
                    let begun = traffic.begun();
                    if traffic.is_idle() && begun == seen {
                        break;
                    }
                    seen = begun;
                }
            }
        }
        connection.as_mut().graceful_shutdown();
        connection.await
    }
}

/// The rest of the house looks for the host where HTTP/1.1 has it.
fn with_host(mut request: Request<Incoming>) -> Request<Incoming> {
    let authority = request.uri().authority().map(|authority| authority.as_str().to_owned());
    if let Some(host) = authority.and_then(|text| HeaderValue::try_from(text).ok()) {
        request.headers_mut().insert(HOST, host);
    }
    request
}

/// Requests of one connection: how many there were, and how many are not answered to the end.
#[derive(Debug, Default)]
struct Traffic {
    begun: AtomicU64,
    under_way: AtomicU64,
}

impl Traffic {
    fn begin(self: &Arc<Self>) -> UnderWay {
        self.begun.fetch_add(1, Ordering::Relaxed);
        self.under_way.fetch_add(1, Ordering::Relaxed);
        UnderWay(Arc::clone(self))
    }

    fn begun(&self) -> u64 {
        self.begun.load(Ordering::Relaxed)
    }

    fn is_idle(&self) -> bool {
        self.under_way.load(Ordering::Relaxed) == 0
    }
}

/// A request that is not answered to the end.
struct UnderWay(Arc<Traffic>);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.under_way.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The body of an answer, under way until it is written or given up: a stream of events is.
struct UnderWayBody {
    body: Body,
    _is: UnderWay,
}

impl http_body::Body for UnderWayBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
