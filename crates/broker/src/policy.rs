//! Who may shake hands, subscribe and publish.
//!
//! The broker itself guards meta channels and private channels; a [`Policy`] decides about the
//! rest, and [authorizers](crate::authorizer) about what it allows. It is asked under no lock and
//! must not block.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use encke_bayeux::{ChannelName, ChannelPattern, ClientId};
use serde_json::value::RawValue;

use crate::user::UserId;
use crate::verdict::Verdict;

/// Who asks.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Asking<'a> {
    /// The session; `None` on a handshake.
    pub client: Option<ClientId>,
    /// The authenticated user, or the one that a policy has named; `None` is an anonymous client.
    pub user: Option<&'a UserId>,
    /// What the server around the broker says the user is, such as `supervisor`.
    pub roles: &'a [Arc<str>],
    /// The address that the request came from, where it is known.
    pub peer: Option<IpAddr>,
    /// The message's `ext`, as written: credentials may be there.
    pub ext: Option<&'a RawValue>,
    /// When the message came, for rates. The broker always says so.
    pub now: Option<Instant>,
}

/// Decisions of whoever runs the broker.
pub trait Policy: fmt::Debug + Send + Sync {
    /// Whether a session may begin.
    fn can_handshake(&self, asking: &Asking<'_>) -> bool;

    /// Decides about a handshake where yes or no is not all there is to say: with an error, advice
    /// or `ext` of one's own, or with the user whom credentials in the handshake's `ext` prove.
    ///
    /// This is what the broker asks, once for each handshake, so that handshakes may be counted here.
    /// Default: as [`Policy::can_handshake`] says.
    fn judge_handshake(&self, asking: &Asking<'_>) -> Verdict {
        self.can_handshake(asking).into()
    }

    /// Whether a channel may come into being that nobody is subscribed to by this very name.
    ///
    /// Asked before [`Policy::can_subscribe`] and [`Policy::can_publish`], about shared channels
    /// only. Default yes.
    fn can_create(&self, asking: &Asking<'_>, channel: &ChannelPattern) -> bool {
        let _ = (asking, channel);
        true
    }

    /// Whether a subscription is allowed.
    fn can_subscribe(&self, asking: &Asking<'_>, pattern: &ChannelPattern) -> bool;

    /// Whether a client may publish on a broadcast channel.
    fn can_publish(&self, asking: &Asking<'_>, channel: &ChannelName) -> bool;
}

/// A policy made of three plain rules.
#[derive(Clone, Debug)]
pub struct Rules {
    anonymous: bool,
    publish: bool,
    reserved: Vec<ChannelPattern>,
}

impl Default for Rules {
    /// Anonymous clients are welcome, everybody may publish, nothing is reserved: as CometD.
    fn default() -> Self {
        Self { anonymous: true, publish: true, reserved: Vec::new() }
    }
}

impl Rules {
    /// Whether clients without a user may shake hands. Default true.
    #[must_use]
    pub fn anonymous(mut self, allowed: bool) -> Self {
        self.anonymous = allowed;
        self
    }

    /// Whether clients may publish on broadcast channels. Default true.
    #[must_use]
    pub fn publish(mut self, allowed: bool) -> Self {
        self.publish = allowed;
        self
    }

    /// Channel trees in which clients may neither subscribe nor publish. Default none.
    #[must_use]
    pub fn reserved(mut self, patterns: Vec<ChannelPattern>) -> Self {
        self.reserved = patterns;
        self
    }
}

impl Policy for Rules {
    fn can_handshake(&self, asking: &Asking<'_>) -> bool {
        self.anonymous || asking.user.is_some()
    }

    fn can_subscribe(&self, _: &Asking<'_>, pattern: &ChannelPattern) -> bool {
        !self.reserved.iter().any(|reserved| reserved.contains(pattern))
    }

    fn can_publish(&self, _: &Asking<'_>, channel: &ChannelName) -> bool {
        self.publish && !self.reserved.iter().any(|reserved| reserved.matches(channel))
    }
}
