//! How the client stands with its server.

use std::fmt;

use crate::error::{Failure, Refusal};

/// How the client stands with its server. Watch it with [`Client::status`](crate::Client::status).
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Status {
    /// No session yet, and nothing has failed so far.
    Connecting,
    /// A session exists and its last `/meta/connect` was answered.
    Connected {
        /// Counts sessions from 1. If it grew, the server had forgotten the session before: all
        /// subscriptions are made again. What was published in between is missing where the server
        /// keeps no log; [`Message::gap`](crate::Message::gap) says so.
        session: u64,
    },
    /// Something failed; the client tries again by itself.
    Interrupted {
        /// Failures in a row.
        failures: u32,
        /// The last of them.
        why: Failure,
    },
    /// The end; nothing is tried any more.
    Closed(CloseReason),
}

/// Why a client is closed for good.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum CloseReason {
    /// [`Client::disconnect`](crate::Client::disconnect) was called, or every handle was dropped.
    Asked,
    /// The server ended the session and advised not to come back.
    Ended,
    /// The server refused a handshake or a connect and advised not to come back.
    Refused(Refusal),
    /// The handshake was answered with HTTP status 401, 403 or 407: the credentials are wrong, new
    /// ones too if there are any to be had, and trying again could lock the user out.
    Rejected(u16),
    /// The driver was dropped.
    Dropped,
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Asked => f.write_str("it was asked to"),
            Self::Ended => f.write_str("the server ended the session"),
            Self::Refused(refusal) => write!(f, "the server refused: {refusal}"),
            Self::Rejected(status) => {
                write!(f, "the handshake was answered with HTTP status {status}")
            }
            Self::Dropped => f.write_str("its driver was dropped"),
        }
    }
}
