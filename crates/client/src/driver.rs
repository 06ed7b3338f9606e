//! The one task: it owns the machine, the connections and the subscriptions' queues.
//!
//! Handles send commands, transports report what arrived, and the clock what is due; each of these
//! goes to the machine, and the machine's actions are carried out before the next is looked at. No
//! lock is held across an await, and nothing is spawned.

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures::future::BoxFuture;
use tokio::sync::{mpsc, watch};

use crate::clock;
use crate::command::{Answer, Asked, Command, SubscriberId};
use crate::link::Shared;
use crate::machine::{Action, Machine, Outcome, Ticket};
use crate::message::Gap;
use crate::queue::Queue;
use crate::router::{Router, is_remote};
use crate::status::{CloseReason, Status};
use crate::subscription::End;
use crate::transport::{Incoming, Transports};

/// The task of one client. Poll it, on a runtime with tokio's network and timer, or nothing
/// happens.
///
/// It completes when the client is closed and says why: after
/// [`Client::disconnect`](crate::Client::disconnect), when all handles are dropped, or when the
/// server wants no more.
///
/// # Cancel safety
///
/// Dropping it closes the connections without a word to the server, ends all subscriptions and
/// fails all operations.
#[must_use = "nothing happens until the driver is polled"]
pub struct Driver(BoxFuture<'static, CloseReason>);

impl Driver {
    pub(crate) fn new(work: Work) -> Self {
        Self(Box::pin(work.run()))
    }
}

impl Future for Driver {
    type Output = CloseReason;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<CloseReason> {
        self.0.as_mut().poll(cx)
    }
}

impl fmt::Debug for Driver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Driver").finish_non_exhaustive()
    }
}

/// What a driver owns.
pub(crate) struct Work {
    machine: Machine,
    transports: Transports,
    router: Router,
    waiting: HashMap<Ticket, Waiting>,
    /// Subscriptions that the server has not agreed to yet.
    pending: HashMap<SubscriberId, Ticket>,
    commands: mpsc::Receiver<Asked>,
    shared: Listener,
    status: StatusSender,
}

/// Who waits for an operation.
struct Waiting {
    answer: Answer,
    /// The subscription that is not made if the operation fails.
    subscriber: Option<SubscriberId>,
}

/// What happened next.
enum Happened {
    Command(Option<Asked>),
    News,
    Incoming(Incoming),
    Deadline,
}

impl Work {
    pub(crate) fn new(
        machine: Machine,
        transports: Transports,
        commands: mpsc::Receiver<Asked>,
        shared: Arc<Shared>,
        status: watch::Sender<Status>,
    ) -> Self {
        Self {
            machine,
            transports,
            router: Router::default(),
            waiting: HashMap::new(),
            pending: HashMap::new(),
            commands,
            shared: Listener(shared),
            status: StatusSender(status),
        }
    }

    async fn run(mut self) -> CloseReason {
        self.machine.open(clock::now());
        let mut handles = true;
        loop {
            self.carry_out();
            // What came may have filled a stream, and what was asked for may have to wait.
            self.machine.hold_back(self.shared.0.is_full(), clock::now());
            self.carry_out();
            if let Status::Closed(reason) = self.status.get() {
                self.transports.close().await;
                return reason;
            }
            let take_commands = handles && self.machine.has_room();
            let deadline = self.machine.next_deadline();
            let happened = tokio::select! {
                incoming = self.transports.incoming() => Happened::Incoming(incoming),
                () = self.shared.0.news() => Happened::News,
                command = self.commands.recv(), if take_commands => Happened::Command(command),
                () = sleep_until(deadline) => Happened::Deadline,
            };
            let now = clock::now();
            match happened {
                Happened::Incoming(Incoming::Response(exchange, response)) => {
                    let response = response.as_deref().map_err(Clone::clone);
                    self.machine.handle_response(exchange, response, now);
                }
                Happened::Incoming(Incoming::Push(body)) => {
                    if let Err(failed) = self.machine.handle_push(&body, now) {
                        self.transports.break_off(&failed);
                    }
                }
                Happened::News => self.handle_news(),
                Happened::Command(Some(asked)) => {
                    // What was dropped before this was asked for is gone by now.
                    self.handle_news();
                    self.handle_command(asked);
                }
                Happened::Command(None) => {
                    handles = false;
                    self.machine.disconnect(now);
                }
                Happened::Deadline => self.machine.handle_deadline(now),
            }
        }
    }

    fn handle_news(&mut self) {
        let news = self.shared.0.take();
        for id in news.abandoned {
            self.leave(id, None);
        }
        for answer in news.farewells {
            let ticket = self.machine.disconnect(clock::now());
            self.wait(vec![ticket], vec![answer]);
        }
    }

