//! Who may do what on which channel: grants and denials by pattern.
//!
//! A policy decides about everything at once; authorizers are hung on patterns, by whoever owns
//! that part of the channel tree. Every authorizer whose pattern contains the channel is asked,
//! from the widest pattern to the channel itself:
//!
//! | What they say           | Comes to                                        |
//! |-------------------------|-------------------------------------------------|
//! | there is none           | granted                                         |
//! | any says deny           | refused at once, `403:<reason>:...`             |
//! | at least one says grant | granted                                         |
//! | all say ignore          | refused, `403:denied_by_not_granting:...`       |
//!
//! So an authorizer on `/**` that ignores everything closes the server, and others open parts of
//! it. The policy is asked first, and its no is final. Meta channels are nobody's to authorize;
//! service channels are, with `/**` too.
//!
//! # Creating
//!
//! Channels are not kept here: one comes into being with its first subscription, and a publish on
//! one that nobody subscribed to by that very name would make it where peers keep channels. Both
//! are [`Operation::Create`]. Private channels and service channels with a service exist already.
//!
//! # Sources
//!
//! Documented: CometD's `Authorizer` and `GrantAuthorizer`. Observed: a denial wins whatever the
//! order; for a wildcard, the patterns that contain it are asked.

use std::fmt;
use std::sync::Arc;

use encke_bayeux::{ChannelPattern, Reason};

use crate::policy::Asking;

/// What somebody wants to do on a channel.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Operation {
    /// Subscribe to, or publish on, a channel that nobody is subscribed to.
    Create,
    /// Subscribe.
    Subscribe,
    /// Publish, or send to a service.
    Publish,
}

/// What an authorizer says.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Opinion {
    /// Yes, unless another one denies.
    Grant,
    /// Not mine to say.
    Ignore,
    /// No, whatever others say, and why.
    Deny(Reason),
}

/// Says who may do what on the channels that its pattern contains.
///
/// Called on the thread that brought the message, under no lock; it must not block.
pub trait Authorizer: fmt::Debug + Send + Sync {
    /// One opinion. `channel` is a wildcard where somebody subscribes to one.
    fn authorize(
        &self,
        operation: Operation,
        channel: &ChannelPattern,
        asking: &Asking<'_>,
    ) -> Opinion;
}

/// Grants some operations to everybody and ignores the others.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Grants(Vec<Operation>);

impl Grants {
    /// Grants these operations.
    pub fn to_all(operations: impl Into<Vec<Operation>>) -> Self {
        Self(operations.into())
    }

    /// Grants nothing: what nobody else grants is refused.
    pub fn none() -> Self {
        Self(Vec::new())
    }
}

impl Authorizer for Grants {
    fn authorize(&self, operation: Operation, _: &ChannelPattern, _: &Asking<'_>) -> Opinion {
        if self.0.contains(&operation) { Opinion::Grant } else { Opinion::Ignore }
    }
}

/// Authorizers by pattern, the widest first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Authorizers(Vec<(ChannelPattern, Arc<dyn Authorizer>)>);

impl Authorizers {
    pub(crate) fn add(&mut self, pattern: ChannelPattern, authorizer: Arc<dyn Authorizer>) {
        let place = self.0.partition_point(|(other, _)| narrowness(other) <= narrowness(&pattern));
        self.0.insert(place, (pattern, authorizer));
    }

    /// Puts the opinions of those together whose pattern `concerns` the channel; why not, if not.
    /// `ask` runs one authorizer.
    pub(crate) fn decide(
        &self,
        concerns: impl Fn(&ChannelPattern) -> bool,
        mut ask: impl FnMut(&dyn Authorizer) -> Opinion,
    ) -> Result<(), Reason> {
        let mut outcome = Ok(());
        let concerned = self.0.iter().filter(|(pattern, _)| concerns(pattern));
        let mut granted = false;
        for (_, authorizer) in concerned {
            match ask(&**authorizer) {
                Opinion::Deny(reason) => return Err(reason),
                Opinion::Grant => granted = true,
                Opinion::Ignore => outcome = Err(Reason::NOT_GRANTING),
            }
        }
        if granted { Ok(()) } else { outcome }
    }
}

/// Orders patterns that contain the same channel: `/**`, `/a/**`, `/a/*`, `/a/b`.
fn narrowness(pattern: &ChannelPattern) -> (usize, u8) {
    let text = pattern.as_str();
    let kind = match text {
        _ if text.ends_with("/**") => 0,
        _ if text.ends_with("/*") => 1,
        _ => 2,
    };
    (text.matches('/').count(), kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Says(Opinion);

    impl Authorizer for Says {
        fn authorize(&self, _: Operation, _: &ChannelPattern, _: &Asking<'_>) -> Opinion {
            self.0.clone()
        }
    }

    fn decided(authorizers: &[(&str, Opinion)], channel: &str) -> Result<(), Reason> {
        let mut all = Authorizers::default();
        for (pattern, opinion) in authorizers {
            let pattern = ChannelPattern::new(pattern).unwrap();
            all.add(pattern, Arc::new(Says(opinion.clone())));
        }
        let channel = ChannelPattern::new(channel).unwrap();
        let asking = Asking::default();
        all.decide(
            |pattern| pattern.contains(&channel),
            |one| one.authorize(Operation::Publish, &channel, &asking),
        )
    }

    fn deny(reason: &'static str) -> Opinion {
        Opinion::Deny(Reason::new(reason).unwrap())
    }

    #[test]
    fn opinions_come_together_as_documented() {
        use Opinion::{Grant, Ignore};
        let not_granting = Err(Reason::NOT_GRANTING);
        for (authorizers, outcome) in [
            (vec![], Ok(())),
            (vec![("/other", deny("x"))], Ok(())),
            (vec![("/**", Ignore)], not_granting.clone()),
            (vec![("/**", Ignore), ("/a/b", Grant)], Ok(())),
            (vec![("/a/b", Grant), ("/a/*", Ignore)], Ok(())),
            (vec![("/**", Grant), ("/a/b", deny("x"))], Err(Reason::new("x").unwrap())),
            (vec![("/a/b", deny("x")), ("/**", Grant)], Err(Reason::new("x").unwrap())),
            (
                vec![("/a/*", deny("narrow")), ("/a/**", deny("wide"))],
                Err(Reason::new("wide").unwrap()),
            ),
            (
                vec![("/a/b", deny("exact")), ("/a/*", deny("narrow"))],
                Err(Reason::new("narrow").unwrap()),
            ),
        ] {
            assert_eq!(decided(&authorizers, "/a/b"), outcome, "{authorizers:?}");
        }
    }

    #[test]
    fn wildcards_are_authorized_by_what_contains_them() {
        for (pattern, channel, concerned) in [
            ("/**", "/a/*", true),
            ("/a/**", "/a/*", true),
            ("/a/*", "/a/*", true),
            ("/a/*", "/a/**", false),
            ("/**", "/meta/x", false),
        ] {
            let refused = decided(&[(pattern, deny("x"))], channel).is_err();
            assert_eq!(refused, concerned, "{pattern} {channel}");
        }
    }
}
