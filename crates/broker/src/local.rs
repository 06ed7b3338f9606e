//! Sessions inside the process: clients without a connection.
//!
//! A [`LocalSession`] subscribes, publishes and calls services as any client does: every message
//! passes the extensions, the policy, the authorizers, the filters and the bounds. What it receives
//! waits in its queue, bounded like every other, until the stream is polled. It never expires by
//! silence, ends when it is dropped, and ends by itself when its queue is full, when the server
//! ends it, or when the broker drains and nothing is left to receive.
//!
//! Its client id is no secret and opens nothing: no request from outside can use a local session.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use bytes::Bytes;
use encke_bayeux::ext::Members;
use encke_bayeux::message::Text;
use encke_bayeux::{
    ChannelName, ChannelPattern, ClientId, Failure, Message, ReplayAnswer, ReplayFrom,
};
use futures::Stream;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::broker::{Broker, Cell, Owner};
use crate::conversation::{Entropy, Request, Spoken};
use crate::effect::LinkState;
use crate::link::Link;
use crate::listener::RemovedBecause;
use crate::policy::Asking;
use crate::session::Session;
use crate::snapshot::Via;
use crate::stats::add;
use crate::user::UserId;
use crate::verdict::Verdict;

/// Whose local session it is. Default: nobody's in particular.
#[derive(Clone, Debug)]
pub struct LocalOptions {
    user: Option<UserId>,
    roles: Arc<[Arc<str>]>,
    peer: Option<IpAddr>,
    via: Via,
}

impl Default for LocalOptions {
    fn default() -> Self {
        Self { user: None, roles: Arc::default(), peer: None, via: Via::Local }
    }
}

impl LocalOptions {
    /// The user it acts for.
    #[must_use]
    pub fn user(mut self, user: UserId) -> Self {
        self.user = Some(user);
        self
    }

    /// What the user is; for policies.
    #[must_use]
    pub fn roles(mut self, roles: impl Into<Arc<[Arc<str>]>>) -> Self {
        self.roles = roles.into();
        self
    }

    /// The address of whoever stands behind it; for policies.
    #[must_use]
    pub fn peer(mut self, peer: IpAddr) -> Self {
        self.peer = Some(peer);
        self
    }

    /// How it shows in a [snapshot](crate::snapshot). Default [`Via::Local`].
    #[must_use]
    pub fn via(mut self, via: Via) -> Self {
        self.via = via;
        self
    }

    fn request(&self, now: Instant) -> Request<'_> {
        Request {
            user: self.user.as_ref(),
            roles: &self.roles,
            peer: self.peer,
            pushes: true,
            ..Request::new(now, &NoEntropy)
        }
    }
}

/// A session inside the process. A stream of what it receives.
///
/// # Cancel safety
///
/// Dropping it ends the session. Nothing is lost by polling it in a `select`: a message is either
/// given out or stays.
#[derive(Debug)]
pub struct LocalSession {
    broker: Broker,
    cell: Arc<Cell>,
    options: LocalOptions,
    link: Link,
    /// Taken from the queue and not given out yet.
    taken: VecDeque<Bytes>,
    missed: u32,
}

/// A message that a local session received.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LocalMessage {
    text: Bytes,
    missed: u32,
}

/// The members of a message; what a plain event does not have is `None`.
#[derive(Clone, Debug, Deserialize)]
#[non_exhaustive]
pub struct Parts<'a> {
    /// Where it was published or delivered.
    #[serde(borrow)]
    pub channel: Cow<'a, str>,
    /// The payload, as written.
    #[serde(borrow)]
    pub data: &'a RawValue,
    /// What publisher and broker say besides, as written.
    #[serde(borrow)]
    pub ext: Option<&'a RawValue>,
    /// The id of the call that this is the result of.
    #[serde(borrow)]
    pub id: Option<Cow<'a, str>>,
    /// Whether the call has succeeded.
    pub successful: Option<bool>,
}

impl LocalMessage {
    /// The whole message, JSON text, as a client gets it.
    pub fn text(&self) -> &Bytes {
        &self.text
    }

    /// How many messages before this one were lost, since the queue was full and their channels may
    /// lose messages.
    pub fn missed(&self) -> u32 {
        self.missed
    }

