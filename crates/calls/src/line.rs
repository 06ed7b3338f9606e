//! A line as its agent has set it: whether he is logged in there and ready for calls.
//!
//! What is set has nothing to do with calls: who is not ready can be called and can call.
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
//! - Ours: a line is logged out until a session begins; the reason of `NotReady`.

use serde::{Deserialize, Serialize};

use crate::{Dn, Reason};

/// What is set at one line, at one moment.
#[derive(Clone, Debug, Eq, PartialEq)]
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
}
