//! One session with a server, and all that comes after it is lost.
//!
//! A [`Machine`] decides what to send next and what each answer means. It reads no clock, opens no
//! socket and spawns nothing: whoever owns it reports what arrived and when, and carries out the
//! [`Action`]s that it returns in order.
//!
//! # States
//!
//! | State     | Meaning                           | Left when                             | Next      |
//! |-----------|-----------------------------------|---------------------------------------|-----------|
//! | `Idle`    | nothing was asked yet             | `open`                                | `Shaking` |
//! | `Shaking` | a handshake is due or on its way  | the server agrees                     | `Open`    |
//! | `Shaking` |                                   | it refuses: `none`, 401, 403, 407     | `Closed`  |
//! | `Shaking` |                                   | so, and other credentials can be had  | `Shaking` |
//! | `Shaking` |                                   | anything else fails: wait, then again | `Shaking` |
//! | `Open`    | a session exists; one connect is  | the server does not know the session  | `Shaking` |
//! |           | due or on its way                 | (any more)                            |           |
//! | `Open`    |                                   | the server ends it, or `disconnect`   | `Closed`  |
//! | `Open`    |                                   | a connect fails: wait, then again     | `Open`    |
//! | any       |                                   | `close`                               | `Closed`  |
//!
//! `Closed` is final. Every operation that is open then ends with [`Outcome::Closed`].
//!
//! # Two lanes
//!
//! At most one connect (or handshake) and one other request are on their way, as the protocol
//! asks. What is queued for the second lane goes out in one body when the one before is answered.
//! The second lane rests while connects fail. The next connect waits while the application is
//! behind and wants the server to wait, and while messages are withheld until a subscribe is answered.
//!
//! # What is sent again
//!
//! Subscriptions and unsubscriptions always. A publish only if it certainly was not taken: nothing
//! was sent, the server answered that it does not know the session, or it was answered with an HTTP
//! status that asks for patience or for credentials.
//!
//! # Sources
//!
//! Specified: Bayeux 1.0, "Connect", "advice", "Two connection operation". Observed: CometD's
//! JavaScript and Java clients (first connect and the one after a failure ask for an answer at
//! once; timers of `timeout` plus a network delay; handshake when `maxInterval` has passed).
//! Different on purpose: after a session that lived shorter than one back-off step the next
//! handshake waits, since CometD's clients storm a server that forgets at once; and advice counts
//! only on `/meta` replies, since what is published is other people's word.

mod backoff;
mod commands;
mod operations;
mod outbox;
mod place;
mod receive;
mod received;
mod session;
mod subscriptions;
#[cfg(test)]
mod tests;
mod ways;

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use bytes::Bytes;
use encke_bayeux::{ChannelName, ChannelPattern};
use serde_json::value::RawValue;

pub(crate) use backoff::Jitter;
pub(crate) use operations::Ticket;
pub(crate) use outbox::Bounds;
pub(crate) use place::Wish;
pub(crate) use subscriptions::Receipt;

use crate::credentials::Freshness;
use crate::error::{Failure, Refusal};
use crate::message::{Gap, Message};
use crate::replay::{Position, Replay};
use crate::status::{CloseReason, Status};
use crate::wire::Advice;
use backoff::Backoff;
use commands::Commands;
use operations::{Operation, Operations};
use outbox::{Entry, Item, Outbox};
use session::State;
use subscriptions::{Held, Subscriptions};
use ways::Ways;

/// A way to reach the server, by its name on the wire.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum ConnectionType {
    /// Every exchange is a POST and its response.
    LongPolling,
    /// Every exchange is a frame; what comes back comes by itself.
    WebSocket,
}

impl ConnectionType {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::LongPolling => "long-polling",
            Self::WebSocket => "websocket",
        }
    }
}

