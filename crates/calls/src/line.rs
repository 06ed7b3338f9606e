//! A line as its agent has set it: whether he is logged in there and ready for calls, whether it may
//! ring, and where its calls go.
//!
//! Whether he is ready has nothing to do with calls: who is not can be called and can call. A line
//! that is not to be disturbed cannot be called. A line whose calls are forwarded does not ring: what
//! rings is where they go, be it forwarded from there or not to be disturbed in its turn.
//!
//! # Eras
//!
//! Lines have no end as calls have, but what is kept of them is bounded all the same. Their changes
//! are counted in eras of at most [`Line::ERA_CHANGES`]; each event holds the whole of what is set,
//! so the first of an era takes the place of all before it, which may be forgotten.
//!
//! # Sources
//!
//! - Documented: Web Services API, `Ready`, `NotReady`, `AfterCallWork` and `AuxWork` of the Voice
//!   API, for the states and the two work modes.
//!   `ForwardCallsOn` for one number that all calls go to at once.
//! - Ours: what do-not-disturb does, and that forwarding comes before it; a line is logged out until a session begins; the reason of `NotReady`.

use serde::{Deserialize, Serialize};

use crate::{Dn, Number, Reason};

/// What is set at one line, at one moment.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Line {
    /// Whose changes are counted.
    pub id: LineId,
    /// What is set.
    pub settings: LineSettings,
    /// How many changes the era has had.
    pub version: u64,
}

impl Line {
    /// Changes after which an era ends.
    pub const ERA_CHANGES: u64 = 256;

    /// How many times a call is forwarded at most.
    pub const MAX_FORWARDS: usize = 8;
}

/// A line in one era.
#[derive(Clone, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub struct LineId {
    /// The line.
    pub dn: Dn,
    /// The era, from 1.
    pub era: u64,
}

/// What can be set at a line. Default: what a line has that nobody has touched.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct LineSettings {
    /// How its agent is there.
    #[serde(default)]
    pub agent: AgentState,
    /// Nobody can call the line.
    #[serde(default, skip_serializing_if = "is_off")]
    pub do_not_disturb: bool,
    /// Where its calls go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forward_to: Option<Number>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_off(switch: &bool) -> bool {
    !switch
}

/// How an agent is at his line.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub enum AgentState {
    /// Nobody is logged in.
    #[default]
    LoggedOut,
    /// Takes calls.
    Ready,
    /// Takes no calls, other than those made to him directly.
    NotReady {
        /// What he does instead.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        work_mode: Option<WorkMode>,
        /// Why, in words or as a code.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<Reason>,
    },
}

/// What an agent does who is not ready.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum WorkMode {
    /// What the last call has left to do.
    AfterCallWork,
    /// Something else.
    AuxWork,
}

/// What is done at a line.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum LineAction {
    /// The agent comes: not ready, unless he is there already.
    LogIn,
    /// The agent goes.
    LogOut,
    /// The agent takes calls.
    Ready,
    /// The agent takes no calls.
    NotReady(Option<Reason>),
    /// The agent does something else.
    Work(WorkMode),
    /// The line can be called no more, or again.
    DoNotDisturb(bool),
    /// Its calls go to a number, or to nowhere else any more.
    Forward(Option<Number>),
}
