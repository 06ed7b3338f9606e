//! Whether a client may subscribe, publish, or speak to a service.
//!
//! The broker's own guards come first, then the policy, then the authorizers. Whoever would bring a
//! channel into being is asked about that before.
//!
//! # Sources
//!
//! Observed: CometD 5 to 8 for the order and the errors.

use encke_bayeux::{ChannelKind, ChannelName, ChannelPattern, Failure, Message, Reason};

use super::Conversation;
use crate::authorizer::{Operation, Opinion};
use crate::policy::{Asking, Policy};

impl Conversation<'_> {
    pub(super) fn may_subscribe(
        &self,
        message: &Message<'_>,
        pattern: &ChannelPattern,
    ) -> Result<(), Failure> {
        match pattern.kind() {
            ChannelKind::Meta => Err(match pattern.as_str() {
                "/meta/handshake" | "/meta/connect" | "/meta/subscribe" | "/meta/unsubscribe"
                | "/meta/disconnect" => Failure::SubscribeDenied,
                _ => Failure::SubscribeCreateDenied,
            }),
            // A subscription there means nothing.
            ChannelKind::Service => Ok(()),
            ChannelKind::Broadcast => {
                let exists =
                    self.broker.lies_in_private(pattern) || self.broker.is_subscribed(pattern);
                if !exists {
                    let asking = self.asking(message);
                    let wanted = Wanted { channel: pattern, name: None };
                    self.may_create(wanted, &asking, &Failure::SubscribeCreateDenied)?;
                }
                self.may_listen(message, pattern)
            }
        }
    }

    /// Whether somebody may receive what is published there.
    pub(super) fn may_listen(
        &self,
        message: &Message<'_>,
        pattern: &ChannelPattern,
    ) -> Result<(), Failure> {
        let asking = self.asking(message);
        let needs_user = self.broker.lies_in_private(pattern);
        if pattern.kind() != ChannelKind::Broadcast || (needs_user && asking.user.is_none()) {
            return Err(Failure::SubscribeDenied);
        }
        let wanted = Wanted { channel: pattern, name: None };
        let allowed = |policy: &dyn Policy| policy.can_subscribe(&asking, pattern);
        self.policy_allows(allowed, Failure::SubscribeDenied)?;
        self.authorized(Operation::Subscribe, wanted, &asking, &Failure::SubscribeDenied)
    }

    pub(super) fn may_publish(
        &self,
        message: &Message<'_>,
        channel: &ChannelName,
    ) -> Result<(), Failure> {
        if self.broker.is_private(channel) {
            return Err(Failure::PublishDenied);
        }
        let asking = self.asking(message);
        let name = ChannelPattern::from(channel);
        let wanted = Wanted { channel: &name, name: Some(channel) };
        if !self.broker.is_subscribed(&name) {
            self.may_create(wanted, &asking, &Failure::ChannelCreateDenied)?;
        }
        self.policy_allows(|policy| policy.can_publish(&asking, channel), Failure::PublishDenied)?;
        self.authorized(Operation::Publish, wanted, &asking, &Failure::PublishDenied)
    }

    /// The policy is not asked: a service decides about its callers.
    pub(super) fn may_call(
        &self,
        message: &Message<'_>,
        channel: &ChannelName,
        exists: bool,
    ) -> Result<(), Failure> {
        let asking = self.asking(message);
        let name = ChannelPattern::from(channel);
        let wanted = Wanted { channel: &name, name: Some(channel) };
        if !exists {
            let denied = &Failure::ChannelCreateDenied;
            self.authorized(Operation::Create, wanted, &asking, denied)?;
        }
        self.authorized(Operation::Publish, wanted, &asking, &Failure::PublishDenied)
    }

    fn may_create(
        &self,
        wanted: Wanted<'_>,
        asking: &Asking<'_>,
        denied: &Failure,
    ) -> Result<(), Failure> {
        self.policy_allows(|policy| policy.can_create(asking, wanted.channel), denied.clone())?;
        self.authorized(Operation::Create, wanted, asking, denied)
    }

    fn policy_allows(
        &self,
        allowed: impl FnOnce(&dyn Policy) -> bool,
        denied: Failure,
    ) -> Result<(), Failure> {
        let policy = &*self.broker.config().policy;
        let allowed = self.broker.guarded("policy", || allowed(policy)).unwrap_or(false);
        if allowed { Ok(()) } else { Err(denied) }
    }

    fn authorized(
        &self,
        operation: Operation,
        wanted: Wanted<'_>,
        asking: &Asking<'_>,
        denied: &Failure,
    ) -> Result<(), Failure> {
        let config = self.broker.config();
        let concerns = |pattern: &ChannelPattern| wanted.is_concern_of(pattern);
        let outcome = config.authorizers.decide(concerns, |authorizer| {
            let opinion = || authorizer.authorize(operation, wanted.channel, asking);
            let opinion = self.broker.guarded("authorizer", opinion);
            opinion.unwrap_or(Opinion::Deny(Reason::POLICY))
        });
        outcome.map_err(|reason| denied.because(&reason, config.dialect))
    }
}

/// The channel that somebody wants something of.
#[derive(Clone, Copy)]
struct Wanted<'a> {
    channel: &'a ChannelPattern,
    /// The same as a name, where it cannot be a wildcard.
    name: Option<&'a ChannelName>,
}

impl Wanted<'_> {
    /// Whether an authorizer of `pattern` is asked. Wildcards of authorizers reach services too.
    fn is_concern_of(&self, pattern: &ChannelPattern) -> bool {
        self.name.map_or_else(|| pattern.contains(self.channel), |name| pattern.covers(name))
    }
}
