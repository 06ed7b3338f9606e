//! How often clients of one address may shake hands.
//!
//! A session costs more than a request, and a client that loops over handshakes makes one each
//! time. Its address then has to wait: the broker tells it so with `429` and the time, which
//! libraries heed. Requests as such have rates of their own.
//!
//! Shape: a handle over one mutex, held for a map look-up.

use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use encke::broker::address::network;

use crate::rate::Buckets;

/// The rate of handshakes, of both endpoints together.
#[derive(Debug, Default)]
pub(crate) struct HandshakeRate {
    /// `None` is no limit.
    by_address: Option<Buckets<IpAddr>>,
    limited: AtomicU64,
}

impl HandshakeRate {
    /// So many a second, and so many at once; 0 a second is no limit.
    pub(crate) fn new(per_second: u32, burst: u32) -> Self {
        let by_address = Buckets::per_second(per_second, burst);
        Self { by_address, limited: AtomicU64::new(0) }
    }

    /// Counts a handshake, or says how long its address has to wait, in whole milliseconds.
    pub(crate) fn take(&self, peer: Option<IpAddr>, now: Instant) -> Result<(), Duration> {
        let (Some(buckets), Some(peer)) = (&self.by_address, peer) else { return Ok(()) };
        buckets.take(network(peer), now).map_err(|wait| {
            self.limited.fetch_add(1, Ordering::Relaxed);
            let whole = u64::try_from(wait.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX);
            Duration::from_millis(whole)
        })
    }

    /// Handshakes that had to wait, for the metrics.
    pub(crate) fn limited(&self) -> u64 {
        self.limited.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;

    #[test]
    fn address_waits_in_whole_milliseconds_and_is_counted() {
        let rate = HandshakeRate::new(3, 2);
        let now = clock::now();
        let here = Some("192.0.2.1".parse().unwrap());
        assert_eq!(rate.take(here, now), Ok(()));
        assert_eq!(rate.take(here, now), Ok(()));
        assert_eq!(rate.take(here, now), Err(Duration::from_millis(334)));
        assert_eq!(rate.take(Some("192.0.2.2".parse().unwrap()), now), Ok(()));
        assert_eq!(rate.take(here, now + Duration::from_millis(334)), Ok(()));
        assert_eq!(rate.limited(), 1);
    }

    #[test]
    fn who_has_no_address_and_where_there_is_no_rate_nobody_waits() {
        let rate = HandshakeRate::new(1, 1);
        for _ in 0..10 {
            assert_eq!(rate.take(None, clock::now()), Ok(()));
        }
        let none = HandshakeRate::new(0, 1);
        for _ in 0..10 {
            assert_eq!(none.take(Some("::1".parse().unwrap()), clock::now()), Ok(()));
        }
    }
}
