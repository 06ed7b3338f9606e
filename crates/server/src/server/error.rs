//! Why a server does not start, and why it stops by itself.

use std::error::Error;
use std::fmt;
use std::io;
use std::net::SocketAddr;

use crate::listener::TlsError;

/// Why a server does not start.
#[derive(Debug)]
#[non_exhaustive]
pub enum StartError {
    /// An address cannot be listened at.
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the kernel says.
        cause: io::Error,
    },
    /// Certificate and key cannot be used.
    Tls(TlsError),
    /// A part did not start.
    Part {
        /// Which one.
        part: &'static str,
        /// Why.
        cause: Box<dyn Error + Send + Sync>,
    },
}

impl StartError {
    pub(super) fn part(part: &'static str, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Part { part, cause: cause.into() }
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Listen { address, .. } => write!(f, "cannot listen on {address}"),
            Self::Tls(_) => f.write_str("cannot speak TLS"),
            Self::Part { part, .. } => write!(f, "the {part} does not start"),
        }
    }
}

impl Error for StartError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Listen { cause, .. } => Some(cause),
            Self::Tls(cause) => Some(cause),
            Self::Part { cause, .. } => Some(&**cause),
        }
    }
}

/// Why a server stopped by itself.
#[derive(Debug)]
#[non_exhaustive]
pub enum RunError {
    /// It did not start.
    Start(StartError),
    /// The call-state core ended.
    Writer,
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start(_) => f.write_str("the server does not start"),
            Self::Writer => f.write_str("the call-state core ended by itself"),
        }
    }
}

impl Error for RunError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Start(cause) => Some(cause),
            Self::Writer => None,
        }
    }
}
