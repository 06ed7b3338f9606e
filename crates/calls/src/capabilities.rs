//! Which operations a party has in which situation, as one table.
//!
//! [`decide`](crate::decide()) refuses what no row gives, and what rows give is what clients are shown
//! as `capabilities`, in the order of the rows. A row says in which states it counts, what else has
//! to hold, and whether clients are shown it: some operations are in no sample of the documents,
//! others only in what live servers send.
//!
//! # Sources
//!
//! - Documented: Web Services API Reference, the samples of `AttachUserData` (calls in `Dialing`),
//!   `Hold`, `Retrieve`, `Hangup`, `InitiateTransfer`, `CompleteTransfer`, `StartCallRecording`.
//! - Observed: GWS 8.5.202.96 lists `ClearCall` with calls that ring or talk, and neither `Hangup`
//!   nor a rejection with a ringing one.
//! - Ours: what the line that asks may do on the consultation call; that `MuteCall`, `UnmuteCall`
//!   and `RemoveParticipantFromConference` are there.

use crate::{Operation, PartyState, Purpose, Recording};

/// What decides which operations a party has.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Situation {
    /// What the party is doing.
    pub state: PartyState,
    /// What its open consultation is for, on either of the two calls.
    pub purpose: Option<Purpose>,
    /// Whether the call is that consultation.
    pub asks: bool,
    /// Whether more than two are on the call.
    pub conference: bool,
    /// How the call is recorded.
    pub recording: Recording,
    /// Whether another core keeps the call. Then what happens to it is decided there, and what is
    /// left to do here is to change user data.
    pub fed: bool,
}

/// Whose lists a client is shown.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Profile {
    /// The samples of the documents.
    #[default]
    Documented,
    /// What GWS 8.5.202 sends.
    Live,
    /// Everything that is allowed.
    Everything,
}

/// Where an operation is shown.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Shown {
    /// In every list.
    Always,
    /// Only where calls can be recorded.
    Recorded,
    /// Only in what live servers send.
    Live,
    /// In no list of any server that is known, though it works.
    Unlisted,
    /// Nowhere: nobody can ask for it.
    Never,
}

/// What has to hold besides the state.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum When {
    Any,
    /// No consultation is open.
    Alone,
    /// The call is no open consultation of the party.
    NotAsking,
    /// One is open, for this.
    Consulting(Purpose),
    /// One is open, for whatever.
    Consult,
    /// More than two are on the call.
    Conference,
    Recording(Recording),
}

