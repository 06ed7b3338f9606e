//! What an interaction is after an event.

use std::sync::Arc;

use super::EvolveError;
use crate::{
    Asking, EntryKind, Interaction, InteractionEvent, InteractionHappening, InteractionState,
    LastSeen, Participant, ParticipantId, ParticipantKind, Seat, Subject, TranscriptEntry,
    UserData, UserName,
};

pub(super) fn after(
    before: Option<&Interaction>,
    event: &InteractionEvent,
) -> Result<Interaction, EvolveError> {
    let subject = || Subject::Interaction(event.key());
    if matches!(event.what, InteractionHappening::Offered { .. }) {
        return match before {
            Some(_) => Err(EvolveError::Exists(subject())),
            None => begun(event).ok_or_else(|| EvolveError::Unknown(subject())),
        };
    }
    let before = before.filter(|before| before.medium == event.medium);
    let before = before.ok_or_else(|| EvolveError::Unknown(subject()))?;
    if before.is_completed() {
        return Err(EvolveError::Ended(subject()));
    }
    let mut step = Step { now: before.clone(), event };
    step.happen(&event.what).ok_or_else(|| EvolveError::NoSuchParty(subject()))?;
    if step.now.seats.len() > Interaction::MAX_AGENTS {
        return Err(EvolveError::TooManyParties(subject()));
    }
    Ok(step.ended(before))
}

fn begun(event: &InteractionEvent) -> Option<Interaction> {
    let InteractionHappening::Offered { agent, number, customer, text, user_data, details } =
        &event.what
    else {
        return None;
    };
    let now = Interaction {
        id: event.interaction.clone(),
        medium: event.medium,
        seats: vec![new_seat(agent.clone(), event.medium.asked())],
        customer: number.clone(),
        participants: vec![customer.clone()],
        typing: Vec::new(),
        user_data: user_data.clone(),
        details: details.clone(),
        transcript: Vec::new(),
        created_at_ms: event.at_ms,
        completed_at_ms: None,
        version: 1,
    };
    let mut step = Step { now, event };
    step.record(customer.clone(), EntryKind::ParticipantJoined, None);
    if let Some(text) = text {
        step.record(customer.clone(), EntryKind::Text, Some(text));
    }
    Some(step.now)
}

fn new_seat(agent: UserName, state: InteractionState) -> Seat {
    Seat {
        agent,
        state,
        participant: None,
        hidden: false,
        was_there: false,
        from: None,
        last: None,
    }
}

/// An interaction on its way from before an event to after it.
struct Step<'a> {
    now: Interaction,
    event: &'a InteractionEvent,
}

