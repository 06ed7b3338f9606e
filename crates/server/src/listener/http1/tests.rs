//! What a connection keeps while nobody asks anything on it.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::body::Body;
use http::Response;
use hyper::body::Incoming;
use tokio::io::{AsyncReadExt as _, DuplexStream, ReadBuf};
use tokio::sync::Notify;
use tokio::task::{JoinHandle, yield_now};

use super::*;

/// hyper's smallest read buffer.
const HYPER_READS: usize = 8 << 10;

/// Holds every request until it is told to answer.
#[derive(Clone, Default)]
struct Holds(Arc<Notify>);

impl Service for Holds {
    type Held = Pin<Box<dyn Future<Output = Answer> + Send>>;

    async fn answer(&self, _: Request<Incoming>, _: SocketAddr) -> Outcome<Self::Held> {
        let release = Arc::clone(&self.0);
        Outcome::Held(Box::pin(async move {
            release.notified().await;
            Response::new(Body::from("released"))
        }))
    }
}

/// The reads that found nothing: how many, and the room of the largest.
#[derive(Default)]
struct Waits {
    count: AtomicUsize,
    room: AtomicUsize,
}

impl Waits {
    fn forget(&self) {
        self.count.store(0, Ordering::Relaxed);
        self.room.store(0, Ordering::Relaxed);
    }

    /// Room of the largest of the next so many.
    async fn next(&self, count: usize) -> usize {
        while self.count.load(Ordering::Relaxed) < count {
            yield_now().await;
        }
        self.room.load(Ordering::Relaxed)
    }
}

struct Watched(DuplexStream, Arc<Waits>);

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let room = buffer.remaining();
        let read = Pin::new(&mut self.0).poll_read(cx, buffer);
        if read.is_pending() {
            self.1.room.fetch_max(room, Ordering::Relaxed);
            self.1.count.fetch_add(1, Ordering::Relaxed);
        }
        read
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

/// A connection that is served.
struct Served {
    client: DuplexStream,
    service: Holds,
    waits: Arc<Waits>,
    closing: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Served {
    fn new() -> Self {
        let (client, stream) = tokio::io::duplex(64 << 10);
        let (service, waits) = (Holds::default(), Arc::new(Waits::default()));
        let (closing, told) = watch::channel(false);
        let limits =
            ConnectionLimits { header_timeout: Duration::from_secs(30), max_header_bytes: 16384 };
        let peer = SocketAddr::from(([127, 0, 0, 1], 1));
        let (served, stream) = (service.clone(), Watched(stream, Arc::clone(&waits)));
        let task = tokio::spawn(async move {
            Http1::new(limits).serve(stream, &served, peer, told).await;
        });
        Self { client, service, waits, closing, task }
    }

    async fn ask(&mut self) {
        self.client
            .write_all(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n")
            .await
            .unwrap();
    }

    async fn answer(&mut self) -> String {
        let mut answer = String::new();
        while !answer.ends_with("released") {
            let mut bytes = [0; 512];
            let count = self.client.read(&mut bytes).await.unwrap();
            assert_ne!(count, 0, "closed after {answer:?}");
            answer += std::str::from_utf8(&bytes[..count]).unwrap();
        }
        answer
    }
}

#[tokio::test]
async fn silence_before_and_between_polls_costs_no_hyper() {
    let mut served = Served::new();
    assert!(served.waits.next(1).await < HYPER_READS, "before the first request");
    for round in 0..3 {
        served.ask().await;
        // hyper looks for the end of the connection while the request waits, then it is parked.
        while served.waits.next(1).await < HYPER_READS {
            yield_now().await;
        }
        served.waits.next(3).await;
        served.waits.forget();
        served.service.0.notify_one();
        assert!(served.answer().await.starts_with("HTTP/1.1 200 OK\r\n"));
        // Once as a parked poll, and once after its answer.
        assert!(served.waits.next(2).await < HYPER_READS, "after poll {round}");
    }
    drop(served.client);
    served.task.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn silence_has_an_end() {
    let served = Served::new();
    served.task.await.unwrap();
    let mut served = Served::new();
    served.ask().await;
    served.service.0.notify_one();
    served.answer().await;
    served.task.await.unwrap();
}

#[tokio::test]
async fn a_silent_connection_closes_when_it_is_told_to() {
    let mut served = Served::new();
    served.ask().await;
    served.service.0.notify_one();
    served.answer().await;
    served.closing.send_replace(true);
    served.task.await.unwrap();
    assert_eq!(served.client.read(&mut [0; 16]).await.unwrap(), 0);
}
