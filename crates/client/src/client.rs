//! The handle.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use encke_bayeux::{ChannelKind, ChannelName, ChannelPattern};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::{RawValue, to_raw_value};
use tokio::sync::{oneshot, watch};

use crate::builder::ClientBuilder;
use crate::command::Command;
use crate::error::{CallError, ConnectError, PublishError, SubscribeError};
use crate::link::Link;
use crate::machine::{Outcome, Publication, Wish};
use crate::options::SubscribeOptions;
use crate::queue::{self, Keeper, Queue};
use crate::replay::{PositionStore, ReplayFrom};
use crate::status::{CloseReason, Status};
use crate::subscription::{Mistyped, Subscription};

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
    kit: Arc<Kit>,
}

/// What the handle itself needs of the settings.
#[derive(Debug)]
pub(crate) struct Kit {
    pub(crate) positions: Option<Arc<dyn PositionStore>>,
    pub(crate) answer_bytes: usize,
    pub(crate) call_timeout: Duration,
}

impl Client {
    /// Settings of a client for the server at `url`, such as `https://example.org/cometd`.
    pub fn builder(url: &str) -> ClientBuilder {
        ClientBuilder::new(url)
    }

    pub(crate) fn new(link: Link, status: watch::Receiver<Status>, kit: Kit) -> Self {
        Self { link, status, kit: Arc::new(kit) }
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
    /// A channel that begins with `/service/` is not sent to the server, whose messages on such
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
        if pattern.kind() == ChannelKind::Service && pattern.as_str().ends_with('*') {
            return Err(SubscribeError::ServiceWildcard);
        }
        let store = self.kit.positions.clone().filter(|_| options.replay.is_some());
        let kept = store.as_ref().and_then(|store| store.load(&pattern));
        let wish = Wish {
            from: options.replay.map(|from| kept.map_or(from, ReplayFrom::After)),
            outdated: options.outdated,
            stored: store.is_some(),
        };
        let bounds = queue::Bounds {
            messages: options.queue_messages,
            bytes: options.queue_bytes,
            overflow: options.overflow_or_default(),
            slack_bytes: self.kit.answer_bytes.saturating_mul(2),
        };
        let keeper = store.map(|store| Keeper { store, pattern: pattern.clone() });
        let queue = Queue::new(bounds, keeper, Arc::clone(&self.link.shared));
        let id = self.link.next_id();
        let (answer, outcome) = oneshot::channel();
        let command = Command::Subscribe {
            id,
            pattern: pattern.clone(),
            wish,
            queue: Arc::clone(&queue),
            answer,
        };
        let subscription = Subscription::new(id, pattern, queue, self.link.clone());
        match self.link.ask(command, outcome).await {
            Outcome::Done => Ok(subscription),
            Outcome::Refused(refusal) => Err(SubscribeError::Refused(refusal)),
            Outcome::Taken => Err(SubscribeError::AlreadySubscribed),
            Outcome::TimedOut | Outcome::Lost(_) | Outcome::Rejected(_) => {
                Err(SubscribeError::TimedOut)
            }
            Outcome::Closed | Outcome::Result(_) | Outcome::Failed(_) | Outcome::Full(_) => {
                Err(SubscribeError::Closed)
            }
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

    /// Calls a service and waits for its result, read as a `T`, up to the
    /// [call timeout](ClientBuilder::call_timeout).
    ///
    /// `service` is a channel such as `/service/echo`, or its name alone: `echo`. Any number of
    /// calls can be under way at once, up to [a bound](ClientBuilder::calls); they are told apart
    /// by their ids. For the JSON text of the result, let `T` be `Box<RawValue>`.
    ///
    /// # Errors
    ///
    /// [`CallError`]; a service that fails is [`CallError::Failed`].
    ///
    /// # Cancel safety
    ///
    /// Once polled, the request may be sent even if the future is dropped.
    ///
    /// # Sources
    ///
    /// Observed: `remoteCall` of CometD's JavaScript client: the request is published on the
    /// service's channel, and the message that comes back under the same id is the result.
    pub async fn call<T: DeserializeOwned>(
        &self,
        service: &str,
        data: &(impl Serialize + ?Sized),
    ) -> Result<T, CallError> {
        self.call_within(service, data, self.kit.call_timeout).await
    }

    /// Calls a service, with a time limit of its own.
    ///
    /// # Errors
    ///
    /// [`CallError`].
    ///
    /// # Cancel safety
    ///
    /// As [`Client::call`].
    pub async fn call_within<T: DeserializeOwned>(
        &self,
        service: &str,
        data: &(impl Serialize + ?Sized),
        timeout: Duration,
    ) -> Result<T, CallError> {
        let channel = service_channel(service)?;
        let data = to_raw_value(data).map_err(|error| CallError::Data(error.to_string()))?;
        let publication = Publication { channel, data };
        let (answer, outcome) = oneshot::channel();
        match self.link.ask(Command::Call { publication, timeout, answer }, outcome).await {
            Outcome::Result(message) => message
                .json()
                .map_err(|error| CallError::Mistyped(Box::new(Mistyped { message, error }))),
            Outcome::Failed(message) => Err(CallError::Failed(message)),
            Outcome::Refused(refusal) => Err(CallError::Refused(refusal)),
            Outcome::Rejected(status) => Err(CallError::Rejected(status)),
            Outcome::Lost(failure) => Err(CallError::Lost(failure)),
            Outcome::TimedOut => Err(CallError::TimedOut),
            Outcome::Full(bound) => Err(CallError::TooMany(bound)),
            Outcome::Closed | Outcome::Done | Outcome::Taken => Err(CallError::Closed),
        }
    }

    /// Sends what is queued, ends the session, closes this client and all its clones, and waits for
    /// that. The driver completes. Operations that still wait for the driver are not begun.
    ///
    /// Gives up on a server that does not answer within the request timeout.
    ///
    /// # Cancel safety
    ///
    /// Once polled, the client closes even if the future is dropped.
    pub async fn disconnect(&self) {
        self.link.leave().await;
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
        self.client.link.send(Command::Publish { group }).await;
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
        Outcome::Rejected(status) => Err(PublishError::Rejected(status)),
        Outcome::Lost(failure) => Err(PublishError::Lost(failure)),
        Outcome::TimedOut => Err(PublishError::TimedOut),
        Outcome::Closed | Outcome::Taken | Outcome::Full(_) => Err(PublishError::Closed),
    }
}

/// `/service/x`, from itself or from `x`.
fn service_channel(service: &str) -> Result<ChannelName, CallError> {
    let channel = if service.starts_with('/') {
        ChannelName::new(service)
    } else {
        ChannelName::new(&format!("/service/{service}"))
    };
    let channel = channel.map_err(CallError::Channel)?;
    if channel.kind() != ChannelKind::Service {
        return Err(CallError::NotService);
    }
    Ok(channel)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_goes_by_its_channel_or_its_name() {
        for service in ["/service/a/b", "a/b"] {
            assert_eq!(service_channel(service).unwrap().as_str(), "/service/a/b");
        }
        assert!(matches!(service_channel("/a"), Err(CallError::NotService)));
        for service in ["", "a//b", "/service", "a/*"] {
            assert!(service_channel(service).is_err(), "{service:?}");
        }
    }
}
