//! The call-state core: calls, parties, interactions of other media, user data, and the lines of agents.
//!
//! Commands go in, events come out, and state is what the events add up to. The crate knows neither
//! HTTP nor Bayeux nor which user sits at which line; whoever shows calls to people does.
//!
//! - [`decide()`] looks at a [`State`] and a [`Command`] and answers an [`Event`] or a [`Refusal`].
//!   Time and randomness are arguments.
//! - [`evolve()`] applies an event. It is the only way in which anything changes.
//! - A [`Snapshot`] stands for the events of one call, interaction or line so far.
//! - [`Core`] puts a journal behind the two: a change is answered when it is durable.
//!
//! What a party or an agent may do in a state is a table, see [`Situation`] and
//! [`interaction_capabilities`]; what happens to user data is another, see [`UserData`].
//!
//! # Bounds
//!
//! [`Limits`] bounds what the model holds, [`CoreConfig`] what waits for the writer and how long
//! ended calls are kept. Beyond a bound a command gets a typed refusal.
//!
//! # Features
//!
//! | Feature           | Adds                                                                     |
//! |-------------------|--------------------------------------------------------------------------|
//! | `shell` (default) | [`Core`] and its observers, with a journal; without it no task, no disk  |
//!
//! # Examples
//!
//! ```
//! use encke_calls::{
//!     Command, Dn, Limits, Number, PartyState, SeededIds, State, UserData, decide, evolve,
//! };
//! use std::collections::HashSet;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut state = State::new(Limits::default());
//! state.set_dns(HashSet::from([Dn::new("15000")?, Dn::new("15001")?]));
//! let dial = Command::Dial {
//!     from: Dn::new("15000")?,
//!     to: Number::new("15001")?,
//!     user_data: UserData::parse(r#"{"AccountNumber":"12345"}"#)?,
//! };
//! let now_ms = 1_700_000_000_000;
//! for event in decide(&state, &dial, now_ms, &mut SeededIds::new(7))? {
//!     evolve(&mut state, &event)?;
//! }
//! let call = state.calls().next().ok_or("no call")?;
//! let called = call.party(&Dn::new("15001")?).ok_or("no party")?;
//! assert_eq!(called.state, PartyState::Ringing);
//! # Ok(())
//! # }
//! ```

mod call;
mod capabilities;
mod command;
mod consult;
mod decide;
mod event;
mod evolve;
mod fed;
mod ids;
mod interaction;
mod limits;
mod line;
mod names;
mod note;
mod operation;
mod record;
mod recording;
mod refusal;
#[cfg(feature = "shell")]
mod shell;
mod snapshot;
mod state;
mod user_data;

pub use call::{Call, CallType, Left, Party, PartyState, Role};
pub use capabilities::{Profile, Situation};
pub use command::{
    Actor, CallAction, Command, Destination, ImportedCall, NewParty, RecordAction, Requester,
    UserDataChange,
};
pub use consult::{Consult, ConsultLink, Purpose};
pub use decide::decide;
pub use event::{CallEvent, CallHappening, Event, LineEvent, Subject};
pub use evolve::{EvolveError, evolve};
pub use fed::{Fed, FedCall, Report, Reported};
pub use ids::{IdSource, SeededIds};
pub use interaction::{
    Asking, Details, EntryKind, Interaction, InteractionAction, InteractionActor, InteractionEvent,
    InteractionHappening, InteractionKey, InteractionOffer, InteractionState, LastSeen, Medium,
    Participant, ParticipantKind, Seat, TranscriptEntry, interaction_capabilities,
    interaction_operations,
};
pub use limits::{ConsultUserData, Limits};
pub use line::{AgentState, Line, LineAction, LineId, LineSettings, WorkMode};
pub use names::{
    CallId, ConnId, Contact, Digits, Dn, FedId, InteractionId, Label, MediaType, NameError,
    Nickname, Number, ParticipantId, Reason, SourceName, UserName,
};
pub use note::Note;
pub use operation::Operation;
pub use record::RecordError;
pub use recording::Recording;
pub use refusal::{Bound, Refusal};
#[cfg(feature = "shell")]
pub use shell::{
    CallChange, Change, Clock, CommandError, Core, CoreConfig, CoreStats, InteractionChange, Kept,
    LineChange, Observer, OpenError, Outcome, Position, Queued, SystemClock, Writer, journal_key,
    replay_record,
};
pub use snapshot::Snapshot;
pub use state::State;
pub use user_data::{Duplicates, Pair, UserData, UserDataError};
