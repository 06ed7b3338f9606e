//! The second lane: subscriptions, publishes, calls, and the disconnect.

use std::collections::VecDeque;
use std::time::Instant;

use encke_bayeux::ChannelPattern;

use crate::error::{Failure, Refusal};
use crate::machine::operations::{Operation, Ticket};
use crate::machine::outbox::{Entry, Item};
use crate::machine::session::{Health, State};
use crate::machine::subscriptions::Refused;
use crate::machine::{Action, Exchange, Failed, Machine, Outcome};
use crate::message::Gap;
use crate::status::CloseReason;
use crate::wire::{Head, Received, Request};

/// The body on its way, and when the next one may follow.
#[derive(Debug, Default)]
pub(super) struct Commands {
    flight: Option<Flight>,
    failures: u32,
    resume: Option<Instant>,
}

/// Requests that were sent together.
#[derive(Debug)]
struct Flight {
    exchange: Exchange,
    deadline: Instant,
    /// The session that they belong to.
    session: u64,
    unanswered: VecDeque<Entry>,
    /// What the server did not take because it does not know the session.
    returned: Vec<Entry>,
    /// The server was too busy for one of them.
    busy: bool,
}

/// What became of publishes whose body was not answered with replies.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Verdict {
    /// The server may have taken them.
    Open,
    /// They were not taken, and may be another time.
    Unsent,
    /// They were not taken: who we are is not accepted any more.
    Credentials,
    /// They were not taken, and never will be.
    Rejected(u16),
}

impl Verdict {
    /// Observed: servers and proxies that answer with a 4xx status have refused the request as it
    /// came. 401 and 407 want credentials, 408, 425 and 429 patience.
    fn of(failed: &Failed) -> Self {
        match failed.failure {
            _ if !failed.sent => Self::Unsent,
            Failure::Status(401 | 407) => Self::Credentials,
            Failure::Status(408 | 425 | 429) => Self::Unsent,
            Failure::Status(status @ 400..=499) => Self::Rejected(status),
            // Whoever names a time to come back has not begun.
            Failure::Status(503) if failed.retry_after.is_some() => Self::Unsent,
            _ => Self::Open,
        }
    }
}

impl Machine {
    /// Sends what is queued, if the lane is free.
    pub(super) fn advance_commands(&mut self, now: Instant) {
        if !self.may_send_commands() || self.commands.resume.is_some_and(|resume| resume > now) {
            return;
        }
        let State::Open(session) = &self.state else { return };
        let unanswered = self.outbox.take();
        let mut body = vec![b'['];
        for entry in &unanswered {
            if body.len() > 1 {
                body.push(b',');
            }
            let head = Head { client_id: &session.client_id, id: entry.id };
            match &entry.item {
                Item::Subscribe(pattern) => {
                    let replay = self.subscriptions.start(pattern, session.log);
                    Request::Subscribe { head, pattern: pattern.as_str(), replay }
                }
                Item::Unsubscribe(pattern) => {
                    Request::Unsubscribe { head, pattern: pattern.as_str() }
                }
                Item::Publish { channel, data } => {
                    Request::Publish { head, channel: channel.as_str(), data }
                }
                Item::Disconnect => Request::Disconnect { head },
            }
            .write(&mut body);
        }
        body.push(b']');
        let exchange = self.send(body);
        let deadline = now + self.settings.request_timeout;
        let session = self.sessions;
        let returned = Vec::new();
        let flight = Flight { exchange, deadline, session, unanswered, returned, busy: false };
        self.commands.flight = Some(flight);
    }

    pub(super) fn commands_deadline(&self) -> Option<Instant> {
        let due = self.commands.resume.filter(|_| self.may_send_commands());
        self.commands.flight.as_ref().map(|flight| flight.deadline).or(due)
    }

    fn may_send_commands(&self) -> bool {
        let State::Open(session) = &self.state else { return false };
        let rests = session.health == Health::Troubled && !session.closing;
        !rests && self.commands.flight.is_none() && !self.outbox.is_empty()
    }

    /// Queues requests for all patterns that the server does not know of.
    pub(super) fn ask_for_patterns(&mut self, first: bool) {
        if !matches!(self.state, State::Open(_)) {
            return;
        }
        let mut entries = Vec::new();
        for pattern in self.subscriptions.unasked() {
            let id = self.next_id();
            self.subscriptions.asked(&pattern, id);
            entries.push(Entry { id, item: Item::Subscribe(pattern) });
        }
        if first {
            self.outbox.push_front(entries);
        } else {
            for entry in entries {
                self.outbox.push(vec![entry]);
            }
        }
    }

