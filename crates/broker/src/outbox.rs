//! What a session still has to be sent, and what it has not yet acknowledged.
//!
//! Without the acknowledge extension a message leaves the outbox with the response that carries
//! it, and comes back if that response was not written. With it a message stays until the client
//! has named a batch that is at least its own; whatever is not acknowledged when the next connect
//! arrives goes out again, in order.
//!
//! Bounded in messages and bytes, unacknowledged ones included. A message that does not fit cuts the
//! session, or is lost alone where its channel allows that: lossy messages that still wait make room
//! for others, oldest first, and what has been sent stays as it is. How many a client has missed is
//! told with its next connect reply, and told again if that did not arrive.
//!
//! # Sources
//!
//! Documented: CometD's acknowledge extension. Observed: batches count from 1, one for each
//! connect reply, empty ones too; CometD 3.1 to 8 and cometd-nodejs-server agree.

use std::collections::VecDeque;
use std::num::NonZeroUsize;

use crate::backlog::{Amount, Backlog, Queued};
use crate::channel_rule::Overflow;
use crate::config::Config;

/// Messages for one response.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    pub(crate) messages: Vec<Queued>,
    /// How many missed messages the response tells of.
    pub(crate) missed: u32,
    /// The batch they were sent in, where they have to be acknowledged.
    batch: Option<u64>,
}

impl Taken {
    /// The same messages in parts of at most `most`, and what goes with the replies behind them.
    pub(crate) fn split(self, most: NonZeroUsize) -> (Vec<Self>, Self) {
        let Self { mut messages, missed, batch } = self;
        let mut parts = Vec::new();
        while !messages.is_empty() {
            let rest = messages.split_off(most.get().min(messages.len()));
            parts.push(Self { messages: std::mem::replace(&mut messages, rest), missed: 0, batch });
        }
        (parts, Self { messages, missed, batch })
    }
}

/// What became of a message that was to be queued.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[must_use = "gauges have to follow, and a session may have to be cut"]
pub(crate) enum Admitted {
    /// It waits; these were given up for it.
    Waits(Amount),
    /// It was given up itself.
    Missed,
    /// There is no room, and it may not be lost.
    Full,
}

/// Messages that were sent and not yet acknowledged, with the batch they went in.
#[derive(Debug, Default)]
struct Unacknowledged {
    batch: u64,
    sent: VecDeque<(u64, Queued)>,
    /// How many missed messages the reply of `batch` told of.
    missed: u32,
}

#[derive(Debug)]
pub(crate) struct Outbox {
    waiting: Backlog,
    /// Of everything held here.
    bytes: usize,
    /// Messages that the client missed and has not been told of.
    missed: u32,
    unacknowledged: Option<Box<Unacknowledged>>,
}

impl Outbox {
    pub(crate) fn new(acknowledged: bool) -> Self {
        let unacknowledged = acknowledged.then(Box::default);
        Self { waiting: Backlog::default(), bytes: 0, missed: 0, unacknowledged }
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
        Amount {
            messages: config.queue_messages.saturating_sub(self.messages()),
            bytes: config.queue_bytes.saturating_sub(self.bytes),
        }
    }

    /// Whether one response takes all there is, and nothing that was sent waits to be acknowledged.
    pub(crate) fn fits(&self, bytes: usize) -> bool {
        self.unacknowledged.as_ref().is_none_or(|u| u.sent.is_empty()) && self.bytes <= bytes
    }

    /// Everything held here, unacknowledged messages included.
    pub(crate) fn amount(&self) -> Amount {
        Amount { messages: self.messages(), bytes: self.bytes }
    }

    /// Whether a message of so many bytes fits as things are.
    pub(crate) fn has_room_for(&self, bytes: usize, config: &Config) -> bool {
        let room = self.room(config);
        room.messages > 0 && bytes <= room.bytes
    }

    /// Adds a message if there is room for it as things are.
    pub(crate) fn push_into_room(&mut self, message: Queued, config: &Config) -> bool {
        let size = message.text.len();
        let fits = self.has_room_for(size, config);
        if fits {
            self.bytes += size;
            self.waiting.push_back(message);
        }
        fits
    }

    /// Adds a message. Without room, `overflow` says what happens to it.
    pub(crate) fn push(
        &mut self,
        message: Queued,
        overflow: Overflow,
        config: &Config,
    ) -> Admitted {
        let size = message.text.len();
        let fits = |messages: usize, bytes: usize| {
            messages < config.queue_messages && bytes + size <= config.queue_bytes
        };
        let (messages, bytes) = (self.messages(), self.bytes);
        let lossy = self.waiting.lossy();
        let mut given_up = Amount::default();
        if !fits(messages, bytes) {
            let enough = fits(messages - lossy.messages, bytes - lossy.bytes);
            match overflow {
                Overflow::Cut | Overflow::DropOldest if enough => {}
                Overflow::Cut => return Admitted::Full,
                Overflow::DropOldest | Overflow::Refuse => {
                    self.missed = self.missed.saturating_add(1);
                    return Admitted::Missed;
                }
            }
            while !fits(messages - given_up.messages, bytes - given_up.bytes)
                && let Some(bytes) = self.waiting.give_up_oldest()
            {
                given_up.add(bytes);
                self.missed = self.missed.saturating_add(1);
            }
        }
        self.bytes = bytes - given_up.bytes + size;
        self.waiting.push_back(message);
        Admitted::Waits(given_up)
    }

