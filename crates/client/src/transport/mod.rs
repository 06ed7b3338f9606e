//! Ways to reach the server. Each does three things: it sends the body of an exchange, it forgets
//! an exchange, and it says what came in.
//!
//! No transport retries, waits or decides anything: that is the machine's.

mod connector;
mod cookie;
mod long_polling;
#[cfg(feature = "tls")]
mod tls;

use std::future::poll_fn;

use bytes::Bytes;

pub(crate) use connector::{Endpoint, UrlError};
pub(crate) use long_polling::LongPolling;
#[cfg(feature = "tls")]
pub(crate) use tls::Tls;

use crate::machine::{ConnectionType, Exchange, Failed, Transmit};

/// The end of an exchange.
#[derive(Debug)]
pub(crate) struct Incoming {
    pub(crate) exchange: Exchange,
    pub(crate) response: Result<Bytes, Failed>,
}

/// All transports of one client.
#[derive(Debug)]
pub(crate) struct Transports {
    long_polling: LongPolling,
}

impl Transports {
    pub(crate) fn new(long_polling: LongPolling) -> Self {
        Self { long_polling }
    }

    /// Sends the body of an exchange.
    pub(crate) fn send(&mut self, transmit: Transmit) {
        let Transmit { exchange, connection_type, body } = transmit;
        match connection_type {
            ConnectionType::LongPolling => self.long_polling.send(exchange, body),
        }
    }

    /// Forgets an exchange.
    pub(crate) fn cancel(&mut self, exchange: Exchange) {
        self.long_polling.cancel(exchange);
    }

    /// The next exchange that ends. Cancel safe.
    pub(crate) async fn incoming(&mut self) -> Incoming {
        poll_fn(|cx| self.long_polling.poll_incoming(cx)).await
    }
}
