//! From the journal to the state, and to observers that want to be told again.

use std::sync::Arc;

use encke_journal::{Entry, Journal, Position};
use futures::FutureExt;

use super::due::Due;
use super::{Change, Observer, OpenError, record_key};
use crate::{Event, Line, Snapshot, State, Subject};

/// Applies all records of the journal to `state`, and answers the newest position of the journal.
///
/// Observers are told of the changes that they want to be told of again, each observer in order.
/// `due` takes note of what could be a snapshot and is none.
pub(super) async fn replay(
    journal: &dyn Journal,
    state: &mut State,
    observers: &[Arc<dyn Observer>],
    due: &mut Due,
) -> Result<Position, OpenError> {
    let mut listeners: Vec<Listener<'_>> = observers.iter().filter_map(Listener::of).collect();
    let mut reached = Position::ZERO;
    let mut page = journal.scan(reached, PAGE_RECORDS).await.map_err(OpenError::Read)?;
    while let Some(last) = page.last() {
        // Polled once, the question is on its way: the journal reads while this page is applied.
        let mut next = journal.scan(last.position, PAGE_RECORDS);
        let early = (&mut next).now_or_never();
        for entry in &page {
            let change = replay_record(state, entry)?;
            if let Some(change) = &change {
                due.note(change);
            }
            for listener in &mut listeners {
                listener.pass(reached, entry.position, change.as_ref());
                listener.pass_over(entry);
            }
            reached = entry.position;
        }
        let read = match early {
            Some(read) => read,
            None => next.await,
        };
        page = read.map_err(OpenError::Read)?;
    }
    // The newest positions may be those of forgotten records.
    let head = journal.stats().head.max(reached);
    for listener in &mut listeners {
        listener.pass(reached, head.next(), None);
        if let Some(until) = listener.gone {
            listener.observer.forgotten(until);
        }
    }
    Ok(head)
}

/// An observer that wants to be told again.
struct Listener<'a> {
    observer: &'a dyn Observer,
    after: Position,
    /// The newest position after `after` that holds no record any more.
    gone: Option<Position>,
}

impl<'a> Listener<'a> {
    fn of(observer: &'a Arc<dyn Observer>) -> Option<Self> {
        let after = observer.again_after()?;
        Some(Self { observer: observer.as_ref(), after, gone: None })
    }

    /// The record at `place` follows the one at `previous`, and nothing is in between.
    fn pass(&mut self, previous: Position, place: Position, change: Option<&Change>) {
        let before = Position::new(place.get().saturating_sub(1));
        if before > previous.max(self.after) {
            self.gone = Some(before);
        }
        if let Some(change) = change.filter(|_| place > self.after) {
            self.observer.committed(change);
        }
    }

    /// What a snapshot stands for cannot be told, nor what happened at its own place.
    fn pass_over(&mut self, entry: &Entry) {
        if entry.is_snapshot && entry.position > self.after {
            self.gone = Some(entry.position);
        }
    }
}

/// Applies one record of a journal, as [`Core::open`](crate::Core::open) does with each in order,
/// and answers the change; `None` for a record under a key that is no call's, interaction's or line's, and for
/// a snapshot, which says how things stand and not what happened.
///
/// # Errors
///
/// [`OpenError`] when the record holds no event, stands in the wrong place or does not follow from
/// those before; the state is unchanged then.
pub fn replay_record(state: &mut State, entry: &Entry) -> Result<Option<Change>, OpenError> {
    match record_key::subject(&entry.key) {
        None => Ok(None),
        Some(_) if entry.is_snapshot => restore(state, entry).map(|()| None),
        Some(_) => apply(state, entry).map(Some),
    }
}

/// Puts what a snapshot holds into the state, which has nothing of its subject yet.
fn restore(state: &mut State, entry: &Entry) -> Result<(), OpenError> {
    let position = entry.position;
    let snapshot = Snapshot::from_record(&entry.record)
        .map_err(|cause| OpenError::Record { position, cause })?;
    if !record_key::is_of(&entry.key, &snapshot.subject())
        || snapshot.version() != entry.version.get()
    {
        return Err(OpenError::Misplaced { position });
    }
    snapshot.restore(state).map_err(|cause| OpenError::Event { position, cause })
}

/// Applies one record and answers the change.
pub(super) fn apply(state: &mut State, entry: &Entry) -> Result<Change, OpenError> {
    let position = entry.position;
    let (event, note) = Event::from_record_noted(&entry.record)
        .map_err(|cause| OpenError::Record { position, cause })?;
    let subject = event.subject();
    if entry.is_snapshot
        || !record_key::is_of(&entry.key, &subject)
        || version(state, &subject) + 1 != entry.version.get()
    {
        return Err(OpenError::Misplaced { position });
    }
    Change::make(state, event, note, position).map_err(|cause| OpenError::Event { position, cause })
}

/// How many events of the subject the state has seen.
pub(super) fn version(state: &State, subject: &Subject) -> u64 {
    match subject {
        Subject::Call(id) => state.call(id.as_str()).map_or(0, |call| call.version),
        Subject::Interaction(key) => {
            state.interaction(key.id.as_str()).map_or(0, |interaction| interaction.version)
        }
        Subject::Line(id) => match state.line(&id.dn) {
            // All of it, also where it was forgotten.
            Some(line) if line.id.era > id.era => Line::ERA_CHANGES,
            Some(line) if line.id.era == id.era => line.version,
            _ => 0,
        },
    }
}

/// Bounded by bytes as well, on the journal's side.
pub(super) const PAGE_RECORDS: usize = 1024;
