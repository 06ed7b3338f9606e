//! A call as everybody sees it: its parties, their states and the data attached to it.
//!
//! Values only: [`evolve`](crate::evolve()) makes them and never changes one in place.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{CallId, ConnId, Dn, Number, Operation, UserData, call_capabilities};

/// One call, at one moment.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Call {
    /// The id, which is also the call UUID.
    pub id: CallId,
    /// The connection id.
    pub conn_id: ConnId,
    /// Where the call comes from and goes to.
    pub call_type: CallType,
    /// Who takes part or took part, in order of appearance. A directory number occurs once.
    pub parties: Vec<Party>,
    /// The data attached to the call.
    pub user_data: UserData,
    /// The number that was dialled.
    pub dnis: Option<Number>,
    /// The number of the caller; known for inbound calls.
    pub ani: Option<Number>,
    /// When the call began, in milliseconds since 1970.
    pub created_at_ms: u64,
    /// When the last party left, in milliseconds since 1970.
    pub released_at_ms: Option<u64>,
    /// How many events the call has had. It grows by one with each change.
    pub version: u64,
}

impl Call {
    /// The call UUID, which is the id.
    pub fn call_uuid(&self) -> &CallId {
        &self.id
    }

    /// Whether the call has ended. Then nothing can be done with it.
    pub fn is_released(&self) -> bool {
        self.released_at_ms.is_some()
    }

    /// The party on the line `dn`.
    pub fn party(&self, dn: &Dn) -> Option<&Party> {
        self.parties.iter().find(|party| party.dn.as_ref() == Some(dn))
    }

    /// The first party from outside.
    pub fn outside_party(&self) -> Option<&Party> {
        self.parties.iter().find(|party| party.dn.is_none())
    }

    /// All parties but the one on the line `dn`.
    pub fn others(&self, dn: &Dn) -> impl Iterator<Item = &Party> {
        self.parties.iter().filter(move |party| party.dn.as_ref() != Some(dn))
    }
}

/// One side of a call.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Party {
    /// The line of a party inside; `None` is a party outside.
    pub dn: Option<Dn>,
    /// The number that the others see.
    pub number: Number,
    /// What the party is doing.
    pub state: PartyState,
    /// When the call appeared at this party, in milliseconds since 1970.
    pub since_ms: u64,
    /// Which end of the call this is.
    pub role: Role,
}

impl Party {
    /// What the party may do now.
    pub fn capabilities(&self) -> &'static [Operation] {
        call_capabilities(self.state)
    }

    /// Whether the party is still on the call.
    pub fn is_live(&self) -> bool {
        self.state != PartyState::Released
    }
}

/// What a party is doing.
///
/// # States
///
/// | State         | Meaning                   | Left when                               | Next          |
/// |---------------|---------------------------|-----------------------------------------|---------------|
/// | `Dialing`     | waits for the other side  | a ringing party answers                 | `Established` |
/// | `Ringing`     | is being called           | it answers                              | `Established` |
/// | `Established` | talks                     | it holds                                | `Held`        |
/// | `Held`        | has put the other on hold | it retrieves                            | `Established` |
/// | any of these  |                           | it hangs up, or fewer than two are left | `Released`    |
///
/// `Released` is final. The states of the parties are independent, so both may hold. A call is
/// released when all its parties are; it is kept for a while after that, so that a late operation
/// meets a released call and not an unknown one.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
pub enum PartyState {
    /// Waits for the other side to answer.
    Dialing,
    /// Is being called.
    Ringing,
    /// Talks.
    Established,
    /// Has put the other side on hold.
    Held,
    /// Has left, for good.
    Released,
}

impl PartyState {
    /// The spelling of the state.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Dialing => "Dialing",
            Self::Ringing => "Ringing",
            Self::Established => "Established",
            Self::Held => "Held",
            Self::Released => "Released",
        }
    }
}

impl fmt::Display for PartyState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Which end of a call a party is.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
pub enum Role {
    /// Made the call.
    Origin,
    /// Was called.
    Destination,
}

/// Where a call comes from and goes to.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[non_exhaustive]
pub enum CallType {
    /// Between two lines of ours.
    Internal,
    /// From outside to a line of ours.
    Inbound,
    /// From a line of ours to outside.
    Outbound,
}

impl CallType {
    /// The spelling of the type.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Internal => "Internal",
            Self::Inbound => "Inbound",
            Self::Outbound => "Outbound",
        }
    }
}

impl fmt::Display for CallType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