    fn handle_command(&mut self, Asked { command, at }: Asked) {
        let now = clock::now();
        match command {
            Command::Subscribe { id, pattern, wish, queue, answer } => {
                if queue.ended().is_some() {
                    // Dropped before it began.
                    return;
                }
                self.router.add(id, &pattern, Arc::<Queue>::clone(&queue));
                if is_remote(&pattern) {
                    let ticket = self.machine.subscribe(&pattern, wish, at, now);
                    self.pending.insert(id, ticket);
                    self.waiting.insert(ticket, Waiting { answer, subscriber: Some(id) });
                } else {
                    reply(answer, Outcome::Done);
                }
            }
            Command::Unsubscribe { id, answer } => self.leave(id, Some(answer)),
            Command::Publish { group } => {
                let (publications, answers): (Vec<_>, Vec<_>) = group.into_iter().unzip();
                let tickets = self.machine.publish(publications, at, now);
                self.wait(tickets, answers);
            }
            Command::Call { publication, timeout, answer } => {
                let tickets = self.machine.call(publication, at + timeout, now);
                self.wait(tickets, vec![answer]);
            }
        }
    }

    fn wait(&mut self, tickets: Vec<Ticket>, answers: Vec<Answer>) {
        let waiting = answers.into_iter().map(|answer| Waiting { answer, subscriber: None });
        self.waiting.extend(tickets.into_iter().zip(waiting));
    }

    /// A subscription has ended or was dropped.
    fn leave(&mut self, id: SubscriberId, answer: Option<Answer>) {
        let pattern = self.router.remove(id).filter(is_remote);
        match (pattern, answer) {
            (Some(pattern), answer) => {
                let pending = self.pending.remove(&id);
                let ticket = self.machine.unsubscribe(&pattern, pending, clock::now());
                if let Some(answer) = answer {
                    self.wait(vec![ticket], vec![answer]);
                }
            }
            (None, Some(answer)) => reply(answer, Outcome::Done),
            (None, None) => {}
        }
    }

    /// Does what the machine decided, in its order.
    fn carry_out(&mut self) {
        while let Some(action) = self.machine.poll_action() {
            match action {
                Action::Send(transmit) => self.transports.send(transmit),
                Action::Cancel(exchange) => self.transports.cancel(exchange),
                Action::Settle(exchange) => self.transports.settle(exchange),
                Action::Deliver(message, receipts) => {
                    for id in self.router.deliver(&message, &receipts) {
                        self.leave(id, None);
                    }
                }
                Action::DeliverLate(message, receipt) => {
                    for id in self.router.deliver_late(&message, &receipt) {
                        self.leave(id, None);
                    }
                }
                Action::Gap(pattern, gap) => self.router.interrupt(&pattern, gap),
                Action::Dropped(count) => self.router.interrupt_all(Gap::Server(count)),
                Action::Replay(pattern, replay) => {
                    tracing::debug!(channel = %pattern, ?replay, "place in the log");
                    self.router.tell(&pattern, replay);
                }
                Action::Settled(pattern, position) => self.router.settle(&pattern, position),
                Action::Revoked(pattern, refusal) => {
                    tracing::debug!(channel = %pattern, "the subscription was revoked");
                    self.router.revoke(&pattern, &End::Revoked(refusal));
                }
                Action::Finish(ticket, outcome) => self.finish(ticket, outcome),
                Action::Status(status) => {
                    tracing::debug!(?status, "status");
                    if let Status::Closed(reason) = &status {
                        self.router.close(reason);
                    }
                    self.status.set(status);
                }
            }
        }
    }

    fn finish(&mut self, ticket: Ticket, outcome: Outcome) {
        let Some(Waiting { answer, subscriber }) = self.waiting.remove(&ticket) else { return };
        if let Some(id) = subscriber {
            self.pending.remove(&id);
            if !matches!(outcome, Outcome::Done) {
                // The machine has let go of the pattern already.
                self.router.remove(id);
            }
        }
        reply(answer, outcome);
    }
}

/// Whoever asked may have gone, which is no fault.
fn reply(answer: Answer, outcome: Outcome) {
    drop(answer.send(outcome));
}

async fn sleep_until(deadline: Option<std::time::Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline.into()).await,
        None => std::future::pending().await,
    }
}

/// Tells whoever waits for news to be heard when the driver has ended.
struct Listener(Arc<Shared>);

impl Drop for Listener {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// Says that the driver was dropped, if nothing else was said before.
struct StatusSender(watch::Sender<Status>);

impl StatusSender {
    fn get(&self) -> Status {
        self.0.borrow().clone()
    }

    fn set(&self, status: Status) {
        self.0.send_replace(status);
    }
}

impl Drop for StatusSender {
    fn drop(&mut self) {
        if !matches!(self.get(), Status::Closed(_)) {
            self.set(Status::Closed(CloseReason::Dropped));
        }
    }
}
