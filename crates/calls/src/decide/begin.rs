//! How calls begin, and whether there is room for them.

use std::collections::HashSet;

use super::{check_data, new_call_id};
use crate::{
    Bound, CallEvent, CallHappening, CallType, Dn, IdSource, ImportedCall, Line, LineSettings,
    NewParty, Number, PartyState, Refusal, Role, State, UserData, ids,
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
    let rings = rings_at(state, to)?;
    if from.as_str() == rings.as_str() {
        return Err(Refusal::ForwardingLoop);
    }
    let called = state.dn(rings.as_str());
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
        number: rings.clone(),
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
            consult: None,
            rings_until_ms: rings_until(state, now_ms),
        },
        feed: None,
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
    let dialled = to.number();
    let rings = rings_at(state, &dialled)?;
    let to = state.dn(rings.as_str()).ok_or(Refusal::ForwardedOutside)?;
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
            dnis: Some(dialled),
            ani: Some(from.clone()),
            parties: vec![caller, callee],
            user_data: user_data.clone(),
            consult: None,
            rings_until_ms: rings_until(state, now_ms),
        },
        feed: None,
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
            consult: None,
            rings_until_ms: rings_until(state, now_ms),
        },
        feed: None,
    })
}

/// Where a call to `number` rings: there, or where it is forwarded to.
pub(super) fn rings_at<'a>(state: &'a State, number: &'a Number) -> Result<&'a Number, Refusal> {
    let mut at = number;
    for _ in 0..=Line::MAX_FORWARDS {
        let line = state.dn(at.as_str()).and_then(|dn| state.line(dn));
        match line.map(|line| &line.settings) {
            Some(LineSettings { forward_to: Some(next), .. }) => at = next,
            Some(LineSettings { do_not_disturb: true, .. }) => return Err(Refusal::DoNotDisturb),
            _ => return Ok(at),
        }
    }
    Err(Refusal::ForwardingLoop)
}

/// Until when a line rings that begins to ring now.
pub(super) fn rings_until(state: &State, now_ms: u64) -> Option<u64> {
    state.limits().no_answer_ms.map(|ms| now_ms.saturating_add(ms))
}

pub(super) fn check_room(state: &State, dn: &Dn) -> Result<(), Refusal> {
    check_calls(state)?;
    let limit = state.limits().calls_per_dn;
    if state.live_calls_of(dn) >= limit {
        return Err(Refusal::TooMany { what: Bound::CallsOfDn, limit });
    }
    Ok(())
}

pub(super) fn check_free(state: &State, dn: &Dn) -> Result<(), Refusal> {
    if state.live_calls_of(dn) >= state.limits().calls_per_dn {
        return Err(Refusal::DestinationBusy);
    }
    Ok(())
}

pub(super) fn check_calls(state: &State) -> Result<(), Refusal> {
    let limit = state.limits().calls;
    if state.live_calls() >= limit {
        return Err(Refusal::TooMany { what: Bound::Calls, limit });
    }
    Ok(())
}
