//! HTTP/1.1 over a bare socket.
//!
//! A [`Connection`] sends exactly the bytes it is given and parses what comes back just far enough:
//! status, headers, and a body by length, by chunks or to the end of the stream. Tests of framing
//! need that; it is also light enough to hold thousands of polls in one process.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::Login;

/// The longest wait for one response: a held poll of 30 s and a generous rest.
const PATIENCE: Duration = Duration::from_secs(60);

/// One request; the host and the length of the body are added when it is encoded.
#[derive(Clone, Debug)]
pub struct Request {
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: Option<Vec<u8>>,
}

impl Request {
    /// A request without headers and without a body.
    pub fn new(method: &str, target: &str) -> Self {
        Self { method: method.into(), target: target.into(), headers: Vec::new(), body: None }
    }

    /// A POST of JSON text.
    pub fn json(target: &str, body: impl Into<Vec<u8>>) -> Self {
        Self::new("POST", target).header("content-type", "application/json").body(body)
    }

    /// Adds a header, repeated ones included.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Adds HTTP Basic credentials.
    #[must_use]
    pub fn login(self, login: &Login) -> Self {
        self.header("authorization", &login.basic())
    }

    /// Sets the body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some(body.into());
        self
    }

    /// The method.
    pub fn method(&self) -> &str {
        &self.method
    }

    /// The bytes to send.
    pub fn encode(&self) -> Vec<u8> {
        let mut head = format!("{} {} HTTP/1.1\r\nhost: localhost\r\n", self.method, self.target);
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if let Some(body) = &self.body {
            head.push_str(&format!("content-length: {}\r\n", body.len()));
        }
        head.push_str("\r\n");
        let mut bytes = head.into_bytes();
        bytes.extend(self.body.as_deref().unwrap_or_default());
        bytes
    }
}

/// One response.
#[derive(Clone, Debug)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// The headers in order, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, chunks joined.
    pub body: Vec<u8>,
}

impl Response {
    /// The first value of a header; `name` in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    ///
    /// # Panics
    ///
    /// If it is not JSON, with the response.
    pub fn value(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("not JSON ({error}): {} {}", self.status, self.text()))
    }

    /// Whether the server says that it closes the connection.
    pub fn closes(&self) -> bool {
        self.header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"))
    }
}

