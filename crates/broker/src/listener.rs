//! What an embedder may observe.
//!
//! Calls come in the order of what happened to one session, on whatever thread made it happen,
//! with no lock of the broker held. A listener must not block.

use std::fmt;

use encke_bayeux::{ChannelPattern, ClientId};

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

/// Told about sessions and subscriptions. Every method does nothing unless overridden.
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
}
