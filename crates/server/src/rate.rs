//! Token buckets by key: how often one address or one user may do something.
//!
//! A bucket holds `burst` tokens and gains one each `interval`. Buckets that are full again are
//! forgotten, so memory follows the keys that were active lately and never exceeds the bound: when
//! the table is full of active keys, every further key shares one bucket, which limits a flood of
//! addresses as if it came from a single one.
//!
//! Shape: a handle over one mutex, held for a map look-up.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Keys kept at a time, about 100 bytes each.
const MAX_KEYS: usize = 65_536;

/// Least time between two looks through the whole table.
const SWEEP_EVERY: Duration = Duration::from_secs(1);

/// One token bucket per key.
#[derive(Debug)]
pub(crate) struct Buckets<K> {
    interval: Duration,
    /// How far a bucket's time may run ahead: `interval * burst`.
    window: Duration,
    max_keys: usize,
    state: Mutex<State<K>>,
}

#[derive(Debug)]
struct State<K> {
    /// The time at which the key's bucket is full again.
    full_at: HashMap<K, Instant>,
    /// The same for the bucket of all keys that found no room.
    shared: Option<Instant>,
    last_sweep: Option<Instant>,
}

impl<K: Eq + Hash> Buckets<K> {
    /// Buckets of `burst` tokens, at least one, that gain a token each `interval`.
    pub(crate) fn new(interval: Duration, burst: u32) -> Self {
        Self {
            interval,
            window: interval.saturating_mul(burst.max(1)),
            max_keys: MAX_KEYS,
            state: Mutex::new(State { full_at: HashMap::new(), shared: None, last_sweep: None }),
        }
    }

    /// Buckets that gain `per_second` tokens a second; none at all for 0, which means no limit.
    pub(crate) fn per_second(per_second: u32, burst: u32) -> Option<Self> {
        Duration::from_secs(1).checked_div(per_second).map(|interval| Self::new(interval, burst))
    }

    /// Takes a token of `key`, or says how long until there is one.
    pub(crate) fn take(&self, key: K, now: Instant) -> Result<(), Duration> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if !state.full_at.contains_key(&key) && state.full_at.len() >= self.max_keys {
            state.sweep(now);
        }
        let known = state.full_at.get(&key).copied();
        let crowded = known.is_none() && state.full_at.len() >= self.max_keys;
        let full_at = if crowded { state.shared } else { known };
        let next = full_at.map_or(now, |at| at.max(now)) + self.interval;
        if let Some(wait) = self.excess(next, now) {
            return Err(wait);
        }
        if crowded {
            state.shared = Some(next);
        } else {
            state.full_at.insert(key, next);
        }
        Ok(())
    }

    /// Whether `key` has a token, without taking it; else how long until there is one.
    pub(crate) fn check<Q>(&self, key: &Q, now: Instant) -> Result<(), Duration>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let full_at = state.full_at.get(key).copied();
        drop(state);
        let next = full_at.map_or(now, |at| at.max(now)) + self.interval;
        self.excess(next, now).map_or(Ok(()), Err)
    }

    fn excess(&self, next: Instant, now: Instant) -> Option<Duration> {
        let ahead = next.saturating_duration_since(now);
        (ahead > self.window).then(|| ahead.saturating_sub(self.window))
    }
}

impl<K> State<K> {
    fn sweep(&mut self, now: Instant) {
        let due = self.last_sweep.is_none_or(|at| now.saturating_duration_since(at) >= SWEEP_EVERY);
        if due {
            self.last_sweep = Some(now);
            self.full_at.retain(|_, full_at| *full_at > now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;

    #[test]
    fn burst_passes_then_one_token_an_interval() {
        let buckets = Buckets::<&str>::new(Duration::from_millis(100), 3);
        let start = clock::now();
        for _ in 0..3 {
            assert_eq!(buckets.take("a", start), Ok(()));
        }
        assert_eq!(buckets.take("a", start), Err(Duration::from_millis(100)));
        assert_eq!(buckets.take("b", start), Ok(()));
        let later = start + Duration::from_millis(100);
        assert_eq!(buckets.take("a", later), Ok(()));
        assert!(buckets.take("a", later).is_err());
    }

    #[test]
    fn check_takes_nothing() {
        let buckets = Buckets::<&str>::new(Duration::from_millis(100), 1);
        let now = clock::now();
        assert_eq!(buckets.check("a", now), Ok(()));
        assert_eq!(buckets.check("a", now), Ok(()));
        assert_eq!(buckets.take("a", now), Ok(()));
        assert!(buckets.check("a", now).is_err());
    }

    #[test]
    fn keys_beyond_the_bound_share_one_bucket() {
        let mut buckets = Buckets::<u32>::new(Duration::from_secs(10), 2);
        buckets.max_keys = 2;
        let now = clock::now();
        assert_eq!(buckets.take(1, now), Ok(()));
        assert_eq!(buckets.take(2, now), Ok(()));
        assert_eq!(buckets.take(3, now), Ok(()));
        assert_eq!(buckets.take(4, now), Ok(()));
        assert!(buckets.take(5, now).is_err());
        let later = now + Duration::from_secs(60);
        assert_eq!(buckets.take(5, later), Ok(()), "full buckets are forgotten");
    }
}
