//! Decisions about calls.

use std::collections::HashSet;

use super::{check_change, check_data, new_call_id};
use crate::operation::outside_capabilities;
use crate::{
    Actor, Bound, Call, CallAction, CallEvent, CallHappening, CallId, CallType, Dn, IdSource,
    ImportedCall, NewParty, Number, Operation, Party, PartyState, Refusal, Requester, Role, State,
    UserData, UserDataChange, ids,
};

pub(super) fn dial(
    state: &State,
    from: &Dn,
    to: &Number,
    user_data: &UserData,
    now_ms: u64,
    ids: &mut dyn IdSource,
) -> Result<CallEvent, Refusal> {
    let from = state.dn(from.as_str()).ok_or(Refusal::UnknownDn)?;
    if from.as_str() == to.as_str() {
        return Err(Refusal::DialToSelf);
    }
    let called = state.dn(to.as_str());
    check_room(state, from)?;
    if let Some(called) = called {
        check_free(state, called)?;
    }
    check_data(state.limits(), user_data)?;
    let call_type = if called.is_some() { CallType::Internal } else { CallType::Outbound };
    let caller = NewParty {
        dn: Some(from.clone()),
        number: from.number(),
        state: PartyState::Dialing,
        role: Role::Origin,
    };
    let callee = NewParty {
        dn: called.cloned(),
        number: to.clone(),
        state: PartyState::Ringing,
        role: Role::Destination,
    };
    Ok(CallEvent {
        call: new_call_id(state, ids),
        at_ms: now_ms,
        what: CallHappening::Started {
            conn_id: ids::conn_id(ids),
            call_type,
            dnis: Some(to.clone()),
            ani: None,
            parties: vec![caller, callee],
            user_data: user_data.clone(),
        },
    })
}

pub(super) fn inbound(
    state: &State,
    to: &Dn,
    from: &Number,
    user_data: &UserData,
    now_ms: u64,
    ids: &mut dyn IdSource,
) -> Result<CallEvent, Refusal> {
    let to = state.dn(to.as_str()).ok_or(Refusal::UnknownDn)?;
    check_calls(state)?;
    check_free(state, to)?;
    check_data(state.limits(), user_data)?;
    let caller =
        NewParty { dn: None, number: from.clone(), state: PartyState::Dialing, role: Role::Origin };
    let callee = NewParty {
        dn: Some(to.clone()),
        number: to.number(),
        state: PartyState::Ringing,
        role: Role::Destination,
    };
    Ok(CallEvent {
        call: new_call_id(state, ids),
        at_ms: now_ms,
        what: CallHappening::Started {
            conn_id: ids::conn_id(ids),
            call_type: CallType::Inbound,
            dnis: Some(to.number()),
            ani: Some(from.clone()),
            parties: vec![caller, callee],
            user_data: user_data.clone(),
        },
    })
}

pub(super) fn import(
    state: &State,
    imported: &ImportedCall,
    now_ms: u64,
) -> Result<CallEvent, Refusal> {
    if state.call(imported.id.as_str()).is_some() {
        return Err(Refusal::Exists);
    }
    let parties = &imported.parties;
    let limit = state.limits().parties;
    if parties.len() > limit {
        return Err(Refusal::TooMany { what: Bound::Parties, limit });
    }
    let mut lines = HashSet::new();
    let unique = parties.iter().filter_map(|party| party.dn.as_ref()).all(|dn| lines.insert(dn));
    let mut live = parties.iter().filter(|party| party.state != PartyState::Released).peekable();
    if !unique || live.peek().is_none() {
        return Err(Refusal::InvalidParties);
    }
    check_calls(state)?;
    for dn in live.filter_map(|party| party.dn.as_ref()) {
        check_room(state, dn)?;
    }
    check_data(state.limits(), &imported.user_data)?;
    Ok(CallEvent {
        call: imported.id.clone(),
        at_ms: now_ms,
        what: CallHappening::Started {
            conn_id: imported.conn_id.clone(),
            call_type: imported.call_type,
            dnis: imported.dnis.clone(),
            ani: imported.ani.clone(),
            parties: parties.clone(),
            user_data: imported.user_data.clone(),
        },
    })
}

