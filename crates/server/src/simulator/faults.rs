//! Faults to order, for tests of what happens when things go wrong.
//!
//! | Member                       | Effect from the answer on                                      |
//! |------------------------------|----------------------------------------------------------------|
//! | `"journal":"fail"`           | every write is refused as if the disk were full; reads go on   |
//! | `"journal":"delay","ms":200` | every write waits first, at most a minute                      |
//! | `"journal":"ok"`             | back to normal                                                 |
//! | `"replay":...`               | the same for the files in which messages are kept for replay   |
//! | `"disconnect":"alice"`       | ends the user's Bayeux sessions once; their next poll gets 402 |

use std::time::Duration;

use axum::extract::State;
use encke::broker::UserId;

use super::World;
use super::body::Members;
use super::failure::Failure;
use crate::answer::{self, Answer};
use crate::clock;
use crate::journal_gate::{Fault, Switch};

/// Longest delay that may be ordered, in milliseconds.
const MAX_DELAY_MS: u32 = 60_000;

/// What can be made to fail.
#[derive(Clone, Debug, Default)]
pub(crate) struct Faults {
    /// The journal of calls.
    pub(crate) journal: Switch,
    /// The files of the logs of messages.
    pub(crate) replay: Switch,
}

/// `POST /sim/v1/faults`.
pub(super) async fn order(State(world): State<World>, members: Members) -> Result<Answer, Failure> {
    if !["journal", "replay", "disconnect"].iter().any(|name| members.has(name)) {
        return Err(Failure::invalid("a fault is `journal`, `replay` or `disconnect`"));
    }
    let journal = fault(&members, "journal")?;
    let replay = fault(&members, "replay")?;
    if let Some(user) = members.text("disconnect")? {
        let user = UserId::new(user);
        for broker in &world.brokers {
            broker.disconnect_user(&user, clock::now());
        }
    }
    for (switch, fault) in [(&world.faults.journal, journal), (&world.faults.replay, replay)] {
        if let Some(fault) = fault {
            switch.set(fault);
        }
    }
    Ok(answer::accepted())
}

/// What is to happen to the disk of this name.
fn fault(members: &Members, name: &str) -> Result<Option<Fault>, Failure> {
    Ok(match members.text(name)?.as_deref() {
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
        Some(_) => return Err(Failure::invalid(format!("{name} must be fail, delay or ok"))),
    })
}
