//! One keep-alive HTTP connection: a request out, a response in.
//!
//! There is no pipelining and no timer in here; callers bound the time where they wait for an
//! answer. The buffer keeps what one response needed and is given back after a long one, so that
//! an idle poll costs its socket and a few hundred bytes.

use std::fmt;
use std::io;
use std::net::SocketAddr;

use tokio::net::{TcpSocket, TcpStream};

use crate::response::{self, MAX_RESPONSE_BYTES, Response, ResponseError};

/// Room made before a read.
const READ_BYTES: usize = 2048;

/// A buffer above this size is given back once its response was looked at.
const KEPT_BYTES: usize = 8192;

/// An open connection.
#[derive(Debug)]
pub(crate) struct Connection {
    socket: TcpStream,
    buffer: Vec<u8>,
    /// Bytes of `buffer` that belong to the response handed out last.
    used: usize,
}

impl Connection {
    /// Connects, from the given source address if there is one.
    pub(crate) async fn open(
        address: SocketAddr,
        source: Option<SocketAddr>,
    ) -> Result<Self, ConnectionError> {
        let socket = connect(address, source).await?;
        Ok(Self { socket, buffer: Vec::new(), used: 0 })
    }

    /// Writes a whole request.
    pub(crate) async fn send(&mut self, request: &[u8]) -> Result<(), ConnectionError> {
        let mut rest = request;
        while !rest.is_empty() {
            match self.socket.try_write(rest) {
                Ok(written) => rest = rest.get(written..).unwrap_or_default(),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.socket.writable().await?;
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Waits for a whole response.
    pub(crate) async fn receive(&mut self) -> Result<Response<'_>, ConnectionError> {
        self.buffer.drain(..self.used);
        self.used = 0;
        if self.buffer.capacity() > KEPT_BYTES {
            self.buffer.shrink_to(READ_BYTES);
        }
        while self.whole()?.is_none() {
            self.read().await?;
        }
        // Framed a second time, since a borrow that leaves the loop would forbid to read in it.
        let response = response::frame(&self.buffer)?.ok_or(ConnectionError::Ended)?;
        self.used = response.length;
        Ok(response)
    }

    /// The length of the response, once it is whole.
    fn whole(&self) -> Result<Option<usize>, ConnectionError> {
        if self.buffer.is_empty() {
            return Ok(None);
        }
        Ok(response::frame(&self.buffer)?.map(|response| response.length))
    }

    async fn read(&mut self) -> Result<(), ConnectionError> {
        loop {
            self.socket.readable().await?;
            self.buffer.reserve(READ_BYTES);
            match self.socket.try_read_buf(&mut self.buffer) {
                Ok(0) => return Err(ConnectionError::Ended),
                Ok(_) if self.buffer.len() > 2 * MAX_RESPONSE_BYTES => {
                    return Err(ResponseError::TooLong(self.buffer.len()).into());
                }
                Ok(_) => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// Connects, from the given source address if there is one.
pub(crate) async fn connect(
    address: SocketAddr,
    source: Option<SocketAddr>,
) -> io::Result<TcpStream> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    if let Some(source) = source {
        socket.bind(source)?;
    }
    let socket = socket.connect(address).await?;
    socket.set_nodelay(true)?;
    Ok(socket)
}

/// Why a connection is of no more use.
#[derive(Debug)]
pub(crate) enum ConnectionError {
    /// The system says so.
    Io(io::Error),
    /// The server closed it before the response was whole.
    Ended,
    /// The server answered the upgrade to a WebSocket with this status.
    NoUpgrade(u16),
    /// What came is no response.
    Response(ResponseError),
}

impl From<io::Error> for ConnectionError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<ResponseError> for ConnectionError {
    fn from(error: ResponseError) -> Self {
        Self::Response(error)
    }
}

impl fmt::Display for ConnectionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(f, "the connection failed: {}", error.kind()),
            Self::Ended => f.write_str("the server closed the connection"),
            Self::NoUpgrade(status) => write!(f, "no WebSocket: the server answered {status}"),
            Self::Response(_) => f.write_str("the response cannot be read"),
        }
    }
}

impl std::error::Error for ConnectionError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io(error) => Some(error),
            Self::Ended | Self::NoUpgrade(_) => None,
            Self::Response(error) => Some(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    #[tokio::test]
    async fn responses_in_pieces_and_together_are_told_apart() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = tokio::spawn(async move {
            let (mut socket, peer) = listener.accept().await.unwrap();
            let mut request = [0; 4];
            socket.read_exact(&mut request).await.unwrap();
            for byte in b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]" {
                socket.write_all(&[*byte]).await.unwrap();
            }
            let long = vec![b'x'; 100_000];
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", long.len());
            let last = "HTTP/1.1 204 None\r\n\r\nHTTP/1.1 2";
            socket.write_all(&[head.as_bytes(), &long, last.as_bytes()].concat()).await.unwrap();
            peer
        });
        let source = "127.0.0.9:0".parse().unwrap();
        let mut connection = Connection::open(address, Some(source)).await.unwrap();
        connection.send(b"POST").await.unwrap();
        assert_eq!(&*connection.receive().await.unwrap().body, b"[]");
        assert_eq!(connection.receive().await.unwrap().body.len(), 100_000);
        assert_eq!(connection.receive().await.unwrap().status, 204);
        let ended = connection.receive().await;
        assert!(matches!(ended, Err(ConnectionError::Ended)), "{ended:?}");
        assert_eq!(server.await.unwrap().ip().to_string(), "127.0.0.9");
    }
}
