//! Messages into the queue of a session, and out of it.
//!
//! What is offered waits in the outbox, and how it leaves depends on what the session is at:
//!
//! | The session                                  | The message leaves                                |
//! |----------------------------------------------|---------------------------------------------------|
//! | catches up, or begins to for want of room    | later, out of the log that keeps it               |
//! | has nothing but lazy ones, this one included | with any response, at `flush_at` without one      |
//! | has a link, and does not acknowledge         | through the link, which is woken                  |
//! | has a body in work that takes messages       | with its replies, or is due when they are made    |
//! | has a connect held                           | with its response: `Held` => `Idle`               |
//! | has none of these                            | with the next response                            |
//!
//! Owns when messages leave; how many there may be, and which of them are given up, is for
//! [`crate::outbox`] to say. A publish is offered once however many subscriptions it meets: its
//! number is told apart from that of the one before.

use std::task::Waker;
use std::time::Instant;

use super::Session;
use crate::activity::ActiveBy;
use crate::backlog::{Amount, Queued};
use crate::channel_rule::Overflow;
use crate::config::Config;
use crate::effect::{Offered, Release, Released};
use crate::event::Event;
use crate::outbox::{Admitted, Taken};

impl Session {
    /// Offers a message. `publish` numbers the publish; 0 means that doubles cannot happen. What was
    /// `given_up` for it is gone.
    pub(crate) fn offer(
        &mut self,
        event: &Event,
        publish: u64,
        given_up: &mut Amount,
        config: &Config,
    ) -> Offered {
        if self.is_gone() {
            return Offered::Gone;
        }
        if publish != 0 {
            if self.last_publish == publish {
                return Offered::Double;
            }
            self.last_publish = publish;
        }
        if config.activity.is_some_and(|activity| activity.by == ActiveBy::ClientOrServer) {
            self.conduct.touch(event.at);
        }
        if event.entry.is_some() && self.is_catching_up() {
            return Offered::Later;
        }
        let quiet = !self.is_urgent();
        let message = event.queued(self.replay.is_some());
        let bytes = message.text.len();
        if let Some(entry) = event.entry.as_ref().filter(|_| self.replay.is_some())
            && !self.outbox.has_room_for(bytes, config)
        {
            // What is kept need not be lost: the session goes on from the log when it has room.
            self.begin_catch_up(entry.position - 1, 0);
            return Offered::Later;
        }
        match self.outbox.push(message, event.overflow, config) {
            Admitted::Waits(amount) => *given_up = amount,
            Admitted::Missed => return Offered::Missed,
            Admitted::Full => return Offered::Overflow,
        }
        self.flush_at = event.lazy.filter(|_| quiet).map(|within| {
            let at = event.at + within;
            self.flush_at.map_or(at, |earlier| earlier.min(at))
        });
        if self.flush_at.is_some() {
            return Offered::Queued(bytes, None);
        }
        if self.is_pushed_to() {
            return Offered::Linked(bytes, self.nudge_link());
        }
        if self.batches > 0 {
            return Offered::Queued(bytes, None);
        }
        Offered::Queued(bytes, self.release(Release::Messages, config, event.at))
    }

    /// Queues a message that may not be lost, and releases nothing.
    pub(crate) fn append(&mut self, message: Queued, config: &Config) -> Admitted {
        if self.is_gone() {
            return Admitted::Full;
        }
        self.flush_at = None;
        self.outbox.push(message, Overflow::Cut, config)
    }

    /// Queues a message out of the log if there is room for it, and releases nothing.
    pub(crate) fn feed(&mut self, message: Queued, config: &Config) -> bool {
        let fits = self.outbox.push_into_room(message, config);
        if fits {
            self.flush_at = None;
        }
        fits
    }

    /// Replies of the body in work will carry messages: do not wake a held connect for them.
    pub(crate) fn begin_batch(&mut self) {
        self.batches += 1;
    }

    /// The body's work is done. What its reply did not take along is due on the held connect.
    pub(crate) fn end_batch(&mut self, config: &Config, now: Instant) -> Option<Released> {
        self.batches = self.batches.saturating_sub(1);
        if self.batches > 0 || !self.is_urgent() || self.is_pushed_to() {
            return None;
        }
        self.release(Release::Messages, config, now)
    }

    /// Lazy messages have waited long enough: they leave through the link, or with the held connect
    /// unless that is over already.
    pub(super) fn flush(
        &mut self,
        held: Option<Released>,
        config: &Config,
        now: Instant,
    ) -> (Option<Released>, Option<Waker>) {
        self.flush_at = None;
        if self.is_pushed_to() {
            return (held, self.nudge_link());
        }
        // Held => Idle
        (held.or_else(|| self.release(Release::Messages, config, now)), None)
    }

    /// A connect says what has arrived: what it acknowledges is gone for good.
    pub(crate) fn acknowledge(&mut self, received: Option<u64>) -> Amount {
        let (amount, again) = self.outbox.acknowledge(received);
        if again {
            // What was on its way once has waited enough.
            self.flush_at = None;
        }
        amount
    }

    /// A connect reply is made, and a batch begins with it, if the client acknowledges. Returns how
    /// many messages the client is to be told that it missed.
    pub(crate) fn begin_reply(&mut self) -> u32 {
        self.owed = false;
        self.outbox.begin_reply()
    }

    /// Takes what one response may carry, and what is gone for good with it.
    ///
    /// Lazy messages leave with any response, and what finds no room in it is due on the next.
    pub(crate) fn take(&mut self, config: &Config) -> (Taken, Amount) {
        self.flush_at = None;
        self.outbox.take(config.response_bytes)
    }

    /// Puts back what was not written; what came back, or `None` if the session has ended.
    pub(crate) fn put_back(&mut self, taken: Taken) -> Option<Amount> {
        self.flush_at = None;
        (!self.is_gone()).then(|| self.outbox.put_back(taken))
    }

    /// Throws away what an ended session still had to receive; how many were never sent.
    pub(crate) fn clear(&mut self) -> (Amount, usize) {
        self.outbox.clear()
    }

    /// The number of the batch that was begun last, if the client acknowledges.
    pub(crate) fn batch(&self) -> Option<u64> {
        self.outbox.batch()
    }

    /// What may be queued before a bound is reached; `None` for a session that has ended.
    pub(crate) fn room(&self, config: &Config) -> Option<Amount> {
        (!self.is_gone()).then(|| self.outbox.room(config))
    }

    pub(crate) fn has_nothing_waiting(&self) -> bool {
        self.outbox.is_empty()
    }

    /// Whether something waits that may not wait.
    pub(super) fn is_urgent(&self) -> bool {
        !self.outbox.is_empty() && self.flush_at.is_none()
    }

    /// Whether a body is in work whose replies will carry messages.
    pub(crate) fn is_batching(&self) -> bool {
        self.batches > 0
    }

    /// Whether messages may only ride on connect replies, whatever the configuration says.
    pub(crate) fn is_acknowledged(&self) -> bool {
        self.outbox.is_acknowledged()
    }
}
