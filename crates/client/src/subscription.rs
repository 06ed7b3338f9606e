//! Messages of one pattern, as a stream.

use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use encke_bayeux::ChannelPattern;
use futures::Stream;
use serde::de::DeserializeOwned;
use tokio::sync::{oneshot, watch};

use crate::command::{Command, SubscriberId};
use crate::error::{Refusal, UnsubscribeError};
use crate::link::Link;
use crate::machine::Outcome;
use crate::message::Message;
use crate::queue::Queue;
use crate::replay::Replay;
use crate::status::CloseReason;

/// Why a stream of messages has ended.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum End {
    /// [`Subscription::unsubscribe`] was called.
    Unsubscribed,
    /// The queue was full, and [`Overflow::End`](crate::Overflow::End) was wanted, or the server
    /// did not wait.
    Overflow,
    /// A new session asked for the pattern again, and the server refused.
    Revoked(Refusal),
    /// The client is closed.
    Closed(CloseReason),
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsubscribed => f.write_str("unsubscribed"),
            Self::Overflow => f.write_str("the queue was full"),
            Self::Revoked(refusal) => write!(f, "the subscription was revoked: {refusal}"),
            Self::Closed(reason) => write!(f, "the client is closed: {reason}"),
        }
    }
}

/// The messages of one pattern, in the order in which the server sends them.
///
/// A stream that survives lost connections and lost sessions; [`Message::gap`] says where messages
/// may be missing. It ends when the client closes or the server revokes it, and says why with
/// [`Subscription::end`]. Dropping it unsubscribes.
///
/// A message that matches several subscriptions of one client reaches each of them once.
/// Observed: cometd-nodejs-server sends such a message once per subscription, and then each of them
/// gets it as often.
pub struct Subscription {
    id: SubscriberId,
    pattern: ChannelPattern,
    queue: Arc<Queue>,
    link: Link,
}

impl Subscription {
    pub(crate) fn new(
        id: SubscriberId,
        pattern: ChannelPattern,
        queue: Arc<Queue>,
        link: Link,
    ) -> Self {
        Self { id, pattern, queue, link }
    }

    /// The pattern.
    pub fn pattern(&self) -> &ChannelPattern {
        &self.pattern
    }

    /// Why the stream has ended; `None` while more can come. Messages may still be queued.
    pub fn end(&self) -> Option<End> {
        self.queue.ended()
    }

    /// What the server says of its log and this subscription, to look at or to watch. Only the
    /// newest is kept; `None` until the server has agreed.
    ///
    /// With a new session comes a new one. [`ReplayStatus::Gap`](crate::ReplayStatus::Gap) and
    /// [`ReplayStatus::Unlogged`](crate::ReplayStatus::Unlogged) tell of what is missing before a
    /// message does.
    pub fn replay(&self) -> watch::Receiver<Option<Replay>> {
        self.queue.replay()
    }

    /// Says that the message taken last was handled, so that its position is stored now and not
    /// only when the next one is asked for. Without effect if positions are not stored.
    pub fn handled(&mut self) {
        self.queue.handled();
    }

    /// The same messages with their payloads read as `T`.
    pub fn typed<T: DeserializeOwned>(self) -> TypedSubscription<T> {
        TypedSubscription { inner: self, payload: PhantomData }
    }

    /// Ends the subscription and waits for the server to confirm. No message comes any more; those
    /// that are queued can still be taken.
    ///
    /// The server is only told if no other subscription of this client has the same pattern.
    ///
    /// # Errors
    ///
    /// [`UnsubscribeError`] if the server did not confirm.
    ///
    /// # Cancel safety
    ///
    /// Once polled, the subscription ends even if the future is dropped.
    pub async fn unsubscribe(&mut self) -> Result<(), UnsubscribeError> {
        if self.queue.ended().is_some() {
            return Ok(());
        }
        self.queue.end(End::Unsubscribed);
        let (answer, outcome) = oneshot::channel();
        let command = Command::Unsubscribe { id: self.id, answer };
        match self.link.ask(command, outcome).await {
            Outcome::Done => Ok(()),
            Outcome::Refused(refusal) => Err(UnsubscribeError::Refused(refusal)),
            Outcome::TimedOut | Outcome::Lost(_) | Outcome::Rejected(_) => {
                Err(UnsubscribeError::TimedOut)
            }
            Outcome::Closed
            | Outcome::Result(_)
            | Outcome::Failed(_)
            | Outcome::Taken
            | Outcome::Full(_) => Err(UnsubscribeError::Closed),
        }
    }
}

impl Stream for Subscription {
    type Item = Message;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Message>> {
        self.queue.poll_pop(cx)
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.queue.abandon();
        self.link.abandon(self.id);
    }
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription").field("pattern", &self.pattern).finish_non_exhaustive()
    }
}

/// A message whose payload was read as a `T`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Typed<T> {
    /// The payload.
    pub data: T,
    /// The message that it came in: its channel, its gap, its position.
    pub message: Message,
}

/// A message whose payload does not have the shape that was asked for.
#[derive(Debug)]
#[non_exhaustive]
pub struct Mistyped {
    /// The message as it came.
    pub message: Message,
    /// What does not fit.
    pub error: serde_json::Error,
}

impl fmt::Display for Mistyped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a payload on {} has another shape: {}", self.message.channel(), self.error)
    }
}

impl std::error::Error for Mistyped {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.error)
    }
}

/// The messages of one pattern with their payloads read as `T`. A payload of another shape is an
/// error in its place, and the stream goes on.
pub struct TypedSubscription<T> {
    inner: Subscription,
    payload: PhantomData<fn() -> T>,
}

impl<T> TypedSubscription<T> {
    /// The subscription, to ask about it.
    pub fn get_ref(&self) -> &Subscription {
        &self.inner
    }

    /// The subscription, to unsubscribe or to say what was handled. Messages taken there are not
    /// seen here.
    pub fn get_mut(&mut self) -> &mut Subscription {
        &mut self.inner
    }

    /// The raw messages again.
    pub fn into_inner(self) -> Subscription {
        self.inner
    }
}

impl<T: DeserializeOwned> Stream for TypedSubscription<T> {
    type Item = Result<Typed<T>, Mistyped>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let polled = Pin::new(&mut self.inner).poll_next(cx);
        polled.map(|message| {
            let message = message?;
            Some(match message.json() {
                Ok(data) => Ok(Typed { data, message }),
                Err(error) => Err(Mistyped { message, error }),
            })
        })
    }
}

impl<T> fmt::Debug for TypedSubscription<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}
