//! Extensions: code that sees every message on its way in and out.
//!
//! | Hook                     | Sees                                  | May                          |
//! |--------------------------|---------------------------------------|------------------------------|
//! | [`Extension::incoming`]  | each message of a client, whose session and channel are good | pass, rewrite `data` and `ext`, refuse |
//! | [`Extension::outgoing`]  | each message for clients, once, before it is rendered | pass, rewrite `data` and `ext`, drop |
//! | [`Extension::reply`]     | each reply                            | add members to its `ext`     |
//!
//! Incoming hooks run in the order of registration, the others in reverse, so that extensions nest
//! like layers. All run on the thread that brings the message, under no lock, and must not block.
//! A hook that panics counts as one that refuses.
//!
//! # Sources
//!
//! Documented: CometD's `BayeuxServer.Extension`. Observed: a message that an extension drops is
//! answered with `404::message_deleted`.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use encke_bayeux::ext::Members;
use encke_bayeux::reply::Reply;
use encke_bayeux::{ChannelName, ClientId, Message};
use serde_json::value::RawValue;

use crate::broker::Broker;
use crate::cell::Cell;
use crate::event::Draft;
use crate::policy::Asking;
use crate::user::UserId;
use crate::verdict::Verdict;

/// Sees every message. Every method lets everything pass unless overridden.
#[expect(unused_variables, reason = "the default methods do nothing with what they see")]
pub trait Extension: fmt::Debug + Send + Sync {
    /// A message came in, of any kind. A refusal is answered with `404::message_deleted`, or with
    /// what the verdict says; a refused connect is not held.
    fn incoming(&self, message: &mut Incoming<'_>) -> Verdict {
        Verdict::grant()
    }

    /// A message is about to go out, to whoever listens. False drops it: nobody receives it, and a
    /// client that published it is told `404::message_deleted`.
    fn outgoing(&self, message: &mut Outgoing<'_>) -> bool {
        true
    }

    /// A reply is about to be made.
    fn reply(&self, reply: &mut Replying<'_>) {}
}

/// A message of a client on its way in.
#[derive(Debug)]
pub struct Incoming<'a> {
    channel: &'a ChannelName,
    from: Asking<'a>,
    id: Option<&'a str>,
    subscription: Option<&'a RawValue>,
    data: Option<&'a RawValue>,
    now: Instant,
    rewritten: Rewritten,
}

/// What extensions have put in the place of what came.
#[derive(Debug, Default)]
pub(crate) struct Rewritten {
    /// `None` is as it came.
    pub(crate) data: Option<Box<RawValue>>,
    pub(crate) ext: Ext,
}

/// The `ext` of a message that extensions have seen.
#[derive(Debug, Default)]
pub(crate) enum Ext {
    #[default]
    AsItCame,
    Removed,
    Replaced(Box<RawValue>),
}

impl Ext {
    /// What it is now, where it came so.
    pub(crate) fn over<'r>(&'r self, came: Option<&'r RawValue>) -> Option<&'r RawValue> {
        match self {
            Self::AsItCame => came,
            Self::Removed => None,
            Self::Replaced(ext) => Some(ext),
        }
    }

    /// The same for text.
    fn over_text<'r>(&'r self, came: Option<&'r str>) -> Option<&'r str> {
        match self {
            Self::AsItCame => came,
            Self::Removed => None,
            Self::Replaced(ext) => Some(ext.get()),
        }
    }

    /// What is no object counts as none.
    fn set(&mut self, ext: Option<Box<RawValue>>) {
        let object = ext.filter(|ext| ext.get().starts_with('{'));
        *self = object.map_or(Self::Removed, Self::Replaced);
    }
}

impl Rewritten {
    pub(crate) fn is_nothing(&self) -> bool {
        self.data.is_none() && matches!(self.ext, Ext::AsItCame)
    }

    /// The draft with what has been put in its place.
    pub(crate) fn apply<'r>(&'r self, draft: &Draft<'r>) -> Draft<'r> {
        let data = self.data.as_ref().map(|data| data.get()).or(draft.data);
        Draft { data, ext: self.ext.over_text(draft.ext), ..*draft }
    }
}

impl<'a> Incoming<'a> {
    pub(crate) fn new(
        channel: &'a ChannelName,
        message: &'a Message<'_>,
        from: Asking<'a>,
        now: Instant,
    ) -> Self {
        Self {
            channel,
            from,
            id: message.id.get(),
            subscription: message.subscription,
            data: message.data,
            now,
            rewritten: Rewritten::default(),
        }
    }

    pub(crate) fn into_rewritten(self) -> Rewritten {
        self.rewritten
    }

    /// Where it goes; meta channels tell what kind of message it is.
    pub fn channel(&self) -> &ChannelName {
        self.channel
    }

