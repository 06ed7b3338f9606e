//! Applying an event to the state.
//!
//! It is the one way in which calls and interactions change, both when an event has just been decided
//! and when it comes out of a journal years later. What [`decide`](crate::decide()) decided always
//! applies; an error means that the events are not the ones that led to this state.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

mod call;
mod interaction;
mod line;

pub(crate) use line::evolve_line;

use crate::{
    Call, CallEvent, Event, Interaction, InteractionEvent, Limits, State, Subject, UserData,
    UserDataChange,
};

/// Why an event does not apply to a state. The events are damaged, or of another state.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum EvolveError {
    /// The event begins something that exists already.
    Exists(Subject),
    /// The event is about something that never began.
    Unknown(Subject),
    /// The event comes after the end.
    Ended(Subject),
    /// The event is about a party or participant that is not there.
    NoSuchParty(Subject),
    /// The call has more than [`Limits::MAX_PARTIES`] parties, or the interaction more than
    /// [`Interaction::MAX_AGENTS`] agents.
    TooManyParties(Subject),
}

impl fmt::Display for EvolveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exists(subject) => write!(f, "{subject} begins a second time"),
            Self::Unknown(subject) => write!(f, "{subject} never began"),
            Self::Ended(subject) => write!(f, "{subject} has ended before"),
            Self::NoSuchParty(subject) => write!(f, "{subject} has no such party"),
            Self::TooManyParties(subject) => {
                let (parties, agents) = (Limits::MAX_PARTIES, Interaction::MAX_AGENTS);
                write!(f, "{subject} has more than {parties} parties or {agents} agents")
            }
        }
    }
}

impl Error for EvolveError {}

/// Applies `event` to `state`.
///
/// # Errors
///
/// [`EvolveError`] when the event does not belong to this state, which is then unchanged.
pub fn evolve(state: &mut State, event: &Event) -> Result<(), EvolveError> {
    match event {
        Event::Call(event) => evolve_call(state, event).map(|_| ()),
        Event::Interaction(event) => evolve_interaction(state, event).map(|_| ()),
        Event::Line(event) => evolve_line(state, event).map(|_| ()),
    }
}

/// The value before, where there was one, and the value after.
pub(crate) type Step<T> = (Option<Arc<T>>, Arc<T>);

pub(crate) fn evolve_call(state: &mut State, event: &CallEvent) -> Result<Step<Call>, EvolveError> {
    let before = state.call(event.call.as_str()).cloned();
    let after = Arc::new(call::after(before.as_deref(), event)?);
    state.set_call(&event.call, Some(Arc::clone(&after)));
    Ok((before, after))
}

pub(crate) fn evolve_interaction(
    state: &mut State,
    event: &InteractionEvent,
) -> Result<Step<Interaction>, EvolveError> {
    let before = state.interaction(event.interaction.as_str()).cloned();
    let after = Arc::new(interaction::after(before.as_deref(), event)?);
    state.set_interaction(&event.interaction, Some(Arc::clone(&after)));
    Ok((before, after))
}

impl UserDataChange {
    /// Applies the change, with `attach` as what an attach means, and answers whether it is worth
    /// an event: a deletion is when it removes something, everything else always is.
    pub(crate) fn apply(
        &self,
        data: &mut UserData,
        attach: impl FnOnce(&mut UserData, &UserData),
    ) -> bool {
        match self {
            Self::Attach(added) => {
                attach(data, added);
                true
            }
            Self::Update(changed) => {
                data.update(changed);
                true
            }
            Self::DeletePair(key) => data.delete_pair(key) > 0,
            Self::DeleteKeys(keys) => data.delete_keys(keys) > 0,
            Self::Clear => data.clear() > 0,
        }
    }
}
