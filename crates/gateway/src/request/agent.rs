//! What can be asked on a channel: the state of the agent there.
//!
//! # Sources
//!
//! - Documented: Web Services API, `Ready`, `NotReady`, `AfterCallWork` and `AuxWork` of the Voice
//!   API, at `/me/channels/voice`. `wrapUpTime` is a matter of the switch and passed over.
//! - Observed: published clients ask for `Ready` at `/me` as well, for all channels at once.
//! - Ours: `reasonCode`. A GWS has states of its own making instead, one operation for each.

use encke_calls::{LineAction, Reason, WorkMode};

use super::Body;
use super::operations::{Operations, Row};
use crate::counts::Operation as Op;
use crate::status::Failure;

/// What an agent may ask on one of his channels.
pub(crate) static CHANNEL_OPERATIONS: Operations<LineAction> = Operations {
    resource: "a channel",
    rows: &[
        Row(Op::Ready, |_| Ok(LineAction::Ready)),
        Row(Op::NotReady, not_ready),
        Row(Op::AfterCallWork, |_| Ok(LineAction::Work(WorkMode::AfterCallWork))),
        Row(Op::AuxWork, |_| Ok(LineAction::Work(WorkMode::AuxWork))),
    ],
    elsewhere: &[],
};

/// `NotReady` with its reason, if one is given.
pub(super) fn not_ready(body: &Body<'_>) -> Result<LineAction, Failure> {
    const NAME: &str = "reasonCode";
    let reason = body.optional_string(NAME)?.map(Reason::new).transpose();
    reason.map(LineAction::NotReady).map_err(|error| body.bad(NAME, &error))
}
