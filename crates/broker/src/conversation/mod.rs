//! One request body, message by message.
//!
//! Owns the meaning of the meta channels and the order of replies. The session of the whole body
//! is decided by its first message; a message with another client id is refused. Replies come in
//! request order, behind the messages that the response may carry.
//!
//! A handshake is served alone: other messages of its body are ignored, as the protocol asks. A
//! connect is held only if it is alone in its body.
//!
//! # Sources
//!
//! Specified: Bayeux 1.0, "Handshake", "Connect", "Subscribe", "Publish", "Disconnect".
//! Observed: CometD 3.1 to 8 for order, error codes and advice; deviations are marked where they
//! stand.

pub(crate) mod connect;
mod handshake;
mod subscribe;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use serde_json::value::RawValue;

use encke_bayeux::batch::{self, DecodeError};
use encke_bayeux::ext::Members;
use encke_bayeux::message::Text;
use encke_bayeux::reply::Reply;
use encke_bayeux::{
    Advice, BrowserId, ChannelKind, ChannelName, ClientId, Extensions, Failure, Message,
};

use crate::broker::{Broker, Cell};
use crate::event::Draft;
use crate::hold::{Delivery, Hold};
use crate::outbox::Taken;
use crate::policy::Asking;
use crate::stats::add;
use crate::user::UserId;

/// A source of randomness for client ids and browser ids.
pub trait Entropy {
    /// Twenty bytes that nobody can guess.
    fn bytes(&self) -> [u8; 20];
}

/// Which sessions a connection may use.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Reach {
    /// Any whose client id it names and whose user or browser it is.
    #[default]
    Any,
    /// The one that began on this connection, if one has.
    Own(Option<ClientId>),
}

/// Who sends a body, and when.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// The authenticated user; `None` is anonymous.
    pub user: Option<&'a UserId>,
    /// What the server around the broker says the user is; for policies.
    pub roles: &'a [Arc<str>],
    /// When the proof of who it is ends, as that of a token does; a hold is over by then.
    pub until: Option<Instant>,
    /// The address that the request came from, where it is known.
    pub peer: Option<IpAddr>,
    /// The browser cookie.
    pub browser: Option<&'a BrowserId>,
    /// Whether the connection takes messages at any time, as a WebSocket does.
    pub pushes: bool,
    /// Whether many requests share the connection, as in HTTP/2, so that a held one blocks none.
    pub multiplexed: bool,
    /// Which sessions the connection may use. CometD: `ws.requireHandshakePerConnection`.
    pub reach: Reach,
    /// The time of receipt.
    pub now: Instant,
    /// Used by handshakes.
    pub entropy: &'a dyn Entropy,
}

impl<'a> Request<'a> {
    /// A request of nobody in particular.
    pub fn new(now: Instant, entropy: &'a dyn Entropy) -> Self {
        Self {
            user: None,
            roles: &[],
            until: None,
            peer: None,
            browser: None,
            pushes: false,
            multiplexed: false,
            reach: Reach::Any,
            now,
            entropy,
        }
    }
}

impl std::fmt::Debug for Request<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Request")
            .field("user", &self.user)
            .field("now", &self.now)
            .finish_non_exhaustive()
    }
}

/// What a body comes to.
#[derive(Debug)]
pub enum Answer {
    /// Write this now.
    Reply(Delivery),
    /// Wait.
    Hold(Hold),
}

impl Broker {
    /// Takes one request body.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] if the body as a whole is unusable; nothing has happened then.
    pub fn handle(&self, request: &Request<'_>, body: &[u8]) -> Result<Answer, DecodeError> {
        let messages = batch::decode(body, &self.config().batch)
            .inspect_err(|_| add(&self.counters().bodies_refused, 1))?;
        add(&self.counters().messages_in, messages.len());
        let mut conversation = Conversation::new(self, request);
        let handshake = |message: &&Message<'_>| message.channel.get() == Some("/meta/handshake");
        if let Some(message) = messages.iter().find(handshake) {
            conversation.begin(message);
            conversation.handshake(message);
            return Ok(conversation.finish());
        }
        conversation.find_session(messages.first());
        let alone = messages.len() == 1;
        for message in &messages {
            if let Some(hold) = conversation.message(message, alone) {
                return Ok(Answer::Hold(hold));
            }
        }
        Ok(conversation.finish())
    }
}