/// A client's end of one TCP connection.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    /// Connects.
    pub async fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::new() })
    }

    /// Sends a request and reads its response.
    pub async fn exchange(&mut self, request: &Request) -> io::Result<Response> {
        self.send(&request.encode()).await?;
        self.receive(request.method()).await
    }

    /// Sends these bytes and nothing else.
    pub async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        timeout(PATIENCE, self.stream.write_all(bytes)).await?
    }

    /// Reads the next final response, which answers a request of this method.
    ///
    /// # Errors
    ///
    /// `UnexpectedEof` if the server closed before a whole response came, `TimedOut` after a
    /// minute, `InvalidData` for what is not HTTP/1.1.
    pub async fn receive(&mut self, method: &str) -> io::Result<Response> {
        timeout(PATIENCE, self.read_response(method)).await?
    }

    /// Reads up to the end of the next `what`, as of a response that goes on.
    ///
    /// # Errors
    ///
    /// `UnexpectedEof` if the server closed before, `TimedOut` after a minute.
    pub async fn read_until(&mut self, what: &str) -> io::Result<String> {
        let bytes = timeout(PATIENCE, self.read_past(what.as_bytes())).await??;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Reads whatever comes until the server closes.
    pub async fn read_to_close(&mut self) -> io::Result<Vec<u8>> {
        let rest = async {
            while self.fill().await? {}
            Ok::<_, io::Error>(())
        };
        timeout(PATIENCE, rest).await??;
        Ok(std::mem::take(&mut self.buffer))
    }

    async fn read_response(&mut self, method: &str) -> io::Result<Response> {
        loop {
            let (status, headers) = self.read_head().await?;
            let mut response = Response { status, headers, body: Vec::new() };
            if (100..200).contains(&status) {
                continue;
            }
            if method != "HEAD" && status != 204 && status != 304 {
                response.body = self.read_body(&response).await?;
            }
            return Ok(response);
        }
    }

    async fn read_head(&mut self) -> io::Result<(u16, Vec<(String, String)>)> {
        let head = self.read_past(b"\r\n\r\n").await?;
        let head = String::from_utf8(head).map_err(invalid)?;
        let mut lines = head.lines();
        let status = lines
            .next()
            .and_then(|line| line.strip_prefix("HTTP/1."))
            .and_then(|line| line.split(' ').nth(1))
            .and_then(|code| code.parse().ok())
            .ok_or_else(|| invalid(format!("no status line: {head}")))?;
        let headers = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        Ok((status, headers))
    }

    async fn read_body(&mut self, head: &Response) -> io::Result<Vec<u8>> {
        if let Some(length) = head.header("content-length") {
            return self.read_exactly(length.parse().map_err(invalid)?).await;
        }
        if head.header("transfer-encoding") != Some("chunked") {
            while self.fill().await? {}
            return Ok(std::mem::take(&mut self.buffer));
        }
        let mut body = Vec::new();
        loop {
            let line = String::from_utf8(self.read_past(b"\r\n").await?).map_err(invalid)?;
            let size = line.trim().split(';').next().unwrap_or_default();
            let size = usize::from_str_radix(size, 16).map_err(invalid)?;
            let chunk = self.read_exactly(size + 2).await?;
            body.extend_from_slice(chunk.get(..size).unwrap_or_default());
            if size == 0 {
                return Ok(body);
            }
        }
    }

    async fn read_past(&mut self, mark: &[u8]) -> io::Result<Vec<u8>> {
        loop {
            if let Some(at) = self.buffer.windows(mark.len()).position(|window| window == mark) {
                return Ok(self.buffer.drain(..at + mark.len()).collect());
            }
            self.must_fill().await?;
        }
    }

    async fn read_exactly(&mut self, length: usize) -> io::Result<Vec<u8>> {
        while self.buffer.len() < length {
            self.must_fill().await?;
        }
        Ok(self.buffer.drain(..length).collect())
    }

    async fn must_fill(&mut self) -> io::Result<()> {
        if self.fill().await? { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }

    /// Reads once; false at the end of the stream.
    async fn fill(&mut self) -> io::Result<bool> {
        self.buffer.reserve(4096);
        Ok(self.stream.read_buf(&mut self.buffer).await? > 0)
    }
}

fn invalid(problem: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, problem)
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    /// A connection to a server that says `script` and closes.
    async fn scripted(script: &'static [u8]) -> Connection {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let connection = Connection::open(listener.local_addr().unwrap()).await.unwrap();
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(script).await.unwrap();
        connection
    }

    #[tokio::test]
    async fn two_responses_on_one_connection_are_told_apart() {
        let mut connection = scripted(
            b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nabHTTP/1.1 \
              404 No\r\ntransfer-encoding: chunked\r\n\r\n2\r\ncd\r\n1\r\ne\r\n0\r\n\r\n",
        )
        .await;
        let first = connection.receive("POST").await.unwrap();
        assert_eq!((first.status, first.text().as_str()), (200, "ab"));
        let second = connection.receive("POST").await.unwrap();
        assert_eq!((second.status, second.text().as_str()), (404, "cde"));
    }

    #[tokio::test]
    async fn an_early_close_is_an_error() {
        let mut connection = scripted(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nab").await;
        let error = connection.receive("POST").await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    }

    #[test]
    fn a_request_carries_host_and_length() {
        let request = Request::json("/x", "{}").header("a", "b");
        assert_eq!(
            String::from_utf8(request.encode()).unwrap(),
            "POST /x HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\na: b\r\n\
             content-length: 2\r\n\r\n{}"
        );
    }
}
