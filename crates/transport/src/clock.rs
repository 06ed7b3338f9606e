//! The only place of this crate that reads the time.

use std::time::{Duration, Instant};

use encke_broker::Broker;

/// How often the broker's time moves on.
const TICK: Duration = Duration::from_millis(50);

/// Now.
#[expect(clippy::disallowed_methods, reason = "the clock of this crate")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Moves the broker's time on until it is dropped. Never completes.
///
/// Spawn it once per broker, on the runtime of your choice, with tokio's timer enabled.
///
/// # Cancel safety
///
/// Dropping it stops time: held connects are then answered by messages only, and nothing expires.
pub async fn drive(broker: Broker) {
    let mut interval = tokio::time::interval(TICK);
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        interval.tick().await;
        broker.tick(now());
    }
}