pub(super) fn operate(
    state: &State,
    id: &CallId,
    by: &Actor,
    action: &CallAction,
    now_ms: u64,
) -> Result<CallEvent, Refusal> {
    let call = state.call(id.as_str()).ok_or(Refusal::NotFound)?;
    let (party, acting) = call
        .parties
        .iter()
        .enumerate()
        .find(|(_, party)| match by {
            Actor::Dn(dn) => party.dn.as_ref() == Some(dn),
            Actor::Outside => party.dn.is_none(),
        })
        .ok_or(Refusal::NotFound)?;
    let operation = action.operation();
    let allowed = match by {
        Actor::Dn(_) => acting.capabilities(),
        Actor::Outside => outside_capabilities(acting.state),
    };
    check_allowed(allowed, operation, acting)?;
    let moves = match action {
        CallAction::Answer => answer(call, party),
        CallAction::Hold => vec![(party, PartyState::Held)],
        CallAction::Retrieve => vec![(party, PartyState::Established)],
        CallAction::Hangup => hang_up(call, party),
        CallAction::SendDtmf(digits) => {
            let what = CallHappening::DtmfSent { party, digits: digits.clone() };
            return Ok(CallEvent { call: id.clone(), at_ms: now_ms, what });
        }
    };
    let what = CallHappening::Moved { party, operation, moves };
    Ok(CallEvent { call: id.clone(), at_ms: now_ms, what })
}

pub(super) fn change(
    state: &State,
    id: &CallId,
    requester: &Requester,
    change: &UserDataChange,
    now_ms: u64,
) -> Result<Option<CallEvent>, Refusal> {
    let call = state.call(id.as_str()).ok_or(Refusal::NotFound)?;
    let dn = requester.dn();
    let operation = change.operation();
    let requester = match (requester, call.party(dn)) {
        (_, Some(party)) => {
            check_allowed(party.capabilities(), operation, party)?;
            Requester::Party(dn.clone())
        }
        (Requester::Party(_), None) => return Err(Refusal::NotFound),
        (Requester::ThirdParty(_), None) if call.is_released() => {
            return Err(Refusal::InvalidState { operation, state: PartyState::Released.as_str() });
        }
        (Requester::ThirdParty(_), None) => requester.clone(),
    };
    let change = check_change(state.limits(), &call.user_data, change, UserData::attach)?;
    Ok(change.map(|change| CallEvent {
        call: id.clone(),
        at_ms: now_ms,
        what: CallHappening::UserDataChanged { requester, change },
    }))
}

/// The answering party and all that wait for it begin to talk.
fn answer(call: &Call, party: usize) -> Vec<(usize, PartyState)> {
    let talks =
        |(index, other): &(usize, &Party)| *index == party || other.state == PartyState::Dialing;
    let talking = call.parties.iter().enumerate().filter(talks);
    talking.map(|(index, _)| (index, PartyState::Established)).collect()
}

/// The party leaves; a single one that is left over leaves too.
fn hang_up(call: &Call, party: usize) -> Vec<(usize, PartyState)> {
    let stays = |(index, other): &(usize, &Party)| *index != party && other.is_live();
    let left: Vec<usize> =
        call.parties.iter().enumerate().filter(stays).map(|(index, _)| index).collect();
    let last = if left.len() < 2 { left } else { Vec::new() };
    let mut leaving: Vec<usize> = last.into_iter().chain([party]).collect();
    leaving.sort_unstable();
    leaving.into_iter().map(|index| (index, PartyState::Released)).collect()
}

fn check_allowed(
    allowed: &[Operation],
    operation: Operation,
    party: &Party,
) -> Result<(), Refusal> {
    if allowed.contains(&operation) {
        Ok(())
    } else {
        Err(Refusal::InvalidState { operation, state: party.state.as_str() })
    }
}

fn check_room(state: &State, dn: &Dn) -> Result<(), Refusal> {
    check_calls(state)?;
    let limit = state.limits().calls_per_dn;
    if state.live_calls_of(dn) >= limit {
        return Err(Refusal::TooMany { what: Bound::CallsOfDn, limit });
    }
    Ok(())
}

fn check_free(state: &State, dn: &Dn) -> Result<(), Refusal> {
    if state.live_calls_of(dn) >= state.limits().calls_per_dn {
        return Err(Refusal::DestinationBusy);
    }
    Ok(())
}

fn check_calls(state: &State) -> Result<(), Refusal> {
    let limit = state.limits().calls;
    if state.live_calls() >= limit {
        return Err(Refusal::TooMany { what: Bound::Calls, limit });
    }
    Ok(())
}
