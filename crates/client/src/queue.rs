//! The queue between the driver and one subscription.
//!
//! One mutex, held for a push or a pop and never across an await. The driver pushes and ends, the
//! application pops. Bounds are in messages and in bytes; what happens at them is the
//! subscription's [`Overflow`]. Weighed: tokio's bounded channel can neither drop its oldest
//! message nor count bytes.
//!
//! # Positions
//!
//! If positions are kept, the queue remembers where to go on behind the message that the application
//! has in hand: at its position, or before it while older messages may still come. That goes to the store when the next message is asked for: then the one in hand was handled.
//! A position that covers more than the last message (a server tells such, so that a quiet channel's
//! does not get too old) waits until the queue is empty and nothing is in hand.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use encke_bayeux::ChannelPattern;
use tokio::sync::watch;

use crate::link::Shared;
use crate::message::{Gap, Message};
use crate::options::Overflow;
use crate::replay::{Position, PositionStore, Replay};
use crate::subscription::End;

/// Bounds of a queue.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub(crate) messages: usize,
    pub(crate) bytes: usize,
    pub(crate) overflow: Overflow,
    /// What may come beyond these, if the server is to wait.
    pub(crate) slack_bytes: usize,
}

/// Where positions go.
#[derive(Debug)]
pub(crate) struct Keeper {
    pub(crate) store: Arc<dyn PositionStore>,
    pub(crate) pattern: ChannelPattern,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Queue {
    bounds: Bounds,
    keeper: Option<Keeper>,
    shared: Arc<Shared>,
    inner: Mutex<Inner>,
    replay: watch::Sender<Option<Replay>>,
}

#[derive(Debug, Default)]
struct Inner {
    messages: VecDeque<Message>,
    bytes: usize,
    /// Beyond the bounds.
    excess: usize,
    /// The server is to wait for this queue.
    full: bool,
    /// What is missing in front of the oldest message.
    front: Gap,
    /// What is missing in front of the next message that comes.
    back: Gap,
    /// Where to go on behind the message that was popped last.
    in_hand: Option<Position>,
    /// A position behind everything that is queued.
    tail: Option<Position>,
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
    pub(crate) fn new(bounds: Bounds, keeper: Option<Keeper>, shared: Arc<Shared>) -> Arc<Self> {
        Arc::new(Self {
            bounds,
            keeper,
            shared,
            inner: Mutex::default(),
            replay: watch::Sender::new(None),
        })
    }

    /// Adds a message, and makes room for it as the subscription wants it.
    pub(crate) fn push(&self, message: &Message) -> Pushed {
        let mut inner = self.lock();
        if inner.end.is_some() {
            return Pushed::Kept;
        }
        let bytes = message.bytes();
        match self.bounds.overflow {
            Overflow::DropOldest => {
                while inner.is_beyond(&self.bounds, bytes) {
                    inner.drop_oldest();
                }
            }
            Overflow::End if inner.is_beyond(&self.bounds, bytes) => {
                self.finish(inner, End::Overflow);
                return Pushed::Ended;
            }
            Overflow::Wait if inner.full => {
                inner.excess += message.cost();
                if inner.excess > self.bounds.slack_bytes {
                    self.finish(inner, End::Overflow);
                    return Pushed::Ended;
                }
            }
            Overflow::End | Overflow::Wait => {}
        }
        let gap = std::mem::take(&mut inner.back);
        let message = message.after(gap);
        if message.number().is_some() {
            inner.tail = None;
        }
        inner.bytes += bytes;
        inner.messages.push_back(message);
        let reached =
            inner.messages.len() >= self.bounds.messages || inner.bytes >= self.bounds.bytes;
        if self.bounds.overflow == Overflow::Wait && reached && !inner.full {
            inner.full = true;
            self.shared.filled();
        }
        let waker = inner.waker.take();
        drop(inner);
        wake(waker);
        Pushed::Kept
    }

    /// Messages may be missing in front of the next one that comes.
    pub(crate) fn interrupt(&self, gap: Gap) {
        let mut inner = self.lock();
        inner.back = join(inner.back, gap);
    }

    /// What the server says of its log.
    pub(crate) fn tell(&self, replay: Replay) {
        self.replay.send_replace(Some(replay));
    }

    /// What the server says of its log, to look at or to watch.
    pub(crate) fn replay(&self) -> watch::Receiver<Option<Replay>> {
        self.replay.subscribe()
    }

