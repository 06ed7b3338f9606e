//! What parties do on a call that has begun.
//!
//! What one does may concern a second call: one was made from the other to ask somebody. Then each
//! of the two has an event of its own, and both are kept together or not at all.

use super::begin::{check_free, rings_at, rings_until};
use super::{check_added, check_change, check_size, consult};
use crate::capabilities::outside_allows;
use crate::{
    Actor, Bound, Call, CallAction, CallEvent, CallHappening, CallId, ConsultUserData, Destination,
    Dn, IdSource, NewParty, Number, Operation, Party, PartyState, RecordAction, Recording, Refusal,
    Requester, Role, State, UserData, UserDataChange,
};

pub(super) fn operate(
    state: &State,
    id: &CallId,
    by: &Actor,
    action: &CallAction,
    now_ms: u64,
    ids: &mut dyn IdSource,
) -> Result<Vec<CallEvent>, Refusal> {
    let call = state.call(id.as_str()).ok_or(Refusal::NotFound)?;
    let place = match by {
        Actor::Dn(dn) => call.place(dn),
        Actor::Outside => call.outside_place(),
    };
    let (place, acting) =
        place.and_then(|place| Some((place, call.parties.get(place)?))).ok_or(Refusal::NotFound)?;
    let operation = action.operation();
    if call.fed.is_some() && acting.is_live() {
        return Err(Refusal::DecidedElsewhere { operation });
    }
    let allowed = match by {
        Actor::Dn(_) => call.situation(acting).allows(operation),
        Actor::Outside => outside_allows(acting.state, operation),
    };
    check_allowed(allowed, operation, acting)?;
    let acts = Acts { state, call, place, acting, operation, now_ms };
    match action {
        CallAction::Answer => Ok(vec![acts.moved(acts.answer())]),
        CallAction::Hold => Ok(vec![acts.moved(vec![(place, PartyState::Held)])]),
        CallAction::Retrieve => Ok(vec![acts.moved(vec![(place, PartyState::Established)])]),
        CallAction::Hangup => Ok(acts.leave(&[place])),
        CallAction::Clear => Ok(acts.leave(&acts.live().collect::<Vec<_>>())),
        CallAction::SendDtmf(digits) => {
            Ok(vec![acts.event(CallHappening::DtmfSent { party: place, digits: digits.clone() })])
        }
        CallAction::Mute => Ok(acts.mute(true)),
        CallAction::Unmute => Ok(acts.mute(false)),
        CallAction::Record(action) => acts.record(*action).map(|event| vec![event]),
        CallAction::Remove(number) => acts.remove(number),
        CallAction::SingleStepTransfer(destination) => acts.single_step_transfer(destination),
        CallAction::SingleStepConference(destination) => acts.joined(destination, Vec::new()),
        CallAction::Consult(purpose, destination) => {
            consult::begin(&acts, *purpose, destination, ids)
        }
        CallAction::Complete(purpose, named) => consult::complete(&acts, *purpose, named.as_ref()),
        CallAction::Swap => consult::swap(&acts),
    }
}

pub(super) fn give_up(
    state: &State,
    id: &CallId,
    dn: &Dn,
    now_ms: u64,
) -> Result<Vec<CallEvent>, Refusal> {
    let call = state.call(id.as_str()).ok_or(Refusal::NotFound)?;
    let place = call.place(dn).ok_or(Refusal::NotFound)?;
    let acting = call.parties.get(place).ok_or(Refusal::NotFound)?;
    let operation = Operation::NoAnswer;
    check_allowed(call.situation(acting).allows(operation), operation, acting)?;
    Ok(Acts { state, call, place, acting, operation, now_ms }.leave(&[place]))
}

pub(super) fn change(
    state: &State,
    id: &CallId,
    requester: &Requester,
    change: &UserDataChange,
    now_ms: u64,
) -> Result<Vec<CallEvent>, Refusal> {
    let call = state.call(id.as_str()).ok_or(Refusal::NotFound)?;
    let dn = requester.dn();
    let operation = change.operation();
    match (requester, call.party(dn)) {
        (Requester::Party(_), None) => return Err(Refusal::NotFound),
        (Requester::ThirdParty(_), party)
            if !call.is_released() && !party.is_some_and(Party::is_live) => {}
        (_, Some(party)) => {
            check_allowed(call.situation(party).allows(operation), operation, party)?;
        }
        (Requester::ThirdParty(_), None) => {
            return Err(Refusal::InvalidState { operation, state: PartyState::Released.as_str() });
        }
    }
    let mut events = Vec::new();
    for (call, by) in std::iter::once((call.as_ref(), dn)).chain(sharing(state, call, None)) {
        events.extend(changed_by(state, call, dn, by, change, now_ms)?);
    }
    Ok(events)
}