struct Conversation<'a> {
    broker: &'a Broker,
    request: &'a Request<'a>,
    cell: Option<Arc<Cell>>,
    /// Whether this response may carry messages.
    carries: bool,
    /// What it carries already, and the batch that is.
    taken: Taken,
    batch: Option<u64>,
    /// Whether the session was told that this response may carry messages.
    batching: bool,
    /// What the message in work says in its `ext`.
    asked: Extensions<'a>,
    /// What the reply to it says in its own.
    ext: Members,
    replies: Vec<u8>,
    /// How many missed messages the replies tell of.
    missed: u32,
    browser: Option<BrowserId>,
    greeted: Option<ClientId>,
}

impl<'a> Conversation<'a> {
    fn new(broker: &'a Broker, request: &'a Request<'a>) -> Self {
        Self {
            broker,
            request,
            cell: None,
            carries: false,
            taken: Taken::default(),
            batch: None,
            batching: false,
            asked: Extensions::default(),
            ext: Members::new(),
            replies: Vec::with_capacity(128),
            missed: 0,
            browser: None,
            greeted: None,
        }
    }

    /// The first message decides whose body this is.
    fn find_session(&mut self, first: Option<&Message<'_>>) {
        let own = |client: &&str| match self.request.reach {
            Reach::Any => true,
            Reach::Own(own) => own.is_some_and(|own| own.as_str() == *client),
        };
        let client = first.and_then(|message| message.client_id.get()).filter(own);
        self.cell = self.broker.find(client, self.request.user, self.request.browser);
        if let Some(cell) = &self.cell {
            let is_connect =
                first.is_some_and(|message| message.channel.get() == Some("/meta/connect"));
            let on_any_reply = !is_connect
                && (self.request.pushes || !self.broker.config().meta_connect_delivery_only);
            let mut session = cell.lock();
            if on_any_reply && !session.is_acknowledged() {
                session.begin_batch();
                self.batching = true;
                self.carries = true;
            }
        }
    }

    /// A message is taken up: its reply says nothing in `ext` yet but what any reply may.
    fn begin(&mut self, message: &Message<'a>) {
        self.ext = Members::new();
        // What a publish says there is for its subscribers.
        let is_meta = message.channel.get().is_some_and(|name| name.starts_with("/meta/"));
        self.asked = Extensions::read(message.ext.filter(|_| is_meta));
    }

    fn message(&mut self, message: &Message<'a>, alone: bool) -> Option<Hold> {
        self.begin(message);
        if !message.id_is_valid() {
            self.refuse(message, None, &Failure::MessageIdInvalid);
            return None;
        }
        let channel = match &message.channel {
            Text::Absent => {
                self.refuse(message, None, &Failure::ChannelMissing);
                return None;
            }
            Text::Invalid => Err(()),
            Text::Is(text) => ChannelName::new(text).map_err(drop),
        };
        let Ok(channel) = channel else {
            self.refuse(message, None, &Failure::ChannelInvalid);
            return None;
        };
        tracing::trace!(
            client = self.cell.as_ref().map(|cell| tracing::field::debug(cell.id)),
            channel = channel.as_str(),
            data_bytes = message.data.map(|data| data.get().len()),
            "message"
        );
        let Some(cell) = self.session_of(message) else {
            let advised = channel.as_str() == "/meta/connect";
            let advice = Failure::SessionUnknown.advice().filter(|_| advised);
            self.refuse(message, advice, &Failure::SessionUnknown);
            return None;
        };
        if channel.as_str() == "/meta/connect" {
            return self.connect(message, &cell, alone);
        }
        cell.lock().handle_message(self.broker.config(), self.request.now);
        match (channel.as_str(), channel.kind()) {
            ("/meta/subscribe", _) => self.subscribe(message, &cell),
            ("/meta/unsubscribe", _) => self.unsubscribe(message, &cell),
            ("/meta/disconnect", _) => self.disconnect(message, &cell),
            (_, ChannelKind::Meta) => self.refuse(message, None, &Failure::ChannelCreateDenied),
            // Nobody serves service channels yet, and an unknown one is no mistake.
            (_, ChannelKind::Service) => self.accept(message),
            (_, ChannelKind::Broadcast) => self.publish(message, &channel),
        }
        None
    }

