//! What a report of a source leads to.
//!
//! Every report that is carried out leads to one event, also where nothing but its number changes:
//! the number has to stand in the journal. One that is known leads to none.

use std::collections::HashSet;

use super::begin::{check_calls, check_free, check_room};
use super::call::check_places;
use super::{check_change, check_data};
use crate::{
    Bound, Call, CallEvent, CallHappening, ConnId, Dn, Fed, FedCall, NewParty, Party, PartyState,
    Refusal, Report, Reported, Requester, State, UserData, UserDataChange,
};

/// The event of a report; `None` if it is known.
pub(super) fn report(
    state: &State,
    report: &Report,
    now_ms: u64,
) -> Result<Option<CallEvent>, Refusal> {
    let id = report.call();
    let call = state.call(id.as_str());
    let last = match call {
        None => 0,
        Some(call) => match &call.fed {
            Some(fed) if fed.source == report.source => fed.seq,
            _ => return Err(Refusal::Exists),
        },
    };
    if call.is_some() && report.seq <= last {
        return Ok(None);
    }
    let whole = matches!(report.what, Reported::Snapshot(_)) && report.seq > last;
    let expected = last.saturating_add(1);
    if report.seq != expected && !whole {
        return Err(Refusal::Gap { expected });
    }
    if call.is_some_and(|call| call.is_released()) {
        return Err(Refusal::Ended);
    }
    let what = match (&report.what, call) {
        (Reported::Began(whole) | Reported::Snapshot(whole), None) => began(state, report, whole)?,
        (Reported::Began(_), Some(_)) => return Err(Refusal::Exists),
        (_, None) => return Err(Refusal::NotFound),
        (Reported::Parties(parties), Some(call)) => {
            let Steps { moves, joined, .. } = steps(state, call, parties, false)?;
            CallHappening::Reported { moves, joined }
        }
        (Reported::UserData { by, change }, Some(call)) => {
            user_data(state, report, call, by.as_ref(), change)?
        }
        (Reported::Ended, Some(call)) => {
            let moves = left_out(call, &HashSet::new());
            CallHappening::Reported { moves, joined: Vec::new() }
        }
        (Reported::Snapshot(whole), Some(call)) => restated(state, call, whole)?,
    };
    let feed = Some(Fed { source: report.source.clone(), seq: report.seq });
    Ok(Some(CallEvent { call: id, at_ms: now_ms, what, feed }))
}

fn began(state: &State, report: &Report, whole: &FedCall) -> Result<CallHappening, Refusal> {
    let limit = state.limits().parties;
    if whole.parties.len() > limit {
        return Err(Refusal::TooMany { what: Bound::Parties, limit });
    }
    check_unique(&whole.parties)?;
    let mut live = whole.parties.iter().filter(|party| is_live(party)).peekable();
    if live.peek().is_none() {
        return Err(Refusal::InvalidParties);
    }
    // A party outside takes no line, but the call takes a place among all.
    for party in live {
        match &party.dn {
            Some(dn) => check_room(state, dn)?,
            None => check_calls(state)?,
        }
    }
    check_data(state.limits(), &whole.user_data)?;
    let conn_id =
        || ConnId::new(report.id.as_str()).expect("a call id of a source is one of these");
    Ok(CallHappening::Started {
        conn_id: whole.conn_id.clone().unwrap_or_else(conn_id),
        call_type: whole.call_type,
        dnis: whole.dnis.clone(),
        ani: whole.ani.clone(),
        parties: whole.parties.clone(),
        user_data: whole.user_data.clone(),
        consult: None,
        // How long a line rings is decided where the call is kept.
        rings_until_ms: None,
    })
}

