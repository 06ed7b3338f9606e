//! Ways to reach the server. Each does three things: it sends the body of an exchange, it forgets
//! an exchange, and it says what came in.
//!
//! No transport retries, waits or decides anything: that is the machine's.

mod connector;
mod cookie;
mod long_polling;
#[cfg(feature = "tls")]
mod tls;
mod websocket;

use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderValue};

pub(crate) use connector::{Endpoint, UrlError};
#[cfg(feature = "tls")]
pub(crate) use tls::Tls;

use cookie::Jar;
use long_polling::LongPolling;
use websocket::WebSocket;

use crate::credentials::{Freshness, Source};
use crate::error::Failure;
use crate::machine::{ConnectionType, Exchange, Failed, Transmit};

/// What came in.
#[derive(Debug)]
pub(crate) enum Incoming {
    /// An exchange ended.
    Response(Exchange, Result<Bytes, Failed>),
    /// Messages came by themselves.
    Push(Bytes),
}

/// What all transports of one client use.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) endpoint: Endpoint,
    /// Headers of the application.
    pub(crate) headers: HeaderMap,
    /// Largest answer that is read.
    pub(crate) answer_bytes: usize,
    /// Whom to ask for credentials.
    source: Option<Source>,
    /// What was answered last.
    authorization: Mutex<Option<HeaderValue>>,
    jar: Mutex<Jar>,
}

impl Target {
    pub(crate) fn new(
        endpoint: Endpoint,
        headers: HeaderMap,
        source: Option<Source>,
        answer_bytes: usize,
    ) -> Self {
        let (authorization, jar) = (Mutex::default(), Mutex::default());
        Self { endpoint, headers, answer_bytes, source, authorization, jar }
    }

    /// Asks for the credentials of the requests that follow.
    async fn authorize(&self, freshness: Option<Freshness>) -> Result<(), Failed> {
        if let (Some(source), Some(freshness)) = (&self.source, freshness) {
            let value = source.ask(freshness).await?;
            *lock(&self.authorization) = Some(value);
        }
        Ok(())
    }

    /// The `Host`, the cookies and the application's headers of a request.
    fn decorate(&self, headers: &mut HeaderMap) {
        if let Ok(host) = HeaderValue::from_str(self.endpoint.authority()) {
            headers.insert(header::HOST, host);
        }
        let cookies = self.jar().header(self.endpoint.path(), self.endpoint.is_secure());
        if let Some(Ok(cookies)) = cookies.map(|cookies| HeaderValue::from_str(&cookies)) {
            headers.insert(header::COOKIE, cookies);
        }
        if let Some(authorization) = &*lock(&self.authorization) {
            headers.insert(header::AUTHORIZATION, authorization.clone());
        }
        for (name, value) in &self.headers {
            headers.append(name, value.clone());
        }
    }

    /// Keeps the cookies of a response.
    fn keep_cookies(&self, headers: &HeaderMap) {
        let mut jar = self.jar();
        for cookie in headers.get_all(header::SET_COOKIE) {
            if let Ok(cookie) = cookie.to_str() {
                jar.store(cookie, self.endpoint.path());
            }
        }
    }

    fn jar(&self) -> MutexGuard<'_, Jar> {
        lock(&self.jar)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// All transports of one client. One is in use at a time.
#[derive(Debug)]
pub(crate) struct Transports {
    long_polling: LongPolling,
    websocket: WebSocket,
}

impl Transports {
    pub(crate) fn new(target: Target) -> Self {
        let target = Arc::new(target);
        let long_polling = LongPolling::new(Arc::clone(&target));
        Self { long_polling, websocket: WebSocket::new(target) }
    }

    /// Sends the body of an exchange.
    pub(crate) fn send(&mut self, transmit: Transmit) {
        let Transmit { exchange, connection_type, body, credentials } = transmit;
        match connection_type {
            ConnectionType::LongPolling => {
                self.websocket.break_off(&Failed::sent(Failure::Broken("not in use".into())));
                self.long_polling.send(exchange, body, credentials);
            }
            ConnectionType::WebSocket => self.websocket.send(exchange, body, credentials),
        }
    }

    /// Forgets an exchange that was not answered.
    pub(crate) fn cancel(&mut self, exchange: Exchange) {
        self.long_polling.cancel(exchange);
        self.websocket.cancel(exchange);
    }

    /// All replies of an exchange came in.
    pub(crate) fn settle(&mut self, exchange: Exchange) {
        self.websocket.settle(exchange);
    }

    /// What came by itself could not be understood.
    pub(crate) fn break_off(&mut self, failed: &Failed) {
        self.websocket.break_off(failed);
    }

    /// What comes in next. Cancel safe.
    pub(crate) async fn incoming(&mut self) -> Incoming {
        poll_fn(|cx| match self.websocket.poll_incoming(cx) {
            Poll::Pending => self.long_polling.poll_incoming(cx),
            Poll::Ready(incoming) => Poll::Ready(incoming),
        })
        .await
    }

    /// Says farewell where that is customary.
    pub(crate) async fn close(&mut self) {
        self.websocket.close().await;
    }
}
