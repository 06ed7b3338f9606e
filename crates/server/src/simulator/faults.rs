//! Faults to order, for tests of what happens when things go wrong.
//!
//! | Member                       | Effect from the answer on                                      |
//! |------------------------------|----------------------------------------------------------------|
//! | `"journal":"fail"`           | every write is refused as if the disk were full; reads go on   |
//! | `"journal":"delay","ms":200` | every write waits first, at most a minute                      |
//! | `"journal":"ok"`             | back to normal                                                 |
//! | `"disconnect":"alice"`       | ends the user's Bayeux sessions once; their next poll gets 402 |

use std::time::Duration;

use axum::extract::State;
use encke::broker::UserId;

use super::World;
use super::body::Members;
use super::failure::Failure;
use crate::answer::{self, Answer};
use crate::clock;
use crate::journal_gate::Fault;

/// Longest delay that may be ordered, in milliseconds.
const MAX_DELAY_MS: u32 = 60_000;

/// `POST /sim/v1/faults`.
pub(super) async fn order(State(world): State<World>, members: Members) -> Result<Answer, Failure> {
    if !members.has("journal") && !members.has("disconnect") {
        return Err(Failure::invalid("a fault is `journal` or `disconnect`"));
    }
    let fault = match members.text("journal")?.as_deref() {
        None => None,
        Some("ok") => Some(Fault::None),
        Some("fail") => Some(Fault::Fail),
        Some("delay") => {
            let ms = members.milliseconds("ms")?.ok_or_else(|| Failure::missing("ms"))?;
            if ms > MAX_DELAY_MS {
                return Err(Failure::invalid("ms is at most 60000"));
            }
            Some(Fault::Delay(Duration::from_millis(u64::from(ms))))
        }
        Some(_) => return Err(Failure::invalid("journal must be fail, delay or ok")),
    };
    if let Some(user) = members.text("disconnect")? {
        let user = UserId::new(user);
        for broker in &world.brokers {
            broker.disconnect_user(&user, clock::now());
        }
    }
    if let Some(fault) = fault {
        world.gate.set(fault);
    }
    Ok(answer::accepted())
}
