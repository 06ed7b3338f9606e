//! The handle.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use encke_bayeux::{ChannelKind, ChannelName, ChannelPattern};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use tokio::sync::{Notify, mpsc, oneshot, watch};

use crate::builder::ClientBuilder;
use crate::command::{Command, SubscriberId};
use crate::error::{CallError, ConnectError, PublishError, SubscribeError};
use crate::machine::{Outcome, Publication};
use crate::message::Message;
use crate::options::SubscribeOptions;
use crate::queue::{self, Queue};
use crate::replay::{PositionStore, ReplayFrom};
use crate::status::{CloseReason, Status};
use crate::subscription::Subscription;

/// A handle on one session with a Bayeux server. Cheap to clone; all clones share the session.
///
/// Nothing happens until the [`Driver`](crate::Driver) that came with it is polled. When the last
/// clone and the last [`Subscription`] are dropped, the driver disconnects and completes.
///
/// Operations wait for a connection, up to the operation timeout. Those that are awaited one after
/// the other keep their order, and so do the messages of a [`Batch`]; those that are awaited
/// together have none.
#[derive(Clone)]
pub struct Client {
    link: Link,
    status: watch::Receiver<Status>,
    positions: Option<Arc<dyn PositionStore>>,
}

impl Client {
    /// Settings of a client for the server at `url`, such as `https://example.org/cometd`.
    pub fn builder(url: &str) -> ClientBuilder {
        ClientBuilder::new(url)
    }

    pub(crate) fn new(
        link: Link,
        status: watch::Receiver<Status>,
        positions: Option<Arc<dyn PositionStore>>,
    ) -> Self {
        Self { link, status, positions }
    }

