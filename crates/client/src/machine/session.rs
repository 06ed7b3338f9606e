//! Handshake, connect, and the end of a session.

use std::time::{Duration, Instant};

use encke_bayeux::Reconnect;
use serde_json::Value;

use crate::credentials::Freshness;
use crate::error::Failure;
use crate::machine::operations::Operation;
use crate::machine::{Action, ConnectionType, Exchange, Failed, Machine, Outcome};
use crate::status::{CloseReason, Status};
use crate::wire::{Head, Received, Request};

/// See the module above.
#[derive(Debug)]
pub(super) enum State {
    Idle,
    Shaking(Step),
    Open(Session),
    Closed,
}

impl State {
    pub(super) fn shaking(due: Instant) -> Self {
        Self::Shaking(Step::Due(due))
    }
}

/// A request that is repeated again and again.
#[derive(Debug)]
pub(super) enum Step {
    Due(Instant),
    Sent { exchange: Exchange, id: u64, deadline: Instant },
}

/// What is known of the session.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) client_id: String,
    connect: Step,
    pub(super) health: Health,
    /// When the handshake succeeded.
    shaken: Instant,
    /// When the server was heard of last, on a handshake or a connect.
    heard: Instant,
    /// The last batch received, if delivery is acknowledged.
    ack: Option<i64>,
    /// Whether the server keeps a log.
    pub(super) log: bool,
    /// The disconnect is queued or on its way.
    pub(super) closing: bool,
}

/// How the connects of a session fare.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Health {
    /// None was answered yet: the next one asks for an answer at once.
    New,
    /// The last one was answered.
    Well,
    /// The last one failed: the next one asks for an answer at once, and nothing else is sent.
    Troubled,
}

/// HTTP statuses that mean wrong credentials.
const CREDENTIALS: [u16; 3] = [401, 403, 407];

/// Connects that fail in a row before another connection type is tried.
const FAILURES_BEFORE_FALLBACK: u32 = 2;

impl Machine {
    pub(super) fn is_closing(&self) -> bool {
        matches!(&self.state, State::Open(session) if session.closing)
    }

    /// Whether the server of this session keeps a log.
    pub(super) fn has_log(&self) -> bool {
        matches!(&self.state, State::Open(session) if session.log)
    }

    /// Whether the next connect has to wait, since what it brings could not be handed on. Not where
    /// the answer to a subscribe is waited for, and the lane that it comes on waits for a connect.
    fn is_held_back(&self) -> bool {
        let State::Open(session) = &self.state else { return false };
        let undecided = self.subscriptions.withheld_bytes() > 0;
        self.held_back || (undecided && session.health != Health::Troubled)
    }

    /// Sends a handshake or a connect, if one is due.
    pub(super) fn advance_session(&mut self, now: Instant) {
        match &self.state {
            State::Shaking(Step::Due(due)) if *due <= now => self.send_handshake(now),
            State::Open(session) if !session.closing => match session.connect {
                Step::Due(_) if self.is_held_back() => {}
                Step::Due(due) if due <= now && self.has_expired(now) => {
                    self.lose(now);
                    self.advance_session(now);
                }
                Step::Due(due) if due <= now => self.send_connect(now),
                _ => {}
            },
            _ => {}
        }
    }

    pub(super) fn session_deadline(&self) -> Option<Instant> {
        match &self.state {
            State::Shaking(step) => Some(step.deadline()),
            State::Open(Session { connect: Step::Due(_), .. }) if self.is_held_back() => None,
            State::Open(session) if !session.closing => Some(session.connect.deadline()),
            _ => None,
        }
    }

    /// Whether the server must have forgotten the session, by its own `maxInterval`.
    fn has_expired(&self, now: Instant) -> bool {
        let State::Open(session) = &self.state else { return false };
        let Some(max_interval) = self.advice.max_interval else { return false };
        let life = self.advice.timeout + self.advice.interval + max_interval;
        session.health == Health::Troubled && now.saturating_duration_since(session.heard) > life
    }

    /// Whether another connection type is left to try.
    fn has_fallback(&self) -> bool {
        self.connection + 1 < self.settings.connection_types.len()
    }