    /// Reads the message; `None` if code has published what is no JSON.
    pub fn parts(&self) -> Option<Parts<'_>> {
        serde_json::from_slice(&self.text).ok()
    }
}

impl Broker {
    /// Opens a session inside the process, if the policy allows it.
    ///
    /// It counts against the bounds on sessions.
    ///
    /// # Errors
    ///
    /// [`Failure`] says why not, as it would be told to a client.
    pub fn open_local(&self, options: LocalOptions, now: Instant) -> Result<LocalSession, Failure> {
        if self.is_draining() {
            return Err(Failure::Draining);
        }
        let owner = self.admit(&options, now)?;
        let number = self.next_number();
        let mut session = Session::local(self.config(), now);
        session.sit(self.seat_of_address(options.peer)?);
        let cell = Cell::new(local_id(number), number, owner, session);
        let cell = self.add_session(cell.within(options.via), now)?;
        let link = Link::attach(self, &cell);
        let broker = self.clone();
        Ok(LocalSession { broker, cell, options, link, taken: VecDeque::new(), missed: 0 })
    }
}

impl Broker {
    /// Whether whoever `options` names may read what is published on the channels of `pattern`, and
    /// as whom: the user it names, or the one that the policy has named.
    ///
    /// What a [local session](Broker::open_local) and its subscription would be asked, without them:
    /// the policy and the authorizers.
    ///
    /// # Errors
    ///
    /// [`Failure`] says why not, as it would be told to a client.
    pub fn may_read(
        &self,
        options: &LocalOptions,
        pattern: &ChannelPattern,
        now: Instant,
    ) -> Result<Option<UserId>, Failure> {
        let user = self.admit(options, now)?.into_user();
        let request = Request { user: user.as_ref(), ..options.request(now) };
        self.may_listen(&request, pattern)?;
        Ok(user)
    }

    /// Asks the policy whether somebody may be here at all.
    fn admit(&self, options: &LocalOptions, now: Instant) -> Result<Owner, Failure> {
        let LocalOptions { user, roles, peer, .. } = options;
        let user = user.as_ref();
        let asking = Asking { client: None, user, roles, peer: *peer, ext: None, now: Some(now) };
        let verdict = self.guarded("policy", || self.config().policy.judge_handshake(&asking));
        let verdict = verdict.unwrap_or_else(Verdict::deny);
        let owner = Owner::of(user, &verdict);
        if verdict.is_granted() {
            return Ok(owner);
        }
        Err(verdict.into_refusal(Failure::HandshakeDenied).0)
    }
}

impl LocalSession {
    /// Its name, as code sees it everywhere.
    pub fn client(&self) -> ClientId {
        self.cell.id
    }

    /// Subscribes.
    ///
    /// # Errors
    ///
    /// [`Failure`] says why not, as it would be told to a client.
    pub fn subscribe(&self, pattern: &ChannelPattern, now: Instant) -> Result<(), Failure> {
        self.subscribe_all(&[(pattern.clone(), None)], now).0
    }

