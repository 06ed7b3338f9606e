//! The queue between the driver and one subscription.
//!
//! One mutex, held for a push or a pop and never across an await. The driver pushes and ends, the
//! application pops. Bounds are in messages and in bytes; what happens at them is the
//! subscription's [`Overflow`]. Weighed: tokio's bounded channel can neither drop its oldest
//! message nor count bytes.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use crate::message::{Gap, Message};
use crate::options::Overflow;
use crate::subscription::End;

/// Bounds of a queue.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub(crate) messages: usize,
    pub(crate) bytes: usize,
    pub(crate) overflow: Overflow,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Queue {
    bounds: Bounds,
    inner: Mutex<Inner>,
    /// The application has dropped its end.
    abandoned: AtomicBool,
}

#[derive(Debug, Default)]
struct Inner {
    messages: VecDeque<Message>,
    bytes: usize,
    /// What is missing in front of the oldest message.
    front: Gap,
    /// What is missing in front of the next message that comes.
    back: Gap,
    end: Option<End>,
    waker: Option<Waker>,
}

/// What became of a message.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Pushed {
    Kept,
    /// The queue was full, and the subscription ends with that.
    Ended,
}

impl Queue {
    pub(crate) fn new(bounds: Bounds) -> Arc<Self> {
        let inner = Mutex::default();
        Arc::new(Self { bounds, inner, abandoned: AtomicBool::new(false) })
    }

    /// Adds a message, and makes room for it as the subscription wants it.
    pub(crate) fn push(&self, message: &Message) -> Pushed {
        let mut inner = self.lock();
        if inner.end.is_some() {
            return Pushed::Kept;
        }
        let bytes = message.bytes();
        while inner.messages.len() >= self.bounds.messages
            || (inner.bytes + bytes > self.bounds.bytes && !inner.messages.is_empty())
        {
            if self.bounds.overflow == Overflow::End {
                inner.end = Some(End::Overflow);
                let waker = inner.waker.take();
                drop(inner);
                wake(waker);
                return Pushed::Ended;
            }
            inner.drop_oldest();
        }
        let gap = std::mem::take(&mut inner.back);
        let message = message.after(gap);
        inner.bytes += bytes;
        inner.messages.push_back(message);
        let waker = inner.waker.take();
        drop(inner);
        wake(waker);
        Pushed::Kept
    }

    /// Messages may be missing in front of the next one that comes.
    pub(crate) fn interrupt(&self) {
        let mut inner = self.lock();
        inner.back = Gap::Session;
    }

    /// Nothing comes any more. What is queued stays.
    pub(crate) fn end(&self, end: End) {
        let mut inner = self.lock();
        inner.end.get_or_insert(end);
        let waker = inner.waker.take();
        drop(inner);
        wake(waker);
    }

    /// The oldest message; `None` when all were taken and the queue has ended.
    pub(crate) fn poll_pop(&self, cx: &Context<'_>) -> Poll<Option<Message>> {
        let mut inner = self.lock();
        if let Some(message) = inner.messages.pop_front() {
            inner.bytes = inner.bytes.saturating_sub(message.bytes());
            let gap = join(std::mem::take(&mut inner.front), message.gap());
            return Poll::Ready(Some(message.after(gap)));
        }
        if inner.end.is_some() {
            return Poll::Ready(None);
        }
        match &mut inner.waker {
            Some(waker) => waker.clone_from(cx.waker()),
            None => inner.waker = Some(cx.waker().clone()),
        }
        Poll::Pending
    }

    /// Why the queue has ended.
    pub(crate) fn ended(&self) -> Option<End> {
        self.lock().end.clone()
    }

    pub(crate) fn abandon(&self) {
        self.abandoned.store(true, Ordering::Release);
    }