    /// Waits for a session whose first connect was answered; at once if there is one.
    ///
    /// It waits as long as the server is unreachable: put your own timeout around it.
    ///
    /// # Errors
    ///
    /// [`ConnectError`] if the client is closed, and why.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn ready(&self) -> Result<(), ConnectError> {
        let mut status = self.status.clone();
        let reached = status
            .wait_for(|status| matches!(status, Status::Connected { .. } | Status::Closed(_)))
            .await;
        match reached.as_deref() {
            Ok(Status::Closed(reason)) => Err(ConnectError(reason.clone())),
            Ok(_) => Ok(()),
            Err(_) => Err(ConnectError(CloseReason::Dropped)),
        }
    }

    /// The status, to look at or to watch. Only the newest is kept.
    pub fn status(&self) -> watch::Receiver<Status> {
        self.status.clone()
    }

    /// Subscribes to a channel, to `/a/*` or to `/a/**`, and waits for the server to agree.
    ///
    /// A pattern that begins with `/service/` is not sent to the server, whose messages on such
    /// channels come unasked.
    ///
    /// # Errors
    ///
    /// [`SubscribeError`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future takes the subscription back.
    pub async fn subscribe(&self, pattern: &str) -> Result<Subscription, SubscribeError> {
        self.subscribe_with(pattern, SubscribeOptions::default()).await
    }

    /// Subscribes with bounds, an overflow policy and a place to begin of its own.
    ///
    /// # Errors
    ///
    /// [`SubscribeError`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future takes the subscription back.
    pub async fn subscribe_with(
        &self,
        pattern: &str,
        options: SubscribeOptions,
    ) -> Result<Subscription, SubscribeError> {
        let pattern = ChannelPattern::new(pattern).map_err(SubscribeError::Pattern)?;
        if pattern.kind() == ChannelKind::Meta {
            return Err(SubscribeError::Meta);
        }
        let positions = self.positions.clone().filter(|_| options.replay.is_some());
        let kept = positions.as_ref().and_then(|store| store.load(&pattern));
        let from = options.replay.map(|from| kept.map_or(from, ReplayFrom::After));
        let queue = Queue::new(queue::Bounds {
            messages: options.queue_messages,
            bytes: options.queue_bytes,
            overflow: options.overflow,
        });
        let id = self.link.next_id();
        let (answer, outcome) = oneshot::channel();
        let command = Command::Subscribe {
            id,
            pattern: pattern.clone(),
            from,
            queue: Arc::clone(&queue),
            answer,
        };
        let subscription = Subscription::new(id, pattern, queue, self.link.clone(), positions);
        match self.link.ask(command, outcome).await {
            Outcome::Refused(refusal) => Err(SubscribeError::Refused(refusal)),
            Outcome::TimedOut | Outcome::Lost(_) => Err(SubscribeError::TimedOut),
            Outcome::Closed => Err(SubscribeError::Closed),
            Outcome::Done | Outcome::Result(_) | Outcome::Failed(_) => Ok(subscription),
        }
    }

    /// Publishes `data` on a channel and waits for the server to take it.
    ///
    /// # Errors
    ///
    /// [`PublishError`]; only [`PublishError::Lost`] leaves open whether the server took it.
    ///
    /// # Cancel safety
    ///
    /// Once polled, the message may be sent even if the future is dropped.
    pub async fn publish(
        &self,
        channel: &str,
        data: &(impl Serialize + ?Sized),
    ) -> Result<(), PublishError> {
        let publication = publication(channel, data)?;
        let (answer, outcome) = oneshot::channel();
        published(
            self.link.ask(Command::Publish { group: vec![(publication, answer)] }, outcome).await,
        )
    }

    /// Several messages that go out together.
    pub fn batch(&self) -> Batch<'_> {
        Batch { client: self, group: Vec::new() }
    }

    /// Publishes `data` on a `/service` channel and waits for the result: the message that the
    /// service sends back under the same id.
    ///
    /// # Errors
    ///
    /// [`CallError`]; a service that fails is [`CallError::Failed`], no result within `timeout` is
    /// [`CallError::TimedOut`].
    ///
    /// # Cancel safety
    ///
    /// Once polled, the request may be sent even if the future is dropped.
    ///
    /// # Sources
    ///
    /// Observed: `remoteCall` of CometD's JavaScript client.
    pub async fn call(
        &self,
        channel: &str,
        data: &(impl Serialize + ?Sized),
        timeout: Duration,
    ) -> Result<Message, CallError> {
        let channel = ChannelName::new(channel).map_err(CallError::Channel)?;
        if channel.kind() != ChannelKind::Service {
            return Err(CallError::NotService);
        }
        let data = to_raw_value(data).map_err(|error| CallError::Data(error.to_string()))?;
        let publication = Publication { channel, data };
        let (answer, outcome) = oneshot::channel();
        match self.link.ask(Command::Call { publication, timeout, answer }, outcome).await {
            Outcome::Result(message) => Ok(message),
            Outcome::Failed(message) => Err(CallError::Failed(message)),
            Outcome::Refused(refusal) => Err(CallError::Refused(refusal)),
            Outcome::Lost(failure) => Err(CallError::Lost(failure)),
            Outcome::TimedOut => Err(CallError::TimedOut),
            Outcome::Closed | Outcome::Done => Err(CallError::Closed),
        }
    }

    /// Sends what is queued, ends the session, closes this client and all its clones, and waits for
    /// that. The driver completes.
    ///
    /// Gives up on a server that does not answer within the request timeout.
    ///
    /// # Cancel safety
    ///
    /// Once polled, the client closes even if the future is dropped.
    pub async fn disconnect(&self) {
        let (answer, outcome) = oneshot::channel();
        self.link.ask(Command::Disconnect { answer }, outcome).await;
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("status", &*self.status.borrow()).finish_non_exhaustive()
    }
}

/// Messages that go out in one body, in their order, once all are added.
#[derive(Debug)]
#[must_use = "a batch does nothing until it is sent"]
pub struct Batch<'a> {
    client: &'a Client,
    group: Vec<Publication>,
}

