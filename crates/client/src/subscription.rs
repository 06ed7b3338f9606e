//! Messages of one pattern, as a stream.

use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use encke_bayeux::ChannelPattern;
use futures::Stream;
use serde::de::DeserializeOwned;
use tokio::sync::oneshot;

use crate::client::Link;
use crate::command::{Command, SubscriberId};
use crate::error::{Refusal, UnsubscribeError};
use crate::machine::Outcome;
use crate::message::Message;
use crate::queue::Queue;
use crate::replay::{Position, PositionStore};
use crate::status::CloseReason;

/// Why a stream of messages has ended.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum End {
    /// [`Subscription::unsubscribe`] was called.
    Unsubscribed,
    /// The queue was full, and [`Overflow::End`](crate::Overflow::End) was wanted.
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

/// The messages of one pattern, in the order of the server.
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
    positions: Option<Arc<dyn PositionStore>>,
    /// The position of the message that the application has in hand.
    in_hand: Option<Position>,
}

impl Subscription {
    pub(crate) fn new(
        id: SubscriberId,
        pattern: ChannelPattern,
        queue: Arc<Queue>,
        link: Link,
        positions: Option<Arc<dyn PositionStore>>,
    ) -> Self {
        Self { id, pattern, queue, link, positions, in_hand: None }
    }

    /// The pattern.
    pub fn pattern(&self) -> &ChannelPattern {
        &self.pattern
    }

    /// Why the stream has ended; `None` while more can come. Messages may still be queued.
    pub fn end(&self) -> Option<End> {
        self.queue.ended()
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
            Outcome::Refused(refusal) => Err(UnsubscribeError::Refused(refusal)),
            Outcome::TimedOut | Outcome::Lost(_) => Err(UnsubscribeError::TimedOut),
            Outcome::Closed => Err(UnsubscribeError::Closed),
            Outcome::Done | Outcome::Result(_) | Outcome::Failed(_) => Ok(()),
        }
    }

    /// The message in hand was handled.
    fn save_position(&mut self) {
        if let (Some(store), Some(position)) = (&self.positions, self.in_hand.take()) {
            store.save(&self.pattern, position);
        }
    }
}

impl Stream for Subscription {
    type Item = Message;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Message>> {
        self.save_position();
        let polled = self.queue.poll_pop(cx);
        if self.positions.is_some()
            && let Poll::Ready(Some(message)) = &polled
        {
            self.in_hand = message.position();
        }
        polled
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

/// The payloads of one pattern, read as `T`. A payload of another shape is an error in its place,
/// and the stream goes on.
pub struct TypedSubscription<T> {
    inner: Subscription,
    payload: PhantomData<fn() -> T>,
}

impl<T> TypedSubscription<T> {
    /// The raw messages again.
    pub fn into_inner(self) -> Subscription {
        self.inner
    }
}

impl<T: DeserializeOwned> Stream for TypedSubscription<T> {
    type Item = Result<T, serde_json::Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Pin::new(&mut self.inner).poll_next(cx).map(|message| message.map(|message| message.json()))
    }
}

impl<T> fmt::Debug for TypedSubscription<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}
