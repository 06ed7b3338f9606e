//! What observers are told.

use std::fmt::Debug;
use std::sync::Arc;

use encke_journal::Position;

use crate::evolve::{evolve_call, evolve_interaction, evolve_line};
use crate::{
    Call, CallEvent, Event, EvolveError, Interaction, InteractionEvent, Line, LineEvent, State,
};

/// Is told of every committed change.
///
/// # Once, or once more
///
/// What was committed just before a process died may not have reached whoever an observer passes it
/// on to. An observer that keeps what it passed on, and knows how far that goes, names that place
/// as [`again_after`](Self::again_after): [`Core::open`](crate::Core::open) then tells it again of
/// everything behind it. A change is the same each time it is told, its [`Change::position`] above
/// all, so doubles can be recognised.
pub trait Observer: Debug + Send + Sync + 'static {
    /// `change` is durable and visible to readers.
    ///
    /// Called by the writer, one change after the other in the order of their positions, after
    /// whoever asked for the change was answered. It must be quick and must not block, since
    /// nothing else is written meanwhile. While a core is being opened it is called by
    /// [`Core::open`](crate::Core::open), and nobody reads yet.
    fn committed(&self, change: &Change);

    /// The place in the journal after which this observer wants to be told again. Asked once, when
    /// a core is opened. Default `None`: it is told of what is committed from now on.
    fn again_after(&self) -> Option<Position> {
        None
    }

    /// Not everything after [`again_after`](Self::again_after) could be told again: up to `until`
    /// there are records that were forgotten, as those of ended calls are after a while.
    ///
    /// Called at most once, by [`Core::open`](crate::Core::open), when the rest has been told.
    /// Default: nothing is done.
    fn forgotten(&self, until: Position) {
        let _ = until;
    }
}

/// One committed change.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Change {
    /// Of a call.
    Call(CallChange),
    /// Of an interaction.
    Interaction(InteractionChange),
    /// Of what is set at a line.
    Line(LineChange),
}

impl Change {
    /// Where the change stands in the journal. Later changes have greater positions; not every
    /// position is that of a change.
    pub fn position(&self) -> Position {
        match self {
            Self::Call(change) => change.position,
            Self::Interaction(change) => change.position,
            Self::Line(change) => change.position,
        }
    }

    /// Applies an event to the state and answers what it changed.
    ///
    /// A change that is not stored yet has no position; [`Position::ZERO`] stands in for it.
    pub(super) fn make(
        state: &mut State,
        event: Event,
        reference: Option<u64>,
        position: Position,
    ) -> Result<Self, EvolveError> {
        match event {
            Event::Call(event) => {
                let (before, after) = evolve_call(state, &event)?;
                Ok(Self::Call(CallChange { position, before, after, event, reference }))
            }
            Event::Interaction(event) => {
                let (before, after) = evolve_interaction(state, &event)?;
                Ok(Self::Interaction(InteractionChange {
                    position,
                    before,
                    after,
                    event,
                    reference,
                }))
            }
            Event::Line(event) => {
                let (before, after) = evolve_line(state, &event)?;
                Ok(Self::Line(LineChange { position, before, after, event, reference }))
            }
        }
    }

    /// The change was stored.
    pub(super) fn stored_at(&mut self, place: Position) {
        match self {
            Self::Call(change) => change.position = place,
            Self::Interaction(change) => change.position = place,
            Self::Line(change) => change.position = place,
        }
    }
}

/// One committed change of a call.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct CallChange {
    /// Where the change stands in the journal.
    pub position: Position,
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

/// One committed change of what is set at a line.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct LineChange {
    /// Where the change stands in the journal.
    pub position: Position,
    /// What was set before; `None` where nobody had set anything, or that is forgotten.
    pub before: Option<Arc<Line>>,
    /// What is set after.
    pub after: Arc<Line>,
    /// What happened and when.
    pub event: LineEvent,
    /// What the sender of the command gave to
    /// [`submit_referenced`](crate::Core::submit_referenced).
    pub reference: Option<u64>,
}

/// One committed change of an interaction.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct InteractionChange {
    /// Where the change stands in the journal.
    pub position: Position,
    /// The interaction before; `None` when it begins.
    pub before: Option<Arc<Interaction>>,
    /// The interaction after.
    pub after: Arc<Interaction>,
    /// What happened and when.
    pub event: InteractionEvent,
    /// What the sender of the command gave to
    /// [`submit_referenced`](crate::Core::submit_referenced).
    pub reference: Option<u64>,
}
