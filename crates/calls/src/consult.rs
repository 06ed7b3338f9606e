//! What ties a call to the consultation that was made from it, as each of the two knows it.

use serde::{Deserialize, Serialize};

use crate::{CallId, Dn};

/// What ties a consultation call to the call it was made from.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Consult {
    /// The call it was made from.
    pub parent: CallId,
    /// The line that asks; it is on both calls.
    pub by: Dn,
    /// What the consultation is to lead to.
    pub purpose: Purpose,
    /// Whether it can still lead there: the line has not left the other call.
    pub is_open: bool,
}

/// What a consultation is to lead to.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// The line that asks leaves, the one that is asked takes its place.
    Transfer,
    /// The one that is asked joins.
    Conference,
}

/// The consultation a party has begun, as its first call knows it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct ConsultLink {
    /// The consultation call.
    pub call: CallId,
    /// What it is to lead to.
    pub purpose: Purpose,
}
