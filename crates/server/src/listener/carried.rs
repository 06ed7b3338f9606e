//! A stream that changes hands between hyper and a parked poll.
//!
//! It carries what was read and not used, and knows whether everything that was written has left:
//! only then does taking it away from hyper lose nothing. hyper mostly waits for that before it takes
//! up the next request, but not after an answer that did not wait for the end of a body.

use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// What is read of a request before hyper sees it: a poll of a browser with its cookies fits.
const ONE_READ: usize = 4 << 10;

/// Whether nothing that was written is still on its way into the socket.
#[derive(Clone, Debug)]
pub(super) struct Flushed(Arc<AtomicBool>);

impl Flushed {
    pub(super) fn holds(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// A stream with the bytes that come before those of the socket.
#[derive(Debug)]
pub(super) struct Carried<I> {
    stream: I,
    unread: Bytes,
    flushed: Flushed,
}

impl<I> Carried<I> {
    pub(super) fn new(stream: I) -> Self {
        let flushed = Flushed(Arc::new(AtomicBool::new(true)));
        Self { stream, unread: Bytes::new(), flushed }
    }

    /// Puts a copy of these bytes in front of what comes next. The original, be it empty, keeps
    /// hyper's read buffer.
    pub(super) fn unread(&mut self, bytes: &[u8]) {
        if !bytes.is_empty() {
            self.unread = [bytes, &self.unread].concat().into();
        }
    }

    pub(super) fn flushed(&self) -> Flushed {
        self.flushed.clone()
    }
}

impl<I: AsyncRead + Unpin> Carried<I> {
    /// Whether something comes before the bytes of the socket.
    pub(super) fn has_unread(&self) -> bool {
        !self.unread.is_empty()
    }

    /// Reads once, behind what waits already; false if the peer is gone. Until something comes it
    /// costs no buffer.
    pub(super) fn poll_more(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        let mut bytes = [MaybeUninit::uninit(); ONE_READ];
        let mut buffer = ReadBuf::uninit(&mut bytes);
        let read = ready!(Pin::new(&mut self.stream).poll_read(cx, &mut buffer));
        let is_more = read.is_ok() && !buffer.filled().is_empty();
        if is_more {
            self.unread = [&self.unread, buffer.filled()].concat().into();
        }
        Poll::Ready(is_more)
    }

    /// Reads what the socket has, behind what waits already, up to `most` bytes in all. Resolves
    /// when the peer is gone; until then it costs no buffer.
    pub(super) fn poll_gone(&mut self, cx: &mut Context<'_>, most: usize) -> Poll<()> {
        let mut bytes = [0; 1024];
        while self.unread.len() < most {
            let mut buffer = ReadBuf::new(&mut bytes);
            match Pin::new(&mut self.stream).poll_read(cx, &mut buffer) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() => {
                    self.unread = [&self.unread, buffer.filled()].concat().into();
                }
                Poll::Ready(_) => return Poll::Ready(()),
            }
        }
        Poll::Pending
    }
}

impl<I: AsyncRead + Unpin> AsyncRead for Carried<I> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.unread.is_empty() {
            return Pin::new(&mut self.stream).poll_read(cx, buffer);
        }
        let count = self.unread.len().min(buffer.remaining());
        buffer.put_slice(&self.unread.split_to(count));
        if self.unread.is_empty() {
            // Lets go of the memory.
            self.unread = Bytes::new();
        }
        Poll::Ready(Ok(()))
    }
}

impl<I: AsyncWrite + Unpin> AsyncWrite for Carried<I> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.flushed.0.store(false, Ordering::Relaxed);
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.flushed.0.store(false, Ordering::Relaxed);
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    /// hyper flushes when it has nothing left to write.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        if let Poll::Ready(Ok(())) = flushed {
            self.flushed.0.store(true, Ordering::Relaxed);
        }
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
