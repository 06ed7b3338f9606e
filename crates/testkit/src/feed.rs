//! A source that feeds its calls over a bare socket, both ways at once.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::time::timeout;

use crate::DEADLINE;

/// One stream of reports, or of changes. Dropping it cuts the connection.
#[derive(Debug)]
pub struct FeedStream {
    sending: OwnedWriteHalf,
    answers: Answers,
}

/// The reading half of a stream.
#[derive(Debug)]
pub struct Answers {
    receiving: BufReader<OwnedReadHalf>,
    lines: VecDeque<Value>,
    partial: Vec<u8>,
    ended: bool,
}

impl FeedStream {
    /// The key that [`SETTINGS`](Self::SETTINGS) let feed the source `pbx`.
    pub const KEY: &str = "encke_test";

    /// Settings of a server that takes reports of the source `pbx`.
    pub const SETTINGS: &str = "[api]\nenabled = true\n[api.keys.core]\noperations = []\n\
         feed = [\"pbx\"]\n\
         sha256 = \"8111e5607776ae536e3eab427654dd5c644292192d141f2655dc92a0bcd7d38a\"\n";

    /// Begins a stream of reports, path and query relative to `/api/feed/v1/`.
    ///
    /// # Errors
    ///
    /// The connection's; `Other` with the head and what follows for every status but 200.
    pub async fn open(address: SocketAddr, path: &str) -> io::Result<Self> {
        Self::request(address, "POST", path, "transfer-encoding: chunked\r\n").await
    }

    /// Begins a stream that only tells, as that of changes.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    pub async fn listen(address: SocketAddr, path: &str) -> io::Result<Self> {
        Self::request(address, "GET", path, "").await
    }

    async fn request(
        address: SocketAddr,
        method: &str,
        path: &str,
        more: &str,
    ) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (receiving, mut sending) = stream.into_split();
        let head = format!(
            "{method} /api/feed/v1/{path} HTTP/1.1\r\nhost: localhost\r\nx-api-key: {}\r\n{more}\r\n",
            Self::KEY
        );
        sending.write_all(head.as_bytes()).await?;
        let mut receiving = BufReader::new(receiving);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if receiving.read_line(&mut head).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        if !head.starts_with("HTTP/1.1 200 ") {
            return Err(io::Error::other(head));
        }
        let (lines, partial) = (VecDeque::new(), Vec::new());
        Ok(Self { sending, answers: Answers { receiving, lines, partial, ended: false } })
    }

    /// Sends a line.
    ///
    /// # Errors
    ///
    /// The connection's.
    pub async fn send(&mut self, line: &Value) -> io::Result<()> {
        self.send_text(&format!("{line}\n")).await
    }

    /// Sends a piece of the body as it is.
    ///
    /// # Errors
    ///
    /// The connection's.
    pub async fn send_text(&mut self, text: &str) -> io::Result<()> {
        let chunk = format!("{:x}\r\n{text}\r\n", text.len());
        self.sending.write_all(chunk.as_bytes()).await
    }

    /// Ends the body.
    ///
    /// # Errors
    ///
    /// The connection's.
    pub async fn finish(&mut self) -> io::Result<()> {
        self.sending.write_all(b"0\r\n\r\n").await
    }

    /// The next answer; `None` after the last one.
    ///
    /// # Errors
    ///
    /// As [`Answers::next`].
    pub async fn next(&mut self) -> io::Result<Option<Value>> {
        self.answers.next().await
    }

    /// All answers that are left.
    ///
    /// # Panics
    ///
    /// If the stream breaks off.
    pub async fn rest(&mut self) -> Vec<Value> {
        let mut all = Vec::new();
        while let Some(answer) = self.next().await.expect("the stream ends in order") {
            all.push(answer);
        }
        all
    }

    /// The two halves, for who sends and hears at once.
    pub fn split(self) -> (Sending, Answers) {
        (Sending(self.sending), self.answers)
    }
}

/// The writing half of a stream.
#[derive(Debug)]
pub struct Sending(OwnedWriteHalf);

impl Sending {
    /// Sends a piece of the body as it is.
    ///
    /// # Errors
    ///
    /// The connection's.
    pub async fn send_text(&mut self, text: &str) -> io::Result<()> {
        let chunk = format!("{:x}\r\n{text}\r\n", text.len());
        self.0.write_all(chunk.as_bytes()).await
    }
}

impl Answers {
    /// The next answer; `None` after the last one.
    ///
    /// # Errors
    ///
    /// `UnexpectedEof` if the connection broke off, `TimedOut` past the deadline, `InvalidData`
    /// for what is no JSON.
    pub async fn next(&mut self) -> io::Result<Option<Value>> {
        while self.lines.is_empty() && !self.ended {
            timeout(DEADLINE, self.chunk()).await??;
        }
        Ok(self.lines.pop_front())
    }

    async fn chunk(&mut self) -> io::Result<()> {
        let mut size = String::new();
        self.receiving.read_line(&mut size).await?;
        if size.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let size = usize::from_str_radix(size.trim(), 16).map_err(io::Error::other)?;
        let mut chunk = vec![0; size + 2];
        self.receiving.read_exact(&mut chunk).await?;
        chunk.truncate(size);
        self.ended = size == 0;
        self.partial.append(&mut chunk);
        while let Some(end) = self.partial.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.partial.drain(..=end).collect();
            let line = serde_json::from_slice(&line)
                .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
            self.lines.push_back(line);
        }
        Ok(())
    }
}
