//! How many connections one address may have.
//!
//! Whoever opens connections faster than they end would take every place there is. Beyond its
//! bound an address is hung up on at once. Trusted proxies speak for many and have no bound. A
//! `WebSocket` leaves the listener with its upgrade and is not counted any more.
//!
//! Shape: a handle over one mutex, held for a map look-up. Memory follows the connections.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use encke::broker::address;

use crate::proxies::Proxies;

/// Connections by address. Clones are the same crowd.
#[derive(Clone, Debug, Default)]
pub(crate) struct Crowd(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    /// `None` is no bound.
    most: Option<usize>,
    proxies: Proxies,
    present: Mutex<HashMap<IpAddr, usize>>,
    refused: AtomicU64,
}

impl Crowd {
    /// At most so many of one address (one /64 of IPv6); 0 is no bound.
    pub(crate) fn new(most: usize, proxies: Proxies) -> Self {
        let most = (most > 0).then_some(most);
        Self(Arc::new(Inner { most, proxies, ..Inner::default() }))
    }

    /// A place for one more connection; `None` if its address has as many as it may.
    pub(super) fn enter(&self, peer: IpAddr) -> Option<Entry> {
        let counted = self.0.most.filter(|_| !self.0.proxies.trusts(peer.to_canonical()));
        let Some(most) = counted else { return Some(Entry(None)) };
        let network = address::network(peer);
        let mut present = self.0.present.lock().unwrap_or_else(PoisonError::into_inner);
        let count = present.entry(network).or_default();
        if *count >= most {
            drop(present);
            self.0.refused.fetch_add(1, Ordering::Relaxed);
            return None;
        }
        *count += 1;
        Some(Entry(Some((self.clone(), network))))
    }

    /// Connections that were hung up on, for the metrics.
    pub(crate) fn refused(&self) -> u64 {
        self.0.refused.load(Ordering::Relaxed)
    }
}

/// A connection's place, given back on drop.
#[derive(Debug)]
pub(super) struct Entry(Option<(Crowd, IpAddr)>);

impl Drop for Entry {
    fn drop(&mut self) {
        let Some((crowd, network)) = self.0.take() else { return };
        let mut present = crowd.0.present.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = present.get_mut(&network) {
            *count -= 1;
            if *count == 0 {
                present.remove(&network);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proxies::network;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn address_has_so_many_places_and_gets_them_back() {
        let crowd = Crowd::new(2, Proxies::default());
        let first = crowd.enter(ip("192.0.2.1")).unwrap();
        let second = crowd.enter(ip("::ffff:192.0.2.1")).unwrap();
        assert!(crowd.enter(ip("192.0.2.1")).is_none());
        assert!(crowd.enter(ip("192.0.2.2")).is_some());
        drop(first);
        let third = crowd.enter(ip("192.0.2.1")).unwrap();
        assert!(crowd.enter(ip("192.0.2.1")).is_none());
        assert_eq!(crowd.refused(), 2);
        drop((second, third));
        assert!(crowd.0.present.lock().unwrap().is_empty(), "nobody is remembered");
    }

    #[test]
    fn proxies_have_no_bound_and_without_one_nobody_has() {
        let trusted = vec![network("10.0.0.0/8").unwrap()];
        let crowd = Crowd::new(1, Proxies { trusted, ..Proxies::default() });
        let entries: Vec<_> = (0..5).map(|_| crowd.enter(ip("10.1.2.3"))).collect();
        assert!(entries.iter().all(Option::is_some));
        let open = Crowd::new(0, Proxies::default());
        let entries: Vec<_> = (0..5).map(|_| open.enter(ip("192.0.2.1"))).collect();
        assert!(entries.iter().all(Option::is_some));
    }
}
