//! A waiting connect, and a batch of messages on its way to the wire.
//!
//! [`Hold`] is the hand-over between the engine and whoever owns the socket. It is a plain value
//! with a poll method: no task, no timer and no channel exists for it. Whoever owns the socket
//! waits on it and either answers it or tells that the connection has ended. That may be a hyper
//! service future, or a task that has taken the socket back from hyper.
//!
//! [`Delivery`] is bytes to write and the messages in them. It ends in one of two ways: written,
//! which is counted, or not written, which puts the messages back in front of the queue.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use bytes::Bytes;
use encke_bayeux::ext::Members;
use encke_bayeux::reply::Reply;
use encke_bayeux::{Advice, BrowserId, ClientId, Failure, Reconnect, TimeSync};

use crate::broker::Broker;
use crate::cell::Cell;
use crate::conversation::connect::tell;
use crate::effect::Release;
use crate::outbox::Taken;
use crate::session::Session;
use crate::stats::{add, sub};

/// One `/meta/connect` that waits.
#[derive(Debug)]
pub struct Hold {
    pub(crate) broker: Broker,
    pub(crate) cell: Arc<Cell>,
    pub(crate) generation: u64,
    pub(crate) id: Option<Box<str>>,
    pub(crate) advice: Option<Advice>,
    /// The clock of a client that asked how it differs, and when it did.
    pub(crate) timesync: Option<Box<(TimeSync, Instant)>>,
}

impl Hold {
    /// Waits for the release. After `Ready`, call [`Hold::answer`].
    pub fn poll_release(&mut self, cx: &mut Context<'_>) -> Poll<Release> {
        match self.cell.lock().poll_release(self.generation, cx.waker()) {
            Some(release) => Poll::Ready(release),
            None => Poll::Pending,
        }
    }

    /// Makes the response. The one to a superseded connect takes no messages along.
    ///
    /// `now` is the time of the answer.
    pub fn answer(self, release: Release, now: Instant) -> Delivery {
        let channel = Some("/meta/connect");
        let mut reply =
            Reply { advice: self.advice, ..Reply::success(channel, self.id.as_deref()) };
        match release {
            Release::Superseded | Release::Messages | Release::Timeout | Release::Abandoned => {}
            Release::Ended => reply.advice = Some(Advice::only(Reconnect::None)),
            Release::Draining => reply.advice = Some(self.broker.drain_advice(self.cell.id)),
            Release::Overflow => {
                reply.failure = Some(&Failure::SessionUnknown);
                reply.advice = Some(Advice::handshake());
            }
        }
        let mut ext = Members::new();
        let mut taken = Taken::default();
        if release != Release::Superseded {
            let settled = self.broker.settled_for(&self.cell);
            // A newer connect may have come since the release: then the messages are its.
            let counts = |session: &Session| session.counts(self.generation);
            if let Some((batch, messages)) = self.broker.take_batch(&self.cell, counts) {
                taken = messages;
                if matches!(release, Release::Messages | Release::Timeout) {
                    let unsaid = self.cell.lock().unsaid_advice(self.broker.config());
                    reply.advice = unsaid.or(reply.advice);
                }
                tell(&mut ext, batch, taken.missed);
                if let Some(settled) = settled {
                    ext.push_number("replay", settled);
                }
            }
        }
        if let Some(timesync) = self.timesync.and_then(|asked| {
            let (timesync, came) = *asked;
            let spent = u64::try_from(now.saturating_duration_since(came).as_millis());
            let wall = self.broker.config().wall?;
            timesync.answer(wall.unix_ms(came), spent.unwrap_or(u64::MAX))
        }) {
            ext.push("timesync", &timesync);
        }
        if release != Release::Superseded {
            self.broker.pass_reply(&reply, Some(self.cell.id), &mut ext);
        }
        reply.ext = ext.text();
        reply.timestamp = self.broker.config().timestamp(now);
        let mut replies = Vec::with_capacity(96);
        reply.render(self.broker.config().dialect, &mut replies);
        Delivery::new(self.broker, Some(self.cell), taken, &replies)
    }