    fn send_handshake(&mut self, now: Instant) {
        let id = self.next_id();
        let types: Vec<_> =
            self.settings.connection_types.iter().map(|kind| kind.as_str()).collect();
        let mut body = vec![b'['];
        Request::Handshake {
            id,
            connection_types: &types,
            ext: &self.settings.handshake_ext,
            ack: self.settings.ack,
            replay: self.settings.replay,
        }
        .write(&mut body);
        body.push(b']');
        let credentials = self.settings.renewable.then_some(self.credentials);
        let exchange = self.send_with(body, credentials);
        let deadline = now + self.settings.request_timeout;
        self.state = State::Shaking(Step::Sent { exchange, id, deadline });
    }

    fn send_connect(&mut self, now: Instant) {
        let id = self.next_id();
        let connection_type = self.connection_type().as_str();
        let State::Open(session) = &self.state else { return };
        let at_once = session.health != Health::Well;
        let mut body = vec![b'['];
        Request::Connect {
            head: Head { client_id: &session.client_id, id },
            connection_type,
            at_once,
            ack: session.ack,
        }
        .write(&mut body);
        body.push(b']');
        let exchange = self.send(body);
        let held = if at_once { Duration::ZERO } else { self.advice.timeout };
        let deadline = now + held + self.settings.request_timeout;
        if let State::Open(session) = &mut self.state {
            session.connect = Step::Sent { exchange, id, deadline };
        }
    }

    /// `Shaking` => `Open`, `Closed`, or `Shaking` after a pause.
    pub(super) fn handle_handshake_reply(&mut self, reply: &Received<'_>, now: Instant) {
        let State::Shaking(Step::Sent { exchange, id, .. }) = self.state else { return };
        if reply.has_id && reply.id != Some(id) {
            return;
        }
        self.actions.push_back(Action::Settle(exchange));
        self.advice = reply.advice.unwrap_or_default();
        let Some(client_id) = reply.client_id.as_deref().filter(|_| reply.successful == Some(true))
        else {
            if reply.refusal().is_unauthenticated() && self.renews() {
                self.state = State::shaking(now);
            } else if self.advice.reconnect == Some(Reconnect::None) {
                self.close(CloseReason::Refused(reply.refusal()));
            } else {
                let failure = Failure::Refused(reply.refusal());
                self.retry_handshake(&Failed::sent(failure), now);
            }
            return;
        };
        let Some(connection) = self.common_connection(&reply.connection_types) else {
            self.retry_handshake(&Failed::sent(Failure::NoCommonTransport), now);
            return;
        };
        self.ways.reached(self.connection, now);
        self.credentials = Freshness::Any;
        self.connection = connection;
        self.sessions += 1;
        // Observed: a server that delivers with the handshake's reply counts that as a batch.
        let batch = match reply.extension("ack") {
            Some(Value::Bool(true)) => Some(0),
            Some(Value::Object(ack)) if ack.get("enabled") == Some(&true.into()) => {
                Some(ack.get("batch").and_then(Value::as_i64).unwrap_or(0))
            }
            _ => None,
        };
        self.state = State::Open(Session {
            client_id: client_id.to_owned(),
            connect: Step::Due(now + self.advice.interval),
            health: Health::New,
            shaken: now,
            heard: now,
            ack: batch.filter(|_| self.settings.ack),
            log: self.settings.replay && reply.extension("replay") == Some(true.into()),
            closing: false,
        });
        self.ask_for_patterns(true);
    }

    /// The type in use if the server has it, else the first that both have. A server that names
    /// none has all.
    fn common_connection(&self, offered: &[String]) -> Option<usize> {
        let types = &self.settings.connection_types;
        let has = |kind: &ConnectionType| offered.iter().any(|name| name == kind.as_str());
        if offered.is_empty() || types.get(self.connection).is_some_and(has) {
            return Some(self.connection);
        }
        types.iter().position(has)
    }

