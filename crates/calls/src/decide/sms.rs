//! Decisions about SMS sessions.

use std::sync::Arc;

use super::{check_change, check_data, new_sms_id};
use crate::operation::customer_capabilities;
use crate::{
    Bound, IdSource, Nickname, Operation, Participant, ParticipantKind, Refusal, SmsAction,
    SmsActor, SmsEvent, SmsHappening, SmsId, SmsOffer, SmsSession, State, UserData, UserDataChange,
    UserName, ids,
};

pub(super) fn offer(
    state: &State,
    offer: &SmsOffer,
    now_ms: u64,
    ids: &mut dyn IdSource,
) -> Result<SmsEvent, Refusal> {
    let limits = state.limits();
    if state.live_sessions() >= limits.sessions {
        return Err(Refusal::TooMany { what: Bound::Sessions, limit: limits.sessions });
    }
    if state.live_sessions_of(&offer.to) >= limits.sessions_per_user {
        let limit = limits.sessions_per_user;
        return Err(Refusal::TooMany { what: Bound::SessionsOfUser, limit });
    }
    check_text(state, offer.text.as_deref().unwrap_or_default())?;
    let mut user_data = UserData::new();
    user_data.update(&offer.user_data);
    check_data(limits, &user_data)?;
    let nickname = offer.nickname.clone().unwrap_or_else(|| shown_as(offer.from.as_str()));
    let customer =
        Participant { id: ids::participant_id(ids), nickname, kind: ParticipantKind::Customer };
    Ok(SmsEvent {
        session: new_sms_id(state, ids),
        at_ms: now_ms,
        what: SmsHappening::Offered {
            agent: offer.to.clone(),
            number: offer.from.clone(),
            customer,
            text: offer.text.clone(),
            user_data,
        },
    })
}

pub(super) fn operate(
    state: &State,
    id: &SmsId,
    by: &SmsActor,
    action: &SmsAction,
    now_ms: u64,
    ids: &mut dyn IdSource,
) -> Result<SmsEvent, Refusal> {
    let (session, kind) = match by {
        SmsActor::Agent(agent) => (find(state, id, agent)?, ParticipantKind::Agent),
        SmsActor::Customer => {
            (state.sms(id.as_str()).ok_or(Refusal::NotFound)?, ParticipantKind::Customer)
        }
    };
    let operation = action.operation();
    let allowed = match kind {
        ParticipantKind::Agent => session.capabilities(),
        ParticipantKind::Customer => customer_capabilities(session.state),
    };
    check_allowed(allowed, operation, session)?;
    let acting = || {
        session
            .participant(kind)
            .map(|participant| participant.id.clone())
            .ok_or(Refusal::InvalidState { operation, state: session.state.as_str() })
    };
    let what = match action {
        SmsAction::Accept { nickname } => SmsHappening::Accepted {
            agent: Participant {
                id: ids::participant_id(ids),
                nickname: nickname.clone().unwrap_or_else(|| shown_as(session.agent.as_str())),
                kind: ParticipantKind::Agent,
            },
        },
        SmsAction::Reject => SmsHappening::Rejected,
        SmsAction::SendMessage { text } => {
            let from = acting()?;
            check_text(state, text)?;
            let limit = state.limits().transcript_entries;
            if session.transcript.len() >= limit {
                return Err(Refusal::TooMany { what: Bound::TranscriptEntries, limit });
            }
            SmsHappening::MessageSent { from, text: text.clone() }
        }
        SmsAction::Leave => SmsHappening::Left { participant: acting()? },
        SmsAction::Complete => SmsHappening::Completed,
    };
    Ok(SmsEvent { session: id.clone(), at_ms: now_ms, what })
}

pub(super) fn change(
    state: &State,
    id: &SmsId,
    agent: &UserName,
    change: &UserDataChange,
    now_ms: u64,
) -> Result<Option<SmsEvent>, Refusal> {
    let session = find(state, id, agent)?;
    check_allowed(session.capabilities(), change.operation(), session)?;
    let change = check_change(state.limits(), &session.user_data, change, UserData::update)?;
    Ok(change.map(|change| SmsEvent {
        session: id.clone(),
        at_ms: now_ms,
        what: SmsHappening::UserDataChanged { change },
    }))
}

/// The session, provided that it is this agent's.
fn find<'a>(
    state: &'a State,
    id: &SmsId,
    agent: &UserName,
) -> Result<&'a Arc<SmsSession>, Refusal> {
    state.sms(id.as_str()).filter(|session| session.agent == *agent).ok_or(Refusal::NotFound)
}

fn check_allowed(
    allowed: &[Operation],
    operation: Operation,
    session: &SmsSession,
) -> Result<(), Refusal> {
    if allowed.contains(&operation) {
        Ok(())
    } else {
        Err(Refusal::InvalidState { operation, state: session.state.as_str() })
    }
}

fn check_text(state: &State, text: &str) -> Result<(), Refusal> {
    let limit = state.limits().text_bytes;
    if text.len() > limit {
        return Err(Refusal::TextTooLong { bytes: text.len(), limit });
    }
    Ok(())
}

fn shown_as(name: &str) -> Nickname {
    Nickname::new(name).expect("numbers and user names are valid nicknames")
}
