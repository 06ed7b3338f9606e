//! Which subscription gets which message.
//!
//! Pure bookkeeping: patterns to queues. When the router is dropped, all its queues end.

use std::collections::HashMap;
use std::sync::Arc;

use encke_bayeux::{ChannelKind, ChannelPattern, pattern};

use crate::command::SubscriberId;
use crate::machine::Receipt;
use crate::message::{Gap, Message};
use crate::queue::{Pushed, Queue};
use crate::replay::{Position, Replay};
use crate::status::CloseReason;
use crate::subscription::End;

/// All subscriptions of one client.
#[derive(Debug, Default)]
pub(crate) struct Router {
    patterns: HashMap<Arc<str>, Route>,
    subscribers: HashMap<SubscriberId, ChannelPattern>,
}

/// All subscriptions of one pattern.
#[derive(Debug, Default)]
struct Route {
    queues: Vec<(SubscriberId, Arc<Queue>)>,
    /// What the server said last of its log.
    replay: Option<Replay>,
}

impl Router {
    pub(crate) fn add(&mut self, id: SubscriberId, pattern: &ChannelPattern, queue: Arc<Queue>) {
        let route = self.patterns.entry(pattern.shared()).or_default();
        if let Some(replay) = route.replay {
            queue.tell(replay);
        }
        route.queues.push((id, queue));
        self.subscribers.insert(id, pattern.clone());
    }

    /// The pattern that the subscription had; `None` if it is gone.
    pub(crate) fn remove(&mut self, id: SubscriberId) -> Option<ChannelPattern> {
        let pattern = self.subscribers.remove(&id)?;
        if let Some(route) = self.patterns.get_mut(pattern.as_str()) {
            route.queues.retain(|(other, _)| *other != id);
            if route.queues.is_empty() {
                self.patterns.remove(pattern.as_str());
            }
        }
        Some(pattern)
    }

    /// Hands a message to every subscription that matches. Returns those that end with it.
    ///
    /// The receipts say of patterns with a place in the server's log whether they had the message
    /// already, and whose log it is.
    pub(crate) fn deliver(&self, message: &Message, receipts: &[Receipt]) -> Vec<SubscriberId> {
        let mut ended = Vec::new();
        pattern::covering(message.channel(), |text| {
            let Some(route) = self.patterns.get(text) else { return };
            let message = match receipts.iter().find(|receipt| receipt.pattern.as_str() == text) {
                Some(receipt) if receipt.seen => return,
                Some(receipt) => &message.received(receipt.epoch, receipt.reached),
                None => message,
            };
            ended.extend(route.push(message));
        });
        ended
    }

    /// Hands a message to the subscriptions of one pattern.
    pub(crate) fn deliver_late(&self, message: &Message, receipt: &Receipt) -> Vec<SubscriberId> {
        let route = self.patterns.get(receipt.pattern.as_str()).filter(|_| !receipt.seen);
        let message = message.received(receipt.epoch, receipt.reached);
        route.into_iter().flat_map(|route| route.push(&message)).collect()
    }

    /// Messages of a pattern may be missing here.
    pub(crate) fn interrupt(&self, pattern: &ChannelPattern, gap: Gap) {
        for queue in self.queues(pattern) {
            queue.interrupt(gap);
        }
    }

    /// Messages of any pattern that the server delivers may be missing here.
    pub(crate) fn interrupt_all(&self, gap: Gap) {
        for (_, queue) in self.patterns.values().flat_map(|route| &route.queues) {
            queue.interrupt(gap);
        }
    }

    /// What the server says of its log and a pattern.
    pub(crate) fn tell(&mut self, pattern: &ChannelPattern, replay: Replay) {
        if let Some(route) = self.patterns.get_mut(pattern.as_str()) {
            route.replay = Some(replay);
        }
        for queue in self.queues(pattern) {
            queue.tell(replay);
        }
    }

    /// Everything of a pattern up to this position was delivered.
    pub(crate) fn settle(&self, pattern: &ChannelPattern, position: Position) {
        for queue in self.queues(pattern) {
            queue.settle(position);
        }
    }

    /// Ends all subscriptions of a pattern.
    pub(crate) fn revoke(&mut self, pattern: &ChannelPattern, end: &End) {
        let route = self.patterns.remove(pattern.as_str()).unwrap_or_default();
        for (id, queue) in route.queues {
            self.subscribers.remove(&id);
            queue.end(end.clone());
        }
    }

    /// Ends everything.
    pub(crate) fn close(&mut self, reason: &CloseReason) {
        self.subscribers.clear();
        for (_, queue) in self.patterns.drain().flat_map(|(_, route)| route.queues) {
            queue.end(End::Closed(reason.clone()));
        }
    }

    fn queues(&self, pattern: &ChannelPattern) -> impl Iterator<Item = &Queue> {
        let route = self.patterns.get(pattern.as_str());
        route.into_iter().flat_map(|route| &route.queues).map(|(_, queue)| &**queue)
    }
}

impl Route {
    /// Returns the subscriptions that end with it.
    fn push(&self, message: &Message) -> impl Iterator<Item = SubscriberId> {
        let ended = |(_, queue): &&(_, Arc<Queue>)| queue.push(message) == Pushed::Ended;
        self.queues.iter().filter(ended).map(|(id, _)| *id)
    }
}

impl Drop for Router {
    fn drop(&mut self) {
        self.close(&CloseReason::Dropped);
    }
}

/// Whether the server has to be asked for a pattern. Messages on service channels come unasked.
pub(crate) fn is_remote(pattern: &ChannelPattern) -> bool {
    pattern.kind() == ChannelKind::Broadcast
}
