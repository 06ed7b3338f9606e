//! Logs of messages that survive their process.
//!
//! A broker keeps what it published in memory, within the bounds of its channel rules, for clients
//! that come back. With a data folder each log is kept on disk too, in a journal of its own, and a
//! broker begins with what is found there.
//!
//! | Log                     | Folder below the data folder | Positions                            |
//! |-------------------------|------------------------------|--------------------------------------|
//! | of the notifications    | `replay/notifications`       | follow from the journal of calls     |
//! | of the generic endpoint | `replay/cometd`              | one after the other                  |
//!
//! The files follow the memory, and never the other way round: messages are delivered without
//! waiting for this disk.
//!
//! # What a crash leaves
//!
//! *Notifications* are derived from the journal of calls, where every change that was answered is.
//! The files note up to which place of it they are complete; what follows is derived again at the
//! start, under the same positions. So nothing is lost, and nobody is told anything twice who comes
//! back with the position of the last message seen. Only what the journal has forgotten meanwhile
//! cannot be derived; then those who come back are told of a gap.
//!
//! *Everything else* is lost where it was not stored yet. Positions of such messages may be in the
//! hands of clients, so the log goes on above all that can have been given out, and who comes back
//! with an older position is told of a gap. After an orderly end there is none. "Above all" is a
//! matter of the clock, which must not be set back to before the last start.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use encke::broker::{Broker, Logged};
use encke::calls;
use encke::gateway::Place;
use encke::journal::{AppendError, FileConfig, FileJournal, Journal, Limits, OpenError, Position};
use futures::FutureExt;
use tokio::task::spawn_blocking;

use crate::clock;
use crate::journal_gate::{JournalGate, Switch};

mod files;
mod keeper;
mod record;
mod segments;

pub(crate) use keeper::Counts;

use files::{Files, FilesError};
use keeper::{Keeper, Opener, Pace, Source};
use record::Note;
use segments::Bounds;

/// Positions given out per millisecond, at most, over the life of a log; what the broker begins a
/// log with.
const POSITIONS_PER_MS: u64 = 1024;

/// Time that messages gather which nothing else tells of: what a crash may cost, and the time
/// between two syncs of the disk under load.
const GATHER: Duration = Duration::from_millis(20);

/// Time between two looks for messages that can be derived again. A crash costs the time to do so;
/// publishers wake nobody, and the disk, which is often that of the journal of calls, is left to
/// those who wait for it.
const LOOK: Duration = Duration::from_secs(1);

/// Memory for pages of one log's file.
const CACHE_BYTES: usize = 8 << 20;

/// How much of a log is kept.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Kept {
    /// Longest age of any of its channels.
    pub(crate) age: Duration,
    /// Bytes of all of its channels.
    pub(crate) bytes: usize,
}

/// The files of one log, read, before they are kept on.
pub(crate) struct Found {
    files: Files,
    opener: Opener,
    note: Option<Note>,
    messages: Vec<Logged>,
}

/// Tells up to which place of a journal everything that follows from it is in a broker's log.
pub(crate) type Told = Box<dyn Fn() -> Position + Send + Sync>;

/// Which log it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Numbering {
    /// The broker's own: one position after the other.
    Own,
    /// After the places of a journal whose newest is this one.
    Journal(Position),
}

impl Found {
    /// Opens and reads the files below `folder`, which are made if there are none.
    ///
    /// Blocks on the disk only in threads of its own.
    ///
    /// # Errors
    ///
    /// [`ReplayError`]; the files are left as they are.
    pub(crate) async fn open(
        folder: PathBuf,
        kept: Kept,
        gate: Option<Switch>,
    ) -> Result<Self, ReplayError> {
        let opener = opener(folder, kept, gate);
        let journal = opener().await.map_err(ReplayError::Open)?;
        let bytes = u64::try_from(kept.bytes).unwrap_or(u64::MAX);
        let bounds = Bounds { age: kept.age, bytes: bytes.saturating_mul(2) };
        let mut messages = Vec::new();
        let opened = Files::open(journal, bounds, |message| messages.push(message)).await;
        let (files, note) = opened.map_err(ReplayError::Files)?;
        Ok(Self { files, opener, note, messages })
    }