/// The calls that have their user data jointly with `call`, each with the line that ties it; ties
/// that `leaving` has on the call do not count.
fn sharing<'a>(state: &'a State, call: &'a Call, leaving: Option<&Dn>) -> Vec<(&'a Call, &'a Dn)> {
    let joint = state.limits().consult_user_data == ConsultUserData::Joint;
    if joint { consult::tied_to(state, call, leaving) } else { Vec::new() }
}

/// A change that the line `dn` asked for, on a call to which the line `by` ties it.
///
/// Where `dn` is not on the call, `by` speaks for it: neither is who asked told of that call, nor
/// are those who are on it told of him.
fn changed_by(
    state: &State,
    call: &Call,
    dn: &Dn,
    by: &Dn,
    change: &UserDataChange,
    now_ms: u64,
) -> Result<Option<CallEvent>, Refusal> {
    let change = check_change(state.limits(), &call.user_data, change, UserData::attach)?;
    let here = |dn: &Dn| call.party(dn).is_some_and(Party::is_live);
    let by = if here(dn) { dn } else { by };
    let requester = if here(by) { Requester::Party } else { Requester::ThirdParty };
    Ok(change.map(|change| CallEvent {
        call: call.id.clone(),
        at_ms: now_ms,
        what: CallHappening::UserDataChanged { requester: requester(by.clone()), change },
        feed: None,
    }))
}

/// A party that acts.
pub(super) struct Acts<'a> {
    pub(super) state: &'a State,
    pub(super) call: &'a Call,
    /// Its place on the call.
    pub(super) place: usize,
    pub(super) acting: &'a Party,
    pub(super) operation: Operation,
    pub(super) now_ms: u64,
}