impl Step<'_> {
    /// Answers nothing where the event is about somebody who is not there.
    fn happen(&mut self, what: &InteractionHappening) -> Option<()> {
        match what {
            InteractionHappening::Offered { .. } | InteractionHappening::Focused => {}
            InteractionHappening::Accepted { agent } => {
                let working = self.now.medium.working();
                let seat = self.seat()?;
                seat.state = working;
                seat.participant = Some(agent.id.clone());
                seat.from = None;
                let kind = if seat.was_there {
                    EntryKind::ParticipantRejoined
                } else {
                    EntryKind::ParticipantJoined
                };
                seat.was_there = true;
                self.now.participants.push(agent.clone());
                self.record(agent.clone(), kind, None);
            }
            InteractionHappening::Rejected => {
                let seat = self.seat()?;
                seat.state = InteractionState::Completed;
                let from = seat.from.take();
                self.give_back(from.as_ref());
            }
            InteractionHappening::MessageSent { from, text } => {
                let from = self.now.participant(from)?.clone();
                self.now.typing.retain(|other| *other != from.id);
                self.record(from, EntryKind::Text, Some(text));
            }
            InteractionHappening::UrlSent { from, url } => {
                let from = self.now.participant(from)?.clone();
                self.record(from, EntryKind::PushUrl, Some(url));
            }
            InteractionHappening::Typed { from, started } => {
                let from = self.now.participant(from)?.id.clone();
                self.now.typing.retain(|other| *other != from);
                if *started {
                    self.now.typing.push(from);
                }
            }
            InteractionHappening::Asked { agent, asking } => self.ask(agent, *asking)?,
            InteractionHappening::Left { participant } => {
                if self.leaves(participant)?.kind == ParticipantKind::Agent {
                    // Who is hidden from the customer is nobody to stay with.
                    let talks =
                        |other: &Participant| other.kind == ParticipantKind::Agent && !other.hidden;
                    let others = self.now.participants.iter().any(talks);
                    let seat = self.seat_of(participant)?;
                    seat.participant = None;
                    seat.state = if others {
                        InteractionState::Completed
                    } else {
                        InteractionState::LeftChat
                    };
                }
            }
            InteractionHappening::LeftAndCompleted { participant } => {
                self.leaves(participant)?;
                self.seat_of(participant)?.state = InteractionState::Completed;
            }
            InteractionHappening::Completed => {
                let seat = self.seat()?;
                let there = seat.participant.clone();
                seat.state = InteractionState::Completed;
                if self.now.live_seats().next().is_some()
                    && let Some(participant) = there
                    && self.now.participant(&participant).is_some()
                {
                    self.leaves(&participant)?;
                }
            }
            InteractionHappening::PlacedInWorkbin => {
                self.seat()?.state = InteractionState::InWorkbin;
            }
            InteractionHappening::PulledFromWorkbin => {
                let working = self.now.medium.working();
                self.seat()?.state = working;
            }
            InteractionHappening::Revoked => {
                let asked = self.now.medium.asked();
                for seat in self.now.seats.iter_mut().filter(|seat| seat.state == asked) {
                    seat.state = InteractionState::Revoked;
                }
            }
            InteractionHappening::UserDataChanged { change } => {
                change.apply(&mut self.now.user_data, UserData::update);
            }
        }
        Some(())
    }

    /// Whose event it is: who did it, or of older records the only one who could.
    fn seat(&mut self) -> Option<&mut Seat> {
        match &self.event.by {
            Some(by) => self.now.seats.iter_mut().find(|seat| seat.agent == *by),
            None => self.now.seats.first_mut(),
        }
    }

    /// Whose seat the participant has, or had until now.
    fn seat_of(&mut self, participant: &ParticipantId) -> Option<&mut Seat> {
        let has = |seat: &&mut Seat| seat.participant.as_ref() == Some(participant);
        self.now.seats.iter_mut().find(has)
    }

    fn ask(&mut self, agent: &UserName, asking: Asking) -> Option<()> {
        let state = self.now.medium.asked();
        let asker = self.seat()?;
        let from = asker.agent.clone();
        let hidden = asker.hidden || asking == Asking::Consult;
        if asking == Asking::Transfer {
            asker.state = InteractionState::Completed;
            if let Some(participant) = asker.participant.clone() {
                self.leaves(&participant)?;
            }
        }
        if self.now.seat(agent.as_str()).is_none() {
            self.now.seats.push(new_seat(agent.clone(), state));
        }
        let seat = self.now.seats.iter_mut().find(|seat| seat.agent == *agent)?;
        seat.state = state;
        seat.hidden = hidden;
        seat.participant = None;
        seat.from = (asking == Asking::Transfer).then_some(from);
        Some(())
    }

    /// What was given away and is not wanted goes back, when nobody else has anything to do with it.
    fn give_back(&mut self, from: Option<&UserName>) {
        if self.now.live_seats().next().is_some() {
            return;
        }
        let state = self.now.medium.asked();
        let giver = self.now.seats.iter_mut().find(|seat| Some(&seat.agent) == from);
        if let Some(seat) = giver {
            seat.state = state;
            seat.participant = None;
        }
    }

    fn leaves(&mut self, participant: &ParticipantId) -> Option<Participant> {
        let leaving = self.now.participant(participant)?.clone();
        self.now.participants.retain(|other| other.id != leaving.id);
        self.now.typing.retain(|other| *other != leaving.id);
        self.record(leaving.clone(), EntryKind::ParticipantLeft, None);
        Some(leaving)
    }

    fn record(&mut self, from: Participant, kind: EntryKind, text: Option<&String>) {
        self.now.transcript.push(Arc::new(TranscriptEntry {
            index: self.now.transcript.len(),
            from,
            kind,
            text: text.cloned(),
            at_ms: self.event.at_ms,
        }));
    }

    /// Whoever has nothing to do with it any more keeps what he saw last; when nobody has, it ends.
    fn ended(mut self, before: &Interaction) -> Interaction {
        let over = self.now.live_seats().next().is_none();
        let last =
            LastSeen { user_data: self.now.user_data.clone(), lines: self.now.transcript.len() };
        for seat in &mut self.now.seats {
            if seat.is_live() {
                seat.last = None;
            } else {
                seat.participant = None;
                seat.from = None;
                let was = before.seat(seat.agent.as_str());
                if was.is_some_and(Seat::is_live) {
                    seat.last = Some(last.clone());
                }
            }
        }
        if over {
            self.now.participants.clear();
            self.now.typing.clear();
            self.now.completed_at_ms = Some(self.event.at_ms);
        }
        self.now.version += 1;
        self.now
    }
}
