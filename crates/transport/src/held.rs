//! A connect that waits for its release.
//!
//! The HTTP engine drops the future when the connection ends, and that is how the broker learns
//! of it: the session stops being held and its messages wait for the next connect.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use encke_broker::{Delivery, Hold};

use crate::clock;

/// Resolves to the response, or to `None` if a newer connect has superseded this one.
#[derive(Debug)]
pub(crate) struct Held(Option<Hold>);

impl Held {
    pub(crate) fn new(hold: Hold) -> Self {
        Self(Some(hold))
    }
}

impl Future for Held {
    type Output = Option<Delivery>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(hold) = self.0.as_mut() else {
            return Poll::Ready(None);
        };
        let Poll::Ready(release) = hold.poll_release(cx) else {
            return Poll::Pending;
        };
        Poll::Ready(self.0.take().and_then(|hold| hold.answer(release)))
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(hold) = self.0.take() {
            hold.abandon(clock::now());
        }
    }
}
