//! What is counted of a client while its session lives.
//!
//! When it was active last, how often it publishes, and its seat among the sessions of its address.
//! Each is kept only where the configuration bounds it, and in a box, since most sessions have none
//! of them. What follows from a bound that is reached is for the caller to say.

use std::net::IpAddr;
use std::time::Instant;

use super::Session;
use crate::config::Config;
use crate::rate::Bucket;
use crate::tally::Seat;

#[derive(Debug)]
pub(super) struct Conduct {
    /// When the session was active last, where that matters.
    active: Option<Box<Instant>>,
    /// Its tokens for publishing, once it has published.
    publishes: Option<Box<Bucket>>,
    /// Its seat among the sessions of its address, where those are bounded.
    address: Option<Box<Seat<IpAddr>>>,
}

impl Conduct {
    /// Of a client whose handshake succeeded at `now`.
    pub(super) fn new(config: &Config, now: Instant) -> Self {
        Self { active: config.activity.map(|_| Box::new(now)), publishes: None, address: None }
    }

    /// The session is active.
    pub(super) fn touch(&mut self, now: Instant) {
        if let Some(active) = &mut self.active {
            **active = now;
        }
    }

    /// Gives the seat back: the session is over, whoever still holds on to it.
    pub(super) fn stand_up(&mut self) {
        self.address = None;
    }
}

impl Session {
    /// Counts the session among those of its address, as long as it lives.
    pub(crate) fn sit(&mut self, address: Option<Seat<IpAddr>>) {
        self.conduct.address = address.map(Box::new);
    }

    /// Whether the client may publish once more now.
    pub(crate) fn may_publish(&mut self, config: &Config, now: Instant) -> bool {
        config
            .publish_rate
            .is_none_or(|rate| self.conduct.publishes.get_or_insert_default().take(rate, now))
    }

    /// Whether the session has been inactive for longer than it may.
    pub(crate) fn is_inactive(&self, config: &Config, now: Instant) -> bool {
        self.conduct.active.as_ref().zip(config.activity).is_some_and(|(active, activity)| {
            now.saturating_duration_since(**active) > activity.max_inactive
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::activity::{ActiveBy, Activity};
    use crate::listener::RemovedBecause;
    use crate::rate::Rate;
    use crate::tally::Tally;

    #[expect(clippy::disallowed_methods, reason = "an arbitrary zero for invented time")]
    fn zero() -> Instant {
        Instant::now()
    }

    fn session(config: &Config, now: Instant) -> Session {
        Session::new(None, None, false, config, now)
    }

    #[test]
    fn any_message_but_a_connect_begins_the_time_anew() {
        let (start, second) = (zero(), Duration::from_secs(1));
        let activity = Activity { by: ActiveBy::Client, max_inactive: 10 * second };
        let config = Config::default().activity(Some(activity));
        let mut session = session(&config, start);
        assert!(!session.is_inactive(&config, start + 10 * second));
        assert!(session.is_inactive(&config, start + 11 * second));
        session.handle_message(&config, start + 5 * second);
        assert!(!session.is_inactive(&config, start + 15 * second));
        assert!(session.is_inactive(&config, start + 16 * second));
    }

    #[test]
    fn without_bounds_nothing_is_kept() {
        let start = zero();
        let config = Config::default().activity(None).publish_rate(None);
        let mut session = session(&config, start);
        assert!((0..1000).all(|_| session.may_publish(&config, start)));
        assert!(!session.is_inactive(&config, start + Duration::from_secs(1 << 20)));
        assert!(session.conduct.publishes.is_none() && session.conduct.active.is_none());
    }

    #[test]
    fn who_publishes_too_often_has_to_wait_a_moment() {
        let start = zero();
        let config = Config::default().publish_rate(Rate::new(1, 2));
        let mut session = session(&config, start);
        let may =
            [0, 0, 0, 1].map(|at| session.may_publish(&config, start + Duration::from_secs(at)));
        assert_eq!(may, [true, true, false, true]);
    }

    #[test]
    fn the_end_gives_the_seat_back_though_the_session_is_still_held() {
        let (tally, address) = (Tally::new(), IpAddr::from([192, 0, 2, 1]));
        let config = Config::default();
        let mut session = session(&config, zero());
        session.sit(tally.take(address, 1));
        assert!(tally.take(address, 1).is_none());
        session.end(RemovedBecause::Disconnected, &config);
        assert!(tally.take(address, 1).is_some());
    }
}
