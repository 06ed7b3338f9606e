//! One event on its way into many queues.
//!
//! A round offers the same bytes to session after session, under one lock at a time. What that
//! asks for, waking and cutting, is done at its end, when every lock is free again.

use std::sync::Arc;
use std::task::Waker;
use std::time::Instant;

use encke_bayeux::ClientId;

use crate::backlog::Amount;
use crate::broker::Broker;
use crate::cell::Cell;
use crate::channel_rule::Overflow;
use crate::effect::{Offered, Released};
use crate::event::Event;
use crate::listener::RemovedBecause;
use crate::notice::Notice;
use crate::session::Session;
use crate::stats::add;

/// The round of one event.
pub(crate) struct Round<'a> {
    broker: &'a Broker,
    event: Event,
    reached: usize,
    queued: Amount,
    /// Sessions that missed it.
    missed: usize,
    /// What was given up for it.
    given_up: Amount,
    released: Vec<Released>,
    linked: Vec<Waker>,
    full: Vec<Arc<Cell>>,
    /// Sessions at which the timer has to look earlier than it would.
    due: Vec<(ClientId, Instant)>,
    /// Sessions of which listeners have to be told.
    news: Vec<Arc<Cell>>,
}

impl<'a> Round<'a> {
    pub(crate) fn new(broker: &'a Broker, event: Event) -> Self {
        Self {
            broker,
            event,
            reached: 0,
            queued: Amount::default(),
            missed: 0,
            given_up: Amount::default(),
            released: Vec::new(),
            linked: Vec::new(),
            full: Vec::new(),
            due: Vec::new(),
            news: Vec::new(),
        }
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
        let mut given_up = Amount::default();
        let mut has_news = false;
        match session.offer(&self.event, publish, &mut given_up, self.broker.config()) {
            Offered::Queued(bytes, released) => {
                self.reached += 1;
                self.queued.add(bytes);
                has_news |= released.is_some();
                self.released.extend(released);
                self.due.extend(session.arm().map(|at| (cell.id, at)));
            }
            Offered::Linked(bytes, waker) => {
                self.reached += 1;
                self.queued.add(bytes);
                self.linked.extend(waker);
            }
            Offered::Later => self.reached += 1,
            Offered::Missed => {
                self.missed += 1;
                session.note(Notice::Full(self.event.overflow), self.broker.config());
                has_news = true;
            }
            Offered::Overflow => {
                session.note(Notice::Full(Overflow::Cut), self.broker.config());
                self.full.push(Arc::clone(cell));
            }
            Offered::Double | Offered::Gone => {}
        }
        if given_up.messages > 0 {
            session.note(Notice::Full(Overflow::DropOldest), self.broker.config());
            has_news = true;
        }
        if has_news && self.broker.has_listeners() {
            self.news.push(Arc::clone(cell));
        }
        self.given_up.messages += given_up.messages;
        self.given_up.bytes += given_up.bytes;
    }

    /// Wakes whom it concerns and cuts who is full. Returns how many sessions were reached.
    pub(crate) fn finish(self) -> usize {
        let broker = self.broker;
        broker.count_queued(self.queued.messages, self.queued.bytes);
        broker.count_gone(self.given_up);
        add(&broker.counters().overflow_dropped, self.given_up.messages);
        let missed = match self.event.overflow {
            Overflow::Refuse => &broker.counters().overflow_refused,
            Overflow::Cut | Overflow::DropOldest => &broker.counters().overflow_dropped,
        };
        add(missed, self.missed);
        for (id, at) in self.due {
            broker.arm(id, Some(at), self.event.at);
        }
        for released in self.released {
            broker.wake_only(released);
        }
        self.linked.into_iter().for_each(Waker::wake);
        for cell in &self.news {
            broker.tell(cell);
        }
        for cell in &self.full {
            tracing::warn!(client = ?cell.id, "session cut: its queue is full");
            add(&broker.counters().overflowed, 1);
            broker.remove(cell, RemovedBecause::Overflow);
        }
        self.reached
    }
}
