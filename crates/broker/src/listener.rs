//! What an embedder may observe.
//!
//! Calls about one session come one at a time and in the order of what happened to it, on one of
//! the threads that made something happen, with no lock of the broker held. What concerns two
//! sessions, or messages, is not ordered. A listener must not block, and may call the broker.

use std::fmt;

use encke_bayeux::{ChannelName, ChannelPattern, ClientId};

use crate::channel_rule::Overflow;
use crate::effect::Release;
use crate::user::UserId;

/// Why a session ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum RemovedBecause {
    /// The client sent `/meta/disconnect`.
    Disconnected,
    /// The client stayed silent for `interval + max_interval`.
    Expired,
    /// Its client did nothing but connect for as long as the configuration allows.
    Inactive,
    /// Its queue was full: a slow reader.
    Overflow,
    /// The server ended it.
    Server,
}

/// A message that went out.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Published<'a> {
    /// Where it went.
    pub channel: &'a ChannelName,
    /// The session that published it; `None` is code.
    pub from: Option<ClientId>,
    /// The user of that session.
    pub from_user: Option<&'a UserId>,
    /// The user to whom it was delivered; `None` is everybody who listens.
    pub to: Option<&'a UserId>,
    /// The payload as JSON text, as it went out.
    pub data: &'a str,
    /// How many sessions it reached.
    pub reached: usize,
}

/// Told about sessions, subscriptions and messages. Every method does nothing unless overridden.
#[expect(unused_variables, reason = "the default methods do nothing with what they are told")]
pub trait Listener: fmt::Debug + Send + Sync {
    /// A handshake succeeded.
    fn session_added(&self, client: ClientId, user: Option<&UserId>) {}

    /// A session ended; its subscriptions are gone.
    fn session_removed(&self, client: ClientId, user: Option<&UserId>, because: RemovedBecause) {}

    /// A session subscribed to a pattern it was not subscribed to.
    fn subscribed(&self, client: ClientId, user: Option<&UserId>, pattern: &ChannelPattern) {}

    /// A session gave a subscription up.
    fn unsubscribed(&self, client: ClientId, user: Option<&UserId>, pattern: &ChannelPattern) {}

    /// A connect waits: the client is there.
    fn connect_held(&self, client: ClientId, user: Option<&UserId>) {}

    /// A connect that waited does so no longer, and why. Comes once for each that was held.
    fn connect_released(&self, client: ClientId, user: Option<&UserId>, because: Release) {}

    /// A message did not fit into a session's queue, and what that comes to.
    fn queue_full(&self, client: ClientId, user: Option<&UserId>, overflow: Overflow) {}

    /// A message was published, or delivered to a user.
    fn published(&self, message: &Published<'_>) {}
}