    /// Who sends it, and its `ext` as earlier extensions left it.
    pub fn from(&self) -> Asking<'_> {
        Asking { ext: self.rewritten.ext.over(self.from.ext), ..self.from }
    }

    /// The message's id.
    pub fn id(&self) -> Option<&str> {
        self.id
    }

    /// What it subscribes to or unsubscribes from, as written.
    pub fn subscription(&self) -> Option<&RawValue> {
        self.subscription
    }

    /// The payload, as written or as earlier extensions left it.
    pub fn data(&self) -> Option<&RawValue> {
        self.rewritten.data.as_deref().or(self.data)
    }

    /// When it came.
    pub fn now(&self) -> Instant {
        self.now
    }

    /// Puts another payload in its place.
    pub fn set_data(&mut self, data: Box<RawValue>) {
        self.rewritten.data = Some(data);
    }

    /// Puts another `ext` in its place, or none. What is no object counts as none.
    pub fn set_ext(&mut self, ext: Option<Box<RawValue>>) {
        self.rewritten.ext.set(ext);
    }
}

/// A message for clients on its way out.
#[derive(Debug)]
pub struct Outgoing<'a> {
    channel: &'a ChannelName,
    from: Option<&'a Cell>,
    to: Option<&'a UserId>,
    data: &'a str,
    ext: Option<&'a str>,
    rewritten: Rewritten,
}

impl<'a> Outgoing<'a> {
    fn new(channel: &'a ChannelName, to: Option<&'a UserId>, draft: &Draft<'a>) -> Self {
        let data = draft.data.unwrap_or("null");
        let rewritten = Rewritten::default();
        Self { channel, from: draft.from, to, data, ext: draft.ext, rewritten }
    }

    /// Where it goes.
    pub fn channel(&self) -> &ChannelName {
        self.channel
    }

    /// The session that published it; `None` is code.
    pub fn from(&self) -> Option<ClientId> {
        self.from.map(|cell| cell.id)
    }

    /// The user of that session.
    pub fn from_user(&self) -> Option<&UserId> {
        self.from.and_then(|cell| cell.user.as_ref())
    }

    /// The user to whom it goes; `None` is everybody who listens, or one session.
    pub fn to(&self) -> Option<&UserId> {
        self.to
    }

    /// The payload as JSON text.
    pub fn data(&self) -> &str {
        self.rewritten.data.as_ref().map_or(self.data, |data| data.get())
    }

    /// The `ext` object as JSON text.
    pub fn ext(&self) -> Option<&str> {
        self.rewritten.ext.over_text(self.ext)
    }

    /// Puts another payload in its place.
    pub fn set_data(&mut self, data: Box<RawValue>) {
        self.rewritten.data = Some(data);
    }

    /// Puts another `ext` in its place, or none. What is no object counts as none.
    pub fn set_ext(&mut self, ext: Option<Box<RawValue>>) {
        self.rewritten.ext.set(ext);
    }
}

/// A reply that is about to be made.
#[derive(Debug)]
pub struct Replying<'a> {
    channel: Option<&'a str>,
    client: Option<ClientId>,
    successful: bool,
    members: &'a mut Members,
}

impl Replying<'_> {
    /// The channel of the message that is answered, if it had one.
    pub fn channel(&self) -> Option<&str> {
        self.channel
    }

    /// The session, the new one on a handshake; `None` if there is none.
    pub fn client(&self) -> Option<ClientId> {
        self.client
    }

    /// Whether the reply says `successful`.
    pub fn is_successful(&self) -> bool {
        self.successful
    }

    /// Adds a member to `ext`. `ack`, `replay` and `timesync` are the broker's own.
    pub fn ext(&mut self, name: &str, value: &RawValue) {
        self.members.push(name, value.get());
    }
}

/// Extensions in the order of their registration.
#[derive(Clone, Debug, Default)]
pub(crate) struct Extensions(Vec<Arc<dyn Extension>>);

impl Extensions {
    pub(crate) fn add(&mut self, extension: Arc<dyn Extension>) {
        self.0.push(extension);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn inward(&self) -> impl Iterator<Item = &dyn Extension> {
        self.0.iter().map(|extension| &**extension)
    }

    pub(crate) fn outward(&self) -> impl Iterator<Item = &dyn Extension> {
        self.0.iter().rev().map(|extension| &**extension)
    }
}

impl Broker {
    /// Shows a message to the extensions before it is rendered; `None` if one dropped it.
    pub(crate) fn pass_outgoing(
        &self,
        channel: &ChannelName,
        to: Option<&UserId>,
        draft: &Draft<'_>,
    ) -> Option<Rewritten> {
        let extensions = &self.config().extensions;
        if extensions.is_empty() {
            return Some(Rewritten::default());
        }
        let mut outgoing = Outgoing::new(channel, to, draft);
        let passes = extensions.outward().all(|extension| {
            self.guarded("extension", || extension.outgoing(&mut outgoing)).unwrap_or(false)
        });
        passes.then_some(outgoing.rewritten)
    }

    /// Lets the extensions add to the `ext` of a reply.
    pub(crate) fn pass_reply(
        &self,
        reply: &Reply<'_>,
        client: Option<ClientId>,
        members: &mut Members,
    ) {
        let (channel, successful) = (reply.channel, reply.failure.is_none());
        let mut replying = Replying { channel, client, successful, members };
        for extension in self.config().extensions.outward() {
            self.guarded("extension", || extension.reply(&mut replying));
        }
    }
}
