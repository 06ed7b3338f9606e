//! A response body that tells the broker whether it was written.
//!
//! A reply is one frame with a known length. When the HTTP engine takes the frame, its messages
//! count as written; when the body is dropped before that, they go back to their session.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use encke_broker::Delivery;
use http_body::{Body, Frame, SizeHint};

use crate::clock;
use crate::events::EventStream;

/// The body of every response of the service.
#[derive(Debug)]
pub struct ReplyBody(State);

#[derive(Debug)]
enum State {
    Delivery(Delivery, Bytes),
    Plain(Bytes),
    Events(Box<EventStream>),
    Done,
}

impl ReplyBody {
    /// The body of a delivery, as the transport writes it.
    pub(crate) fn delivery(delivery: Delivery, text: Bytes) -> Self {
        Self(State::Delivery(delivery, text))
    }

    /// A body that goes on until its stream ends.
    pub(crate) fn events(stream: EventStream) -> Self {
        Self(State::Events(Box::new(stream)))
    }

    pub(crate) fn plain(text: impl Into<Bytes>) -> Self {
        let text = text.into();
        Self(if text.is_empty() { State::Done } else { State::Plain(text) })
    }

    /// `None` if nobody knows yet.
    fn len(&self) -> Option<usize> {
        match &self.0 {
            State::Delivery(_, text) | State::Plain(text) => Some(text.len()),
            State::Events(_) => None,
            State::Done => Some(0),
        }
    }
}

impl Body for ReplyBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let text = match std::mem::replace(&mut self.0, State::Done) {
            State::Delivery(delivery, text) => {
                delivery.written(clock::now());
                text
            }
            State::Plain(text) => text,
            State::Events(mut stream) => {
                let piece = stream.poll_piece(cx);
                if !matches!(piece, Poll::Ready(None)) {
                    self.0 = State::Events(stream);
                }
                return piece.map(|piece| piece.map(|piece| Ok(Frame::data(piece))));
            }
            State::Done => return Poll::Ready(None),
        };
        Poll::Ready(Some(Ok(Frame::data(text))))
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            State::Events(stream) => stream.is_over(),
            state => matches!(state, State::Done),
        }
    }

    fn size_hint(&self) -> SizeHint {
        self.len().map_or_else(SizeHint::new, |len| SizeHint::with_exact(len as u64))
    }
}

impl Drop for ReplyBody {
    fn drop(&mut self) {
        if let State::Delivery(delivery, _) = std::mem::replace(&mut self.0, State::Done) {
            delivery.failed(clock::now());
        }
    }
}