    /// Gives the log of `broker`, which has no sessions yet, what was found, or begins the files of
    /// a new one. Answers the place in the journal after which everything is to be told again.
    ///
    /// # Errors
    ///
    /// [`ReplayError::Store`]: that the log is not ended any more has to be on disk first.
    pub(crate) async fn restore(
        &mut self,
        broker: &Broker,
        numbering: Numbering,
    ) -> Result<Option<Position>, ReplayError> {
        let now_ms = clock::unix_ms();
        let messages = std::mem::take(&mut self.messages);
        let found = self.note.filter(|note| belongs(*note, numbering));
        let note = if let Some(note) = found {
            broker.restore(note.epoch, note.newest, note.epoch, messages);
            let lost_to = match numbering {
                Numbering::Own if !note.closed => {
                    note.newest.max(now_ms.saturating_mul(POSITIONS_PER_MS))
                }
                Numbering::Own | Numbering::Journal(_) => note.horizon,
            };
            broker.log_misses(lost_to);
            Note { newest: note.newest.max(lost_to), horizon: lost_to, closed: false, ..note }
        } else {
            if let Some(note) = self.note {
                tracing::warn!("the log of messages is not of this journal, a new one begins");
                // Above all that was given out, whatever the clock says.
                let epoch = broker.epoch().unwrap_or(0).max(note.newest + 1);
                broker.restore(epoch, epoch, epoch, []);
                self.files.clear().await.map_err(ReplayError::Store)?;
            }
            let epoch = broker.epoch().unwrap_or(0);
            let told = match numbering {
                Numbering::Journal(head) => Some(head.get()),
                Numbering::Own => None,
            };
            Note { epoch, newest: epoch, told, ..Note::default() }
        };
        self.files.add(&[], note, now_ms).await.map_err(ReplayError::Store)?;
        // Only a log that follows from a journal says how far that was told.
        Ok(found.and_then(|note| note.told).map(Position::new))
    }

    /// Up to which place of the journal of calls the log is complete on disk, as its keeper goes on.
    pub(crate) fn kept(&self) -> calls::Kept {
        self.files.kept()
    }

    /// The task that keeps the log of `broker` in these files until `stop` is ready, and what it
    /// counts. `told` is how far the journal that the messages follow from has been told, if they
    /// follow from one.
    pub(crate) fn keep(
        self,
        broker: Broker,
        told: Option<Told>,
        stop: impl Future<Output = ()> + Send + 'static,
    ) -> (impl Future<Output = ()> + Send + 'static, Arc<Counts>) {
        let pace = if told.is_some() { Pace::Every(LOOK) } else { Pace::After(GATHER) };
        let log = BrokerLog { broker, told };
        let keeper = Keeper::new(log, self.files, self.opener, clock::unix_ms, pace);
        let counts = keeper.counts();
        (keeper.run(stop), counts)
    }
}

impl fmt::Debug for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Found").field("note", &self.note).finish_non_exhaustive()
    }
}

/// Whether a log that was left like this can be of a journal like that.
///
/// Positions that were given out are behind the journal's newest place if somebody put an older
/// journal in the place of its own, or none.
fn belongs(note: Note, numbering: Numbering) -> bool {
    match numbering {
        Numbering::Own => true,
        Numbering::Journal(head) => {
            let last = note.epoch.saturating_add(Place::last_of(head).sequence());
            note.newest <= last && note.told.is_some_and(|told| told <= head.get())
        }
    }
}

fn opener(folder: PathBuf, kept: Kept, gate: Option<Switch>) -> Opener {
    // A message is never larger than its log, and a batch holds at least one.
    let record = kept.bytes.saturating_add(1 << 20);
    let limits = Limits::default().record_bytes(record).batch_bytes(record.saturating_mul(2));
    let config = FileConfig::default().limits(limits).cache_bytes(CACHE_BYTES);
    Box::new(move || {
        let (folder, config, gate) = (folder.clone(), config.clone(), gate.clone());
        async move {
            let journal = open_file(&folder, config).await?;
            Ok(match gate {
                Some(switch) => Arc::new(JournalGate::new(journal, switch)) as Arc<dyn Journal>,
                None => journal,
            })
        }
        .boxed()
    })
}

async fn open_file(folder: &Path, config: FileConfig) -> Result<Arc<dyn Journal>, OpenError> {
    let folder = folder.to_owned();
    match spawn_blocking(move || FileJournal::open(&folder, config)).await {
        Ok(opened) => Ok(Arc::new(opened?)),
        Err(error) => Err(OpenError::Thread(std::io::Error::other(error))),
    }
}

/// A broker's log, as its keeper sees it.
struct BrokerLog {
    broker: Broker,
    told: Option<Told>,
}

impl Source for BrokerLog {
    fn after(&self, after: u64, most: usize) -> Vec<Logged> {
        self.broker.logged(after, most)
    }

    fn poll_any(&self, after: u64, cx: &mut Context<'_>) -> Poll<()> {
        self.broker.poll_logged(after, 1, cx).map(drop)
    }

    fn gone(&self) -> u64 {
        self.broker.log_bounds().map_or(0, |(_, gone)| gone)
    }

    fn told(&self) -> Option<u64> {
        self.told.as_ref().map(|told| told().get())
    }
}

/// Why a log cannot be kept on disk from the start.
#[derive(Debug)]
pub(crate) enum ReplayError {
    /// Its files cannot be opened.
    Open(OpenError),
    /// What is in them cannot be read.
    Files(FilesError),
    /// Nothing can be added to them.
    Store(AppendError),
}

impl fmt::Display for ReplayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Open(_) => "its files cannot be opened",
            Self::Files(_) => "its files cannot be read",
            Self::Store(_) => "nothing can be added to its files",
        })
    }
}

impl Error for ReplayError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Open(error) => Some(error),
            Self::Files(error) => Some(error),
            Self::Store(error) => Some(error),
        }
    }
}

#[cfg(test)]
mod tests;
