//! One published message on its way to its receivers: rendered once, shared by all.

use std::time::Instant;

use bytes::Bytes;
use encke_bayeux::ClientId;

use crate::outbox::Queued;

/// A message and whom it must not reach.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    /// The message as JSON text.
    pub(crate) text: Bytes,
    /// When it was published.
    pub(crate) at: Instant,
    /// The session that published it and is not to get it back.
    pub(crate) not_to: Option<ClientId>,
}

impl Event {
    /// A message for everybody who listens.
    pub(crate) fn new(text: Bytes, at: Instant) -> Self {
        Self { text, at, not_to: None }
    }

    /// What goes into one session's queue.
    pub(crate) fn queued(&self) -> Queued {
        Queued { text: self.text.clone(), at: self.at }
    }
}
