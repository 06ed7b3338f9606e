//! The messages that wait for one session, in their order.
//!
//! Some of them are lossy: they may be given up, oldest first, to make room for others. That takes
//! the same short time however many firm ones stand in front: a message that is given up leaves an
//! empty place behind, and empty places are cleared away before they outnumber the messages.

use std::collections::VecDeque;
use std::time::Instant;

use bytes::Bytes;

/// A message waiting for its receiver: the shared text, and when it was published.
#[derive(Clone, Debug)]
pub(crate) struct Queued {
    pub(crate) text: Bytes,
    /// `None` if it comes out of the log, where its age says nothing of this server.
    pub(crate) at: Option<Instant>,
    /// Whether it may be given up to make room.
    pub(crate) lossy: bool,
}

impl Queued {
    /// Where a message was. A message has a text always.
    fn is_empty_place(&self) -> bool {
        self.text.is_empty()
    }
}

/// How many messages and bytes left an outbox for good, or came (back) into it.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[must_use = "gauges have to follow"]
pub(crate) struct Amount {
    pub(crate) messages: usize,
    pub(crate) bytes: usize,
}

impl Amount {
    pub(crate) fn of<'a>(messages: impl IntoIterator<Item = &'a Queued>) -> Self {
        let mut sum = Self::default();
        messages.into_iter().for_each(|message| sum.add(message.text.len()));
        sum
    }

    /// Adds one message.
    pub(crate) fn add(&mut self, bytes: usize) {
        self.messages += 1;
        self.bytes += bytes;
    }

    fn remove(&mut self, bytes: usize) {
        self.messages -= 1;
        self.bytes -= bytes;
    }
}

#[derive(Debug, Default)]
pub(crate) struct Backlog {
    places: VecDeque<Queued>,
    /// Made for the first lossy message; most sessions never see one.
    lossy: Option<Box<Lossy>>,
}

/// What is known of the lossy messages.
#[derive(Debug, Default)]
struct Lossy {
    waiting: Amount,
    /// Places that are empty.
    empty: usize,
    /// Places at the front of which none holds a lossy message.
    firm: usize,
}

impl Backlog {
    /// How many messages wait.
    pub(crate) fn len(&self) -> usize {
        self.places.len() - self.lossy.as_ref().map_or(0, |lossy| lossy.empty)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The lossy ones among them.
    pub(crate) fn lossy(&self) -> Amount {
        self.lossy.as_ref().map_or(Amount::default(), |lossy| lossy.waiting)
    }

    pub(crate) fn push_back(&mut self, message: Queued) {
        self.note(&message);
        self.places.push_back(message);
    }

    pub(crate) fn push_front(&mut self, message: Queued) {
        self.note(&message);
        if let Some(lossy) = &mut self.lossy {
            lossy.firm = if message.lossy { 0 } else { lossy.firm + 1 };
        }
        self.places.push_front(message);
    }

    fn note(&mut self, message: &Queued) {
        if message.lossy {
            self.lossy.get_or_insert_default().waiting.add(message.text.len());
        }
    }

    /// Gives the oldest lossy message up; how many bytes it had, or `None` if there is none.
    pub(crate) fn give_up_oldest(&mut self) -> Option<usize> {
        let lossy = self.lossy.as_mut().filter(|lossy| lossy.waiting.messages > 0)?;
        let mut rest = self.places.range_mut(lossy.firm..);
        let (passed, oldest) =
            rest.by_ref().enumerate().find(|(_, place)| place.lossy && !place.is_empty_place())?;
        let bytes = std::mem::take(&mut oldest.text).len();
        lossy.firm += passed + 1;
        lossy.empty += 1;
        lossy.waiting.remove(bytes);
        self.clear_away();
        Some(bytes)
    }

    /// Removes the empty places if most are.
    fn clear_away(&mut self) {
        if let Some(lossy) = self.lossy.as_mut().filter(|l| l.empty * 2 > self.places.len()) {
            self.places.retain(|place| !place.is_empty_place());
            (lossy.empty, lossy.firm) = (0, 0);
        }
    }

    /// Takes messages from the front up to `bytes`, at least one if there is one.
    pub(crate) fn take(&mut self, bytes: usize) -> Vec<Queued> {
        let mut size = 0;
        let fits = |place: &&Queued| {
            let first = size == 0;
            size += place.text.len();
            first || size <= bytes
        };
        let count = self.places.iter().take_while(fits).count();
        let mut taken: Vec<_> = self.places.drain(..count).collect();
        if let Some(lossy) = &mut self.lossy {
            taken.retain(|place| !place.is_empty_place());
            lossy.empty -= count - taken.len();
            lossy.firm = lossy.firm.saturating_sub(count);
            for message in taken.iter().filter(|message| message.lossy) {
                lossy.waiting.remove(message.text.len());
            }
            self.clear_away();
        }
        if self.places.is_empty() {
            self.places.shrink_to(8);
        }
        taken
    }

    /// Throws everything away; how much that was.
    pub(crate) fn clear(&mut self) -> Amount {
        let amount = Amount { messages: self.len(), bytes: Amount::of(&self.places).bytes };
        *self = Self::default();
        amount
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn message(number: usize, lossy: bool) -> Queued {
        #[expect(clippy::disallowed_methods, reason = "an arbitrary instant")]
        let at = Instant::now();
        Queued { text: Bytes::from(format!("{number:04}")), at: Some(at), lossy }
    }

    #[derive(Clone, Copy, Debug)]
    enum Step {
        PushBack(bool),
        PushFront(bool),
        GiveUp,
        Take(usize),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            6 => any::<bool>().prop_map(Step::PushBack),
            1 => any::<bool>().prop_map(Step::PushFront),
            4 => Just(Step::GiveUp),
            1 => (0_usize..30).prop_map(Step::Take),
        ]
    }

    proptest! {
        #[test]
        fn a_backlog_is_a_list_from_which_the_oldest_lossy_one_goes(
            steps in prop::collection::vec(step(), 1..200),
        ) {
            let (mut backlog, mut list) = (Backlog::default(), Vec::<Queued>::new());
            for (number, step) in steps.into_iter().enumerate() {
                match step {
                    Step::PushBack(lossy) => {
                        backlog.push_back(message(number, lossy));
                        list.push(message(number, lossy));
                    }
                    Step::PushFront(lossy) => {
                        backlog.push_front(message(number, lossy));
                        list.insert(0, message(number, lossy));
                    }
                    Step::GiveUp => {
                        let place = list.iter().position(|message| message.lossy);
                        let gone = place.map(|place| list.remove(place).text.len());
                        prop_assert_eq!(backlog.give_up_oldest(), gone);
                    }
                    Step::Take(bytes) => {
                        let count = (bytes / 4).max(1).min(list.len());
                        let expected: Vec<_> = list.drain(..count).map(|m| m.text).collect();
                        let taken: Vec<_> = backlog.take(bytes).into_iter().map(|m| m.text).collect();
                        prop_assert_eq!(taken, expected);
                    }
                }
                prop_assert_eq!(backlog.len(), list.len());
                prop_assert_eq!(backlog.lossy(), Amount::of(list.iter().filter(|m| m.lossy)));
                prop_assert!(backlog.places.len() <= 2 * list.len() + 1, "empty places pile up");
            }
            prop_assert_eq!(backlog.clear(), Amount::of(&list));
            prop_assert!(backlog.is_empty());
        }
    }
}
