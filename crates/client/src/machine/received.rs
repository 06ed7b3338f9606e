//! Which positions of a log were received.
//!
//! Messages that reach a client by several ways, or for several patterns, do not come in the order of
//! their positions: an older one may follow a newer one. So it is not enough to know the newest. Kept
//! are all positions above a floor, as ranges, and beside them the position up to which nothing is
//! missing, as far as whoever calls knows: only that one may be stored, or named to a server.
//!
//! # Bounds
//!
//! Positions have gaps that mean nothing, so ranges seldom grow together.
//!
//! - Of what is settled the newest 256 ranges are remembered. Below them everything counts as received.
//! - Of what is not, 4,096. When that is full the lowest is forgotten: should its messages come once
//!   more they count as new. So one can be given out twice then, and none is passed over.

use std::collections::VecDeque;

/// Ranges remembered as long as they are settled.
const MAX_SETTLED: usize = 256;

/// Ranges remembered altogether.
const MAX_RANGES: usize = 4096;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Received {
    /// Everything below counts as received.
    floor: u64,
    /// Nothing up to here is missing; `None` if that is not known of any position.
    settled: Option<u64>,
    /// First and last position of each range, ascending, none next to another.
    ranges: VecDeque<(u64, u64)>,
}

impl Received {
    /// Notes a position. `false` if it was received already.
    pub(super) fn insert(&mut self, at: u64) -> bool {
        let next = self.ranges.partition_point(|(first, _)| *first <= at);
        let before = next.checked_sub(1).and_then(|before| self.ranges.get(before).copied());
        if at < self.floor || before.is_some_and(|(_, last)| at <= last) {
            return false;
        }
        let after = self.ranges.get(next).copied();
        let joins_before = before.is_some_and(|(_, last)| last + 1 == at);
        let joins_after = after.is_some_and(|(first, _)| at + 1 == first);
        match (joins_before, joins_after) {
            (true, true) => {
                let (_, last) = self.ranges.remove(next).unwrap_or((at, at));
                self.extend(next - 1, last);
            }
            (true, false) => self.extend(next - 1, at),
            (false, true) => {
                if let Some((first, _)) = self.ranges.get_mut(next) {
                    *first = at;
                }
            }
            (false, false) => self.ranges.insert(next, (at, at)),
        }
        self.trim();
        true
    }

    /// Nothing up to this position is missing. What was not noted of it may still be received.
    pub(super) fn settle(&mut self, at: u64) {
        self.settled = self.settled.max(Some(at));
        self.trim();
    }

    /// Everything up to this position counts as received.
    pub(super) fn begin_after(&mut self, at: u64) {
        self.settled = self.settled.max(Some(at));
        self.raise(at);
        while let Some((first, last)) = self.ranges.front_mut()
            && *first < self.floor
        {
            if *last < self.floor {
                self.ranges.pop_front();
            } else {
                *first = self.floor;
            }
        }
    }

    /// Nothing up to here is missing.
    pub(super) fn settled(&self) -> Option<u64> {
        self.settled
    }

    fn extend(&mut self, range: usize, to: u64) {
        if let Some((_, last)) = self.ranges.get_mut(range) {
            *last = to;
        }
    }

    fn raise(&mut self, at: u64) {
        self.floor = self.floor.max(at.saturating_add(1));
    }

