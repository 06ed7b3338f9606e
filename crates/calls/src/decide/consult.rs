//! Consultations: a second call, to ask somebody before a transfer or a conference.
//!
//! Two calls are tied by the line that is on both: the first knows the consultation, the
//! consultation knows the first. The tie is undone on both sides at once: when the consultation is
//! completed, when it ends, or when the line leaves the first call.
//!
//! # Sources
//!
//! - Documented: Web Services API Reference, `InitiateTransfer` (the first call is held, the second
//!   dials and names its parent), `CompleteTransfer` (asked of either call; both are released),
//!   `CompleteConference` (the consultation is released, the first call has one more).
//! - Ours: who was asked keeps its state when it comes over, so a consultation can be completed
//!   while it still rings; a transfer completes a consultation for a conference and the reverse.

use super::call::Acts;
use super::{begin, check_data, new_call_id};
use crate::{
    Call, CallEvent, CallHappening, CallType, Consult, ConsultUserData, Destination, IdSource,
    NewParty, Operation, Party, PartyState, Purpose, Refusal, Role, State, UserData, ids,
};

/// The acting party holds its call and calls the destination.
pub(super) fn begin(
    acts: &Acts<'_>,
    purpose: Purpose,
    destination: &Destination,
    ids: &mut dyn IdSource,
) -> Result<Vec<CallEvent>, Refusal> {
    let by = acts.acting.dn.clone().ok_or(Refusal::NotFound)?;
    let (state, call) = (acts.state, acts.call);
    if by.as_str() == destination.number.as_str() {
        return Err(Refusal::DialToSelf);
    }
    let asked = acts.rings(destination)?;
    begin::check_room(state, &by)?;
    let mut user_data = match state.limits().consult_user_data {
        ConsultUserData::Inherited | ConsultUserData::Joint => call.user_data.clone(),
        ConsultUserData::Separate => UserData::new(),
    };
    user_data.update(&destination.user_data);
    check_data(state.limits(), &user_data)?;
    let asks = NewParty {
        dn: Some(by.clone()),
        number: by.number(),
        state: PartyState::Dialing,
        role: Role::Origin,
    };
    let consult = new_call_id(state, ids);
    let began =
        CallHappening::ConsultBegan { party: acts.place, consult: consult.clone(), purpose };
    let started = CallHappening::Started {
        conn_id: ids::conn_id(ids),
        call_type: CallType::Consult,
        dnis: Some(destination.number.clone()),
        ani: None,
        parties: vec![asks, asked],
        user_data,
        consult: Some(Consult { parent: call.id.clone(), by, purpose, is_open: true }),
    };
    Ok(vec![acts.event(began), CallEvent { call: consult, at_ms: acts.now_ms, what: started }])
}

/// Who was asked comes to the first call; the line that asked leaves it, or comes back to it.
pub(super) fn complete(acts: &Acts<'_>, purpose: Purpose) -> Result<Vec<CallEvent>, Refusal> {
    let tie = Tie::of(acts).ok_or(Refusal::NotFound)?;
    let asked = tie.consult.parties.iter().filter(|party| party.is_live());
    let mut asked = asked.filter(|party| party.dn.as_ref() != Some(&tie.by.1));
    let joined = asked.next().ok_or(Refusal::NotFound)?;
    if let Some(dn) = &joined.dn
        && tie.parent.party(dn).is_some_and(Party::is_live)
    {
        return Err(Refusal::OnTheCall);
    }
    let after = match purpose {
        Purpose::Transfer => PartyState::Released,
        Purpose::Conference => PartyState::Established,
    };
    let live = tie.consult.parties.iter().enumerate().filter(|(_, party)| party.is_live());
    let released = live.map(|(place, _)| (place, PartyState::Released)).collect();
    let joins = CallHappening::Joined {
        party: tie.by.0,
        operation: acts.operation,
        moves: vec![(tie.by.0, after)],
        joined: NewParty {
            dn: joined.dn.clone(),
            number: joined.number.clone(),
            state: joined.state,
            role: Role::Destination,
        },
        user_data: UserData::new(),
    };
    let ends = CallHappening::Moved {
        party: tie.consult.place(&tie.by.1).unwrap_or(0),
        operation: acts.operation,
        moves: released,
    };
    // The consultation first, so that nobody is on two calls at once that are one.
    Ok(vec![acts.event_of(tie.consult, ends), acts.event_of(tie.parent, joins)])
}

