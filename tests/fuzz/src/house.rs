//! A broker in invented time.

use std::cell::Cell;
use std::time::{Duration, Instant};

use encke_broker::{Broker, Config, Entropy, Request, WallClock};

/// Predictable randomness.
#[derive(Debug, Default)]
pub(crate) struct Counting(Cell<u64>);

impl Entropy for Counting {
    fn bytes(&self) -> [u8; 20] {
        self.0.set(self.0.get() + 1);
        let mut bytes = [0; 20];
        bytes[..8].copy_from_slice(&self.0.get().to_be_bytes());
        bytes
    }
}

/// A broker, its clock and its randomness.
pub(crate) struct House {
    pub(crate) broker: Broker,
    pub(crate) now: Instant,
    entropy: Counting,
}

impl House {
    pub(crate) fn new(config: Config) -> Self {
        #[expect(clippy::disallowed_methods, reason = "an arbitrary zero for invented time")]
        let now = Instant::now();
        let config = config.wall(WallClock::new(now, 0));
        let broker = Broker::new(config).expect("a fixed configuration");
        Self { broker, now, entropy: Counting::default() }
    }

    pub(crate) fn request(&self, pushes: bool) -> Request<'_> {
        Request { pushes, ..Request::new(self.now, &self.entropy) }
    }

    pub(crate) fn pass(&mut self, millis: u64) {
        self.now += Duration::from_millis(millis);
        self.broker.tick(self.now);
    }
}
