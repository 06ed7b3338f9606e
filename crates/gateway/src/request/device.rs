//! What can be set at a device: do-not-disturb, and where its calls go.
//!
//! # Sources
//!
//! - Documented: Web Services API, `ForwardCallsOn` of the Voice API, at `/me/devices/{id}` with the
//!   number as the text `destination`.
//! - Observed: GWS 8.5.202 lists `DoNotDisturbOn` and `ForwardCallsOn` among the capabilities of a
//!   device; the other two are their reverse.

use encke_calls::{LineAction, Number};

use super::Body;
use super::operations::{Operations, Row};
use crate::counts::Operation as Op;
use crate::status::Failure;

/// What can be asked on a device itself.
pub(crate) static SETTING_OPERATIONS: Operations<LineAction> = Operations {
    resource: "a device",
    rows: &[
        Row(Op::DoNotDisturbOn, |_| Ok(LineAction::DoNotDisturb(true))),
        Row(Op::DoNotDisturbOff, |_| Ok(LineAction::DoNotDisturb(false))),
        Row(Op::ForwardCallsOn, |body| destination(body).map(Some).map(LineAction::Forward)),
        Row(Op::ForwardCallsOff, |_| Ok(LineAction::Forward(None))),
    ],
    elsewhere: &[],
};

fn destination(body: &Body<'_>) -> Result<Number, Failure> {
    const NAME: &str = "destination";
    Number::new(body.string(NAME)?).map_err(|error| body.bad(NAME, &error))
}
