//! Where notifications go.
//!
//! The projection knows one verb, so that its tests can record what it sends and an embedder can
//! stand in front of the broker.

use std::fmt::Debug;

use encke_bayeux::ChannelName;
use encke_broker::{Broker, UserId};

use crate::time;

/// A way to reach the sessions of one user.
///
/// Called on the writer of the call-state core, between two commits: it must not block.
pub trait Notify: Debug + Send + Sync + 'static {
    /// Delivers `data`, which is JSON text, to every session of `user` that listens to `channel`.
    /// Answers how many were reached; nobody listening is no error.
    fn deliver(&self, user: &UserId, channel: &ChannelName, data: &str) -> usize;
}

impl Notify for Broker {
    fn deliver(&self, user: &UserId, channel: &ChannelName, data: &str) -> usize {
        self.deliver_to_user(user, channel, data, time::now())
    }
}
