//! What the journal holds and the writer does not know: it is read, and told in its place.

use std::sync::atomic::Ordering;

use bytes::Bytes;
use encke_journal::{Append, Entry, Position, Version};

use super::replay::{PAGE_RECORDS, apply, version};
use super::writer::WriterState;
use super::{Change, OpenError, record_key};

impl WriterState {
    /// Reads what the journal has and the state has not, up to `until` or to the end.
    ///
    /// An append whose answer was lost to a failing disk may have been stored; the state learns of
    /// it here, and so do readers and observers.
    pub(super) async fn catch_up(&mut self, until: Option<Position>) {
        let until = until.unwrap_or(Position::new(u64::MAX));
        while self.seen < until {
            let page = match self.journal.scan(self.seen, PAGE_RECORDS).await {
                Ok(page) => page,
                Err(error) => {
                    tracing::error!(%error, "the journal cannot be read");
                    return;
                }
            };
            let Some(last) = page.last() else { return };
            let reached = last.position.min(until);
            let mut changes = Vec::new();
            for entry in page.iter().take_while(|entry| entry.position <= until) {
                match self.learn(entry) {
                    Ok(change) => changes.extend(change),
                    Err(error) => tracing::error!(%error, "the journal holds what does not apply"),
                }
            }
            self.count_held();
            self.tell(&changes);
            self.seen_to(self.seen, reached);
        }
    }

    /// Applies a record, unless it is not a subject's or the state has it.
    fn learn(&mut self, entry: &Entry) -> Result<Option<Change>, OpenError> {
        let Some(subject) = record_key::subject(&entry.key) else { return Ok(None) };
        if version(&self.state, &subject) >= entry.version.get() {
            return Ok(None);
        }
        let change = apply(&mut self.state, entry)?;
        self.publish(&change);
        Ok(Some(change))
    }

    /// Notes that the observers have been told of all up to `last`, if they were up to `before`.
    pub(super) fn seen_to(&mut self, before: Position, last: Position) {
        if self.seen >= before {
            self.seen = self.seen.max(last);
            self.shared.set_told(self.seen);
        }
    }

    /// While the journal fails, asks it with a record that means nothing whether it works again.
    ///
    /// Nobody may send a command to a core that says it is not healthy, so it finds out by itself.
    pub(super) async fn probe(&mut self) {
        if self.shared.healthy.load(Ordering::Acquire) {
            return;
        }
        let key = record_key::probe();
        let expected = match self.journal.read(&key, Version::ZERO).await {
            Ok(entries) => entries.last().map_or(Version::ZERO, |entry| entry.version),
            Err(_) => return,
        };
        let records = vec![Bytes::from_static(b"probe")];
        let append = Append { key: key.clone(), expected, records };
        let Ok(place) = self.journal.append(vec![append]).await else { return };
        self.catch_up(Some(place)).await;
        self.journal_works();
        tracing::info!("the journal takes records again");
        if let Err(error) = self.journal.forget(vec![key]).await {
            tracing::warn!(%error, "the probe could not be forgotten");
        }
    }
}
