//! A request body that must arrive in time.
//!
//! Whoever reads a body holds memory for it; a client that sends it drop by drop would hold that
//! memory for ever. The deadline runs from the first wait for data, so a body that is there
//! already costs no timer.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::Sleep;

/// A body with a deadline.
#[derive(Debug)]
pub(crate) struct DeadlineBody<B = Incoming> {
    inner: B,
    limit: Duration,
    deadline: Option<Pin<Box<Sleep>>>,
}

impl<B> DeadlineBody<B> {
    /// Gives `inner` so much time from the first wait to its end.
    pub(crate) fn new(inner: B, limit: Duration) -> Self {
        Self { inner, limit, deadline: None }
    }
}

impl<B> Body for DeadlineBody<B>
where
    B: Body<Data = Bytes, Error: Into<Box<dyn std::error::Error + Send + Sync>>> + Unpin,
{
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        match Pin::new(&mut self.inner).poll_frame(context) {
            Poll::Ready(frame) => Poll::Ready(frame.map(|frame| frame.map_err(io::Error::other))),
            Poll::Pending => {
                let limit = self.limit;
                let deadline =
                    self.deadline.get_or_insert_with(|| Box::pin(tokio::time::sleep(limit)));
                ready!(deadline.as_mut().poll(context));
                Poll::Ready(Some(Err(io::ErrorKind::TimedOut.into())))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::{BodyExt, Full, StreamBody};

    use super::*;

    #[tokio::test]
    async fn body_that_is_there_passes() {
        let body = DeadlineBody::new(Full::new(Bytes::from_static(b"x")), Duration::ZERO);
        assert_eq!(body.collect().await.unwrap().to_bytes(), "x");
    }

    #[tokio::test(start_paused = true)]
    async fn body_that_stalls_ends_with_an_error() {
        let start = futures::stream::iter([Ok::<_, io::Error>(Frame::data(Bytes::from("x")))]);
        let stalled = futures::StreamExt::chain(start, futures::stream::pending());
        let body = DeadlineBody::new(StreamBody::new(stalled), Duration::from_secs(15));
        let error = body.collect().await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }
}
