//! From the journal to the state.

use encke_journal::{Entry, Journal, Position};

use super::{Change, OpenError, record_key};
use crate::{Event, State, Subject};

/// Applies all records of the journal to `state`.
pub(super) async fn replay(journal: &dyn Journal, state: &mut State) -> Result<(), OpenError> {
    let mut reached = Position::ZERO;
    loop {
        let page = journal.scan(reached, PAGE_RECORDS).await.map_err(OpenError::Read)?;
        let Some(last) = page.last() else { return Ok(()) };
        reached = last.position;
        for entry in page.iter().filter(|entry| record_key::subject(&entry.key).is_some()) {
            apply(state, entry)?;
        }
    }
}

/// Applies one record and answers the change.
pub(super) fn apply(state: &mut State, entry: &Entry) -> Result<Change, OpenError> {
    let position = entry.position;
    let event =
        Event::from_record(&entry.record).map_err(|cause| OpenError::Record { position, cause })?;
    let subject = event.subject();
    if record_key::of(&subject) != entry.key || version(state, &subject) + 1 != entry.version.get()
    {
        return Err(OpenError::Misplaced { position });
    }
    Change::make(state, event, None).map_err(|cause| OpenError::Event { position, cause })
}

/// How many events of the subject the state has seen.
pub(super) fn version(state: &State, subject: &Subject) -> u64 {
    match subject {
        Subject::Call(id) => state.call(id.as_str()).map_or(0, |call| call.version),
        Subject::Sms(id) => state.sms(id.as_str()).map_or(0, |session| session.version),
    }
}

/// Bounded by bytes as well, on the journal's side.
const PAGE_RECORDS: usize = 1024;
