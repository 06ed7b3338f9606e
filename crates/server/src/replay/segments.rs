//! How the files are cut into pieces that can be forgotten one by one.
//!
//! A *segment* is one key of a journal, `segment/1`, `segment/2` and so on: a note, and the
//! messages that came while it was the newest. Messages are added to the newest one only. What is
//! too old, or too much, leaves a segment at a time, the oldest first; the newest never leaves, so
//! neither does the newest position.
//!
//! The book kept here is pure: it says what is to be done, and is told when it was.

use std::collections::VecDeque;
use std::time::Duration;

use encke::journal::{Key, Version};

/// How much is kept in the files.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Bounds {
    /// Messages older than this need not be kept.
    pub(super) age: Duration,
    /// Most bytes of records, beyond the newest segment.
    pub(super) bytes: u64,
}

/// Pieces that the age and the bytes to be kept are cut into. More pieces waste less space, and
/// are forgotten more often.
const PIECES: u64 = 8;

/// One segment.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Segment {
    number: u64,
    records: u64,
    bytes: u64,
    /// Newest position of its messages; 0 if it holds none.
    newest: u64,
    /// When its oldest and its newest message were published.
    from_ms: u64,
    to_ms: u64,
}

impl Segment {
    /// A segment without records.
    pub(super) fn new(number: u64) -> Self {
        Self { number, records: 0, bytes: 0, newest: 0, from_ms: u64::MAX, to_ms: 0 }
    }

    /// The key its records stand under.
    pub(super) fn key(&self) -> Key {
        Key::new(format!("{PREFIX}{}", self.number)).expect("a short text is a key")
    }

    /// Its version: how many records it has.
    pub(super) fn version(&self) -> Version {
        Version::new(self.records)
    }

    /// The number of the segment whose key this is; `None` for keys that are not ours.
    pub(super) fn number_of(key: &Key) -> Option<u64> {
        key.as_str().strip_prefix(PREFIX)?.parse().ok()
    }

    /// Counts a record in.
    pub(super) fn add(&mut self, bytes: usize) {
        self.records += 1;
        self.bytes += bytes as u64;
    }

    /// Counts the message of a record in.
    pub(super) fn add_message(&mut self, position: u64, at_ms: u64) {
        self.newest = self.newest.max(position);
        self.from_ms = self.from_ms.min(at_ms);
        self.to_ms = self.to_ms.max(at_ms);
    }
}

const PREFIX: &str = "segment/";

/// The segments, oldest first.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Segments {
    bounds: Bounds,
    all: VecDeque<Segment>,
    /// Nothing is added to the newest one any more.
    ended: bool,
    /// The highest number that anything was to be stored under, whether it was or not.
    tried: u64,
}

impl Segments {
    /// The book of the segments that were found, in any order. None of them is added to.
    pub(super) fn new(bounds: Bounds, found: impl IntoIterator<Item = Segment>) -> Self {
        let mut all: Vec<_> = found.into_iter().collect();
        all.sort_by_key(|segment| segment.number);
        Self { bounds, all: all.into(), ended: true, tried: 0 }
    }

    /// The segment to add to; `None` if a new one is to be begun at `now_ms`.
    pub(super) fn current(&self, now_ms: u64) -> Option<Segment> {
        let newest = self.all.back().filter(|_| !self.ended)?;
        let age = newest.from_ms.saturating_add(self.age_ms() / PIECES);
        (newest.bytes < self.bounds.bytes / PIECES && now_ms < age).then_some(*newest)
    }

    /// A segment that comes after all others, for [`stored`](Self::stored).
    pub(super) fn next(&self) -> Segment {
        let newest = self.all.back().map_or(0, |newest| newest.number);
        Segment::new(newest.max(self.tried) + 1)
    }

    /// Something is about to be stored in `segment`. Where no answer comes it may be there, and the
    /// number is not used again.
    pub(super) fn storing(&mut self, segment: &Segment) {
        self.tried = self.tried.max(segment.number);
    }

    /// Adds no more to the newest segment.
    pub(super) fn end_current(&mut self) {
        self.ended = true;
    }

    /// Notes what the newest segment is by now.
    pub(super) fn stored(&mut self, segment: Segment) {
        self.ended = false;
        match self.all.back_mut().filter(|newest| newest.number == segment.number) {
            Some(newest) => *newest = segment,
            None => self.all.push_back(segment),
        }
    }

