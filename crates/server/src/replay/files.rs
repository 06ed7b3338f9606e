//! The files of one log: what is read from them at the start, and what is added to them.
//!
//! A [`Files`] is the book of what a journal of its own holds: segments of messages, and how the
//! log stood when each batch was added. A batch is a [`Note`] and the messages that it speaks of;
//! the journal stores it whole or not at all, so what is found after a crash is a log as it was at
//! some moment. Nothing is changed in place.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use encke::broker::Logged;
use encke::calls::Kept;
use encke::journal::{Append, AppendError, Journal, Key, Position, ReadError};

use super::record::{Note, Record, RecordError, encode_message};
use super::segments::{Bounds, Segment, Segments};

/// Messages in one batch, at most.
const BATCH_MESSAGES: usize = 1024;
/// Bytes at which a batch ends early.
const BATCH_BYTES: usize = 4 << 20;
/// Records read at a time; bounded by bytes as well, on the journal's side.
const PAGE_RECORDS: usize = 1024;

/// The files of one log, open for more.
#[derive(Debug)]
pub(super) struct Files {
    journal: Arc<dyn Journal>,
    segments: Segments,
    note: Note,
    kept: Kept,
}

impl Files {
    /// Reads what `journal` holds. Every message goes to `found`, in order; one that an unclear
    /// failure of the disk left there twice comes twice.
    ///
    /// The second value is what the last note says, with the newest position there is; `None` if
    /// no log was ever begun here.
    ///
    /// # Errors
    ///
    /// [`FilesError`] when the journal cannot be read or holds what no keeper of this version
    /// wrote.
    pub(super) async fn open(
        journal: Arc<dyn Journal>,
        bounds: Bounds,
        mut found: impl FnMut(Logged),
    ) -> Result<(Self, Option<Note>), FilesError> {
        let mut segments: BTreeMap<u64, Segment> = BTreeMap::new();
        let mut known: Option<Note> = None;
        let mut reached = Position::ZERO;
        loop {
            let page = journal.scan(reached, PAGE_RECORDS).await.map_err(FilesError::Read)?;
            let Some(last) = page.last() else { break };
            reached = last.position;
            for entry in &page {
                let Some(number) = Segment::number_of(&entry.key) else { continue };
                let position = entry.position;
                let record = Record::decode(&entry.record)
                    .map_err(|cause| FilesError::Record { position, cause })?;
                let segment = segments.entry(number).or_insert_with(|| Segment::new(number));
                segment.add(entry.record.len());
                match (record, &mut known) {
                    (Record::Note(note), None) => known = Some(note),
                    (Record::Note(note), Some(known)) if note.epoch == known.epoch => {
                        *known = Note { newest: known.newest.max(note.newest), ..note };
                    }
                    (Record::Message(message), Some(known)) => {
                        segment.add_message(message.position, message.at_unix_ms);
                        known.newest = known.newest.max(message.position);
                        found(message);
                    }
                    (Record::Note(_) | Record::Message(_), _) => {
                        return Err(FilesError::Misplaced { position });
                    }
                }
            }
        }
        let segments = Segments::new(bounds, segments.into_values());
        let note = known.unwrap_or_default();
        Ok((Self { journal, segments, note, kept: Kept::default() }, known))
    }

    /// How the log stood when something was last added.
    pub(super) fn note(&self) -> Note {
        self.note
    }

    /// Up to which place of the journal of calls the files are known to be complete: what was noted
    /// last, since this was opened.
    pub(super) fn kept(&self) -> Kept {
        self.kept.clone()
    }

    /// Forgets everything: another log is to begin here.
    ///
    /// # Errors
    ///
    /// As [`Journal::forget`].
    pub(super) async fn clear(&mut self) -> Result<(), AppendError> {
        loop {
            let keys = self.segments.oldest();
            if keys.is_empty() {
                self.note = Note::default();
                return Ok(());
            }
            self.forget(keys).await?;
        }
    }

