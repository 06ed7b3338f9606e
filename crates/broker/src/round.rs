//! One event on its way into many queues.
//!
//! A round offers the same bytes to session after session, under one lock at a time. What that
//! asks for, waking and cutting, is done at its end, when every lock is free again.

use std::sync::Arc;
use std::task::Waker;
use std::time::Instant;

use encke_bayeux::ClientId;

use crate::broker::{Broker, Cell};
use crate::effect::{Offered, Released};
use crate::event::Event;
use crate::listener::RemovedBecause;
use crate::session::Session;
use crate::stats::add;

/// The round of one event.
pub(crate) struct Round<'a> {
    broker: &'a Broker,
    event: Event,
    reached: usize,
    queued: usize,
    bytes: usize,
    released: Vec<Released>,
    linked: Vec<Waker>,
    full: Vec<Arc<Cell>>,
    /// Sessions at which the timer has to look earlier than it would.
    due: Vec<(ClientId, Instant)>,
}

impl<'a> Round<'a> {
    pub(crate) fn new(broker: &'a Broker, event: Event) -> Self {
        let (released, linked, full, due) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self { broker, event, reached: 0, queued: 0, bytes: 0, released, linked, full, due }
    }

    /// A session that is not to get the event.
    pub(crate) fn not_to(&mut self, client: Option<ClientId>) {
        self.event.not_to = client;
    }

    /// Offers the event to one session, if it wants it. `publish` tells doubles apart; 0 if there
    /// can be none.
    pub(crate) fn offer(
        &mut self,
        cell: &Arc<Cell>,
        publish: u64,
        wants: impl FnOnce(&Session) -> bool,
    ) {
        if self.event.not_to == Some(cell.id) {
            return;
        }
        let mut session = cell.lock();
        if !wants(&session) {
            return;
        }
        match session.offer(&self.event, publish, self.broker.config()) {
            Offered::Queued(bytes, released) => {
                self.reached += 1;
                self.queued += 1;
                self.bytes += bytes;
                self.released.extend(released);
                self.due.extend(session.arm().map(|at| (cell.id, at)));
            }
            Offered::Linked(bytes, waker) => {
                self.reached += 1;
                self.queued += 1;
                self.bytes += bytes;
                self.linked.extend(waker);
            }
            Offered::Later => self.reached += 1,
            Offered::Overflow => self.full.push(Arc::clone(cell)),
            Offered::Double | Offered::Gone => {}
        }
    }

    /// Wakes whom it concerns and cuts who is full. Returns how many sessions were reached.
    pub(crate) fn finish(self) -> usize {
        let broker = self.broker;
        broker.count_queued(self.queued, self.bytes);
        for (id, at) in self.due {
            broker.arm(id, Some(at), self.event.at);
        }
        for released in self.released {
            broker.wake(Some(released));
        }
        self.linked.into_iter().for_each(Waker::wake);
        for cell in &self.full {
            tracing::warn!(client = ?cell.id, "session cut: its queue is full");
            add(&broker.counters().overflowed, 1);
            broker.remove(cell, RemovedBecause::Overflow);
        }
        self.reached
    }
}