/// What a machine has to know beforehand.
#[derive(Debug)]
pub(crate) struct Settings {
    /// In the order of preference; never empty.
    pub(crate) connection_types: Vec<ConnectionType>,
    /// Members of the handshake's `ext`.
    pub(crate) handshake_ext: BTreeMap<String, Box<RawValue>>,
    /// Whether to ask for acknowledged delivery.
    pub(crate) ack: bool,
    /// Whether to ask for positions in the server's log.
    pub(crate) replay: bool,
    /// How long an answer may take beyond what the server holds a connect for.
    pub(crate) request_timeout: Duration,
    /// How long an operation may take, waiting for a connection included.
    pub(crate) operation_timeout: Duration,
    /// Most calls under way.
    pub(crate) calls: usize,
    /// Whether new credentials can be had.
    pub(crate) renewable: bool,
    pub(crate) backoff_increment: Duration,
    pub(crate) backoff_max: Duration,
    pub(crate) bounds: Bounds,
}

/// One request on its way.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) struct Exchange(pub(crate) u64);

/// A body to send.
#[derive(Debug)]
pub(crate) struct Transmit {
    pub(crate) exchange: Exchange,
    pub(crate) connection_type: ConnectionType,
    pub(crate) body: Bytes,
    /// Credentials to ask for first, if there is somebody to ask.
    pub(crate) credentials: Option<Freshness>,
}

/// Something to carry out, in order.
#[derive(Debug)]
pub(crate) enum Action {
    /// Send a body, and report its answer or its failure.
    Send(Transmit),
    /// An exchange does not matter any more; it must not be reported.
    Cancel(Exchange),
    /// All replies of an exchange came in. Where they come by themselves this is its end.
    Settle(Exchange),
    /// Hand a message to the subscriptions that match; what patterns make of its position.
    Deliver(Message, Vec<Receipt>),
    /// Hand a message to the subscriptions of one pattern, after all others had it.
    DeliverLate(Message, Receipt),
    /// Messages of this pattern may be missing here.
    Gap(ChannelPattern, Gap),
    /// Messages of any pattern may be missing here: the server dropped so many.
    Dropped(u64),
    /// What the server says of its log and this pattern.
    Replay(ChannelPattern, Replay),
    /// Everything of this pattern up to here was delivered.
    Settled(ChannelPattern, Position),
    /// The server does not deliver this pattern any more.
    Revoked(ChannelPattern, Refusal),
    /// An operation ended.
    Finish(Ticket, Outcome),
    /// The status changed.
    Status(Status),
}

/// How an operation ended.
#[derive(Clone, Debug)]
pub(crate) enum Outcome {
    Done,
    /// A call's result.
    Result(Message),
    /// A call's failure.
    Failed(Message),
    Refused(Refusal),
    /// This HTTP status says that nothing was taken.
    Rejected(u16),
    /// Whether the server has taken it is not known.
    Lost(Failure),
    /// The pattern begins elsewhere in the log.
    Taken,
    /// So many calls are under way already.
    Full(usize),
    TimedOut,
    Closed,
}

/// Why a body was not answered.
#[derive(Clone, Debug)]
pub(crate) struct Failed {
    pub(crate) failure: Failure,
    /// Whether the server may have taken the request.
    pub(crate) sent: bool,
    /// The pause that the server asked for.
    pub(crate) retry_after: Option<Duration>,
}

impl Failed {
    /// The server may have taken the request.
    pub(crate) fn sent(failure: Failure) -> Self {
        Self { failure, sent: true, retry_after: None }
    }

    /// The server certainly has not.
    pub(crate) fn unsent(failure: Failure) -> Self {
        Self { failure, sent: false, retry_after: None }
    }
}

