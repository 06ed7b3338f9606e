//! One HTTP connection that takes turns: a request, then its answer.
//!
//! For what happens before and after a run, where nothing is measured: log in, make calls, say
//! farewell. A connection that the server closed is opened again for the next request.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use crate::link::LinkError;
use crate::response::{self, MAX_RESPONSE_BYTES, ResponseError};
use crate::session::{ANSWER_DEADLINE, SessionError};

/// Longest wait for a connection.
const CONNECT_DEADLINE: Duration = Duration::from_secs(10);

/// What an answer said.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) cookies: Vec<String>,
    pub(crate) body: Vec<u8>,
}

/// The connection.
#[derive(Debug)]
pub(crate) struct Turns {
    address: SocketAddr,
    socket: Option<TcpStream>,
}

impl Turns {
    /// Opens nothing yet.
    pub(crate) fn new(address: SocketAddr) -> Self {
        Self { address, socket: None }
    }

    /// Sends a request and waits for the answer.
    pub(crate) fn ask(&mut self, request: &[u8]) -> Result<Answer, SessionError> {
        let mut socket = if let Some(socket) = self.socket.take() {
            socket
        } else {
            let socket = TcpStream::connect_timeout(&self.address, CONNECT_DEADLINE)?;
            socket.set_read_timeout(Some(ANSWER_DEADLINE))?;
            socket.set_write_timeout(Some(ANSWER_DEADLINE))?;
            socket.set_nodelay(true)?;
            socket
        };
        socket.write_all(request)?;
        let mut bytes = Vec::new();
        let mut part = [0; 4096];
        loop {
            if let Some(response) = response::frame(&bytes)? {
                let answer = Answer {
                    status: response.status,
                    cookies: response.values("set-cookie").map(str::to_owned).collect(),
                    body: response.body.to_vec(),
                };
                if !response.close {
                    self.socket = Some(socket);
                }
                return Ok(answer);
            }
            if bytes.len() > 2 * MAX_RESPONSE_BYTES {
                return Err(ResponseError::TooLong(bytes.len()).into());
            }
            match socket.read(&mut part) {
                Ok(0) => return Err(LinkError::Ended.into()),
                Ok(read) => bytes.extend_from_slice(part.get(..read).unwrap_or_default()),
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                    return Err(SessionError::Late);
                }
                Err(error) => return Err(error.into()),
            }
        }
    }
}
