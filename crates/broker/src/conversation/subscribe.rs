//! `/meta/subscribe` and `/meta/unsubscribe`.
//!
//! An array is subscribed whole or not at all. Meta channels cannot be subscribed; service channels
//! can, without effect.
//!
//! # Sources
//!
//! Specified: Bayeux 1.0, "Subscribe", "Unsubscribe". Observed: CometD keeps what stands in front of
//! the first refusal of an array, and cometd-nodejs-server checks all first, as here.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::value::RawValue;

use encke_bayeux::ext::Members;
use encke_bayeux::reply::Reply;
use encke_bayeux::{ChannelKind, ChannelPattern, Failure, Message, ReplayFrom};

use super::Conversation;
use crate::cell::Cell;

impl Conversation<'_> {
    pub(super) fn subscribe(&mut self, message: &Message<'_>, cell: &Arc<Cell>) {
        let broker = self.broker;
        let subscribed = patterns(message).and_then(|patterns| {
            // All or none, so all are asked about before the first one is subscribed.
            for pattern in &patterns {
                self.may_subscribe(message, pattern)?;
            }
            // Service channels are for talking to the server; a subscription there means nothing.
            let broadcast = patterns.iter().filter(|p| p.kind() == ChannelKind::Broadcast);
            let broadcast: BTreeSet<_> = broadcast.collect();
            let broadcast: Vec<_> = broadcast.into_iter().collect();
            let limit = broker.config().subscriptions_per_session;
            if !cell.lock().has_room_for(&broadcast, limit) {
                return Err(Failure::TooManySubscriptions);
            }
            if self.asked.replay.is_some() && broker.keeps_log() || cell.lock().is_catching_up() {
                return self.subscribe_from(cell, &broadcast);
            }
            broadcast.into_iter().try_for_each(|pattern| broker.subscribe(cell, pattern))
        });
        self.settle(message, subscribed);
    }

    /// Subscribes from where the message says, and notes for the reply what follows.
    fn subscribe_from(
        &mut self,
        cell: &Arc<Cell>,
        patterns: &[&ChannelPattern],
    ) -> Result<(), Failure> {
        let beginning = |pattern: &ChannelPattern| {
            self.asked.replay.and_then(|asked| ReplayFrom::read(asked, pattern.as_str()))
        };
        let beginnings: Vec<_> =
            patterns.iter().map(|pattern| (*pattern, beginning(pattern))).collect();
        let subscribed = self.broker.subscribe_from(cell, &beginnings, self.request.now);
        let (answers, outcome) = match subscribed {
            Ok(answers) => (answers, Ok(())),
            Err(refused) => (refused.answer.into_iter().collect(), Err(refused.failure)),
        };
        let mut members = Members::new();
        for (pattern, answer) in &answers {
            members.push(pattern.as_str(), &answer.to_string());
        }
        if let Some(members) = members.text() {
            self.ext.push("replay", &format!("{{{members}}}"));
        }
        self.answers = answers;
        outcome
    }

    pub(super) fn unsubscribe(&mut self, message: &Message<'_>, cell: &Arc<Cell>) {
        let unsubscribed = patterns(message).and_then(|patterns| {
            if patterns.iter().any(|pattern| pattern.kind() == ChannelKind::Meta) {
                return Err(Failure::UnsubscribeFailed);
            }
            for pattern in &patterns {
                self.broker.unsubscribe(cell, pattern);
            }
            Ok(())
        });
        self.settle(message, unsubscribed);
    }

    fn settle(&mut self, message: &Message<'_>, outcome: Result<(), Failure>) {
        if let Err(failure) = outcome {
            self.refuse(message, None, &failure);
            return;
        }
        let success = Reply::success(message.channel.get(), message.id.get());
        self.reply(&Reply { subscription: message.subscription.map(RawValue::get), ..success });
    }
}

/// Reads `subscription`: a pattern or an array of patterns.
///
/// Observed: an empty array gets a reply without `successful` from CometD; here it is missing.
fn patterns(message: &Message<'_>) -> Result<Vec<ChannelPattern>, Failure> {
    let raw = message.subscription.ok_or(Failure::SubscriptionMissing)?.get();
    let texts: Vec<String> = if raw.starts_with('[') {
        serde_json::from_str(raw).map_err(|_| Failure::SubscriptionInvalid)?
    } else {
        vec![serde_json::from_str(raw).map_err(|_| Failure::SubscriptionInvalid)?]
    };
    if texts.is_empty() {
        return Err(Failure::SubscriptionMissing);
    }
    let parse = |text: &String| ChannelPattern::new(text).map_err(|_| Failure::SubscriptionInvalid);
    texts.iter().map(parse).collect()
}
