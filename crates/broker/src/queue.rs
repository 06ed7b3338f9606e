//! What leaves the queue of one session, and what comes back to it.
//!
//! A response takes messages along, puts them back if it was not written, and the last one of a
//! session leaves nothing behind. The gauges of what waits follow each step, and so does the log: a
//! session that catches up is fed as soon as there is room.
//!
//! How messages get into queues is in [`crate::round`]; which of them a response may carry is for
//! the session to say.

use std::sync::Arc;
use std::time::Instant;

use crate::backlog::Amount;
use crate::broker::Broker;
use crate::cell::Cell;
use crate::effect::Release;
use crate::outbox::Taken;
use crate::session::Session;
use crate::stats::{add, sub};

impl Broker {
    /// Takes what the next response may carry.
    pub(crate) fn take(&self, cell: &Arc<Cell>) -> Taken {
        let taken = self.take_if(cell, |_| Some(0));
        taken.map(|(_, taken)| taken).unwrap_or_default()
    }

    /// Begins a connect reply and takes what it may carry; `None` if `counts` says that the connect
    /// does not count any more. The number of its batch comes with it, where there is one.
    ///
    /// All under one lock, so that messages are in the batch in which they travel.
    pub(crate) fn take_batch(
        &self,
        cell: &Arc<Cell>,
        counts: impl FnOnce(&Session) -> bool,
    ) -> Option<(Option<u64>, Taken)> {
        self.take_if(cell, |session| counts(session).then(|| session.begin_reply()))
    }

    /// `may` says how many missed messages the response tells of; with `None` there is none.
    fn take_if(
        &self,
        cell: &Arc<Cell>,
        may: impl FnOnce(&mut Session) -> Option<u32>,
    ) -> Option<(Option<u64>, Taken)> {
        let (batch, taken, gone, last) = {
            let mut session = cell.lock();
            let missed = may(&mut session)?;
            let (mut taken, gone) = session.take(self.config());
            taken.missed = missed;
            (session.batch(), taken, gone, session.is_gone())
        };
        self.count_gone(gone);
        if last {
            // Nothing follows the last response of a session.
            self.drop_queue(cell);
        }
        self.refill(cell, None);
        Some((batch, taken))
    }

    /// Puts back what could not be written, and wakes the link or connect that waits by now.
    pub(crate) fn put_back(&self, cell: &Arc<Cell>, taken: Taken, now: Instant) {
        let count = taken.messages.len();
        if count == 0 && taken.missed == 0 {
            return;
        }
        let mut session = cell.lock();
        let Some(back) = session.put_back(taken) else {
            add(&self.counters().messages_dropped, count);
            return;
        };
        let link = if count == 0 { None } else { session.nudge_link() };
        let released = match link {
            None if count > 0 => session.release(Release::Messages, self.config(), now),
            _ => None,
        };
        drop(session);
        self.count_queued(back.messages, back.bytes);
        add(&self.counters().messages_requeued, count);
        self.wake(cell, released);
        if let Some(link) = link {
            link.wake();
        }
    }

    /// Drops what an ended session still had to receive.
    pub(crate) fn drop_queue(&self, cell: &Cell) {
        let (gone, unsent) = cell.lock().clear();
        self.count_gone(gone);
        add(&self.counters().messages_dropped, unsent);
    }

    pub(crate) fn count_queued(&self, messages: usize, bytes: usize) {
        add(&self.counters().queue_messages, messages);
        add(&self.counters().queue_bytes, bytes);
    }

    pub(crate) fn count_gone(&self, gone: Amount) {
        sub(&self.counters().queue_messages, gone.messages);
        sub(&self.counters().queue_bytes, gone.bytes);
    }
}
