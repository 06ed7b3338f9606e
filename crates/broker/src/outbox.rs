//! What a session still has to be sent, and what it has not yet acknowledged.
//!
//! Without the acknowledge extension a message leaves the outbox with the response that carries
//! it, and comes back if that response was not written. With it a message stays until the client
//! has named a batch that is at least its own; whatever is not acknowledged when the next connect
//! arrives goes out again, in order.
//!
//! Bounded in messages and bytes, unacknowledged ones included. Full is told, never silent.
//!
//! # Sources
//!
//! Documented: CometD's acknowledge extension. Observed: batches count from 1, one for each
//! connect reply, empty ones too; CometD 3.1 to 8 and cometd-nodejs-server agree.

use std::collections::VecDeque;
use std::time::Instant;

use bytes::Bytes;

use crate::config::Config;

/// A message waiting for its receiver: the shared text, and when it was published.
#[derive(Clone, Debug)]
pub(crate) struct Queued {
    pub(crate) text: Bytes,
    /// `None` if it comes out of the log, where its age says nothing of this server.
    pub(crate) at: Option<Instant>,
}

/// Messages for one response.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    pub(crate) messages: Vec<Queued>,
    /// The batch they were sent in, where they have to be acknowledged.
    batch: Option<u64>,
}

/// How many messages and bytes left an outbox for good, or came (back) into it.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[must_use = "gauges have to follow"]
pub(crate) struct Amount {
    pub(crate) messages: usize,
    pub(crate) bytes: usize,
}

impl Amount {
    fn of<'a>(messages: impl IntoIterator<Item = &'a Queued>) -> Self {
        messages.into_iter().fold(Self::default(), |sum, message| Self {
            messages: sum.messages + 1,
            bytes: sum.bytes + message.text.len(),
        })
    }
}

/// Messages that were sent and not yet acknowledged, with the batch they went in.
#[derive(Debug, Default)]
struct Unacknowledged {
    batch: u64,
    sent: VecDeque<(u64, Queued)>,
}

#[derive(Debug)]
pub(crate) struct Outbox {
    waiting: VecDeque<Queued>,
    /// Of everything held here.
    bytes: usize,
    unacknowledged: Option<Box<Unacknowledged>>,
}

impl Outbox {
    pub(crate) fn new(acknowledged: bool) -> Self {
        let unacknowledged = acknowledged.then(Box::default);
        Self { waiting: VecDeque::new(), bytes: 0, unacknowledged }
    }

    /// Whether the client acknowledges.
    pub(crate) fn is_acknowledged(&self) -> bool {
        self.unacknowledged.is_some()
    }

    /// Whether there is nothing to send.
    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// What may be added before a bound is reached.
    pub(crate) fn room(&self, config: &Config) -> Amount {
        let sent = self.unacknowledged.as_ref().map_or(0, |u| u.sent.len());
        Amount {
            messages: config.queue_messages.saturating_sub(self.waiting.len() + sent),
            bytes: config.queue_bytes.saturating_sub(self.bytes),
        }
    }

    /// Whether one response takes all there is, and nothing that was sent waits to be acknowledged.
    pub(crate) fn fits(&self, bytes: usize) -> bool {
        self.unacknowledged.as_ref().is_none_or(|u| u.sent.is_empty())
            && self.waiting.iter().map(|message| message.text.len()).sum::<usize>() <= bytes
    }

    /// Adds a message. False if the outbox is full.
    pub(crate) fn push(&mut self, message: Queued, config: &Config) -> bool {
        let sent = self.unacknowledged.as_ref().map_or(0, |u| u.sent.len());
        let bytes = self.bytes + message.text.len();
        if self.waiting.len() + sent >= config.queue_messages || bytes > config.queue_bytes {
            return false;
        }
        self.bytes = bytes;
        self.waiting.push_back(message);
        true
    }

    /// A connect arrived: forgets what it acknowledges and makes the rest ready to go out again.
    ///
    /// Returns what is gone for good, and whether there is anything to send again.
    pub(crate) fn acknowledge(&mut self, received: Option<u64>) -> (Amount, bool) {
        let Some(unacknowledged) = &mut self.unacknowledged else {
            return (Amount::default(), false);
        };
        let received = received.unwrap_or(0);
        let done = unacknowledged.sent.partition_point(|(batch, _)| *batch <= received);
        let amount = Amount::of(unacknowledged.sent.iter().take(done).map(|(_, message)| message));
        unacknowledged.sent.drain(..done);
        self.bytes -= amount.bytes;
        let again = !unacknowledged.sent.is_empty();
        for (_, message) in unacknowledged.sent.drain(..).rev() {
            self.waiting.push_front(message);
        }
        (amount, again)
    }

    /// A connect reply is made: what is taken from now on travels with it.
    pub(crate) fn begin_batch(&mut self) {
        if let Some(unacknowledged) = &mut self.unacknowledged {
            unacknowledged.batch += 1;
        }
    }

