//! Deciding what a command leads to: events, or a refusal.
//!
//! Nothing here changes anything. Time and randomness are arguments, so the same command on the
//! same state decides the same.

use std::collections::{BTreeSet, HashSet};

use crate::{
    CallId, Command, Event, IdSource, InteractionId, Limits, Pair, Refusal, State, UserData,
    UserDataChange,
};

mod begin;
mod call;
mod consult;
mod interaction;
mod line;

/// What happens when `command` meets `state` at `now_ms` (milliseconds since 1970).
///
/// An accepted command leads to one event for each call, interaction or line it changes, or to none when it
/// changes nothing: when it deletes user data that is not there, mutes who is muted, makes ready
/// who is ready, or says that somebody writes who is known to. An update
/// that sets what is already set is an event.
///
/// # Errors
///
/// [`Refusal`] says why the command cannot be done. That something does not exist is looked at
/// first, then whether its state allows the operation, then bounds.
pub fn decide(
    state: &State,
    command: &Command,
    now_ms: u64,
    ids: &mut dyn IdSource,
) -> Result<Vec<Event>, Refusal> {
    let calls = match command {
        Command::Dial { from, to, user_data } => {
            vec![begin::dial(state, from, to, user_data, now_ms, ids)?]
        }
        Command::Inbound { to, from, user_data } => {
            vec![begin::inbound(state, to, from, user_data, now_ms, ids)?]
        }
        Command::Import(imported) => vec![begin::import(state, imported, now_ms)?],
        Command::Operate { call, by, action } => {
            call::operate(state, call, by, action, now_ms, ids)?
        }
        Command::GiveUp { call, dn } => call::give_up(state, call, dn, now_ms)?,
        Command::ChangeUserData { call, requester, change } => {
            call::change(state, call, requester, change, now_ms)?
        }
        Command::OperateLines { lines, action } => {
            let events = line::operate(state, lines, action, now_ms)?;
            return Ok(events.into_iter().map(Event::Line).collect());
        }
        Command::OfferInteraction(offer) => {
            return Ok(vec![Event::Interaction(interaction::offer(state, offer, now_ms, ids)?)]);
        }
        Command::OperateInteraction { interaction, by, action } => {
            let event = interaction::operate(state, interaction, by, action, now_ms, ids)?;
            return Ok(event.map(Event::Interaction).into_iter().collect());
        }
        Command::ChangeInteractionUserData { interaction, agent, change } => {
            let event = interaction::change(state, interaction, agent.as_ref(), change, now_ms)?;
            return Ok(event.map(Event::Interaction).into_iter().collect());
        }
    };
    Ok(calls.into_iter().map(Event::Call).collect())
}

/// Checks a change against the data it would change, with `attach` as what an attach means.
///
/// Answers the change as it is to be recorded, and `None` when it is not worth an event. What is
/// recorded is bounded: given pairs must fit by themselves, and keys that are not there are left
/// out of a deletion.
fn check_change(
    limits: &Limits,
    before: &UserData,
    change: &UserDataChange,
    attach: impl FnOnce(&mut UserData, &UserData),
) -> Result<Option<UserDataChange>, Refusal> {
    let recorded = match change {
        UserDataChange::Attach(given) | UserDataChange::Update(given) => {
            check_data(limits, given)?;
            change.clone()
        }
        UserDataChange::DeleteKeys(keys) => {
            let there: HashSet<&str> = before.iter().map(Pair::key).collect();
            let keys = keys.iter().filter(|key| there.contains(key.as_str()));
            let keys: BTreeSet<&String> = keys.collect();
            UserDataChange::DeleteKeys(keys.into_iter().cloned().collect())
        }
        UserDataChange::DeletePair(_) | UserDataChange::Clear => change.clone(),
    };
    let mut after = before.clone();
    let happens = recorded.apply(&mut after, attach);
    if after.packed_bytes() > before.packed_bytes() {
        check_size(limits, &after)?;
    }
    Ok(happens.then_some(recorded))
}

fn check_data(limits: &Limits, data: &UserData) -> Result<(), Refusal> {
    check_pairs(limits, data)?;
    check_size(limits, data)
}

/// Updates `data` with what is given on the way.
fn check_added(limits: &Limits, data: &mut UserData, given: &UserData) -> Result<(), Refusal> {
    check_data(limits, given)?;
    let before = data.packed_bytes();
    data.update(given);
    if data.packed_bytes() > before { check_size(limits, data) } else { Ok(()) }
}

fn check_pairs(limits: &Limits, data: &UserData) -> Result<(), Refusal> {
    let depth = data.depth();
    if depth > limits.user_data_depth {
        return Err(Refusal::TooDeep { depth, limit: limits.user_data_depth });
    }
    match data.iter().map(|pair| pair.key().len()).max() {
        Some(bytes) if bytes > limits.key_bytes => {
            Err(Refusal::KeyTooLong { bytes, limit: limits.key_bytes })
        }
        _ => Ok(()),
    }
}

fn check_size(limits: &Limits, data: &UserData) -> Result<(), Refusal> {
    let bytes = data.packed_bytes();
    if bytes > limits.user_data_bytes {
        return Err(Refusal::TooLarge { bytes, limit: limits.user_data_bytes });
    }
    Ok(())
}

fn new_call_id(state: &State, ids: &mut dyn IdSource) -> CallId {
    loop {
        let id = crate::ids::call_id(ids);
        if state.call(id.as_str()).is_none() {
            return id;
        }
    }
}

fn new_interaction_id(state: &State, ids: &mut dyn IdSource) -> InteractionId {
    loop {
        let id = crate::ids::interaction_id(ids);
        if state.interaction(id.as_str()).is_none() {
            return id;
        }
    }
}
