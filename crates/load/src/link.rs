//! One connection that never waits: bytes out, whole responses or frames in.
//!
//! An idle link costs its socket and no buffer. What arrives is read into a buffer that all links
//! of a thread share; only the beginning of something that is not whole yet is kept, until more
//! arrives. What a socket does not take at once is kept, too, until it takes more.
//!
//! # Bounds
//!
//! A link keeps at most one request and one response of [`MAX_RESPONSE_BYTES`].

use std::fmt;
use std::io::{self, Read as _, Write as _};
use std::net::SocketAddr;

use mio::net::TcpStream;
use mio::{Interest, Registry, Token};
use socket2::{Domain, Protocol, Socket, Type};

use crate::frames::{self, Frame};
use crate::response::{self, MAX_RESPONSE_BYTES, Response, ResponseError};

/// Bytes of the buffer that a thread begins with.
const BUFFER_BYTES: usize = 64 << 10;

/// An open connection, or one that is being opened.
#[derive(Debug)]
pub(crate) struct Link {
    socket: TcpStream,
    connected: bool,
    /// What was not written yet.
    out: Vec<u8>,
    /// The beginning of something that is not whole.
    carried: Vec<u8>,
    framing: Framing,
}

/// What the bytes that arrive are.
#[derive(Clone, Debug, Eq, PartialEq)]
enum Framing {
    Responses,
    /// One response that has to contain this key, then frames.
    Upgrade(Box<str>),
    Frames,
}

