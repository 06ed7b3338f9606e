//! Requests that wait to be sent, in order.
//!
//! What was given together stays together: a group is never split over two bodies. A body takes as
//! many groups as its bounds allow, and at least one. The outbox itself refuses nothing; whoever
//! fills it asks [`Outbox::has_room`] first.

use std::collections::VecDeque;

use encke_bayeux::{ChannelName, ChannelPattern};
use serde_json::value::RawValue;

/// One request that waits, or that was sent and waits for its reply.
#[derive(Debug)]
pub(crate) struct Entry {
    /// The id of the message on the wire.
    pub(crate) id: u64,
    pub(crate) item: Item,
}

/// What a request asks for.
#[derive(Debug)]
pub(crate) enum Item {
    Subscribe(ChannelPattern),
    Unsubscribe(ChannelPattern),
    Publish { channel: ChannelName, data: Box<RawValue> },
    Disconnect,
}

impl Entry {
    /// About what the request takes on the wire.
    fn bytes(&self) -> usize {
        const MEMBERS: usize = 128;
        MEMBERS
            + match &self.item {
                Item::Subscribe(pattern) | Item::Unsubscribe(pattern) => pattern.as_str().len(),
                Item::Publish { channel, data } => channel.as_str().len() + data.get().len(),
                Item::Disconnect => 0,
            }
    }
}

/// Bounds of the outbox and of one body.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// Most requests in one body.
    pub(crate) batch_messages: usize,
    /// Most bytes of one body, about.
    pub(crate) batch_bytes: usize,
    /// Requests from which on nothing more is taken in.
    pub(crate) queue_messages: usize,
    /// Bytes from which on nothing more is taken in.
    pub(crate) queue_bytes: usize,
}

/// Groups of requests that wait.
#[derive(Debug)]
pub(crate) struct Outbox {
    bounds: Bounds,
    groups: VecDeque<Vec<Entry>>,
    messages: usize,
    bytes: usize,
}

impl Outbox {
    pub(crate) fn new(bounds: Bounds) -> Self {
        Self { bounds, groups: VecDeque::new(), messages: 0, bytes: 0 }
    }

    pub(crate) fn push(&mut self, group: Vec<Entry>) {
        self.count(&group);
        self.groups.push_back(group);
    }

    /// Puts entries in front of all others, each a group of its own, in their order.
    pub(crate) fn push_front(&mut self, entries: Vec<Entry>) {
        self.count(&entries);
        for entry in entries.into_iter().rev() {
            self.groups.push_front(vec![entry]);
        }
    }

    /// What fits into one body.
    pub(crate) fn take(&mut self) -> VecDeque<Entry> {
        let mut batch = VecDeque::new();
        let mut bytes = 0;
        while let Some(group) = self.groups.front() {
            let more: usize = group.iter().map(Entry::bytes).sum();
            let fits = batch.len() + group.len() <= self.bounds.batch_messages
                && bytes + more <= self.bounds.batch_bytes;
            if !batch.is_empty() && !fits {
                break;
            }
            bytes += more;
            batch.extend(self.groups.pop_front().into_iter().flatten());
        }
        self.messages = self.messages.saturating_sub(batch.len());
        self.bytes = self.bytes.saturating_sub(bytes);
        batch
    }

    /// Takes every entry out that `unwanted` names.
    pub(crate) fn remove(&mut self, mut unwanted: impl FnMut(&Entry) -> bool) -> Vec<Entry> {
        let mut removed = Vec::new();
        for group in &mut self.groups {
            removed.extend(group.extract_if(.., |entry| unwanted(entry)));
        }
        self.groups.retain(|group| !group.is_empty());
        self.messages = self.messages.saturating_sub(removed.len());
        self.bytes = self.bytes.saturating_sub(removed.iter().map(Entry::bytes).sum());
        removed
    }

    pub(crate) fn contains(&self, id: u64) -> bool {
        self.groups.iter().flatten().any(|entry| entry.id == id)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    /// Whether more should be taken in.
    pub(crate) fn has_room(&self) -> bool {
        self.messages < self.bounds.queue_messages && self.bytes < self.bounds.queue_bytes
    }

    fn count(&mut self, entries: &[Entry]) {
        self.messages += entries.len();
        self.bytes += entries.iter().map(Entry::bytes).sum::<usize>();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: Bounds =
        Bounds { batch_messages: 3, batch_bytes: 1000, queue_messages: 4, queue_bytes: 2000 };

    fn publish(id: u64, bytes: usize) -> Entry {
        let data = RawValue::from_string(format!("\"{}\"", "x".repeat(bytes))).unwrap();
        Entry { id, item: Item::Publish { channel: ChannelName::new("/a").unwrap(), data } }
    }

    fn taken(outbox: &mut Outbox) -> Vec<u64> {
        outbox.take().iter().map(|entry| entry.id).collect()
    }

    #[test]
    fn a_body_takes_what_fits_in_order() {
        let mut outbox = Outbox::new(BOUNDS);
        for id in 1..=4 {
            outbox.push(vec![publish(id, 1)]);
        }
        outbox.push(vec![publish(5, 800)]);
        assert_eq!(taken(&mut outbox), [1, 2, 3]);
        assert_eq!(taken(&mut outbox), [4]);
        assert_eq!(taken(&mut outbox), [5]);
        assert!(outbox.is_empty() && outbox.take().is_empty());
    }

    #[test]
    fn a_group_stays_together_even_beyond_the_bounds() {
        let mut outbox = Outbox::new(BOUNDS);
        outbox.push(vec![publish(1, 1)]);
        outbox.push((2..=6).map(|id| publish(id, 900)).collect());
        assert_eq!(taken(&mut outbox), [1]);
        assert_eq!(taken(&mut outbox), [2, 3, 4, 5, 6]);
    }

    #[test]
    fn room_is_bounded_in_messages_and_in_bytes() {
        let mut outbox = Outbox::new(BOUNDS);
        for id in 1..=4 {
            assert!(outbox.has_room());
            outbox.push(vec![publish(id, 1)]);
        }
        assert!(!outbox.has_room());
        outbox.take();
        assert!(outbox.has_room());
        outbox.push(vec![publish(5, 2000)]);
        assert!(!outbox.has_room());
        assert_eq!(outbox.remove(|entry| entry.id == 5).len(), 1);
        assert!(outbox.has_room());
    }

    #[test]
    fn what_is_put_in_front_keeps_its_order() {
        let mut outbox = Outbox::new(BOUNDS);
        outbox.push(vec![publish(3, 1)]);
        outbox.push_front(vec![publish(1, 1), publish(2, 1)]);
        assert_eq!(taken(&mut outbox), [1, 2, 3]);
    }
}
