//! HTTP/1.1 on one connection, held polls parked beside hyper.
//!
//! hyper keeps a read buffer of 8 KiB and its own state for a request that waits, which is most of
//! what a held poll would cost. So the connection changes hands:
//!
//! | State  | Who has the socket | Left when                            | Next              |
//! |--------|--------------------|--------------------------------------|-------------------|
//! | silent | this file          | bytes come, or it is told to close   | talks             |
//! | silent |                    | the peer closes, it lasts too long   | ended             |
//! | talks  | hyper              | a poll is held, all else written     | parked            |
//! | talks  |                    | the peer closes, an error, upgrade   | ended             |
//! | parked | this file          | the poll is released                 | silent, or closes |
//! | parked |                    | the peer closes                      | ended             |
//!
//! A connection begins silent, and is so again between the answer to a poll and the next one: polls are
//! released in crowds, and a hyper for each of a crowd that waits for its clients is memory that
//! the allocator keeps.
//!
//! A parked connection is read only to notice its end; what a client sends ahead waits, within a
//! bound, for the next hyper. Polls that close their connection, and those of HTTP/1.0, stay with
//! hyper. Over HTTP/2 a poll is a stream among others, and nothing is parked.

use std::convert::Infallible;
use std::future::{Future, pending, poll_fn};
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use http::header::{CONNECTION, EXPECT};
use http::{Method, Request, Version};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::watch;

use super::carried::Carried;
use super::connection::{ConnectionLimits, Outcome, Service, note, told};
use super::linger::Lingering;
use super::reply;
use crate::answer::Answer;
use crate::clock;

/// How HTTP/1.1 is served.
#[derive(Debug)]
pub(super) struct Http1 {
    builder: http1::Builder,
    /// Longest silence before the first bytes of a request, and time for its head after that.
    header_timeout: Duration,
    /// Most bytes that a client may send ahead of the answer to a poll.
    most_unread: usize,
}

impl Http1 {
    pub(super) fn new(limits: ConnectionLimits) -> Self {
        let mut builder = http1::Builder::new();
        builder
            .timer(TokioTimer::new())
            .header_read_timeout(limits.header_timeout)
            .max_buf_size(limits.max_header_bytes);
        let ConnectionLimits { header_timeout, max_header_bytes } = limits;
        Self { builder, header_timeout, most_unread: max_header_bytes }
    }

