//! A call as everybody sees it: its parties, their states and the data attached to it.
//!
//! Values only: [`evolve`](crate::evolve()) makes them and never changes one in place.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    CallId, ConnId, Consult, ConsultLink, Dn, Fed, NewParty, Number, Recording, Situation, UserData,
};

/// One call, at one moment.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
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
    /// Which call this one was made from, to ask somebody before a transfer or a conference.
    pub consult: Option<Consult>,
    /// Whether and how the call is recorded.
    pub recording: Recording,
    /// When the call began, in milliseconds since 1970.
    pub created_at_ms: u64,
    /// When the last party left, in milliseconds since 1970.
    pub released_at_ms: Option<u64>,
    /// How many events the call has had. It grows by one with each change.
    pub version: u64,
    /// The source that keeps the call, and how far it has reported; `None` for calls that are kept
    /// here.
    pub fed: Option<Fed>,
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

    /// The first party from outside that is still on the call, or else the first that was.
    pub fn outside_party(&self) -> Option<&Party> {
        self.parties.get(self.outside_place()?)
    }

    /// The place of that party in [`parties`](Self::parties).
    pub(crate) fn outside_place(&self) -> Option<usize> {
        let outside = || self.parties.iter().enumerate().filter(|(_, party)| party.dn.is_none());
        let live = outside().find(|(_, party)| party.is_live());
        live.or_else(|| outside().next()).map(|(place, _)| place)
    }

    /// The place of the party on the line `dn` in [`parties`](Self::parties).
    pub(crate) fn place(&self, dn: &Dn) -> Option<usize> {
        self.parties.iter().position(|party| party.dn.as_ref() == Some(dn))
    }

    /// The others, as `party` sees them: who is on the call with it, or was when it left.
    pub fn others<'a>(&'a self, party: &'a Party) -> impl Iterator<Item = &'a Party> {
        let last = party.left.as_ref().map_or(u64::MAX, |left| left.version);
        self.parties.iter().filter(move |other| {
            let stayed = other.left.as_ref().is_none_or(|left| left.version >= last);
            let together = other.joined < last && stayed;
            !std::ptr::eq(*other, party) && together
        })
    }

    /// How many parties are still on the call.
    pub fn live_parties(&self) -> usize {
        self.parties.iter().filter(|party| party.is_live()).count()
    }

    /// What decides which operations `party` has.
    pub fn situation(&self, party: &Party) -> Situation {
        let consult = self.consult.as_ref().filter(|consult| consult.is_open);
        let asks = consult.filter(|consult| party.dn.as_ref() == Some(&consult.by));
        Situation {
            state: party.state,
            purpose: party.consult.as_ref().map(|link| link.purpose).or(asks.map(|c| c.purpose)),
            asks: asks.is_some(),
            conference: self.live_parties() > 2,
            recording: self.recording,
            fed: self.fed.is_some(),
        }
    }

    /// The user data as `party` sees it: who left sees what it was then.
    pub fn user_data_of<'a>(&'a self, party: &'a Party) -> &'a UserData {
        party.left.as_ref().map_or(&self.user_data, |left| &left.user_data)
    }

    /// The recording as `party` sees it: who left sees how it was then.
    pub fn recording_of(&self, party: &Party) -> Recording {
        party.left.as_ref().map_or(self.recording, |left| left.recording)
    }

    /// Puts a party on the call. A line that left comes back to its old place.
    pub(crate) fn join(&mut self, new: &NewParty, rings_until_ms: Option<u64>, at_ms: u64) {
        let party = Party::new(new, rings_until_ms, at_ms, self.version + 1);
        let old = new.dn.as_ref().and_then(|dn| self.place(dn));
        match old.and_then(|place| self.parties.get_mut(place)) {
            Some(place) => *place = party,
            None => self.parties.push(party),
        }
    }
}

/// One side of a call.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
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
    /// Whether the others do not hear it.
    pub muted: bool,
    /// The consultation it has begun from this call and not completed.
    pub consult: Option<ConsultLink>,
    /// Until when it rings at most, in milliseconds since 1970; whoever keeps the time then sends
    /// a [`GiveUp`](crate::Command::GiveUp). `None` when it does not ring, or may ring for ever.
    pub rings_until_ms: Option<u64>,
    /// When it left, and what it saw last.
    pub left: Option<Left>,
    /// The version of the call with which it came.
    pub(crate) joined: u64,
}

/// When a party left, and what it saw last. What the others do afterwards is not its business.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Left {
    /// In milliseconds since 1970.
    pub at_ms: u64,
    /// The version of the call.
    pub version: u64,
    /// The user data of the call.
    pub user_data: UserData,
    /// How the call was recorded.
    pub recording: Recording,
}

impl Left {
    /// What is left behind by who leaves `call` now, with the event that makes this version.
    pub(crate) fn now(call: &Call, at_ms: u64, version: u64) -> Self {
        let recording = call.recording.at_the_end();
        Self { at_ms, version, user_data: call.user_data.clone(), recording }
    }
}

impl Party {
    /// `joined` is the version of the call with which the party came, 0 if it was there first.
    ///
    /// Only lines of ours stop ringing by themselves.
    pub(crate) fn new(
        new: &NewParty,
        rings_until_ms: Option<u64>,
        at_ms: u64,
        joined: u64,
    ) -> Self {
        let rings = new.state == PartyState::Ringing && new.dn.is_some();
        Self {
            dn: new.dn.clone(),
            number: new.number.clone(),
            state: new.state,
            since_ms: at_ms,
            role: new.role,
            muted: false,
            consult: None,
            rings_until_ms: rings_until_ms.filter(|_| rings),
            left: None,
            joined,
        }
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
/// | `Established` |                           | it begins a consultation, or swaps      | `Held`        |
/// | `Held`        | has put the other on hold | it retrieves, swaps, or completes a conference | `Established` |
/// | any of these  |                           | it hangs up, is removed or transferred, or fewer than two are left | `Released` |
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
    /// From a line of ours that is on another call, to ask somebody.
    Consult,
}

impl CallType {
    /// The spelling of the type.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Internal => "Internal",
            Self::Inbound => "Inbound",
            Self::Outbound => "Outbound",
            Self::Consult => "Consult",
        }
    }
}

impl fmt::Display for CallType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
