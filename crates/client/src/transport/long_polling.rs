//! Long-polling: every exchange is one HTTP POST.
//!
//! Two connections are all that a session needs, one for the held connect and one for the rest, so
//! this is HTTP/1.1 on connections of its own: kept while idle, watched for their end, polled by
//! the driver and by nobody else. A connection belongs to at most one exchange; an exchange that is
//! forgotten closes its connection, which tells the server.
//!
//! # Sources
//!
//! Specified: Bayeux 1.0, "long-polling". Observed: servers take the content type
//! `application/json` and the URL as it is; statuses other than 200 are failures of the exchange.

use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures::FutureExt as _;
use futures::future::{BoxFuture, Either, select};
use http::header::{self, HeaderMap, HeaderValue};
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::body::Incoming as Body;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;

use crate::credentials::Freshness;
use crate::error::Failure;
use crate::machine::{Exchange, Failed};
use crate::transport::{Incoming, Target};

/// Idle connections kept: as many as a session uses.
const MAX_IDLE: usize = 2;

/// Longest pause that a server can ask for with `Retry-After`.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(60 * 60);

/// See the module.
pub(crate) struct LongPolling {
    target: Arc<Target>,
    idle: Vec<Connection>,
    running: Vec<(Exchange, BoxFuture<'static, Ended>)>,
}

/// An open connection that nobody uses.
struct Connection {
    sender: SendRequest<Full<Bytes>>,
    /// Does the reading and writing, and completes when the connection ends.
    work: BoxFuture<'static, Result<(), hyper::Error>>,
}

/// How an exchange ended.
struct Ended {
    response: Result<Bytes, Failed>,
    connection: Option<Connection>,
}

impl LongPolling {
    pub(crate) fn new(target: Arc<Target>) -> Self {
        Self { target, idle: Vec::new(), running: Vec::new() }
    }

    /// Posts the body of an exchange, with credentials that are asked for first.
    pub(crate) fn send(&mut self, exchange: Exchange, body: Bytes, credentials: Option<Freshness>) {
        let target = Arc::clone(&self.target);
        let idle = self.idle.pop();
        let run = async move {
            match target.authorize(credentials).await {
                Ok(()) => target.run(idle, body).await,
                Err(failed) => Ended { response: Err(failed), connection: idle },
            }
        };
        self.running.push((exchange, run.boxed()));
    }

    /// Forgets an exchange and closes its connection.
    pub(crate) fn cancel(&mut self, exchange: Exchange) {
        self.running.retain(|(running, _)| *running != exchange);
    }

    /// The next exchange that ends.
    pub(crate) fn poll_incoming(&mut self, cx: &mut Context<'_>) -> Poll<Incoming> {
        self.idle.retain_mut(|connection| connection.work.poll_unpin(cx).is_pending());
        for place in 0..self.running.len() {
            let Some((_, run)) = self.running.get_mut(place) else { break };
            if let Poll::Ready(ended) = run.poll_unpin(cx) {
                let (exchange, _) = self.running.swap_remove(place);
                if self.idle.len() < MAX_IDLE {
                    self.idle.extend(ended.connection);
                }
                return Poll::Ready(Incoming::Response(exchange, ended.response));
            }
        }
        Poll::Pending
    }
}

impl Target {
    async fn run(&self, idle: Option<Connection>, body: Bytes) -> Ended {
        let request = match self.request(body) {
            Ok(request) => request,
            Err(failed) => return Ended::failed(failed),
        };
        if let Some(connection) = idle {
            match self.exchange(connection, request.clone()).await {
                // The connection had ended while idle, before anything was written.
                Ended { response: Err(Failed { sent: false, .. }), .. } => {}
                ended => return ended,
            }
        }
        match self.open().await {
            Ok(connection) => self.exchange(connection, request).await,
            Err(failure) => Ended::failed(Failed::unsent(failure)),
        }
    }

    fn request(&self, body: Bytes) -> Result<Request<Full<Bytes>>, Failed> {
        let mut builder =
            Request::post(self.endpoint.target()).header(header::CONTENT_TYPE, "application/json");
        if let Some(headers) = builder.headers_mut() {
            self.decorate(headers);
        }
        let request = builder.body(Full::new(body));
        request.map_err(|error| Failed::unsent(Failure::Unreachable(error.to_string())))
    }

    async fn open(&self) -> Result<Connection, Failure> {
        let unreachable = |error: &dyn fmt::Display| Failure::Unreachable(error.to_string());
        let stream = self.endpoint.connect().await.map_err(|error| unreachable(&error))?;
        let handshake = http1::handshake(TokioIo::new(stream)).await;
        let (sender, work) = handshake.map_err(|error| unreachable(&error))?;
        Ok(Connection { sender, work: work.boxed() })
    }

    /// One request on one connection; gives the connection back if it can be used again.
    async fn exchange(&self, connection: Connection, request: Request<Full<Bytes>>) -> Ended {
        let Connection { mut sender, work } = connection;
        let talk = async {
            let gone = |error: hyper::Error| Failed::unsent(Failure::Broken(error.to_string()));
            sender.ready().await.map_err(gone)?;
            let response = sender.send_request(request).await.map_err(|error| {
                let failure = Failure::Broken(error.to_string());
                if error.is_canceled() { Failed::unsent(failure) } else { Failed::sent(failure) }
            })?;
            self.keep_cookies(response.headers());
            Ok(self.read(response).await)
        };
        // The connection may end first, with the response read already.
        let (talked, work) = match select(Box::pin(talk), work).await {
            Either::Left((talked, work)) => (talked, Some(work)),
            Either::Right((_, talk)) => (talk.await, None),
        };
        match talked {
            Err(failed) => Ended::failed(failed),
            Ok(response) => {
                let whole = match &response {
                    Ok(_) => true,
                    Err(failed) => matches!(failed.failure, Failure::Status(_)),
                };
                let work = work.filter(|_| whole && !sender.is_closed());
                let connection = work.map(|work| Connection { sender, work });
                Ended { response, connection }
            }
        }
    }

    async fn read(&self, response: Response<Body>) -> Result<Bytes, Failed> {
        let status = response.status();
        let retry_after = retry_after(response.headers());
        let body = Limited::new(response.into_body(), self.answer_bytes).collect().await;
        if status != StatusCode::OK {
            let failure = Failure::Status(status.as_u16());
            return Err(Failed { retry_after, ..Failed::sent(failure) });
        }
        match body {
            Ok(body) => Ok(body.to_bytes()),
            Err(error) if error.is::<LengthLimitError>() => {
                Err(Failed::sent(Failure::TooLarge(self.answer_bytes)))
            }
            Err(error) => Err(Failed::sent(Failure::Broken(error.to_string()))),
        }
    }
}

impl Ended {
    fn failed(failed: Failed) -> Self {
        Self { response: Err(failed), connection: None }
    }
}

/// `Retry-After` in seconds; dates are not read.
fn retry_after(headers: &HeaderMap<HeaderValue>) -> Option<Duration> {
    let seconds = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds).min(MAX_RETRY_AFTER))
}

impl fmt::Debug for LongPolling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LongPolling")
            .field("endpoint", &self.target.endpoint)
            .field("idle", &self.idle.len())
            .field("running", &self.running.len())
            .finish_non_exhaustive()
    }
}
