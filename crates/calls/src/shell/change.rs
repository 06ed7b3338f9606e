//! What observers are told.

use std::fmt::Debug;
use std::sync::Arc;

use crate::evolve::{evolve_call, evolve_sms};
use crate::{Call, CallEvent, Event, EvolveError, SmsEvent, SmsSession, State};

/// Is told of every committed change.
pub trait Observer: Debug + Send + Sync + 'static {
    /// `change` is durable and visible to readers.
    ///
    /// Called by the writer, one change after the other in the order of the commits, after whoever
    /// asked for the change was answered. It must be quick and must not block, since nothing else
    /// is written meanwhile.
    fn committed(&self, change: &Change);
}

/// One committed change.
#[derive(Clone, Debug)]
pub enum Change {
    /// Of a call.
    Call(CallChange),
    /// Of an SMS session.
    Sms(SmsChange),
}

impl Change {
    /// Applies an event to the state and answers what it changed.
    pub(super) fn make(
        state: &mut State,
        event: Event,
        reference: Option<u64>,
    ) -> Result<Self, EvolveError> {
        match event {
            Event::Call(event) => evolve_call(state, &event)
                .map(|(before, after)| Self::Call(CallChange { before, after, event, reference })),
            Event::Sms(event) => evolve_sms(state, &event)
                .map(|(before, after)| Self::Sms(SmsChange { before, after, event, reference })),
        }
    }
}

/// One committed change of a call.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CallChange {
    /// The call before; `None` when it begins.
    pub before: Option<Arc<Call>>,
    /// The call after.
    pub after: Arc<Call>,
    /// What happened, who asked for it, and when.
    pub event: CallEvent,
    /// What the sender of the command gave to
    /// [`submit_referenced`](crate::Core::submit_referenced).
    pub reference: Option<u64>,
}

/// One committed change of an SMS session.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SmsChange {
    /// The session before; `None` when it begins.
    pub before: Option<Arc<SmsSession>>,
    /// The session after.
    pub after: Arc<SmsSession>,
    /// What happened and when.
    pub event: SmsEvent,
    /// What the sender of the command gave to
    /// [`submit_referenced`](crate::Core::submit_referenced).
    pub reference: Option<u64>,
}
