//! What a subscription may want beyond its pattern.

use crate::replay::{Outdated, ReplayFrom};

/// What happens when the application is slower than the server and a queue is full.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Overflow {
    /// The oldest message is dropped; the next one says so ([`Gap::Dropped`](crate::Gap::Dropped)).
    DropOldest,
    /// The subscription ends ([`End::Overflow`](crate::End::Overflow)).
    End,
    /// The server is asked for nothing more until there is room again, so nothing is lost here.
    ///
    /// This holds up every subscription of the client. A server that waits too long drops the
    /// session; where it keeps a log the next session goes on at the position. What was on its way
    /// already is taken beyond the bound; a server that goes on sending unasked (over WebSocket,
    /// without acknowledgement) ends the subscription ([`End::Overflow`](crate::End::Overflow))
    /// when that exceeds twice [`answer_bytes`](crate::ClientBuilder::answer_bytes).
    Wait,
}

/// How a subscription is made. [`Default`] suits most.
#[derive(Clone, Copy, Debug)]
pub struct SubscribeOptions {
    pub(crate) queue_messages: usize,
    pub(crate) queue_bytes: usize,
    overflow: Option<Overflow>,
    pub(crate) replay: Option<ReplayFrom>,
    pub(crate) outdated: Outdated,
}

impl Default for SubscribeOptions {
    fn default() -> Self {
        Self {
            queue_messages: 1024,
            queue_bytes: 8 << 20,
            overflow: None,
            replay: None,
            outdated: Outdated::default(),
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

    /// What happens at these bounds. Default [`Overflow::Wait`] with [`SubscribeOptions::replay`],
    /// since a log can hold more than any queue, and [`Overflow::DropOldest`] without.
    #[must_use]
    pub fn overflow(mut self, overflow: Overflow) -> Self {
        self.overflow = Some(overflow);
        self
    }

    /// Where to begin in the server's log. Default: with what is new.
    ///
    /// A position that the client's [`PositionStore`](crate::PositionStore) holds for the pattern
    /// comes first, and the store is told of this subscription's positions. Without effect if the
    /// server keeps no log, which [`Subscription::replay`](crate::Subscription::replay) then says.
    ///
    /// A new session goes on where the one before stopped in any case.
    ///
    /// If another pattern of this client covers some of the channels and is subscribed already,
    /// messages on their way for it come before the older ones; subscribe from old positions first if
    /// that matters. Of two subscriptions of one pattern whose positions are stored, the
    /// faster one decides what is stored.
    #[must_use]
    pub fn replay(mut self, from: ReplayFrom) -> Self {
        self.replay = Some(from);
        self
    }

    /// What happens when the server refuses the position. Default [`Outdated::Kept`].
    #[must_use]
    pub fn outdated(mut self, outdated: Outdated) -> Self {
        self.outdated = outdated;
        self
    }

    pub(crate) fn overflow_or_default(&self) -> Overflow {
        self.overflow.unwrap_or(match self.replay {
            Some(_) => Overflow::Wait,
            None => Overflow::DropOldest,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_log_brings_is_not_dropped_unless_asked_for() {
        let options = SubscribeOptions::default();
        assert_eq!(options.overflow_or_default(), Overflow::DropOldest);
        let replay = options.replay(ReplayFrom::Kept);
        assert_eq!(replay.overflow_or_default(), Overflow::Wait);
        assert_eq!(replay.overflow(Overflow::End).overflow_or_default(), Overflow::End);
    }
}
