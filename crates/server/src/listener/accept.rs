//! The listening socket.
//!
//! [`Acceptor::accept`] cannot fail: a connection that broke before it was accepted is passed
//! over, and when the process is out of files or memory it waits a little longer each time and
//! says so in the log, once a minute, since strangers can bring it about. When the bound on connections is reached
//! it waits for one to end; further clients wait in the kernel's queue.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use socket2::{Domain, Protocol, SockRef, Socket, TcpKeepalive, Type};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::clock;

/// Connections that the kernel keeps until we accept them.
const BACKLOG: i32 = 4_096;

/// First and longest wait after a failed accept.
const BACK_OFF: Duration = Duration::from_millis(50);
const MAX_BACK_OFF: Duration = Duration::from_secs(1);

/// Time between two warnings about it.
const WARN_EVERY: Duration = Duration::from_secs(60);

/// Time after which the kernel asks whether a silent client is still there.
const KEEPALIVE: Duration = Duration::from_secs(60);

/// An address that is ours, at which nobody is listened to yet.
///
/// Between the two steps the parts that must know the address are made, and no client waits for
/// a server that then fails to start.
#[derive(Debug)]
pub(crate) struct Bound {
    socket: Socket,
    address: SocketAddr,
}

impl Bound {
    /// Takes an address; port 0 takes a free one.
    ///
    /// # Errors
    ///
    /// What the kernel says: the address is taken, is not ours, or not allowed.
    pub(crate) fn new(address: SocketAddr) -> io::Result<Self> {
        let domain = Domain::for_address(address);
        let socket = Socket::new(domain, Type::STREAM, Some(Protocol::TCP))?;
        // A restart must not wait for connections of the last run to fade.
        socket.set_reuse_address(true)?;
        socket.set_nonblocking(true)?;
        socket.bind(&address.into())?;
        let address = socket.local_addr()?.as_socket().ok_or(io::ErrorKind::Unsupported)?;
        Ok(Self { socket, address })
    }

    /// The address, with the port that was found for port 0.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Begins to listen.
    ///
    /// # Errors
    ///
    /// What the kernel says; above all when another process listens at the address.
    pub(crate) fn listen(self) -> io::Result<TcpListener> {
        self.socket.listen(BACKLOG)?;
        TcpListener::from_std(self.socket.into())
    }
}

/// Accepts connections up to a bound.
#[derive(Debug)]
pub(crate) struct Acceptor {
    listener: TcpListener,
    permits: Arc<Semaphore>,
    write_timeout: Duration,
    warned_at: Option<Instant>,
}

/// A connection and its place among those that are allowed.
#[derive(Debug)]
pub(crate) struct Accepted {
    pub(crate) stream: TcpStream,
    pub(crate) peer: SocketAddr,
    pub(crate) permit: OwnedSemaphorePermit,
}

impl Acceptor {
    /// Accepts from `listener`, at most `max_connections` at a time.
    pub(crate) fn new(
        listener: TcpListener,
        max_connections: usize,
        write_timeout: Duration,
    ) -> Self {
        let permits = max_connections.clamp(1, Semaphore::MAX_PERMITS);
        Self {
            listener,
            permits: Arc::new(Semaphore::new(permits)),
            write_timeout,
            warned_at: None,
        }
    }

    /// The next connection.
    ///
    /// # Cancel safety
    ///
    /// A dropped future accepts nothing.
    pub(crate) async fn accept(&mut self) -> Accepted {
        let permit = loop {
            // The semaphore is never closed; should it be, waiting for ever is what is left.
            match Arc::clone(&self.permits).acquire_owned().await {
                Ok(permit) => break permit,
                Err(_) => std::future::pending::<()>().await,
            }
        };
        let mut back_off = BACK_OFF;
        loop {
            match self.listener.accept().await {
                Ok((stream, peer)) => {
                    self.tune(&stream);
                    return Accepted { stream, peer, permit };
                }
                Err(error) if is_of_one_connection(&error) => {
                    tracing::debug!(%error, "connection broke before it was accepted");
                }
                Err(error) => {
                    self.warn(&error);
                    tokio::time::sleep(back_off).await;
                    back_off = (back_off * 2).min(MAX_BACK_OFF);
                }
            }
        }
    }

    fn warn(&mut self, error: &io::Error) {
        let now = clock::now();
        if self.warned_at.is_none_or(|at| now.saturating_duration_since(at) >= WARN_EVERY) {
            self.warned_at = Some(now);
            tracing::warn!(%error, "cannot accept connections, trying again");
        }
    }

    /// Small answers leave at once; a client that is gone without a word is noticed.
    fn tune(&self, stream: &TcpStream) {
        let socket = SockRef::from(stream);
        let tuned = socket
            .set_tcp_nodelay(true)
            .and_then(|()| socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(KEEPALIVE)))
            .and_then(|()| socket.set_tcp_user_timeout(Some(self.write_timeout)));
        if let Err(error) = tuned {
            tracing::debug!(%error, "socket could not be tuned");
        }
    }
}

fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionReset
    )
}
