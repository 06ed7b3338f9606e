//! Applying an event of a line.

use std::sync::Arc;

use super::{EvolveError, Step};
use crate::{Line, LineEvent, State, Subject};

pub(crate) fn evolve_line(state: &mut State, event: &LineEvent) -> Result<Step<Line>, EvolveError> {
    let before = state.line(&event.line.dn).cloned();
    let version = match &before {
        // The first event of an era stands for all that were before it, seen or not.
        Some(line) if line.id.era > event.line.era => {
            return Err(EvolveError::Ended(Subject::Line(event.line.clone())));
        }
        Some(line) if line.id.era == event.line.era => line.version + 1,
        _ => 1,
    };
    let line = Line { id: event.line.clone(), settings: event.settings.clone(), version };
    let after = Arc::new(line);
    state.set_line(&event.line.dn, Some(Arc::clone(&after)));
    Ok((before, after))
}
