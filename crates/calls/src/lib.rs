//! The call-state core: calls, parties, SMS sessions, user data, and the lines of agents.
//!
//! Commands go in, events come out, and state is what the events add up to. The crate knows neither
//! HTTP nor Bayeux nor which user sits at which line; whoever shows calls to people does.
//!
//! - [`decide()`] looks at a [`State`] and a [`Command`] and answers an [`Event`] or a [`Refusal`].
//!   Time and randomness are arguments.
//! - [`evolve()`] applies an event. It is the only way in which anything changes.
//! - A [`Snapshot`] stands for the events of one call, session or line so far.
//! - [`Core`] puts a journal behind the two: a change is answered when it is durable.
//!
//! What a party or an agent may do in a state is a table, see [`Situation`] and
//! [`sms_capabilities`]; what happens to user data is another, see [`UserData`].
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
mod sms;
mod snapshot;
mod state;
mod user_data;

pub use call::{Call, CallType, Left, Party, PartyState, Role};
pub use capabilities::{Profile, Situation};
pub use command::{
    Actor, CallAction, Command, Destination, ImportedCall, NewParty, RecordAction, Requester,
    SmsAction, SmsActor, SmsOffer, UserDataChange,
};
pub use consult::{Consult, ConsultLink, Purpose};
pub use decide::decide;
pub use event::{CallEvent, CallHappening, Event, LineEvent, SmsEvent, SmsHappening, Subject};
pub use evolve::{EvolveError, evolve};
pub use fed::{Fed, FedCall, Report, Reported};
pub use ids::{IdSource, SeededIds};
pub use limits::{ConsultUserData, Limits};
pub use line::{AgentState, Line, LineAction, LineId, LineSettings, WorkMode};
pub use names::{
    CallId, ConnId, Digits, Dn, FedId, NameError, Nickname, Number, ParticipantId, Reason, SmsId,
    SourceName, UserName,
};
pub use note::Note;
pub use operation::{Operation, sms_capabilities};
pub use record::RecordError;
pub use recording::Recording;
pub use refusal::{Bound, Refusal};
#[cfg(feature = "shell")]
pub use shell::{
    CallChange, Change, Clock, CommandError, Core, CoreConfig, CoreStats, Kept, LineChange,
    Observer, OpenError, Outcome, Position, Queued, SmsChange, SystemClock, Writer, journal_key,
    replay_record,
};
pub use sms::{EntryKind, Participant, ParticipantKind, SmsSession, SmsState, TranscriptEntry};
pub use snapshot::Snapshot;
pub use state::State;
pub use user_data::{Duplicates, Pair, UserData, UserDataError};