    /// The body's session, if this message names it and it still lives.
    fn session_of(&self, message: &Message<'_>) -> Option<Arc<Cell>> {
        let cell = self.cell.as_ref()?;
        (message.client_id.get() == Some(cell.id.as_str()) && !cell.lock().is_gone())
            .then(|| Arc::clone(cell))
    }

    fn publish(&mut self, message: &Message<'_>, channel: &ChannelName) {
        let broker = self.broker;
        let refused = broker.is_private(channel)
            || !broker.config().policy.can_publish(&self.asking(message), channel);
        if refused {
            self.refuse(message, None, &Failure::PublishDenied);
            return;
        }
        let draft = Draft {
            data: message.data.map(RawValue::get),
            ext: message.ext.map(RawValue::get),
            timestamp: message.timestamp.map(RawValue::get),
            within: None,
        };
        let config = broker.config();
        let to_publisher =
            config.broadcast_to_publisher && config.channel(channel).broadcast_to_publisher;
        let not_to = self.cell.as_ref().map(|cell| cell.id).filter(|_| !to_publisher);
        broker.broadcast(channel, &draft, not_to, self.request.now);
        self.accept(message);
    }

    /// Who sends this message, for a policy.
    fn asking<'m>(&self, message: &Message<'m>) -> Asking<'m>
    where
        'a: 'm,
    {
        let Request { user, roles, peer, .. } = *self.request;
        let client = self.cell.as_ref().map(|cell| cell.id);
        Asking { client, user, roles, peer, ext: message.ext }
    }

    fn accept(&mut self, message: &Message<'_>) {
        self.reply(&Reply::success(message.channel.get(), message.id.get()));
    }

    fn refuse(&mut self, message: &Message<'_>, advice: Option<Advice>, failure: &Failure) {
        add(&self.broker.counters().messages_refused, 1);
        let id = message.id.get().filter(|_| message.id_is_valid());
        let success = Reply::success(message.channel.get(), id);
        let echoes = matches!(message.channel.get(), Some("/meta/subscribe" | "/meta/unsubscribe"));
        let subscription = message.subscription.map(RawValue::get).filter(|_| echoes);
        self.reply(&Reply { failure: Some(failure), advice, subscription, ..success });
    }

    /// Adds a reply; what has been noted for its `ext` goes out with it.
    fn reply(&mut self, reply: &Reply<'_>) {
        let wall = self.broker.config().wall;
        let timesync = self
            .asked
            .timesync
            .zip(wall)
            .and_then(|(timesync, wall)| timesync.answer(wall.unix_ms(self.request.now), 0));
        if let Some(timesync) = timesync {
            self.ext.push("timesync", &timesync);
        }
        if !self.replies.is_empty() {
            self.replies.push(b',');
        }
        let reply = Reply { ext: self.ext.text(), ..*reply };
        reply.render(self.broker.config().dialect, &mut self.replies);
    }

    fn finish(mut self) -> Answer {
        let cell = self.cell.take();
        let mut taken = match &cell {
            Some(cell) if self.carries => self.broker.take(cell),
            _ => self.taken,
        };
        taken.missed += self.missed;
        if let Some(cell) = cell.as_ref().filter(|_| self.batching) {
            let left = cell.lock().end_batch(self.broker.config(), self.request.now);
            self.broker.wake(left);
        }
        let mut delivery = Delivery::new(self.broker.clone(), cell, taken, &self.replies);
        delivery.browser = self.browser;
        delivery.greeted = self.greeted;
        Answer::Reply(delivery)
    }
}
