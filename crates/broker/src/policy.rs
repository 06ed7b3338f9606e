//! Who may shake hands, subscribe and publish.
//!
//! The broker itself guards meta channels and private channels; a [`Policy`] decides about the
//! rest. It is asked under no lock and must not block.

use std::fmt;

use encke_bayeux::{ChannelName, ChannelPattern};

use crate::user::UserId;

/// Decisions of whoever runs the broker.
pub trait Policy: fmt::Debug + Send + Sync {
    /// Whether a session may begin. `None` is an anonymous client.
    fn can_handshake(&self, user: Option<&UserId>) -> bool;

    /// Whether a subscription is allowed.
    fn can_subscribe(&self, user: Option<&UserId>, pattern: &ChannelPattern) -> bool;

    /// Whether a client may publish on a broadcast channel.
    fn can_publish(&self, user: Option<&UserId>, channel: &ChannelName) -> bool;
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
    fn can_handshake(&self, user: Option<&UserId>) -> bool {
        self.anonymous || user.is_some()
    }

    fn can_subscribe(&self, _: Option<&UserId>, pattern: &ChannelPattern) -> bool {
        !self.reserved.iter().any(|reserved| reserved.contains(pattern))
    }

    fn can_publish(&self, _: Option<&UserId>, channel: &ChannelName) -> bool {
        self.publish && !self.reserved.iter().any(|reserved| reserved.matches(channel))
    }
}
