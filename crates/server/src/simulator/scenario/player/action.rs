//! What a player and whoever carries it out say to each other.
//!
//! Plain values: an action, what became of it, what is watched, and what happened so far. Whether a
//! human sits at the desk, the player does not know; an action says in whose name it is, and the
//! answer may be that a human does it.

use std::collections::BTreeMap;

use encke::calls::{Actor, Call, CallAction, CallId, Command, InteractionKey, Subject};

use super::super::script::Seat;

/// Something to be done now.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Action {
    /// The user in whose name it is done, unless it is somebody outside.
    pub(crate) robot: Option<Robot>,
    pub(crate) command: Command,
    /// The call of which [`Done::Accepted`] has to know how it is then.
    pub(crate) call: Option<CallId>,
}

/// In whose name something is done.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Robot {
    pub(crate) user: String,
    pub(crate) beside_human: bool,
}

/// What became of an action.
#[derive(Clone, Debug)]
pub(crate) enum Done<'a> {
    /// It was carried out on this, and the call is so now.
    Accepted { subject: &'a Subject, call: Option<&'a Call> },
    /// It was not: a human sits there.
    Human,
    /// It was refused.
    Refused(String),
}

/// Something that others may change.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Watched {
    Call { main: CallId, consultation: Option<CallId> },
    Interaction(InteractionKey),
}

/// What happened so far, in steps.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Counts {
    pub(crate) done: usize,
    pub(crate) failed: usize,
    /// Left to humans, or pointless by then.
    pub(crate) passed: usize,
    /// Calls and sessions that are there now.
    pub(crate) alive: usize,
    /// Why steps failed, and how often.
    pub(crate) errors: BTreeMap<String, usize>,
}

pub(super) fn robot(seat: &Seat) -> Option<Robot> {
    seat.robot.then(|| Robot { user: seat.user.clone(), beside_human: seat.beside_human })
}

pub(super) fn outside(call: &CallId, action: CallAction) -> Command {
    Command::Operate { call: call.clone(), by: Actor::Outside, action }
}
