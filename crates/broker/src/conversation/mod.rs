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

mod authorize;
pub(crate) mod connect;
mod handshake;
mod hooks;
mod local;
mod publish;
mod subscribe;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::value::RawValue;

use encke_bayeux::batch::{self, DecodeError};
use encke_bayeux::ext::Members;
use encke_bayeux::message::Text;
use encke_bayeux::reply::Reply;
use encke_bayeux::{
    Advice, BrowserId, ChannelKind, ChannelName, ChannelPattern, ClientId, Extensions, Failure,
    Message, ReplayAnswer,
};

use crate::broker::{Broker, Cell, lock};
use crate::hold::{Delivery, Hold};
use crate::outbox::Taken;
use crate::policy::Asking;
use crate::stats::add;
use crate::storm::share;
use crate::user::UserId;
use hooks::Room;

pub(crate) use local::Spoken;

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
        let rooms = if self.config().extensions.is_empty() { 0 } else { messages.len() };
        let rooms: Vec<_> = std::iter::repeat_with(Room::new).take(rooms).collect();
        let mut conversation = Conversation::new(self, request);
        let handshake = |message: &Message<'_>| message.channel.get() == Some("/meta/handshake");
        if let Some(place) = messages.iter().position(handshake) {
            if let Some(message) = messages.get(place) {
                conversation.begin(message);
                conversation.handshake(message, rooms.get(place));
            }
            return Ok(conversation.finish());
        }
        conversation.find_session(messages.first());
        let alone = messages.len() == 1;
        for (place, message) in messages.iter().enumerate() {
            if let Some(hold) = conversation.message(message, rooms.get(place), alone) {
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
    /// The last refusal.
    refused: Option<Failure>,
    /// What subscriptions that say where to begin are told.
    answers: Vec<(ChannelPattern, ReplayAnswer)>,
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
            refused: None,
            answers: Vec::new(),
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
        let Request { user, browser, pushes, .. } = *self.request;
        self.cell = self.broker.find(client, user, browser, pushes);
        if let Some(cell) = &self.cell {
            let is_connect =
                first.is_some_and(|message| message.channel.get() == Some("/meta/connect"));
            let mut session = cell.lock();
            let on_any_reply = if self.request.pushes {
                !session.is_acknowledged()
            } else {
                !session.delivers_on_connects_only(self.broker.config())
            };
            if !is_connect && on_any_reply {
                session.begin_batch();
                self.batching = true;
                self.carries = true;
            }
        }
    }

    /// A message is taken up: its reply says nothing in `ext` yet but what any reply may.
    fn begin(&mut self, message: &Message<'a>) {
        self.ext = Members::new();
        self.asked = hooks::asked_by(message);
    }

    /// Takes one message. `room` is where extensions keep what they rewrite of it.
    fn message(
        &mut self,
        message: &Message<'a>,
        room: Option<&'a Room>,
        alone: bool,
    ) -> Option<Hold> {
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
            let advice = advised.then(|| self.unknown_advice());
            self.refuse(message, advice, &Failure::SessionUnknown);
            return None;
        };
        if self.broker.has_listeners() && cell.lock().notices().is_behind() {
            self.refuse(message, None, &Failure::Busy);
            return None;
        }
        let message = &*self.pass_incoming(message, &channel, room)?;
        if channel.as_str() == "/meta/connect" {
            return self.connect(message, &cell, alone);
        }
        let publishes = matches!(channel.kind(), ChannelKind::Service | ChannelKind::Broadcast);
        let may_publish = {
            let mut session = cell.lock();
            session.handle_message(self.broker.config(), self.request.now);
            !publishes || session.may_publish(self.broker.config(), self.request.now)
        };
        if !may_publish {
            add(&self.broker.counters().publishes_limited, 1);
            self.refuse(message, None, &Failure::TooManyPublishes);
            return None;
        }
        match (channel.as_str(), channel.kind()) {
            ("/meta/subscribe", _) => self.subscribe(message, &cell),
            ("/meta/unsubscribe", _) => self.unsubscribe(message, &cell),
            ("/meta/disconnect", _) => self.disconnect(message, &cell),
            (_, ChannelKind::Meta) => self.refuse(message, None, &Failure::ChannelCreateDenied),
            (_, ChannelKind::Service | ChannelKind::Broadcast) => {
                self.publish(message, &cell, &channel);
            }
        }
        None
    }

    /// What a client is told whose session is gone: to shake hands, at once or spread over the time
    /// that a storm lasts.
    fn unknown_advice(&self) -> Advice {
        let storm = self.broker.shared.storm.as_ref();
        let lasts = storm.map_or(Duration::ZERO, |storm| lock(storm).lasts(self.request.now));
        let pause = match lasts {
            Duration::ZERO => Duration::ZERO,
            lasts => share(lasts + Duration::from_secs(1), self.request.entropy.bytes()),
        };
        Advice { interval: Some(pause), ..Advice::handshake() }
    }

    /// The body's session, if this message names it and it still lives.
    fn session_of(&self, message: &Message<'_>) -> Option<Arc<Cell>> {
        let cell = self.cell.as_ref()?;
        (message.client_id.get() == Some(cell.id.as_str()) && !cell.lock().is_gone())
            .then(|| Arc::clone(cell))
    }

    /// Who sends this message, for a policy.
    fn asking<'m>(&'m self, message: &Message<'m>) -> Asking<'m> {
        let Request { user, roles, peer, now, .. } = *self.request;
        let client = self.cell.as_ref().map(|cell| cell.id);
        let user = self.cell.as_ref().map_or(user, |cell| cell.user.as_ref());
        Asking { client, user, roles, peer, ext: message.ext, now: Some(now) }
    }

    fn accept(&mut self, message: &Message<'_>) {
        self.reply(&Reply::success(message.channel.get(), message.id.get()));
    }

    fn refuse(&mut self, message: &Message<'_>, advice: Option<Advice>, failure: &Failure) {
        add(&self.broker.counters().messages_refused, 1);
        self.refused = Some(failure.clone());
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
        let client = reply.greeting.map(|greeting| greeting.client_id);
        let client = client.or_else(|| self.cell.as_ref().map(|cell| cell.id));
        self.broker.pass_reply(reply, client, &mut self.ext);
        if !self.replies.is_empty() {
            self.replies.push(b',');
        }
        let timestamp = self.broker.config().timestamp(self.request.now);
        let reply = Reply { ext: self.ext.text(), timestamp, ..*reply };
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
            self.broker.wake(cell, left);
        }
        let mut delivery = Delivery::new(self.broker.clone(), cell, taken, &self.replies);
        delivery.browser = self.browser;
        delivery.greeted = self.greeted;
        Answer::Reply(delivery)
    }
}