    pub(crate) fn is_abandoned(&self) -> bool {
        self.abandoned.load(Ordering::Acquire)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn drop_oldest(&mut self) {
        if let Some(oldest) = self.messages.pop_front() {
            self.bytes = self.bytes.saturating_sub(oldest.bytes());
            self.front = join(join(self.front, oldest.gap()), Gap::Dropped(1));
        }
    }
}

/// Two gaps without a message in between. A lost session outweighs a count, since it has none.
fn join(one: Gap, other: Gap) -> Gap {
    match (one, other) {
        (Gap::Session, _) | (_, Gap::Session) => Gap::Session,
        (Gap::None, gap) | (gap, Gap::None) => gap,
        (Gap::Dropped(one), Gap::Dropped(other)) => Gap::Dropped(one + other),
    }
}

/// Wakes the application, with the lock released.
fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use encke_bayeux::ChannelName;
    use futures::task::noop_waker_ref;
    use serde_json::value::RawValue;

    fn queue(messages: usize, bytes: usize, overflow: Overflow) -> Arc<Queue> {
        Queue::new(Bounds { messages, bytes, overflow })
    }

    fn message(data: &str) -> Message {
        let data = RawValue::from_string(data.to_owned()).unwrap();
        Message::new(ChannelName::new("/a").unwrap(), Some(&data), None)
    }

    fn popped(queue: &Queue) -> Option<(String, Gap)> {
        match queue.poll_pop(&Context::from_waker(noop_waker_ref())) {
            Poll::Ready(message) => {
                message.map(|message| (message.data().get().to_owned(), message.gap()))
            }
            Poll::Pending => Some(("pending".into(), Gap::None)),
        }
    }

    #[test]
    fn a_full_queue_drops_its_oldest_messages_and_says_how_many() {
        let queue = queue(2, 1000, Overflow::DropOldest);
        for data in ["1", "2", "3", "4"] {
            assert_eq!(queue.push(&message(data)), Pushed::Kept);
        }
        assert_eq!(popped(&queue), Some(("3".into(), Gap::Dropped(2))));
        assert_eq!(popped(&queue), Some(("4".into(), Gap::None)));
        assert_eq!(popped(&queue), Some(("pending".into(), Gap::None)));
    }

    #[test]
    fn bytes_are_bounded_too_and_one_message_always_fits() {
        let queue = queue(100, 4, Overflow::DropOldest);
        queue.push(&message("11"));
        queue.push(&message("22"));
        queue.push(&message("3"));
        assert_eq!(popped(&queue), Some(("22".into(), Gap::Dropped(1))));
        queue.push(&message("4444444"));
        assert_eq!(popped(&queue), Some(("4444444".into(), Gap::Dropped(1))));
    }

    #[test]
    fn a_full_queue_may_end_the_subscription_instead() {
        let queue = queue(1, 1000, Overflow::End);
        assert_eq!(queue.push(&message("1")), Pushed::Kept);
        assert_eq!(queue.push(&message("2")), Pushed::Ended);
        assert_eq!(popped(&queue), Some(("1".into(), Gap::None)));
        assert_eq!(popped(&queue), None);
        assert_eq!(queue.ended(), Some(End::Overflow));
    }

    #[test]
    fn an_interruption_shows_on_the_next_message_alone() {
        let queue = queue(2, 1000, Overflow::DropOldest);
        queue.push(&message("1"));
        queue.interrupt();
        queue.push(&message("2"));
        queue.push(&message("3"));
        assert_eq!(popped(&queue), Some(("2".into(), Gap::Session)));
        assert_eq!(popped(&queue), Some(("3".into(), Gap::None)));
    }

    #[test]
    fn what_is_queued_outlives_the_end() {
        let queue = queue(2, 1000, Overflow::DropOldest);
        queue.push(&message("1"));
        queue.end(End::Unsubscribed);
        queue.push(&message("2"));
        assert_eq!(popped(&queue), Some(("1".into(), Gap::None)));
        assert_eq!(popped(&queue), None);
    }
}
