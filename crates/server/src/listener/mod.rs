//! Sockets: binding, accepting, TLS, and serving HTTP on a connection.
//!
//! | Module       | Owns                                                                     |
//! |--------------|--------------------------------------------------------------------------|
//! | `accept`     | the listening socket, the bound on connections, what to do out of files  |
//! | `tls`        | certificate and key, made into what rustls wants                         |
//! | `connection` | accepted connections from their first byte to their end                  |
//! | `http1`      | HTTP/1.1 on one of them: hyper, and held polls parked beside it          |
//! | `carried`    | a stream on its way between the two                                      |
//! | `reply`      | the response to a parked poll                                            |
//! | `http2`      | HTTP/2 on one that chose it                                              |
//! | `crowd`      | how many connections one address may have                                |
//! | `linger`     | closing a connection without cutting off its last answer                 |
//! | `sockets`    | WebSockets from their upgrade to their end                               |
//! | `body`       | the deadline of a request's body                                         |

mod accept;
mod body;
mod carried;
mod connection;
mod crowd;
mod http1;
mod http2;
mod linger;
mod reply;
mod sockets;
mod tls;

pub(crate) use accept::{Acceptor, Bound};
pub(crate) use body::DeadlineBody;
pub(crate) use connection::{ConnectionLimits, Connections, Outcome, Service};
pub(crate) use crowd::Crowd;
pub(crate) use sockets::Sockets;
pub use tls::TlsError;
pub(crate) use tls::acceptor as tls_acceptor;
