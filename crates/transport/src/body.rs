//! A response body that tells the broker whether it was written.
//!
//! The body is one frame with a known length. When the HTTP engine takes the frame, its messages
//! count as written; when the body is dropped before that, they go back to their session.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use encke_broker::Delivery;
use http_body::{Body, Frame, SizeHint};

use crate::clock;

/// The body of every response of the service.
#[derive(Debug)]
pub struct ReplyBody(State);

#[derive(Debug)]
enum State {
    Delivery(Delivery, Bytes),
    Plain(Bytes),
    Done,
}

impl ReplyBody {
    /// The body of a delivery, as the transport writes it.
    pub(crate) fn delivery(delivery: Delivery, text: Bytes) -> Self {
        Self(State::Delivery(delivery, text))
    }

    pub(crate) fn plain(text: impl Into<Bytes>) -> Self {
        let text = text.into();
        Self(if text.is_empty() { State::Done } else { State::Plain(text) })
    }

    fn len(&self) -> usize {
        match &self.0 {
            State::Delivery(_, text) | State::Plain(text) => text.len(),
            State::Done => 0,
        }
    }
}

impl Body for ReplyBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let text = match std::mem::replace(&mut self.0, State::Done) {
            State::Delivery(delivery, text) => {
                delivery.written(clock::now());
                text
            }
            State::Plain(text) => text,
            State::Done => return Poll::Ready(None),
        };
        Poll::Ready(Some(Ok(Frame::data(text))))
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.0, State::Done)
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.len() as u64)
    }
}

impl Drop for ReplyBody {
    fn drop(&mut self) {
        if let State::Delivery(delivery, _) = std::mem::replace(&mut self.0, State::Done) {
            delivery.failed(clock::now());
        }
    }
}
