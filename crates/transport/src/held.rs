//! A connect that waits for its release.
//!
//! The HTTP engine drops the future when the connection ends, and that is how the broker learns
//! of it: the session stops being held and its messages wait for the next connect.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use encke_broker::{Delivery, Hold, Release};

use crate::clock;

/// Resolves to why the connect is answered, and the response.
#[derive(Debug)]
pub(crate) struct Held(Option<Hold>);

impl Held {
    pub(crate) fn new(hold: Hold) -> Self {
        Self(Some(hold))
    }
}

impl Future for Held {
    type Output = (Release, Delivery);

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(mut hold) = self.0.take() else {
            return Poll::Pending;
        };
        match hold.poll_release(cx) {
            Poll::Ready(release) => Poll::Ready((release, hold.answer(release, clock::now()))),
            Poll::Pending => {
                self.0 = Some(hold);
                Poll::Pending
            }
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(hold) = self.0.take() {
            hold.abandon(clock::now());
        }
    }
}