impl Acts<'_> {
    pub(super) fn event(&self, what: CallHappening) -> CallEvent {
        self.event_of(self.call, what)
    }

    /// An event of the other one of two calls.
    pub(super) fn event_of(&self, call: &Call, what: CallHappening) -> CallEvent {
        CallEvent { call: call.id.clone(), at_ms: self.now_ms, what, feed: None }
    }

    fn moved(&self, moves: Vec<(usize, PartyState)>) -> CallEvent {
        self.event(CallHappening::Moved { party: self.place, operation: self.operation, moves })
    }

    /// Places of the parties that have not left.
    fn live(&self) -> impl Iterator<Item = usize> {
        let parties = self.call.parties.iter().enumerate();
        parties.filter(|(_, party)| party.is_live()).map(|(place, _)| place)
    }

    /// The answering party and all that wait for it begin to talk; a line that asks and has gone
    /// back to its first call meanwhile has this one on hold.
    fn answer(&self) -> Vec<(usize, PartyState)> {
        let parties = self.call.parties.iter().enumerate();
        parties
            .filter(|(place, party)| *place == self.place || party.state == PartyState::Dialing)
            .map(|(place, party)| {
                let away = consult::is_elsewhere(self.state, self.call, party);
                (place, if away { PartyState::Held } else { PartyState::Established })
            })
            .collect()
    }

    /// These parties leave; a single one that is left over leaves too. Calls that were tied to
    /// this one by a party that leaves are told.
    fn leave(&self, leaving: &[usize]) -> Vec<CallEvent> {
        let left: Vec<usize> = self.live().filter(|place| !leaving.contains(place)).collect();
        // Parties outside who only ring are nobody's call: no line is left to end it.
        let stays = |place: &usize| {
            let party = self.call.parties.get(*place);
            party.is_some_and(|party| party.dn.is_some() || party.state != PartyState::Ringing)
        };
        let goes_on = left.len() > 1 && left.iter().any(stays);
        let last = if goes_on { Vec::new() } else { left };
        let mut leaving: Vec<usize> = leaving.iter().copied().chain(last).collect();
        leaving.sort_unstable();
        let moves = leaving.iter().map(|place| (*place, PartyState::Released)).collect();
        let parties = leaving.iter().filter_map(|place| self.call.parties.get(*place));
        let tied = consult::untied(self, parties);
        std::iter::once(self.moved(moves)).chain(tied).collect()
    }

    fn mute(&self, muted: bool) -> Vec<CallEvent> {
        let event = || self.event(CallHappening::Muted { party: self.place, muted });
        (self.acting.muted != muted).then(event).into_iter().collect()
    }

    fn record(&self, action: RecordAction) -> Result<CallEvent, Refusal> {
        let recording = match action {
            RecordAction::Start | RecordAction::Resume => Recording::Recording,
            RecordAction::Pause => Recording::Paused,
            RecordAction::Stop => Recording::Stopped,
        };
        let mut after = self.call.user_data.clone();
        recording.tell(&mut after);
        if after.packed_bytes() > self.call.user_data.packed_bytes() {
            check_size(self.state.limits(), &after)?;
        }
        Ok(self.event(CallHappening::Recorded { party: self.place, recording }))
    }

    fn remove(&self, number: &Number) -> Result<Vec<CallEvent>, Refusal> {
        let removed = self.live().find(|place| {
            let party = self.call.parties.get(*place);
            *place != self.place && party.is_some_and(|party| party.number == *number)
        });
        Ok(self.leave(&[removed.ok_or(Refusal::NoSuchParticipant)?]))
    }

    /// The destination as a party that rings, if there is room for it.
    pub(super) fn rings(&self, destination: &Destination) -> Result<NewParty, Refusal> {
        let number = rings_at(self.state, &destination.number)?;
        let dn = self.state.dn(number.as_str());
        let known = dn.and_then(|dn| self.call.party(dn));
        if known.is_some_and(Party::is_live) {
            return Err(Refusal::OnTheCall);
        }
        check_places(self.state, self.call, usize::from(known.is_none()))?;
        if let Some(dn) = dn {
            check_free(self.state, dn)?;
        }
        Ok(NewParty {
            dn: dn.cloned(),
            number: number.clone(),
            state: PartyState::Ringing,
            role: Role::Destination,
        })
    }

    /// The destination takes the place of the acting party.
    fn single_step_transfer(&self, destination: &Destination) -> Result<Vec<CallEvent>, Refusal> {
        let leaves = vec![(self.place, PartyState::Released)];
        let mut events = self.joined(destination, leaves)?;
        events.extend(consult::untied(self, std::iter::once(self.acting)));
        Ok(events)
    }

    /// The destination comes to the call, while parties move.
    fn joined(
        &self,
        destination: &Destination,
        moves: Vec<(usize, PartyState)>,
    ) -> Result<Vec<CallEvent>, Refusal> {
        let joined = self.rings(destination)?;
        let user_data = destination.user_data.clone();
        check_added(self.state.limits(), &mut self.call.user_data.clone(), &user_data)?;
        let leaving = moves.iter().any(|(place, _)| *place == self.place);
        let shared = self.share(&user_data, leaving)?;
        let (party, operation) = (self.place, self.operation);
        let comes = self.event(CallHappening::Joined {
            party,
            operation,
            moves,
            joined: vec![joined],
            user_data,
            rings_until_ms: rings_until(self.state, self.now_ms),
        });
        Ok(std::iter::once(comes).chain(shared).collect())
    }

    /// What data that is given with an operation means to other calls that have theirs jointly
    /// with this one. Calls that the acting party ties do not get it where those ties end.
    pub(super) fn share(&self, given: &UserData, unties: bool) -> Result<Vec<CallEvent>, Refusal> {
        let mut events = Vec::new();
        let Some(dn) = self.acting.dn.as_ref().filter(|_| !given.is_empty()) else {
            return Ok(events);
        };
        let change = UserDataChange::Update(given.clone());
        for (call, by) in sharing(self.state, self.call, Some(dn).filter(|_| unties)) {
            events.extend(changed_by(self.state, call, dn, by, &change, self.now_ms)?);
        }
        Ok(events)
    }
}

/// Refuses when there is no room for so many more on the call.
pub(super) fn check_places(state: &State, call: &Call, more: usize) -> Result<(), Refusal> {
    let limit = state.limits().parties;
    if call.parties.len() + more > limit {
        return Err(Refusal::TooMany { what: Bound::Parties, limit });
    }
    Ok(())
}

fn check_allowed(allowed: bool, operation: Operation, party: &Party) -> Result<(), Refusal> {
    if allowed {
        Ok(())
    } else {
        Err(Refusal::InvalidState { operation, state: party.state.as_str() })
    }
}