/// Something to publish.
#[derive(Debug)]
pub(crate) struct Publication {
    pub(crate) channel: ChannelName,
    pub(crate) data: Box<RawValue>,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Machine {
    settings: Settings,
    backoff: Backoff,
    state: State,
    /// Place of the connection type in use.
    connection: usize,
    ways: Ways,
    /// The application is behind: the next connect waits.
    held_back: bool,
    /// Sessions so far.
    sessions: u64,
    advice: Advice,
    /// Failures in a row of handshakes and connects.
    failures: u32,
    /// What the next handshake needs.
    credentials: Freshness,
    status: Status,
    commands: Commands,
    outbox: Outbox,
    subscriptions: Subscriptions,
    operations: Operations,
    last_id: u64,
    last_exchange: u64,
    actions: VecDeque<Action>,
}

impl Machine {
    pub(crate) fn new(settings: Settings, jitter: Jitter) -> Self {
        Self {
            backoff: Backoff::new(settings.backoff_increment, settings.backoff_max, jitter),
            outbox: Outbox::new(settings.bounds),
            settings,
            state: State::Idle,
            connection: 0,
            ways: Ways::default(),
            held_back: false,
            sessions: 0,
            advice: Advice::default(),
            failures: 0,
            credentials: Freshness::Any,
            status: Status::Connecting,
            commands: Commands::default(),
            subscriptions: Subscriptions::default(),
            operations: Operations::default(),
            last_id: 0,
            last_exchange: 0,
            actions: VecDeque::new(),
        }
    }

    /// Begins with a handshake.
    pub(crate) fn open(&mut self, now: Instant) {
        if matches!(self.state, State::Idle) {
            self.state = State::shaking(now);
            self.advance(now);
        }
    }

    /// Asks for the messages of a pattern. The first holder of a pattern says where it begins.
    ///
    /// Time since `asked` counts, here and for other operations.
    pub(crate) fn subscribe(
        &mut self,
        pattern: &ChannelPattern,
        wish: Wish,
        asked: Instant,
        now: Instant,
    ) -> Ticket {
        let deadline = asked + self.settings.operation_timeout;
        let ticket = self.begin(Operation::Subscribe(pattern.clone()), deadline);
        if self.is_closed() || self.is_closing() {
            self.finish(ticket, Outcome::Closed);
        } else if deadline <= now {
            self.finish(ticket, Outcome::TimedOut);
        } else {
            match self.subscriptions.hold(pattern, ticket, wish) {
                Held::Active => self.finish(ticket, Outcome::Done),
                Held::Taken => self.finish(ticket, Outcome::Taken),
                Held::Waiting => {
                    self.ask_for_patterns(false);
                    self.advance(now);
                }
            }
        }
        ticket
    }

    /// One holder of a pattern less; `pending` is the ticket that it got for subscribing, if that
    /// has not ended.
    pub(crate) fn unsubscribe(
        &mut self,
        pattern: &ChannelPattern,
        pending: Option<Ticket>,
        now: Instant,
    ) -> Ticket {
        let ticket = self.begin(Operation::Unsubscribe, now + self.settings.operation_timeout);
        if self.is_closed() {
            self.finish(ticket, Outcome::Closed);
        } else {
            self.release(pattern, pending, Some(ticket));
            if let Some(pending) = pending {
                self.finish(pending, Outcome::Closed);
            }
            self.advance(now);
        }
        ticket
    }

    /// Publishes; what is given together goes out together and in order.
    pub(crate) fn publish(
        &mut self,
        group: Vec<Publication>,
        asked: Instant,
        now: Instant,
    ) -> Vec<Ticket> {
        let deadline = asked + self.settings.operation_timeout;
        self.enqueue(group, deadline, now, |_| Operation::Publish)
    }

    /// Publishes to a service and waits for its result, until `deadline`.
    pub(crate) fn call(
        &mut self,
        publication: Publication,
        deadline: Instant,
        now: Instant,
    ) -> Vec<Ticket> {
        let calls = self.operations.calls();
        if calls >= self.settings.calls {
            let ticket = self.begin(Operation::Call(publication.channel), deadline);
            self.finish(ticket, Outcome::Full(calls));
            return vec![ticket];
        }
        self.enqueue(vec![publication], deadline, now, |channel| Operation::Call(channel.clone()))
    }

