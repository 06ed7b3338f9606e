//! A connect that waits for its release.
//!
//! [`HeldPoll`] is what a request has become once its connect is held: the hold, and how its
//! response is to be written. It borrows nothing of the request, so whoever owns the connection may
//! wait for it wherever that costs least: inside the HTTP engine, or beside it.
//!
//! Either is dropped when the connection ends, and that is how the broker learns of it: the session
//! stops being held and its messages wait for the next connect.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use encke_broker::{Delivery, Hold, Release};
use http::Response;

use crate::body::ReplyBody;
use crate::clock;
use crate::form::Form;
use crate::refusal;

/// Resolves to why the connect is answered, and the delivery.
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

/// A held poll; resolves to its response.
///
/// # Cancel safety
///
/// Dropping it tells the broker that the connection has ended. Nothing is lost: the messages wait
/// for the client's next connect.
#[derive(Debug)]
pub struct HeldPoll {
    held: Held,
    form: Form,
}

impl HeldPoll {
    pub(crate) fn new(hold: Hold, form: Form) -> Self {
        Self { held: Held::new(hold), form }
    }
}

impl Future for HeldPoll {
    type Output = Response<ReplyBody>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let released = Pin::new(&mut self.held).poll(cx);
        released.map(|(release, delivery)| match release {
            Release::Superseded => refusal::empty(self.form.superseded_status()),
            _ => self.form.respond(delivery),
        })
    }
}