/// The call that was held is talked on, and the other way round.
pub(super) fn swap(acts: &Acts<'_>) -> Result<Vec<CallEvent>, Refusal> {
    let tie = Tie::of(acts).ok_or(Refusal::NotFound)?;
    let swapped = |call: &Call| {
        let place = call.place(&tie.by.1)?;
        let state = match call.parties.get(place)?.state {
            PartyState::Held => PartyState::Established,
            PartyState::Established => PartyState::Held,
            // It goes on dialling; who answers meets a line that holds.
            _ => return None,
        };
        let moves = vec![(place, state)];
        let what = CallHappening::Moved { party: place, operation: Operation::SwapCalls, moves };
        Some(acts.event_of(call, what))
    };
    Ok([tie.parent, tie.consult].into_iter().filter_map(swapped).collect())
}

/// The other call of each tie that `call` has.
pub(super) fn linked<'a>(state: &'a State, call: &'a Call) -> impl Iterator<Item = &'a Call> {
    let up = call.consult.iter().filter(|consult| consult.is_open).map(|consult| &consult.parent);
    let down =
        call.parties.iter().filter_map(|party| party.consult.as_ref()).map(|link| &link.call);
    up.chain(down).filter_map(|id| state.call(id.as_str())).map(AsRef::as_ref)
}

/// Whether `party` asks on this call and talks on the one it was made from.
pub(super) fn is_elsewhere(state: &State, call: &Call, party: &Party) -> bool {
    let open = call.consult.as_ref().filter(|consult| consult.is_open);
    open.filter(|consult| party.dn.as_ref() == Some(&consult.by))
        .and_then(|consult| state.call(consult.parent.as_str())?.party(&consult.by))
        .is_some_and(|party| party.state == PartyState::Established)
}

/// What the leaving of these parties means to calls that were tied to theirs.
pub(super) fn untied<'p>(
    acts: &Acts<'_>,
    leaving: impl Iterator<Item = &'p Party>,
) -> Vec<CallEvent> {
    let (state, call) = (acts.state, acts.call);
    let mut events = Vec::new();
    for party in leaving {
        let consult = party.consult.as_ref().and_then(|link| state.call(link.call.as_str()));
        if let Some(consult) = consult.filter(|consult| !consult.is_released()) {
            events.push(acts.event_of(consult, CallHappening::ParentLeft));
        }
        let open = call.consult.as_ref().filter(|consult| consult.is_open);
        let asked = open.filter(|consult| party.dn.as_ref() == Some(&consult.by));
        let parent = asked.and_then(|consult| state.call(consult.parent.as_str()));
        if let Some((parent, place)) =
            parent.and_then(|parent| Some((parent, parent.place(party.dn.as_ref()?)?)))
        {
            events.push(acts.event_of(parent, CallHappening::ConsultEnded { party: place }));
        }
    }
    events
}

/// The two calls of an open consultation.
struct Tie<'a> {
    parent: &'a Call,
    consult: &'a Call,
    /// The line that asks, and its place on the first call.
    by: (usize, crate::Dn),
}

impl<'a> Tie<'a> {
    /// The tie of the acting party, whichever of the two calls it acts on.
    fn of(acts: &Acts<'a>) -> Option<Self> {
        let (state, call) = (acts.state, acts.call);
        let by = acts.acting.dn.clone()?;
        let open = call.consult.as_ref().filter(|consult| consult.is_open && consult.by == by);
        let (parent, consult) = match (&acts.acting.consult, open) {
            (Some(link), _) => (call, state.call(link.call.as_str())?.as_ref()),
            (None, Some(consult)) => (state.call(consult.parent.as_str())?.as_ref(), call),
            (None, None) => return None,
        };
        Some(Self { parent, consult, by: (parent.place(&by)?, by) })
    }
}
