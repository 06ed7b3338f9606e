//! Sockets: binding, accepting, TLS, and serving HTTP on a connection.
//!
//! | Module       | Owns                                                                     |
//! |--------------|--------------------------------------------------------------------------|
//! | `accept`     | the listening socket, the bound on connections, what to do out of files  |
//! | `tls`        | certificate and key, made into what rustls wants                         |
//! | `connection` | one accepted connection from its first byte to its end                   |
//! | `http2`      | the same for a connection that chose HTTP/2                              |
//! | `crowd`      | how many connections one address may have                                |
//! | `linger`     | closing a connection without cutting off its last answer                 |
//! | `sockets`    | WebSockets from their upgrade to their end                               |
//! | `body`       | the deadline of a request's body                                         |

mod accept;
mod body;
mod connection;
mod crowd;
mod http2;
mod linger;
mod sockets;
mod tls;

pub(crate) use accept::{Acceptor, Bound};
pub(crate) use body::DeadlineBody;
pub(crate) use connection::{ConnectionLimits, Connections, Service};
pub(crate) use crowd::Crowd;
pub(crate) use sockets::Sockets;
pub use tls::TlsError;
pub(crate) use tls::acceptor as tls_acceptor;
