//! HTTP/1.1 over a bare socket.
//!
//! A [`Connection`] sends exactly the bytes it is given, so that malformed requests can be made,
//! and reads a response just far enough: status, headers, and a body by length, by chunks or to
//! the end of the stream. It sets no limit of time; whoever waits does.

use std::io;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::target::Endpoint;

/// Most bytes of a response that are read.
const MAX_RESPONSE_BYTES: usize = 64 << 20;

/// One request. Host and length are added when it is encoded.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) version: &'static str,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Option<Vec<u8>>,
}

impl Request {
    /// A request without headers and without a body.
    pub(crate) fn new(method: &str, path: &str) -> Self {
        Self {
            method: method.to_owned(),
            path: path.to_owned(),
            version: "HTTP/1.1",
            headers: Vec::new(),
            body: None,
        }
    }

    /// A POST of JSON text.
    pub(crate) fn json(path: &str, body: impl Into<Vec<u8>>) -> Self {
        Self::new("POST", path).header("Content-Type", "application/json").body(body)
    }

    /// Adds a header.
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Sets the body.
    pub(crate) fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some(body.into());
        self
    }

    /// The bytes before the body, `Content-Length` included.
    pub(crate) fn head(&self, host: &str) -> String {
        let mut head =
            format!("{} {} {}\r\nHost: {host}\r\n", self.method, self.path, self.version);
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        let framed = self.headers.iter().any(|(name, _)| {
            name.eq_ignore_ascii_case("content-length")
                || name.eq_ignore_ascii_case("transfer-encoding")
        });
        if let Some(body) = self.body.as_ref().filter(|_| !framed) {
            head.push_str(&format!("Content-Length: {}\r\n", body.len()));
        }
        head.push_str("\r\n");
        head
    }

    /// The bytes to send.
    pub(crate) fn encode(&self, host: &str) -> Vec<u8> {
        let mut bytes = self.head(host).into_bytes();
        bytes.extend(self.body.as_deref().unwrap_or_default());
        bytes
    }
}

/// One response.
#[derive(Clone, Debug)]
pub(crate) struct Response {
    /// Status codes of interim responses that came before this one.
    pub(crate) interim: Vec<u16>,
    pub(crate) version: String,
    pub(crate) status: u16,
    /// In order, names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Response {
    /// The first value of a header; `name` in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Every value of a header.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.headers.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The body as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Whether the connection cannot be used again.
    pub(crate) fn closes(&self) -> bool {
        let says =
            |value: &str| self.header("connection").is_some_and(|c| c.eq_ignore_ascii_case(value));
        says("close") || (self.version == "HTTP/1.0" && !says("keep-alive"))
    }
}

/// A client's end of one TCP connection.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
    host: String,
}

impl Connection {
    /// Connects.
    pub(crate) async fn open(endpoint: &Endpoint) -> io::Result<Self> {
        let stream = TcpStream::connect((endpoint.host.as_str(), endpoint.port)).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::new(), host: endpoint.authority() })
    }

    /// Sends a request and reads its response.
    pub(crate) async fn exchange(&mut self, request: &Request) -> io::Result<Response> {
        let bytes = request.encode(&self.host);
        self.send(&bytes).await?;
        self.receive(&request.method).await
    }

    /// Sends these bytes and nothing else.
    pub(crate) async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await
    }

    /// Closes the sending side only.
    pub(crate) async fn half_close(&mut self) -> io::Result<()> {
        self.stream.shutdown().await
    }

    /// Reads until the peer closes.
    pub(crate) async fn ended(&mut self) {
        while self.fill().await.unwrap_or(false) {}
    }

    /// The value for a `Host` header.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// Reads the next final response, which answers a request of this method.
    ///
    /// # Errors
    ///
    /// `UnexpectedEof` if the peer closed before a whole response came, `InvalidData` for what is
    /// not HTTP/1.1 and for a response beyond 64 MiB.
    pub(crate) async fn receive(&mut self, method: &str) -> io::Result<Response> {
        let mut interim = Vec::new();
        loop {
            let mut response = self.read_head().await?;
            if (100..200).contains(&response.status) && response.status != 101 {
                interim.push(response.status);
                continue;
            }
            response.interim = interim;
            if method != "HEAD" && ![101, 204, 304].contains(&response.status) {
                response.body = self.read_body(&response).await?;
            }
            return Ok(response);
        }
    }

    async fn read_head(&mut self) -> io::Result<Response> {
        let head = self.read_past(b"\r\n\r\n").await?;
        let head = String::from_utf8_lossy(&head).into_owned();
        let mut lines = head.lines();
        let status_line = lines.next().unwrap_or_default();
        let mut words = status_line.split(' ');
        let version = words.next().unwrap_or_default().to_owned();
        let status = words.next().and_then(|code| code.parse().ok());
        let status = status.filter(|_| version.starts_with("HTTP/1."));
        let status = status.ok_or_else(|| invalid(format!("no status line: {status_line:?}")))?;
        let headers = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        Ok(Response { interim: Vec::new(), version, status, headers, body: Vec::new() })
    }

    async fn read_body(&mut self, head: &Response) -> io::Result<Vec<u8>> {
        let chunked =
            head.header("transfer-encoding").is_some_and(|c| c.eq_ignore_ascii_case("chunked"));
        if let Some(length) = head.header("content-length").filter(|_| !chunked) {
            return self.read_exactly(length.parse().map_err(invalid)?).await;
        }
        if !chunked {
            while self.fill().await? {}
            return Ok(std::mem::take(&mut self.buffer));
        }
        let mut body = Vec::new();
        loop {
            let line = self.read_past(b"\r\n").await?;
            let line = String::from_utf8_lossy(&line).into_owned();
            let size = line.trim().split(';').next().unwrap_or_default();
            let size = usize::from_str_radix(size, 16).map_err(invalid)?;
            let chunk = self.read_exactly(size + 2).await?;
            body.extend(chunk.iter().take(size));
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
        if self.buffer.len() > MAX_RESPONSE_BYTES {
            return Err(invalid("the response is too large"));
        }
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
    use super::*;

    #[test]
    fn a_length_is_added_only_where_the_request_has_no_framing_of_its_own() {
        let host = "h:1";
        let plain = Request::json("/c", "[]");
        assert!(plain.head(host).ends_with("Content-Length: 2\r\n\r\n"));
        let chunked = plain.header("Transfer-Encoding", "chunked");
        assert!(!chunked.head(host).contains("Content-Length"));
    }
}
