//! What a subscription may want beyond its pattern.

use crate::replay::ReplayFrom;

/// What happens when the application is slower than the server and a queue is full.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum Overflow {
    /// The oldest message is dropped; the next one says so ([`Gap::Dropped`](crate::Gap::Dropped)).
    #[default]
    DropOldest,
    /// The subscription ends ([`End::Overflow`](crate::End::Overflow)).
    End,
}

/// How a subscription is made. [`Default`] suits most.
#[derive(Clone, Copy, Debug)]
pub struct SubscribeOptions {
    pub(crate) queue_messages: usize,
    pub(crate) queue_bytes: usize,
    pub(crate) overflow: Overflow,
    pub(crate) replay: Option<ReplayFrom>,
}

impl Default for SubscribeOptions {
    fn default() -> Self {
        Self {
            queue_messages: 1024,
            queue_bytes: 8 << 20,
            overflow: Overflow::default(),
            replay: None,
        }
    }
}

impl SubscribeOptions {
    /// Most messages that wait for the application. Default 1,024; at least 1.
    #[must_use]
    pub fn queue_messages(mut self, messages: usize) -> Self {
        self.queue_messages = messages.max(1);
        self
    }

    /// Most bytes of payload that wait for the application. Default 8 MiB; one message always fits.
    #[must_use]
    pub fn queue_bytes(mut self, bytes: usize) -> Self {
        self.queue_bytes = bytes;
        self
    }

    /// What happens at these bounds. Default [`Overflow::DropOldest`].
    #[must_use]
    pub fn overflow(mut self, overflow: Overflow) -> Self {
        self.overflow = overflow;
        self
    }

    /// Where to begin in the server's log, and that a new session shall continue where the one
    /// before stopped. Default: no replay.
    ///
    /// A position that the client's [`PositionStore`](crate::PositionStore) holds for the pattern
    /// comes first. Without effect if the server keeps no log, or if the client has subscribed to
    /// the same pattern already.
    #[must_use]
    pub fn replay(mut self, from: ReplayFrom) -> Self {
        self.replay = Some(from);
        self
    }
}