    fn trim(&mut self) {
        while self.ranges.len() > MAX_SETTLED
            && let Some((_, last)) = self.ranges.front().copied()
            && Some(last) <= self.settled
        {
            self.ranges.pop_front();
            self.raise(last);
        }
        if self.ranges.len() > MAX_RANGES {
            self.ranges.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn all(positions: impl IntoIterator<Item = u64>) -> Received {
        let mut received = Received::default();
        for at in positions {
            assert!(received.insert(at), "{at}");
        }
        received
    }

    #[test]
    fn an_older_one_is_new_unless_it_was_received() {
        let mut received = all([5, 9, 7]);
        assert!(!received.insert(7));
        assert!(received.insert(6) && received.insert(8) && received.insert(0));
        assert_eq!(received.ranges, [(0, 0), (5, 9)]);
        assert_eq!(received.settled(), None, "nobody said so");
    }

    #[test]
    fn what_is_settled_may_still_come() {
        let mut received = all([5, 9]);
        received.settle(9);
        received.settle(4);
        assert_eq!(received.settled(), Some(9), "never back");
        assert!(received.insert(7) && !received.insert(5));
    }

    #[test]
    fn what_lies_before_the_beginning_counts_as_received() {
        let mut received = all([1, 5, 6, 9]);
        received.begin_after(5);
        assert_eq!((received.settled(), &received.ranges), (Some(5), &[(6, 6), (9, 9)].into()));
        assert!(!received.insert(3) && !received.insert(5) && !received.insert(6));
        assert!(received.insert(7));
    }

    #[test]
    fn of_what_is_settled_the_newest_ranges_are_remembered() {
        let count = MAX_SETTLED as u64;
        let mut received = Received::default();
        for at in 0..3 * count {
            received.insert(2 * at);
            received.settle(2 * at);
        }
        assert_eq!(received.ranges.len(), MAX_SETTLED);
        let lowest = 4 * count;
        assert!(!received.insert(lowest - 3), "below what is remembered");
        assert!(received.insert(lowest + 1), "in between");
    }

    #[test]
    fn full_of_what_is_not_settled_the_lowest_is_forgotten_and_nothing_is_passed_over() {
        let count = MAX_RANGES as u64;
        let mut received = all((0..count).map(|at| 2 * at));
        assert!(!received.insert(0));
        assert!(received.insert(2 * count));
        assert_eq!(received.ranges.len(), MAX_RANGES);
        assert!(received.insert(1), "never received");
        assert!(received.insert(0), "once more rather than not at all");
    }

    #[test]
    fn the_ends_of_the_numbers_are_numbers_too() {
        let mut received = all([u64::MAX, 0, u64::MAX - 1]);
        received.begin_after(u64::MAX);
        assert!(!received.insert(0));
    }

    proptest! {
        /// Without meeting a bound it is a set, and what is settled says nothing about that.
        #[test]
        fn it_is_a_set(steps in proptest::collection::vec((0_u8..10, 0_u64..300), 0..400)) {
            let (mut received, mut model, mut settled) = (Received::default(), BTreeSet::new(), None);
            for (step, at) in steps {
                match step {
                    0 => received.settle(at),
                    1 => {
                        received.begin_after(at / 4);
                        model.extend(0..=at / 4);
                    }
                    _ => prop_assert_eq!(received.insert(at), model.insert(at), "{}", at),
                }
                settled = settled.max(match step { 0 => Some(at), 1 => Some(at / 4), _ => None });
                prop_assert_eq!(received.settled(), settled);
                let apart = received.ranges.iter().zip(received.ranges.iter().skip(1));
                prop_assert!(apart.into_iter().all(|((_, last), (first, _))| last + 1 < *first));
            }
        }

        /// Beyond a bound, what comes for the first time is passed over only if it is settled, and
        /// what comes again is given out again only if it is not.
        #[test]
        fn a_bound_loses_nothing_that_is_missing(
            start in 0_u64..20_000,
            positions in proptest::collection::vec(0_u64..20_000, 5_000..6_000),
            settles in any::<bool>(),
        ) {
            let (mut received, mut model) = (Received::default(), BTreeSet::new());
            if settles {
                received.settle(start);
            }
            for at in positions {
                let (is_new, was_new) = (received.insert(at), model.insert(at));
                prop_assert!(is_new || !was_new || received.settled() >= Some(at), "{}", at);
                prop_assert!(!is_new || was_new || received.settled() < Some(at), "{}", at);
                prop_assert!(received.ranges.len() <= MAX_RANGES);
            }
        }
    }
}
