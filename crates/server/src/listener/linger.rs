//! Closing without cutting off the last answer.
//!
//! A server that closes a socket with bytes in it that it has not read makes the kernel reset the
//! connection, and the peer may lose the answer that explains why: 413 for a body that is too
//! long, 431 for a head. So the writing side is closed first, and what still comes is read and
//! thrown away until the peer closes, [`LONGEST`] passes, or [`MOST_BYTES`] have come.
//!
//! A peer that has closed already, which is the usual end, is not waited for.
//!
//! # Sources
//!
//! Specified: RFC 9112, 9.6, "Tear-down".

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// How long a peer may take to close.
const LONGEST: Duration = Duration::from_secs(1);

/// How much a peer may still send.
const MOST_BYTES: usize = 8 << 20;

/// A stream that lingers when it is shut down.
#[derive(Debug)]
pub(super) struct Lingering<S> {
    stream: S,
    state: State,
}

#[derive(Debug)]
enum State {
    Open,
    Reading { thrown_away: usize, deadline: Pin<Box<Sleep>> },
}

impl<S> Lingering<S> {
    pub(super) fn new(stream: S) -> Self {
        Self { stream, state: State::Open }
    }

    /// The stream, as long as it was not shut down.
    pub(super) fn into_inner(self) -> S {
        self.stream
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Lingering<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Lingering<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Self { stream, state } = &mut *self;
        if let State::Open = state {
            // Open => Reading
            ready!(Pin::new(&mut *stream).poll_shutdown(cx))?;
            *state = State::Reading { thrown_away: 0, deadline: Box::pin(sleep(LONGEST)) };
        }
        let State::Reading { thrown_away, deadline } = state else {
            return Poll::Ready(Ok(()));
        };
        let mut bytes = [0; 4096];
        loop {
            let mut buffer = ReadBuf::new(&mut bytes);
            match Pin::new(&mut *stream).poll_read(cx, &mut buffer) {
                Poll::Pending => return deadline.as_mut().poll(cx).map(Ok),
                // Whatever went wrong, nobody is there any more.
                Poll::Ready(Err(_)) => return Poll::Ready(Ok(())),
                Poll::Ready(Ok(())) => {
                    let count = buffer.filled().len();
                    *thrown_away += count;
                    if count == 0 || *thrown_away > MOST_BYTES {
                        return Poll::Ready(Ok(()));
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::{TcpListener, TcpStream};

    /// Both ends of a connection.
    async fn pair() -> (Lingering<TcpStream>, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let peer = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        (Lingering::new(listener.accept().await.unwrap().0), peer)
    }

    #[tokio::test]
    async fn a_peer_that_is_still_sending_gets_the_answer() {
        let (mut stream, mut peer) = pair().await;
        let server = tokio::spawn(async move {
            stream.write_all(b"too long").await.unwrap();
            stream.shutdown().await.unwrap();
        });
        peer.write_all(&vec![b'x'; 4 << 20]).await.unwrap();
        let mut answer = Vec::new();
        peer.shutdown().await.unwrap();
        peer.read_to_end(&mut answer).await.unwrap();
        assert_eq!(answer, b"too long");
        server.await.unwrap();
    }

    #[tokio::test]
    async fn a_peer_that_has_closed_is_not_waited_for() {
        let (mut stream, peer) = pair().await;
        drop(peer);
        let closed = tokio::time::timeout(LONGEST / 2, stream.shutdown()).await;
        assert!(closed.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_never_closes_is_left_after_a_while() {
        let (mut stream, _peer) = pair().await;
        stream.shutdown().await.unwrap();
    }
}