impl Batch<'_> {
    /// Adds a message.
    ///
    /// # Errors
    ///
    /// [`PublishError::Channel`], [`PublishError::Meta`] or [`PublishError::Data`].
    pub fn publish(
        mut self,
        channel: &str,
        data: &(impl Serialize + ?Sized),
    ) -> Result<Self, PublishError> {
        self.group.push(publication(channel, data)?);
        Ok(self)
    }

    /// Sends them all and waits for the server. One result per message, in their order.
    ///
    /// The server does not treat a batch as a unit: it may take some messages and refuse others.
    ///
    /// # Cancel safety
    ///
    /// Once polled, the messages may be sent even if the future is dropped.
    pub async fn send(self) -> Vec<Result<(), PublishError>> {
        let mut outcomes = Vec::with_capacity(self.group.len());
        let mut group = Vec::with_capacity(self.group.len());
        for publication in self.group {
            let (answer, outcome) = oneshot::channel();
            group.push((publication, answer));
            outcomes.push(outcome);
        }
        if group.is_empty() {
            return Vec::new();
        }
        // A closed client drops the answers, which the outcomes then say.
        let sent = self.client.link.commands.send(Command::Publish { group }).await;
        drop(sent);
        let mut results = Vec::with_capacity(outcomes.len());
        for outcome in outcomes {
            results.push(published(outcome.await.unwrap_or(Outcome::Closed)));
        }
        results
    }
}

fn publication(
    channel: &str,
    data: &(impl Serialize + ?Sized),
) -> Result<Publication, PublishError> {
    let channel = ChannelName::new(channel).map_err(PublishError::Channel)?;
    if channel.kind() == ChannelKind::Meta {
        return Err(PublishError::Meta);
    }
    let data: Box<RawValue> =
        to_raw_value(data).map_err(|error| PublishError::Data(error.to_string()))?;
    Ok(Publication { channel, data })
}

fn published(outcome: Outcome) -> Result<(), PublishError> {
    match outcome {
        Outcome::Done | Outcome::Result(_) | Outcome::Failed(_) => Ok(()),
        Outcome::Refused(refusal) => Err(PublishError::Refused(refusal)),
        Outcome::Lost(failure) => Err(PublishError::Lost(failure)),
        Outcome::TimedOut => Err(PublishError::TimedOut),
        Outcome::Closed => Err(PublishError::Closed),
    }
}

/// The way from handles to the driver.
///
/// Commands go through a bounded channel: a full one lets the caller wait. Only the news that a
/// subscription was dropped takes another way, since a drop cannot wait; it is bounded by the
/// number of subscriptions.
#[derive(Clone, Debug)]
pub(crate) struct Link {
    commands: mpsc::Sender<Command>,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
pub(crate) struct Shared {
    last_id: AtomicU64,
    abandoned: Mutex<Vec<SubscriberId>>,
    news: Notify,
}

impl Link {
    pub(crate) fn new(commands: mpsc::Sender<Command>, shared: Arc<Shared>) -> Self {
        Self { commands, shared }
    }

    fn next_id(&self) -> SubscriberId {
        SubscriberId(self.shared.last_id.fetch_add(1, Ordering::Relaxed))
    }

    /// Hands a command over and waits for its outcome.
    pub(crate) async fn ask(
        &self,
        command: Command,
        outcome: oneshot::Receiver<Outcome>,
    ) -> Outcome {
        if self.commands.send(command).await.is_err() {
            return Outcome::Closed;
        }
        outcome.await.unwrap_or(Outcome::Closed)
    }

    /// A subscription was dropped.
    pub(crate) fn abandon(&self, id: SubscriberId) {
        self.shared.abandoned.lock().unwrap_or_else(PoisonError::into_inner).push(id);
        self.shared.news.notify_one();
    }
}

impl Shared {
    /// Waits for subscriptions to be dropped.
    pub(crate) async fn news(&self) {
        self.news.notified().await;
    }

    /// The subscriptions that were dropped since.
    pub(crate) fn abandoned(&self) -> Vec<SubscriberId> {
        std::mem::take(&mut self.abandoned.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
