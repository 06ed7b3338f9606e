//! How bodies travel: one trait, one file per transport.
//!
//! A scenario sees a [`Wire`] only through its client, and is written once for all of them. What a
//! wire promises: a posted body gives one [`Answer`], which has the reply to every message of the
//! body; messages that the server sends on its own account come with an answer or by
//! [`Wire::pushed`], each once.

use std::fmt;
use std::time::Duration;

use futures::future::BoxFuture;

use crate::answer::{Answer, Received};
use crate::verdict::{Stop, failed};

mod callback_polling;
mod long_polling;
mod websocket;

pub(crate) use callback_polling::{CallbackPolling, encoded};
pub(crate) use long_polling::LongPolling;
pub(crate) use websocket::{Socket, WebSocket};

/// One client's way to the server.
pub(crate) trait Wire: fmt::Debug + Send + Sync {
    /// Sends a body and waits for its answer. Dropping the future gives up on the answer; where a
    /// body has a connection of its own, that is cut.
    fn post(&self, body: String) -> BoxFuture<'static, Result<Answer, Fault>>;

    /// Takes what the server has sent on its own account.
    fn pushed(&self) -> Vec<Received>;

    /// The same kind of wire with the same browser and a connection of its own.
    fn another(&self) -> Box<dyn Wire>;
}

/// Why there is no answer.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    /// The connection broke or what came is no HTTP.
    Broken(String),
    /// The peer closed a WebSocket with this code.
    Closed(Option<u16>, String),
    /// Nothing came in time.
    Silent(Duration),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Broken(problem) => write!(f, "no answer: {problem}"),
            Self::Closed(Some(code), reason) => write!(f, "socket closed with {code} {reason:?}"),
            Self::Closed(None, _) => f.write_str("socket closed without a code"),
            Self::Silent(time) => write!(f, "no answer within {} ms", time.as_millis()),
        }
    }
}

impl From<std::io::Error> for Fault {
    fn from(error: std::io::Error) -> Self {
        Self::Broken(error.to_string())
    }
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        failed(fault.to_string())
    }
}
