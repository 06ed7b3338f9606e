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
//!   while it still rings; a transfer completes a consultation for a conference and the reverse. The
//!   documents list `InitiateTransfer` on a call that has a consultation: there is one at a time, so
//!   the earlier one is then a call like any other.

use super::call::{Acts, check_places};
use super::{begin, check_added, new_call_id};
use crate::{
    Call, CallEvent, CallHappening, CallId, CallType, Consult, ConsultUserData, Destination, Dn,
    IdSource, NewParty, Operation, Party, PartyState, Purpose, Recording, Refusal, Role, State,
    UserData, ids,
};

/// The acting party holds its call and calls the destination. A consultation that it had begun
/// before goes on as an ordinary call.
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
    // That the first call is recorded is no matter of this one.
    user_data.delete_pair(Recording::KEY);
    check_added(state.limits(), &mut user_data, &destination.user_data)?;
    let mut both = UserData::new();
    let mut shared = Vec::new();
    if state.limits().consult_user_data == ConsultUserData::Joint {
        check_added(state.limits(), &mut call.user_data.clone(), &destination.user_data)?;
        both = destination.user_data.clone();
        // An earlier consultation of this line is none any more.
        shared = acts.share(&both, true)?;
    }
    let asks = NewParty {
        dn: Some(by.clone()),
        number: by.number(),
        state: PartyState::Dialing,
        role: Role::Origin,
    };
    let consult = new_call_id(state, ids);
    let began = CallHappening::ConsultBegan {
        party: acts.place,
        consult: consult.clone(),
        purpose,
        user_data: both,
    };
    let started = CallHappening::Started {
        conn_id: ids::conn_id(ids),
        call_type: CallType::Consult,
        dnis: Some(destination.number.clone()),
        ani: None,
        parties: vec![asks, asked],
        user_data,
        consult: Some(Consult { parent: call.id.clone(), by, purpose, is_open: true }),
        rings_until_ms: begin::rings_until(state, acts.now_ms),
    };
    let started = CallEvent { call: consult, at_ms: acts.now_ms, what: started, feed: None };
    let before = consultation(state, acts.acting);
    let before = before.map(|before| acts.event_of(before, CallHappening::ParentLeft));
    Ok([acts.event(began), started].into_iter().chain(shared).chain(before).collect())
}

/// Who was asked, and whoever came to the consultation, comes to the first call; the line that
/// asked leaves it, or comes back to it.
pub(super) fn complete(
    acts: &Acts<'_>,
    purpose: Purpose,
    named: Option<&CallId>,
) -> Result<Vec<CallEvent>, Refusal> {
    let tie = Tie::of(acts).ok_or(Refusal::NotFound)?;
    if named.is_some_and(|named| *named != tie.consult.id) {
        return Err(Refusal::NoSuchConsultation);
    }
    let (place, by) = &tie.by;
    let live = || tie.consult.parties.iter().enumerate().filter(|(_, party)| party.is_live());
    let asked = || live().map(|(_, party)| party).filter(|party| party.dn.as_ref() != Some(by));
    let known = |dn: &Dn| tie.parent.party(dn);
    if asked().filter_map(|party| known(party.dn.as_ref()?)).any(Party::is_live) {
        return Err(Refusal::OnTheCall);
    }
    let new = asked().filter(|party| party.dn.as_ref().and_then(known).is_none()).count();
    check_places(acts.state, tie.parent, new)?;
    let after = match purpose {
        Purpose::Transfer => PartyState::Released,
        Purpose::Conference => PartyState::Established,
    };
    let joined = asked().map(|party| NewParty {
        dn: party.dn.clone(),
        number: party.number.clone(),
        state: party.state,
        role: Role::Destination,
    });
    let joins = CallHappening::Joined {
        party: *place,
        operation: acts.operation,
        moves: vec![(*place, after)],
        joined: joined.collect(),
        user_data: UserData::new(),
        rings_until_ms: asked().filter_map(|party| party.rings_until_ms).min(),
    };
    let ends = CallHappening::Moved {
        party: tie.consult.place(by).ok_or(Refusal::NotFound)?,
        operation: acts.operation,
        moves: live().map(|(place, _)| (place, PartyState::Released)).collect(),
    };
    // The consultation first, so that nobody is on two calls at once that are one.
    let mut events = vec![acts.event_of(tie.consult, ends), acts.event_of(tie.parent, joins)];
    // Who was asked may be asking somebody else; that goes on as a call of its own.
    let asking = asked().filter_map(|party| consultation(acts.state, party));
    events.extend(asking.map(|consult| acts.event_of(consult, CallHappening::ParentLeft)));
    Ok(events)
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

/// All calls that are tied to `call`, also over others, each with the line that ties it; ties that
/// `leaving` has on `call` itself do not count.
pub(super) fn tied_to<'a>(
    state: &'a State,
    call: &'a Call,
    leaving: Option<&Dn>,
) -> Vec<(&'a Call, &'a Dn)> {
    let mut found: Vec<(&Call, &Dn)> =
        neighbours(state, call).filter(|(_, by)| Some(*by) != leaving).collect();
    let mut next = 0;
    while let Some((from, _)) = found.get(next) {
        for (other, by) in neighbours(state, from) {
            if other.id != call.id && !found.iter().any(|(known, _)| known.id == other.id) {
                found.push((other, by));
            }
        }
        next += 1;
    }
    found
}

/// The other call of each tie that `call` has, and the line that is on both.
fn neighbours<'a>(
    state: &'a State,
    call: &'a Call,
) -> impl Iterator<Item = (&'a Call, &'a Dn)> + use<'a> {
    let up = call.consult.iter().filter(|consult| consult.is_open);
    let up = up.map(|consult| (&consult.parent, &consult.by));
    let down = call.parties.iter().filter_map(|party| {
        let link = party.consult.as_ref()?;
        Some((&link.call, party.dn.as_ref()?))
    });
    up.chain(down).filter_map(|(id, by)| Some((state.call(id.as_str())?.as_ref(), by)))
}

/// The consultation that `party` has begun and not completed.
fn consultation<'a>(state: &'a State, party: &Party) -> Option<&'a Call> {
    let call = state.call(party.consult.as_ref()?.call.as_str())?;
    Some(call).filter(|call| !call.is_released()).map(AsRef::as_ref)
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
        if let Some(consult) = consultation(state, party) {
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
    by: (usize, Dn),
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
