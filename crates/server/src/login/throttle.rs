//! What repeated failures cost: a wait, by user and by address.
//!
//! Consulted before a password or a token that nobody knows yet is checked, and for unknown API keys.
//! Whoever has a session cookie or credentials that
//! were right lately never meets it, so an attacker who fails for alice does not lock alice out of
//! her desk; only a new login of hers has to wait.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use encke::broker::address::network;

use crate::rate::Buckets;

/// Failed logins, counted.
#[derive(Debug)]
pub(crate) struct Throttle {
    users: Buckets<String>,
    addresses: Buckets<IpAddr>,
}

impl Throttle {
    /// So many failures may come at once; each is forgotten after `forgotten`.
    pub(crate) fn new(user_failures: u32, address_failures: u32, forgotten: Duration) -> Self {
        Self {
            users: Buckets::new(forgotten, user_failures),
            addresses: Buckets::new(forgotten, address_failures),
        }
    }

    /// Whether a password may be checked; else how long to wait.
    pub(crate) fn check(&self, user: &str, peer: IpAddr, now: Instant) -> Result<(), Duration> {
        self.users.check(user, now)?;
        self.check_address(peer, now)
    }

    /// Whether anything of this address may be checked that names no user.
    pub(crate) fn check_address(&self, peer: IpAddr, now: Instant) -> Result<(), Duration> {
        self.addresses.check(&network(peer), now)
    }

    /// Counts a failure.
    pub(crate) fn failed(&self, user: &str, peer: IpAddr, now: Instant) {
        // A refusal here means that checks ran side by side; the bucket is as empty as it gets.
        self.users.take(user.to_owned(), now).ok();
        self.failed_from(peer, now);
    }

    /// Counts a failure that names no user.
    pub(crate) fn failed_from(&self, peer: IpAddr, now: Instant) {
        self.addresses.take(network(peer), now).ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    #[test]
    fn user_waits_after_the_burst_and_others_do_not() {
        let throttle = Throttle::new(2, 100, Duration::from_secs(30));
        let now = clock::now();
        throttle.failed("alice", HERE, now);
        assert!(throttle.check("alice", HERE, now).is_ok());
        throttle.failed("alice", HERE, now);
        assert_eq!(throttle.check("alice", HERE, now), Err(Duration::from_secs(30)));
        assert!(throttle.check("bob", HERE, now).is_ok());
        let later = now + Duration::from_secs(30);
        assert!(throttle.check("alice", HERE, later).is_ok());
    }

    #[test]
    fn address_waits_whatever_the_names() {
        let throttle = Throttle::new(100, 3, Duration::from_secs(30));
        let now = clock::now();
        for name in ["a", "b", "c"] {
            throttle.failed(name, HERE, now);
        }
        assert!(throttle.check("d", HERE, now).is_err());
        let elsewhere = "192.0.2.7".parse().unwrap();
        assert!(throttle.check("d", elsewhere, now).is_ok());
    }
}
