//! The floor that the kernel sets: one thread, one `epoll`, one read buffer, and no HTTP beyond
//! finding where a request ends.
#![expect(clippy::print_stderr, reason = "a command line tool")]

use std::io::{self, Read as _, Write as _};

use encke_benches::floor::address;
use encke_benches::floor::room::{Answer, Room};
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};

const LISTENER: Token = Token(usize::MAX);

/// Bytes read at a time, for all connections together.
const READ: usize = 64 << 10;

fn main() -> io::Result<()> {
    let mut poll = Poll::new()?;
    let mut listener = TcpListener::bind(address(std::env::args_os()))?;
    eprintln!("listening on http://{}", listener.local_addr()?);
    poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
    let mut server = Server { connections: Vec::new(), free: Vec::new(), room: Room::default() };
    let (mut events, mut buffer) = (Events::with_capacity(1024), vec![0; READ]);
    loop {
        match poll.poll(&mut events, None) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            polled => polled?,
        }
        for event in &events {
            if event.token() == LISTENER {
                while let Ok((mut stream, _)) = listener.accept() {
                    stream.set_nodelay(true)?;
                    let place = server.free.pop().unwrap_or(server.connections.len());
                    let both = Interest::READABLE | Interest::WRITABLE;
                    poll.registry().register(&mut stream, Token(place), both)?;
                    server.put(place, stream);
                }
            } else {
                server.ready(event.token().0, &mut buffer);
            }
        }
    }
}

#[derive(Debug)]
struct Connection {
    stream: TcpStream,
    /// A request that is not here to its end.
    begun: Vec<u8>,
    /// A response that the kernel has not taken to its end.
    unsent: Vec<u8>,
}

#[derive(Debug)]
struct Server {
    connections: Vec<Option<Connection>>,
    free: Vec<usize>,
    room: Room<usize>,
}

impl Server {
    fn put(&mut self, place: usize, stream: TcpStream) {
        if place == self.connections.len() {
            self.connections.push(None);
        }
        if let Some(free) = self.connections.get_mut(place) {
            *free = Some(Connection { stream, begun: Vec::new(), unsent: Vec::new() });
        }
    }

    /// The socket of a connection has bytes, room or an end.
    fn ready(&mut self, place: usize, buffer: &mut [u8]) {
        self.write(place, &[]);
        loop {
            let Some(Some(connection)) = self.connections.get_mut(place) else { return };
            match connection.stream.read(buffer) {
                Ok(count) if count > 0 => {
                    let read = buffer.get(..count).unwrap_or_default();
                    if connection.begun.is_empty() {
                        let rest = self.requests(place, read);
                        let rest = read.get(rest..).unwrap_or_default().to_vec();
                        if let Some(Some(connection)) = self.connections.get_mut(place) {
                            connection.begun = rest;
                        }
                    } else {
                        let mut whole = std::mem::take(&mut connection.begun);
                        whole.extend_from_slice(read);
                        let rest = self.requests(place, &whole);
                        if let Some(Some(connection)) = self.connections.get_mut(place) {
                            connection.begun = whole.split_off(rest);
                        }
                    }
                    if count < buffer.len() {
                        return;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Ok(_) | Err(_) => {
                    if let Some(gone) = self.connections.get_mut(place) {
                        *gone = None;
                        self.free.push(place);
                    }
                    return;
                }
            }
        }
    }

    /// Answers the whole requests in `bytes`; where the rest begins.
    fn requests(&mut self, place: usize, bytes: &[u8]) -> usize {
        let mut at = 0;
        while let Some((body, end)) = request(bytes.get(at..).unwrap_or_default()) {
            at += end;
            let mut over = Vec::new();
            match self.room.take(body, &mut over) {
                Answer::Reply(text) => self.respond(place, &text),
                Answer::Hold(client) => self.room.hold(client, place),
            }
            for (place, text) in over {
                self.respond(place, &text);
            }
        }
        at
    }

    fn respond(&mut self, place: usize, text: &str) {
        let response = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json;charset=UTF-8\r\ncontent-length: {}\r\n\r\n{text}",
            text.len()
        );
        self.write(place, response.as_bytes());
    }

    /// Writes what is left over, then `bytes`, as far as the kernel takes it.
    fn write(&mut self, place: usize, bytes: &[u8]) {
        let Some(Some(Connection { stream, unsent, .. })) = self.connections.get_mut(place) else {
            return;
        };
        if !unsent.is_empty() {
            unsent.extend_from_slice(bytes);
            if let Ok(count) = stream.write(unsent) {
                unsent.drain(..count);
            }
        } else if !bytes.is_empty() {
            let count = stream.write(bytes).unwrap_or(0);
            *unsent = bytes.get(count..).unwrap_or_default().to_vec();
        }
    }
}

/// The body of the first request and where it ends, if it is here whole.
fn request(bytes: &[u8]) -> Option<(&str, usize)> {
    let head = bytes.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let lines = std::str::from_utf8(bytes.get(..head)?).ok()?.split("\r\n");
    let length = lines
        .filter_map(|line| line.split_once(": "))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .and_then(|(_, value)| value.parse().ok())
        .unwrap_or(0_usize);
    let body = bytes.get(head..head + length)?;
    Some((std::str::from_utf8(body).unwrap_or_default(), head + length))
}
