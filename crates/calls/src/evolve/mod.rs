//! Applying an event to the state.
//!
//! It is the one way in which calls and sessions change, both when an event has just been decided
//! and when it comes out of a journal years later. What [`decide`](crate::decide()) decided always
//! applies; an error means that the events are not the ones that led to this state.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

mod call;
mod line;

pub(crate) use line::evolve_line;

use crate::{
    Call, CallEvent, EntryKind, Event, Limits, Participant, ParticipantId, ParticipantKind,
    SmsEvent, SmsHappening, SmsSession, SmsState, State, Subject, TranscriptEntry, UserData,
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
    /// The call has more than [`Limits::MAX_PARTIES`] parties.
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
                write!(f, "{subject} has more than {} parties", Limits::MAX_PARTIES)
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
        Event::Sms(event) => evolve_sms(state, event).map(|_| ()),
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

pub(crate) fn evolve_sms(
    state: &mut State,
    event: &SmsEvent,
) -> Result<Step<SmsSession>, EvolveError> {
    let before = state.sms(event.session.as_str()).cloned();
    let after = Arc::new(sms_after(before.as_deref(), event)?);
    state.set_sms(&event.session, Some(Arc::clone(&after)));
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
            Self::Replace(all) => {
                *data = all.clone();
                true
            }
        }
    }
}

fn sms_after(before: Option<&SmsSession>, event: &SmsEvent) -> Result<SmsSession, EvolveError> {
    let subject = || Subject::Sms(event.session.clone());
    if let SmsHappening::Offered { agent, number, customer, text, user_data } = &event.what {
        if before.is_some() {
            return Err(EvolveError::Exists(subject()));
        }
        let mut session = SmsSession {
            id: event.session.clone(),
            state: SmsState::Invited,
            agent: agent.clone(),
            customer: number.clone(),
            participants: vec![customer.clone()],
            user_data: user_data.clone(),
            transcript: Vec::new(),
            created_at_ms: event.at_ms,
            completed_at_ms: None,
            version: 1,
        };
        record(&mut session, event, customer.clone(), EntryKind::ParticipantJoined, None);
        if let Some(text) = text {
            record(&mut session, event, customer.clone(), EntryKind::Text, Some(text));
        }
        return Ok(session);
    }
    let mut session = before.cloned().ok_or_else(|| EvolveError::Unknown(subject()))?;
    if session.is_completed() {
        return Err(EvolveError::Ended(subject()));
    }
    let find = |session: &SmsSession, id: &ParticipantId| {
        let found = session.participants.iter().find(|participant| participant.id == *id);
        found.cloned().ok_or_else(|| EvolveError::NoSuchParty(subject()))
    };
    match &event.what {
        SmsHappening::Offered { .. } => {}
        // Invited => Chatting
        SmsHappening::Accepted { agent } => {
            session.state = SmsState::Chatting;
            session.participants.push(agent.clone());
            record(&mut session, event, agent.clone(), EntryKind::ParticipantJoined, None);
        }
        SmsHappening::MessageSent { from, text } => {
            let from = find(&session, from)?;
            record(&mut session, event, from, EntryKind::Text, Some(text));
        }
        // Chatting => LeftChat, for the agent
        SmsHappening::Left { participant } => {
            let leaving = find(&session, participant)?;
            session.participants.retain(|other| other.id != leaving.id);
            if leaving.kind == ParticipantKind::Agent {
                session.state = SmsState::LeftChat;
            }
            record(&mut session, event, leaving, EntryKind::ParticipantLeft, None);
        }
        // Invited, Chatting, LeftChat => Completed
        SmsHappening::Rejected | SmsHappening::Completed => {
            session.state = SmsState::Completed;
            session.participants.clear();
            session.completed_at_ms = Some(event.at_ms);
        }
        SmsHappening::UserDataChanged { change } => {
            change.apply(&mut session.user_data, UserData::update);
        }
    }
    session.version += 1;
    Ok(session)
}

fn record(
    session: &mut SmsSession,
    event: &SmsEvent,
    from: Participant,
    kind: EntryKind,
    text: Option<&String>,
) {
    session.transcript.push(Arc::new(TranscriptEntry {
        index: session.transcript.len(),
        from,
        kind,
        text: text.cloned(),
        at_ms: event.at_ms,
    }));
}
