//! What happened. Events are the truth that is kept; state is what they add up to.
//!
//! An event holds all that [`evolve`](crate::evolve()) needs, times and ids included, so applying the
//! same events in the same order always ends in the same state.

use std::fmt;

use serde::{Deserialize, Serialize, Serializer};

use crate::{
    CallId, CallType, ConnId, Consult, Digits, InteractionEvent, InteractionKey, LineId,
    LineSettings, Medium, NewParty, Number, Operation, PartyState, Purpose, Recording, Requester,
    UserData, UserDataChange,
};

/// One thing that happened to one call, one interaction or one line.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(from = "Recorded")]
pub enum Event {
    /// To a call.
    Call(CallEvent),
    /// To an interaction.
    Interaction(InteractionEvent),
    /// To a line.
    Line(LineEvent),
}

/// How an event is recorded: interactions under the name of their medium.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Recorded {
    Call(CallEvent),
    Line(LineEvent),
    Sms(InteractionEvent),
    Chat(InteractionEvent),
    Email(InteractionEvent),
    Workitem(InteractionEvent),
    Openmedia(InteractionEvent),
    Im(InteractionEvent),
    Facebook(InteractionEvent),
    Twitter(InteractionEvent),
}

impl From<Recorded> for Event {
    fn from(recorded: Recorded) -> Self {
        let (medium, event) = match recorded {
            Recorded::Call(event) => return Self::Call(event),
            Recorded::Line(event) => return Self::Line(event),
            Recorded::Sms(event) => (Medium::Sms, event),
            Recorded::Chat(event) => (Medium::Chat, event),
            Recorded::Email(event) => (Medium::Email, event),
            Recorded::Workitem(event) => (Medium::Workitem, event),
            Recorded::Openmedia(event) => (Medium::Openmedia, event),
            Recorded::Im(event) => (Medium::Im, event),
            Recorded::Facebook(event) => (Medium::Facebook, event),
            Recorded::Twitter(event) => (Medium::Twitter, event),
        };
        Self::Interaction(InteractionEvent { medium, ..event })
    }
}

impl Serialize for Event {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // The place of a variant means nothing where it has a name.
        match self {
            Self::Call(event) => serializer.serialize_newtype_variant("Event", 0, "call", event),
            Self::Interaction(event) => {
                serializer.serialize_newtype_variant("Event", 1, event.medium.name(), event)
            }
            Self::Line(event) => serializer.serialize_newtype_variant("Event", 2, "line", event),
        }
    }
}

impl Event {
    /// Whose event it is.
    pub fn subject(&self) -> Subject {
        match self {
            Self::Call(event) => Subject::Call(event.call.clone()),
            Self::Interaction(event) => Subject::Interaction(event.key()),
            Self::Line(event) => Subject::Line(event.line.clone()),
        }
    }

    /// When it happened, in milliseconds since 1970.
    pub fn at_ms(&self) -> u64 {
        match self {
            Self::Call(event) => event.at_ms,
            Self::Interaction(event) => event.at_ms,
            Self::Line(event) => event.at_ms,
        }
    }
}

/// A call, an interaction or a line, by its id.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Subject {
    /// A call.
    Call(CallId),
    /// An interaction.
    Interaction(InteractionKey),
    /// A line in one era.
    Line(LineId),
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Call(id) => write!(f, "call {id}"),
            Self::Interaction(key) => write!(f, "{} interaction {}", key.medium, key.id),
            Self::Line(id) => write!(f, "line {} in era {}", id.dn, id.era),
        }
    }
}

/// One thing that happened to a call.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct CallEvent {
    /// The call.
    pub call: CallId,
    /// When, in milliseconds since 1970.
    pub at_ms: u64,
    /// What.
    pub what: CallHappening,
}

/// What can happen to a call.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CallHappening {
    /// The call began.
    Started {
        /// The connection id.
        conn_id: ConnId,
        /// Where the call comes from and goes to.
        call_type: CallType,
        /// The number that was dialled.
        dnis: Option<Number>,
        /// The number of the caller.
        ani: Option<Number>,
        /// Who takes part.
        parties: Vec<NewParty>,
        /// The data attached from the start.
        user_data: UserData,
        /// Which call it was made from, if it is a consultation.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        consult: Option<Consult>,
        /// Until when who rings rings at most, in milliseconds since 1970.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rings_until_ms: Option<u64>,
    },
    /// Parties changed their states, because one of them did something.
    Moved {
        /// Place of the acting party in [`Call::parties`](crate::Call::parties).
        party: usize,
        /// What it did.
        operation: Operation,
        /// The parties that changed, and what they do now.
        moves: Vec<(usize, PartyState)>,
    },
    /// Somebody came onto the call, because a party did something, and parties changed their
    /// states.
    Joined {
        /// Place of the acting party in [`Call::parties`](crate::Call::parties).
        party: usize,
        /// What it did.
        operation: Operation,
        /// The parties that changed, and what they do now.
        moves: Vec<(usize, PartyState)>,
        /// Who came. The consultation that led to it, if one was completed, is over.
        joined: Vec<NewParty>,
        /// Data that came with it, set as by an update.
        #[serde(default, skip_serializing_if = "UserData::is_empty")]
        user_data: UserData,
        /// Until when who came rings at most, in milliseconds since 1970.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rings_until_ms: Option<u64>,
    },
    /// A party began a consultation and is on hold here.
    ConsultBegan {
        /// Place of the party in [`Call::parties`](crate::Call::parties).
        party: usize,
        /// The consultation call.
        consult: CallId,
        /// What it is to lead to.
        purpose: Purpose,
        /// Data that both calls are given with it, set as by an update; only where they have their
        /// data jointly.
        #[serde(default, skip_serializing_if = "UserData::is_empty")]
        user_data: UserData,
    },
    /// The consultation of a party ended and led to nothing.
    ConsultEnded {
        /// Place of the party in [`Call::parties`](crate::Call::parties).
        party: usize,
    },
    /// The call that this consultation was made from has gone on without the line that asks, or with
    /// another consultation.
    ParentLeft,
    /// A party is no longer heard, or is again.
    Muted {
        /// Place of the party in [`Call::parties`](crate::Call::parties).
        party: usize,
        /// Whether it is not heard now.
        muted: bool,
    },
    /// The recording began, paused, went on or ended; user data tells of it.
    Recorded {
        /// Place of the party in [`Call::parties`](crate::Call::parties) that asked for it.
        party: usize,
        /// How the call is recorded now.
        recording: Recording,
    },
    /// A party sent tones. Nothing about the call changes but its version.
    DtmfSent {
        /// Place of the party in [`Call::parties`](crate::Call::parties).
        party: usize,
        /// The tones.
        digits: Digits,
    },
    /// The user data changed, or was set to what it was.
    UserDataChanged {
        /// Who asked for it.
        requester: Requester,
        /// What was asked.
        change: UserDataChange,
    },
}

/// Something else is set at a line.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct LineEvent {
    /// The line.
    pub line: LineId,
    /// When, in milliseconds since 1970.
    pub at_ms: u64,
    /// All that is set now.
    pub settings: LineSettings,
}