    /// The session is gone, and all that the server knew of patterns with it.
    pub(super) fn forget_patterns(&mut self) {
        self.subscriptions.lose();
        let moot = self
            .outbox
            .remove(|entry| matches!(entry.item, Item::Subscribe(_) | Item::Unsubscribe(_)));
        for entry in moot {
            if matches!(entry.item, Item::Unsubscribe(_)) {
                self.finish(Ticket(entry.id), Outcome::Done);
            }
        }
    }

    /// One holder of a pattern less; `ticket` waits for the server's word if there is one to wait
    /// for.
    pub(super) fn release(
        &mut self,
        pattern: &ChannelPattern,
        waiting: Option<Ticket>,
        ticket: Option<Ticket>,
    ) {
        if self.subscriptions.release(pattern, waiting) == Some(true) {
            let id = ticket.map_or_else(|| self.next_id(), |ticket| ticket.0);
            self.outbox.push(vec![Entry { id, item: Item::Unsubscribe(pattern.clone()) }]);
        } else if let Some(ticket) = ticket {
            self.finish(ticket, Outcome::Done);
        }
    }

    /// Whether a request waits to be sent or to be answered.
    pub(super) fn is_pending(&self, ticket: Ticket) -> bool {
        let in_flight = self.commands.flight.as_ref().is_some_and(|flight| {
            flight.unanswered.iter().chain(&flight.returned).any(|entry| entry.id == ticket.0)
        });
        in_flight || self.outbox.contains(ticket.0)
    }

    /// A reply to something of this lane, told by its id. `false` if it is none of ours.
    pub(super) fn handle_command_reply(&mut self, reply: &Received<'_>, now: Instant) -> bool {
        let Some(id) = reply.id else { return false };
        let Some(flight) = &mut self.commands.flight else { return false };
        let Some(place) = flight.unanswered.iter().position(|entry| entry.id == id) else {
            return false;
        };
        let Some(entry) = flight.unanswered.remove(place) else { return false };
        let session = flight.session;
        let refusal = (reply.successful != Some(true)).then(|| reply.refusal());
        match refusal {
            Some(refusal) if refusal.is_unknown_session() => {
                self.return_entry(entry);
                if session == self.sessions {
                    self.lose(now);
                }
            }
            refusal => self.answered(entry, refusal, reply),
        }
        self.land(now);
        true
    }

    /// A call's result came before the reply to its request, which may never come.
    pub(super) fn forget_request(&mut self, ticket: Ticket, now: Instant) {
        if let Some(flight) = &mut self.commands.flight {
            flight.unanswered.retain(|entry| entry.id != ticket.0);
        }
        self.land(now);
    }

    /// The server did not take a request, since it does not know the session.
    fn return_entry(&mut self, entry: Entry) {
        match entry.item {
            Item::Publish { .. } => {
                if let Some(flight) = &mut self.commands.flight {
                    flight.returned.push(entry);
                }
            }
            Item::Unsubscribe(_) => self.finish(Ticket(entry.id), Outcome::Done),
            Item::Disconnect => self.close(CloseReason::Asked),
            // The next session asks for all patterns anew.
            Item::Subscribe(_) => {}
        }
    }

    fn answered(&mut self, entry: Entry, refusal: Option<Refusal>, reply: &Received<'_>) {
        let ticket = Ticket(entry.id);
        match (entry.item, refusal) {
            (Item::Subscribe(pattern), None) => {
                let told = reply.told(pattern.as_str());
                let confirmed = self.subscriptions.confirm(&pattern, entry.id, told, self.last_id);
                let Some(confirmed) = confirmed else { return };
                if confirmed.gap != Gap::None {
                    self.actions.push_back(Action::Gap(pattern.clone(), confirmed.gap));
                }
                if let Some(replay) = confirmed.replay {
                    self.actions.push_back(Action::Replay(pattern.clone(), replay));
                }
                self.deliver_withheld(&pattern, confirmed.withheld);
                for ticket in confirmed.waiting {
                    self.finish(ticket, Outcome::Done);
                }
            }
            (Item::Subscribe(pattern), Some(refusal)) => {
                self.subscription_refused(&pattern, entry.id, &refusal);
            }
            (Item::Publish { .. }, None) => {
                // A call waits on for its result.
                if self.operations.get(ticket) == Some(&Operation::Publish) {
                    self.finish(ticket, Outcome::Done);
                }
            }
            (Item::Publish { .. } | Item::Unsubscribe(_), Some(refusal)) => {
                self.finish(ticket, Outcome::Refused(refusal));
            }
            (Item::Unsubscribe(_), None) => self.finish(ticket, Outcome::Done),
            (Item::Disconnect, _) => self.close(CloseReason::Asked),
        }
    }