    fn messages(&self) -> usize {
        self.waiting.len() + self.unacknowledged.as_ref().map_or(0, |u| u.sent.len())
    }

    /// A connect arrived: forgets what it acknowledges and makes the rest ready to go out again.
    ///
    /// Returns what is gone for good, and whether there is anything to send again.
    pub(crate) fn acknowledge(&mut self, received: Option<u64>) -> (Amount, bool) {
        let Some(unacknowledged) = &mut self.unacknowledged else {
            return (Amount::default(), false);
        };
        let received = received.unwrap_or(0);
        let missed = std::mem::take(&mut unacknowledged.missed);
        if received < unacknowledged.batch {
            self.missed = self.missed.saturating_add(missed);
        }
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

    /// A connect reply is made: what is taken from now on travels with it. Returns how many messages
    /// the client is to be told that it missed.
    pub(crate) fn begin_reply(&mut self) -> u32 {
        let missed = std::mem::take(&mut self.missed);
        if let Some(unacknowledged) = &mut self.unacknowledged {
            unacknowledged.batch += 1;
            unacknowledged.missed = missed;
        }
        missed
    }

    /// The number of the batch that was begun last, where they are counted.
    pub(crate) fn batch(&self) -> Option<u64> {
        self.unacknowledged.as_ref().map(|unacknowledged| unacknowledged.batch)
    }

    /// Takes messages up to `bytes`, at least one if there is one, and what left for good.
    pub(crate) fn take(&mut self, bytes: usize) -> (Taken, Amount) {
        let messages = self.waiting.take(bytes);
        let Some(unacknowledged) = &mut self.unacknowledged else {
            let amount = Amount::of(&messages);
            self.bytes -= amount.bytes;
            return (Taken { messages, missed: 0, batch: None }, amount);
        };
        let batch = unacknowledged.batch;
        unacknowledged.sent.extend(messages.iter().map(|message| (batch, message.clone())));
        (Taken { messages, missed: 0, batch: Some(batch) }, Amount::default())
    }

    /// The response was not written: its messages go to the front. Returns what came back.
    pub(crate) fn put_back(&mut self, taken: Taken) -> Amount {
        let Some(batch) = taken.batch else {
            self.missed = self.missed.saturating_add(taken.missed);
            let amount = Amount::of(&taken.messages);
            self.bytes += amount.bytes;
            for message in taken.messages.into_iter().rev() {
                self.waiting.push_front(message);
            }
            return amount;
        };
        // After a later reply has begun they are on their way again already.
        if let Some(unacknowledged) = self.unacknowledged.as_mut().filter(|u| u.batch == batch) {
            self.missed = self.missed.saturating_add(std::mem::take(&mut unacknowledged.missed));
            for (_, message) in unacknowledged.sent.drain(..).rev() {
                self.waiting.push_front(message);
            }
        }
        Amount::default()
    }

    /// Throws everything away: how much that was, and how many of them were never sent.
    pub(crate) fn clear(&mut self) -> (Amount, usize) {
        let mut amount = self.waiting.clear();
        let unsent = amount.messages;
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
    use std::time::Instant;

    use bytes::Bytes;

    use super::*;

    fn message(text: &'static str) -> Queued {
        #[expect(clippy::disallowed_methods, reason = "an arbitrary instant")]
        let at = Instant::now();
        Queued { text: Bytes::from_static(text.as_bytes()), at: Some(at), lossy: false }
    }

    fn lossy(text: &'static str) -> Queued {
        Queued { lossy: true, ..message(text) }
    }

    /// Adds a message that may not be lost; whether it waits.
    fn push(outbox: &mut Outbox, message: Queued, config: &Config) -> bool {
        matches!(outbox.push(message, Overflow::Cut, config), Admitted::Waits(_))
    }

    fn texts(taken: &Taken) -> Vec<&str> {
        taken.messages.iter().map(|m| std::str::from_utf8(&m.text).unwrap()).collect()
    }

    #[test]
    fn a_plain_outbox_lets_go_of_what_it_sends() {
        let mut outbox = Outbox::new(false);
        let config = Config::default();
        assert!(
            push(&mut outbox, message("aa"), &config) && push(&mut outbox, message("b"), &config)
        );
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
        push(&mut outbox, message("a"), &config);
        assert_eq!((outbox.begin_reply(), outbox.batch()), (0, Some(1)));
        assert_eq!(texts(&outbox.take(100).0), ["a"]);
        push(&mut outbox, message("b"), &config);
        // The reply of batch 1 got lost: the client still says 0.
        assert_eq!(outbox.acknowledge(Some(0)), (Amount::default(), true));
        assert_eq!((outbox.begin_reply(), outbox.batch()), (0, Some(2)));
        assert_eq!(texts(&outbox.take(100).0), ["a", "b"]);
        assert_eq!(outbox.acknowledge(Some(2)), (Amount { messages: 2, bytes: 2 }, false));
        assert!(outbox.is_empty());
        assert_eq!(outbox.clear(), (Amount::default(), 0));
    }

    #[test]
    fn what_is_unacknowledged_counts_against_the_bound() {
        let mut outbox = Outbox::new(true);
        let config = Config::default().queue(2, 100);
        assert!(push(&mut outbox, message("a"), &config));
        outbox.begin_reply();
        let (taken, _) = outbox.take(100);
        assert!(push(&mut outbox, message("b"), &config));
        assert!(!push(&mut outbox, message("c"), &config));
        assert_eq!(outbox.put_back(taken), Amount::default());
        assert_eq!(texts(&outbox.take(100).0), ["a", "b"]);
    }

    #[test]
    fn lossy_messages_make_room_in_messages_and_in_bytes() {
        let mut outbox = Outbox::new(false);
        let config = Config::default().queue(3, 10);
        for text in ["l1", "l2"] {
            assert_eq!(outbox.push(lossy(text), Overflow::DropOldest, &config), gave_up(0, 0));
        }
        assert!(push(&mut outbox, message("firm"), &config));
        assert_eq!(outbox.push(lossy("l3"), Overflow::DropOldest, &config), gave_up(1, 2));
        assert_eq!(outbox.push(message("other"), Overflow::Cut, &config), gave_up(2, 4));
        assert_eq!(outbox.begin_reply(), 3);
        assert_eq!(texts(&outbox.take(100).0), ["firm", "other"]);
        assert_eq!((outbox.bytes, outbox.begin_reply()), (0, 0));
    }

    #[test]
    fn nothing_is_given_up_in_vain() {
        let mut outbox = Outbox::new(false);
        let config = Config::default().queue(10, 10);
        assert!(push(&mut outbox, message("firmfirm"), &config));
        assert_eq!(outbox.push(lossy("l"), Overflow::DropOldest, &config), gave_up(0, 0));
        assert_eq!(outbox.push(lossy("long"), Overflow::DropOldest, &config), Admitted::Missed);
        assert_eq!(outbox.push(message("long"), Overflow::Cut, &config), Admitted::Full);
        assert_eq!(outbox.push(message("xy"), Overflow::Refuse, &config), Admitted::Missed);
        assert_eq!(outbox.begin_reply(), 2);
        assert_eq!(texts(&outbox.take(100).0), ["firmfirm", "l"]);
    }

    #[test]
    fn what_was_missed_is_told_until_it_has_arrived() {
        let config = Config::default().queue(1, 100);
        for acknowledged in [false, true] {
            let mut outbox = Outbox::new(acknowledged);
            assert!(push(&mut outbox, message("a"), &config));
            assert_eq!(outbox.push(message("b"), Overflow::Refuse, &config), Admitted::Missed);
            let missed = outbox.begin_reply();
            let taken = Taken { missed, ..outbox.take(100).0 };
            // While it is on its way another one is missed.
            let waits = outbox.push(message("c"), Overflow::Refuse, &config);
            assert_eq!(waits == Admitted::Missed, acknowledged, "unacknowledged ones take room");
            let _ = outbox.put_back(taken);
            let expected = if acknowledged { 2 } else { 1 };
            assert_eq!(outbox.begin_reply(), expected);
        }
    }

    #[test]
    fn what_was_missed_is_told_again_after_a_reply_that_was_not_acknowledged() {
        let config = Config::default().queue(1, 100);
        let mut outbox = Outbox::new(true);
        assert!(push(&mut outbox, message("a"), &config));
        assert_eq!(outbox.push(message("b"), Overflow::Refuse, &config), Admitted::Missed);
        assert_eq!((outbox.begin_reply(), outbox.batch()), (1, Some(1)));
        assert_eq!(texts(&outbox.take(100).0), ["a"]);
        let _ = outbox.acknowledge(Some(0));
        assert_eq!((outbox.begin_reply(), outbox.batch()), (1, Some(2)));
        let _ = outbox.acknowledge(Some(2));
        assert_eq!((outbox.begin_reply(), outbox.batch()), (0, Some(3)));
    }

    fn gave_up(messages: usize, bytes: usize) -> Admitted {
        Admitted::Waits(Amount { messages, bytes })
    }
}