    /// The number of the batch that was begun last, where they are counted.
    pub(crate) fn batch(&self) -> Option<u64> {
        self.unacknowledged.as_ref().map(|unacknowledged| unacknowledged.batch)
    }

    /// Takes messages up to `bytes`, at least one if there is one, and what left for good.
    pub(crate) fn take(&mut self, bytes: usize) -> (Taken, Amount) {
        let mut size = 0;
        let fits = |message: &&Queued| {
            let first = size == 0;
            size += message.text.len();
            first || size <= bytes
        };
        let count = self.waiting.iter().take_while(fits).count();
        let messages: Vec<_> = self.waiting.drain(..count).collect();
        if self.waiting.is_empty() {
            self.waiting.shrink_to(8);
        }
        let Some(unacknowledged) = &mut self.unacknowledged else {
            let amount = Amount::of(&messages);
            self.bytes -= amount.bytes;
            return (Taken { messages, batch: None }, amount);
        };
        let batch = unacknowledged.batch;
        unacknowledged.sent.extend(messages.iter().map(|message| (batch, message.clone())));
        (Taken { messages, batch: Some(batch) }, Amount::default())
    }

    /// The response was not written: its messages go to the front. Returns what came back.
    pub(crate) fn put_back(&mut self, taken: Taken) -> Amount {
        let Some(batch) = taken.batch else {
            let amount = Amount::of(&taken.messages);
            self.bytes += amount.bytes;
            for message in taken.messages.into_iter().rev() {
                self.waiting.push_front(message);
            }
            return amount;
        };
        // After a later reply has begun they are on their way again already.
        if let Some(unacknowledged) = self.unacknowledged.as_mut().filter(|u| u.batch == batch) {
            for (_, message) in unacknowledged.sent.drain(..).rev() {
                self.waiting.push_front(message);
            }
        }
        Amount::default()
    }

    /// Throws everything away: how much that was, and how many of them were never sent.
    pub(crate) fn clear(&mut self) -> (Amount, usize) {
        let mut amount = Amount::of(&self.waiting);
        let unsent = amount.messages;
        self.waiting = VecDeque::new();
        if let Some(unacknowledged) = &mut self.unacknowledged {
            amount.messages += unacknowledged.sent.len();
            unacknowledged.sent = VecDeque::new();
        }
        amount.bytes = std::mem::take(&mut self.bytes);
        (amount, unsent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(text: &'static str) -> Queued {
        #[expect(clippy::disallowed_methods, reason = "an arbitrary instant")]
        let at = Instant::now();
        Queued { text: Bytes::from_static(text.as_bytes()), at: Some(at) }
    }

    fn texts(taken: &Taken) -> Vec<&str> {
        taken.messages.iter().map(|m| std::str::from_utf8(&m.text).unwrap()).collect()
    }

    #[test]
    fn a_plain_outbox_lets_go_of_what_it_sends() {
        let mut outbox = Outbox::new(false);
        let config = Config::default();
        assert!(outbox.push(message("aa"), &config) && outbox.push(message("b"), &config));
        let (taken, gone) = outbox.take(2);
        assert_eq!((texts(&taken), gone), (vec!["aa"], Amount { messages: 1, bytes: 2 }));
        assert_eq!(outbox.put_back(taken), gone);
        assert_eq!(texts(&outbox.take(100).0), ["aa", "b"]);
        assert_eq!(outbox.clear(), (Amount::default(), 0));
    }

    #[test]
    fn an_acknowledged_outbox_keeps_what_it_sends_until_it_is_acknowledged() {
        let mut outbox = Outbox::new(true);
        let config = Config::default();
        outbox.push(message("a"), &config);
        outbox.begin_batch();
        assert_eq!(outbox.batch(), Some(1));
        assert_eq!(texts(&outbox.take(100).0), ["a"]);
        outbox.push(message("b"), &config);
        // The reply of batch 1 got lost: the client still says 0.
        assert_eq!(outbox.acknowledge(Some(0)), (Amount::default(), true));
        outbox.begin_batch();
        assert_eq!(outbox.batch(), Some(2));
        assert_eq!(texts(&outbox.take(100).0), ["a", "b"]);
        assert_eq!(outbox.acknowledge(Some(2)), (Amount { messages: 2, bytes: 2 }, false));
        assert!(outbox.is_empty());
        assert_eq!(outbox.clear(), (Amount::default(), 0));
    }

    #[test]
    fn what_is_unacknowledged_counts_against_the_bound() {
        let mut outbox = Outbox::new(true);
        let config = Config::default().queue(2, 100);
        assert!(outbox.push(message("a"), &config));
        outbox.begin_batch();
        let (taken, _) = outbox.take(100);
        assert!(outbox.push(message("b"), &config));
        assert!(!outbox.push(message("c"), &config));
        assert_eq!(outbox.put_back(taken), Amount::default());
        assert_eq!(texts(&outbox.take(100).0), ["a", "b"]);
    }
}