    /// `Open` => `Open` with the next connect due, `Shaking` or `Closed`.
    pub(super) fn handle_connect_reply(&mut self, reply: &Received<'_>, now: Instant) {
        let State::Open(session) = &mut self.state else { return };
        let Step::Sent { exchange, id, .. } = session.connect else { return };
        if reply.has_id && reply.id != Some(id) {
            return;
        }
        self.actions.push_back(Action::Settle(exchange));
        // Whatever the reply says, this connect is over.
        session.connect = Step::Due(now);
        if let Some(advice) = reply.advice {
            self.advice = advice;
        }
        let said = reply.advice.and_then(|advice| advice.reconnect);
        if reply.successful == Some(true) {
            session.heard = now;
            session.health = Health::Well;
            session.connect = Step::Due(now + self.advice.interval);
            if let Some(ack) = &mut session.ack
                && let Some(batch) = reply.extension("ack").and_then(|batch| batch.as_i64())
            {
                *ack = batch;
            }
            if now.saturating_duration_since(session.shaken) >= self.backoff.increment() {
                self.failures = 0;
            }
            let log = session.log;
            if let Some(dropped) = reply.extension("dropped").and_then(|count| count.as_u64()) {
                self.actions.push_back(Action::Dropped(dropped));
            }
            if log && let Some(settled) = reply.extension("replay").and_then(|at| at.as_u64()) {
                self.settle(settled, id);
            }
            match said {
                Some(Reconnect::None) => self.ended(),
                Some(Reconnect::Handshake) => self.lose(now),
                _ => self.report(Status::Connected { session: self.sessions }),
            }
            return;
        }
        let refusal = reply.refusal();
        match said {
            _ if refusal.is_unauthenticated() && !self.is_closing() && self.renews() => {
                self.lose(now);
            }
            Some(Reconnect::None) if !refusal.is_empty() && !self.is_closing() => {
                self.close(CloseReason::Refused(refusal));
            }
            Some(Reconnect::None) => self.ended(),
            Some(Reconnect::Handshake) => self.lose(now),
            _ if refusal.is_unknown_session() => self.lose(now),
            _ => self.retry_connect(&Failed::sent(Failure::Refused(refusal)), now),
        }
    }

    /// The credentials were refused: whether new ones can be tried. Once; if they are refused too,
    /// trying on could lock the user out.
    pub(super) fn renews(&mut self) -> bool {
        let can = self.settings.renewable && self.credentials == Freshness::Any;
        if can {
            self.credentials = Freshness::New;
        }
        can
    }

    /// The reply to this connect says that everything up to a position was delivered.
    fn settle(&mut self, position: u64, connect: u64) {
        for (pattern, position, replay) in self.subscriptions.settle(position, connect) {
            if let Some(position) = position {
                self.actions.push_back(Action::Settled(pattern.clone(), position));
            }
            if let Some(replay) = replay {
                self.actions.push_back(Action::Replay(pattern, replay));
            }
        }
    }

    /// The server sent a disconnect, or told a connect not to come back. While we are leaving, that
    /// is only the answer to a held connect.
    pub(super) fn ended(&mut self) {
        if !self.is_closing() {
            self.close(CloseReason::Ended);
        }
    }

    /// The exchange of a handshake or a connect failed. `false` if it is neither.
    pub(super) fn fail_session(
        &mut self,
        exchange: Exchange,
        failed: &Failed,
        now: Instant,
    ) -> bool {
        match &self.state {
            State::Shaking(Step::Sent { exchange: sent, .. }) if *sent == exchange => {
                match failed.failure {
                    // A proxy may refuse a WebSocket in the same words.
                    Failure::Status(status)
                        if CREDENTIALS.contains(&status) && !self.has_fallback() =>
                    {
                        if self.renews() {
                            self.connection = self.ways.first(now);
                            self.state = State::shaking(now);
                        } else {
                            self.close(CloseReason::Rejected(status));
                        }
                    }
                    _ => self.retry_handshake(failed, now),
                }
            }
            State::Open(session) => {
                let Step::Sent { exchange: sent, .. } = session.connect else { return false };
                if sent != exchange {
                    return false;
                }
                match failed.failure {
                    Failure::Status(status)
                        if CREDENTIALS.contains(&status) && !self.has_fallback() =>
                    {
                        self.renews();
                        self.lose(now);
                    }
                    _ => self.retry_connect(failed, now),
                }
            }
            _ => return false,
        }
        true
    }