/// Something whole that arrived.
#[derive(Debug, PartialEq)]
pub(crate) enum Unit<'a> {
    Response(Response<'a>),
    Upgraded,
    Frame(Frame<'a>),
}

/// Where all links of a thread read to.
#[derive(Debug)]
pub(crate) struct Buffer {
    bytes: Vec<u8>,
    filled: usize,
    /// Bytes of the last read.
    fresh: usize,
    /// Whether there may be more to read.
    more: bool,
}

impl Buffer {
    pub(crate) fn new() -> Self {
        Self { bytes: vec![0; BUFFER_BYTES], filled: 0, fresh: 0, more: false }
    }

    /// What was read and not taken.
    pub(crate) fn from(&self, at: usize) -> &[u8] {
        self.bytes.get(at..self.filled).unwrap_or_default()
    }

    /// Bytes that the last read brought, without those that were kept from before.
    pub(crate) fn fresh(&self) -> usize {
        self.fresh
    }

    /// Whether the socket may have more.
    pub(crate) fn has_more(&self) -> bool {
        self.more
    }
}

impl Link {
    /// Begins to connect, from the given source address if there is one.
    pub(crate) fn open(
        address: SocketAddr,
        source: Option<SocketAddr>,
        registry: &Registry,
        token: Token,
    ) -> io::Result<Self> {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
        socket.set_nonblocking(true)?;
        socket.set_tcp_nodelay(true)?;
        if let Some(source) = source {
            socket.bind(&source.into())?;
        }
        match socket.connect(&address.into()) {
            Ok(()) => {}
            Err(error)
                if error.raw_os_error() == Some(rustix::io::Errno::INPROGRESS.raw_os_error()) => {}
            Err(error) => return Err(error),
        }
        let mut socket = TcpStream::from_std(socket.into());
        registry.register(&mut socket, token, Interest::READABLE | Interest::WRITABLE)?;
        Ok(Self {
            socket,
            connected: false,
            out: Vec::new(),
            carried: Vec::new(),
            framing: Framing::Responses,
        })
    }

    /// From now on, one response that accepts the upgrade is expected, and then frames.
    pub(crate) fn expect_upgrade(&mut self, accept: String) {
        self.framing = Framing::Upgrade(accept.into_boxed_str());
    }

    /// Whether frames arrive.
    pub(crate) fn is_upgraded(&self) -> bool {
        self.framing == Framing::Frames
    }

    /// Writes as much as the socket takes; the rest follows when it takes more.
    pub(crate) fn send(&mut self, bytes: &[u8]) -> Result<(), LinkError> {
        if !self.connected || !self.out.is_empty() {
            if self.out.len() + bytes.len() > MAX_RESPONSE_BYTES {
                return Err(LinkError::Stuck);
            }
            self.out.extend_from_slice(bytes);
            return Ok(());
        }
        let written = write_some(&mut self.socket, bytes)?;
        if let Some(rest) = bytes.get(written..).filter(|rest| !rest.is_empty()) {
            self.out.extend_from_slice(rest);
        }
        Ok(())
    }

    /// The socket takes bytes, for the first time or again.
    pub(crate) fn handle_writable(&mut self) -> Result<(), LinkError> {
        if !self.connected {
            if let Some(error) = self.socket.take_error()? {
                return Err(error.into());
            }
            match self.socket.peer_addr() {
                Ok(_) => self.connected = true,
                Err(error) if error.kind() == io::ErrorKind::NotConnected => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
        if !self.out.is_empty() {
            let written = write_some(&mut self.socket, &self.out)?;
            self.out.drain(..written);
            if self.out.is_empty() {
                self.out = Vec::new();
            }
        }
        Ok(())
    }

    /// Reads once into the shared buffer, behind what this link kept. `false` if there was nothing.
    pub(crate) fn fill(&mut self, buffer: &mut Buffer) -> Result<bool, LinkError> {
        let kept = self.carried.len();
        if kept > 2 * MAX_RESPONSE_BYTES {
            return Err(ResponseError::TooLong(kept).into());
        }
        if buffer.bytes.len() < kept + BUFFER_BYTES / 2 {
            buffer.bytes.resize(kept * 2 + BUFFER_BYTES, 0);
        }
        buffer.more = false;
        buffer.filled = 0;
        buffer.fresh = 0;
        let space = buffer.bytes.get_mut(kept..).unwrap_or_default();
        let room = space.len();
        let read = loop {
            match self.socket.read(space) {
                Ok(0) => return Err(LinkError::Ended),
                Ok(read) => break read,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        };
        // Less than there was room for: the next bytes come with an event of their own.
        buffer.more = read == room;
        buffer.filled = kept + read;
        buffer.fresh = read;
        if kept > 0 {
            buffer.bytes.get_mut(..kept).unwrap_or_default().copy_from_slice(&self.carried);
            self.carried.clear();
        }
        Ok(true)
    }

    /// What is whole at the beginning of `bytes`, and its length.
    pub(crate) fn unit<'b>(
        &mut self,
        bytes: &'b [u8],
    ) -> Result<Option<(Unit<'b>, usize)>, LinkError> {
        if bytes.is_empty() {
            return Ok(None);
        }
        match &self.framing {
            Framing::Responses => Ok(response::frame(bytes)?.map(|response| {
                let length = response.length;
                (Unit::Response(response), length)
            })),
            Framing::Frames => {
                Ok(frames::frame(bytes)?.map(|(frame, length)| (Unit::Frame(frame), length)))
            }
            Framing::Upgrade(accept) => {
                let Some((status, headers, length)) = response::head(bytes)? else {
                    return Ok(None);
                };
                if status != 101 {
                    return Err(LinkError::NoUpgrade(status));
                }
                let shown = response::values(headers, "sec-websocket-accept").next();
                if shown != Some(accept) {
                    return Err(LinkError::NoUpgrade(status));
                }
                self.framing = Framing::Frames;
                Ok(Some((Unit::Upgraded, length)))
            }
        }
    }

    /// Keeps what is not whole until more arrives.
    pub(crate) fn keep(&mut self, rest: &[u8]) {
        if rest.is_empty() {
            self.carried = Vec::new();
        } else {
            self.carried.extend_from_slice(rest);
        }
    }
}

fn write_some(socket: &mut TcpStream, bytes: &[u8]) -> Result<usize, LinkError> {
    let mut written = 0;
    while let Some(rest) = bytes.get(written..).filter(|rest| !rest.is_empty()) {
        match socket.write(rest) {
            Ok(0) => return Err(LinkError::Ended),
            Ok(some) => written += some,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(written)
}

/// Why a connection is of no more use.
#[derive(Debug)]
pub(crate) enum LinkError {
    /// The system says so.
    Io(io::Error),
    /// The server closed it.
    Ended,
    /// The server does not read what it is sent.
    Stuck,
    /// The server answered the upgrade to a WebSocket with this status, or with a wrong key.
    NoUpgrade(u16),
    /// What came is no response.
    Response(ResponseError),
}

impl From<io::Error> for LinkError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<ResponseError> for LinkError {
    fn from(error: ResponseError) -> Self {
        Self::Response(error)
    }
}

impl fmt::Display for LinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // The text is what failures are counted by, so the kind is part of it.
            Self::Io(error) => write!(f, "the connection failed: {}", error.kind()),
            Self::Ended => f.write_str("the server closed the connection"),
            Self::Stuck => f.write_str("the server does not read what it is sent"),
            Self::NoUpgrade(status) => write!(f, "no WebSocket: the server answered {status}"),
            Self::Response(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for LinkError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io(error) => Some(error),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::time::Duration;

    use mio::{Events, Poll};

    use super::*;

    /// What arrives on a link until it ends, as debug text of each unit, bodies shortened; and the
    /// bytes that were read.
    fn units(link: &mut Link, poll: &mut Poll) -> (Vec<String>, usize, LinkError) {
        let mut events = Events::with_capacity(8);
        let mut buffer = Buffer::new();
        let (mut units, mut bytes) = (Vec::new(), 0);
        loop {
            poll.poll(&mut events, Some(Duration::from_secs(30))).unwrap();
            assert!(!events.is_empty(), "nothing came");
            link.handle_writable().unwrap();
            loop {
                match link.fill(&mut buffer) {
                    Ok(true) => bytes += buffer.fresh(),
                    Ok(false) => break,
                    Err(error) => return (units, bytes, error),
                }
                let mut at = 0;
                while let Some((unit, length)) = link.unit(buffer.from(at)).unwrap() {
                    at += length;
                    units.push(match unit {
                        Unit::Response(response) => {
                            format!("{} {}", response.status, response.body.len())
                        }
                        other => format!("{other:?}"),
                    });
                }
                link.keep(buffer.from(at));
                // Read on, whatever the hint says: the end may be here already.
            }
        }
    }

    #[test]
    fn responses_in_pieces_and_together_are_told_apart() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut poll = Poll::new().unwrap();
        let source = "127.0.0.9:0".parse().unwrap();
        let address = listener.local_addr().unwrap();
        let mut link = Link::open(address, Some(source), poll.registry(), Token(0)).unwrap();
        link.send(b"POST").unwrap();
        let server = std::thread::spawn(move || {
            let (mut socket, peer) = listener.accept().unwrap();
            socket.set_nodelay(true).unwrap();
            let mut request = [0; 4];
            socket.read_exact(&mut request).unwrap();
            let first = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]";
            for byte in first {
                socket.write_all(&[*byte]).unwrap();
            }
            let long = vec![b'x'; 300_000];
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", long.len());
            let last = "HTTP/1.1 204 None\r\n\r\nHTTP/1.1 2";
            socket.write_all(&[head.as_bytes(), &long, last.as_bytes()].concat()).unwrap();
            (peer, request, first.len() + head.len() + long.len() + last.len())
        });
        let (units, bytes, end) = units(&mut link, &mut poll);
        assert_eq!(units, ["200 2", "200 300000", "204 0"]);
        assert!(matches!(end, LinkError::Ended), "{end:?}");
        let (peer, request, written) = server.join().unwrap();
        assert_eq!(bytes, written, "what is kept counts once");
        assert_eq!((peer.ip().to_string().as_str(), &request), ("127.0.0.9", b"POST"));
    }

    #[test]
    fn nobody_there_is_an_error() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        let mut poll = Poll::new().unwrap();
        let mut events = Events::with_capacity(8);
        let refused = Link::open(address, None, poll.registry(), Token(0))
            .map_err(LinkError::from)
            .and_then(|mut link| {
                poll.poll(&mut events, Some(Duration::from_secs(30))).unwrap();
                link.handle_writable()
            });
        assert!(refused.unwrap_err().to_string().contains("refused"));
    }
}
