//! What one subscriber is still owed.
//!
//! Numbers are expected from 0 without gaps. A number that skips ahead leaves a gap that may be
//! filled later, which counts as out of order; one that was there before counts as doubled; what
//! never came is lost. Every number is counted once as delivered.

use std::collections::BTreeSet;

/// The account of one subscriber.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    next: u64,
    missing: BTreeSet<u64>,
    /// Missing, and not told apart any more.
    forgotten: u64,
    doubled: u64,
    out_of_order: u64,
}

/// What a number turned out to be.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Entry {
    /// It came for the first time.
    New,
    /// It had come before.
    Doubled,
}

/// The faults of one or many accounts.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Faults {
    /// Numbers that never came.
    pub(crate) lost: u64,
    /// Numbers that came again.
    pub(crate) doubled: u64,
    /// Numbers that came after a higher one.
    pub(crate) out_of_order: u64,
}

/// Numbers that may be missing at the same time; a gap that is longer counts as lost at once.
const MAX_MISSING: u64 = 1 << 16;

impl Ledger {
    /// Enters a number, which must be below the number of messages of the run.
    pub(crate) fn enter(&mut self, number: u64) -> Entry {
        if number >= self.next {
            let room = MAX_MISSING.saturating_sub(self.missing.len() as u64);
            let kept = self.next.max(number.saturating_sub(room));
            self.forgotten += kept - self.next;
            self.missing.extend(kept..number);
            self.next = number + 1;
            return Entry::New;
        }
        if self.missing.remove(&number) {
            self.out_of_order += 1;
            return Entry::New;
        }
        self.doubled += 1;
        Entry::Doubled
    }

    /// The balance after `sent` messages, but for the `excused` ones, which the server did not
    /// accept.
    pub(crate) fn close(&self, sent: u64, excused: &[u64]) -> Faults {
        let gaps = self.missing.range(..sent).count() as u64;
        let is_missing = |number: &&u64| {
            **number < sent && (**number >= self.next || self.missing.contains(number))
        };
        let excused = excused.iter().filter(is_missing).count() as u64;
        Faults {
            lost: (gaps + self.forgotten + sent.saturating_sub(self.next)).saturating_sub(excused),
            doubled: self.doubled,
            out_of_order: self.out_of_order,
        }
    }
}

impl std::ops::AddAssign for Faults {
    fn add_assign(&mut self, other: Self) {
        self.lost += other.lost;
        self.doubled += other.doubled;
        self.out_of_order += other.out_of_order;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(numbers: &[u64], sent: u64) -> (u64, u64, u64) {
        let mut ledger = Ledger::default();
        for number in numbers {
            ledger.enter(*number);
        }
        let Faults { lost, doubled, out_of_order } = ledger.close(sent, &[]);
        (lost, doubled, out_of_order)
    }

    #[test]
    fn all_in_order_is_no_fault() {
        assert_eq!(after(&[0, 1, 2], 3), (0, 0, 0));
        assert_eq!(after(&[], 0), (0, 0, 0));
    }

    #[test]
    fn each_fault_is_told_apart() {
        assert_eq!(after(&[], 2), (2, 0, 0), "nothing came");
        assert_eq!(after(&[0, 1], 3), (1, 0, 0), "the end is missing");
        assert_eq!(after(&[1, 3], 4), (2, 0, 0), "gaps");
        assert_eq!(after(&[0, 0, 1, 0], 2), (0, 2, 0), "again");
        assert_eq!(after(&[0, 2, 1], 3), (0, 0, 1), "late");
        assert_eq!(after(&[2, 1, 0, 1], 3), (0, 1, 2), "late and again");
    }

    #[test]
    fn a_number_that_was_never_acknowledged_is_not_owed() {
        assert_eq!(after(&[0, 1, 2], 2), (0, 0, 0));
        assert_eq!(after(&[0, 3], 2), (1, 0, 0));
    }

    #[test]
    fn what_the_server_did_not_accept_is_not_owed() {
        let mut ledger = Ledger::default();
        for number in [0, 2, 3] {
            ledger.enter(number);
        }
        assert_eq!(ledger.close(6, &[1, 2, 5]).lost, 1, "number 4");
        assert_eq!(ledger.close(6, &[9]).lost, 3);
    }

    #[test]
    fn a_first_time_counts_once() {
        let mut ledger = Ledger::default();
        let entries = [1, 0, 0, 1].map(|number| ledger.enter(number));
        assert_eq!(entries, [Entry::New, Entry::New, Entry::Doubled, Entry::Doubled]);
    }
}
