//! A poll that is held, and what its answer gets on the way out.
//!
//! Nothing of the request is kept: what the answer needs of it is small, and there are as many of
//! these as there are browsers.

use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use axum::body::Body;
use encke::transport::HeldPoll;
use http::Request;
use tracing::Level;

use super::request_id::RequestId;
use crate::answer::Answer;
use crate::clock;
use crate::cors::Origin;
use crate::login::Given;

/// What an answer says because of who asked, and from where.
#[derive(Debug)]
pub(super) struct Marks {
    pub(super) origin: Origin,
    pub(super) given: Option<Box<Given>>,
    pub(super) tells_token: bool,
}

impl Marks {
    pub(super) fn put(&self, answer: &mut Answer) {
        let headers = answer.headers_mut();
        self.origin.mark(headers);
        if let Some(given) = &self.given {
            given.give_cookie(headers);
            if self.tells_token {
                given.tell_csrf_token(headers);
            }
        }
    }
}

/// A request for the log.
#[derive(Debug)]
pub(super) struct Asked {
    peer: IpAddr,
    what: String,
    id: Option<RequestId>,
    at: Instant,
}

impl Asked {
    /// A copy of the text, and only if somebody reads it: the address shares hyper's read buffer,
    /// which would stay with every held poll.
    pub(super) fn of<B>(request: &Request<B>, peer: IpAddr, at: Instant) -> Option<Box<Self>> {
        tracing::enabled!(Level::DEBUG).then(|| {
            let what = format!("{} {}", request.method(), request.uri().path());
            let id = RequestId::of(request.headers());
            Box::new(Self { peer, what, id, at })
        })
    }

    pub(super) fn tell(&self, answer: &Answer) {
        let Self { peer, what, id, at } = self;
        tracing::debug!(
            %peer,
            asked = what,
            request_id = id.as_ref().map(RequestId::text),
            status = answer.status().as_u16(),
            elapsed_ms = clock::now().saturating_duration_since(*at).as_millis(),
            "request"
        );
    }
}

/// Resolves to the answer.
#[derive(Debug)]
pub(crate) struct Held {
    pub(super) poll: HeldPoll,
    pub(super) marks: Marks,
    pub(super) asked: Option<Box<Asked>>,
}

impl Future for Held {
    type Output = Answer;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Answer> {
        Pin::new(&mut self.poll).poll(cx).map(|response| {
            let mut answer = response.map(Body::new);
            self.marks.put(&mut answer);
            if let Some(asked) = &self.asked {
                asked.tell(&answer);
            }
            answer
        })
    }
}