    /// `Shaking` => `Shaking`: by another connection type at once, or after a pause.
    fn retry_handshake(&mut self, failed: &Failed, now: Instant) {
        let answered = matches!(
            failed.failure,
            Failure::Refused(_) | Failure::NoCommonTransport | Failure::Credentials(_)
        );
        if !answered && self.has_fallback() {
            tracing::debug!(why = %failed.failure, "trying the next connection type");
            self.ways.failed(self.connection);
            self.connection += 1;
            self.state = State::shaking(now);
            return;
        }
        if !answered {
            self.ways.none_left();
        }
        self.connection = self.ways.first(now);
        let pause = self.pause_after(failed);
        self.state = State::shaking(now + pause);
        self.report(Status::Interrupted { failures: self.failures, why: failed.failure.clone() });
    }

    /// `Open` => `Open`: the next connect after a pause.
    fn retry_connect(&mut self, failed: &Failed, now: Instant) {
        let pause = self.pause_after(failed);
        if self.failures >= FAILURES_BEFORE_FALLBACK && self.has_fallback() {
            self.connection += 1;
        }
        if let State::Open(session) = &mut self.state {
            session.health = Health::Troubled;
            session.connect = Step::Due(now + pause);
            if session.closing {
                return;
            }
        }
        self.report(Status::Interrupted { failures: self.failures, why: failed.failure.clone() });
    }

    /// One failure more, and how long to wait for it.
    fn pause_after(&mut self, failed: &Failed) -> Duration {
        self.failures = self.failures.saturating_add(1);
        let pause = self.advice.interval + self.backoff.after(self.failures);
        pause.max(failed.retry_after.unwrap_or_default())
    }

    /// `Open` => `Shaking`, since the server has forgotten the session. At once, unless the session
    /// was that young that the next one would be forgotten as fast.
    pub(super) fn lose(&mut self, now: Instant) {
        let State::Open(session) = &self.state else { return };
        if session.closing {
            self.close(CloseReason::Asked);
            return;
        }
        if let Step::Sent { exchange, .. } = session.connect {
            self.actions.push_back(Action::Cancel(exchange));
        }
        let age = now.saturating_duration_since(session.shaken);
        self.failures =
            if age < self.backoff.increment() { self.failures.saturating_add(1) } else { 0 };
        let pause = self.backoff.after(self.failures).max(self.advice.interval);
        self.connection = self.ways.first(now);
        self.state = State::shaking(now + pause);
        self.forget_patterns();
        for ticket in self.operations.tickets(|kind| matches!(kind, Operation::Call(_))) {
            if !self.is_pending(ticket) {
                self.finish(ticket, Outcome::Lost(Failure::SessionLost));
            }
        }
        let why = Failure::SessionLost;
        self.report(Status::Interrupted { failures: self.failures, why });
    }

    /// Any state => `Closed`.
    pub(crate) fn close(&mut self, reason: CloseReason) {
        if self.is_closed() {
            return;
        }
        if let State::Shaking(Step::Sent { exchange, .. })
        | State::Open(Session { connect: Step::Sent { exchange, .. }, .. }) = self.state
        {
            self.actions.push_back(Action::Cancel(exchange));
        }
        self.state = State::Closed;
        self.close_commands();
        self.subscriptions.clear();
        self.report(Status::Closed(reason));
        for ticket in self.operations.tickets(|_| true) {
            let outcome = match self.operations.get(ticket) {
                Some(Operation::Disconnect) => Outcome::Done,
                _ => Outcome::Closed,
            };
            self.finish(ticket, outcome);
        }
    }

    /// Gives up on a handshake or a connect that takes too long.
    pub(super) fn expire_session(&mut self, now: Instant) {
        let (State::Shaking(step) | State::Open(Session { connect: step, closing: false, .. })) =
            &self.state
        else {
            return;
        };
        if let Step::Sent { exchange, deadline, .. } = *step
            && deadline <= now
        {
            self.actions.push_back(Action::Cancel(exchange));
            self.fail_session(exchange, &Failed::sent(Failure::TimedOut), now);
        }
    }
}

impl Step {
    fn deadline(&self) -> Instant {
        match *self {
            Self::Due(due) => due,
            Self::Sent { deadline, .. } => deadline,
        }
    }
}