    /// The segments that may be forgotten at `now_ms`, and the newest position in them.
    pub(super) fn due(&self, now_ms: u64) -> Option<(Vec<Key>, u64)> {
        let mut bytes: u64 = self.all.iter().map(|segment| segment.bytes).sum();
        let is_due = |segment: &&Segment| {
            let old = segment.to_ms.saturating_add(self.age_ms()) <= now_ms;
            let due = old || bytes > self.bounds.bytes;
            bytes -= segment.bytes;
            due
        };
        let older = self.all.len().saturating_sub(1);
        let due: Vec<_> = self.all.iter().take(older).take_while(is_due).take(FORGET).collect();
        let newest = due.iter().map(|segment| segment.newest).max()?;
        Some((due.iter().map(|segment| segment.key()).collect(), newest))
    }

    /// The oldest segments, as many as can be forgotten at once.
    pub(super) fn oldest(&self) -> Vec<Key> {
        self.all.iter().take(FORGET).map(Segment::key).collect()
    }

    /// The first `count` segments are gone.
    pub(super) fn forgotten(&mut self, count: usize) {
        self.all.drain(..count.min(self.all.len()));
    }

    fn age_ms(&self) -> u64 {
        u64::try_from(self.bounds.age.as_millis()).unwrap_or(u64::MAX)
    }
}

/// Segments forgotten at once, at most.
const FORGET: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: Bounds = Bounds { age: Duration::from_secs(80), bytes: 800 };

    fn segment(number: u64, bytes: usize, newest: u64, at_ms: [u64; 2]) -> Segment {
        let mut segment = Segment::new(number);
        segment.add(bytes);
        segment.add_message(newest - 1, at_ms[0]);
        segment.add_message(newest, at_ms[1]);
        segment
    }

    fn keys(numbers: &[u64]) -> Vec<Key> {
        numbers.iter().map(|number| Segment::new(*number).key()).collect()
    }

    #[test]
    fn a_key_leads_back_to_its_segment() {
        assert_eq!(Segment::number_of(&Segment::new(12).key()), Some(12));
        for other in ["segment/", "segment/x", "call/1"] {
            assert_eq!(Segment::number_of(&Key::new(other).unwrap()), None);
        }
    }

    #[test]
    fn a_segment_is_left_when_it_is_full_or_long_enough() {
        let mut segments = Segments::new(BOUNDS, []);
        assert_eq!(segments.current(0), None);
        assert_eq!(segments.next(), Segment::new(1));
        let mut first = segment(1, 99, 5, [1_000, 2_000]);
        segments.stored(first);
        assert_eq!(segments.current(10_999), Some(first));
        assert_eq!(segments.current(11_000), None, "an eighth of the age is over");
        first.add(1);
        segments.stored(first);
        assert_eq!(segments.current(2_000), None, "an eighth of the bytes is there");
        assert_eq!(segments.next(), Segment::new(2));
        segments.stored(segments.next());
        assert_eq!(segments.current(u64::MAX - 1), Some(Segment::new(2)), "it is empty");
    }

    #[test]
    fn a_number_that_may_be_taken_is_not_used_again() {
        let mut segments = Segments::new(BOUNDS, []);
        segments.storing(&Segment::new(1));
        assert_eq!(segments.next(), Segment::new(2));
        segments.stored(Segment::new(2));
        assert_eq!(segments.next(), Segment::new(3));
    }

    #[test]
    fn old_segments_are_due_but_never_the_newest() {
        let found = [
            segment(3, 10, 30, [5_000, 6_000]),
            segment(1, 10, 10, [1_000, 2_000]),
            segment(2, 10, 20, [3_000, 4_000]),
        ];
        let mut segments = Segments::new(BOUNDS, found);
        assert_eq!(segments.due(81_999), None);
        assert_eq!(segments.due(82_000), Some((keys(&[1]), 10)));
        assert_eq!(segments.due(84_000), Some((keys(&[1, 2]), 20)));
        assert_eq!(segments.due(u64::MAX), Some((keys(&[1, 2]), 20)));
        segments.forgotten(2);
        assert_eq!(segments.due(u64::MAX), None);
        assert_eq!(segments.next(), Segment::new(4));
    }

    #[test]
    fn what_is_too_much_is_due_but_never_the_newest() {
        let found = (1..=4).map(|number| segment(number, 300, number * 10, [0, 1]));
        let segments = Segments::new(BOUNDS, found);
        assert_eq!(segments.due(0), Some((keys(&[1, 2]), 20)));
        let huge = Segments::new(BOUNDS, [segment(7, 5_000, 10, [0, 1])]);
        assert_eq!(huge.due(u64::MAX), None);
    }

    #[test]
    fn a_segment_without_messages_goes_with_the_old_ones() {
        let mut note_only = Segment::new(1);
        note_only.add(50);
        let found = [note_only, segment(2, 10, 20, [0, 1]), segment(3, 10, 30, [70_000, 70_001])];
        let segments = Segments::new(BOUNDS, found);
        assert_eq!(segments.due(80_001), Some((keys(&[1, 2]), 20)));
    }
}
