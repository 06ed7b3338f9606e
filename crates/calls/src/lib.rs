//! The call-state core: calls, parties, SMS sessions and user data.

mod call;
mod command;
mod decide;
mod event;
mod evolve;
mod ids;
mod limits;
mod names;
mod operation;
mod record;
mod refusal;
#[cfg(feature = "shell")]
mod shell;
mod sms;
mod state;
mod user_data;

pub use call::{Call, CallType, Party, PartyState, Role};
pub use command::{
    Actor, CallAction, Command, ImportedCall, NewParty, Requester, SmsAction, SmsActor, SmsOffer,
    UserDataChange,
};
pub use decide::decide;
pub use event::{CallEvent, CallHappening, Event, SmsEvent, SmsHappening, Subject};
pub use evolve::{EvolveError, evolve};
pub use ids::{IdSource, SeededIds};
pub use limits::Limits;
pub use names::{
    CallId, ConnId, Digits, Dn, NameError, Nickname, Number, ParticipantId, SmsId, UserName,
};
pub use operation::{Operation, call_capabilities, sms_capabilities};
pub use record::RecordError;
pub use refusal::{Bound, Refusal};
#[cfg(feature = "shell")]
pub use shell::{
    CallChange, Change, Clock, CommandError, Core, CoreConfig, CoreStats, Observer, OpenError,
    Outcome, SmsChange, SystemClock, Writer,
};
pub use sms::{EntryKind, Participant, ParticipantKind, SmsSession, SmsState, TranscriptEntry};
pub use state::State;
pub use user_data::{Duplicates, Pair, UserData, UserDataError};