    /// The connection ended before the answer: the session waits for its client's next connect.
    pub fn abandon(self, now: Instant) {
        let config = self.broker.config();
        let (held, arm, gone) = {
            let mut session = self.cell.lock();
            let held = session.handle_abandoned(self.generation, config, now);
            (held, session.arm(), session.is_gone())
        };
        if held {
            sub(&self.broker.counters().held, 1);
        }
        if gone {
            self.broker.drop_queue(&self.cell);
        }
        self.broker.tell(&self.cell);
        self.broker.arm(self.cell.id, arm, now);
    }
}

/// A response body and the messages it carries.
#[derive(Debug)]
#[must_use = "say whether it was written, or its messages are lost"]
pub struct Delivery {
    pub(crate) broker: Broker,
    pub(crate) cell: Option<Arc<Cell>>,
    taken: Taken,
    body: Bytes,
    /// How many bytes of the body are replies.
    replies: usize,
    pub(crate) browser: Option<BrowserId>,
    pub(crate) greeted: Option<ClientId>,
}

impl Delivery {
    /// Assembles `[messages, replies]`; `replies` is objects with commas between them.
    pub(crate) fn new(
        broker: Broker,
        cell: Option<Arc<Cell>>,
        taken: Taken,
        replies: &[u8],
    ) -> Self {
        let size: usize = taken.messages.iter().map(|message| message.text.len() + 1).sum();
        let mut body = Vec::with_capacity(size + replies.len() + 2);
        body.push(b'[');
        for message in &taken.messages {
            body.extend_from_slice(&message.text);
            body.push(b',');
        }
        body.extend_from_slice(replies);
        if replies.is_empty() && !taken.messages.is_empty() {
            body.pop();
        }
        body.push(b']');
        tracing::trace!(
            client = cell.as_ref().map(|cell| tracing::field::debug(cell.id)),
            messages = taken.messages.len(),
            bytes = body.len(),
            "response"
        );
        let body = Bytes::from(body);
        Self { broker, cell, taken, body, replies: replies.len(), browser: None, greeted: None }
    }

    /// The same as several responses, each with at most `most` messages, and the replies behind them
    /// in one of their own. Each of them is written or has failed for itself.
    pub fn split(self, most: NonZeroUsize) -> Vec<Self> {
        if self.taken.messages.is_empty() {
            return vec![self];
        }
        let Self { broker, cell, taken, body, replies, browser, greeted } = self;
        // In front of the bracket at the end.
        let end = body.len().saturating_sub(1);
        let replies = body.slice(end.saturating_sub(replies)..end);
        let (messages, rest) = taken.split(most);
        let part = |taken| Self::new(broker.clone(), cell.clone(), taken, b"");
        let mut parts: Vec<_> = messages.into_iter().map(part).collect();
        if !replies.is_empty() {
            let last = Self::new(broker, cell, rest, &replies);
            parts.push(Self { browser, greeted, ..last });
        }
        parts
    }

    /// The response body.
    pub fn body(&self) -> Bytes {
        self.body.clone()
    }

    /// The browser id that the client is to keep as a cookie, after a first handshake.
    pub fn browser(&self) -> Option<&BrowserId> {
        self.browser.as_ref()
    }

    /// The session that began, after a handshake that succeeded.
    pub fn greeted(&self) -> Option<ClientId> {
        self.greeted
    }

    /// The body was handed to the socket.
    pub fn written(self, now: Instant) {
        let counters = self.broker.counters();
        add(&counters.messages_out, self.taken.messages.len());
        for message in &self.taken.messages {
            if let Some(at) = message.at {
                counters.observe_latency(now.saturating_duration_since(at));
            }
        }
    }

    /// The body was not written: its messages go back to the front of the queue.
    pub fn failed(self, now: Instant) {
        if let Some(cell) = self.cell {
            self.broker.put_back(&cell, self.taken, now);
        }
    }
}