    /// Serves a connection to its end, or to its upgrade.
    pub(super) async fn serve<S, I>(
        &self,
        stream: I,
        service: &S,
        peer: SocketAddr,
        mut closing: watch::Receiver<bool>,
    ) where
        S: Service,
        I: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let slot = Slot::<S::Held>::default();
        let mut stream = Carried::new(stream);
        loop {
            if !stream.has_unread() && !Box::pin(self.asked(&mut stream, &mut closing)).await {
                return;
            }
            // In a box that is gone while a poll is parked, as the writing of its answer is.
            match Box::pin(self.talk(stream, service, peer, &mut closing, &slot)).await {
                Some(parked) => stream = parked,
                None => return,
            }
            let Some(answer) = slot.released(&mut stream, self.most_unread).await else {
                return;
            };
            let closes = *closing.borrow();
            let now = clock::unix_ms();
            let written = Box::pin(reply::write(&mut stream, answer, closes, now)).await;
            if let Err(error) = written {
                tracing::debug!(%peer, %error, "connection ended with an error");
                return;
            }
            if closes {
                // Whatever goes wrong, nobody is there any more.
                drop(Box::pin(Lingering::new(stream).shutdown()).await);
                return;
            }
        }
    }

    /// Waits for the next request to begin; false if there will be none.
    async fn asked<I: AsyncRead + Unpin>(
        &self,
        stream: &mut Carried<I>,
        closing: &mut watch::Receiver<bool>,
    ) -> bool {
        let asked = async {
            tokio::select! {
                biased;
                // hyper closes in order.
                () = told(closing) => true,
                more = poll_fn(|cx| stream.poll_more(cx)) => more,
            }
        };
        tokio::time::timeout(self.header_timeout, asked).await.unwrap_or(false)
    }

    /// Lets hyper serve requests until one of them is a held poll; the stream then.
    async fn talk<S, I>(
        &self,
        stream: Carried<I>,
        service: &S,
        peer: SocketAddr,
        closing: &mut watch::Receiver<bool>,
        slot: &Slot<S::Held>,
    ) -> Option<Carried<I>>
    where
        S: Service,
        I: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let flushed = stream.flushed();
        let answer = service_fn(|request| {
            let (service, slot) = (service.clone(), slot.clone());
            async move {
                let parks = may_park(&request);
                let answer = match service.answer(request, peer).await {
                    Outcome::Answered(answer) => answer,
                    Outcome::Held(held) if parks => slot.park(held).await,
                    Outcome::Held(held) => held.await,
                };
                Ok::<_, Infallible>(answer)
            }
        });
        let io = TokioIo::new(Lingering::new(stream));
        let mut connection = Box::new(self.builder.serve_connection(io, answer).with_upgrades());
        let mut closing = pin!(told(closing));
        let mut is_closing = false;
        let ended = poll_fn(|cx| {
            // First, so that the answer to a request under way says that the connection closes, and
            // no client sends another request into it.
            if !is_closing && closing.as_mut().poll(cx).is_ready() {
                is_closing = true;
                Pin::new(&mut *connection).graceful_shutdown();
            }
            match Pin::new(&mut *connection).poll(cx) {
                Poll::Ready(ended) => Poll::Ready(Some(ended)),
                Poll::Pending if slot.is_taken() && flushed.holds() => Poll::Ready(None),
                Poll::Pending => Poll::Pending,
            }
        })
        .await;
        if let Some(ended) = ended {
            note(peer, ended);
            return None;
        }
        let parts = connection.into_parts()?;
        let mut stream = parts.io.into_inner().into_inner();
        stream.unread(&parts.read_buf);
        Some(stream)
    }
}

/// Whether the connection goes on after the answer, and nothing is to be written before it.
fn may_park<B>(request: &Request<B>) -> bool {
    let headers = request.headers();
    let mut connection = headers.get_all(CONNECTION).iter();
    request.version() == Version::HTTP_11
        && request.method() != Method::HEAD
        && !headers.contains_key(EXPECT)
        && connection.all(|value| value.as_bytes().eq_ignore_ascii_case(b"keep-alive"))
}

/// Where a held poll waits while its connection changes hands. Only the task of the connection
/// reaches it.
struct Slot<H>(Arc<Mutex<Option<H>>>);

impl<H: Future<Output = Answer> + Unpin> Slot<H> {
    /// Puts the poll here, in the place of the request's future, which never ends.
    async fn park(&self, held: H) -> Answer {
        *self.lock() = Some(held);
        pending().await
    }

    fn is_taken(&self) -> bool {
        self.lock().is_some()
    }

    /// Waits for the release; `None` if the peer is gone before it.
    async fn released<I: AsyncRead + Unpin>(
        &self,
        stream: &mut Carried<I>,
        most_unread: usize,
    ) -> Option<Answer> {
        // The poll of a peer that is gone must not take messages along.
        let released = poll_fn(|cx| match stream.poll_gone(cx, most_unread) {
            Poll::Ready(()) => Poll::Ready(None),
            Poll::Pending => self.poll_release(cx).map(Some),
        })
        .await;
        *self.lock() = None;
        released
    }

    fn poll_release(&self, cx: &mut Context<'_>) -> Poll<Answer> {
        self.lock().as_mut().map_or(Poll::Pending, |held| Pin::new(held).poll(cx))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<H>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<H> Clone for Slot<H> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<H> Default for Slot<H> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

#[cfg(test)]
mod tests;
