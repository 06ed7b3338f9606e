//! What an event makes of a call.

use super::EvolveError;
use crate::{
    Call, CallEvent, CallHappening, ConsultLink, Left, Limits, Operation, Party, PartyState,
    Recording, Subject, UserData,
};

/// The call after `event`; `before` is `None` where there was none.
pub(super) fn after(before: Option<&Call>, event: &CallEvent) -> Result<Call, EvolveError> {
    let subject = || Subject::Call(event.call.clone());
    if let CallHappening::Started {
        conn_id,
        call_type,
        dnis,
        ani,
        parties,
        user_data,
        consult,
        rings_until_ms,
    } = &event.what
    {
        if before.is_some() {
            return Err(EvolveError::Exists(subject()));
        }
        if parties.len() > Limits::MAX_PARTIES {
            return Err(EvolveError::TooManyParties(subject()));
        }
        let new = |party| Party::new(party, *rings_until_ms, event.at_ms, 0);
        let mut call = Call {
            id: event.call.clone(),
            conn_id: conn_id.clone(),
            call_type: *call_type,
            parties: parties.iter().map(new).collect(),
            user_data: user_data.clone(),
            dnis: dnis.clone(),
            ani: ani.clone(),
            consult: consult.clone(),
            recording: Recording::Off,
            created_at_ms: event.at_ms,
            released_at_ms: None,
            version: 1,
            fed: event.feed.clone(),
        };
        let left = Left::now(&call, event.at_ms, 1);
        for party in call.parties.iter_mut().filter(|party| !party.is_live()) {
            party.left = Some(left.clone());
        }
        return Ok(call);
    }
    let mut call = before.cloned().ok_or_else(|| EvolveError::Unknown(subject()))?;
    if call.is_released() {
        return Err(EvolveError::Ended(subject()));
    }
    apply(&mut call, event).ok_or_else(|| EvolveError::NoSuchParty(subject()))?;
    if call.parties.len() > Limits::MAX_PARTIES {
        return Err(EvolveError::TooManyParties(subject()));
    }
    call.version += 1;
    if event.feed.is_some() {
        call.fed.clone_from(&event.feed);
    }
    Ok(call)
}

/// `None` if the event names a party that is not there.
fn apply(call: &mut Call, event: &CallEvent) -> Option<()> {
    match &event.what {
        CallHappening::Started { .. } | CallHappening::DtmfSent { .. } => {}
        CallHappening::Moved { moves, .. } => move_parties(call, moves, event.at_ms)?,
        CallHappening::Joined { party, operation, moves, joined, user_data, rings_until_ms } => {
            for new in joined {
                call.join(new, *rings_until_ms, event.at_ms);
            }
            if matches!(operation, Operation::CompleteTransfer | Operation::CompleteConference) {
                call.parties.get_mut(*party)?.consult = None;
            }
            call.user_data.update(user_data);
            move_parties(call, moves, event.at_ms)?;
        }
        CallHappening::ConsultBegan { party, consult, purpose, user_data } => {
            call.user_data.update(user_data);
            let party = call.parties.get_mut(*party)?;
            party.state = PartyState::Held;
            party.consult = Some(ConsultLink { call: consult.clone(), purpose: *purpose });
        }
        CallHappening::ConsultEnded { party } => call.parties.get_mut(*party)?.consult = None,
        CallHappening::ParentLeft => {
            if let Some(consult) = &mut call.consult {
                consult.is_open = false;
            }
        }
        CallHappening::Muted { party, muted } => call.parties.get_mut(*party)?.muted = *muted,
        CallHappening::Recorded { party, recording } => {
            call.parties.get(*party)?;
            call.recording = *recording;
            recording.tell(&mut call.user_data);
        }
        CallHappening::UserDataChanged { change, .. } => {
            change.apply(&mut call.user_data, UserData::attach);
        }
        CallHappening::Reported { moves, joined } => {
            for new in joined {
                call.join(new, None, event.at_ms);
            }
            move_parties(call, moves, event.at_ms)?;
        }
        CallHappening::Restated { conn_id, call_type, dnis, ani, moves, joined, user_data } => {
            call.conn_id = conn_id.clone();
            call.call_type = *call_type;
            call.dnis.clone_from(dnis);
            call.ani.clone_from(ani);
            call.user_data = user_data.clone();
            for new in joined {
                call.join(new, None, event.at_ms);
            }
            move_parties(call, moves, event.at_ms)?;
        }
    }
    Some(())
}

fn move_parties(call: &mut Call, moves: &[(usize, PartyState)], at_ms: u64) -> Option<()> {
    let left = Left::now(call, at_ms, call.version + 1);
    for &(place, state) in moves {
        let party = call.parties.get_mut(place)?;
        party.state = state;
        party.rings_until_ms = party.rings_until_ms.filter(|_| state == PartyState::Ringing);
        if state == PartyState::Released {
            party.left = Some(left.clone());
            party.consult = None;
        }
    }
    if call.parties.iter().all(|party| party.state == PartyState::Released) {
        call.released_at_ms = Some(at_ms);
        call.recording = call.recording.at_the_end();
    }
    let asks = call.consult.as_ref().and_then(|consult| call.party(&consult.by));
    let asks = asks.is_some_and(Party::is_live);
    if let Some(consult) = &mut call.consult {
        consult.is_open &= asks;
    }
    Some(())
}
