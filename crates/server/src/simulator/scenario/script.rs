//! What is to happen, drawn in advance: each story is a row of steps with the time between them.
//!
//! Nothing here depends on what happens later; the [player](super::player) goes through the steps
//! and waits where they have to wait.

use encke::calls::{
    Digits, Dn, InteractionOffer, LineAction, Nickname, Number, Purpose, UserDataChange, UserName,
};

/// Everything that one customer or one agent is to do.
#[derive(Debug)]
pub(super) struct Story {
    pub(super) kind: Kind,
    /// When it begins, in milliseconds of the scenario.
    pub(super) at_ms: u64,
    /// Where the customer is connected first, or the agent whose story it is.
    pub(super) seat: usize,
    /// How long the customer waits for an agent, in milliseconds.
    pub(super) patience_ms: u64,
    pub(super) steps: Vec<Step>,
}

/// What a story is about.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    /// An agent's day.
    Agent,
    Call,
    Sms,
}

/// One step, so long after the one before.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) after_ms: u64,
    pub(super) act: Act,
}

/// A user who is named.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Seat {
    pub(super) user: String,
    pub(super) name: UserName,
    pub(super) lines: Vec<Dn>,
    /// Acts by himself.
    pub(super) robot: bool,
    /// Does so even while a desk of the user is open.
    pub(super) beside_human: bool,
}

impl Seat {
    /// The line that is called.
    pub(super) fn line(&self) -> Option<&Dn> {
        self.lines.first()
    }
}

/// Which of a story's two calls.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Leg {
    Main,
    Consultation,
}

/// What is done. Numbers are places of seats.
#[derive(Clone, Debug)]
pub(super) enum Act {
    Line {
        action: LineAction,
    },
    Ring {
        from: Number,
        user_data: encke::calls::UserData,
    },
    /// Waits for who is to answer. `None`: the one who is called is outside. Without `willing`
    /// nobody but a human answers.
    Answer {
        seat: Option<usize>,
        leg: Leg,
        willing: bool,
    },
    Agent {
        deed: Deed,
    },
    ThirdParty {
        line: Dn,
        change: UserDataChange,
    },
    /// A step at which the lead goes over to somebody else.
    Transfer {
        to: Target,
    },
    Conference {
        to: Target,
    },
    /// So many of the next steps are about the consultation.
    Consult {
        purpose: Purpose,
        to: Target,
        follows: usize,
    },
    Complete {
        purpose: Purpose,
        to: Target,
    },
    /// The consultation leads to nothing.
    Back,
    CustomerHangsUp,
    AgentHangsUp,
    Offer(InteractionOffer),
    Accept,
    Reject,
    CustomerWrites {
        text: String,
    },
    AgentWrites {
        text: String,
    },
    AgentChanges {
        change: UserDataChange,
    },
    CustomerLeaves,
    Completes,
}

impl Act {
    /// How many of the next steps make no sense without this one.
    pub(super) fn follows(&self) -> usize {
        match self {
            Self::Transfer { .. } | Self::Conference { .. } => 1,
            Self::Consult { follows, .. } => *follows,
            _ => 0,
        }
    }
}

/// What the leading agent does on the main call.
#[derive(Clone, Debug)]
pub(super) enum Deed {
    Hold,
    Retrieve,
    Mute,
    Unmute,
    Tones(Digits),
    Change(UserDataChange),
}

/// Somebody who is called by an agent.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) number: Number,
    /// `None` outside.
    pub(super) seat: Option<usize>,
}

/// The name a customer shows.
pub(super) fn nickname(text: &str) -> Result<Nickname, String> {
    Nickname::new(text).map_err(|error| error.to_string())
}