    /// Subscribes to all of them or to none, each from where it says in the broker's log.
    ///
    /// The answers tell what follows where a beginning was given, those of a refusal too.
    pub fn subscribe_all(
        &self,
        subscriptions: &[(ChannelPattern, Option<ReplayFrom>)],
        now: Instant,
    ) -> (Result<(), Failure>, Vec<(ChannelPattern, ReplayAnswer)>) {
        let patterns: Vec<_> = subscriptions.iter().map(|(pattern, _)| pattern).collect();
        let mut positions = Members::new();
        for (pattern, from) in subscriptions {
            if let Some(from) = from {
                positions.push(pattern.as_str(), &from.to_json());
            }
        }
        let ext = positions.text().map(|members| format!(r#"{{"replay":{{{members}}}}}"#));
        let ext = ext.and_then(|ext| RawValue::from_string(ext).ok());
        let Ok(subscription) = serde_json::value::to_raw_value(&patterns) else {
            return (Err(Failure::SubscriptionInvalid), Vec::new());
        };
        let spoken = self.speak(
            "/meta/subscribe",
            Message {
                subscription: Some(&*subscription),
                ext: ext.as_deref(),
                ..Message::default()
            },
            now,
        );
        (spoken.outcome, spoken.answers)
    }

    /// Gives a subscription up; whether there was one does not matter.
    ///
    /// # Errors
    ///
    /// [`Failure`] says why not, as it would be told to a client.
    pub fn unsubscribe(&self, pattern: &ChannelPattern, now: Instant) -> Result<(), Failure> {
        let Ok(subscription) = serde_json::value::to_raw_value(pattern) else {
            return Err(Failure::SubscriptionInvalid);
        };
        let message = Message { subscription: Some(&*subscription), ..Message::default() };
        self.speak("/meta/unsubscribe", message, now).outcome
    }

    /// Publishes as this session. On a service channel, see [`LocalSession::call`].
    ///
    /// # Errors
    ///
    /// [`Failure`] says why not, as it would be told to a client.
    pub fn publish(
        &self,
        channel: &ChannelName,
        data: &RawValue,
        now: Instant,
    ) -> Result<(), Failure> {
        let message = Message { data: Some(data), ..Message::default() };
        self.speak(channel.as_str(), message, now).outcome
    }

    /// Calls a service: the result comes as a message on the same channel with the same `id`.
    ///
    /// # Errors
    ///
    /// [`Failure`] says why the message did not get to the service.
    pub fn call(
        &self,
        channel: &ChannelName,
        id: &str,
        data: &RawValue,
        now: Instant,
    ) -> Result<(), Failure> {
        let id = Text::Is(id.into());
        let message = Message { id, data: Some(data), ..Message::default() };
        self.speak(channel.as_str(), message, now).outcome
    }

    /// The position of a message in the broker's log; `None` where its channel is not kept, or the
    /// session never said where to begin.
    pub fn position_of(&self, message: &LocalMessage) -> Option<u64> {
        #[derive(Deserialize)]
        struct Position {
            replay: u64,
        }
        if !self.broker.keeps_log() {
            return None;
        }
        let parts = message.parts()?;
        let channel = ChannelName::new(&parts.channel).ok()?;
        // Elsewhere it would be whatever the publisher wrote.
        self.broker.config().channel(&channel).replay?;
        serde_json::from_str(parts.ext?.get()).ok().map(|position: Position| position.replay)
    }

    /// Why the session has ended; `None` while it lives, or if it ends with a drain.
    pub fn ended(&self) -> Option<RemovedBecause> {
        self.cell.lock().ended()
    }

    fn speak(&self, channel: &str, message: Message<'_>, now: Instant) -> Spoken {
        let message = Message {
            channel: Text::Is(channel.into()),
            client_id: Text::Is(self.cell.id.as_str().into()),
            ..message
        };
        self.broker.speak(&self.cell, &self.options.request(now), &message)
    }

    fn give(&mut self) -> Option<LocalMessage> {
        let text = self.taken.pop_front()?;
        add(&self.broker.counters().messages_out, 1);
        Some(LocalMessage { text, missed: std::mem::take(&mut self.missed) })
    }
}

impl Stream for LocalSession {
    type Item = LocalMessage;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<LocalMessage>> {
        loop {
            if let Some(message) = self.give() {
                return Poll::Ready(Some(message));
            }
            match self.link.poll_state(cx) {
                LinkState::Waiting if self.broker.is_draining() => return Poll::Ready(None),
                LinkState::Waiting => return Poll::Pending,
                LinkState::Over => return Poll::Ready(None),
                LinkState::Messages => {
                    let taken = self.broker.take_batch(&self.cell, |_| true);
                    let taken = taken.map(|(_, taken)| taken).unwrap_or_default();
                    self.missed += taken.missed;
                    self.taken.extend(taken.messages.into_iter().map(|message| message.text));
                }
            }
        }
    }
}

impl Drop for LocalSession {
    fn drop(&mut self) {
        self.broker.remove(&self.cell, RemovedBecause::Disconnected);
        self.broker.drop_queue(&self.cell);
        add(&self.broker.counters().messages_dropped, self.taken.len());
    }
}

/// A local session's id need not be secret, so it needs no randomness.
fn local_id(number: u64) -> ClientId {
    let mut bytes = [0; 20];
    for (byte, digit) in bytes.iter_mut().rev().zip(number.to_le_bytes()) {
        *byte = digit;
    }
    ClientId::from_random(bytes)
}

/// Nothing that a local session says needs any.
struct NoEntropy;

impl Entropy for NoEntropy {
    fn bytes(&self) -> [u8; 20] {
        [0; 20]
    }
}
