//! Whoever publishes keys, for tests: an HTTP server that answers what it is told to.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::login::token::{KeySource, Place, Times};

/// Never reached in a test that passes.
const LONG: Duration = Duration::from_secs(3_600);

pub(super) struct Issuer {
    scheme: &'static str,
    address: SocketAddr,
    answer: Arc<Mutex<Option<String>>>,
    asked: Arc<AtomicUsize>,
    _serving: JoinSet<()>,
}

impl Issuer {
    /// Answers nothing until it is told what.
    pub(super) async fn open() -> Self {
        Self::listen(None).await
    }

    /// The same over TLS.
    pub(super) async fn open_tls(tls: TlsAcceptor) -> Self {
        Self::listen(Some(tls)).await
    }

    async fn listen(tls: Option<TlsAcceptor>) -> Self {
        let scheme = if tls.is_some() { "https" } else { "http" };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let answer = Arc::new(Mutex::new(None));
        let asked = Arc::new(AtomicUsize::new(0));
        let mut serving = JoinSet::new();
        let (known, count) = (Arc::clone(&answer), Arc::clone(&asked));
        serving.spawn(async move {
            let mut silent = Vec::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let mut stream: Box<dyn Stream> = match &tls {
                    None => Box::new(stream),
                    Some(tls) => match tls.accept(stream).await {
                        Ok(stream) => Box::new(stream),
                        Err(_) => continue,
                    },
                };
                read_head(&mut stream).await;
                count.fetch_add(1, Ordering::SeqCst);
                let answer: Option<String> = known.lock().unwrap().clone();
                match answer {
                    Some(answer) => stream.write_all(answer.as_bytes()).await.unwrap(),
                    None => silent.push(stream),
                }
            }
        });
        Self { scheme, address, answer, asked, _serving: serving }
    }

    /// Answers 200 with this body from now on.
    pub(super) fn say(&self, body: &impl ToString) {
        self.answer("200 OK", body);
    }

    pub(super) fn answer(&self, status: &str, body: &impl ToString) {
        let body = body.to_string();
        let length = body.len();
        let head = format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\n\r\n");
        *self.answer.lock().unwrap() = Some(head + &body);
    }

    /// Requests so far.
    pub(super) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    /// Where to fetch from, and never by itself a second time.
    pub(super) fn source(&self, timeout: Duration, ca_file: Option<PathBuf>) -> KeySource {
        KeySource::Url {
            place: Place::new(&format!("{}://{}/keys", self.scheme, self.address)).unwrap(),
            ca_file,
            times: Times { ttl: LONG, apart: LONG, timeout },
            max_bytes: 4_096,
        }
    }

    /// Longer than two fetches are apart.
    pub(super) fn later() -> Duration {
        LONG
    }
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

async fn read_head(stream: &mut Box<dyn Stream>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    assert!(head.starts_with(b"GET /keys HTTP/1.1\r\n"), "{}", String::from_utf8_lossy(&head));
}