    fn subscription_refused(&mut self, pattern: &ChannelPattern, id: u64, refusal: &Refusal) {
        if refusal.is_unknown_position() && self.subscriptions.refuse_position(pattern, id) {
            self.ask_for_patterns(false);
            return;
        }
        if refusal.is_busy() && self.subscriptions.defer(pattern, id) {
            if let Some(flight) = &mut self.commands.flight {
                flight.busy = true;
            }
            self.ask_for_patterns(false);
            return;
        }
        let Refused::Gone { waiting, was_active } = self.subscriptions.refuse(pattern, id) else {
            return;
        };
        for ticket in waiting {
            self.finish(ticket, Outcome::Refused(refusal.clone()));
        }
        if was_active {
            self.actions.push_back(Action::Revoked(pattern.clone(), refusal.clone()));
        }
    }

    /// Frees the lane when everything on its way was answered.
    fn land(&mut self, now: Instant) {
        if let Some(flight) = self.commands.flight.take_if(|flight| flight.unanswered.is_empty()) {
            if flight.busy {
                self.commands.failures = self.commands.failures.saturating_add(1);
                self.commands.resume = Some(now + self.backoff.after(self.commands.failures));
            } else {
                self.commands.failures = 0;
                self.commands.resume = None;
            }
            self.actions.push_back(Action::Settle(flight.exchange));
            self.put_back(flight.returned);
        }
    }

    /// Queues requests again whose operation still waits, in front of all others.
    fn put_back(&mut self, entries: Vec<Entry>) {
        let alive = entries.into_iter().filter(|entry| match &entry.item {
            Item::Subscribe(pattern) => self.subscriptions.is_asked(pattern, entry.id),
            Item::Publish { .. } => self.operations.get(Ticket(entry.id)).is_some(),
            Item::Unsubscribe(_) | Item::Disconnect => true,
        });
        let alive = alive.collect();
        self.outbox.push_front(alive);
    }

    /// The exchange of this lane failed. Does nothing if it is another's.
    pub(super) fn fail_commands(&mut self, exchange: Exchange, failed: &Failed, now: Instant) {
        let Some(flight) = self.commands.flight.take_if(|flight| flight.exchange == exchange)
        else {
            return;
        };
        self.commands.failures = self.commands.failures.saturating_add(1);
        let pause = self.backoff.after(self.commands.failures);
        self.commands.resume = Some(now + pause.max(failed.retry_after.unwrap_or_default()));
        let mut again = flight.returned;
        let same_session = flight.session == self.sessions && !self.is_closed();
        let verdict = Verdict::of(failed);
        for entry in flight.unanswered {
            let ticket = Ticket(entry.id);
            match &entry.item {
                Item::Publish { .. } => match verdict {
                    Verdict::Open => self.finish(ticket, Outcome::Lost(failed.failure.clone())),
                    Verdict::Rejected(status) => self.finish(ticket, Outcome::Rejected(status)),
                    Verdict::Unsent | Verdict::Credentials => again.push(entry),
                },
                Item::Unsubscribe(_) if !same_session => self.finish(ticket, Outcome::Done),
                Item::Disconnect => {
                    self.close(CloseReason::Asked);
                    return;
                }
                _ => again.push(entry),
            }
        }
        self.put_back(again);
        if same_session && verdict == Verdict::Credentials {
            self.renews();
            self.lose(now);
        }
    }

    /// Gives up on a body that takes too long.
    pub(super) fn expire_commands(&mut self, now: Instant) {
        if let Some(flight) = &self.commands.flight
            && flight.deadline <= now
        {
            let exchange = flight.exchange;
            self.actions.push_back(Action::Cancel(exchange));
            self.fail_commands(exchange, &Failed::sent(Failure::TimedOut), now);
        }
    }

    /// An operation took too long.
    pub(super) fn expire(&mut self, ticket: Ticket, operation: Operation) {
        let outcome = match operation {
            Operation::Publish if !self.take_back(ticket) => Outcome::Lost(Failure::TimedOut),
            Operation::Call(_) => {
                self.take_back(ticket);
                Outcome::TimedOut
            }
            Operation::Subscribe(pattern) => {
                self.release(&pattern, Some(ticket), None);
                Outcome::TimedOut
            }
            Operation::Disconnect => {
                self.actions.push_back(Action::Finish(ticket, Outcome::Done));
                self.close(CloseReason::Asked);
                return;
            }
            _ => Outcome::TimedOut,
        };
        self.actions.push_back(Action::Finish(ticket, outcome));
    }

    /// Removes a request that was not sent. `false` if it was.
    fn take_back(&mut self, ticket: Ticket) -> bool {
        !self.outbox.remove(|entry| entry.id == ticket.0).is_empty()
    }

    /// Nothing is sent or awaited any more.
    pub(super) fn close_commands(&mut self) {
        if let Some(flight) = self.commands.flight.take() {
            self.actions.push_back(Action::Cancel(flight.exchange));
        }
        self.outbox.remove(|_| true);
    }
}