    /// Whether the application is behind, so that the next connect has to wait.
    pub(crate) fn hold_back(&mut self, held_back: bool, now: Instant) {
        if std::mem::replace(&mut self.held_back, held_back) && !held_back {
            self.advance(now);
        }
    }

    /// Sends what is queued, ends the session and closes.
    pub(crate) fn disconnect(&mut self, now: Instant) -> Ticket {
        let deadline = now + self.settings.request_timeout;
        let ticket = self.begin(Operation::Disconnect, deadline);
        match &mut self.state {
            State::Open(session) => {
                if !session.closing {
                    session.closing = true;
                    self.outbox.push(vec![Entry { id: ticket.0, item: Item::Disconnect }]);
                }
                self.advance(now);
            }
            State::Idle | State::Shaking(_) => self.close(CloseReason::Asked),
            State::Closed => self.finish(ticket, Outcome::Done),
        }
        ticket
    }

    /// Something is due. Early calls change nothing.
    pub(crate) fn handle_deadline(&mut self, now: Instant) {
        while let Some((ticket, operation)) = self.operations.expire(now) {
            self.expire(ticket, operation);
        }
        self.expire_exchanges(now);
        self.advance(now);
    }

    /// When to call [`Machine::handle_deadline`].
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        [self.operations.next_deadline(), self.session_deadline(), self.commands_deadline()]
            .into_iter()
            .flatten()
            .min()
    }

    /// The next thing to carry out.
    pub(crate) fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// Whether more operations should be taken in.
    pub(crate) fn has_room(&self) -> bool {
        self.outbox.has_room()
    }

    pub(crate) fn is_closed(&self) -> bool {
        matches!(self.state, State::Closed)
    }

    /// Sends what can be sent now.
    fn advance(&mut self, now: Instant) {
        self.advance_session(now);
        self.advance_commands(now);
    }

    fn enqueue(
        &mut self,
        group: Vec<Publication>,
        deadline: Instant,
        now: Instant,
        kind: impl Fn(&ChannelName) -> Operation,
    ) -> Vec<Ticket> {
        let begun =
            group.iter().map(|publication| self.begin(kind(&publication.channel), deadline));
        let tickets: Vec<_> = begun.collect();
        let closed = self.is_closed() || self.is_closing();
        if closed || deadline <= now {
            for ticket in &tickets {
                let outcome = if closed { Outcome::Closed } else { Outcome::TimedOut };
                self.finish(*ticket, outcome);
            }
            return tickets;
        }
        let entries = tickets.iter().zip(group).map(|(ticket, Publication { channel, data })| {
            Entry { id: ticket.0, item: Item::Publish { channel, data } }
        });
        self.outbox.push(entries.collect());
        self.advance(now);
        tickets
    }

    fn begin(&mut self, operation: Operation, deadline: Instant) -> Ticket {
        let ticket = Ticket(self.next_id());
        self.operations.begin(ticket, operation, deadline);
        ticket
    }

    /// Ends an operation, unless it has ended.
    fn finish(&mut self, ticket: Ticket, outcome: Outcome) {
        if self.operations.end(ticket).is_some() {
            self.actions.push_back(Action::Finish(ticket, outcome));
        }
    }

    fn report(&mut self, status: Status) {
        if self.status != status {
            self.status = status.clone();
            self.actions.push_back(Action::Status(status));
        }
    }

    fn send(&mut self, body: Vec<u8>) -> Exchange {
        self.send_with(body, None)
    }

    fn send_with(&mut self, body: Vec<u8>, credentials: Option<Freshness>) -> Exchange {
        self.last_exchange += 1;
        let exchange = Exchange(self.last_exchange);
        let connection_type = self.connection_type();
        let transmit = Transmit { exchange, connection_type, body: body.into(), credentials };
        self.actions.push_back(Action::Send(transmit));
        exchange
    }

    fn connection_type(&self) -> ConnectionType {
        let types = &self.settings.connection_types;
        types.get(self.connection).copied().unwrap_or(ConnectionType::LongPolling)
    }

    fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }
}