struct Row(&'static [PartyState], Operation, When, Shown);

use PartyState::{Dialing, Established, Held, Ringing};

/// The table. Rows of one state stand in the order in which it lists them.
static ROWS: &[Row] = &[
    Row(&[Ringing], Operation::Answer, When::Any, Shown::Always),
    Row(&[Established], Operation::Hold, When::Alone, Shown::Always),
    Row(&[Held], Operation::Retrieve, When::Alone, Shown::Always),
    Row(
        &[Dialing, Established, Held],
        Operation::CompleteTransfer,
        When::Consulting(Purpose::Transfer),
        Shown::Always,
    ),
    Row(
        &[Dialing, Established, Held],
        Operation::CompleteConference,
        When::Consulting(Purpose::Conference),
        Shown::Always,
    ),
    Row(&[Established, Held], Operation::SwapCalls, When::Consult, Shown::Always),
    Row(
        &[Dialing, Established, Held],
        Operation::CompleteTransfer,
        When::Consulting(Purpose::Conference),
        Shown::Unlisted,
    ),
    Row(
        &[Dialing, Established, Held],
        Operation::CompleteConference,
        When::Consulting(Purpose::Transfer),
        Shown::Unlisted,
    ),
    Row(&[Established, Held], Operation::Hangup, When::Any, Shown::Always),
    Row(&[Dialing], Operation::UpdateUserData, When::Any, Shown::Always),
    Row(&[Established, Dialing], Operation::SendDtmf, When::Any, Shown::Always),
    Row(&[Established, Held], Operation::SingleStepTransfer, When::Any, Shown::Always),
    Row(&[Established, Held], Operation::SingleStepConference, When::Any, Shown::Always),
    Row(&[Established, Held], Operation::InitiateTransfer, When::NotAsking, Shown::Always),
    Row(&[Established, Held], Operation::InitiateConference, When::NotAsking, Shown::Always),
    Row(
        &[Established],
        Operation::RemoveParticipantFromConference,
        When::Conference,
        Shown::Always,
    ),
    Row(
        &[Established],
        Operation::StartCallRecording,
        When::Recording(Recording::Off),
        Shown::Recorded,
    ),
    Row(
        &[Established],
        Operation::StartCallRecording,
        When::Recording(Recording::Stopped),
        Shown::Recorded,
    ),
    Row(
        &[Established, Held],
        Operation::PauseCallRecording,
        When::Recording(Recording::Recording),
        Shown::Recorded,
    ),
    Row(
        &[Established, Held],
        Operation::ResumeCallRecording,
        When::Recording(Recording::Paused),
        Shown::Recorded,
    ),
    Row(
        &[Established, Held],
        Operation::StopCallRecording,
        When::Recording(Recording::Recording),
        Shown::Recorded,
    ),
    Row(
        &[Established, Held],
        Operation::StopCallRecording,
        When::Recording(Recording::Paused),
        Shown::Recorded,
    ),
    Row(&[Established, Held], Operation::MuteCall, When::Any, Shown::Unlisted),
    Row(&[Established, Held], Operation::UnmuteCall, When::Any, Shown::Unlisted),
    Row(&[Dialing], Operation::AttachUserData, When::Any, Shown::Always),
    Row(&[Dialing], Operation::DeleteUserDataPair, When::Any, Shown::Always),
    Row(&[Dialing], Operation::DeleteUserData, When::Any, Shown::Always),
    Row(&[Dialing], Operation::Hangup, When::Any, Shown::Always),
    Row(&[Ringing, Established, Held], Operation::UpdateUserData, When::Any, Shown::Always),
    Row(&[Ringing, Established, Held], Operation::DeleteUserData, When::Any, Shown::Always),
    Row(&[Ringing, Established, Held], Operation::DeleteUserDataPair, When::Any, Shown::Always),
    Row(&[Ringing, Established, Held], Operation::AttachUserData, When::Any, Shown::Always),
    Row(&[Ringing, Established], Operation::ClearCall, When::Any, Shown::Live),
    Row(&[Dialing, Held], Operation::ClearCall, When::Any, Shown::Unlisted),
    Row(&[Ringing], Operation::NoAnswer, When::Any, Shown::Never),
];

impl Situation {
    /// The situation of a party that does nothing special.
    pub fn plain(state: PartyState) -> Self {
        let recording = Recording::Off;
        Self { state, purpose: None, asks: false, conference: false, recording, fed: false }
    }

    /// What a client is shown of it; `recording` says whether calls can be recorded.
    pub fn shown(self, profile: Profile, recording: bool) -> impl Iterator<Item = Operation> {
        let shows = move |row: &&Row| match row.3 {
            Shown::Always => true,
            Shown::Recorded => recording || profile == Profile::Everything,
            Shown::Live => profile != Profile::Documented,
            Shown::Unlisted => profile == Profile::Everything,
            Shown::Never => false,
        };
        self.rows().filter(shows).map(|row| row.1)
    }

    /// Whether the party may do this.
    pub fn allows(self, operation: Operation) -> bool {
        self.rows().any(|row| row.1 == operation)
    }

    fn rows(self) -> impl Iterator<Item = &'static Row> {
        let here = move |row: &&Row| !self.fed || row.1.is_of_user_data();
        ROWS.iter().filter(here).filter(move |row| row.0.contains(&self.state) && self.holds(row.2))
    }

    fn holds(self, when: When) -> bool {
        match when {
            When::Any => true,
            When::Alone => self.purpose.is_none(),
            When::NotAsking => !self.asks,
            When::Consulting(purpose) => self.purpose == Some(purpose),
            When::Consult => self.purpose.is_some(),
            When::Conference => self.conference,
            When::Recording(recording) => self.recording == recording,
        }
    }
}

/// What a party outside may do whose state is `state`: it answers and it hangs up, and unlike an
/// agent it may also turn a ringing call down.
pub(crate) fn outside_allows(state: PartyState, operation: Operation) -> bool {
    match operation {
        Operation::Answer => state == Ringing,
        Operation::Hangup => state != PartyState::Released,
        _ => false,
    }
}