fn restated(state: &State, call: &Call, whole: &FedCall) -> Result<CallHappening, Refusal> {
    let Steps { mut moves, joined, named } = steps(state, call, &whole.parties, true)?;
    moves.extend(left_out(call, &named));
    moves.sort_unstable_by_key(|(place, _)| *place);
    check_data(state.limits(), &whole.user_data)?;
    Ok(CallHappening::Restated {
        conn_id: whole.conn_id.clone().unwrap_or_else(|| call.conn_id.clone()),
        call_type: whole.call_type,
        dnis: whole.dnis.clone(),
        ani: whole.ani.clone(),
        moves,
        joined,
        user_data: whole.user_data.clone(),
    })
}

fn user_data(
    state: &State,
    report: &Report,
    call: &Call,
    by: Option<&Dn>,
    change: &UserDataChange,
) -> Result<CallHappening, Refusal> {
    let Some(change) = check_change(state.limits(), &call.user_data, change, UserData::attach)?
    else {
        return Ok(CallHappening::Reported { moves: Vec::new(), joined: Vec::new() });
    };
    let requester = match by {
        Some(dn) if call.party(dn).is_some_and(Party::is_live) => Requester::Party(dn.clone()),
        Some(dn) => Requester::ThirdParty(dn.clone()),
        None => Requester::ThirdParty(
            Dn::new(report.source.as_str()).expect("the name of a source is printable and short"),
        ),
    };
    Ok(CallHappening::UserDataChanged { requester, change })
}

/// What reported parties mean to a call.
struct Steps {
    moves: Vec<(usize, PartyState)>,
    joined: Vec<NewParty>,
    /// Places of the parties that were named.
    named: HashSet<usize>,
}

/// `whole`: nobody has to be there to be reported as having left.
fn steps(state: &State, call: &Call, parties: &[NewParty], whole: bool) -> Result<Steps, Refusal> {
    check_unique(parties)?;
    let mut steps = Steps { moves: Vec::new(), joined: Vec::new(), named: HashSet::new() };
    let mut new = 0;
    for party in parties {
        let place = place_of(call, party);
        let known = place.and_then(|place| call.parties.get(place));
        steps.named.extend(place);
        if let (Some(place), Some(known)) = (place, known.filter(|known| known.is_live())) {
            let moves = known.state != party.state;
            steps.moves.extend(moves.then_some((place, party.state)));
        } else if is_live(party) {
            if let Some(dn) = &party.dn {
                check_free(state, dn)?;
            }
            // A line that left comes back to its place.
            new += usize::from(known.is_none() || party.dn.is_none());
            steps.joined.push(party.clone());
        } else if known.is_none() && !whole {
            return Err(Refusal::NoSuchParticipant);
        }
    }
    // Whoever is there already needs no room.
    if new > 0 {
        check_places(state, call, new)?;
    }
    Ok(steps)
}

/// Moves that release whoever is still on the call and not at one of these places.
fn left_out(call: &Call, named: &HashSet<usize>) -> Vec<(usize, PartyState)> {
    let parties = call.parties.iter().enumerate();
    parties
        .filter(|(place, party)| party.is_live() && !named.contains(place))
        .map(|(place, _)| (place, PartyState::Released))
        .collect()
}

/// Where the party is on the call, or was. Of those outside who have one number, it is who is
/// still there.
fn place_of(call: &Call, party: &NewParty) -> Option<usize> {
    if let Some(dn) = &party.dn {
        return call.place(dn);
    }
    let outside = || {
        let parties = call.parties.iter().enumerate();
        parties.filter(|(_, known)| known.dn.is_none() && known.number == party.number)
    };
    let live = outside().find(|(_, known)| known.is_live());
    live.or_else(|| outside().next_back()).map(|(place, _)| place)
}

fn check_unique(parties: &[NewParty]) -> Result<(), Refusal> {
    let mut lines = HashSet::new();
    let mut numbers = HashSet::new();
    let unique = parties.iter().all(|party| match &party.dn {
        Some(dn) => lines.insert(dn),
        None => numbers.insert(&party.number),
    });
    if unique { Ok(()) } else { Err(Refusal::InvalidParties) }
}

fn is_live(party: &NewParty) -> bool {
    party.state != PartyState::Released
}