    /// Adds messages, and how the log stands with them. Newest position and horizon only ever grow,
    /// whatever `note` says of them.
    ///
    /// They go in batches. What `note` says of the whole is said with the last one.
    ///
    /// # Errors
    ///
    /// As [`Journal::append`]. What was added before it stays; adding the same again does no harm.
    pub(super) async fn add(
        &mut self,
        messages: &[Logged],
        note: Note,
        now_ms: u64,
    ) -> Result<(), AppendError> {
        let mut rest = messages;
        loop {
            let batch = batch_of(rest);
            rest = rest.get(batch.len()..).unwrap_or_default();
            let newest = batch.last().map_or(0, |message| message.position).max(self.note.newest);
            if rest.is_empty() {
                let newest = newest.max(note.newest);
                return self.append(batch, Note { newest, ..note }, now_ms).await;
            }
            let told = self.note.told;
            self.append(batch, Note { newest, told, closed: false, ..note }, now_ms).await?;
        }
    }

    /// Forgets what need not be kept at `now_ms`, after it is noted as gone.
    ///
    /// # Errors
    ///
    /// As [`Journal::append`] and [`Journal::forget`]; it is due again the next time.
    pub(super) async fn tidy(&mut self, now_ms: u64) -> Result<(), AppendError> {
        while let Some((keys, newest)) = self.segments.due(now_ms) {
            if newest > self.note.horizon {
                let note = Note { horizon: newest, ..self.note };
                self.append(&[], note, now_ms).await?;
            }
            self.forget(keys).await?;
        }
        Ok(())
    }

    /// Goes on in `journal`, which is the same one opened again. What may have been stored without
    /// an answer stays where it is: the next batch begins a segment.
    pub(super) fn reopened(&mut self, journal: Arc<dyn Journal>) {
        self.journal = journal;
        self.begin_segment();
    }

    /// Adds no more to the segment that was added to last.
    pub(super) fn begin_segment(&mut self) {
        self.segments.end_current();
    }

    /// Lets go of the files.
    pub(super) async fn close(&self) {
        self.journal.close().await;
    }

    async fn append(
        &mut self,
        messages: &[Logged],
        mut note: Note,
        now_ms: u64,
    ) -> Result<(), AppendError> {
        let mut segment = self.segments.current(now_ms).unwrap_or_else(|| self.segments.next());
        let (key, expected) = (segment.key(), segment.version());
        note.horizon = note.horizon.max(self.note.horizon);
        let mut records = vec![Bytes::new()];
        for message in messages {
            segment.add_message(message.position, message.at_unix_ms);
            match encode_message(message) {
                Ok(record) => records.push(record),
                Err(error) => {
                    tracing::error!(%error, "a message is not JSON and cannot be kept");
                    note.horizon = note.horizon.max(message.position);
                }
            }
        }
        if let Some(first) = records.first_mut() {
            *first = note.encode();
        }
        for record in &records {
            segment.add(record.len());
        }
        self.segments.storing(&segment);
        self.journal.append(vec![Append { key, expected, records }]).await?;
        self.segments.stored(segment);
        self.note = note;
        if let Some(told) = note.told {
            self.kept.set(Position::new(told));
        }
        Ok(())
    }

    async fn forget(&mut self, keys: Vec<Key>) -> Result<(), AppendError> {
        let count = keys.len();
        self.journal.forget(keys).await?;
        self.segments.forgotten(count);
        Ok(())
    }
}

/// The first messages that go into one batch.
fn batch_of(messages: &[Logged]) -> &[Logged] {
    let mut bytes = 0;
    let fits = |message: &&Logged| {
        let first = bytes == 0;
        bytes += message.text.len();
        first || bytes <= BATCH_BYTES
    };
    let count = messages.iter().take(BATCH_MESSAGES).take_while(fits).count();
    messages.get(..count).unwrap_or_default()
}

/// Why the files of a log cannot be read. They are left as they are.
#[derive(Debug)]
pub(crate) enum FilesError {
    /// The journal could not be read.
    Read(ReadError),
    /// A record is damaged or newer.
    Record { position: Position, cause: RecordError },
    /// A record stands where it makes no sense.
    Misplaced { position: Position },
}

