//! Which subscription gets which message.
//!
//! Pure bookkeeping: patterns to queues. When the router is dropped, all its queues end.

use std::collections::HashMap;
use std::sync::Arc;

use encke_bayeux::{ChannelKind, ChannelPattern, pattern};

use crate::command::SubscriberId;
use crate::message::Message;
use crate::queue::{Pushed, Queue};
use crate::status::CloseReason;
use crate::subscription::End;

/// All subscriptions of one client.
#[derive(Debug, Default)]
pub(crate) struct Router {
    patterns: HashMap<Arc<str>, Vec<(SubscriberId, Arc<Queue>)>>,
    subscribers: HashMap<SubscriberId, ChannelPattern>,
}

impl Router {
    pub(crate) fn add(&mut self, id: SubscriberId, pattern: &ChannelPattern, queue: Arc<Queue>) {
        self.patterns.entry(pattern.shared()).or_default().push((id, queue));
        self.subscribers.insert(id, pattern.clone());
    }

    /// The pattern that the subscription had; `None` if it is gone.
    pub(crate) fn remove(&mut self, id: SubscriberId) -> Option<ChannelPattern> {
        let pattern = self.subscribers.remove(&id)?;
        if let Some(queues) = self.patterns.get_mut(pattern.as_str()) {
            queues.retain(|(other, _)| *other != id);
            if queues.is_empty() {
                self.patterns.remove(pattern.as_str());
            }
        }
        Some(pattern)
    }

    /// Hands a message to every subscription that matches. Returns those that end with it.
    pub(crate) fn deliver(&self, message: &Message) -> Vec<SubscriberId> {
        let mut ended = Vec::new();
        pattern::covering(message.channel(), |text| {
            for (id, queue) in self.patterns.get(text).into_iter().flatten() {
                if queue.push(message) == Pushed::Ended {
                    ended.push(*id);
                }
            }
        });
        ended
    }

    /// Messages of a pattern may be missing here.
    pub(crate) fn interrupt(&self, pattern: &ChannelPattern) {
        for (_, queue) in self.patterns.get(pattern.as_str()).into_iter().flatten() {
            queue.interrupt();
        }
    }

    /// Ends all subscriptions of a pattern.
    pub(crate) fn revoke(&mut self, pattern: &ChannelPattern, end: &End) {
        for (id, queue) in self.patterns.remove(pattern.as_str()).into_iter().flatten() {
            self.subscribers.remove(&id);
            queue.end(end.clone());
        }
    }

    /// Ends everything.
    pub(crate) fn close(&mut self, reason: &CloseReason) {
        self.subscribers.clear();
        for (_, queue) in self.patterns.drain().flat_map(|(_, queues)| queues) {
            queue.end(End::Closed(reason.clone()));
        }
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
