//! An interaction between a customer and one agent or several: an SMS session, a chat, an e-mail.
//!
//! Values only: [`evolve`](crate::evolve()) makes them and never changes one in place. What a medium is
//! like is in [`Medium`], what may be done in [`interaction_capabilities`].

use std::sync::Arc;

use crate::{Contact, InteractionId, ParticipantId, UserData, UserName};

pub(crate) mod table;

mod command;
mod details;
mod event;
mod medium;
mod state;
mod transcript;

pub use command::{Asking, InteractionAction, InteractionActor, InteractionOffer};
pub use details::Details;
pub use event::{InteractionEvent, InteractionHappening};
pub use medium::Medium;
pub use state::InteractionState;
pub use table::{interaction_capabilities, interaction_operations};
pub use transcript::{EntryKind, Participant, ParticipantKind, TranscriptEntry};

/// An interaction by its medium and its id. An id is never used by two, whatever their media.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct InteractionKey {
    /// The medium.
    pub medium: Medium,
    /// The id.
    pub id: InteractionId,
}

/// One interaction, at one moment.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Interaction {
    /// The id.
    pub id: InteractionId,
    /// What carries it.
    pub medium: Medium,
    /// The agents who have or had a part in it, each once, in the order in which they were first asked.
    pub seats: Vec<Seat>,
    /// The number or address the customer writes from.
    pub customer: Contact,
    /// Who takes part now, in order of appearance.
    pub participants: Vec<Participant>,
    /// Who of them is writing.
    pub typing: Vec<ParticipantId>,
    /// The data attached to the interaction. Its keys never repeat.
    pub user_data: UserData,
    /// What only some media show.
    pub details: Details,
    /// What was said and who came and went, in order; the index of an entry is its place here.
    pub transcript: Vec<Arc<TranscriptEntry>>,
    /// When it was offered, in milliseconds since 1970.
    pub created_at_ms: u64,
    /// When it was completed, in milliseconds since 1970.
    pub completed_at_ms: Option<u64>,
    /// How many events it has had. It grows by one with each change.
    pub version: u64,
}

/// An agent's part in an interaction.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Seat {
    /// Whose it is.
    pub agent: UserName,
    /// What he is doing in it.
    pub state: InteractionState,
    /// How he takes part, while he does.
    pub participant: Option<ParticipantId>,
    /// Whether the customer knows nothing of him: he is only asked.
    pub hidden: bool,
    /// Whether he has taken part before.
    pub was_there: bool,
    /// Who gave it away to him, while he has not accepted.
    pub from: Option<UserName>,
    /// What he still sees of it when it goes on without him.
    pub last: Option<LastSeen>,
}

/// What an agent saw last of an interaction that goes on without him.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct LastSeen {
    /// The data attached to it then.
    pub user_data: UserData,
    /// How many lines the transcript had then.
    pub lines: usize,
}

impl Seat {
    /// Whether the agent still has something to do with the interaction.
    pub fn is_live(&self) -> bool {
        !self.state.is_final()
    }
}

impl Interaction {
    /// How many agents have a part in one interaction at most, those who have left it included.
    ///
    /// Whoever derives something for each agent from one change can rely on it: with three
    /// notifications for each they are fewer than 64.
    pub const MAX_AGENTS: usize = 16;

    /// The interaction by its medium and its id.
    pub fn key(&self) -> InteractionKey {
        InteractionKey { medium: self.medium, id: self.id.clone() }
    }

    /// An agent's part in it.
    pub fn seat(&self, agent: &str) -> Option<&Seat> {
        self.seats.iter().find(|seat| seat.agent.as_str() == agent)
    }

    /// The agents who still have something to do with it.
    pub fn live_seats(&self) -> impl Iterator<Item = &Seat> {
        self.seats.iter().filter(|seat| seat.is_live())
    }

    /// What it is doing as a whole: what the agent does who is furthest in it.
    pub fn state(&self) -> InteractionState {
        let mut states = self.seats.iter().map(|seat| seat.state);
        let of = |wanted| states.clone().find(|state| *state == wanted);
        of(self.medium.working())
            .or_else(|| of(self.medium.asked()))
            .or_else(|| states.clone().find(|state| !state.is_final()))
            .or_else(|| states.next_back())
            .unwrap_or(InteractionState::Completed)
    }

    /// Whether it has ended. Then nothing can be done with it.
    pub fn is_completed(&self) -> bool {
        self.completed_at_ms.is_some()
    }

    /// The customer, while he takes part.
    pub fn customer(&self) -> Option<&Participant> {
        self.participants.iter().find(|other| other.kind == ParticipantKind::Customer)
    }

    /// The participant of this id, while he takes part.
    pub fn participant(&self, id: &ParticipantId) -> Option<&Participant> {
        self.participants.iter().find(|participant| participant.id == *id)
    }

    /// Who takes part, as an agent sees it: nobody, once he has nothing to do with it any more.
    pub fn participants_of(&self, seat: &Seat) -> &[Participant] {
        if seat.is_live() { &self.participants } else { &[] }
    }

    /// The data attached to it, as an agent sees it.
    pub fn user_data_of<'a>(&'a self, seat: &'a Seat) -> &'a UserData {
        seat.last.as_ref().map_or(&self.user_data, |last| &last.user_data)
    }

    /// The transcript, as an agent sees it.
    pub fn transcript_of(&self, seat: &Seat) -> &[Arc<TranscriptEntry>] {
        let lines = seat.last.as_ref().map_or(self.transcript.len(), |last| last.lines);
        self.transcript.get(..lines).unwrap_or(&self.transcript)
    }
}