    /// Everything up to this position is in the queue, or was.
    pub(crate) fn settle(&self, position: Position) {
        if self.keeper.is_none() {
            return;
        }
        let mut inner = self.lock();
        inner.tail = Some(position);
        // With nothing left to hand out, the application keeps it by asking again.
        let waker = if inner.messages.is_empty() { inner.waker.take() } else { None };
        drop(inner);
        wake(waker);
    }

    /// Nothing comes any more. What is queued stays.
    pub(crate) fn end(&self, end: End) {
        self.finish(self.lock(), end);
    }

    /// The oldest message; `None` when all were taken and the queue has ended. The one before it
    /// was handled.
    pub(crate) fn poll_pop(&self, cx: &Context<'_>) -> Poll<Option<Message>> {
        let mut inner = self.lock();
        let mut handled = inner.in_hand.take();
        let polled = if let Some(message) = inner.messages.pop_front() {
            inner.bytes = inner.bytes.saturating_sub(message.bytes());
            let gap = join(std::mem::take(&mut inner.front), message.gap());
            if self.keeper.is_some() {
                inner.in_hand = message.resumption();
            }
            Poll::Ready(Some(message.after(gap)))
        } else {
            handled = inner.tail.take().or(handled);
            if inner.end.is_some() {
                Poll::Ready(None)
            } else {
                match &mut inner.waker {
                    Some(waker) => waker.clone_from(cx.waker()),
                    None => inner.waker = Some(cx.waker().clone()),
                }
                Poll::Pending
            }
        };
        let drained = inner.full && inner.has_much_room(&self.bounds) && inner.release();
        drop(inner);
        if drained {
            self.shared.drained();
        }
        self.keep(handled);
        polled
    }

    /// The message that was popped last was handled.
    pub(crate) fn handled(&self) {
        let handled = self.lock().in_hand.take();
        self.keep(handled);
    }

    /// Why the queue has ended.
    pub(crate) fn ended(&self) -> Option<End> {
        self.lock().end.clone()
    }

    /// The application has dropped its end: what is queued goes, and nothing more is taken.
    pub(crate) fn abandon(&self) {
        let mut inner = self.lock();
        inner.end.get_or_insert(End::Unsubscribed);
        let messages = std::mem::take(&mut inner.messages);
        inner.bytes = 0;
        let drained = inner.release();
        drop(inner);
        drop(messages);
        if drained {
            self.shared.drained();
        }
    }

    fn keep(&self, handled: Option<Position>) {
        if let (Some(keeper), Some(position)) = (&self.keeper, handled) {
            keeper.store.save(&keeper.pattern, position);
        }
    }

    fn finish(&self, mut inner: MutexGuard<'_, Inner>, end: End) {
        inner.end.get_or_insert(end);
        let waker = inner.waker.take();
        let drained = inner.release();
        drop(inner);
        if drained {
            self.shared.drained();
        }
        wake(waker);
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn is_beyond(&self, bounds: &Bounds, bytes: usize) -> bool {
        self.messages.len() >= bounds.messages
            || (self.bytes + bytes > bounds.bytes && !self.messages.is_empty())
    }

    /// Half, so that the server is not told to wait and to go on in turns.
    fn has_much_room(&self, bounds: &Bounds) -> bool {
        self.messages.len() <= bounds.messages / 2 && self.bytes <= bounds.bytes / 2
    }

    /// The server need not wait for this queue any more; `false` if it did not.
    fn release(&mut self) -> bool {
        self.excess = 0;
        std::mem::take(&mut self.full)
    }

    fn drop_oldest(&mut self) {
        if let Some(oldest) = self.messages.pop_front() {
            self.bytes = self.bytes.saturating_sub(oldest.bytes());
            self.front = join(join(self.front, oldest.gap()), Gap::Dropped(1));
        }
    }
}

/// Two gaps without a message in between. What was lost on the other side outweighs what was lost
/// here, and what has no count what has one.
fn join(one: Gap, other: Gap) -> Gap {
    match (one, other) {
        (Gap::None, gap) | (gap, Gap::None) => gap,
        (Gap::Session, _) | (_, Gap::Session) => Gap::Session,
        (Gap::Log, _) | (_, Gap::Log) => Gap::Log,
        (Gap::Server(one), Gap::Server(other)) => Gap::Server(one.saturating_add(other)),
        (Gap::Server(count), _) | (_, Gap::Server(count)) => Gap::Server(count),
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
mod tests;
