//! The whole of a call, an interaction or a line, as one record that stands for all its events so far.
//!
//! `{"v":1,"snapshot":{"call":{"id":"...","version":256,...}}}`
//!
//! What is restored from it equals what the events add up to, and later events apply to it as they
//! would to that. As in records of events, a reader passes over members it does not know and refuses
//! versions it does not know; a member that is new needs a default, so that older snapshots are read.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{Call, EvolveError, Interaction, Limits, Line, RecordError, State, Subject};

/// The version that is written, and the only one that is read.
const FORMAT: u32 = 1;

/// A call, an interaction or a line at one moment. Clones share it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Snapshot {
    /// A call.
    Call(Arc<Call>),
    /// An interaction.
    Interaction(Arc<Interaction>),
    /// What is set at a line, in one era.
    Line(Arc<Line>),
}

#[derive(Serialize)]
struct Written<'a> {
    v: u32,
    snapshot: &'a Snapshot,
}

#[derive(Deserialize)]
struct Envelope<'a> {
    v: u32,
    #[serde(borrow)]
    snapshot: &'a RawValue,
}

impl Snapshot {
    /// What `state` has of `subject`; `None` where it has nothing.
    pub fn of(state: &State, subject: &Subject) -> Option<Self> {
        match subject {
            Subject::Call(id) => state.call(id.as_str()).cloned().map(Self::Call),
            Subject::Interaction(key) => {
                let known = state.interaction(key.id.as_str());
                known.filter(|known| known.medium == key.medium).cloned().map(Self::Interaction)
            }
            Subject::Line(id) => {
                state.line(&id.dn).filter(|line| line.id == *id).cloned().map(Self::Line)
            }
        }
    }

    /// Whose it is.
    pub fn subject(&self) -> Subject {
        match self {
            Self::Call(call) => Subject::Call(call.id.clone()),
            Self::Interaction(interaction) => Subject::Interaction(interaction.key()),
            Self::Line(line) => Subject::Line(line.id.clone()),
        }
    }

    /// How many events it stands for.
    pub fn version(&self) -> u64 {
        match self {
            Self::Call(call) => call.version,
            Self::Interaction(interaction) => interaction.version,
            Self::Line(line) => line.version,
        }
    }

    /// The snapshot as a record.
    pub fn to_record(&self) -> Vec<u8> {
        serde_json::to_vec(&Written { v: FORMAT, snapshot: self })
            .expect("state holds nothing that JSON cannot")
    }

    /// The snapshot that a record holds.
    ///
    /// # Errors
    ///
    /// [`RecordError`] when the record is damaged or of a newer format.
    pub fn from_record(record: &[u8]) -> Result<Self, RecordError> {
        let envelope: Envelope<'_> =
            serde_json::from_slice(record).map_err(|error| RecordError::damaged(&error))?;
        if envelope.v != FORMAT {
            return Err(RecordError::Format { version: envelope.v });
        }
        serde_json::from_str(envelope.snapshot.get()).map_err(|error| RecordError::damaged(&error))
    }

    /// Puts it into `state`, which has nothing of its subject yet, nor of a later era of its line.
    ///
    /// # Errors
    ///
    /// [`EvolveError`] when the state has, or when it is no state that events lead to; the state is
    /// unchanged then.
    pub fn restore(self, state: &mut State) -> Result<(), EvolveError> {
        let subject = self.subject();
        match self {
            Self::Call(call) => {
                if state.call(call.id.as_str()).is_some() {
                    return Err(EvolveError::Exists(subject));
                }
                if call.parties.len() > Limits::MAX_PARTIES {
                    return Err(EvolveError::TooManyParties(subject));
                }
                state.set_call(&call.id.clone(), Some(call));
            }
            Self::Interaction(interaction) => {
                if state.interaction(interaction.id.as_str()).is_some() {
                    return Err(EvolveError::Exists(subject));
                }
                if interaction.seats.len() > Interaction::MAX_AGENTS {
                    return Err(EvolveError::TooManyParties(subject));
                }
                state.set_interaction(&interaction.id.clone(), Some(interaction));
            }
            Self::Line(line) => {
                if state.line(&line.id.dn).is_some_and(|known| known.id.era >= line.id.era) {
                    return Err(EvolveError::Exists(subject));
                }
                state.set_line(&line.id.dn.clone(), Some(line));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