impl fmt::Display for FilesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read(_) => f.write_str("the log of messages could not be read"),
            Self::Record { position, .. } => {
                write!(f, "the record at position {position} holds no message")
            }
            Self::Misplaced { position } => {
                write!(f, "the record at position {position} stands in the wrong place")
            }
        }
    }
}

impl Error for FilesError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Read(error) => Some(error),
            Self::Record { cause, .. } => Some(cause),
            Self::Misplaced { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use encke::bayeux::ChannelName;
    use encke::broker::UserId;
    use encke::journal::{Limits, MemoryJournal, Version};

    use super::*;

    const BOUNDS: Bounds = Bounds { age: Duration::from_secs(80), bytes: 32_000 };

    fn journal() -> Arc<dyn Journal> {
        let limits = Limits::default().record_bytes(8 << 20).page_bytes(64 << 20);
        Arc::new(MemoryJournal::with_limits(limits))
    }

    fn message(position: u64, bytes: usize) -> Logged {
        Logged {
            position,
            channel: ChannelName::new("/a").unwrap(),
            user: position.is_multiple_of(2).then(|| UserId::new("bob")),
            text: Bytes::from(format!("\"{}\"", "x".repeat(bytes))),
            at_unix_ms: position * 1000,
        }
    }

    fn messages(positions: std::ops::Range<u64>) -> Vec<Logged> {
        positions.map(|position| message(position, 50)).collect()
    }

    fn note(newest: u64) -> Note {
        Note { epoch: 100, newest, ..Note::default() }
    }

    async fn open(journal: &Arc<dyn Journal>) -> (Files, Option<Note>, Vec<Logged>) {
        let mut found = Vec::new();
        let opened = Files::open(Arc::clone(journal), BOUNDS, |message| found.push(message));
        let (files, note) = opened.await.unwrap();
        (files, note, found)
    }

    #[tokio::test]
    async fn what_was_added_is_found_in_order() {
        let journal = journal();
        let (mut files, nothing, found) = open(&journal).await;
        assert_eq!((nothing, found), (None, vec![]));
        files.add(&[], note(100), 0).await.unwrap();
        let all = messages(101..140);
        files.add(&all[..10], Note { told: Some(7), ..note(0) }, 0).await.unwrap();
        files.add(&all[10..], Note { horizon: 103, told: Some(9), ..note(0) }, 0).await.unwrap();

        let (mut again, last, found) = open(&journal).await;
        assert_eq!(last, Some(Note { horizon: 103, told: Some(9), ..note(139) }));
        assert_eq!(found, all);
        again.add(&[], Note { closed: true, ..note(150) }, 0).await.unwrap();
        let (_, last, found) = open(&journal).await;
        assert_eq!(last, Some(Note { horizon: 103, closed: true, ..note(150) }));
        assert_eq!(found.len(), all.len());
    }

    #[tokio::test]
    async fn what_is_said_of_the_whole_is_said_with_the_last_batch_only() {
        let journal = journal();
        let (mut files, ..) = open(&journal).await;
        files.add(&[], Note { told: Some(5), ..note(100) }, 0).await.unwrap();
        let many: Vec<_> = (101..104).map(|position| message(position, BATCH_BYTES / 2)).collect();
        let more = messages(104..104 + BATCH_MESSAGES as u64);
        let last = Note { told: Some(8), closed: true, ..note(0) };
        files.add(&[many, more].concat(), last, 0).await.unwrap();

        let mut notes = Vec::new();
        for entry in journal.scan(Position::ZERO, 5_000).await.unwrap() {
            if let Record::Note(note) = Record::decode(&entry.record).unwrap() {
                notes.push((note.newest, note.told, note.closed));
            }
        }
        let newest = 103 + BATCH_MESSAGES as u64;
        assert_eq!(notes.first(), Some(&(100, Some(5), false)));
        assert_eq!(notes.get(1), Some(&(101, Some(5), false)), "half the bytes and a quote");
        assert_eq!(notes.last(), Some(&(newest, Some(8), true)));
        assert!(notes.len() > 4 && notes.is_sorted(), "{notes:?}");
    }

    #[tokio::test]
    async fn what_is_old_goes_a_segment_at_a_time_and_is_noted_as_gone() {
        let journal = journal();
        let (mut files, ..) = open(&journal).await;
        for position in 101..200 {
            let now_ms = position * 1000;
            files.add(&[message(position, 50)], note(0), now_ms).await.unwrap();
            files.tidy(now_ms).await.unwrap();
        }
        let (mut again, last, found) = open(&journal).await;
        let last = last.unwrap();
        assert_eq!(last.newest, 199);
        // An eighth of the age more is kept than has to be.
        assert!((109..=119).contains(&last.horizon), "{last:?}");
        assert_eq!(found.first().map(|message| message.position), Some(last.horizon + 1));
        assert_eq!(found.len() as u64, 199 - last.horizon);

        again.tidy(u64::MAX).await.unwrap();
        let (_, last, found) = open(&journal).await;
        assert_eq!((last.unwrap().newest, found), (199, vec![]), "the newest position stays");
    }

    #[tokio::test]
    async fn what_is_too_much_goes() {
        let journal = journal();
        let (mut files, ..) = open(&journal).await;
        for position in 101..300 {
            files.add(&[message(position, 500)], note(0), 101_000).await.unwrap();
            files.tidy(101_000).await.unwrap();
        }
        let (_, last, found) = open(&journal).await;
        let bytes: usize = found.iter().map(|message| message.text.len()).sum();
        assert!((16_000..=32_000).contains(&bytes), "{bytes}");
        assert_eq!(
            found.first().map(|message| message.position),
            last.map(|last| last.horizon + 1)
        );
    }

    #[tokio::test]
    async fn a_cleared_home_takes_another_log() {
        let journal = journal();
        let (mut files, ..) = open(&journal).await;
        files.add(&messages(1..9), note(9), 0).await.unwrap();
        files.clear().await.unwrap();
        assert_eq!(journal.scan(Position::ZERO, 9).await.unwrap(), []);
        let other = Note { epoch: 500, newest: 500, ..Note::default() };
        files.add(&[], other, 0).await.unwrap();
        let opened = Files::open(journal, BOUNDS, |message| panic!("{message:?}")).await;
        assert_eq!(opened.unwrap().1, Some(other));
    }

    #[tokio::test]
    async fn a_message_that_is_not_json_is_a_gap_and_no_end() {
        let journal = journal();
        let (mut files, ..) = open(&journal).await;
        let broken = Logged { text: Bytes::from_static(b"{"), ..message(102, 1) };
        files.add(&[message(101, 1), broken, message(103, 1)], note(0), 0).await.unwrap();
        let (_, last, found) = open(&journal).await;
        assert_eq!(last, Some(Note { horizon: 102, ..note(103) }));
        assert_eq!(found, [message(101, 1), message(103, 1)]);
    }

    #[tokio::test]
    async fn what_no_keeper_wrote_is_refused_and_foreign_keys_are_left_alone() {
        let record = encode_message(&message(1, 1)).unwrap();
        let two = Note { epoch: 2, ..note(1) };
        for records in [vec![record], vec!["{}".into()], vec![note(1).encode(), two.encode()]] {
            let journal = journal();
            let key = Segment::new(1).key();
            let last = records.len() as u64;
            let append = Append { key, expected: Version::ZERO, records };
            journal.append(vec![append]).await.unwrap();
            let error = Files::open(journal, BOUNDS, |_| ()).await.unwrap_err();
            match error {
                FilesError::Record { position, .. } | FilesError::Misplaced { position } => {
                    assert_eq!(position, Position::new(last));
                }
                FilesError::Read(error) => panic!("{error}"),
            }
        }
        let journal = journal();
        let (key, records) = (Key::new("other").unwrap(), vec!["?".into()]);
        let append = Append { key, expected: Version::ZERO, records };
        journal.append(vec![append]).await.unwrap();
        assert!(matches!(open(&journal).await, (_, None, _)));
    }
}
