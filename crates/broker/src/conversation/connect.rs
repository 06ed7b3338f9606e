//! `/meta/connect` and `/meta/disconnect`: a session waits, and ends.
//!
//! # Sources
//!
//! Specified: Bayeux 1.0, "Connect", "Disconnect". Observed: CometD answers the connect that is
//! held when its client disconnects, with the advice to stay away.

use std::sync::Arc;
use std::time::{Duration, Instant};

use encke_bayeux::ext::Members;
use encke_bayeux::reply::Reply;
use encke_bayeux::{Ack, Advice, Failure, Message, Reconnect};

use super::{Conversation, Request};
use crate::backlog::Amount;
use crate::broker::Cell;
use crate::hold::Hold;
use crate::listener::RemovedBecause;
use crate::session::Seats;
use crate::stats::add;

/// Adds to the `ext` of a connect reply its batch, and how many messages the client has missed.
pub(crate) fn tell(ext: &mut Members, batch: Option<u64>, missed: u32) {
    if let Some(batch) = batch {
        ext.push_number("ack", batch);
    }
    if missed > 0 {
        ext.push_number("dropped", missed.into());
    }
}

impl Conversation<'_> {
    /// Returns the hold if the connect waits.
    pub(super) fn connect(
        &mut self,
        message: &Message<'_>,
        cell: &Arc<Cell>,
        alone: bool,
    ) -> Option<Hold> {
        let (broker, now) = (self.broker, self.request.now);
        let draining = broker.is_draining();
        let acknowledged = {
            let mut session = cell.lock();
            match self.asked.ack {
                _ if !session.is_acknowledged() || self.batch.is_some() => Amount::default(),
                Ack::Received(batch) => session.acknowledge(Some(batch)),
                Ack::Silent | Ack::Wanted => session.acknowledge(None),
            }
        };
        // What was acknowledged has made room.
        broker.refill(cell, Some(now));
        broker.count_gone(acknowledged);
        if cell.lock().is_gone() {
            // The log has forgotten what the session has not taken yet.
            self.refuse(message, Failure::SessionUnknown.advice(), &Failure::SessionUnknown);
            return None;
        }
        if cell.lock().is_inactive(broker.config(), now) {
            self.dismiss(message, cell);
            return None;
        }
        let (connected, arm, unlinked) = {
            let mut session = cell.lock();
            let longest = if alone && !draining { self.longest() } else { Duration::ZERO };
            let unlinked = if self.request.pushes { None } else { session.detach_any() };
            let seats = self.seats();
            let connected =
                session.handle_connect(&message.advice, longest, seats, broker.config(), now);
            (connected, session.arm(), unlinked)
        };
        if let Some(unlinked) = unlinked {
            unlinked.wake();
        }
        broker.arm(cell.id, arm, now);
        if let Some(superseded) = connected.superseded {
            add(&broker.counters().superseded, 1);
            broker.wake_only(superseded);
        }
        if connected.held.is_some() {
            add(&broker.counters().held, 1);
        }
        broker.tell(cell);
        if let Some(generation) = connected.held {
            return Some(Hold {
                broker: broker.clone(),
                cell: Arc::clone(cell),
                generation,
                id: message.id.get().map(Into::into),
                advice: connected.advice,
                timesync: self.asked.timesync.map(|timesync| Box::new((timesync, now))),
            });
        }
        let advice = if draining { Some(broker.drain_advice(cell.id)) } else { connected.advice };
        let crowded = connected.crowded && !draining;
        if crowded {
            add(&broker.counters().crowded, 1);
        }
        let away = crowded && broker.config().multi_session_interval.is_zero();
        self.answer(message, cell, advice, away.then_some(&Failure::MultipleClients));
        None
    }

    /// Answers a connect that does not wait; what waits for the session goes along.
    fn answer(
        &mut self,
        message: &Message<'_>,
        cell: &Arc<Cell>,
        advice: Option<Advice>,
        failure: Option<&Failure>,
    ) {
        let broker = self.broker;
        let settled = broker.settled_for(cell);
        if cell.lock().is_acknowledged() {
            // Now, and not with the rest of the body: the messages belong to the batch of this reply.
            // Another connect of this body is answered with it, so it has the same batch.
            let mut missed = 0;
            if self.batch.is_none() {
                let (batch, taken) = broker.take_batch(cell, |_| true).unwrap_or_default();
                missed = taken.missed;
                (self.batch, self.taken) = (batch, taken);
            }
            tell(&mut self.ext, self.batch, missed);
        } else {
            let missed = cell.lock().begin_reply();
            tell(&mut self.ext, None, missed);
            self.missed += missed;
            self.carries = true;
        }
        if let Some(settled) = settled {
            self.ext.push_number("replay", settled);
        }
        if let Some(failure) = failure {
            self.refuse(message, advice, failure);
            return;
        }
        self.reply(&Reply { advice, ..Reply::success(message.channel.get(), message.id.get()) });
    }

    /// Ends a session that was inactive for too long. Its queue goes with the connect that is held, if
    /// there is one, else with the reply to this one.
    fn dismiss(&mut self, message: &Message<'_>, cell: &Arc<Cell>) {
        let (broker, now) = (self.broker, self.request.now);
        let held = cell.lock().is_held();
        add(&broker.counters().inactive, 1);
        broker.dismiss(cell, RemovedBecause::Inactive, now);
        let advice = Some(Advice::only(Reconnect::None));
        if held {
            let success = Reply::success(message.channel.get(), message.id.get());
            self.reply(&Reply { advice, ..success });
        } else {
            self.answer(message, cell, advice, None);
        }
    }

    /// How many connects of this request's browser may be held; `None` where that is not asked.
    fn seats(&self) -> Option<Seats<'_>> {
        let (config, request) = (self.broker.config(), self.request);
        let most = match request {
            Request { pushes: true, .. } => None,
            Request { multiplexed: true, .. } => config.multiplexed_sessions_per_browser,
            _ => config.sessions_per_browser,
        }?;
        Some(Seats { tally: &self.broker.shared.browsers, browser: request.browser, most })
    }

    /// How long a connect may be held: no longer than the proof of who it is for lasts.
    fn longest(&self) -> Duration {
        let (most, now) = (self.broker.config().max_hold, self.request.now);
        let left = |until: Instant| until.saturating_duration_since(now);
        self.request.until.map_or(most, |until| most.min(left(until)))
    }

    /// The held connect, if there is one, takes the queue along; else this response does.
    pub(super) fn disconnect(&mut self, message: &Message<'_>, cell: &Arc<Cell>) {
        let held = cell.lock().is_held();
        self.broker.remove(cell, RemovedBecause::Disconnected);
        self.carries = !held;
        self.accept(message);
    }
}
