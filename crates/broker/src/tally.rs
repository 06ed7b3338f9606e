//! How many there are of each key, counted so that no count can leak.
//!
//! Whoever is counted holds a [`Seat`], and gives it back by dropping it. A key whose last seat is
//! given back is forgotten, so memory follows who is there now.
//!
//! The lock of a key is the innermost of all: nothing is called while it is held, so a seat may be
//! taken and dropped anywhere.

use std::hash::Hash;
use std::sync::Arc;

use dashmap::DashMap;

/// Seats by key.
#[derive(Debug)]
pub(crate) struct Tally<K: Eq + Hash> {
    counts: DashMap<K, usize>,
}

impl<K: Clone + Eq + Hash> Tally<K> {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { counts: DashMap::new() })
    }

    /// Takes a seat of `key`, unless `most` are taken.
    pub(crate) fn take(self: &Arc<Self>, key: K, most: usize) -> Option<Seat<K>> {
        if most == 0 {
            return None;
        }
        let mut count = self.counts.entry(key.clone()).or_insert(0);
        if *count >= most {
            return None;
        }
        *count += 1;
        Some(Seat { tally: Arc::clone(self), key })
    }
}

/// One that counts, until it is dropped.
#[derive(Debug)]
pub(crate) struct Seat<K: Eq + Hash> {
    tally: Arc<Tally<K>>,
    key: K,
}

impl<K: Eq + Hash> Drop for Seat<K> {
    fn drop(&mut self) {
        self.tally.counts.remove_if_mut(&self.key, |_, count| {
            *count -= 1;
            *count == 0
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seats_are_given_back_by_dropping_them_and_leave_nothing_behind() {
        let tally = Tally::new();
        assert!(tally.take("a", 0).is_none());
        let seats: Vec<_> = (0..2).map(|_| tally.take("a", 2).unwrap()).collect();
        assert!(tally.take("a", 2).is_none());
        let other = tally.take("b", 2).unwrap();
        assert_eq!(tally.counts.len(), 2);
        drop(seats);
        let again = tally.take("a", 1).unwrap();
        drop((again, other));
        assert!(tally.counts.is_empty());
    }
}
